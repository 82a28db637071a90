"""The route that lets a browser remember who is at work and in which language: it sets the cookies.

The name comes signed by this workspace; another one is refused. Scripts cannot read the cookie with the name, and no
other site can have it sent.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.web.desk import RefusedRequest, check_origin, read_json
from core.workflows import identity
from core.workflows.workspace import open_workspace

ADDRESS = "/me"
NAME, LANGUAGE = "gwidama_name", "gwidama_lang"
LANGUAGES = ("ko", "en")
YEAR_S = 365 * 24 * 3600


async def remember(request: Request) -> Response:
    """{name?: signed, lang?} -> cookies for a year. The empty name forgets the name."""
    try:
        check_origin(request)
        wanted = await read_json(request)
    except RefusedRequest as error:
        return JSONResponse({"ok": False, "error": str(error)}, error.status)
    response = JSONResponse({"ok": True}, headers={"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    signed, lang = wanted.get("name"), wanted.get("lang")
    if signed == "":
        response.delete_cookie(NAME, httponly=True, samesite="strict", secure=secure)
    elif signed is not None:
        if not isinstance(signed, str) or identity.name_of(open_workspace(), signed) is None:
            return JSONResponse({"ok": False, "error": "this name was not signed here"}, 403)
        response.set_cookie(NAME, signed, YEAR_S, httponly=True, samesite="strict", secure=secure)
    if lang in LANGUAGES:
        response.set_cookie(LANGUAGE, lang, YEAR_S, httponly=True, samesite="lax", secure=secure)
    return response


ROUTES = (Route(ADDRESS, remember, methods=["POST"]),)
