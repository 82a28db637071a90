"""Audio folders, Hugging Face datasets and other AI Hub corpora are imported once, completely and by group; rejects are
named.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes, write_tree
from corpus_files import as_json, elder, minds_row, save_splits, situation, write_parquet
from typer.testing import CliRunner

from core.cli import app
from core.errors import Conflict, InputError, MissingBackend, UnknownName
from core.filters import Filter
from core.plugins import Backend
from core.records import Utterance
from core.schemes import scheme
from core.snapshots import format as frozen
from core.workflows.cleaning import decisions, proposals
from core.workflows.corpus import schemes
from core.workflows.imports import report
from core.workflows.imports.aihub import ingest_aihub
from core.workflows.imports.audio import Rules, compile_pattern, ingest_audio
from core.workflows.imports.huggingface import ColumnMapping, ingest_hf
from core.workflows.imports.report import ImportResult
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

DIGITS = Rules(compile_pattern("{digit}_{speaker}_{take}.wav"), {"digit": "digit"})
Run = Callable[..., ImportResult]


def digits(root: Path, speakers: Iterable[str] = ("kim", "lee", "park"), ms: int = 600) -> Path:
    names = [f"{digit}_{speaker}_{take}.wav" for digit in (1, 2) for speaker in speakers for take in (0, 1)]
    return write_tree(root, {name: wav_bytes(ms, hz=200 + k) for k, name in enumerate(names)})


def utterances(ws: Workspace) -> list[Utterance]:
    return list(ws.store.corpus.every(Filter()))


def state(ws: Workspace) -> Any:
    files = sorted(p.name for p in ws.settings.audio.rglob("*") if p.is_file())
    return ws.store.corpus.counts(), ws.store.corpus.progress(), files, ws.store.proposals.counts("cleaning")


def sides(ws: Workspace, name: str) -> dict[str, set[str]]:
    """Map each speaker to the sides of a snapshot that it is on."""
    sides_by_speaker: dict[str, set[str]] = {}
    for item in frozen.read(ws.snapshot_folder(name)).items:
        sides_by_speaker.setdefault(item.speaker or "", set()).add(item.side)
    return sides_by_speaker


def test_an_audio_folder_with_a_new_scheme(ws: Workspace, tmp_path: Path) -> None:
    done = ingest_audio(ws, [digits(tmp_path / "digits")], DIGITS)
    assert (done.report.added, done.report.skipped, done.rejects, done.proposed) == (12, [], None, ("digit",))
    assert scheme("digit").codes == ("1", "2")
    assert ws.store.corpus.progress()["digit"] == {"targets": 12, "labelled": 12, "gold": 12, "1": 6, "2": 6}
    utterance = utterances(ws)[0]
    assert (utterance.speaker, utterance.group, utterance.labels) == ("kim", "audio:digits:speaker:kim", {"digit": "1"})
    assert (utterance.start_ms, utterance.end_ms, utterance.voice_usable, utterance.text) == (0, 600, True, "")
    assert utterance.recording_id is not None
    assert ws.audio_file(utterance.recording_id).read_bytes() == wav_bytes(600, hz=200)
    (source,) = ws.store.corpus.sources()
    assert (source.name, source.kind, source.licence) == ("digits", "audio-folder", "not stated")


def test_speakers_are_never_cut_and_voices_without_text_are_frozen(ws: Workspace, tmp_path: Path) -> None:
    ingest_audio(ws, [digits(tmp_path / "digits", [f"s{k}" for k in range(12)])], DIGITS)
    with pytest.raises(InputError, match="scheme digit is only proposed"):
        snapshot.create(ws, "d1", "digit")
    schemes.confirm(ws, "digit", "ann")
    assert snapshot.create(ws, "d1", "digit", "50/25/25").counts["n"] == 48
    sides_by_speaker = sides(ws, "d1")
    assert len(sides_by_speaker) == 12
    assert all(len(sides_on) == 1 for sides_on in sides_by_speaker.values())
    assert len({next(iter(sides_on)) for sides_on in sides_by_speaker.values()}) == 3


def test_a_known_scheme_never_grows_and_strange_values_are_named(ws: Workspace, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"위험/a.wav": wav_bytes(hz=201), "normal/b.wav": wav_bytes(hz=202),
                                       "어쩌면/c.wav": wav_bytes(hz=203)})  # fmt: skip
    done = ingest_audio(ws, [root], Rules(labels={"danger": "folder"}))
    assert sorted(str(u.labels.get("danger")) for u in utterances(ws)) == ["None", "danger", "normal"]
    assert done.proposed == ()
    (skip,) = done.report.skipped
    assert skip.where == "c/어쩌면/c.wav"
    assert "unknown danger class '어쩌면'; known: 정상, 위험; kept without this label" in skip.reason
    assert done.rejects is not None
    assert done.rejects.read_bytes() == (ws.settings.home / "rejects-audio.csv").read_bytes()


def test_a_label_of_the_recording_goes_to_the_recording(ws: Workspace, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"상/a.wav": wav_bytes()})
    ingest_audio(ws, [root], Rules(labels={"urgency": "folder"}))
    assert ws.store.corpus.recording_labels(1) == {"urgency": "high"}


def test_other_formats_keep_their_own_suffix(ws: Workspace, tmp_path: Path) -> None:
    import soundfile

    (tmp_path / "a").mkdir()
    soundfile.write(tmp_path / "a" / "x.wav", [0.1, -0.1] * 8000, 8000, format="FLAC")
    ingest_audio(ws, [tmp_path / "a"], Rules())
    assert ws.audio_file(1).suffix == ".flac"


def audio_run(ws: Workspace, tmp_path: Path, **more: Any) -> ImportResult:
    return ingest_audio(ws, [tmp_path / "in"], DIGITS, **more)


def hf_run(ws: Workspace, tmp_path: Path, **more: Any) -> ImportResult:
    return ingest_hf(ws, str(tmp_path / "in"), ColumnMapping(), **more)


def elder_run(ws: Workspace, tmp_path: Path, **more: Any) -> ImportResult:
    return ingest_aihub(ws, "elder", [tmp_path / "in"], **more)


def prepare(kind: str, root: Path) -> Run:
    if kind == "audio":
        digits(root)
        return audio_run
    if kind == "hf":
        save_splits(root, train=[minds_row(k) for k in range(8)], test=[minds_row(k) for k in range(8, 12)])
        return hf_run
    files = {f"l/{k}.json": as_json(elder(k)) for k in range(12)}
    write_tree(root, files | {f"w/노인남여_{k}.wav": wav_bytes(700, hz=200 + k) for k in range(12)})
    return elder_run


@pytest.mark.parametrize("kind", ["audio", "hf", "elder"])
def test_a_second_import_adds_nothing(ws: Workspace, tmp_path: Path, kind: str) -> None:
    run = prepare(kind, tmp_path / "in")
    progress: list[tuple[int, int]] = []
    done = run(ws, tmp_path, progress=lambda n, total: progress.append((n, total)), batch_size=5)
    assert (done.report.added, done.report.known, done.report.skipped) == (12, 0, [])
    assert progress == [(0, 12), (5, 12), (10, 12), (12, 12)]
    before = state(ws)
    again = run(ws, tmp_path)
    assert (again.report.added, again.report.known, again.report.skipped) == (0, 12, [])
    assert state(ws) == before


@pytest.mark.parametrize("kind", ["audio", "hf", "elder"])
def test_an_interrupted_import_is_completed_by_running_it_again(ws: Workspace, tmp_path: Path, kind: str) -> None:
    run = prepare(kind, tmp_path / "in")

    def pull_the_plug(done: int, total: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(ws, tmp_path, progress=pull_the_plug, batch_size=3)
    assert ws.store.corpus.counts()["recordings"] == 6
    done = run(ws, tmp_path, batch_size=3)
    assert (done.report.added, done.report.known) == (6, 6)
    assert ws.store.corpus.counts()["recordings"] == 12
    assert all(ws.audio_file(r.id).is_file() for r in ws.store.corpus.recordings())
    if kind == "elder":
        assert ws.store.proposals.counts("cleaning")["open"] == 12


def test_suggestions_that_were_lost_before_they_were_written_come_with_the_next_import(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare("elder", tmp_path / "in")
    add = ws.store.proposals.add
    with monkeypatch.context() as patch:
        patch.setattr(type(ws.store.proposals), "add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(ws, tmp_path)
    assert add == ws.store.proposals.add
    assert ws.store.proposals.counts("cleaning")["open"] == 0
    assert run(ws, tmp_path).report.notes["cleaning proposals"] == 12


def test_classes_of_a_dataset_become_schemes_in_their_order(ws: Workspace, tmp_path: Path) -> None:
    prepare("hf", tmp_path / "in")
    done = hf_run(ws, tmp_path)
    assert done.proposed == ("intent-class", "lang-id")
    assert scheme("intent-class").codes == ("abroad", "address", "app_error")
    page = ws.store.corpus.find(Filter(labels={"intent-class": ("address",)}, text="계좌"))
    assert page.total == 4
    assert [r.meta["split"] for r in ws.store.corpus.recordings()].count("test") == 4


def test_a_guessed_scheme_never_borrows_the_name_of_another(ws: Workspace, tmp_path: Path) -> None:
    features = {
        "text": {"dtype": "string", "_type": "Value"}, "sentiment": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    }  # fmt: skip
    rows = [{"text": f"말 {k}", "sentiment": k % 2} for k in range(4)]
    path = write_parquet(tmp_path / "in.parquet", rows, features)
    done = ingest_hf(ws, str(path), ColumnMapping())
    assert done.proposed == ("sentiment-2",)
    assert ws.store.corpus.counts()["sentences"] == 4
    assert {u.labels["sentiment-2"] for u in utterances(ws)} == {"neg", "pos"}


def test_several_classes_of_one_row(ws: Workspace, tmp_path: Path) -> None:
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "emotions": {"feature": {"names": ["joy", "anger", "fear"], "_type": "ClassLabel"}, "_type": "List"},
    }
    path = write_parquet(tmp_path / "in.parquet", [{"text": "말", "emotions": [2, 0]}], features)
    ingest_hf(ws, str(path), ColumnMapping(labels={"emotions": "emotions", "danger": "emotions"}))
    (utterance,) = utterances(ws)
    assert scheme("emotions").kind == "multi"
    assert utterance.labels == {"emotions": "joy|fear"}


def test_a_hub_is_asked_by_id_only_through_its_package(ws: Workspace, tmp_path: Path) -> None:
    absent = {"huggingface": Backend("core.ingest.huggingface.hub:fetch", ("no_such_package",), "pip install datasets")}
    with pytest.raises(MissingBackend, match="needs no_such_package, which is not installed: pip install datasets"):
        ingest_hf(ws, "PolyAI/minds14", ColumnMapping(), hubs=absent)
    for odd in ("no/such/folder", "../x", "a b", ""):
        with pytest.raises(InputError, match="no such file or folder, and no id of a hub"):
            ingest_hf(ws, odd if odd else "~", ColumnMapping(), hubs=absent)
    there = {"huggingface": Backend("corpus_files:fetch_minds")}
    done = ingest_hf(ws, "PolyAI/minds14", ColumnMapping(), config="ko-KR", hubs=there)
    assert done.report.added == 3
    assert ws.store.corpus.sources()[0].name == "PolyAI/minds14/ko-KR"
    again = ingest_hf(ws, "PolyAI/minds14", ColumnMapping(), config="ko-KR", hubs=there)
    assert (again.report.added, again.report.known) == (0, 3)
    assert not list(ws.settings.home.glob("hub-*"))


def test_captions_stay_together_and_are_nobodys_training_text(ws: Workspace, tmp_path: Path) -> None:
    notes = ["여성의 비명 소리", "남성의 고함 소리", "유리 깨지는 소리", "문 두드리는 소리", "아이 울음소리", "경보음"]
    rows = [
        situation(n, note=notes[n % 6], categories={"category_01": "범죄", "category_02": ("절도", "폭력")[n % 2]})
        for n in range(36)
    ]
    sounds = {f"w/1.강제추행(성범죄)_{n}_label.wav": wav_bytes(600, hz=200 + n) for n in range(30)}
    write_tree(tmp_path / "s", sounds | {f"l/{n}.json": as_json(row) for n, row in enumerate(rows)})
    done = ingest_aihub(ws, "situation", [tmp_path / "s"])
    assert done.report.added == 36
    assert done.report.notes["caption shared by recordings, not a transcript"] == 36
    assert len(done.report.skipped) == 6
    assert {u.origin for u in utterances(ws)} == {"caption"}
    assert len({u.group for u in utterances(ws)}) == 6
    assert ws.store.corpus.find(Filter(text="비명")).total == 6
    schemes.confirm(ws, "situation", "ann")
    assert snapshot.create(ws, "s1", "situation", "60/20/20").counts["n"] == 30
    items = frozen.read(ws.snapshot_folder("s1")).items
    assert {item.text for item in items} == {""}
    on: dict[str, set[str]] = {}
    for item in items:
        on.setdefault(item.group, set()).add(item.side)
    assert all(len(sides_on) == 1 for sides_on in on.values())


def test_audio_that_comes_later_joins_and_gives_its_length(ws: Workspace, tmp_path: Path) -> None:
    write_tree(tmp_path / "s", {"a.json": as_json(situation(1))})
    ingest_aihub(ws, "situation", [tmp_path / "s"])
    (utterance,) = utterances(ws)
    assert (utterance.end_ms, utterance.voice_usable) == (None, False)
    write_tree(tmp_path / "s", {"1.강제추행(성범죄)_1_label.wav": wav_bytes(900)})
    again = ingest_aihub(ws, "situation", [tmp_path / "s"])
    assert (again.report.added, again.report.known) == (0, 1)
    (utterance,) = utterances(ws)
    assert (utterance.start_ms, utterance.end_ms, utterance.voice_usable) == (0, 900, True)


def test_a_cleaning_suggestion_is_a_revision_and_can_be_taken_back(ws: Workspace, tmp_path: Path) -> None:
    write_tree(tmp_path / "e", {"a.json": as_json(elder(1)), "b.json": as_json(elder(2, "[개인정보] 씨"))})
    done = ingest_aihub(ws, "elder", [tmp_path / "e"])
    assert done.report.notes["text with corpus tags"] == done.report.notes["text with a mask"] == 1
    proposal = proposals.next_proposal(ws, "cleaning")
    assert proposal is not None
    assert (proposal.operation, proposal.reason) == ("corpus-tags", "tags taken out: pronunciation (SP)")
    raw = "(SP:이케) 이렇게 앉아 있었지"
    decisions.decide(ws, proposal.id, True, "ann")
    utterance = ws.store.corpus.utterance(proposal.utterance_id)
    assert (utterance.text, utterance.original, utterance.version) == ("이렇게 앉아 있었지", raw, 1)
    (revision,) = ws.store.review.history(utterance.id)
    assert (revision.before, revision.after, revision.act, revision.why) == (
        {"text": raw}, {"text": utterance.text}, "accept", "corpus-tags",
    )  # fmt: skip
    assert ws.store.corpus.find(Filter(text="(SP:")).total == 0
    decisions.undo(ws, "cleaning", "ann")
    assert ws.store.corpus.utterance(utterance.id).text == raw
    ws.store.review.decide(utterance.id, 2, "bob", "2026-01-01T00:00:00", text="다른 말")
    with pytest.raises(Conflict, match="was changed meanwhile; reject this suggestion"):
        decisions.decide(ws, proposal.id, True, "ann")
    before = state(ws)
    ingest_aihub(ws, "elder", [tmp_path / "e"])
    assert state(ws) == before


def test_nothing_is_stored_where_the_request_is_wrong(ws: Workspace, tmp_path: Path) -> None:
    digits(tmp_path / "in")
    with pytest.raises(InputError, match=r"not found: .*nowhere"):
        ingest_audio(ws, [tmp_path / "in", tmp_path / "nowhere"], DIGITS)
    with pytest.raises(InputError, match="no field 'mood'"):
        ingest_audio(ws, [tmp_path / "in"], Rules(labels={"emotion": "mood"}))
    with pytest.raises(InputError, match=r"not found: .*nowhere"):
        ingest_aihub(ws, "elder", [tmp_path / "nowhere"])
    with pytest.raises(UnknownName, match="unknown sister corpus 'kids'; known: situation, elder"):
        ingest_aihub(ws, "kids", [tmp_path / "in"])
    assert ws.store.corpus.sources() == []


# --- the shell ------------------------------------------------------------------------------------------------------


def verb(*arguments: str | Path) -> tuple[int, Any, str]:
    result = CliRunner().invoke(app, ["ingest", *map(str, arguments), "--json"])
    return result.exit_code, json.loads(result.stdout) if result.stdout else None, result.stderr


def test_the_verbs_answer(ws: Workspace, tmp_path: Path) -> None:
    pattern = ("--pattern", "{digit}_{speaker}_{take}.wav", "--label", "digit=digit")
    code, answer, errors = verb("audio", digits(tmp_path / "d"), *pattern, "--speaker", "speaker")
    assert (code, errors) == (0, "")
    assert answer == {
        "added": 12, "known": 0, "notes": {"utterances": 12, "utterance without text": 12}, "skipped": [],
        "rejects": None, "proposed": ["digit"],
    }  # fmt: skip
    write_tree(tmp_path / "f", {"위험/a.wav": wav_bytes(), "x.png": b"\x89PNG"})
    code, answer, _ = verb("audio", tmp_path / "f", "--label", "danger", "--label-from", "folder", "--source", "mine")
    assert (code, answer["added"], answer["proposed"]) == (0, 1, [])
    assert [skip["where"] for skip in answer["skipped"]] == ["f/x.png"]
    assert Path(answer["rejects"]).parent == ws.settings.home / "rejects"
    write_parquet(tmp_path / "m.parquet", [minds_row(0)])
    code, answer, _ = verb("hf", tmp_path / "m.parquet", "--label", "intent=intent_class", "--text", "transcription")
    assert (code, answer["added"], answer["proposed"]) == (0, 1, ["intent"])
    write_tree(tmp_path / "e", {"a.json": as_json(elder(1))})
    code, answer, _ = verb("sister", "elder", tmp_path / "e")
    assert (code, answer["added"], answer["notes"]["cleaning proposals"]) == (0, 1, 1)
    shown = CliRunner().invoke(app, ["ingest", "sister", "elder", str(tmp_path / "e")])
    assert "0 recordings added, 1 known already" in shown.stdout
    assert "python -m core schemes confirm conversation-theme" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["audio"], 2, ""),
        (["audio", ".", "--label", "danger"], 2, ""),
        (["audio", ".", "--label", "=x"], 2, ""),
        (["audio", ".", "--label", "a=b", "--label", "a=c"], 2, ""),
        (["audio", ".", "--label-from", "moon"], 2, ""),
        (["sister", "kids", "."], 2, ""),
        (["hf"], 2, ""),
        (["audio", "no-such-folder"], 1, "not found: no-such-folder"),
        (["audio", ".", "--pattern", "x.wav"], 1, "pattern 'x.wav' has no field such as {speaker}"),
        (["hf", "no/such/folder"], 1, "no/such/folder: no such file or folder, and no id of a hub"),
    ],
)
def test_wrong_usage_is_2_and_a_clear_failure_1(ws: Workspace, arguments: list[str], code: int, reason: str) -> None:
    done, answer, errors = verb(*arguments)
    assert (done, answer) == (code, None)
    assert reason in errors
    assert ws.store.corpus.sources() == []


# --- real data ------------------------------------------------------------------------------------------------------


def test_spoken_digits(ws: Workspace, shared: Path) -> None:
    """All 3,000 recordings: six speakers, ten digits, no duplicates, no speaker on two sides."""
    done = ingest_audio(ws, [shared / "fsdd" / "recordings"], DIGITS)
    assert (done.report.added, done.report.skipped, done.proposed) == (3000, [], ("digit",))
    counted = ws.store.corpus.progress()["digit"]
    assert counted == {"targets": 3000, "labelled": 3000, "gold": 3000} | {str(d): 300 for d in range(10)}
    assert len({u.group for u in utterances(ws)}) == 6
    usable = ws.store.corpus.counts()["voice_usable"]
    assert usable == 828
    again = ingest_audio(ws, [shared / "fsdd"], DIGITS)
    assert (again.report.added, again.report.known) == (0, 3000)
    assert [skip.where for skip in again.report.skipped] == ["fsdd/README.md"]
    schemes.confirm(ws, "digit", "ann")
    assert snapshot.create(ws, "d1", "digit", seed=3).counts["n"] == usable
    assert all(len(on) == 1 for on in sides(ws, "d1").values())


def test_odd_audio_is_stored_or_named(ws: Workspace, shared: Path) -> None:
    done = ingest_audio(ws, [shared / "odd_audio"], Rules(labels={}))
    there = sum(1 for path in (shared / "odd_audio").rglob("*") if path.is_file())
    assert done.report.added + len(done.report.skipped) == there
    assert done.report.added >= 30
    assert all(skip.where and skip.reason for skip in done.report.skipped)


def test_a_batch_ends_by_number_or_by_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "BATCH_BYTES", 10)
    assert list(report.portions(iter([4, 4, 4, 1, 11, 1, 1, 1]), 3, lambda size: size)) == [
        [4, 4, 4], [1, 11], [1, 1, 1],
    ]  # fmt: skip
    assert list(report.portions(iter([]), 3, lambda size: size)) == []
