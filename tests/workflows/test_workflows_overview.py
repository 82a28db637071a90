"""core.workflows.overview: what the workspace holds, and what to do next."""

from pathlib import Path

from workflow_data import import_calls, import_sentences

from core.store import NewProposal
from core.workflows.overview import DEMO_SOURCE, overview
from core.workflows.workspace import Workspace, now


def test_the_overview_says_what_to_do_next(ws: Workspace, tmp_path: Path) -> None:
    empty = overview(ws)
    assert (empty.next_steps, empty.counts["utterances"], empty.runs) == (("import",), 0, [])
    import_sentences(ws, tmp_path, 4)
    assert overview(ws).next_steps == ("snapshot",)
    import_calls(ws, tmp_path, 1)
    full = overview(ws)
    assert full.next_steps == ("label", "snapshot")
    assert (full.counts["recordings"], full.counts["audio_ms"]) == (1, 6000)
    assert full.progress["danger"]["labelled"] == 4


def test_the_overview_says_whether_it_is_the_demo(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 2)
    assert overview(ws).is_demo is False
    ws.store.corpus.add_source(DEMO_SOURCE, "sentences", "ours", "0", now())
    assert overview(ws).is_demo is True


def test_suggestions_of_deliveries_that_wait_come_first(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 4)
    payload = {"before": {"text": "a"}, "after": {"text": "b"}, "source": "s", "where": "row 1"}
    ws.store.proposals.add([NewProposal("delivery", 1, "text", payload, "later")], now())
    waiting = overview(ws)
    assert (waiting.next_steps, waiting.clashes) == (("clashes", "snapshot"), 1)
