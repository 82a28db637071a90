"""가져오기 / Import: a table is dropped, read, shown; its columns are given a meaning; what came in is counted."""

import re

import streamlit as st

from core import ui
from core.schemes import SCHEMES
from core.ui import _, phrases
from core.ui.widgets import forms
from core.workflows.imports import table as work

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
NEW = " new"  # no scheme is called so


def dropped() -> tuple[work.File, str] | None:
    """The uploaded table and a token that is its own."""
    upload = st.file_uploader(
        _("A table: CSV, TSV, JSON, JSON Lines (these also as .gz), XLSX, Parquet"), type=None, max_upload_size=MOST_MB
    )
    st.caption(
        _("Up to {mb} MB here. Larger tables, and tables whose audio lies beside them: "
          "`python -m core ingest table FILE --text COL`").format(mb=MOST_MB)
    )  # fmt: skip
    return (work.File.of(upload.getvalue(), upload.name), upload.file_id) if upload is not None else None


def options(token: str) -> work.Options:
    """What is not left to detection."""
    with st.expander(_("How the file is read"), icon=":material/tune:"):
        first, second, third, fourth = st.columns(4)
        encoding = first.selectbox(
            _("Encoding"), ENCODINGS, format_func=lambda name: name or _("detect"), key=f"encoding-{token}"
        )
        sign = second.selectbox(
            _("Separator"), list(SEPARATORS), format_func=lambda one: _(SEPARATORS[one]), key=f"separator-{token}"
        )
        header = third.selectbox(
            _("First row holds names"), list(CHOICES), format_func=lambda one: _(CHOICES[one]), key=f"header-{token}"
        )
        quotes = fourth.selectbox(
            _("Quotes wrap cells"), list(CHOICES), format_func=lambda one: _(CHOICES[one]), key=f"quotes-{token}"
        )
    return work.Options(
        encoding or None, sign or None, said(quotes), said(header), st.session_state.get(f"sheet-{token}")
    )


def said(choice: str) -> bool | None:
    return None if choice == AUTO else choice == "yes"


def read(file: work.File, wanted: work.Options, token: str) -> work.Preview:
    """The preview, kept until the file or an option changes."""
    state, mark = st.session_state, (token, wanted)
    if state.get("import_read", (None,))[0] != mark:
        state["import_read"] = (mark, work.preview(file, wanted))
    return state["import_read"][1]


def show(shown: work.Preview, token: str) -> None:
    shape = shown.shape
    facts = [shape.format.upper(), shape.encoding]
    if shape.separator:
        facts.append(_("separator {name}").format(name=_(SEPARATORS.get(shape.separator, shape.separator))))
    if shape.header is not None:
        facts.append(_("first row: names") if shape.header else _("no header: columns are numbered"))
    if shape.dropped:
        facts.append(_("left out, says nothing: {columns}").format(columns=", ".join(shape.dropped)))
    st.text(" · ".join(fact for fact in (*facts, *map(phrases.shown, shape.notes)) if fact))
    if len(shape.sheets) > 1:
        st.selectbox(_("Sheet"), shape.sheets, index=shape.sheets.index(shape.sheet or ""), key=f"sheet-{token}")
    rows = [
        {name: ", ".join(cell) if isinstance(cell, tuple) else cell for name, cell in row.cells.items()}
        for row in shown.rows
        if isinstance(row, work.Row)
    ]
    st.dataframe(rows, hide_index=True, column_order=shape.columns)
    for row in shown.rows:
        if isinstance(row, work.Reject):
            st.text(_("row {row}: {reason}").format(row=row.row, reason=phrases.shown(row.reason)))


def mapping(shown: work.Preview, token: str) -> work.Columns:
    """Which column is what, with guesses to correct."""
    columns, guess = shown.shape.columns, shown.guess
    st.subheader(_("Which column is what"), anchor=False)
    first, second, third, fourth = st.columns(4)
    text = first.selectbox(_("Text"), columns, index=columns.index(guess.text), key=f"text-{token}")
    identity = second.selectbox(
        _("Id"), columns, index=place(columns, guess.id), placeholder=_("none"), key=f"id-{token}",
        help=_("Distinct ids keep rows what they are when the file is edited and imported again."),
    )  # fmt: skip
    group = third.selectbox(
        _("Group"), columns, index=place(columns, guess.group), placeholder=_("none"), key=f"group-{token}",
        help=_("What a split must never cut: the speaker, the dialogue."),
    )  # fmt: skip
    speaker = fourth.selectbox(
        _("Speaker"), columns, index=place(columns, guess.speaker), placeholder=_("none"), key=f"speaker-{token}"
    )
    labels = st.multiselect(
        _("Labels"), [name for name in columns if name != text], default=[n for n in guess.labels[:1] if n != text],
        placeholder=_("none"), key=f"labels-{token}",
    )  # fmt: skip
    schemes = {scheme_of(shown, column, token): column for column in labels}
    if len(schemes) < len(labels):
        st.warning(_("Two columns go to one scheme: only the last is read."))
    return work.Columns(text=text, labels=schemes, id=identity, group=group, speaker=speaker)


def place(columns: tuple[str, ...], name: str | None) -> int | None:
    return None if name is None else columns.index(name)


def scheme_of(shown: work.Preview, column: str, token: str) -> str:
    """The scheme that a column's values belong to; a new one gets its classes from the values."""
    known = [name for name, one in SCHEMES.items() if one.level == "utterance"]
    fitting = work.fitting_scheme(shown, column)
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


def run(file: work.File, wanted: work.Options, columns: work.Columns, token: str) -> None:
    left, right = st.columns(2)
    stem = file.name.split(".")[0][:100]
    source = left.text_input(_("Source"), stem, max_chars=100, key=f"source-{token}")
    licence = right.text_input(_("Licence"), max_chars=200, placeholder=_("not stated"), key=f"licence-{token}")
    ids = st.checkbox(
        _("Numbers are class positions, from 0"), key=f"ids-{token}",
        help=_("For the labels of known schemes. Otherwise a number that is no class is left out and named."),
    )  # fmt: skip
    only = st.checkbox(
        _("Leave rows without any label out"), key=f"only-{token}", disabled=not columns.labels
    )  # fmt: skip
    if st.button(_("Import"), type="primary", icon=":material/upload:", key=f"go-{token}"):
        order = work.Order(
            columns, wanted, source, licence or "not stated", ids, labelled_only=only and bool(columns.labels)
        )
        bar = st.progress(0.0)

        def tell(rows: int, share: float) -> None:
            bar.progress(min(share, 1.0), text=_("Rows read: {n}").format(n=f"{rows:,}"))

        st.session_state["import_done"] = (token, work.ingest_table(ui.workspace(), file, order, tell))
        bar.empty()
    mark, done = st.session_state.get("import_done", ("", None))
    if done is not None and mark == token:
        result(done)


def result(done: work.TableImport) -> None:
    """Counts, rejects, and where to go."""
    told = ((_("Rows read"), done.rows), (_("Added"), done.added), (_("Known already"), done.known),
            (_("Not used"), done.rejected))  # fmt: skip
    for column, (title, n) in zip(st.columns(4), told, strict=True):
        column.metric(title, f"{n:,}")
    for what, n in done.notes.items():
        st.text(f"{n:,} × {phrases.shown(what)}")
    for name in done.schemes.values():
        if SCHEMES[name].state == "proposed":
            st.info(
                _("Scheme {name} is proposed: look at its classes and confirm it.").format(name=forms.plain(name)),
                icon=":material/label:",
            )
    if done.rejected:
        with st.expander(_("What could not be used, and why"), icon=":material/rule:", expanded=True):
            st.dataframe(
                [{_("Row"): one.row, _("Reason"): phrases.shown(one.reason)} for one in done.skipped],
                hide_index=True,
                key="rejected",
            )
            if done.rejects is not None:
                st.caption(_("Shown: {n}. All of them are in `{file}` of the workspace.").format(
                    n=len(done.skipped), file=done.rejects.name))  # fmt: skip
    st.page_link("pages/corpus.py", label=_("Look at it in Corpus"), icon=":material/arrow_forward:")


with ui.page("import_data"):
    found = dropped()
    if found is not None:
        chosen = options(found[1])
        seen = read(found[0], chosen, found[1])
        show(seen, found[1])
        run(found[0], chosen, mapping(seen, found[1]), found[1])
