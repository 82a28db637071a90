"""Who works on the corpus: what each curator decided, and what still waits for each."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.store import Tally
from core.workflows.workspace import Workspace, now

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Workload:
    """What one curator has done and has to do.

    `today` and `week` count decisions made by hand since midnight (UTC) and in the last seven days; `last_day` is the
    day (UTC) of the last one of them, "" for none. `on_screen` utterances are leased to the curator. `blind` utterances
    wait for the curator's own answer, because another one has answered them; of `disputes` one answer is the curator's.
    """

    curator: str
    today: int
    week: int
    last_day: str
    on_screen: int
    blind: int
    disputes: int


def team(ws: Workspace, at: str = "") -> list[Workload]:
    """Return the workload of everybody who decided something in the last week, answered blind, or has a card now.

    Those with the most decisions of the week come first. `at` is the present instant (UTC, ISO 8601).
    """
    at = at or now()
    held = Counter(who for _, who in ws.store.leases.held(at))
    tallies = [tally for tally in ws.store.review.tally(_week_before(at)) if not tally.scheme]
    groups = ws.store.waiting.blind_answers()
    disputes = ws.store.waiting.disputes()
    names = {tally.curator for tally in tallies} | set(held) | {who for group in groups for who in group.answered}
    rows = [
        Workload(
            who, *_decisions(tallies, who, at[:10]), held[who],
            sum(group.n for group in groups if who not in group.answered),
            sum(ws.store.waiting.disputes_of(who, name) for name in disputes),
        )
        for who in names
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row.week, row.curator))


def _decisions(tallies: Iterable[Tally], who: str, today: str) -> tuple[int, int, str]:
    own = [tally for tally in tallies if tally.curator == who]
    of_today = sum(tally.decisions for tally in own if tally.day == today)
    return of_today, sum(tally.decisions for tally in own), max((tally.day for tally in own), default="")


def _week_before(at: str) -> str:
    instant = datetime.fromisoformat(at).astimezone(UTC)
    return (instant - timedelta(days=WEEK_DAYS)).isoformat(timespec="microseconds")
