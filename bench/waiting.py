"""The work list of the Overview: how long a large corpus with much that waits takes to count. It has no page.

`fill` adds decisions, disputes, blind answers, open suggestions, flags and comments to a corpus of `bench.corpus`. They
are written as rows, since their number matters here and not the way by which they come.
"""

import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from bench import results
from bench.corpus import AT, settings_of
from bench.process import in_own_process, memory_mb, timed
from core.store import NewProposal, Ranked, open_store
from core.store.review.waiting import KINDS
from core.workflows.overview.summary import overview
from core.workflows.overview.team import team
from core.workflows.review import queues
from core.workflows.workspace import Workspace, now, open_workspace

CURATORS = tuple(f"curator{number}" for number in range(10))
BATCH = 5000
REVISION = (
    "INSERT INTO revision(utterance_id, version, curator, at, before, after, why, spent_ms, act) "
    "VALUES (?, ?, ?, ?, '{}', ?, '', 2000, 'review')"
)
ANNOTATION = (
    "INSERT INTO annotation(level, target_id, scheme, code, curator, at, revision_id, spent_ms, kind) "
    "VALUES ('utterance', ?, 'danger', ?, ?, ?, ?, 2000, 'answer')"
)
LABEL = (
    "INSERT OR REPLACE INTO label(level, target_id, scheme, code, grade, by) VALUES ('utterance', ?, 'danger', ?, ?, ?)"
)
REMARK = "INSERT INTO remark(utterance_id, curator, at, kind, text) VALUES (?, ?, ?, ?, '')"
OVERLAP = "INSERT INTO overlap(scheme, utterance_id, wanted, missing, answered) VALUES ('danger', ?, 2, ?, ?)"


@dataclass(frozen=True)
class Share:
    """How many of a million utterances are decided, in dispute, lack a second answer, or wait for something else."""

    decided: int = 200_000
    disputed: int = 5_000
    blind: int = 20_000
    proposals: int = 20_000  # of each kind
    remarks: int = 10_000  # of each kind
    listed: int = 2_000


def _at(share: float) -> str:
    """Return an instant of November 2026: 0 is its begin, 1 its end."""
    instant = datetime(2026, 11, 1, tzinfo=UTC) + share * timedelta(days=30)
    return instant.isoformat("T", "microseconds")


def fill(url: str, share: Share | None = None) -> None:
    """Add what waits to the corpus at `url`; a smaller corpus gets the same shares."""
    store = open_store(url)
    n = store.corpus.counts()["utterances"]
    part = share or Share()
    sizes = {name: max(1, getattr(part, name) * n // 1_000_000) for name in Share.__dataclass_fields__}
    chance = random.Random(5)
    ids = chance.sample(range(1, n + 1), n)
    take = iter(ids)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        decided = list(islice(take, sizes["decided"]))
        codes = {item: chance.choice(["danger", "normal"]) for item in decided}
        who = {item: chance.choice(CURATORS) for item in decided}
        after = {
            code: json.dumps({"labels": {"danger": {"code": code, "grade": "gold"}}}) for code in ("danger", "normal")
        }
        connection.executemany("DELETE FROM label WHERE level = 'utterance' AND target_id = ? AND scheme = 'danger'",
                               ((item,) for item in decided))  # fmt: skip
        at = {item: _at(number / len(decided)) for number, item in enumerate(decided)}
        first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM revision").fetchone()[0]
        connection.executemany(REVISION, ((i, 1, who[i], at[i], after[codes[i]]) for i in decided))
        connection.executemany(
            ANNOTATION, ((i, codes[i], who[i], at[i], first + place) for place, i in enumerate(decided))
        )
        connection.executemany(LABEL, ((i, codes[i], "gold", who[i]) for i in decided))
        disputed = decided[: sizes["disputed"]]
        connection.executemany(
            ANNOTATION, ((i, "danger", CURATORS[CURATORS.index(who[i]) - 1], at[i], None) for i in disputed)
        )
        connection.executemany("UPDATE label SET grade = 'disputed' WHERE level = 'utterance' AND target_id = ? "
                               "AND scheme = 'danger'", ((i,) for i in disputed))  # fmt: skip
        connection.executemany("UPDATE utterance SET version = 1 WHERE id = ?", ((i,) for i in decided))
        blind = decided[sizes["disputed"] : sizes["disputed"] + sizes["blind"]]
        connection.executemany(OVERLAP, ((i, 1, json.dumps([who[i]])) for i in blind))
        connection.executemany(REMARK, _remarks("flag", decided, sizes["remarks"], chance))
        connection.executemany(REMARK, _remarks("comment", ids, sizes["remarks"], chance))
    connection.close()
    for kind in KINDS:
        rows = (NewProposal(kind, i, "bench", {"text": "t", "before": "x"}, "why") for i in take)
        some = islice(rows, sizes["proposals"])
        while block := list(islice(some, BATCH)):
            store.proposals.add(block, AT)
    listed = [Ranked(i, 1.0, "x") for i in chance.sample(ids, sizes["listed"])]
    for queue in (queues.LABEL_ERRORS, queues.PSEUDO_LABEL_AUDIT):
        store.queues.put(queues.list_key(queue, "danger"), listed, AT)
    for number in range(20):
        store.board.add(f"bench-{number}", "quality", "quality", {}, AT)
        store.board.update(f"bench-{number}", AT, state="failed", error="by design")


def _remarks(kind: str, ids: list[int], n: int, chance: random.Random) -> Iterator[tuple[Any, ...]]:
    return ((item, chance.choice(CURATORS), _at(number / n), kind) for number, item in enumerate(chance.sample(ids, n)))


def measure(home: Path, rounds: int) -> tuple[dict[str, list[float]], dict[str, int], float]:
    """Return kind -> ms of each time, what waits, and the memory in MB that it took.

    The first count of a process reads what later ones keep; after a decision, one utterance is different.
    """
    ws = open_workspace(settings_of(home))
    ws.store.corpus.find(queues.queue_filter("unlabelled", ["danger"]), limit=1)
    before = memory_mb()
    times: dict[str, list[float]] = {"first in a process": [timed(partial(overview, ws, CURATORS[0]))]}
    times["again"] = [timed(partial(overview, ws, CURATORS[0])) for _ in range(rounds)]
    times["after a decision"] = [_after_a_decision(ws, number) for number in range(rounds)]
    times["the team"] = [timed(partial(team, ws, _at(1))) for _ in range(rounds)]
    waits = {f"{row.kind} {row.scheme}".strip(): row.n for row in overview(ws, CURATORS[0]).waiting}
    return times, waits, memory_mb() - before


def _after_a_decision(ws: Workspace, number: int) -> float:
    (row,) = ws.store.corpus.find(queues.queue_filter("unlabelled", ["danger"]), limit=1, offset=number).rows
    ws.store.review.decide(row.id, row.version, CURATORS[number % 10], now(), labels={"danger": "normal"})
    return timed(partial(overview, ws, CURATORS[0]))


def report(command: str, homes: list[Path], sizes: list[int], rounds: int) -> None:
    """Write the section of bench/RESULTS.md; a corpus in which nothing waits yet is filled first."""
    times: list[dict[str, list[float]]] = []
    waits: list[dict[str, int]] = []
    grown: list[float] = []
    for home in homes:
        url = f"sqlite:///{home / 'gwidama.db'}"
        if not open_store(url).waiting.disputes():
            in_own_process(fill, url)
        of_times, of_waits, of_memory = in_own_process(measure, home, rounds)
        times.append(of_times)
        waits.append(of_waits)
        grown.append(of_memory)
    rows = [
        (f"{kind}, ms p50; p95",
         f"{' / '.join(f'{results.quantile(of[kind], 0.5):.1f}' for of in times)}; "
         f"{' / '.join(f'{results.quantile(of[kind], 0.95):.1f}' for of in times)}")
        for kind in times[0]
    ]  # fmt: skip
    rows.append(("memory that it took, MB", " / ".join(f"{mb:.0f}" for mb in grown)))
    rows.append(("waits, in the largest corpus", ", ".join(f"{kind} {n:,}" for kind, n in waits[-1].items())))
    results.write(
        "The work list of the Overview", command, rows,
        f"Utterances: {' / '.join(f'{n:,}' for n in sizes)}. {rounds} times each in one process; the database is in "
        "the system's cache.",
    )  # fmt: skip
