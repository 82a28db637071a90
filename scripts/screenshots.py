"""A picture of every page, of some a second: `python -m scripts.screenshots [--home workspace] [--only review,train]`.

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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.request import urlopen
from zipfile import ZipFile

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from core.cleaning import default_plan
from core.filters import Filter
from core.settings import ASSETS, DEMO, ROOT
from core.thresholds import Thresholds
from core.ui.frame import PAGES
from core.workflows.augment import deciding
from core.workflows.augment import run as augmenting
from core.workflows.augment.deciding import Where
from core.workflows.augment.plan import AugmentPlan
from core.workflows.cleaning import checks as quality
from core.workflows.cleaning import run as cleaning_runs
from core.workflows.corpus import bulk, views
from core.workflows.imports.tables import table
from core.workflows.leaks import meter
from core.workflows.leaks.plan import of_run
from core.workflows.map import making
from core.workflows.models import train
from core.workflows.pseudo_labels import judge as judging
from core.workflows.pseudo_labels import proposing
from core.workflows.pseudo_labels.candidates import ANY
from core.workflows.review import desk as review_desk
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace, open_workspace
from scripts.picture_pages import (
    ACTIONS,
    MOST_HEIGHT_PX,
    PARTS,
    QUERY,
    SECOND,
    TABLE,
    VIEW,
    WIDTH_PX,
    PictureData,
    settle,
)

TARGET = ASSETS / "screenshots"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
LEAST_HEIGHT_PX = 800
LARGEST_BYTES = 150_000
PATIENCE_S = 120
DECISIONS = 12
SHARED = 40


@dataclass(frozen=True)
class Look:
    language: Literal["ko", "en"]
    theme: Literal["light", "dark"]

    @property
    def name(self) -> str:
        return f"{self.language}-{self.theme}"


LOOKS = (Look("ko", "light"), Look("en", "dark"))


def prepare(ws: Workspace) -> None:
    """Fill the workspace with decisions, and with accepted and waiting proposals."""
    desk = Desk("curator", ("danger",))
    for card in review_desk.take(ws, desk, DECISIONS):
        code = "danger" if card.utterance.speaker == "caller" else "normal"
        review_desk.decide(ws, desk, card.utterance.id, card.utterance.version, {"danger": code}, spent_ms=2400)
    augmenting.run(ws, AugmentPlan(factor={"danger": 2.0}, limit=40, seed=1), "curator")
    deciding.accept(ws, Where(id=(1, 2, 3, 4, 5)), "curator")
    deciding.reject(ws, Where(id=(6, 7)), "curator")
    faulty(ws)
    run = newest(ws, "danger-text")
    judging.run(ws, judging.JudgePlan(run, closed_by=ANY))
    proposing.propose(ws, run, "danger", Thresholds())
    cleaning_runs.run(ws, default_plan(), Filter(), "curator")
    disagree(ws)
    making.make(ws)
    meter.run(ws, replace(of_run(ws, run), factor=4.5))


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


# --- taking them ------------------------------------------------------------------------------------------------------


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
    part = page.locator(PARTS[name]) if name in PARTS else page
    path.write_bytes(compressed(part.screenshot()))
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
