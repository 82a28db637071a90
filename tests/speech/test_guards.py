"""core.speech.transcribers.guards: what is believed of readings that recognisers really gave, and what is not."""

import pytest

from core.speech.transcribers.guards import Reading, cut_repeats, judged, pooled, similar, worth_a_prompt
from core.speech.transcribers.prompts import PROMPTS
from core.speech.transcribers.transcript import Word

KO = {"ko": 0.97, "ja": 0.01}


def read(text: str, logprob: float | None = -0.3, no_speech: float = 0.1, **languages: float) -> Reading:
    return Reading(text, logprob, no_speech, languages or KO)


def state(plain: Reading, prompted: Reading | None = None, seconds: float = 3.0) -> tuple[str, str]:
    verdict = judged(plain, prompted, seconds, "ko")
    return verdict.state, verdict.text


def test_a_clear_reading_is_believed() -> None:
    verdict = judged(read("불이 났어요, 3층이에요", -0.25), None, 2.5, "ko")
    assert (verdict.state, verdict.text, verdict.language) == ("ok", "불이 났어요, 3층이에요", "ko")
    assert verdict.confidence == pytest.approx(0.7788)
    assert state(read("119", -0.3))[0] == "ok", "digits have no script"
    assert state(read("CCTV 앞에서 사람이 쓰러졌어요"))[0] == "ok"


# What Whisper base wrote on sounds without speech, with its own figures.
@pytest.mark.parametrize(
    ("text", "logprob", "no_speech", "languages"),
    [
        ("고마워요.", -1.49, 0.94, {"en": 0.32, "ko": 0.04}),  # silence
        ("고춧가루", -1.35, 0.77, {"nn": 0.66, "ko": 0.03}),  # white noise
        ("물을 끓여줍니다. 불이 났어요.", -1.47, 0.77, {"nn": 0.54}),  # white noise, with a prompt about a fire
        ("다음 영상에서 만나요!", -1.14, 0.57, {"nn": 0.22, "ko": 0.09}),  # hold music
        ("2시 2시 2시 2시 2시 2시 2시 2시 2시", -0.93, 0.47, {"si": 0.15, "ko": 0.07}),
        ("구독 부탁드립니다!", -1.47, 0.6, {"en": 0.62}),  # a tone
        ("구급차가 출동했습니다.", -0.84, 0.61, {"ja": 0.47, "ko": 0.05}),  # a synthetic voice, an echo of the prompt
        ("구독과 좋아요 부탁드립니다.", -0.3, 0.1, KO),  # even where it is sure
        ("시청해 주셔서 감사합니다.", -0.2, 0.0, KO),
        ("MBC 뉴스 이덕영입니다.", -0.2, 0.0, KO),
        ("ご視聴ありがとうございました", -0.2, 0.0, KO),
        ("สวัสดีครับ", -0.2, 0.0, KO),
    ],
)
def test_what_nobody_said_is_no_text(text: str, logprob: float, no_speech: float, languages: dict[str, float]) -> None:
    verdict = judged(Reading(text, logprob, no_speech, languages), None, 10.0, "ko")
    assert (verdict.state != "ok", verdict.text, verdict.words) == (True, "", ())


def test_silence_and_speech_that_was_not_understood_are_two_states() -> None:
    assert state(read("고마워요.", -1.5, 0.9, en=0.3))[0] == "no_speech"
    assert state(read("정말로 사우다 아이오", -1.3, 0.35, ko=0.3))[0] == "not_understood"
    assert state(read("", None, 0.2))[0] == "not_understood", "somebody speaks, and no word came"
    assert judged(Reading(""), None, 1.0, "ko").state == "no_speech", "a recogniser without figures, and no word"


def test_a_loop_is_cut_and_a_long_one_is_no_text() -> None:
    assert state(read("빨리 빨리 빨리 빨리 빨리 와 주세요")) == ("ok", "빨리 빨리 빨리 와 주세요")
    assert state(read("3, 2, " * 15, -0.22), seconds=5.0) == ("not_understood", "")
    assert state(read("하" * 60, -0.28), seconds=2.5) == ("not_understood", "")
    assert cut_repeats("네 네 네") == "네 네 네"


@pytest.mark.parametrize(
    "text",
    [
        "1111호에 불이 났어요",
        "010-0000-1234로 전화 주세요",
        "전화번호는 010-2222-2222예요",
        "피해액이 10,000,000,000원이에요",
        "공일공 이이이이 사사사사 번이에요",
        "0 1 0 2 2 2 2 3 3 3 3 번이에요",
        "2-2-2-2 번이에요",
    ],
)
def test_a_number_is_never_cut(text: str) -> None:
    words = tuple(Word(n * 300, n * 300 + 250, f" {w}", 0.9) for n, w in enumerate(text.split()))
    verdict = judged(Reading(text, -0.2, 0.0, KO, words), None, 5.0, "ko")
    assert (verdict.state, verdict.text) == ("ok", text)
    assert [(w.start_ms, w.text) for w in verdict.words] == [(n * 300, w) for n, w in enumerate(text.split())]


def test_digits_without_end_are_a_loop() -> None:
    assert cut_repeats("1" * 11) == "1" * 11
    assert cut_repeats("1" * 12) == "111"
    assert cut_repeats("5층 5층 5층 5층 5층") == "5층 5층 5층", "a repeat with a letter in it is no number"
    for loop in ("0" * 30, "3, " * 15, "일" * 30, "0000-" * 12):
        assert state(read(loop), seconds=9.0) == ("not_understood", ""), loop


@pytest.mark.parametrize("logprob", [float("nan"), float("-inf")])
def test_a_likelihood_that_is_no_number_is_the_least(logprob: float) -> None:
    verdict = judged(read("불이 났어요", logprob), None, 2.0, "ko")
    assert (verdict.state, verdict.text, verdict.confidence) == ("not_understood", "", 0.0)
    assert not worth_a_prompt(read("불이 났어요", logprob))
    assert judged(read("불이 났어요", logprob, 0.9), None, 2.0, "ko").state == "no_speech"
    plain = read("불이 났어요", -0.6)
    assert state(plain, read("불이 났어요!", logprob)) == ("ok", "불이 났어요")
    assert judged(read("불이 났어요", 900.0), None, 2.0, "ko").confidence == 1.0


def test_without_a_likelihood_the_words_and_the_event_tell_whether_somebody_speaks() -> None:
    assert judged(Reading("", None, 1.0), None, 2.0, "ko").state == "no_speech", "music"
    assert judged(Reading("", None, 0.0), None, 2.0, "ko").state == "not_understood", "speech"


def test_nobody_speaks_that_fast() -> None:
    text = "서울시 강남구 테헤란로 백이십삼 번지 대한빌딩 지하 일층 주차장입니다"
    assert state(read(text), seconds=4.0)[0] == "ok"
    assert state(read(text), seconds=1.0)[0] == "not_understood"


def test_another_language_is_named() -> None:
    verdict = judged(read("헬프 미 플리즈", en=0.9, ko=0.05), None, 2.0, "ko")
    assert (verdict.state, verdict.language) == ("not_understood", "en")


def test_a_short_turn_counts_where_the_call_is_in_the_language() -> None:
    turn = read("네", -0.5, ko=0.3, ja=0.4)
    assert judged(turn, None, 0.5, "ko", in_all=0.9).state == "ok"
    assert judged(turn, None, 0.5, "ko", in_all=0.2).state == "not_understood"
    assert judged(read("네", -0.5, ko=0.02, en=0.9), None, 0.5, "ko", in_all=0.9).state == "not_understood"
    assert pooled([(turn, 1.0), (read("불이야"), 3.0)], "ko") == pytest.approx((0.3 + 3 * 0.97) / 4)
    assert pooled([(Reading("말"), 1.0)], "ko") is None


def test_a_prompt_may_correct_and_is_never_echoed() -> None:
    plain = read("삼층 아파트 백이동 오백사호에요", -0.6)
    assert state(plain, read("3층 아파트 백이동 오백사호예요", -0.3)) == ("ok", "3층 아파트 백이동 오백사호예요")
    for echo in (PROMPTS["ko"], "구급차와 소방차를 보내 드리겠습니다.", "위치가 어디세요?"):
        assert state(plain, read(echo, -0.1), seconds=8.0) == ("ok", plain.text)
        assert state(read("자 고마", -1.1), read(echo, -0.1), seconds=8.0) == ("not_understood", "")


def test_the_prompt_reports_no_accident() -> None:
    for word in ("불이", "화재", "쓰러", "살려", "죽", "흉기", "fire", "knife", "help me"):
        assert word not in PROMPTS["ko"] + PROMPTS["en"].lower()


def test_words_go_with_the_text() -> None:
    words = tuple(Word(n * 300, n * 300 + 250, f" {w}", 0.9) for n, w in enumerate(["불이", "났어요", "났어요"]))
    verdict = judged(Reading("불이 났어요 났어요", -0.2, 0.0, KO, words), None, 2.0, "ko")
    assert [(w.start_ms, w.text) for w in verdict.words] == [(0, "불이"), (300, "났어요"), (600, "났어요")]
    said = ["빨리", "빨리", "빨리", "빨리", "아아아아아", "불이야"]
    repeated = tuple(Word(n * 300, n * 300 + 250, f" {w}", 0.9) for n, w in enumerate(said))
    verdict = judged(Reading(" ".join(said), -0.2, 0.0, KO, repeated), None, 3.0, "ko")
    assert verdict.text == "빨리 빨리 빨리 아아아 불이야"
    assert [w.start_ms for w in verdict.words] == [0, 300, 600, 1200, 1500], "what comes after a repeat keeps its time"
    assert judged(Reading("불이", None, None, {}, words[:1]), None, 1.0, "ko").confidence == 0.9


def test_similar_texts() -> None:
    assert similar("불이 났어요!", "불이났어요") == 1.0
    assert similar("", "불") == 0.0
