"""Tests core.ingest.aihub: label files in other encodings, with times and speakers as texts, and with other keys."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import label, spoken, stem, wav_bytes, write_tree

from core.errors import InputError
from core.ingest.aihub import label as aihub119_label
from core.ingest.aihub.calls import Call, index, read_index
from core.ingest.aihub.mapping import read_mapping
from core.records import Skip


def never_known(_: str) -> bool:
    return False


def only_call(folder: Path, data: bytes) -> Call:
    """The call of a label file beside its WAV, which comes in without a Skip."""
    write_tree(folder, {f"{stem(1)}.json": data, f"{stem(1)}.wav": wav_bytes()})
    items = list(read_index(index([folder]), never_known))
    assert [item for item in items if isinstance(item, Skip)] == []
    (call,) = items
    assert isinstance(call, Call)
    return call


NUMBERS = [spoken(1, 829, 2_622, "네, 서울입니다", 0), spoken(2, 3_150, 5_641, "불이 났어요", 1)]


def written(utterances: list[dict[str, Any]], **change: Callable[[Any], Any]) -> list[dict[str, Any]]:
    return [{name: change.get(name, lambda value: value)(value) for name, value in u.items()} for u in utterances]


DIALECTS: dict[str, list[dict[str, Any]]] = {
    "numbers": NUMBERS,
    "texts": written(NUMBERS, startAt=str, endAt=str),
    "spaced texts": written(NUMBERS, startAt=" {} ".format, endAt="{}.0".format),
    "grouped texts": written(NUMBERS, startAt="{:,}".format, endAt="{:,}".format),
    "clock times": written(
        NUMBERS, startAt=lambda ms: f"00:00:{ms / 1000:06.3f}", endAt=lambda ms: f"0:{ms / 1000:.3f}"
    ),
    "speaker as a text": written(NUMBERS, speaker=str),
    "speaker as a fraction": written(NUMBERS, speaker=float),
    "speaker as a word": written(NUMBERS, speaker=lambda n: ("접수자", " Caller ")[n]),
}


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects_of_label_files_give_the_same_call(tmp_path: Path, dialect: str, encoding: str) -> None:
    fields = label(1, utterances=DIALECTS[dialect], endAt="6000")
    data = json.dumps(fields, ensure_ascii=False).encode(encoding)
    call = only_call(tmp_path / "d", data)
    assert call.notes == ()
    assert [(u.start_ms, u.end_ms, u.speaker, u.text, u.voice_usable) for u in call.recording.utterances] == [
        (829, 2622, "taker", "네, 서울입니다", True), (3150, 5641, "caller", "불이 났어요", True),
    ]  # fmt: skip
    assert call.recording.labels["sentiment"] == "anxious"


@pytest.mark.parametrize("value", ["", "soon", "-5", "1e3", "8_29", "12:99:99:1", True, [829], "999999999999"])
def test_texts_that_are_no_time(tmp_path: Path, value: Any) -> None:
    call = only_call(tmp_path / "d", json.dumps(label(1, utterances=[spoken(1, value, 900)])).encode())
    assert call.recording.utterances[0].start_ms is None
    assert call.notes == (aihub119_label.UNTIMED,)


# -- label files with other keys

MAPPING = """
id = "call.no"
utterances = "call.turns"
utterance_id = "n"
text = "form.ko"
start = "time.from"
end = "time.to"
speaker = "who"
urgency = ["class", "급.함"]
length = "call.seconds"
unit = "s"

[speakers]
A = "taker"
B = "caller"
"""
OTHER: dict[str, Any] = {
    "call": {"no": 77, "seconds": "6.0", "place": "서울", "turns": [
        {"n": 1, "form": {"ko": "네 119입니다"}, "time": {"from": 0, "to": "1.5"}, "who": "A"},
        {"n": 2, "form": {"ko": "불이 났어요"}, "time": {"from": 1.6, "to": 3.5}, "who": " B "},
        {"n": 3, "form": {"ko": "빨리요"}, "time": {}, "who": "C"},
    ]},
    "class": {"급.함": "상"}, "sentiment": "중립",
}  # fmt: skip


@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_mapping_names_the_keys_of_other_label_files(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"keys.{form}"
    path.write_text(MAPPING if form == "toml" else json.dumps(tomllib.loads(MAPPING)), encoding="utf-8")
    files = {"77.json": json.dumps(OTHER, ensure_ascii=False).encode("cp949"), "77.wav": wav_bytes()}
    (call,) = read_index(index([write_tree(tmp_path / "d", files)]), never_known, read_mapping(path))
    assert isinstance(call, Call)
    recording = call.recording
    assert (recording.key, recording.duration_ms, recording.labels) == (
        "aihub119:77", 6_000, {"urgency": "high", "sentiment": "neutral"},
    )  # fmt: skip
    assert [(u.key, u.text, u.start_ms, u.end_ms, u.speaker) for u in recording.utterances] == [
        ("aihub119:77:1", "네 119입니다", 0, 1500, "taker"), ("aihub119:77:2", "불이 났어요", 1600, 3500, "caller"),
        ("aihub119:77:3", "빨리요", None, None, None),
    ]  # fmt: skip
    assert recording.meta["call"] == {"no": 77, "seconds": "6.0", "place": "서울"}
    assert recording.utterances[0].meta["time"] == {"from": 0, "to": "1.5"}
    assert Counter(call.notes) == {
        aihub119_label.UNTIMED: 1, aihub119_label.NO_SPEAKER: 1, "call without disasterLarge": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('name = "x"', "keys.toml, name: no such field; there are id, record, utterances"),
        ('id = "a..b"', "keys.toml, id: expected a key, or keys with . between them"),
        ("id = 3", "keys.toml, id: expected a key"),
        ("id = ['a', '']", "keys.toml, id: expected a key"),
        ("unit = ['s']", "keys.toml, unit: \"['s']\" is not one of ms, s"),
        ('unit = "min"', "keys.toml, unit: 'min' is not one of ms, s"),
        ('[speakers]\nA = "boss"', "keys.toml, speakers: each value means one of taker, caller"),
        ("= 1", "keys.toml: neither TOML nor JSON"),
    ],
)
def test_a_wrong_mapping_is_refused_before_anything_is_read(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "keys.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(reason)):
        read_mapping(tmp_path / "keys.toml")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_mapping(tmp_path / "none.toml")
