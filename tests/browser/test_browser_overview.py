"""The Overview in Chromium: an empty workspace, the work list and its links, failed jobs, whose work it is."""

from pathlib import Path

import pytest
from live import CURATOR, Live, expect, go, idle, main, until
from playwright.sync_api import Locator, Page

from core.records import NewUtterance
from core.schemes import SCHEMES
from core.store import NewProposal
from core.ui.i18n import catalogue
from core.ui.panels.overview.waiting import TITLES
from core.workflows import jobs
from core.workflows.overview import failed
from core.workflows.overview.waiting import Waiting, waiting
from core.workflows.review import desk
from core.workflows.workspace import now

MOST_TABS = 120


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace."""
    return tmp_path_factory.mktemp("overview") / "workspace"


@pytest.fixture(scope="module")
def busy(live: Live) -> Live:
    """Sentences of which some are in dispute, flagged, commented or have a suggestion, and two failed jobs."""
    ws = live.ws
    source = ws.store.corpus.add_source("overview", "test", "ours", "0", now())
    said = [NewUtterance(f"o{n}", f"불이 났어요 {n}", f"o{n}") for n in range(20)]
    ws.store.corpus.add_sentences(source, said, now())
    ids = list(ws.store.corpus.utterance_ids([item.key for item in said]).values())
    answered: list[int] = []
    for curator, code in (("kim", "danger"), (CURATOR, "normal")):
        blind = desk.Desk(curator, ("danger",), overlap=1.0)
        for card in desk.take(ws, blind, 3):
            desk.decide(ws, blind, card.utterance.id, card.utterance.version, {"danger": code})
            answered.append(card.utterance.id)
        desk.release(ws, blind)
    for item, who, kind in ((ids[10], "kim", "flag"), (answered[-1], "kim", "flag"), (ids[11], "kim", "comment")):
        ws.store.remarks.add(item, who, now(), kind, "다시 들어 보세요")  # type: ignore[arg-type]
    for kind, n in (("cleaning", 4), ("exclude", 3)):
        made = [NewProposal(kind, i, "bench", {"text": "t", "before": "x"}, "why") for i in ids[5 : 5 + n]]
        ws.store.proposals.add(made, now())
    for number in (1, 2):
        ws.store.board.add(f"quality-{number}", "quality", "quality", {"checks": ["empty-text"]}, now())
        ws.store.board.update(f"quality-{number}", now(), state="failed", error="by design")
    return live


def words(lang: str, message: str, **values: object) -> str:
    """Return a message of the code as the page shows it in a language."""
    text = catalogue(lang).gettext(message) if lang != "en" else message
    return text.format(**values).replace("**", "")


def title(row: Waiting, lang: str, n: int | None = None) -> str:
    scheme = getattr(SCHEMES[row.scheme], lang) if row.scheme else ""
    return words(lang, TITLES[row.kind], scheme=scheme, n=f"{row.n if n is None else n:,}")


def link(page: Page, text: str) -> Locator:
    return main(page).get_by_role("link", name=text, exact=False)


def press(page: Page, lang: str, message: str, **values: object) -> None:
    idle(page)
    main(page).get_by_role("button", name=words(lang, message, **values)).first.click()


def test_an_empty_workspace_offers_the_import_and_the_demo_as_a_job(live: Live, page: Page) -> None:
    for lang in ("en", "ko"):
        go(page, live, "", lang)
        link(page, words(lang, "Import data")).click()
        page.wait_for_url("**/import_data**")
        expect(page.get_by_role("heading", level=1)).to_have_text(words(lang, "Import"))
        go(page, live, "", lang)
        expect(main(page).get_by_role("button", name=words(lang, "Load the demo"))).to_be_visible()
        expect(main(page)).not_to_contain_text("python -m")
    press(page, "ko", "Load the demo")
    until(lambda: jobs.running(live.ws, "demo"), "the demo is queued as a job")
    expect(main(page)).to_contain_text(words("ko", "The demo is being prepared"))
    expect(main(page).get_by_role("button", name=words("ko", "Load the demo"))).to_have_count(0)
    page.reload()
    expect(main(page)).to_contain_text(words("ko", "The demo is being prepared"))
    press(page, "ko", "Cancel")
    until(lambda: jobs.running(live.ws, "demo") is None, "the job is cancelled")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_each_row_leads_to_a_page_with_its_number(busy: Live, page: Page, lang: str) -> None:
    rows = {(row.kind, row.scheme): row for row in waiting(busy.ws, CURATOR)}
    of_danger = [rows[kind, "danger"] for kind in ("unlabelled", "disputes")]
    of_all = [rows[kind, ""] for kind in ("flags", "comments", "cleaning", "quality")]  # type: ignore[index]
    for row in (*of_danger, *of_all):
        go(page, busy, "", lang)
        link(page, title(row, lang)).click()
        page.wait_for_url("**/adjudicate**" if row.kind == "disputes" else "**/quality**"
                          if row.kind in ("cleaning", "quality") else "**/review**")  # fmt: skip
        n = row.n if row.queued is None else row.queued
        if row.kind == "disputes":
            expect(
                main(page).get_by_text(words(lang, "**{n}** left · **{done}** settled now", n=n, done=0))
            ).to_be_visible()
        elif row.kind in ("cleaning", "quality"):
            waits = page.get_by_test_id("stMetric").filter(has_text=words(lang, "Waiting")).first
            expect(waits.get_by_test_id("stMetricValue")).to_have_text(str(n))
        else:
            expect(page.locator(f".gw-desk[data-left='{n}']")).to_be_attached()
        busy.ws.store.leases.release(CURATOR)


def test_mine_leaves_out_what_others_wrote_and_is_kept_in_the_address(busy: Live, page: Page) -> None:
    rows = {row.kind: row for row in waiting(busy.ws, CURATOR)}
    flags = rows["flags"]
    assert (flags.n, flags.mine) == (2, 1)
    assert rows["comments"].mine == 0
    go(page, busy, "")
    expect(link(page, title(rows["comments"], "ko"))).to_be_visible()
    expect(main(page).get_by_role("heading", name=words("ko", "The team"))).to_be_visible()
    page.get_by_role("radio", name=words("ko", "My work")).click()
    expect(link(page, title(flags, "ko", 1))).to_be_visible()
    expect(link(page, title(rows["comments"], "ko"))).to_have_count(0)
    expect(main(page).get_by_role("heading", name=words("ko", "The team"))).to_have_count(0)
    assert "view=me" in page.url
    page.reload()
    idle(page)
    link(page, title(flags, "ko", 1)).click()
    page.wait_for_url("**/review**")
    expect(page.locator(".gw-desk[data-left='1']")).to_be_attached()
    assert f"curator={CURATOR}" in page.url
    busy.ws.store.leases.release(CURATOR)


def test_a_row_is_reached_and_opened_by_the_keyboard(busy: Live, page: Page) -> None:
    (row,) = (row for row in waiting(busy.ws, CURATOR) if row.kind == "disputes")
    go(page, busy, "", "en")
    wanted = link(page, title(row, "en"))
    expect(wanted).to_be_visible()
    for _ in range(MOST_TABS):
        if wanted.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/adjudicate**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settle")
    busy.ws.store.leases.release(CURATOR)


def test_a_failed_job_is_put_aside_taken_up_again_and_tried_again(busy: Live, page: Page) -> None:
    def heads(n: int) -> Locator:
        return main(page).get_by_role("heading", name=words("ko", "Jobs that failed: {n}", n=n), exact=True)

    go(page, busy, "")
    expect(heads(2)).to_be_visible()
    press(page, "ko", "Put aside")
    expect(heads(1)).to_be_visible()
    (aside,) = failed.aside(busy.ws)
    main(page).get_by_text(words("ko", "Failed jobs that were put aside: {n}", n=1)).click()
    press(page, "ko", "Take it up again")
    expect(heads(2)).to_be_visible()
    assert failed.aside(busy.ws) == []
    page.locator(f".st-key-failed-again-{aside.id} button").click()
    expect(heads(1)).to_be_visible()
    again = [
        job for job in jobs.recent(busy.ws, 10) if job.kind == "quality" and job.id not in ("quality-1", "quality-2")
    ]
    assert len(again) == 1
    until(lambda: jobs.get(busy.ws, again[0].id).state == "done", "the work is done this time")
