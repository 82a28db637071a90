"""가져오기 / Import: upload a table, check how it is read, assign its columns, import it, decide what differs."""

import re

import streamlit as st

from core import ui
from core.schemes import SCHEMES
from core.ui import _, translation
from core.ui.panels.imports import importing, suggestions
from core.ui.widgets import forms
from core.workflows.imports.tables import table as table_import

MOST_MB = 50
AUTO = ""
ENCODINGS = (AUTO, "utf-8", "cp949", "utf-16", "utf-16-le", "utf-16-be", "johab")
SEPARATORS = {
    AUTO: ui.N_("detect"),
    ",": ui.N_("comma"),
    "\t": ui.N_("tab"),
    ";": ui.N_("semicolon"),
    "|": ui.N_("bar"),
}
CHOICES = {AUTO: ui.N_("detect"), "yes": ui.N_("yes"), "no": ui.N_("no")}
NEW = " new"  # no scheme can have this name


def uploaded_table() -> tuple[table_import.File, str] | None:
    """Show the upload; return the table and a token that is unique to it, or None."""
    upload = st.file_uploader(
        _("A table: CSV, TSV, JSON, JSON Lines (these also as .gz), XLSX, Parquet"), type=None, max_upload_size=MOST_MB
    )
    st.caption(
        _("Up to {mb} MB here. Larger tables, and tables whose audio lies beside them: "
          "`python -m core ingest table FILE --text COL`").format(mb=MOST_MB)
    )  # fmt: skip
    return (table_import.File.of(upload.getvalue(), upload.name), upload.file_id) if upload is not None else None


def options(token: str) -> table_import.Options:
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
            _("First row holds names"),
            list(CHOICES),
            format_func=lambda choice: _(CHOICES[choice]),
            key=f"header-{token}",
        )
        quotes = fourth.selectbox(
            _("Quotes wrap cells"), list(CHOICES), format_func=lambda choice: _(CHOICES[choice]), key=f"quotes-{token}"
        )
    return table_import.Options(
        encoding or None,
        sign or None,
        parse_yes_no(quotes),
        parse_yes_no(header),
        st.session_state.get(f"sheet-{token}"),
    )


def parse_yes_no(choice: str) -> bool | None:
    return None if choice == AUTO else choice == "yes"


def read(file: table_import.File, read_options: table_import.Options, token: str) -> table_import.Preview:
    """Return the preview; it is cached until the file or an option changes."""
    state, cache_key = st.session_state, (token, read_options)
    if state.get("import_read", (None,))[0] != cache_key:
        state["import_read"] = (cache_key, table_import.preview(file, read_options))
    return state["import_read"][1]


def show(preview: table_import.Preview, token: str) -> None:
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
        st.selectbox(_("Sheet"), shape.sheets, index=shape.sheets.index(shape.sheet or ""), key=f"sheet-{token}")
    rows = [
        {name: ", ".join(cell) if isinstance(cell, tuple) else cell for name, cell in row.cells.items()}
        for row in preview.rows
        if isinstance(row, table_import.Row)
    ]
    st.dataframe(rows, hide_index=True, column_order=shape.columns)
    for row in preview.rows:
        if isinstance(row, table_import.Reject):
            st.text(_("row {row}: {reason}").format(row=row.row, reason=translation.translate(row.reason)))


def mapping(preview: table_import.Preview, token: str) -> table_import.Columns:
    """Show a choice of column for each role, preset with guesses; return the mapping."""
    columns, guess = preview.shape.columns, preview.guess
    st.subheader(_("Which column is what"), anchor=False)
    first, second, third, fourth = st.columns(4)
    text = first.selectbox(_("Text"), columns, index=columns.index(guess.text), key=f"text-{token}")
    identity = second.selectbox(
        _("Id"), columns, index=column_index(columns, guess.id), placeholder=_("none"), key=f"id-{token}",
        help=_("Distinct ids keep rows what they are when the file is edited and imported again."),
    )  # fmt: skip
    group = third.selectbox(
        _("Group"), columns, index=column_index(columns, guess.group), placeholder=_("none"), key=f"group-{token}",
        help=_("What a split must never cut: the speaker, the dialogue."),
    )  # fmt: skip
    speaker = fourth.selectbox(
        _("Speaker"), columns, index=column_index(columns, guess.speaker), placeholder=_("none"), key=f"speaker-{token}"
    )
    split, recording, start, end = more_columns(preview, token)
    labels = st.multiselect(
        _("Labels"), [name for name in columns if name != text], default=[n for n in guess.labels[:1] if n != text],
        placeholder=_("none"), key=f"labels-{token}",
    )  # fmt: skip
    schemes = {scheme_of(preview, column, token): column for column in labels}
    if len(schemes) < len(labels):
        st.warning(_("Two columns go to one scheme: only the last is read."))
    return table_import.Columns(
        text=text, labels=schemes, id=identity, group=group, speaker=speaker, split=split,
        recording=recording, start=start, end=end,
    )  # fmt: skip


def more_columns(preview: table_import.Preview, token: str) -> tuple[str | None, str | None, str | None, str | None]:
    """Show a choice of column for the published split and for recordings with their times."""
    columns, guess = preview.shape.columns, preview.guess
    roles = (
        ("split", _("Published split"), guess.split,
         _("The column that says train, validation or test. A snapshot can take this split instead of its own.")),
        ("recording", _("Recording"), guess.recording,
         _("Rows of one recording are one call. An upload brings no audio: the command line joins it later.")),
        ("start", _("Start"), guess.start, _("When an utterance begins in its recording.")),
        ("end", _("End"), guess.end, _("When an utterance ends in its recording.")),
    )  # fmt: skip
    chosen: list[str | None] = [
        place.selectbox(
            title, columns, index=column_index(columns, guessed), placeholder=_("none"), key=f"{role}-{token}",
            help=help_text,
        )
        for place, (role, title, guessed, help_text) in zip(st.columns(4), roles, strict=True)
    ]  # fmt: skip
    split, recording, start, end = chosen
    return split, recording, *((start, end) if recording else (None, None))


def column_index(columns: tuple[str, ...], name: str | None) -> int | None:
    return None if name is None else columns.index(name)


def scheme_of(preview: table_import.Preview, column: str, token: str) -> str:
    """Return the scheme of a column's values, chosen by a person; a new scheme gets its classes from the values."""
    known = [name for name, scheme in SCHEMES.items() if scheme.level == "utterance"]
    fitting = table_import.fitting_scheme(preview, column)
    left, right = st.columns(2)
    chosen = left.selectbox(
        _("Scheme of {column}").format(column=forms.plain(column)), [NEW, *known],
        index=known.index(fitting) + 1 if fitting in known else 0,
        format_func=lambda name: _("a new one, from the values") if name == NEW else forms.scheme_title(name),
        key=f"scheme-{token}-{column}",
    )  # fmt: skip
    if chosen != NEW:
        return chosen
    name = right.text_input(
        _("Name of the new scheme"), re.sub(r"[^\w-]+", "-", column).strip("-_") or "label", max_chars=60,
        key=f"new-{token}-{column}", help=_("It stays proposed until a person confirms it on the Schemes page."),
    )  # fmt: skip
    return name.strip() or "label"


def run(file: table_import.File, read_options: table_import.Options, columns: table_import.Columns, token: str) -> None:
    left, right = st.columns(2)
    source = left.text_input(
        _("Source"), max_chars=100, placeholder=file.name.split(".")[0][:100], key=f"source-{token}",
        help=_("The name of the corpus. Without one it is the name of the file, or the source that has this content."),
    )  # fmt: skip
    licence = right.text_input(_("Licence"), max_chars=200, placeholder=_("not stated"), key=f"licence-{token}")
    ids = st.checkbox(
        _("Numbers are class positions, from 0"), key=f"ids-{token}",
        help=_("For the labels of known schemes. Otherwise a number that is no class is left out and named."),
    )  # fmt: skip
    labelled_only = st.checkbox(
        _("Leave rows without any label out"), key=f"only-{token}", disabled=not columns.labels
    )  # fmt: skip
    if st.button(_("Import"), type="primary", icon=":material/upload:", key=f"go-{token}"):
        request = table_import.TableImportOptions(
            columns,
            read_options,
            source.strip(),
            licence or "not stated",
            ids,
            labelled_only=labelled_only and bool(columns.labels),
        )
        importing.start(file, request, token)
    importing.show(file, token)


with ui.page("import_data"):
    suggestions.reminder()
    upload = uploaded_table()
    if upload is not None:
        chosen = options(upload[1])
        preview = read(upload[0], chosen, upload[1])
        show(preview, upload[1])
        run(upload[0], chosen, mapping(preview, upload[1]), upload[1])
    suggestions.panel(importing.latest_batch())
