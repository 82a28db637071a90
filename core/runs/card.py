"""The Checkpoint format: `weights.safetensors` and `card.json` in one folder. Serving reads only these two files.

The card describes the weights (recipe, encoder, scheme, class codes in order, cleaning plan, model configuration,
snapshot, calibration, scores) and holds their SHA-256. The header of the weights repeats scheme and codes, so a card
that was edited by hand is refused. Nothing is pickled. Each file is written whole or not at all.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from core.errors import CheckpointMismatch, InputError
from core.files import sha256, write_bytes, write_json
from core.messages import ClassName, Names, SchemeName
from core.models import Arrays, Modality, Model, restore
from core.schemes import SCHEMES

FORMAT = 1
CARD, WEIGHTS = "card.json", "weights.safetensors"


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
    """The description of the weights. `codes[k]` is the class of column k; `cleaning` is the cleaning plan of texts."""

    run_id: str
    recipe: str
    encoder: str
    modality: Modality
    scheme: str
    codes: tuple[str, ...]
    cleaning: tuple[str, ...]
    config: Mapping[str, Any]
    snapshot: str
    snapshot_sha256: str
    weights_sha256: str
    calibration: Calibration
    scores: Mapping[str, Any]
    code_version: str
    created_at: str
    format: int = FORMAT


def weights_bytes(arrays: Arrays, scheme: str, codes: tuple[str, ...]) -> bytes:
    """The content of weights.safetensors. Equal arguments give equal bytes."""
    # One entry in the header, because safetensors writes several in any order.
    return bytes(save(arrays, metadata={"classes": _classes(scheme, codes)}))


def _classes(scheme: str, codes: tuple[str, ...]) -> str:
    return json.dumps([scheme, *codes])


def write_checkpoint(folder: Path, card: Card, weights: bytes) -> None:
    """Write weights and card. The card is written last, so a folder with a card is complete."""
    write_bytes(folder / WEIGHTS, weights)
    write_json(folder / CARD, asdict(card), indent=1)


def read_card(folder: Path) -> Card:
    """Read card.json. `CheckpointMismatch` if it is missing, unreadable, of another format or scheme."""
    path = folder / CARD
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointMismatch("{path} is missing: this run was not finished", path=path) from error
    except ValueError as error:
        raise CheckpointMismatch("{path} is not JSON: {error}", path=path, error=error) from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise CheckpointMismatch("{path} is not a card of format {format}", path=path, format=FORMAT)
    try:
        calibration = Calibration(**raw["calibration"])
        lists = {name: tuple(raw[name]) for name in ("codes", "cleaning")}
        card = Card(**(raw | lists | {"calibration": calibration}))
    except (KeyError, TypeError) as error:
        raise CheckpointMismatch("{path} lacks or has an odd field: {error}", path=path, error=error) from error
    _check_codes(card, path)
    return card


def _check_codes(card: Card, path: Path) -> None:
    """`CheckpointMismatch` unless the scheme's codes begin with the card's: classes are only ever appended."""
    if card.scheme in SCHEMES and SCHEMES[card.scheme].codes[: len(card.codes)] != card.codes:
        raise CheckpointMismatch(
            "{path}: classes {codes} are not those of scheme {scheme} ({expected})",
            path=path,
            codes=Names(ClassName(card.scheme, code) for code in card.codes),
            scheme=SchemeName(card.scheme),
            expected=Names(ClassName(card.scheme, code) for code in SCHEMES[card.scheme].codes),
        )


def read_checkpoint(folder: Path) -> tuple[Card, Model]:
    """The card and its model. `CheckpointMismatch` names the file if weights, card and codes do not fit together."""
    card = read_card(folder)
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointMismatch("{path} is missing: the run has a card but no weights", path=path)
    data = path.read_bytes()
    if sha256(data) != card.weights_sha256:
        raise CheckpointMismatch("{path} is not the file that {card} describes (SHA-256 differs)", path=path, card=CARD)
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
        arrays = load(data)
    except SafetensorError as error:
        raise CheckpointMismatch("{path} is not a safetensors file: {error}", path=path, error=error) from error
    if header.get("classes") != _classes(card.scheme, card.codes):
        raise CheckpointMismatch("{path} was trained for other classes than {card} says", path=path, card=CARD)
    try:
        return card, restore(card.encoder, card.config, arrays, len(card.codes))
    except (InputError, KeyError, ValueError, TypeError) as error:
        raise CheckpointMismatch(
            "{path} does not fit the configuration in {card}: {error}", path=path, card=CARD, error=error
        ) from error
