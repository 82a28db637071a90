"""core.ui.widgets.guideline_text: guidelines hold no image and no heading, however they are written."""

import pytest

from core.ui.widgets.guideline_text import safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![x](u)", r"\!\[x](u)"),
        (r"\![x](u)", r"\![x](u)"),  # its `!` is escaped: a link
        (r"\\![x](u)", r"\\\!\[x](u)"),  # an escaped backslash, then an image
        (r"\\\![x](u)", r"\\\![x](u)"),
        ("[![a](b)](c)", r"[\!\[a](b)](c)"),
        ("![x][ref]\n\n[ref]: u", r"\!\[x][ref]" + "\n\n[ref]: u"),
    ],
)
def test_no_image_is_loaded(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# 규칙", "**규칙**"),
        ("###### 규칙 ##", "**규칙**"),
        ("> ## 규칙", "> **규칙**"),
        ("- # 규칙", "- **규칙**"),
        ("1. > ### 규칙", "1. > **규칙**"),
        ("## **규칙**", "**규칙**"),
        ("#", ""),
        ("규칙\n===", "규칙\n"),
        ("> 규칙\n> ---", "> 규칙\n> "),
        ("#태그", "#태그"),
        ("| a | b |\n|---|---|", "| a | b |\n|---|---|"),
        ("- 하나\n- 둘", "- 하나\n- 둘"),
    ],
)
def test_headings_become_bold_also_in_lists_and_quotations(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_long_line_takes_no_long_time() -> None:
    assert safe("# " + "#" * 20_000 + "x").endswith("x**")
    assert safe("> " * 10_000 + "=x") == "> " * 10_000 + "=x"
