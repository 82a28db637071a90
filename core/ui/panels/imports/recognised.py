"""What a delivery is: the format that was recognised, what it holds, what is odd; and the format to read it as."""

from pathlib import Path

import streamlit as st

from core.ui import translation
from core.ui.i18n import N_, _
from core.ui.panels.imports import kept
from core.ui.panels.imports.choosing import Chosen
from core.ui.widgets import forms
from core.workflows.imports.deliveries import recognise
from core.workflows.imports.deliveries.recognise import Kind, Recognised

TITLES: dict[Kind, str] = {
    "aihub119": N_("AI Hub 119: calls with labels"),
    "table": N_("Table of texts"),
    "audio": N_("Audio files"),
    "annotations": N_("Annotated speech (TextGrid, EAF, subtitles, speech recognition)"),
    "huggingface": N_("Hugging Face dataset"),
    "labelstudio": N_("Label Studio project"),
    "gwidama": N_("Export of Gwidama"),
    "situation": N_("AI Hub: emergency sounds"),
    "elder": N_("AI Hub: dialogue of elders"),
}
HELP: dict[Kind, str] = {
    "aihub119": N_("Each label file becomes a call with its utterances; audio is joined by the name of the file."),
    "table": N_("Each row becomes a sentence, or an utterance of a call if a column names the recording."),
    "audio": N_("Each file becomes a recording with one utterance; a text file of the same name is its transcript."),
    "annotations": N_("Each file becomes a recording with its utterances and times; audio has the same name."),
    "huggingface": N_("Text, audio and classes are found by the columns of the dataset."),
    "labelstudio": N_("Annotations become labels, several annotators become votes."),
    "gwidama": N_("Utterances come back with their labels, tags and histories."),
    "situation": N_("Each label row becomes a recording with its caption."),
    "elder": N_("Each label row becomes a recording with its transcript; marks in the text become suggestions."),
}
CACHE = "import_recognised"


def show(chosen: Chosen) -> tuple[Kind, Recognised] | None:
    """Show what the delivery is and let a person choose another format; None if nothing can be imported."""
    found = _recognised(chosen)
    if found.kind is None:
        st.warning(_("No import reads these files."), icon=":material/help:")
    else:
        st.success(_("Recognised: {format}").format(format=_(TITLES[found.kind])), icon=":material/check_circle:")
    if facts := _facts(found):
        st.text(" · ".join(facts))
    for note in found.notes:
        st.info(translation.translate(note), icon=":material/lightbulb:")
    _unread(found)
    if found.kind is None and not (found.labels or found.sounds or found.tables or found.spoken):
        return None
    kind = st.selectbox(
        _("Read it as"), recognise.KINDS, format_func=lambda name: _(TITLES[name]),
        key=kept.preset(f"kind-{chosen.token}", found.kind or recognise.KINDS[0]),
    )  # fmt: skip
    st.caption(_(HELP[kind]))
    return kind, found


def _recognised(chosen: Chosen) -> Recognised:
    """Return what the delivery is; it is looked through again when its files have changed."""
    state = st.session_state
    key = (chosen.token, chosen.state, tuple((str(path), _changed(path)) for path in chosen.paths))
    if state.get(CACHE, (None,))[0] != key:
        with st.spinner(_("Looking through the files …")):
            state[CACHE] = (key, recognise.recognise(chosen.paths))
    found: Recognised = state[CACHE][1]
    return found


def _changed(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _facts(found: Recognised) -> list[str]:
    """Return what the delivery holds, in numbers."""
    counts = (
        (_("label files {n}"), found.labels if found.kind != "table" else 0), (_("audio files {n}"), found.sounds),
        (_("label files with audio {n}"), found.pairs if found.kind == "aihub119" else 0),
        (_("annotated files {n}"), found.spoken), (_("tables {n}"), len(found.tables) if len(found.tables) > 1 else 0),
        (_("files of other kinds {n}"), found.unread),
    )  # fmt: skip
    return [text.format(n=f"{n:,}") for text, n in counts if n]


def _unread(found: Recognised) -> None:
    """Name the files that no import reads, and those that cannot be opened."""
    rows = [{_("File"): name, _("Reason"): _("no import reads files of this kind")} for name in found.unread_names] + [
        {_("File"): skip.where, _("Reason"): translation.translate(skip.reason)} for skip in found.problems
    ]
    if rows:
        with st.expander(_("Files that will be left out"), icon=":material/block:"):
            st.dataframe(rows, hide_index=True, key="import_unread")


def title(kind: str) -> str:
    """Return the name of a format in the reader's language, safe in Markdown."""
    return forms.plain(_(next((text for name, text in TITLES.items() if name == kind), kind)))
