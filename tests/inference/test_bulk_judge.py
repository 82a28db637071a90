"""The bulk judge gives what `Predictor.predict` gives, for every kind of run, and stops at no bad item."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
import tiny_encoders
import tiny_speech
import torch
from fake_runs import FakeModel, fake_run

from core.audio.clips import to_wav
from core.inference.bulk import precision, quick
from core.inference.bulk.blocks import Block, Clip
from core.inference.bulk.judge import PROBS, Judge, JudgeMaker
from core.inference.bulk.vectors import reader
from core.inference.predictor import Predictor
from core.messages import message_from_json
from core.models import Modality
from core.models.cross_modal import CrossModal
from core.models.linear.heads import HeadsConfig, HeadsModel
from core.models.pretrained.frozen_text import load
from core.models.text.encoder import TextEncoder
from core.models.values import Sample
from core.runs.card import Calibration
from core.schemes.target import Target

pytestmark = pytest.mark.integration

DANGER = Target("danger", tiny_encoders.CODES)
MOOD = Target("mood", ("calm", "afraid", "angry"), "multi")
TEXTS = [*tiny_encoders.sentences(20)[0], "불이", *tiny_encoders.sentences(5)[0], "  불이 ", "부엌에서 " * 40]


def run(
    model: Any, architecture: str, encoder: str, targets: tuple[Target, ...], modality: Modality = "text", **config: Any
) -> Predictor:
    """A run with a model that nobody trained; its probabilities are calibrated."""
    calibrations = {target.name: Calibration("temperature", 1.5, "validation", 9, 0, 0) for target in targets}
    card = replace(
        fake_run("r", (0.5, 0.5)).card, modality=modality,
        architecture=architecture, encoder=encoder, targets=targets, calibrations=calibrations, config=config,
    )  # fmt: skip
    return Predictor(card, model)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.set_num_threads(1)
    return str(tiny_encoders.save_encoder(tmp_path_factory.mktemp("encoder") / "tiny"))


@pytest.fixture(scope="module")
def frozen(encoder: str) -> Predictor:
    """Heads on vectors of a frozen encoder."""
    texts, codes = tiny_encoders.sentences(20)
    values = load(encoder).read(texts)
    model = HeadsModel.fit(HeadsConfig(), values, {"danger": DANGER.answers(codes)}, (DANGER,))
    return run(model, "heads", f"frozen+{encoder}", (DANGER,))


def fine_tuned(encoder: str, targets: tuple[Target, ...], **config: Any) -> Predictor:
    torch.manual_seed(0)
    model = TextEncoder.create(targets, encoder, {"max_len": 32, **config}, TEXTS).eval()
    return run(model, "text-encoder", encoder, targets, max_len=32, **config)


def same_as_predict(predictor: Predictor, judge: Judge, texts: list[str]) -> None:
    made = judge(Block(np.arange(len(texts)) * 7, texts))
    expected = predictor.predict([Sample(text) for text in texts])
    assert made.column("id").to_pylist() == [7 * row for row in range(len(texts))]
    assert made.column("skipped").null_count == len(texts)
    for target in predictor.targets:
        np.testing.assert_allclose(table(made, target.name), expected[target.name], atol=1e-5)


def table(batch: Any, target: str) -> np.ndarray[Any, Any]:
    column = batch.column(PROBS + target)
    return np.asarray(column.flatten()).reshape(len(batch), column.type.list_size)


@pytest.mark.parametrize("config", [{}, {"pooling": "mean"}, {"stride": 8}])
@pytest.mark.parametrize("targets", [(DANGER,), (DANGER, MOOD)])
def test_a_fine_tuned_encoder_is_packed_and_gives_the_same(
    encoder: str, targets: tuple[Target, ...], config: dict[str, Any]
) -> None:
    predictor = fine_tuned(encoder, targets, **config)
    judge = Judge(predictor, Path("."), budget=256)
    assert judge._exact != judge._plainly  # not the slow way
    same_as_predict(predictor, judge, TEXTS)


def test_heads_on_vectors_give_the_same_and_keep_nothing_on_disk(
    frozen: Predictor, encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path))
    judge = Judge(frozen, Path("."))
    judge(Block(np.arange(len(TEXTS)), TEXTS))
    assert not (tmp_path / "cache").exists()
    same_as_predict(frozen, judge, TEXTS)
    read = reader(encoder, "float32", 1024)
    assert read is not None
    np.testing.assert_allclose(read(TEXTS), load(encoder).read(TEXTS), atol=1e-5)


def test_equal_texts_are_judged_once_and_empty_ones_are_left_out() -> None:
    predictor = fake_run("r", lambda text: (0.9, 0.1) if len(text) > 3 else (0.2, 0.8))
    assert isinstance(predictor.model, FakeModel)
    made = Judge(predictor, Path("."))(Block(np.array([5, 3, 9, 4]), ["불이야", "  ", " 불이야 ", "도와주세요"]))
    assert predictor.model.asked == 2
    assert made.column("id").to_pylist() == [5, 3, 9, 4]
    np.testing.assert_allclose(table(made, "danger"), [[0.2, 0.8], [np.nan] * 2, [0.2, 0.8], [0.9, 0.1]], atol=1e-6)
    reasons = made.column("skipped").to_pylist()
    assert [reason is None for reason in reasons] == [True, False, True, True]
    assert message_from_json(json.loads(reasons[1])) == "no text"


@pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="int8 needs a processor with VNNI")
def test_int8_answers_as_float32_since_ties_are_judged_again(encoder: str) -> None:
    predictor = fine_tuned(encoder, (DANGER, MOOD))
    judge = Judge(predictor, Path("."), "int8")
    assert judge.number == "int8"
    assert judge.trial is not None
    texts = tiny_encoders.sentences(200, seed=3)[0]
    made, expected = judge(Block(np.arange(200), texts)), predictor.predict([Sample(text) for text in texts])
    for target in predictor.targets:
        probs = table(made, target.name)
        assert 1e-6 < np.abs(probs - expected[target.name]).max() < 0.05
        answers = precision.answers(target, np.log(probs / (1 - probs)))
        right = precision.answers(target, np.log(expected[target.name] / (1 - expected[target.name])))
        assert (answers == right).mean() >= 0.99


@pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="int8 needs a processor with VNNI")
def test_what_a_text_gives_in_int8_does_not_depend_on_its_neighbours(encoder: str) -> None:
    judge = Judge(fine_tuned(encoder, (DANGER,)), Path("."), "int8", tolerance={"danger": 0.0})
    assert (judge.number, judge.trial) == ("int8", None), "the type was chosen before, with its tolerance"
    together = table(judge(Block(np.arange(len(TEXTS)), TEXTS)), "danger")
    alone = np.concatenate([table(judge(Block(np.arange(1), [text])), "danger") for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_auto_takes_no_type_that_changes_an_answer_or_has_no_packed_float32(
    encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "fastest", lambda width: "bf16")
    monkeypatch.setattr(precision, "MOST_TIES", 1.0)
    predictor = fine_tuned(encoder, (DANGER,))
    with monkeypatch.context() as patch:
        patch.setattr(precision, "unequal", lambda *given: 1)
        assert Judge(predictor, Path("."), "auto").number == "float32"
        assert Judge(predictor, Path("."), "bf16").number == "bf16"
    plain = quick.judging
    monkeypatch.setattr(quick, "judging", lambda p, number, b: None if number == "float32" else plain(p, number, b))
    judge = Judge(predictor, Path("."), "bf16")
    assert judge.number == "float32"
    assert judge._quick == judge._plainly


def test_auto_keeps_float32_where_too_many_ties_would_come(encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "fastest", lambda width: "bf16")
    predictor = fine_tuned(encoder, (DANGER,))
    monkeypatch.setattr(precision, "MOST_TIES", 1.0)
    assert Judge(predictor, Path("."), "auto").number == "bf16"
    monkeypatch.setattr(precision, "MOST_TIES", -1.0)
    assert Judge(predictor, Path("."), "auto").number == "float32"
    assert Judge(predictor, Path("."), "bf16").number == "bf16"  # who asks for it gets it


def test_clips_are_decoded_by_the_judge_and_bad_ones_are_named(tmp_path: Path) -> None:
    predictor = fake_run("v", lambda samples: (1 / samples, 1 - 1 / samples), modality="voice")
    for name, wave in zip(("a", "b"), tiny_speech.waves([1.5, 0.9]), strict=True):
        (tmp_path / f"{name}.wav").write_bytes(to_wav(wave, 16_000))
    (tmp_path / "odd.wav").write_bytes(b"RIFF but no sound")
    clips = [
        Clip("b.wav"), Clip("a.wav", 100, 800), Clip("a.wav", 0, 100), Clip("odd.wav"), Clip("gone.wav"),
        Clip("../a.wav"), Clip("", text="불이야"), Clip("a.wav", 0, None),
    ]  # fmt: skip
    made = Judge(predictor, tmp_path)(Block(np.arange(8), clips))
    np.testing.assert_allclose(table(made, "danger")[[0, 1, 7], 0], [1 / 14400, 1 / 11200, 1 / 16000], rtol=1e-5)
    said = [reason and str(message_from_json(json.loads(reason))) for reason in made.column("skipped").to_pylist()]
    assert said[0] is said[1] is said[7] is None
    assert said[2] == "a.wav: no 500 ms of sound in 0-100 ms"
    assert "is missing from the workspace" in said[4]
    assert "lies outside the workspace" in said[5]
    assert said[3]
    assert said[6] == "no audio that can be judged by voice"


def test_text_and_voice_need_only_one_part_unless_the_run_needs_both(encoder: str, tmp_path: Path) -> None:
    named = f"{encoder}+{tiny_speech.wav2vec2(tmp_path / 'speech')}"
    (tmp_path / "a.wav").write_bytes(to_wav(tiny_speech.waves([0.8])[0], 16_000))
    clips = [Clip("a.wav", text="불이 났어요"), Clip("gone.wav", text="네"), Clip("a.wav"), Clip("gone.wav"), Clip("")]
    for fusion, judged in (("gated", [0, 1, 2]), ("seed", [0])):
        config = {"fusion": fusion, "heads": 2, "modality_dropout": 0.0, "max_length": 32}
        frames = {"frames": np.zeros((1, 1, tiny_speech.WIDTH), np.float32)}
        torch.manual_seed(0)
        model = CrossModal.create((DANGER,), named, config, frames).eval()
        predictor = run(model, "cross-modal", named, (DANGER,), "both", **config)
        made = Judge(predictor, tmp_path)(Block(np.arange(5), clips))
        skipped = made.column("skipped").to_pylist()
        assert [row for row, reason in enumerate(skipped) if reason is None] == judged
        wave = tiny_speech.waves([0.8])[0]
        samples = [Sample("불이 났어요", wave), Sample("네"), Sample(wave=wave)]
        expected = predictor.predict([samples[row] for row in judged])["danger"]
        np.testing.assert_allclose(table(made, "danger")[judged], expected, atol=1e-3)  # 16 bits in the file
        if fusion == "seed":
            assert str(message_from_json(json.loads(skipped[1]))) == "gone.wav: is missing from the workspace"
            assert str(message_from_json(json.loads(skipped[2]))) == "this run needs text and voice of every item"
        assert made.column("again").to_pylist() == [False, True, False, True, False], "a later job tries these again"


def test_a_maker_is_small_and_travels() -> None:
    maker = JudgeMaker("runs/r1", "bf16", folder="home", tolerance=(("danger", 0.5),))
    assert len(cloudpickle.dumps(maker)) < 1000
    assert cloudpickle.loads(cloudpickle.dumps(maker)) == maker
