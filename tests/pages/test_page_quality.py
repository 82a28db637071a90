"""pages/quality.py in process: run checks, open a finding, make and decide proposals, the job, the empty states."""

from typing import Any

import page_driver
import pytest
from page_driver import captions, notices, ok
from sounds import record, talk
from store_data import AT, call, sentences
from streamlit.testing.v1 import AppTest

from core.quality import CHECKS
from core.ui.panels.cleaning import quality
from core.workflows import jobs
from core.workflows.cleaning import checks, cures
from core.workflows.workspace import Workspace

LATER = "2099-01-01T00:00:00.000000+00:00"
HOSTILE = "![x](http://evil.example/a.png) <b>굵게</b>"


pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


def page(**query: str | list[str]) -> AppTest:
    opened = page_driver.page("quality", **query)
    assert not opened.error, opened.error
    return opened


def texts(boxes: Any) -> list[str]:
    return [box.value for box in boxes]


def test_every_check_has_a_title_and_every_severity_a_word() -> None:
    assert quality.TITLES.keys() == CHECKS.keys()
    assert quality.SEVERITIES.keys() == quality.ICONS.keys() == set(checks.SEVERITIES)


def test_an_empty_workspace_says_what_to_do(ws: Workspace) -> None:
    opened = page()
    assert texts(opened.info) == ["There is nothing to check yet: import a delivery or a table first."]
    assert not [b for b in opened.button if b.key == "check_texts"]


def test_texts_are_checked_at_once_and_a_finding_opens(ws: Workspace) -> None:
    sentences(ws.store, HOSTILE, HOSTILE, "불이야", labels={"danger": "danger"})
    opened = page()
    assert texts(opened.info) == ["Nothing was checked yet. Start with the button."]
    assert opened.button(key="check_sound").disabled
    ok(opened.button(key="check_texts").click().run())
    headings = [text for text in texts(opened.markdown) if "**" in text]
    assert headings == [
        ":material/warning: **2** · Classes too small to split · Danger",
        ":material/warning: **1** · Same text again",
    ]
    ok(opened.button(key="open-1").click().run())
    assert HOSTILE in texts(opened.text), "as plain text"
    assert not [text for text in [*texts(opened.markdown), *captions(opened)] if "![x](" in text]
    assert opened.query_params["finding"] == "same-text::warning:2"


def test_fixes_are_offered_and_accepted(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "불이야", "불이야")
    checks.run(ws, ["same-text"])
    opened = page(finding="same-text::warning:2")
    assert opened.button(key="accept_all_none").disabled
    ok(opened.button(key="offer").click().run())
    assert "New proposals: 2" in notices(opened)
    assert "Proposals to leave out" in texts(opened.header)
    assert opened.metric[0].value == "2"
    ok(opened.button(key="accept_all").click().run())
    assert "Accepted: 2." in notices(opened)
    assert [item.skipped for item in ws.store.corpus.utterances([1, 2, 3])] == [False, True, True]
    ok(opened.button(key="check_texts").click().run())
    assert "same-text" not in {item.check for item in checks.last(ws).findings}


def test_accepting_all_says_how_many_went_which_way(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "불이야", "불이야", "불이야")
    checks.run(ws, ["same-text"])
    opened = page(finding="same-text::warning:2")
    ok(opened.button(key="offer").click().run())
    ws.store.review.decide(2, 0, "bob", AT, text="불 이야!")
    ws.store.review.decide(3, 0, "bob", AT, text="산불이야")
    ok(opened.button(key="accept_all").click().run())
    assert (
        "Accepted: 2. Of these, on a text that was changed meanwhile: 1. "
        "Rejected, since they fit no longer: 1 (the text was changed meanwhile: 1)."
    ) in notices(opened)
    assert [utterance.skipped for utterance in ws.store.corpus.utterances([1, 2, 3, 4])] == [False, True, False, True]


def test_texts_are_mended_by_proposals_of_their_own(ws: Workspace) -> None:
    sentences(ws.store, "불이  났어요", "네 ", "네")
    checks.run(ws, ["untidy-text"])
    opened = page(finding="untidy-text::info:1")
    ok(opened.button(key="offer").click().run())
    assert "New proposals: 2" in notices(opened)
    assert "Proposals to mend" in texts(opened.header)
    ok(opened.button(key="accept_all").click().run())
    assert "Accepted: 2." in notices(opened)
    assert [utterance.text for utterance in ws.store.corpus.utterances([1, 2, 3])] == ["불이 났어요", "네", "네"]
    checks.propose(ws, "same-text")
    opened = page()
    assert opened.radio(key="desk_kind").options == ["Proposals to leave out", "Proposals to mend"]
    ok(opened.radio(key="desk_kind").set_value(checks.CLEANING).run())
    assert texts(opened.header)[-1] == "Proposals to mend"


def test_recordings_files_and_classes_are_shown(ws: Workspace) -> None:
    missing = record(ws, "gone", None)
    record(ws, "fine", talk())
    (ws.settings.audio / "stray.wav").write_bytes(b"x")
    call(ws.store, "c1", "네", "아니요", labels={"urgency": "high"})
    checks.run(ws)
    assert "gone" in texts(page(finding=f"missing-file::error:{missing}").text)
    assert "audio/stray.wav" in texts(page(finding="stray-file::info:audio/stray.wav").text)
    opened = page(finding="small-class:urgency:error")
    assert list(opened.dataframe[0].value["Class"]) == ["Low", "Medium", "High"]
    assert "There is no fix to suggest here: it is mended where the data comes from." in captions(opened)


def test_only_the_own_cure_is_offered_to_be_taken_back(ws: Workspace) -> None:
    first, second, third = sentences(ws.store, "불이야!", "불이야!", "불이야!")
    checks.run(ws, ["same-text"])
    cured = cures.cure(ws, second, 0, "tester", text="불이 났어요")
    cures.cure(ws, third, 0, "kim", text="산불이야")
    ws.store.review.decide(first, 0, "tester", LATER, labels={"danger": "danger"}, spent_ms=900)
    opened = page(finding="same-text::warning:2")
    assert [box.key for box in opened.button if box.key and box.key.startswith("back-")] == [f"back-{second}"]
    ws.store.review.decide(second, 1, "kim", LATER, labels={"danger": "danger"}, spent_ms=900)
    opened.button(key=f"back-{second}").click().run()
    assert "was decided again by kim" in "".join(box.value for box in opened.error)
    assert ws.store.corpus.utterance(second).text == "불이 났어요"
    ws.store.review.undo("kim", LATER)
    ok(opened.button(key=f"back-{second}").click().run())
    assert [row.text for row in ws.store.corpus.utterances([second, third])] == ["불이야!", "산불이야"]
    assert cured.id in {revision.undoes for revision in ws.store.review.history(second)}


def test_a_finding_that_is_cut_says_how_many_of_how_many_are_opened(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.quality.repeats.MAX_IDS", 2)
    sentences(ws.store, *["불이야"] * 4)
    checks.run(ws, ["same-text"])
    assert "Open in Review: the first 2 of 3" in {box.label for box in page(finding="same-text::warning:2").button}
    monkeypatch.setattr("core.quality.repeats.MAX_IDS", 1000)
    checks.run(ws, ["same-text"])
    assert "Open in Review: 3" in {box.label for box in page(finding="same-text::warning:2").button}


def test_many_rows_are_paged_through(ws: Workspace) -> None:
    sentences(ws.store, *["불이야"] * 30)
    checks.run(ws, ["same-text"])
    opened = page(finding="same-text::warning:2")
    assert texts(opened.text).count("불이야") == quality.PAGE_SIZE


def test_a_large_corpus_and_sound_are_checked_by_a_job(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "AT_ONCE", 1)
    record(ws, "fine", talk())
    opened = page()
    ok(opened.button(key="check_texts").click().run())
    job = jobs.running(ws, checks.JOB)
    assert job is not None
    assert set(job.params["checks"]) == set(checks.CORPUS)
    assert opened.button(key="check_texts").disabled
    assert opened.button(key="check_sound").disabled
    ok(opened.button(key="cancel_quality").click().run())
    assert jobs.running(ws, checks.JOB) is None
    opened = page()
    ok(opened.button(key="check_sound").click().run())
    job = jobs.running(ws, checks.JOB)
    assert job is not None
    assert set(job.params["checks"]) == set(checks.SOUND)
    ws.store.board.update(job.id, AT, state="failed", error="the disk is full")
    opened.run()
    assert not opened.exception


def test_a_clean_corpus_says_so(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "연기가 나요")
    checks.run(ws)
    opened = page()
    assert notices(opened) == ["No faults were found."]
    assert [text for text in captions(opened) if text.endswith(f"checks: {len(CHECKS)}")]


def test_a_row_is_cured_where_it_is_shown_and_taken_back(ws: Workspace) -> None:
    ids = sentences(ws.store, "불이야", "불이야")
    checks.run(ws, ["same-text"])
    opened = page(finding=f"same-text::warning:{ids[1]}")
    ok(opened.button(key=f"edit-{ids[1]}").click().run())
    ok(opened.button(key="cure_save").click().run())
    assert "nothing was changed" in opened.error[0].value
    opened.text_area(key=f"cure-{ids[1]}-0-text").set_value("불이 났어요")
    ok(opened.button(key="cure_save").click().run())
    assert ws.store.corpus.utterance(ids[1]).text == "불이 났어요"
    assert [text for text in captions(opened) if text.startswith("Changed since the check: tester")]
    ok(opened.button(key=f"back-{ids[1]}").click().run())
    assert ws.store.corpus.utterance(ids[1]).text == "불이야"
    assert [revision.act for revision in ws.store.review.history(ids[1])] == ["review", "undo"]
