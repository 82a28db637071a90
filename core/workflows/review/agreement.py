"""How far the people who answered under one scheme agree; a delivery's own labels are no person's opinion."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from core.agreement import Agreement, Answer, Draws, Every, measure
from core.errors import InputError
from core.ingest.votes import NAMELESS
from core.records import Opinion
from core.schemes import JOIN, Scheme, scheme
from core.workflows.workspace import Workspace

Tell = Callable[[int], None]


def _quiet(_read: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which answers, and how to measure them.

    `since` and `until` are days or instants (UTC, ISO 8601), both included. `ordinal` None: as the scheme says.
    """

    since: str = ""
    until: str = ""
    pairs: Sequence[tuple[str, str]] = ()
    ordinal: bool | None = None
    every: Every = 50
    draws: Draws | None = None


def agreement(ws: Workspace, name: str, asked: Asked | None = None, tell: Tell = _quiet) -> Agreement:
    """Measure the answers and votes under scheme `name`; `NotEnoughData` where no two people answered the same item.

    `tell` hears how many opinions were read so far.
    """
    asked, one = asked or Asked(), scheme(name)
    heard = opinions(ws, name, tell)
    answers = answers_of(within(heard, asked.since, asked.until))
    ordinal = one.ordinal if asked.ordinal is None else asked.ordinal
    return measure(
        answers, one.codes, join=joiner(one), ordinal=ordinal, settled=settled_of(heard), pairs=asked.pairs,
        every=asked.every, draws=asked.draws,
    )  # fmt: skip


def answer_counts(ws: Workspace) -> dict[str, int]:
    """scheme -> how many answers and votes were given under it: what it costs to measure them."""
    return ws.store.review.heard()


def last_change(ws: Workspace) -> tuple[str, int, int]:
    """The database with its last annotation and revision: while this is the same, so are all answers."""
    return (ws.settings.database_url, *ws.store.review.newest())


def opinions(ws: Workspace, name: str, tell: Tell = _quiet) -> list[Opinion]:
    """Every standing answer, vote and settlement under scheme `name`."""
    found: list[Opinion] = []
    for block in ws.store.review.opinions(name, ("answer", "vote", "settlement")):
        found += block
        tell(len(found))
    return found


def within(heard: Sequence[Opinion], since: str = "", until: str = "") -> list[Opinion]:
    """Those from `since` to `until`; "" is open."""
    first, last = _instant(since), _instant(until)
    if last and len(until) == len("2024-01-01"):
        last += "T99"  # the day itself belongs to it
    return [one for one in heard if one.at >= first and (not last or one.at <= last)]


def answers_of(heard: Sequence[Opinion]) -> list[Answer]:
    """What people said: curators by name and with the time they took, votes by rater or by nobody in particular."""
    return [
        Answer(one.target_id, "" if one.curator.startswith(NAMELESS) else one.curator, one.code)
        if one.kind == "vote"
        else Answer(one.target_id, one.curator, one.code, one.at, one.spent_ms)
        for one in heard
        if one.kind != "settlement"
    ]


def settled_of(heard: Sequence[Opinion]) -> Mapping[int, str]:
    """target -> the class it was settled as."""
    return {one.target_id: one.code for one in sorted(heard, key=lambda one: one.at) if one.kind == "settlement"}


def joiner(one: Scheme) -> str:
    return JOIN if one.kind == "multi" else ""


def _instant(told: str) -> str:
    """A day as it stands, an instant as the store writes it."""
    if not told:
        return ""
    try:
        if len(told) == len("2024-01-01"):
            return date.fromisoformat(told).isoformat()
        found = datetime.fromisoformat(told)
    except ValueError as error:
        raise InputError("{day!r} is no day or instant: write 2024-05-01 or 2024-05-01T09:30", day=told[:40]) from error
    given = found if found.tzinfo else found.replace(tzinfo=UTC)
    return given.astimezone(UTC).isoformat(timespec="microseconds")
