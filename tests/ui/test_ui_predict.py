"""The parts of the Live prediction page that turn a prediction document into what is drawn."""

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st

from core.audio import Audio
from core.errors import InputError
from core.schemes import DANGER, URGENCY
from core.ui import frame, i18n
from core.ui.i18n import in_language
from core.ui.panels.evaluation import alarms
from core.ui.panels.imports import differences
from core.ui.panels.predict import answers, batch, calls, judging, live, recordings, sentence
from core.ui.panels.predict.calls import Call, Delivered
from core.ui.panels.predict.card import chart, segments, verdict
from core.ui.panels.predict.options import Options
from core.ui.widgets import call_chart, player, verdicts, words
from core.ui.widgets.call_chart import Stretch, Words
from core.web import uploads
from core.workflows.predict import demo_calls, predict
from core.workflows.predict.batch import Batch

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with in_language("en"):
        yield


def judgement(label: str, confidence: float, other: str = "normal", **more: Any) -> dict[str, Any]:
    probabilities = {label: confidence, other: 1 - confidence}
    base = {"label": label, "confidence": confidence, "probabilities": probabilities, "run": "danger-text-1"}
    return (
        base | {"chosen": True, "abstained": None, "reason": None, "set": [label], "by": {}, "disagree": False} | more
    )


def utterance(text: str | None, judgements: Mapping[str, Any], start_ms: int = 0, **more: Any) -> dict[str, Any]:
    times = {"start_ms": start_ms, "end_ms": start_ms + 1000}
    return (
        times
        | {"text": text, "speaker": "caller", "transcript": None, "judgements": judgements, "abstained": {}}
        | more
    )


def document(*utterances: dict[str, Any], **of_verdict: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"run": "danger-text-1", "level": "utterance", "utterance": 1, "first_alarm_ms": 2000}
    found |= {"label": "danger", "confidence": 0.934, "abstained": None, "reason": None, "set": ["danger"]}
    found |= {"recall": {"class": "danger", "value": 0.93, "low": 0.88, "high": 0.96, "n": 120}}
    return {
        "source": "a.wav",
        "utterances": list(utterances),
        "verdict": {"danger": found | of_verdict},
        "abstained": None,
    }


CALM = utterance("네, 119입니다", {"danger": judgement("normal", 0.9, "danger")}, speaker="taker")
ALARM = utterance("불이 났어요", {"danger": judgement("danger", 0.93)}, 1000)


# --- the verdict --------------------------------------------------------------------------------------------------


def test_an_alarm_says_how_sure_where_when_and_how_much_the_run_finds() -> None:
    card = verdict.card("danger", document(CALM, ALARM)["verdict"]["danger"], document(CALM, ALARM), first=True)
    assert (card.kind, card.answer, card.share, card.confidence) == ("danger", "Danger", "93%", 0.934)
    assert card.leads == ("First alarm at 0:02.0",)
    assert card.fine == (
        "Calibrated: of 100 answers as sure as this one, about 93 are right.",
        "Decided by utterance 2",
        "On its test split this run found 93% of 120 ‘Danger’ (95% interval 88% to 96%)",
        "Run danger-text-1",
    )


def test_without_an_alarm_the_card_says_so() -> None:
    calm = document(CALM, label="normal", first_alarm_ms=None)
    card = verdict.card("danger", calm["verdict"]["danger"], calm, first=False)
    assert (card.kind, card.answer, card.leads) == ("clear", "Normal", ("No alarm in the whole call",))
    assert card.fine[0] == "Calibrated probability"


def test_what_cannot_be_told_shows_the_reason_and_no_label_or_number() -> None:
    unsure = document(ALARM, abstained="undecided", set=["danger", "normal"], first_alarm_ms=None)
    card = verdict.card("danger", unsure["verdict"]["danger"], unsure, first=True)
    assert (card.kind, card.answer, card.share, card.confidence) == ("unsure", "Cannot tell", "", None)
    assert card.leads == ("these classes are not told apart: Danger, Normal", "It may be ‘Danger’: listen to it.")
    foreign = document(utterance("hello", {}), abstained="not_korean", first_alarm_ms=None)
    card = verdict.card("danger", foreign["verdict"]["danger"], foreign, first=True)
    assert card.leads == ("the text is not Korean, and the run was trained on Korean",)
    assert card.fine == ("Run danger-text-1",), "no score of the run beside a text that it cannot read"


@pytest.mark.parametrize(
    ("scheme", "label", "kind"),
    [("danger", "normal", "clear"), ("urgency", "low", "clear"), ("urgency", "medium", "class"),
     ("urgency", "high", "danger"), ("sentiment", "anxious", "class")],
)  # fmt: skip
def test_only_the_class_furthest_from_an_alarm_is_all_clear(scheme: str, label: str, kind: str) -> None:
    assert answers.kind(scheme, {"label": label, "abstained": None}) == kind


@pytest.mark.parametrize("code", answers.CODES)
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_reason_has_a_sentence_in_both_languages(code: str, lang: str) -> None:
    with in_language(lang):
        sentence = answers.reason("danger", {"abstained": code, "label": "normal", "set": []})
    assert len(sentence) > 8
    assert any("가" <= letter <= "힣" for letter in sentence) == (lang == "ko")


def test_certainty_is_not_rounded_up_to_all() -> None:
    assert [answers.percent(share) for share in (0.996, 1.0, 0.004, 0.675)] == ["99%", "100%", "0%", "68%"]


def test_titles_cannot_bring_markup() -> None:
    card = verdicts.Verdict("danger", HOSTILE, HOSTILE, 0.5, HOSTILE, (HOSTILE,), (HOSTILE,))
    assert "<img" not in verdicts.card_html(card)
    assert verdicts.card_html(card).count("&lt;img") == 5
    assert "<img" not in words.words_html([(HOSTILE, 1.0)], HOSTILE)


# --- the utterances -----------------------------------------------------------------------------------------------


def test_regions_are_coloured_by_the_alarm_and_marked_by_a_shape() -> None:
    calm, alarm = segments.regions(document(CALM, ALARM))
    assert (calm.tone, alarm.tone, alarm.speaker, alarm.id) == ("taker", "danger", "Caller", "1")
    assert [chip.text for chip in (*calm.chips, *alarm.chips)] == ["Danger: ● Normal 90%", "Danger: ▲ Danger 93%"]
    assert [chip.tone for chip in (*calm.chips, *alarm.chips)] == ["plain", "danger"]


def test_text_and_voice_that_disagree_are_marked() -> None:
    by = {"text": judgement("danger", 0.97), "voice": judgement("normal", 0.55, "danger")}
    both = judgement("danger", 0.84, by=by, disagree=True, weights={"text": 0.7, "voice": 0.3})
    (chip,) = segments.regions(document(utterance("불이야", {"danger": both})))[0].chips
    assert chip.tone == "differ"
    assert chip.text == "≠ they disagree · Danger: ▲ Danger 84% (text ▲ Danger 97%, voice ● Normal 55%)"


def test_an_utterance_without_an_answer_says_why() -> None:
    silent = utterance(None, {}, abstained={"danger": "not_understood", "urgency": "not_understood"})
    silent["transcript"] = {"text": "", "state": "not_understood", "confidence": 0.1, "words": []}
    (region,) = segments.regions(document(silent))
    assert (region.text, region.tone, region.note) == ("", "unsure", "not understood")
    assert region.chips[0].text.startswith("? Danger, Urgency: Cannot tell — ")


def test_words_that_nobody_knows_are_no_empty_text() -> None:
    (region,) = segments.regions(document(utterance(None, {}, abstained={"danger": "empty"})))
    assert region.chips[0].text == "? Danger: Cannot tell — nobody knows the words: nothing was typed or transcribed"
    (region,) = segments.regions(document(utterance("...", {}, abstained={"danger": "empty"})))
    assert "no word is left to read" in region.chips[0].text


def test_a_recognised_text_says_how_sure_the_recogniser_is_until_it_is_changed() -> None:
    heard = {"text": "불이 났어요", "state": "ok", "confidence": 0.82, "words": []}
    spoken = utterance("불이 났어요", {"danger": judgement("danger", 0.9)}, transcript=heard)
    assert segments.regions(document(spoken))[0].note == "recognised, 82% sure of the words"
    assert segments.regions(document(spoken), edited=[0])[0].note == "changed"


@pytest.mark.parametrize(
    "sent", [None, {"id": "9", "text": "a"}, {"id": "0", "text": 1}, {"id": "0", "text": "가" * 2001}, ["0", "a"]]
)
def test_a_malformed_edit_is_refused(sent: object) -> None:
    with pytest.raises(InputError, match="malformed edit"):
        player.parse_edit(sent, ["0", "1"])


# --- the course of the call ---------------------------------------------------------------------------------------

WORDS = Words("course", "highest", "first alarm", "seconds", "cannot tell")


def test_the_curve_follows_the_critical_class_and_remembers_the_highest() -> None:
    rows = chart.ribbons(document(CALM, ALARM))
    figure = call_chart.call_chart(
        rows, DANGER, alarm_ms=2000, duration_ms=3000, language="en", words=WORDS, ink="#000000"
    )
    here, _doubtful, highest, alarm = figure.data[:4]
    assert [y for y in here.y if y is not None] == pytest.approx([0.1, 0.1, 0.93, 0.93])
    assert list(zip(highest.x, highest.y, strict=True))[-1] == (2.0, pytest.approx(0.93))
    assert (alarm.x, alarm.text) == ((2.0,), ("<b>first alarm</b>",))


def test_what_a_model_cannot_tell_is_faint_and_not_on_the_curve() -> None:
    stretches = [Stretch(0, 1000, {"low": 0.2, "medium": 0.3, "high": 0.5}, sure=False, counts=False)]
    figure = call_chart.call_chart(
        [(URGENCY, stretches)], URGENCY, alarm_ms=None, duration_ms=1000, language="ko", words=WORDS, ink="#000000"
    )
    assert (figure.data[0].y, figure.data[1].y, figure.data[2].y) == ((), (), (0.0,))
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [bar.marker.opacity for bar in bars] == [(call_chart.FAINT,)] * 3
    assert [bar.marker.pattern.shape for bar in bars] == ["", "/", "x"], "classes are not told apart by colour alone"
    assert figure.data[-1].hovertext == ("cannot tell",)


# --- what is judged again -----------------------------------------------------------------------------------------


def test_another_baseline_is_judged_again_without_transcribing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, bool]] = []

    def note(name: str) -> Callable[..., dict[str, Any]]:
        def judged(*_given: Any, own_voice: bool, **_options: Any) -> dict[str, Any]:
            told.append((name, own_voice))
            return document(CALM)

        return judged

    monkeypatch.setattr(judging, "workspace", lambda: None)
    monkeypatch.setattr(predict, "predict_audio", note("first"))
    monkeypatch.setattr(predict, "judge_again", note("again"))
    call = Call(Delivered("1", "a.wav", bytes), None, "t")  # type: ignore[arg-type]
    plain, own = Options(), Options(own_voice=True)
    judging.first(call, plain)
    assert (judging.is_stale(call, plain), judging.is_stale(call, own)) == (False, True)
    judging.again(call, own)
    assert told == [("first", False), ("again", True)], "the words stay, the voice is compared anew"
    judging.again(call, Options(own_voice=True, language="en"))
    assert told[2:] == [("first", True), ("again", True)], "another language is transcribed anew"


@pytest.mark.parametrize(
    ("names", "pairs", "lonely"),
    [
        (["a.wav", "b.wav", "b.json"], [("a.wav", None), ("b.wav", b"b.json")], []),
        (["a.wav", "other.json"], [("a.wav", b"other.json")], []),
        (["a.wav", "a.wav", "a.json"], [("a.wav", None), ("a.wav", None)], ["a.json"]),
        (["a.wav", "b.wav", "a.json", "a.json"], [("a.wav", None), ("b.wav", None)], ["a.json", "a.json"]),
        (["a.json"], [], ["a.json"]),
    ],
)
def test_a_label_json_goes_to_the_one_recording_of_its_name(
    names: list[str], pairs: list[tuple[str, bytes | None]], lonely: list[str]
) -> None:
    files: list[Any] = [
        SimpleNamespace(name=name, file_id=str(n), getvalue=name.encode) for n, name in enumerate(names)
    ]
    made, alone = recordings.paired(files, None)
    assert [(item.name, item.labels) for item in made] == pairs
    assert [file.name for file in alone] == lonely


def test_probabilities_that_mean_nothing_are_not_drawn() -> None:
    shares = {"low": 0.01, "medium": 0.02, "high": 0.97}
    stretches = [Stretch(0, 1000, shares, sure=False, counts=False), Stretch(1000, 2000, shares, sure=False)]
    figure = call_chart.call_chart(
        [(URGENCY, stretches)], None, alarm_ms=None, duration_ms=2000, language="en", words=WORDS, ink="#000000"
    )
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [bar.y for bar in bars] == [(0.0, 0.01), (0.0, 0.02), (0.0, 0.97)]
    assert [bar.customdata for bar in bars] == [bar.y for bar in bars], "nor are they told under the mouse"
    assert figure.data[-1].x == (0.5, 1.5), "both are marked by ?"


# --- words in the reader's language -------------------------------------------------------------------------------


def test_what_is_marked_is_korean_on_a_korean_page() -> None:
    both = judgement("danger", 0.84, disagree=True)
    with in_language("ko"):
        (chip,) = segments.regions(document(utterance("불이야", {"danger": both})))[0].chips
        assert chip.text == "≠ 예측이 다름 · 위험: ▲ 위험 84%"
        assert live.demo_title("구급") == "구급"
        assert alarms._seconds(4200) == differences.value_text("start_ms", 4200).replace("00초", "초") == "4.2초"
        hover = Words("", "", "", "", "", i18n._("{s} s")).hover("%{y:.0%}")
    assert hover == "%{x:.1f}초: %{y:.0%}"
    assert [live._given([], None, kind)[0] for kind in demo_calls.kinds()[:1]] == [
        f"Call of the demo: {live.demo_title(kind)}" for kind in demo_calls.kinds()[:1]
    ]
    assert live.demo_title("구급") == "Medical", "no Korean word on an English page"


# --- a conversation -----------------------------------------------------------------------------------------------


def test_no_line_of_a_conversation_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    typed = "\n".join(["네, 알겠습니다"] * 200 + ["", "불이 났어요"])
    assert len(typed) < sentence.MOST_CHARACTERS
    monkeypatch.setattr(st, "text_area", lambda *_args, **more: typed[: more["max_chars"]])
    monkeypatch.setattr(sentence.judging, "conversation", lambda texts, _options: judged.extend(texts))
    monkeypatch.setattr(sentence, "show_conversation", lambda *_args, **_more: None)
    sentence._conversation(Options())
    assert (len(judged), judged[-1]) == (201, "불이 났어요")


# --- what a session holds -----------------------------------------------------------------------------------------


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Audio:
    """One second of silence, which every recording decodes to; the server plays no upload yet."""
    audio = Audio(np.zeros(16_000, np.float32), 16_000, 16_000, 1, "wav", 1000)
    monkeypatch.setattr(predict, "read_audio", lambda _data, _name: audio)
    monkeypatch.setattr(uploads, "_uploads", uploads.Kept(uploads.ENTRIES, uploads.BYTES))
    return audio


def delivered(name: str, **more: Any) -> Delivered:
    return Delivered("demo-fire", name, lambda: b"wav", **more)


@pytest.mark.usefixtures("session", "sound")
def test_a_call_keeps_its_edits_when_the_language_changes_its_name() -> None:
    call = calls.opened(delivered("Call of the demo: Fire", labels=b"{}"))
    call.edits[0], call.document = "불이야", {"source": "Call of the demo: Fire"}
    again = calls.opened(delivered("데모 통화: 화재", labels=b"{}"))
    assert (again is call, again.edits) == (True, {0: "불이야"})
    assert again.delivered.name == again.document["source"] == "데모 통화: 화재"  # type: ignore[index]
    assert calls.opened(delivered("데모 통화: 화재", text="다른 말")).edits == {}, "other words are judged anew"


@pytest.mark.usefixtures("session", "sound")
def test_a_sound_that_other_uploads_pushed_out_can_be_played_again() -> None:
    call = calls.opened(delivered("a.wav"))
    for number in range(uploads.ENTRIES):
        uploads.keep(str(number).encode())
    assert uploads.get(call.token) is None
    assert calls.opened(delivered("a.wav")).token == call.token
    assert uploads.get(call.token) == predict.playable(call.audio)


def test_another_page_drops_the_calls_and_keeps_the_rest(session: dict[str, Any]) -> None:
    large = {calls.STATE: {"a": object()}, live.STATE: object(), batch.OPENED: object()}
    session |= large | {"review:token": "t", "lang": "ko"}
    frame._leave_others("predict")
    assert set(session) == {*large, "review:token", "lang"}
    frame._leave_others("corpus")
    assert set(session) == {"review:token", "lang"}


# --- a batch that is still judged ---------------------------------------------------------------------------------


def rows(*numbers: int) -> Batch:
    listed = tuple({"n": n, "source": f"{n}.wav", "state": "judged", "risk": 0.5, "verdict": {}, "alarm": False}
                   for n in numbers)  # fmt: skip
    return Batch("batch-1", "calls", "2026-11-30T00:00:00+00:00", rows=listed)


def test_the_chosen_call_stays_open_when_a_riskier_one_comes(
    session: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: list[dict[str, Any]] = []
    monkeypatch.setattr(st, "dataframe", lambda _rows, **more: tables.append(more))
    assert batch._rows(rows(4, 7)) is None
    session[tables[0]["key"]] = SimpleNamespace(selection=SimpleNamespace(rows=[1]))
    tables[0]["on_select"]()
    assert batch._rows(rows(4, 7)) == 7
    assert batch._rows(rows(9, 4, 2, 7)) == 7
    assert [table["selection_default"]["selection"]["rows"] for table in tables] == [[], [1], [3]]
    assert tables[0]["key"] == tables[1]["key"] != tables[2]["key"], "positions of one order never count in another"
    session[tables[2]["key"]] = SimpleNamespace(selection=SimpleNamespace(rows=[]))
    tables[2]["on_select"]()
    assert batch._rows(rows(9, 4, 2, 7)) is None


def test_the_sound_of_the_open_call_is_made_once(
    session: dict[str, Any], sound: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(batch, "workspace", lambda: None)
    monkeypatch.setattr(batch.batch, "document", lambda _ws, _id, n: {"source": f"{n}.wav"})
    monkeypatch.setattr(batch.batch, "sound", lambda _ws, _item, n: b"wav" if n else None)
    monkeypatch.setattr(predict, "playable", lambda _audio: made.append("wav") or b"RIFF")
    first = batch._open(rows(4, 7), 7)
    assert batch._open(rows(9, 4, 7), 7) is first
    assert (made, first.audio, uploads.get(first.token)) == (["wav"], sound, b"RIFF")
    assert batch._open(rows(0), 0).audio is None, "a text has no sound"
    assert session[batch.OPENED].document == {"source": "0.wav"}
