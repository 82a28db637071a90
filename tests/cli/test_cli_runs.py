"""core.cli.learning.runs: choosing a run, handing it over, listing recipes."""

from dataclasses import fields
from pathlib import Path

import pytest
from cli_driver import answer, failure, run
from workflow_data import trained

from core.models.pretrained.local_weights import local_folder
from core.training.recipes import RECIPES, config_type
from core.workflows.models.recipes import MEANINGS
from core.workflows.workspace import Workspace

TEXT = "할머니가 쓰러졌어요"


def test_a_run_is_chosen_and_listed(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GWIDAMA_CURATOR", "ann")
    model = trained(ws, tmp_path)
    (listed,) = answer("runs", "list")["runs"]
    assert (listed["in_use"], listed["chosen_by"], listed["chosen_at"]) == (True, None, None)
    assert "newest, nobody has chosen" in run("runs", "list").stdout
    assert f"python -m core runs use {model}" in run("predict", "--text", TEXT).stdout
    chosen = answer("runs", "use", model)
    assert {k: v for k, v in chosen.items() if k != "chosen_at"} == {
        "run": model, "scheme": "danger", "modality": "text", "chosen_by": "ann",
    }  # fmt: skip
    (listed,) = answer("runs", "list")["runs"]
    assert (listed["in_use"], listed["chosen_by"], listed["chosen_at"]) == (True, "ann", chosen["chosen_at"])
    assert "in use, ann" in run("runs", "list").stdout
    assert "nobody has chosen" not in run("predict", "--text", TEXT).stdout
    judged = answer("predict", "--text", TEXT)["inputs"][0]["utterances"][0]["judgements"]["danger"]
    assert (judged["run"], judged["chosen"]) == (model, True)
    assert failure("runs", "use", "nope") == f"no run 'nope'; there are: {model}"


def test_a_run_goes_out_and_comes_in(ws: Workspace, tmp_path: Path) -> None:
    model, path = trained(ws, tmp_path), tmp_path / "run.zip"
    written = answer("export-run", model, path)
    assert (written["run"], written["bytes"]) == (model, path.stat().st_size)
    came = answer("import-run", path)
    assert came == {
        "run": model, "scheme": "danger", "modality": "text", "snapshot": "s1", "state": "known",
        "scheme_state": "known",
    }  # fmt: skip
    assert failure("import-run", tmp_path / "gone.zip") == f"{tmp_path / 'gone.zip'}: no such file or folder"
    assert failure("export-run", model, tmp_path / "nowhere" / "x.zip").endswith("No such file or directory")
    assert run("export-run", model).exit_code == 2


def test_recipes_are_listed_with_the_meaning_of_every_setting(ws: Workspace) -> None:
    document = answer("recipes")
    listed = {recipe["recipe"]: recipe for recipe in document["recipes"]}
    assert (set(listed), document["errors"]) == (set(RECIPES), [])
    assert "sentiment" in listed["emotion-voice"]["schemes"]
    assert (listed["text"]["schemes"], listed["text"]["inputs"]) == ([], ["text"])
    assert (listed["both"]["inputs"], listed["both"]["any_encoder"]) == (["text", "voice"], "cross-modal")
    for recipe in RECIPES.values():
        for encoder in listed[recipe.name]["encoders"]:
            assert encoder["installed"]
            names = [field.name for field in fields(config_type(encoder["architecture"]))]
            assert [setting["name"] for setting in encoder["settings"]] == names
            assert [name for name in names if not MEANINGS.get(name)] == []
    c = next(s for s in listed["text"]["encoders"][0]["settings"] if s["name"] == "c")
    assert (c["type"], c["default"]) == ("float", 5.0)


def test_recipes_tell_presets_and_what_is_on_this_machine(ws: Workspace) -> None:
    danger = next(r for r in answer("recipes")["recipes"] if r["recipe"] == "danger-text")
    assert (danger["source"], danger["targets"], danger["unit"]) == ("hearing-danger", ["danger"], "utterance")
    seed = next(preset for preset in danger["presets"] if preset["preset"] == "seed")
    assert seed["settings"]["text-encoder"]["dropout"] == 0.7
    bert = next(e for e in danger["encoders"] if e["encoder"] == "skt/kobert-base-v1")
    assert bert["available"] == (local_folder("skt/kobert-base-v1") is not None)
    printed = run("recipes").stdout
    assert ("ngram *" in printed) == (danger["usual_encoder"] == "ngram")
    for word in (MEANINGS["c"], "(weights not here)", "dropout=0.7", "OWNER/NAME or FOLDER"):
        assert word in printed


def test_a_recipe_file_that_cannot_be_used_is_named(ws: Workspace) -> None:
    (ws.settings.home / "recipes").mkdir()
    (ws.settings.home / "recipes" / "mine.toml").write_text("name = 3")
    document = answer("recipes")
    assert document["errors"] == ["recipes/mine.toml, name: must be a text"]
    assert len(document["recipes"]) == len(RECIPES)
    assert "recipes/mine.toml, name: must be a text" in run("recipes").stdout
