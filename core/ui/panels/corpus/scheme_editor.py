"""A form for a label scheme: names, a table of classes, a preview of keys and colours as Review shows them.

The input is checked like a TOML file (`core.schemes.files`). Nothing is saved here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import streamlit as st

from core.errors import InputError
from core.schemes import Scheme, check_growth, review_keys
from core.schemes.files import from_document, slug, to_document
from core.ui import translation
from core.ui.i18n import N_, _, language
from core.ui.widgets import chart_table, charts, drafts, forms

LEVELS = {"utterance": N_("the utterance"), "recording": N_("the whole recording")}
KINDS = {"single": N_("one class"), "multi": N_("several classes at once")}
COLUMNS = ("code", "ko", "en", "key", "color", "aliases", "critical")


def preview(scheme: Scheme, key: str) -> None:
    """Show the classes with the keys that they have in Review when only this scheme is answered."""
    keys = {code: class_key for (_name, code), class_key in review_keys([scheme]).items()}
    figure = charts.classes(scheme, language(), keys)
    titles = ", ".join(f"{label.title(language())} ({keys[label.code].upper() or '–'})" for label in scheme.labels)
    title = _("Classes with their keys: {titles}").format(titles=titles)
    chart_table.show(figure, title, key, tools=False, table=False)


def edit(start: Scheme | None, key: str) -> Scheme | None:
    """Show the form and return its scheme. While the input is not a valid scheme: show the reason, return None.

    With `start` (a scheme of the workspace), name, level and kind are fixed; rows can be changed and appended. What is
    written survives a reload until `saved`.
    """
    for field, text in (("name", start.name), ("ko", start.ko), ("en", start.en)) if start else ():
        st.session_state.setdefault(f"{key}-{field}", text)  # no default values: a draft may take their place
    first, second, third = st.columns(3)
    name = first.text_input(
        _("Name"), max_chars=64, disabled=start is not None, key=f"{key}-name",
        placeholder="mood", help=_("A word without spaces; files and commands use it."),
    )  # fmt: skip
    ko = second.text_input(_("Korean title"), max_chars=100, key=f"{key}-ko")
    en = third.text_input(_("English title"), max_chars=100, key=f"{key}-en")
    level = first.selectbox(
        _("A label of"), list(LEVELS), list(LEVELS).index(start.level) if start else 0, disabled=start is not None,
        format_func=lambda x: _(LEVELS[x]), key=f"{key}-level",
    )  # fmt: skip
    kind = second.selectbox(
        _("An answer is"), list(KINDS), list(KINDS).index(start.kind) if start else 0, disabled=start is not None,
        format_func=lambda x: _(KINDS[x]), key=f"{key}-kind",
    )  # fmt: skip
    ordinal = third.checkbox(
        _("The classes stand in an order"), start.ordinal if start else False, disabled=kind == "multi",
        key=f"{key}-ordinal", help=_("As low, medium, high: agreement then weighs by how far two answers lie apart."),
    )  # fmt: skip
    rows = _table(start, key)
    boxes = {field: f"{key}-{field}" for field in ("name", "ko", "en", "written")}
    drafts.keep(_draft(key), 0, boxes, values={"written": _changed(start, rows)})
    if not (name.strip() and any(row.get("ko") or row.get("code") for row in rows)):
        st.caption(_("Write a name and at least one class."))
        return None
    try:
        ordinal_field = {"ordinal": True} if ordinal and kind == "single" else {}
        scheme = from_document(document(name, ko, en, level, kind, rows) | ordinal_field, name.strip())
        if start is not None:
            check_growth(start, scheme)
    except InputError as error:
        st.warning(forms.plain(translation.translate(error.message)))
        return None
    preview(scheme, f"{key}-preview")
    return scheme


def saved(key: str) -> None:
    """Note that the scheme of the form `key` was saved: the browser drops its draft."""
    drafts.done(_draft(key))


def _draft(key: str) -> str:
    return f"scheme-{key}"


def _written(text: object) -> list[dict[str, Any]]:
    """Return the rows of a table that the browser kept; [] for anything else."""
    try:
        rows = json.loads(str(text or "[]"))
    except ValueError:
        return []
    return [{name: row.get(name) for name in COLUMNS} for row in rows if isinstance(row, dict)] if (
        isinstance(rows, list)
    ) else []  # fmt: skip


def _known(start: Scheme | None) -> list[dict[str, Any]]:
    return [dict.fromkeys(COLUMNS) | row for row in to_document(start)["label"]] if start else []


def _changed(start: Scheme | None, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as the browser keeps them; "" if they say what the scheme says."""
    said, known = (document("", "", "", "", "", some)["label"] for some in (rows, _known(start)))
    return "" if said == known else json.dumps(list(rows), ensure_ascii=False, default=str)


def _table(start: Scheme | None, key: str) -> list[dict[str, Any]]:
    """Show the table of classes with the rows of the scheme, or those that the browser kept; return its rows."""
    written = str(st.session_state.get(f"{key}-written") or "")
    start_rows = _written(written) or _known(start)
    text = st.column_config.TextColumn
    edited = st.data_editor(
        start_rows or [dict.fromkeys(COLUMNS)], num_rows="add" if start else "dynamic",
        key=f"{key}-rows-{crc32(written.encode())}" if written else f"{key}-rows",
        hide_index=True,
        placeholder="",
        column_config={
            "code": text(_("Code"), help=_("Stored; made from the Korean title where empty.")),
            "ko": text(_("Korean title")),
            "en": text(_("English title")),
            "key": text(_("Key"), max_chars=1, help=_("A letter or digit, not s, z, e; chosen where empty.")),
            "color": text(_("Colour"), help=_("#rrggbb; chosen where empty.")),
            "aliases": st.column_config.ListColumn(_("Other spellings")),
            "critical": st.column_config.CheckboxColumn(_("Recall first")),
        },
    )  # fmt: skip
    return [dict(row) for row in edited]


def document(
    name: str, ko: str, en: str, level: str, kind: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:  # fmt: skip
    """Return the input as the document of a scheme file, without empty cells and rows.

    >>> document("mood", "", "", "utterance", "single", [{"ko": "좋음", "key": None}, {"ko": None}])["label"]
    [{'code': '좋음', 'ko': '좋음'}]
    """
    labels = []
    for row in rows:
        cells = {key: value.strip() if isinstance(value, str) else value for key, value in row.items()}
        cells = {key: cells[key] for key in COLUMNS if cells.get(key) not in (None, "", False)}
        if "aliases" in cells:
            cells["aliases"] = [str(alias) for alias in cells["aliases"]]
        if cells:
            title = cells.get("ko") or cells.get("code", "")
            labels.append({"code": slug(title), "ko": title} | cells)
    fields = {"name": name.strip(), "ko": ko.strip() or name.strip(), "level": level, "kind": kind, "label": labels}
    return fields | ({"en": en.strip()} if en.strip() else {})
