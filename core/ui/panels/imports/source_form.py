"""What a person says about a delivery besides its format: the name of the corpus, its licence, what file names mean."""

import streamlit as st

from core.ui.i18n import N_, _
from core.ui.panels.imports import kept
from core.ui.widgets import forms
from core.workflows.imports.audio import compile_pattern
from core.workflows.imports.deliveries.recognise import Kind, Recognised
from core.workflows.imports.deliveries.request import AudioNames

FIXED: tuple[Kind, ...] = ("aihub119", "situation", "elder", "gwidama", "labelstudio")  # these name themselves
FOLDER = "folder"
NONE = ""
BY = {NONE: N_("no labels"), FOLDER: N_("the folder that a file lies in"), "pattern": N_("a part of the file's name")}


def source(kind: Kind, token: str, placeholder: str) -> tuple[str, str]:
    """Show name and licence of the corpus, where the format has none of its own; return both."""
    if kind in FIXED:
        return "", "not stated"
    left, right = st.columns(2)
    name = left.text_input(
        _("Source"), max_chars=100, placeholder=placeholder[:100], key=f"source-{token}",
        help=_("The name of the corpus. Without one it is the name of the file, or the source that has this content."),
    )  # fmt: skip
    licence = right.text_input(_("Licence"), max_chars=200, placeholder=_("not stated"), key=f"licence-{token}")
    return name.strip(), licence.strip() or "not stated"


def audio_names(found: Recognised, token: str) -> AudioNames:
    """Show what the names of audio files mean, with what that gives for the first files; return it."""
    st.header(_("What the file names say"), anchor=False)
    by = st.selectbox(_("The label is"), list(BY), format_func=lambda name: _(BY[name]), key=f"by-{token}")
    pattern = st.text_input(
        _("Pattern of the file names"), max_chars=200, key=f"pattern-{token}",
        placeholder="{speaker}_{emotion}_{take}.wav",
        help=_("Write the parts of a name in braces. The part speaker keeps a person on one side of every split."),
    ).strip()  # fmt: skip
    fields = compile_pattern(pattern).fields if pattern else ()
    label = FOLDER if by == FOLDER else ""
    if by == "pattern" and fields:
        label = st.selectbox(_("Part that is the label"), list(fields), key=f"label-{token}")
    scheme = ""
    if label:
        scheme = st.text_input(
            _("Name of the label scheme"), max_chars=60, key=kept.preset(f"labelscheme-{token}", label),
            help=_("A new scheme stays proposed until a person confirms it on the Schemes page."),
        ).strip()  # fmt: skip
    _examples(found, pattern)
    return AudioNames(pattern, label, scheme, "speaker" if "speaker" in fields else "")


def _examples(found: Recognised, pattern: str) -> None:
    """Show what the pattern reads from the first names."""
    compiled = compile_pattern(pattern) if pattern else None
    rows = []
    for name in found.sound_names[:5]:
        parts = compiled.read(name) if compiled else {}
        row = {_("File"): name} | (
            {_("Fits the pattern"): _("yes") if parts is not None else _("no")} if compiled else {}
        )
        rows.append(row | (parts or {}))
    if rows:
        st.dataframe(rows, hide_index=True, key="import_names")
    if compiled is None and found.sound_names:
        st.caption(forms.plain(_("Without a pattern each file is its own group.")))
