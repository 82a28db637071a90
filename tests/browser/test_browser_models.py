"""Results of models on the real pages: confusion cells and proposals; and the language switch."""

import re

import pytest
from live import Live, choose, confusion_cell, expect, go, ko, main, shown, until
from playwright.sync_api import Page, Response

from core.schemes import SENTIMENT
from core.thresholds import ClassLimits, Thresholds
from core.ui.frame import PAGES, PHASES
from core.workflows.corpus import guidelines
from core.workflows.corpus.guidelines import Guidelines
from core.workflows.evaluation import evaluate
from core.workflows.pseudo_labels import pool, view

TITLES = {info.name: info.title for info in PAGES}


def newest(live: Live, recipe: str) -> str:
    return next(run.id for run in live.ws.store.ledger.runs("done") if run.recipe == recipe)


# --- evaluate ---------------------------------------------------------------------------------------------------------


def test_a_confusion_cell_opens_its_utterances(live: Live, page: Page) -> None:
    run = newest(live, "emotion-voice")
    matrix = live.ws.store.ledger.run(run).metrics["test"]["confusion"]
    _, i, j = max((n, i, j) for i, row in enumerate(matrix) for j, n in enumerate(row) if i != j)
    gold, predicted = SENTIMENT.codes[i], SENTIMENT.codes[j]
    behind = evaluate.cell(live.ws, run, gold, predicted).mistakes
    assert len(behind) == matrix[i][j] > 0
    responses: list[Response] = []
    page.on("response", lambda answer: responses.append(answer) if "/audio/utterance/" in answer.url else None)

    go(page, live, "evaluate", run=run)
    confusion_cell(page, gold, predicted, SENTIMENT.codes)
    expect(main(page).get_by_test_id("stText")).to_have_text(
        [mistake.item.text for mistake in behind[:30] if mistake.item]
    )
    sounds = page.locator("audio")
    expect(sounds).to_have_count(len(behind[:30]))
    for at in range(sounds.count()):
        sounds.nth(at).scroll_into_view_if_needed()
        # 1: its length and format are known, so the browser could read it
        page.wait_for_function(
            "node => node.readyState >= 1 && node.duration > .4", arg=sounds.nth(at).element_handle()
        )
    assert {answer.status for answer in responses} <= {200, 206}
    assert {answer.url.rpartition("/")[2] for answer in responses} == {
        str(mistake.prediction.utterance_id) for mistake in behind[:30]
    }


def test_a_cell_goes_to_review_and_back_with_call_and_guidelines_beside_the_card(live: Live, page: Page) -> None:
    guidelines.save(live.ws, "sentiment", Guidelines("**목소리**를 먼저 듣습니다."), guidelines.of("sentiment"), "kim")
    run = newest(live, "emotion-voice")
    go(page, live, "evaluate", run=run)
    main(page).locator("summary").filter(has_text=ko("Mistakes as a list")).click()
    main(page).locator("[class*='st-key-cell-'] button").first.click()
    page.wait_for_url(re.compile("cell="))
    main(page).locator(".st-key-open-cell button").click()
    page.wait_for_url(re.compile("/review.*queue=list"))
    expect(page.locator(".gw-desk .gw-one")).to_be_visible()
    expect(page.locator(".gw-desk .gw-edit")).not_to_have_value("")
    page.keyboard.press("BracketLeft")
    expect(page.locator(".gw-call [aria-current]")).to_have_count(1)
    page.keyboard.press("BracketRight")
    page.wait_for_url(re.compile("guide=true"))
    expect(page.locator(".st-key-guidelines")).to_contain_text("목소리를 먼저 듣습니다.")
    expect(page.locator(".gw-desk .gw-one")).to_be_visible()
    assert page.locator(".gw-desk .gw-edit").evaluate("box => box.scrollHeight <= box.clientHeight"), "nothing is cut"
    main(page).get_by_text(ko("Go back"), exact=True).click()
    page.wait_for_url(re.compile(f"/evaluate.*run={run}"))
    expect(page.get_by_role("heading", name=ko("Confusion"))).to_be_visible()


# --- language ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(TITLES))
def test_every_page_changes_its_language(live: Live, page: Page, name: str) -> None:
    go(page, live, "" if name == "overview" else name, lang="en")
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(TITLES[name])
    page.get_by_text("한국어", exact=True).click()
    expect(title).to_have_text(ko(TITLES[name]))
    page.get_by_text("English", exact=True).click()
    expect(title).to_have_text(TITLES[name])


def test_a_deep_link_on_a_fresh_server_is_framed(live: Live, page: Page) -> None:
    live.end()
    live.start()
    go(page, live, "evaluate", lang="en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Evaluate")
    links = page.get_by_test_id("stSidebar").get_by_test_id("stPageLink")
    names = [name for _, phase in PHASES for name in phase]
    expect(links).to_have_text([re.compile(re.escape(TITLES[name])) for name in names])
    phases = page.get_by_test_id("stSidebar").locator(".gw-phase")
    expect(phases).to_have_text(["Data", "Refining", "Reviewing", "Training", "Prediction"])
    links.filter(has_text="Corpus").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Corpus")  # the language goes along


# --- proposals --------------------------------------------------------------------------------------------------------


def test_pseudo_labels_are_judged_filtered_and_accepted(live: Live, page: Page) -> None:
    run = newest(live, "danger-text")
    go(page, live, "pseudo_label", run=run)
    page.get_by_role("button", name=ko("Judge what is unlabelled")).click()
    until(lambda: pool.size(live.ws, run, "danger") > 100, "the unlabelled are judged")
    page.get_by_role("tab", name=ko("2 Thresholds")).click()

    def stays(given: Thresholds) -> str:
        seen = view.view(live.ws, run, "danger", given)
        share = f"{seen.now.coverage:.1%}"
        return ko("**{kept}** of {total} predictions stay ({share})", kept=f"{seen.now.kept:,}",
                  total=f"{seen.total:,}", share=share)  # fmt: skip

    expect(main(page).get_by_text(stays(Thresholds()), exact=True)).to_be_visible()
    slider = page.get_by_role("slider", name=ko("Least confidence"))
    slider.focus()
    for _ in range(15):
        page.keyboard.press("ArrowRight")
    surer = Thresholds(confidence=0.9)
    assert stays(surer) != stays(Thresholds())
    expect(main(page).get_by_text(stays(surer), exact=True)).to_be_visible()
    # each class has limits of its own, which begin with those of all
    choose(page, ko("Method"), ko("Own limits for each class"))
    own = page.get_by_role("slider", name=ko("{name}: confidence", name="위험"))
    expect(own).to_have_value("0.9")
    own.focus()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    lower = Thresholds("per-class", 0.9, 0.2, (ClassLimits("normal", 0.9, 0.2), ClassLimits("danger", 0.6, 0.2)))
    assert stays(lower) != stays(surer)
    expect(main(page).get_by_text(stays(lower), exact=True)).to_be_visible()
    choose(page, ko("Method"), ko("FreeMatch: from the predictions alone"))
    expect(main(page).get_by_text(stays(Thresholds("freematch")), exact=True)).to_be_visible()
    choose(page, ko("Method"), ko("One limit for all classes"))
    expect(main(page).get_by_text(stays(surer), exact=True)).to_be_visible()

    page.get_by_role("tab", name=ko("4 Accept")).click()
    main(page).get_by_text(ko("One at a time"), exact=True).click()
    page.get_by_role("button", name=ko("Propose what stays")).click()
    item = shown(page)
    utterance = live.ws.store.proposals.get(item[0]).utterance_id
    page.keyboard.press("a")
    shown(page, before=item)
    assert live.ws.store.corpus.grades("utterance", "danger")[utterance][1] == "silver"
    assert len(live.ws.store.corpus.labelled("utterance", "danger", ("silver",))) == 1
