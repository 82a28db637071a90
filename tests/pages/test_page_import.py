"""The Import page: a table is uploaded, read, mapped and imported; its content is shown as plain text."""

from typing import Any

import pytest
from import_pages import drop, imported
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.schemes import scheme
from core.workflows.imports.deliveries import job as importing
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

CP949 = "Unnamed: 0;문장;상태\n0;집에 불이 났어요;위험\n1;괜찮아요;정상\n2;글쎄요;모름\n".encode("cp949")


def pick(page: AppTest, key: str) -> Any:
    """Return the select box whose key starts with `key`: its label depends on the session's language."""
    return next(box for box in page.selectbox if (box.key or "").startswith(f"{key}-"))


def texts(page: AppTest) -> str:
    return "\n".join(text.value for text in page.text)


def test_a_cp949_table_is_shown_mapped_and_imported(ws: Workspace) -> None:
    page = drop({"우리.csv": CP949})
    assert texts(page).startswith("CSV · cp949 · ")
    assert texts(page).endswith("Unnamed: 0")
    assert list(page.dataframe[1].value.columns) == ["문장", "상태"]
    assert pick(page, "text").value == "문장"
    page.multiselect[0].set_value(["상태"])
    page.run()
    pick(page, "scheme").set_value("danger")
    imported(page)
    assert [item.value for item in page.metric] == ["3", "2", "0", "1"], "read, added, known, not used"
    assert "모름" in str(page.dataframe[0].value)
    assert [(item.text, dict(item.labels)) for item in ws.store.corpus.every(Filter())] == [
        ("집에 불이 났어요", {"danger": "danger"}), ("괜찮아요", {"danger": "normal"}),
    ]  # fmt: skip
    assert [item.name for item in ws.store.corpus.sources()] == ["우리"]
    assert importing.uploads_in_use(ws) == set()
    assert not list((ws.settings.home / "uploads").iterdir()), "what was imported is not kept twice"
    again = drop({"우리.csv": CP949})
    again.multiselect[0].set_value(["상태"])
    again.run()
    pick(again, "scheme").set_value("danger")
    imported(again)
    assert [item.value for item in again.metric] == ["3", "0", "2", "1"]


def test_rows_without_a_label_are_left_out_where_asked(ws: Workspace) -> None:
    page = drop({"t.csv": "글,상태\n집에 불이 났어요,위험\n저기요 여보세요,\n괜찮아요,정상\n".encode()})
    only = next(item for item in page.checkbox if (item.key or "").startswith("only-"))
    page.multiselect[0].set_value([])
    page.run()
    assert next(item for item in page.checkbox if item.key == only.key).disabled
    page.multiselect[0].set_value(["상태"])
    page.run()
    next(item for item in page.checkbox if item.key == only.key).check()
    imported(page)
    assert [item.text for item in ws.store.corpus.every(Filter())] == ["집에 불이 났어요", "괜찮아요"]


def test_reading_can_be_overridden(ws: Workspace) -> None:
    page = drop({"t.csv": b"1,2\n3,4\n"})
    assert list(page.dataframe[1].value.columns) == ["column_1", "column_2"]
    pick(page, "header").set_value("yes")
    page.run()
    assert list(page.dataframe[1].value.columns) == ["1", "2"]
    pick(page, "separator").set_value(";")
    page.run()
    assert list(page.dataframe[1].value.columns) == ["1,2"]
    pick(page, "encoding").set_value("utf-16")
    page.run()
    assert not page.exception


def test_a_new_scheme_is_proposed(ws: Workspace) -> None:
    rows = "".join(f"글 {n},{('좋음', '나쁨')[n % 2]}\n" for n in range(20))
    page = drop({"t.csv": f"text,mood!\n{rows}".encode()})
    assert page.multiselect[0].value == ["mood!"]
    assert next(field for field in page.text_input if (field.key or "").startswith("new-")).value == "mood"
    imported(page)
    assert (scheme("mood").state, set(scheme("mood").codes)) == ("proposed", {"좋음", "나쁨"})
    assert "mood" in page.info[0].value


def test_hostile_cells_are_plain_text(ws: Workspace) -> None:
    bad = "<script>alert(1)</script> ![x](http://evil/x.png) **b**"
    page = drop({f"{bad[:8]}.csv": f'"{bad}",text,text\n"{bad}",{bad},a\n1,2\n'.encode()})
    texts_shown = [text.value for text in (*page.markdown, *page.caption, *page.header)]
    assert [text for text in texts_shown if "script" in text or "evil" in text] == []
    imported(page)
    assert [text for text in (x.value for x in page.markdown) if "evil" in text] == []


def test_what_is_no_table_is_one_message_and_the_options_stay(ws: Workspace) -> None:
    page = drop({"x.xlsx": b"no workbook"})
    (box,) = page.error
    assert "x.xlsx: 이름은 .xlsx이지만 그 형식이 아니거나 손상되었습니다" in box.value.replace("\\", "")
    page = drop({"x.csv": bytes(range(256)) * 9})
    assert "UTF-8, cp949, UTF-16 텍스트가 아닙니다" in page.error[0].value.replace("\\", "")
    assert pick(page, "encoding").value == ""


def test_the_published_split_is_guessed_and_the_result_says_what_groups_the_rows(ws: Workspace) -> None:
    rows = "집에 불이 났어요,kim,train\n연기가 나요,신고자,test\n괜찮아요,kim,train\n"
    page = drop({"t.csv": f"text,speaker,split\n{rows}".encode()})
    assert pick(page, "split").value == "split"
    page.multiselect[0].set_value([])
    page.run()
    imported(page)
    shown = texts(page)
    assert "사람을 가리키는 화자로 묶음(그룹 열을 지정하면 그 열을 따름): 2행" in shown
    assert "역할을 가리켜 묶지 않는 화자: 신고자" in shown
    assert "공개된 분할, 학습: 2행" in shown
    assert [u.text for u in ws.store.corpus.every(Filter(tag=("split:test",)))] == ["연기가 나요"]


def test_rows_of_a_recording_become_a_call(ws: Workspace) -> None:
    rows = "a.wav,0,1500,집에 불이 났어요\na.wav,1500,3000,어디세요\nb.wav,0,2000,여보세요\n"
    page = drop({"t.csv": f"file,start_ms,end_ms,text\n{rows}".encode()})
    assert [pick(page, role).value for role in ("recording", "start", "end")] == ["file", "start_ms", "end_ms"]
    page.multiselect[0].set_value([])
    page.run()
    imported(page)
    assert [call.key.rpartition(":")[2] for call in ws.store.corpus.recordings()] == ["a.wav", "b.wav"]
    utterances = list(ws.store.corpus.every(Filter()))
    assert [(u.text, u.start_ms, u.end_ms) for u in utterances] == [
        ("집에 불이 났어요", 0, 1500), ("어디세요", 1500, 3000), ("여보세요", 0, 2000),
    ]  # fmt: skip
    assert utterances[0].group == utterances[1].group != utterances[2].group


def test_a_source_is_called_as_the_person_writes(ws: Workspace) -> None:
    page = drop({"t.csv": "text\n집에 불이 났어요\n".encode()})
    next(field for field in page.text_input if (field.key or "").startswith("source-")).set_value(" 서울 2026 ")
    imported(page)
    assert [source.name for source in ws.store.corpus.sources()] == ["서울 2026"]
    assert "출처: 서울 2026" in texts(page)
