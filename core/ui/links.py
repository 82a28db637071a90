"""Builds the addresses of pages: the one place that knows their names and parameters.

An address is `/PAGE?PARAMETERS` on this server, such as `/corpus?danger=danger`. A parameter without a value is left
out. `back` is the address of the page that a person came from; only an address of a page of ours is one.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import streamlit as st

from core.filters import MOST_IDS, Filter, to_query
from core.ui.frame import PAGES, workspace
from core.ui.i18n import _
from core.workflows.review import queues

LONGEST = 8000  # characters of an address
KEPT = ("lang", "theme")  # parameters that every address keeps from the page that is shown
Values = Mapping[str, str | int | Sequence[str] | None]


def page(name: str, values: Values | None = None, back: str = "") -> str:
    """Return the address of the page `name` with parameters; empty values are left out.

    >>> page("corpus", {"text": "불 났어요", "sort": "", "tag": ["a", "b"]})
    '/corpus?text=%EB%B6%88+%EB%82%AC%EC%96%B4%EC%9A%94&tag=a&tag=b'
    >>> page("overview")
    '/'
    """
    pairs: list[tuple[str, str]] = []
    for key, value in {**_kept(), **(values or {})}.items():
        several = [value] if isinstance(value, str | int) else value or ()
        pairs += [(key, str(entry)) for entry in several if str(entry)]
    path = "/" if name == "overview" else f"/{quote(name)}"
    return with_back(f"{path}?{urlencode(pairs)}" if pairs else path, back)


def corpus(wanted: Filter | None = None, *, back: str = "", **more: str | int) -> str:
    """Return the address of the Corpus page under a Filter; `more` are further parameters, such as `sort`."""
    return page("corpus", {**query(wanted or Filter()), **more}, back)


def query(wanted: Filter) -> dict[str, list[str]]:
    """Return the parameters of a Filter in an address; of many utterances by id, they name a stored list."""
    return to_query(wanted if len(wanted.ids) <= MOST_IDS else queues.addressable(workspace(), wanted))


def review(
    *, queue: str = "", schemes: Sequence[str] = (), wanted: Filter | None = None, named: str = "",
    item: int | None = None, back: str = "",
) -> str:  # fmt: skip
    """Return the address of the Review page: one utterance, a stored list, the matches of a Filter, or a queue.

    `named` is the name of a list of `core.workflows.review.queues.open_list`.

    >>> review(item=12), review(named="k3", schemes=["danger"])
    ('/review?queue=item&item=12', '/review?queue=list&list=k3&schemes=danger')
    >>> review(wanted=Filter(flagged=True), back="/corpus?flagged=true")
    '/review?queue=filter&flagged=true&back=%2Fcorpus%3Fflagged%3Dtrue'
    """
    values: dict[str, Any] = {"queue": queue}
    if item is not None:
        values |= {"queue": "item", "item": item}
    elif named:
        values |= {"queue": "list", "list": named}
    elif wanted is not None:
        values |= {"queue": queue or ("filter" if wanted != Filter() else "all"), **query(wanted)}
    return page("review", values | {"schemes": list(schemes)}, back)


def with_back(address: str, back: str) -> str:
    """Return `address` with the address to come back to; unchanged if `back` is not a page of ours or too long."""
    way = checked_back(back)
    if not way or len(address) + 3 * len(way) > LONGEST:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'back': way})}"


def checked_back(back: str) -> str:
    """Return `back` if it is the address of a page of this server, else "". Its own way back is dropped.

    >>> checked_back("/corpus?text=x&back=%2Fmap"), checked_back("https://evil.example/corpus"), checked_back("//evil")
    ('/corpus?text=x', '', '')
    """
    try:
        parts = urlsplit(back)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or not back.startswith("/") or back.startswith(("//", "/\\")) or parts.fragment:
        return ""
    name = parts.path.removeprefix("/") or "overview"
    if name not in _files() or not back.isprintable():
        return ""
    kept = {key: values for key, values in parse_qs(parts.query).items() if key != "back"}
    return parts.path + (f"?{urlencode(kept, doseq=True)}" if kept else "")


def here(name: str) -> str:
    """Return the address of the page `name` as it is shown now, for the way back to it."""
    return page(name, {key: st.query_params.get_all(key) for key in st.query_params if key != "back"})


def target(address: str) -> tuple[str, dict[str, list[str]]]:
    """Return the file of the page and the parameters of an address; `KeyError` if it is no page of ours."""
    parts = urlsplit(address)
    return _files()[parts.path.removeprefix("/") or "overview"], parse_qs(parts.query)


def show(label: str, address: str, icon: str = ":material/arrow_forward:", **more: Any) -> None:
    """Show a link to an address; it opens in this session, so nothing that was typed is lost."""
    file, values = target(address)
    st.page_link(file, label=label, icon=icon, query_params=values, **more)


def go(address: str) -> None:
    """Open an address in this session, instead of the rest of this run."""
    file, values = target(address)
    st.switch_page(file, query_params=values)


def back_link() -> None:
    """Show the link back to the page that this address names, if it names a page of ours."""
    if way := checked_back(st.query_params.get("back", "")):
        show(_("Go back"), way, icon=":material/arrow_back:")


def _kept() -> dict[str, str]:
    return {key: value for key in KEPT if (value := st.query_params.get(key))}


def _files() -> dict[str, str]:
    """Return the name of each page -> its file, as Streamlit names it in addresses."""
    return {"overview" if info.name == "overview" else PurePosixPath(info.file).stem: info.file for info in PAGES}
