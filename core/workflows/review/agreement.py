"""Measure how far the people who answered under one scheme agree. Labels of a delivery are not a person's answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core.agreement import Agreement, Answer, Resampling, WindowSize, measure
from core.errors import InputError
from core.ingest.votes import NAMELESS
from core.records import StandingAnswer
from core.schemes import JOIN, Scheme, scheme
from core.workflows.workspace import Workspace

OnRead = Callable[[int], None]


def _ignore(_read: int) -> None:
    """Do nothing: nobody wants to know how many answers were read."""


@dataclass(frozen=True, slots=True)
class AgreementQuery:
    """Which answers are measured, and how.

    `since` and `until` are days of `zone` or instants (ISO 8601), both included. `pairs` are the raters compared by
    Cohen's kappa; empty means all pairs. `ordinal` None means: as the scheme says. `every` is the size of a drift
    window; a day and a week are those of `zone`.
    """

    since: str = ""
    until: str = ""
    pairs: Sequence[tuple[str, str]] = ()
    ordinal: bool | None = None
    every: WindowSize = 50
    draws: Resampling | None = None
    zone: tzinfo = UTC


def agreement(ws: Workspace, name: str, query: AgreementQuery | None = None, on_read: OnRead = _ignore) -> Agreement:
    """Measure the answers and votes under scheme `name`; `NotEnoughData` if no two people answered the same item.

    `on_read` is called with the number of answers read so far.
    """
    query, chosen = query or AgreementQuery(), scheme(name)
    standing = standing_answers(ws, name, on_read)
    wanted = within(standing, query.since, query.until, query.zone)
    answers = [_in_zone(answer, query.zone) for answer in answers_of(wanted)]
    ordinal = chosen.ordinal if query.ordinal is None else query.ordinal
    return measure(
        answers, chosen.codes, join=joiner(chosen), ordinal=ordinal, settled=settled_of(standing), pairs=query.pairs,
        every=query.every, draws=query.draws,
    )  # fmt: skip


def answer_counts(ws: Workspace) -> dict[str, int]:
    """Scheme -> number of answers and votes under it. Measuring takes longer the more there are."""
    return ws.store.review.answer_counts()


def last_change(ws: Workspace) -> tuple[str, int, int]:
    """The database URL and the ids of its last annotation and revision. While they are the same, no answer changed."""
    return (ws.settings.database_url, *ws.store.review.newest_ids())


def standing_answers(ws: Workspace, name: str, on_read: OnRead = _ignore) -> list[StandingAnswer]:
    """Every answer, vote and settlement under scheme `name` that was not taken back."""
    standing: list[StandingAnswer] = []
    for block in ws.store.review.standing_answers(name, ("answer", "vote", "settlement")):
        standing += block
        on_read(len(standing))
    return standing


def within(
    standing: Sequence[StandingAnswer], since: str = "", until: str = "", zone: tzinfo = UTC
) -> list[StandingAnswer]:
    """The answers given from `since` to `until`, both included; "" sets no limit. A day is one of `zone`."""
    first, last = _instant(since, zone), _instant(until, zone, end=True)
    return [answer for answer in standing if answer.at >= first and (not last or answer.at <= last)]


def answers_of(standing: Sequence[StandingAnswer]) -> list[Answer]:
    """The answers and votes for `measure`; settlements are left out. A vote without a name has the rater ""."""
    return [
        Answer(answer.target_id, "" if answer.curator.startswith(NAMELESS) else answer.curator, answer.code)
        if answer.kind == "vote"
        else Answer(answer.target_id, answer.curator, answer.code, answer.at, answer.spent_ms)
        for answer in standing
        if answer.kind != "settlement"
    ]


def settled_of(standing: Sequence[StandingAnswer]) -> Mapping[int, str]:
    """Target id -> the class of its last settlement."""
    in_order = sorted(standing, key=lambda answer: answer.at)
    return {answer.target_id: answer.code for answer in in_order if answer.kind == "settlement"}


def joiner(scheme: Scheme) -> str:
    """The character between the classes of one answer; "" for a scheme of one class a target."""
    return JOIN if scheme.kind == "multi" else ""


def _in_zone(answer: Answer, zone: tzinfo) -> Answer:
    if zone is UTC or not answer.at:
        return answer
    return replace(answer, at=datetime.fromisoformat(answer.at).astimezone(zone).isoformat(timespec="microseconds"))


def _instant(text: str, zone: tzinfo, *, end: bool = False) -> str:
    """An instant as the store writes it; a day is its first moment in `zone`, with `end` its last one.

    `InputError` for any other text.
    """
    if not text:
        return ""
    try:
        if len(text) == len("2024-01-01"):
            day = datetime.combine(date.fromisoformat(text), time(), zone)
            parsed = day + timedelta(days=1, microseconds=-1) if end else day
        else:
            parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InputError("{day!r} is no day or instant: write 2024-05-01 or 2024-05-01T09:30", day=text[:40]) from error
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")
