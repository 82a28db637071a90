"""The dashboard and the REST service in one process: `python -m core serve`, `uvicorn app:app`, `streamlit run app.py`.

This file has two uses. Imported by a server, it is the ASGI application: Streamlit, the REST service under /api, audio
by id under /audio, the Review page's decisions under /desk. Run by Streamlit for a browser session, it is the page at
`/`, the overview. The other pages are plain files under pages/ and each enters its frame, so a deep link on a fresh
server does not need this one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is not None:
    from core import ui
    from core.ui.panels.overview import page

    with ui.page("overview"):
        page.show()
else:
    from core.web import headers
    from core.web.later import LaterApp, LaterRoutes, Loading
    from core.web.service.requests import LOG
    from core.web.shell.document import Shell

    PAGES = {"/", *(f"/{page.stem}" for page in Path(__file__).with_name("pages").glob("*.py"))}

    def service() -> ASGIApp:
        """Return the REST service. Its libraries are loaded when it is asked for the first time."""
        from core.web.api import api

        return api

    api = LaterApp(service)

    def load() -> list[BaseRoute]:
        """Open the workspace and return our routes; load what every page needs."""
        from core import ui  # noqa: F401
        from core.web import deliveries, desk, identity, maps, media
        from core.workflows.workspace import open_workspace

        open_workspace()
        return [*media.ROUTES, *desk.ROUTES, *deliveries.ROUTES, *maps.ROUTES, *identity.ROUTES, Mount("/api", app=api)]

    loading = Loading(load)

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        loading.start()
        try:
            yield
        finally:
            if api.is_made:
                from core.web.service.app import close

                close()
            LOG.flush()

    app = st.App(
        Path(__file__).resolve(),
        lifespan=lifespan,
        middleware=[
            *headers.middleware(),
            Middleware(Shell),
            Middleware(LaterRoutes, loading=loading, pages=PAGES),
        ],
    )
