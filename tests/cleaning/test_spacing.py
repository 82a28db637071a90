"""Spacers change only white space; the default handles callers' speech; a missing one names its install command."""

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from cleaning_dev import SPACED
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cleaning import SPACERS, suggest
from core.cleaning.analyser import dictionary
from core.cleaning.plan import parse_toml
from core.cleaning.spacing import pykospacing
from core.cleaning.spacing.spacing import make
from core.errors import MissingBackend
from core.plugins import pick

pytestmark = pytest.mark.integration  # loads Kiwi, which takes seconds

INSTALLED = [name for name, backend in SPACERS.items() if backend.installed()]
HARD = [
    "",
    " ",
    "🔥🔥 불났어요 😱",
    "\ud800가",
    "가" * 6000,
    "[전화]",
    "a\tb\n가 나",
    "ㅋㅋ",
    "...",
    "１１９",
    "\u1100\u1161",
    "𠀀가",
]


def bare(text: str) -> str:
    return "".join(text.split())


def test_the_default_is_installed() -> None:
    assert "kiwi" in INSTALLED


@pytest.mark.parametrize("name", INSTALLED)
def test_a_spacer_moves_only_white_space(name: str) -> None:
    space = pick(SPACERS, name, "spacing backend")
    texts = [*HARD, *SPACED, *(bare(text) for text in SPACED)]
    spaced = space(texts, ())
    assert [bare(text) for text in spaced] == [bare(text) for text in texts]
    assert space([], ()) == []
    assert [space([text], ())[0] for text in texts[:20]] == spaced[:20], "a batch of one equals a batch of many"


@settings(deadline=None, max_examples=150)
@given(st.text("가나다119불났어요 [전화].,!🔥\u200da", max_size=40))
def test_kiwi_moves_only_white_space_of_anything(text: str) -> None:
    (spaced,) = pick(SPACERS, "kiwi", "spacing backend")([text], ())
    assert bare(spaced) == bare(text)


@pytest.mark.parametrize("text", SPACED)
def test_what_is_right_stays_and_what_is_run_together_comes_apart(text: str) -> None:
    clean = make({"backend": "kiwi", "words": []}, 0.0)
    assert clean([text]) == [None]
    (change,) = clean([bare(text)])
    assert change is not None
    wrong = set(gaps(change.after)) ^ set(gaps(text))
    assert len(wrong) <= 1, change.after


def gaps(text: str) -> Iterator[int]:
    letters = 0
    for c in text:
        if c == " ":
            yield letters
        else:
            letters += 1


def test_spacing_is_surer_of_what_it_puts_in_than_of_what_it_takes_out() -> None:
    clean = make({"backend": "kiwi", "words": []}, 0.0)
    added, removed = clean(["불이났어요", "심 장 이 아파요"])
    assert added is not None
    assert (added.after, added.confidence) == ("불이 났어요", 0.95)
    assert removed is not None
    assert (removed.after, removed.confidence) == ("심장이 아파요", 0.85)


def test_words_of_a_plan_are_known() -> None:
    body = "[[steps]]\nname = 'spacing'\nwords = ['하늬빛고을']"
    (suggestion,) = suggest(parse_toml(body, "x"), "저는하늬빛고을에살아요")
    assert suggestion.after == "저는 하늬빛고을에 살아요"


def test_the_dictionary_is_words_with_tags() -> None:
    rows = list(dictionary())
    assert ("심정지", "NNG") in rows
    assert {tag for _, tag in rows} <= {"NNG", "NNP", "VV", "VA", "MAG", "EF"}
    assert len({word for word, _ in rows}) > 150


@pytest.mark.skipif(SPACERS["pykospacing"].installed(), reason="pykospacing is installed")
def test_an_absent_spacer_names_the_command() -> None:
    with pytest.raises(MissingBackend, match=r"needs pykospacing, .*pip install 'tensorflow<2\.22'"):
        suggest(parse_toml("[[steps]]\nname = 'spacing'\nbackend = 'pykospacing'", "x"), "불이났어요")


def test_the_adapter_of_pykospacing_keeps_letters_and_placeholders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is too large for some machines, so a function with the same interface replaces it."""
    inputs: list[str] = []

    def spacing(text: str) -> str:
        inputs.append(text)
        return text.replace("주", " 주").replace("나쁜", "")

    monkeypatch.setitem(sys.modules, "pykospacing", SimpleNamespace(Spacing=lambda rules: spacing))
    pykospacing._model.cache_clear()
    try:
        spaced = pykospacing.space(["와주세요[전화]로연락주세요", "나쁜 말", "", "가" * 450])
    finally:
        pykospacing._model.cache_clear()
    assert spaced[0] == "와 주세요[전화]로연락 주세요"
    assert spaced[1] == "나쁜 말", "letters that went make the answer worthless"
    assert spaced[2] == ""
    assert bare(spaced[3]) == "가" * 450
    assert max(map(len, inputs)) <= pykospacing.MOST_LETTERS
    assert not any("[" in text for text in inputs)


@pytest.mark.skipif(not SPACERS["dadeum"].installed(), reason=SPACERS["dadeum"].install)
def test_dadeum_gives_only_white_space_and_keeps_words_and_placeholders() -> None:
    space = pick(SPACERS, "dadeum", "spacing backend")
    texts = ["불이났어요", "[전화]로 연락주세요", "심 장 이 아파요", "ㅋㅋㅋ 😱👩‍🚒", "a\tb 가"]
    assert space(texts, ()) == ["불이 났어요", "[전화]로 연락주세요", "심장이 아파요", "ㅋㅋㅋ 😱👩‍🚒", "ab 가"]
    assert space(["119에신고했어요"], ()) == ["119에 신고 했어요"]
    assert space(["119에신고했어요"], ("신고했어요",)) == ["119에 신고했어요"]
