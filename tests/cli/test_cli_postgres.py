"""`migrate-to`: the workspace's SQLite file goes to a PostgreSQL database, and the next command works there."""

import uuid
from collections.abc import Iterator

import pytest
from cli_driver import answer, failure, run
from postgres import Server
from store_data import AT, sentences

from core.store.engine import engine_for
from core.workflows.workspace import Workspace


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    yield postgres.create(name := f"verb_{uuid.uuid4().hex}")
    engine_for(postgres.url(name)).dispose()
    postgres.drop(name)


def test_a_workspace_moves_and_is_used_there(ws: Workspace, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (number,) = sentences(ws.store, "화재가 났어요")
    ws.store.review.decide(number, 0, "ann", AT, labels={"danger": "danger"})
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    shown = run("migrate-to", plain)
    assert shown.exit_code == 0, shown.stderr
    assert "every row was read back and compared; from now on set GWIDAMA_DATABASE_URL" in shown.stdout
    monkeypatch.setenv("GWIDAMA_DATABASE_URL", url)
    assert [one["text"] for one in answer("search", "ㅎㅈ")["utterances"]] == ["화재가 났어요"]
    monkeypatch.delenv("GWIDAMA_DATABASE_URL")
    assert failure("migrate-to", plain).startswith("the database is not empty: it has rows in ")


def test_a_url_that_is_no_server_is_refused(ws: Workspace) -> None:
    assert failure("migrate-to", "sqlite:///elsewhere.db") == (
        "a store moves from an SQLite file to PostgreSQL, not from sqlite to sqlite"
    )
