"""The recipes that can be trained: the bundled TOML files, and those in the workspace's folder `recipes`.

`config_for` makes the configuration of a training from a preset and what a person sets; `sources_for` tells of each
setting where its value comes from.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from core.errors import BadRecord, InputError, UnknownName
from core.messages import Message, Names
from core.plugins import pick
from core.settings import settings
from core.training.fits import Fit
from core.training.recipes.recipe import FITS, Encoder, Recipe, Value, architecture_of
from core.training.recipes.toml_files import read_recipe

BUNDLED = Path(__file__).with_name("bundled")
FOLDER = "recipes"  # below the workspace
ORDER = ("danger-text", "urgency-text", "urgency-crossmodal", "emotion-text", "emotion-voice", "emotion-selftrain",
         "audio-class", "text", "voice", "both")  # fmt: skip


def _bundled() -> dict[str, Recipe]:
    read = {path.stem: read_recipe(path, path.name) for path in BUNDLED.glob("*.toml")}
    return {name: read[name] for name in (*ORDER, *sorted(read.keys() - set(ORDER))) if name in read}


RECIPES: dict[str, Recipe] = _bundled()


def recipes() -> dict[str, Recipe]:
    """Every recipe by name: the bundled ones, then those of the workspace that can be read."""
    return RECIPES | _own(settings().home / FOLDER)[0]


def broken_recipes() -> list[BadRecord]:
    """One error for each file in the workspace's folder that is no recipe."""
    return list(_own(settings().home / FOLDER)[1])


def recipe(name: str) -> Recipe:
    """The recipe `name`; `UnknownName` lists the known ones, `BadRecord` tells of a file that cannot be read."""
    if name in RECIPES:
        return RECIPES[name]
    own, errors = _own(settings().home / FOLDER)
    if name in own:
        return own[name]
    if errors:
        raise errors[0]
    raise UnknownName("recipe", name, (*RECIPES, *own))


def _own(folder: Path) -> tuple[dict[str, Recipe], tuple[BadRecord, ...]]:
    files = tuple((path, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.toml")))
    return _read_own(files)


@lru_cache(maxsize=8)
def _read_own(files: tuple[tuple[Path, int], ...]) -> tuple[dict[str, Recipe], tuple[BadRecord, ...]]:
    """The recipes of the workspace's files, and the errors of the others; read again when a file changes."""
    read: dict[str, Recipe] = {}
    errors: list[BadRecord] = []
    for path, _ in files:
        where = f"{FOLDER}/{path.name}"
        try:
            chosen = read_recipe(path, where)
            if chosen.name in RECIPES or chosen.name in read:
                raise BadRecord(where, "the name {name} is taken by another recipe", name=chosen.name)
            read[chosen.name] = chosen
        except BadRecord as error:
            errors.append(error)
    return read, tuple(errors)


def fit_of(architecture: str) -> type[Fit]:
    """The class of the fit that trains `architecture`; `MissingBackend` says what to install."""
    kind: type[Fit] = pick(FITS, architecture, "architecture")
    return kind


def config_type(architecture: str) -> type[Any]:
    """The frozen dataclass of the settings of `architecture`."""
    kind: type[Any] = fit_of(architecture).Config
    return kind


def config_for(chosen: Recipe, encoder: str, overrides: Mapping[str, str], preset: str | None = None) -> Any:
    """The frozen configuration of `encoder`: its defaults, then those of the preset, then `overrides` (`--set`).

    `UnknownName` lists the known settings; `InputError` names the setting whose value cannot be read, and a preset
    that is not for this encoder.
    """
    architecture = architecture_of(chosen, encoder)
    kind = config_type(architecture)
    types = {f.name: get_type_hints(kind)[f.name] for f in fields(kind)}
    values: dict[str, Any] = {}
    for name, value in preset_settings(chosen, architecture, preset).items():
        _check_known(name, types, Message("setting of preset {preset} of {recipe}", preset=preset or
                     chosen.default_preset, recipe=chosen.name))  # fmt: skip
        values[name] = _typed(name, value, types[name])
    for name, raw in overrides.items():
        _check_known(name, types, Message("setting of {recipe}", recipe=chosen.name))
        values[name] = _parse(name, raw, types[name])
    return kind(**values)


def sources_for(
    chosen: Recipe, encoder: str, overrides: Mapping[str, str], preset: str | None = None
) -> dict[str, Message]:
    """Setting -> where its value comes from: the preset of the recipe, the architecture's default, or the person."""
    architecture = architecture_of(chosen, encoder)
    of_preset = preset_settings(chosen, architecture, preset)
    named = preset or chosen.default_preset
    from_preset = (
        Message("preset {preset} of {recipe}, from {source}", preset=named, recipe=chosen.name, source=chosen.source)
        if chosen.source
        else Message("preset {preset} of {recipe}", preset=named, recipe=chosen.name)
    )
    default, you = Message("default of {architecture}", architecture=architecture), Message("set by you")
    return {
        f.name: you if f.name in overrides else from_preset if f.name in of_preset else default
        for f in fields(config_type(architecture))
    }


def preset_settings(chosen: Recipe, architecture: str, preset: str | None = None) -> Mapping[str, Value]:
    """The settings that a preset has for `architecture`; `InputError` if it is made for other encoders."""
    tables = chosen.preset(preset)
    if architecture in tables or preset in (None, chosen.default_preset) or not tables:
        return tables.get(architecture, {})
    suitable = [name for name, encoder in chosen.encoders.items() if encoder.architecture in tables]
    raise InputError(
        "preset {preset} of recipe {recipe} has no settings for this encoder; it is for: {encoders}",
        preset=preset,
        recipe=chosen.name,
        encoders=Names(suitable or tables),
    )


def _check_known(name: str, types: Mapping[str, Any], kind: Message) -> None:
    if name not in types:
        raise UnknownName(kind, name, tuple(types))


def _typed(name: str, value: Value, kind: Any) -> Any:
    """A preset's value as the setting's type; a whole number is a float too."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) if kind is float else type(value) is kind
    if kind in (bool, int, float, str) and not fits:
        raise InputError("{name}={raw}: a preset's value of another type", name=name, raw=str(value))
    return float(value) if kind is float else value


def _parse(name: str, raw: str, kind: Any) -> Any:
    """`raw` as an int, float, bool (true, false) or str.

    >>> _parse("balanced", "False", bool), _parse("c", "2", float)
    (False, 2.0)
    """
    word = raw.strip()
    if kind is bool:
        if word.casefold() not in ("true", "false"):
            raise InputError("{name}={raw}: expected true or false", name=name, raw=raw)
        return word.casefold() == "true"
    if get_origin(kind) is Literal:
        if word not in get_args(kind):
            raise InputError("{name}={raw}: expected one of {known}", name=name, raw=raw, known=Names(get_args(kind)))
        return word
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


__all__ = [
    "FITS", "RECIPES", "Encoder", "Recipe", "architecture_of", "broken_recipes", "config_for", "config_type", "fit_of",
    "preset_settings", "recipe", "recipes", "sources_for",
]  # fmt: skip
