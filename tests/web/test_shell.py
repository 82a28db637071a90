"""The document of every page: its language and theme, our script before Streamlit's, and what passes untouched."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.ui import choices, i18n
from core.web.shell import document
from core.web.shell.choices import LANGUAGE, THEME

HTML = '<!DOCTYPE html><html lang="en"><head><title>x</title><script src="a.js"></script></head><body>끝</body></html>'
ACCEPT = {"accept": "text/html"}


def page(request: Request) -> Response:
    assert "if-none-match" not in request.headers, "a document that is completed has no version of its own"
    return HTMLResponse(HTML, headers={"ETag": "1"})


def client() -> TestClient:
    def api(request: Request) -> Response:
        return HTMLResponse(HTML)

    def data(request: Request) -> Response:
        return JSONResponse({"lang": "en"})

    routes = [Route("/", page), Route("/api/docs", api), Route("/data", data)]
    return TestClient(document.Shell(Starlette(routes=routes)))


@pytest.mark.parametrize(
    ("query", "cookie", "wanted"),
    [
        ("", "", ("ko", "system")),
        ("?lang=en&theme=dark", "", ("en", "dark")),
        ("?lang=xx&theme=%3Cscript%3E", "", ("ko", "system")),
        ("", "gwidama_lang=en; gwidama_theme=light", ("en", "light")),
        ("?lang=ko&theme=dark", "gwidama_lang=en; gwidama_theme=light", ("ko", "dark")),
        ("", 'gwidama_theme="><b>"; gwidama_lang=en', ("en", "system")),
    ],
)
def test_a_document_has_the_language_and_theme_of_the_address_else_of_the_cookies(
    query: str, cookie: str, wanted: tuple[str, str]
) -> None:
    answer = client().get(f"/{query}", headers=ACCEPT | {"if-none-match": "1"} | ({"cookie": cookie} if cookie else {}))
    assert f'<html lang="{wanted[0]}" data-theme="{wanted[1]}">' in answer.text
    assert answer.text.index(document.tag()) < answer.text.index("a.js"), "Streamlit asks for the theme as it loads"
    assert answer.text.endswith("끝</body></html>")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "etag" not in answer.headers


def test_the_service_and_what_is_no_page_pass_untouched() -> None:
    assert client().get("/api/docs", headers=ACCEPT).text == HTML
    assert client().get("/data", headers=ACCEPT).json() == {"lang": "en"}
    assert client().get("/missing", headers=ACCEPT).status_code == 404


def test_the_script_is_served_under_an_address_that_changes_with_it() -> None:
    answer = client().get(document.tag().split('src=".')[1].split('"')[0])
    assert answer.content == document.script()
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


def test_pages_and_server_know_the_same_values() -> None:
    assert tuple(i18n.LANGUAGES) == LANGUAGE.values
    assert (LANGUAGE.cookie, LANGUAGE.default) == (i18n.COOKIE, i18n.DEFAULT)
    assert tuple(choices.THEMES) == THEME.values
