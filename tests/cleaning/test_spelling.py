"""Spelling: reviewed rules, the typo model, the detector, and the remote service that runs only when allowed."""

import re
import sys
from types import SimpleNamespace

import pytest
from cleaning_dev import MISSPELT, SPACED

from core.cleaning import SPELLERS, default_plan, suggest, suggest_many
from core.cleaning.plan import parse_toml
from core.cleaning.spelling import hunspell_words
from core.cleaning.spelling.backends import hanspell
from core.cleaning.spelling.confusions import TABLE, correct_text, rules
from core.cleaning.spelling.offline import HUNSPELL, correct
from core.cleaning.spelling.slips import one_slip_away
from core.errors import MissingBackend

HARD = [
    "",
    " ",
    "🔥🔥 불났어요 😱👨‍👩‍👧",
    "\ud800가",
    "가" * 6000,
    "[전화]로 와",
    "a\tb\n가",
    "ㅋㅋㅋ",
    "...",
    "１１９",
    "\u1100\u1161",
]
DETECTED = HUNSPELL.installed() and hunspell_words.available()


@pytest.mark.integration  # loads Kiwi
@pytest.mark.parametrize("detector", ["hunspell", "none"])
def test_the_default_speller_raises_for_no_text(detector: str) -> None:
    changes = correct(HARD, 0.0, detector)
    assert len(changes) == len(HARD)
    assert changes[0] is None


def test_rules_are_sound() -> None:
    assert len(rules()) > 150
    assert all(0.6 <= rule.confidence <= 1 for rule in rules())
    text = TABLE.read_text("utf-8")
    finds, whys = re.findall(r"^find = (.+)$", text, re.M), re.findall(r"^why = \"(.+)\"$", text, re.M)
    assert len(finds) == len(set(finds)) == len(whys) == len(rules())
    assert all(re.search("[가-힣]", why) for why in whys), "every reason is Korean"


@pytest.mark.parametrize(
    ("wrong", "right", "why"),
    [
        ("지금 갈께요", "지금 갈게요", "약속의 '-(으)ㄹ게'는 예사소리로 적는다"),
        ("숨을 않 쉬어요", "숨을 안 쉬어요", "'아니'의 준말은 '안'"),
        ("가면 안되요", "가면 안돼요", "'되어요'의 준말은 '돼요'"),
        ("몇일 됬어요", "며칠 됐어요", "'되었'의 준말은 '됐'"),
        ("왠 남자가 있어요", "웬 남자가 있어요", "'어찌 된'은 '웬'; '왠'은 '왠지'에만"),
        ("어의없네", "어이없네", "'어이없다'"),
    ],
)
def test_a_confusion_has_a_reason(wrong: str, right: str, why: str) -> None:
    corrected, corrections = correct_text(wrong, 0.5)
    assert corrected == right
    assert why in [correction.reason for correction in corrections]


@pytest.mark.parametrize(
    "text",
    ["왠지 무서워요", "되게 아파요", "안 되면 다시 걸게요", "아이를 낳았어요", "병이 나았어요", "햇볕이 뜨거워요",
     "돼지가 도망갔어요",
     "그릇이 있어요", "무엇이 있나요", "옷을 벗어요", "집에 있다가 나왔어요", "저기 있는데요", "고양이예요",
     "거기 어디예요", "얘기 좀 해요",
     "애기가 울어요", "손을 씻어요", "수업 중이에요", "많이 아파요", "안전벨트를 안 맸어요", "눈이 부셔요",
     "다 쳤어요", "보여요", "힘써 주세요"],
)  # fmt: skip
def test_right_words_stay(text: str) -> None:
    assert correct_text(text, 0.5) == (text, [])


@pytest.mark.integration  # loads Kiwi
@pytest.mark.parametrize("detector", ["hunspell", "none"])
def test_most_errors_of_the_dev_sentences_are_fixed_and_right_ones_stay(detector: str) -> None:
    if detector == "hunspell" and not DETECTED:
        pytest.skip(f"hunspell or its Korean dictionary is not installed: {HUNSPELL.install}")
    wrong, right = [pair[0] for pair in MISSPELT], [pair[1] for pair in MISSPELT]
    changes = correct(wrong, 0.65, detector)
    good = sum(change is not None and change.after == want for change, want in zip(changes, right, strict=True))
    assert good >= 0.9 * len(MISSPELT)
    assert correct(right, 0.65, detector) == [None] * len(right)
    assert correct(SPACED, 0.65, detector) == [None] * len(SPACED)


@pytest.mark.integration  # loads Kiwi
def test_a_suggestion_says_what_and_why() -> None:
    (suggestion,) = suggest(
        parse_toml("[[steps]]\nname = 'spelling'\ndetector = 'none'", "x"), "할께요 [전화]로 됬어요"
    )
    assert suggestion.after == "할게요 [전화]로 됐어요"
    assert suggestion.reason.startswith("됬 → 됐 ('되었'의 준말은 '됐'); 께 → 게 (")
    assert suggestion.confidence == 0.97
    surer = parse_toml("[[steps]]\nname = 'spelling'\nconfidence = 0.98\ndetector = 'none'", "x")
    assert suggest(surer, "할께요 됬어요")[0].after == "할께요 됐어요"


@pytest.mark.integration  # loads Kiwi
@pytest.mark.skipif(not DETECTED, reason="hunspell or its Korean dictionary is not installed")
def test_the_detector_knows_words() -> None:
    assert hunspell_words.known("냄새가")
    assert not hunspell_words.known("냄세가")
    (change,) = correct(["냄세가 너무 심해요"], 0.0, "hunspell")
    assert change is not None
    assert change.after == "냄새가 너무 심해요"


@pytest.mark.integration  # loads Kiwi
def test_a_missing_dictionary_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunspell_words, "FOLDERS", ("nowhere",))
    hunspell_words._dictionary.cache_clear()
    assert not hunspell_words.available()
    with pytest.raises(MissingBackend, match=r"no Korean dictionary in nowhere: apt-get install hunspell-ko"):
        hunspell_words.known("가")
    (change,) = correct(["지금 갈께요"], 0.0, "hunspell")
    assert change is not None
    assert change.after == "지금 갈게요"


def test_slips_are_one_letter_or_one_consonant_away() -> None:
    assert {"떨어져", "떠러저"} <= set(one_slip_away("떠러져"))
    assert "계속" in one_slip_away("게속")
    assert one_slip_away("a1") == []
    assert "가" not in one_slip_away("가")


@pytest.mark.skipif(SPELLERS["hanspell"].installed(), reason="py-hanspell is installed")
def test_an_absent_speller_names_the_command() -> None:
    away = parse_toml("[[steps]]\nname = 'spelling'\nbackend = 'hanspell'", "x")
    with pytest.raises(MissingBackend, match=r"needs hanspell, .*pip install 'py-hanspell @ git"):
        suggest(away, "네", allow_remote=True)


def test_what_is_personal_is_never_sent_and_a_refusal_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def check(text: str) -> SimpleNamespace:
        sent.append(text)
        if "고장" in text:
            raise KeyError("result")
        return SimpleNamespace(result=text != "빈", checked=text.replace("됬", "됐"))

    package = SimpleNamespace(spell_checker=SimpleNamespace(check=check))
    monkeypatch.setitem(sys.modules, "hanspell", package)
    changes = hanspell.correct(["안됬어요", "네", "010-1234-5678", "[이름] 씨 됬어요", "", "가" * 600], 0.0, "none")
    assert [change.after if change else None for change in changes] == ["안됐어요", None, None, None, None, None]
    assert sent == ["안됬어요", "네"]
    with pytest.raises(MissingBackend, match=r"gave no answer \(KeyError: 'result'\); use offline"):
        hanspell.correct(["고장"], 0.0, "none")
    with pytest.raises(MissingBackend, match=r"gave no answer \(no result\)"):
        hanspell.correct(["빈"], 0.0, "none")


@pytest.mark.integration  # loads Kiwi
def test_the_default_plan_has_nothing_left_to_say_of_what_was_accepted() -> None:
    texts = [pair[0] for pair in MISSPELT]
    suggestions = suggest_many(default_plan(), texts)
    accepted = [row[-1].after if row else text for row, text in zip(suggestions, texts, strict=True)]
    again = suggest_many(default_plan(), accepted)
    assert sum(bool(row) for row in again) <= len(texts) // 50, [row for row in again if row]
