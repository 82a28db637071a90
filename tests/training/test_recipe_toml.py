"""core.training.recipes.toml_files: a recipe of the workspace, and errors that name file, key and reason."""

from pathlib import Path

import pytest

from core.errors import BadRecord, InputError, UnknownName
from core.training.recipes import RECIPES, broken_recipes, config_for, recipe, recipes
from core.training.recipes.toml_files import read_recipe

GOOD = """
name = "our-mood"
inputs = "text"
schemes = ["emotion-diary"]
targets = ["emotion-diary"]
default_encoder = "ngram"
any_encoder = "text-encoder"

[encoders.ngram]
architecture = "ngram"

[presets.small.ngram]
max_n = 2
c = 1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path))
    (tmp_path / "recipes").mkdir()
    return tmp_path / "recipes"


def test_a_recipe_of_the_workspace_is_trained_like_any_other(folder: Path) -> None:
    (folder / "mood.toml").write_text(GOOD, encoding="utf-8")
    chosen = recipe("our-mood")
    assert (chosen.name, chosen.schemes, chosen.unit, chosen.source) == (
        "our-mood",
        ("emotion-diary",),
        "utterance",
        "",
    )
    config = config_for(chosen, "ngram", {}, "small")
    assert (config.max_n, config.c, type(config.c)) == (2, 1.0, float)
    assert list(recipes()) == [*RECIPES, "our-mood"]
    (folder / "mood.toml").write_text(GOOD.replace("max_n = 2", "max_n = 3"), encoding="utf-8")
    assert config_for(recipe("our-mood"), "ngram", {}, "small").max_n == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "our-mood"', "name = 3", "mood.toml, name: must be a text"),
        ('name = "our-mood"', 'name = "a b"', "mood.toml, name: 'a b' is no name: letters, digits, _ and -"),
        ('name = "our-mood"', "", "mood.toml, name: is missing"),
        ('inputs = "text"', 'inputs = "smell"', "mood.toml, inputs: 'smell' is unknown; known: text, voice, both"),
        ("inputs", "input", "mood.toml, input: is no key of a recipe; known: name, source, inputs"),
        ('default_encoder = "ngram"', 'default_encoder = "x"', "default_encoder: 'x' is unknown; known: ngram"),
        (
            'architecture = "ngram"',
            'architecture = "tree"',
            "encoders.ngram, architecture: 'tree' is unknown; known: ng",
        ),
        ('targets = ["emotion-diary"]', 'targets = ["danger"]', "targets: 'danger' is unknown; known: emotion-diary"),
        ("[presets.small.ngram]", "[presets.small.tree]", "presets.small: 'tree' is unknown; known: ngram, heads"),
        ("max_n = 2", "max_n = [2]", "presets.small.ngram.max_n: is not a number, a word or true/false"),
        ('schemes = ["emotion-diary"]', "schemes = [1]", "mood.toml, schemes: must be a list of texts"),
        ("inputs", "= inputs", "mood.toml: is not TOML: "),
    ],
)
def test_an_error_names_file_key_and_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "mood.toml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadRecord) as raised:
        read_recipe(tmp_path / "mood.toml", "mood.toml")
    assert message in str(raised.value)


def test_a_broken_file_hides_no_other_recipe(folder: Path) -> None:
    (folder / "mood.toml").write_text(GOOD, encoding="utf-8")
    (folder / "twice.toml").write_text(GOOD, encoding="utf-8")
    (folder / "wrong.toml").write_text("name = 3", encoding="utf-8")
    assert recipe("our-mood").name == "our-mood"
    assert recipe("danger-text").name == "danger-text"
    assert [str(error) for error in broken_recipes()] == [
        "recipes/twice.toml: the name our-mood is taken by another recipe",
        "recipes/wrong.toml, name: must be a text",
    ]
    with pytest.raises(BadRecord, match="twice"):
        recipe("wrong")
    (folder / "twice.toml").unlink()
    (folder / "wrong.toml").unlink()
    with pytest.raises(UnknownName, match="voice, both, our-mood"):
        recipe("wrong")


def test_a_setting_that_the_architecture_lacks(folder: Path) -> None:
    (folder / "mood.toml").write_text(GOOD.replace("max_n", "depth"), encoding="utf-8")
    with pytest.raises(UnknownName, match="unknown setting of preset small of our-mood 'depth'; known: min_n, max_n"):
        config_for(recipe("our-mood"), "ngram", {}, "small")


def test_a_preset_for_encoders_that_are_not_listed(folder: Path) -> None:
    (folder / "mood.toml").write_text(
        GOOD.replace("[presets.small.ngram]\nmax_n = 2\nc = 1", "[presets.big.text-encoder]")
    )
    assert recipe("our-mood").usual_encoder("big") == "ngram"
    with pytest.raises(InputError, match="has no settings for this encoder; it is for: text-encoder"):
        config_for(recipe("our-mood"), "ngram", {}, "big")
