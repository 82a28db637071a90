"""core.ingest.audio: sound without a header (KsponSpeech), names of fixed width, value maps, one speaker a channel."""

import re
from pathlib import Path

import pytest
from aihub119_files import wav_bytes, write_tree
from cli_driver import answer, run
from spoken_files import pcm, pitch, tones

from core.audio import pcm as headerless
from core.errors import InputError
from core.ingest.audio import folder, notation
from core.ingest.audio.channels import ONE_SOUND
from core.ingest.audio.folder import Rules
from core.ingest.audio.name_pattern import compile_pattern
from core.ingest.audio.raw_sound import NOISE
from core.ingest.entries import Entry
from core.ingest.value_maps import ValueMaps
from core.records import NewRecording, NewUtterance, Skip
from core.workflows.workspace import Workspace


def read(root: Path, rules: Rules | None = None) -> tuple[list[Entry], dict[str, str]]:
    items = list(folder.read(folder.index([root], rules or Rules()), "s"))
    return [i for i in items if isinstance(i, Entry)], {i.where: str(i.reason) for i in items if isinstance(i, Skip)}


def utterance(entry: Entry) -> NewUtterance:
    assert isinstance(entry.record, NewRecording)
    return entry.record.utterances[0]


# --- KsponSpeech -----------------------------------------------------------------------------------------------------


def test_pcm_with_its_text_in_cp949(tmp_path: Path) -> None:
    text = "b/ 아/ 저희 집 (3층)/(삼 층)에 불이+ 불이 났어요 n/"
    root = write_tree(tmp_path / "KsponSpeech_01", {
        "KsponSpeech_000001.pcm": pcm(220, 1200), "KsponSpeech_000001.txt": f"{text}\n".encode("cp949"),
    })  # fmt: skip
    ((entry,), skips) = read(root)
    assert skips == {}
    assert entry.sound is not None
    assert (entry.sound.kind, entry.sound.sample_rate_hz, entry.sound.duration_ms) == ("WAV", 16_000, 1200)
    assert pitch(entry.sound.data) == pytest.approx(220, abs=1)
    assert (utterance(entry).text, utterance(entry).voice_usable) == (text, True)
    assert [cleaning.text for cleaning in entry.cleanings] == ["아 저희 집 3층에 불이 불이 났어요"]
    assert "sound without a header: read as 16 bit, mono, 16000 Hz" in entry.notes


@pytest.mark.parametrize(
    ("data", "ms"),
    [
        (b"\xff\xff" * 16_000 + pcm(300), 2000),  # silence just below zero begins like an MP3
        (pcm(300) + b"\1", 1000),  # half a sample
        (b"ID3\0" + pcm(300), 1000),
    ],
)
def test_pcm_is_known_by_its_suffix(tmp_path: Path, data: bytes, ms: int) -> None:
    ((entry,), _) = read(write_tree(tmp_path / "k", {"a.PCM": data}))
    assert entry.sound is not None
    assert (entry.sound.duration_ms, entry.sound.sample_rate_hz) == (ms, 16_000)


def test_a_wav_called_pcm_is_a_wav_and_other_rates_can_be_given(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "k", {"a.pcm": wav_bytes(700), "b.pcm": pcm(300), "photo.raw": pcm(300)})
    entries, skips = read(root, Rules(pcm_hz=8000))
    assert list(skips) == ["k/photo.raw"]
    assert [(e.sound.sample_rate_hz, e.sound.duration_ms) for e in entries if e.sound] == [(8000, 700), (8000, 2000)]


def test_pcm_that_looks_like_noise_is_noted_and_an_empty_one_named(tmp_path: Path) -> None:
    swapped = b"".join(bytes((b, a)) for a, b in zip(pcm()[::2], pcm()[1::2], strict=True))
    entries, skips = read(write_tree(tmp_path / "k", {"a.pcm": swapped, "b.pcm": pcm(), "c.pcm": b"", "d.pcm": b"x"}))
    assert [NOISE in entry.notes for entry in entries] == [True, False]
    assert skips == {"k/c.pcm": "empty file", "k/d.pcm": "zero frames: nothing could be decoded"}
    assert headerless.is_noise(b"") is False


def test_texts_in_the_trn_of_kspon_speech(tmp_path: Path) -> None:
    lines = ["KsponSpeech_eval/eval_clean/E1.pcm :: 불이 났어요", "KsponSpeech_eval/eval_other/E2.pcm :: 다른 것",
             "eval_clean/E9.pcm :: 없는 것", "no separator"]  # fmt: skip
    root = write_tree(tmp_path / "k", {
        "KsponSpeech_eval/eval_clean/E1.pcm": pcm(210), "KsponSpeech_eval/eval_clean/E2.pcm": pcm(220),
        "KsponSpeech_scripts/eval_clean.trn": "\n".join(lines).encode("cp949"),
    })  # fmt: skip
    entries, skips = read(root)
    assert [utterance(entry).text for entry in entries] == ["불이 났어요", ""]
    assert skips == {"k/KsponSpeech_scripts/eval_clean.trn": "lines that name audio which is not here: 1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(70%)/(칠십 퍼센트)", "70%"),
        ("o/ 그/ 뭐+ 뭐 (A B C)/(에이 비 씨)*", "그 뭐 뭐 A B C"),
        ("네 b/ .", "네."),
        ("b/ n/", ""),
        ("남/여 화장실 (지하)", ""),
        ("서울/ 부산 1+1 행사, 5*", ""),
        ("http://b/l", ""),
        ("(" * 50_000, ""),
    ],
)
def test_the_notation_of_kspon_speech(text: str, expected: str) -> None:
    assert notation.plain(text) == expected


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{speaker:3}{take:5}.wav", "A0700012.wav", {"speaker": "A07", "take": "00012"}),
        ("{speaker:3}{take:5}.wav", "A070001.wav", None),
        ("{speaker:3}{take:5}.wav", "A07000123.wav", None),
        ("{speaker:2}{rest}.wav", "KM_3.wav", {"speaker": "KM", "rest": "_3"}),
        ("{speaker:2}{rest}.wav", "KM.wav", None),
        ("{name}{take:2}.wav", "jackson07.wav", {"name": "jackson", "take": "07"}),
        ("{sex:1}{age:2}-{n}.wav", "여70-3.wav", {"sex": "여", "age": "70", "n": "3"}),
        ("{sex:1}{age:2}-{n}.wav", "여7-3.wav", None),
        ("{a:1}{b}{c:1}_{d}.wav", "xyyz_1.wav", {"a": "x", "b": "yy", "c": "z", "d": "1"}),
        ("{a:1}{b}{c:1}_{d}.wav", "xz_1.wav", None),
        ("{m:2}-{c:2}-{emotion:2}-{x}-{actor:2}.wav", "03-01-05-01-02-01-12.wav",
         None),
        ("{m:2}-{c:2}-{emotion:2}-{i:2}-{s:2}-{r:2}-{actor:2}.wav", "03-01-05-01-02-01-12.wav",
         {"m": "03", "c": "01", "emotion": "05", "i": "01", "s": "02", "r": "01", "actor": "12"}),
        ("{label:2}/{take:3}.pcm", "KO/001.pcm", {"label": "KO", "take": "001"}),
    ],
)  # fmt: skip
def test_fields_of_fixed_width(pattern: str, path: str, fields: dict[str, str] | None) -> None:
    assert compile_pattern(pattern).read(path) == fields


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{a}{b}", "has two fields that touch, and a width for neither"),
        ("{a:1}{b}{c}{d:2}", "has two fields that touch, and a width for neither"),
        ("{a:0}", "has a field whose width is no number from 1 to 100"),
        ("{a:x}_{b}", "has a field whose width is no number"),
        ("{a:101}", "has a field whose width is no number"),
        ("{a:}", "has a field whose width is no number"),
        ("{:3}", "has a field whose name is not letters"),
    ],
)
def test_a_width_that_cannot_work_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(InputError, match=re.escape(reason)):
        compile_pattern(pattern)


def test_values_of_names_are_mapped_to_classes(tmp_path: Path) -> None:
    names = ("05_kim_상.wav", "01_kim_중.wav", "09_kim_중.wav")
    root = write_tree(tmp_path / "c", {name: wav_bytes(600, hz=300 + n) for n, name in enumerate(names)})
    rules = Rules(
        compile_pattern("{emotion}_{speaker}_{level}.wav"), {"emotion": "emotion", "level": "level"},
        maps=ValueMaps({"": {"05": "angry", "상 ": "high", "09": ""}, "emotion": {"01": "calm"}, "level": {"중": "1"}}),
    )  # fmt: skip
    entries, _ = read(root, rules)
    assert {e.where: dict(e.labels) for e in entries} == {
        "c/05_kim_상.wav": {"emotion": ("angry",), "level": ("high",)},
        "c/01_kim_중.wav": {"emotion": ("calm",), "level": ("1",)},
        "c/09_kim_중.wav": {"level": ("1",)},
    }
    assert folder.index([root], rules).values("emotion") == ["angry", "calm"]
    with pytest.raises(InputError, match="a value of mood is mapped, and no label is called so"):
        folder.index([root], Rules(maps=ValueMaps({"mood": {"1": "a"}})))


# --- channels --------------------------------------------------------------------------------------------------------


def test_each_channel_is_a_speaker(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {
        "위험/a.wav": tones(300, 500, ms=1000), "위험/a_agent.txt": "네 119입니다".encode(),
        "위험/a.caller.txt": "불이 났어요".encode(), "위험/a.txt": "둘 다".encode(),
    })  # fmt: skip
    entries, skips = read(root, Rules(labels={"danger": "folder"}, channels=("agent", "caller")))
    heard = [(utterance(e).speaker, utterance(e).text, pitch(e.sound.data) if e.sound else 0) for e in entries]
    assert heard == [("agent", "네 119입니다", 300.0), ("caller", "불이 났어요", 500.0)]
    assert len({utterance(e).group for e in entries}) == 1
    assert [dict(e.labels) for e in entries] == [{"danger": ("위험",)}] * 2
    assert skips == {"c/위험/a.wav": "a text of all channels (둘 다): no channel gets it"}


def test_files_without_two_different_channels_stay_whole(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "c", {"a.wav": tones(300), "b.wav": tones(300, 300)})
    entries, skips = read(root, Rules(channels=("agent", "caller")))
    assert [utterance(e).speaker for e in entries] == [None, None]
    assert skips == {"c/a.wav": "its channels are 1, and agent, caller are named: kept as one recording"}
    assert [ONE_SOUND in e.notes for e in entries] == [False, True]


def test_the_options_of_the_command(ws: Workspace, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "k", {"05A07.pcm": pcm(), "01A08.pcm": pcm(300)})
    told = answer(
        "ingest", "audio", root, "--pattern", "{emotion:2}{speaker:3}.pcm", "--label", "emo=emotion",
        "--map", "05=angry", "--map", "emo:01=neutral", "--pcm-hz", "8000",
    )  # fmt: skip
    assert (told["added"], told["skipped"], told["proposed"]) == (2, [], ["emo"])
    assert [r.duration_ms for r in ws.store.corpus.recordings()] == [2000, 2000]
    assert ws.store.corpus.progress()["emo"]["angry"] == 1
    for wrong in ("05", "=x", "emo:=x"):
        assert run("ingest", "audio", root, "--map", wrong).exit_code == 2
