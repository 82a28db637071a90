"""pages/progress.py and pages/agreement.py in process: sentences, charts, CSV, and the empty states."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any

import pytest
from desk_data import answer
from page_driver import faultless as ok
from page_driver import page as open_page
from page_driver import texts
from store_data import sentences
from streamlit.testing.v1 import AppTest

from core.agreement import coefficients, measure
from core.errors import NotEnoughData
from core.records import Vote
from core.schemes import URGENCY, publish
from core.schemes.files import parse_toml
from core.ui import i18n, translation
from core.ui.panels.review import agreement, progress
from core.ui.widgets import charts
from core.workflows.corpus import schemes
from core.workflows.review import agreement as agreement_work
from core.workflows.review import progress as progress_workflow
from core.workflows.review.progress import Day, Forecast, Progress
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

AT = "2024-05-01T10:00:00.000000+00:00"
HOSTILE = '<a href="http://evil.example">x</a> ![x](http://evil.example/a.png)'


@pytest.fixture(autouse=True)
def _english_and_forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(i18n, "DEFAULT", "en")
    yield
    publish(None, [])


def page(name: str, **query: str) -> AppTest:
    return ok(open_page(name, **query))


def course(**change: Any) -> Forecast:
    days = (Day("2024-05-01", 4, 6), Day("2024-05-02", 4, 2, projected=True), Day("2024-05-03", 2, 0, projected=True))
    fields: dict[str, Any] = {
        "scheme": "danger", "targets": 10, "labelled": 4, "gold": 4, "left": 6, "classes": {}, "per_day": 4.0,
        "hours_left": 1.25, "finish": "2024-05-03", "burn_down": days,
    }  # fmt: skip
    return Forecast(**(fields | change))


# --- progress --------------------------------------------------------------------------------------------------------


def test_before_any_decision_the_page_says_where_to_begin(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    assert texts(page("progress").info) == ["Nobody has decided anything yet: begin on the Review page."]


def test_a_manager_reads_when_it_is_done() -> None:
    assert progress.sentence(course()) == (
        ":material/event: **6 of 10 are left.** At the pace of the last 14 days, 4.0 a day, it is done on "
        "**May 3, 2024**. That is about 1.2 hours of work."
    )
    assert progress.sentence(course(left=0)) == ":material/check_circle: **All 10 are labelled.**"
    assert progress.sentence(course(finish=None, hours_left=None)) == (
        ":material/hourglass_disabled: **6 of 10 are left.** Nobody decided anything in the last 14 days, or too "
        "little to see an end."
    )


def test_the_burn_down_goes_on_from_the_last_day_to_the_finish() -> None:
    days = [(day.day, day.left, day.projected) for day in course().burn_down]
    figure = charts.burn_down(days, ("left", "at this pace"), "May 3, 2024")
    past, coming, end = figure.data
    assert (list(past.x), list(past.y)) == (["2024-05-01"], [6])
    assert (list(coming.x), list(coming.y)) == (["2024-05-01", "2024-05-02", "2024-05-03"], [6, 2, 0])
    assert (past.line.dash, coming.line.dash) == (None, "dash"), "not by colour alone"
    assert (list(end.x), figure.layout.annotations[0].text) == (["2024-05-03"], "<b>May 3, 2024</b>")
    assert len(charts.burn_down(days[:1], ("left", "pace"), "").data) == 1, "no pace, no projection"


def test_curators_are_counted_compared_and_drawn(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "네", "응")
    answer(ws, "danger", spent_ms=2000, kim="danger", **{HOSTILE: "normal"})
    opened = page("progress")
    schemes_, people = (frame.value for frame in opened.dataframe)
    assert list(schemes_["Scheme"]) == ["Danger"]
    assert (list(schemes_["Labelled"]), list(schemes_["Done by"])) == ([3], ["done"])
    assert sorted(people["Curator"]) == sorted(["kim", HOSTILE])
    assert list(people["Decisions"]) == [3, 3]
    assert list(people["Agrees with the others"]) == [0.0, 0.0]
    assert ":material/check_circle: **All 3 are labelled.**" in texts(opened.markdown)
    drawn = "".join(str(element.proto) for element in opened.get("plotly_chart"))
    assert '<a href=\\"http' not in drawn.replace("\\\\", "\\"), "Plotly reads a little HTML"


def test_the_csv_is_safe_in_a_spreadsheet(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    version = ws.store.corpus.utterance(1).version
    ws.store.review.decide(1, version, "=kim()", AT, labels={"danger": "danger"}, spent_ms=36_000)
    rows = list(csv.reader(io.StringIO(progress._csv(progress_workflow.progress(ws)).decode("utf-8-sig"))))
    assert rows == [
        ["curator", "day", "scheme", "decisions", "hours"],
        ["'=kim()", "2024-05-01", "", "1", "0.0100"],
        ["'=kim()", "2024-05-01", "danger", "1", "0.0100"],
    ]


def test_what_is_decided_is_measured_anew(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences(ws.store, "불이야", "네")
    times: list[str] = []
    real = progress_workflow.progress

    def counted(ws: Workspace, today: str = "", zone: tzinfo = UTC) -> Progress:
        times.append(today)
        return real(ws, today, zone)

    monkeypatch.setattr(progress_workflow, "progress", counted)
    ws.store.review.decide(1, 0, "kim", AT, labels={"danger": "danger"})
    opened = page("progress")
    ok(opened.run())
    assert len(times) == 1
    ws.store.review.decide(2, 0, "kim", AT, labels={"danger": "danger"})
    ok(opened.run())
    assert len(times) == 2
    ws.store.review.undo("kim", AT)
    ok(opened.run())
    assert len(times) == 3
    assert list(opened.dataframe[0].value["Labelled"]) == [1]


# --- agreement -------------------------------------------------------------------------------------------------------


def vote(ws: Workspace, name: str, answers: dict[int, str], codes: dict[str, str]) -> None:
    """Import votes: `answers` is item -> one letter of `codes` for each rater (a, b, ...)."""
    rows = [
        Vote(name, item, codes[letter], f"vote:{chr(97 + place)}", "")
        for item, letters in answers.items()
        for place, letter in enumerate(letters)
    ]
    ws.store.review.add_votes(rows)


DANGERS = {"d": "danger", "n": "normal"}


def test_without_two_answers_the_page_says_how_they_come(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    opened = page("agreement")
    (told,) = texts(opened.info)
    assert told.startswith("No two people answered the same here yet. On the Review page, let two curators answer a")
    assert "python" not in told, "the command is behind a button"
    assert [code.value for code in opened.code] == ["python -m core ingest votes FILE"]


def test_coefficients_are_told_with_their_intervals(ws: Workspace) -> None:
    ids = sentences(ws.store, "불이야", "네", "응", "어", "음", "아")
    vote(ws, "danger", dict(zip(ids, ("ddd", "nnn", "dnd", "ddd", "nnn", "nnd"), strict=True)), DANGERS)
    opened = page("agreement")
    assert opened.selectbox(key="scheme").value == "danger"
    expected = agreement_work.agreement(ws, "danger")
    whole, classes, pairs = (frame.value for frame in opened.dataframe)
    assert list(whole.iloc[:, 0]) == ["unanimous", "Fleiss κ", "Krippendorff α"]
    assert list(whole["value"]) == [
        round(x.value or 0, 3) for x in (expected.unanimous, expected.fleiss, expected.nominal)
    ]
    assert whole["95%"][2] == f"{expected.nominal.low:.3f} – {expected.nominal.high:.3f}"
    assert list(classes["Class"]) == ["Normal", "Danger"]
    assert list(pairs["Curators"]) == ["vote:a · vote:b", "vote:a · vote:c", "vote:b · vote:c"]
    assert "Why none" not in whole
    assert texts(opened.metric)[:2] == ["6", "18"]
    assert "Nobody answered by hand yet; imported votes have no time." in texts(opened.caption)
    ok(opened.selectbox(key="who").set_value("vote:c").run())
    captions = [text.replace("\\", "") for text in texts(opened.caption) if text.startswith("vote")]
    assert [text.partition(" (")[0] for text in captions] == ["vote:c: 4 of 5 as the others, 0.800"], (
        "of one the others are tied"
    )


def test_the_order_of_classes_is_the_schemes_own(ws: Workspace) -> None:
    text = 'name = "pain"\nko = "아픔"\nordinal = true\n' + "".join(
        f'[[label]]\ncode = "{c}"\nko = "{c}"\n' for c in "lmh"
    )
    schemes.save(ws, parse_toml(text, "pain.toml"), "tester")
    ids = sentences(ws.store, "하나", "둘", "셋")
    vote(ws, "pain", dict(zip(ids, ("lm", "hh", "ll"), strict=True)), {c: c for c in "lmh"})
    assert "Krippendorff α, ordinal" in list(page("agreement").dataframe[0].value.iloc[:, 0])


def test_what_is_not_defined_says_why(ws: Workspace) -> None:
    ids = sentences(ws.store, "불이야", "네")
    vote(ws, "danger", dict.fromkeys(ids, "dd"), DANGERS)
    whole = page("agreement").dataframe[0].value
    why = "every answer is the same class: there is no chance agreement to correct for"
    assert list(whole["Why none"]) == ["", why, why]


def test_every_reason_has_its_words() -> None:
    named = {value for name, value in vars(coefficients).items() if name.startswith(("NO_", "ONE_", "TOO_"))}
    assert len(named) > 3
    for reason in named | {measure.__globals__["SEVERAL"]}:
        assert i18n.catalogue("ko").gettext(reason) != reason
        assert translation.translate(reason) == reason


def test_names_and_titles_are_no_markup_in_pictures() -> None:
    hostile = parse_toml(f"name = \"t\"\nko = '{HOSTILE}'\n[[label]]\ncode = \"a\"\nko = '{HOSTILE}'", "t.toml")
    used_scheme, _matrix = agreement._answered_classes([[3]], hostile)
    assert "<a" not in used_scheme.labels[0].ko
    assert "<a" not in str(charts.over_time({HOSTILE: [(AT, 0.5)]}).to_json())
    assert "<a" not in str(charts.balance({HOSTILE: {"a": 1}}, hostile, "ko").to_json())


def test_a_confusion_of_many_classes_keeps_the_commonest() -> None:
    text = 'name = "t"\nko = "t"\n' + "".join(f'[[label]]\ncode = "c{n}"\nko = "c{n}"\n' for n in range(20))
    many = parse_toml(text, "t.toml")
    matrix = [[(n if i == j else 0) for j in range(20)] for i, n in enumerate(range(20))]
    used_scheme, used_matrix = agreement._answered_classes(matrix, many)
    assert used_scheme.codes == tuple(f"c{n}" for n in range(8, 20))
    assert [used_matrix[n][n] for n in range(12)] == list(range(8, 20))
    used_scheme, used_matrix = agreement._answered_classes([[0, 0, 0], [0, 2, 0], [0, 0, 0]], URGENCY)
    assert (used_scheme.codes, used_matrix) == (("medium",), [[2]])


def test_many_answers_are_measured_when_asked_for_and_once(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sentences(ws.store, "불이야", "네")
    vote(ws, "danger", dict(zip(ids, ("dd", "nn"), strict=True)), DANGERS)
    monkeypatch.setattr(agreement, "MOST_WITHOUT_ASKING", 3)
    opened = page("agreement")
    assert texts(opened.info) == ["There are 4 answers: measuring them takes a while."]
    assert not opened.dataframe
    ok(opened.button(key="measure").click().run())
    assert list(opened.dataframe[0].value["value"]) == [1.0, 1.0, 1.0]
    ok(opened.run())
    assert not opened.info, "it is known by now"
    vote(ws, "danger", {ids[0]: "ddn"}, DANGERS)
    ok(opened.run())
    assert texts(opened.info) == ["There are 5 answers: measuring them takes a while."]


def test_days_narrow_what_is_measured(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    ws.store.review.add_votes([Vote("danger", one, "danger", f"vote:{who}", AT) for who in "ab"])
    choice = agreement.AgreementChoice("danger", "2024-05-02", "", "50")
    with pytest.raises(NotEnoughData, match="no item has answers of two people"):
        agreement.measure(choice)
    measures = agreement.measure(agreement.AgreementChoice("danger", "2024-05-01", "2024-05-01", "day"))
    assert measures is not None
    assert measures.n_items == 1


def test_the_days_of_an_agreement_are_the_readers(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    for who, at in (("kim", "2024-05-01T16:00:00.000000+00:00"), ("lee", "2024-05-02T09:00:00.000000+00:00")):
        ws.store.review.decide(one, ws.store.corpus.utterance(one).version, who, at, labels={"danger": "danger"})
    korea = timezone(timedelta(hours=9))
    same_day = agreement.AgreementChoice("danger", "2024-05-02", "2024-05-02", "day", korea)
    measures = agreement.measure(same_day)
    assert measures is not None
    assert measures.n_items == 1
    assert {window.first_at[:10] for drift in measures.drift for window in drift.windows} == {"2024-05-02"}
    with pytest.raises(NotEnoughData):
        agreement.measure(replace(same_day, zone=UTC))


def test_the_store_says_what_is_new(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야", labels={"danger": "danger"})
    before = ws.store.review.newest_ids()
    assert ws.store.review.answer_counts() == {}, "a delivery's own labels are no opinions"
    vote(ws, "danger", {one: "dn"}, DANGERS)
    after = ws.store.review.newest_ids()
    assert (ws.store.review.answer_counts(), after > before) == ({"danger": 2}, True)
    ws.store.review.decide(one, 0, "kim", AT, labels={"danger": "normal"})
    decided = ws.store.review.newest_ids()
    ws.store.review.undo("kim", AT)
    assert ws.store.review.newest_ids() > decided > after
