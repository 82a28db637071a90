"""core.models.text.encoder: any encoder, one Target or several, windows, and the folder that transformers loads too."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_encoders import CODES, KINDS, save_encoder, sentences
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoTokenizer, pipeline

from core.errors import CheckpointMismatch, InputError
from core.models.pretrained.encoders import quiet
from core.models.text.encoder import HEADS, TextEncoder, TextEncoderConfig
from core.schemes.target import Target

pytestmark = pytest.mark.integration

DANGER = Target("danger", CODES)
MOOD = Target("mood", ("joy", "fear", "calm"), "multi")
TEXTS = sentences(12)[0] + ["", "불", "모르는 글자 鬼 " * 3]


def made(folder: Path, *targets: Target, kind: str = "bert", **settings: Any) -> TextEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        encoder = folder if folder.is_dir() else save_encoder(folder, kind)
        return TextEncoder.create(targets, str(encoder), {"max_len": 32, **settings}, TEXTS).eval()


def plain_length(network: TextEncoder, text: str) -> int:
    return len(network.tokenizer(text)["input_ids"])


LAYOUTS = pytest.mark.parametrize(
    ("targets", "pooling"), [((DANGER,), "cls"), ((MOOD,), "cls"), ((DANGER,), "mean"), ((DANGER, MOOD), "cls")]
)


@pytest.mark.parametrize("kind", KINDS)
@LAYOUTS
def test_saved_and_loaded_it_says_the_same(
    tmp_path: Path, kind: str, targets: tuple[Target, ...], pooling: str
) -> None:
    network = made(tmp_path / "encoder", *targets, kind=kind, pooling=pooling)
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    again = TextEncoder.load(tmp_path / "run", targets, asdict(network.config) | {"epochs": 3})
    assert (tmp_path / "run" / HEADS).is_file() == (pooling == "mean" or len(targets) > 1)
    assert not [path for path in (tmp_path / "run").iterdir() if path.suffix not in (".json", ".safetensors")]
    for name, logits in network.logits(TEXTS).items():
        assert logits.dtype == np.float64
        assert (again.logits(TEXTS)[name] == logits).all()
    assert {n: v.shape for n, v in again.logits(TEXTS).items()} == {t.name: (len(TEXTS), len(t.codes)) for t in targets}


@LAYOUTS
def test_a_batch_of_one_equals_a_batch_of_many(tmp_path: Path, targets: tuple[Target, ...], pooling: str) -> None:
    network = made(tmp_path / "encoder", *targets, pooling=pooling)
    many = network.logits(TEXTS)
    for row, text in enumerate(TEXTS):
        for name, logits in network.logits([text]).items():
            np.testing.assert_allclose(logits[0], many[name][row], atol=1e-5)
    assert network.logits([])[targets[0].name].shape == (0, len(targets[0].codes))


@pytest.mark.parametrize("kind", KINDS)
@LAYOUTS
def test_every_parameter_gets_a_gradient(tmp_path: Path, kind: str, targets: tuple[Target, ...], pooling: str) -> None:
    network = made(tmp_path / "encoder", *targets, kind=kind, pooling=pooling, dropout=0.0)
    torch.stack([logits.square().sum() for logits in network(**network.collate(TEXTS)).values()]).sum().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert without == []


def test_frozen_embeddings_get_none(tmp_path: Path) -> None:
    network = made(tmp_path / "encoder", DANGER, freeze_embeddings=True)
    frozen = [name for name, weight in network.named_parameters() if not weight.requires_grad]
    assert frozen == ["model.bert.embeddings.word_embeddings.weight"]


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_an_encoder_in_half_precision_is_trained_in_single(tmp_path: Path, pooling: str) -> None:
    folder = save_encoder(tmp_path / "encoder")
    with quiet():
        AutoModel.from_pretrained(folder, dtype=torch.float16).save_pretrained(folder)
    assert AutoConfig.from_pretrained(folder).dtype == torch.float16
    network = made(folder, DANGER, pooling=pooling)
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    again = TextEncoder.load(tmp_path / "run", [DANGER], asdict(network.config))
    assert {weight.dtype for weight in again.parameters()} == {torch.float32}
    assert (again.logits(TEXTS)["danger"] == network.logits(TEXTS)["danger"]).all()


def test_the_pretrained_weights_are_there_and_the_head_is_new(tmp_path: Path) -> None:
    network = made(tmp_path / "encoder", DANGER)
    with quiet():
        encoder = AutoModel.from_pretrained(tmp_path / "encoder")
    own = network.model.base_model.state_dict()
    assert all((own[name] == tensor).all() for name, tensor in encoder.state_dict().items())
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    student = TextEncoder.create([DANGER], str(tmp_path / "run"), {"max_len": 32}, TEXTS)
    assert (student.model.base_model.state_dict()["pooler.dense.weight"] == own["pooler.dense.weight"]).all()
    assert not (student.model.classifier.weight == network.model.classifier.weight).any(), "classes may differ"


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_pipeline_says_what_we_say(tmp_path: Path, kind: str) -> None:
    network = made(tmp_path / "encoder", DANGER, kind=kind, prefix="글: ")
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    with quiet():
        foreign = pipeline("text-classification", model=str(tmp_path / "run"), top_k=None, device="cpu")
    ours = DANGER.probabilities(network.logits(TEXTS)["danger"])
    for text, row in zip(TEXTS, ours, strict=True):
        said = {entry["label"]: entry["score"] for entry in foreign([text])[0]}
        np.testing.assert_allclose([said[code] for code in DANGER.codes], row, atol=1e-5)


def test_the_pipeline_of_several_classes_an_item(tmp_path: Path) -> None:
    network = made(tmp_path / "encoder", MOOD)
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    with quiet():
        foreign = pipeline("text-classification", model=str(tmp_path / "run"), top_k=None, device="cpu")
    said = {entry["label"]: entry["score"] for entry in foreign(TEXTS[:1])[0]}
    row = MOOD.probabilities(network.logits(TEXTS[:1])["mood"])[0]
    np.testing.assert_allclose([said[code] for code in MOOD.codes], row, atol=1e-5)


def test_a_bare_encoder_loads_elsewhere(tmp_path: Path) -> None:
    network = made(tmp_path / "encoder", DANGER, MOOD)
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    with quiet():
        encoder = AutoModel.from_pretrained(tmp_path / "run", add_pooling_layer=False)
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / "run")
    assert (encoder.embeddings.word_embeddings.weight == network.model.embeddings.word_embeddings.weight).all()
    assert tokenizer.model_max_length == 32


def test_a_prefix_is_that_text_before_each_text(tmp_path: Path) -> None:
    plain = made(tmp_path / "encoder", DANGER)
    with_prefix = made(tmp_path / "encoder", DANGER, prefix="부엌 ")
    assert (
        with_prefix.collate(TEXTS[:3])["input_ids"].tolist()
        == plain.collate([f"부엌 {text}" for text in TEXTS[:3]])["input_ids"].tolist()
    )


def test_long_texts_are_read_in_windows_and_the_mean_counts(tmp_path: Path) -> None:
    settings = {"max_len": 16, "stride": 6}
    network = made(tmp_path / "encoder", DANGER, MOOD, **settings)
    long = " ".join(sentences(9)[0])
    batch = network.collate([long, "불", long])
    windows = batch["window"].tolist()
    assert sorted(set(windows)) == [0, 1, 2]
    assert windows.count(0) > 3
    assert windows.count(1) == 1
    assert batch["input_ids"].shape[1] == 16
    one = made(tmp_path / "encoder", DANGER, MOOD, max_len=16)
    one.load_state_dict(network.state_dict())
    own = batch["window"] == 0
    with torch.inference_mode():
        each = one(batch["input_ids"][own], batch["attention_mask"][own])["danger"].mean(dim=0)
    np.testing.assert_allclose(network.logits([long])["danger"][0], each, atol=1e-5)
    np.testing.assert_allclose(network.logits(["불", long])["danger"][1], each, atol=1e-5)
    assert network.lengths([long])[0] == 45 == plain_length(network, long)
    assert network.lengths(["불"])[0] < 6
    few = made(tmp_path / "encoder", DANGER, max_windows=2, **settings)
    assert few.collate([long, "불"])["window"].tolist() == [0, 0, 1]


def test_very_many_windows_are_judged_in_parts(tmp_path: Path) -> None:
    network = made(tmp_path / "encoder", DANGER, max_len=8, stride=2, max_windows=100)
    batch = network.collate([" ".join(sentences(80)[0])])
    assert len(batch["input_ids"]) > 64
    with torch.inference_mode():
        parts = network(**batch)["danger"]
        whole = network(batch["input_ids"], batch["attention_mask"])["danger"].mean(dim=0, keepdim=True)
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_other_classes_than_those_of_the_run_are_refused(tmp_path: Path) -> None:
    for name, targets in (("one", (DANGER,)), ("two", (DANGER, MOOD))):
        network = made(tmp_path / "encoder", *targets)
        (tmp_path / name).mkdir()
        network.save(tmp_path / name)
    turned = Target("danger", CODES[::-1])
    with pytest.raises(ValueError, match=r"answers danger\|normal, not danger \(normal\|danger\)"):
        TextEncoder.load(tmp_path / "one", [turned], {})
    with pytest.raises(ValueError, match="answers"):
        TextEncoder.load(tmp_path / "one", [DANGER, MOOD], {})
    with pytest.raises(ValueError, match="size mismatch"):
        TextEncoder.load(tmp_path / "two", [DANGER, Target("mood", ("joy",))], {})
    with pytest.raises(ValueError, match="Missing key"):
        TextEncoder.load(tmp_path / "two", [DANGER, MOOD, MOOD], {})


def test_a_run_whose_weights_lack_a_tensor_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    network = made(tmp_path / "encoder", DANGER)
    (tmp_path / "run").mkdir()
    network.save(tmp_path / "run")
    tensors = load_file(tmp_path / "run" / "model.safetensors")
    del tensors["classifier.weight"]
    save_file(tensors, tmp_path / "run" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointMismatch, match=r"1 tensors are missing from its weights \(the first is classifier"):
        TextEncoder.load(tmp_path / "run", [DANGER], {})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_len": 3}, "max_len must be at least 4"),
        ({"max_len": 16, "stride": 14}, "stride between 0 and max_len - 3"),
        ({"max_windows": 0}, "max_windows at least 1"),
        ({"pooling": "max"}, "pooling 'max' must be cls or mean"),
        ({"dropout": 1.0}, "dropout 1.0 must be in"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TextEncoderConfig(**settings)


@pytest.mark.parametrize(("kind", "most"), [("bert", 66), ("roberta", 64)])
def test_more_tokens_than_positions_are_refused(tmp_path: Path, kind: str, most: int) -> None:
    made(tmp_path / "encoder", DANGER, kind=kind, max_len=most)
    with pytest.raises(InputError, match=f"max_len {most + 1}: encoder encoder reads at most {most} tokens"):
        made(tmp_path / "encoder", DANGER, kind=kind, max_len=most + 1)


def test_dropout_is_that_of_the_head(tmp_path: Path) -> None:
    network = made(tmp_path / "encoder", DANGER, dropout=0.7)
    assert network.model.dropout.p == 0.7
    assert isinstance(network.model, AutoModelForSequenceClassification._model_mapping[type(network.model.config)])
