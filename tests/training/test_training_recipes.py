import subprocess
import sys

import pytest

from core.errors import InputError, UnknownName
from core.models import MODELS
from core.schemes import SCHEMES
from core.training.recipes import RECIPES, config_for, recipe, trainer_type


@pytest.mark.parametrize("chosen", RECIPES.values(), ids=lambda r: r.name)
def test_every_recipe_has_known_schemes_models_and_defaults(chosen) -> None:
    assert set(chosen.schemes) <= set(SCHEMES)
    assert chosen.default_encoder in chosen.encoders
    for encoder in chosen.encoders:
        assert encoder in MODELS
        assert config_for(chosen, encoder, {}) == trainer_type(chosen, encoder).Config()


def test_settings_are_typed() -> None:
    text = config_for(
        recipe("danger-text"), "ngram", {"max_n": "3", "c": "2.5", "balanced": "False", "analyzer": "char"}
    )
    assert (text.max_n, text.c, text.balanced, text.analyzer) == (3, 2.5, False, "char")
    voice = config_for(recipe("emotion-voice"), "conv-bilstm", {"epochs": " 7 ", "learning_rate": "1e-4"})
    assert (voice.epochs, voice.learning_rate) == (7, 1e-4)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"max_n": "drei"}, "max_n=drei: expected a whole number"),
        ({"max_n": "2.5"}, "max_n=2.5: expected a whole number"),
        ({"c": ""}, "c=: expected a number"),
        ({"c": "nan"}, "c=nan: expected a finite number"),
        ({"c": "inf"}, "c=inf: expected a finite number"),
        ({"balanced": "yes"}, "balanced=yes: expected true or false"),
        ({"c": "-1"}, "c must be above 0"),
    ],
)
def test_values_that_cannot_be_read(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        config_for(recipe("danger-text"), "ngram", overrides)


@pytest.mark.parametrize("setting", ["epochs", "batch_size", "patience"])
def test_voice_settings_are_checked(setting: str) -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        config_for(recipe("emotion-voice"), "conv-bilstm", {setting: "0"})


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="known: danger-text, urgency-text, emotion-voice, text, voice"):
        recipe("danger")
    with pytest.raises(UnknownName, match="unknown encoder of danger-text 'bert'; known: ngram"):
        config_for(recipe("danger-text"), "bert", {})
    with pytest.raises(UnknownName, match=r"unknown setting of danger-text 'depth'; known: min_n, max_n"):
        config_for(recipe("danger-text"), "ngram", {"depth": "3"})


def test_a_recipe_refuses_another_scheme() -> None:
    recipe("urgency-text").check_scheme("urgency")
    with pytest.raises(InputError, match="learns urgency, the snapshot holds danger: recipe text learns any scheme"):
        recipe("urgency-text").check_scheme("danger")


def test_two_recipes_learn_any_scheme() -> None:
    for name in ("text", "voice"):
        recipe(name).check_scheme("a scheme of the workspace")
        assert recipe(name).learns("danger")
    assert not recipe("danger-text").learns("urgency")
    with pytest.raises(InputError, match="recipe voice learns any scheme by voice"):
        recipe("emotion-voice").check_scheme("danger")


def test_listing_recipes_is_cheap() -> None:
    code = "import core.training.recipes, core.inference, sys; print({'torch', 'sklearn'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
