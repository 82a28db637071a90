"""Tests core.ingest.aihub.corpora and core.cleaning.steps.tags: label files, found by their documented keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes, write_tree, write_zip
from corpus_files import as_json, elder, situation

from core.cleaning.steps import tags
from core.ingest.aihub import corpora
from core.ingest.aihub.corpora import CORPORA, KnownRecording
from core.ingest.entries import Entry
from core.records import NewRecording, Skip


def read_all(
    kind: str, *paths: Path, known: Callable[[str], bool] = lambda key: False
) -> tuple[list[Entry], dict[str, list[str]]]:
    """The entries in order, and the skips as place -> reasons."""
    skips: dict[str, list[str]] = {}
    entries = []
    for item in corpora.read(corpora.index(paths), CORPORA[kind], known):
        if isinstance(item, Skip):
            skips.setdefault(item.where, []).append(item.reason)
        elif isinstance(item, Entry):
            entries.append(item)
    return entries, skips


def recording(entry: Entry) -> NewRecording:
    assert isinstance(entry.record, NewRecording)
    return entry.record


@pytest.mark.parametrize(
    ("text", "clean", "why"),
    [
        ("(SP:이케) 이렇게 했지", "이렇게 했지", "tags taken out: pronunciation (SP)"),
        ("(FP:어) 그래서", "그래서", "tags taken out: filled pause (FP)"),
        ("FP:음 그래서 SN:기침", "그래서", "tags taken out: filled pause (FP), speaker sound (SN)"),
        ("집에 (NO:문 소리) 갔어.", "집에 갔어.", "tags taken out: noise (NO)"),
        ("갔어 (NO:) .", "갔어.", "tags taken out: noise (NO)"),
        ("[FP: 아] 네", "네", "tags taken out: filled pause (FP)"),
        ("[개인정보] 씨 (SP:머) 뭐", "[개인정보] 씨 뭐", "tags taken out: pronunciation (SP)"),
        ("[개인정보] 씨", "", ""),
        ("(NO:) (SN:웃음)", "", ""),
        ("태그 없음", "", ""),
        ("KISP:x 는 태그가 아니다", "", ""),
        ("(SP:열린 채 끝", "", ""),
    ],
)
def test_tags(text: str, clean: str, why: str) -> None:
    assert tags.cleaned(text) == (clean, why)


def test_tags_of_a_hostile_text_cost_one_look() -> None:
    assert tags.cleaned("(SP:" * 50_000) == ("", "")
    assert tags.cleaned("SP:" * 50_000) == ("", "")
    assert tags.masks("[" * 100_000 + "[개인정보]") == 1


def test_an_emergency_sound_has_a_caption_not_a_transcript(tmp_path: Path) -> None:
    names = [1, 2, 3]
    labels = {f"[라벨]1/{situation(n)['audio_id']}.json": as_json(situation(n)) for n in names[:2]}
    labels |= {"[라벨]1/3.json": as_json(situation(3, note="남성의 고함"))}
    sounds = [(f"1.강제추행(성범죄)_{n}_label.wav", wav_bytes(800, hz=200 + n)) for n in names]
    write_tree(tmp_path / "s", labels)
    write_zip(tmp_path / "s" / "[원천]1.강제추행(성범죄)_1.zip", sounds)
    entries, skips = read_all("situation", tmp_path / "s")
    assert skips == {}
    assert [recording(e).key for e in entries] == [f"situation:1.강제추행(성범죄)_{n}" for n in names]
    by_key = {recording(e).key[-1]: recording(e) for e in entries}
    (first,), (second,), (third,) = (by_key[k].utterances for k in "123")
    assert (first.text, first.origin, first.end_ms, first.voice_usable) == ("여성의 비명 소리", "caption", 800, True)
    assert first.group == second.group != third.group
    assert entries[0].labels == {"situation": ("강제추행(성범죄)",), "situation-area": ("범죄",)}
    assert by_key["1"].meta["device"] == "스마트폰"
    assert entries[0].cleanings == ()
    assert "caption shared by recordings, not a transcript" in entries[0].notes


def test_fields_are_found_wherever_they_stand(tmp_path: Path) -> None:
    nested = {
        "audio": {"fileName": "5.화재_7", "duration": 3.0},
        "annotations": [{"categories": {"category_01": "재해", "category_02": "화재"}, "note": "경보음"}],
    }
    write_tree(tmp_path / "s", {"x.json": as_json(nested, "utf-8-sig"), "5.화재_7_label.wavp": wav_bytes()})
    ((entry,), skips) = read_all("situation", tmp_path / "s")
    assert skips == {"s/x.json": ["no audio_id; the rest is imported"]}
    parsed = recording(entry)
    assert (parsed.key, parsed.utterances[0].text, parsed.duration_ms) == ("situation:5.화재_7", "경보음", 6000)
    assert entry.labels["situation"] == ("화재",)
    assert parsed.meta["audio"] == {"fileName": "5.화재_7", "duration": 3.0}


def test_one_file_may_list_many(tmp_path: Path) -> None:
    write_tree(tmp_path / "s", {"all.json": as_json({"rows": [situation(n) for n in range(3)]})})
    files = corpora.index([tmp_path / "s"])
    assert corpora.values(files, CORPORA["situation"]) == {
        "situation": ["강제추행(성범죄)"],
        "situation-area": ["범죄"],
    }
    entries, skips = read_all("situation", tmp_path / "s")
    assert len(entries) == 3
    assert skips["s/all.json, row 2"] == ["no audio delivered: text imported without audio"]


def test_elders_dialogue(tmp_path: Path) -> None:
    labels = {f"l/{n}.json": as_json(elder(n), "cp949") for n in (1, 2)}
    write_tree(tmp_path / "e", labels | {"w/노인남여_1.wav": wav_bytes(1500)})
    entries, skips = read_all("elder", tmp_path / "e")
    first, second = map(recording, entries)
    assert (first.key, first.duration_ms, second.duration_ms) == ("elder:노인남여_1", 1500, 1200)
    utterance = first.utterances[0]
    assert (utterance.text, utterance.speaker, utterance.group) == (
        "(SP:이케) 이렇게 앉아 있었지",
        "R1",
        "elder:speaker:R1",
    )
    assert (utterance.voice_usable, second.utterances[0].voice_usable, second.utterances[0].end_ms) == (
        True,
        False,
        1200,
    )
    assert entries[0].labels == {"conversation-theme": ("가족",)}
    assert skips == {"e/l/2.json": ["no audio delivered: text imported without audio"]}
    (cleaning,) = entries[0].cleanings
    assert (cleaning.key, cleaning.before, cleaning.text) == (utterance.key, utterance.text, "이렇게 앉아 있었지")
    assert cleaning.reason == "tags taken out: pronunciation (SP)"
    assert first.meta["대화정보"]["cityCode"] == "수도권"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    bare = {"발화정보": {"fileNm": "a.wav"}, "대화정보": {"convrsThema": " "}}
    write_tree(tmp_path / "e", {"a.json": as_json(bare), "a.wav": wav_bytes(700)})
    ((entry,), skips) = read_all("elder", tmp_path / "e")
    assert skips == {"e/a.json": ["no stt; the rest is imported", "no convrsThema; the rest is imported"]}
    assert (recording(entry).utterances[0].text, entry.labels) == ("", {})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{broken", "broken JSON"),
        (b"\xff\xff\xff", "text in an unknown encoding"),
        (b"3", "a JSON int without rows that have fileNm"),
        (b"[]", "a JSON list without rows that have fileNm"),
        (b'{"_id": "1", "utterances": []}', "none of fileNm, stt, convrsThema in it (it has _id, utterances)"),
        (b"[" * 100_000, "broken JSON"),
    ],
)
def test_unusable_labels_are_named_and_the_rest_is_read(tmp_path: Path, data: bytes, reason: str) -> None:
    files = {"a.json": data, "b.json": as_json(elder(1)), "a.wav": wav_bytes(), "notes.txt": b"?", "t.wav": b"RIFF"}
    entries, skips = read_all("elder", write_tree(tmp_path / "e", files))
    assert len(entries) == 1
    assert reason in skips["e/a.json"][0]
    assert skips["e/a.wav"] == ["no label file delivered"]
    assert skips["e/notes.txt"] == ["neither a label JSON nor audio"]


def test_a_name_that_comes_twice_keeps_the_first(tmp_path: Path) -> None:
    write_tree(tmp_path / "e", {"a.json": as_json(elder(1)), "b.json": as_json(elder(1, "다른 말"))})
    entries, skips = read_all("elder", tmp_path / "e")
    assert [recording(e).utterances[0].text for e in entries] == ["(SP:이케) 이렇게 앉아 있었지"]
    assert skips["e/b.json"] == ["fileNm '노인남여_1' came before, in e/a.json: the first is kept"]


def test_two_categories_are_no_label(tmp_path: Path) -> None:
    both = situation(1) | {"more": [{"category_02": "화재"}]}
    write_tree(tmp_path / "s", {"a.json": as_json(both), "1.강제추행(성범죄)_1.wav": wav_bytes()})
    ((entry,), skips) = read_all("situation", tmp_path / "s")
    assert "situation" not in entry.labels
    assert skips["s/a.json"] == ["2 values of category_02 (강제추행(성범죄), 화재): imported without this label"]


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    hostile: dict[str, Any] = {"fileNm": "../../../etc/passwd\x1b[2J.wav", "stt": "=1+1\0"}
    write_zip(tmp_path / "e.zip", [("a.json", as_json(hostile)), ("../x.wav", wav_bytes())])
    ((entry,), skips) = read_all("elder", tmp_path / "e.zip")
    assert recording(entry).key == "elder:passwd\ufffd[2J"
    assert recording(entry).utterances[0].text == "=1+1\ufffd"
    assert skips["e.zip/../x.wav"] == ["its name leaves the archive ('..')"]


def test_known_recordings_leave_their_audio_unread_but_keep_their_suggestions(tmp_path: Path) -> None:
    write_tree(tmp_path / "e", {"a.json": as_json(elder(1)), "노인남여_1.wav": b"RIFF\0\0\0\0WAVE, but broken"})
    items = list(corpora.read(corpora.index([tmp_path / "e"]), CORPORA["elder"], lambda key: True))
    (recording_known,) = items
    assert isinstance(recording_known, KnownRecording)
    assert (recording_known.entry.record.key, recording_known.entry.cleanings[0].text) == (
        "elder:노인남여_1",
        "이렇게 앉아 있었지",
    )
