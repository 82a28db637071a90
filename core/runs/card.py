"""The card of a run: `card.json`, and `model/` with the files that it describes. Serving reads only these.

The card names architecture, encoder, Targets with their classes in order, cleaning plan, configuration, snapshot,
calibration and scores, and holds the SHA-256 of every file of the model. `model/targets.json` repeats the Targets, so
a card that was edited by hand is refused. Nothing is pickled. A card of format 1 (one scheme, with
`weights.safetensors` beside it) is read too.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from core.errors import CheckpointMismatch, InputError
from core.files import json_text, sha256, write_json, write_text
from core.messages import ClassName, Names, SchemeName
from core.models import MODELS, Modality, Model, architecture
from core.schemes import SCHEMES
from core.schemes.target import Target
from core.snapshots.format import Unit

FORMAT = 2
CARD, MODEL_FOLDER, TARGETS = "card.json", "model", "targets.json"
OLD_WEIGHTS = "weights.safetensors"  # of format 1
OLD_ARCHITECTURES = {"ngram": "ngram", "conv-bilstm": "conv-bilstm", "whisper-base": "heads"}  # by encoder


@dataclass(frozen=True, slots=True)
class Calibration:
    """`temperature` divides log probabilities; fitted on `n` rows of the split `fitted_on`.

    `ece_before` and `ece_after` are the expected calibration errors there, without and with it.
    """

    method: str
    temperature: float
    fitted_on: str
    n: int
    ece_before: float
    ece_after: float


@dataclass(frozen=True, slots=True)
class Card:
    """The description of a model.

    `cleaning` is the cleaning plan of texts, `files` holds the SHA-256 of each file below the run's folder by its path,
    `calibrations` one entry for each Target. `base` tells of the pretrained encoder: name, licence. `scores` are those
    of the first Target. `unit` says what an item was in training: an utterance, or a whole call with its turns joined.
    `limits` say where the run cannot tell (`core.runs.limits`); a run of an earlier version has none. `lineage` tells
    which pseudo-labels it learnt from: `rounds` [{round, run: the teacher, scheme, weight, n}] and, for a student of
    `selftrain`, `selftraining` {round, snapshot, teacher}; empty where it learnt from people alone.
    """

    run_id: str
    recipe: str
    architecture: str
    encoder: str
    modality: Modality
    targets: tuple[Target, ...]
    cleaning: tuple[str, ...]
    config: Mapping[str, Any]
    snapshot: str
    snapshot_sha256: str
    files: Mapping[str, str]
    calibrations: Mapping[str, Calibration]
    scores: Mapping[str, Any]
    code_version: str
    created_at: str
    preset: str = "default"
    unit: Unit = "utterance"
    base: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def scheme(self) -> str:
        """The scheme of the first Target."""
        return self.targets[0].name

    @property
    def codes(self) -> tuple[str, ...]:
        """The classes of the first Target."""
        return self.targets[0].codes

    @property
    def calibration(self) -> Calibration:
        """The calibration of the first Target."""
        return self.calibrations[self.scheme]

    @property
    def weights_sha256(self) -> str:
        """One hash for all files of the model: that of the only file, or of the list of all hashes."""
        hashes = sorted(self.files.items())
        return hashes[0][1] if len(hashes) == 1 else sha256(json_text(hashes).encode())


def write_targets(folder: Path, targets: tuple[Target, ...]) -> None:
    """Write targets.json into the folder of a model."""
    write_json(folder / TARGETS, [target.to_dict() for target in targets], indent=1)


def hashes(run_folder: Path) -> dict[str, str]:
    """Path below `run_folder` -> SHA-256, of every file of its model."""
    paths = sorted(path for path in (run_folder / MODEL_FOLDER).rglob("*") if path.is_file())
    return {path.relative_to(run_folder).as_posix(): sha256(path) for path in paths}


def write_card(folder: Path, card: Card) -> None:
    """Write card.json. It is written last, so a folder with a card is complete."""
    values = {name: getattr(card, name) for name in Card.__dataclass_fields__}
    values["targets"] = [target.to_dict() for target in card.targets]
    values["calibrations"] = {name: asdict(calibration) for name, calibration in card.calibrations.items()}
    write_text(folder / CARD, json_text(values, 1))


def read_card(folder: Path) -> Card:
    """Read card.json, format 1 or 2. `CheckpointMismatch` if it is missing, unreadable, of another format or scheme."""
    path = folder / CARD
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointMismatch("{path} is missing: this run was not finished", path=path) from error
    except ValueError as error:
        raise CheckpointMismatch("{path} is not JSON: {error}", path=path, error=error) from error
    if not isinstance(raw, dict) or raw.get("format") not in (1, FORMAT):
        raise CheckpointMismatch("{path} is not a card of format {format}", path=path, format=FORMAT)
    try:
        card = _parsed(_of_format_1(raw) if raw["format"] == 1 else raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointMismatch("{path} lacks or has an odd field: {error}", path=path, error=error) from error
    for target in card.targets:
        _check_codes(target, path)
    return card


def _parsed(raw: Mapping[str, Any]) -> Card:
    targets = tuple(Target.from_dict(values) for values in raw["targets"])
    calibrations = {name: Calibration(**values) for name, values in raw["calibrations"].items()}
    if not targets or calibrations.keys() != {target.name for target in targets}:
        raise ValueError("targets and calibrations differ")
    lists = {"targets": targets, "calibrations": calibrations, "cleaning": tuple(raw["cleaning"])}
    return Card(**(dict(raw) | lists))


def _of_format_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a card of format 2 that says what a card of format 1 says; `format` stays 1."""
    values = dict(raw)
    scheme, codes = values.pop("scheme"), tuple(values.pop("codes"))
    level = SCHEMES[scheme].level if scheme in SCHEMES else "utterance"
    return values | {
        "architecture": OLD_ARCHITECTURES.get(values["encoder"], values["encoder"]),
        "targets": [Target(scheme, codes, level=level).to_dict()],
        "calibrations": {scheme: values.pop("calibration")},
        "files": {OLD_WEIGHTS: values.pop("weights_sha256")},
    }


def _check_codes(target: Target, path: Path) -> None:
    """`CheckpointMismatch` unless the scheme's codes begin with the card's: classes are only ever appended."""
    if target.name in SCHEMES and SCHEMES[target.name].codes[: len(target.codes)] != target.codes:
        raise CheckpointMismatch(
            "{path}: classes {codes} are not those of scheme {scheme} ({expected})",
            path=path,
            codes=Names(ClassName(target.name, code) for code in target.codes),
            scheme=SchemeName(target.name),
            expected=Names(ClassName(target.name, code) for code in SCHEMES[target.name].codes),
        )


def read_model(folder: Path) -> tuple[Card, Model]:
    """The card and its model. `CheckpointMismatch` names the file if files, card and classes do not fit together."""
    card = read_card(folder)
    _check_files(folder, card)
    if card.format == 1:
        return card, _old_model(folder, card)
    place = folder / MODEL_FOLDER
    if tuple(map(Target.from_dict, json.loads((place / TARGETS).read_text(encoding="utf-8")))) != card.targets:
        raise CheckpointMismatch(
            "{path} was trained for other classes than {card} says", path=place / TARGETS, card=CARD
        )
    return card, load_model(place, card.architecture, card.targets, card.config)


def load_model(folder: Path, name: str, targets: tuple[Target, ...], config: Mapping[str, Any]) -> Model:
    """The model of architecture `name` saved in `folder`; `CheckpointMismatch` if its files do not fit."""
    if name not in MODELS:
        raise CheckpointMismatch("{path}: this version has no architecture {name}", path=folder, name=name)
    try:
        model: Model = architecture(name).model.load().load(folder, targets, config)
    except (InputError, KeyError, ValueError, TypeError, OSError, RuntimeError, SafetensorError) as error:
        raise CheckpointMismatch(
            "{path} does not fit the configuration in {card}: {error}", path=folder, card=CARD, error=error
        ) from error
    return model


def _check_files(folder: Path, card: Card) -> None:
    """`CheckpointMismatch` for a file that is missing, another one than the card describes, or not described."""
    for name, expected in card.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CheckpointMismatch("{path} lies outside the run", path=path)
        if not path.is_file():
            raise CheckpointMismatch("{path} is missing: the run has a card but no weights", path=path)
        if sha256(path) != expected:
            raise CheckpointMismatch(
                "{path} is not the file that {card} describes (SHA-256 differs)", path=path, card=CARD
            )
    if card.format == FORMAT and f"{MODEL_FOLDER}/{TARGETS}" not in card.files:
        raise CheckpointMismatch("{path} is missing: the run has a card but no weights", path=folder / MODEL_FOLDER)
    if extra := sorted(hashes(folder).keys() - card.files.keys()):
        raise CheckpointMismatch("{path} is no file that {card} describes", path=folder / extra[0], card=CARD)


def _old_model(folder: Path, card: Card) -> Model:
    """The model of a run of format 1, whose weights repeat scheme and classes in their header."""
    path = folder / OLD_WEIGHTS
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
        arrays = load_file(path)
    except SafetensorError as error:
        raise CheckpointMismatch("{path} is not a safetensors file: {error}", path=path, error=error) from error
    if header.get("classes") != json.dumps([card.scheme, *card.codes]):
        raise CheckpointMismatch("{path} was trained for other classes than {card} says", path=path, card=CARD)
    try:
        model: Model = architecture(card.architecture).model.load().restore(card.config, arrays, card.targets[0])
    except (InputError, KeyError, ValueError, TypeError) as error:
        raise CheckpointMismatch(
            "{path} does not fit the configuration in {card}: {error}", path=path, card=CARD, error=error
        ) from error
    return model
