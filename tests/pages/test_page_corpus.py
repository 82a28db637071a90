"""pages/corpus.py in process: filters and order from the URL, saved views, bulk actions and their undo.

Picking rows of the table needs a browser; what is done with them is tests/store/review/test_store_bulk.py.
"""

from datetime import UTC, datetime

import page_driver
import pytest
from page_driver import captions, ok
from store_data import AT, call, sentences
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.filters import Filter
from core.records import NewUtterance
from core.ui.panels.corpus import listing
from core.workflows.corpus import browse
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]
SAID = ["불 이 났어요", "산불이요", "괜찮아요", "화재입니다"]


@pytest.fixture
def ids(ws: Workspace) -> list[int]:
    return sentences(ws.store, *SAID)


def page(**query: str | list[str]) -> AppTest:
    return page_driver.page("corpus", **query)


def shown(opened: AppTest) -> list[str]:
    return list(opened.dataframe[0].value["Text"]) if opened.dataframe else []


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, SAID),
        ({"text": "ㅎㅈ"}, SAID[3:]),
        ({"text": "불이"}, [SAID[1]]),
        ({"text": "불이", "spacing": "true"}, SAID[:2]),
        ({"sort": "-id"}, SAID[::-1]),
        ({"sort": "length"}, [SAID[1], SAID[2], SAID[3], SAID[0]]),
        ({"sort": "-text"}, [SAID[3], SAID[1], SAID[0], SAID[2]]),
        ({"sort": "nonsense"}, SAID),
        ({"tag": "x", "sort": "-id"}, [SAID[2], SAID[0]]),
        ({"chars": ["5", "6"]}, SAID[3:]),
        ({"chars": ["6", "5"]}, SAID[3:]),
        ({"chars": ["x", "6"]}, SAID),
        ({"chars": "6"}, SAID),
    ],
)
def test_the_url_says_what_is_shown(ws: Workspace, ids: list[int], query: dict[str, str], wanted: list[str]) -> None:
    ws.store.bulk.tag([ids[0], ids[2]], "x", "ann", AT)
    opened = page(**query)
    assert shown(opened) == wanted


@pytest.mark.parametrize(
    ("number", "first", "in_address"),
    [("2", 25, "2"), ("3", 50, "3"), ("99", 50, "3"), ("0", 0, None), ("-1", 0, None), ("x", 0, None),
     ("9" * 40, 0, None), ("²", 0, None)],
)  # fmt: skip
def test_the_url_says_which_page(ws: Workspace, number: str, first: int, in_address: str | None) -> None:
    sentences(ws.store, *(f"글 {n}" for n in range(60)))
    opened = page(page=number)
    assert shown(opened)[0] == f"글 {first}"
    assert opened.query_params.get("page") == in_address


def test_another_question_begins_at_its_first_page(ws: Workspace) -> None:
    sentences(ws.store, *(f"글 {n}" for n in range(60)))
    opened = page(page="2")
    opened.selectbox(key="sort").set_value("-id")
    assert shown(ok(opened.run()))[0] == "글 59"
    assert "page" not in opened.query_params


def test_what_is_chosen_is_in_the_url(ws: Workspace, ids: list[int]) -> None:
    ws.store.bulk.tag(ids[:1], "x", "ann", AT)
    opened = page()
    opened.selectbox(key="sort").set_value("-length")
    opened.multiselect(key="tag").set_value(["x"])
    ok(opened.run())
    assert (opened.query_params["sort"], opened.query_params["tag"]) == ("-length", "x")
    opened.selectbox(key="sort").set_value("id")
    assert "sort" not in ok(opened.run()).query_params


def test_a_view_is_saved_opened_and_deleted(ws: Workspace, ids: list[int]) -> None:
    ws.store.bulk.tag(ids, "x", "ann", AT)
    opened = page(text="불이", spacing="true", chars=["2", "9"], sort="-id", tag="x", danger="-")
    assert shown(opened) == [SAID[1], SAID[0]]
    opened.text_input(key="view_new").set_value("불 나는")
    ok(opened.button(key="view_save").click().run())
    (view,) = ws.store.views.list()
    query = {
        "text": ["불이"], "spacing": ["true"], "chars": ["2-9"], "sort": ["-id"], "tag": ["x"], "danger": ["-"],
    }  # fmt: skip
    assert (view.name, view.query, view.curator) == ("불 나는", query, "tester")
    another = page(text="괜찮")
    assert shown(another) == [SAID[2]]
    ok(another.button(key="view_open").click().run())
    assert shown(another) == [SAID[1], SAID[0]]
    assert (another.text_input(key="text").value, another.toggle(key="spacing").value) == ("불이", True)
    assert another.slider(key="chars").value == (2, 9)
    assert (another.query_params["sort"], another.query_params["danger"]) == ("-id", "-")
    ok(another.button(key="view_delete").click().run())
    assert ws.store.views.list() == []


def test_a_name_that_is_taken_is_said(ws: Workspace, ids: list[int]) -> None:
    ws.store.views.save("a", {}, "bob", AT)
    opened = page()
    opened.text_input(key="view_new").set_value("a")
    ok(opened.button(key="view_save").click().run())
    assert "bob saved a view 'a' already" in opened.error[0].value


def test_all_matches_are_labelled_and_taken_back_as_one(ws: Workspace, ids: list[int]) -> None:
    opened = page(text="불", danger="-")
    assert opened.button(key="bulk_go_on").disabled, "nothing is chosen"
    ok(opened.selectbox(key="bulk_of_danger").set_value("danger").run())
    ok(opened.button(key="bulk_go_on").click().run())
    assert ws.store.bulk.latest() is None, "it asks once"
    assert "Set Danger = Danger: utterances 2" in [text.value for text in opened.text]
    ok(opened.button(key="bulk_yes").click().run())
    assert ws.store.corpus.grades("utterance", "danger") == dict.fromkeys(ids[:2], ("danger", "gold"))
    assert [box.value for box in opened.success] == ["Changed: 2."]
    assert shown(opened) == [], "none is unlabelled any more"
    assert "Last bulk action: Danger = Danger · utterances: 2 · tester" in "\n".join(captions(opened))
    ok(opened.button(key="bulk_undo").click().run())
    assert ws.store.corpus.grades("utterance", "danger") == {}
    assert [box.value for box in opened.success] == ["Taken back: 2."]
    assert shown(opened) == SAID[:2]
    assert not [button for button in opened.button if button.key == "bulk_undo"]


def test_what_cannot_be_undone_is_said(ws: Workspace, ids: list[int]) -> None:
    ws.store.bulk.label(ids[:1], "danger", "danger", "ann", AT)
    opened = page()
    ws.store.review.decide(ids[0], 1, "bob", AT, labels={"danger": "normal"})
    ok(opened.button(key="bulk_undo").click().run())
    assert "1 were decided on since" in opened.error[0].value
    assert ws.store.corpus.grades("utterance", "danger") == {ids[0]: ("normal", "gold")}


def test_matches_are_queued_for_review(ws: Workspace, ids: list[int]) -> None:
    opened = page(text="불")
    ok(opened.selectbox(key="bulk_do").set_value("review").run())
    ok(opened.button(key="bulk_go_on").click().run())
    ok(opened.button(key="bulk_yes").click().run())
    assert ws.store.bulk.tags_of(ids) == {ids[0]: ["review"], ids[1]: ["review"]}
    assert list(opened.dataframe[0].value["Tag"]) == ["review", "review"]


def test_all_of_many_matches_are_labelled_after_the_question(ws: Workspace) -> None:
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    ws.store.corpus.add_sentences(source, [NewUtterance(f"k{n}", f"글 {n}", f"k{n}") for n in range(1001)], AT)
    opened = page()
    ok(opened.selectbox(key="bulk_of_danger").set_value("normal").run())
    ok(opened.button(key="bulk_go_on").click().run())
    ok(opened.button(key="bulk_yes").click().run())
    assert ws.store.corpus.find(Filter(labels={"danger": ("normal",)}), limit=0).total == 1001


def test_a_choice_that_was_not_drawn_yet_is_not_acted_on(ws: Workspace, ids: list[int]) -> None:
    opened = page(text="불")
    ok(opened.selectbox(key="bulk_of_danger").set_value("normal").run())
    ok(opened.button(key="bulk_go_on").click().run())
    opened.selectbox(key="bulk_of_danger").set_value("danger")
    ok(opened.button(key="bulk_yes").click().run())  # choice and answer arrive together
    assert "nothing was done" in opened.error[0].value
    ok(opened.button(key="bulk_go_on").click().run())
    opened.text_input(key="text").set_value("")
    ok(opened.button(key="bulk_yes").click().run())
    assert "nothing was done" in opened.error[0].value
    assert ws.store.bulk.latest() is None
    ok(opened.button(key="bulk_go_on").click().run())
    ok(opened.button(key="bulk_yes").click().run())
    assert ws.store.corpus.grades("utterance", "danger") == dict.fromkeys(ids, ("danger", "gold"))


def test_a_yes_is_for_one_action_on_one_selection(ws: Workspace, ids: list[int]) -> None:
    sentences(ws.store, "화재 신고입니다")
    opened = page(text="불")
    ok(opened.selectbox(key="bulk_of_danger").set_value("danger").run())
    ok(opened.button(key="bulk_go_on").click().run())
    assert opened.button(key="bulk_yes").label == "Yes, change 2"
    for key, value in (("bulk_of_danger", "normal"), ("bulk_scheme", "urgency")):
        ok(opened.selectbox(key=key).set_value(value).run())
        assert not [button for button in opened.button if button.key == "bulk_yes"], f"another {key} is asked anew"
    ok(opened.selectbox(key="bulk_scheme").set_value("danger").run())
    ok(opened.selectbox(key="bulk_of_danger").set_value("danger").run())
    ok(opened.button(key="bulk_go_on").click().run())
    ok(opened.text_input(key="text").set_value("화재").run())  # as many matches, but others
    assert shown(opened) == [SAID[3], "화재 신고입니다"]
    assert opened.button(key="bulk_go_on").label == "Go on"
    assert ws.store.bulk.latest() is None
    ok(opened.button(key="bulk_go_on").click().run())
    ok(opened.button(key="bulk_no").click().run())
    assert opened.button(key="bulk_go_on").label == "Go on"


def test_matches_that_came_or_went_since_the_question_are_not_changed(ws: Workspace, ids: list[int]) -> None:
    ws.store.bulk.tag(ids[3:], "연기", "ann", AT)
    opened = page(text="불")
    ok(opened.selectbox(key="bulk_of_danger").set_value("danger").run())
    ok(opened.button(key="bulk_go_on").click().run())
    sentences(ws.store, "불길이 보여요")
    ok(opened.button(key="bulk_yes").click().run())
    assert "3 utterances match now, not 2 as when this was asked" in opened.error[0].value
    assert ws.store.corpus.grades("utterance", "danger") == {}
    ok(opened.button(key="bulk_go_on").click().run())
    assert opened.button(key="bulk_yes").label == "Yes, change 3"
    ok(opened.button(key="bulk_yes").click().run())
    assert len(ws.store.corpus.grades("utterance", "danger")) == 3
    ok(opened.selectbox(key="bulk_do").set_value("tag").run())
    ok(opened.selectbox(key="bulk_tag_False").set_value("연기").run())
    ok(opened.button(key="bulk_go_on").click().run())
    ws.store.review.decide(ids[0], 1, "bob", AT, text="연기가 나요")
    ok(opened.button(key="bulk_yes").click().run())
    assert "2 utterances match now, not 3" in opened.error[0].value
    assert ws.store.bulk.tags_of(ids) == {ids[3]: ["연기"]}


def test_a_value_that_nothing_has_is_a_filter_with_a_cross(ws: Workspace, ids: list[int]) -> None:
    for query, title in (
        ({"tag": "ghost"}, "Tag: ghost (unknown) · 0"), ({"source": "999"}, "Source: 999 (unknown) · 0"),
        ({"curator": "nobody"}, "Decided by: nobody (unknown) · 0"), ({"speaker": "x"}, "Speaker: x (unknown) · 0"),
        ({"danger": "ghost"}, "Danger: ghost (unknown) · 0"), ({"label.gone": "a"}, "gone (unknown): a · 0"),
        ({"listed": "gone"}, "Chosen utterances (unknown) · 0"),
    ):  # fmt: skip
        opened = page(**query)
        assert shown(opened) == [], query
        assert [chip.label.replace("\\", "") for chip in chips(opened)] == [title]
        assert opened.query_params[next(iter(query))] == next(iter(query.values()))
        ok(chips(opened)[0].click().run())
        assert shown(opened) == SAID, query
        assert next(iter(query)) not in opened.query_params
    ws.store.views.save("old", {"tag": ["ghost", "other"]}, "bob", AT)
    opened = page()
    ok(opened.button(key="view_open").click().run())
    assert (shown(opened), opened.multiselect(key="tag").value) == ([], ["ghost", "other"])


def chips(opened: AppTest) -> list[Button]:
    return [button for button in opened.button if str(button.key).startswith("chip-")]


def test_what_cannot_be_understood_in_the_address_is_said(ws: Workspace, ids: list[int]) -> None:
    opened = page(source=["*", "1"], **{"from": "soon"})
    text = opened.warning[0].value.replace("\\", "")
    assert text == "Not understood in the address, and left out: source=*, from=soon"
    assert shown(opened) == SAID
    assert not page(source="1", chars=["0", "200"], sort="text").warning


def test_many_ids_in_the_address_become_a_list(ws: Workspace) -> None:
    ids = sentences(ws.store, *(f"글 {n}" for n in range(230)))
    opened = page(id=[str(number) for number in ids[5:215]], tag="")
    assert "id" not in opened.query_params
    assert [chip.label for chip in chips(opened)] == ["Single utterances\\: 210 · 210"]
    assert shown(opened)[0] == "글 5"
    ok(chips(opened)[0].click().run())
    assert shown(opened)[0] == "글 0"


def test_a_length_outside_of_the_slider_stays_until_it_is_moved(ws: Workspace, ids: list[int]) -> None:
    long = "불이 났어요 " * 60
    sentences(ws.store, long.strip())
    opened = page(chars="300-")
    assert shown(opened) == [long.strip()]
    assert opened.slider(key="chars").value == (200, 200)
    ok(opened.run())
    assert opened.query_params["chars"] == "300-"
    assert [chip.label for chip in chips(opened)] == ["Length\\: 300 to ∞ · 1"]
    ok(opened.slider(key="chars").set_range(5, 200).run())
    assert opened.query_params["chars"] == "5-"
    assert shown(opened)[:-1] == [text for text in SAID if len(text) >= 5]
    ok(opened.slider(key="chars").set_range(5, 6).run())
    assert opened.query_params["chars"] == "5-6"
    ok(opened.slider(key="chars").set_range(0, 200).run())
    assert "chars" not in opened.query_params


def test_the_number_of_the_link_to_review_is_the_number_that_opens(ws: Workspace, ids: list[int]) -> None:
    def label(opened: AppTest) -> str:
        return next(str(link.label) for link in opened.get("page_link") if "Open in Review" in str(link.label))

    assert label(page()) == "Open in Review: 4"
    ws.store.review.decide(ids[0], 0, "bob", AT, skip=True)
    assert label(page()) == "Open in Review: 4", "without a filter, what was skipped comes too"
    ws.store.review.decide(ids[3], 0, "bob", datetime.now(UTC).isoformat(), labels={"danger": "danger"})
    assert label(page()) == "Open in Review: 3 of 4"
    assert label(page(text="불")) == "Open in Review: 1 of 2"
    assert label(page(skipped="true")) == "Open in Review: 1"


def test_a_long_call_says_how_many_of_its_utterances_are_shown(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    said = call(ws.store, "c1", "네 119입니다", "불이요", "어디세요")
    opened = page(call="1")
    opened.session_state[listing.PLAYED] = said[0]
    ok(opened.run())
    assert not [text for text in captions(opened) if text.startswith("The first")]
    first = lambda ws, number: ws.store.corpus.find(Filter(recording_id=number), limit=2)  # noqa: E731
    monkeypatch.setattr(browse, "utterances_of_recording", first)
    ok(opened.run())
    assert "The first 2 of 3 are shown." in captions(opened)
