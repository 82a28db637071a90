"""The frame of a page. `with ui.page("corpus"):` shows title, menu and language; it shows a `CoreError` as a message.

Pages are plain files under pages/; Streamlit's own menu is hidden. Every page enters the frame itself, so a
deep link on a fresh server has the frame too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import streamlit as st

from core import __version__
from core.errors import CoreError, InputError
from core.files import full_disk_named
from core.messages import Message
from core.settings import ASSETS
from core.ui import choices, error_messages, identity, streamlit_words, translation
from core.ui.i18n import N_, _, language
from core.ui.page_style import PAGE_STYLE
from core.ui.widgets import drafts, forms, plain_data
from core.workflows.workspace import Workspace, open_workspace

plain_data.install()

ICON = ASSETS / "icon.png"
SIDEBAR_PX = 230
DECIDING = ("review", "adjudicate", "clean", "quality", "augment", "pseudo_label")  # nobody decides without a name
NAMELESS, ASKING = "nameless", "asking_for_name"
LEFT_BEHIND = ("predict",)  # pages whose state under "PAGE:..." is dropped when another page is opened


class NameNeeded(InputError):
    """A decision without a curator's name."""


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
        N_("Bring calls, recordings, tables and folders in: see what they are, then import them."),
    ),
    PageInfo(
        "corpus",
        "pages/corpus.py",
        N_("Corpus"),
        ":material/library_music:",
        N_("Find calls and utterances and listen."),
    ),
    PageInfo(
        "map",
        "pages/map.py",
        N_("Map"),
        ":material/scatter_plot:",
        N_("See the corpus as points: similar texts lie together. Pick a point or select many, and act on them."),
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
    (N_("Data"), ("import_data", "corpus", "map", "schemes")),
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
    st.html(PAGE_STYLE + _shell(name))
    _sidebar(name)
    _leave_others(name)
    st.title(_(info.title), anchor=False)
    st.caption(_(info.help))
    _ask_for_name(name)
    with guard():
        yield


def _ask_for_name(page_name: str) -> None:
    """Ask for the curator's name: on a page of decisions at once and instead of it, elsewhere after the first try."""
    st.session_state[ASKING] = identity.curator() is None and (page_name in DECIDING or NAMELESS in st.session_state)
    if identity.curator() is not None:
        st.session_state.pop(NAMELESS, None)
    elif page_name in DECIDING:
        identity.ask()
        st.stop()
    elif NAMELESS in st.session_state:
        identity.ask()


def _shell(page_name: str) -> str:
    """Return what tells `assets/shell/shell.js` the language, the theme, Streamlit's words and the way to Review."""
    left = {
        "language": language(),
        "theme": choices.theme(),
        "words": streamlit_words.dictionary(language()),
        "review": _("Go to the card") if page_name == "review" else _("Go to Review"),
        "address": f"/review?{urlencode(choices.kept())}".rstrip("?"),
    }
    data = " ".join(f'data-{name}="{escape(text, quote=True)}"' for name, text in left.items())
    return f'<div class="gw-shell" hidden {data}></div>'


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
        if isinstance(error, NameNeeded) and not st.session_state.get(ASKING):
            st.rerun()  # the next run asks for the name
        _show_error(error)


def _show_error(error: CoreError) -> None:
    """Show the error in the reader's language: its kind, then its own text."""
    more = translation.translate(error.message)
    st.error(
        "  \n".join(filter(None, [error_messages.kind_of_error(error), forms.plain(more)])), icon=":material/error:"
    )


def _sidebar(name: str) -> None:
    with st.sidebar:
        st.html('<p class="gw-brand">귀담아 · Gwidama</p>')
        _menu()
        st.divider()
        choices.switches()
        identity.box()
        identity.remember()
        drafts.flush()
        st.caption(f"Gwidama {__version__}")


def _menu() -> None:
    """Link every page, grouped under the phases of the work."""
    infos = {info.name: info for info in PAGES}
    query = choices.kept()
    for title, names in PHASES:
        if title:
            st.html(f'<p class="gw-phase">{escape(_(title))}</p>')
        for info in map(infos.__getitem__, names):
            st.page_link(info.file, label=_(info.title), icon=info.icon, query_params=query)


def curator() -> str:
    """Return the name of the person at work. `InputError` if nobody said one yet; the next run asks for it."""
    name = identity.curator()
    if name is None:
        st.session_state[NAMELESS] = True
        raise NameNeeded("your name is needed first: write it at the top of the page")
    return name


def workspace() -> Workspace:
    """Return the workspace of this server."""
    return open_workspace()
