"""core.workflows.speech: which transcriber there is, texts for a corpus as proposals, and the letter error rate."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from core.errors import CheckpointMismatch, InputError, JobFailed, MissingBackend, NotEnoughData, UnknownName
from core.filters import Filter
from core.records import NewRecording, NewUtterance
from core.speech import weights
from core.speech.transcribers.transcript import Transcript, Word
from core.workflows import jobs, workspace
from core.workflows.cleaning import decisions, proposals
from core.workflows.speech import corpus, errors, transcribe
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.usefixtures("recogniser")

AT = "2026-01-01T00:00:00.000000+00:00"


@dataclass
class Scripted:
    """Says, for each span, what stands under its start; None there is not understood."""

    said: dict[int, str | None]
    name: str = "scripted"
    model: str = "scripted-1"

    def transcribe(self, wave: Any, spans: Sequence[tuple[int, int]] | None, language: str = "ko") -> list[Transcript]:
        made = []
        for start, end in spans or ():
            text = self.said.get(start)
            word = (Word(start, start + 100, text, 0.9),) if text else ()
            made.append(Transcript(start, end, text or "", "ok" if text else "not_understood", 0.8, language, word))
        return made


def add_call(ws: Workspace, name: str, texts: Sequence[str], audio: bool = True) -> list[int]:
    """A recording of one second for each text; the ids of its utterances."""
    path, ms = f"audio/{name}.wav", 1000 * len(texts)
    (ws.settings.home / "audio").mkdir(exist_ok=True)
    if audio:
        noise = 0.1 * np.random.default_rng(0).standard_normal(16 * ms)
        soundfile.write(ws.settings.home / path, noise, 16_000, subtype="PCM_16")
    source = ws.store.corpus.add_source("calls", "test", "ours", "0", AT)
    turns = tuple(
        NewUtterance(f"{name}:{at}", text, name, 1000 * at, 1000 * at + 1000, "caller", True)
        for at, text in enumerate(texts)
    )
    ws.store.corpus.add_recordings(source, [NewRecording(name, ms, 16_000, path, name, turns)], AT)
    return [u.id for u in ws.store.corpus.every(Filter()) if u.key.startswith(f"{name}:")]


@pytest.fixture
def bare(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace on a machine without weights; nothing is asked of a hub."""
    monkeypatch.setattr(weights, "PACKAGES", ("no_such_package",))
    monkeypatch.setenv("HF_HUB_CACHE", str(ws.settings.home / "hub"))
    return replace(ws, settings=replace(ws.settings, whisper="tiny.en", transcriber=""))


def test_no_model_is_a_normal_state(bare: Workspace) -> None:
    assert transcribe.transcriber(bare) is None
    found = transcribe.status(bare)
    assert (found["name"], found["state"]) == ("whisper", "absent")
    assert str(found["reason"]).startswith(
        "no speech recognition model is installed: pip install faster-whisper==1.2.1"
    )
    with pytest.raises(MissingBackend, match="no speech recognition model"):
        transcribe.transcriber(bare, "whisper")
    with pytest.raises(MissingBackend, match="no speech recognition model"):
        corpus.run(bare, Filter())


def test_off_and_unknown_names(ws: Workspace) -> None:
    off = replace(ws, settings=replace(ws.settings, transcriber="off"))
    assert transcribe.transcriber(off) is None
    assert transcribe.transcriber(ws, "off") is None
    assert transcribe.status(off) == {"name": None, "state": "off", "reason": "transcription is switched off"}
    with pytest.raises(
        UnknownName, match=r"unknown transcriber 'siri'; known: whisper, whisper-transformers, sensevoice"
    ):
        transcribe.transcriber(ws, "siri")
    assert transcribe.status(ws, "siri")["state"] == "absent"
    assert {choice.name: choice.state for choice in transcribe.choices(ws)}["endpoint"] == "absent", "off by itself"


def test_a_folder_that_is_named_comes_first(ws: Workspace, tmp_path: Path) -> None:
    named = replace(ws.settings, whisper=str(tmp_path))
    assert transcribe.status(replace(ws, settings=named))["state"] == "absent"
    with pytest.raises(CheckpointMismatch, match=r"GWIDAMA_WHISPER: .* holds no model.bin"):
        weights.transcribing(named)
    (tmp_path / "model.bin").write_bytes(b"weights")
    assert (weights.transcribing(named), weights.transcribing_folder(named)) == (tmp_path.name, tmp_path)
    pytest.importorskip("faster_whisper")
    assert transcribe.current(replace(ws, settings=named)).model == tmp_path.name


def test_a_size_that_does_not_exist(ws: Workspace) -> None:
    pytest.importorskip("faster_whisper")
    odd = replace(ws, settings=replace(ws.settings, whisper="gigantic"))
    found = transcribe.status(odd)
    assert (found["state"], "Invalid model size 'gigantic'" in str(found["reason"])) == ("absent", True)


def test_texts_become_proposals_that_a_curator_accepts(ws: Workspace) -> None:
    first, second, third = add_call(ws, "c", ["", "", "벌써 적었어요"])
    add_call(ws, "gone", [""], audio=False)
    scripted = Scripted({0: "불이 났어요", 1000: None, 2000: "다른 말"})
    stages: list[tuple[str, int, int]] = []
    result = corpus.run(ws, Filter(), transcriber=scripted, progress=lambda *stage: stages.append(stage))
    assert (result.transcriber, result.utterances, result.proposals) == ("scripted", 3, 1)
    assert result.states == {"not_understood": 1, "ok": 1, "unreadable": 1}
    assert [(skip.where, "missing" in skip.reason) for skip in result.skipped] == [("gone:0", True)]
    assert stages[-1] == ("utterances", 3, 3)
    card = proposals.next_waiting(ws, corpus.KIND)
    assert card is not None
    assert (card.utterance.id, card.proposal.confidence, card.proposal.batch) == (first, 0.8, result.run)
    assert card.proposal.payload["words"] == [{"start_ms": 0, "end_ms": 100, "text": "불이 났어요", "probability": 0.9}]
    assert card.proposal.reason == "heard by scripted"
    again = corpus.run(ws, Filter(), transcriber=scripted)
    assert (again.utterances, again.proposals) == (3, 0), "nothing is suggested twice"
    assert decisions.accept_all(ws, corpus.KIND, "tester").accepted == 1
    texts = ws.store.texts.of([first, second, third])
    assert list(texts.values()) == ["불이 났어요", "", "벌써 적었어요"]
    (revision,) = ws.store.review.history(first)
    assert (revision.act, revision.why, revision.after) == ("accept", "transcribe", {"text": "불이 났어요"})
    assert corpus.undo(ws, result.run, "tester") == (1, 0)
    assert ws.store.texts.of([first]) == {first: ""}


def test_a_text_that_a_person_wrote_meanwhile_stays(ws: Workspace) -> None:
    (number,) = add_call(ws, "c", [""])
    corpus.run(ws, Filter(), transcriber=Scripted({0: "불이 났어요"}))
    ws.store.review.decide(number, 0, "kim", AT, text="물이 새요")
    outcome = decisions.accept_all(ws, corpus.KIND, "tester")
    assert (outcome.accepted, outcome.refused) == (0, {"changed": 1})
    assert ws.store.texts.of([number]) == {number: "물이 새요"}


def test_letter_error_rate_over_the_corpus(ws: Workspace) -> None:
    add_call(ws, "a", ["불이 났어요!", "빨리 와 주세요"])
    add_call(ws, "b", ["감사합니다", ""])
    with pytest.raises(NotEnoughData, match="both a voice and a text that people wrote"):
        errors.measure(ws, Filter(text="없는 말"), transcriber=Scripted({}))
    ticks = iter([0.0, 1.5])
    scripted = Scripted({0: "불이 낫어요", 1000: None})
    measured = errors.measure(ws, Filter(), transcriber=scripted, clock=lambda: next(ticks))
    assert (measured.utterances, measured.states) == (3, {"not_understood": 1, "ok": 2})
    # "불이 낫어요" has one of five letters wrong; against "감사합니다" it has all five wrong
    assert (measured.understood.letters, measured.understood.errors) == (10, 6)
    assert (measured.everything.letters, measured.everything.errors) == (16, 12)
    assert (measured.seconds, measured.realtime, measured.model) == (3.0, 2.0, "scripted-1")
    assert [row.errors for row in measured.worst] == [5, 1]
    assert errors.last(ws) == measured


def test_the_hub_is_asked_only_by_fetch(bare: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faster_whisper")
    asked: list[str] = []

    def offline(host: str, port: int = 443, limit_s: float = 3.0) -> bool:
        asked.append(host)
        return False

    monkeypatch.setattr("core.models.pretrained.hub.reachable", offline)
    transcribe.status(bare)
    assert asked == []
    with pytest.raises(MissingBackend, match=r"'tiny.en' cannot be fetched: the hub cannot be reached from here: pip"):
        transcribe.fetch(bare)
    assert asked == ["huggingface.co"]


def test_a_language_that_does_not_exist_is_one_error_before_anything_is_queued(ws: Workspace) -> None:
    add_call(ws, "c", ["", "불이 났어요"])
    message = "no recogniser knows the language 'kr'; give a code such as ko, en, ja, zh or vi"
    with pytest.raises(InputError, match=message):
        corpus.run(ws, Filter(), language="kr", transcriber=Scripted({}))
    with pytest.raises(InputError, match=message):
        errors.measure(ws, Filter(), language="kr", transcriber=Scripted({}))
    with pytest.raises(InputError, match=message):
        corpus.start(ws, Filter(), language="kr")
    assert jobs.recent(ws, 5) == []
    assert errors.last(ws) is None


def test_a_failing_transcriber_is_an_error(ws: Workspace) -> None:
    add_call(ws, "c", [""])

    class Broken(Scripted):
        def transcribe(self, wave: Any, spans: Any, language: str = "ko") -> list[Transcript]:
            raise JobFailed("the weights cannot be read")

    with pytest.raises(JobFailed, match="the weights cannot be read"):
        corpus.run(ws, Filter(), transcriber=Broken({}))


def test_a_run_goes_on_after_its_last_finished_block(ws: Workspace) -> None:
    add_call(ws, "c", ["", ""])
    kept: dict[str, Any] = {}

    def step(name: str, fn: Callable[[], Any]) -> Any:
        if name not in kept:
            kept[name] = json.loads(json.dumps(fn()))  # as the queue stores it
        return kept[name]

    first = corpus.run(ws, Filter(), transcriber=Scripted({0: "불이 났어요"}), run_id="transcribe-1", step=step)
    again = corpus.run(ws, Filter(), transcriber=Scripted({}), run_id="transcribe-1", step=step)
    assert again == first
    assert (list(kept), first.states, first.proposals) == (["blocks", "block 0"], {"not_understood": 1, "ok": 1}, 1)


def test_the_job_reports_what_it_read(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faster_whisper")
    (tmp_path / "model.bin").write_bytes(b"not loaded, because nothing is read")
    monkeypatch.setenv("GWIDAMA_WHISPER", str(tmp_path))
    reports: list[dict[str, Any]] = []

    class Job:
        id = "transcribe-2"

        def step(self, name: str, fn: Callable[[], Any]) -> Any:
            return fn()

        def report(self, progress: Any) -> None:
            reports.append(dict(progress))

    workspace._open.cache_clear()
    corpus.run_job({"wanted": {}, "name": None, "language": "ko"}, Job())
    assert reports == [
        {"stage": "utterances", "done": 0, "total": 0, "unit": "utterances"},
        {"states": {}, "proposals": 0},
    ]
