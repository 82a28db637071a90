"""Reads a recipe from TOML: a bundled file, or a file in the workspace's folder `recipes`.

Every error is a `BadRecord` that names the file, the key and the reason. The file holds nothing that is executed.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from core.errors import BadRecord
from core.messages import Names, Word, within
from core.models import Modality
from core.training.recipes.recipe import FITS, Encoder, Presets, Recipe, Unit

KEYS = {
    "name": str, "source": str, "inputs": str, "schemes": list, "targets": list, "unit": str, "speakers": list,
    "default_encoder": str, "preferred": str, "any_encoder": str, "default_preset": str, "encoders": dict,
    "presets": dict,
}  # fmt: skip
ENCODER_KEYS = {"architecture": str, "checkpoint": str, "needs": list, "install": str}
SIMPLE = (bool, int, float, str)


def read_recipe(path: Path, where: str) -> Recipe:
    """The recipe in the file `path`, which messages call `where`."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, OSError) as error:
        raise BadRecord(where, "is not TOML: {error}", error=error) from error
    return parse_recipe(document, where)


def parse_recipe(document: Mapping[str, Any], where: str) -> Recipe:
    """The recipe that the TOML `document` describes."""
    _check_keys(document, KEYS, where)
    name, inputs = _required(document, "name", where), _required(document, "inputs", where)
    _one_of(inputs, get_args(Modality), "inputs", where)
    _one_of(document.get("unit", "utterance"), get_args(Unit), "unit", where)
    encoders = {key: _encoder(values, within(where, f"encoders.{key}")) for key, values in
                _required(document, "encoders", where).items()}  # fmt: skip
    chosen = Recipe(
        name=name,
        source=document.get("source", ""),
        inputs=inputs,
        schemes=_words(document, "schemes", where),
        targets=_words(document, "targets", where),
        unit=document.get("unit", "utterance"),
        speakers=_words(document, "speakers", where),
        encoders=encoders,
        default_encoder=_required(document, "default_encoder", where),
        preferred=document.get("preferred", ""),
        any_encoder=document.get("any_encoder"),
        presets=_presets(document.get("presets", {}), where),
        default_preset=document.get("default_preset", "default"),
    )
    _check_names(chosen, where)
    return chosen


def _check_names(chosen: Recipe, where: str) -> None:
    """`BadRecord` for a name that stands for nothing in this file."""
    if chosen.name != chosen.name.strip() or not chosen.name.replace("-", "").replace("_", "").isalnum():
        raise BadRecord(within(where, "name"), "{name!r} is no name: letters, digits, _ and -", name=chosen.name[:80])
    _one_of(chosen.default_encoder, tuple(chosen.encoders), "default_encoder", where)
    _one_of(chosen.preferred, ("", *chosen.encoders), "preferred", where)
    _one_of(chosen.any_encoder, (None, *FITS), "any_encoder", where)
    _one_of(chosen.default_preset, tuple(chosen.presets), "default_preset", where)
    if chosen.schemes:
        for target in chosen.targets:
            _one_of(target, chosen.schemes, "targets", where)


def _encoder(values: Any, where: str) -> Encoder:
    if not isinstance(values, dict):
        raise BadRecord(where, "is not a table")
    _check_keys(values, ENCODER_KEYS, where)
    architecture = _required(values, "architecture", where)
    _one_of(architecture, tuple(FITS), "architecture", where)
    needs = _words(values, "needs", where) or FITS[architecture].needs
    return Encoder(architecture, values.get("checkpoint", ""), needs, values.get("install", FITS[architecture].install))


def _presets(values: Mapping[str, Any], where: str) -> Presets:
    """Preset -> architecture -> setting -> value; a preset `default` is there even if the file has none."""
    made: dict[str, dict[str, dict[str, Any]]] = {"default": {}}
    for preset, tables in values.items():
        place = within(where, f"presets.{preset}")
        if not isinstance(tables, dict):
            raise BadRecord(place, "is not a table")
        made[preset] = {}
        for architecture, settings in tables.items():
            _one_of(architecture, tuple(FITS), f"presets.{preset}", where)
            if not isinstance(settings, dict):
                raise BadRecord(place, "is not a table")
            for name, value in settings.items():
                if not isinstance(value, SIMPLE):
                    raise BadRecord(
                        within(where, f"presets.{preset}.{architecture}.{name}"),
                        "is not a number, a word or true/false",
                    )
            made[preset][architecture] = dict(settings)
    return made


def _check_keys(document: Mapping[str, Any], known: Mapping[str, type], where: str) -> None:
    for key, value in document.items():
        if key not in known:
            raise BadRecord(within(where, key), "is no key of a recipe; known: {known}", known=Names(known))
        if not isinstance(value, known[key]):
            kinds: dict[type, str] = {str: Word("a text"), list: Word("a list"), dict: Word("a table")}
            raise BadRecord(within(where, key), "must be {kind}", kind=kinds[known[key]])


def _required(document: Mapping[str, Any], key: str, where: str) -> Any:
    if not document.get(key):
        raise BadRecord(within(where, key), "is missing")
    return document[key]


def _words(document: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = document.get(key, [])
    if not all(isinstance(value, str) and value for value in values):
        raise BadRecord(within(where, key), "must be a list of texts")
    return tuple(values)


def _one_of(value: Any, known: tuple[Any, ...], key: str, where: str) -> None:
    if value not in known:
        raise BadRecord(
            within(where, key), "{value!r} is unknown; known: {known}", value=str(value)[:80],
            known=Names(str(name) for name in known if name),
        )  # fmt: skip
