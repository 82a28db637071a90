"""The operations of our own: what each does to a sentence, and what it leaves alone."""

import random

import pytest

from core.augment import AUGMENTERS

pytestmark = pytest.mark.integration


def drawn(name: str, text: str, share: float = 0.3, times: int = 40) -> set[str]:
    """The distinct candidates of many drawings, without the text itself."""
    operation = AUGMENTERS[name].load()
    return {operation(text, random.Random(seed), share) for seed in range(times)} - {text}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("부엌에 계란이 있어요", {"주방에 계란이 있어요", "부엌에 달걀이 있어요"}),
        ("아빠는 휴지를 찾아요", {"아버지는 휴지를 찾아요", "아빠는 화장지를 찾아요"}),
        ("화물차로 왔어요", {"트럭으로 왔어요"}),
        ("카페랑 가까워요", {"커피숍이랑 가까워요"}),
        ("그 사람 정말 예뻐요", {"그 사람 진짜 예뻐요", "그 사람 정말 이뻐요"}),
        ("영화가 재밌는 것 같아", {"영화가 재미있는 것 같아"}),
        ("메뉴를 골라 봤어요", {"메뉴를 선택해 봤어요"}),
        ("구급차를 불러 주세요", {"앰뷸런스를 불러 주세요"}),
        ("멋있는 사람이었어", {"멋진 사람이었어"}),
        ("얼른 와 주세요", {"빨리 와 주세요"}),
        ("빨리 와 주세요", {"얼른 와 주세요"}),
        ("제일 좋아요", {"가장 좋아요"}),
    ],
)
def test_a_synonym_takes_over_ending_and_particle(text: str, made: set[str]) -> None:
    assert drawn("synonym-replacement", text, share=0.1) == made


@pytest.mark.parametrize(
    "text",
    [
        "아이가 너무 빨리 자라",  # no request
        "커피 마시고 싶어",  # no entry
        "기분이 안 예뻐요",  # what is negated stays
        "할머니께서 오셨어요",
        "감기 약을 먹었어요",
        "어머니께서 오셨어요",  # 엄마 is never honoured
        "이제 밥 좀 드세요",  # 들다, not 드세다
        "토끼 같이 생겼어",
        "제일 은행에 갔어",
        "우선 순위가 있어요",
        "오늘은 좀 한가해요",
        "약속을 까먹었어요",
    ],
)
def test_where_no_synonym_is_safe_there_is_none(text: str) -> None:
    assert drawn("synonym-replacement", text) == set()


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("할머니가 계단에서 쓰러졌어요", {"계단에서 할머니가 쓰러졌어요"}),
        ("오늘 친구를 만났어요", {"친구를 오늘 만났어요"}),
        ("의식이 없어요", set()),
        ("오늘 하루는 길었어요", set()),
        ("다친 사람이 많은 것 같아요", set()),
        ("전기가 나가고 물이 새요", set()),
        ("할머니가 거품을 물었어요", set()),
        ("쓰러진 오늘 할머니가 병원에서 봤어요", set()),
    ],
)
def test_phrases_change_places_in_their_clause(text: str, made: set[str]) -> None:
    assert drawn("random-swap", text) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("가스 냄새가 너무 심해요", {"가스 냄새가 심해요"}),
        ("나는 커피를 마셔", {"커피를 마셔"}),
        ("나는 커피가 좋아", set()),  # 커피가 is a subject too
        ("저는 남편이 때렸어요", set()),  # else nobody says whom
        ("난 남편이 때렸어요", set()),
        ("조금 전부터 가슴이 답답해요", set()),
        ("방금 전에 왔어요", set()),
        ("조금 있다가 갈게요", set()),
        ("아주 조금 마셨어요", {"조금 마셨어요", "아주 마셨어요"}),
        ("내가 좋아하는 사람이 왔어", set()),
        ("우리 엄마가 쓰러졌어요", {"엄마가 쓰러졌어요"}),
        ("여긴 우리 집이 아니야", set()),
        ("사과하기가 좀 그래", set()),
    ],
)
def test_what_a_sentence_can_do_without_is_deleted(text: str, made: set[str]) -> None:
    assert drawn("random-deletion", text) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("허리가 아파요", {"허리가 아파", "허리가 아픕니다"}),
        ("나 집에 왔어", {"저 집에 왔어요", "저 집에 왔습니다"}),
        ("여기 학교예요", {"여기 학교야", "여기 학교입니다"}),
        ("우리 선생님이야", {"우리 선생님이에요", "우리 선생님입니다"}),
        ("빨리 와 주세요", {"빨리 와 줘", "빨리 와 주십시오"}),
        ("조용히 들어와", {"조용히 들어와요"}),  # an order, perhaps
        ("너 왜 안 와?", set()),  # 너 is never polite
        ("사람이 쓰러졌는데", {"사람이 쓰러졌는데요"}),
        ("그 사람 아니에요", {"그 사람 아니야", "그 사람 아닙니다"}),
        ("이야?", set()),
        ("숙모가 쓰러지셨어요", {"숙모가 쓰러지셨습니다"}),  # 쓰러지셨어 honours her in plain speech
        ("집에 왔어요, 물이 새요", {"집에 왔어, 물이 새", "집에 왔습니다, 물이 샙니다"}),  # both ends or none
        ("집에 왔습니다, 물이 샙니다", {"집에 왔어, 물이 새", "집에 왔어요, 물이 새요"}),
        ("이제 밥 좀 드세요", set()),
    ],
)
def test_a_sentence_in_another_style(text: str, made: set[str]) -> None:
    assert drawn("register-change", text) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("사람이 쓰러졌습니다", {"사람이 쓰러졌심더"}),
        ("빨리 와 주세요", {"퍼뜩 와 주이소", "빨리 와 주이소", "빨리 와 주세유"}),
        ("물이 새는데", {"물이 새는디"}),
        ("커피 마시자", set()),
        ("여기로 오세요", {"여기로 오이소", "여기로 오세유"}),
        ("숨을 못 쉬세요", {"숨을 못 쉬세유"}),  # what tells is no request
        ("피를 흘리세요", {"피를 흘리세유"}),
        ("손목이 아프세요", {"손목이 아프세유"}),
        ("숙모께서 넘어지세요", {"숙모께서 넘어지세유"}),
    ],
)
def test_a_sentence_in_a_dialect(text: str, made: set[str]) -> None:
    assert drawn("dialect", text) == made


def test_noise_stays_readable_and_leaves_negations_and_guarded_words_alone() -> None:
    made = drawn("transcription-noise", "거실에 연기가 계속 나서 문을 열었어요", share=0.1)
    assert "거실에 연기가 게속 나서 문을 열었어요" in made
    assert "거실에 연기 나요" in drawn("transcription-noise", "거실에 연기가 나요")
    assert all("연기" in text for text in made)
    assert all("안 쉬" in text for text in drawn("transcription-noise", "아기가 숨을 안 쉬고 있어요"))


def test_fillers_fit_the_hearer_and_no_cry_is_opened() -> None:
    assert all(text.endswith("물을 마셔요") for text in drawn("random-insertion", "아이가 물을 마셔요"))
    asked = drawn("random-insertion", "여기 어디예요?")
    assert "저기요 여기 어디예요?" in asked
    assert not any(text.startswith("있잖아 ") for text in asked)
    assert drawn("random-insertion", "불이야 불!") == set()
    assert drawn("random-insertion", "날씨가 추워") >= {"날씨가 정말 추워", "날씨가 진짜 추워"}
