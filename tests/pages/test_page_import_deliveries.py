"""The Import page for everything but tables: what is recognised, folders of the server, choices, reports, failures."""

import os
from pathlib import Path

import pytest
from aihub119_files import deliver, label_bytes, stem, wav_bytes, write_tree, write_zip
from import_pages import drop, imported, press, receive, work
from page_driver import captions, ok, texts
from page_driver import page as open_page
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.workflows.imports.deliveries import inbox
from core.workflows.imports.deliveries import job as importing
from core.workflows.workspace import Workspace, now

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


def zips(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in deliver(tmp_path / "zips", range(3))}


def counts(page: AppTest) -> list[tuple[str, str]]:
    return [(item.label, item.value) for item in page.metric]


def field(page: AppTest, kind: str, name: str) -> object:
    return next(box for box in getattr(page, kind) if (box.key or "").startswith(f"{name}-"))


def test_zips_of_calls_are_recognised_imported_and_reported(ws: Workspace, tmp_path: Path) -> None:
    extra = write_zip(tmp_path / "TL_인천_구급.zip", [(f"{stem(7)}.json", label_bytes(7))])
    page = drop(zips(tmp_path) | {extra.name: extra.read_bytes()})
    assert texts(page.success) == ["Recognised: AI Hub 119: calls with labels"]
    assert "label files 4 · audio files 3 · label files with audio 3" in texts(page.text)
    imported(page)
    assert counts(page) == [("Read", "4"), ("Added", "4"), ("Known already", "0"), ("Not used", "1")]
    (row,) = page.dataframe[0].value.to_dict("records")
    assert row == {
        "Where": f"TL_인천_구급.zip/{stem(7)}.json", "Reason": "no WAV delivered: text imported without audio",
    }  # fmt: skip
    assert len(ws.store.corpus.recordings()) == 4
    job = page.query_params["job"]
    job = job[0] if isinstance(job, list) else job
    again = open_page("import_data", job=job)
    assert counts(again) == counts(page), "a reload shows the same report"


def test_what_is_chosen_is_there_after_a_reload(ws: Workspace) -> None:
    delivery = receive(ws, {"화남/kim_1.wav": wav_bytes(hz=300), "평온/lee_1.wav": wav_bytes(hz=310)})
    page = open_page("import_data", delivery=delivery)
    assert texts(page.success) == ["Recognised: Audio files"]
    field(page, "selectbox", "by").set_value("folder")  # type: ignore[attr-defined]
    ok(page.run())
    field(page, "text_input", "pattern").set_value("{speaker}_{take}.wav")  # type: ignore[attr-defined]
    field(page, "text_input", "labelscheme").set_value("mood")  # type: ignore[attr-defined]
    field(page, "text_input", "source").set_value("감정")  # type: ignore[attr-defined]
    ok(page.run())
    again = open_page("import_data", delivery=delivery)
    shown = [field(again, kind, name).value for kind, name in (  # type: ignore[attr-defined]
        ("selectbox", "by"), ("text_input", "pattern"), ("text_input", "labelscheme"), ("text_input", "source"),
    )]  # fmt: skip
    assert shown == ["folder", "{speaker}_{take}.wav", "mood", "감정"]
    imported(again)
    assert counts(again)[1] == ("Added", "2")
    rows = list(ws.store.corpus.every(Filter()))
    assert sorted(row.labels["mood"] for row in rows) == ["평온", "화남"]
    assert {source.name for source in ws.store.corpus.sources()} == {"감정"}


def test_a_folder_of_the_server_is_chosen_step_by_step(ws: Workspace) -> None:
    page = open_page("import_data", **{"from": "server"})
    assert texts(page.info)[0].startswith("Nothing lies here yet. Copy files into")
    root = ws.settings.home / "inbox"
    write_tree(root / "1월", {"a.csv": "text\n집에 불이 났어요\n".encode(), "b.csv": "text\n괜찮아요\n".encode()})
    page = open_page("import_data", **{"from": "server"})
    press(page, "into-inbox-")
    assert "1월" in texts(page.text)
    field(page, "multiselect", "names").set_value(["b.csv"])  # type: ignore[attr-defined]
    ok(page.run())
    assert texts(page.success) == ["Recognised: Table of texts"]
    imported(page)
    assert [row.text for row in ws.store.corpus.every(Filter())] == ["괜찮아요"]
    assert (root / "1월" / "b.csv").is_file(), "files of the server stay where they are"


def test_an_address_leads_to_no_other_folder(ws: Workspace) -> None:
    page = open_page("import_data", **{"from": "server", "folder": "../.."})
    assert "is not in the folders that may be imported" in texts(page.error)[0]


def test_what_cannot_be_imported_says_so_before_anything_runs(ws: Workspace) -> None:
    page = drop({"사진.json": b"[1, 2]"})
    assert texts(page.warning) == ["No import reads these files."]
    page = drop({"TS_서울_구급.zip": b"no zip"})
    assert "not a zip: " in page.dataframe[-1].value.to_dict("records")[0]["Reason"]
    assert not [button for button in page.button if (button.key or "").startswith("go-")]
    assert ws.store.board.list() == []


def test_a_failed_import_names_the_reason_and_goes_on(ws: Workspace) -> None:
    delivery = receive(ws, {"t.csv": "text,label\n집에 불이 났어요,위험\n".encode()})
    page = press(open_page("import_data", delivery=delivery), "go-")
    path = inbox.folder(ws, delivery) / "t.csv"
    data = path.read_bytes()
    path.unlink()
    work(ws)
    ok(page.run())
    assert texts(page.error) == ["t\\.csv\\: not there any more; choose the files again"]
    assert "What was read before is in the corpus" in texts(page.info)[0]
    path.write_bytes(data)
    press(page, "import_again")
    work(ws)
    ok(page.run())
    assert counts(page)[1] == ("Added", "1")


def test_a_running_import_is_shown_from_everywhere_and_cancelled(ws: Workspace, tmp_path: Path) -> None:
    page = press(drop(zips(tmp_path)), "go-")
    (job,) = importing.earlier(ws, 1)
    ws.store.board.update(job.id, now(), state="running", progress={"done": 1, "total": 3, "unit": "calls"})
    ok(page.run())
    assert "You can leave this page, or close the browser: the import goes on." in captions(page)
    other = open_page("import_data")
    assert f"An import is running: {job.title}" in texts(other.text)
    press(other, "import_running")
    press(other, "cancel_import")
    assert ws.store.board.get(job.id).cancel_requested
    ws.store.board.update(job.id, now(), state="cancelled")
    ok(other.run())
    assert [button.label for button in other.button if button.key == "import_again"] == ["Go on with this import"]


def test_small_uploads_tell_their_size_and_kinds_beside_them(ws: Workspace) -> None:
    assert "Up to 1 MB a file · TOML" in captions(open_page("schemes"))
    assert captions(open_page("predict")).count("Up to 50 MB a file · WAV, MP3, M4A, 3GP, AMR, WebM …, JSON") == 2


def test_the_other_tables_of_an_upload_are_one_button_away(ws: Workspace) -> None:
    page = drop({"a.csv": "text\n집에 불이 났어요\n".encode(), "b.csv": "text\n괜찮아요\n".encode()})
    imported(page)
    assert "The other tables of this upload are still here\\: b\\.csv" in texts(page.info)
    press(page, "import_rest")
    assert next(box for box in page.selectbox if (box.key or "").startswith("which-")).options == ["a.csv", "b.csv"]


def test_names_that_are_no_text_are_counted(ws: Workspace) -> None:
    folder = ws.settings.home / "inbox"
    folder.mkdir(exist_ok=True)
    Path(os.fsdecode(bytes(folder) + b"/\xb1\xe2.csv")).write_text("text\n")  # as cp949 writes it
    page = open_page("import_data", **{"from": "server"})
    text = "Names in another encoding than UTF-8, not shown: 1. They come in with the whole folder."
    assert text in captions(page)
    (row,) = page.dataframe[-1].value.to_dict("records")
    assert row["Reason"] == "its name is in another encoding than UTF-8: rename it"
