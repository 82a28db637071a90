"""The verbs `clashes ...`: suggestions of deliveries are listed, accepted, rejected and taken back."""

from pathlib import Path

import pytest
from cli_driver import answer, failure, run

from core.store import NewProposal
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

AT = "2026-11-30T00:00:00+00:00"
FIRST = "번호,문장\n1,집에 불이 났어요\n2,괜찮아요\n3,물이 새요\n4,여보세요\n"
EDITED = FIRST.replace("집에 불이", "집에 큰 불이").replace("물이 새요", "물이 많이 새요")


@pytest.fixture
def batch(ws: Workspace, tmp_path: Path) -> str:
    """The name of a delivery that made two suggestions."""
    for text, way in ((FIRST, "report"), (EDITED, "propose")):
        file = tmp_path / "신고.csv"
        file.write_text(text, "utf-8")
        answer("ingest", "table", file, "--text", "문장", "--id", "번호", "--on-clash", way)
    (delivery,) = answer("clashes", "list")["deliveries"]
    return str(delivery["batch"])


def test_suggestions_are_listed_with_before_and_after(batch: str) -> None:
    document = answer("clashes", "list")
    assert document["waiting"] == 2
    (delivery,) = document["deliveries"]
    assert (delivery["source"], delivery["open"], delivery["accepted"], delivery["rejected"]) == ("신고", 2, 0, 0)
    assert [suggestion["differences"] for suggestion in document["suggestions"]] == [
        [{"field": "text", "before": "집에 불이 났어요", "after": "집에 큰 불이 났어요"}],
        [{"field": "text", "before": "물이 새요", "after": "물이 많이 새요"}],
    ]
    assert {suggestion["batch"] for suggestion in document["suggestions"]} == {batch}
    assert len(answer("clashes", "list", "--limit", "1")["suggestions"]) == 1
    shown = run("clashes", "list").stdout
    assert "2 suggestions of deliveries wait" in shown
    assert "집에 큰 불이 났어요" in shown


def test_one_is_accepted_one_rejected_and_all_is_taken_back(ws: Workspace, batch: str) -> None:
    first, second = (str(suggestion["id"]) for suggestion in answer("clashes", "list")["suggestions"])
    assert answer("clashes", "accept", first)["accepted"] == 1
    assert answer("clashes", "reject", second) == {"rejected": 1}
    assert [ws.store.corpus.utterance(n).text for n in (1, 3)] == ["집에 큰 불이 났어요", "물이 새요"]
    assert "already accepted" in failure("clashes", "accept", first)
    assert answer("clashes", "undo", batch) == {"batch": batch, "undone": 1, "left": 0}
    assert ws.store.corpus.utterance(1).text == "집에 불이 났어요"
    assert answer("clashes", "list")["waiting"] == 1


def test_a_suggestion_of_another_kind_is_refused_before_anything_is_decided(ws: Workspace, batch: str) -> None:
    payload = {"text": "괜찮습니다", "before": "괜찮아요"}
    ws.store.proposals.add([NewProposal("cleaning", 2, "spelling", payload, "spelling")], AT)
    first, other = str(answer("clashes", "list")["suggestions"][0]["id"]), "3"
    for verb in ("accept", "reject"):
        assert failure("clashes", verb, first, other).startswith("suggestion 3 is not of a delivery")
    assert answer("clashes", "list")["waiting"] == 2
    assert ws.store.corpus.utterance(2).text == "괜찮아요"


def test_all_are_accepted_at_once(ws: Workspace, batch: str) -> None:
    ws.store.review.decide(3, 0, "ann", AT, text="수도관이 터졌어요")
    document = answer("clashes", "accept", "--all", "--batch", batch)
    assert (document["accepted"], document["refused"]) == (1, {"changed": 1})
    assert ws.store.corpus.utterance(3).text == "수도관이 터졌어요"
    assert answer("clashes", "list")["waiting"] == 0


def test_a_suggestion_that_fits_no_longer_stays_open(ws: Workspace, batch: str) -> None:
    ws.store.review.decide(1, 0, "ann", AT, text="아무 일 없어요")
    first = str(answer("clashes", "list")["suggestions"][0]["id"])
    assert answer("clashes", "accept", first)["refused"] == {"changed": 1}
    assert answer("clashes", "list")["waiting"] == 2


@pytest.mark.parametrize(
    "words", ["accept", "reject", "accept 1 --all", "accept 1 --batch x", "accept one", "list --limit 0"]
)
def test_wrong_usage_is_2_and_answers_nothing(ws: Workspace, words: str) -> None:
    result = run("clashes", *words.split(), "--json")
    assert (result.exit_code, result.stdout) == (2, "")


def test_unknown_names_are_one_clear_error(ws: Workspace) -> None:
    assert "no batch 'x' of proposals" in failure("clashes", "undo", "x")
    assert failure("clashes", "accept", "77") == "no proposal 77"
