"""The pages of the pictures, each brought into a state worth looking at; `scripts.screenshots` takes them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from playwright.sync_api import FilePayload, Locator, Page

from core.settings import DEMO

WIDTH_PX, MOST_HEIGHT_PX = 1400, 2400
QUERY = "연기"
# A second picture -> the page that it is of.
SECOND = {
    "corpus_bulk": "corpus", "import_calls": "import_data", "import_clashes": "import_data", "leak_meter": "evaluate",
    "predict_live": "predict", "predict_batch": "predict",
}  # fmt: skip
PARTS = {"leak_meter": ".st-key-leak_meter"}  # a picture of one part of its page -> the selector of that part
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
class PictureData:
    """What the pictures need: the server's address, a delivered call with its label JSON, a run with some mistakes, and
    the position of the finding `label-conflict`.
    """

    address: str
    wav: bytes
    labels: bytes
    run: str
    conflict: int


def settle(page: Page) -> None:
    """Wait until the page has finished its run and drawn its charts."""
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]')"
    )
    page.wait_for_timeout(700)


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
    page.locator(".st-key-bulk_go_on").wait_for()


def upload(page: Page, text: str) -> None:
    file = FilePayload(name="reports.csv", mimeType="text/csv", buffer=text.encode("cp949"))
    page.locator("input[type=file]").first.set_input_files(file)
    page.locator("[class*=st-key-go-]").wait_for()


def import_calls(page: Page, data: PictureData) -> None:
    page.locator("input[type=file]").first.set_input_files(sorted((DEMO / "archives").glob("*.zip")))
    page.locator("[class*=st-key-go-]").wait_for()


def import_clashes(page: Page, data: PictureData) -> None:
    upload(page, EDITED)
    page.locator("[class*=st-key-go-] button").click()
    page.locator("[class*=st-key-clash-propose-]").wait_for()


def quality_page(page: Page, data: PictureData) -> None:
    page.locator(f".st-key-open-{data.conflict} button").click()
    page.get_by_test_id("stText").first.wait_for()


def map_page(page: Page, data: PictureData) -> None:
    page.locator(".gw-map[data-ready]:not([data-ready=''])").wait_for()
    plane = page.locator(".gw-map-plane")
    plane.focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
        page.locator(".gw-map-tip").wait_for()
    page.locator("[class*=st-key-pick-]").first.wait_for()


def review_page(page: Page, data: PictureData) -> None:
    page.locator(".gw-review[data-ready=true]").wait_for()
    text = page.locator(".gw-review textarea")
    text.fill(f"{text.input_value()} 빨리요")
    page.locator(".gw-review .gw-bar").first.click()


def desk(page: Page, data: PictureData) -> None:
    page.locator(".gw-review").wait_for()


def plots(page: Page, data: PictureData) -> None:
    page.locator(".js-plotly-plot").first.wait_for()


def thresholds(page: Page, data: PictureData) -> None:
    page.get_by_test_id("stMain").get_by_role("combobox").first.click()
    page.get_by_role("option").filter(has_text="danger-text").first.click()
    settle(page)
    page.get_by_role("tab").nth(1).click()
    plots(page, data)


def clean_page(page: Page, data: PictureData) -> None:
    page.goto(f"{page.url}&step=spacing")
    page.locator(".gw-review").wait_for()
    page.locator(".st-key-clean_look button").click()
    page.get_by_test_id("stExpander").nth(1).wait_for()
    page.get_by_test_id("stExpander").nth(1).locator("summary").click()


def train_page(page: Page, data: PictureData) -> None:
    job = page.locator("[class*=st-key-job-]").filter(has_text=re.compile("감정|Emotion")).first
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


def leak_meter(page: Page, data: PictureData) -> None:
    page.goto(f"{page.url}&run={data.run}")
    page.locator(f"{PARTS['leak_meter']} .js-plotly-plot").wait_for()


def predict(page: Page, data: PictureData) -> None:
    sound = FilePayload(name="call.wav", mimeType="audio/wav", buffer=data.wav)
    labels = FilePayload(name="call.json", mimeType="application/json", buffer=data.labels)
    page.locator("input[type=file]").first.set_input_files([sound, labels])
    page.locator(".gw-verdicts").first.wait_for()
    page.locator(".gw-player[data-ready=true]").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()


def predict_live(page: Page, data: PictureData) -> None:
    page.get_by_role("tab").nth(2).click()
    page.locator(".st-key-live_demo").get_by_role("radio").nth(2).click()
    settle(page)
    page.locator(".st-key-live_speed").get_by_role("radio").last.click()
    settle(page)
    page.locator(".st-key-live_play button").click()
    page.locator(".gw-live[data-live=false]").wait_for()


def predict_batch(page: Page, data: PictureData) -> None:
    typed = "불이 났어요 살려 주세요\n연기 때문에 숨을 못 쉬겠어요".encode()
    page.get_by_role("tab").nth(3).click()
    page.get_by_role("tabpanel").locator("visible=true").first.locator("input[type=file]").set_input_files(
        [
            FilePayload(name="call.wav", mimeType="audio/wav", buffer=data.wav),
            FilePayload(name="call.json", mimeType="application/json", buffer=data.labels),
            FilePayload(name="message.txt", mimeType="text/plain", buffer=typed),
            FilePayload(name="question.txt", mimeType="text/plain", buffer="주차 단속은 어디에 문의하나요".encode()),
            FilePayload(name="broken.wav", mimeType="audio/wav", buffer=b"RIFF"),
        ]
    )
    page.locator(".st-key-batch_start button:enabled").click()
    page.locator("[class*=st-key-csv-]").first.wait_for()
    settle(page)
    click(page, page.get_by_test_id("stDataFrame").locator("visible=true").first, 18, 52)
    page.locator("[class*=st-key-opened-]").wait_for()


ACTIONS: dict[str, Callable[[Page, PictureData], None]] = {
    "import_data": lambda page, data: upload(page, TABLE),
    "import_calls": import_calls,
    "import_clashes": import_clashes,
    "corpus": corpus,
    "corpus_bulk": corpus_bulk,
    "map": map_page,
    "quality": quality_page,
    "clean": clean_page,
    "review": review_page,
    "adjudicate": desk,
    "agreement": plots,
    "progress": plots,
    "augment": desk,
    "pseudo_label": thresholds,
    "train": train_page,
    "evaluate": evaluate,
    "leak_meter": leak_meter,
    "predict": predict,
    "predict_live": predict_live,
    "predict_batch": predict_batch,
}


def click(page: Page, target: Locator, x: float, y: float) -> None:
    """Click with the mouse at a position: tables and plots cover their content with layers of their own."""
    box = target.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x, box["y"] + y)
