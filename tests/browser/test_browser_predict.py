"""Live prediction in a browser: upload, transcript, verdict, edit, changed verdict; microphone; honest "cannot tell".

Chromium's fake microphone plays a call of the demo, so that nobody has to speak.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from live import ARGS, Live, after_a_run, choose, close_popover, component, expect, give_files, go, ko, main
from playwright.sync_api import Browser, FilePayload, Locator, Page, sync_playwright

from core.ui.i18n import in_language
from core.ui.panels import runs
from core.workflows.predict import demo_calls

DANGEROUS = "할머니가 쓰러졌는데 숨을 안 쉬어요 빨리 와 주세요"
HARMLESS = "네, 알겠습니다. 감사합니다."
SPOKEN_S = 3.0
RECORDER_MS = 20_000


@pytest.fixture(scope="module")
def call() -> tuple[bytes, bytes]:
    """Return WAV and label JSON of a call of the demo."""
    return demo_calls.read("화재")


@pytest.fixture(scope="module")
def browser(chromium: str, call: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a microphone that hears the call."""
    spoken = tmp_path_factory.mktemp("microphone") / "call.wav"
    spoken.write_bytes(call[0])
    fake = (
        f"--use-fake-ui-for-media-stream --use-fake-device-for-media-stream --use-file-for-fake-audio-capture={spoken}"
    )
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=[*ARGS.split(), *fake.split()])
        yield running
        running.close()


def verdict(page: Page) -> Locator:
    """Return the large card of the verdict in the open tab."""
    return page.locator(".gw-verdict.is-first:visible")


def upload(page: Page, *files: tuple[str, str, bytes]) -> None:
    payloads = [FilePayload(name=name, mimeType=kind, buffer=data) for name, kind, data in files]
    give_files(page, page.locator("input[type=file]").first, payloads)


def write(page: Page, row: int, text: str) -> None:
    """Change the text of an utterance in its row, and wait until it was judged again."""
    item = page.locator(".gw-item").nth(row)

    def act() -> None:
        item.locator(".gw-pencil").click()
        item.locator("textarea").fill(text)
        item.locator("textarea").press("Enter")

    after_a_run(page, act)


def test_a_call_with_its_words_is_judged_and_heard(live: Live, page: Page, call: tuple[bytes, bytes]) -> None:
    spoken = [u for u in json.loads(call[1].decode("utf-8-sig"))["utterances"] if u["endAt"] > u["startAt"]]
    go(page, live, "predict")
    upload(page, ("call.wav", "audio/wav", call[0]), ("call.json", "application/json", call[1]))
    expect(verdict(page)).to_have_attribute("data-kind", re.compile("danger|clear|unsure"))
    for scheme in ("위험", "긴급도", "감정(119)"):
        expect(page.locator(".gw-scheme").get_by_text(scheme, exact=True)).to_be_visible()
    root = component(page, "player")
    expect(root).to_have_attribute("data-ready", "true")
    rows = root.locator(".gw-row")
    expect(rows).to_have_count(len(spoken))
    expect(rows.first.locator(".gw-who")).to_have_text(re.compile("수보자|신고자"))
    expect(root.locator(".gw-judged").first).to_contain_text("위험")
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(1)  # danger curve and ribbons are one picture
    rows.nth(1).click()
    expect(root).to_have_attribute("data-played-ms", f"{spoken[1]['startAt']}-{spoken[1]['endAt']}")
    expect(main(page).get_by_text(ko("Why? Utterance {n}", n=2))).to_be_visible()  # the reasons follow the click


def test_words_that_a_person_writes_change_the_verdict_at_once(
    live: Live, page: Page, call: tuple[bytes, bytes]
) -> None:
    go(page, live, "predict")
    page.get_by_role("button", name=ko("Speech recognition")).click()
    after_a_run(page, lambda: page.get_by_text(ko("Write down what is said"), exact=True).click())
    close_popover(page)
    upload(page, ("call.wav", "audio/wav", call[0]))
    expect(verdict(page)).to_have_attribute("data-kind", "unsure")  # without words nobody can judge danger
    expect(verdict(page)).to_contain_text(ko("Cannot tell"))
    write(page, 1, DANGEROUS)
    expect(verdict(page)).to_have_attribute("data-kind", "danger")
    expect(verdict(page)).to_contain_text(re.compile(r"위험\s*\d+%"))
    expect(verdict(page)).to_contain_text(re.compile(ko("First alarm at {time}", time=r"\d+:\d\d\.\d")))
    row = page.locator(".gw-item").nth(1)
    expect(row).to_contain_text(DANGEROUS)
    expect(row.locator(".gw-chip.is-danger").first).to_contain_text("▲ 위험")
    write(page, 1, HARMLESS)
    expect(verdict(page)).to_have_attribute("data-kind", re.compile("clear|unsure"))
    expect(page.locator(".gw-chip.is-danger").filter(has_text="▲ 위험")).to_have_count(0)


def test_a_sentence_is_judged_as_one_types_or_the_page_says_why_not(live: Live, page: Page) -> None:
    go(page, live, "predict")
    page.get_by_role("tab", name=ko("Sentence"), exact=True).click()
    field = page.get_by_role("textbox", name=ko("A sentence"), exact=True)
    reasons = {
        "hello my friend": "the text is not Korean, and the run was trained on Korean",
        "🔥🔥": "no word is left to read: only signs, emoji or single letters",
    }
    for text, reason in reasons.items():
        field.fill(text)  # no Enter
        expect(verdict(page)).to_contain_text(ko(reason))
        expect(verdict(page)).to_have_attribute("data-kind", "unsure")
        expect(page.locator(".gw-verdict:visible .gw-answer small")).to_have_count(0)  # no number beside "cannot tell"
    field.fill(DANGEROUS)
    expect(verdict(page)).to_have_attribute("data-kind", "danger")
    expect(page.locator(".gw-word:visible").first).to_have_text(re.compile(r"[＋－] .+ [+-]\d\.\d\d"))
    expect(
        page.get_by_test_id("stDataFrame").locator("visible=true").first
    ).to_be_visible()  # the nearest it learned from


def test_another_run_judges_where_one_is_chosen(live: Live, page: Page) -> None:
    snapshot = next(run.snapshot for run in live.ws.store.ledger.runs("done") if run.recipe == "danger-text")
    old = next(run.id for run in live.ws.store.ledger.runs("done") if run.recipe == "danger-text")
    new = json.loads(live.core("train", "danger-text", "--snapshot", snapshot, "--encoder", "ngram", "--json"))["run"]
    live.core("runs", "use", old)
    go(page, live, "predict")
    page.get_by_role("tab", name=ko("Sentence"), exact=True).click()
    page.get_by_role("textbox", name=ko("A sentence"), exact=True).fill(DANGEROUS)
    with in_language("ko"):
        titles = runs.titles(live.ws.store.ledger.runs())
    names = {run: title.replace(" UTC", "") for run, title in titles.items()}  # a browser's own zone is not named
    expect(verdict(page)).to_contain_text(names[old])  # what was put in use, not the newest
    page.get_by_role("button", name=ko("Choose runs")).click()
    choose(page, f"위험 · {ko('text')}", names[new])
    close_popover(page)
    expect(verdict(page)).to_contain_text(names[new])
    assert f"run-danger-text={new}" in page.url


def test_the_microphone_is_heard_and_judged(live: Live, page: Page) -> None:
    go(page, live, "predict")
    recorder = page.get_by_test_id("stAudioInput").locator("visible=true")
    record = recorder.get_by_role("button", name=ko("Record"), exact=True).locator("visible=true")
    with suppress(AssertionError):  # on one machine Streamlit's frontend left it hidden until the page was loaded again
        expect(record).to_have_count(1, timeout=RECORDER_MS)
    if record.count() != 1:
        go(page, live, "predict")
        page.get_by_role("tab", name=ko("Recording"), exact=True).click()
        expect(record).to_have_count(1)
    recorder.get_by_test_id("stAudioInputActionButton").last.click()
    time.sleep(SPOKEN_S)
    recorder.get_by_test_id("stAudioInputActionButton").last.click()
    expect(main(page).get_by_role("heading", name=ko("Spoken just now"))).to_be_visible()
    root = component(page, "player")
    expect(root).to_have_attribute("data-ready", "true")
    expect(page.locator(".gw-verdict:visible").first).to_be_visible()
    assert page.locator(".gw-row").count() >= 1
