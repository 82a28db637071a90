"""How a table is read and what its columns mean: the reader's settings, the first rows, a choice for each role.

Guesses are preset; what a person changes stays after a reload.
"""

import re
from pathlib import Path

import streamlit as st

from core.schemes import SCHEMES
from core.ui import translation
from core.ui.i18n import N_, _
from core.ui.panels.imports import kept
from core.ui.widgets import forms
from core.workflows.imports.tables import table as table_import

AUTO = ""
ENCODINGS = (AUTO, "utf-8", "cp949", "utf-16", "utf-16-le", "utf-16-be", "johab")
SEPARATORS = {
    AUTO: N_("detect"),
    ",": N_("comma"),
    "\t": N_("tab"),
    ";": N_("semicolon"),
    "|": N_("bar"),
}
CHOICES = {AUTO: N_("detect"), "yes": N_("yes"), "no": N_("no")}
NEW = " new"  # no scheme can have this name


def which(tables: tuple[Path, ...], token: str) -> Path:
    """Return the table to import; of several a person chooses one."""
    if len(tables) == 1:
        return tables[0]
    names = {path.name if [p.name for p in tables].count(path.name) == 1 else str(path): path for path in tables}
    chosen = st.selectbox(
        _("Which table"), list(names), key=f"which-{token}",
        help=_("One at a time: the others are still here after the import if you choose them then."),
    )  # fmt: skip
    return names[chosen]


def ask(path: Path, token: str) -> table_import.TableImportOptions:
    """Show how the table is read and what its columns mean; return the choices."""
    file = table_import.File.at(path)
    chosen = _options(token)
    preview = _read(file, chosen, token)
    _show(preview, token)
    columns = _mapping(preview, token)
    ids = st.checkbox(
        _("Numbers are class positions, from 0"), key=f"ids-{token}",
        help=_("For the labels of known schemes. Otherwise a number that is no class is left out and named."),
    )  # fmt: skip
    only = st.checkbox(_("Leave rows without any label out"), key=f"only-{token}", disabled=not columns.labels)
    return table_import.TableImportOptions(columns, chosen, label_ids=ids, labelled_only=only and bool(columns.labels))


def _options(token: str) -> table_import.Options:
    """Show the settings of the reader and return them; what is not chosen is detected."""
    with st.expander(_("How the file is read"), icon=":material/tune:"):
        first, second, third, fourth = st.columns(4)
        encoding = first.selectbox(
            _("Encoding"), ENCODINGS, format_func=lambda name: name or _("detect"), key=f"encoding-{token}"
        )
        sign = second.selectbox(
            _("Separator"), list(SEPARATORS), format_func=lambda choice: _(SEPARATORS[choice]), key=f"separator-{token}"
        )
        header = third.selectbox(
            _("First row holds names"), list(CHOICES), format_func=lambda choice: _(CHOICES[choice]),
            key=f"header-{token}",
        )  # fmt: skip
        quotes = fourth.selectbox(
            _("Quotes wrap cells"), list(CHOICES), format_func=lambda choice: _(CHOICES[choice]), key=f"quotes-{token}"
        )
    return table_import.Options(
        encoding or None, sign or None, _yes_no(quotes), _yes_no(header), st.session_state.get(f"sheet-{token}")
    )


def _yes_no(choice: str) -> bool | None:
    return None if choice == AUTO else choice == "yes"


def _read(file: table_import.File, chosen: table_import.Options, token: str) -> table_import.Preview:
    """Return the preview; it is cached until the file or an option changes."""
    state, cache_key = st.session_state, (token, file.name, file.size, chosen)
    if state.get("import_read", (None,))[0] != cache_key:
        state["import_read"] = (cache_key, table_import.preview(file, chosen))
    preview: table_import.Preview = state["import_read"][1]
    return preview


def _show(preview: table_import.Preview, token: str) -> None:
    """Show how the table is read, and its first rows."""
    shape = preview.shape
    facts = [shape.format.upper(), shape.encoding]
    if shape.separator:
        facts.append(_("separator {name}").format(name=_(SEPARATORS.get(shape.separator, shape.separator))))
    if shape.header is not None:
        facts.append(_("first row: names") if shape.header else _("no header: columns are numbered"))
    if shape.dropped:
        facts.append(_("left out, says nothing: {columns}").format(columns=", ".join(shape.dropped)))
    st.text(" · ".join(fact for fact in (*facts, *map(translation.translate, shape.notes)) if fact))
    if len(shape.sheets) > 1:
        st.selectbox(_("Sheet"), shape.sheets, key=kept.preset(f"sheet-{token}", shape.sheet or shape.sheets[0]))
    rows = [
        {name: ", ".join(cell) if isinstance(cell, tuple) else cell for name, cell in row.cells.items()}
        for row in preview.rows
        if isinstance(row, table_import.Row)
    ]
    st.dataframe(rows, hide_index=True, column_order=shape.columns)
    for row in preview.rows:
        if isinstance(row, table_import.Reject):
            st.text(_("row {row}: {reason}").format(row=row.row, reason=translation.translate(row.reason)))


def _mapping(preview: table_import.Preview, token: str) -> table_import.Columns:
    """Show a choice of column for each role, preset with guesses; return the mapping."""
    columns, guess = preview.shape.columns, preview.guess
    st.header(_("Which column is what"), anchor=False)
    first, second, third, fourth = st.columns(4)
    text: str = first.selectbox(_("Text"), columns, key=_column_key("text", token, columns, guess.text))
    identity = _optional(
        second, "id", _("Id"), columns, guess.id, token,
        _("Distinct ids keep rows what they are when the file is edited and imported again."),
    )  # fmt: skip
    group = _optional(
        third, "group", _("Group"), columns, guess.group, token,
        _("What a split must never cut: the speaker, the dialogue."),
    )  # fmt: skip
    speaker = _optional(fourth, "speaker", _("Speaker"), columns, guess.speaker, token)
    split, recording, start, end = _more_columns(preview, token)
    others = [name for name in columns if name != text]
    key = kept.preset(f"labels-{token}", [name for name in guess.labels[:1] if name != text])
    st.session_state[key] = [name for name in st.session_state[key] if name in others]
    labels = st.multiselect(_("Labels"), others, placeholder=_("none"), key=key)
    schemes = {_scheme_of(preview, column, token): column for column in labels}
    if len(schemes) < len(labels):
        st.warning(_("Two columns go to one scheme: only the last is read."))
    return table_import.Columns(
        text=text, labels=schemes, id=identity, group=group, speaker=speaker, split=split,
        recording=recording, start=start, end=end,
    )  # fmt: skip


def _more_columns(preview: table_import.Preview, token: str) -> tuple[str | None, str | None, str | None, str | None]:
    """Show a choice of column for the published split and for recordings with their times."""
    columns, guess = preview.shape.columns, preview.guess
    first, second, third, fourth = st.columns(4)
    split = _optional(
        first, "split", _("Published split"), columns, guess.split, token,
        _("The column that says train, validation or test. A snapshot can take this split instead of its own."),
    )  # fmt: skip
    recording = _optional(
        second, "recording", _("Recording"), columns, guess.recording, token,
        _("Rows of one recording are one call. Audio files beside the table are joined by their names."),
    )  # fmt: skip
    start = _optional(third, "start", _("Start"), columns, guess.start, token,
                      _("When an utterance begins in its recording."))  # fmt: skip
    end = _optional(fourth, "end", _("End"), columns, guess.end, token,
                    _("When an utterance ends in its recording."))  # fmt: skip
    return split, recording, *((start, end) if recording else (None, None))


def _optional(
    place: st.delta_generator.DeltaGenerator, role: str, label: str, columns: tuple[str, ...], guess: str | None,
    token: str, help_text: str | None = None,
) -> str | None:  # fmt: skip
    """Show a choice of column that may stay empty."""
    chosen: str | None = place.selectbox(
        label, columns, index=None, placeholder=_("none"), key=_column_key(role, token, columns, guess), help=help_text
    )
    return chosen


def _column_key(role: str, token: str, columns: tuple[str, ...], guess: str | None) -> str:
    """Return the key of a choice of column, preset with the guess; a column that is gone is chosen no longer."""
    key = kept.preset(f"{role}-{token}", guess)
    if st.session_state[key] is not None and st.session_state[key] not in columns:
        st.session_state[key] = guess
    return key


def _scheme_of(preview: table_import.Preview, column: str, token: str) -> str:
    """Return the scheme of a column's values, chosen by a person; a new scheme gets its classes from the values."""
    known = [name for name, scheme in SCHEMES.items() if scheme.level == "utterance"]
    fitting = table_import.fitting_scheme(preview, column)
    left, right = st.columns(2)
    key = kept.preset(f"scheme-{token}-{column}", fitting if fitting in known else NEW)
    if st.session_state[key] not in (NEW, *known):
        st.session_state[key] = NEW
    chosen = left.selectbox(
        _("Scheme of {column}").format(column=forms.plain(column)), [NEW, *known], key=key,
        format_func=lambda name: _("a new one, from the values") if name == NEW else forms.scheme_title(name),
    )  # fmt: skip
    if chosen != NEW:
        return chosen
    name = right.text_input(
        _("Name of the new scheme"), max_chars=60,
        key=kept.preset(f"new-{token}-{column}", (re.sub(r"[^\w-]+", "-", column).strip("-_") or "label")[:60]),
        help=_("It stays proposed until a person confirms it on the Schemes page."),
    )  # fmt: skip
    return name.strip() or "label"
