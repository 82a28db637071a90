"""Every number of the Overview is the number that the page behind its link shows."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from desk_data import answer
from page_driver import captions, page, texts
from sounds import record, talk
from streamlit.testing.v1 import AppTest
from workflow_data import add_whole_calls, import_sentences

from core import schemes
from core.filters import Filter, from_query
from core.records import NewUtterance
from core.settings import ROOT
from core.store import NewProposal, Ranked
from core.ui.panels.overview.waiting import address
from core.workflows.corpus import schemes as proposing
from core.workflows.overview.waiting import KINDS, Waiting, waiting
from core.workflows.review import desk, queues
from core.workflows.workspace import Workspace, now, open_workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]
ME = "tester"
DELIVERED = {"before": {"text": "a"}, "after": {"text": "b"}, "source": "s", "where": "row 1"}
NOT_MADE = ("rounds",)  # needs a trained run


@pytest.fixture
def busy(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace in which something of nearly every kind waits, more of it than of one run, batch or curator."""
    monkeypatch.setattr("core.jobs.enqueue", lambda url, ids: None)
    import_sentences(ws, tmp_path, 12)
    add_whole_calls(ws, 1, 2)
    record(ws, "call", talk(1.0))
    answer(ws, "danger", tester="danger", bob="normal")
    source = ws.store.corpus.add_source("more", "test", "ours", "0", now())
    ws.store.corpus.add_sentences(source, [NewUtterance(f"m{n}", f"새 말 {n}", f"m{n}") for n in range(7)], now())
    second = desk.Desk("bob", ("danger",), overlap=1.0)
    for card in desk.take(ws, second, 3):
        desk.decide(ws, second, card.utterance.id, card.utterance.version, {"danger": "danger"})
    desk.release(ws, second)
    for item, kind in ((1, "flag"), (2, "flag"), (3, "comment"), (4, "comment"), (4, "comment")):
        ws.store.remarks.add(item, ME, now(), kind)  # type: ignore[arg-type]
    made = [
        NewProposal(kind, item, operation, {"text": f"{kind}{item}", "before": "x", **payload}, "why", batch=batch)
        for kind, n, operation, payload, batch in (
            ("cleaning", 4, "unicode", {}, None), ("exclude", 3, "same-text", {}, None),
            ("transcript", 5, "transcript", {}, "t-1"), ("augmentation", 6, "random-swap", {}, None),
            ("delivery", 2, "text", DELIVERED, "d-1"),
            ("pseudo-label", 3, "imported", {"scheme": "danger", "code": "danger"}, None),
        )
        for item in range(1, n + 1)
    ]  # fmt: skip
    ws.store.proposals.add(made, now())
    for queue, n in ((queues.LABEL_ERRORS, 4), (queues.PSEUDO_LABEL_AUDIT, 3)):
        listed = [Ranked(item, 1.0, "x") for item in range(1, n + 1)]
        ws.store.queues.put(queues.list_key(queue, "danger"), listed, now())
    for number in range(7):
        ws.store.board.add(f"quality-{number}", "quality", "quality", {}, now())
        ws.store.board.update(f"quality-{number}", now(), state="failed", error="by design")
    proposing.propose(ws, "mood", ["좋음", "나쁨"])
    return ws


def metric(opened: AppTest) -> int:
    """Return the number that waits, as the first desk of suggestions of the page says."""
    return int(next(box.value for box in opened.metric if box.label == "Waiting").replace(",", ""))


def number_in(pattern: str, shown: list[str]) -> int:
    return next(int(found[1].replace(",", "")) for text in shown if (found := re.search(pattern, text)))


SHOWN: dict[str, Callable[[AppTest], int]] = {
    "failed": lambda opened: number_in(r"Jobs that failed: (\d+)", texts(opened.header)),
    "disputes": lambda opened: number_in(r"\*\*(\d+)\*\* left", texts(opened.markdown)),
    "clashes": lambda opened: number_in(r"wait for a decision: (\d+)", texts(opened.info)),
    "cleaning": metric,
    "quality": metric,
    "pseudo-labels": metric,
    "transcripts": lambda opened: [int(box.value) for box in opened.metric if box.label == "Waiting"][-1],
    "augmentations": lambda opened: sum(opened.dataframe[0].value["Waiting"]),
    "schemes": lambda opened: len([1 for entry in schemes.SCHEMES.values() if entry.state == "proposed"]),
}


def shown_by(row: Waiting, way: str) -> int:
    """Return the number that the page of an address shows."""
    parts = urlsplit(way)
    values = parse_qs(parts.query)
    name = parts.path.strip("/")
    if name == "review":
        queue, of = values["queue"][0], values.get("schemes", ["danger"])
        base = from_query({key: given for key, given in values.items() if key not in ("queue", "schemes", "lang")})
        opened = desk.Desk(ME, tuple(of), queue, None if base == Filter() else base)
        cards = desk.take(desk_workspace(), opened, 1)
        desk.release(desk_workspace(), opened)
        return cards[0].left if cards else 0
    if not name:
        opened_page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    else:
        opened_page = page(name, **{key: given[0] for key, given in values.items()})
    return SHOWN[row.kind](opened_page)


def desk_workspace() -> Workspace:
    return open_workspace()


def test_every_number_is_the_one_that_the_linked_page_shows(busy: Workspace) -> None:
    rows = waiting(busy, ME)
    assert {row.kind for row in rows} == set(KINDS) - set(NOT_MADE)
    differ = {}
    for row in rows:
        for mine in (False, True):
            n = row.waiting_for_curator if mine else row.n
            told = n if row.queued is None else row.queued
            if n and told != (seen := shown_by(row, address(row, mine, ME))):
                differ[row.kind, row.scheme, mine] = (told, seen)
    assert differ == {}


def test_what_is_put_aside_can_be_taken_up_again(busy: Workspace) -> None:
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    opened.button(key="failed-aside-quality-6").click().run()
    assert number_in(r"Jobs that failed: (\d+)", texts(opened.header)) == 6
    assert [box.label for box in opened.expander if "aside" in box.label] == ["Failed jobs that were put aside: 1"]
    opened.button(key="failed-up-quality-6").click().run()
    assert number_in(r"Jobs that failed: (\d+)", texts(opened.header)) == 7
    assert not [box.label for box in opened.expander if "aside" in box.label]
    assert not [text for text in captions(opened) if "put aside" in text]
