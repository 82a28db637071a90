"""The language model on pages/augment.py: off, on, what it would cost and send, and the editor of its prompt."""

import pytest
from page_driver import notices, page, texts
from store_data import sentences
from streamlit.testing.v1 import AppTest

from core.workflows.augment.llm import prompts
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]

TELEPHONE = "010-1234-5678"


@pytest.fixture
def filled(ws: Workspace) -> Workspace:
    texts_of_danger = ("부엌에 불이 났어요", "할머니가 쓰러졌어요", f"제 번호는 {TELEPHONE}이에요")
    sentences(ws.store, *texts_of_danger, labels={"danger": "danger"})
    return ws


def chosen() -> AppTest:
    opened = page("augment")
    opened.multiselect(key="augment_operations").set_value(["llm"])
    return opened.run()


def test_it_is_off_and_the_page_says_how_to_turn_it_on(filled: Workspace) -> None:
    opened = chosen()
    (warning,) = texts(opened.warning)
    assert "the language model is off" in warning
    assert "GWIDAMA\\_LLM\\_URL" in warning
    opened.button(key="augment_run").click().run()
    assert any("the language model is off" in text for text in texts(opened.error))
    opened.multiselect(key="augment_operations").set_value(["random-swap"]).run()
    assert texts(opened.warning) == [], "nothing is said where it is not wanted"


def test_it_says_where_texts_go_and_what_they_cost(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"URL": "https://api.example.com/v1", "MODEL": "gpt-x", "PRICES": "1,2"}.items():
        monkeypatch.setenv(f"GWIDAMA_LLM_{name}", value)
    opened = chosen()
    (warning,) = texts(opened.warning)
    assert "gpt\\-x at api\\.example\\.com writes the variants: texts leave this machine." in warning
    opened.button(key="augment_llm_estimate").click().run()
    assert not opened.exception
    figures = {metric.label: metric.value for metric in opened.metric}
    assert (figures["Requests"], figures["Kept answers"]) == ("3", "0")
    assert float(figures["Cost"]) > 0
    assert "Personal data is masked in 1 of these texts." in texts(opened.caption)
    sent = opened.code[0].value
    assert '원문: "부엌에 불이 났어요"' in sent
    assert TELEPHONE not in sent
    opened.slider(key="augment_llm_temperature").set_value(0.3).run()
    assert not opened.metric, "another plan has another cost"


def test_a_person_edits_the_prompt(filled: Workspace) -> None:
    opened = chosen()
    system, user = opened.text_area
    system.set_value("짧게 씁니다")
    user.set_value("$text")
    opened.button(key="llm_save").click().run()
    assert any("the template needs the field" in text for text in texts(opened.error))
    next(area for area in opened.text_area if area.label == "Request for one text").set_value("$n: $text")
    opened.button(key="llm_save").click().run()
    assert "The prompt is saved." in notices(opened)
    saved = prompts.current(filled, "danger")
    assert (saved.prompt.system, saved.prompt.user, saved.is_own) == ("짧게 씁니다", "$n: $text", True)
    opened.button(key="llm_reset").click().run()
    assert not prompts.current(filled, "danger").is_own
    assert opened.text_area[0].value == prompts.current(filled, "danger").prompt.system
