"""Update `core/ui/locale/ko.po` from the messages in core, pages and app.py: `make messages`.

A message is the text in `_("...")` or `N_("...")`, a value of a table named STRINGS, or the template of an error, a
`Skip`, a `Message` or another call in TEMPLATES. A new message gets an empty translation, a message that is gone is
removed, and the other translations stay. The same sources give the same bytes: sorted, without locations and dates.
The script translates nothing; `tests/ui/test_i18n.py` fails until a person has translated all messages.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from core.files import write_bytes

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "core" / "ui" / "locale" / "ko.po"
FIELD = re.compile(r"\{\w+[^{}]*\}")
TABLE = "STRINGS"
# The calls that take a template of `core.messages`, and the position of that argument.
TEMPLATES = dict.fromkeys(
    (
        "Message", "Word", "CoreError", "InputError", "NotEnoughData", "MissingBackend", "StoreError", "StoreAway",
        "NotFound", "Conflict", "Stale", "Unfit", "CheckpointMismatch", "JobFailed", "UnknownName", "note",
    ),
    0,
) | dict.fromkeys(("BadRecord", "AudioError", "Skip", "Check", "Change", "Fix"), 1) | {
    "Reject": 2, "Broken": 1, "pick": 2, "NewProposal": 4,
}  # fmt: skip
HEADER = """\
# Korean messages of Gwidama. `make messages` brings this file up to the sources; translate what is empty.
msgid ""
msgstr ""
"Language: ko\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def sources() -> list[Path]:
    """The Python files whose messages people read, in a fixed order."""
    return [*sorted((ROOT / "core").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py")), ROOT / "app.py"]


def messages(files: list[Path]) -> dict[str, str]:
    """Every message with the `file:line` of its first use."""
    first_use: dict[str, str] = {}
    for path in files:
        if not path.is_file():
            continue
        for line, text in (*_marked(path), *_tabled(path), *templates(path)):
            if text:
                first_use.setdefault(text, f"{path.relative_to(ROOT)}:{line}")
    return first_use


@lru_cache(maxsize=1)
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """The syntax of `path`, the module first; three searches go over it, one after the other."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def _marked(path: Path) -> Iterator[tuple[int, str]]:
    """The texts in `_("...")` and `N_("...")`, also inside an f-string, where babel sees no call."""
    found = []
    for node in nodes(path):
        match node:
            case ast.Call(ast.Name("_" | "N_") | ast.Attribute(attr="_" | "N_"), [ast.Constant(str(text)), *_]):
                found.append((node.lineno, text))
    yield from sorted(found)


def _tabled(path: Path) -> Iterator[tuple[int, str]]:
    module = nodes(path)[0]
    for node in module.body if isinstance(module, ast.Module) else ():
        match node:
            case ast.Assign([ast.Name(name)], ast.Dict(values=values)) if name == TABLE:
                messages_ = values
            case ast.AnnAssign(ast.Name(name), _, ast.Dict(values=values)) if name == TABLE:
                messages_ = values
            case _:
                continue
        yield from ((v.lineno, v.value) for v in messages_ if isinstance(v, ast.Constant) and isinstance(v.value, str))


def templates(path: Path) -> Iterator[tuple[int, str]]:
    """The templates in the calls of TEMPLATES in `path`. A template of fields and signs alone is left out."""
    for _, argument in template_arguments(nodes(path)):
        for node in choices(argument):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _has_letters(node.value):
                yield node.lineno, node.value


def template_arguments(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Each call of TEMPLATES among `nodes` with its template argument."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            place = TEMPLATES.get(name)
            if place is not None and place < len(node.args):
                yield node, node.args[place]


def choices(argument: ast.expr) -> list[ast.expr]:
    """Both branches of `a if test else b`; for any other expression, the expression itself."""
    if isinstance(argument, ast.IfExp):
        return [*choices(argument.body), *choices(argument.orelse)]
    return [argument]


def _has_letters(template: str) -> bool:
    return any(character.isalpha() for character in FIELD.sub("", template))


def read(path: Path = PO) -> Catalog:
    """The catalogue on disk, without obsolete entries."""
    with path.open("rb") as file:
        return read_po(file, locale="ko")


def updated(catalogue: Catalog, wanted: dict[str, str]) -> bytes:
    """The bytes of the file with exactly the messages of `wanted`, and the translations that `catalogue` has."""
    fresh = Catalog(locale="ko")
    for text in wanted:
        known = catalogue.get(text)
        fresh.add(text, known.string if known else "", flags=known.flags if known else ())
    out = BytesIO()
    write_po(out, fresh, width=120, no_location=True, omit_header=True, sort_output=True)
    return HEADER.encode() + out.getvalue()


def main() -> int:
    catalogue, wanted = read() if PO.is_file() else Catalog(locale="ko"), messages(sources())
    PO.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(PO, updated(catalogue, wanted))
    empty = [f"{where}: {text}" for text, where in wanted.items() if not (m := catalogue.get(text)) or not m.string]
    print(f"{PO.relative_to(ROOT)}: {len(wanted)} messages, {len(empty)} without a translation", *empty, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
