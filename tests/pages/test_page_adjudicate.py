"""pages/adjudicate.py in process: answers side by side, settling, putting off, undoing. Keys need a browser test."""

from typing import Any

import pytest
from desk_data import answer
from page_driver import faultless as ok
from page_driver import page as open_page
from page_driver import texts
from store_data import AT, call, sentences
from streamlit.testing.v1 import AppTest

from core.confidence import best_class
from core.records import Prediction, RunInfo, SnapshotInfo, Vote
from core.schemes.files import parse_toml
from core.ui import i18n
from core.ui.panels.review import settle as panel
from core.ui.panels.review.settle import SettleState
from core.ui.widgets.player import ReviewEvent
from core.workflows.corpus import schemes
from core.workflows.review import settle
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

HOSTILE = "![x](http://evil.example/a.png) <b>굵게</b>"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "DEFAULT", "en")


def page(**query: str) -> AppTest:
    return ok(open_page("adjudicate", **query))


def state_with_dispute(ws: Workspace, name: str = "danger", curator: str = "chief") -> SettleState:
    """Return a state with the first dispute on the screen."""
    return SettleState(name, curator, settle.next_dispute(ws, name, curator))


def event(kind: Any, on: SettleState, text: str | None = None, **labels: str) -> ReviewEvent:
    assert on.dispute is not None
    return ReviewEvent(kind, on.dispute.utterance.id, on.dispute.version, "n", labels, text, 700)


def grade(ws: Workspace, number: int) -> tuple[str, str]:
    return ws.store.corpus.grades("utterance", "danger")[number]


def test_without_disputes_the_page_says_how_they_come(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    opened = page()
    (told,) = texts(opened.info)
    assert told.startswith("No dispute waits here. On the Review page, let two curators answer a share of the")
    ok(opened.button[0].click().run())
    assert "Nothing left to undo." in texts(opened.caption)


def test_every_opinion_is_shown_as_plain_text(ws: Workspace) -> None:
    (one, _two) = sentences(ws.store, HOSTILE, "네")
    answer(ws, "danger", kim="danger", **{"[lee](x)": "normal"})
    ws.store.review.add_votes(
        [Vote("danger", one, "danger", "vote:#1", ""), Vote("danger", one, "danger", "vote:#2", ""),
         Vote("danger", one, "normal", "vote:a", "")]
    )  # fmt: skip
    ws.store.remarks.add(one, "park", now(), "comment", HOSTILE)
    opened = page()
    markdown = texts(opened.markdown)
    assert "**2** left · **0** settled now" in markdown
    assert [text for text in markdown if text.startswith("###")] == [
        "### Danger  `D`", "### Normal  `N`", "### Normal  `N`", "### Danger  `D`",
    ]  # fmt: skip
    people = [text.removeprefix(":material/person: ") for text in markdown if text.startswith(":material/person:")]
    assert people == ["kim", "\\[lee\\]\\(x\\)", "a \\(vote\\)", "2 votes without a name"]
    assert "kim says so" in texts(opened.text)
    assert any(text.endswith("UTC · 1\\.5 s") for text in texts(opened.caption))
    everything = [*markdown, *texts(opened.caption), *texts(opened.header)]
    assert not [text for text in everything if "![x](" in text or "[lee](" in text]
    assert opened.selectbox(key="scheme").value == "danger"
    assert "Waiting: Danger 2" in texts(opened.caption)


def test_what_a_model_thinks_stands_beside_the_opinions(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    ws.store.ledger.put_run(RunInfo("run", "danger-text", "ngram", "danger", "text", "s", "done", AT, {}))
    guess = Prediction("run", "danger", one, "pool", *best_class(("normal", "danger"), (0.25, 0.75)))
    ws.store.ledger.put_predictions([guess])
    markdown = texts(page().markdown)
    assert ":material/smart_toy: Model" in markdown
    assert [text for text in markdown if text.startswith("###")][-1] == "### Danger  `D`"


def test_the_scheme_with_disputes_is_opened_and_a_call_is_shown_whole(ws: Workspace) -> None:
    call(ws.store, "call-1", "여보세요", "불이 났어요", "어디세요")
    answer(ws, "urgency", kim="high", lee="low")
    opened = page()
    assert opened.selectbox(key="scheme").value == "urgency"
    assert "**Call taker** 여보세요" in texts(opened.markdown)
    assert "**Caller** 불이 났어요" in texts(opened.markdown)


def test_one_event_settles_and_keeps_the_reason(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="normal")
    state = state_with_dispute(ws)
    panel._handle(state, event("decision", state, " 두 번 들음 ", danger="normal"))
    assert (state.dispute, state.settled, state.error) == (None, 1, "")
    assert grade(ws, first) == ("normal", "gold")
    last = ws.store.review.history(first)[-1]
    assert (last.act, last.why, last.curator, last.spent_ms) == ("settle", "두 번 들음", "chief", 700)
    state.dispute = settle.next_dispute(ws, "danger", "chief")
    assert state.dispute is not None
    assert state.dispute.utterance.id == second
    panel._handle(state, ReviewEvent("undo", second, state.dispute.version, "m"))
    assert state.dispute is not None
    assert (state.dispute.utterance.id, state.settled, grade(ws, first)[1]) == (first, 0, "disputed")
    assert ws.store.leases.held(now()) == [(first, "chief")], "the other one is free again"


def test_what_is_put_off_does_not_come_again_until_asked_for(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    opened = page()
    state: SettleState = opened.session_state["settling"]
    panel._handle(state, event("skip", state))
    assert (state.put_off_ids, state.dispute, ws.store.leases.held(now())) == ([one], None, [])
    ok(opened.run())
    assert texts(opened.info) == ["Only what you put off is left: 1."]
    ok(opened.button[0].click().run())
    assert opened.session_state["settling"].dispute.utterance.id == one


def test_a_stale_decision_is_told_and_looked_at_anew(ws: Workspace) -> None:
    (one,) = sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    state = state_with_dispute(ws)
    assert state.dispute is not None
    sent = event("decision", state, danger="normal")
    ws.store.review.decide(one, state.dispute.version, "park", now(), text="불이 났어요")
    panel._handle(state, sent)
    assert state.error.startswith("Somebody was faster: look again, then decide. (")
    assert state.dispute is None
    assert grade(ws, one)[1] == "disputed"
    panel._handle(state, sent)
    assert state.error == "Somebody was faster: look again, then decide."


def test_undo_tells_what_it_took_back_elsewhere(ws: Workspace) -> None:
    one, *_rest = call(ws.store, "call-1", "여보세요", "불이 났어요")
    answer(ws, "urgency", kim="high", lee="low")
    away = state_with_dispute(ws, "urgency")
    panel._handle(away, event("decision", away, urgency="high"))
    here = SettleState("danger", "chief")
    panel._undo(here)
    assert here.notice == "Undone: a settlement under Urgency, where it waits again."
    assert (here.dispute, settle.disputes(ws, "urgency"), ws.store.leases.held(now())) == (None, 1, [])
    version = ws.store.corpus.utterance(one).version
    ws.store.review.decide(one, version, "chief", now(), labels={"danger": "danger"})
    panel._undo(here)
    assert here.notice == "Undone: a decision of yours that settled nothing."


def test_another_scheme_gives_back_what_was_shown(ws: Workspace) -> None:
    one, *_rest = call(ws.store, "call-1", "여보세요", "불이 났어요")
    answer(ws, "danger", kim="danger", lee="normal")
    opened = page()
    assert ws.store.leases.held(now()) == [(one, "tester")]
    ok(opened.selectbox(key="scheme").set_value("urgency").run())
    assert ws.store.leases.held(now()) == []
    assert texts(opened.info)[0].startswith("No dispute waits here.")


def test_several_classes_are_settled_together(ws: Workspace) -> None:
    text = 'name = "t"\nko = "t"\nkind = "multi"\n' + "".join(f'[[label]]\ncode = "{c}"\nko = "{c}"\n' for c in "abc")
    schemes.save(ws, parse_toml(text, "t.toml"), "tester")
    (one,) = sentences(ws.store, "하나")
    answer(ws, "t", kim="a|b", lee="c")
    assert "### a, b" in texts(page(scheme="t").markdown)
    state = state_with_dispute(ws, "t", "tester")
    panel._handle(state, event("decision", state, t="a|c"))
    assert ws.store.corpus.utterance(one).labels == {"t": "a|c"}
