"""pages/clean.py in process: the plan's editor, preview, run, decisions on a step, undo, the consent box."""

from collections.abc import Iterator
from typing import Any

import pytest
from page_driver import faultless as ok
from page_driver import page as open_page
from page_driver import texts
from store_data import AT, sentences
from streamlit.testing.v1 import AppTest

from core import schemes
from core.cleaning import STEP_KINDS, Plan, from_document
from core.filters import Filter
from core.store import NewProposal
from core.ui import i18n
from core.ui.panels.cleaning import cleaning, glance
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.cleaning import decisions, history
from core.workflows.cleaning import plan as clean_plan
from core.workflows.cleaning import run as cleaning_run
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

HOSTILE = "![x](http://evil.example/a.png) <b>불이야</b>!!!!!"
STEPS: list[dict[str, Any]] = [{"name": "tags", "self_apply": True}, {"name": "repeats"}, {"name": "same-text"}]


@pytest.fixture(autouse=True)
def _english_and_forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(i18n, "DEFAULT", "en")
    yield
    schemes.publish(None, [])


def plan() -> Plan:
    return from_document({"name": "mine", "steps": STEPS}, "test")


def page(**query: str) -> AppTest:
    return ok(open_page("clean", **query))


def ran(ws: Workspace, *inputs: str) -> history.Run:
    sentences(ws.store, *inputs)
    return cleaning_run.run(ws, plan(), Filter(), "tester").run


def test_every_step_and_setting_has_a_title() -> None:
    assert cleaning.TITLES.keys() == glance.WHAT.keys() == STEP_KINDS.keys()
    assert {name for kind in STEP_KINDS.values() for name in kind.settings} == cleaning.SETTINGS.keys()


def test_the_plan_is_read_at_a_glance(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    off = [{"name": "spelling", "confidence": 0.65}]
    clean_plan.save(ws, [{"name": "pii", "confidence": 0.7}, {"name": "tags", "self_apply": True}], off, "mine")
    opened = page()
    (table,) = (shown.value for shown in opened.markdown if shown.value.startswith("|"))
    cells = [
        ("1. Personal data", "personal data becomes a placeholder such as [전화] (from 70% on)", "when accepted"),
        ("2. Transcriber's tags", "transcriber's tags become what was said: (SP:x) y, FP:, SN:, NO:", "by itself"),
    ]
    rows = [f"| {' | '.join(f':small[{forms.plain(cell)}]' for cell in row)} |" for row in cells]
    assert table.splitlines()[2:] == rows
    (others,) = (caption for caption in texts(opened.caption) if caption.startswith("Switched off: "))
    assert "Spelling" in others
    assert "Personal data" not in others


def test_a_diff_is_escaped_and_reads_without_colours() -> None:
    assert cleaning.diff_markdown("a <b>", "a *c*") == "a :red-background[− \\<b\\>] :green-background[\\+ \\*c\\*]"
    assert cleaning.diff_markdown("불", None) == ":red-background[− 불]"


def test_an_empty_workspace_says_what_to_do(ws: Workspace) -> None:
    assert texts(page().info) == ["There is nothing to clean yet: import a delivery or a table first."]


def test_the_plan_is_changed_tried_and_saved(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    clean_plan.save(ws, STEPS, [], "mine")
    opened = page()
    ok(opened.text_input(key="plan_try").set_value("불이야아아!!!!!").run())
    assert any("불이야" in text and "background" in text for text in texts(opened.markdown))
    ok(opened.button(key="down-tags-1").click().run())
    ok(opened.toggle(key="on-same-text-1").set_value(False).run())
    ok(opened.number_input(key="keep-repeats-1").set_value(3).run())
    ok(opened.toggle(key="on-stop-1").set_value(True).run())
    ok(opened.text_area(key="expressions-stop-1").set_value("어+\n음+").run())
    ok(opened.button(key="plan_save").click().run())
    assert texts(opened.success) == ["The plan is saved."]
    saved = clean_plan.load(ws)
    assert [step.name for step in saved.steps] == ["repeats", "tags", "stop"]
    assert saved.steps[0].settings["keep"] == 3
    assert saved.steps[1].self_apply
    assert saved.steps[2].settings["expressions"] == ["어+", "음+"]
    assert page().toggle(key="on-stop-1").value
    ok(opened.button(key="plan_reset").click().run())
    assert clean_plan.load(ws).name == "default"
    assert opened.toggle(key="on-same-text-2").value


def test_a_wrong_plan_is_told_and_not_saved(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    clean_plan.save(ws, STEPS, [], "mine")
    opened = page()
    opened.toggle(key="on-stop-1").set_value(True)
    opened.text_area(key="expressions-stop-1").set_value("(")
    opened.button(key="plan_save").click().run()
    assert not opened.exception
    (error,) = texts(opened.error)
    assert "step 4 \\(stop\\), expressions" in error
    assert [step.name for step in clean_plan.load(ws).steps] == ["tags", "repeats", "same-text"]


def test_looking_shows_samples_and_writes_nothing(ws: Workspace) -> None:
    sentences(ws.store, HOSTILE, "괜찮아요", "네 괜찮아요!!!!!")
    clean_plan.save(ws, STEPS, [], "mine")
    opened = page(text="불이야")
    ok(opened.button(key="clean_look").click().run())
    assert "Looked at 1 utterances; nothing was written." in texts(opened.caption)
    assert [expander.label for expander in opened.expander][1:] == ["Laughter and lengthened syllables · 1"]
    assert not [text for text in texts(opened.markdown) if "![x](" in text or "<b>" in text]
    assert history.list_runs(ws) == []
    ok(opened.text_input(key="text").set_value("괜찮").run())
    assert len(opened.expander) == 1, "what was seen is not of this filter"


def test_a_run_is_queued_with_the_filter_and_the_plan_of_the_editor(ws: Workspace) -> None:
    sentences(ws.store, "불이야!!!!!", "네")
    clean_plan.save(ws, STEPS, [], "mine")
    opened = page(text="불이야")
    ok(opened.toggle(key="on-tags-1").set_value(False).run())
    ok(opened.button(key="clean_run").click().run())
    job = jobs.running(ws, cleaning_run.JOB)
    assert job is not None
    assert job.params["wanted"] == {"text": "불이야"}
    assert [step["name"] for step in job.params["plan"]["steps"]] == ["repeats", "same-text"]
    assert opened.button(key="clean_run").disabled
    ok(opened.button(key="cancel_clean").click().run())
    assert ws.store.board.get(job.id).state == "cancelled"


def test_a_step_is_accepted_above_a_confidence_and_the_run_undone(ws: Workspace) -> None:
    run = ran(ws, "(SP:불) 불이야!!!!!", "연기요!!!!!", "네", "네")
    opened = page(step="repeats")
    table = opened.dataframe[0].value
    assert list(table["Step"]) == ["Transcriber's tags", "Laughter and lengthened syllables", "Same text again"]
    assert list(table["Waiting"]) == [0, 2, 1]
    assert list(table["Accepted"]) == [1, 0, 0]
    key = f"sure-cleaning-repeats-{run.id}"
    ok(opened.slider(key=key).set_value(1.0).run())
    assert opened.button(key="bulk_accept_none").disabled
    ok(opened.slider(key=key).set_value(0.5).run())
    ok(opened.button(key="bulk_accept").click().run())
    assert "Accepted: 2." in texts(opened.success)
    stored_texts = [utterance.text for utterance in ws.store.corpus.every(Filter())]
    assert stored_texts == ["불이야!", "연기요!", "네", "네"]
    ok(opened.selectbox(key="step").set_value("same-text").run())
    ok(opened.button(key="bulk_reject").click().run())
    assert "Rejected: 1." in texts(opened.success)
    ws.store.review.decide(2, 1, "bob", AT, text="연기가 나요!")
    ok(opened.button(key="clean_undo").click().run())
    assert "Taken back: 2. Decided on since, and left: 1." in texts(opened.success)
    assert [utterance.text for utterance in ws.store.corpus.every(Filter())][:2] == [
        "(SP:불) 불이야!!!!!",
        "연기가 나요!",
    ]


def test_the_desk_shows_what_accepting_would_write(ws: Workspace) -> None:
    ran(ws, "불이야!!!!! ㅋㅋㅋㅋ", "네", "네")
    (utterance,) = ws.store.proposals.page("cleaning")
    after, before, note, _ = cleaning.details(utterance, ws.store.corpus.utterance(1))
    assert (after, before) == ("불이야! ㅋㅋ", "불이야!!!!! ㅋㅋㅋㅋ")
    assert "− 불이야!!!!! ㅋㅋㅋㅋ  + 불이야! ㅋㅋ" in note
    ws.store.review.decide(1, 0, "ann", AT, text="여기 불이야!!!!! ㅋㅋㅋㅋ")
    assert cleaning.details(utterance, ws.store.corpus.utterance(1))[:2] == (
        "여기 불이야! ㅋㅋ",
        "여기 불이야!!!!! ㅋㅋㅋㅋ",
    )
    ws.store.review.decide(1, 1, "ann", AT, text="불이야!!!! ㅋㅋㅋㅋ")
    assert "accepting asks the step again" in cleaning.details(utterance, ws.store.corpus.utterance(1))[2]
    (copy,) = ws.store.proposals.page("exclude")
    assert (
        "leave out: the same text as utterance 2"
        in cleaning.details(copy, ws.store.corpus.utterance(copy.utterance_id))[2]
    )


def test_a_reason_that_reads_like_its_step_is_shown_once(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "DEFAULT", "ko")
    (number,) = sentences(ws.store, "불이났어요")
    ws.store.proposals.add(
        [NewProposal("cleaning", number, "spacing", {"text": "불이 났어요", "before": "불이났어요"}, "spacing")], AT
    )
    (proposal,) = ws.store.proposals.page("cleaning")
    note = cleaning.details(proposal, ws.store.corpus.utterance(number))[2]
    assert note == "띄어쓰기 · − 불이났어요  + 불이 났어요"


def test_a_run_that_found_nothing_says_so(ws: Workspace) -> None:
    ran(ws, "괜찮아요")
    assert "This run suggested nothing new." in texts(page().info)


def test_texts_leave_only_after_the_box_is_ticked(ws: Workspace) -> None:
    sentences(ws.store, "괜찮아요")
    remote = [{"name": "spelling", "backend": "hanspell"}]
    clean_plan.save(ws, remote, [], "remote")
    opened = page()
    opened.button(key="clean_look").click().run()
    assert "sends texts to a third party" in texts(opened.error)[0]
    opened = page()
    ok(opened.checkbox(key="clean_remote").check().run())
    acceptance = clean_plan.acceptance(ws)
    assert acceptance is not None
    assert acceptance.by == "tester"
    assert any(text.startswith("Accepted by tester, ") for text in texts(opened.caption))
    ok(opened.checkbox(key="clean_remote").uncheck().run())
    assert clean_plan.acceptance(ws) is None


def test_deciding_by_key_goes_through_the_same_door(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.ui.panels.cleaning import proposals
    from core.ui.widgets.player import ReviewEvent

    ran(ws, "불이야!!!!!")
    (one,) = ws.store.proposals.page("cleaning")
    ws.store.review.decide(1, 0, "ann", AT, text="여기 불이야!!!!!")
    monkeypatch.setattr(proposals.st, "session_state", {})
    proposals._handle("cleaning", ReviewEvent("decision", one.id, 0, "", {"decision": "accept"}))
    assert proposals.st.session_state["cleaning_error"] == ""
    assert ws.store.corpus.utterance(1).text == "여기 불이야!"
    assert decisions.waiting(ws, "cleaning", None, None) == 0
