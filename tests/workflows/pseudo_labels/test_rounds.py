"""Audit, acceptance and withdrawal: the sample, what curators see of it, the estimates, the rules, and the verbs."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_driver import answer, failure
from judged_pool import copied, judged_home
from statsmodels.stats.proportion import proportion_confint

from core.errors import Conflict, InputError, NotEnoughData
from core.filters import Filter
from core.records import UNLABELLED, NewUtterance
from core.store import NewRound
from core.thresholds import Thresholds, keep
from core.workflows.overview.summary import overview
from core.workflows.pseudo_labels import accept, audit, evidence, pool, view
from core.workflows.review import desk, progress, queues
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

POOL = 120
LOW = Thresholds(confidence=0.55, margin=0.1)
OTHER = {"normal": "danger", "danger": "normal"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> tuple[Path, str]:
    """The folder of a workspace in which a run has judged 120 unlabelled sentences, and the run."""
    return judged_home(tmp_path_factory.mktemp("rounds"), empty_database, POOL)


@pytest.fixture
def run(prepared: tuple[Path, str]) -> str:
    return prepared[1]


@pytest.fixture
def ws(prepared: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A copy of the prepared workspace."""
    yield from copied(prepared[0], tmp_path / "workspace", monkeypatch)


def curated(ws: Workspace, audit_id: int, wrong: int, who: str = "kim") -> None:
    """Answer all items of an audit at the desk; the first `wrong` of those that were kept get the other class."""
    predicted = {item.utterance_id: item for item in ws.store.rounds.items(audit_id)}
    kept = [number for number, item in sorted(predicted.items()) if item.kept]
    seat = Desk(who, ("danger",), queues.PSEUDO_LABEL_AUDIT, hide_predictions=False)
    while cards := desk.take(ws, seat, 50):
        for card in cards:
            number = card.utterance.id
            code = predicted[number].code
            label = OTHER[code] if number in kept[:wrong] else code
            desk.decide(ws, seat, number, card.utterance.version, {"danger": label})


def test_a_sample_is_drawn_near_the_threshold_and_queued_blind(ws: Workspace, run: str) -> None:
    made = audit.draw(ws, run, "danger", LOW, "ann", n=30, seed=3)
    items = ws.store.rounds.items(made.id)
    assert (len(items), made.thresholds, made.seed) == (30, LOW.to_json(), 3)
    opened = pool.open_pool(ws, run, "danger")
    kept = set(opened.ids[keep(opened.scores, LOW)].tolist())
    assert {item.utterance_id for item in items if item.kept} <= kept
    assert not {item.utterance_id for item in items if not item.kept} & kept
    n = Counter(item.stratum for item in items)
    for item in items:
        assert item.share == pytest.approx(n[item.stratum] / made.strata[item.stratum])
    for code in ("normal", "danger"):
        near, sure = made.strata[f"{code}:near"], made.strata[f"{code}:sure"]
        assert n[f"{code}:near"] / near > n[f"{code}:sure"] / sure, "heavier near the threshold"
    again = audit.draw(ws, run, "danger", LOW, "ann", n=30, seed=3)
    assert [i.utterance_id for i in ws.store.rounds.items(again.id)] == [i.utterance_id for i in items]
    with pytest.raises(NotEnoughData, match="the thresholds keep none of the 120 open predictions"):
        audit.draw(ws, run, "danger", Thresholds(confidence=1.0, margin=1.0), "ann")
    with pytest.raises(InputError, match="draw the audit on the Pseudo-label page"):
        queues.build(ws, queues.PSEUDO_LABEL_AUDIT, "danger")


def test_a_curator_sees_neither_prediction_nor_silver_label(ws: Workspace, run: str) -> None:
    accept.accept(ws, run, "danger", LOW, "ann", override="to look at it later")
    made = audit.draw(ws, run, "danger", LOW, "ann", n=12)
    seat = Desk("kim", ("danger",), queues.PSEUDO_LABEL_AUDIT, hide_predictions=False)
    cards = desk.take(ws, seat, 50)
    assert {card.utterance.id for card in cards} == {i.utterance_id for i in ws.store.rounds.items(made.id)}
    for card in cards:
        assert (card.labels, card.opinions) == ({}, ())
        assert desk.predictions(ws, seat, card.utterance.id) == ()
        assert "'code'" not in str(desk.history(ws, card.utterance.id, seat))
    first = cards[0].utterance
    desk.decide(ws, seat, first.id, first.version, {"danger": "danger"})
    assert desk.card(ws, seat, first.id).labels == {"danger": "danger"}
    assert "normal" not in {info.queue for info in queues.list_sizes(ws, "danger").values()}
    others = Desk("kim", ("danger",), "all")
    waiting = next(card.utterance.id for card in cards[1:])
    assert (desk.card(ws, others, waiting).labels, desk.card(ws, others, waiting).opinions) == ({}, ())
    assert desk.predictions(ws, others, waiting) == ()
    assert "'code'" not in str(desk.history(ws, waiting, others)), "what waits for an answer is blind in every queue"
    assert desk.card(ws, others, first.id).opinions, "an answered item is not"
    silver = next(n for n in ws.store.rounds.rounds_of("danger") if n not in {card.utterance.id for card in cards})
    assert desk.card(ws, others, silver).labels, "elsewhere a silver label is shown"
    assert desk.card(ws, Desk("kim", ("danger",)), silver).labels == {}, "among what is unlabelled it is not"


def test_precision_is_what_the_curators_say(ws: Workspace, run: str) -> None:
    made = audit.draw(ws, run, "danger", LOW, "ann", n=1000)  # all that the strata have
    empty = audit.report(ws, made.id)
    assert (empty.answered, empty.value, empty.reaches) == (0, None, False)
    curated(ws, made.id, wrong=5)
    report = audit.report(ws, made.id, LOW)
    items = [item for item in ws.store.rounds.items(made.id) if item.kept]
    assert (report.answered, report.drawn) == (len(ws.store.rounds.items(made.id)),) * 2
    assert (report.n, report.right) == (len(items), len(items) - 5)
    low, high = proportion_confint(len(items) - 5, len(items), method="wilson")
    assert [report.value, report.low, report.high] == pytest.approx([1 - 5 / len(items), low, high])
    assert report.noise == pytest.approx(5 / len(items))
    for row in report.classes:
        mine = [item for item in items if item.code == row.code]
        answers = ws.store.rounds.answers(made.id)
        right = sum(answers[item.utterance_id] == row.code for item in mine)
        low, high = proportion_confint(right, len(mine), method="wilson")
        assert (row.n, row.right) == (len(mine), right)
        assert [row.value, row.low, row.high] == pytest.approx([right / len(mine), low, high])


def test_a_round_needs_an_audit_or_a_reason(ws: Workspace, run: str) -> None:
    with pytest.raises(InputError, match="accepted with an audit, or with a reason to do without"):
        accept.accept(ws, run, "danger", LOW, "ann")
    with pytest.raises(InputError, match="the reason to accept without an audit is empty"):
        accept.accept(ws, run, "danger", LOW, "ann", override="  ")
    made = audit.draw(ws, run, "danger", LOW, "ann", n=40)
    with pytest.raises(NotEnoughData, match="0 of 40 items are answered, 0 of them above the thresholds"):
        accept.accept(ws, run, "danger", LOW, "ann", audit_id=made.id)
    curated(ws, made.id, wrong=2)
    seen = accept.preview(ws, run, "danger", LOW, made.id)
    assert seen.report is not None
    assert (seen.n, seen.silver) == (sum(seen.by_class.values()), 0)
    assert seen.wrong == round(seen.new * (1 - (seen.report.value or 0)))
    with pytest.raises(Conflict, match=rf"7 labels were confirmed, but {seen.new} would be written now"):
        accept.accept(ws, run, "danger", LOW, "ann", audit_id=made.id, confirmed=7)
    done = accept.accept(ws, run, "danger", LOW, "ann", audit_id=made.id, confirmed=seen.new)
    assert (done.audit_id, done.override, done.run_id, done.thresholds) == (made.id, None, run, LOW.to_json())
    assert done.counts["written"] == seen.new
    assert done.weight == {row.code: pytest.approx(row.value, abs=1e-3) for row in seen.report.classes}
    assert accept.preview(ws, run, "danger", LOW, made.id).new == 0
    assert accept.standing(ws, "danger") == {done.id: seen.new}


def test_the_confirmed_number_is_what_an_audit_says_that_suffices(ws: Workspace, run: str) -> None:
    low = Thresholds(confidence=0.0, margin=0.0)
    surest = float(np.quantile(pool.open_pool(ws, run, "danger").scores.confidence, 0.75))
    made = audit.draw(ws, run, "danger", Thresholds(confidence=surest, margin=0.0), "ann", n=POOL)
    curated(ws, made.id, wrong=0, who="ann")
    seen = accept.preview(ws, run, "danger", low, made.id)
    assert seen.report is not None
    assert (seen.report.n >= 10, seen.report.suffices, seen.wrong, seen.weight) == (True, False, None, 0.5)
    n = seen.report.answered
    assert seen.report.answered_by == {"ann": n}
    done = accept.accept(ws, run, "danger", low, "ann", audit_id=made.id, override="all the same", weight=0.3)
    assert (done.accepted_by, done.override_by, done.counts["own_answers"]) == ("ann", "ann", n)


def test_labels_given_in_bulk_are_no_answers_and_disputed_ones_are_wrong(ws: Workspace, run: str) -> None:
    made = audit.draw(ws, run, "danger", LOW, "ann", n=40)
    items = [item for item in ws.store.rounds.items(made.id) if item.kept]
    for code in OTHER:
        mine = [item.utterance_id for item in items[:20] if item.code == code]
        ws.store.bulk.label(mine, "danger", code, "ann", now())
    assert audit.report(ws, made.id, LOW).answered == 0
    seats = [Desk(who, ("danger",), queues.PSEUDO_LABEL_AUDIT, overlap=1.0) for who in ("kim", "lee")]
    for seat in seats:
        for card in desk.take(ws, seat, 50):
            item = next(x for x in ws.store.rounds.items(made.id) if x.utterance_id == card.utterance.id)
            first = seat.curator == "kim" or card.utterance.id != items[-1].utterance_id
            code = item.code if first else OTHER[item.code]
            desk.decide(ws, seat, card.utterance.id, card.utterance.version, {"danger": code})
    report = audit.report(ws, made.id, LOW)
    assert (report.disputed, report.n - report.right) == (1, 1)
    assert ws.store.rounds.answers(made.id)[items[-1].utterance_id] == ""


def test_the_newest_audit_that_suffices_speaks_everywhere(ws: Workspace, run: str) -> None:
    first = audit.draw(ws, run, "danger", LOW, "ann", n=40)
    curated(ws, first.id, wrong=1)
    second = audit.draw(ws, run, "danger", LOW, "ann", n=30)
    seat = Desk("kim", ("danger",), queues.PSEUDO_LABEL_AUDIT)
    third = audit.draw(ws, run, "danger", LOW, "ann", n=30, seed=9)
    waiting = {i.utterance_id for x in (second, third) for i in ws.store.rounds.items(x.id)}
    assert {card.utterance.id for card in desk.take(ws, seat, 100)} == waiting, "no audit loses its queue"
    assert evidence.chosen_audit(ws, run, "danger", LOW) == first.id
    assert view.view(ws, run, "danger", LOW).now.precision.n == audit.report(ws, first.id, LOW).n
    assert evidence.chosen_audit(ws, run, "danger", Thresholds(confidence=1.0, margin=1.0)) == third.id


def test_a_class_with_few_answers_has_the_weight_of_all(ws: Workspace, run: str) -> None:
    made = audit.draw(ws, run, "danger", LOW, "ann", n=1000)
    items = [item for item in ws.store.rounds.items(made.id) if item.kept]
    few = [item for item in items if item.code == "danger"][:9]
    for item in (*few, *(item for item in items if item.code == "normal")):
        label = "normal" if item in few[:3] else item.code
        ws.store.review.decide(item.utterance_id, 0, "kim", now(), labels={"danger": label})
    seen = accept.preview(ws, run, "danger", LOW, made.id)
    assert seen.report is not None
    assert seen.report.suffices
    assert isinstance(seen.weight, dict)
    assert seen.weight == {"normal": 1.0, "danger": round(seen.report.value or 0, 3)}


def test_acceptance_counts_as_nobody_s_work_and_is_withdrawn_as_one(ws: Workspace, run: str) -> None:
    def shown() -> tuple[object, ...]:
        report = progress.progress(ws)
        to_do = ws.store.corpus.find(Filter(labels={"danger": (UNLABELLED,)}), limit=0).total
        return report.work, report.forecasts[0].left, overview(ws).progress, to_do

    before, grades = shown(), ws.store.corpus.grades("utterance", "danger")
    done = accept.accept(ws, run, "danger", LOW, "ann", override="a test of the figures")
    n = done.counts["written"]
    assert n > 50
    assert len(ws.store.corpus.grades("utterance", "danger")) == len(grades) + n
    assert shown() == before
    number = next(iter(ws.store.rounds.rounds_of("danger")))
    ws.store.review.decide(number, 1, "kim", now(), labels={"danger": "danger"})
    back = accept.withdraw(ws, done.id, "bob")
    assert (back.state, back.counts["withdrawn"]) == ("withdrawn", n - 1)
    assert ws.store.corpus.grades("utterance", "danger") == grades | {number: ("danger", "gold")}


def test_the_verbs_draw_show_accept_list_and_withdraw(ws: Workspace, run: str) -> None:
    options = ["--confidence", "0.55", "--margin", "0.1", "--json"]
    drawn = answer("pseudo-label", "audit", run, "--size", "40", *options)
    assert (drawn["drawn"], drawn["answered"], drawn["audit"]["run_id"]) == (40, 0, run)
    assert "says too little about these thresholds" in failure("pseudo-label", "accept", run, "--yes", *options)
    curated(ws, drawn["audit"]["id"], wrong=1)
    shown = answer("pseudo-label", "audit", run, "--show", *options)
    assert (shown["answered"], shown["reaches"]) == (40, True)
    assert 0 < shown["low"] < shown["precision"] < shown["high"] <= 1
    made = answer("pseudo-label", "accept", run, "--yes", *options)["round"]
    assert (made["state"], made["audit_id"]) == ("accepted", drawn["audit"]["id"])
    listed = answer("pseudo-label", "list", "--json")
    assert [(x["id"], x["standing"]) for x in listed["rounds"]] == [(made["id"], made["counts"]["written"])]
    assert [(x["answered"], x["drawn"]) for x in listed["audits"]] == [(40, 40)]
    back = answer("pseudo-label", "withdraw", str(made["id"]), "--json")["round"]
    assert back["counts"]["withdrawn"] == made["counts"]["written"]
    assert "is withdrawn already" in failure("pseudo-label", "withdraw", str(made["id"]), "--json")
    assert json.dumps(back)


def test_a_hundred_thousand_labels_are_a_matter_of_seconds(ws: Workspace, run: str) -> None:
    n = 20_000  # the work is linear; a tenth of it would not show a quadratic step
    source = ws.store.corpus.add_source("many", "sentences", "ours", "0", now())
    ws.store.corpus.add_sentences(source, [NewUtterance(f"m{i}", f"문장 {i}", f"m{i}") for i in range(n)], now())
    ids = ws.store.texts.ids(Filter(labels={"danger": (UNLABELLED,)}))
    made = ws.store.rounds.propose(NewRound("danger", run, LOW.to_json(), override="speed"), "ann", now())
    began = time.process_time()
    done = ws.store.rounds.accept(made.id, ids.tolist(), ["danger"] * len(ids), "ann", now())
    spent = time.process_time() - began
    assert done.counts["written"] == n + POOL
    assert spent < 12, f"{spent:.1f} s for {n:,}: 100,000 would take more than a minute"
    assert np.isin(ids, list(ws.store.rounds.rounds_of("danger"))).all()
    assert ws.store.rounds.withdraw(made.id, "ann", now()).counts["withdrawn"] == n + POOL
