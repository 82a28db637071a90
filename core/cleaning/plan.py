"""Review plans: ordered steps with settings, as TOML files.

    name = "default"

    [[steps]]
    name = "unicode"        # a row of core.cleaning.steps.table.KINDS
    self_apply = true       # safe steps only (unicode, tags): applied without a curator, as a Revision like any other

    [[steps]]
    name = "spacing"
    confidence = 0.5        # what is less sure is not suggested
    backend = "kiwi"        # a step's own settings stand beside

A plan in a card (`core.model_text`) is another thing: names of rewrites that lose nothing. Every refusal is a
`BadRecord` that names file, step number and key.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import tomli_w

from core.cleaning.steps.table import KINDS
from core.errors import BadRecord
from core.messages import Message, Word, within

DEFAULT_FILE = Path(__file__).parent / "plans" / "default.toml"
LONGEST_FILE = 1 << 20
MOST_STEPS = 50
_COMMON = ("name", "confidence", "self_apply")
_TYPES = {str: "a text", list: "a list", bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a plan; `settings` holds every setting of its kind."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = 0.0
    self_apply: bool = False

    @property
    def of_corpus(self) -> bool:
        """Whether it compares utterances; then `core.quality` has a check of its name."""
        return KINDS[self.name].make is None


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order. A name comes once, so that a suggestion's `step` tells which made it."""

    name: str
    steps: tuple[Step, ...]

    def only(self, *names: str) -> "Plan":
        """The plan with these steps only, in its order."""
        return replace(self, steps=tuple(step for step in self.steps if step.name in names))

    @property
    def remote(self) -> tuple[str, ...]:
        """The steps that would send texts away."""
        return tuple(step.name for step in self.steps if KINDS[step.name].remote(step.settings))


def read(path: Path) -> Plan:
    """The plan in a file; `BadRecord` where it cannot be read."""
    try:
        return parse_toml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecord(str(path), "cannot be read: {error}", error=error) from error


@cache
def default_plan() -> Plan:
    """What `plans/default.toml` says."""
    return parse_toml(DEFAULT_FILE.read_text(encoding="utf-8"), DEFAULT_FILE.name)


def parse_toml(text: str, where: str) -> Plan:
    """The plan in `text`, checked; `where` is the file's name."""
    if len(text) > LONGEST_FILE:
        raise BadRecord(
            where, "{n:,} characters; a plan has at most {longest_file:,}", n=len(text), longest_file=LONGEST_FILE
        )
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise BadRecord(where, "is not TOML: {error}", error=error) from error
    except RecursionError as error:
        raise BadRecord(where, "is nested too deeply") from error
    return from_document(document, where)


def from_document(document: Mapping[str, Any], where: str) -> Plan:
    """The plan of a parsed file, or of the same thing as JSON."""
    if unknown := [key for key in document if key not in ("name", "steps")]:
        raise BadRecord(within(where, unknown[0][:40]), "no such key; there are name, steps")
    name, rows = document.get("name", "plan"), document.get("steps")
    if not isinstance(name, str) or not name.strip() or len(name) > 100:
        raise BadRecord(
            within(where, "name"), "expected a text of 1 to 100 characters, found {name!r}", name=str(name)[:40]
        )
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_STEPS:
        raise BadRecord(
            within(where, "steps"),
            "a plan has 1 to {most_steps} steps, written as [[steps]] blocks",
            most_steps=MOST_STEPS,
        )
    steps = tuple(_step(row, Message("{where}, step {n}", where=where, n=n)) for n, row in enumerate(rows, 1))
    for n, step in enumerate(steps, 1):
        if step.name in [earlier.name for earlier in steps[: n - 1]]:
            raise BadRecord(
                within(Message("{where}, step {n}", where=where, n=n), "name"), "{step!r} comes twice", step=step.name
            )
    return Plan(name.strip(), steps)


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan as plain values; `from_document` reads it back."""
    steps = [
        {"name": step.name}
        | ({"confidence": step.confidence} if step.confidence else {})
        | ({"self_apply": True} if step.self_apply else {})
        | dict(step.settings)
        for step in plan.steps
    ]
    return {"name": plan.name, "steps": steps}


def to_toml(plan: Plan) -> str:
    """The plan as a file, every setting written out."""
    return tomli_w.dumps(to_document(plan), multiline_strings=False)


def _step(row: Any, where: str) -> Step:
    if not isinstance(row, Mapping):
        raise BadRecord(where, "is no table: steps are written as [[steps]] blocks")
    name = row.get("name")
    if name not in KINDS:
        found = Message("is missing") if name is None else Message("unknown step {name!r}", name=str(name)[:40])
        raise BadRecord(within(where, "name"), "{reason}; known: {kinds}", reason=found, kinds=", ".join(KINDS))
    kind, where = KINDS[name], Message("{where} ({name})", where=where, name=name)
    if unknown := [key for key in row if key not in (*_COMMON, *kind.settings)]:
        raise BadRecord(
            within(where, unknown[0][:40]),
            "no such key; there are {names}",
            names=", ".join((*_COMMON, *kind.settings)),
        )
    confidence = _typed(row.get("confidence", 0.0), 0.0, within(where, "confidence"))
    if not 0 <= confidence <= 1:
        raise BadRecord(within(where, "confidence"), "{confidence} is not in 0 to 1", confidence=confidence)
    self_apply = _typed(row.get("self_apply", False), False, within(where, "self_apply"))
    if self_apply and not kind.safe:
        safe = ", ".join(other for other, one in KINDS.items() if one.safe)
        raise BadRecord(
            within(where, "self_apply"), "changes what was said, so a curator decides; only {safe} may", safe=safe
        )
    return Step(name, _settings(row, name, where), float(confidence), self_apply)


def _settings(row: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    made = {}
    for key, setting in KINDS[name].settings.items():
        made[key] = _typed(row.get(key, setting.default), setting.default, within(where, key))
        if wrong := setting.check(made[key]):
            raise BadRecord(within(where, key), wrong)
    return made


def _typed(value: Any, like: Any, where: str) -> Any:
    wanted: type = type(like)
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise BadRecord(where, "expected {types}, found {value!r}", types=Word(_TYPES[wanted]), value=str(value)[:40])
    return value
