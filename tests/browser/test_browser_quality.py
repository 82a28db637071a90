"""The Quality page in Chromium: checks find faults, a finding shows its rows, its fixes are accepted and undone."""

from pathlib import Path

import pytest
from live import Live, component, expect, go, idle, ko, main, shown, until
from playwright.sync_api import Page

from core.filters import Filter
from core.records import NewUtterance
from core.workflows.cleaning import checks

AT = "2026-01-01T00:00:00+00:00"
SAID = {  # text -> labels of its copies
    "불이 났어요": ("danger", "danger", "danger"),
    "괜찮아요": ("normal", "danger"),
    "[전화] [이름]": ("normal",),
    "창문을 닫았어요": ("normal",),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quality") / "workspace"


@pytest.fixture(scope="module")
def faulty(live: Live) -> Live:
    rows = [(text, label) for text, labels in SAID.items() for label in labels]
    source = live.ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    live.ws.store.corpus.add_sentences(
        source, [NewUtterance(f"k{n}", t, f"k{n}", labels={"danger": x}) for n, (t, x) in enumerate(rows)], AT
    )
    return live


def left(live: Live) -> list[str]:
    return [utterance.text for utterance in live.ws.store.corpus.every(Filter(skipped=False))]


def press(page: Page, message: str, **values: object) -> None:
    idle(page)
    page.get_by_role("button", name=ko(message, **values)).click()


def test_faults_are_found_opened_mended_and_put_back(faulty: Live, page: Page) -> None:
    go(page, faulty, "quality")
    press(page, "Check texts, labels and times")
    until(lambda: checks.last(faulty.ws).findings, "the checks have run")
    finding_counts = {finding.check: finding.count for finding in checks.last(faulty.ws).findings}
    assert (finding_counts["same-text"], finding_counts["label-conflict"], finding_counts["mask-only"]) == (3, 1, 1)
    everything = left(faulty)

    row = page.get_by_test_id("stMarkdown").filter(has_text=ko("Same text again"))
    expect(row).to_contain_text("3")
    number = next(n for n, finding in enumerate(checks.last(faulty.ws).findings) if finding.check == "same-text")
    page.locator(f".st-key-open-{number} button").click()
    expect(main(page)).to_contain_text("3행이 앞선 텍스트와 같습니다(서로 다른 텍스트 2개)")
    expect(page.get_by_test_id("stText").filter(has_text="불이 났어요")).to_have_count(2)

    press(page, "Offer fixes as proposals")
    expect(main(page)).to_contain_text(ko("New proposals: {n}", n=3))
    assert shown(page)
    assert left(faulty) == everything, "a proposal changes nothing by itself"

    press(page, "Accept all that wait: {n}", n=3)
    press(page, "Yes, accept {n}", n=3)
    until(lambda: left(faulty) == list(SAID), "the repeats are left out")
    expect(main(page)).to_contain_text(ko("Accepted: {n}.", n=3))

    press(page, "Undo the last decision")
    until(lambda: left(faulty) == everything, "all of them are back, as one")
    component(page, "review")
    shown(page)
    page.keyboard.press("x")
    until(lambda: faulty.ws.store.proposals.counts(checks.KIND)["rejected"] == 1, "and now rejected by key")
    assert left(faulty) == everything


def test_a_finding_is_shared_by_its_address_and_closed(faulty: Live, page: Page) -> None:
    checks.run(faulty.ws, ["mask-only"])
    (finding,) = (finding for finding in checks.last(faulty.ws).findings if finding.check == "mask-only")
    go(page, faulty, "quality", finding=f"mask-only::{finding.severity}:{finding.ids[0]}")
    text = page.get_by_test_id("stText").filter(has_text="[전화] [이름]")
    expect(text).to_have_count(1)
    press(page, "Close")
    expect(text).to_have_count(0)
    assert "finding=" not in page.url
