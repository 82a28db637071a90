"""Review plans: ordered steps with settings, as TOML files.

    name = "default"

    [[steps]]
    name = "unicode"        # a row of core.cleaning.steps.table.STEP_KINDS
    self_apply = true       # safe steps only (unicode, tags): applied without a curator, as a Revision like any other

    [[steps]]
    name = "spacing"
    confidence = 0.5        # changes with a lower confidence are not suggested
    backend = "kiwi"        # the step's own settings

The plan in a model's card (`core.text.model_text`) is something else: a list of rewrites that lose nothing. A plan that
is not valid is refused with a `BadRecord` that names the file, the step number and the key.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import tomli_w

from core.cleaning.steps.table import STEP_KINDS
from core.errors import BadRecord
from core.messages import Message, Word, within

DEFAULT_FILE = Path(__file__).parent / "plans" / "default.toml"
LONGEST_FILE = 1 << 20
MOST_STEPS = 50
_COMMON = ("name", "confidence", "self_apply")
_TYPES = {str: "a text", list: "a list", bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan. `settings` holds a value for every setting of its kind."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = 0.0
    self_apply: bool = False

    @property
    def of_corpus(self) -> bool:
        """Whether it compares utterances instead of changing one text. `core.quality` has a check of the same name."""
        return STEP_KINDS[self.name].make is None


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in their order. Each name occurs once, so that the `step` of a suggestion identifies the step."""

    name: str
    steps: tuple[Step, ...]

    def only(self, *names: str) -> "Plan":
        """The plan with only the steps of these names, in the same order."""
        return replace(self, steps=tuple(step for step in self.steps if step.name in names))

    @property
    def remote(self) -> tuple[str, ...]:
        """The names of the steps that would send texts to another machine."""
        return tuple(step.name for step in self.steps if STEP_KINDS[step.name].remote(step.settings))


def read(path: Path) -> Plan:
    """The plan in a TOML file; `BadRecord` if the file cannot be read or the plan is not valid."""
    try:
        return parse_toml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecord(str(path), "cannot be read: {error}", error=error) from error


@cache
def default_plan() -> Plan:
    """The plan in `plans/default.toml`."""
    return parse_toml(DEFAULT_FILE.read_text(encoding="utf-8"), DEFAULT_FILE.name)


def parse_toml(text: str, where: str) -> Plan:
    """The plan in the TOML `text`; `BadRecord` if it is not valid. `where`: the name of the file, for errors."""
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
    """The plan in parsed TOML or JSON; `BadRecord` if it is not valid."""
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
    """The plan as plain values, which `from_document` reads back."""
    steps = [
        {"name": step.name}
        | ({"confidence": step.confidence} if step.confidence else {})
        | ({"self_apply": True} if step.self_apply else {})
        | dict(step.settings)
        for step in plan.steps
    ]
    return {"name": plan.name, "steps": steps}


def to_toml(plan: Plan) -> str:
    """The plan as TOML, with every setting written out."""
    return tomli_w.dumps(to_document(plan), multiline_strings=False)


def _step(row: Any, where: str) -> Step:
    if not isinstance(row, Mapping):
        raise BadRecord(where, "is no table: steps are written as [[steps]] blocks")
    name = row.get("name")
    if name not in STEP_KINDS:
        reason = Message("is missing") if name is None else Message("unknown step {name!r}", name=str(name)[:40])
        raise BadRecord(within(where, "name"), "{reason}; known: {kinds}", reason=reason, kinds=", ".join(STEP_KINDS))
    kind, where = STEP_KINDS[name], Message("{where} ({name})", where=where, name=name)
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
        safe = ", ".join(other for other, step_kind in STEP_KINDS.items() if step_kind.safe)
        raise BadRecord(
            within(where, "self_apply"), "changes what was said, so a curator decides; only {safe} may", safe=safe
        )
    return Step(name, _settings(row, name, where), float(confidence), self_apply)


def _settings(row: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    settings = {}
    for key, setting in STEP_KINDS[name].settings.items():
        settings[key] = _typed(row.get(key, setting.default), setting.default, within(where, key))
        if wrong := setting.check(settings[key]):
            raise BadRecord(within(where, key), wrong)
    return settings


def _typed(value: Any, like: Any, where: str) -> Any:
    """`value`, if it has the type of `like` (an int is also a float); else `BadRecord`."""
    wanted: type = type(like)
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise BadRecord(where, "expected {types}, found {value!r}", types=Word(_TYPES[wanted]), value=str(value)[:40])
    return value
