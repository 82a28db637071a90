"""What can be trained: every recipe with its schemes, its encoders and what each setting means."""

from dataclasses import fields
from typing import Any, get_type_hints

from core.training.recipes import RECIPES, Recipe, config_for, trainer_type

# Setting -> its meaning. A setting means the same in all encoders that have it.
MEANINGS = {
    "min_n": "shortest sequence of characters that is counted",
    "max_n": "longest sequence of characters that is counted, at most 10",
    "analyzer": "char_wb: sequences stay inside a word; char: they cross spaces",
    "min_df": "a sequence that occurs in fewer texts is left out",
    "sublinear_tf": "a repeated sequence counts by its logarithm",
    "c": "inverse strength of regularisation: smaller is smoother",
    "balanced": "rare classes weigh more, so that every class counts the same",
    "max_iter": "most steps of the solver",
    "channels": "channels of the first convolution; the second has twice as many",
    "hidden": "units of the LSTM in one direction",
    "kernel": "frames that a convolution sees, an odd number",
    "dropout": "share of values left out before the last layer while training",
    "epochs": "most passes over the training data",
    "patience": "training stops after so many epochs without a better validation score",
    "batch_size": "items in one step",
    "learning_rate": "largest step size, reached after the warm-up",
    "weight_decay": "how strongly weights are pulled to zero",
    "label_smoothing": "share of the answer that is spread over all classes",
    "clip": "longest gradient of one step",
}


def described() -> list[dict[str, Any]]:
    """Every recipe: {"recipe", "modality", "inputs", "schemes", "speakers", "default_encoder", "encoders"}.

    No scheme or speaker means all of them. An encoder is {"encoder", "installed", "install", "settings"}; `settings`
    are [{"name", "type", "default", "meaning"}], None while the encoder is not installed.
    """
    return [
        {
            "recipe": recipe.name,
            "modality": recipe.modality,
            "inputs": [recipe.modality],
            "schemes": list(recipe.schemes),
            "speakers": list(recipe.speakers),
            "default_encoder": recipe.default_encoder,
            "encoders": [_encoder(recipe, name) for name in recipe.encoders],
        }
        for recipe in RECIPES.values()
    ]


def _encoder(recipe: Recipe, name: str) -> dict[str, Any]:
    backend = recipe.encoders[name]
    installed = backend.installed()
    settings = _settings(recipe, name) if installed else None
    return {"encoder": name, "installed": installed, "install": backend.install, "settings": settings}


def _settings(recipe: Recipe, encoder: str) -> list[dict[str, Any]]:
    config_type, defaults = trainer_type(recipe, encoder).Config, config_for(recipe, encoder, {})
    types = get_type_hints(config_type)
    return [
        {
            "name": setting.name,
            "type": getattr(types[setting.name], "__name__", str(types[setting.name])),
            "default": getattr(defaults, setting.name),
            "meaning": MEANINGS.get(setting.name, ""),
        }
        for setting in fields(config_type)
    ]
