"""Tests core.ingest.aihub.calls: pairing, fields, and every odd delivery that aihub119.md describes."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import call_id, deliver, label_bytes, spoken, stem, wav_bytes, write_tree, write_zip

from core.errors import InputError
from core.ingest.aihub import calls as aihub119
from core.ingest.aihub import label as aihub119_label
from core.ingest.aihub.calls import Call, KnownCall, index, read_index
from core.records import Skip


def read(paths: Sequence[Path], known: Callable[[str], bool]) -> Iterator[Call | KnownCall | Skip]:
    return read_index(index(paths), known)


def never_known(_: str) -> bool:
    return False


def run(*paths: Path, known: Callable[[str], bool] = never_known) -> tuple[dict[str, Call], dict[str, str]]:
    items = list(read(paths, known))
    calls = {c.recording.key.removeprefix("aihub119:").lstrip("0"): c for c in items if isinstance(c, Call)}
    return calls, {s.where: s.reason for s in items if isinstance(s, Skip)}


def only_call(tmp_path: Path, wav: bytes | None = None, **changes: Any) -> tuple[Call, dict[str, str]]:
    """Call 1 of a folder, with `changes` in its label, and the skips."""
    write_tree(tmp_path / "d", {f"{stem(1)}.json": label_bytes(1, **changes), f"{stem(1)}.wav": wav or wav_bytes()})
    calls, skips = run(tmp_path / "d")
    return calls["1"], skips


def test_a_delivered_pair_keeps_every_field(tmp_path: Path) -> None:
    calls, skips = run(*deliver(tmp_path / "Training", [1, 2]))
    assert skips == {}
    assert sorted(calls) == ["1", "2"]
    recording = calls["1"].recording
    assert recording.key == f"aihub119:{call_id(1)}"
    assert (recording.duration_ms, recording.sample_rate_hz, recording.path) == (6_000, 8_000, None)
    assert recording.labels == {"urgency": "high", "sentiment": "anxious", "disaster": "fire"}
    assert calls["1"].wav == wav_bytes(hz=201)
    assert recording.sha256 is not None
    assert len(recording.sha256) == 64
    meta = recording.meta
    assert (meta["split"], meta["region"], meta["archive"]) == ("Training", "서울", "TL_서울_구급.zip")
    assert meta["member"] == f"{stem(1)}.json"
    assert meta["wav"] == f"TS_서울_구급.zip/{stem(1)}.wav"
    assert (meta["recordId"], meta["status"], meta["symptom"], meta["mediaType"]) == (
        f"{1:020x}",
        12,
        ["기타"],
        "Mobile",
    )
    assert meta["personal"] == ["address"]
    assert "utterances" not in meta
    first, second, _ = recording.utterances
    assert (first.key, first.group) == (f"{recording.key}:u1", recording.key)
    assert (first.speaker, second.speaker) == ("taker", "caller")
    assert second.meta == {"id": "u2", "startAt": 1600, "endAt": 3500, "speaker": 1}
    assert (second.text, second.start_ms, second.end_ms) == ("집에 불이 났어요", 1600, 3500)
    assert all(u.voice_usable for u in recording.utterances)
    assert calls["1"].notes == ()


LAYOUTS = {
    "extracted": (
        "1.데이터/Training/1.원천데이터/TS_인천_화재/a.wav",
        "1.데이터/Training/2.라벨링데이터/TL_인천_화재/a.json",
    ),
    "numbered": ("Training/01.원천데이터/TS_인천_화재/a.wav", "Training/02.라벨링데이터/TL_인천_화재/a.json"),
    "named": ("인천/Training/Wave/a.wav", "인천/Training/Label/a.json"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_extracted_trees(tmp_path: Path, layout: str) -> None:
    wav, label = (name.replace("/a.", f"/{stem(1)}.") for name in LAYOUTS[layout])
    root = write_tree(tmp_path / "088.위급상황", {wav: wav_bytes(), label: label_bytes(1)})
    calls, skips = run(root)
    assert skips == {}
    assert calls["1"].wav == wav_bytes()
    assert (calls["1"].recording.meta["split"], calls["1"].recording.meta["region"]) == ("Training", "인천")


def test_zips_in_a_tree_and_several_paths_in_any_order(tmp_path: Path) -> None:
    paths = [
        *deliver(tmp_path / "Training", [1, 2]),
        *deliver(tmp_path / "Validation", [3], "광주_구조", "V"),
        write_tree(tmp_path / "loose", {f"{stem(4)}.json": label_bytes(4), "Wave/" + stem(4) + ".wavp": wav_bytes()}),
    ]
    forward, backward = list(read(paths, never_known)), list(read(paths[::-1], never_known))
    assert forward == backward
    assert [c.recording.meta["split"] for c in forward if isinstance(c, Call)] == [
        "Training", "Training", "Validation", None,
    ]  # fmt: skip
    twice = [c for c in read([*paths, paths[0], tmp_path], never_known) if isinstance(c, Call)]
    assert [(c.recording.key, c.wav) for c in twice] == [
        (c.recording.key, c.wav) for c in forward if isinstance(c, Call)
    ]
    assert len(list(read([*paths, tmp_path], never_known))) == 4, "a file given twice counts once"


def test_pairs_by_id_when_dates_differ_and_by_the_jsons_own_id(tmp_path: Path) -> None:
    files = {
        f"{stem(1, '20230523')}.wav": wav_bytes(hz=201),
        f"{stem(1, '20230523072543')}.json": label_bytes(1),
        f"{stem(2)}.wav": wav_bytes(hz=202),
        "label-0002.json": label_bytes(2),
    }
    calls, skips = run(write_tree(tmp_path / "d", files))
    assert skips == {}
    assert {k: c.wav for k, c in calls.items()} == {"1": wav_bytes(hz=201), "2": wav_bytes(hz=202)}


def test_the_equal_stem_wins_over_the_equal_id(tmp_path: Path) -> None:
    files = {
        f"{stem(1, '20230101')}.json": label_bytes(1, gender="M"),
        f"{stem(1, '20230102')}.json": label_bytes(1, gender="F"),
        f"{stem(1, '20230102')}.wav": wav_bytes(),
    }
    calls, skips = run(write_tree(tmp_path / "d", files))
    assert calls["1"].recording.meta["gender"] == "F"
    assert calls["1"].wav == wav_bytes()
    assert skips == {
        f"d/{stem(1, '20230101')}.json": f"_id came before, in d/{stem(1, '20230102')}.json: the first is kept"
    }


def test_cp949_names_leading_slash_and_bom(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "TS_광주_기타.zip", [(f"/원천/{stem(1)}.wav", wav_bytes())], "cp949")
    labels = write_zip(tmp_path / "TL_광주_기타.zip", [(f"/라벨/{stem(1)}.json", label_bytes(1, bom=True))], "cp949")
    calls, skips = run(source, labels)
    assert skips == {}
    assert calls["1"].recording.meta["member"] == f"라벨/{stem(1)}.json"


def test_unpaired_files_are_named_and_text_is_kept(tmp_path: Path) -> None:
    files = {f"{stem(1)}.wav": wav_bytes(), f"{stem(2)}.json": label_bytes(2, endAt=None), "readme.txt": b"hello"}
    calls, skips = run(write_tree(tmp_path / "d", files))
    assert skips == {
        "d/readme.txt": "neither WAV nor JSON",
        f"d/{stem(1)}.wav": "no label file delivered",
        f"d/{stem(2)}.json": "no WAV delivered: text imported without audio",
    }
    recording = calls["2"].recording
    assert calls["2"].wav is None
    assert (recording.duration_ms, recording.sample_rate_hz, recording.sha256) == (5_900, None, None)
    assert [u.voice_usable for u in recording.utterances] == [False] * 3


@pytest.mark.parametrize("wav", [b"", b"not audio at all", wav_bytes(0)])
def test_unreadable_wav_keeps_the_text(tmp_path: Path, wav: bytes) -> None:
    write_tree(tmp_path / "d", {f"{stem(1)}.json": label_bytes(1), f"{stem(1)}.wav": wav})
    calls, skips = run(tmp_path / "d")
    assert calls["1"].wav is None
    assert calls["1"].recording.duration_ms == 6_000
    assert skips[f"d/{stem(1)}.wav"].endswith(": text imported without audio")


def test_hostile_member_does_not_stop_the_rest(tmp_path: Path) -> None:
    source, labels = deliver(tmp_path, [1])
    bad = write_zip(tmp_path / "bad.zip", [("../x.wav", b"x"), ("bomb.wav", bytes(11_000_000))])
    (tmp_path / "broken.zip").write_bytes(b"PK nothing")
    calls, skips = run(source, bad, tmp_path / "broken.zip", labels)
    assert list(calls) == ["1"]
    assert sorted(skips) == ["bad.zip/../x.wav", "bad.zip/bomb.wav", "broken.zip"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "broken JSON"),
        (b"", "broken JSON"),
        (b"[" * 100_000, "broken JSON"),
        (b"[1]", "a JSON list where a call's object was expected"),
        ('{"_id": "가나다"}'.encode()[:-3] + b'"}', "not UTF-8 (byte 15)"),
        (b'{"_id": "\xff\x80"}', "text in an unknown encoding (UTF-8, UTF-16 and cp949 are read)"),
        (label_bytes(1, _id=...), "no usable _id (missing)"),
        (label_bytes(1, _id=7), "no usable _id (7)"),
        (label_bytes(1, _id="../../etc"), "no usable _id ('../../etc')"),
        (label_bytes(1, utterances={"a": 1}), "utterances is a dict, not a list"),
    ],
)
def test_unusable_label_is_a_skip_and_its_wav_too(tmp_path: Path, content: bytes, reason: str) -> None:
    files = {f"{stem(1)}.json": content, f"{stem(1)}.wav": wav_bytes(), f"{stem(2)}.json": label_bytes(2)}
    calls, skips = run(write_tree(tmp_path / "d", files | {f"{stem(2)}.wav": wav_bytes()}))
    assert list(calls) == ["2"]
    assert reason in skips[f"d/{stem(1)}.json"]
    assert skips[f"d/{stem(1)}.wav"] == f"its label file cannot be used: d/{stem(1)}.json"


def test_repeated_ids_and_record_ids_keep_the_first(tmp_path: Path) -> None:
    source, labels = deliver(tmp_path, [1])
    again = write_tree(tmp_path / "again", {f"{stem(1)}.json": label_bytes(1), f"{stem(1)}.wav": wav_bytes()})
    twin = write_tree(tmp_path / "twin", {f"{stem(2)}.json": label_bytes(2, recordId=f"{1:020x}")})
    calls, skips = run(twin, again, labels, source)
    first = f"TL_서울_구급.zip/{stem(1)}.json"
    assert list(calls) == ["1"]
    assert skips == {
        f"again/{stem(1)}.json": f"_id came before, in {first}: the first is kept",
        f"again/{stem(1)}.wav": "a second WAV of a call already read",
        f"twin/{stem(2)}.json": f"recordId came before, in {first}: the first is kept",
    }
    assert calls["1"].recording.meta["archive"] == "TL_서울_구급.zip"


def test_known_calls_leave_their_audio_unread(tmp_path: Path) -> None:
    source, labels = deliver(tmp_path, [1, 2])
    keys = {c.recording.key for c in read([source, labels], never_known) if isinstance(c, Call)}
    items = list(read([source, labels], keys.__contains__))
    assert [type(item) for item in items] == [KnownCall, KnownCall]
    assert [item.wav is not None for item in items if isinstance(item, KnownCall)] == [True, True]
    write_tree(tmp_path / "twin", {f"{stem(3)}.json": label_bytes(3, recordId=f"{1:020x}")})
    after = list(read([source, labels, tmp_path / "twin"], keys.__contains__))
    assert [type(f) for f in after] == [KnownCall, KnownCall, Skip], "a twin stays out although its first is known"
    (alone, _) = read([labels], keys.__contains__)
    assert isinstance(alone, KnownCall)
    assert alone.wav is None


def test_odd_utterances_are_kept_and_counted(tmp_path: Path) -> None:
    utterances = [
        spoken(1, 0, 2_000.4, "가\t \n", 0),
        spoken(1, 1_500, 3_000, "겹침"),
        spoken(3, 3_000, 3_000, "거꾸로"),
        spoken(4, None, 4_000, "시각 없음"),
        spoken(5, 4_000, 4_499, "짧음"),
        spoken(6, 4_500, 5_000, "딱 반 초"),
        spoken(7, 5_000, 9_000, "밖"),
        spoken(8, 5_000, 6_050, "", 5),
        {"startAt": 5_000, "endAt": 5_900, "text": "이름 없음", "speaker": None},
        "not an object",
        spoken(11, 0, 1, 12),
    ]
    call, skips = only_call(tmp_path, utterances=utterances)
    parsed = call.recording.utterances
    assert [u.text for u in parsed] == ["가", "겹침", "거꾸로", "시각 없음", "짧음", "딱 반 초", "밖", "", "이름 없음"]
    names = [u.key.removeprefix(call.recording.key + ":") for u in parsed]
    assert names == ["u1", "#2", "u3", "u4", "u5", "u6", "u7", "u8", "#9"]
    assert [u.voice_usable for u in parsed] == [True, True, False, False, False, True, False, True, True]
    assert (parsed[0].end_ms, parsed[2].start_ms, parsed[2].end_ms, parsed[3].start_ms) == (2_000, 3_000, 3_000, None)
    assert (parsed[7].speaker, parsed[7].meta["speaker"]) == (None, 5)
    assert Counter(call.notes) == {
        aihub119_label.OVERLAP: 3,  # 2 with 1, and the three that start at 5 s with each other
        aihub119_label.INVERTED: 1,
        aihub119_label.UNTIMED: 1,
        aihub119_label.SHORT: 1,
        aihub119_label.BEYOND: 1,
        aihub119_label.NO_TEXT: 1,
        aihub119_label.NO_SPEAKER: 2,
    }
    reason = "not an object with a text"
    assert skips == {f"d/{stem(1)}.json, utterance {n}": reason for n in (10, 11)}


@pytest.mark.parametrize("utterances", [[], None, ...])
def test_call_without_utterances_is_kept_and_noted(tmp_path: Path, utterances: Any) -> None:
    call, skips = only_call(tmp_path, utterances=utterances)
    assert (call.recording.utterances, call.notes, skips) == ((), (aihub119_label.NO_UTTERANCES,), {})


def test_unknown_label_keeps_the_call_and_names_the_legal_values(tmp_path: Path) -> None:
    call, skips = only_call(tmp_path, urgencyLevel="최상", sentiment=None, disasterLarge=3, triage="")
    assert call.recording.labels == {}
    assert call.notes == ("call without sentiment",)
    where = f"d/{stem(1)}.json"
    assert skips[f"{where}, urgencyLevel"].startswith("unknown urgency class '최상'; known: 하, 중, 상;")
    assert skips[f"{where}, disasterLarge"].startswith("unknown disaster class '3'; known: 구급, 구조, 화재, 기타;")
    assert call.recording.meta["urgencyLevel"] == "최상"


def test_times_that_no_call_has(tmp_path: Path) -> None:
    utterances = [spoken(1, -5, 900), spoken(2, True, 900), spoken(3, "soon", 900), spoken(4, 0, 10**30)]
    call, _ = only_call(tmp_path, utterances=utterances, endAt=600_000)
    assert [u.voice_usable for u in call.recording.utterances] == [False] * 4
    assert Counter(call.notes)[aihub119_label.UNTIMED] == 4
    assert "call whose endAt differs from its audio by more than 1 s" in call.notes


def test_what_a_database_refuses_is_replaced(tmp_path: Path) -> None:
    text = json.dumps({"_id": call_id(1), "x": ["a"], "utterances": [spoken(1, 0, 900, "T")]})
    text = text.replace('"a"', "NaN, Infinity, 1e999").replace('"T"', '"\\ud800불\\u0000\\ud83d\\udd25"')
    write_tree(tmp_path / "d", {f"{stem(1)}.json": text.encode(), f"{stem(1)}.wav": wav_bytes()})
    calls, _ = run(tmp_path / "d")
    assert calls["1"].recording.meta["x"] == [None, None, None]
    assert calls["1"].recording.utterances[0].text == "\ufffd불\ufffd🔥"


def test_missing_path_is_an_error_and_index_counts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        list(read([tmp_path / "nowhere"], never_known))
    files = index(deliver(tmp_path, [1, 2, 3]))
    assert (files.total, len(files.wavs), files.skips) == (3, 3, [])
    assert sum(isinstance(c, Call) for c in aihub119.read_index(files, never_known)) == 3
