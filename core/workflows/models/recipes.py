"""What can be trained: every recipe with its targets, its encoders, its presets and what each setting means."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from core.errors import MissingBackend
from core.training.recipes import (
    Recipe,
    architecture_of,
    broken_recipes,
    config_for,
    config_type,
    recipe,
    recipes,
    sources_for,
)

# Setting -> its meaning. A setting means the same in all encoders that have it. The name of the table is that which
# `scripts/messages.py` looks for.
STRINGS = {
    "min_n": "shortest sequence of characters that is counted",
    "max_n": "longest sequence of characters that is counted, at most 10",
    "analyzer": "char_wb: sequences stay inside a word; char: they cross spaces",
    "min_df": "a sequence that occurs in fewer texts is left out",
    "sublinear_tf": "a repeated sequence counts by its logarithm",
    "share": "weight of the frozen vectors beside the n-grams",
    "c": "inverse strength of regularisation: smaller is smoother",
    "balanced": "rare classes weigh more, so that every class counts the same",
    "max_iter": "most steps of the solver",
    "channels": "channels of the first convolution; the second has twice as many",
    "hidden": "units of the LSTM in one direction",
    "kernel": "frames that a convolution sees, an odd number",
    "features": "clip: as before 0.3; seed: the first 100 frames; spread: frames over the whole clip",
    "baseline": "whose neutral voice is taken off: none, speaker or gender",
    "neutral": "the class that is neutral; empty: the usual names",
    "speed": "share by which a clip is made faster or slower in training",
    "pitch": "semitones by which a clip is made higher or lower in training",
    "augment": "how voices are changed in training, such as speed,telephone+noise=10..20; empty: not at all",
    "augment_copies": "changed copies of each training clip",
    "augment_share": "share of the training clips that a step changes",
    "dropout": "share of values left out before the last layer while training",
    "epochs": "most passes over the training data",
    "patience": "training stops after so many epochs without a better validation score",
    "batch_size": "items in one step",
    "accumulation": "steps that make one update of the weights",
    "learning_rate": "largest step size, reached after the warm-up",
    "final_learning_rate": "step size at the end",
    "schedule": "how the step size falls: cosine, linear or constant",
    "warm_up": "share of all updates in which the step size rises",
    "weight_decay": "how strongly weights are pulled to zero",
    "clip": "longest gradient of one step",
    "label_smoothing": "share of the answer that is spread over all classes",
    "class_weights": "rare classes weigh as much as common ones",
    "layer_decay": "what a layer has of the step size of the layer above it; 1: all the same",
    "average": "share of all updates whose averaged weights are judged and saved; 0: the last weights",
    "target_weights": "share of each target in the loss: sentiment=0.4,urgency=0.6",
    "bf16": "half precision: auto, on or off",
    "best_by": "the score that chooses the best epoch: macro_f1, accuracy or mean",
    "max_len": "most tokens of a text, or of one window of it",
    "max_length": "most tokens of a text",
    "stride": "tokens that neighbouring windows share; 0: a longer text is cut",
    "max_windows": "most windows of a text",
    "pooling": "what stands for a text: cls or mean",
    "prefix": "what is put before each text",
    "freeze_embeddings": "word vectors stay as they are",
    "freeze_features": "the convolutions of the encoder stay as they are",
    "max_samples": "samples of a clip that are read, 16,000 a second",
    "fusion": "gated, or seed: the network of the seed system",
    "reads": "text, voice or both",
    "text_encoder": "the text encoder, if the encoder does not name it",
    "voice_encoder": "the voice encoder, if the encoder does not name it",
    "heads": "heads of the attention",
    "modality_dropout": "share of items that lose their text or voice in training",
}
MEANINGS = STRINGS


def described() -> list[dict[str, Any]]:
    """Every recipe: {"recipe", "source", "modality", "inputs", "targets", "schemes", "unit", "speakers",
    "default_encoder", "usual_encoder", "any_encoder", "encoders", "default_preset", "presets"}.

    No scheme or speaker means all of them. An encoder is {"encoder", "architecture", "checkpoint", "installed",
    "available", "install", "settings"}: `available` says that the pretrained weights are on this machine too;
    `settings` are [{"name", "type", "default", "meaning"}], None while the encoder is not installed. A preset is
    {"preset", "settings": {architecture: {setting: value}}}. `any_encoder` is the architecture of a hub id or a folder.
    """
    return [_described(chosen) for chosen in recipes().values()]


def broken() -> list[str]:
    """One sentence for each file in the workspace's folder `recipes` that cannot be used."""
    return [error.message for error in broken_recipes()]


def _described(chosen: Recipe) -> dict[str, Any]:
    return {
        "recipe": chosen.name,
        "source": chosen.source,
        "modality": chosen.modality,
        "inputs": ["text", "voice"] if chosen.inputs == "both" else [chosen.inputs],
        "targets": list(chosen.targets),
        "schemes": list(chosen.schemes),
        "unit": chosen.unit,
        "speakers": list(chosen.speakers),
        "default_encoder": chosen.default_encoder,
        "usual_encoder": chosen.usual_encoder(),
        "any_encoder": chosen.any_encoder,
        "encoders": [_encoder(chosen, name) for name in chosen.encoders],
        "default_preset": chosen.default_preset,
        "presets": [
            {"preset": name, "settings": {architecture: dict(values) for architecture, values in tables.items()}}
            for name, tables in chosen.presets.items()
        ],
    }


def _encoder(chosen: Recipe, name: str) -> dict[str, Any]:
    encoder = chosen.encoders[name]
    installed = encoder.installed()
    return {
        "encoder": name,
        "architecture": encoder.architecture,
        "checkpoint": encoder.checkpoint,
        "installed": installed,
        "available": encoder.available(),
        "install": encoder.install,
        "settings": _settings_or_none(chosen, name) if installed else None,
    }


def _settings_or_none(chosen: Recipe, encoder: str) -> list[dict[str, Any]] | None:
    try:
        return settings_of(chosen, encoder)
    except MissingBackend:
        return None


def settings_of(chosen: Recipe, encoder: str, preset: str | None = None) -> list[dict[str, Any]]:
    """The settings of an encoder: [{"name", "type", "default", "meaning"}], `default` by preset or architecture."""
    kind = config_type(architecture_of(chosen, encoder))
    defaults, types = config_for(chosen, encoder, {}, preset), get_type_hints(kind)
    return [
        {
            "name": setting.name,
            "type": getattr(types[setting.name], "__name__", str(types[setting.name])),
            "default": getattr(defaults, setting.name),
            "meaning": MEANINGS.get(setting.name, ""),
        }
        for setting in fields(kind)
    ]


def sourced(
    recipe_name: str, encoder: str, preset: str | None = None, overrides: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The settings of one training: [{"name", "type", "value", "default", "source", "meaning"}], ready to be edited.

    `default` is the value without `overrides`; `source` says where `value` comes from. `InputError` for an override
    that cannot be read.
    """
    chosen, given = recipe(recipe_name), dict(overrides or {})
    config, sources = config_for(chosen, encoder, given, preset), sources_for(chosen, encoder, given, preset)
    return [
        row | {"value": getattr(config, row["name"]), "source": sources[row["name"]]}
        for row in settings_of(chosen, encoder, preset)
    ]


def presets_for(recipe_name: str, encoder: str) -> list[str]:
    """The presets of a recipe that have settings for this encoder, the default one first."""
    chosen = recipe(recipe_name)
    architecture = architecture_of(chosen, encoder)
    suits = [n for n, tables in chosen.presets.items() if n == chosen.default_preset or architecture in tables]
    return sorted(suits, key=lambda name: name != chosen.default_preset)


def encoders_of(recipe_name: str) -> dict[str, str]:
    """Encoder -> "" if it can be trained here now, else what has to be done first."""
    chosen = recipe(recipe_name)
    return {name: "" if encoder.available() else encoder.install for name, encoder in chosen.encoders.items()}
