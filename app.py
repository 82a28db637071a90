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
from starlette.routing import Mount
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import ui
from core.ui.panels import overview

if get_script_run_ctx(suppress_warning=True) is not None:
    with ui.page("overview"):
        overview.show()
else:
    from core.web import desk, headers, media
    from core.web.api import api
    from core.web.service.app import close
    from core.workflows.workspace import open_workspace

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        open_workspace()
        try:
            yield
        finally:
            close()

    app = st.App(
        Path(__file__).resolve(),
        lifespan=lifespan,
        routes=[*media.ROUTES, *desk.ROUTES, Mount("/api", app=api)],
        middleware=headers.middleware(),
    )
