"""core.workflows.leaks: four trainings of one recipe, the document, its sentences, the verb and the refusals."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import soundfile
from cli_driver import answer, failure
from sounds import RATE_HZ, talk
from training_corpus import danger_items
from workflow_data import add_whole_calls

from core.errors import Cancelled, InputError, NotFound, UnknownName
from core.filters import Filter
from core.messages import Message
from core.records import NewRecording, NewUtterance
from core.schemes.files import parse_toml
from core.snapshots.format import read
from core.store import NewProposal
from core.workflows.cleaning import decisions, proposals
from core.workflows.corpus import schemes
from core.workflows.leaks import meter, results
from core.workflows.leaks.plan import LeakPlan, checked, of_run, parse_factors
from core.workflows.leaks.sentences import sentences
from core.workflows.leaks.variants import augmented
from core.workflows.models import train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

PLAN = LeakPlan("d1", "danger-text", "ngram", operations=("random-deletion", "punctuation-insertion"), factor=3.0)


def labelled(ws: Workspace, n: int = 160) -> None:
    """Sentences with one telling word each, frozen as `d1`."""
    source = ws.store.corpus.add_source("s", "test", "ours", "0" * 64, now())
    items = [NewUtterance(i.key, i.text, i.group, labels={"danger": i.code}) for i in danger_items(n)]
    ws.store.corpus.add_sentences(source, items, now())
    snapshot.create(ws, "d1", "danger", "60/20/20", 1)


class Job:
    """What a worker gives a job: it keeps the results of steps as JSON."""

    id = "m1"

    def __init__(self) -> None:
        self.names: list[str] = []
        self.seen: list[tuple[int, int]] = []

    def step(self, name: str, fn: Any) -> Any:
        self.names.append(name)
        return json.loads(json.dumps(fn()))

    def report(self, progress: dict[str, Any]) -> None:
        self.seen.append((progress["done"], progress["total"]))


def test_four_trainings_give_one_document_and_leave_nothing_else(ws: Workspace) -> None:
    labelled(ws)
    job = Job()
    meter.run_job(json.loads(json.dumps(PLAN.to_dict())), job)
    document = results.get(ws, "m1")
    names, seen = job.names, [pair for pair in job.seen if pair[1] == 4000]
    assert (159, 160) in job.seen, "making variants tells its progress too"
    assert names == ["variants", "lineage", "rows", "lineage-augmented", "rows-augmented", "scores"]
    assert seen == sorted(seen)
    assert seen[-1] == (4000, 4000)
    arms = {arm["name"]: arm for arm in document["arms"]}
    frozen = read(ws.snapshot_folder("d1"))
    counts = frozen.counts()
    assert arms["lineage"]["sides"] == {side: sum(classes.values()) for side, classes in counts.items()}
    assert arms["rows"]["sides"] == arms["lineage"]["sides"]
    added = arms["lineage-augmented"]["sides"]["train"] - arms["lineage"]["sides"]["train"]
    assert 0 < added < document["augmentation"]["n"] <= 2 * len(frozen.items)
    assert arms["lineage-augmented"]["sides"]["test"] == arms["lineage"]["n"]
    assert sum(arms["rows-augmented"]["sides"].values()) == len(frozen.items) + document["augmentation"]["n"]
    apparent, leaked, gain = (document["differences"][name]["accuracy"] for name in ("apparent", "leakage", "gain"))
    assert apparent["value"] == pytest.approx(leaked["value"] + gain["value"])
    assert document["critical"] == "danger"
    assert {"accuracy", "macro_f1", "recall"} <= arms["rows"].keys()
    assert [path.name for path in results.folder(ws).iterdir()] == ["m1.json"]
    assert results.of_snapshot(ws, "d1", "danger-text", "ngram", "danger") == [document]
    assert (ws.store.ledger.runs(), [info.name for info in snapshot.every(ws)]) == ([], ["d1"])
    first, second = (augmented(ws, frozen, PLAN, ws.settings.home).variants for _ in range(2))
    assert first == second, "equal seeds make equal variants"


def test_the_verb_measures_and_shows_again(ws: Workspace) -> None:
    labelled(ws)
    document = answer("leakmeter", "d1", "--recipe", "danger-text", "--encoder", "ngram", "--no-augment")
    assert [arm["name"] for arm in document["arms"]] == ["lineage", "rows"]
    assert document["differences"].keys() == {"leakage_without"}
    assert document["sentences"][-1] == "There is no score with augmentation: augmentation was not asked for."
    assert answer("leakmeter", "--show", document["id"]) == document
    assert failure("leakmeter", "--show", "none") == "there is no finished leak meter none"
    assert failure("leakmeter", "d1", "--recipe", "danger-text", "--factor", "often") == (
        "factor 'often' is not a number or CLASS=NUMBER"
    )


def test_accepted_variants_are_measured_as_they_are(ws: Workspace) -> None:
    labelled(ws, 80)
    parents = list(ws.store.corpus.every(Filter()))[:30]
    for parent in parents:
        payload = {"parent": parent.id, "before": parent.text, "text": f"{parent.text} 네", "seed": 0, "parameters": {}}
        new = NewProposal("augmentation", parent.id, "random-insertion", payload, Message("by hand"))
        ws.store.proposals.add([new], now())
        waiting = proposals.next_proposal(ws, "augmentation")
        assert waiting is not None
        decisions.decide(ws, waiting.id, True, "ann")
    info = snapshot.create(ws, "d2", "danger", "60/20/20", 1)
    training = info.counts["n"] - 80
    assert 0 < training <= len(parents)
    document = meter.run(ws, replace(PLAN, snapshot="d2", operations=()))
    assert (document["augmentation"]["source"], document["augmentation"]["n"]) == ("accepted", training)
    assert sentences(document)[-1] == f"The variants are the {training} accepted ones in the snapshot."
    plain = next(arm for arm in document["arms"] if arm["name"] == "lineage")
    assert sum(plain["sides"].values()) == 80
    made = augmented(ws, read(ws.snapshot_folder("d2")), replace(PLAN, snapshot="d2"), ws.settings.home)
    assert (made.source, len(made.originals)) == ("made", 80)


def test_a_plan_that_cannot_be_measured_is_refused_with_the_way_out(ws: Workspace) -> None:
    labelled(ws, 80)
    with pytest.raises(NotFound, match="d9"):
        checked(ws, replace(PLAN, snapshot="d9"))
    with pytest.raises(UnknownName, match="unknown scheme of snapshot d1 'urgency'"):
        checked(ws, replace(PLAN, target="urgency"))
    with pytest.raises(UnknownName, match="unknown augmentation 'magic'"):
        checked(ws, replace(PLAN, operations=("magic",)))
    with pytest.raises(UnknownName, match="unknown class of danger 'fire'"):
        checked(ws, replace(PLAN, class_factors={"fire": 2.0}))
    with pytest.raises(InputError, match=r"factor 6 is not from 1 \(no variant\) to 5 \(four variants"):
        checked(ws, replace(PLAN, factor=6.0))
    with pytest.raises(InputError, match=r"strength 0\.0 is not in \(0, 1\]"):
        checked(ws, replace(PLAN, alpha=0.0))


def test_only_the_named_classes_are_augmented(ws: Workspace) -> None:
    labelled(ws, 80)
    general, classes = parse_factors(["danger=4.5"])
    plan = replace(PLAN, factor=general, class_factors=classes)
    made = augmented(ws, read(ws.snapshot_folder("d1")), plan, ws.settings.home)
    danger = made.originals.column("code").count("danger")
    assert 2.5 * danger < len(made.variants) <= 4 * danger
    assert set(made.variants.column("code")) == {"danger"}


def test_a_run_is_measured_as_it_was_trained(ws: Workspace) -> None:
    labelled(ws, 80)
    spec = train.plan(ws, "danger-text", "d1", "ngram", {"c": "2.0"})
    train.run(ws, spec)
    plan = of_run(ws, spec.run_id)
    assert (plan.snapshot, plan.recipe, plan.encoder, plan.overrides["c"]) == ("d1", "danger-text", "ngram", "2.0")
    document = meter.run(ws, replace(plan, augmented=False))
    assert (
        document["arms"][0]["accuracy"]["value"]
        == ws.store.ledger.run(spec.run_id).metrics["test"]["accuracy"]["value"]
    )


def test_what_fails_or_is_cancelled_leaves_nothing(ws: Workspace, tmp_path: Path) -> None:
    labelled(ws, 80)

    def cancelled(progress: dict[str, Any]) -> None:
        if progress["done"] > 1000:
            raise Cancelled

    with pytest.raises(Cancelled):
        meter.run(ws, PLAN, cancelled)
    assert list(results.folder(ws).iterdir()) == []


def test_whole_calls_have_no_variants_and_the_document_says_why(ws: Workspace) -> None:
    add_whole_calls(ws, 40, 0)
    snapshot.create(ws, "calls", "urgency", unit="call")
    document = meter.run(ws, LeakPlan("calls", "text", "ngram"))
    assert [arm["name"] for arm in document["arms"]] == ["lineage", "rows"]
    assert sentences(document)[-1] == (
        "There is no score with augmentation: a row is a whole call, and the operations change single sentences."
    )


def score(value: float, reach: float) -> dict[str, float]:
    return {"value": value, "low": value - reach, "high": value + reach}


def told(apparent: float, leaked: float, gain: float, reach: float = 0.02) -> list[str]:
    differences = {"leakage_without": leaked / 2, "apparent": apparent, "leakage": leaked, "gain": gain}
    document = {
        "scheme": "danger", "critical": "danger", "unseen": "groups",
        "differences": {name: {"accuracy": score(value, reach), "recall": score(value, reach)}
                        for name, value in differences.items()},
        "augmentation": {"n": 1200, "source": "made", "operations": ["random-deletion"], "refused": {"equal": 3},
                         "why": None},
    }  # fmt: skip
    return [*sentences(document), sentences(document, "recall")[0]]


def test_the_sentences_claim_no_more_than_the_intervals_hold() -> None:
    leaky = told(0.10, 0.10, 0.0)
    assert leaky == [
        "Of the +10.0 points of accuracy that augmenting first and splitting random rows then seems to bring, 10.0 are "
        "leakage (95% interval +8.0 to +12.0).",
        "What augmentation itself is worth cannot be told from nothing: +0.0 points of accuracy (95% interval -2.0 to "
        "+2.0).",
        "Without augmentation, random rows show +5.0 points of accuracy against groups that are kept whole (95% "
        "interval +3.0 to +7.0).",
        "1,200 variants were made for this measurement by random-deletion; 3 candidates were refused.",
        "Of the +10.0 points of recall of danger that augmenting first and splitting random rows then seems to bring, "
        "10.0 are leakage (95% interval +8.0 to +12.0).",
    ]
    honest = told(0.05, 0.01, 0.04)
    assert honest[0].endswith("no leakage can be told from chance in them (+1.0 points, 95% interval -1.0 to +3.0).")
    assert honest[1] == "Augmentation itself is worth +4.0 points of accuracy (95% interval +2.0 to +6.0)."
    assert told(0.0, 0.05, -0.05)[1].startswith("Augmentation itself does harm here: -5.0 points of accuracy")


def test_voices_are_measured_by_speaker(ws: Workspace) -> None:
    """Random clips of people whom the model knows, against people whom it has never heard; copies are cut too."""
    source = ws.store.corpus.add_source("acted", "test", "ours", "0", now())
    (ws.settings.home / "audio").mkdir(exist_ok=True)
    recordings = []
    for actor, mood in product(range(8), ("danger", "normal")):
        key, path = f"a{actor:02}-{mood}", f"audio/a{actor:02}-{mood}.wav"
        soundfile.write(ws.settings.home / path, talk(1.0, seed=crc32(key.encode()) % 10_000), RATE_HZ)
        spoken = NewUtterance(f"{key}:1", "문", key, 0, 1000, f"actor{actor:02}", True, labels={"danger": mood})
        recordings.append(NewRecording(key, 1000, RATE_HZ, path, key, (spoken,)))
    ws.store.corpus.add_recordings(source, recordings, now())
    snapshot.create(ws, "v1", "danger", "60/20/20", inputs="voice")
    plan = LeakPlan("v1", "voice", "conv-bilstm", overrides={"epochs": "1"}, operations=("gain", "noise=10..20"))
    document = meter.run(ws, plan)
    arms = {arm["name"]: arm for arm in document["arms"]}
    assert arms["lineage-augmented"]["sides"]["train"] == 2 * arms["lineage"]["sides"]["train"]
    assert sum(arms["rows-augmented"]["sides"].values()) == 32
    assert arms["lineage"]["n_groups"] == arms["lineage"]["n"] / 2, "an actor is one group"
    assert (document["unseen"], document["augmentation"]["n"]) == ("speakers", 16)
    assert "random clips show" in sentences(document)[2]
    assert [path.suffix for path in results.folder(ws).iterdir()] == [".json"], "the copies are gone"
    assert len(ws.store.corpus.recordings()) == 16
    with pytest.raises(UnknownName, match="unknown transform 'random-deletion'"):
        checked(ws, replace(plan, operations=("random-deletion",)))


def test_rows_of_several_classes_are_measured_as_sets(ws: Workspace) -> None:
    classes = "".join(f'[[label]]\ncode = "{code}"\nko = "{code}"\n' for code in "ab")
    schemes.save(ws, parse_toml(f'name = "mood"\nko = "mood"\nkind = "multi"\n{classes}', "mood.toml"), "ann")
    source = ws.store.corpus.add_source("s", "test", "ours", "0" * 64, now())
    codes = ("a", "b", "a|b")
    items = [
        NewUtterance(i.key, f"{i.text} {codes[i.id % 3]}", i.group, labels={"mood": codes[i.id % 3]})
        for i in danger_items(90)
    ]
    ws.store.corpus.add_sentences(source, items, now())
    snapshot.create(ws, "m1", "mood", "60/20/20")
    document = meter.run(ws, LeakPlan("m1", "text", "ngram", augmented=False))
    plain = document["arms"][0]
    spec = train.plan(ws, "text", "m1", "ngram")
    metrics = train.run(ws, spec)["test"]
    assert (document["scheme"], document["critical"]) == ("mood", None)
    for name in ("accuracy", "macro_f1"):
        assert plain[name]["value"] == pytest.approx(metrics[name]["value"])
