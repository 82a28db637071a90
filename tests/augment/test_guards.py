"""core.augment.guards: each reason, with the candidate that it refuses and one beside it that it lets pass."""

import pytest

from core.augment import LANGUAGE_MODEL, REASONS, Guard, Known, Lexicon
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


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("3살인데 약을 30알 먹었어요", "3살인데 약을 3알 먹었어요"),
        ("3살인데 약을 30알 먹었어요", "30살인데 약을 3알 먹었어요"),
        ("사람이 3명 갇혔어요", "사람이 13명 갇혔어요"),
        ("3층에 물이 새요", "13층에 물이 새요"),
        ("1층에서 소리가 나요", "101층에서 소리가 나요"),
        ("두 명이 왔어요", "세 명이 왔어요"),
        ("3층에서 5층으로 가요", "5층에서 3층으로 가요"),
        ("112 말고 119로 연결해 주세요", "119 말고 112로 연결해 주세요"),
        ("[주소]에 물이 새요", "집에 물이 새요"),
        ("010-1234-5678로 연락해요", "010-1234-5679로 연락해요"),
    ],
)
@pytest.mark.parametrize("operation", [LANGUAGE_MODEL, "dialect", "transcription-noise", "koeda-sr"])
def test_numbers_and_placeholders_stay_for_every_operation(source: str, text: str, operation: str) -> None:
    assert "key-noun" in reasons(source, text, operation)


def test_marks_within_numbers_and_placeholders_stay_where_only_marks_change() -> None:
    assert reasons("[주소]에 물이 새요", "주소에 물이, 새요", "punctuation-insertion") == ("key-noun",)
    assert reasons("물이 1.5리터 있어요", "물이, 15리터 있어요", "punctuation-insertion") == ("key-noun",)
    assert reasons("물이 1.5리터 있어요", "물이 , 1.5리터 있어요", "punctuation-insertion") == ()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("불이 났어요", "불은 다 진압됐어요"),
        ("피가 나요", "피가 멎었어요"),
        ("가스가 새요", "가스를 잠갔어요"),
        ("살려주세요", "살려주셨어요"),
        ("죽을 것 같아요", "죽을 먹을 것 같아요"),
        ("그만 때리세요", "더 때리세요"),
        ("죽고 싶어요", "죽기 싫어요"),
        ("살고 싶어요", "살기 싫어요"),
        ("구급차가 왔어요", "구급차가 아직이에요"),
        ("못 박다가 다쳤어요", "박다가 다쳤어요"),
        ("안에 사람이 있어요", "안 사람이 있어요"),
        ("남편이 저를 때려요", "제가 남편을 때려요"),
        ("남편이 저를 때려요", "저는 남편을 때려요"),
        ("엄마가 아빠를 찔렀어요", "아빠가 엄마를 찔렀어요"),
        ("차에 치였어요", "차에 치인 줄 알았어요"),
        ("차에 치였어요", "차에 치일까 봐 무서워요"),
        ("쓰러졌어요", "쓰러진 적이 있어요"),
        ("쓰러졌어요", "십 년 전에 쓰러졌어요"),
        ("할머니가 쓰러졌어요", "할머니가 쓰러졌대요"),
        ("물에 빠졌어요", "물에 빠졌나요?"),
        ("자살했어요", "자살하려고 해요"),
        ("불이 났어요", "불이 났었어요"),
        ("불이 나요", "불이 날 것 같아요"),
        ("차가 뒤집혔어요", "차가 뒤집힐 수 있어요"),
        ("약을 먹었어요", "약을 먹을래요"),
        ("강도가 들어왔어요", "강도가 나갔어요"),
        ("칼을 들고 있어요", "칼을 내려놨어요"),
        ("경찰에 부탁드려요", "경찰에 부탁드렸어요"),
        ("[이름]이 저를 때려요", "저는 [이름]을 때려요"),
    ],
)
def test_a_language_model_changes_neither_state_nor_actor_nor_sense(source: str, text: str) -> None:
    assert {"negation", "danger-word"} & set(reasons(source, text, LANGUAGE_MODEL))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("할머니가 쓰러지셨어요 빨리 와 주세요", "할머니께서 쓰러지셨어요, 얼른 와 주세요"),
        ("아빠가 술 마시고 엄마를 때려요", "아버지가 술을 마시고 어머니를 때리고 있어요"),
        ("와 주세요 아기가 숨을 안 쉬어요", "아기가 숨을 안 쉬어요 와 주시겠어요?"),
        ("방에 갇혔어요 문 좀 열어 주세요", "방에 갇혔으니 문 좀 열어 주세요"),
        ("가스 냄새가 나는데 어떻게 해요", "가스 냄새가 나는데 어떻게 하죠?"),
        ("숨을 못 쉬겠어요", "숨을 못 쉬겠습니다"),
        ("여기 어디예요?", "여기가 어디인가요?"),
        ("도와줘요", "도와주세요"),
        ("경찰 좀 보내주실 수 있나요?", "경찰 좀 보내주세요"),
        ("누가 문을 부수려고 해요", "누군가 문을 부수려고 해요"),
        ("아이가 계단에서 넘어졌어요", "계단에서 아이가 넘어졌습니다"),
        ("도와주세요 저 죽을 것 같아요", "도와주세요 제가 죽을 것 같아요"),
        ("차에 사람이 치였어요", "사람이 차에 치였습니다"),
        ("친구한테 연락이 안 와", "친구에게서 연락이 안 와"),
        ("아이가 약을 30알 먹었어요", "아이가 약을 서른 알 먹었어요"),
        ("일일구 불러 주세요", "119 불러 주세요"),
        ("아이가 스물세 명 있어요", "아이가 23명 있어요"),
        ("이십삼 층에 물이 새요", "23층에 물이 새요"),
        ("학교에 돈을 3만 원 가져왔어요", "학교에 돈을 30,000원 가져왔어요"),
        ("3층에 5명이 갇혔어요", "5명이 3층에 갇혔어요"),
    ],
)
def test_paraphrases_that_a_language_model_may_write(source: str, text: str) -> None:
    assert reasons(source, text, LANGUAGE_MODEL) == ()


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
