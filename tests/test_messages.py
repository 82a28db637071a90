"""Messages keep their template and fields: in the sources, in storage, and in the reader's language."""

import ast
import string
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import syntax

from core.errors import AudioError, BadRecord, Conflict, InputError, NotFound, Stale, UnknownName
from core.messages import (
    ClassName,
    Instant,
    Message,
    Names,
    SchemeName,
    Word,
    message_entry,
    message_from_json,
    message_to_json,
    restore_message,
)
from core.records import Skip
from scripts.messages import ROOT, choices, sources, template_arguments

# Parameters of these errors that are no fields of the template.
PARAMETERS = {"AudioError": {"kind"}, "Stale": {"mine", "theirs"}, "Unfit": {"reason"}}
NOT_FIELDS = {
    "Check",
    "Change",
    "Fix",
    "Skip",
    "Reject",
    "Broken",
    "UnknownName",
    "NewProposal",
    "pick",
    "note",
    "Word",
}
# A brace without a field: the example that such an error shows.
AS_WRITTEN = {"has no field such as {speaker}"}


@cache
def calls() -> list[tuple[Path, ast.Call, ast.expr]]:
    """Return each call in the product that takes a template, with each expression that can be the template."""
    return [
        (path, call, choice)
        for path in sources()
        for call, argument in template_arguments(syntax.nodes(path))
        for choice in choices(argument)
    ]


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else str(getattr(call.func, "attr", ""))


def put_together(node: ast.expr) -> bool:
    """Whether `node` builds a text from parts, or converts a message to a plain text."""
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        return True
    made_by = name_of(node) if isinstance(node, ast.Call) else ""
    return made_by in ("str", "repr", "join", "format", "replace")


def test_every_template_is_a_literal() -> None:
    """A built template would not be in the catalogue, and its fields could not be translated."""
    assert len(calls()) > 500
    wrong = [f"{path.relative_to(ROOT)}:{call.lineno}" for path, call, choice in calls() if put_together(choice)]
    assert wrong == []


def test_every_template_gets_its_fields() -> None:
    wrong = []
    for path, call, choice in calls():
        if not isinstance(choice, ast.Constant) or any(word.arg is None for word in call.keywords):
            continue
        name, template = name_of(call), str(choice.value)
        given = {str(word.arg) for word in call.keywords} - PARAMETERS.get(name, set())
        if name not in NOT_FIELDS and template not in AS_WRITTEN and not fields(template) <= given:
            wrong.append(f"{path.relative_to(ROOT)}:{call.lineno}: {template}")
    assert wrong == []


def test_a_message_is_its_english_text() -> None:
    message = Message("{n:,} rows of {name!r} in {scheme}", n=1200, name="a.csv", scheme=SchemeName("urgency"))
    assert message == "1,200 rows of 'a.csv' in urgency"
    assert (message.template, message.fields["n"]) == ("{n:,} rows of {name!r} in {scheme}", 1200)
    assert Message("a {brace} without fields") == "a {brace} without fields"
    assert Message(message) is message


def test_errors_carry_their_message() -> None:
    error = BadRecord("a.json", "no {what}", what="text")
    assert (str(error), error.reason.template) == ("a.json: no text", "no {what}")
    assert error.message.fields == {"where": "a.json", "reason": error.reason}
    unknown = UnknownName("scheme", "x", ())
    assert str(unknown) == "unknown scheme 'x'; known: none"
    assert unknown.message.fields["known"] == Word("none")
    wrapped = InputError("{file}: {error}", file="a", error=unknown)
    assert wrapped.message.fields["error"] is unknown.message
    assert str(InputError("{error}", error=ValueError("odd {0}"))) == "odd {0}"
    stale = Stale("version {seen} is gone", {"version": 1}, {"version": 2}, seen=1)
    assert (str(stale), stale.mine, stale.theirs) == ("version 1 is gone", {"version": 1}, {"version": 2})
    assert AudioError("a.wav", "odd").kind == "unusable"
    assert [type(e) for e in (NotFound("x"), Conflict("x"))] == [NotFound, Conflict]


MADE = Message(
    "{who}: {what}, {names}",
    who=SchemeName("danger"),
    what=Message("it is {state} by {n}", state=Word("accepted"), n=3),
    names=Names([ClassName("danger", "danger"), "다른 것"]),
    at=Instant("2026-12-01T03:04:05+00:00"),
)


FIELDS = [MADE.fields[name] for name in ("names", "what", "at")]


@pytest.mark.parametrize("text", [MADE, *FIELDS, Word("test"), Message("plain")])
def test_a_message_survives_storage(text: str) -> None:
    entry = message_entry(text)
    message = restore_message(str(text), entry)
    assert message == text
    assert message_to_json(message) == message_to_json(text) or not entry
    assert message_from_json(message_to_json(text)) == text
    assert type(message_from_json(message_to_json(text))) is type(text) or text == "plain"


def test_a_copy_is_the_same_message() -> None:
    assert message_to_json(deepcopy(MADE)) == message_to_json(MADE)


def test_old_rows_stay_as_they_are() -> None:
    assert restore_message("plain English of before", {}) == "plain English of before"
    assert restore_message("changed by hand", message_entry(MADE)) == "changed by hand"
    assert message_from_json("plain English of before") == "plain English of before"
    assert Skip("a", "no text").reason == "no text"
