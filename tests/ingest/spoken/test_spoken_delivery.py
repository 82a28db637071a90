"""core.ingest.spoken: tiers, pairs of annotations and audio, groups, channels; nothing is lost in silence."""

import json
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes, write_tree, write_zip
from spoken_files import pitch, srt, textgrid, tones

from core.errors import InputError
from core.ingest.entries import Entry
from core.ingest.spoken import delivery
from core.ingest.spoken.delivery import Rules
from core.ingest.spoken.recordings import ONE_SOUND
from core.ingest.spoken.tiers import Roles, parse_roles
from core.ingest.value_maps import ValueMaps
from core.records import NewRecording, NewUtterance, Skip

CALL = {
    "신고자": [(0, 0.5, ""), (0.5, 2, "집에 불이 났어요"), (2, 6, " ")],
    "수보자": [(0, 1, "네 119입니다"), (1.5, 3.5, "어디세요"), (3.5, 6, "")],
}


def read(*paths: Path, rules: Rules | None = None, level: Any = ()) -> tuple[dict[str, Entry], dict[str, str]]:
    """key -> entry, and where -> reason of what was left out."""
    items = list(delivery.read(delivery.index(paths, rules or Rules()), "s", dict.fromkeys(level, True)))
    entries = {i.record.key: i for i in items if isinstance(i, Entry)}
    return entries, {i.where: str(i.reason) for i in items if isinstance(i, Skip)}


def whisper(*texts: str) -> bytes:
    """Whisper's JSON; each segment lasts one second."""
    segments = [{"start": n, "end": n + 1, "text": f" {text}"} for n, text in enumerate(texts)]
    return json.dumps({"segments": segments, "language": "ko", "text": ""}).encode()


def recording(entry: Entry) -> NewRecording:
    assert isinstance(entry.record, NewRecording)
    return entry.record


def said(entry: Entry) -> list[tuple[int | None, int | None, str | None, str]]:
    return [(u.start_ms, u.end_ms, u.speaker, u.text) for u in recording(entry).utterances]


def labels(entry: Entry) -> dict[str, dict[str, tuple[str, ...]]]:
    """text -> its label values."""
    by_key = {u.key: u.text for u in recording(entry).utterances}
    return {by_key[key]: dict(values) for key, values in entry.utterance_labels.items()}


def test_each_tier_is_a_speaker_and_overlaps_stay(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(CALL), "a.wav": wav_bytes()})
    entries, skips = read(root)
    assert skips == {}
    (entry,) = entries.values()
    assert said(entry) == [
        (0, 1000, "수보자", "네 119입니다"),
        (500, 2000, "신고자", "집에 불이 났어요"),
        (1500, 3500, "수보자", "어디세요"),
    ]
    assert recording(entry).utterances[0].key == "annotations:s:a:수보자:0"
    assert {u.group for u in recording(entry).utterances} == {"annotations:s:a"}
    assert all(u.voice_usable for u in recording(entry).utterances)
    assert entry.sound is not None
    assert recording(entry).duration_ms == 6000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "cp949", "utf-8-sig"])
def test_a_file_in_any_encoding_is_no_audio(tmp_path: Path, encoding: str) -> None:
    """UTF-16, which Praat writes for Hangul, begins like an MP3."""
    data = textgrid({"김": [(0, 1, "불이 났어요")]}).decode().encode(encoding)
    entries, skips = read(write_tree(tmp_path / "c", {"a.TextGrid": data, "a.wav": wav_bytes()}))
    assert said(entries["annotations:s:a"]) == [(0, 1000, "김", "불이 났어요")]
    assert (skips, recording(entries["annotations:s:a"]).meta["audio"]) == ({}, "c/a.wav")


def test_roles_of_tiers(tmp_path: Path) -> None:
    tiers = {
        "발화": [(0, 2, "불이 났어요"), (2, 4, "네"), (4, 6, "몰라요")],
        "화자": [(0, 2.02, "신고자"), (2.02, 6, "수보자")],
        "label": [(0, 2, "위험"), (2, 2.1, ""), (2.1, 3.9, "정상")],
        "긴급도": [(0, 6, "상")],
    }
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(tiers), "a.wav": wav_bytes()})
    roles = parse_roles(["text=발화", "speaker=화자", "danger=label", "urgency=긴급도"])
    entries, skips = read(root, rules=Rules(roles), level=["urgency"])
    (entry,) = entries.values()
    assert said(entry) == [
        (0, 2000, "신고자", "불이 났어요"), (2000, 4000, "수보자", "네"), (4000, 6000, "수보자", "몰라요"),
    ]  # fmt: skip
    assert labels(entry) == {"불이 났어요": {"danger": ("위험",)}, "네": {"danger": ("정상",)}, "몰라요": {}}
    assert entry.labels == {"urgency": ("상",)}
    assert skips == {}
    assert delivery.index([root], Rules(roles)).values == {"danger": ["위험", "정상"], "urgency": ["상"]}


def test_a_label_without_an_utterance_and_a_zero_length_are_named(tmp_path: Path) -> None:
    tiers = {"kim": [(0, 2, "불"), (2, 2, "아"), (2, 3, "")], "label": [(0, 2, "위험"), (2.5, 3, "정상")]}
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(tiers)})
    entries, skips = read(root, rules=Rules(Roles(labels={"danger": "label"})))
    assert [text for _, _, _, text in said(entries["annotations:s:a"])] == ["불"]
    assert skips == {
        "c/a.TextGrid, line 18": "from 2000 to 2000 ms: no duration, left out",
        "c/a.TextGrid, line 32": "정상: no utterance in this span",
    }


def test_only_labels_are_utterances_without_text(tmp_path: Path) -> None:
    """A tier of sounds: what is heard where, and no words."""
    root = write_tree(tmp_path / "c", {"a.txt": b"0.0\t2.0\tdanger\n2.0\t4.0\tnormal\n", "a.wav": wav_bytes()})
    entries, _ = read(root, rules=Rules(Roles(labels={"danger": "labels"})))
    (entry,) = entries.values()
    assert said(entry) == [(0, 2000, None, ""), (2000, 4000, None, "")]
    assert list(entry.utterance_labels.values()) == [{"danger": ("danger",)}, {"danger": ("normal",)}]


@pytest.mark.parametrize(
    ("tiers", "expected", "notes"),
    [
        ({"kim - words": [(0, 1, "불")], "kim - phones": [(0, 1, "p")], "kim": [(0, 1, "불이")]}, ["불이"],
         ["tier kim - words of words, sounds or pauses: not read (--tier names it)",
          "tier kim - phones of words, sounds or pauses: not read (--tier names it)"]),
        ({"kim": [(0, 1, "불이"), (1, 2, "<SIL>"), (2, 3, "sp")]}, ["불이"],
         ["interval that marks a silence: no utterance"] * 2),
    ],
)  # fmt: skip
def test_words_sounds_and_silences_are_no_utterances(
    tmp_path: Path, tiers: Any, expected: list[str], notes: list[str]
) -> None:
    entries, _ = read(write_tree(tmp_path / "c", {"a.TextGrid": textgrid(tiers), "a.wav": wav_bytes()}))
    (entry,) = entries.values()
    assert [text for _, _, _, text in said(entry)] == expected
    assert list(entry.notes) == notes


def test_a_file_of_words_alone_says_how_to_read_it(tmp_path: Path) -> None:
    tiers = {"words": [(0, 1, "불이"), (1, 2, "나")], "phones": [(0, 1, "p")]}
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(tiers)})
    assert read(root)[1] == {"c/a.TextGrid": "no tier with utterances among words, phones: --tier text=NAME reads one"}
    entries, skips = read(root, rules=Rules(Roles(text=("words",))))
    assert [text for _, _, _, text in said(entries["annotations:s:a"])] == ["불이", "나"]
    assert skips == {}


def test_a_tier_that_says_what_it_holds_names_no_speaker(tmp_path: Path) -> None:
    entries, _ = read(write_tree(tmp_path / "c", {"a.TextGrid": textgrid({"발화": [(0, 1, "불")]})}))
    assert said(entries["annotations:s:a"]) == [(0, 1000, None, "불")]


def test_a_tier_that_no_file_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(CALL), "b.TextGrid": textgrid({"발화": [(0, 1, "불")]})})
    with pytest.raises(InputError, match="no file has a tier label: there are 신고자, 수보자, 발화"):
        read(root, rules=Rules(Roles(labels={"danger": "label"})))
    entries, skips = read(root, rules=Rules(Roles(text=("발화",))))
    assert list(entries) == ["annotations:s:b"]
    assert skips == {"c/a.TextGrid": "no tier with utterances among 신고자, 수보자: --tier text=NAME reads one"}


def test_values_of_labels_are_mapped(tmp_path: Path) -> None:
    tiers = {
        "kim": [(0, 1, "불"), (1, 2, "물"), (2, 3, "음")], "d": [(0, 1, "Ｏ"), (1, 2, "x"), (2, 3, "?")],
        "u": [(0, 3, "상")],
    }  # fmt: skip
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(tiers)})
    maps = ValueMaps({"danger": {"o": "danger", "X": "normal"}, "": {"?": "", "상": "high"}})
    rules = Rules(Roles(labels={"danger": "d", "urgency": "u"}), maps=maps)
    entries, _ = read(root, rules=rules, level=["urgency"])
    entry = entries["annotations:s:a"]
    assert labels(entry) == {"불": {"danger": ("danger",)}, "물": {"danger": ("normal",)}, "음": {"danger": ()}}
    assert entry.labels == {"urgency": ("high",)}
    assert delivery.index([root], rules).values == {"danger": ["danger", "normal"], "urgency": ["high"]}
    with pytest.raises(InputError, match="a value of mood is mapped, and no label is called so"):
        delivery.index([root], Rules(maps=ValueMaps({"mood": {"1": "a"}})))


@pytest.mark.parametrize(
    ("pair", "reason"),
    [("text", "expected text=TIER"), ("=x", "expected text=TIER"), ("danger=", "expected text=TIER")],
)
def test_incomplete_roles_are_refused(pair: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse_roles([pair])


# --- which audio -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "audio"),
    [
        ({"a.srt": "", "a.wav": 1}, "c/a.wav"),
        ({"a.ko.srt": "", "a.wav": 1}, "c/a.wav"),
        ({"A.SRT": "", "a.WAV": 1}, "c/a.WAV"),
        ({"\u1107\u116e\u11af.srt": "", "불.wav": 1}, "c/불.wav"),
        ({"labels/a.srt": "", "audio/a.wav": 1}, "c/audio/a.wav"),
        (
            {"라벨링데이터/1월/a.srt": "", "원천데이터/1월/a.wav": 1, "원천데이터/2월/a.wav": 2},
            "c/원천데이터/1월/a.wav",
        ),
        ({"a.wav.srt": "", "a.wav": 1}, "c/a.wav"),
        ({"1월/a.srt": "", "2월/a.wav": 1}, None),
        ({"7.srt": "", "007.wav": 1}, None),
        ({"a.srt": "", "1월/a.wav": 1, "2월/a.wav": 2}, None),
        ({"a.kim.srt": "", "a.wav": 1}, None),
    ],
)
def test_audio_is_found_by_name_and_never_in_another_folder(
    tmp_path: Path, files: dict[str, Any], audio: str | None
) -> None:
    content = {name: wav_bytes(3000, hz=200 + n) if n else srt("불이 났어요") for name, n in files.items()}
    entries, _ = read(write_tree(tmp_path / "c", content))
    (entry,) = entries.values()
    assert recording(entry).meta.get("audio") == audio
    assert said(entry) == [(0, 1000, None, "불이 났어요")]


def test_two_folders_with_the_same_names_are_two_recordings(tmp_path: Path) -> None:
    files = {}
    for n, month in enumerate(("1월", "2월")):
        files |= {f"{month}/001.srt": srt(month), f"{month}/001.wav": wav_bytes(2000, hz=300 + n)}
    entries, skips = read(write_tree(tmp_path / "c", files))
    assert skips == {}
    assert {key: (said(entry)[0][3], recording(entry).meta["audio"]) for key, entry in entries.items()} == {
        "annotations:s:1월/001": ("1월", "c/1월/001.wav"), "annotations:s:2월/001": ("2월", "c/2월/001.wav"),
    }  # fmt: skip
    apart, _ = read(tmp_path / "c" / "1월", tmp_path / "c" / "2월")
    assert set(apart) == set(entries)


def test_missing_audio_is_a_note_and_names_that_are_alike_are_shown(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"7.srt": srt("불"), "b.srt": srt("물"), "007.wav": wav_bytes()})
    entries, skips = read(root)
    assert [entry.notes[0] for entry in entries.values()] == [
        "recording without audio beside it: text imported without audio"
    ] * 2
    assert skips["c/7.srt"] == "no audio of its name; alike: 007.wav"
    assert skips["c/007.wav"].startswith("audio without annotations of its name")
    assert recording(entries["annotations:s:7"]).duration_ms == 1000
    assert not any(u.voice_usable for entry in entries.values() for u in recording(entry).utterances)


def test_audio_in_another_folder(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tg", {"a.TextGrid": textgrid(CALL)})
    write_tree(tmp_path / "rec", {"deep/a.wav": wav_bytes(), "b.wav": wav_bytes(hz=300)})
    entries, skips = read(root, rules=Rules(folder=tmp_path / "rec"))
    assert recording(entries["annotations:s:a"]).meta["audio"] == "rec/deep/a.wav"
    assert skips == {}


def test_audio_that_is_named_in_the_file(tmp_path: Path) -> None:
    eaf = (
        '<?xml version="1.0"?><ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///D:/x/call%201.wav"/>'
        '</HEADER><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="t2" '
        'TIME_VALUE="900"/></TIME_ORDER><TIER TIER_ID="kim"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" '
        'TIME_SLOT_REF1="t1" TIME_SLOT_REF2="t2"><ANNOTATION_VALUE>불</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>'
        "</ANNOTATION></TIER></ANNOTATION_DOCUMENT>"
    )
    root = write_tree(tmp_path / "c", {"checked by kim.eaf": eaf.encode(), "call 1.wav": wav_bytes()})
    entries, _ = read(root)
    assert recording(entries["annotations:s:checked by kim"]).meta["audio"] == "c/call 1.wav"
    assert [u.key for u in recording(entries["annotations:s:checked by kim"]).utterances] == [
        "annotations:s:checked by kim:a1"
    ]


def test_what_whisper_writes_for_one_call_is_one_recording(tmp_path: Path) -> None:
    """`whisper call.wav` writes JSON, SRT, TSV, TXT and VTT; the JSON knows most."""
    files = {
        "a.wav": wav_bytes(), "a.json": whisper("불이 났어요"), "a.srt": srt("불이 났어요"),
        "a.tsv": "start\tend\ttext\n0\t1000\t불이 났어요\n".encode(), "a.txt": "불이 났어요\n".encode(),
        "a.vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\n불이 났어요\n".encode(),
    }  # fmt: skip
    entries, skips = read(write_tree(tmp_path / "c", files))
    (entry,) = entries.values()
    assert recording(entry).meta["format"] == "Whisper"
    assert recording(entry).utterances[0].tags == ("machine-transcript",)
    assert {where: reason for where, reason in skips.items() if where != "c/a.txt"} == dict.fromkeys(
        ("c/a.vtt", "c/a.srt", "c/a.tsv"), "its recording has the annotations of c/a.json: not read"
    )
    assert skips["c/a.txt"].startswith("no annotations that can be read (EAF, TextGrid,")


def test_if_the_best_file_is_damaged_the_next_is_read(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(CALL)[:-20], "a.srt": srt("불"), "b.srt": srt("물")})
    entries, skips = read(root)
    assert [said(entry)[0][3] for entry in entries.values()] == ["불", "물"]
    assert skips == {"c/a.TextGrid, line 32": "a text has no closing quotation mark"}


def test_zips_and_single_files(tmp_path: Path) -> None:
    write_zip(tmp_path / "d.zip", [("x/a.TextGrid", textgrid(CALL)), ("x/a.wav", wav_bytes())])
    write_tree(tmp_path / "e", {"b.srt": srt("불"), "b.wav": wav_bytes(hz=300), "c.srt": srt("물")})
    entries, _ = read(tmp_path / "d.zip")
    assert recording(entries["annotations:s:x/a"]).meta["audio"] == "d.zip/x/a.wav"
    entries, _ = read(tmp_path / "e" / "b.srt", tmp_path / "e" / "b.wav")
    assert recording(entries["annotations:s:b"]).meta["audio"] == "e/b.wav"


def test_times_beyond_the_audio_and_unreadable_audio(tmp_path: Path) -> None:
    tiers = {"kim": [(0, 2.05, "하나"), (2.05, 9, "둘"), (9, 12, "셋")]}
    root = write_tree(tmp_path / "c", {
        "a.TextGrid": textgrid(tiers), "a.wav": wav_bytes(2000), "b.srt": srt("불"), "b.wav": wav_bytes()[:60],
    })  # fmt: skip
    entries, skips = read(root)
    assert [(u.end_ms, u.voice_usable) for u in recording(entries["annotations:s:a"]).utterances] == [
        (2050, True), (9000, False), (12_000, False),
    ]  # fmt: skip
    assert entries["annotations:s:a"].notes == ("utterance that ends after its audio: not usable for voice",) * 2
    assert skips["c/b.wav"].endswith(": text imported without audio")
    assert said(entries["annotations:s:b"]) == [(0, 1000, None, "불")]


# --- groups ----------------------------------------------------------------------------------------------------------


def test_persons_join_recordings_and_counted_speakers_do_not(tmp_path: Path) -> None:
    span = [(0, 1, "불")]
    later = [(1, 2, "물")]
    root = write_tree(tmp_path / "c", {
        "a.TextGrid": textgrid({"김민수": span, "수보자": later}),
        "b.TextGrid": textgrid({"이영희": span, "김민수": later}),
        "c.TextGrid": textgrid({"화자1": span, "화자2": later}),
        "d.TextGrid": textgrid({"화자1": span, "화자2": later}),
        "e.json": json.dumps({"segments": [{"start": 0, "end": 1, "text": "x", "speaker": "SPEAKER_00"}]}).encode(),
    })  # fmt: skip
    entries, _ = read(root)
    groups = {key[-1]: {u.group for u in recording(entry).utterances} for key, entry in entries.items()}
    assert groups == {
        "a": {"annotations:s:speaker:김민수"}, "b": {"annotations:s:speaker:김민수"},
        "c": {"annotations:s:c"}, "d": {"annotations:s:d"}, "e": {"annotations:s:e"},
    }  # fmt: skip


# --- channels --------------------------------------------------------------------------------------------------------

SPEAKERS = {"agent": [(0, 2, "네 119입니다")], "Caller": [(1, 4, "불이 났어요")]}
BOTH = Rules(channels=("agent", "caller"))


def test_each_speaker_has_the_sound_of_its_channel_and_both_are_one_group(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(SPEAKERS), "a.wav": tones(300, 500)})
    entries, skips = read(root, rules=BOTH)
    assert skips == {}
    heard = {key: (said(entry), pitch(entry.sound.data if entry.sound else b"")) for key, entry in entries.items()}
    assert heard == {
        "annotations:s:a:channel:agent": ([(0, 2000, "agent", "네 119입니다")], 300.0),
        "annotations:s:a:channel:caller": ([(1000, 4000, "Caller", "불이 났어요")], 500.0),
    }
    assert {u.group for entry in entries.values() for u in recording(entry).utterances} == {"annotations:s:a"}
    assert [recording(entry).meta["channel"] for entry in entries.values()] == [1, 2]
    assert all(u.voice_usable for entry in entries.values() for u in recording(entry).utterances)


def test_a_speaker_without_a_channel_stays_with_the_whole_sound(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {
        "a.TextGrid": textgrid(SPEAKERS | {"잡음": [(4, 5, "사이렌")]}), "a.wav": tones(300, 500),
    })  # fmt: skip
    entries, _ = read(root, rules=BOTH)
    assert said(entries["annotations:s:a"]) == [(4000, 5000, "잡음", "사이렌")]
    assert "utterance of a speaker without a channel: kept with the whole sound" in next(iter(entries.values())).notes


@pytest.mark.parametrize(
    ("wav", "rules", "where", "reason"),
    [
        (tones(300), BOTH, "c/a.wav", "its channels are 1, and agent, caller are named: kept as one recording"),
        (tones(1, 2, 3), BOTH, "c/a.wav", "its channels are 3, and agent, caller are named: kept as one recording"),
        (tones(300, 500), Rules(channels=("상담사", "고객")), "c/a.TextGrid",
         "no speaker is called 상담사, 고객: there are agent, Caller; kept as one recording"),
    ],
)  # fmt: skip
def test_channels_that_cannot_be_parted_stay_one_recording(
    tmp_path: Path, wav: bytes, rules: Rules, where: str, reason: str
) -> None:
    entries, skips = read(write_tree(tmp_path / "c", {"a.TextGrid": textgrid(SPEAKERS), "a.wav": wav}), rules=rules)
    assert [len(said(entry)) for entry in entries.values()] == [2]
    assert skips == {where: reason}


def test_equal_channels_are_one_sound(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.TextGrid": textgrid(SPEAKERS), "a.wav": tones(300, 300)})
    entries, skips = read(root, rules=BOTH)
    (entry,) = entries.values()
    assert (len(said(entry)), skips) == (2, {})
    assert ONE_SOUND in entry.notes


def test_channels_without_audio_wait_for_it(tmp_path: Path) -> None:
    entries, _ = read(write_tree(tmp_path / "c", {"a.TextGrid": textgrid(SPEAKERS)}), rules=BOTH)
    assert list(entries) == ["annotations:s:a:channel:agent", "annotations:s:a:channel:caller"]


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_corrected_text_keeps_its_key_and_a_new_line_moves_no_other(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.srt": srt("하나", "둘", "셋")})

    def keys() -> dict[str, str]:
        (entry,) = read(root)[0].values()
        return {u.key: u.text for u in recording(entry).utterances}

    before = keys()
    (root / "a.srt").write_bytes(srt("하나", "둘둘", "셋"))
    assert {key for key in before if keys()[key] != before[key]} == {"annotations:s:a:1000"}
    (root / "a.srt").write_bytes(b"1\n00:00:00,500 --> 00:00:00,900\nnew\n\n" + srt("하나", "둘", "셋"))
    assert set(keys()) - set(before) == {"annotations:s:a:500"}


def test_equal_starts_in_one_tier_have_distinct_keys(tmp_path: Path) -> None:
    vtt = b"WEBVTT\n\n00:00.000 --> 00:01.000\n<v A>x <v B>y\n"
    (entry,) = read(write_tree(tmp_path / "c", {"a.vtt": vtt}))[0].values()
    utterances: tuple[NewUtterance, ...] = recording(entry).utterances
    assert [(u.key, u.speaker) for u in utterances] == [("annotations:s:a:0", "A"), ("annotations:s:a:0+", "B")]


def test_a_file_of_annotations_for_each_channel(tmp_path: Path) -> None:
    """Each channel was recognised apart; their segments may start at the same time."""
    files = {
        "a.wav": tones(300, 500), "a_agent.json": whisper("네 119입니다"), "a_caller.json": whisper("불이 났어요"),
        "a_caller.srt": srt("불이 났어요"), "b-Agent.srt": srt("여보세요"), "b.wav": tones(310, 510),
    }  # fmt: skip
    entries, skips = read(write_tree(tmp_path / "c", files), rules=BOTH)
    heard = {key: (said(entry), pitch(entry.sound.data if entry.sound else b"")) for key, entry in entries.items()}
    assert heard == {
        "annotations:s:a:channel:agent": ([(0, 1000, "agent", "네 119입니다")], 300.0),
        "annotations:s:a:channel:caller": ([(0, 1000, "caller", "불이 났어요")], 500.0),
        "annotations:s:b:channel:agent": ([(0, 1000, "agent", "여보세요")], 310.0),
    }
    keys = [u.key for entry in entries.values() for u in recording(entry).utterances]
    assert keys == ["annotations:s:a:agent:0", "annotations:s:a:caller:0", "annotations:s:b:agent:0"]
    groups = [u.group for entry in entries.values() for u in recording(entry).utterances]
    assert groups == ["annotations:s:a", "annotations:s:a", "annotations:s:b"]
    assert skips == {"c/a_caller.srt": "its recording has the annotations of c/a_caller.json: not read"}


def test_files_for_each_channel_of_a_file_with_one_channel_are_one_recording(tmp_path: Path) -> None:
    files = {"a.wav": tones(300), "a_agent.json": whisper("네"), "a_caller.json": whisper("불이 났어요")}
    items = list(delivery.read(delivery.index([write_tree(tmp_path / "c", files)], BOTH), "s", {}))
    entries = [item for item in items if isinstance(item, Entry)]
    assert [(entry.record.key, said(entry)) for entry in entries] == [
        ("annotations:s:a", [(0, 1000, "agent", "네")]), ("annotations:s:a", [(0, 1000, "caller", "불이 났어요")]),
    ]  # fmt: skip


def test_a_zip_and_the_folder_that_it_unpacks_to_are_the_same_files(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "d", {"x/a.srt": srt("불"), "x/a.wav": wav_bytes()})
    packed = write_zip(tmp_path / "d.zip", [("x/a.srt", srt("불")), ("x/a.wav", wav_bytes())])
    assert set(read(root)[0]) == set(read(packed)[0]) == {"annotations:s:x/a"}
    entries, skips = read(root, packed)
    assert [recording(entry).meta["audio"] for entry in entries.values()] == ["d/x/a.wav"]
    assert skips == {
        "d.zip/x/a.srt": "a file of this path came before: d/x/a.srt",
        "d.zip/x/a.wav": "a file of this path came before: d/x/a.wav",
    }
