"""core.workflows.review.queues: lists ranked by predictions, and of labels that a model finds unlikely."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from workflow_data import import_calls, import_sentences

from core.confidence import best_class
from core.errors import InputError, NotEnoughData, UnknownName
from core.filters import Filter, from_query, to_query
from core.jobs import JOBS
from core.messages import Message
from core.records import Prediction, RunInfo, SnapshotInfo
from core.ui import i18n, translation
from core.workflows.review import desk, label_errors, queues
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace, now


def add_run(ws: Workspace, name: str, modality: Any, danger_probs: dict[int, float], scheme: str = "danger") -> None:
    """A finished run that gives each utterance this probability of danger."""
    if not ws.store.ledger.snapshots():
        ws.store.ledger.add_snapshot(SnapshotInfo("s", scheme, "0", now(), {}))
    ws.store.ledger.put_run(RunInfo(name, "r", "ngram", scheme, modality, "s", "done", now(), {}))
    codes = ("normal", "danger")
    rows = [
        Prediction(name, scheme, number, "pool", *best_class(codes, (1 - p, p))) for number, p in danger_probs.items()
    ]
    ws.store.ledger.put_predictions(rows)


def queued_ids(ws: Workspace, queue: str, curator: str = "ann") -> list[int]:
    return [card.utterance.id for card in desk.take(ws, Desk(curator, ("danger",), queue), 50)]


def test_the_least_confident_of_what_nobody_labelled(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    with pytest.raises(NotEnoughData, match="no finished run judges danger"):
        queues.build(ws, "least-confident", "danger")
    add_run(ws, "r1", "text", {1: 0.9, 2: 0.55, 3: 0.4, 4: 0.7, 5: 0.5})
    desk.decide(ws, Desk("ann", ("danger",)), 5, 0, {"danger": "danger"})
    desk.decide(ws, Desk("ann", ("danger",)), 4, 0, {}, skip_reason="")
    assert queues.build(ws, "least-confident", "danger") == 3
    assert queued_ids(ws, "least-confident") == [2, 3, 1]
    assert ws.store.queues.reasons("least-confident:danger", [2]) == {2: "danger 0.55 (r1)"}
    assert queues.build(ws, "least-confident", "danger", limit=1) == 1
    desk.decide(ws, Desk("ann", ("danger",)), 2, 0, {"danger": "danger"})
    assert queued_ids(ws, "least-confident") == []
    size = queues.list_sizes(ws, "danger")["least-confident"]
    assert (size.count, size.built_at is not None) == (1, True)
    assert queues.list_sizes(ws, "danger")["audit"] == queues.QueueSize("audit", 0, None)


def test_what_models_judge_differently_the_surest_first(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    add_run(ws, "t1", "text", {1: 0.9, 2: 0.1, 3: 0.6})
    with pytest.raises(NotEnoughData, match="two finished runs of danger"):
        queues.build(ws, "models-disagree", "danger")
    with pytest.raises(NotEnoughData, match="a text run and a voice run of danger"):
        queues.build(ws, "text-voice", "danger")
    add_run(ws, "t2", "text", {1: 0.8, 2: 0.9, 3: 0.3})
    add_run(ws, "v1", "voice", {1: 0.2, 2: 0.2, 3: 0.7})
    assert queues.build(ws, "models-disagree", "danger", run_ids=["t1", "t2"]) == 2
    assert queued_ids(ws, "models-disagree") == [2, 3]
    assert ws.store.queues.reasons("models-disagree:danger", [2]) == {2: "normal 0.90 (t1) / danger 0.90 (t2)"}
    assert queues.build(ws, "text-voice", "danger") == 3
    assert queued_ids(ws, "text-voice", "bob") == [1], "ann has the others on another list"
    with pytest.raises(InputError, match="run t1 is no finished run of urgency"):
        queues.build(ws, "models-disagree", "urgency", run_ids=["t1", "t2"])


def test_an_audit_is_drawn_by_its_seed(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 40)
    assert queues.build(ws, "audit", "danger", limit=10, seed=3) == 10
    first = queued_ids(ws, "audit")
    desk.release(ws, Desk("ann", ("danger",)))
    queues.build(ws, "audit", "danger", limit=10, seed=3)
    assert queued_ids(ws, "audit", "bob") == first
    queues.build(ws, "audit", "danger", limit=10, seed=4)
    assert queued_ids(ws, "audit", "bob") != first
    assert sorted(first) != first


def test_wrong_labels_are_found_and_nothing_else_first(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 120)
    wrong = [10, 31, 52]
    for number in wrong:
        utterance = ws.store.corpus.utterance(number)
        other = "normal" if utterance.labels["danger"] == "danger" else "danger"
        ws.store.review.decide(number, 0, "bob", now(), labels={"danger": other})
    results: dict[str, Any] = {}

    class Context:
        def step(self, name: str, fn: Any) -> Any:
            if name not in results:
                results[name] = fn()
            return results[name]

        def report(self, progress: Any) -> None:
            results["progress"] = progress

    label_errors.run_job({"scheme": "danger", "limit": 20, "seed": 0}, Context())
    assert sorted(queued_ids(ws, "label-errors")[:3]) == wrong
    assert results["progress"] == {"done": 5, "total": 5, "unit": "folds"}
    desk.release(ws, Desk("ann", ("danger",)))
    assert queues.build(ws, "label-errors", "danger", limit=20) >= 3
    assert sorted(queued_ids(ws, "label-errors")[:3]) == wrong
    assert "label-errors" in JOBS


def test_label_errors_need_what_they_need(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="label errors need 5 groups and 2 classes of danger"):
        queues.build(ws, "label-errors", "danger")
    with pytest.raises(InputError, match="urgency: label errors are looked for under utterance schemes"):
        queues.build(ws, "label-errors", "urgency")


def test_what_cannot_be_built_is_named(ws: Workspace) -> None:
    with pytest.raises(InputError, match="unlabelled is no list that could be built; lists: least-confident"):
        queues.build(ws, "unlabelled", "danger")
    with pytest.raises(UnknownName, match="unknown queue 'x'"):
        queues.build(ws, "x", "danger")
    with pytest.raises(InputError, match="room for at least 1"):
        queues.build(ws, "audit", "danger", limit=0)


def test_a_base_narrows_every_queue() -> None:
    base = Filter(text="불", labels={"urgency": ("high",)})
    assert queues.queue_filter("unlabelled", ("danger",), base).labels == {"urgency": ("high",), "danger": ("-",)}
    assert queues.queue_filter("filter", ("danger",), Filter(skipped=True)).skipped is True
    assert queues.queue_filter("filter", ("danger",)).skipped is False
    assert queues.queue_filter("all", ("urgency",), base).in_recording is True
    assert queues.queue_filter("audit", ("danger",), base).text == "불"


def test_a_list_that_a_person_opens_holds_what_is_not_decided_and_begins_anew_at_the_end(
    ws: Workspace, tmp_path: Path
) -> None:
    import_calls(ws, tmp_path, 2)
    name = queues.open_list(ws, "danger", [3, 1], "두 발화")
    at_desk = Desk("ann", ("danger",), queues.LIST, named=name)
    assert [card.utterance.id for card in desk.take(ws, at_desk, 5)] == [3, 1]
    info = queues.opened_list(ws, name)
    assert info is not None
    assert (info.count, info.title) == (2, "두 발화")
    desk.decide(ws, at_desk, 3, 0, {"danger": "danger"})
    assert queues.open_list(ws, "danger", [3, 1], "두 발화") == name
    assert desk.take(ws, at_desk, 0) == []
    assert desk.card(ws, at_desk, 1).left == 1  # opened again, it goes on where it was
    desk.decide(ws, at_desk, 1, 0, {}, skip_reason="")
    assert desk.card(ws, at_desk, 1).left == 0
    queues.open_list(ws, "danger", [3, 1], "두 발화")
    assert desk.card(ws, at_desk, 1).left == 2
    assert queues.opened_list(ws, "gone") is None
    with pytest.raises(NotEnoughData, match="nothing is chosen"):
        queues.open_list(ws, "danger", [], "")
    with pytest.raises(InputError, match=r"at most 200,000 utterances can be chosen at once; these are 200,001"):
        queues.open_list(ws, "danger", range(1, 200_002), "")


def test_a_list_is_kept_while_it_is_opened_and_has_its_title_in_the_language_of_its_reader(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_calls(ws, tmp_path, 2)
    today = datetime(2026, 3, 1, tzinfo=UTC)

    def later(days: float) -> None:
        at = (today + timedelta(days=days)).isoformat(timespec="microseconds")
        monkeypatch.setattr(queues, "now", lambda: at)

    later(0)
    name = queues.open_list(ws, "danger", [3, 1], Message("Rows picked in the corpus"))
    other = queues.open_list(ws, "danger", [2], Message("Single utterances: {n:,}", n=1))
    for days in (40, 80, 120):  # each time fewer days than a list is kept
        later(days)
        opened = queues.opened_list(ws, name)
        assert opened is not None
        queues.open_list(ws, "danger", [4], "")  # old lists go then
    assert queues.opened_list(ws, other) is None
    assert ws.store.queues.stored(queues.stored_name(other)) is None
    assert queues.left_in_list(ws, name, ["danger"]) == 2
    title = opened.title
    assert isinstance(title, Message)
    with i18n.in_language("ko"):
        assert translation.translate(title) == i18n._("Rows picked in the corpus") != title
    later(181)
    queues.open_list(ws, "danger", [4], "")
    assert queues.opened_list(ws, name) is None


def test_the_number_that_is_said_is_the_number_that_opens(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    n = ws.store.corpus.counts()["utterances"]
    assert queues.opening(ws, Filter()) == n
    desk.decide(ws, Desk("ann", ("danger",)), 1, 0, {"danger": "danger"})
    desk.decide(ws, Desk("ann", ("danger",)), 2, 0, {}, skip_reason="inaudible")
    by_filter = Filter(in_recording=True)
    for wanted, queue in (
        (Filter(), "all"),
        (by_filter, queues.MATCHES),
        (replace(by_filter, skipped=True), queues.MATCHES),
    ):
        opened = desk.take(ws, Desk("bea", ("danger",), queue, wanted), 50)
        desk.release(ws, Desk("bea", ("danger",)))
        assert queues.opening(ws, wanted) == len(opened), wanted
    assert queues.opening(ws, Filter()) == n - 2, "decided today"
    assert queues.opening(ws, by_filter) == n - 1, "skipped"


def test_more_ids_than_an_address_holds_become_a_list_with_the_same_matches(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 230)
    few = Filter(ids=tuple(range(1, 201)))
    assert queues.addressable(ws, few) == few
    unknown = Filter(ids=tuple(range(900, 1200)))
    assert ws.store.texts.ids(queues.addressable(ws, unknown)).tolist() == []
    many = Filter(ids=tuple(range(1, 222)))
    short = queues.addressable(ws, replace(many, ids=(*many.ids, 999)))
    assert short.ids == ()
    assert from_query(to_query(short)) == short
    assert ws.store.texts.ids(short).tolist() == ws.store.texts.ids(many).tolist() == list(many.ids)
    listed = replace(many, listed=queues.open_list(ws, "danger", list(range(215, 231)), ""))
    assert ws.store.texts.ids(queues.addressable(ws, listed)).tolist() == list(range(215, 222))
    nothing = replace(many, listed=queues.open_list(ws, "danger", [230], ""))
    assert ws.store.texts.ids(queues.addressable(ws, nothing)).tolist() == []
    both = replace(Filter(ids=tuple(range(1, 231))), listed=short.listed)
    assert ws.store.texts.ids(queues.addressable(ws, both)).tolist() == list(many.ids)


def test_flags_comments_and_one_utterance_are_queues(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    at_desk = Desk("ann", ("danger",))
    desk.remark(ws, at_desk, 2, "flag")
    desk.remark(ws, at_desk, 3, "comment", "다시 들어 보세요")
    desk.decide(ws, at_desk, 2, 0, {}, skip_reason="inaudible")
    assert queued_ids(ws, queues.FLAGGED) == [2]  # also skipped, until the flag is taken off
    desk.remark(ws, at_desk, 2, "unflag")
    assert queued_ids(ws, queues.FLAGGED) == []
    assert queued_ids(ws, queues.COMMENTED, "bea") == [3]
    desk.decide(ws, Desk("bea", ("danger",)), 3, 0, {"danger": "danger"})
    assert queued_ids(ws, queues.COMMENTED) == []
    assert 3 not in queued_ids(ws, "filter")  # a saved view offers it another day
    matches = Desk("eve", ("danger",), queues.MATCHES, Filter(labels={"danger": ("danger",)}))
    assert [card.utterance.id for card in desk.take(ws, matches, 3)] == [3]  # asked for by an address: it comes now
    desk.release(ws, matches)
    one = Desk("ann", ("danger",), queues.ITEM, Filter(ids=(3,)))
    assert [card.utterance.id for card in desk.take(ws, one, 3)] == [3]  # although it was decided just now
