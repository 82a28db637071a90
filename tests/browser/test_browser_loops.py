"""From Corpus and Quality to Review and back, by mouse and keyboard."""

import re
from pathlib import Path

import pytest
from live import Live, go, idle, ko, pick_row, press_at, shown, until
from playwright.sync_api import Page, expect
from sounds import record, talk
from store_data import AT, sentences

from core.filters import Filter
from core.workflows.cleaning import checks

SAID = ("불이 났어요", "불이 났어요", "괜찮아요")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loops") / "workspace"


@pytest.fixture(scope="module")
def filled(live: Live) -> Live:
    """A call with audio and three sentences, two of which are equal."""
    record(live.ws, "c1", talk(4))
    ids = sentences(live.ws.store, *SAID)
    for number in ids[:2]:
        live.ws.store.review.decide(number, 0, "kim", AT, labels={"danger": "danger"})
    checks.run(live.ws, ["same-text"])
    return live


def press(page: Page, message: str, **values: object) -> None:
    idle(page)
    page.get_by_role("button", name=ko(message, **values), exact=True).click()


def test_a_row_is_played_where_it_is_opened_in_review_and_the_way_back_has_the_same_filter(
    filled: Live, page: Page
) -> None:
    rows = filled.ws.store.corpus.find(Filter(in_recording=True)).rows
    go(page, filled, "corpus", call="1")
    chip = page.get_by_role("button", name=re.compile(rf"^{ko('Call: {name}', name='c1')} · {len(rows)}"))
    expect(chip).to_be_visible()
    press_at(page, page.get_by_test_id("stDataFrame").first, 460, 52)  # the play button of the first row
    audio = page.get_by_test_id("stAudio")
    expect(audio).to_have_attribute("src", re.compile(rf"/audio/utterance/{rows[0].id}$"))
    expect(audio).to_have_js_property("autoplay", True)
    expect(audio).to_be_in_viewport()
    pick_row(page, 1)
    press(page, "Open in Review: {n} picked", n=1)
    page.wait_for_url(re.compile("queue=list"))
    assert shown(page)[0] == rows[0].id
    page.reload()  # the list stays
    assert shown(page)[0] == rows[0].id
    page.get_by_role("link", name=ko("Go back")).click()
    page.wait_for_url(re.compile(r"/corpus\?.*call=1"))
    chip.click()
    page.wait_for_url(lambda url: "call=" not in url)
    expect(chip).to_have_count(0)


def test_a_finding_is_cured_where_it_is_shown_taken_back_and_opened_in_review(filled: Live, page: Page) -> None:
    store = filled.ws.store
    first, second = (u.id for u in store.corpus.find(Filter(text=SAID[0], in_recording=False)).rows)
    go(page, filled, "quality", finding=f"same-text::warning:{second}")
    press(page, "Edit here")
    page.get_by_label(ko("Text"), exact=True).fill("불이 크게 났어요")
    page.keyboard.press("Tab")
    press(page, "Save")
    until(lambda: store.corpus.utterance(second).text == "불이 크게 났어요", "the text is cured")
    press(page, "Take it back")
    until(lambda: store.corpus.utterance(second).text == SAID[1], "the text is as it was")
    press(page, "Open in Review: {n}", n=1)
    page.wait_for_url(re.compile("queue=list"))
    assert shown(page)[0] == second
    page.get_by_role("link", name=ko("Go back")).click()
    page.wait_for_url(re.compile("/quality.*finding="))
    assert first != second
