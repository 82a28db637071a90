"""The map: `python -m bench.map [--sizes 50000,200000] [--methods pca] [--print]`.

A workspace of that many synthetic utterances is made in a temporary folder. Measured are the making of the map, the
server's work for one drawing (by labels, and by a run that predicted all utterances: at first, and after a decision),
and the map in Chromium: from the navigation to the first drawn points, and the times and rate of frames while the map
is moved and zoomed by the pointer without a pause. Without a graphics card Chromium computes every frame on the
processor; slow frames make the next ones draw every n-th point until the map rests. It writes its section of
bench/RESULTS.md; with `--print` it only prints.
"""

import argparse
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from bench import results
from bench.corpus import build, settings_of
from bench.process import in_own_process
from bench.server import ARGS, CHROMIUM, PATIENCE_S, serving
from core.embedding.map_file import MapInfo
from core.records import Prediction, RunInfo, SnapshotInfo
from core.workflows.corpus import bulk
from core.workflows.map import asking, drawing, making
from core.workflows.map.drawing import Drawing
from core.workflows.workspace import Workspace, open_workspace

FRAMES = 120  # for each movement
WAY = "label:danger"
RUN, AT = "bench-run", "2026-01-01T00:00:00+00:00"
RUN_WAYS = (f"error:{RUN}", f"prediction:{RUN}")
# The component lies in a shadow tree.
READY = """() => {
  const found = [...document.querySelectorAll('*')].map((node) => node.shadowRoot?.querySelector('.gw-map'))
  const root = found.find(Boolean)
  return Number(root?.dataset.frames ?? 0) > 0 && Boolean(root.dataset.ready)
}"""
# Moves or zooms the map once a frame; resolves with the ms between frames.
MOVE = """([way, frames]) => new Promise((done) => {
  const root = [...document.querySelectorAll('*')]
    .map((node) => node.shadowRoot?.querySelector('.gw-map')).find(Boolean)
  const over = root.querySelector('.gw-map-over'), box = over.getBoundingClientRect()
  const at = (x, y) => ({clientX: box.left + x, clientY: box.top + y, pointerId: 1, bubbles: true, button: 0})
  over.setPointerCapture = () => {}
  root.querySelector('.gw-map-plane').focus()
  const times = []
  let number = 0, last = 0, coarsest = 1
  if (way === 'pan') over.dispatchEvent(new PointerEvent('pointerdown', at(200, 200)))
  const step = (now) => {
    if (number > 1) times.push(now - last)
    last = now
    coarsest = Math.max(coarsest, Number(root.dataset.every))
    if (number++ > frames) {
      if (way === 'pan') over.dispatchEvent(new PointerEvent('pointerup', at(200, 200)))
      return done([times, coarsest])
    }
    const aside = at(200 + 90 * Math.sin(number / 9), 200 + number / 2)
    const turned = {...at(300, 250), deltaY: 60 * Math.cos(number / 12), cancelable: true}
    over.dispatchEvent(way === 'pan' ? new PointerEvent('pointermove', aside) : new WheelEvent('wheel', turned))
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})"""


@dataclass
class Figures:
    """Seconds to make the map by each method, ms of drawings and questions, and ms of frames by movement; `every`: the
    greatest n of the frames that drew every n-th point.
    """

    made_s: dict[str, float] = field(default_factory=dict)
    drawing_ms: float = 0.0
    neighbours_ms: float = 0.0
    again_ms: float = 0.0
    run_ms: dict[str, tuple[float, float]] = field(default_factory=dict)
    first_s: float = 0.0
    frames_ms: dict[str, list[float]] = field(default_factory=dict)
    every: dict[str, int] = field(default_factory=dict)


def made(home: Path, methods: Sequence[str]) -> Figures:
    """Make the maps of a workspace, and draw one."""
    ws, figures = open_workspace(settings_of(home)), Figures()
    for method in methods:
        began = time.perf_counter()
        info = making.make(ws, method=method)
        figures.made_s[method] = time.perf_counter() - began
    figures.drawing_ms = drawn(ws, info, WAY)
    shown = drawing.drawing(ws, info, WAY)
    figures.neighbours_ms, figures.again_ms = (neighbours(ws, shown) for _ in range(2))
    judged(ws, shown.ids.tolist())
    for way in RUN_WAYS:
        first = drawn(ws, info, way)
        bulk.label(ws, [int(shown.ids[0])], "danger", "normal" if way == RUN_WAYS[0] else "danger", "bench")
        figures.run_ms[way] = first, drawn(ws, info, way)
    return figures


def drawn(ws: Workspace, info: MapInfo, way: str) -> float:
    """Return the ms of one drawing with its bytes."""
    began = time.perf_counter()
    asking.payload(drawing.drawing(ws, info, way))
    return 1000 * (time.perf_counter() - began)


def neighbours(ws: Workspace, shown: Drawing) -> float:
    """Return the ms of one question for the neighbours of a point."""
    began = time.perf_counter()
    asking.neighbours(ws, shown, int(shown.ids[len(shown.ids) // 2]))
    return 1000 * (time.perf_counter() - began)


def judged(ws: Workspace, ids: Sequence[int]) -> None:
    """Write a run that was scored on all utterances and had every third one wrong."""
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0" * 64, AT, {}))
    ws.store.ledger.put_run(RunInfo(RUN, "danger-text", "ngram", "danger", "text", "s", "done", AT, {}))
    codes = [("normal", "danger")[number % 3 == 0] for number in range(len(ids))]
    ws.store.ledger.put_predictions([
        Prediction(RUN, "danger", one, "evaluation", code, 0.9, 0.8, "test", "normal")
        for one, code in zip(ids, codes, strict=True)
    ])  # fmt: skip


def watch(page: Page, url: str, method: str, figures: Figures) -> None:
    """Open the map in Chromium, and move it."""
    began = time.perf_counter()
    page.goto(f"{url}/map?method={method}")
    page.wait_for_function(READY, timeout=PATIENCE_S * 1000)
    figures.first_s = time.perf_counter() - began
    for way in ("pan", "zoom"):
        figures.frames_ms[way], figures.every[way] = page.evaluate(MOVE, [way, FRAMES])


def measure(n: int, methods: Sequence[str]) -> Figures:
    with TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        home.mkdir()
        in_own_process(build, f"sqlite:///{home / 'gwidama.db'}", n, 0)
        figures = in_own_process(made, home, methods)
        with serving(home) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=ARGS.split())
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            watch(page, url, methods[-1], figures)
            watch(page, url, methods[-1], figures)  # the first visit loads Streamlit and compiles it
            browser.close()
    return figures


def rows(all_figures: Sequence[Figures], methods: Sequence[str]) -> list[tuple[str, str]]:
    def each(value: str, values: Sequence[float]) -> str:
        return " / ".join(format(number, value) for number in values)

    table = [(f"making the map by {name}, s", each(".1f", [f.made_s[name] for f in all_figures])) for name in methods]
    table += [
        ("the points of one colouring, ms", each(".0f", [f.drawing_ms for f in all_figures])),
        ("neighbours of a point, ms", each(".0f", [f.neighbours_ms for f in all_figures])),
        ("the same at the next run of the page, ms", each(".0f", [f.again_ms for f in all_figures])),
        ("from the navigation to drawn points, s", each(".1f", [f.first_s for f in all_figures])),
    ]
    for way, title in zip(RUN_WAYS, ("right or wrong by a run", "predictions of a run"), strict=True):
        for number, when in enumerate(("at first", "after a decision")):
            table.append((f"{title}, {when}, ms", each(".0f", [f.run_ms[way][number] for f in all_figures])))
    for way, title in (("pan", "moving"), ("zoom", "zooming")):
        for share in (0.5, 0.95):
            times = [results.quantile(f.frames_ms[way], share) for f in all_figures]
            table.append((f"{title}: ms between frames, p{share:.0%}".replace("%", ""), each(".0f", times)))
        rates = [1000 / results.quantile(f.frames_ms[way], 0.5) for f in all_figures]
        table.append((f"{title}: frames a second, median", each(".0f", rates)))
        table.append((f"{title}: every n-th point at the least", each("d", [f.every[way] for f in all_figures])))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="50000,200000")
    parser.add_argument("--methods", default="pca")
    parser.add_argument("--print", action="store_true", help="write nothing to bench/RESULTS.md")
    given = parser.parse_args()
    sizes, methods = [int(size) for size in given.sizes.split(",")], given.methods.split(",")
    table = rows([measure(n, methods) for n in sizes], methods)
    if given.print:
        print(*(f"{name}: {value}" for name, value in table), sep="\n")
        return
    note = f"Points: {' / '.join(f'{n:,}' for n in sizes)}. Chromium without a graphics card, {FRAMES} frames each."
    results.write("The map", f"python -m bench.map --sizes {given.sizes} --methods {given.methods}", table, note)


if __name__ == "__main__":
    main()
