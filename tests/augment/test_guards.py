"""core.augment.guards: each reason, with the candidate that it refuses and one beside it that it lets pass."""

import pytest

from core.augment import REASONS, Guard, Known, Lexicon
from core.augment.guards import LANGUAGE_MODEL
from core.augment.negation import signature
from core.augment.reading import read

pytestmark = pytest.mark.integration
DANGER = Guard(Lexicon.of("danger"))


def reasons(source: str, text: str, operation: str = "synonym-replacement") -> tuple[str, ...]:
    return DANGER.reasons(source, text, operation)


@pytest.mark.parametrize(
    ("source", "text", "operation", "reason"),
    [
        ("오늘 커피 마셔요", "오늘 커피 마셔요!", "synonym-replacement", "equal"),
        ("오늘 커피 마셔요", "오늘  커피 마셔요", "punctuation-insertion", "equal"),
        ("숨을 안 쉬어요", "숨을 쉬어요", "koeda-rd", "negation"),
        ("숨을 쉬어요", "숨을 못 쉬어요", "koeda-ri", "negation"),
        ("쓰러지지 않았어요", "쓰러졌어요 정말", "koeda-rd", "negation"),
        ("약을 안 먹고 밥을 먹었어요", "약을 먹고 밥을 안 먹었어요", "koeda-rs", "negation"),
        ("거실에 불이 났어요", "거실에 달러가 났어요", "koeda-sr", "danger-word"),
        ("부엌에서 소리가 나요", "부엌에서 비명 소리가 나요", LANGUAGE_MODEL, "danger-word"),
        ("칼을 들고 있어요", "칼을 들고 있으면", LANGUAGE_MODEL, "danger-word"),
        ("커피 마시고 싶어", "피 마시고 싶어", "koeda-sr", "key-noun"),
        ("할머니가 계단에서 쓰러졌어요", "쓰러졌어요", "koeda-rd", "length"),
        ("할머니가 쓰러졌어요", "할머니가 おばあさん 쓰러졌어요", LANGUAGE_MODEL, "language"),
        ("할머니가 쓰러졌어요", "My 할머니 has fallen and 쓰러졌어요", LANGUAGE_MODEL, "language"),
        ("전등이 켜져 있어요", "전등가 켜져 있어요", "koeda-sr", "morphemes"),
        ("동네에 사람이 많아요", "을 동네에 사람이 많아요", "koeda-rs", "morphemes"),
        ("전등이 켜져 있어요", "라이트이 켜져 있어요", "koeda-sr", "wording"),
        ("전 여자친구가 왔어", "앞니 여자친구가 왔어", "koeda-sr", "wording"),
        ("남자친구한테 핸드폰 공개해", "핸드폰한테 남자친구 공개해", "koeda-rs", "wording"),
        ("논문 쓰기 힘들다", "논문 힘들기 쓰다", "koeda-rs", "wording"),
        ("도전하기 싫다", "도전기 싫다", "koeda-rd", "wording"),
        ("낮술 먹는 날 우울해", "낮술 날 먹는 우울해", "koeda-rs", "wording"),
    ],
)
def test_what_a_guard_refuses(source: str, text: str, operation: str, reason: str) -> None:
    found = reasons(source, text, operation)
    assert reason in found
    assert set(found) <= REASONS.keys()


@pytest.mark.parametrize(
    ("source", "text", "operation"),
    [
        ("오늘 커피 마셔요", "오늘 커피 , 마셔요", "punctuation-insertion"),
        ("지금 부엌에서 계란을 삶아요", "지금 주방에서 달걀을 삶아요", "synonym-replacement"),
        ("할머니가 숨을 안 쉬어요", "할머니가 숨을 안 쉽니다", "register-change"),
        ("가스 냄새가 너무 심해요", "가스 냄새가 심해요", "random-deletion"),
        ("할머니가 계단에서 쓰러졌어요", "계단에서 할머니가 쓰러졌어요", "random-swap"),
        ("거실에 불이 났어요", "거실 쪽에 지금 불이 났습니다", LANGUAGE_MODEL),
        ("구급차 좀 보내 주세요", "앰뷸런스 좀 보내 주세요", LANGUAGE_MODEL),
    ],
)
def test_what_a_guard_lets_pass(source: str, text: str, operation: str) -> None:
    assert reasons(source, text, operation) == ()


def test_an_utterance_that_exists_is_refused_and_near_ones_too() -> None:
    guard = Guard(Lexicon.of("danger"), Known(["부엌에서 연기가 많이 나고 있어요 와 주세요"]))
    assert guard.reasons("방에서 소리가 나요", "방에서 소리가 나요", "dialect") == ("equal",)
    near = "음 부엌에서 연기가 많이 나고 있어요 와 주세요"
    assert guard.reasons("연기가 부엌에서 나고 있어요 와 주세요", near, LANGUAGE_MODEL) == ("exists",)


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("숨을 안 쉬어요", {"안 쉬"}),
        ("숨을 안쉬어요", {"안 쉬"}),
        ("거기 가지 마세요", {"말 가"}),
        ("알지 못해요", {"못 알"}),
        ("아무도 없어요", {"없 "}),
        ("의사가 아니에요", {"아니 "}),
        ("숨을 쉬어요", set()),
    ],
)
def test_a_negation_and_what_it_negates(text: str, negated: set[str]) -> None:
    assert set(signature(read(text))) == negated
