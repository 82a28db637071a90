"""`python -m core overview`: what waits, with its numbers, as JSON and as words."""

from pathlib import Path

from cli_driver import answer, run
from desk_data import answer as answer_blind
from workflow_data import add_whole_calls, import_sentences

from core.workflows.workspace import Workspace, now


def test_the_overview_tells_what_waits_for_whom(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 4)
    add_whole_calls(ws, 1, 1)
    answer_blind(ws, "danger", ann="danger", bob="normal")
    ws.store.board.add("clean-1", "clean", "clean", {}, now())
    ws.store.board.update("clean-1", now(), state="failed", error="the disk is full")
    given = answer("overview", "--curator", "ann")
    rows = {(row["kind"], row["scheme"]): (row["n"], row["mine"], row["overdue"]) for row in given["waiting"]}
    assert rows["unlabelled", "urgency"] == (1, None, False)
    assert rows["disputes", "danger"] == (6, 6, False)
    assert rows["failed", ""] == (1, None, False)
    assert [(job["id"], job["error"]) for job in given["failed"]] == [("clean-1", "the disk is full")]
    assert {row["curator"]: row["disputes"] for row in given["team"]} == {"ann": 6, "bob": 6}
    assert (given["counts"]["recordings"], given["curator"], given["next"]) == (2, "ann", ["snapshot"])
    shown = run("overview").stdout
    assert "2 calls, 10 utterances" in shown
    assert "next: snapshot" in shown
