"""From an empty workspace: an import shows on the Corpus page, a region plays, hostile text is shown unchanged."""

import csv
import re
from pathlib import Path

import pytest
from live import (
    Live,
    cell,
    choose,
    component,
    confusion_cell,
    expect,
    give_files,
    go,
    idle,
    ko,
    main,
    pick_row,
    shown,
)  # fmt: skip
from playwright.sync_api import FilePayload, Locator, Page

from core.filters import Filter
from core.records import Utterance
from core.schemes import DANGER
from core.settings import DEMO
from core.workflows.evaluation import evaluate
from core.workflows.imports import aihub119
from core.workflows.models import train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import now

BITS = ("<img src=x onerror=alert(1)>", "![x](http://127.0.0.1:9/x.png)", "[a](javascript:alert(1))", "$x$", ":red[x]")
HOSTILE = " ".join(BITS)
HOSTILE_NAME = "<img src=x onerror=alert(1)> ![x](x.png) [a](b) $x$ :red[x].wav"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace."""
    return tmp_path_factory.mktemp("live") / "workspace"


@pytest.fixture(scope="module")
def imported(live: Live) -> Live:
    """One delivered pair of archives, imported by the command line while the server runs."""
    pair = [str(DEMO / "archives" / name) for name in ("TL_서울_화재.zip", "TS_서울_화재.zip")]
    assert "4 calls added" in live.core("ingest", "aihub119", *pair)
    return live


def find(live: Live, **wanted: object) -> tuple[Utterance, ...]:
    return live.ws.store.corpus.find(Filter(**wanted), limit=1000).rows  # type: ignore[arg-type]


def total(page: Page, n: int) -> Locator:
    return main(page).get_by_text(ko("Utterances: **{n}**", n=n), exact=True)


def test_an_empty_workspace_says_what_to_do(live: Live, page: Page) -> None:
    if live.ws.store.corpus.counts()["utterances"]:
        pytest.skip("another test has imported already")
    go(page, live, "")
    expect(main(page).get_by_role("link", name=re.compile("데이터 가져오기"))).to_be_visible()
    go(page, live, "corpus")
    expect(main(page)).to_contain_text(ko("Nothing matches. Take a filter off, or import a delivery."))


def test_an_import_is_seen_filtered_paged_and_opened(imported: Live, page: Page) -> None:
    everything = find(imported)
    go(page, imported, "corpus")
    expect(total(page, len(everything))).to_be_visible()
    expect(cell(page, 1)).to_have_text(everything[0].text)

    page.get_by_role("button", name=ko("Page {n}", n=2), exact=True).click()
    expect(cell(page, 1)).to_have_text(everything[25].text)

    word = "불"
    with_word = find(imported, text=word)
    assert 0 < len(with_word) < len(everything)
    page.get_by_label(ko("Text contains")).fill(word)
    page.keyboard.press("Enter")
    expect(total(page, len(with_word))).to_be_visible()
    page.wait_for_url(re.compile("text="))

    nothing = ko("Nothing matches. Take a filter off, or import a delivery.")
    filters = page.get_by_text(ko("Filters"), exact=True)
    filters.click()
    choose(page, "재난", "구급")
    expect(main(page)).to_contain_text(nothing.partition(".")[0])
    page.wait_for_url(re.compile("disaster=medical"))

    go(page, imported, "corpus", text=word, disaster="fire")  # an address that somebody shared
    expect(total(page, len(with_word))).to_be_visible()
    pick_row(page, 1)
    root = component(page, "player")
    call = find(imported, recording_id=with_word[0].recording_id)
    expect(root).to_have_attribute("data-ready", "true")
    expect(root).to_have_attribute("data-region", str(with_word[0].id))
    expect(root.locator(".gw-row")).to_have_count(len(call))
    expect(page.locator("[part~=shade]")).to_have_count(len(call))
    expect(main(page)).to_contain_text("화재")


def test_a_row_is_picked_by_the_keyboard_alone(imported: Live, page: Page) -> None:
    second = find(imported)[1]
    go(page, imported, "corpus")
    idle(page)
    expect(
        cell(page, 1)
    ).to_be_attached()  # the table is loaded after the page, and Tab passes by one that is not there
    page.get_by_label(ko("Text contains")).focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    expect(cell(page, 1)).to_have_attribute("aria-selected", "true")  # each key after the table has drawn the last one
    page.keyboard.press("ArrowDown")
    expect(cell(page, 2)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Shift+Space")
    expect(component(page, "player")).to_have_attribute("data-region", str(second.id))


def test_the_region_of_an_utterance_is_played_exactly(imported: Live, page: Page) -> None:
    first = find(imported)[0]
    go(page, imported, "corpus")
    pick_row(page, 1)
    root = component(page, "player")
    expect(root).to_have_attribute("data-ready", "true")
    call = find(imported, recording_id=first.recording_id)
    brief = sorted(call, key=lambda utterance: (utterance.end_ms or 0) - (utterance.start_ms or 0))[1:3]
    for utterance in brief:
        root.locator(f"[data-id='{utterance.id}']").click()
        expect(root).to_have_attribute("data-region", str(utterance.id))
        expect(root).to_have_attribute("data-played-ms", f"{utterance.start_ms}-{utterance.end_ms}")


# --- hostile words ----------------------------------------------------------------------------------------------------
# That nothing was requested from another host, no dialog opened and no policy was violated, the `page` fixture checks.


@pytest.fixture(scope="module")
def hostile(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Sentences whose text and id are hostile, labelled, and a run trained and tested on them."""
    path = tmp_path_factory.mktemp("hostile") / "sentences.csv"
    with (DEMO / "utterances.csv").open(encoding="utf-8", newline="") as demo:
        given = list(csv.DictReader(demo))[::8]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, ["id", "text", "label", "kind"])
        rows.writeheader()
        for number, row in enumerate(given):  # all of it in one text, else too many would be near-duplicates
            words = BITS[number % len(BITS)] if number else HOSTILE
            rows.writerow(row | {"id": f"{HOSTILE}-{number}", "text": f"{row['text']} {words}"})
    assert aihub119.ingest_sentences(live.ws, path, "hostile", "none").report.added == len(given)
    snapshot.create(live.ws, "hostile", "danger")
    train.run(live.ws, train.plan(live.ws, "danger-text", "hostile"))
    return live


def literal(page: Page, *where: str) -> None:
    """Check that the hostile text is shown unchanged and no part of it became an element."""
    for selector in where:
        expect(page.locator(selector).filter(has_text=HOSTILE).first).to_be_visible()
    assert page.locator("img[src='x'], img[src*='127.0.0.1:9'], a[href^='javascript'], .katex").count() == 0


def test_hostile_words_on_the_corpus_page(hostile: Live, page: Page) -> None:
    go(page, hostile, "corpus", text="onerror")
    expect(cell(page, 1)).to_contain_text(HOSTILE)
    pick_row(page, 1)
    literal(page, "[data-testid=stText]")


def test_hostile_words_on_the_review_page(hostile: Live, page: Page) -> None:
    for utterance in find(hostile, in_recording=True):
        hostile.ws.store.review.decide(utterance.id, utterance.version, "somebody", now(), skip=True, act="skip")
    go(page, hostile, "review", schemes="emotion-dialogue")
    item = shown(page)
    first = find(hostile, text="onerror")[0]
    assert item[0] == first.id
    root = component(page, "review")
    assert root.locator("textarea").input_value() == first.text
    literal(page, ".gw-item-note")
    page.keyboard.press("2")
    shown(page, before=item)
    literal(page, ".gw-item-note")


def test_hostile_words_behind_a_confusion_cell(hostile: Live, page: Page) -> None:
    (run,) = (run_info for run_info in hostile.ws.store.ledger.runs("done") if run_info.snapshot == "hostile")
    matrix = run.metrics["test"]["confusion"]
    k = max(range(len(matrix)), key=lambda i: matrix[i][i])
    go(page, hostile, "evaluate", run=run.id)
    confusion_cell(page, DANGER.codes[k], DANGER.codes[k], DANGER.codes)
    behind = evaluate.cell(hostile.ws, run.id, DANGER.codes[k], DANGER.codes[k]).mistakes
    expect(main(page).get_by_test_id("stText")).to_have_text([mistake.item.text for mistake in behind if mistake.item])
    literal(page)


def test_hostile_words_on_the_predict_page(hostile: Live, imported: Live, page: Page) -> None:
    call = next(recording for recording in imported.ws.store.corpus.recordings() if recording.path)
    wav = imported.ws.audio_file(call.id).read_bytes()
    go(page, imported, "predict")
    sound = FilePayload(name=HOSTILE_NAME, mimeType="audio/wav", buffer=wav)
    give_files(page, page.locator("input[type=file]").first, [sound])
    page.get_by_text(ko("I have the words of this recording")).click()
    transcript = page.get_by_role("textbox", name=ko("Transcript, if you have one (one line an utterance)"))
    transcript.fill(HOSTILE)
    transcript.blur()
    root = component(page, "player")
    expect(root.locator(".gw-row").first).to_contain_text(HOSTILE)
    expect(page.get_by_role("heading", name=HOSTILE_NAME)).to_be_visible()
    literal(page, ".gw-text")
    page.get_by_role("tab", name=ko("Sentence")).click()
    page.get_by_role("textbox", name=ko("A sentence"), exact=True).fill(HOSTILE)
    page.keyboard.press("Enter")
    expect(page.locator(".gw-verdict:visible").first).to_be_visible()
    literal(page)
