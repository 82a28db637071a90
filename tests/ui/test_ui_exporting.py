"""core.ui.panels.corpus.export, core.web.downloads: the panel writes the matches; its link returns that file only."""

import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from store_data import sentences
from streamlit.testing.v1 import AppTest
from workflow_data import import_sentences

from core.export import FORMATS
from core.ui import i18n
from core.ui.panels.corpus import export
from core.web import downloads, media
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def page() -> None:
    from core.filters import Filter
    from core.ui.panels.corpus import export

    export.panel(Filter(labels={"danger": ("danger",)}), 30)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=list(media.ROUTES)))


def run() -> AppTest:
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    return app


def link(app: AppTest) -> str:
    (found,) = app.get("link_button")
    return str(found.proto.url)


def test_what_matches_is_written_and_can_be_saved(ws: Workspace, tmp_path: Path, client: TestClient) -> None:
    import_sentences(ws, tmp_path, 60)
    app = run()
    app.selectbox(key="export_format").set_value("jsonl")
    app.button(key="export_write").click().run()
    assert not app.exception
    (made,) = (ws.settings.home / "exports").iterdir()
    assert made.name in app.success[0].value
    answer = client.get(link(app))
    assert answer.headers["content-disposition"] == f'attachment; filename="{made.name}"'
    assert answer.content == made.read_bytes()
    assert {json.loads(line)["danger"] for line in answer.text.splitlines()} == {"danger"}
    assert len(answer.text.splitlines()) == 30


def test_a_snapshot_offers_its_own_formats(ws: Workspace, tmp_path: Path, client: TestClient) -> None:
    import_sentences(ws, tmp_path, 60)
    snapshot.create(ws, "s1", "danger")
    app = run()
    formats = app.selectbox(key="export_format")
    assert len(formats.options) == len(
        [export_format for export_format in FORMATS.values() if not export_format.frozen]
    )
    app.selectbox(key="export_what").set_value("s1").run()
    assert len(app.selectbox(key="export_format").options) == len(
        [export_format for export_format in FORMATS.values() if not export_format.live]
    )
    app.selectbox(key="export_format").set_value("autotrain")
    app.button(key="export_write").click().run()
    assert not app.exception
    assert client.get(link(app)).content[:2] == b"PK"


def test_what_was_left_out_is_shown(ws: Workspace, client: TestClient) -> None:
    sentences(ws.store, "불이야", labels={"danger": "danger"})
    app = run()
    app.selectbox(key="export_format").set_value("seeds")
    app.button(key="export_write").click().run()
    assert app.dataframe[0].value.iloc[0].tolist() == ["단독 문장", 1]


def test_a_link_that_is_gone_is_a_404(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/export/none").status_code == 404
    exported = tmp_path / "a.csv"
    exported.write_text("x", encoding="utf-8")
    token = downloads.keep(exported)
    assert client.get(f"/export/{token}").text == "x"
    exported.unlink()
    assert client.get(f"/export/{token}").json() == {"error": "this export is gone; write it again"}


def test_the_oldest_links_make_room(tmp_path: Path) -> None:
    exported = tmp_path / "a.csv"
    exported.write_text("x", encoding="utf-8")
    first = downloads.keep(exported)
    for _ in range(downloads.LINKS):
        downloads.keep(exported)
    assert downloads.find(first) is None


def test_the_pace_says_how_far_how_fast_and_how_much_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "DEFAULT", "en")
    assert export.pace(1_000, 3_000, 2.0) == "1,000 of 3,000 · 500 a second · 0:04.0 left"
    assert export.pace(0, 3_000, 0.0) == "0 of 3,000 · 0 a second · … left"
