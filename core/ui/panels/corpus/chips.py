"""Chips of the active filters: what each one asks for, how many utterances it has alone, and a cross to take it off.

A chip shows also a filter that came by the address and has no input on the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.filters import Filter
from core.records import UNLABELLED, RunInfo
from core.schemes import SCHEMES, split_codes
from core.ui import links, translation
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.corpus import filters, views
from core.ui.widgets import forms
from core.workflows.corpus import browse
from core.workflows.review import queues


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a Filter: its title, the Filter of it alone, and the Filter without it."""

    title: str
    alone: Filter
    rest: Filter


def conditions(wanted: Filter) -> list[Condition]:
    """Return the conditions of a Filter in words of the reader's language; titles are hostile text."""
    return [
        Condition(title, replace(Filter(), **fields), replace(wanted, **rest)) for title, fields, rest in _parts(wanted)
    ]


Part = tuple[str, dict[str, Any], dict[str, Any]]  # title, the fields of the condition alone, the fields without it


def _parts(wanted: Filter) -> Iterator[Part]:
    if wanted.text:
        text = _("Text: {text}").format(text=wanted.text)
        spacing = {"ignore_spacing": wanted.ignore_spacing}
        yield text, {"text": wanted.text, **spacing}, {"text": "", "ignore_spacing": False}
    for name, codes in wanted.labels.items():
        if codes:
            title = ", ".join(_code_title(name, code) for code in codes)
            rest = {other: value for other, value in wanted.labels.items() if other != name}
            of = forms.scheme_title(name) if name in SCHEMES else forms.unknown(name)
            yield f"{of}: {title}", {"labels": {name: codes}}, {"labels": rest}
    yield from _lists(wanted)
    yield from _numbers(wanted)
    yield from _work(wanted)
    yield from _flags(wanted)


def _code_title(scheme_name: str, code: str) -> str:
    """Return the title of a class; of one that the scheme does not have, its code, called unknown."""
    known = scheme_name not in SCHEMES or {UNLABELLED, *SCHEMES[scheme_name].codes}.issuperset(split_codes(code))
    return forms.code_title(scheme_name, code) if known else forms.unknown(code)


def _lists(wanted: Filter) -> Iterator[Part]:
    choices = browse.filter_choices(workspace())
    sources = {source.id: source.name for source in choices.sources}
    kinds: list[tuple[str, str, Any, Any]] = [
        ("speaker", _("Speaker"), choices.speakers, forms.speaker_title),
        ("origin", _("Origin"), choices.origins, forms.origin_title), ("tag", _("Tag"), choices.tags, str),
        ("source", _("Source"), sources, sources.get), ("curator", _("Decided by"), choices.curators, str),
    ]  # fmt: skip
    for key, title, known, of_value in kinds:
        if values := getattr(wanted, key):
            titles = (of_value(value) if value in known else forms.unknown(str(value)) for value in values)
            yield f"{title}: {', '.join(titles)}", {key: values}, {key: ()}
    if wanted.ids:
        yield _("Single utterances: {n}").format(n=f"{len(wanted.ids):,}"), {"ids": wanted.ids}, {"ids": ()}
    if wanted.listed:
        stored = queues.opened_list(workspace(), wanted.listed)
        title = translation.translate(stored.title) if stored else forms.unknown(_("Chosen utterances"))
        yield title, {"listed": wanted.listed}, {"listed": ""}


def _numbers(wanted: Filter) -> Iterator[Part]:
    if wanted.min_chars is not None or wanted.max_chars is not None:
        span = {"min_chars": wanted.min_chars, "max_chars": wanted.max_chars}
        title = _("Length: {low} to {high}").format(
            low=wanted.min_chars or 0, high="∞" if wanted.max_chars is None else wanted.max_chars
        )
        yield title, span, {"min_chars": None, "max_chars": None}
    if wanted.recording_id is not None:
        name = browse.recording_name(workspace(), wanted.recording_id) or _("unknown")
        call = {"recording_id": wanted.recording_id}
        yield _("Call: {name}").format(name=name), call, {"recording_id": None}
    if wanted.after_id is not None:
        title = _("After number {n}").format(n=f"{wanted.after_id:,}")
        yield title, {"after_id": wanted.after_id}, {"after_id": None}


def _work(wanted: Filter) -> Iterator[Part]:
    who = {"curator": wanted.curator}  # a time is about the decisions of these curators
    if wanted.since:
        day = filters.day_of(wanted.since)
        yield _("Decided from: {day}").format(day=day), {"since": wanted.since, **who}, {"since": ""}
    if wanted.until:
        day = filters.day_of(wanted.until, end=True)
        yield _("Decided up to: {day}").format(day=day), {"until": wanted.until, **who}, {"until": ""}
    if wanted.run:
        fields = {name: getattr(wanted, name) for name in ("run", "target", "predicted", "wrong")}
        yield _run_title(wanted), fields, {"run": "", "target": "", "predicted": (), "wrong": None}


def _run_title(wanted: Filter) -> str:
    known: dict[str, RunInfo] = {run.id: run for run in browse.filter_choices(workspace()).runs}
    target = wanted.target or (known[wanted.run].scheme if wanted.run in known else "")
    what = [", ".join(_code_title(target, code) for code in wanted.predicted)] if wanted.predicted else []
    if wanted.wrong is not None:
        what.append(_("wrong") if wanted.wrong else _("right"))
    title = _("Prediction of {run}").format(run=filters.run_title(wanted.run, known))
    return f"{title}: {' · '.join(what)}" if what else title


def _flags(wanted: Filter) -> Iterator[Part]:
    titles = {
        "flagged": (_("Flagged"), _("Not flagged")), "skipped": (_("Skipped"), _("Not skipped")),
        "with_audio": (_("With audio"), _("Without audio")), "in_recording": (_("In a call"), _("Not in a call")),
    }  # fmt: skip
    for key, (yes, no) in titles.items():
        if (value := getattr(wanted, key)) is not None:
            yield yes if value else no, {key: value}, {key: None}
    if wanted.comment:
        title = f"{_('Comments')}: {_(filters.COMMENTS[wanted.comment])}"
        yield title, {"comment": wanted.comment}, {"comment": ""}


def show(wanted: Filter) -> None:
    """Show a chip for each condition; its button takes the condition off."""
    active = conditions(wanted)
    if not active:
        return
    numbers = browse.counts(workspace(), [condition.alone for condition in active])
    with st.container(horizontal=True, key="chips"):
        for place, (condition, n) in enumerate(zip(active, numbers, strict=True)):
            st.button(
                f"{forms.plain(condition.title)} · {n:,}", icon=":material/close:", icon_position="right",
                key=f"chip-{place}", help=_("Take this filter off; alone it has {n}.").format(n=f"{n:,}"),
                on_click=_keep_only, args=(condition.rest,),
            )  # fmt: skip
        if len(active) > 1:
            st.button(
                _("Take all filters off"), type="tertiary", key="chip-none", on_click=_keep_only, args=(Filter(),)
            )


def _keep_only(wanted: Filter) -> None:
    sort = st.query_params.get_all("sort")
    views.restore(links.query(wanted) | ({"sort": sort} if any(sort) else {}))
