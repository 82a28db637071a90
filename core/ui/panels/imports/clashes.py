"""Delivered items that differ from known ones: the first differences, and the three ways to go on.

Nothing is changed until a person chooses. The page does what was chosen; this panel only asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.records import Clash, OnClash
from core.ui.i18n import _
from core.ui.panels.imports import differences
from core.ui.widgets import forms

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose. `source` is the name of the new source, "" to let the import find one."""

    way: OnClash
    source: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What an import found: the first clashes, the number of all, how many differ in which field, its rows and its
    source.
    """

    clashes: Sequence[Clash]
    clashed: int
    differing: Mapping[str, int]
    rows: int
    source: str


def ask(found: Found, token: str) -> Choice | None:
    """Show what differs and the three ways with their numbers; return the choice of this run, else None."""
    st.header(_("Differ from what is known: {n}").format(n=f"{found.clashed:,}"), anchor=False)
    st.text(_("These items are known, but this file has other content for them. They are unchanged so far."))
    fields = sorted(found.differing.items(), key=lambda item: -item[1])
    st.text(" · ".join(f"{differences.field_title(field)} {n:,}" for field, n in fields))
    table(found)
    return _ways(found, token)


def table(found: Found) -> None:
    """Show the first differences: item, field, and the change."""
    rows = [
        {_("Item"): forms.plain(differences.place(clash.where) or clash.key),
         _("Field"): forms.plain(differences.field_title(part.field)),
         _("Before → after"): differences.markdown(part)}
        for clash in found.clashes[:SHOWN]
        for part in clash.differences
    ]  # fmt: skip
    st.table(rows, hide_index=True)
    if found.clashed > SHOWN:
        st.caption(_("Shown: the first {n} items.").format(n=SHOWN))


def _ways(found: Found, token: str) -> Choice | None:
    n = f"{found.clashed:,}"
    propose, source, leave = st.columns(3, border=True)
    with propose:
        pressed = st.button(_("Take as suggestions ({n})").format(n=n), type="primary", icon=":material/rule:",
                            key=f"clash-propose-{token}", width="stretch")  # fmt: skip
        st.text(_("Every difference waits as a suggestion. You accept or reject them, and can undo all of it."))
        if pressed:
            return Choice("propose")
    with source:
        pressed = st.button(
            _("Import as a new source ({n} rows)").format(n=f"{found.rows:,}"), icon=":material/library_add:",
            key=f"clash-source-{token}", width="stretch",
        )  # fmt: skip
        st.text(_("The whole file comes in under another name. Rows that are known and equal are then there twice."))
        name = st.text_input(
            _("Name of the new source"), max_chars=100, key=f"clash-name-{token}", placeholder=f"{found.source} (2)"
        )
        if pressed:
            return Choice("source", name.strip())
    with leave:
        pressed = st.button(_("Leave as it is ({n})").format(n=n), icon=":material/block:", key=f"clash-leave-{token}",
                            width="stretch")  # fmt: skip
        st.text(_("What is known stays as it is. The differences are listed in a file of the workspace."))
        if pressed:
            return Choice("report")
    return None


def settled(choice: Choice, clashed: int, proposals: int, source: str, rejects: str) -> None:
    """Show what was done about the differences of `clashed` items; `proposals` counts the suggestions made of them."""
    n = f"{clashed:,}"
    if choice.way == "propose" and not proposals:
        st.info(_("No new suggestion: they were made before, or a person decided otherwise."), icon=":material/rule:")
    elif choice.way == "propose":
        text = _("Suggestions made: {n}. Accept or reject them below.").format(n=f"{proposals:,}")
        st.success(text, icon=":material/rule:")
    elif choice.way == "source":
        name = forms.plain(source)
        st.success(_("Imported as the new source {name}.").format(name=name), icon=":material/library_add:")
    else:
        text = _("Left as it is: {n} items.").format(n=n)
        if rejects:
            text += " " + _("They are listed in {file} of the workspace.").format(file=forms.plain(rejects))
        st.info(text, icon=":material/block:")
