#!/bin/sh
# Bundles src/ into dist/: one ESM file per component, nothing fetched at run time.
# Exact versions stand in package.json; no lock file is kept, because it would name a registry.
# The same sources give the same bytes. node_modules/ is removed afterwards (KEEP=1 keeps it).
set -eu
cd "$(dirname "$0")"

npm install --no-package-lock --no-audit --no-fund --ignore-scripts

# Stands in every bundle, so that a test sees one that was not built anew.
SOURCES=$(find src -name '*.js' | LC_ALL=C sort | xargs cat | sha256sum | cut -d' ' -f1)
BANNER='/*! Gwidama. Bundles wavesurfer.js 8.0.1 (BSD-3-Clause, (c) 2012-2023 katspaugh and contributors)
 *  and, in review.js and desk.js, jsdiff 9.0.0 (BSD-3-Clause, (c) 2009-2015 Kevin Decker). Full texts: LICENSES.md
 *  Made from sources with SHA-256 '"$SOURCES */"

for name in player review desk; do
  ./node_modules/.bin/esbuild "src/$name.js" --bundle --format=esm --target=es2022 --minify \
    --legal-comments=inline --charset=utf8 --log-level=warning --banner:js="$BANNER" --outfile="dist/$name.js"
done

[ "${KEEP:-}" = 1 ] || rm -rf node_modules
