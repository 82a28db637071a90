"""The documentation at /api/docs. It loads nothing from elsewhere.

The page's script has its own path, because the content-security policy allows no inline script.
"""

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

PAGE = """<!DOCTYPE html>
<html lang="ko">
<head>
<meta charset="utf-8">
<title>귀담아 · Gwidama API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="assets/swagger-ui-bundle.js"></script>
<script src="docs.js"></script>
</body>
</html>
"""
SCRIPT = 'SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", validatorUrl: null })\n'


def add_docs(api: FastAPI) -> None:
    """Add the page, its script and its assets to `api`."""
    api.mount("/assets", StaticFiles(directory=Path(fastapi_offline.__file__).with_name("static")), name="assets")
    api.add_api_route("/docs", _page, include_in_schema=False)
    api.add_api_route("/docs.js", _script, include_in_schema=False)


def _page() -> HTMLResponse:
    return HTMLResponse(PAGE)


def _script() -> Response:
    return Response(SCRIPT, media_type="text/javascript")
