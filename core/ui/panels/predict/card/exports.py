"""What leaves the page below a judged call: JSON, CSV, a report to print, and the call itself into the corpus."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import workspace
from core.ui.i18n import _, in_language, language
from core.ui.widgets import forms
from core.workflows.predict import report, report_page, to_corpus
from core.workflows.workspace import now

Document = Mapping[str, Any]


def show(document: Document, data: Callable[[], bytes] | None = None, *, key: str) -> None:
    """Show the downloads of one document, and the button that sends it to the corpus.

    `data` gives the bytes of the recording as it came; without it only a document of texts can be sent.
    """
    with st.container(horizontal=True, vertical_alignment="center", key=f"exports-{key}"):
        downloads(lambda: [document], key, _stem(document["source"]))
        if data is not None or all(utterance["start_ms"] is None for utterance in document["utterances"]):
            _send(document, data, key)
    if (outcome := st.session_state.get(f"sent-{key}")) is not None:
        _outcome(outcome)


def downloads(documents: Callable[[], Sequence[Document]], key: str, stem: str) -> None:
    """Show one button for each format. The documents are read, and the file is made, when a button is pressed."""
    made_at, spoken = forms.minute(now()), language()

    def page() -> str:
        with in_language(spoken):  # the file is made outside of this run of the page
            return report_page.html(documents(), made_at, spoken, translation.translate)

    st.download_button(
        "JSON", lambda: report.json_bytes(documents()), f"{stem}.json", "application/json", key=f"json-{key}",
        icon=":material/data_object:", on_click="ignore", help=_("Everything, as the shell prints it."),
    )  # fmt: skip
    st.download_button(
        "CSV", lambda: report.csv_bytes(documents()), f"{stem}.csv", "text/csv", key=f"csv-{key}",
        icon=":material/table:", on_click="ignore", help=_("One row for the call and one for each utterance."),
    )  # fmt: skip
    st.download_button(
        _("Report"), page, f"{stem}.html", "text/html", key=f"html-{key}",
        icon=":material/print:", on_click="ignore", help=_("One file to read, send and print; it needs no network."),
    )  # fmt: skip


def _stem(source: str) -> str:
    """A file name made of a source: letters and digits stay.

    >>> _stem("통화 1/../a.wav")
    '통화_1_a_wav'
    """
    words = "".join(c if c.isalnum() else " " for c in source).split()
    return "_".join(words)[:60] or "prediction"


def _send(document: Document, data: Callable[[], bytes] | None, key: str) -> None:
    if st.button(
        _("Send to the corpus"), icon=":material/library_add:", key=f"send-{key}",
        help=_("Adds the recording with its utterances. What the machine heard and judged waits as suggestions."),
    ):  # fmt: skip
        try:
            st.session_state[f"sent-{key}"] = to_corpus.send(workspace(), document, data() if data else None)
        except CoreError as error:
            st.session_state[f"sent-{key}"] = error


def _outcome(outcome: to_corpus.Sent | CoreError) -> None:
    if isinstance(outcome, CoreError):
        st.error(forms.plain(explain(outcome)), icon=":material/error:")
        return
    if outcome.known:
        text = _("The corpus has this already. New suggestions: {proposals}")
    else:
        text = _("In the corpus: {n} utterances. New suggestions: {proposals}")
    st.success(text.format(n=outcome.utterances, proposals=outcome.proposals), icon=":material/check_circle:")
    with st.container(horizontal=True):
        if not outcome.known:
            st.page_link("pages/corpus.py", label=_("Open it in the corpus"), query_params={"tag": to_corpus.TAG},
                         icon=":material/library_music:")  # fmt: skip
        if outcome.proposals:
            st.page_link("pages/pseudo_label.py", label=_("Suggested labels"), icon=":material/auto_awesome:")
            st.page_link("pages/clean.py", label=_("Suggested texts"), icon=":material/cleaning_services:")
