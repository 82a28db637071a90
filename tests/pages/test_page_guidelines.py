"""Guidelines: written on the Schemes page, never over another person's; beside the card without HTML and images."""

from collections.abc import Iterator

import pytest
from page_driver import captions, notices, ok, page, texts

from core.records import NewUtterance
from core.schemes import DANGER, SCHEMES, publish
from core.workflows.corpus import guidelines, schemes
from core.workflows.corpus.guidelines import Guidelines
from core.workflows.workspace import Workspace

AT = "2026-01-01T00:00:00+00:00"
HOSTILE = "# 규칙\n![x](https://evil.example/a.png) <b onclick=x>굵게</b>"

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


@pytest.fixture(autouse=True)
def _bundled_again() -> Iterator[None]:
    yield
    publish(None, ())


def test_guidelines_are_written_and_shown(ws: Workspace) -> None:
    opened = page("schemes", scheme="danger")
    opened = ok(opened.toggle(key="guide-danger-edit").set_value(True).run())
    assert opened.button(key="guide-save").disabled
    opened.text_area(key="guide-danger-en-text").set_value(HOSTILE)
    opened = ok(opened.text_area(key="guide-danger-en-of-danger").set_value("- 불이 났어요").run())
    assert "Not saved yet." in captions(opened)
    opened = ok(opened.button(key="guide-save").click().run())
    assert notices(opened) == ["Saved: Danger"]
    normal = SCHEMES.bundled["danger"].label("normal").guideline_en
    assert guidelines.of("danger", "en") == Guidelines(HOSTILE, {"normal": normal, "danger": "- 불이 났어요"})
    assert guidelines.of("danger") == Guidelines(
        DANGER.guideline, {label.code: label.guideline for label in DANGER.labels}
    ), "the Korean texts stay"
    shown = texts(opened.markdown)
    assert "**규칙**\n\\!\\[x](https://evil.example/a.png) <b onclick=x>굵게</b>" in shown  # Streamlit escapes HTML
    assert not any(box.allow_html for box in opened.markdown)


def test_what_somebody_saved_meanwhile_is_shown_and_the_typed_text_stays(ws: Workspace) -> None:
    opened = page("schemes", scheme="urgency")
    opened = ok(opened.toggle(key="guide-urgency-edit").set_value(True).run())
    opened = ok(opened.text_area(key="guide-urgency-en-text").set_value("mine").run())
    guidelines.save(ws, "urgency", Guidelines("theirs"), guidelines.of("urgency", "en"), "park", "en")
    opened = ok(opened.button(key="guide-save").click().run())
    assert any("Somebody else saved other guidelines meanwhile" in text for text in texts(opened.warning))
    assert guidelines.of("urgency", "en").text == "theirs"
    assert opened.text_area(key="guide-urgency-en-text").value == "mine"
    assert "theirs" in texts(opened.markdown)
    ok(opened.button(key="guide-save").click().run())  # now that both were seen
    assert guidelines.of("urgency", "en").text == "mine"


def test_review_shows_them_beside_the_card_while_the_address_says_so(ws: Workspace) -> None:
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    ws.store.corpus.add_sentences(source, [NewUtterance("a", "불이 났어요", "a")], AT)
    schemes.propose(ws, "mood", ["good", "bad"])
    seen = guidelines.of("danger", "en")
    guidelines.save(ws, "danger", Guidelines("도움을 청하면 위험입니다.", seen.classes), seen, "kim", "en")
    assert "도움을 청하면 위험입니다." not in texts(page("review").markdown)
    opened = page("review", guide="true", schemes=["danger", "mood"])
    assert "도움을 청하면 위험입니다." in texts(opened.markdown)
    assert [text for text in texts(opened.markdown) if text.startswith("**Definition** The utterance tells")]
    assert "Nobody has written guidelines for this scheme yet." in captions(opened)
    opened = ok(opened.toggle(key="guide").set_value(False).run())
    assert "guide" not in opened.query_params


def test_a_bundled_scheme_comes_with_guidelines_in_the_language_of_the_reader(ws: Workspace) -> None:
    shown = texts(page("schemes", scheme="urgency").markdown)
    assert [text for text in shown if text.startswith("**Definition** Help is needed soon")]
    shown = texts(page("schemes", scheme="urgency", lang="ko").markdown)
    assert [text for text in shown if text.startswith("**정의** 곧 도와야 하지만")]


def test_a_workspace_without_guidelines_gets_the_offer_and_keeps_what_it_wrote(ws: Workspace) -> None:
    seen = guidelines.of("danger")
    guidelines.save(ws, "danger", Guidelines("우리 규칙"), seen, "kim")
    emptied = guidelines.of("danger", "en")
    guidelines.save(ws, "danger", Guidelines(), emptied, "kim", "en")
    opened = page("schemes", scheme="danger")
    assert "우리 규칙" in texts(opened.markdown), "one text is for every reader"
    assert "Texts that come with Gwidama and are empty here: 2. What is written stays as it is." in captions(opened)
    opened = ok(opened.button(key="guide-take-over").click().run())
    assert notices(opened) == ["Saved: Danger"]
    assert guidelines.of("danger") == Guidelines("우리 규칙", seen.classes)
    assert not [button for button in opened.button if button.key == "guide-take-over"]
