"""Who works on the corpus: what each curator decided, and what still waits for each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from core.store import Disputes
from core.workflows.workspace import Workspace, now

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Workload:
    """What one curator has done and has to do.

    `today` and `week` count decisions made by hand since midnight and in the last seven days; `last_day` is the day of
    the last one of them, "" for none. `on_screen` utterances are leased to the curator. `blind` utterances
    wait for the curator's own answer, because another one has answered them; of `disputes` one answer is the curator's.
    """

    curator: str
    today: int
    week: int
    last_day: str
    on_screen: int
    blind: int
    disputes: int


def team(
    ws: Workspace, at: str = "", zone: tzinfo = UTC, disputes: Mapping[str, Disputes] | None = None
) -> list[Workload]:
    """Return the workload of everybody who decided something in the last week, answered blind, or has a card now.

    Those with the most decisions of the week come first. `at` is the present instant (UTC, ISO 8601); days are those
    of `zone`. `disputes` are those of the store, if the caller has read them already.
    """
    at = at or now()
    today = datetime.fromisoformat(at).astimezone(zone).date().isoformat()
    held = Counter(who for _, who in ws.store.leases.held(at))
    decided = ws.store.review.decisions(_week_before(at), zone)
    groups = ws.store.waiting.blind_answers()
    disputes = ws.store.waiting.disputes() if disputes is None else disputes
    names = {who for who, _ in decided} | set(held) | {who for group in groups for who in group.answered}
    rows = [
        Workload(
            who, *_decisions(decided, who, today), held[who],
            sum(group.n for group in groups if who not in group.answered),
            sum(entry.of.get(who, 0) for entry in disputes.values()),
        )
        for who in names
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row.week, row.curator))


def _decisions(decided: Mapping[tuple[str, str], int], who: str, today: str) -> tuple[int, int, str]:
    by_day = {day: n for (curator, day), n in decided.items() if curator == who}
    return by_day.get(today, 0), sum(by_day.values()), max(by_day, default="")


def _week_before(at: str) -> str:
    instant = datetime.fromisoformat(at).astimezone(UTC)
    return (instant - timedelta(days=WEEK_DAYS)).isoformat(timespec="microseconds")
