"""A workspace made by version 0.1.0: after its migration, people undo, accept, decide, import and serve in it."""

import json
from pathlib import Path

import pytest
from old_workspace import answer, differences, expected, saved_tables
from starlette.testclient import TestClient

from core.errors import Conflict
from core.web.api import api
from core.workflows.cleaning import decisions
from core.workflows.corpus import bulk
from core.workflows.review import desk as session
from core.workflows.review import settle
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

HOST = "http://127.0.0.1:8501"


def test_the_last_decision_is_undone(old_ws: Workspace) -> None:
    last = expected()["last"]
    assert old_ws.store.corpus.utterance(last["utterance"]).text != last["text"]
    card = session.undo(old_ws, Desk(last["curator"], ("danger",), "all", blind=False))
    assert card is not None
    assert (card.utterance.id, card.utterance.text, dict(card.labels)) == (
        last["utterance"], last["text"], last["labels"],
    )  # fmt: skip


def test_undo_takes_back_every_kind_of_decision_and_passes_bulk_actions_and_suggestions(old_ws: Workspace) -> None:
    chain = expected()["chain"]
    desk = Desk(chain["curator"], ("danger",), "all", blind=False)
    undone = []
    while (card := session.undo(old_ws, desk)) is not None:
        undone.append(card.utterance.id)
        assert not card.utterance.skipped
    assert undone == chain["order"]
    for number, text in chain["texts"].items():
        assert old_ws.store.corpus.utterance(int(number)).text == text
    for number in chain["bulk"]:
        assert old_ws.store.corpus.utterance(number).labels["topic"] == "smoke"
    assert old_ws.store.bulk.latest().undone_at is None


def test_a_settlement_is_undone_and_its_dispute_is_open_again(old_ws: Workspace) -> None:
    before = settle.disputes(old_ws, "danger")
    undone = settle.undo(old_ws, "다솜")
    assert undone is not None
    assert undone.dispute is not None
    assert {answer.curator for answer in undone.dispute.answers} == {"가온", "누리"}
    assert settle.disputes(old_ws, "danger") == before + 1


def test_a_bulk_label_is_undone_as_one(old_ws: Workspace) -> None:
    action = expected()["bulk"]
    done = bulk.undo(old_ws, action["id"], action["curator"])
    assert (done.what["undone"], done.what["since"]) == (len(action["before"]), 0)
    for number, labels in action["before"].items():
        assert dict(old_ws.store.corpus.utterance(int(number)).labels) == labels
    with pytest.raises(Conflict):
        bulk.undo(old_ws, action["id"], action["curator"])


def test_a_cleaning_run_is_undone_as_one(old_ws: Workspace) -> None:
    run = expected()["clean"]
    ours = [row for row in expected()["tables"]["proposal"]["rows"] if row[5] == "accepted" and row[10] == run["id"]]
    assert len(ours) == sum(step["accepted"] for step in run["tally"].values()) == 5
    assert answer("clean", "--undo", run["id"]) == {"run": run["id"], "undone": len(ours), "left": 0}
    for _, kind, number, _, payload, *_ in ours:
        utterance = old_ws.store.corpus.utterance(number)
        assert not utterance.skipped
        if kind == "cleaning":
            assert utterance.text == json.loads(payload)["before"]
    assert answer("clean", "--undo", run["id"])["undone"] == 0


@pytest.mark.parametrize("kind", ["cleaning", "exclude", "augmentation", "pseudo-label"])
def test_an_open_proposal_is_accepted_and_taken_back(old_ws: Workspace, kind: str) -> None:
    number = expected()["open"][kind]
    before = old_ws.store.corpus.counts()
    proposal = decisions.decide(old_ws, number, True, "tester")
    assert (proposal.state, proposal.kind) == ("accepted", kind)
    utterance = old_ws.store.corpus.utterance(proposal.utterance_id)
    if kind == "cleaning":
        assert utterance.text == proposal.payload["text"]
    elif kind == "exclude":
        assert utterance.skipped
    elif kind == "augmentation":
        assert old_ws.store.corpus.counts()["utterances"] == before["utterances"] + 1
    else:
        assert utterance.labels[proposal.payload["scheme"]] == proposal.payload["code"]
    taken_back = decisions.undo(old_ws, kind, "tester")
    assert taken_back is not None
    assert (taken_back.id, taken_back.state) == (number, "open")


def test_new_decisions_follow_the_old_ones(old_ws: Workspace) -> None:
    desk = Desk("다온", ("danger", "topic"), "all", blind=False)
    old = old_ws.store.corpus.utterance(expected()["last"]["utterance"])
    made = session.decide(
        old_ws, desk, old.id, old.version, {"danger": "danger", "topic": "fire|smoke"}, text="새 문장", spent_ms=900
    )
    assert made.version == old.version + 1
    assert [act["version"] for act in session.history(old_ws, old.id, desk) if act["what"] != "remark"] == list(
        range(old.version + 2)
    )
    assert answer("search", "새 문장")["utterances"][0]["labels"] == {"danger": "danger", "topic": "fire|smoke"}


def test_its_own_export_adds_nothing(old_ws: Workspace) -> None:
    (path,) = (old_ws.settings.home / "exports").glob("*.jsonl")
    made = answer("ingest", "own", str(path))
    assert (made["added"], made["known"]) == (0, len(path.read_text(encoding="utf-8").splitlines()))
    assert saved_tables(old_ws.settings.home) == []


def test_faults_are_looked_for_again(home: Path) -> None:
    report = answer("quality", "--check", "same-text", "--check", "missing-file", "--check", "inverted-times")
    old = {check: (n, ids) for check, n, ids in expected()["quality"]}
    (copies,) = report["findings"]
    assert (copies["check"], (copies["count"], copies["ids"])) == ("same-text", old["same-text"])


def test_an_export_of_a_snapshot_and_of_the_corpus_is_written(home: Path, tmp_path: Path) -> None:
    n = answer("export", str(tmp_path / "all.csv"))["utterances"]
    assert n == len(expected()["rows"])
    frozen_rows = answer("export", str(tmp_path / "frozen.parquet"), "--snapshot", "danger-1")["utterances"]
    assert frozen_rows == expected()["snapshots"]["danger-1"][1]


def test_the_rest_service_judges_by_the_old_runs(home: Path) -> None:
    with TestClient(api, base_url=HOST) as client:
        health = client.get("/v1/health").json()
        assert health["status"] == "ok"
        assert {run["id"] for run in health["runs"]} == set(expected()["runs"].values())
        sent = client.post("/v1/predict", json={"text": expected()["texts"][0]["utterances"][0]["text"]}).json()
    assert differences(expected()["texts"][0]["utterances"], sent["utterances"]) == []
