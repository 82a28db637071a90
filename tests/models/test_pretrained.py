"""encoders and hub: encoders are found, checked, loaded, or refused with one clear line."""

import shutil
import socket
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError
from safetensors.torch import load_file, save_file
from tiny_encoders import save_encoder
from tokenizers import AddedToken
from transformers import AutoTokenizer

from core.errors import CheckpointMismatch, InputError, MissingBackend
from core.models.pretrained import hub
from core.models.pretrained.encoders import find, load_model, load_tokenizer

pytestmark = pytest.mark.integration


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return save_encoder(tmp_path / "encoder")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache is an empty folder."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_local_folder(encoder: Path) -> None:
    (encoder / "README.md").write_text('---\nlanguage: ko\nlicense: "cc-by-sa-4.0"\n---\n# A model\n', "utf-8")
    found = find(str(encoder))
    assert (found.folder, found.name, found.licence) == (encoder, "encoder", "cc-by-sa-4.0")
    assert found.to_card() == {"name": "encoder", "licence": "cc-by-sa-4.0"}
    assert load_model(found).dtype == torch.float32
    assert len(load_tokenizer(found)) == found.config.vocab_size


@pytest.mark.parametrize("readme", [None, "license: mit", "---\nlanguage: ko\n---\nlicense: mit\n"])
def test_a_licence_that_nobody_states_is_empty(encoder: Path, readme: str | None) -> None:
    if readme is not None:
        (encoder / "README.md").write_text(readme, "utf-8")
    assert find(str(encoder)).licence == ""


def test_half_precision_weights_are_trained_in_single(encoder: Path) -> None:
    tensors = {name: tensor.half() for name, tensor in load_file(encoder / "model.safetensors").items()}
    save_file(tensors, encoder / "model.safetensors", metadata={"format": "pt"})
    assert load_model(find(str(encoder))).dtype == torch.float32


def test_pickled_weights_alone_are_refused(encoder: Path) -> None:
    (encoder / "model.safetensors").rename(encoder / "pytorch_model.bin")
    with pytest.raises(
        InputError, match=r"only pickled weights \(pytorch_model.bin\).*save the model once as"
    ) as error:
        find(str(encoder))
    assert str(encoder) in str(error.value)


def test_no_weights_no_config_no_folder(encoder: Path, tmp_path: Path) -> None:
    (encoder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"holds no weights: model.safetensors is missing"):
        find(str(encoder))
    (encoder / "config.json").unlink()
    with pytest.raises(InputError, match=r"holds no config\.json"):
        find(str(encoder))
    with pytest.raises(InputError, match="there is no such folder, and it is no hub id"):
        find(str(tmp_path / "absent"))


def test_a_missing_shard_is_named(encoder: Path) -> None:
    (encoder / "model.safetensors").rename(encoder / "model-00001-of-00002.safetensors")
    index = '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
    (encoder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(InputError, match=r"lacks model-00002-of-00002\.safetensors"):
        find(str(encoder))


@pytest.mark.parametrize("config", ["not json", '{"model_type": "no-such-model"}', "{}"])
def test_a_config_that_cannot_be_used(encoder: Path, config: str) -> None:
    (encoder / "config.json").write_text(config)
    with pytest.raises(InputError, match=r"its config.json cannot be used: ."):
        find(str(encoder))


def test_foreign_code_is_never_run(encoder: Path) -> None:
    (encoder / "config.json").write_text(
        '{"model_type": "evil", "auto_map": {"AutoConfig": "evil.EvilConfig", "AutoModel": "evil.EvilModel"}}'
    )
    (encoder / "evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(InputError, match="cannot be used"):
        find(str(encoder))


def test_weights_that_do_not_belong_to_the_config(encoder: Path) -> None:
    tensors = load_file(encoder / "model.safetensors")
    first = next(name for name in sorted(tensors) if "encoder.layer.1" in name)
    del tensors[first]
    save_file(tensors, encoder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointMismatch, match=f"1 tensors are missing from its weights .the first is {first}"):
        load_model(find(str(encoder)))
    (encoder / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(CheckpointMismatch, match="its weights cannot be loaded"):
        load_model(find(str(encoder)))


def test_a_missing_pooler_is_no_mismatch(encoder: Path) -> None:
    tensors = {n: t for n, t in load_file(encoder / "model.safetensors").items() if "pooler" not in n}
    save_file(tensors, encoder / "model.safetensors", metadata={"format": "pt"})
    assert load_model(find(str(encoder))).pooler is not None


def test_weights_of_another_size(encoder: Path, tmp_path: Path) -> None:
    wide = save_encoder(tmp_path / "wide", hidden_size=64)
    shutil.copy(wide / "model.safetensors", encoder / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match="its weights cannot be loaded"):
        load_model(find(str(encoder)))


def test_a_tokenizer_with_more_tokens_than_embeddings(encoder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    tokenizer.add_tokens([AddedToken(f"extra{n}") for n in range(3)])
    tokenizer.save_pretrained(encoder)
    rows = find(str(encoder)).config.vocab_size
    with pytest.raises(CheckpointMismatch, match=f"has {rows + 3} tokens and its embeddings have {rows}: they do not"):
        load_tokenizer(find(str(encoder)))


def test_no_tokenizer_and_a_damaged_one(encoder: Path) -> None:
    (encoder / "tokenizer.json").write_text("{")
    with pytest.raises(CheckpointMismatch, match="its tokenizer cannot be read"):
        load_tokenizer(find(str(encoder)))
    (encoder / "tokenizer.json").unlink()
    with pytest.raises(CheckpointMismatch, match=r"holds no tokenizer \(tokenizer.json, vocab.txt"):
        load_tokenizer(find(str(encoder)))


# --- the hub --------------------------------------------------------------------------------------------------------


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "https://127.0.0.1")
    monkeypatch.setattr(hub, "getproxies", dict)


@pytest.mark.usefixtures("nobody_answers")
def test_without_a_network_one_line_says_what_was_tried(empty_cache: Path) -> None:
    began = time.monotonic()
    with pytest.raises(MissingBackend) as error:
        find("klue/roberta-base")
    assert time.monotonic() - began < 10
    assert str(error.value) == (
        f"encoder klue/roberta-base cannot be had: no folder of that name, not in the hub's cache {empty_cache}, and "
        "the hub 127.0.0.1 cannot be reached from here: copy the model's folder to this machine and give its path as "
        "the encoder"
    )


def test_a_hub_that_is_switched_off_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingBackend, match="the hub is switched off by HF_HUB_OFFLINE"):
        find("klue/roberta-base")


@pytest.mark.usefixtures("nobody_answers")
def test_the_cache_of_the_hub_is_enough(encoder: Path, empty_cache: Path) -> None:
    commit = "0" * 40
    repo = empty_cache / "models--klue--roberta-base"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(commit)
    (repo / "snapshots").mkdir()
    shutil.copytree(encoder, repo / "snapshots" / commit)
    found = find("klue/roberta-base")
    assert (found.name, found.folder) == ("klue/roberta-base", repo / "snapshots" / commit)
    with pytest.raises(MissingBackend, match="klue/roberta-base@refs/pr/1 cannot be had"):
        find("klue/roberta-base@refs/pr/1")
    (repo / "snapshots" / commit / "model.safetensors").unlink()
    with pytest.raises(MissingBackend, match="cannot be had"):
        find("klue/roberta-base")


@pytest.fixture
def somebody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "reachable", lambda host: True)


_NOT_FOUND = httpx.Response(404, request=httpx.Request("GET", "https://hub"))


@pytest.mark.usefixtures("somebody_answers")
@pytest.mark.parametrize(
    ("error", "why"),
    [
        (
            RepositoryNotFoundError("404 Client Error.\nmore", response=_NOT_FOUND),
            "the hub refuses it: 404 Client Error",
        ),
        (LocalEntryNotFoundError("broken off"), "the hub did not send it"),
    ],
)
def test_a_hub_that_refuses_or_breaks_off_is_named(error: Exception, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, **how: Any) -> str:
        raise LocalEntryNotFoundError("nothing") if how.get("local_files_only") else error

    monkeypatch.setattr(hub, "snapshot_download", refuse)
    with pytest.raises(MissingBackend, match=f"encoder no/such cannot be had: .*, and {why}"):
        find("no/such")


@pytest.mark.usefixtures("somebody_answers")
def test_a_hub_without_safetensors_says_so_and_fetches_no_pickle(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (encoder / "model.safetensors").unlink()
    wanted: list[Any] = []

    def fetch(name: str, **how: Any) -> str:
        wanted.append((name, how.get("revision"), how.get("allow_patterns")))
        return str(encoder)

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    with pytest.raises(InputError, match="encoder skt/kobert@refs/pr/1: the hub holds no safetensors of it"):
        find("skt/kobert@refs/pr/1")
    assert {(name, revision) for name, revision, _ in wanted} == {("skt/kobert", "refs/pr/1")}
    patterns = [pattern for _, _, more in wanted for pattern in more or ()]
    assert patterns
    assert not [pattern for pattern in patterns if fnmatch("pytorch_model.bin", pattern)]


def test_a_port_is_tried_within_its_limit() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert hub.reachable("127.0.0.1", port)
    assert not hub.reachable("127.0.0.1", port)
    assert not hub.reachable("no-such-host.invalid")
