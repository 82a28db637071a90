"""Pages for everyone: axe-core over all pages in both languages and themes, keyboard, narrow windows, remembered theme.

axe-core lies in the package `axe-playwright-python`; nothing is fetched. Every page is seen in both languages and both
themes, those where most of the work is done in all four combinations.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from live import CURATOR, VIEWPORT, Live, component, expect, go, ko, open_window, shown, until
from playwright.sync_api import Browser, Page, ViewportSize

from core.ui.frame import PAGES
from core.workflows.augment import run as augmenting
from core.workflows.augment.plan import AugmentPlan
from core.workflows.map import making
from scripts.screenshots import disagree, faulty

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
LOOKS = (("ko", "light"), ("en", "dark"), ("ko", "dark"), ("en", "light"))
EVERYWHERE = ("overview", "corpus", "review", "evaluate")
NARROW: ViewportSize = {"width": 390, "height": 844}
DARK, LIGHT = "rgb(16, 21, 31)", "rgb(255, 255, 255)"

# What a Korean page may show in Latin letters: names of programs, formats, methods and keys, and data of this test.
NAMES = re.compile(
    r"(?<![A-Za-z])(WAV|PNG|MP3|M4A|3GP|AMR|WebM|FLAC|JSON|CSV|XLSX|Parquet|ZIP|zip|TextGrid|EAF|SRT|TXT|TOML|UTC|API|ETRI|"
    r"AI Hub|Gwidama|English|Language|Markdown|UMAP|PCA|SVD|ROC|AUC|McNemar|Cohen|Fleiss|Krippendorff|SpecAugment|"
    r"EDA|KorEDA|GPT|LLM|ECE|MFCC|py-hanspell|korector|[Ww]hisper[\w-]*|wav2vec2[\w-]*|kiwi|Kiwi|KoBERT|BERT|"
    r"Enter|Esc|Ctrl|Shift|Space|Backspace|Alt|Tab|"
    r"tester|curator|checked twice|report-kind|mood|reports|demo|emotion-voice|danger-text|urgency-text|conv-bilstm|"
    r"ngram)(?![A-Za-z])|aihub119:[\w:]+|[\w-]+/[\w-]*[-_.\d][\w./-]*|[\w+]+=[\d.]+|demo:\w+"
)
ENGLISH = re.compile(r"[A-Za-z]{3,}")
# Texts and accessible names that a person sees or hears; code, keys and the names of icons are none.
TEXTS = """() => {
  const skipped = "script, style, noscript, code, pre, kbd, textarea, [aria-hidden=true], [role=img], canvas," +
    "[data-testid=stIconMaterial], [data-testid$=DynamicIcon], [data-testid=stExpanderIcon]";
  const found = [];
  const look = (root) => {
    const all = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = all.currentNode; node; node = all.nextNode()) {
      const element = node.nodeType === 1 ? node : node.parentElement;
      if (node.shadowRoot) look(node.shadowRoot);
      if (!element || element.closest(skipped) || !element.checkVisibility({ checkVisibilityCSS: true })) continue;
      if (node.nodeType === 3) found.push(node.nodeValue.trim());
      else for (const name of ["aria-label", "title", "placeholder"]) found.push(node.getAttribute(name) ?? "");
    }
  };
  look(document.body);
  return [...new Set(found)].filter((text) => /[A-Za-z]{3,}/.test(text));
}"""
NAMELESS_CHARTS = """() => [...document.querySelectorAll("[data-testid=stPlotlyChart]")]
  .filter((chart) => !chart.matches("[aria-label]") && !chart.querySelector("[aria-label]"))
  .map((chart) => chart.outerHTML.slice(0, 200))"""
OPEN_ALL = """() => document.querySelectorAll("[data-testid=stMain] details:not([open]) > summary")
  .forEach((summary) => summary.checkVisibility() && summary.click())"""
SETTLED = """() => document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]")
  && !document.querySelector("[data-testid=stSkeleton], [data-stale=true]")"""
# Elements of the page that stick out of the window and of no box that scrolls or cuts them on purpose.
CUT = """() => [...document.querySelectorAll(
    "[data-testid=stMain] :is(h1, h2, h3, p, label, button, a, input, [role=combobox])")]
  .filter((node) => node.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })
    && !node.closest("[data-testid=stDataFrame], [data-testid=stTable], [role=tablist], .js-plotly-plot"))
  .filter((node) => { const box = node.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && (box.right > innerWidth + 1 || box.left < -1); })
  .map((node) => node.outerHTML.slice(0, 200))"""
FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return Boolean(at?.closest?.(".gw-review, .gw-desk"));
}"""


@pytest.fixture(scope="module")
def live(home: Path) -> Iterator[Live]:
    """A server on a workspace where every page has something to show."""
    server = Live(home)
    faulty(server.ws)
    disagree(server.ws)
    augmenting.run(server.ws, AugmentPlan(factor={"danger": 2.0}, limit=8, seed=1), CURATOR)
    making.make(server.ws)
    server.start()
    yield server
    server.end()


def pages_of(look: int) -> list[str]:
    """The pages to see in a look: those of everywhere, and every second of the others, in turn."""
    others = [info.name for info in PAGES if info.name not in EVERYWHERE]
    return [*EVERYWHERE, *others[look // 2 :: 2]]


def test_every_page_is_seen_in_both_languages_and_both_themes() -> None:
    for info in PAGES:
        looks = [LOOKS[look] for look in range(len(LOOKS)) if info.name in pages_of(look)]
        assert [{look[place] for look in looks} for place in (0, 1)] == [{"ko", "en"}, {"light", "dark"}]


def settle(page: Page) -> None:
    page.wait_for_function(SETTLED)
    for _ in range(2):  # what the last change moves is drawn
        page.evaluate("() => new Promise(requestAnimationFrame)")


def states(page: Page) -> Iterator[str]:
    """Open everything that folds, and each tab in its turn."""
    settle(page)
    page.evaluate(OPEN_ALL)
    settle(page)
    yield "opened"
    for place in range(1, page.get_by_role("tab").count()):
        tab = page.get_by_role("tab").nth(place)
        if tab.is_visible() and tab.get_attribute("aria-selected") == "false":
            tab.click()
            settle(page)
            yield f"tab {place}"


def violations(page: Page) -> list[str]:
    """What axe-core finds, in Streamlit's own markup too: rule, element, what is wrong. Nothing is excepted."""
    report = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {node['html'][:160]}: {why(node)}" for rule in report["violations"] for node in rule["nodes"]
    ]


def why(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return checks[0]["message"][:200] if checks else ""


def english(page: Page) -> list[str]:
    """The texts of a Korean page that have an English word in them."""
    return [text[:120] for text in page.evaluate(TEXTS) if ENGLISH.search(NAMES.sub("", text))]


@pytest.mark.parametrize("look", range(len(LOOKS)), ids=["-".join(look) for look in LOOKS])
def test_no_page_has_a_violation_of_ours_and_a_korean_page_has_no_english(
    live: Live, browser: Browser, look: int
) -> None:
    language, theme = LOOKS[look]
    page = open_window(browser)
    page.context.add_init_script(AXE)
    wrong: list[str] = []
    for name in pages_of(look):
        go(page, live, "" if name == "overview" else name, language, theme=theme)
        for state in states(page):
            found = violations(page)
            found += [f"a chart without a name: {chart}" for chart in page.evaluate(NAMELESS_CHARTS)]
            found += [f"English: {text}" for text in english(page)] if language == "ko" else []
            wrong += [f"{name}, {state}: {what}" for what in found]
        assert page.evaluate("() => document.documentElement.lang") == language
        assert background(page) == (DARK if theme == "dark" else LIGHT)
    page.context.close()
    assert not wrong, "\n".join(sorted(set(wrong)))


def background(page: Page) -> str:
    return str(page.get_by_test_id("stApp").evaluate("node => getComputedStyle(node).backgroundColor"))


# --- language and theme -----------------------------------------------------------------------------------------------


def test_the_document_has_the_language_of_the_address_and_follows_the_switch(live: Live, page: Page) -> None:
    for language, wanted in (("en", "en"), ("ko", "ko"), ("xx", "ko")):
        html = page.request.get(f"{live.address}/corpus?lang={language}", headers={"Accept": "text/html"}).text()
        assert f'<html lang="{wanted}" data-theme="system">' in html
    go(page, live, "corpus")
    page.get_by_text("English", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_test_id("stSkipToContent")).to_have_text("Skip to main content")
    page.get_by_text("한국어", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_test_id("stSkipToContent")).to_have_text(ko("Skip to main content"))


def remembered(page: Page) -> str | None:
    return {kept.get("name"): kept.get("value") for kept in page.context.cookies()}.get("gwidama_theme")


def turns(page: Page, color: str) -> None:
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", color)


def test_a_theme_stays_over_a_reload_the_menu_and_a_new_tab(live: Live, page: Page) -> None:
    go(page, live, "corpus")
    turns(page, LIGHT)
    page.get_by_test_id("stSidebar").get_by_text(ko("Dark"), exact=True).click()
    turns(page, DARK)
    until(lambda: remembered(page) == "dark", "the browser remembers it")
    page.reload()
    turns(page, DARK)
    page.get_by_role("link", name=ko("Schemes"), exact=True).click()
    expect(page.get_by_role("heading", name=ko("Schemes"))).to_be_visible()
    expect(page).to_have_url(re.compile("/schemes[?]theme=dark"))
    turns(page, DARK)
    with page.context.expect_page() as opened:
        page.evaluate("address => window.open(address)", f"{live.address}/quality")
    turns(opened.value, DARK)
    opened.value.get_by_test_id("stSidebar").get_by_text(ko("Light"), exact=True).click()
    turns(opened.value, LIGHT)
    until(lambda: remembered(page) == "light", "the browser remembers the last choice")


def test_an_address_names_the_theme_for_a_browser_that_remembers_none(live: Live, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    go(page, live, "corpus", theme="light")
    turns(page, LIGHT)
    go(page, live, "", theme="dark")
    turns(page, DARK)
    page.emulate_media(color_scheme="light")
    turns(page, DARK)
    assert remembered(page) is None
    go(page, live, "corpus")
    turns(page, LIGHT)
    page.emulate_media(color_scheme="dark")  # without a choice the page follows the machine
    turns(page, DARK)


# --- keyboard and narrow windows --------------------------------------------------------------------------------------


def test_few_tabs_lead_from_any_page_to_the_card(live: Live, page: Page) -> None:
    go(page, live, "schemes")
    settle(page)
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator(".gw-skip")).to_be_focused()
    expect(page.locator(".gw-skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    component(page, "desk")
    item = shown(page)
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator(".gw-skip")).to_have_text(ko("Go to the card"))
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED), "the card has the keyboard"
    page.keyboard.press("d")
    shown(page, before=item)


@pytest.mark.parametrize("name", ["review", "overview", "corpus", "predict"])
def test_a_narrow_window_shows_all_of_a_page_without_scrolling_sideways(live: Live, page: Page, name: str) -> None:
    page.set_viewport_size(NARROW)
    for language in ("ko", "en"):
        go(page, live, "" if name == "overview" else name, language)
        settle(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") == NARROW["width"]
        assert page.get_by_test_id("stMain").evaluate("node => node.scrollWidth - node.clientWidth") == 0
        assert page.evaluate(CUT) == []
        expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


def test_a_narrow_window_shows_the_labels_of_the_card_without_scrolling(live: Live, page: Page) -> None:
    page.set_viewport_size(NARROW)
    go(page, live, "review")
    shown(page)
    choices = component(page, "desk").locator(".gw-choice")
    for place in range(choices.count()):
        expect(choices.nth(place)).to_be_in_viewport(ratio=1)
    page.set_viewport_size(VIEWPORT)
