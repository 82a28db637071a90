"""The route that remembers a name, a language and a theme: cookies that scripts cannot read, and only signed names."""

from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.web import identity as routes
from core.web.shell.choices import LANGUAGE, THEME
from core.workflows import identity
from core.workflows.workspace import Workspace

HERE = "http://127.0.0.1:8501"
HEADERS = {"origin": HERE, "content-type": "application/json", "sec-fetch-site": "same-origin"}


def test_a_signed_name_a_language_and_a_theme_become_cookies(ws: Workspace) -> None:
    client = TestClient(Starlette(routes=list(routes.ROUTES)), base_url=HERE)
    signed = identity.sign(ws, "김지우")
    answer = client.post("/me", json={"name": signed, "lang": "en", "theme": "dark"}, headers=HEADERS)
    cookies = answer.headers.get_list("set-cookie")
    assert answer.json() == {"ok": True}
    assert [cookie.partition("=")[0] for cookie in cookies] == [
        f"gwidama_name_{identity.place(ws)}", LANGUAGE.cookie, THEME.cookie
    ]  # fmt: skip
    assert all("HttpOnly" in cookie for cookie in cookies)
    assert signed in cookies[0]
    assert "SameSite=strict" in cookies[0]


def test_other_names_languages_and_sites_set_nothing(ws: Workspace) -> None:
    client = TestClient(Starlette(routes=list(routes.ROUTES)), base_url=HERE)
    for body, headers, status in (
        ({"name": "김지우"}, {}, 403), ({"name": 7}, {}, 403), ({"lang": "xx"}, {}, 200),
        ({"theme": ["dark"]}, {}, 200), ({"theme": "<b>"}, {}, 200),
        ({"name": identity.sign(ws, "a")}, {"origin": "http://evil.example"}, 403),
    ):  # fmt: skip
        answer = client.post("/me", json=body, headers=HEADERS | headers)
        assert (answer.status_code, answer.headers.get_list("set-cookie")) == (status, [])


def test_the_empty_name_forgets_the_name_of_this_workspace_only(ws: Workspace) -> None:
    client = TestClient(Starlette(routes=list(routes.ROUTES)), base_url=HERE)
    client.cookies.set("gwidama_name_other", "x")
    client.post("/me", json={"name": identity.sign(ws, "김지우")}, headers=HEADERS)
    assert routes.cookie(ws) in client.cookies
    client.post("/me", json={"name": ""}, headers=HEADERS)
    assert [routes.cookie(ws) in client.cookies, "gwidama_name_other" in client.cookies] == [False, True]
