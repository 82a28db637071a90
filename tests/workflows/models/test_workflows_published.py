"""core.workflows.handover.published: labels reconciled by a person, rows of the head in the scheme's order."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_driver import answer, failure, run
from tiny_bert import tiny_bert
from workflow_data import import_sentences

from core.errors import InputError
from core.models.pretrained.published import read_published, reconciled, write_model
from core.schemes import DANGER, scheme
from core.schemes.target import Target
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def classifier(folder: Path, *labels: str) -> Path:
    """A tiny BERT that classifies texts, with these labels in the order of its head."""
    tiny_bert(folder, classes=len(labels))
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": dict(enumerate(labels)), "label2id": {label: n for n, label in enumerate(labels)}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_labels_that_are_codes_or_titles_need_no_pair(tmp_path: Path) -> None:
    published = read_published(classifier(tmp_path / "a", "Danger", "정상"))
    assert (published.architecture, published.labels, published.multi) == ("text-encoder", ("Danger", "정상"), False)
    assert reconciled(published, DANGER, {}) == [1, 0]
    assert reconciled(published, DANGER, {"Danger": "normal", "정상": "danger"}) == [0, 1]


@pytest.mark.parametrize(
    ("labels", "given", "odd"),
    [
        (("LABEL_0", "LABEL_1"), {}, "LABEL_0, LABEL_1, normal, danger"),
        (("LABEL_0", "danger"), {}, "LABEL_0, normal"),
        (("a", "b", "danger"), {"a": "normal"}, "b"),
        (("a", "b"), {"a": "danger", "b": "danger"}, "a, b, normal"),
        (("a", "b"), {"a": "normal", "c": "danger"}, "c"),
        (("a", "b"), {"a": "normal", "b": "fire"}, "fire"),
    ],
)
def test_what_is_ambiguous_names_both_lists(
    tmp_path: Path, labels: tuple[str, ...], given: dict[str, str], odd: str
) -> None:
    published = read_published(classifier(tmp_path / "a", *labels))
    with pytest.raises(InputError) as raised:
        reconciled(published, DANGER, given)
    assert str(raised.value) == (
        f"which label is which class is not clear ({odd}): the model has {', '.join(labels)}; scheme danger has "
        "normal, danger: say it for each label with --label THEIRS=OURS"
    )


def test_rows_of_the_head_are_in_the_schemes_order(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = classifier(tmp_path / "a", "danger", "normal")
    published = read_published(folder)
    (tmp_path / "out").mkdir()
    write_model(published, Target.of(DANGER), reconciled(published, DANGER, {}), tmp_path / "out")
    tokens = AutoTokenizer.from_pretrained(tmp_path / "out")("불이 났어요", return_tensors="pt")
    models = [AutoModelForSequenceClassification.from_pretrained(path).eval() for path in (folder, tmp_path / "out")]
    with torch.inference_mode():
        theirs, ours = (model(**tokens).logits[0].numpy() for model in models)
    np.testing.assert_array_equal(ours, theirs[[1, 0]])
    assert models[1].config.id2label == {0: "normal", 1: "danger"}


def test_what_is_no_classifier_in_safetensors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is of BertModel, which is no classifier"):
        read_published(tiny_bert(tmp_path / "bare"))
    folder = classifier(tmp_path / "a", "danger", "normal")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="holds no safetensors; pickled weights are not read"):
        read_published(folder)
    (folder / "config.json").write_text("{}")
    with pytest.raises(InputError, match="is of nothing, which is no classifier"):
        read_published(folder)
    with pytest.raises(InputError, match="no model of transformers"):
        read_published(tmp_path)


def test_a_published_classifier_becomes_a_run(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path)
    snapshot.create(ws, "s1", "danger")
    folder = classifier(tmp_path / "theirs", "LABEL_0", "LABEL_1")
    refused = failure("import-run", folder, "--scheme", "danger", "--snapshot", "s1")
    assert "the model has LABEL_0, LABEL_1; scheme danger has normal, danger" in refused
    assert ws.store.ledger.runs() == []
    came = answer(
        "import-run", folder, "--scheme", "danger", "--snapshot", "s1", "--label", "LABEL_1=normal", "--label",
        "LABEL_0=danger", "--set", "max_len=32",
    )  # fmt: skip
    info = ws.store.ledger.run(came["run"])
    assert (came["state"], came["modality"], info.state, info.metrics["epochs"]) == ("added", "text", "done", 1)
    assert info.metrics["test"]["n"] > 0
    judged = answer("predict", "--text", "불이 났어요", "--run", info.id)["inputs"][0]["utterances"][0]["judgements"]
    assert set(judged["danger"]["probabilities"]) == {"normal", "danger"}


def test_the_shell_asks_for_scheme_and_snapshot(ws: Workspace, tmp_path: Path) -> None:
    folder = classifier(tmp_path / "theirs", "normal", "danger")
    assert run("import-run", str(folder), "--scheme", "danger").exit_code == 2
    assert run("import-run", str(folder), "--label", "x").exit_code == 2
    assert failure("import-run", folder).endswith("to import its folder, name --scheme and --snapshot")
    assert scheme("danger").codes == ("normal", "danger")
