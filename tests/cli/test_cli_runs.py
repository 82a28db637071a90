"""core.cli.runs: choosing a run, handing it over, listing recipes."""

from dataclasses import fields
from pathlib import Path

import pytest
from cli_driver import answer, failure, run
from workflow_data import trained

from core.training.recipes import RECIPES, trainer_type
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


def test_recipes_are_listed_with_the_meaning_of_every_setting() -> None:
    listed = {recipe["recipe"]: recipe for recipe in answer("recipes")["recipes"]}
    assert set(listed) == set(RECIPES)
    assert listed["emotion-voice"]["schemes"] == ["sentiment"]
    assert (listed["text"]["schemes"], listed["text"]["inputs"]) == ([], ["text"])
    for recipe in RECIPES.values():
        for encoder in listed[recipe.name]["encoders"]:
            assert encoder["installed"]
            names = [field.name for field in fields(trainer_type(recipe, encoder["encoder"]).Config)]
            assert [setting["name"] for setting in encoder["settings"]] == names
            assert [name for name in names if not MEANINGS.get(name)] == []
    c = next(s for s in listed["text"]["encoders"][0]["settings"] if s["name"] == "c")
    assert (c["type"], c["default"]) == ("float", 5.0)
    printed = run("recipes").stdout
    assert "ngram *" in printed
    assert MEANINGS["c"] in printed
