"""Whatever suggestions are accepted together, one copy of every text stays, unless a person says otherwise."""

import itertools
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_data import AT, fresh, sentences

from core.cleaning import from_document
from core.errors import Unfit
from core.filters import Filter
from core.records import NewUtterance
from core.store import NewProposal, Store, open_store
from core.text import letters
from core.text.visible import same_text
from core.workflows.cleaning import checks, decisions
from core.workflows.cleaning import run as cleaning
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

LATER = "2024-05-02T00:00:00.000000+00:00"
COMPARING = ("same-text", "label-conflict", "same-letters", "near-text")
# texts that repeat, that differ at the edges or by what nobody sees, in letters only, and nearly
TEXTS = (
    "불이 났어요", "불이 났어요 ", "불이\u200b 났어요", "불이났어요!", "할머니가 쓰러지셨어요 빨리 와 주세요",
    "할머니가 쓰러지셨어요 빨리 좀 와 주세요", "약을 안 드셨어요", " 약을 안 드셨어요", "네", "",
)  # fmt: skip
NEAR = TEXTS[4:6]
ROWS = st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(["danger", "normal", ""])), min_size=2, max_size=14)


def labelled(store: Store, rows: Sequence[tuple[str, str]]) -> list[int]:
    """Sentences of (text, danger label or "")."""
    source = store.corpus.add_source("sentences", "sentences", "ours", "0", AT)
    items = [
        NewUtterance(f"s:{n}", text, f"s:{n}", labels={"danger": code} if code else {})
        for n, (text, code) in enumerate(rows)
    ]
    store.corpus.add_sentences(source, items, AT)
    return [u.id for u in store.corpus.every(Filter())]


def remaining(store: Store) -> list[str]:
    return [u.text for u in store.corpus.every(Filter(skipped=False))]


def lost(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The texts of `before` that no text of `after` has, by same text."""
    return {same_text(text) for text in before} - {same_text(text) for text in after} - {""}


NUMBERS = itertools.count()


def anew(ws: Workspace) -> Workspace:
    """An empty workspace for one example."""
    folder = ws.settings.home
    return Workspace(ws.settings, open_store(fresh(folder, f"example{next(NUMBERS)}")))


EDITS = st.lists(
    st.tuples(st.integers(0, 13), st.sampled_from(TEXTS[:-1]), st.sampled_from(["danger", "normal"])), max_size=5
)


def edit(ws: Workspace, ids: Sequence[int], edits: Sequence[tuple[int, str, str]]) -> None:
    """A person changes texts and labels, so that suggestions made before and after that disagree on who stays."""
    for place, text, code in edits:
        row = ws.store.corpus.utterance(ids[place % len(ids)])
        ws.store.review.decide(row.id, row.version, "eve", LATER, text=text, labels={"danger": code})


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, names=st.permutations(COMPARING), edits=EDITS, data=st.data())
def test_no_text_is_lost_whatever_is_accepted_in_whatever_order(
    ws: Workspace, rows: list[tuple[str, str]], names: list[str], edits: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    ws = anew(ws)
    ids = labelled(ws.store, rows)
    first = data.draw(st.integers(1, 3), label="checks before the edits")
    for name in names[:first]:
        checks.propose(ws, name)
    edit(ws, ids, edits)
    for name in names[first:]:
        checks.propose(ws, name)
    before = remaining(ws.store)
    for proposal in data.draw(st.permutations(ws.store.proposals.page("exclude", limit=1000)), label="order"):
        way = data.draw(st.sampled_from(["single", "block", "leave"]), label="way")
        if way == "single":
            with suppress(Unfit):
                decisions.decide(ws, proposal.id, True, "ann")
        elif way == "block":
            decisions.accept(ws, [proposal], "bob")
    for name in COMPARING:  # the rest at once, and the next session: what is left is looked at again
        checks.accept_all(ws, name, "cat")
        checks.propose(ws, name)
        checks.accept_all(ws, name, "dan")
    after = remaining(ws.store)
    alike = {letters(text) for text in after}
    gone = {text for text in lost(before, after) if letters(text) not in alike}
    assert gone <= set(NEAR), "only a nearly equal text may stand for another one"
    assert not gone or alike & set(map(letters, NEAR))


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_same_text_and_label_conflict_together_leave_one_copy_of_each_text(
    ws: Workspace, rows: list[tuple[str, str]]
) -> None:
    ws = anew(ws)
    labelled(ws.store, rows)
    before = remaining(ws.store)
    plan = from_document({"name": "t", "steps": [{"name": "same-text"}, {"name": "label-conflict"}]}, "t")
    cleaning.run(ws, plan, Filter(), "ann")
    counts = decisions.accept_all(ws, "exclude", "ann")
    after = [same_text(text) for text in remaining(ws.store) if text]
    assert counts.refused == {}, "the two checks agree on the copy that stays"
    assert lost(before, after) == set()
    assert len(after) == len(set(after)), "and it is one copy"


def test_the_case_of_the_corpus_that_lost_78_texts(ws: Workspace) -> None:
    """Same-text keeps the first copy, whose label only it has; label-conflict leaves out exactly that one."""
    labelled(ws.store, [("불이 났어요", "normal"), ("불이 났어요", "danger"), ("불이 났어요", "danger")])
    old = [
        NewProposal("exclude", 2, "same-text", {"before": "불이 났어요", "keep": 1}, "as 1"),
        NewProposal("exclude", 3, "same-text", {"before": "불이 났어요", "keep": 1}, "as 1"),
        NewProposal("exclude", 1, "label-conflict", {"before": "불이 났어요", "keep": None}, "labels"),
    ]
    ws.store.proposals.add(old, AT)
    done = decisions.accept_all(ws, "exclude", "ann")
    assert (done.accepted, done.refused) == (2, {"last-copy": 1})
    assert remaining(ws.store) == ["불이 났어요"]
    assert ws.store.proposals.undo("exclude", "ann", LATER) is not None


def test_a_single_last_copy_is_refused_by_name_and_a_person_may_still_skip_it(ws: Workspace) -> None:
    a, b = labelled(ws.store, [("가스 냄새가 나요", ""), ("가스 냄새가 나요", "")])
    checks.propose(ws, "same-text")
    ws.store.review.decide(a, 0, "ann", AT, skip=True, act="skip")
    with pytest.raises(Unfit, match="utterance 2 is the last copy of this text, so it stays") as refused:
        decisions.decide(ws, 1, True, "ann")
    assert refused.value.reason == "last-copy"
    assert ws.store.proposals.get(1).state == "open"
    ws.store.review.decide(b, 0, "ann", LATER, skip=True, act="skip")
    assert remaining(ws.store) == [], "by hand a person may leave out the last copy"


def test_a_copy_that_was_edited_is_no_copy_and_another_one_is(ws: Workspace) -> None:
    a, b, c = sentences(ws.store, "물이 새요", "물이 새요", "물이 새요 ")
    checks.propose(ws, "same-text")
    ws.store.review.decide(a, 0, "ann", LATER, text="물이 넘쳐요")
    done = checks.accept_all(ws, "same-text", "ann")
    assert (done.accepted, done.refused) == (1, {"last-copy": 1}), "b goes, since c has the text; then c is the last"
    assert [u.id for u in ws.store.corpus.every(Filter(skipped=False))] == [a, c]
    assert b not in [u.id for u in ws.store.corpus.every(Filter(skipped=False))]


def test_near_text_needs_the_copy_that_it_was_near_to(ws: Workspace) -> None:
    base = "지하 주차장에서 검은 연기가 계속 올라오고 있어요"
    a, b = sentences(ws.store, base, f"{base} 빨리")
    checks.propose(ws, "near-text")
    (proposal,) = ws.store.proposals.page("exclude")
    assert proposal.payload == {"before": f"{base} 빨리", "keep": a, "keep_text": base}
    ws.store.review.decide(a, 0, "ann", LATER, text="아무 일도 없습니다")
    assert checks.accept_all(ws, "near-text", "ann").refused == {"no-copy": 1}
    assert b in [u.id for u in ws.store.corpus.every(Filter(skipped=False))]


def test_a_check_of_sound_does_not_take_what_copies_were_left_out_for(ws: Workspace) -> None:
    """The sound check would take the copy that stayed; without left-out copies it takes what it finds."""
    a, b, c = sentences(ws.store, "살려 주세요 제발", "살려 주세요 제발", "문이 잠겼어요")
    ws.store.proposals.add(
        [NewProposal("exclude", b, "same-text", {"before": "살려 주세요 제발", "keep": a}, "as 1")], AT
    )
    ws.store.proposals.accept_many([1], "ann", AT)
    sound = [NewProposal("exclude", i, "silent", {"before": "-", "keep": None}, "silent") for i in (a, c)]
    texts = ["살려 주세요 제발", "문이 잠겼어요"]
    ws.store.proposals.add(
        [NewProposal(p.kind, p.utterance_id, p.operation, {**p.payload, "before": t}, p.reason)
         for p, t in zip(sound, texts, strict=True)], AT)  # fmt: skip
    assert ws.store.proposals.accept_many([2, 3], "ann", LATER) == {2: "last-copy", 3: "accepted"}


def test_texts_without_content_go_all_together(ws: Workspace) -> None:
    sentences(ws.store, "[개인정보]", "[개인정보]", " ", "\u200b", "...", "...")
    for name in ("same-text", "mask-only", "empty-text", "no-letters"):
        checks.propose(ws, name)
    decisions.accept_all(ws, "exclude", "ann")
    checks.propose(ws, "mask-only")
    left = remaining(ws.store)
    assert [text for text in left if not text.strip("\u200b ")] == []
    assert left == []


def test_undo_of_a_run_brings_every_copy_back(ws: Workspace) -> None:
    labelled(ws.store, [("불이야", "danger"), ("불이야 ", "normal"), ("불이야", "")])
    plan = from_document({"name": "t", "steps": [{"name": "same-text"}, {"name": "label-conflict"}]}, "t")
    done = cleaning.run(ws, plan, Filter(), "ann")
    decisions.accept_all(ws, "exclude", "ann", batch=done.run.id)
    assert remaining(ws.store) == ["불이야"]
    assert cleaning.undo(ws, done.run.id, "ann") == (2, 0)
    assert remaining(ws.store) == ["불이야", "불이야 ", "불이야"]
