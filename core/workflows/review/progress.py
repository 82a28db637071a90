"""Who did how much, how fast and how well, and when the work will be done. Days are UTC.

Decisions are those made by hand that stand. Time worked is told twice: `spent_ms` is what the items were on screen,
`worked_ms` the clock from the first to the last answer of a sitting, which ends where nothing is decided for
`GAP_MS`. A burn-down counts targets by their first answer; a delivery's own labels are no work.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from core.agreement import Share, judged, ratings, share
from core.cells import harmless
from core.errors import InputError
from core.files import whole
from core.filters import Filter
from core.records import Opinion
from core.schemes import SCHEMES, Scheme, parts
from core.store import Tally
from core.workflows.review.agreement import answers_of, last_change, opinions, settled_of
from core.workflows.workspace import Workspace, now

GAP_MS = 5 * 60_000
PACE_DAYS = 14  # the pace of a projection is that of so many days
LONGEST_DAYS = 3_650
HOUR_MS = 3_600_000
COLUMNS = ("curator", "day", "scheme", "decisions", "hours")


@dataclass(frozen=True, slots=True)
class Work:
    """What one curator did under one scheme; `scheme` "": in all, each decision once.

    `per_hour` is of the time worked, of the time on screen where that is not known; None where neither is. `classes`
    counts the standing answers by class, `agreed` holds them against the consensus (see `core.agreement.consensus`).
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
    """`done` targets got their first answer that day, `left` had none at its end; `projected`: it is still to come."""

    day: str
    done: float
    left: float
    projected: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """How far a scheme is. `per_day` is the pace of the last `PACE_DAYS`, `finish` the day it leads to, None for never.

    `hours_left` is what is left at the curators' own speed, None while nobody has one.
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
    work: tuple[Work, ...]
    courses: tuple[Course, ...]
    days: tuple[Tally, ...]


def progress(ws: Workspace, today: str = "") -> Progress:
    """The state of the work at the end of `today` ("": now)."""
    today = today or now()[:10]
    days = tuple(ws.store.review.tally())
    totals = ws.store.corpus.progress()
    names = [name for name in SCHEMES if totals[name]["labelled"] or any(one.scheme == name for one in days)]
    heard = {name: opinions(ws, name) for name in names}
    work = tuple(_work(days, heard))
    courses = tuple(_course(SCHEMES[name], totals[name], heard[name], work, today) for name in names)
    return Progress(work, courses, days)


def progress_mark(ws: Workspace) -> tuple[str, int, int, int]:
    """What `progress` is measured from: while this is the same, nothing was imported or decided."""
    return (*last_change(ws), ws.store.corpus.find(Filter(), limit=0).total)


def write_csv(days: Iterable[Tally], path: Path) -> int:
    """Hours on screen and counts by curator, day and scheme; rows whose scheme is empty count every decision once."""
    rows = [(one.curator, one.day, one.scheme, one.decisions, f"{one.spent_ms / HOUR_MS:.4f}") for one in days]
    try:
        # The BOM makes spreadsheets read Hangul.
        with whole(path) as made, made.open("w", newline="", encoding="utf-8-sig") as file:
            out = csv.writer(file)
            out.writerow(COLUMNS)
            out.writerows((harmless(who), day, harmless(name), n, hours) for who, day, name, n, hours in rows)
    except OSError as error:
        raise InputError("{path}: cannot be written: {reason}", path=path, reason=error.strerror) from error
    return len(rows)


def worked_ms(answers: Iterable[Opinion]) -> int:
    """The clock time of the sittings of one person; the first answer of each took what it says it took."""
    spent = {one.at: one.spent_ms or 0 for one in sorted(answers, key=lambda one: one.spent_ms or 0)}
    instants = sorted(spent)
    total = min(spent[instants[0]], GAP_MS) if instants else 0
    for before, after in pairwise(instants):
        passed = _apart_ms(before, after)
        total += passed if passed <= GAP_MS else min(spent[after], GAP_MS)
    return total


def burn_down(answers: Iterable[Opinion], left: int, today: str) -> tuple[tuple[Day, ...], float]:
    """From the first day of work to today, then on at today's pace to the end; and that pace, in targets a day."""
    first: dict[int, str] = {}
    for one in answers:
        first[one.target_id] = min(one.at[:10], first.get(one.target_id, one.at[:10]))
    done = Counter(first.values())
    if not done:
        return (Day(today, 0, left),), 0.0
    start, last = date.fromisoformat(min(done)), date.fromisoformat(max(today, *done))
    days = [(start + timedelta(days=n)).isoformat() for n in range((last - start).days + 1)]
    after, found = left, list[Day]()
    for day in reversed(days):
        found.append(Day(day, done[day], after))
        after += done[day]
    recent = days[-PACE_DAYS:]
    pace = sum(done[day] for day in recent) / len(recent)
    return (*reversed(found), *_projected(last, left, pace)), pace


def _projected(last: date, left: int, pace: float) -> list[Day]:
    if not pace or left / pace > LONGEST_DAYS:
        return []
    found, rest, day = list[Day](), float(left), last
    while rest > 1e-9:
        day += timedelta(days=1)
        done = min(pace, rest)
        rest -= done
        found.append(Day(day.isoformat(), done, max(rest, 0.0), projected=True))
    return found


def _work(days: Sequence[Tally], heard: Mapping[str, Sequence[Opinion]]) -> Iterable[Work]:
    by_hand = {name: [one for one in mine if one.kind == "answer"] for name, mine in heard.items()}
    by_hand[""] = [one for mine in by_hand.values() for one in mine]
    agreed = {name: _agreed(mine) for name, mine in heard.items()}
    for who, name in sorted({(one.curator, one.scheme) for one in days}):
        mine = [one for one in days if (one.curator, one.scheme) == (who, name)]
        answers = [one for one in by_hand.get(name, ()) if one.curator == who]
        decisions, spent, worked = sum(x.decisions for x in mine), sum(x.spent_ms for x in mine), worked_ms(answers)
        yield Work(
            who, name, decisions, spent, worked, _per_hour(len({x.at for x in answers}), worked, decisions, spent),
            max(one.day for one in mine), _balance(name, answers), agreed.get(name, {}).get(who, share(0, 0)),
        )  # fmt: skip


def _per_hour(answers: int, worked: int, decisions: int, spent: int) -> float | None:
    if worked and answers > 1:
        return answers / worked * HOUR_MS
    return decisions / spent * HOUR_MS if spent else None


def _balance(name: str, answers: Sequence[Opinion]) -> dict[str, int]:
    if not name:
        return {}
    n = Counter(code for one in answers for code in parts(one.code))
    return {code: n[code] for code in SCHEMES[name].codes}


def _agreed(heard: Sequence[Opinion]) -> dict[str, Share]:
    """Each curator against the consensus; the whole answer counts where it may hold several classes."""
    answers = answers_of(heard)
    rated = ratings(answers, sorted({one.code for one in answers}))
    held = judged(rated, answers, settled_of(heard))
    n, k = Counter(one.rater for one in held), Counter(one.rater for one in held if one.agrees)
    return {who: share(k[who], n[who]) for who in n}


def _course(
    one: Scheme, totals: Mapping[str, int], heard: Sequence[Opinion], work: Sequence[Work], today: str
) -> Course:
    left = totals["targets"] - totals["labelled"]
    days, pace = burn_down([x for x in heard if x.kind == "answer"], left, today)
    finish = days[-1].day if days[-1].projected else today if not left else None
    mine = [x for x in work if x.scheme == one.name and x.per_hour]
    hours = sum(x.decisions / (x.per_hour or 1) for x in mine)
    per_hour = sum(x.decisions for x in mine) / hours if hours else None
    return Course(
        one.name, totals["targets"], totals["labelled"], totals["gold"], left, {c: totals[c] for c in one.codes}, pace,
        left / per_hour if per_hour else None, finish, days,
    )  # fmt: skip


def _apart_ms(before: str, after: str) -> int:
    return round((datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds() * 1000)
