"""Recipes: which encoder is trained on which data for which Scheme, and the settings that a person may change.

A row names its trainers by path, so a list of recipes needs no import of torch or scikit-learn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

from core.errors import InputError, UnknownName
from core.messages import Message, Names, SchemeName, Word
from core.models import INSTALL_SPEECH, Modality
from core.plugins import Backend, pick
from core.settings import settings
from core.speech.weights import installed
from core.training.trainers import Trainer


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way to train: `encoders` maps a name to its Trainer; `defaults` are settings as a person types them.

    `schemes` are the schemes that it can learn; empty means every scheme of one class a target. Only utterances of
    `speakers` and of unknown speakers are used; empty means all speakers. `preferred` is the default encoder where its
    weights are installed.
    """

    name: str
    modality: Modality
    schemes: tuple[str, ...]
    encoders: Mapping[str, Backend]
    default_encoder: str
    speakers: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    preferred: str = ""

    def usual_encoder(self) -> str:
        """The encoder that is taken where nobody names one."""
        if self.preferred and self.encoders[self.preferred].installed() and installed(settings()):
            return self.preferred
        return self.default_encoder

    def learns(self, scheme: str) -> bool:
        """Whether this recipe can be trained on snapshots of `scheme`."""
        return not self.schemes or scheme in self.schemes

    def check_scheme(self, scheme: str) -> None:
        """`InputError` if this recipe cannot learn `scheme`."""
        if not self.learns(scheme):
            raise InputError(
                "recipe {name} learns {schemes}, the snapshot holds {scheme}: recipe {modality} learns "
                "any scheme by {modality}",
                name=self.name,
                schemes=Names(map(SchemeName, self.schemes)),
                scheme=SchemeName(scheme),
                modality=Word(self.modality),
            )


_TEXT = {"ngram": Backend("core.training.linear:LinearTrainer", ("sklearn",), "pip install scikit-learn")}
_VOICE = {
    "conv-bilstm": Backend("core.training.network:NetworkTrainer", ("torch",), "pip install torch"),
    "whisper-base": Backend("core.training.heads:HeadsTrainer", ("faster_whisper",), INSTALL_SPEECH),
}

RECIPES: dict[str, Recipe] = {
    r.name: r
    for r in (
        Recipe("danger-text", "text", ("danger",), _TEXT, "ngram"),
        Recipe("urgency-text", "text", ("urgency",), _TEXT, "ngram"),
        Recipe("emotion-voice", "voice", ("sentiment",), _VOICE, "conv-bilstm", speakers=("caller",)),
        Recipe("text", "text", (), _TEXT, "ngram"),
        Recipe("voice", "voice", (), _VOICE, "conv-bilstm", preferred="whisper-base"),
    )
}


def recipe(name: str) -> Recipe:
    """The recipe `name`; `UnknownName` lists the known ones."""
    if name not in RECIPES:
        raise UnknownName("recipe", name, tuple(RECIPES))
    return RECIPES[name]


def trainer_type(chosen: Recipe, encoder: str) -> type[Trainer]:
    """The Trainer of `encoder`. `UnknownName` lists the recipe's encoders; `MissingBackend` says what to install."""
    loaded: type[Trainer] = pick(chosen.encoders, encoder, Message("encoder of {recipe}", recipe=chosen.name))
    return loaded


def config_for(chosen: Recipe, encoder: str, overrides: Mapping[str, str]) -> Any:
    """The frozen configuration of `encoder`: its defaults, then the recipe's, then `overrides` (`--set key=value`).

    `UnknownName` lists the known settings; `InputError` names the setting whose value cannot be read.
    """
    config_type = trainer_type(chosen, encoder).Config
    known = {f.name: get_type_hints(config_type)[f.name] for f in fields(config_type)}
    values: dict[str, Any] = {}
    for name, raw in {**chosen.defaults, **overrides}.items():
        if name not in known:
            raise UnknownName(Message("setting of {recipe}", recipe=chosen.name), name, tuple(known))
        values[name] = _parse(name, raw, known[name])
    return config_type(**values)


def _parse(name: str, raw: str, kind: type[Any]) -> Any:
    """`raw` as an int, float, bool (true, false) or str.

    >>> _parse("balanced", "False", bool), _parse("c", "2", float)
    (False, 2.0)
    """
    word = raw.strip()
    if kind is bool:
        if word.casefold() not in ("true", "false"):
            raise InputError("{name}={raw}: expected true or false", name=name, raw=raw)
        return word.casefold() == "true"
    try:
        value = kind(word)
    except ValueError as error:
        raise InputError(
            "{name}={raw}: expected a whole number" if kind is int else "{name}={raw}: expected a number",
            name=name,
            raw=raw,
        ) from error
    if isinstance(value, float) and not abs(value) < 1e12:
        raise InputError("{name}={raw}: expected a finite number", name=name, raw=raw)
    return value
