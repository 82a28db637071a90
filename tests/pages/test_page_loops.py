"""From the Corpus page to Review and back, in process: chips, filters that came by address, lists, one utterance."""

from datetime import date
from zoneinfo import ZoneInfo

import page_driver
import pytest
from page_driver import captions, ok
from store_data import AT, call, sentences
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.messages import Message
from core.ui.panels.corpus import reviewing
from core.ui.widgets import forms
from core.web import desk
from core.workflows.review import queues
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace, now

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


@pytest.fixture
def ids(ws: Workspace) -> list[int]:
    said = sentences(ws.store, "불이 났어요", "괜찮아요", "산불이요") + call(ws.store, "c1", "네 119입니다", "불이요")
    ws.store.review.decide(said[0], 0, "kim", AT, labels={"danger": "danger"})
    ws.store.remarks.add(said[1], "kim", AT, "flag")
    ws.store.remarks.add(said[2], "kim", AT, "comment", "다시 들어 보세요")
    return said


def texts(opened: AppTest) -> list[str]:
    return list(opened.dataframe[0].value["Text"]) if opened.dataframe else []


def chip_labels(opened: AppTest) -> list[str]:
    """Return the labels of the chips, without the signs that keep Markdown from reading them."""
    labels = [button.label for button in opened.button if button.key and button.key.startswith("chip-")]
    return [label.replace("\\", "") for label in labels]


def open_desk() -> Desk:
    return next(reversed(desk._sessions.values())).desk


@pytest.mark.parametrize(
    ("query", "shown", "chip"),
    [
        ({"curator": "kim"}, ["불이 났어요"], "Decided by: kim · 1"),
        ({"from": "2024-05-01", "to": "2024-05-01"}, ["불이 났어요"], "Decided from: 2024-05-01 · 1"),
        ({"to": "20240501"}, ["불이 났어요"], "Decided up to: 2024-05-01 · 1"),
        ({"from": "2024-W18-3", "to": "2024-05-01T00:00"}, [], "Decided up to: 2024-04-30 · 0"),
        ({"flagged": "true"}, ["괜찮아요"], "Flagged · 1"),
        ({"comment": "open"}, ["산불이요"], "Comments: with an open comment · 1"),
        ({"call": "1"}, ["네 119입니다", "불이요"], "Call: c1 · 2"),
        ({"source": "2"}, ["네 119입니다", "불이요"], "Source: calls · 2"),
        ({"id": ["1", "2"]}, ["불이 났어요", "괜찮아요"], "Single utterances: 2 · 2"),
        ({"run": "gone"}, [], "Prediction of gone (unknown) · 0"),
        ({"in_recording": "false", "text": "불"}, ["불이 났어요", "산불이요"], "Text: 불 · 3"),
    ],
)  # fmt: skip
def test_each_filter_of_an_address_has_a_chip_with_its_number(
    ws: Workspace, ids: list[int], query: dict[str, str], shown: list[str], chip: str
) -> None:
    opened = page_driver.page("corpus", **query)
    assert texts(opened) == shown
    assert chip in chip_labels(opened)


def test_a_cross_takes_one_filter_off_and_the_last_button_all_of_them(ws: Workspace, ids: list[int]) -> None:
    opened = page_driver.page("corpus", call="1", text="불", flagged="false", sort="-id")
    assert texts(opened) == ["불이요"]
    assert chip_labels(opened) == ["Text: 불 · 3", "Call: c1 · 2", "Not flagged · 4", "Take all filters off"]
    ok(opened.button(key="chip-1").click().run())
    assert "call" not in opened.query_params
    assert texts(opened) == ["불이요", "산불이요", "불이 났어요"]
    ok(opened.button(key="chip-none").click().run())
    assert len(texts(opened)) == 5
    assert [key for key in opened.query_params if key not in ("sort", "lang")] == []


def test_inputs_of_the_new_filters_write_the_address(ws: Workspace, ids: list[int]) -> None:
    opened = page_driver.page("corpus")
    opened.selectbox(key="flagged").set_value("true")
    opened.multiselect(key="curator").set_value(["kim"])
    opened.date_input(key="to_day").set_value("2024-05-01")
    ok(opened.run())
    assert (opened.query_params["flagged"], opened.query_params["curator"]) == ("true", "kim")
    assert opened.query_params["to"].startswith("2024-05-02T00:00")
    assert chip_labels(opened)[1:3] == ["Decided up to: 2024-05-01 · 1", "Flagged · 1"]


@pytest.mark.parametrize("day", ["20240501", "2024-05-01"])
def test_the_last_day_is_the_whole_day_of_the_reader(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch, day: str
) -> None:
    monkeypatch.setattr(forms, "_reader_zone", lambda: ZoneInfo("Asia/Seoul"))
    for number, at in ((ids[1], "2024-05-01T14:59"), (ids[2], "2024-05-01T15:00")):  # 23:59, and midnight in Seoul
        ws.store.review.decide(number, 0, "lee", f"{at}:00.000000+00:00", labels={"danger": "normal"})
    opened = page_driver.page("corpus", to=day)
    assert texts(opened) == ["불이 났어요", "괜찮아요"]
    assert opened.date_input(key="to_day").value == date(2024, 5, 1)
    assert chip_labels(opened) == ["Decided up to: 2024-05-01 · 2"]
    assert texts(page_driver.page("corpus", **{"from": day})) == ["불이 났어요", "괜찮아요", "산불이요"]
    page_driver.page("review", queue="filter", to=day)
    assert open_desk().base == Filter(until="2024-05-01T15:00:00.000000+00:00")


def test_all_matches_open_in_review_without_a_saved_view_and_lead_back(ws: Workspace, ids: list[int]) -> None:
    back = "/corpus?danger=-"
    opened = page_driver.page("review", queue="filter", danger="-", back=back)
    assert (open_desk().queue, open_desk().base) == ("matches", Filter(labels={"danger": ("-",)}))
    assert "Only: Danger\\: unlabelled" in captions(opened)
    assert not [box for box in opened.selectbox if box.key == "view"]
    assert [link.label for link in opened.get("page_link") if "Go back" in str(link.label)] == ["Go back"]
    other = page_driver.page("review", back="https://evil.example/corpus")
    assert not [link for link in other.get("page_link") if link.label == "Go back"]


def test_a_stored_list_and_one_utterance_open_by_their_address(ws: Workspace, ids: list[int]) -> None:
    name = queues.open_list(ws, "danger", [ids[2], ids[0]], Message("Rows *picked*"))
    opened = page_driver.page("review", queue="list", list=name)
    assert (open_desk().queue, open_desk().named) == ("list", name)
    assert [text for text in captions(opened) if text.startswith("Rows \\*picked\\* · utterances: 2 · ")]
    ws.store.review.decide(ids[2], 0, "lee", now(), labels={"danger": "danger"})
    assert [text for text in captions(ok(opened.run())) if "utterances: 2, still to decide: 1 · " in text]
    page_driver.page("review", queue="item", item=str(ids[0]))
    assert open_desk().base == Filter(ids=(ids[0],))
    gone = page_driver.page("review", queue="list", list="gone")
    assert "This list is not there any more" in gone.info[0].value
    assert "There is no such utterance" in page_driver.page("review", queue="item", item="99999").info[0].value
    narrowed = page_driver.page("review", queue="flagged", source="1")
    assert (open_desk().queue, open_desk().base) == ("flagged", Filter(source=(1,)))
    ok(narrowed.button(key="review_unfiltered").click().run())
    assert open_desk().base is None
    assert "source" not in narrowed.query_params


def test_the_scheme_of_a_list_is_the_one_that_the_filter_names() -> None:
    assert reviewing.scheme_of(Filter(labels={"urgency": ("high",)})) == "urgency"
    assert reviewing.scheme_of(Filter()) == "danger"
