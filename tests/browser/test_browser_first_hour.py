"""The first hour of a new user, without a shell and by keyboard alone: from an empty workspace to a judged call.

docs/first-hour tells the same steps. What a person would press is reached with Tab; nothing is clicked.
"""

from contextlib import suppress
from pathlib import Path

import pytest
from live import Live, expect, idle, ko, main, shown, until
from playwright.sync_api import FileChooser, FilePayload, Locator, Page, TimeoutError

from core.schemes import scheme
from core.settings import DEMO
from core.ui.frame import PAGES
from core.workflows.predict import demo_calls

TITLES = {info.name: info.title for info in PAGES}
ARCHIVES = sorted((DEMO / "archives").glob("*.zip"))
MOST_TABS = 120
# Whether the keyboard's focus is on a node or in it, also inside the shadow tree of a component.
FOCUSED = """node => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  for (; active; active = active.parentNode ?? active.host) if (active === node) return true;
  return false;
}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace."""
    return tmp_path_factory.mktemp("first") / "workspace"


def reach(page: Page, target: Locator, key: str = "Tab") -> None:
    """Move the focus to an element by Tab, or backwards by Shift+Tab."""
    idle(page)
    expect(target).to_be_visible()
    for _ in range(MOST_TABS):
        if target.evaluate(FOCUSED):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} is not reached by {key}")


def press(page: Page, target: Locator, back: bool = False) -> None:
    """Reach a button, a link or a summary, and press Enter on it."""
    reach(page, target, "Shift+Tab" if back else "Tab")
    page.keyboard.press("Enter")


def open_page(page: Page, name: str) -> None:
    """Go to a page by the menu, which stands before the page."""
    press(page, page.get_by_test_id("stSidebar").locator(f"a[href*='{name}']"), back=True)
    expect(page.get_by_role("heading", level=1)).to_have_text(ko(TITLES[name]))
    idle(page)


def choose_files(page: Page, button: Locator, files: list[FilePayload] | list[Path]) -> None:
    """Press the button that opens the browser's choice of files, and choose.

    Chromium opens no second choice while it puts the first one away: then the key is pressed again.
    """
    choosers: list[FileChooser] = []

    def asked() -> bool:
        reach(page, button)
        with suppress(TimeoutError), page.expect_file_chooser(timeout=2000) as opened:
            page.keyboard.press("Enter")
            choosers.append(opened.value)
        return bool(choosers)

    until(asked, "the browser asks for files")
    choosers[0].set_files(files)


def bring_calls_in(live: Live, page: Page) -> None:
    """Send a picture, which is refused, and the zips of a delivery; reload on the way and while the import runs."""
    files = main(page).get_by_role("button", name=ko("Choose files"), exact=True)
    choose_files(page, files, [FilePayload(name="photo.png", mimeType="image/png", buffer=b"x")])
    problems = page.locator(".gw-uploader .gw-problems")
    expect(problems).to_have_text(f"photo.png: {ko('no import reads files of this kind; it was not sent')}")
    choose_files(page, files, ARCHIVES)
    expect(main(page)).to_contain_text(ko("Recognised: {format}", format=ko("AI Hub 119: calls with labels")))
    page.reload()
    expect(main(page)).to_contain_text(ko("label files {n}", n=43))
    expect(main(page)).to_contain_text(ko("label files with audio {n}", n=42))
    press(page, page.get_by_role("button", name=ko("Import"), exact=True))
    page.wait_for_url("**job=import-**")
    page.reload()
    expect(main(page)).to_contain_text(ko("Look at it in Corpus"))
    expect(page.get_by_test_id("stMetricValue")).to_have_text(["43", "43", "0", "2"])
    expect(main(page)).to_contain_text(ko("What could not be used, and why"))
    assert len(live.ws.store.corpus.recordings()) == 43


def label_by_key(live: Live, page: Page) -> None:
    """Label two utterances by their keys; each is on the disk before the next one shows."""
    first = shown(page)
    page.keyboard.press("d")
    second = shown(page, before=first)
    page.keyboard.press("n")
    shown(page, before=second)
    labels = [u.labels["danger"] for u in live.ws.store.corpus.utterances([first[0], second[0]])]
    assert labels == ["danger", "normal"]


def pick(page: Page, label: str, title: str, instead_of: str = "") -> None:
    """Choose an entry of a select box by typing its title; `instead_of` is a choice that is taken off before.

    The list may close when the page moves: then it is typed again.
    """
    box = page.get_by_role("combobox", name=ko(label), exact=True)
    option = page.get_by_role("option", name=title, exact=True)
    several = box.locator("xpath=ancestor::*[@data-testid='stMultiSelect']")
    reach(page, box)

    def taken_off() -> bool:  # a key that comes while the page is drawn again is lost
        if several.get_by_text(instead_of, exact=True).count():
            reach(page, box)
            page.keyboard.press("Backspace")
            idle(page)
        return not several.get_by_text(instead_of, exact=True).count()

    if instead_of:
        until(taken_off, f"{instead_of} is not chosen any more")

    def chosen() -> bool:
        if box.input_value() == title or several.get_by_text(title, exact=True).count():
            return True
        box.fill(title)
        with suppress(TimeoutError):
            option.wait_for(timeout=1000)
            if option.get_attribute("data-focused") is None:
                page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            option.wait_for(state="hidden", timeout=1000)
        return False

    until(chosen, f"{title} is chosen")
    page.keyboard.press("Escape")


def train(live: Live, page: Page) -> None:
    """Freeze a snapshot of the delivered urgency and train a model on it."""
    pick(page, "Schemes", scheme("urgency").title("ko"), instead_of=scheme("danger").title("ko"))
    press(page, page.get_by_role("button", name=ko("Freeze"), exact=True))
    until(lambda: [info.scheme for info in live.ws.store.ledger.snapshots()] == ["urgency"], "the snapshot is frozen")
    pick(page, "Recipe", ko("Urgency, text"))
    press(page, page.get_by_role("button", name=ko("Start training")))
    until(lambda: [run.state for run in live.ws.store.ledger.runs()] == ["done"], "the model is trained")


def judge(page: Page) -> None:
    """Judge a recorded call with its label file."""
    wav, labels = demo_calls.read("화재")
    files = [FilePayload(name="call.wav", mimeType="audio/wav", buffer=wav),
             FilePayload(name="call.json", mimeType="application/json", buffer=labels)]  # fmt: skip
    reach(page, page.get_by_test_id("stFileUploaderDropzone").first.locator("button"))
    page.locator("input[type=file]").first.set_input_files(files)  # this button opens a choice that no test can answer
    expect(page.locator(".gw-verdict").first).to_be_visible()


def test_a_new_user_gets_from_nothing_to_a_judged_call_by_keyboard(live: Live, page: Page) -> None:
    page.goto(live.address)
    press(page, main(page).locator("a[href*='import_data']"))
    expect(page.get_by_role("heading", level=1)).to_have_text(ko("Import"))
    bring_calls_in(live, page)
    press(page, main(page).locator("a[href*='corpus']"))
    n = live.ws.store.corpus.counts()["utterances"]
    expect(main(page)).to_contain_text(f"{n:,}")
    open_page(page, "review")
    label_by_key(live, page)
    open_page(page, "train")
    train(live, page)
    open_page(page, "evaluate")
    expect(main(page)).to_contain_text(ko("Macro-F1"))
    open_page(page, "predict")
    judge(page)
