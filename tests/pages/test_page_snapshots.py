"""The form that freezes a snapshot: several schemes, whole calls, and what it then tells of them."""

import random

import pytest
from store_data import AT
from streamlit.testing.v1 import AppTest
from training_corpus import TELLING, sentence

from core.records import NewRecording, NewUtterance
from core.schemes import DANGER, SENTIMENT, URGENCY
from core.settings import ROOT
from core.ui.i18n import catalogue
from core.workflows.models import train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def korean(text: str) -> str:
    return catalogue("ko").gettext(text)


def train_page() -> AppTest:
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    opened.switch_page("pages/train.py")
    opened.query_params["lang"] = "ko"  # AppTest forms the titles of boxes outside of its session, so in Korean
    return opened.run()


def freeze(page: AppTest, name: str, schemes: list[str], unit: str = "utterance") -> AppTest:
    next(box for box in page.multiselect if box.label == korean("Schemes")).set_value(schemes)
    next(box for box in page.selectbox if box.label == korean("One item is")).set_value(unit)
    next(field for field in page.text_input if field.label == korean("Name")).set_value(name)
    next(button for button in page.button if button.label == korean("Freeze")).click()
    page.run()
    assert not page.exception
    return page


@pytest.fixture
def calls(ws: Workspace) -> Workspace:
    """Thirty calls with urgency; their callers' turns carry danger, every fifth call has no sentiment."""
    rng = random.Random(0)
    source = ws.store.corpus.add_source("calls", "calls", "ours", "0", AT)
    recordings = []
    for c in range(30):
        code = DANGER.codes[c % 2]
        said = sentence(rng, TELLING[code], f"번호{c * 7919}")
        turns = (
            NewUtterance(f"c{c}:0", "네 119입니다", f"c{c}", 0, 900, "taker"),
            NewUtterance(f"c{c}:1", said, f"c{c}", 1000, 1900, "caller", labels={"danger": code}),
        )
        labels = {"urgency": URGENCY.codes[c % 3]} | ({"sentiment": SENTIMENT.codes[c % 2]} if c % 5 else {})
        recordings.append(NewRecording(f"c{c}", 2000, None, None, None, turns, labels))
    ws.store.corpus.add_recordings(source, recordings, AT)
    return ws


def test_several_schemes_are_frozen_and_each_is_shown(calls: Workspace) -> None:
    page = freeze(train_page(), "two", ["danger", "urgency"])
    assert not page.error
    counts = calls.store.ledger.snapshot("two").counts
    assert list(counts["targets"]) == ["danger", "urgency"]
    tables = [table.value for table in page.dataframe]
    assert [list(table[korean("Groups")]) for table in tables[:2]] == [
        list(counts["report"]["targets"][name]["groups_by_side"].values()) for name in ("danger", "urgency")
    ]
    shown = "\n".join(caption.value for caption in page.caption).replace("\\", "")
    said = korean("{scheme}: {n:,} answers are not used: {reason}")
    assert said.format(scheme=URGENCY.title("ko"), n=30, reason=korean("call-taker")) in shown


def test_whole_calls_are_frozen_and_schemes_of_utterances_refused_for_them(calls: Workspace) -> None:
    page = freeze(train_page(), "calls", ["urgency"], "call")
    assert not page.error
    assert calls.store.ledger.snapshot("calls").counts["n"] == 30
    page = freeze(train_page(), "wrong", ["danger"], "call")
    assert DANGER.title("ko") in page.error[0].value
    assert URGENCY.title("ko") in page.error[0].value


def test_no_scheme_is_one_clear_error(calls: Workspace) -> None:
    page = freeze(train_page(), "none", [])
    assert len(page.error) == 1
    assert [known.name for known in calls.store.ledger.snapshots()] == []


def test_a_cell_of_the_matrix_shows_and_opens_the_call(calls: Workspace) -> None:
    snapshot.create(calls, "calls", "urgency", unit="call")
    spec = train.plan(calls, "text", "calls")
    matrix = train.run(calls, spec)["test"]["confusion"]
    i, j = next((i, j) for i, row in enumerate(matrix) for j, n in enumerate(row) if n)
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/evaluate.py")
    page.query_params.update({"lang": "ko", "run": spec.run_id, "cell": f"{i}-{j}"})
    page.run()
    assert not page.exception
    shown = [box.value for box in page.text if "수보자: 네 119입니다 신고자: " in box.value]
    assert len(shown) == matrix[i][j], "each call once: nothing of it has changed since"
    links = [link.proto.label for link in page.get("page_link")]
    assert links.count(korean("Open the call")) == matrix[i][j]
