"""The route that lets a browser remember who is at work, the language and the theme: it sets the cookies.

The name comes signed by this workspace; another one is refused. Scripts cannot read the cookie with the name, and no
other site can have it sent.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.web.desk import RefusedRequest, check_origin, read_json
from core.web.shell.choices import CHOICES
from core.workflows import identity
from core.workflows.workspace import Workspace, open_workspace

ADDRESS = "/me"
NAME = "gwidama_name"  # and the name of the workspace: servers of two workspaces may have one address
YEAR_S = 365 * 24 * 3600


def cookie(ws: Workspace) -> str:
    """Return the name of the cookie that holds the signed name of who is at work."""
    return f"{NAME}_{identity.place(ws)}"


async def remember(request: Request) -> Response:
    """{name?: signed, lang?, theme?} -> cookies for a year. The empty name forgets the name."""
    try:
        check_origin(request)
        wanted = await read_json(request)
    except RefusedRequest as error:
        return JSONResponse({"ok": False, "error": str(error)}, error.status)
    response = JSONResponse({"ok": True}, headers={"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    signed, ws = wanted.get("name"), open_workspace()
    if signed == "":
        response.delete_cookie(cookie(ws), httponly=True, samesite="strict", secure=secure)
    elif signed is not None:
        if not isinstance(signed, str) or identity.name_of(ws, signed) is None:
            return JSONResponse({"ok": False, "error": "this name was not signed here"}, 403)
        response.set_cookie(cookie(ws), signed, YEAR_S, httponly=True, samesite="strict", secure=secure)
    for choice in CHOICES:
        if (value := wanted.get(choice.parameter)) in choice.values:
            response.set_cookie(choice.cookie, value, YEAR_S, httponly=True, samesite="lax", secure=secure)
    return response


ROUTES = (Route(ADDRESS, remember, methods=["POST"]),)
