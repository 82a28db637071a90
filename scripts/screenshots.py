"""A picture of every page, two of Corpus: `python -m scripts.screenshots [--home workspace] [--only review,train]`.

It runs a real server on a copy of the demo workspace (`--home`; it is built if it does not exist). In that copy, some
utterances are decided, proposals wait, quality checks have findings and a job has run. Each page is taken in Korean
with the light theme and in English with the dark one, 1400 px wide and as high as its content, and saved as
assets/screenshots/{picture}-{ko-light|en-dark}.png. It checks nothing; tests/browser does.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import quote
from urllib.request import urlopen
from zipfile import ZipFile

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, sync_playwright

from core.cleaning import default_plan
from core.confidence import Rule
from core.filters import Filter
from core.settings import ASSETS, DEMO, ROOT
from core.ui.frame import PAGES
from core.workflows.cleaning import augment, decisions, proposals
from core.workflows.cleaning import checks as quality
from core.workflows.cleaning import run as cleaning_runs
from core.workflows.corpus import bulk, views
from core.workflows.imports.tables import table
from core.workflows.models import pseudo_label, train
from core.workflows.review import desk as review_desk
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace, open_workspace

TARGET = ASSETS / "screenshots"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
WIDTH_PX, LEAST_HEIGHT_PX, MOST_HEIGHT_PX = 1400, 800, 2400
LARGEST_BYTES = 150_000
PATIENCE_S = 120
DECISIONS = 12
SHARED = 40
QUERY = "연기"
SECOND = {"corpus_bulk": "corpus", "import_clashes": "import_data"}  # a second picture -> the page it is of
VIEW = {"text": ["불"], "danger": ["danger"], "sort": ["-length"]}
# A delivery with faults: repeats, one text under two labels, masks only, and values that are no class yet.
REPORTS = (
    ("지하 주차장에서 연기가 올라와요", "위험", "화재신고"),
    ("지하 주차장에서 연기가 올라와요", "정상", "화재신고"),
    ("할머니가 숨을 안 쉬어요", "위험", "구급신고"),
    ("할머니가 숨을 안 쉬어요", "위험", "구급신고"),
    ("엘리베이터에 갇혔는데 사람 좀 보내 주세요", "위험", "구조신고"),
    ("[이름] [전화번호]", "정상", "문의"),
    ("민원 서류는 어디서 떼나요", "정상", "문의"),
    ("주차 단속 문의드려요", "정상", "문의"),
)
TABLE = "번호,발화 내용,판정,신고 유형\r\n" + "".join(f"{n},{','.join(row)}\r\n" for n, row in enumerate(REPORTS, 1))
EDITED = TABLE.replace("에서 연기가", "에서 검은 연기가", 1).replace("문의드려요,정상", "문의드려요,위험")


@dataclass(frozen=True)
class Look:
    language: Literal["ko", "en"]
    theme: Literal["light", "dark"]

    @property
    def name(self) -> str:
        return f"{self.language}-{self.theme}"


LOOKS = (Look("ko", "light"), Look("en", "dark"))


@dataclass(frozen=True)
class PictureData:
    """What the pictures need: the server's address, a delivered call with its label JSON, a run with some mistakes, and
    the position of the finding `label-conflict`.
    """

    address: str
    wav: bytes
    labels: bytes
    run: str
    conflict: int


def prepare(ws: Workspace) -> None:
    """Fill the workspace with decisions, and with accepted and waiting proposals."""
    desk = Desk("curator", ("danger",))
    for card in review_desk.take(ws, desk, DECISIONS):
        code = "danger" if card.utterance.speaker == "caller" else "normal"
        review_desk.decide(ws, desk, card.utterance.id, card.utterance.version, {"danger": code}, spent_ms=2400)
    augment.propose(ws, augment.AugmentPlan("random-deletion", limit=24, strength=0.2, seed=1))
    for _ in range(5):
        if (proposal := proposals.next_proposal(ws, augment.KIND)) is not None:
            decisions.decide(ws, proposal.id, True, "curator")
    faulty(ws)
    run = newest(ws, "danger-text")
    pseudo_label.judge(ws, run)
    pseudo_label.propose(ws, run, Rule(0.75, 0.2))
    cleaning_runs.run(ws, default_plan(), Filter(), "curator")
    disagree(ws)


def disagree(ws: Workspace) -> None:
    """Let two curators answer the same utterances blind; they differ on every fifth."""
    desks = [Desk(name, ("danger",), overlap=1.0) for name in ("김지우", "이서연")]
    for number in range(SHARED):
        for which, desk in enumerate(desks):
            for card in review_desk.take(ws, desk, 1):
                odd = which == 1 and number % 5 == 0
                code = "danger" if (card.utterance.speaker == "caller") != odd else "normal"
                why = "숨이 가쁘고 말이 끊깁니다" if odd else None
                version, spent = card.utterance.version, 2000 + 300 * (number % 9)
                review_desk.decide(ws, desk, card.utterance.id, version, {"danger": code}, spent_ms=spent, comment=why)


def faulty(ws: Workspace) -> None:
    """Import a table with faults and run the checks on it; add a proposed scheme, a tag and a saved view."""
    columns = table.Columns("발화 내용", {"danger": "판정", "report-kind": "신고 유형"}, id="번호")
    file = table.File.of(TABLE.encode("cp949"), "reports.csv")
    table.ingest_table(ws, file, table.TableImportOptions(columns, source="reports"), lambda rows, share: None)
    quality.run(ws, quality.texts(0))
    quality.propose(ws, "same-text")
    bulk.tag(ws, Filter(text="불이 났", labels={"danger": ("danger",)}), "checked twice", "curator")
    views.save(ws, "fire, in danger, longest first", VIEW, "curator")


def newest(ws: Workspace, recipe: str) -> str:
    return next(run.id for run in ws.store.ledger.runs("done") if run.recipe == recipe)


def await_job(ws: Workspace, run_id: str) -> None:
    """Wait until the server's worker has finished the job."""
    give_up = time.monotonic() + PATIENCE_S
    while (state := ws.store.board.get(run_id).state) != "done":
        if state in ("failed", "cancelled") or time.monotonic() > give_up:
            raise SystemExit(f"the job {run_id} is {state}: {ws.store.board.get(run_id).error}")
        time.sleep(0.3)


def prepare_data(ws: Workspace, address: str) -> PictureData:
    wanted = Filter(labels={"urgency": ("high",)}, text=QUERY, with_audio=True)
    call_id = ws.store.corpus.find(wanted, limit=1).rows[0].recording_id
    assert call_id is not None
    meta = ws.store.corpus.recording(call_id).meta
    with ZipFile(DEMO / "archives" / meta["archive"]) as archive:
        labels = archive.read(meta["member"])
    checks = [finding.check for finding in quality.last(ws).findings]
    return PictureData(
        address, ws.audio_file(call_id).read_bytes(), labels, newest(ws, "danger-text"), checks.index("label-conflict")
    )


# --- the pages, each in a state worth looking at ----------------------------------------------------------------------


def corpus(page: Page, data: PictureData) -> None:
    page.get_by_test_id("stMain").locator("input[type=text]").first.fill(QUERY)
    page.keyboard.press("Enter")
    settle(page)
    click(page, page.get_by_test_id("stDataFrame").first, 20, 52)
    page.locator(".gw-player[data-ready=true]").wait_for()


def corpus_bulk(page: Page, data: PictureData) -> None:
    query = "&".join(f"{key}={quote(value)}" for key, values in VIEW.items() for value in values)
    page.goto(f"{page.url}&{query}")
    page.get_by_test_id("stDataFrame").first.wait_for()
    settle(page)
    page.get_by_test_id("stExpander").first.locator("summary").click()
    page.set_viewport_size({"width": WIDTH_PX, "height": MOST_HEIGHT_PX})
    settle(page)
    for row in (0, 1, 3):
        click(page, page.get_by_test_id("stDataFrame").first, 20, 52 + 35 * row)
        settle(page)
    page.get_by_test_id("stPopover").nth(1).locator("button").click()
    page.locator(".st-key-bulk_act").wait_for()


def upload(page: Page, text: str) -> None:
    file = FilePayload(name="reports.csv", mimeType="text/csv", buffer=text.encode("cp949"))
    page.locator("input[type=file]").set_input_files(file)
    page.locator("[class*=st-key-go-]").wait_for()


def import_clashes(page: Page, data: PictureData) -> None:
    upload(page, EDITED)
    page.locator("[class*=st-key-go-] button").click()
    page.locator("[class*=st-key-clash-propose-]").wait_for()


def quality_page(page: Page, data: PictureData) -> None:
    page.locator(f".st-key-open-{data.conflict} button").click()
    page.get_by_test_id("stText").first.wait_for()


def review_page(page: Page, data: PictureData) -> None:
    page.locator(".gw-review[data-ready=true]").wait_for()
    text = page.locator(".gw-review textarea")
    text.fill(f"{text.input_value()} 빨리요")
    page.locator(".gw-review .gw-bar").first.click()


def desk(page: Page, data: PictureData) -> None:
    page.locator(".gw-review").wait_for()


def plots(page: Page, data: PictureData) -> None:
    page.locator(".js-plotly-plot").first.wait_for()


def clean_page(page: Page, data: PictureData) -> None:
    page.goto(f"{page.url}&step=spacing")
    page.locator(".gw-review").wait_for()
    page.locator(".st-key-clean_look button").click()
    page.get_by_test_id("stExpander").nth(1).wait_for()
    page.get_by_test_id("stExpander").nth(1).locator("summary").click()


def train_page(page: Page, data: PictureData) -> None:
    job = page.locator("[class*=st-key-job-]").first
    job.locator("summary").click()
    job.locator(".js-plotly-plot").first.wait_for()


def evaluate(page: Page, data: PictureData) -> None:
    page.goto(f"{page.url}&run={data.run}")
    plot = page.locator(".js-plotly-plot").nth(1)
    missed = plot.locator(".scatterlayer .point").nth(2)  # row by row: true danger, taken for normal
    missed.wait_for()
    plot.scroll_into_view_if_needed()
    click(page, missed, 8, 8)
    page.get_by_test_id("stVerticalBlock").get_by_test_id("stText").first.wait_for()
    page.mouse.move(0, 0)


def predict(page: Page, data: PictureData) -> None:
    sound = FilePayload(name="call.wav", mimeType="audio/wav", buffer=data.wav)
    labels = FilePayload(name="call.json", mimeType="application/json", buffer=data.labels)
    page.locator("input[type=file]").first.set_input_files([sound, labels])
    page.locator(".gw-verdicts").first.wait_for()
    page.locator(".gw-player[data-ready=true]").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()


ACTIONS: dict[str, Callable[[Page, PictureData], None]] = {
    "import_data": lambda page, data: upload(page, TABLE),
    "import_clashes": import_clashes,
    "corpus": corpus,
    "corpus_bulk": corpus_bulk,
    "quality": quality_page,
    "clean": clean_page,
    "review": review_page,
    "adjudicate": desk,
    "agreement": plots,
    "progress": plots,
    "augment": desk,
    "pseudo_label": desk,
    "train": train_page,
    "evaluate": evaluate,
    "predict": predict,
}


def click(page: Page, target: Locator, x: float, y: float) -> None:
    """Click with the mouse at a position: tables and plots cover their content with layers of their own."""
    box = target.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x, box["y"] + y)


# --- taking them ------------------------------------------------------------------------------------------------------


def settle(page: Page) -> None:
    """Wait until the page has finished its run and drawn its charts."""
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]')"
    )
    page.wait_for_timeout(700)


def take(browser: Browser, look: Look, name: str, data: PictureData) -> None:
    context = browser.new_context(
        viewport={"width": WIDTH_PX, "height": LEAST_HEIGHT_PX}, color_scheme=look.theme, locale=look.language
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{data.address}/{'' if name == 'overview' else SECOND.get(name, name)}?lang={look.language}")
    page.get_by_test_id("stHeading").first.wait_for()
    settle(page)
    if name in ACTIONS:
        ACTIONS[name](page, data)
        settle(page)
    # Streamlit scrolls an inner element: the window has to be as high as that element's content, which grows with it.
    for _ in range(2):
        height = page.evaluate("() => document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
        page.set_viewport_size({"width": WIDTH_PX, "height": min(max(height, LEAST_HEIGHT_PX), MOST_HEIGHT_PX)})
        settle(page)
    page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    settle(page)
    path = TARGET / f"{name}-{look.name}.png"
    path.write_bytes(compressed(page.screenshot()))
    print(f"{path.relative_to(ROOT)} {path.stat().st_size / 1000:.0f} kB")
    context.close()


def compressed(png: bytes) -> bytes:
    """The picture with as many of 256 colours as fit into `LARGEST_BYTES`."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    for colors in (256, 128, 64, 32):
        out = BytesIO()
        picture.quantize(colors, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= LARGEST_BYTES:
            break
    return out.getvalue()


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Run a server on the workspace `home` while the block runs; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "core", "serve", "--port", str(port)], cwd=ROOT, env=environment(home),
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield await_server(server, f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()


def await_server(server: subprocess.Popen[bytes], address: str) -> str:
    give_up = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < give_up:
        try:
            with urlopen(f"{address}/api/v1/health", timeout=5):
                return address
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def environment(home: Path) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("GWIDAMA_")}
    return others | {"GWIDAMA_HOME": str(home), "GWIDAMA_CURATOR": "curator"}


def demo_copy(source: Path, home: Path) -> None:
    """Copy the workspace `source` to `home`, and complete it to the demo workspace."""
    if source.exists():
        shutil.copytree(source, home, ignore=shutil.ignore_patterns("*.lock"))
    subprocess.run([sys.executable, "-m", "core", "demo"], cwd=ROOT, env=environment(home), check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--home", type=Path, default=ROOT / "workspace", help="a demo workspace; it is copied")
    parser.add_argument("--only", default="", help="pictures, separated by commas; all by default")
    chosen = parser.parse_args()
    every = [*(info.name for info in PAGES), *SECOND]
    names = [name for name in every if not chosen.only or name in chosen.only.split(",")]
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        raise SystemExit("chromium is not installed (Debian: apt-get install chromium fonts-nanum)")
    TARGET.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        demo_copy(chosen.home.resolve(), home)
        os.environ.update(environment(home))
        ws = open_workspace()
        prepare(ws)
        with serving(home) as address, sync_playwright() as playwright:
            await_job(ws, train.start(ws, "emotion-voice", "demo-sentiment"))
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGS.split())
            data = prepare_data(ws, address)
            for look in LOOKS:
                for name in names:
                    take(browser, look, name, data)
            browser.close()


if __name__ == "__main__":
    main()
