"""pages/corpus.py in process: filters and order from the URL, saved views, bulk actions and their undo.

Picking rows of the table needs a browser; what is done with them is tests/store/review/test_store_bulk.py.
"""

import page_driver
import pytest
from page_driver import captions, ok
from store_data import AT, sentences
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.records import NewUtterance
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
        "text": ["불이"], "spacing": ["true"], "chars": ["2", "9"], "sort": ["-id"], "tag": ["x"], "danger": ["-"],
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
    opened.selectbox(key="bulk_code_danger").set_value("danger")
    ok(opened.run())
    assert opened.button(key="bulk_act").disabled, "it asks once"
    ok(opened.checkbox(key="bulk_sure_2").check().run())
    ok(opened.button(key="bulk_act").click().run())
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
    opened.selectbox(key="bulk_do").set_value("review")
    opened.checkbox(key="bulk_sure_2").check()
    ok(opened.run())
    ok(opened.button(key="bulk_act").click().run())
    assert ws.store.bulk.tags_of(ids) == {ids[0]: ["review"], ids[1]: ["review"]}
    assert list(opened.dataframe[0].value["Tag"]) == ["review", "review"]


def test_all_of_many_matches_are_labelled_after_the_question(ws: Workspace) -> None:
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    ws.store.corpus.add_sentences(source, [NewUtterance(f"k{n}", f"글 {n}", f"k{n}") for n in range(1001)], AT)
    opened = page()
    assert opened.button(key="bulk_act").disabled
    ok(opened.checkbox(key="bulk_sure_1001").check().run())
    assert not opened.button(key="bulk_act").disabled
    ok(opened.button(key="bulk_act").click().run())
    assert ws.store.corpus.find(Filter(labels={"danger": ("normal",)}), limit=0).total == 1001


def test_a_choice_that_was_not_drawn_yet_is_not_acted_on(ws: Workspace, ids: list[int]) -> None:
    opened = page(text="불")
    ok(opened.checkbox(key="bulk_sure_2").check().run())
    opened.selectbox(key="bulk_code_danger").set_value("danger")
    ok(opened.button(key="bulk_act").click().run())  # choice and click arrive together
    assert "nothing was done" in opened.error[0].value
    opened.text_input(key="text").set_value("")
    ok(opened.button(key="bulk_act").click().run())
    assert "nothing was done" in opened.error[0].value
    assert ws.store.bulk.latest() is None
    ok(opened.checkbox(key="bulk_sure_4").check().run())
    ok(opened.button(key="bulk_act").click().run())
    assert ws.store.corpus.grades("utterance", "danger") == dict.fromkeys(ids, ("danger", "gold"))
