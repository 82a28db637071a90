"""Numbers that point to a person, however they are written: dashes, widths, lost zeros. Nothing of them stays."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cleaning.personal_data.pii import clean, mask, personal_spans
from core.cleaning.personal_data.reading import read
from core.cleaning.steps import unicode
from core.text.visible import emoji

# every sign that people, phones and word processors write for a dash, and what some lists have in its place
DASHES = "-‐‑‒–—―−－﹣﹘⁃ー─━ㅡ➖~～〜∼·・•ㆍ/／⁄._,"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
KEYCAPS = str.maketrans({str(n): f"{n}\ufe0f\u20e3" for n in range(10)})


@pytest.mark.parametrize("dash", DASHES)
def test_a_dash_of_any_kind_parts_a_number(dash: str) -> None:
    assert mask(f"제 번호는 010{dash}1234{dash}5678이에요") == "제 번호는 [전화]이에요"
    assert mask(f"집은 02{dash}884{dash}9937이에요") == "집은 [전화]이에요"


@pytest.mark.parametrize("dash", "-–—−－‑ㅡ~/·")
def test_a_resident_number_keeps_no_half(dash: str) -> None:
    assert mask(f"주민번호는 900101{dash}1234567이요") == "주민번호는 [주민번호]이요"
    assert mask(f"900101{dash}1******까지요") == "[주민번호]까지요"
    assert mask(f"주민 900101{dash}12345") == "주민 [주민번호]", "also a half that was cut short"


@pytest.mark.parametrize("dash", "-–—−－/·")
def test_accounts_and_cards_too(dash: str) -> None:
    assert mask(f"신한은행 110{dash}482{dash}990137로요") == "신한은행 [계좌]로요"
    assert mask(f"4092{dash}1100{dash}3382{dash}7719 카드") == "[계좌] 카드"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("제 번호는 ０１０－１２３４－５６７８이에요", "제 번호는 [전화]이에요"),
        ("번호 1012345678", "번호 [전화]"),
        ("번호 10-1234-5678", "번호 [전화]"),
        ("명단에는 10 1234 5678로 있어요", "명단에는 [전화]로 있어요"),
        ("1012345678번으로요", "[전화]번으로요"),
        ("전화 2-884-9937이요", "전화 [전화]이요"),
        ("연락처 318842290", "연락처 [전화]"),
        ("연락처: 3188422901", "연락처: [전화]"),
        ("번호 11-228-9034예요", "번호 [전화]예요"),
        ("010-123-4567로 걸었어요", "[전화]로 걸었어요"),
        ("0101234567이래요", "[전화]이래요"),
        ("0082-10-1234-5678", "[전화]"),
        ("+82-2-884-9937", "[전화]"),
        ("(+82) 10 1234 5678", "[전화]"),
        ("82-10-1234-5678", "[전화]"),
        ("+82-(0)10-1234-5678", "[전화]"),
        ("전화 (02) 123-4567", "전화 [전화]"),
        ("(010)1234-5678이요", "[전화]이요"),
        ("010\u200b-1234-\u00ad5678", "[전화]"),
        ("010\u00a01234\u30005678", "[전화]"),
        ("010-1234-56789예요", "[전화]예요"),
        ("010-1234-5678-1이요", "[전화]이요"),
        ("010-1234-5678/010-2222-3333", "[전화]/[전화]"),
        ("공하나공 하나둘삼넷 오육칠팔", "[전화]"),
        ("영일영 천이백삼십사에 오육칠팔", "[전화]"),
        ("900101-*******이요", "[주민번호]이요"),
        ("카드번호가 4092110033827719인데요", "카드번호가 [계좌]인데요"),
        ("3333-02-1234567 카카오뱅크로 보냈어요", "[계좌] 카카오뱅크로 보냈어요"),
        ("계좌 110-123-456789-01-02-03", "계좌 [계좌]"),
        ("900101-1●●●●●●", "[주민번호]"),
        ("택시 서울 31바 2290이요", "택시 [차량]이요"),
        ("0️⃣1️⃣0️⃣-1️⃣2️⃣3️⃣4️⃣-5️⃣6️⃣7️⃣8️⃣ 👨‍👩‍👧", "[전화] 👨‍👩‍👧"),
    ],
)  # fmt: skip
def test_a_number_is_found_however_it_is_written(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert clean(masked) is None


def test_jamo_read_as_syllables() -> None:
    text = unicodedata.normalize("NFD", "제 이름은 김하늘이고 번호는 010-1234-5678")
    assert unicodedata.normalize("NFC", mask(text)) == "제 이름은 [이름]이고 번호는 [전화]"


@pytest.mark.parametrize(
    "text",
    ["1012345678원이요", "10-1234명", "1,012,345,678", "2024-03-15 10:30", "2024/03/15에 퇴원", "10/25 ~ 11/03",
     "12:30~13:05에 드셨어요", "혈압 170/110이에요", "10~15분마다요", "3-4일 전부터요",
     "1588-1234로 걸었더니", "119/112에 신고",
     "13층 1302호", "비밀번호 1357*", "아이피 192.168.0.1", "버전 10.4.1", "등기 번호 1034-5567-8891",
     "5000000원 달래요",
     "100-7은 93", "93 86 79 72 65", "하나둘셋넷 다섯 여섯", "공이 굴러가서", "1️⃣1️⃣9️⃣ 🇰🇷", "２０２３년 １１월 ５일",
     "출근길 8시", "추가로 5-10정 드셨어요", "말이 씨가 된다고", "정신병 환자예요",
     "한의원 선생님이요", "이름을 안대고선", "저 강아지예요",
     "저 공무원이에요", "연기도 형편없고", "10만원 은행에서 뽑았어요"],
)  # fmt: skip
def test_times_dates_amounts_and_short_numbers_stay(text: str) -> None:
    assert clean(text) is None


FORMS = st.sampled_from(
    [str, lambda t: t.translate(WIDE), lambda t: t.translate(CIRCLED), lambda t: t.translate(KEYCAPS)]
)
NUMBER = st.tuples(
    st.sampled_from(["010", "011", "02", "031", "070", "10", "0082-10", "+82 10"]),
    st.text("0123456789", min_size=4, max_size=4), st.text("0123456789", min_size=4, max_size=4),
    st.sampled_from(DASHES), st.sampled_from(DASHES), FORMS,
)  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(NUMBER)
def test_a_masked_number_leaves_no_digit_behind(parts: tuple[str, str, str, str, str, object]) -> None:
    prefix, a, b, first, second, form = parts
    number = form(f"{prefix}{first}{a}{second}{b}")  # type: ignore[operator]
    masked = mask(f"제 번호 {number} 맞아요")
    assert masked == "제 번호 [전화] 맞아요"
    assert personal_spans(f"제 번호 {number} 맞아요") == [(5, 5 + len(number), "전화")]


NOISE = (
    "0123456789０１２-–—−－~/· \u200b\u3000공일이삼사가김영희씨님이름은저는전화번호주민계좌[]()+동호로길"
    "👩\u200d🚒🇰🇷\ufe0f\u20e3"
)


@settings(deadline=None, max_examples=120)
@given(st.text(NOISE, max_size=40))
def test_the_unicode_step_makes_no_form_that_the_rules_cannot_read(text: str) -> None:
    plain = (change := unicode.clean(text)) and change.after
    plain = text if plain is None else plain
    assert read(plain).plain == read(text).plain
    masked = mask(text)
    again = unicode.clean(masked)
    assert (masked if again is None else again.after) == mask(plain)


@settings(deadline=None, max_examples=80)
@given(st.text(NOISE, max_size=40))
def test_what_is_found_is_what_is_masked_and_emoji_stay_whole(text: str) -> None:
    pieces, at = [], 0
    spans = personal_spans(text)
    for start, end, kind in spans:
        pieces += [text[at:start], f"[{kind}]"]
        at = end
    assert "".join([*pieces, text[at:]]) == mask(text)
    kept = [e for e in emoji(mask(text)) if not re.match("[0-9#*]", e)]
    assert kept == [e for e in emoji(text) if not re.match("[0-9#*]", e)]
