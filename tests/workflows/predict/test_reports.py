"""core.workflows.predict.summary, report and report_page: risk, files to take away, hostile texts."""

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from prediction_documents import RUN, document, judgement, turn

from core.messages import ClassName, Message
from core.schemes import DANGER
from core.text.clock import clock
from core.workflows.predict.report import csv_bytes, json_bytes
from core.workflows.predict.report_page import english, html
from core.workflows.predict.summary import by_risk, critical_probability, is_alarm, summary

ALARMED = document(
    "a.wav", turn(0, 2_000, "네 119입니다", 0.1, speaker="taker"), turn(2_500, 5_000, "불이 났어요", 0.94),
    first_alarm_ms=5_000,
)  # fmt: skip
UNSURE = document("b.wav", turn(0, 1_000, "글쎄요", 0.55, abstained="undecided"), first_alarm_ms=None)
CALM = document("c.wav", turn(0, 1_000, "네", 0.2), turn(1_000, 1_200, None, None))
SILENT = document("d.wav")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def test_the_risk_is_the_largest_probability_of_danger_that_means_something() -> None:
    row = summary(ALARMED)
    assert (row.risk.value, row.risk.scheme, row.risk.code) == (0.94, "danger", "danger") if row.risk else False
    assert (row.alarm, row.first_alarm_ms, row.duration_ms, row.utterances) == (True, 5_000, 5_000, 2)
    far = document("e", turn(0, 900, "blah", 0.99, abstained="unfamiliar"), turn(1_000, 2_000, "네", 0.3))
    assert (summary(far).risk.value if summary(far).risk else None) == 0.3, "what is unlike the training has no risk"
    assert (summary(SILENT).risk, summary(SILENT).alarm, summary(SILENT).abstained) == (None, False, "no_speech")


def test_two_classes_that_are_not_told_apart_are_an_alarm_all_the_same() -> None:
    assert is_alarm(judgement(0.55, abstained="undecided"), DANGER)
    assert not is_alarm(judgement(0.45, abstained="undecided"), DANGER)
    assert not is_alarm(judgement(0.99, abstained="not_korean"), DANGER)
    assert critical_probability(judgement(0.99, abstained="too_short"), DANGER) is None
    assert not is_alarm(None, DANGER)


def test_alarms_come_first_then_the_risk_and_what_was_not_judged_last() -> None:
    rows = [summary(d).as_json() for d in (SILENT, CALM, UNSURE, ALARMED)]
    assert [row["source"] for row in sorted(rows, key=by_risk)] == ["a.wav", "b.wav", "c.wav", "d.wav"]


def test_json_holds_the_documents_as_the_shell_prints_them() -> None:
    assert json.loads(json_bytes([ALARMED, CALM])) == {"inputs": [ALARMED, CALM]}


def test_the_table_has_a_row_for_the_call_and_one_for_each_utterance() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_bytes([ALARMED, UNSURE, CALM]).decode("utf-8-sig"))))
    assert [(row["source"], row["level"]) for row in rows[:3]] == [
        ("a.wav", "call"), ("a.wav", "utterance"), ("a.wav", "utterance"),
    ]  # fmt: skip
    assert (rows[0]["danger"], rows[0]["first_alarm_ms"], rows[0]["danger:run"]) == ("danger", "5000", RUN)
    assert (rows[2]["text"], float(rows[2]["danger:p:danger"]), rows[2]["danger:set"]) == (
        "불이 났어요",
        0.94,
        "danger",
    )
    unsure, short = rows[4], rows[-1]
    assert (unsure["danger"], unsure["danger:abstained"], unsure["danger:confidence"]) == ("", "undecided", "0.55")
    assert (short["danger"], short["danger:abstained"], short["text"]) == ("", "too_short", "")
    assert csv_bytes([CALM]).startswith(b"\xef\xbb\xbf"), "spreadsheet programs need the mark to read Hangul"


def test_a_text_is_no_formula_in_a_spreadsheet() -> None:
    row = next(
        csv.DictReader(io.StringIO(csv_bytes([document("=A1", turn(0, 1, "=HYPERLINK(1)", 0.2))]).decode("utf-8-sig")))
    )
    assert row["source"] == "'=A1"


class Tags(HTMLParser):
    """Collects the names of the tags and all attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_report_needs_no_network_and_runs_nothing() -> None:
    hostile = document(HOSTILE, turn(0, 1_000, HOSTILE, 0.9, speaker=HOSTILE), first_alarm_ms=1_000)
    tags = Tags(html([hostile, CALM], "2026-11-30 23:00"))
    assert not {"script", "img", "link", "iframe", "object"} & set(tags.names)
    assert not [name for name, value in tags.attributes if name.startswith("on") or name in ("src", "href")]
    assert tags.texts.count(HOSTILE) == 4, "in the list, the heading, the speaker and the text: as text"


def test_the_report_says_that_it_cannot_tell_and_why() -> None:
    tags = Tags(html([CALM, UNSURE, ALARMED], "2026-11-30 23:00"))
    text = " ".join(tags.texts)
    assert "Made on 2026-11-30 23:00 · 3 inputs, 2 with an alarm" in text
    assert text.index("a.wav") < text.index("b.wav") < text.index("c.wav")
    assert "First alarm after 0:05.0" in text
    assert "recall of Danger 93% (88% to 96%, n = 120)" in text
    assert "the classes are not told apart" in text
    section = text[text.rindex("b.wav") : text.rindex("c.wav")]
    assert "Cannot tell" in section
    assert "Danger 55%" not in section, "no class is shown where the run cannot tell"


def test_what_nothing_judged_has_its_reason_and_names_no_run() -> None:
    silent = document("d.wav", turn(0, 300, None, None), turn(1_000, 59_990, None, None, abstained={"danger": "empty"}))
    text = " ".join(Tags(html([silent, UNSURE], "2026-11-30 23:00")).texts)
    assert "run None" not in text
    assert "Danger: Cannot tell (the sound is too short for a voice model)" in text
    assert "Danger: Cannot tell (nobody knows the words: nothing was typed or transcribed)" in text
    assert "Danger: Cannot tell (the classes are not told apart)" in text
    assert "0:01.0 – 1:00.0" in text


def test_a_minute_is_never_sixty_seconds() -> None:
    for ms, said in ((59_949, "0:59.9"), (59_950, "1:00.0"), (59_990, "1:00.0"), (119_999, "2:00.0"), (0, "0:00.0")):
        assert clock(ms) == said


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_report_is_in_the_readers_language(language: str) -> None:
    from core.ui.i18n import in_language
    from core.ui.translation import translate

    with in_language(language):
        page = html([ALARMED], "2026-11-30 23:00", language, translate)
    assert f"<html lang='{language}'>" in page
    assert ("예측 보고서" in page, "Prediction report" in page) == (language == "ko", language == "en")
    assert english(ClassName("danger", "danger")) == "Danger"
    assert english(Message("run {run}", run="r")) == "run r"
