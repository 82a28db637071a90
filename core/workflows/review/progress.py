"""Progress of review: how much each curator did, how fast and how well, and when the work will be done.

Only decisions made by hand count, and only if they were not undone. Working time is measured in two ways: `spent_ms` is
the time that items were on screen; `worked_ms` is the clock time from the first to the last answer of a working period,
which ends after `GAP_MS` without a decision. A burn-down counts each target at its first answer. Labels that came with
a delivery are not counted as work.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path

from core.agreement import Share, build_ratings, compare_answers, share
from core.errors import InputError
from core.files import atomic_path
from core.filters import Filter
from core.records import StandingAnswer
from core.schemes import SCHEMES, Scheme, split_codes
from core.store import Tally
from core.text.cells import escape_formula
from core.workflows.review.agreement import answers_of, last_change, settled_of, standing_answers
from core.workflows.workspace import Workspace, now

GAP_MS = 5 * 60_000
PACE_DAYS = 14  # a projection uses the mean pace of this many days
LONGEST_DAYS = 3_650
HOUR_MS = 3_600_000
COLUMNS = ("curator", "day", "scheme", "decisions", "hours")


@dataclass(frozen=True, slots=True)
class CuratorWork:
    """What one curator did under one scheme. `scheme` "" means all schemes; it counts each decision once.

    `per_hour` is answers per hour of `worked_ms`; with fewer than two answers it is decisions per hour of `spent_ms`,
    None if that is 0. `classes` counts the curator's answers by class; `agreed` is the share that equals the consensus
    (`core.agreement`).
    """

    curator: str
    scheme: str
    decisions: int
    spent_ms: int
    worked_ms: int
    per_hour: float | None
    last_day: str
    classes: Mapping[str, int] = field(default_factory=dict)
    agreed: Share = field(default_factory=lambda: share(0, 0))


@dataclass(frozen=True, slots=True)
class Day:
    """One day: `done` targets got their first answer, `left` had none at its end. `projected`: a forecast."""

    day: str
    done: float
    left: float
    projected: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """How much of a scheme is labelled and when the rest will be. `per_day` is the mean of the last `PACE_DAYS` days.

    `finish` is the day on which the work ends at that pace; None if it never does. `hours_left` is the time
    that is left at the curators' speed; None if no curator has a speed yet.
    """

    scheme: str
    targets: int
    labelled: int
    gold: int
    left: int
    classes: Mapping[str, int]
    per_day: float
    hours_left: float | None
    finish: str | None
    burn_down: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """`work` by curator and scheme, a forecast for each scheme in use, and the counts of each day."""

    work: tuple[CuratorWork, ...]
    forecasts: tuple[Forecast, ...]
    days: tuple[Tally, ...]


def progress(ws: Workspace, today: str = "", zone: tzinfo = UTC) -> Progress:
    """The progress at the end of the day `today` (ISO 8601); "" means the present day. Days are those of `zone`."""
    today = today or _day(now(), zone)
    days = tuple(ws.store.review.tally(zone=zone))
    totals = ws.store.corpus.progress()
    names = [name for name in SCHEMES if totals[name]["labelled"] or any(day.scheme == name for day in days)]
    answers = {name: standing_answers(ws, name) for name in names}
    work = tuple(_curator_work(days, answers))
    forecasts = tuple(_forecast(SCHEMES[name], totals[name], answers[name], work, today, zone) for name in names)
    return Progress(work, forecasts, days)


def progress_mark(ws: Workspace) -> tuple[str, int, int, int]:
    """A value that changes with every import and every decision: while it is the same, so is `progress`."""
    return (*last_change(ws), ws.store.corpus.find(Filter(), limit=0).total)


def write_csv(days: Iterable[Tally], path: Path) -> int:
    """Write hours on screen and counts by curator, day and scheme; returns the number of rows.

    A row with an empty scheme counts every decision once. `InputError` if the file cannot be written.
    """
    rows = [(t.curator, t.day, t.scheme, t.decisions, f"{t.spent_ms / HOUR_MS:.4f}") for t in days]
    try:
        # The BOM makes spreadsheets read Hangul.
        with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8-sig") as file:
            out = csv.writer(file)
            out.writerow(COLUMNS)
            out.writerows(
                (escape_formula(who), day, escape_formula(name), n, hours) for who, day, name, n, hours in rows
            )
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    return len(rows)


def worked_ms(answers: Iterable[StandingAnswer]) -> int:
    """The clock time (ms) of one person's working periods. The first answer of a period counts with its `spent_ms`."""
    spent = {answer.at: answer.spent_ms or 0 for answer in sorted(answers, key=lambda answer: answer.spent_ms or 0)}
    instants = sorted(spent)
    total = min(spent[instants[0]], GAP_MS) if instants else 0
    for before, after in pairwise(instants):
        passed = _elapsed_ms(before, after)
        total += passed if passed <= GAP_MS else min(spent[after], GAP_MS)
    return total


def burn_down(
    answers: Iterable[StandingAnswer], left: int, today: str, zone: tzinfo = UTC
) -> tuple[tuple[Day, ...], float]:
    """The days from the first answer to today, then the projected days to the end; and the pace in targets a day.

    `left` is the number of targets without an answer at the end of `today`. Days are those of `zone`.
    """
    first: dict[int, str] = {}
    for answer in answers:
        day = _day(answer.at, zone)
        first[answer.target_id] = min(day, first.get(answer.target_id, day))
    answered = Counter(first.values())
    if not answered:
        return (Day(today, 0, left),), 0.0
    start, last = date.fromisoformat(min(answered)), date.fromisoformat(max(today, *answered))
    days = [(start + timedelta(days=n)).isoformat() for n in range((last - start).days + 1)]
    after, burned = left, list[Day]()
    for day in reversed(days):
        burned.append(Day(day, answered[day], after))
        after += answered[day]
    recent = days[-PACE_DAYS:]
    pace = sum(answered[day] for day in recent) / len(recent)
    return (*reversed(burned), *_projected(last, left, pace)), pace


def _projected(last: date, left: int, pace: float) -> list[Day]:
    """The days after `last` until nothing is left; none if that takes more than `LONGEST_DAYS`."""
    if not pace or left / pace > LONGEST_DAYS:
        return []
    projected, rest, day = list[Day](), float(left), last
    while rest > 1e-9:
        day += timedelta(days=1)
        answered = min(pace, rest)
        rest -= answered
        projected.append(Day(day.isoformat(), answered, max(rest, 0.0), projected=True))
    return projected


def _curator_work(days: Sequence[Tally], standing: Mapping[str, Sequence[StandingAnswer]]) -> Iterable[CuratorWork]:
    by_hand = {name: [answer for answer in given if answer.kind == "answer"] for name, given in standing.items()}
    by_hand[""] = [answer for given in by_hand.values() for answer in given]
    agreed = {name: _agreed_by_curator(given) for name, given in standing.items()}
    for who, name in sorted({(day.curator, day.scheme) for day in days}):
        tallies = [day for day in days if (day.curator, day.scheme) == (who, name)]
        answers = [answer for answer in by_hand.get(name, ()) if answer.curator == who]
        decisions, spent = sum(t.decisions for t in tallies), sum(t.spent_ms for t in tallies)
        worked = worked_ms(answers)
        yield CuratorWork(
            who, name, decisions, spent, worked, _per_hour(len({x.at for x in answers}), worked, decisions, spent),
            max(t.day for t in tallies), _class_counts(name, answers), agreed.get(name, {}).get(who, share(0, 0)),
        )  # fmt: skip


def _per_hour(answers: int, worked: int, decisions: int, spent: int) -> float | None:
    if worked and answers > 1:
        return answers / worked * HOUR_MS
    return decisions / spent * HOUR_MS if spent else None


def _class_counts(name: str, answers: Sequence[StandingAnswer]) -> dict[str, int]:
    if not name:
        return {}
    n = Counter(code for answer in answers for code in split_codes(answer.code))
    return {code: n[code] for code in SCHEMES[name].codes}


def _agreed_by_curator(standing: Sequence[StandingAnswer]) -> dict[str, Share]:
    """Curator -> share of answers equal to the consensus; an answer of several classes counts as one."""
    answers = answers_of(standing)
    rated = build_ratings(answers, sorted({answer.code for answer in answers}))
    compared = compare_answers(rated, answers, settled_of(standing))
    n, k = Counter(x.rater for x in compared), Counter(x.rater for x in compared if x.agrees)
    return {who: share(k[who], n[who]) for who in n}


def _forecast(
    scheme: Scheme,
    totals: Mapping[str, int],
    standing: Sequence[StandingAnswer],
    work: Sequence[CuratorWork],
    today: str,
    zone: tzinfo,
) -> Forecast:
    left = totals["targets"] - totals["labelled"]
    days, pace = burn_down([x for x in standing if x.kind == "answer"], left, today, zone)
    finish = days[-1].day if days[-1].projected else today if not left else None
    paced = [x for x in work if x.scheme == scheme.name and x.per_hour]
    hours = sum(x.decisions / (x.per_hour or 1) for x in paced)
    per_hour = sum(x.decisions for x in paced) / hours if hours else None
    return Forecast(
        scheme.name, totals["targets"], totals["labelled"], totals["gold"], left,
        {c: totals[c] for c in scheme.codes}, pace, left / per_hour if per_hour else None, finish, days,
    )  # fmt: skip


def _day(at: str, zone: tzinfo) -> str:
    return at[:10] if zone is UTC else datetime.fromisoformat(at).astimezone(zone).date().isoformat()


def _elapsed_ms(before: str, after: str) -> int:
    return round((datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds() * 1000)
