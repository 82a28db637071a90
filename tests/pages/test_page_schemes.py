"""pages/schemes.py in process: show, add from a file and the form, extend, confirm, reject."""

from typing import Any

import pytest
from page_driver import captions, notices, ok, page

from core.records import NewUtterance
from core.schemes import SCHEMES
from core.ui.panels.corpus import scheme_editor
from core.ui.widgets import forms
from core.workflows.corpus import schemes as scheme_store
from core.workflows.workspace import Workspace

AT = "2026-01-01T00:00:00+00:00"
HOSTILE = "![x](http://evil.example/a.png) <b>굵게</b>"
MOOD = f"""
name = "mood"
ko = "{HOSTILE}"
kind = "multi"

[[label]]
code = "good"
ko = "{HOSTILE} 둘"

[[label]]
code = "bad"
ko = "나쁨"
"""


pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


def test_a_bundled_scheme_is_shown_with_its_classes(ws: Workspace) -> None:
    opened = page("schemes", scheme="urgency")
    assert opened.selectbox(key="scheme").value == "urgency"
    table = opened.dataframe[0].value
    assert list(table["Code"]) == ["low", "medium", "high"]
    assert list(table["Key"]) == ["1", "2", "3"]
    assert "a label of the whole recording · one class · 0 labelled · bundled" in captions(opened)
    assert not [b for b in opened.button if b.key in ("confirm", "reject", "grow")]


def test_a_file_is_previewed_and_added(ws: Workspace) -> None:
    opened = page("schemes")
    opened.file_uploader[0].set_value(("mood.toml", MOOD.encode(), "application/toml"))
    ok(opened.run())
    assert "mood" not in SCHEMES
    ok(opened.button(key="add").click().run())
    assert SCHEMES["mood"].codes == ("good", "bad")
    assert notices(opened) == ["Added: mood"]
    assert opened.selectbox(key="scheme").value == "mood"
    elements = [*opened.markdown, *opened.caption, *opened.success]
    assert not [box.value for box in elements if "![x](" in str(box.value)], "hostile titles stay out of Markdown"


def test_a_wrong_file_is_named_and_nothing_is_added(ws: Workspace) -> None:
    opened = page("schemes")
    opened.file_uploader[0].set_value(("mood.toml", MOOD.replace('"bad"', '"good"').encode(), "application/toml"))
    ok(opened.run())
    (box,) = opened.error
    assert "mood.toml, label 2, code: 'good' is the code of two classes" in box.value.replace("\\", "")
    assert ws.store.schemes.list() == []


def test_a_proposed_scheme_comes_first_and_is_confirmed(ws: Workspace) -> None:
    scheme_store.propose(ws, "기분", ["좋다", "나쁘다"])
    opened = page("schemes")
    assert opened.selectbox(key="scheme").value == "기분"
    assert "(proposed)" in opened.selectbox(key="scheme").options[0]
    ok(opened.button(key="confirm").click().run())
    assert SCHEMES["기분"].state == "active"
    assert notices(opened) == ["Confirmed: 기분"]
    assert not [b for b in opened.button if b.key == "confirm"]


def test_a_proposed_scheme_is_rejected_with_its_labels(ws: Workspace) -> None:
    scheme_store.propose(ws, "기분", ["좋다", "나쁘다"])
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    ws.store.corpus.add_sentences(source, [NewUtterance("a", "가", "a", labels={"기분": "좋다"})], AT)
    opened = page("schemes")
    ok(opened.button(key="reject").click().run())
    assert "기분" not in SCHEMES
    assert notices(opened) == ["Rejected: 기분. Labels withdrawn: 1"]
    assert opened.selectbox(key="scheme").value == "danger"


def test_titles_are_mended_in_the_form(ws: Workspace) -> None:
    scheme_store.propose(ws, "mood", ["좋다", "나쁘다"])
    opened = page("schemes")
    opened.text_input(key="grow-mood-1-ko").set_value("기분 이름")
    ok(opened.run())
    ok(opened.button(key="grow").click().run())
    assert (SCHEMES["mood"].ko, SCHEMES["mood"].state, SCHEMES["mood"].codes) == (
        "기분 이름", "proposed", ("좋다", "나쁘다"),
    )  # fmt: skip
    assert notices(opened) == ["Saved: mood"]


def test_the_form_says_what_is_missing_or_wrong(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = page("schemes")
    assert "Write a name and at least one class." in captions(opened)
    assert opened.button(key="add").disabled
    monkeypatch.setattr(scheme_editor, "_table", lambda start, key: [{"ko": "좋음"}, {"ko": "나쁨", "key": "z"}])
    opened.text_input(key="new-name").set_value("mood")
    ok(opened.run())
    assert "'z' is no key" in opened.warning[0].value
    monkeypatch.setattr(scheme_editor, "_table", lambda start, key: [{"ko": "좋음"}, {"ko": "나쁨", "key": "x"}])
    ok(opened.run())
    ok(opened.button(key="add").click().run())
    assert [(x.code, x.key) for x in SCHEMES["mood"].labels] == [("좋음", "1"), ("나쁨", "x")]


def test_other_pages_offer_the_workspaces_schemes(ws: Workspace) -> None:
    scheme_store.save(ws, scheme_store.read_bytes(MOOD.encode(), "mood.toml"), "ann")
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    ws.store.corpus.add_sentences(source, [NewUtterance("a", "가", "a", labels={"mood": "good|bad"})], AT)
    corpus = page("corpus")
    assert HOSTILE not in [box.label for box in corpus.multiselect]
    assert forms.plain(HOSTILE) in [box.label for box in corpus.multiselect]
    review = page("review")
    assert HOSTILE in review.multiselect[0].options
    train = page("train")
    assert HOSTILE in next(box for box in train.multiselect if box.label == "Schemes").options
    augment = page("augment")
    assert HOSTILE in augment.selectbox(key="augment_scheme").options
    (one,) = ws.store.corpus.utterances([1])
    assert forms.utterance_rows([one])[0][HOSTILE] == f"{HOSTILE} 둘, 나쁨"
    (group,) = forms.choice_groups([SCHEMES["mood"]], one.labels)
    assert (group.multi, group.current, [x.key for x in group.choices]) == (True, "good|bad", ["1", "2"])


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ([{"ko": " 좋음 ", "en": "", "critical": False, "aliases": None}], [{"code": "좋음", "ko": "좋음"}]),
        ([{"code": "a"}, {"ko": None}], [{"code": "a", "ko": "a"}]),
        ([{"ko": "가/나", "aliases": ["x", 3]}], [{"code": "가_2f_나", "ko": "가/나", "aliases": ["x", "3"]}]),
    ],
)
def test_what_was_typed_becomes_a_document(rows: list[dict[str, Any]], labels: list[dict[str, Any]]) -> None:
    document = scheme_editor.document(" mood ", "", "Mood", "utterance", "single", rows)
    assert (document["name"], document["ko"], document["en"], document["label"]) == ("mood", "mood", "Mood", labels)
