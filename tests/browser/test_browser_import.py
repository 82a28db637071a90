"""A cp949 table is imported by the page and found; a listing is shared by its address."""

from pathlib import Path

import pytest
from live import Live, cell, choose, expect, go, idle, ko, main
from playwright.sync_api import Browser, Page

from core.filters import Filter
from core.records import NewUtterance

AT = "2026-01-01T00:00:00+00:00"
TABLE = "번호,문장,판정,Unnamed: 3\r\n" + "".join(
    f'{n},"{text}",{label},\r\n'
    for n, (text, label) in enumerate(
        [
            ("가스가 새요, 빨리요", "위험"),
            ("오늘은 빨래를 널었어요", "정상"),
            ("불이 옆집으로 번져요", "위험"),
            ("말은 했지만\r\n아무 일도 아니에요", "정상"),
        ]
    )
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("import") / "workspace"


def test_a_cp949_table_is_mapped_imported_and_found(live: Live, page: Page) -> None:
    go(page, live, "import_data")
    table = {"name": "현장.csv", "mimeType": "text/csv", "buffer": TABLE.encode("cp949")}
    page.set_input_files("input[type=file]", [table])
    expect(main(page)).to_contain_text("CSV · cp949")
    expect(main(page)).to_contain_text("Unnamed: 3")
    choose(page, ko("Text"), "문장")
    idle(page)
    page.get_by_role("button", name=ko("Import"), exact=True).click()
    expect(main(page)).to_contain_text(ko("Look at it in Corpus"))

    rows = live.ws.store.corpus.find(Filter()).rows
    assert [row.text for row in rows] == [
        "가스가 새요, 빨리요", "오늘은 빨래를 널었어요", "불이 옆집으로 번져요", "말은 했지만\r\n아무 일도 아니에요",
    ]  # fmt: skip
    assert [row.labels.get("danger") for row in rows] == ["danger", "normal", "danger", "normal"]

    go(page, live, "corpus")
    page.get_by_label(ko("Text contains")).fill("빨")
    page.keyboard.press("Enter")
    page.get_by_text(ko("Filters"), exact=True).click()
    choose(page, "위험", "위험")
    expect(main(page)).to_contain_text(ko("Utterances: **{n}**", n="1"))
    page.wait_for_url("**danger=danger**")


def test_a_shared_address_shows_the_same_rows_to_somebody_else(live: Live, page: Page, browser: Browser) -> None:
    """Filter, order and page are in the address: another browser shows the same listing."""
    source = live.ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    many = [NewUtterance(f"k{n}", f"연기가 {n:02} 층에서 나요", f"k{n}", speaker="caller") for n in range(60)]
    live.ws.store.corpus.add_sentences(source, many, AT)
    go(page, live, "corpus")
    page.get_by_label(ko("Text contains")).fill("연기")
    page.keyboard.press("Enter")
    expect(main(page)).to_contain_text(ko("Utterances: **{n}**", n="60"))
    choose(page, ko("Sort"), ko("By text, backwards"))
    expect(cell(page, 1)).to_have_text("연기가 59 층에서 나요")
    page.get_by_role("button", name=ko("Page {n}", n=2), exact=True).click()
    page.wait_for_url("**page=2**")
    expect(cell(page, 1)).to_have_text("연기가 34 층에서 나요")
    row_texts = [cell(page, n).inner_text() for n in range(1, 11)]

    stranger = browser.new_context(locale="ko-KR")
    shared = stranger.new_page()
    shared.goto(page.url)
    expect(cell(shared, 1)).to_have_text(row_texts[0])
    assert [cell(shared, n).inner_text() for n in range(1, 11)] == row_texts
    expect(shared.get_by_role("button", name=ko("Page {n}", n=2), exact=True)).to_have_attribute("aria-current", "page")

    shared.get_by_label(ko("Text contains")).fill("층에서")
    shared.keyboard.press("Enter")
    expect(cell(shared, 1)).to_have_text("연기가 59 층에서 나요")
    idle(shared)
    assert "page=" not in shared.url, "another question begins at its first page"
    stranger.close()
