"""What lower layers say, told in Korean; every template is checked against what the code can say."""

import ast
import re
from collections.abc import Iterator

import pytest

from core.quality import CHECKS
from core.settings import ROOT
from core.ui import i18n, phrases

FIELD = re.compile(r"\{\w+\}")
LEAST_LETTERS = 5  # of its own in what the code says: `f"{where}: {reason}"` would be anything


def spoken() -> Iterator[str]:
    """A pattern of each text in the sources, with any text for what it fills in."""
    for path in (ROOT / "core").rglob("*.py"):
        if "ui" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else None for p in node.values]
                if sum(c.isalpha() for p in parts if p for c in str(p)) >= LEAST_LETTERS:
                    yield "".join(".+" if p is None else re.escape(str(p)) for p in parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.escape(node.value)
    yield from (rf".+ {re.escape(check.what)}" for check in CHECKS.values())


def test_each_template_is_something_that_the_code_says() -> None:
    said = [re.compile(one, re.DOTALL) for one in dict.fromkeys(spoken())]
    every = (*phrases.ERRORS, *phrases.ROWS, *phrases.FINDINGS, *phrases.REASONS)
    assert len(every) > 90
    filled = {one: FIELD.sub("1", one) for one in every}
    unsaid = [t for t, one in filled.items() if not any(p.fullmatch(one) or p.fullmatch(f"x: {one}") for p in said)]
    assert unsaid == []


def test_every_check_can_be_told_in_korean() -> None:
    own = ("same-text", "label-conflict", "small-class", "overlapping-times", "same-length", "mixed-rates")
    for check in CHECKS.values():
        if check.name not in own:  # those say it in other words
            assert re.search("[가-힣]", phrases.told(f"1,200 {check.what}") or ""), check.what


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("is empty", "비어 있습니다"),
        ("a: b.csv: is empty", "a: b.csv: 비어 있습니다"),
        ("row 3: column 글: no text", "row 3: 열 글: 글이 없습니다"),
        ("x.json: breaks off after row 7: is empty", "x.json: 7행 뒤에서 끊깁니다: 비어 있습니다"),
        ("x.json: breaks off after row 7: Expecting value", "x.json: 7행 뒤에서 끊깁니다: Expecting value"),
        ("1,200 rows repeat an earlier text (7 different texts)",
         "1,200행이 앞선 글을 되풀이합니다(서로 다른 글 7개)"),
        ("no view '{who} {0} %s'", "'{who} {0} %s'이라는 보기가 없습니다"),
        ("nobody says this", None),
        ("", None),
        (": " * 50, None),
    ],
)  # fmt: skip
def test_it_is_told_in_korean(english: str, korean: str | None) -> None:
    assert phrases.told(english) == korean
    assert phrases.shown(english) == (korean or english)


def test_english_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "DEFAULT", "en")
    assert phrases.told("nobody says this") == "nobody says this"
