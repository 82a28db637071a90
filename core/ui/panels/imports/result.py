"""What an import did: its source, its counts, what its notes say, the rows that could not be used."""

import streamlit as st

from core.schemes import SCHEMES
from core.ui import translation
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import forms
from core.workflows.imports.tables.table import TableImport

MOST_NOTES = 12  # the rest is behind a button


def show(report: TableImport) -> None:
    """Show the counts, the notes and the rejected rows."""
    counts = [(_("Rows read"), report.rows), (_("Added"), report.added), (_("Known already"), report.known)]
    if report.clashed:
        counts.append((_("Differ"), report.clashed))
    counts.append((_("Not used"), report.rejected))
    for column, (title, n) in zip(st.columns(len(counts)), counts, strict=True):
        column.metric(title, f"{n:,}")
    st.text(_("Source: {name}").format(name=report.source))
    if report.labels_added:
        text = _("Labels that nobody had given yet, added to known rows: {n}")
        st.text(text.format(n=f"{report.labels_added:,}"))
    _notes(report)
    for name in report.schemes.values():
        if SCHEMES[name].state == "proposed":
            st.info(
                _("Scheme {name} is proposed: look at its classes and confirm it.").format(name=forms.plain(name)),
                icon=":material/label:",
            )
    _audio_missing(report)
    if report.rejected:
        _rejected(report)


def _audio_missing(report: TableImport) -> None:
    """Show the first names without audio, why, and the files that they may mean."""
    missing = report.audio_missing
    if not missing:
        return
    with st.expander(_("Audio that was not found"), icon=":material/music_off:"):
        st.dataframe(
            [{_("Recording"): sound.name, _("Reason"): translation.translate(sound.reason),
              _("Nearest names"): ", ".join(sound.near)} for sound in missing],
            hide_index=True,
            key="audio_missing",
        )  # fmt: skip


def link() -> None:
    """Show the link to the next page."""
    st.page_link("pages/corpus.py", label=_("Look at it in Corpus"), icon=":material/arrow_forward:")


def _notes(report: TableImport) -> None:
    """Show how the rows were grouped and what the notes of the table and of the import say, each with its number."""
    sentences = [translation.translate(sentence) for sentence in report.grouping.sentences()]
    notes = [f"{n:,} × {translation.translate(what)}" for what, n in report.notes.items() if n]
    for text in [*sentences, *notes[:MOST_NOTES]]:
        st.text(text)
    if rest := notes[MOST_NOTES:]:
        with st.expander(_("More notes: {n}").format(n=f"{len(rest):,}"), icon=":material/notes:"):
            st.text("\n".join(rest))


def _rejected(report: TableImport) -> None:
    with st.expander(_("What could not be used, and why"), icon=":material/rule:", expanded=True):
        st.dataframe(
            [{_("Row"): skip.row, _("Reason"): translation.translate(skip.reason)} for skip in report.skipped],
            hide_index=True,
            key="rejected",
        )
        if rejects := rejects_file(report):
            st.caption(_("Shown: {n}. All of them are in `{file}` of the workspace.").format(
                n=len(report.skipped), file=rejects))  # fmt: skip


def rejects_file(report: TableImport) -> str:
    """Return the path, inside the workspace, of the file that names what was not used; "" if there is none."""
    path, home = report.rejects, workspace().settings.home
    if path is None:
        return ""
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.name
