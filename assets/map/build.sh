#!/bin/sh
# Bundles src/ into dist/map.js: one ESM file, nothing fetched at run time. It shares dom.js with the player.
# Exact versions stand in package.json; no lock file is kept, because it would name a registry.
# The same sources give the same bytes. node_modules/ is removed afterwards (KEEP=1 keeps it).
set -eu
cd "$(dirname "$0")"

npm install --no-package-lock --no-audit --no-fund --ignore-scripts

# Stands in the bundle, so that a test sees one that was not built anew.
SOURCES=$(find src -name '*.js' | LC_ALL=C sort | xargs cat | sha256sum | cut -d' ' -f1)
BANNER='/*! Gwidama. Bundles KDBush 4.1.0 (ISC, (c) 2026 Vladimir Agafonkin). Full text: LICENSES.md
 *  Made from sources with SHA-256 '"$SOURCES */"

./node_modules/.bin/esbuild src/map.js --bundle --format=esm --target=es2022 --minify \
  --legal-comments=inline --charset=utf8 --log-level=warning --banner:js="$BANNER" --outfile=dist/map.js

[ "${KEEP:-}" = 1 ] || rm -rf node_modules
