"""What is selected on the map: how many points, the table of them, and what can be done with all of them at once.

An action says the number and asks once; one button takes all of it back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.errors import CoreError
from core.records import BulkAction
from core.schemes import JOIN, SCHEMES
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.corpus.bulk import last_action
from core.ui.panels.map import opening, titles
from core.ui.widgets import forms
from core.workflows.corpus import browse, bulk
from core.workflows.map.drawing import LABEL, Drawing

KEY, ASKED, DONE, TROUBLE = "map_selected", "map_asked", "map_done", "map_trouble_of_action"
PAGE_SIZE = 25
ACTIONS = {"label": N_("Set a label"), "tag": N_("Add a tag"), "untag": N_("Remove a tag")}


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that waits for a yes: `ids` is what it changes, `text` says what it does."""

    ids: tuple[int, ...]
    text: str
    run: partial[BulkAction]


def ids() -> list[int]:
    """Return the ids that were selected last."""
    return list(st.session_state.get(KEY, ()))


def keep(chosen: Sequence[int]) -> None:
    """Remember what was selected. A question about an earlier selection is taken off."""
    st.session_state[KEY] = tuple(chosen)
    st.session_state.pop(ASKED, None)


def panel(shown: Drawing, chosen: list[int], way: str, pick: Callable[[int], None]) -> None:
    """Show the selected points `chosen` and the actions on them; without any, how many points each category has.

    `pick` is called with the id of a row of the table that is picked.
    """
    st.header(_("Selected: {n}").format(n=f"{len(chosen):,}"), anchor=False)
    _tell_outcome()
    if not chosen:
        st.caption(_("Select points by dragging, or take what is in sight or a class of the legend."))
        _table_of_categories(shown)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        _action(chosen, way)
        opening.many(chosen, way)
    _ask()
    _table(chosen, pick)


def _table_of_categories(shown: Drawing) -> None:
    """Show the numbers of the legend as a table, for those who do not see the map."""
    rows = [{_("Category"): titles.category_title(category), _("Points"): category.n} for category in shown.categories]
    st.dataframe(rows, hide_index=True, width="content")


def _table(chosen: list[int], pick: Callable[[int], None]) -> None:
    number = 1
    if len(chosen) > PAGE_SIZE:
        number = st.pagination(-(-len(chosen) // PAGE_SIZE), key=f"map_page_{hash(tuple(chosen))}")
    listed = chosen[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    page, key = browse.utterances(workspace(), listed), f"map_rows_{hash(tuple(listed))}"

    def picked() -> None:
        if rows := st.session_state[key]["selection"]["rows"]:
            pick(page[rows[0]].id)

    st.dataframe(
        forms.utterance_rows(page), hide_index=True, column_config={"id": None}, key=key, on_select=picked,
        selection_mode="single-row",
    )  # fmt: skip
    st.caption(_("Pick a row to hear it and to see its neighbours."))


# -- actions


def _action(chosen: list[int], way: str) -> None:
    with st.popover(_("Label or tag"), icon=":material/checklist:"):
        kind = st.selectbox(_("Do"), list(ACTIONS), format_func=lambda name: _(ACTIONS[name]), key="map_do")
        made = _labelling(chosen, way) if kind == "label" else _tagging(chosen, kind == "untag")
        st.button(
            _("Go on"), key="map_go_on", type="primary", disabled=made is None, on_click=_wait_for_yes, args=(made,)
        )


def _labelling(chosen: list[int], way: str) -> Asked | None:
    names = list(SCHEMES)
    coloured = way.removeprefix(LABEL)
    start = names.index(coloured) if way.startswith(LABEL) and coloured in names else 0
    name = st.selectbox(_("Scheme"), names, index=start, format_func=forms.scheme_title, key="map_scheme")
    scheme = SCHEMES[name]
    code: str | None
    if scheme.kind == "multi":
        titled = partial(forms.code_title, name)
        code = JOIN.join(st.multiselect(_("Classes"), scheme.codes, format_func=titled, key=f"map_of_{name}"))
    else:
        code = st.selectbox(
            _("Class"), scheme.codes, index=None, format_func=partial(forms.code_title, name), key=f"map_of_{name}"
        )
    if not code:
        return None
    title = f"{forms.scheme_title(name)} = {forms.code_title(name, code)}"
    text = _("Set {label}: utterances {n}").format(label=title, n=f"{len(chosen):,}")
    return Asked(tuple(chosen), text, partial(bulk.label, workspace(), chosen, name, code))


def _tagging(chosen: list[int], remove: bool) -> Asked | None:
    known = bulk.tags(workspace())
    name = st.selectbox(
        _("Tag"), known, index=None, accept_new_options=not remove, key=f"map_tag_{remove}",
        placeholder=_("Choose a tag") if remove else _("Choose a tag or type a new one"),
    )  # fmt: skip
    if not name:
        return None
    form = N_("Remove the tag {tag}: utterances {n}") if remove else N_("Add the tag {tag}: utterances {n}")
    text = _(form).format(tag=name, n=f"{len(chosen):,}")
    return Asked(tuple(chosen), text, partial(bulk.tag, workspace(), chosen, name, remove=remove))


def _wait_for_yes(asked: Asked | None) -> None:
    st.session_state[ASKED] = asked


def _ask() -> None:
    """Show the question that is open, with its number, and its two answers."""
    asked: Asked | None = st.session_state.get(ASKED)
    if asked is None:
        return
    with st.container(border=True):
        st.text(asked.text)
        with st.container(horizontal=True):
            yes = _("Yes, change {n}").format(n=f"{len(asked.ids):,}")
            st.button(yes, key="map_yes", type="primary", icon=":material/done_all:", on_click=_do, args=(asked,))
            st.button(_("No"), key="map_no", on_click=_wait_for_yes, args=(None,))


def _do(asked: Asked) -> None:
    st.session_state.pop(ASKED, None)
    try:
        done = asked.run(curator=curator())
    except CoreError as error:
        st.session_state[TROUBLE] = explain(error)
    else:
        st.session_state[DONE] = _("Changed: {n}.").format(n=f"{done.count:,}")


def _tell_outcome() -> None:
    if trouble := st.session_state.pop(TROUBLE, ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if done := st.session_state.pop(DONE, ""):
        st.success(done, icon=":material/done_all:")
    last_action()
