"""가져오기 / Import: choose files or a folder, see what they are, import them as a job, decide what differs."""

import streamlit as st

from core import ui
from core.ui import _
from core.ui.panels.imports import choosing, following, kept, recognised, source_form, suggestions, table_form
from core.ui.panels.imports.choosing import Chosen
from core.workflows.imports.deliveries import job as importing
from core.workflows.imports.deliveries.recognise import Kind, Recognised
from core.workflows.imports.deliveries.request import AudioNames, Request


def settings(chosen: Chosen, kind: Kind, found: Recognised) -> Request | None:
    """Show the questions of the format; return the import that the answers describe, None if it cannot begin."""
    paths, table, names = chosen.paths, None, AudioNames()
    if kind == "table":
        if not found.tables:
            st.warning(_("There is no table among these files."), icon=":material/table:")
            return None
        paths = (table_form.which(found.tables, chosen.token),)
        table = table_form.ask(paths[0], chosen.token)
    elif kind == "audio":
        names = source_form.audio_names(found, chosen.token)
    source, licence = source_form.source(kind, chosen.token, paths[0].name.split(".")[0])
    return Request(kind, paths, chosen.delivery, source, licence, table=table, names=names)


def begin(request: Request, token: str) -> None:
    """Show the button that queues the import."""
    if st.button(_("Import"), type="primary", icon=":material/upload:", key=f"go-{token}"):
        following.open_job(importing.start(ui.workspace(), request))
        st.rerun()


def new_import() -> None:
    """Show every step from the files to the button."""
    following.running()
    chosen = choosing.choose()
    if chosen is not None:
        kept.recall(chosen.token)
        try:
            if (answer := recognised.show(chosen)) and (request := settings(chosen, *answer)):
                begin(request, chosen.token)
        finally:
            kept.remember(chosen.token)
    following.earlier()


with ui.page("import_data"):
    suggestions.reminder()
    job = following.current()
    if job is None:
        new_import()
    else:
        following.show(job)
    suggestions.panel(following.latest_batch(job))
