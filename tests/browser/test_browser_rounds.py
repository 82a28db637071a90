"""Pseudo-labels on the real pages: a blind audit is drawn, answered by key, and a round accepted and withdrawn."""

import re

from judged_pool import judge
from live import Live, expect, go, idle, ko, main, shown, until
from playwright.sync_api import Page

from core.thresholds import Thresholds
from core.workflows.pseudo_labels import accept, audit

SIZE = 24


def newest(live: Live) -> str:
    return next(run.id for run in live.ws.store.ledger.runs("done") if run.recipe == "danger-text")


def section(page: Page, live: Live, run: str, name: str) -> None:
    """Open a section of the Pseudo-label page."""
    go(page, live, "pseudo_label", run=run)
    page.get_by_role("tab", name=ko(name)).click()
    idle(page)


def test_from_a_blind_audit_to_a_round_and_back(live: Live, page: Page) -> None:
    run = newest(live)
    judge(live.ws, run)
    section(page, live, run, "3 Audit")
    expect(main(page).get_by_text(ko("There is no audit of this run yet."))).to_be_visible()
    size = page.get_by_role("spinbutton", name=ko("Items"))
    size.fill(str(SIZE))
    size.press("Enter")
    idle(page)
    page.get_by_role("button", name=ko("Draw a sample for the review")).click()
    until(lambda: live.ws.store.rounds.audits(run, "danger"), "the sample is drawn")
    (drawn,) = live.ws.store.rounds.audits(run, "danger")
    items = {item.utterance_id: item for item in live.ws.store.rounds.items(drawn.id)}
    assert len(items) == SIZE

    go(page, live, "review", queue="pseudo-label-audit", schemes="danger")
    item = shown(page)
    for left in reversed(range(SIZE)):
        assert item[0] in items
        expect(main(page).get_by_text(re.compile(rf"0\.[0-9]{{2}} \({run}\)"))).to_have_count(0)
        page.keyboard.press("d" if items[item[0]].code == "danger" else "n")
        if left:
            item = shown(page, before=item)
    until(lambda: len(live.ws.store.rounds.answers(drawn.id)) == SIZE, "all are answered")
    report = audit.report(live.ws, drawn.id, Thresholds())
    assert (report.n, report.value) == (sum(x.kept for x in items.values()), 1.0)

    section(page, live, run, "3 Audit")
    expect(main(page).get_by_test_id("stMetricValue")).to_have_text(["100.0%", "0.0%"])
    section(page, live, run, "4 Accept")
    n = f"{accept.preview(live.ws, run, 'danger', Thresholds(), drawn.id).new:,}"
    page.get_by_role("button", name=ko("Accept {n} …", n=n)).click()
    question = ko("Accept {n} silver labels? About {wrong} of them are wrong.", n=n, wrong=0)
    expect(page.get_by_text(question, exact=True)).to_be_visible()
    page.get_by_role("button", name=ko("Yes, accept {n}", n=n)).click()
    until(lambda: live.ws.store.rounds.weights("danger"), "the round is accepted")
    (made,) = live.ws.store.rounds.list("danger", run)
    assert (made.state, made.audit_id, f"{made.counts['written']:,}") == ("accepted", drawn.id, n)
    assert not set(live.ws.store.rounds.rounds_of("danger")) & set(items), "answered items keep the answer of a person"

    section(page, live, run, "4 Accept")
    page.get_by_role("button", name=ko("Withdraw …")).click()
    page.get_by_role("button", name=ko("Yes, withdraw round {number}", number=made.id)).click()
    until(lambda: live.ws.store.rounds.get(made.id).state == "withdrawn", "the round is withdrawn")
    assert live.ws.store.rounds.rounds_of("danger") == {}
    answers = live.ws.store.rounds.answers(drawn.id)
    assert answers == {number: x.code for number, x in items.items()}, "people's answers stay"
