"""Training from the Train page: progress survives a reload, a job is cancelled, a worker is killed half-way."""

import os
import re
import signal

from live import Live, choose, expect, go, ko, main, until
from playwright.sync_api import Locator, Page

from core.records import Job


def queue(live: Live, page: Page, settings: str) -> Job:
    """Fill in the form, start the training, return the job."""
    earlier = {job.id for job in live.ws.store.board.list()}
    go(page, live, "train")
    choose(page, ko("Recipe"), ko("Emotion, voice"))
    fill_settings(page, settings)
    page.get_by_role("button", name=ko("Start training")).click()
    until(lambda: {job.id for job in live.ws.store.board.list()} - earlier, "the job is queued")
    return live.ws.store.board.list(1)[0]


def fill_settings(page: Page, settings: str) -> None:
    """Open the text form of the settings, fill it in and close it."""
    page.get_by_role("button", name=ko("Settings as text")).click()
    box = page.get_by_label(ko("Settings (key=value, separated by spaces)"))
    box.fill(settings)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("settings="))
    page.keyboard.press("Escape")


def panel(page: Page, job: Job) -> Locator:
    """Return the job's part of the page."""
    return page.locator(f".st-key-job-{job.id}")


def epochs(live: Live, job: Job) -> list[int]:
    return [line["epoch"] for line in live.ws.store.board.get(job.id).progress.get("history", [])]


def test_progress_is_seen_and_survives_a_reload(live: Live, page: Page) -> None:
    job = queue(live, page, "epochs=4 patience=4 batch_size=4")
    expect(panel(page, job).get_by_role("progressbar")).to_be_visible()
    page.reload()
    expect(panel(page, job).get_by_role("progressbar")).to_be_visible()
    expect(panel(page, job).locator(".js-plotly-plot").first).to_be_visible()
    expect(panel(page, job)).to_contain_text(ko("done"))
    if panel(page, job).locator("details[open]").count() == 0:
        panel(page, job).locator("summary").click()
    expect(panel(page, job).locator(".js-plotly-plot .trace").first.locator(".point")).to_have_count(4)
    assert epochs(live, job) == list(range(1, 5))
    assert live.ws.store.ledger.run(job.id).state == "done"
    panel(page, job).get_by_text(ko("Scores")).click()
    page.wait_for_url(re.compile(f"run={job.id}"))
    expect(page.get_by_role("combobox", name=ko("Run"), exact=True)).to_have_value(
        re.compile(re.escape(ko("Emotion, voice")))
    )
    expect(page.get_by_role("heading", name=ko("Confusion"))).to_be_visible()


def test_a_running_job_is_cancelled(live: Live, page: Page) -> None:
    job = queue(live, page, "epochs=400 patience=400 batch_size=4")
    expect(panel(page, job).get_by_role("progressbar")).to_be_visible()
    panel(page, job).get_by_role("button", name=ko("Cancel")).click()
    expect(panel(page, job)).to_contain_text(ko("cancelled"))
    until(lambda: live.ws.store.ledger.run(job.id).state == "cancelled", "the run is cancelled")
    assert live.ws.store.board.get(job.id).state == "cancelled"
    go(page, live, "evaluate")
    expect(page.get_by_role("heading", name=ko("Confusion"))).to_be_visible()
    assert job.id not in main(page).inner_text()


def test_a_cancelled_training_is_resumed_and_compared(live: Live, page: Page) -> None:
    job = queue(live, page, "epochs=5 patience=5 batch_size=2")
    until(lambda: epochs(live, job), "an epoch is done")
    panel(page, job).get_by_role("button", name=ko("Cancel")).click()
    until(lambda: live.ws.store.ledger.run(job.id).state == "cancelled", "the run is cancelled")
    before = epochs(live, job)
    if panel(page, job).locator("details[open]").count() == 0:
        panel(page, job).locator("summary").click()
    panel(page, job).get_by_role("button", name=ko("Resume")).click()
    until(lambda: live.ws.store.board.list(1)[0].state == "done", "the second job is done")
    resumed = live.ws.store.board.list(1)[0]
    assert (resumed.params["run_id"], live.ws.store.ledger.run(job.id).state) == (job.id, "done")
    assert epochs(live, resumed)[: len(before)] == before
    assert live.ws.store.ledger.run(job.id).metrics["epochs"] == 5
    go(page, live, "train")
    compared = main(page)
    expect(compared).to_contain_text(ko("Runs beside each other"))


def test_a_killed_worker_goes_on_where_it_was(live: Live, page: Page) -> None:
    job = queue(live, page, "epochs=4 patience=4 batch_size=4")
    until(lambda: epochs(live, job), "an epoch is done")
    epochs_done = epochs(live, job)
    assert live.ws.store.board.get(job.id).state == "running"
    os.kill(live.worker(), signal.SIGKILL)
    expect(panel(page, job)).to_contain_text(ko("done"))
    assert epochs_done == list(range(1, len(epochs_done) + 1))
    assert epochs(live, job) == list(range(1, 5))
    assert live.ws.store.ledger.run(job.id).metrics["epochs"] == 4


def test_a_wrong_setting_is_a_message(live: Live, page: Page) -> None:
    before = len(live.ws.store.board.list(100))
    go(page, live, "train", lang="en")
    page.get_by_role("button", name="Settings as text").click()
    page.get_by_label("Settings (key=value, separated by spaces)").fill("nonsense=1")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stAlert").first).to_contain_text("nonsense")
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    assert len(live.ws.store.board.list(100)) == before
