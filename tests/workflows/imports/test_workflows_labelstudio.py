"""Label Studio projects in core.workflows.imports.exports: votes, labels of whole calls, names of schemes, audio."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes
from cli_driver import RUNNER
from export_corpora import Workspaces

from core.cli import app
from core.filters import Filter
from core.records import Utterance
from core.schemes import SCHEMES, publish
from core.workflows.corpus import schemes
from core.workflows.imports.exports.restore import ingest_labelstudio
from core.workflows.imports.report import ImportResult
from core.workflows.review.agreement import agreement, standing_answers
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def workspaces(tmp_path: Path) -> Iterator[Workspaces]:
    yield Workspaces(tmp_path / "homes")
    publish(None, ())


def choice(name: str, *codes: str, **span: Any) -> dict[str, Any]:
    return {"id": span.pop("mark", name), "from_name": name, "to_name": "x", "type": "choices",
            "value": {"choices": list(codes), **span}}  # fmt: skip


def said(mark: str, start: float, end: float, text: str, **labels: str) -> list[dict[str, Any]]:
    span = {"start": start, "end": end, "channel": 0}
    typed = {"id": mark, "from_name": "transcription", "type": "textarea", "value": {**span, "text": [text]}}
    return [typed, *(choice(name, code, mark=mark, **span) for name, code in labels.items())]


def task(
    number: int, data: Mapping[str, str], *annotations: list[dict[str, Any]], people: tuple[Any, ...] = (1, 2)
) -> Any:
    answers = [
        {"completed_by": person, "result": results} for person, results in zip(people, annotations, strict=False)
    ]
    return {"id": number, "data": data, "annotations": answers}


def take(ws: Workspace, folder: Path, *tasks: Any, **more: Any) -> ImportResult:
    (folder / "p.json").write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    return ingest_labelstudio(ws, folder / "p.json", **more)


def utterances(ws: Workspace) -> list[Utterance]:
    return list(ws.store.corpus.every(Filter()))


def test_every_answer_of_every_annotator_is_a_vote_that_agreement_sees(workspaces: Workspaces, tmp_path: Path) -> None:
    ws = workspaces.fresh()
    pairs = [("상", "상"), ("상", "하"), ("하", "하"), ("하", "상")]
    tasks = [
        task(
            n,
            {"text": f"문장 {n}"},
            [choice("urg", a)],
            [choice("urg", b)],
            people=({"email": "a@x"}, {"email": "b@x"}),
        )
        for n, (a, b) in enumerate(pairs)
    ]
    done = take(ws, tmp_path, *tasks)
    assert (done.report.added, done.proposed) == (4, ("urg",))
    assert done.report.notes == {"task whose annotators disagree": 2, "votes of annotators": 8}
    assert ws.store.corpus.grades("utterance", "urg") == {
        1: ("상", "gold"), 2: ("상", "disputed"), 3: ("하", "gold"), 4: ("하", "disputed"),
    }  # fmt: skip
    schemes.confirm(ws, "urg", "ann")
    measured = agreement(ws, "urg")
    assert (measured.n_items, measured.n_ratings, measured.raters) == (4, 8, ("vote:a@x", "vote:b@x"))
    assert measured.unanimous.value == 0.5
    again = take(ws, tmp_path, *tasks)
    assert (again.report.known, len(standing_answers(ws, "urg"))) == (4, 8)


def test_a_choice_about_the_call_is_a_label_of_the_recording(workspaces: Workspaces, tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(wav_bytes(6_000))
    spoken = said("a", 1, 2, "하나", role="신고자") + said("b", 3, 4, "둘", role="접수자")
    data = {"audio": "/data/upload/3/0a1b2c3d-call.wav"}
    whole = [choice("urgency", "상"), choice("danger", "위험"), choice("noise", "큼")]
    ws = workspaces.fresh()
    done = take(ws, tmp_path, task(1, data, [*spoken, *whole]), task(2, data, [choice("noise", "작음")]))
    assert (done.report.added, done.report.skipped, done.proposed) == (3, [], ("danger-2", "noise", "role"))
    assert {name: SCHEMES[name].level for name in ("danger-2", "noise", "role")} == {
        "danger-2": "recording", "noise": "recording", "role": "utterance",
    }  # fmt: skip
    grades = {name: ws.store.corpus.grades("recording", name) for name in ("urgency", "danger-2", "noise")}
    assert grades == {
        "urgency": {1: ("high", "gold")}, "danger-2": {1: ("위험", "gold")},
        "noise": {1: ("큼", "gold"), 2: ("작음", "gold")},
    }  # fmt: skip
    assert [(u.text, u.start_ms, u.end_ms, u.labels.get("role")) for u in utterances(ws)] == [
        ("하나", 1000, 2000, "신고자"), ("둘", 3000, 4000, "접수자"), ("", 0, 6000, None),
    ]  # fmt: skip
    assert ws.store.transfer.extras([1])[1].meta == {"channel": 0}


def test_annotators_who_differ_about_the_call_dispute_its_label(workspaces: Workspaces, tmp_path: Path) -> None:
    ws = workspaces.fresh()
    answers = [[*said("a", 1, 2, "하나", tone="x"), choice("urgency", code)] for code in ("상", "하")]
    done = take(ws, tmp_path, task(1, {"audio": "call.wav"}, *answers))
    assert ws.store.corpus.grades("recording", "urgency") == {1: ("high", "disputed")}
    assert ws.store.corpus.grades("utterance", "tone") == {1: ("x", "gold")}
    assert [(a.curator, a.code) for a in standing_answers(ws, "urgency")] == [("vote:1", "high"), ("vote:2", "low")]
    assert done.report.notes["votes of annotators"] == 4


def test_labels_of_regions_that_differ_are_no_label_of_their_recording(workspaces: Workspaces, tmp_path: Path) -> None:
    """`urgency` is a scheme of recordings, but here every region has its own."""
    ws = workspaces.fresh()
    spoken = said("a", 1, 2, "하나", urgency="상") + said("b", 3, 4, "둘", urgency="하")
    done = take(ws, tmp_path, task(1, {"audio": "call.wav"}, spoken))
    assert done.proposed == ("urgency-2",)
    assert [u.labels for u in utterances(ws)] == [{"urgency-2": "상"}, {"urgency-2": "하"}]
    assert ws.store.corpus.grades("recording", "urgency") == {}


def test_a_name_that_is_a_column_becomes_another_scheme(workspaces: Workspaces, tmp_path: Path) -> None:
    ws = workspaces.fresh()
    done = take(ws, tmp_path, task(1, {"audio": "call.wav"}, said("a", 1, 2, "하나", labels="신고자")))
    assert (done.proposed, done.report.skipped) == (("labels-label",), [])
    assert done.report.notes["label labels of the project: its scheme is called labels-label here"] == 1
    assert [u.labels for u in utterances(ws)] == [{"labels-label": "신고자"}]


def test_the_verb_takes_a_label_under_another_name(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GWIDAMA_HOME", str(ws.settings.home))
    path = tmp_path / "p.json"
    path.write_text(json.dumps([task(1, {"text": "불"}, [choice("위험도", "위험")])]), encoding="utf-8")
    for option, code, said_so in (
        ("danger=위험도", 0, '"added": 1'), ("danger=없음", 1, "no label 없음 in the project; there are 위험도"),
        ("danger", 2, "expected SCHEME=NAME"),
    ):  # fmt: skip
        answer = RUNNER.invoke(app, ["ingest", "labelstudio", str(path), "--label", option, "--json"])
        assert (answer.exit_code, said_so in answer.stdout + answer.stderr) == (code, True), answer.stderr
    assert [u.labels for u in utterances(ws)] == [{"danger": "danger"}]
