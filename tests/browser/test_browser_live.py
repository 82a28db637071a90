"""Live calls, batches, exports and the way into the corpus on the real page."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

from live import Live, after_a_run, expect, go, ko, main, press_at, until
from playwright.sync_api import Locator, Page

from core.filters import Filter
from core.settings import DEMO
from core.workflows.predict import batch, to_corpus


def tab(page: Page, name: str) -> Locator:
    """Open a tab of the page; returns its panel."""
    page.get_by_role("tab", name=ko(name), exact=True).click()
    panel = page.get_by_role("tabpanel").locator("visible=true").first
    expect(panel).to_be_visible()
    return panel


def saved(page: Page, button: Locator) -> bytes:
    """Press a download button; returns the content of the file."""
    with page.expect_download() as download:
        button.locator("visible=true").click()  # a button with a tooltip has a hidden copy
    return Path(download.value.path()).read_bytes()


def delivered(folder: Path) -> list[Path]:
    """Two calls of the demo in a zip of sound and a zip of labels, a text, and a file that is no sound."""
    names: list[str] = []
    for kind, suffix in (("TS", ".wav"), ("TL", ".json")):
        with (
            zipfile.ZipFile(DEMO / "archives" / f"{kind}_서울_화재.zip") as source,
            zipfile.ZipFile(folder / f"{kind}.zip", "w") as target,
        ):
            stems = sorted(Path(name).stem for name in source.namelist() if name.endswith(suffix))[:2]
            for stem in stems:
                target.writestr(f"{stem}{suffix}", source.read(f"{stem}{suffix}"))
            names += stems
    assert names[:2] == names[2:]
    (folder / "typed.txt").write_text("불이 났어요 살려 주세요\n연기 때문에 숨을 못 쉬겠어요", "utf-8")
    (folder / "broken.wav").write_bytes(b"RIFF")
    return [folder / "TS.zip", folder / "TL.zip", folder / "typed.txt", folder / "broken.wav"]


def test_a_call_is_judged_while_it_is_played(live: Live, page: Page) -> None:
    go(page, live, "predict")
    tab(page, "Live")
    after_a_run(page, page.locator(".st-key-live_demo").get_by_text("화재", exact=True).click)
    after_a_run(page, page.locator(".st-key-live_speed").get_by_text("4×", exact=True).click)
    play = page.get_by_role("button", name=ko("Play as if live"))
    expect(play).to_be_enabled()
    play.click()
    strip = page.locator(".gw-live")
    expect(strip).to_have_attribute("data-live", "true")
    expect(strip).to_contain_text(ko("Time to alarm"))
    first = main(page).get_by_test_id("stText").filter(has_text="서울 소방입니다")
    expect(first).to_be_visible()  # the first utterance is there, the last one is not yet
    expect(main(page).get_by_text("입구 주차장에서", exact=False)).to_have_count(0)
    expect(strip).to_have_attribute("data-live", "false")
    expect(main(page).get_by_text("입구 주차장에서", exact=False).first).to_be_visible()
    expect(strip).to_contain_text(re.compile(rf"{ko('no alarm')}|\d:\d\d\.\d"))

    document = json.loads(saved(page, page.locator("[class*=st-key-json-live-] button")))
    (call,) = document["inputs"]
    assert (call["stream"]["ended"], len(call["utterances"])) == (True, 10)
    report = saved(
        page, page.get_by_role("button", name=ko("Report"), exact=True).locator("visible=true").last
    ).decode()
    assert (ko("Prediction report") in report, "<script" in report) == (True, False)


def test_a_batch_is_sorted_by_risk_exported_and_sent_to_the_corpus(live: Live, page: Page, tmp_path: Path) -> None:
    go(page, live, "predict")
    panel = tab(page, "Batch")
    expect(panel.get_by_role("button", name=ko("Judge all"))).to_be_visible()
    expect(panel).not_to_contain_text("predict-batch")  # the command is behind the button of the help
    files = ko("Recordings with their label JSON or transcript (same name), texts, or a zip of them")
    panel.get_by_role("button", name=ko("Help for {label}", label=files)).hover()
    expect(page.get_by_text("predict-batch")).to_be_visible()
    panel.locator("input[type=file]").set_input_files(delivered(tmp_path))
    start = page.get_by_role("button", name=ko("Judge all"))
    expect(start).to_be_enabled()
    earlier = len(batch.every(live.ws))
    after_a_run(page, start.click)
    until(lambda: len(batch.every(live.ws)) > earlier, "the batch begins")
    batch_id = batch.every(live.ws)[0].id
    until(lambda: batch.state(live.ws, batch_id) == "done", "the worker judges it")
    done = batch.read(live.ws, batch_id)
    assert [row["state"] for row in done.rows] == ["judged"] * 3 + ["failed"]
    risks = [row["risk"] for row in done.rows[:3]]
    assert risks == sorted(risks, reverse=True) or done.rows[0]["alarm"]

    alarms = sum(bool(row.get("alarm")) for row in done.rows)
    expect(main(page)).to_contain_text(
        ko("{n} judged, {alarms} with an alarm, {failed} could not be judged", n=3, alarms=alarms, failed=1)
    )
    table = page.get_by_test_id("stDataFrame").locator("visible=true").first
    expect(table).to_be_visible()
    sheet = saved(page, page.locator(f".st-key-csv-{batch_id} button"))
    rows = list(csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"))))
    assert list(dict.fromkeys(row["source"] for row in rows)) == [row["source"] for row in done.rows[:3]]

    number = next(i for i, row in enumerate(done.rows) if row["duration_ms"])
    press_at(page, table, 18, 52 + 35 * number)
    opened = page.locator("[class*=st-key-opened-]")
    expect(opened.locator(".gw-player[data-ready=true]")).to_be_visible()
    before = live.ws.store.corpus.counts()["recordings"]
    opened.get_by_role("button", name=ko("Send to the corpus")).click()
    expect(opened.get_by_test_id("stAlert")).to_contain_text(re.compile("새 제안: \\d+개"))
    known = live.ws.store.corpus.counts()["recordings"] == before  # the demo corpus has this very sound
    assert known or live.ws.store.corpus.find(Filter(tag=(to_corpus.TAG,))).total > 0
