"""core/ui/panels/imports/differences.py: how one difference of a delivery is shown."""

import pytest

from core.messages import Message, message_to_json
from core.records import Difference
from core.ui import i18n
from core.ui.panels.imports import differences


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "DEFAULT", "en")


@pytest.mark.parametrize(
    ("difference", "title", "before", "after"),
    [
        (Difference("text", "", "네"), "Text", "none", "네"),
        (Difference("start_ms", 1000, 1250), "Start", "1\\.000 s", "1\\.250 s"),
        (Difference("end_ms", None, 2500), "End", "none", "2\\.500 s"),
        (Difference("speaker", "caller", "taker"), "Speaker", "Caller", "Call taker"),
        (Difference("speaker", None, "kim"), "Speaker", "none", "kim"),
        (Difference("label:danger", "danger", "normal"), "Danger", "Danger", "Normal"),
        (Difference("label:danger", "normal", None), "Danger", "Normal", "none"),
        (Difference("label:mood", "좋음", "나쁨"), "mood", "좋음", "나쁨"),
        (Difference("audio", "a" * 64, "b" * 64), "Audio", "aaaaaaaaaa…", "bbbbbbbbbb…"),
        (Difference("audio", "s:1월/001", "s:2월/001"), "Audio", "s\\:1월/001", "s\\:2월/001"),
    ],
)
def test_a_difference_has_a_title_and_both_values(difference: Difference, title: str, before: str, after: str) -> None:
    assert differences.field_title(difference.field) == title
    assert differences.markdown(difference) == f":red-background[− {before}] :green-background[\\+ {after}]"


def test_a_text_is_compared_word_by_word() -> None:
    shown = differences.markdown(Difference("text", "불이 낫어요", "불이 났어요"))
    assert shown == "불이 :red-background[− 낫어요] :green-background[\\+ 났어요]"


def test_a_place_is_told_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    where = Message("row {number}", number=7)
    assert differences.place(where) == "row 7"
    monkeypatch.setattr(i18n, "DEFAULT", "ko")
    assert differences.place(where) == differences.place(message_to_json(where)) == "7행"
    assert differences.place("a.json") == "a.json"
    assert differences.place(None) == ""


def test_what_a_delivery_says_is_never_markdown_or_html() -> None:
    bad = "<b>![x](http://evil/x.png)</b> **굵게**"
    shown = differences.markdown(Difference("text", "네", bad)) + differences.markdown(
        Difference("speaker", bad, "kim")
    )
    assert "![" not in shown.replace("\\!\\[", "")
    assert "<" not in shown.replace("\\<", "")
    assert "**" not in shown
    assert differences.field_title("label:no such scheme") == "no such scheme"


def test_equal_words_around_a_change_are_cut_and_changed_ones_are_not() -> None:
    same, new = " ".join(["가나다"] * 40), " ".join(["새말"] * 40)
    shown = differences.markdown(Difference("text", f"{same} 끝", f"{same} {new} 끝"))
    assert shown.startswith(f"{same[:24]} … ")
    assert new in shown
    assert len(shown) < len(same) + len(new)
