"""The Augment page in process: a preview, statistics, and decisions on many with their undo."""

import pytest
from augment_corpus import DANGER, fill
from page_driver import captions, faultless, notices, ok, page
from store_data import AT
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.store import NewProposal
from core.workflows.augment import batches, deciding
from core.workflows.augment.batches import Batch
from core.workflows.augment.deciding import Where
from core.workflows.augment.plan import KIND
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


@pytest.fixture
def filled(ws: Workspace) -> Workspace:
    """Six sentences; three variants of the first wait, the run in use disagrees with one."""
    number, *_ = fill(ws)
    batches.save(ws, Batch("augment-1", AT, "ann", {}, 1, 3, 3, 1))
    items = []
    for n, word in enumerate(("얼른", "어서", "당장")):
        text = DANGER[0].replace("빨리", word)
        payload = {"text": text, "before": DANGER[0], "parent": number, "seed": 4, "parameters": {"alpha": 0.2}}
        flag = "label-disagreement" if n == 0 else None
        items.append(
            NewProposal(KIND, number, "synonym-replacement", payload, "why", None, 0.2 + n / 4, "augment-1", flag)
        )
    ws.store.proposals.add(items, AT)
    return ws


def table(opened: AppTest, at: int) -> list[dict[str, object]]:
    return opened.dataframe[at].value.to_dict("records")


def test_a_preview_counts_by_class_and_shows_variants(filled: Workspace) -> None:
    opened = page("augment")
    opened.number_input(key="augment_factor").set_value(3.0)
    opened.multiselect(key="augment_operations").set_value(["punctuation-insertion"])
    faultless(opened.button(key="augment_look").click().run())
    assert table(opened, 0) == [
        {"Class": "Normal", "Texts": 2, "Variants so far": 0, "To make": 4, "Afterwards": 6},
        {"Class": "Danger", "Texts": 4, "Variants so far": 3, "To make": 6, "Afterwards": 13},
    ]
    assert (
        "Tried 5 of 5 texts; nothing was written. No run in use judges single texts under this scheme, so no label was "
        "checked." in captions(opened)
    )
    assert any(box.label.startswith("Punctuation insertion · ") for box in opened.expander)
    assert filled.store.proposals.counts(KIND)["open"] == 3
    opened.multiselect(key="augment_operations").set_value([])
    ok(opened.run())
    assert "Choose at least one operation." in captions(opened)
    assert opened.button(key="augment_run").disabled


def test_many_are_rejected_by_reason_and_taken_back_as_one(filled: Workspace) -> None:
    opened = page("augment")
    row = {"Operation": "Synonyms", "Waiting": 3, "Accepted": 0, "Rejected": 0, "Another label by the run": 1}
    (first,) = table(opened, 0)
    assert {name: first[name] for name in row} == row
    opened.selectbox(key="reason").set_value("label-disagreement")
    ok(opened.run())
    assert "1 variants wait" in captions(opened)
    faultless(opened.button(key="augment_reject").click().run())
    assert "Rejected: 1." in notices(opened)
    opened.selectbox(key="reason").set_value("")
    ok(opened.run())
    opened.slider(key="augment_score").set_value((0.0, 0.5))
    ok(opened.run())
    faultless(opened.button(key="augment_accept").click().run())
    assert "Accepted: 1." in notices(opened)
    assert filled.store.proposals.counts(KIND) == {"open": 1, "accepted": 1, "rejected": 1}
    for counts in ({"open": 2, "accepted": 0, "rejected": 1}, {"open": 3, "accepted": 0, "rejected": 0}):
        faultless(opened.button(key="augment_undo").click().run())
        assert "Waiting again: 1." in notices(opened)
        assert filled.store.proposals.counts(KIND) == counts
    faultless(opened.button(key="augment_undo").click().run())
    assert "There is no decision of yours to take back." in notices(opened)


def test_an_undo_that_is_barred_says_why(filled: Workspace) -> None:
    deciding.accept(filled, Where(id=(1,)), filled.settings.curator)
    (child,) = filled.store.corpus.every(Filter(origin=("augmented",)))
    filled.store.review.decide(child.id, child.version, "bob", AT, text=f"{child.text} 어서요")
    opened = ok(page("augment").button(key="augment_undo").click().run())
    (message,) = [box.value for box in opened.error]
    assert "was decided on by bob; that has to be undone first" in message


def test_a_choice_without_candidates_says_so(filled: Workspace) -> None:
    opened = page("augment", run="augment-1", reason="-", operation="synonym-replacement")
    assert "2 variants wait" in captions(opened)
    opened.slider(key="augment_score").set_value((0.0, 0.1))
    ok(opened.run())
    assert [box.value for box in opened.info] == ["No variant of this choice waits."]
    assert opened.button(key="augment_accept_none").disabled
