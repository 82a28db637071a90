"""Actions on many utterances: label, tag or queue them, after one question that says the number.

The Corpus page and the map show the same inputs. The question is about what was chosen: the action, its values and its
utterances. An action never changes anything else: if a choice arrives together with the answer, or if the number of
matches is another one by then, nothing is done and the page says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.errors import CoreError
from core.filters import Filter
from core.records import BulkAction
from core.schemes import JOIN, SCHEMES
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.widgets import asking, forms
from core.workflows.corpus import bulk
from core.workflows.review.queues import TAG

ACTIONS = {
    "label": N_("Set a label"),
    "tag": N_("Add a tag"),
    "untag": N_("Remove a tag"),
    "review": N_("Queue for review"),
}
TROUBLE, DONE = "bulk_trouble", "bulk_done"
Which = Filter | Sequence[int]


@dataclass(frozen=True, slots=True)
class Action:
    """An action that is chosen: `text` says what it does, `values` what was chosen for it."""

    text: str
    values: tuple[str, ...]
    run: partial[BulkAction]


def panel(
    which: Which, n: int, prefix: str, kinds: Sequence[str] = tuple(ACTIONS), *, scheme: str = "",
    screen: Callable[[], object] = lambda: None,
) -> None:  # fmt: skip
    """Show the choices of an action on the `n` utterances of `which`, and the button that asks and does it.

    `prefix` begins the keys of the widgets; `scheme` is the one that is chosen at first. `screen` reads what else on
    the page decides what the action does.
    """
    kind = st.selectbox(_("Do"), list(kinds), format_func=lambda name: _(ACTIONS[name]), key=f"{prefix}_do")
    action, keys = _chosen(kind, which, n, prefix, scheme)
    keys = (f"{prefix}_do", *keys)
    act = partial(_act, action.run, n, keys, screen, _state(keys, screen)) if action else None
    asking.twice(
        _("Go on") if n > 1 else _("Do it: {n}").format(n=f"{n:,}"), action.text if action else "",
        _("Yes, change {n}").format(n=f"{n:,}"), key=prefix, on_yes=act, needed=n > 1,
        what=(action and action.values, n, which if isinstance(which, Filter) else tuple(which)),
    )  # fmt: skip


def _state(keys: Sequence[str], screen: Callable[[], object]) -> list[object]:
    """Return everything that decides what the button does now."""
    values = (st.session_state.get(key) for key in keys)
    return [screen(), *(list(value) if isinstance(value, list) else value for value in values)]


def _chosen(kind: str, which: Which, n: int, prefix: str, scheme: str) -> tuple[Action | None, tuple[str, ...]]:
    """Show the inputs of an action; return it (None if a choice is missing), and the keys of the inputs."""
    if kind == "label":
        return _labelling(which, n, prefix, scheme)
    if kind == "review":
        text = _("Queue for review: utterances {n}").format(n=f"{n:,}")
        return Action(text, (kind,), partial(bulk.tag, workspace(), which, TAG)), ()
    return _tagging(kind, which, n, prefix)


def _labelling(which: Which, n: int, prefix: str, scheme: str) -> tuple[Action | None, tuple[str, ...]]:
    name = _scheme(prefix, scheme)
    code, keys = _code(name, prefix), (f"{prefix}_scheme", f"{prefix}_of_{name}")
    if not code:
        return None, keys
    title = f"{forms.scheme_title(name)} = {forms.code_title(name, code)}"
    text = _("Set {label}: utterances {n}").format(label=title, n=f"{n:,}")
    return Action(text, ("label", name, code), partial(bulk.label, workspace(), which, name, code)), keys


def _tagging(kind: str, which: Which, n: int, prefix: str) -> tuple[Action | None, tuple[str, ...]]:
    remove, known = kind == "untag", bulk.tags(workspace())
    key, hint = f"{prefix}_tag_{remove}", _("Choose a tag") if known else _("No tags yet")
    tag = st.selectbox(
        _("Tag"), known, index=None, accept_new_options=not remove, key=key,
        placeholder=hint if remove else _("Choose a tag or type a new one"),
    )  # fmt: skip
    if not tag:
        return None, (key,)
    form = N_("Remove the tag {tag}: utterances {n}") if remove else N_("Add the tag {tag}: utterances {n}")
    text = _(form).format(tag=tag, n=f"{n:,}")
    return Action(text, (kind, tag), partial(bulk.tag, workspace(), which, tag, remove=remove)), (key,)


def _scheme(prefix: str, first: str) -> str:
    names = list(SCHEMES)
    start = names.index(first) if first in names else 0
    return st.selectbox(_("Scheme"), names, index=start, format_func=forms.scheme_title, key=f"{prefix}_scheme")


def _code(name: str, prefix: str) -> str:
    """Show the choice of a class, or of classes of a multi scheme; return its code, "" without a choice."""
    codes, titled, key = SCHEMES[name].codes, partial(forms.code_title, name), f"{prefix}_of_{name}"
    if SCHEMES[name].kind == "multi":
        return JOIN.join(st.multiselect(_("Classes"), codes, format_func=titled, key=key))
    return st.selectbox(_("Class"), codes, index=None, format_func=titled, key=key) or ""


def _act(
    run: Callable[..., BulkAction], n: int, keys: Sequence[str], screen: Callable[[], object], drawn_state: list[object]
) -> None:
    if _state(keys, screen) != drawn_state:
        st.session_state[TROUBLE] = _(
            "Something changed just before the click; nothing was done. Look, and press again."
        )
        return
    try:
        result = run(curator=curator(), expected=n)
    except CoreError as error:
        st.session_state[TROUBLE] = explain(error)
    else:
        st.session_state[DONE] = summary(result)


def summary(action: BulkAction) -> str:
    """Return what an action did, with the number of those that it left as they were, by reason."""
    what = action.what
    same_call, out = what.get("same_call", 0), what.get("out", 0)
    numbers = (
        (N_("So already: {n}."), what["already"] - same_call),
        (N_("Of a call that is changed already: {n}."), same_call),
        (N_("No longer in the corpus: {n}."), out),
        (N_("Without a call: {n}."), what["unfit"] - out),
    )
    told = [_(text).format(n=f"{n:,}") for text, n in numbers if n]
    return " ".join([_("Changed: {n}.").format(n=f"{action.count:,}"), *told])
