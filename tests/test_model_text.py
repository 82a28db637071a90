"""core.text.model_text: a second application of a step changes nothing, in any order; the text that a model reads."""

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnknownName
from core.text.model_text import DEFAULT_PLAN, STEPS, apply


@pytest.mark.parametrize(
    ("step", "text", "clean"),
    [
        ("nfc", unicodedata.normalize("NFD", "불이야"), "불이야"),
        ("strip-controls", "\ufeff불\u200b이\x00야\u202e\n여기", "불이야\n여기"),
        ("strip-controls", "가\ud800나", "가나"),
        ("strip-controls", "불 났어요 🔥!", "불 났어요 🔥!"),
        ("collapse-space", "  불\u3000났어요\t\n여기\u00a0 ", "불 났어요 여기"),
    ],
)
def test_steps(step: str, text: str, clean: str) -> None:
    assert STEPS[step](text) == clean


def test_the_default_plan_is_what_cards_name() -> None:
    assert DEFAULT_PLAN == ("nfc", "strip-controls", "collapse-space")
    assert apply(DEFAULT_PLAN, "\ufeff" + unicodedata.normalize("NFD", "불이  났어요") + "\r\n") == "불이 났어요"
    assert apply((), " as  it came ") == " as  it came "


def test_an_unknown_step_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"unknown cleaning step 'spel'; known: nfc, strip-controls, collapse-space"):
        apply(["nfc", "spel"], "불")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_a_plan_changes_nothing_the_second_time(text: str) -> None:
    once = apply(DEFAULT_PLAN, text)
    assert apply(DEFAULT_PLAN, once) == once
    assert once.encode("utf-8").decode() == once
    for order in itertools.permutations(DEFAULT_PLAN):
        assert apply(order, once) == once
