"""The open pool, the view behind the sliders, its evidence, suggestions for the desk, and the verb `thresholds`."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_driver import answer, failure
from judged_pool import copied, judge, judged_home
from workflow_data import add_whole_calls

from core.errors import Unfit, UnknownName
from core.records import AuditItem
from core.runs.folder import read_predictions
from core.runs.pool import read_pool
from core.thresholds import ClassLimits, Thresholds, keep, weighted_wilson
from core.workflows.cleaning import decisions
from core.workflows.models import train
from core.workflows.pseudo_labels import accept, evidence, pool, proposing, view
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

POOL = 60
EVERY = Thresholds(confidence=0, margin=0)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> tuple[Path, str]:
    """The folder of a workspace in which a run has judged 60 unlabelled sentences, and the run."""
    return judged_home(tmp_path_factory.mktemp("judged"), empty_database, POOL)


@pytest.fixture
def run(prepared: tuple[Path, str]) -> str:
    return prepared[1]


@pytest.fixture
def ws(prepared: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A copy of the prepared workspace."""
    yield from copied(prepared[0], tmp_path / "workspace", monkeypatch)


def decide(ws: Workspace, number: int, code: str) -> None:
    version = ws.store.corpus.utterance(number).version
    ws.store.review.decide(number, version, "ann", now(), labels={"danger": code})


def test_the_pool_is_what_people_have_not_labelled(ws: Workspace, run: str) -> None:
    opened = pool.open_pool(ws, run, "danger")
    assert len(opened.scores) == POOL
    assert pool.size(ws, run, "danger") == POOL
    assert pool.open_pool(ws, run, "danger") is opened, "it is kept in memory"
    every = read_pool(ws.run_folder(run), "danger")
    assert opened.ids.tolist() == every.ids.tolist()
    assert opened.scores.class_probs == pytest.approx(every.probs.mean(axis=0), abs=1e-6)

    ws.store.corpus.add_source("other", "sentences", "ours", "0", now())
    assert pool.open_pool(ws, run, "danger") is opened, "another change of the store makes nothing again"
    decide(ws, int(opened.ids[3]), "danger")
    smaller = pool.open_pool(ws, run, "danger")
    assert smaller.ids.tolist() == np.delete(opened.ids, 3).tolist()
    assert smaller.scores.confidence.tolist() == np.delete(opened.scores.confidence, 3).tolist()
    assert smaller.codes(np.array([0, 5])) == [every.codes[every.answers[0]], every.codes[every.answers[6]]]
    with pytest.raises(UnknownName, match="unknown target 'mood'; known: danger"):
        pool.open_pool(ws, run, "mood")


def test_accepted_silver_stays_in_the_pool_and_is_no_gold(ws: Workspace, run: str) -> None:
    gold = pool.gold_counts(ws, "danger")
    accept.accept(ws, run, "danger", EVERY, "ann", override="to see them in the pool")
    assert len(pool.open_pool(ws, run, "danger").scores) == POOL
    assert pool.gold_counts(ws, "danger") == gold
    assert proposing.propose(ws, run, "danger", EVERY) == 0, "all have a label"


def test_what_a_person_decided_against_is_not_in_the_pool(ws: Workspace, run: str) -> None:
    every = pool.open_pool(ws, run, "danger").ids.tolist()
    ws.store.review.decide(every[0], 0, "kim", now(), labels={}, skip=True)
    assert proposing.propose(ws, run, "danger", EVERY) == POOL - 1
    suggested = {p.utterance_id: p.id for p in ws.store.proposals.page("pseudo-label", limit=POOL)}
    decisions.decide(ws, suggested[every[1]], False, "kim")
    assert pool.open_pool(ws, run, "danger").ids.tolist() == every[2:], "one skipped, one rejected"
    decisions.undo(ws, "pseudo-label", "kim")
    assert pool.open_pool(ws, run, "danger").ids.tolist() == every[1:], "it is no longer rejected"
    accept.accept(ws, run, "danger", EVERY, "ann", override="nobody audited")
    ws.store.review.restore(every[2], 0, 1, "kim", now())
    assert every[2] not in ws.store.corpus.grades("utterance", "danger")
    assert pool.open_pool(ws, run, "danger").ids.tolist() == [every[1], *every[3:]], "its label was taken off"
    decide(ws, every[2], "danger")
    ws.store.review.undo("ann", now())
    assert every[2] not in pool.open_pool(ws, run, "danger").ids, "an own answer was undone, the other decision stands"


def test_a_prediction_for_an_earlier_text_is_accepted_nowhere(ws: Workspace, run: str) -> None:
    first = pool.open_pool(ws, run, "danger")
    changed, again, same = first.ids[:3].tolist()
    proposing.propose(ws, run, "danger", EVERY)
    waiting = {p.utterance_id: p.id for p in ws.store.proposals.page("pseudo-label", limit=POOL)}
    texts = ws.store.texts.of([changed, again, same])
    for number in (changed, again):
        ws.store.review.decide(number, 0, "ann", now(), labels={}, text="오늘은 날씨가 참 좋네요")
    ws.store.review.decide(again, 1, "ann", now(), labels={}, text=texts[again])
    opened = pool.open_pool(ws, run, "danger")
    assert (opened.changed, opened.ids.tolist()) == (1, first.ids[1:].tolist())
    assert view.view(ws, run, "danger", EVERY).changed == 1
    assert answer("pseudo-label", "thresholds", run)["changed"] == 1
    with pytest.raises(Unfit, match=f"the text of utterance {changed} was changed meanwhile"):
        decisions.decide(ws, waiting[changed], True, "kim")
    assert decisions.decide(ws, waiting[again], True, "kim").state == "accepted", "the text is as it was"
    decisions.decide(ws, waiting[changed], False, "kim")
    accept.accept(ws, run, "danger", EVERY, "ann", override="nobody audited")
    assert changed not in ws.store.corpus.grades("utterance", "danger")

    judge(ws, run)
    opened = pool.open_pool(ws, run, "danger")
    assert (opened.changed, opened.ids.tolist()) == (0, first.ids.tolist()), (
        "the rejected suggestion was of an old text"
    )


def test_a_machines_label_that_nobody_read_counts_half(ws: Workspace, run: str) -> None:
    from core.schemes import SCHEMES
    from core.workflows.snapshots.samples import Gathering

    proposing.propose(ws, run, "danger", EVERY)
    one, *others = ws.store.proposals.page("pseudo-label", limit=4)
    decisions.decide(ws, one.id, True, "kim")
    decisions.accept(ws, others, "kim")
    gathered = Gathering(ws, [SCHEMES["danger"]], "text", False, "utterance")
    keys = {item.id: item.key for item in gathered.items()}
    assert gathered.weights == {"danger": {keys[p.utterance_id]: 0.5 for p in others}}


def test_a_view_counts_the_pool_and_rests_on_the_test_side(ws: Workspace, run: str) -> None:
    given = Thresholds(confidence=0.6, margin=0.1)
    seen = view.view(ws, run, "danger", given)
    every = read_pool(ws.run_folder(run), "danger")
    kept = (every.confidence >= 0.6) & (every.margin >= 0.1)
    assert (seen.total, seen.now.kept, seen.source) == (POOL, int(kept.sum()), "test")
    assert [row.kept for row in seen.classes] == np.bincount(every.answers[kept], minlength=2).tolist()
    assert seen.seed.kept == int(((every.confidence >= 0.75) & (every.margin >= 0.2)).sum())
    assert seen.now.confidence == pytest.approx(float(every.confidence[kept].mean()), abs=1e-6)
    assert seen.now.raw == pytest.approx(float(every.raw_confidence[kept].mean()), abs=1e-6)
    gold = Counter(code for code, _ in ws.store.corpus.grades("utterance", "danger").values())
    assert {row.code: row.gold for row in seen.classes} == dict(gold)

    rows = [row for row in read_predictions(ws.run_folder(run), "danger") if row["side"] == "test"]
    best = [max(row["probs"]) for row in rows]
    inside = [row for row, sure in zip(rows, best, strict=True) if sure >= 0.6 and 2 * sure - 1 >= 0.1]
    right = sum(("normal", "danger")[int(np.argmax(row["probs"]))] == row["gold"] for row in inside)
    expected = [float(part) for part in weighted_wilson(right, len(inside), len(inside))]
    shown = seen.now.precision
    assert shown.n == len(inside) > 3
    assert [shown.value, shown.low, shown.high] == pytest.approx(expected)
    assert view.view(ws, run, "danger", Thresholds("freematch")).classes[0].margin is None
    assert json.dumps(view.as_json(seen), allow_nan=False)


def test_an_audit_replaces_the_test_side_once_it_has_answers(ws: Workspace, run: str) -> None:
    opened = pool.open_pool(ws, run, "danger")
    ids, codes = opened.ids.tolist(), opened.codes(np.arange(POOL))
    strata = {"sure": 40, "unsure": 20}
    items = [
        AuditItem(0, ids[n], "sure" if n < 40 else "unsure", 0.5, codes[n], float(opened.scores.confidence[n]),
                  float(opened.scores.margin[n]), True)
        for n in range(0, POOL, 2)
    ]  # fmt: skip
    ws.store.rounds.add_audit(run, "danger", Thresholds().to_json(), 0, strata, items, "ann", now())
    other = {"normal": "danger", "danger": "normal"}
    for n in range(0, 16, 2):
        decide(ws, ids[n], codes[n])
    assert evidence.best(ws, run, "danger")[1] == "test", "eight answers are too few"
    for n in (16, 18):
        decide(ws, ids[n], other[codes[n]])
    for n in (40, 42):
        decide(ws, ids[n], other[codes[n]])
    known, source = evidence.best(ws, run, "danger")
    assert source == "audit"
    assert known is not None
    assert known.weight.tolist() == [4.0] * 10 + [10.0] * 2, "each answer stands for its stratum"
    assert known.confidence[0] == pytest.approx(opened.scores.confidence[0])
    assert known.entropy[0] == pytest.approx(opened.scores.entropy[0])
    seen = view.view(ws, run, "danger", Thresholds(confidence=0, margin=0))
    assert seen.source == "audit"
    assert seen.total == POOL - 12
    assert seen.now.precision.value == pytest.approx(32 / 60)
    assert seen.now.precision.n == 12


def test_the_desk_gets_the_least_sure_of_what_stays(ws: Workspace, run: str) -> None:
    given = Thresholds("per-class", 0.5, 0.0, (ClassLimits("danger", 0.6, 0.0),))
    opened = pool.open_pool(ws, run, "danger")
    kept = np.flatnonzero(keep(opened.scores, given))
    assert proposing.propose(ws, run, "danger", given, most=5) == 5
    first = kept[np.argsort(opened.scores.confidence[kept], kind="stable")[:5]]
    waiting = [ws.store.proposals.get(number) for number in range(1, 6)]
    assert sorted(one.utterance_id for one in waiting) == sorted(opened.ids[first].tolist())
    payload = waiting[0].payload
    assert payload["confidence"] == pytest.approx(payload["margin"] / 2 + 0.5, abs=1e-3)
    assert payload["raw_confidence"] != payload["confidence"], "the uncalibrated one stands beside it"
    assert proposing.propose(ws, run, "danger", given) == len(kept) - 5


def test_a_call_leaves_the_pool_once_people_have_labelled_it(ws: Workspace) -> None:
    add_whole_calls(ws, 60, 4)
    snapshot.create(ws, "calls", "urgency", unit="call")
    spec = train.plan(ws, "text", "calls")
    train.run(ws, spec)
    assert judge(ws, spec.run_id) == 4
    turns = pool.open_pool(ws, spec.run_id, "urgency").ids.tolist()
    another = ws.store.corpus.utterance(turns[0] + 1)
    ws.store.review.decide(another.id, another.version, "ann", now(), labels={"urgency": "medium"})
    assert pool.open_pool(ws, spec.run_id, "urgency").ids.tolist() == turns[1:]


def test_the_verb_shows_what_thresholds_keep(ws: Workspace, run: str) -> None:
    seen = view.view(ws, run, "danger", Thresholds("top-k", k=7))
    told = answer("pseudo-label", "thresholds", run, "--thresholds", '{"mode": "top-k", "k": 7}')
    assert told["now"]["kept"] == seen.now.kept == 14
    assert (told["run_id"], told["target"], told["thresholds"]) == (run, "danger", {"mode": "top-k", "k": 7})
    assert len(told["curves"]["confidence"]) == 101
    assert told["curves"]["kept"]["danger"][0] == seen.curves.kept[0, 1]
    assert not math.isnan(told["classes"][0]["limit"])
    assert "unknown mode 'loose'; known: fixed, per-class" in failure(
        "pseudo-label", "thresholds", run, "--thresholds", "loose"
    )
    assert "unknown target" in failure("pseudo-label", "thresholds", run, "--target", "emotion")
