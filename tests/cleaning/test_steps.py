"""Steps that need no analyser: unicode, tags, repeats, stop."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.cleaning.personal_data import pii
from core.cleaning.spacing import spacing
from core.cleaning.steps import repeats, stop, tags, unicode
from core.cleaning.steps.change import Change
from core.errors import InputError
from core.quality.texts import tidy_text
from core.text.visible import emoji


def after(change: Change | None) -> str | None:
    return change.after if change else None


@pytest.mark.parametrize(
    ("text", "clean", "why"),
    [
        (unicodedata.normalize("NFD", "불이야"), "불이야", "not NFC"),
        ("불\u200b이야", "불이야", "invisible characters"),
        ("불이\u00a0났어요  ", "불이 났어요", "white space"),
        ("１１９ ＣＰＲ", "119 CPR", "full-width signs"),
        ("\u3164가", "가", "white space"),
        ("가\ud800", "가", "invisible characters"),
        ("불\ufe0f이야", "불이야", "invisible characters"),
        ("\u2800불이야", "불이야", "white space"),
        ("살려\u200d 주세요", "살려 주세요", "invisible characters"),
        ("👩\u200d🚒\u200b 와요", "👩\u200d🚒 와요", "invisible characters"),
    ],
)
def test_unicode(text: str, clean: str, why: str) -> None:
    assert unicode.clean(text) == Change(clean, why, 1.0)


def test_unicode_leaves_what_is_right() -> None:
    assert unicode.clean("불 났어요 🔥! (웃음)") is None


EMOJI = (
    "👩\u200d🚒", "👨\u200d👩\u200d👧\u200d👦", "🧑🏽\u200d⚕\ufe0f", "🇰🇷", "👍🏿", "❤\ufe0f", "1\ufe0f\u20e3",
    "#\ufe0f\u20e3", "🏴\U000e0067\U000e0062\U000e007f", "☎\ufe0f", "🔥",
)  # fmt: skip


@pytest.mark.parametrize("step", [unicode.clean, tags.clean, repeats.clean, pii.clean, tidy_text])
@settings(deadline=None, max_examples=40)
@given(
    pieces=st.lists(
        st.sampled_from(
            [*EMOJI, "불이야", " ", "  ", "\u200b", "\u200d", "ㅋㅋㅋㅋ", "!!!!", " 010-1234-5678번 ", "FP:어 "]
        ),
        max_size=12,
    )
)
@example(pieces=["👩\u200d🚒", "\u200b", "\u200d", "👩\u200d🚒"])
def test_emoji_stay_whole_through_every_step(step: Callable[[str], Change | str | None], pieces: list[str]) -> None:
    text = "".join(pieces)
    change = step(text)
    cleaned = change.after if isinstance(change, Change) else text if change is None else change
    assert set(emoji(cleaned)) <= set(emoji(text))
    # A number may be written in key caps: for the step `pii` these are digits, and they go with their number.
    digits = ("1\ufe0f\u20e3",) if step is pii.clean else ()
    before, after = ([e for e in emoji(t) if len(e) > 1 and e not in digits] for t in (text, cleaned))
    assert after == before


def test_a_backend_that_cuts_an_emoji_changes_nothing() -> None:
    change = spacing._change("👩\u200d🚒와요", "👩\u200d🚒 와요")
    assert change is not None
    assert change.after == "👩\u200d🚒 와요"
    assert spacing._change("👩\u200d🚒와요", "👩\u200d 🚒 와요") is None
    assert spacing._change("🇰🇷와요", "🇰 🇷 와요") is None


def test_the_reason_names_the_removed_tags() -> None:
    assert tags.clean("FP:음 그래서") == Change("그래서", "tags taken out: filled pause (FP)", 1.0)
    assert tags.clean("그래서") is None


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("ㅋㅋㅋㅋㅋ 진짜요", "ㅋㅋ 진짜요"),
        ("ㅠㅠㅠㅠ 살려주세요", "ㅠㅠ 살려주세요"),
        ("살려주세요오오오", "살려주세요"),
        ("도와줘어어어 빨리이이이", "도와줘 빨리"),
        ("안 돼애애애", "안 돼"),
        ("싫어어어", "싫어"),
        ("아아아아 아파요", "아아 아파요"),
        ("하하하하 네", "하하 네"),
        ("네네네네네", "네네"),
        ("빨리요!!!!!", "빨리요!"),
        ("여보세요????", "여보세요?"),
        ("그게.......", "그게..."),
        ("네~~~~", "네~"),
    ],
)
def test_repeats(text: str, clean: str) -> None:
    assert after(repeats.clean(text)) == clean


@pytest.mark.parametrize(
    "text",
    ["아아 아파요", "네네", "하하", "ㅋㅋ", "하하하", "1000원 000", "오오오오 구구구구", "공일공 이이이이 오오오오",
     "아이 이이가",
     "쉬이 가요", "으으 추워", "네... 그게", "어어 그래", "사사사사", "와아 네", "우리 이이"],
)  # fmt: skip
def test_doubles_and_digits_stay(text: str) -> None:
    assert repeats.clean(text) is None


def test_how_many_are_kept_is_a_setting() -> None:
    assert after(repeats.clean("ㅋㅋㅋㅋㅋ", keep=3)) == "ㅋㅋㅋ"


@settings(deadline=None, max_examples=300)
@given(st.text("아오요어하네ㅋㅠ!.~ 119공일", max_size=30))
def test_repeats_are_done_once(text: str) -> None:
    once = after(repeats.clean(text)) or text
    assert repeats.clean(once) is None


def test_stop_expressions_take_out_what_they_find() -> None:
    change = stop.clean("어 (웃음) 그게 (웃음) 불이", (r"\(웃음\)", r"^어\s"))
    assert change == Change("그게 불이", "stop expressions: '(웃음)', '어'", 0.9)
    assert stop.clean("웃음", (r"\(웃음\)",)) is None
    assert stop.clean("(웃음) ...", (r"\(웃음\)",)) is None, "nothing would be left"
    assert stop.clean("(웃음) 네" + "가" * stop.LONGEST, (r"\(웃음\)",)) is None


def test_an_endless_expression_ends_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop, "SECONDS", 0.05)
    with pytest.raises(InputError, match=r"stop expression 1, .* took over 0\.05 s for the text 'ㅋㅋ"):
        stop.clean("ㅋ" * 60 + "?", (r"(?:ㅋ|ㅋㅋ)+!$",))


@pytest.mark.parametrize("hostile", ["(SP:" * 20_000, "ㅋ" * 100_000, "요오" * 50_000, "!" * 100_000, "[" * 100_000])
def test_hostile_texts_cost_one_look(hostile: str) -> None:
    for clean in (unicode.clean, tags.clean, repeats.clean):
        clean(hostile)
