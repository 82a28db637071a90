"""The frame of a page. `with ui.page("corpus"):` shows title, menu and language; it shows a `CoreError` as a message.

Pages are plain files under pages/; Streamlit's own menu is hidden. Every page enters the frame itself, so a
deep link on a fresh server has the frame too.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import streamlit as st

from core import __version__
from core.errors import CoreError
from core.files import full_disk_named
from core.messages import Message
from core.settings import ASSETS
from core.ui import error_messages, translation
from core.ui.i18n import LANGUAGES, N_, _, language
from core.ui.widgets import forms
from core.workflows.workspace import Workspace, open_workspace

ICON = ASSETS / "icon.png"
SIDEBAR_PX = 230
LEFT_BEHIND = ("predict",)  # pages whose state under "PAGE:..." is dropped when another page is opened
# Streamlit leaves wide margins around a page: tables need that room, above all in a narrow window. What stands
# beside a picture moves below it before it gets too narrow to read. The element with the keyboard focus is outlined.
PAGE_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 3.5rem clamp(1.25rem, 3vw, 3.5rem) 4rem; }
:has(> .st-key-behind) { min-width: 22rem; }
.st-key-tiles > [data-testid="stElementContainer"] { flex: 1 1 10.5rem; min-width: 10.5rem; }
:is(a, button, summary, [role="tab"]):focus-visible,
label:has(:is([role="switch"], [type="checkbox"], [type="radio"]):focus-visible) {
  outline: 2px solid #3974ef; outline-offset: 2px; border-radius: 0.25rem;
}
.gw-phase { margin: 0.6rem 0 -0.4rem; padding: 0; font-size: 0.8rem; font-weight: 600; line-height: 1.4; opacity: 0.8; }
</style>"""


# Texts that Streamlit's own page writes in English, by CSS selector, with the message to show in place of each. Where
# another version of Streamlit has other elements, a selector finds nothing and the English text stays.
_HINT = '[data-testid="InputInstructions"] > span:first-child'
FRONTEND_TEXTS = {
    '[data-testid="stFileUploaderDropzone"] > span button p': N_("Choose files"),
    f':is([data-testid="stTextInput"], [data-testid="stNumberInput"]) {_HINT}': N_("Press Enter to apply"),
    f'[data-testid="stTextArea"] {_HINT}': N_("Press Ctrl+Enter to apply"),
    f'[data-testid="stForm"] :is([data-testid="stTextInput"], [data-testid="stNumberInput"]) {_HINT}': N_(
        "Press Enter to submit"
    ),
}


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page of the menu. `file` is relative to app.py; `title` and `help` are English and translated later."""

    name: str
    file: str
    title: str
    icon: str
    help: str


PAGES = (
    PageInfo(
        "overview",
        "app.py",
        N_("Overview"),
        ":material/dashboard:",
        N_(
            "Gwidama turns recordings and texts of emergencies into a corpus and models that people can trust. "
            "Here is what the workspace holds and what to do next."
        ),
    ),
    PageInfo(
        "import_data",
        "pages/import_data.py",
        N_("Import"),
        ":material/upload_file:",
        N_("Bring a table of texts in: see how it is read, say which column is what."),
    ),
    PageInfo(
        "corpus",
        "pages/corpus.py",
        N_("Corpus"),
        ":material/library_music:",
        N_("Find calls and utterances and listen."),
    ),
    PageInfo(
        "quality",
        "pages/quality.py",
        N_("Quality"),
        ":material/fact_check:",
        N_("Find faults before they hurt: repeats, conflicting labels, broken times, odd audio."),
    ),
    PageInfo(
        "clean",
        "pages/clean.py",
        N_("Clean"),
        ":material/cleaning_services:",
        N_("Let a plan suggest cleaner texts, and accept them one by one or a step at a time."),
    ),
    PageInfo(
        "review",
        "pages/review.py",
        N_("Review"),
        ":material/hearing:",
        N_("Hear, mend and label one utterance at a time."),
    ),
    PageInfo(
        "adjudicate",
        "pages/adjudicate.py",
        N_("Settle"),
        ":material/gavel:",
        N_("See what curators disagree about, every opinion side by side, and settle it by one key."),
    ),
    PageInfo(
        "agreement",
        "pages/agreement.py",
        N_("Agreement"),
        ":material/handshake:",
        N_("How far curators agree, where they do not, and whether it changes."),
    ),
    PageInfo(
        "progress",
        "pages/progress.py",
        N_("Progress"),
        ":material/trending_down:",
        N_("Who did how much and how fast, and when the work will be done."),
    ),
    PageInfo(
        "augment",
        "pages/augment.py",
        N_("Augment"),
        ":material/content_copy:",
        N_("Make variants that keep their label, and accept them by key or many at once."),
    ),
    PageInfo(
        "pseudo_label",
        "pages/pseudo_label.py",
        N_("Pseudo-label"),
        ":material/auto_awesome:",
        N_("Let a model label what it is sure of, and check it."),
    ),
    PageInfo(
        "train",
        "pages/train.py",
        N_("Train"),
        ":material/model_training:",
        N_("Freeze a snapshot, train a recipe, watch it."),
    ),
    PageInfo(
        "evaluate",
        "pages/evaluate.py",
        N_("Evaluate"),
        ":material/analytics:",
        N_("Scores with intervals, and the utterances behind every mistake."),
    ),
    PageInfo(
        "predict",
        "pages/predict.py",
        N_("Live prediction"),
        ":material/graphic_eq:",
        N_("Drop a recording, speak or type: what was said, how dangerous it is, and how far to trust that."),
    ),
    PageInfo(
        "schemes",
        "pages/schemes.py",
        N_("Schemes"),
        ":material/label:",
        N_("The closed lists of classes: add one, let it grow, settle what data brought."),
    ),
)

# The menu: the phases of the work, in their order, with the names of their pages. The overview has no heading.
PHASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("overview",)),
    (N_("Data"), ("import_data", "corpus", "schemes")),
    (N_("Refining"), ("quality", "clean", "augment")),
    (N_("Reviewing"), ("review", "adjudicate", "agreement", "progress")),
    (N_("Training"), ("train", "evaluate", "pseudo_label")),
    (N_("Prediction"), ("predict",)),
)


@contextmanager
def page(name: str) -> Iterator[None]:
    """Frame the body of page `name`. A `CoreError` is shown as a message; any other exception crashes visibly."""
    info = next(p for p in PAGES if p.name == name)
    st.set_page_config(
        page_title=f"{_(info.title)} · 귀담아", page_icon=str(ICON), layout="wide", initial_sidebar_state=SIDEBAR_PX
    )
    st.html(PAGE_STYLE + _frontend_style())
    _sidebar(name)
    _leave_others(name)
    st.title(_(info.title), anchor=False)
    st.caption(_(info.help))
    with guard():
        yield


def _frontend_style() -> str:
    """Return the style that shows the texts of Streamlit's own page in the reader's language; "" for English."""
    if language() == "en":
        return ""
    shown = {selector: json.dumps(_(text), ensure_ascii=False) for selector, text in FRONTEND_TEXTS.items()}
    rules = (
        f"{selector} {{ visibility: hidden; font-size: 0; }}\n"
        f"{selector}::after {{ visibility: visible; font-size: 0.8rem; content: {text}; }}"
        for selector, text in shown.items()
    )
    return "<style>\n" + "\n".join(rules) + "\n</style>"


def _leave_others(name: str) -> None:
    """Drop the large state of another page, such as decoded calls."""
    prefixes = tuple(f"{other}:" for other in LEFT_BEHIND if other != name)
    for key in [key for key in st.session_state if str(key).startswith(prefixes)]:
        del st.session_state[key]


@contextmanager
def guard() -> Iterator[None]:
    """Show a `CoreError` as a message. Fragments need it too: they run again without the page around them."""
    try:
        with full_disk_named(Message("a file")):
            yield
    except CoreError as error:
        _show_error(error)


def _show_error(error: CoreError) -> None:
    """Show the error in the reader's language: its kind, then its own text."""
    more = translation.translate(error.message)
    st.error(
        "  \n".join(filter(None, [error_messages.kind_of_error(error), forms.plain(more)])), icon=":material/error:"
    )


def _sidebar(name: str) -> None:
    with st.sidebar:
        st.markdown("### 귀담아 · Gwidama")
        _menu()
        st.divider()
        # Not persist_state: if nobody pressed the switch, the next page would read None.
        st.session_state["lang"] = language()
        st.segmented_control(
            "언어 · Language", list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="lang", required=True,
            on_change=_store_language,
        )  # fmt: skip
        st.text_input(_("Curator"), key="curator_name", max_chars=40, placeholder=workspace().settings.curator,
                      help=_("Your decisions are kept under this name."), persist_state="session")  # fmt: skip
        st.caption(f"Gwidama {__version__}")


def _menu() -> None:
    """Link every page, grouped under the phases of the work."""
    infos = {info.name: info for info in PAGES}
    for title, names in PHASES:
        if title:
            st.html(f'<h3 class="gw-phase">{escape(_(title))}</h3>')
        for info in map(infos.__getitem__, names):
            st.page_link(info.file, label=_(info.title), icon=info.icon)


def _store_language() -> None:
    st.session_state["language"] = st.query_params["lang"] = st.session_state["lang"]


def curator() -> str:
    """Return the curator's name of this session: the one that was typed, else the one of the settings."""
    return str(st.session_state.get("curator_name") or "").strip() or workspace().settings.curator


def workspace() -> Workspace:
    """Return the workspace of this server."""
    return open_workspace()
