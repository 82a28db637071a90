"""Agreement on the screen: coefficients with intervals, by class, pair and person, over time, and against speed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, tzinfo
from html import escape

import streamlit as st

from core.agreement import Agreement, Figure, Share, WindowSize
from core.agreement.measure import SEVERAL
from core.schemes import SCHEMES, Scheme
from core.ui import translation
from core.ui.frame import workspace
from core.ui.i18n import N_, _, language
from core.ui.widgets import chart_table, charts, forms
from core.workflows.review import agreement
from core.workflows.review.agreement import AgreementQuery

MOST_WITHOUT_ASKING = 50_000  # with more answers, a button starts the measurement
MOST_CACHED = 16
MOST_CLASSES = 12  # in a confusion matrix: the ones answered most often
MOST_ROWS = 24  # in a picture
MOST_LINES = 6
EVERY: dict[str, WindowSize] = {"50": 50, "200": 200, "day": "day", "week": "week"}
TITLES = {"50": N_("50 answers"), "200": N_("200 answers"), "day": N_("a day"), "week": N_("a week")}


@dataclass(frozen=True, slots=True)
class AgreementChoice:
    """What to measure: a scheme, first and last day (ISO, "" for open), the window of the drift, and whose days."""

    scheme: str
    since: str
    until: str
    every: str
    zone: tzinfo = UTC


def chosen_query() -> AgreementChoice:
    """Show the controls and return the query that they describe."""
    first, second, third, fourth = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    with first:
        if "scheme" not in st.session_state and "scheme" not in st.query_params:
            st.session_state["scheme"] = _most_answered()
        name = forms.linked_choice(_("Scheme"), list(SCHEMES), "scheme", forms.scheme_title)
    since = second.date_input(_("From the day"), value=None, key="agreement_since")
    until = third.date_input(_("Up to the day"), value=None, key="agreement_until")
    with fourth:
        every = forms.linked_choice(_("Over time, by"), list(EVERY), "every", lambda choice: _(TITLES[choice]))
    return AgreementChoice(name, _iso(since), _iso(until), every, forms.reader_zone())


def measure(query: AgreementChoice) -> Agreement | None:
    """Return the agreement for `query`. With many answers, a button starts it and a bar shows progress; None before."""
    ws, cache = workspace(), _cache()
    cache_key = (agreement.last_change(ws), query, SCHEMES[query.scheme])
    if cache_key in cache:
        return cache[cache_key]
    n = agreement.answer_counts(ws).get(query.scheme, 0)
    if n > MOST_WITHOUT_ASKING:
        st.info(_("There are {n} answers: measuring them takes a while.").format(n=f"{n:,}"), icon=":material/info:")
        if not st.button(_("Measure"), icon=":material/calculate:", type="primary", key="measure"):
            return None
    bar = st.progress(0.0, text=_("Reading the answers …"))

    def tell(done: int) -> None:
        share = min(done / max(n, 1), 1.0)
        bar.progress(share * 0.5, text=_("Measuring …") if share == 1 else _("Reading the answers …"))

    try:
        measures = agreement.agreement(
            ws, query.scheme, AgreementQuery(query.since, query.until, every=EVERY[query.every], zone=query.zone), tell
        )
    finally:
        bar.empty()
    cache[cache_key] = measures
    while len(cache) > MOST_CACHED:
        cache.pop(next(iter(cache)), None)
    return measures


@st.cache_resource(show_spinner=False)
def _cache() -> dict[object, Agreement]:
    """Return the results of this server by (last change, query, scheme); at most `MOST_CACHED` of them."""
    return {}


def _most_answered() -> str:
    answers = agreement.answer_counts(workspace())
    return max(SCHEMES, key=lambda name: answers.get(name, 0))


def _iso(day: object) -> str:
    return day.isoformat() if isinstance(day, date) else ""


# --- showing ----------------------------------------------------------------------------------------------------------


def whole(measures: Agreement) -> None:
    """Show the counts behind the agreement, and the coefficients of all answers."""
    raters = f"{len(measures.raters):,}" + (" + " + _("nameless votes") if measures.anonymous else "")
    facts = (
        (_("Shared items"), f"{measures.n_items:,}"), (_("Answers to these"), f"{measures.n_ratings:,}"),
        (_("Curators"), raters), (_("Settled"), f"{measures.settled:,}"),
        (_("With one answer"), f"{measures.single:,}"),
    )  # fmt: skip
    for column, (title, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(title, value, border=True)
    rows = [(_("unanimous"), measures.unanimous), ("Fleiss κ", measures.fleiss), ("Krippendorff α", measures.nominal)]
    if measures.ordinal is not None:
        rows.append((_("Krippendorff α, ordinal"), measures.ordinal))
    _whiskers(rows, _("Agreement"), "whole")
    _table([{_("Measure"): name, **_figure_row(figure)} for name, figure in rows])
    st.caption(_("1 is full agreement, 0 what chance would give; lines are 95% intervals over resampled items. Shared "
                 "items have two answers or more: Fleiss takes those with the commonest number of them, Krippendorff "
                 "all. By Krippendorff's own rule an α of .8 can be relied on, one of .667 tentatively."))  # fmt: skip


def by_class(measures: Agreement, scheme: Scheme) -> None:
    st.header(_("Each class against the rest"), anchor=False)
    titles = [x.title(language()) for x in scheme.labels if x.code in measures.codes]
    rows = [(title, x.krippendorff) for title, x in zip(titles, measures.classes, strict=True)]
    _whiskers(rows, _("Each class against the rest"), "classes")
    _table(
        [
            {_("Class"): title, _("Answers"): x.n_ratings, "Krippendorff α": _value_with_interval(x.krippendorff),
             "Fleiss κ": _value_with_interval(x.fleiss), _("Why none"): _missing_reason(x.krippendorff)}
            for title, x in zip(titles, measures.classes, strict=True)
        ]
    )  # fmt: skip


def by_pair(measures: Agreement) -> None:
    st.header(_("Each two curators"), anchor=False)
    if not measures.cohen:
        st.caption(_("No two curators with a name answered the same."))
        return
    _whiskers([(f"{x.a} · {x.b}", x.kappa) for x in measures.cohen], _("Each two curators"), "pairs")
    _table(
        [
            {_("Curators"): f"{x.a} · {x.b}", "Cohen κ": _value_with_interval(x.kappa),
             _("same answer"): _percent(x.agreed),
             _("Items"): x.kappa.n, _("Why none"): _missing_reason(x.kappa)}
            for x in measures.cohen
        ]
    )  # fmt: skip


def confusion(measures: Agreement, scheme: Scheme) -> None:
    """Show which class is taken for which: between any two people, or one person against the others."""
    st.header(_("Which class is taken for which"), anchor=False)
    if not measures.pairs:
        st.caption(translation.translate(SEVERAL))
        return
    people = {x.rater: x for x in measures.against if x.agreed.n}
    who = forms.linked_choice(
        _("Whose answers"),
        ["", *people],
        "who",
        lambda name: name or _("any two curators"),
        label_visibility="collapsed",
    )
    matrix = people[who].matrix if who else measures.pairs
    axes = (_("what most others said, or settled"), who) if who else (_("one curator"), _("the other"))
    used_scheme, used_matrix = _answered_classes(matrix, scheme)
    figure = charts.confusion(used_matrix, used_scheme, language(), (escape(axes[0]), escape(axes[1])))
    chart_table.show(figure, _("Which class is taken for which"), "agreement-confusion", tools=False)
    if who:
        agreed = people[who].agreed
        template = _("{who}: {k} of {n} as the others, {share}")
        st.caption(
            template.format(
                who=forms.plain(who), k=agreed.k, n=agreed.n, share=forms.plain(_value_with_interval(agreed))
            )
        )


def drift(measures: Agreement) -> None:
    st.header(_("Over time"), anchor=False)
    measured = [x for x in measures.drift if x.windows]
    if not measured:
        st.caption(_("Nobody answered by hand yet; imported votes have no time."))
        return
    names = [x.rater for x in sorted(measured, key=lambda x: -len(x.windows))][:MOST_LINES]
    lines = {x.rater: [(w.last_at, w.agreed.value or 0.0) for w in x.windows] for x in measured if x.rater in names}
    chart_table.show(charts.over_time(lines), _("Over time"), "drift", tools=False)
    _table(
        [
            {_("Curator"): x.rater, _("Windows"): len(x.windows), _("First"): _percent(x.windows[0].agreed.value),
             _("Last"): _percent(x.windows[-1].agreed.value), _("Change"): _points(x.change)}
            for x in measured
        ]
    )  # fmt: skip


def speed(measures: Agreement) -> None:
    st.header(_("Against the time taken"), anchor=False)
    if not measures.speed:
        st.caption(_("No answer tells how long it took."))
        return
    rows = [
        (_("{a} to {b} s").format(a=f"{x.from_ms / 1000:.1f}", b=f"{x.to_ms / 1000:.1f}"), x.agreed)
        for x in measures.speed
    ]
    _whiskers(rows, _("Against the time taken"), "speed", percent=True, table=True)
    st.caption(_("The share of answers as the others', in five parts from the quickest to the slowest."))


def _answered_classes(matrix: Sequence[Sequence[int]], scheme: Scheme) -> tuple[Scheme, list[list[int]]]:
    """Return a scheme with only the most answered classes (escaped titles), and the part of `matrix` for them."""
    answer_counts = [sum(row) + sum(column) for row, column in zip(matrix, zip(*matrix, strict=True), strict=True)]
    most = sorted(range(len(answer_counts)), key=lambda k: -answer_counts[k])[:MOST_CLASSES]
    places = [k for k in sorted(most) if answer_counts[k]] or [0]
    labels = [scheme.labels[k] for k in places]
    safe = tuple(replace(x, ko=escape(x.ko), en=escape(x.en)) for x in labels)
    return replace(scheme, labels=safe), [[matrix[i][j] for j in places] for i in places]


def _whiskers(
    rows: Sequence[tuple[str, Figure | Share]], title: str, key: str, *, percent: bool = False, table: bool = False
) -> None:
    drawn = [row for row in rows if row[1].value is not None]
    if drawn:
        figure = charts.whiskers(drawn[:MOST_ROWS], percent=percent)
        chart_table.show(figure, title, f"agreement-{key}", tools=False, table=table)
    if len(drawn) > MOST_ROWS:
        st.caption(_("The first {n} are shown.").format(n=MOST_ROWS))


def _table(rows: list[dict[str, object]]) -> None:
    if not any(row.get(_("Why none")) for row in rows):
        rows = [{name: value for name, value in row.items() if name != _("Why none")} for row in rows]
    st.dataframe(rows, hide_index=True, placeholder="–")


def _figure_row(figure: Figure) -> dict[str, object]:
    value: dict[str, object] = {
        _("value"): None if figure.value is None else round(figure.value, 3),
        _("95%"): _interval(figure),
    }
    counts = {_("Items"): figure.n, _("Answers"): figure.n_ratings, _("Curators"): figure.n_raters}
    return value | counts | {_("Why none"): _missing_reason(figure)}


def _value_with_interval(figure: Figure | Share) -> str:
    if figure.value is None:
        return "–"
    return f"{figure.value:.3f} ({_interval(figure)})" if figure.low is not None else f"{figure.value:.3f}"


def _interval(figure: Figure | Share) -> str:
    return "–" if figure.low is None or figure.high is None else f"{figure.low:.3f} – {figure.high:.3f}"


def _missing_reason(figure: Figure) -> str:
    return translation.translate(figure.reason) if figure.reason else ""


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _points(change: float | None) -> str:
    """Format a difference of two shares in percentage points."""
    return "–" if change is None else f"{change * 100:+.0f}"
