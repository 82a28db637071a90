"""Personal data: what is masked, what must stay, and that a second masking changes nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cleaning import suggest
from core.cleaning.personal_data.pii import PERSONAL_KINDS, clean, mask
from core.cleaning.personal_data.spoken import digits
from core.cleaning.plan import default_plan
from core.cleaning.steps import repeats, tags, unicode


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("제 번호는 010-1234-5678이에요", "제 번호는 [전화]이에요"),
        ("01012345678로 주세요", "[전화]로 주세요"),
        ("공일공 일이삼사 오육칠팔이에요", "[전화]이에요"),
        ("영일영에 일이삼사에 오육칠팔입니다", "[전화]입니다"),
        ("공일공일이삼사오육칠팔이요", "[전화]이요"),
        ("010에 일이삼사 5678", "[전화]"),
        ("공일공 하나둘삼사 오육칠팔", "[전화]"),
        ("02-555-1234로 전화 주세요", "[전화]로 전화 주세요"),
        ("031)123-4567", "[전화]"),
        ("+82 10-1234-5678", "[전화]"),
        ("전화번호는 555-1234예요", "전화번호는 [전화]예요"),
        ("주민번호는 900101-1234567", "주민번호는 [주민번호]"),
        ("900101-1******이요", "[주민번호]이요"),
        ("구공공일공일 일이삼사오육칠", "[주민번호]"),
        ("주민번호 앞자리 900101이요", "주민번호 앞자리 [주민번호]이요"),
        ("국민은행 123456-04-123456으로", "국민은행 [계좌]으로"),
        ("계좌번호는 110-123-456789예요", "계좌번호는 [계좌]예요"),
        ("1234-5678-1234-5678 카드", "[계좌] 카드"),
        ("차량 번호는 12가 3456이에요", "차량 번호는 [차량]이에요"),
        ("123허4567 흰색 차", "[차량] 흰색 차"),
        ("메일은 hong.gd@naver.com 이에요", "메일은 [이메일] 이에요"),
        ("서울시 강남구 역삼동 123-4번지요", "[주소]요"),
        ("서울특별시 강남구 테헤란로 152", "[주소]"),
        ("느티골동 은행나무길 칠 번지요", "[주소]요"),
        ("달여울동 초록맨션, 백육 호요", "[주소]요"),
        ("한솔빌라 203호예요", "[주소]예요"),
        ("101동 1203호로 와 주세요", "[주소]로 와 주세요"),
        ("백일 동 천이백삼 호예요", "[주소]예요"),
        ("제 이름은 김철수예요", "제 이름은 [이름]예요"),
        ("저는 이민호라고 합니다", "저는 [이름]라고 합니다"),
        ("김철수 씨가 쓰러졌어요", "[이름] 씨가 쓰러졌어요"),
        ("박영희님 계세요", "[이름]님 계세요"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert clean(masked) is None


@pytest.mark.parametrize(
    "text",
    ["119에 신고했어요 112도요", "1층이요 3시에 3층 302호 병실 5명 10분", "이 동네 사람인데요 사 동에서",
     "강남구 역삼동에 있어요",
     "병원으로 3명 도로 2차선 위로 10미터", "30도 1500원", "구구구구 오오오오", "이사 오고 일이 이상한데 오육칠 명",
     "천백삼 호요",
     "일일구 상황실입니다", "육이오 때 팔일오 삼일절", "2번 출구 5호선 7호기 1호차", "2023년 5월 12일 오후 3시 30분",
     "혈압이 120에 80이고 열이 38.5도", "경부고속도로 서울 방향 123킬로", "국도 1호선", "이름이 이상해요",
     "성함이 어떻게 되세요",
     "선생님 사장님 신고자님 소방관님 구조대원님 김대표님", "저는 이사람인데요", "다시 새로 사는 게 편해요",
     "이십 분 뒤에 갈게요",
     "일이 삼사일 걸려요", "[전화]로 주세요 [주소]예요", "육 층 계단으로 세 명 내려가요"],
)  # fmt: skip
def test_what_is_nobodys_stays(text: str) -> None:
    assert clean(text) is None


def test_a_reason_names_the_kinds_and_kinds_can_be_chosen() -> None:
    text = "저는 이민호라고 합니다 010-1234-5678"
    change = clean(text)
    assert change is not None
    assert (change.reason, change.confidence) == ("personal data: telephone number, name", 0.85)
    only = clean(text, frozenset({"이름"}))
    assert only is not None
    assert only.after == "저는 [이름]라고 합니다 010-1234-5678"
    surer = clean(text, least=0.9)
    assert surer is not None
    assert surer.after == "저는 이민호라고 합니다 [전화]"


DIGITS = st.text("0123456789", min_size=4, max_size=4)
SPOKEN = str.maketrans("0123456789", "공일이삼사오육칠팔구")


@settings(deadline=None, max_examples=150)
@given(DIGITS, DIGITS, st.sampled_from(["", "-", " ", "에 "]), st.booleans(), st.booleans())
def test_every_mobile_number_is_found_however_it_is_said(a: str, b: str, sep: str, say_a: bool, say_b: bool) -> None:
    number = sep.join(["공일공", a.translate(SPOKEN) if say_a else a, b.translate(SPOKEN) if say_b else b])
    assert digits(number) == f"010{a}{b}"
    masked = mask(f"제 번호 {number} 맞아요")
    assert masked == "제 번호 [전화] 맞아요"


@settings(deadline=None, max_examples=300)
@given(st.text("공일이삼사오육칠팔구0123456789 -동호로길번지시구가김영희씨님이름은저는전화계좌", max_size=40))
def test_masking_is_done_once(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@settings(deadline=None)
@given(st.text("가나다라마바사불났어요빨리아파 .,?!ㅋ", max_size=60))
def test_a_text_without_digits_and_cues_is_not_touched(text: str) -> None:
    assert clean(text) is None


@pytest.mark.integration  # loads Kiwi
@pytest.mark.parametrize("kind", PERSONAL_KINDS)
def test_placeholders_pass_every_other_step(kind: str) -> None:
    text = f"지금 [{kind}]로 와 주세요 [{kind}]예요"
    for step in (unicode.clean, tags.clean, repeats.clean, clean):
        assert step(text) is None
    left = [suggestion.after for suggestion in suggest(default_plan(), f"지금[{kind}]로와주세요ㅋㅋㅋㅋ")]
    assert f"[{kind}]로" in left[-1]


@pytest.mark.parametrize(
    "hostile", ["공" * 20_000, "0" * 20_000, "일이삼 " * 5_000, "김영희" * 5_000, "서울시 " * 4_000, "a@" * 9_000]
)
def test_hostile_texts_end(hostile: str) -> None:
    mask(hostile)


@pytest.mark.parametrize(
    "who",
    ["심정지 환자", "노숙인 아저씨", "배달원 아저씨", "정신과 환자", "외국인 학생", "신생아 보호자", "한의사 선생님"],
)
def test_an_illness_or_a_trade_before_a_person_is_no_name(who: str) -> None:
    assert mask(f"{who}이 쓰러졌어요") == f"{who}이 쓰러졌어요"
