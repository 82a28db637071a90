"""The Import page where a delivery differs from known items: the question, its three answers, and the suggestions."""

import pytest
from import_pages import drop, imported, press
from page_driver import ok, texts
from page_driver import page as open_page
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.settings import ROOT
from core.ui import i18n
from core.workflows.imports import clashes
from core.workflows.imports.tables import table
from core.workflows.imports.tables.table import Columns, File, TableImportOptions
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

FIRST = {
    "1": ("집에 불이 났어요", "위험"),
    "2": ("괜찮아요", "정상"),
    "3": ("물이 새요", "정상"),
    "4": ("여보세요", "정상"),
}
EDITED = FIRST | {"1": ("우리 집에 불이 났어요", "위험"), "3": ("물이 새요", "위험"), "5": ("연기가 나요", "위험")}


def csv(rows: dict[str, tuple[str, str]]) -> bytes:
    return ("번호,문장,판정\n" + "".join(f"{n},{text},{label}\n" for n, (text, label) in rows.items())).encode()


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "DEFAULT", "en")


def import_from_page(data: bytes) -> AppTest:
    """Return the Import page after it imported `data`."""
    opened = drop({"신고.csv": data})
    next(box for box in opened.selectbox if (box.key or "").startswith("id-")).set_value("번호")
    next(box for box in opened.multiselect if (box.key or "").startswith("labels-")).set_value(["판정"])
    ok(opened.run())
    next(box for box in opened.selectbox if (box.key or "").startswith("scheme-")).set_value("danger")
    return imported(opened)


@pytest.fixture
def page(ws: Workspace) -> AppTest:
    """The Import page of a workspace that has the first delivery; the edited one was imported from the page."""
    columns = Columns("문장", {"danger": "판정"}, id="번호")
    table.ingest_table(ws, File.of(csv(FIRST), "신고.csv"), TableImportOptions(columns))
    return import_from_page(csv(EDITED))


def stored(ws: Workspace, source: str = "신고") -> list[tuple[str, str]]:
    (number,) = [known.id for known in ws.store.corpus.sources() if known.name == source]
    return [(u.text, u.labels["danger"]) for u in ws.store.corpus.every(Filter()) if u.source_id == number]


AS_BEFORE = [("집에 불이 났어요", "danger"), ("괜찮아요", "normal"), ("물이 새요", "normal"), ("여보세요", "normal")]
NEW = ("연기가 나요", "danger")


def test_the_differences_are_counted_and_shown_and_nothing_is_changed(ws: Workspace, page: AppTest) -> None:
    assert [(item.label, item.value) for item in page.metric][:5] == [
        ("Read", "5"), ("Added", "1"), ("Known already", "2"), ("Differ", "2"), ("Not used", "0"),
    ]  # fmt: skip
    assert "Differ from what is known: 2" in texts(page.header)
    shown = page.table[0].value
    assert list(shown["Field"]) == ["Text", "Danger"]
    assert list(shown["Before → after"]) == [
        ":green-background[\\+ 우리] 집에 불이 났어요", ":red-background[− Normal] :green-background[\\+ Danger]",
    ]  # fmt: skip
    labels = [button.label for button in page.button if "clash-" in (button.key or "")]
    assert labels == ["Take as suggestions (2)", "Import as a new source (5 rows)", "Leave as it is (2)"]
    assert stored(ws) == [*AS_BEFORE, NEW]
    assert clashes.batches(ws) == []


def test_what_is_left_as_it_is_is_listed_in_a_file(ws: Workspace, page: AppTest) -> None:
    press(page, "clash-leave-")
    (notice,) = texts(page.info)
    assert notice.startswith("Left as it is: 2 items. They are listed in rejects")
    assert stored(ws) == [*AS_BEFORE, NEW]
    assert not page.table
    assert clashes.batches(ws) == []


def test_the_delivery_becomes_a_new_source_of_the_chosen_name(ws: Workspace, page: AppTest) -> None:
    next(field for field in page.text_input if (field.key or "").startswith("clash-name-")).set_value("신고 2026")
    imported(page, "clash-source-")
    assert texts(page.success) == ["Imported as the new source 신고 2026."]
    assert stored(ws)[:4] == AS_BEFORE
    assert stored(ws, "신고 2026") == [
        ("우리 집에 불이 났어요", "danger"), ("괜찮아요", "normal"), ("물이 새요", "danger"), ("여보세요", "normal"),
        NEW,
    ]  # fmt: skip


def test_suggestions_are_decided_by_row_all_at_once_and_undone(ws: Workspace, page: AppTest) -> None:
    imported(page, "clash-propose-")
    assert "Suggestions made: 2. Accept or reject them below." in texts(page.success)
    assert stored(ws)[:4] == AS_BEFORE, "nothing changes before somebody accepts it"
    assert clashes.counts(ws) == {"text": 1, "labels": 1}
    press(page, "delivery-yes-")
    assert stored(ws)[0] == ("우리 집에 불이 났어요", "danger")
    press(page, "delivery-no-")
    assert stored(ws)[2] == ("물이 새요", "normal")
    assert "Nothing waits here." in texts(page.info)
    press(page, "delivery_undo")
    assert "Taken back: 1." in texts(page.success)
    assert stored(ws)[:4] == AS_BEFORE
    assert clashes.counts(ws) == {"text": 1}, "what was rejected stays rejected"
    assert page.button(key="delivery_accept_all").label == "Yes, accept 1"
    press(page, "delivery_accept_all")
    assert "Accepted: 1." in texts(page.success)
    assert stored(ws)[0] == ("우리 집에 불이 났어요", "danger")


def test_all_are_rejected_after_one_question(ws: Workspace, page: AppTest) -> None:
    imported(page, "clash-propose-")
    assert page.button(key="delivery_reject_all").label == "Yes, reject 2"
    press(page, "delivery_reject_all")
    assert "Rejected: 2." in texts(page.success)
    assert stored(ws)[:4] == AS_BEFORE
    assert clashes.counts(ws) == {}


def test_a_suggestion_that_fits_no_longer_says_why_and_stays(ws: Workspace, page: AppTest) -> None:
    imported(page, "clash-propose-")
    ws.store.review.decide(1, 0, "ann", "2026-11-30T00:00:00+00:00", text="저기 집에 불이 났어요")
    press(page, "delivery-yes-")
    assert texts(page.error) == ["This cannot be accepted any more\\: the text was changed meanwhile\\."]
    assert stored(ws)[0][0] == "저기 집에 불이 났어요"
    assert clashes.counts(ws)["text"] == 1


def test_what_waits_is_said_at_the_top_and_on_the_overview(ws: Workspace, page: AppTest) -> None:
    imported(page, "clash-propose-")
    later = open_page("import_data")
    assert texts(later.info) == [
        "Differences between deliveries and the corpus that wait for a decision: 2. They are below."
    ]
    assert [box.label for box in later.button if (box.key or "").startswith("delivery-yes-")] == ["Accept", "Accept"]
    overview = ok(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run())
    links = [link.proto.label.replace("\\", "") for link in overview.get("page_link")]
    assert "Decide on differences between deliveries and the corpus: 2" in links


def test_hostile_texts_of_a_delivery_are_shown_as_they_are(ws: Workspace) -> None:
    bad = "<script>alert(1)</script> ![x](http://evil/x.png) **굵게**"
    columns = Columns("문장", id="번호")
    rows = [f"{n},문장 {n}\n" for n in range(9)]
    for first in (rows[0], f"0,{bad}\n"):
        data = "".join(["번호,문장\n", first, *rows[1:]]).encode()
        table.ingest_table(ws, File.of(data, "t.csv"), TableImportOptions(columns, on_clash="propose"))
    opened = open_page("import_data")
    assert clashes.counts(ws) == {"text": 1}
    escaped = [text.replace("\\!\\[", "").replace("\\<", "") for text in texts(opened.markdown)]
    assert any("alert" in text for text in escaped)
    assert [text for text in escaped if "![" in text or "<script" in text] == []


def test_labels_that_came_later_are_added_and_counted(ws: Workspace) -> None:
    table.ingest_table(ws, File.of(csv(FIRST), "신고.csv"), TableImportOptions(Columns("문장", id="번호")))
    page = import_from_page(csv(FIRST))
    assert "Labels that nobody had given yet, added to known rows: 4" in texts(page.text)
    assert [u.labels["danger"] for u in ws.store.corpus.every(Filter())] == ["danger", "normal", "normal", "normal"]


def test_one_by_one_shows_the_text_with_its_change(ws: Workspace, page: AppTest) -> None:
    from core.ui.panels.imports import suggestions

    imported(page, "clash-propose-")
    text, label = clashes.page(ws)
    after, before, note, _ = suggestions.details(text.proposal, text.utterance)
    assert (after, before) == ("우리 집에 불이 났어요", "집에 불이 났어요")
    assert note.startswith("Text · ")
    after, before, note, _ = suggestions.details(label.proposal, label.utterance)
    assert (after, before) == ("물이 새요\nDanger: Danger", "물이 새요\nDanger: Normal")
