"""What the address of the Review page opens: the matches of a filter, a stored list, one utterance."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import NotFound
from core.filters import Filter, from_query, in_zone, query_keys
from core.ui import links, translation
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.panels.corpus import chips, filters
from core.ui.widgets import forms, review_screen
from core.workflows.corpus import browse
from core.workflows.review import queues

TITLES = {queues.LIST: N_("The list that was opened"), queues.ITEM: N_("The utterance that was opened")}
_PARAMETERS = {queues.LIST: "list", queues.ITEM: "item"}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a queue is limited to: a Filter or a stored list; `queue`, if set, takes the place of the chosen queue."""

    base: Filter | None = None
    named: str = ""
    queue: str = ""


def extra_queues() -> Sequence[str]:
    """Return the queues that are there only because the address of the page opens them."""
    return [queue for queue, key in _PARAMETERS.items() if st.query_params.get(key)]


def chosen(queue: str, schemes: Sequence[str]) -> Opened | None:
    """Show what is open under `schemes` and return it.

    None if nothing can be reviewed: a choice is missing, or the thing is gone.
    """
    if queue == queues.ITEM:
        return _utterance(st.query_params.get("item", ""))
    if queue == queues.LIST:
        return _list(st.query_params.get("list", ""), schemes)
    filters.tell_unread()
    wanted = address_filter()
    if wanted == Filter():
        if queue != "filter":
            return Opened()
        base = review_screen.chosen_view()
        return None if base is None else Opened(base)
    titles = " · ".join(condition.title for condition in chips.conditions(wanted))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Only: {conditions}").format(conditions=forms.plain(titles)), width="content")
        links.show(_("Show in Corpus"), links.corpus(wanted), ":material/library_music:")
        st.button(_("Take all filters off"), type="tertiary", key="review_unfiltered", on_click=_unfiltered)
    return Opened(wanted, queue=queues.MATCHES if queue == "filter" else queue)


def _unfiltered() -> None:
    for key in query_keys(st.query_params):
        forms.share(key, "")


def address_filter() -> Filter:
    """Return the filter that the address of the page says, its days those of the reader; the empty one for none."""
    wanted = from_query({key: st.query_params.get_all(key) for key in query_keys(st.query_params)})
    return in_zone(wanted, forms.reader_zone())


def _utterance(item: str) -> Opened | None:
    try:
        number = int(item) if item.isdecimal() and len(item) < 16 else -1
        utterance = browse.utterance(workspace(), number)
    except NotFound:
        st.info(_("There is no such utterance. Choose another queue."))
        return None
    return Opened(Filter(ids=(utterance.id,)))


def _list(name: str, schemes: Sequence[str]) -> Opened | None:
    info = queues.opened_list(workspace(), name)
    if info is None:
        st.info(_("This list is not there any more. Open it again where it came from, or choose another queue."))
        return None
    left = queues.left_in_list(workspace(), name, schemes)
    form = N_("{title} · utterances: {n} · {at}")
    if left != info.count:
        form = N_("{title} · utterances: {n}, still to decide: {left} · {at}")
    title, at = forms.plain(translation.translate(info.title)), forms.minute(info.built_at)
    st.caption(_(form).format(title=title, n=f"{info.count:,}", left=f"{left:,}", at=at))
    return Opened(named=name)
