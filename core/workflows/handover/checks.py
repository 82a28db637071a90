"""Checks what the files of a handed-over run hold, before anything of it is stored or shown.

A card or scores from elsewhere may hold anything. After these checks the names in a card are words, and the scores have
the shape that pages and shell read. Whether card and weights fit together is checked by loading the model.
"""

import re
from collections.abc import Mapping
from typing import Any, get_args

from core.errors import BadRecord
from core.ingest.run_package import MANIFEST, METRICS, RunPackage, is_of_a_run
from core.models import Modality
from core.records import Level, RunInfo
from core.runs.card import CARD, Card
from core.schemes.classes import Kind
from core.snapshots.format import Unit

LARGEST = 1e12
_WORD = re.compile(r"[\w-][\w.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+Z-]{5,30}")
_NOTE = re.compile(r"[\w ,:;.%-]{1,200}")
_ENCODER = re.compile(r"[\w.-][\w.+@/-]{0,199}")  # a name, a hub id or a folder
_TEXT = re.compile(r".+")
_OLD_WORDS, _OLD_HASHES = ("run_id", "recipe", "scheme", "snapshot"), ("snapshot_sha256", "weights_sha256")
_WORDS, _HASHES = ("run_id", "recipe", "architecture", "preset", "snapshot"), ("snapshot_sha256",)
_SCORES = ("accuracy", "macro_f1", "weighted_f1")
_CLASS_SCORES = ("recall", "precision", "f1")
_METHODS, _SIDES = ("temperature",), ("validation", "test")


def check_card(package: RunPackage) -> None:
    """`BadRecord` for a field of the card that is not what a card holds. Cards of format 1 and 2 are known."""
    card, where = package.document(CARD), f"{package.where}/{CARD}"
    old = card.get("format") == 1
    names, digests = (_OLD_WORDS, _OLD_HASHES) if old else (_WORDS, _HASHES)
    patterns = dict.fromkeys(names, _WORD) | dict.fromkeys(digests, _SHA256)
    patterns |= {"encoder": _WORD if old else _ENCODER, "created_at": _TIME, "code_version": _TEXT}
    for name, pattern in patterns.items():
        _check_word(card.get(name), name, pattern, where)
    if card.get("modality") not in get_args(Modality):
        raise BadRecord(where, "{field} is {value!r}, which no run has", field="modality", value=str(card["modality"]))
    lists = [card.get("cleaning")] + ([card.get("codes")] if old else [])
    if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
        raise BadRecord(where, "codes and cleaning are not lists of texts")
    if not isinstance(card.get("config"), dict):
        raise BadRecord(where, "{field} is not a table", field="config")
    if old:
        _check_calibration(card.get("calibration"), where)
    else:
        _check_targets(card, where)


def _check_word(value: Any, name: str, pattern: re.Pattern[str], where: str) -> None:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise BadRecord(where, "{field} is not a short text", field=name)
    if not pattern.fullmatch(value):
        raise BadRecord(where, "{field} is {value!r}, which no run has", field=name, value=value[:80])


def _check_targets(card: Mapping[str, Any], where: str) -> None:
    """`BadRecord` unless Targets, their calibrations, the base and the hashes of files are what a card holds."""
    targets, calibrations = card.get("targets"), card.get("calibrations")
    if not isinstance(targets, list) or not targets or not all(_is_target(target) for target in targets):
        raise BadRecord(where, "{field} is not a list of targets with their classes", field="targets")
    if not isinstance(calibrations, dict) or calibrations.keys() != {target["name"] for target in targets}:
        raise BadRecord(where, "{field} is not a table", field="calibrations")
    for values in calibrations.values():
        _check_calibration(values, where)
    if card.get("unit", "utterance") not in get_args(Unit):
        raise BadRecord(where, "{field} is {value!r}, which no run has", field="unit", value=str(card["unit"])[:80])
    base = card.get("base", {})
    if not isinstance(base, dict) or not all(isinstance(v, str) and len(v) <= 500 for v in base.values()):
        raise BadRecord(where, "{field} is not a table", field="base")
    files = card.get("files")
    if (
        not isinstance(files, dict)
        or not files
        or not all(
            is_of_a_run(name) and isinstance(digest, str) and _SHA256.fullmatch(digest)
            for name, digest in files.items()
        )
    ):
        raise BadRecord(where, "{field} is not a table", field="files")


def _is_target(target: Any) -> bool:
    return (
        isinstance(target, dict)
        and target.keys() == {"name", "codes", "kind", "level"}
        and isinstance(target["name"], str)
        and _WORD.fullmatch(target["name"]) is not None
        and isinstance(target["codes"], list)
        and len(target["codes"]) > 1
        and all(isinstance(code, str) for code in target["codes"])
        and target["kind"] in get_args(Kind)
        and target["level"] in get_args(Level)
    )


def run_info(package: RunPackage, card: Card, snapshot: str) -> RunInfo:
    """The run as a row of the store, with its checked scores."""
    metrics = package.document(METRICS)
    where = f"{package.where}/{METRICS}"
    several = metrics.get("targets", {card.scheme: metrics})
    if not isinstance(several, dict) or several.keys() != {target.name for target in card.targets}:
        raise BadRecord(where, "{field} is not a table", field="targets")
    for target in card.targets:
        _check_metrics(metrics if target.name == card.scheme else several[target.name], target.codes, where)
    versions = metrics.get("environment", {})
    if not isinstance(versions, dict) or not all(isinstance(version, str) for version in versions.values()):
        raise BadRecord(where, "{field} is not a table", field="environment")
    if not _is_count(metrics.get("persons_on_several_sides", 0)):
        raise BadRecord(where, "{field} is not a number", field="persons_on_several_sides")
    if not _is_mark(metrics.get("unfair_test")):
        raise BadRecord(where, "{field} is not a table", field="unfair_test")
    if not _is_count(metrics.get("unknown_machine", 0)):
        raise BadRecord(where, "{field} is not a number", field="unknown_machine")
    return RunInfo(
        card.run_id, card.recipe, card.encoder, card.scheme, card.modality, snapshot, "done",
        _started_at(package, card), metrics,
    )  # fmt: skip


def _is_mark(mark: Any) -> bool:
    """Whether a mark says of how many test items, or of an unknown number, a teacher has seen how many, and why."""
    if mark is None:
        return True
    counts = [mark.get(name) for name in ("n", "of")] if isinstance(mark, dict) else []
    return len(counts) == 2 and (counts == [None, None] or all(map(_is_count, counts))) and "why" in mark


def _check_metrics(metrics: Any, codes: tuple[str, ...], where: str) -> None:
    """`BadRecord` unless the scores of one Target are there for its classes."""
    if not isinstance(metrics, dict):
        raise BadRecord(where, "{field} is not a table", field="targets")
    for part in ("test", "validation"):
        _check_scores(metrics.get(part), codes, where, part)
    if metrics.setdefault("by_recording", None) is not None:
        _check_scores(metrics["by_recording"], codes, where, "by_recording")
    _check_calibration(metrics.get("calibration"), where)


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
            and _is_confusion(scores.get("confusion"), len(codes))
            and all(_is_note(note, codes) for note in scores.get("notes", []))
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


def _is_note(note: Any, codes: tuple[str, ...]) -> bool:
    return _NOTE.fullmatch(note["what"]) is not None and set(note["classes"]) <= set(codes)


def _is_confusion(table: Any, classes: int) -> bool:
    """A table of counts; a multi-label Target has none."""
    return table is None or (
        [len(row) for row in table] == [classes] * classes and all(_is_count(n) for row in table for n in row)
    )


def _is_class_row(row: Any) -> bool:
    return _is_count(row["n"]) and all(_is_score(row[name]) for name in _CLASS_SCORES)


def _is_score(score: Any) -> bool:
    return all(score[name] is None or _is_number(score[name]) for name in ("value", "low", "high"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST
