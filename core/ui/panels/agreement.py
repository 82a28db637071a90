"""Agreement on the screen: coefficients with their intervals, by class, pair and person, over time, against speed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from html import escape

import streamlit as st

from core.agreement import Agreement, Every, Figure, Share
from core.agreement.measure import SEVERAL
from core.schemes import SCHEMES, Scheme
from core.ui import phrases
from core.ui.frame import workspace
from core.ui.i18n import N_, _, language
from core.ui.widgets import charts, forms
from core.workflows.review import agreement as work
from core.workflows.review.agreement import Asked

AT_ONCE = 50_000  # more answers than these are measured when asked for
KEPT = 16
MOST_CLASSES = 12  # of a confusion; those answered most often
MOST_ROWS = 24  # of a picture
MOST_LINES = 6
EVERY: dict[str, Every] = {"50": 50, "200": 200, "day": "day", "week": "week"}
TITLES = {"50": N_("50 answers"), "200": N_("200 answers"), "day": N_("a day"), "week": N_("a week")}


@dataclass(frozen=True, slots=True)
class Question:
    """What is measured: a scheme, days (UTC, ISO, "" for open), and the window of the drift."""

    scheme: str
    since: str
    until: str
    every: str


def question() -> Question:
    """What the controls ask for."""
    first, second, third, fourth = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    with first:
        if "scheme" not in st.session_state and "scheme" not in st.query_params:
            st.session_state["scheme"] = _most_answered()
        name = forms.linked_choice(_("Scheme"), list(SCHEMES), "scheme", forms.scheme_title)
    since = second.date_input(_("From (UTC)"), value=None, key="agreement_since")
    until = third.date_input(_("Until (UTC)"), value=None, key="agreement_until")
    with fourth:
        every = forms.linked_choice(_("Over time, by"), list(EVERY), "every", lambda one: _(TITLES[one]))
    return Question(name, _iso(since), _iso(until), every)


def measured(asked: Question) -> Agreement | None:
    """Measured at once where that is quick, by a button with its progress where it is not; None before."""
    ws, known = workspace(), _known()
    mark = (work.last_change(ws), asked, SCHEMES[asked.scheme])
    if mark in known:
        return known[mark]
    n = work.answer_counts(ws).get(asked.scheme, 0)
    if n > AT_ONCE:
        st.info(_("There are {n} answers: measuring them takes a while.").format(n=f"{n:,}"), icon=":material/info:")
        if not st.button(_("Measure"), icon=":material/calculate:", type="primary", key="measure"):
            return None
    bar = st.progress(0.0, text=_("Reading the answers …"))

    def tell(done: int) -> None:
        share = min(done / max(n, 1), 1.0)
        bar.progress(share * 0.5, text=_("Measuring …") if share == 1 else _("Reading the answers …"))

    try:
        found = work.agreement(ws, asked.scheme, Asked(asked.since, asked.until, every=EVERY[asked.every]), tell)
    finally:
        bar.empty()
    known[mark] = found
    while len(known) > KEPT:
        known.pop(next(iter(known)), None)
    return found


@st.cache_resource(show_spinner=False)
def _known() -> dict[object, Agreement]:
    """What was measured, by what it was measured from; the last `KEPT`."""
    return {}


def _most_answered() -> str:
    answers = work.answer_counts(workspace())
    return max(SCHEMES, key=lambda name: answers.get(name, 0))


def _iso(day: object) -> str:
    return day.isoformat() if isinstance(day, date) else ""


# --- what is shown ----------------------------------------------------------------------------------------------------


def whole(found: Agreement) -> None:
    """On what it rests, and the coefficients of all answers."""
    raters = f"{len(found.raters):,}" + (" + " + _("nameless votes") if found.anonymous else "")
    facts = (
        (_("Shared items"), f"{found.n_items:,}"), (_("Answers to these"), f"{found.n_ratings:,}"),
        (_("Curators"), raters), (_("Settled"), f"{found.settled:,}"), (_("With one answer"), f"{found.single:,}"),
    )  # fmt: skip
    for column, (title, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(title, value, border=True)
    rows = [(_("unanimous"), found.unanimous), ("Fleiss κ", found.fleiss), ("Krippendorff α", found.nominal)]
    if found.ordinal is not None:
        rows.append((_("Krippendorff α, ordinal"), found.ordinal))
    _whiskers(rows, "whole")
    _table([{"": name, **_figure(one)} for name, one in rows])
    st.caption(_("1 is full agreement, 0 what chance would give; lines are 95 % intervals over resampled items. Shared "
                 "items have two answers or more: Fleiss takes those with the commonest number of them, Krippendorff "
                 "all. By Krippendorff's own rule an α of .8 can be relied on, one of .667 tentatively."))  # fmt: skip


def by_class(found: Agreement, one: Scheme) -> None:
    st.subheader(_("Each class against the rest"), anchor=False)
    titles = [x.title(language()) for x in one.labels if x.code in found.codes]
    rows = [(title, x.krippendorff) for title, x in zip(titles, found.classes, strict=True)]
    _whiskers(rows, "classes")
    _table(
        [
            {_("Class"): title, _("Answers"): x.n_ratings, "Krippendorff α": _told(x.krippendorff),
             "Fleiss κ": _told(x.fleiss), _("Why none"): _why(x.krippendorff)}
            for title, x in zip(titles, found.classes, strict=True)
        ]
    )  # fmt: skip


def by_pair(found: Agreement) -> None:
    st.subheader(_("Each two curators"), anchor=False)
    if not found.cohen:
        st.caption(_("No two curators with a name answered the same."))
        return
    _whiskers([(f"{x.a} · {x.b}", x.kappa) for x in found.cohen], "pairs")
    _table(
        [
            {_("Curators"): f"{x.a} · {x.b}", "Cohen κ": _told(x.kappa), _("same answer"): _percent(x.agreed),
             _("Items"): x.kappa.n, _("Why none"): _why(x.kappa)}
            for x in found.cohen
        ]
    )  # fmt: skip


def confusion(found: Agreement, one: Scheme) -> None:
    """Which classes are taken for which: of any two people, or of one person against what the others said."""
    st.subheader(_("Which class is taken for which"), anchor=False)
    if not found.pairs:
        st.caption(phrases.shown(SEVERAL))
        return
    people = {x.rater: x for x in found.against if x.agreed.n}
    who = forms.linked_choice(
        _("Whose answers"),
        ["", *people],
        "who",
        lambda name: name or _("any two curators"),
        label_visibility="collapsed",
    )
    matrix = people[who].matrix if who else found.pairs
    axes = (_("what most others said, or settled"), who) if who else (_("one curator"), _("the other"))
    shown, kept = _used(matrix, one)
    figure = charts.confusion(kept, shown, language(), (escape(axes[0]), escape(axes[1])))
    st.plotly_chart(figure, key="agreement-confusion", config={"displayModeBar": False})
    if who:
        agreed = people[who].agreed
        told = _("{who}: {k} of {n} as the others, {share}")
        st.caption(told.format(who=forms.plain(who), k=agreed.k, n=agreed.n, share=forms.plain(_told(agreed))))


def drift(found: Agreement) -> None:
    st.subheader(_("Over time"), anchor=False)
    known = [x for x in found.drift if x.windows]
    if not known:
        st.caption(_("Nobody answered by hand yet; imported votes have no time."))
        return
    names = [x.rater for x in sorted(known, key=lambda x: -len(x.windows))][:MOST_LINES]
    lines = {x.rater: [(w.last_at, w.agreed.value or 0.0) for w in x.windows] for x in known if x.rater in names}
    st.plotly_chart(charts.over_time(lines), key="drift", config={"displayModeBar": False})
    _table(
        [
            {_("Curator"): x.rater, _("Windows"): len(x.windows), _("First"): _percent(x.windows[0].agreed.value),
             _("Last"): _percent(x.windows[-1].agreed.value), _("Change"): _points(x.change)}
            for x in known
        ]
    )  # fmt: skip


def speed(found: Agreement) -> None:
    st.subheader(_("Against the time taken"), anchor=False)
    if not found.speed:
        st.caption(_("No answer tells how long it took."))
        return
    rows = [
        (_("{a} to {b} s").format(a=f"{x.from_ms / 1000:.1f}", b=f"{x.to_ms / 1000:.1f}"), x.agreed)
        for x in found.speed
    ]
    _whiskers(rows, "speed", percent=True)
    st.caption(_("The share of answers as the others', in five parts from the quickest to the slowest."))


def _used(matrix: Sequence[Sequence[int]], one: Scheme) -> tuple[Scheme, list[list[int]]]:
    """The classes that were answered, the commonest where there are many, and their part of `matrix`; safe titles."""
    times = [sum(row) + sum(column) for row, column in zip(matrix, zip(*matrix, strict=True), strict=True)]
    most = sorted(range(len(times)), key=lambda k: -times[k])[:MOST_CLASSES]
    places = [k for k in sorted(most) if times[k]] or [0]
    labels = [one.labels[k] for k in places]
    safe = tuple(replace(x, ko=escape(x.ko), en=escape(x.en)) for x in labels)
    return replace(one, labels=safe), [[matrix[i][j] for j in places] for i in places]


def _whiskers(rows: Sequence[tuple[str, Figure | Share]], key: str, *, percent: bool = False) -> None:
    known = [row for row in rows if row[1].value is not None]
    if known:
        figure = charts.whiskers(known[:MOST_ROWS], percent=percent)
        st.plotly_chart(figure, key=f"agreement-{key}", config={"displayModeBar": False})
    if len(known) > MOST_ROWS:
        st.caption(_("The first {n} are shown.").format(n=MOST_ROWS))


def _table(rows: list[dict[str, object]]) -> None:
    if not any(row.get(_("Why none")) for row in rows):
        rows = [{name: value for name, value in row.items() if name != _("Why none")} for row in rows]
    st.dataframe(rows, hide_index=True, placeholder="–")


def _figure(one: Figure) -> dict[str, object]:
    value: dict[str, object] = {
        _("value"): None if one.value is None else round(one.value, 3),
        _("95 %"): _interval(one),
    }
    rests = {_("Items"): one.n, _("Answers"): one.n_ratings, _("Curators"): one.n_raters}
    return value | rests | {_("Why none"): _why(one)}


def _told(one: Figure | Share) -> str:
    if one.value is None:
        return "–"
    return f"{one.value:.3f} ({_interval(one)})" if one.low is not None else f"{one.value:.3f}"


def _interval(one: Figure | Share) -> str:
    return "–" if one.low is None or one.high is None else f"{one.low:.3f} – {one.high:.3f}"


def _why(one: Figure) -> str:
    return phrases.shown(one.reason) if one.reason else ""


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _points(change: float | None) -> str:
    """A difference of two shares, in points of a hundred."""
    return "–" if change is None else f"{change * 100:+.0f}"
