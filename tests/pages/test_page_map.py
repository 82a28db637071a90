"""pages/map.py in process: the empty states, the job, colours, a picked point, a selection and what is done with it."""

import re
from dataclasses import replace
from typing import get_args

import page_driver
import pytest
from page_driver import captions, ok, texts
from store_data import AT, sentences
from streamlit.testing.v1 import AppTest

from core.embedding.projection import PROJECTIONS
from core.errors import InputError
from core.filters import Filter
from core.ui.panels.map import selection, titles
from core.ui.widgets import map_canvas
from core.workflows import jobs
from core.workflows.corpus import browse, bulk
from core.workflows.map import drawing, making
from core.workflows.review import queues
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]

HOSTILE = "![x](http://evil.example/a.png) <b>불</b>이 났어요 빨리"
TEXTS = ("집에 불이 났어요 빨리 와 주세요", HOSTILE, "오늘 점심은 김치찌개", "점심에 김치찌개 먹자")


def page(**query: str) -> AppTest:
    opened = page_driver.page("map", **query)
    assert not opened.error, opened.error
    return opened


def shown(opened: AppTest) -> list[str]:
    """The plain texts of the page that are texts of the corpus."""
    return [text for text in texts(opened.text) if text in TEXTS]


@pytest.fixture
def ids(ws: Workspace) -> list[int]:
    return sentences(ws.store, *TEXTS)


def test_an_empty_workspace_says_what_to_do(ws: Workspace) -> None:
    assert texts(page().info) == ["There is nothing to draw yet: import a delivery or a table first."]


def test_the_button_starts_one_job(ws: Workspace, ids: list[int]) -> None:
    opened = page()
    assert texts(opened.info)[0].startswith("This map has not been made yet. Press the button")
    ok(opened.button(key="make_map").click().run())
    job = jobs.running(ws, making.JOB)
    assert job is not None
    assert job.params == {"vectors": "hashed-ngram", "method": "pca"}
    assert opened.button(key="make_map").disabled


def test_a_point_in_the_address_has_its_neighbours(ws: Workspace, ids: list[int]) -> None:
    making.make(ws)
    sentences(ws.store, "연기가 나요")
    opened = page(point=str(ids[0]), colour="source")
    assert texts(opened.warning)[0].startswith(
        "This map is older than the corpus. Since then: new utterances 1, changed texts 0, points skipped or taken"
    )
    assert [text for text in captions(opened) if text.startswith("Points: 4 · made ")]
    assert shown(opened)[:2] == [TEXTS[0], HOSTILE], "the nearest one, as plain text"
    assert [text for text in captions(opened) if re.match(r"1 · similarity \d+%", text)]
    ok(opened.button(key=f"pick-{ids[1]}").click().run())
    assert opened.query_params["point"] == str(ids[1])
    assert shown(opened)[0] == HOSTILE
    for nonsense in ("999", "x", "-1", "١"):
        assert not shown(page(point=nonsense)), nonsense


def test_a_selection_is_labelled_after_one_question_and_taken_back_as_one(ws: Workspace, ids: list[int]) -> None:
    making.make(ws)
    opened = page()
    assert "Selected: 0" in texts(opened.header)
    assert opened.dataframe[0].value["Points"].tolist() == [0] * (len(opened.dataframe[0].value) - 1) + [4]
    opened.session_state[selection.KEY] = (ids[0], ids[1], 999)
    ok(opened.run())
    assert "Selected: 2" in texts(opened.header), "999 is no point"
    ok(opened.selectbox(key="map_of_danger").select("danger").run())
    ok(opened.button(key="map_go_on").click().run())
    assert "Set Danger = Danger: utterances 2" in texts(opened.text)
    assert {u.labels.get("danger") for u in browse.utterances(ws, ids)} == {None}, "nothing before the answer"
    ok(opened.button(key="map_yes").click().run())
    assert texts(opened.success) == ["Changed: 2."]
    assert [u.labels.get("danger") for u in browse.utterances(ws, ids)] == ["danger", "danger", None, None]
    ok(opened.button(key="bulk_undo").click().run())
    assert [u.labels.get("danger") for u in browse.utterances(ws, ids)] == [None] * 4


def test_the_answer_says_how_many_were_changed_and_why_others_were_not(ws: Workspace, ids: list[int]) -> None:
    making.make(ws)
    bulk.label(ws, ids[:1], "danger", "danger", "지우")
    opened = page()
    opened.session_state[selection.KEY] = tuple(ids)
    ok(opened.run())
    ok(opened.selectbox(key="map_of_danger").select("danger").run())
    ok(opened.button(key="map_go_on").click().run())
    ok(opened.button(key="map_yes").click().run())
    assert texts(opened.success) == ["Changed: 3. So already: 1."]
    ok(opened.selectbox(key="map_scheme").select("urgency").run())
    ok(opened.selectbox(key="map_of_urgency").select("high").run())
    ok(opened.button(key="map_go_on").click().run())
    ok(opened.button(key="map_yes").click().run())
    assert texts(opened.success) == ["Changed: 0. Without a call: 4."]


def test_every_point_is_reached_by_a_list_and_a_class_is_selected_by_it(ws: Workspace, ids: list[int]) -> None:
    making.make(ws)
    bulk.label(ws, ids[2:], "danger", "normal", "지우")
    opened = page()
    assert opened.dataframe[1].value["Text"].tolist() == list(TEXTS)
    ok(opened.selectbox(key="map_list_of").select_index(1).run())
    assert opened.selectbox(key="map_list_of").options[0] == "All points"
    assert opened.dataframe[1].value["Text"].tolist() == list(TEXTS[2:])
    take = opened.button(key="map_list_take")
    assert take.label == "Select all of these: 2"
    ok(take.click().run())
    assert "Selected: 2" in texts(opened.header)
    assert opened.session_state[selection.KEY] == tuple(ids[2:])


def test_a_map_of_a_method_that_is_gone_is_shown_and_cannot_be_made_again(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROJECTIONS, "umap", replace(PROJECTIONS["umap"], needs=("no_such_module",)))
    opened = page(method="umap")
    assert opened.selectbox(key="method").options == ["PCA: fast, the main differences"]
    assert "pip install umap-learn" in opened.code[0].value
    monkeypatch.setitem(PROJECTIONS, "umap", replace(PROJECTIONS["pca"]))  # made while it was installed
    making.make(ws, method="umap")
    monkeypatch.setitem(PROJECTIONS, "umap", replace(PROJECTIONS["umap"], needs=("no_such_module",)))
    opened = page(method="umap")
    assert opened.selectbox(key="method").value == "umap"
    assert opened.button(key="make_map").disabled
    assert "Selected: 0" in texts(opened.header)


def test_points_that_are_gone_are_no_part_of_a_selection(ws: Workspace, ids: list[int]) -> None:
    making.make(ws)
    ws.store.review.decide(ids[1], 0, "지우", AT, skip=True)
    opened = page(point=str(ids[1]))
    assert not shown(opened)[4:], "no picked point and no neighbours"
    assert "points skipped or taken out 1." in texts(opened.warning)[0]
    opened.session_state[selection.KEY] = tuple(ids)
    ok(opened.run())
    assert "Selected: 3" in texts(opened.header)


def test_too_many_points_for_a_list_are_told_in_words(
    ws: Workspace, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_LISTED", 2)
    making.make(ws)
    opened = page_driver.page("map")
    opened.session_state[selection.KEY] = tuple(ids)
    ok(opened.run())
    opened.button(key="map_review").click().run()
    assert "at most 2 utterances" in texts(opened.error)[0]


def test_a_deleted_map_says_so_and_can_be_made_again(ws: Workspace, ids: list[int]) -> None:
    info = making.make(ws)
    (ws.settings.home / "maps" / info.file).unlink()
    opened = page()
    assert texts(opened.info)[0].startswith("This map has not been made yet.")
    assert not opened.button(key="make_map").disabled


@pytest.mark.parametrize(("answer", "tagged"), [("map_no", 1), ("map_yes", 3)])
def test_no_is_no_and_yes_gives_the_tag(ws: Workspace, ids: list[int], answer: str, tagged: int) -> None:
    making.make(ws)
    bulk.tag(ws, ids[:1], "점심", "지우")
    opened = page()
    opened.session_state[selection.KEY] = tuple(ids[2:])
    ok(opened.run())
    ok(opened.selectbox(key="map_do").select("tag").run())
    ok(opened.selectbox(key="map_tag_False").select("점심").run())
    ok(opened.button(key="map_go_on").click().run())
    assert "Add the tag 점심: utterances 2" in texts(opened.text)
    ok(opened.button(key=answer).click().run())
    assert browse.count(ws, Filter(tag=("점심",))) == tagged


def test_every_category_and_method_has_a_word() -> None:
    kinds = {"several", "silver", "none", "unlabelled", "others", "right", "wrong", "unscored"}
    assert kinds == set(get_args(drawing.Kind)) - {"class", "source"}
    assert titles.KINDS.keys() == kinds
    assert titles.METHODS.keys() == making.methods().keys()
    assert titles.way_title("source", {}) == "Source"
    assert titles.way_title("error:r1", {}) == "Right or wrong: r1"
    entries = titles.legend((drawing.Category("class", 2, "danger", "danger"), drawing.Category("wrong", 1)))
    assert [(entry.title, entry.n) for entry in entries] == [("Danger", 2), ("Wrong", 1)]
    assert len({entry.color for entry in entries}) == 2
    silver, rest = titles.legend((drawing.Category("silver", 2, "", "danger"), drawing.Category("unlabelled", 1, "-")))
    assert (silver.title, silver.color != rest.color) == ("Only a machine's label (silver)", True)


@pytest.mark.parametrize("sent", [None, 0, -3, True, "7", 2**40])
def test_a_malformed_pick_is_refused(sent: object) -> None:
    with pytest.raises(InputError, match="malformed pick"):
        map_canvas.parse_pick(sent)


@pytest.mark.parametrize(
    "sent", [None, [1], {"ids": [1]}, {"ids": "1", "turn": 1}, {"ids": ["1"], "turn": 1}, {"ids": [1], "turn": -1}]
)
def test_a_malformed_selection_is_refused(sent: object) -> None:
    with pytest.raises(InputError, match="malformed"):
        map_canvas.parse_selection(sent)


def test_a_selection_may_be_as_large_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "MOST_LISTED", 3)
    assert map_canvas.parse_selection({"ids": [1, 2, 3], "turn": 1}) == ([1, 2, 3], 1)
    with pytest.raises(InputError, match="at most 3 utterances can be chosen at once; these are 4: narrow them"):
        map_canvas.parse_selection({"ids": [1, 2, 3, 4], "turn": 1})
    assert making.MOST <= 200_000, "all points of a map can be selected"
