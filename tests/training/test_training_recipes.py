"""core.training.recipes: the bundled recipes, settings by preset and by person, encoders that are not listed."""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_bert import tiny_bert

from core.errors import InputError, UnknownName
from core.models import MODELS
from core.schemes import SCHEMES
from core.training.recipes import RECIPES, config_for, config_type, fit_of, recipe, sources_for
from core.training.recipes.recipe import FITS, architecture_of

EVERY = [(r, preset, a) for r in RECIPES.values() for preset, tables in r.presets.items() for a in tables]


@pytest.mark.parametrize("chosen", RECIPES.values(), ids=lambda r: r.name)
def test_every_recipe_has_known_schemes_models_and_encoders(chosen) -> None:
    assert set(chosen.schemes) <= set(SCHEMES)
    assert set(chosen.targets) <= set(SCHEMES)
    assert chosen.default_encoder in chosen.encoders
    assert chosen.usual_encoder() in chosen.encoders
    assert chosen.modality == chosen.inputs
    for name, encoder in chosen.encoders.items():
        assert encoder.architecture in MODELS
        assert encoder.architecture in FITS
        assert architecture_of(chosen, name) == chosen.architecture(name) == encoder.architecture


@pytest.mark.parametrize(("chosen", "preset", "architecture"), EVERY, ids=lambda x: getattr(x, "name", x))
def test_every_preset_is_a_configuration(chosen, preset: str, architecture: str) -> None:
    encoder = next(name for name, e in chosen.encoders.items() if e.architecture == architecture)
    config = config_for(chosen, encoder, {}, preset)
    assert isinstance(config, config_type(architecture))
    for name, value in chosen.presets[preset][architecture].items():
        assert getattr(config, name) == value


@pytest.mark.parametrize("architecture", FITS)
def test_every_fit_has_a_configuration_that_a_person_can_set(architecture: str) -> None:
    kind = fit_of(architecture).Config
    assert kind() == kind()
    assert kind.__dataclass_params__.frozen


def test_settings_are_typed() -> None:
    text = config_for(
        recipe("danger-text"), "ngram", {"max_n": "3", "c": "2.5", "balanced": "False", "analyzer": "char"}
    )
    assert (text.max_n, text.c, text.balanced, text.analyzer) == (3, 2.5, False, "char")


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


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="known: danger-text, urgency-text, urgency-crossmodal, emotion-text"):
        recipe("danger")
    with pytest.raises(
        UnknownName, match="unknown encoder of danger-text 'bert'; known: ngram, skt/kobert-base-v1, OWNER/NAME, FOLDER"
    ):
        config_for(recipe("danger-text"), "bert", {})
    with pytest.raises(UnknownName, match=r"unknown setting of danger-text 'depth'; known: min_n, max_n"):
        config_for(recipe("danger-text"), "ngram", {"depth": "3"})
    with pytest.raises(UnknownName, match=r"unknown preset of text 'seed'; known: default"):
        config_for(recipe("text"), "ngram", {}, "seed")
    with pytest.raises(UnknownName, match="unknown encoder of emotion-voice 'some/encoder'; known: conv-bilstm"):
        architecture_of(recipe("emotion-voice"), "some/encoder")


def test_encoders_that_are_not_listed(tmp_path: Path) -> None:
    text, voice = recipe("text"), recipe("voice")
    folder = str(tiny_bert(tmp_path / "tiny"))
    for encoder, architecture in {
        "klue/roberta-base": "text-encoder", folder: "text-encoder", "ngram+klue/roberta-base": "ngram-heads",
        f"ngram+{folder}": "ngram-heads", "frozen+intfloat/multilingual-e5-small": "heads", "ngram": "ngram",
    }.items():  # fmt: skip
        assert architecture_of(text, encoder) == architecture
    assert architecture_of(voice, "facebook/wav2vec2-base") == "audio-encoder"
    with pytest.raises(UnknownName, match="unknown encoder of text 'ngram\\+nothing'"):
        architecture_of(text, "ngram+nothing")
    assert architecture_of(recipe("both"), "klue/roberta-base+whisper-base") == "cross-modal"


def test_a_preset_for_another_encoder_is_refused() -> None:
    with pytest.raises(
        InputError,
        match="preset seed of recipe danger-text has no settings for this encoder; it is for: skt/kobert-base",
    ):
        config_for(recipe("danger-text"), "ngram", {}, "seed")
    assert config_for(recipe("danger-text"), "ngram", {}, "default") == config_type("ngram")()
    assert recipe("danger-text").usual_encoder("seed") == "skt/kobert-base-v1"
    assert recipe("danger-text").usual_encoder() == "ngram"  # the pretrained weights are not on this machine


def test_the_preferred_encoder_is_taken_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    cache = tmp_path / "hub" / "models--skt--kobert-base-v1"
    tiny_bert(cache / "snapshots" / "abc")
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("abc")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert recipe("danger-text").usual_encoder() == "skt/kobert-base-v1"
    assert recipe("urgency-text").usual_encoder() == "ngram"


def test_each_setting_tells_where_its_value_comes_from() -> None:
    sources = sources_for(recipe("danger-text"), "ngram", {"c": "2"})
    assert (sources["c"], sources["max_n"]) == ("set by you", "default of ngram")
    sources = sources_for(recipe("danger-text"), "skt/kobert-base-v1", {"epochs": "2"}, "seed")
    assert sources["dropout"] == "preset seed of danger-text, from hearing-danger"
    assert (sources["epochs"], sources["bf16"]) == ("set by you", "default of text-encoder")


def test_a_recipe_refuses_another_scheme() -> None:
    recipe("urgency-text").check_scheme("urgency")
    with pytest.raises(
        InputError, match="learns urgency, sentiment, the snapshot holds danger: recipe text learns any"
    ):
        recipe("urgency-text").check_scheme("danger")


def test_three_recipes_learn_any_scheme() -> None:
    for name in ("text", "voice", "both"):
        recipe(name).check_scheme("a scheme of the workspace")
        assert recipe(name).learns("danger")
    assert not recipe("danger-text").learns("urgency")
    with pytest.raises(InputError, match="recipe voice learns any scheme by voice"):
        recipe("emotion-voice").check_scheme("danger")


def test_listing_recipes_is_cheap() -> None:
    code = (
        "import core.training.recipes as r, core.inference, sys; [x.usual_encoder() for x in r.recipes().values()]; "
        "print({'torch', 'sklearn', 'transformers'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
