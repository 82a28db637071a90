"""What an import did: its source, its counts, what its notes say, the parts that could not be used."""

import streamlit as st

from core.schemes import SCHEMES
from core.ui import translation
from core.ui.i18n import _
from core.ui.widgets import forms
from core.workflows.imports.deliveries.outcome import Outcome

MOST_NOTES = 12  # the rest is behind a button


def show(outcome: Outcome) -> None:
    """Show the counts, the notes and the rejected parts."""
    counts = [(_("Read"), outcome.read), (_("Added"), outcome.added), (_("Known already"), outcome.known)]
    if outcome.clashed:
        counts.append((_("Differ"), outcome.clashed))
    counts.append((_("Not used"), outcome.rejected))
    for column, (title, n) in zip(st.columns(len(counts)), counts, strict=True):
        column.metric(title, f"{n:,}")
    st.text(_("Source: {name}").format(name=outcome.source))
    if outcome.labels_added:
        text = _("Labels that nobody had given yet, added to known rows: {n}")
        st.text(text.format(n=f"{outcome.labels_added:,}"))
    _notes(outcome)
    for name in outcome.proposed:
        if name in SCHEMES and SCHEMES[name].state == "proposed":
            text = _("Scheme {name} is proposed: look at its classes and confirm it.").format(name=forms.plain(name))
            st.info(text, icon=":material/label:")
            st.page_link("pages/schemes.py", label=_("Look at the scheme"), icon=":material/arrow_forward:")
    _audio_missing(outcome)
    if outcome.rejected:
        _rejected(outcome)


def _audio_missing(outcome: Outcome) -> None:
    """Show the first names without audio, why, and the files that they may mean."""
    if not outcome.missing:
        return
    with st.expander(_("Audio that was not found"), icon=":material/music_off:"):
        st.dataframe(
            [{_("Recording"): sound.name, _("Reason"): translation.translate(sound.reason),
              _("Nearest names"): ", ".join(sound.near)} for sound in outcome.missing],
            hide_index=True,
            key="audio_missing",
        )  # fmt: skip


def links() -> None:
    """Show the links to the next pages."""
    with st.container(horizontal=True):
        st.page_link("pages/corpus.py", label=_("Look at it in Corpus"), icon=":material/arrow_forward:")
        st.page_link("pages/review.py", label=_("Review it"), icon=":material/hearing:")


def _notes(outcome: Outcome) -> None:
    """Show how the rows were grouped and what the notes of the import say, each with its number."""
    sentences = [translation.translate(sentence) for sentence in outcome.sentences]
    notes = [f"{n:,} × {translation.translate(what)}" for what, n in outcome.notes if n]
    if shown := [*sentences, *notes[:MOST_NOTES]]:
        st.text("\n".join(shown))
    if rest := notes[MOST_NOTES:]:
        with st.expander(_("More notes: {n}").format(n=f"{len(rest):,}"), icon=":material/notes:"):
            st.text("\n".join(rest))


def _rejected(outcome: Outcome) -> None:
    """Show what could not be used: where, why, and the file that lists all of it."""
    with st.expander(_("What could not be used, and why"), icon=":material/rule:", expanded=True):
        st.dataframe(
            [{_("Where"): translation.translate(part.where), _("Reason"): translation.translate(part.reason)}
             for part in outcome.skipped],
            hide_index=True,
            key="rejected",
        )  # fmt: skip
        st.caption(_("Mend these files and import the delivery again: what is known already is not added twice."))
        if outcome.rejects:
            st.caption(_("Shown: {n}. All of them are in `{file}` of the workspace.").format(
                n=len(outcome.skipped), file=outcome.rejects))  # fmt: skip
