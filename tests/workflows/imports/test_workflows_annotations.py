"""Annotated speech is imported once, with audio, labels and channels; a second import adds nothing."""

import io
from pathlib import Path

import pytest
import soundfile
from aihub119_files import wav_bytes, write_tree
from cli_driver import answer, run
from spoken_files import pitch, srt, textgrid, tones

from core.audio.clips import read_clip
from core.errors import InputError
from core.filters import Filter
from core.records import Utterance
from core.workflows.imports.annotations import ELSEWHERE, Roles, Rules, ingest_annotations
from core.workflows.workspace import Workspace

SPEAKERS = {"agent": [(0, 2, "네 119입니다")], "caller": [(1, 4, "불이 났어요")], "danger": [(1, 4, "위험")],
            "urgency": [(0, 6, "상")]}  # fmt: skip
ROLES = Roles(labels={"danger": "danger", "urgency": "urgency"})


def utterances(ws: Workspace) -> list[Utterance]:
    return list(ws.store.corpus.every(Filter()))


def played(ws: Workspace, utterance: Utterance) -> float:
    """The pitch of what the player plays for an utterance."""
    assert utterance.recording_id is not None
    path = ws.audio_file(utterance.recording_id)
    return pitch(read_clip(path, utterance.start_ms or 0, utterance.end_ms or 0, "x"))


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "calls", {"a.TextGrid": textgrid(SPEAKERS), "a.wav": tones(300, 500)})


def test_channels_play_and_group_without_knowing_of_channels(ws: Workspace, stereo: Path) -> None:
    rules = Rules(ROLES, ("agent", "caller"))
    done = ingest_annotations(ws, [stereo], rules)
    assert (done.report.added, done.report.known, done.report.skipped, done.rejects) == (2, 0, [], None)
    agent, caller = utterances(ws)
    assert (agent.text, agent.speaker, dict(agent.labels)) == ("네 119입니다", "agent", {"urgency": "high"})
    assert (caller.text, caller.speaker, dict(caller.labels)) == (
        "불이 났어요",
        "caller",
        {"danger": "danger", "urgency": "high"},
    )
    assert (round(played(ws, agent)), round(played(ws, caller))) == (300, 500)
    assert agent.group == caller.group == "annotations:calls:a"
    assert agent.recording_id != caller.recording_id
    for utterance in (agent, caller):
        assert utterance.voice_usable
        assert ws.store.corpus.recording_labels(utterance.recording_id or 0) == {"urgency": "high"}
        with soundfile.SoundFile(io.BytesIO(ws.audio_file(utterance.recording_id or 0).read_bytes())) as file:
            assert (file.channels, file.samplerate) == (1, 8000)
    again = ingest_annotations(ws, [stereo], rules)
    assert (again.report.added, again.report.known, len(utterances(ws))) == (0, 2, 2)
    (source,) = ws.store.corpus.sources()
    assert (source.name, source.kind) == ("calls", "annotations")


@pytest.mark.parametrize("first", [(), ("agent", "caller")])
def test_other_channels_later_repeat_no_utterance(ws: Workspace, stereo: Path, first: tuple[str, ...]) -> None:
    second = () if first else ("agent", "caller")
    ingest_annotations(ws, [stereo], Rules(ROLES, first))
    before = {u.key: u.recording_id for u in utterances(ws)}
    again = ingest_annotations(ws, [stereo], Rules(ROLES, second))
    assert {u.key: u.recording_id for u in utterances(ws)} == before
    assert again.report.added == 0
    assert {skip.reason for skip in again.report.skipped} == {
        "all its utterances are known in another recording (other channels?)"
    }
    assert ELSEWHERE not in again.report.notes


def test_audio_that_comes_later_joins(ws: Workspace, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "calls", {"a.srt": srt("불이 났어요", "빨리요")})
    first = ingest_annotations(ws, [root], Rules())
    assert first.report.notes["recording without audio beside it: text imported without audio"] == 1
    write_tree(root, {"a.wav": wav_bytes(2000)})
    ingest_annotations(ws, [root], Rules())
    assert [(u.text, u.voice_usable) for u in utterances(ws)] == [("불이 났어요", True), ("빨리요", True)]
    assert ws.audio_file(1).read_bytes() == wav_bytes(2000)


def test_a_new_value_proposes_a_scheme_and_a_strange_one_is_named(ws: Workspace, tmp_path: Path) -> None:
    tiers = {
        "kim": [(0, 1, "불"), (1, 2, "물")],
        "d": [(0, 1, "위험"), (1, 2, "아마도")],
        "소리": [(0, 1, "큰"), (1, 2, "작은")],
    }
    root = write_tree(tmp_path / "calls", {"a.TextGrid": textgrid(tiers)})
    done = ingest_annotations(ws, [root], Rules(Roles(labels={"danger": "d", "loud": "소리"})))
    assert done.proposed == ("loud",)
    assert [u.labels.get("danger") for u in utterances(ws)] == ["danger", None]
    assert ws.store.corpus.progress()["loud"]["labelled"] == 2
    (skip,) = done.report.skipped
    assert "unknown danger class '아마도'" in skip.reason


def test_marks_of_a_transcription_stay_and_a_plain_text_is_suggested(ws: Workspace, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "calls", {"a.srt": srt("b/ (119)/(일 일 구) 불러 주세요")})
    done = ingest_annotations(ws, [root], Rules())
    (utterance,) = utterances(ws)
    assert utterance.text == "b/ (119)/(일 일 구) 불러 주세요"
    (proposal,) = ws.store.proposals.page("cleaning")
    assert proposal.payload["text"] == "119 불러 주세요"
    assert done.report.notes["cleaning proposals"] == 1


def test_missing_paths_stop_before_anything_is_stored(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not found: .*nowhere"):
        ingest_annotations(ws, [tmp_path / "nowhere"], Rules())
    with pytest.raises(InputError, match=r"not found: .*no-audio"):
        ingest_annotations(ws, [tmp_path], Rules(folder=tmp_path / "no-audio"))
    assert ws.store.corpus.sources() == []


def test_the_command(ws: Workspace, stereo: Path) -> None:
    arguments = ("ingest", "annotations", stereo, "--tier", "danger=danger", "--tier", "urgency=urgency")
    told = answer(*arguments, "--channels", "agent,caller", "--source", "신고")
    assert (told["added"], told["known"], told["skipped"], told["notes"]["utterances"]) == (2, 0, [], 2)
    assert {u.speaker for u in utterances(ws)} == {"agent", "caller"}
    wrong = run("ingest", "annotations", stereo, "--tier", "danger=label")
    assert wrong.exit_code == 1
    assert "no file has a tier label: there are agent, caller, danger, urgency" in wrong.stderr
    for channels in ("agent", "a,a", "a,"):
        assert run("ingest", "annotations", stereo, "--channels", channels).exit_code == 2


def spoken(ws: Workspace) -> list[tuple[int | None, str]]:
    return sorted((u.start_ms, u.text) for u in ws.store.corpus.every(Filter()))


def test_a_changed_delivery_is_a_clash(ws: Workspace, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.srt": srt("하나", "둘", "셋"), "a.wav": wav_bytes(3000)})
    ingest_annotations(ws, [root], Rules())
    again = ingest_annotations(ws, [root], Rules()).report
    assert (again.added, again.known, again.clashed) == (0, 1, 0)
    write_tree(root, {"a.srt": srt("하나", "둘둘", "셋"), "a.wav": wav_bytes(3000, hz=500)})
    assert ingest_annotations(ws, [root], Rules()).report.differing == {"text": 1, "audio": 1}
    assert spoken(ws) == [(0, "하나"), (1000, "둘"), (2000, "셋")]
    assert ingest_annotations(ws, [root], Rules(), on_clash="propose").proposals == 2
    ingest_annotations(ws, [root], Rules(), on_clash="source")
    assert [source.name for source in ws.store.corpus.sources()] == ["c", "c (2)"]


def test_a_label_tier_that_comes_later_fills_in(ws: Workspace, tmp_path: Path) -> None:
    tiers = {"agent": [(0, 2, "네 119입니다")], "caller": [(2, 4, "불이 났어요")], "danger": [(2, 4, "위험")]}
    root = write_tree(tmp_path / "calls", {"a.TextGrid": textgrid(tiers), "a.wav": tones(300, 500)})
    speakers = ("agent", "caller")
    ingest_annotations(ws, [root], Rules(Roles(text=speakers), speakers))
    rules = Rules(Roles(text=speakers, labels={"danger": "danger"}), speakers)
    first, second = (ingest_annotations(ws, [root], rules).report for _ in range(2))
    assert (first.clashed, first.labels_added) == (0, 1)
    assert (second.clashed, second.labels_added, second.known) == (0, 0, 2)
