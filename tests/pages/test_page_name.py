"""A page asks for the curator's name: instead of decisions at once, elsewhere when somebody first decides."""

import pytest
from store_data import sentences
from streamlit.testing.v1 import AppTest

from core.settings import ROOT
from core.ui import frame
from core.workflows.corpus import views
from core.workflows.workspace import Workspace

QUESTION = "**누가 작업하나요?**"


def test_a_decision_without_a_name_asks_and_goes_on_with_the_answer(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences(ws.store, "불이 났어요")
    monkeypatch.delenv("GWIDAMA_CURATOR")
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/corpus.py").run()
    assert QUESTION not in [text.value for text in page.markdown]
    page.text_input(key="view_new").set_value("불").run()
    page.button(key="view_save").click().run()
    assert QUESTION in [text.value for text in page.markdown]
    assert views.list_views(ws) == []
    page.text_input(key="curator_asked").set_value(" 김  지우 ")
    next(button for button in page.button if button.label == "시작").click().run()
    assert QUESTION not in [text.value for text in page.markdown]
    page.text_input(key="view_new").set_value("불").run()
    page.button(key="view_save").click().run()
    assert [view.curator for view in views.list_views(ws)] == ["김 지우"]
    assert not page.exception


def test_a_page_of_decisions_asks_instead_of_its_body(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences(ws.store, "불이 났어요")
    monkeypatch.delenv("GWIDAMA_CURATOR")
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/clean.py").run()
    assert QUESTION in [text.value for text in page.markdown]
    assert "clean" in frame.DECIDING
    assert not page.header
