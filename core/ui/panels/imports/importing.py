"""Imports a table from the page: shows what came of it, and settles what differs from known items the chosen way."""

from dataclasses import dataclass, replace

import streamlit as st

from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.imports import clashes, result
from core.workflows.imports.tables import table
from core.workflows.imports.tables.table import File, TableImport, TableImportOptions

STATE = "import_done"


@dataclass(slots=True)
class Done:
    """The import that is on the screen: what was asked for, what it did, and how its differences were settled.

    `token` names the uploaded file. `clashed` items differed; of them `proposals` suggestions were made, named `batch`.
    """

    token: str
    request: TableImportOptions
    report: TableImport
    choice: clashes.Choice | None = None
    clashed: int = 0
    proposals: int = 0
    batch: str | None = None


def start(file: File, request: TableImportOptions, token: str) -> None:
    """Import the file; `show` shows the result until another file is uploaded."""
    st.session_state[STATE] = Done(token, request, _bring_in(file, request))


def show(file: File, token: str) -> None:
    """Show the result of the import of this file, if it was imported, and ask about what differs."""
    done: Done | None = st.session_state.get(STATE)
    if done is not None and done.token == token:
        result.show(done.report)
        _settle(file, done)
        result.link()


def latest_batch() -> str | None:
    """Return the name of the suggestions that the import on the screen made; None if it made none."""
    done: Done | None = st.session_state.get(STATE)
    return None if done is None else done.batch


def _bring_in(file: File, request: TableImportOptions) -> TableImport:
    """Import the file, with a bar that shows the rows read."""
    bar = st.progress(0.0)

    def tell(rows: int, share: float) -> None:
        bar.progress(min(share, 1.0), text=_("Rows read: {n}").format(n=f"{rows:,}"))

    report = table.ingest_table(workspace(), file, request, tell)
    bar.empty()
    return report


def _settle(file: File, done: Done) -> None:
    """Ask what to do about rows that differ from known items, and do it."""
    report = done.report
    if done.choice is not None:
        clashes.settled(done.choice, done.clashed, done.proposals, report.source, result.rejects_file(report))
    elif report.clashed:
        found = clashes.Found(report.clashes, report.clashed, report.differing, report.rows, report.source)
        if (choice := clashes.ask(found, done.token)) is not None:
            _carry_out(file, done, choice)
            st.rerun()


def _carry_out(file: File, done: Done, choice: clashes.Choice) -> None:
    """Import the file again the way that was chosen; to leave what is known as it is needs no second import.

    A new source may have the name of a known one; then its differences are asked about anew.
    """
    done.clashed, done.choice = done.report.clashed, choice
    if choice.way == "propose":
        report = _bring_in(file, replace(done.request, on_clash="propose", source=done.report.source))
        done.proposals, done.batch = report.proposals, report.batch
    elif choice.way == "source":
        done.report = _bring_in(file, replace(done.request, on_clash="source", source=choice.source))
        done.choice = None if done.report.clashed else choice
