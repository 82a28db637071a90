"""Prompts: what a language model is told, in Korean, for each Scheme. A person may edit them.

A prompt is a TOML file: `system`, `user`, and under `[meanings]` what each class means. `user` is a template with
`$text` (the sentence) and `$n` (how many), and if wanted `$scheme`, `$label`, `$meaning`, `$examples`; `$$` is a dollar
sign. Texts of a corpus are inserted as JSON strings, so that no sentence can end its own quotation.
The program's prompts lie in `prompts/`; a Scheme without one has that of `default.toml`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tomli_w import dumps

from core.errors import InputError
from core.files import json_text, sha256
from core.messages import Names
from core.schemes import Scheme, split_codes

FOLDER = Path(__file__).parent / "prompts"
DEFAULT = "default"
FIELDS = ("text", "n", "scheme", "label", "meaning", "examples")
NEEDED = ("text", "n")
NONE = "(없음)"
_MOST_CHARS = 20_000


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    system: str = Field(min_length=1, max_length=_MOST_CHARS)
    user: str = Field(min_length=1, max_length=_MOST_CHARS)
    meanings: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is told: a rule for all requests, a template for one, and what each class (by code) means."""

    system: str
    user: str
    meanings: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of the prompt as it is edited, before texts are inserted."""
        return sha256(self.to_toml().encode())

    def to_toml(self) -> str:
        """The prompt as its file."""
        document: dict[str, Any] = {"system": self.system, "user": self.user, "meanings": dict(self.meanings)}
        return dumps(document, multiline_strings=True)

    def message(self, scheme: Scheme, code: str, text: str, n: int, examples: Sequence[str] = ()) -> str:
        """The request for `n` sentences like `text` of class `code` ("" for none, several joined by `|`)."""
        labels = [scheme.label(each) for each in split_codes(code) if code]
        return Template(self.user).substitute(
            text=json_text(text),
            n=n,
            scheme=scheme.ko,
            label=", ".join(label.ko for label in labels) or NONE,
            meaning="; ".join(self.meanings.get(label.code) or label.ko for label in labels) or NONE,
            examples="\n".join(f"- {json_text(example)}" for example in examples) or NONE,
        )


def bundled(scheme: str) -> Prompt:
    """The program's prompt for a Scheme."""
    file = FOLDER / f"{scheme}.toml"
    return parse((file if file.is_file() else FOLDER / f"{DEFAULT}.toml").read_text(encoding="utf-8"), file.name)


def parse(content: str, where: str) -> Prompt:
    """Read a prompt from TOML. `InputError` names the file and what is wrong in it."""
    try:
        values = _File.model_validate(tomllib.loads(content))
    except tomllib.TOMLDecodeError as error:
        raise InputError("{where}: {reason}", where=where, reason=str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            "{where}: {reason}",
            where=where,
            reason=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
        ) from None
    return checked(Prompt(values.system.strip(), values.user.strip(), values.meanings), where)


def checked(prompt: Prompt, where: str) -> Prompt:
    """The same prompt; `InputError` if its template cannot be filled in."""
    template = Template(prompt.user)
    if not template.is_valid():
        raise InputError("{where}: a dollar sign that begins no field is written $$", where=where)
    names = template.get_identifiers()
    if unknown := [name for name in names if name not in FIELDS]:
        raise InputError(
            "{where}: unknown field {name!r}; known: {known}",
            where=where,
            name=f"${unknown[0]}",
            known=Names(f"${name}" for name in FIELDS),
        )
    if missing := [name for name in NEEDED if name not in names]:
        raise InputError("{where}: the template needs the field {name}", where=where, name=f"${missing[0]}")
    for part, text in (("system", prompt.system), ("user", prompt.user)):
        if not 0 < len(text) <= _MOST_CHARS:
            raise InputError(
                "{where}: {part} must have between 1 and {most:,} characters",
                where=where,
                part=part,
                most=_MOST_CHARS,
            )
    return prompt
