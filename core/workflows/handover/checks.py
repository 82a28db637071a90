"""Checks what the files of a handed-over run hold, before anything of it is stored or shown.

A card or scores from elsewhere may hold anything. After these checks the names in a card are words, and the scores have
the shape that pages and shell read. Whether card and weights fit together is checked by loading the model.
"""

import re
from typing import Any, get_args

from core.errors import BadRecord
from core.ingest.run_package import MANIFEST, METRICS, RunPackage
from core.models import Modality
from core.records import RunInfo
from core.runs.card import CARD, Card

LARGEST = 1e12
_WORD = re.compile(r"[\w-][\w.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+Z-]{5,30}")
_NOTE = re.compile(r"[\w ,:;.%-]{1,200}")
_WORDS = ("run_id", "recipe", "encoder", "scheme", "snapshot")
_HASHES = ("snapshot_sha256", "weights_sha256")
_SCORES = ("accuracy", "macro_f1", "weighted_f1")
_CLASS_SCORES = ("recall", "precision", "f1")
_METHODS, _SIDES = ("temperature",), ("validation", "test")


def check_card(package: RunPackage) -> None:
    """`BadRecord` for a field of the card that is not what a card holds."""
    card, where = package.document(CARD), f"{package.where}/{CARD}"
    texts = {name: card.get(name) for name in (*_WORDS, *_HASHES, "created_at", "code_version")}
    for name, value in texts.items():
        pattern = _WORD if name in _WORDS else _SHA256 if name in _HASHES else _TIME if name == "created_at" else None
        if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
            raise BadRecord(where, "{field} is not a short text", field=name)
        if pattern is not None and not pattern.fullmatch(value):
            raise BadRecord(where, "{field} is {value!r}, which no run has", field=name, value=value[:80])
    if card.get("modality") not in get_args(Modality):
        raise BadRecord(where, "{field} is {value!r}, which no run has", field="modality", value=str(card["modality"]))
    lists = [card.get("codes"), card.get("cleaning")]
    if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
        raise BadRecord(where, "codes and cleaning are not lists of texts")
    if not isinstance(card.get("config"), dict):
        raise BadRecord(where, "{field} is not a table", field="config")
    _check_calibration(card.get("calibration"), where)


def run_info(package: RunPackage, card: Card, snapshot: str) -> RunInfo:
    """The run as a row of the store, with its checked scores."""
    metrics = package.document(METRICS)
    where = f"{package.where}/{METRICS}"
    for part in ("test", "validation"):
        _check_scores(metrics.get(part), card.codes, where, part)
    if metrics.setdefault("by_recording", None) is not None:
        _check_scores(metrics["by_recording"], card.codes, where, "by_recording")
    _check_calibration(metrics.get("calibration"), where)
    versions = metrics.get("environment", {})
    if not isinstance(versions, dict) or not all(isinstance(version, str) for version in versions.values()):
        raise BadRecord(where, "{field} is not a table", field="environment")
    if not _is_count(metrics.get("persons_on_several_sides", 0)):
        raise BadRecord(where, "{field} is not a number", field="persons_on_several_sides")
    return RunInfo(
        card.run_id, card.recipe, card.encoder, card.scheme, card.modality, snapshot, "done",
        _started_at(package, card), metrics,
    )  # fmt: skip


def _started_at(package: RunPackage, card: Card) -> str:
    """When the training started, so that an old run is not the newest one here; a plain folder has only the card."""
    started = package.document(MANIFEST).get("started_at") if MANIFEST in package.files else None
    return started if isinstance(started, str) and _TIME.fullmatch(started) else card.created_at


def _check_scores(scores: Any, codes: tuple[str, ...], where: str, part: str) -> None:
    """`BadRecord` unless `scores` has the keys of `core.scores.evaluate`, with one row for each class in order."""
    try:
        good = (
            all(_is_count(scores[name]) for name in ("n", "n_groups"))
            and all(_is_score(scores[name]) for name in _SCORES)
            and [row["code"] for row in scores["per_class"]] == list(codes)
            and all(_is_class_row(row) for row in scores["per_class"])
            and [len(row) for row in scores["confusion"]] == [len(codes)] * len(codes)
            and all(_is_count(n) for row in scores["confusion"] for n in row)
            and all(_NOTE.fullmatch(note["what"]) and set(note["classes"]) <= set(codes) for note in scores["notes"])
        )
    except (KeyError, TypeError):
        good = False
    if not good:
        raise BadRecord(where, "{part} does not hold the scores of the run's classes", part=part)


def _check_calibration(values: Any, where: str) -> None:
    good = (
        isinstance(values, dict)
        and values.get("method") in _METHODS
        and values.get("fitted_on") in _SIDES
        and _is_count(values.get("n"))
        and all(_is_number(values.get(name)) for name in ("temperature", "ece_before", "ece_after"))
        and values["temperature"] > 0
    )
    if not good:
        raise BadRecord(where, "calibration does not hold a temperature and its errors")


def _is_class_row(row: Any) -> bool:
    return _is_count(row["n"]) and all(_is_score(row[name]) for name in _CLASS_SCORES)


def _is_score(score: Any) -> bool:
    return all(score[name] is None or _is_number(score[name]) for name in ("value", "low", "high"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST
