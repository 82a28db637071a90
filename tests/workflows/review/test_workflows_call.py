"""The whole call around an utterance: in order, with the utterance marked; none for a sentence."""

import pytest

from core.errors import NotFound
from core.records import NewRecording, NewUtterance
from core.workflows.review import call
from core.workflows.workspace import Workspace

AT = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def ids(ws: Workspace) -> dict[str, int]:
    """A call of three turns, delivered out of order, and a sentence: text -> id."""
    source = ws.store.corpus.add_source("calls", "calls", "ours", "0", AT)
    turns = (
        NewUtterance("c:1", "집에 불이 났어요", "c", 1000, 1900, "caller", labels={"danger": "danger"}),
        NewUtterance("c:0", "네 119입니다", "c", 0, 900, "taker"),
        NewUtterance("c:2", "어디세요", "c", 2000, 2900, "taker"),
    )
    ws.store.corpus.add_recordings(source, [NewRecording("c", 3000, None, None, None, turns, {})], AT)
    ws.store.corpus.add_sentences(source, [NewUtterance("s", "문장 하나", "s")], AT)
    return {utterance.text: utterance.id for utterance in ws.store.corpus.utterances(range(1, 20))}


def test_a_call_is_in_order_and_the_utterance_is_marked(ws: Workspace, ids: dict[str, int]) -> None:
    lines = call.whole_call(ws, ids["집에 불이 났어요"])
    assert [(line.text, line.speaker, line.here) for line in lines] == [
        ("네 119입니다", "taker", False), ("집에 불이 났어요", "caller", True), ("어디세요", "taker", False),
    ]  # fmt: skip
    assert not hasattr(lines[0], "labels")


def test_a_sentence_has_no_call_and_an_unknown_id_is_an_error(ws: Workspace, ids: dict[str, int]) -> None:
    assert call.whole_call(ws, ids["문장 하나"]) == ()
    with pytest.raises(NotFound, match="utterance 999 does not exist"):
        call.whole_call(ws, 999)


def test_of_a_very_long_call_the_nearest_lines_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "MOST_LINES", 4)
    assert call._around(list(range(10)), 0) == [0, 1, 2, 3]
    assert call._around(list(range(10)), 5) == [3, 4, 5, 6]
    assert call._around(list(range(10)), 9) == [6, 7, 8, 9]
