"""Which predictions stay: a mode with its sliders, and beside it at once what that keeps and how right it is."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core.records import RunInfo
from core.schemes import SCHEMES
from core.thresholds import MODES, SEED, ClassLimits, Mode, Thresholds
from core.ui.frame import guard, workspace
from core.ui.i18n import N_, _
from core.ui.panels.pseudo_labels import evidence
from core.ui.panels.pseudo_labels.chosen import Chosen
from core.ui.widgets import forms
from core.workflows.pseudo_labels.view import material, of_material

TITLES: dict[Mode, str] = {
    "fixed": N_("One limit for all classes"),
    "per-class": N_("Own limits for each class"),
    "flexmatch": N_("FlexMatch: lower for classes that are seldom sure"),
    "freematch": N_("FreeMatch: from the predictions alone"),
    "top-k": N_("The k surest of each class"),
    "entropy": N_("Entropy: the least spread over classes"),
}
HELP: dict[Mode, str] = {
    "fixed": N_("Easy classes pass more often than hard ones, so the balance of the classes shifts. Published studies "
                "found fixed limits alone to hurt more often than to help."),
    "per-class": N_("Set a hard class lower and an easy one higher, and watch its precision in the table."),
    "flexmatch": N_("A class of which few predictions reach the base gets a lower limit, so that hard classes are not "
                    "lost. See the limits of each class in the table."),
    "freematch": N_("The limit is the mean confidence of all predictions, lower for classes that are seldom predicted. "
                    "There is nothing to set."),
    "top-k": N_("As many of each class as you say, however sure they are: the classes stay balanced, but a rare class "
                "may bring unsure labels."),
    "entropy": N_("0 means that one class has the whole probability, 1 that all classes are equally likely."),
}  # fmt: skip
AT_ONCE = 8  # classes with sliders of their own; more are chosen from a list


def current(run: RunInfo, target: str) -> Thresholds:
    """Return the thresholds that a person set last for a Target of a run; the seed's at first."""
    stored = st.session_state.get(_key(run.id, target))
    return stored if isinstance(stored, Thresholds) else SEED


@st.fragment  # a slider draws only this panel again
def show(chosen: Chosen) -> None:
    """Show the mode, its sliders, and what they keep. The page reads the result by `current`."""
    with guard():
        given = material(workspace(), chosen.run.id, chosen.target)
        if not len(given.scores):
            st.info(_("This run has predicted nothing that people have not labelled. Start with “Predict”."))
            evidence.say_changed(given.changed)
            return
        left, right = st.columns([2, 3], gap="large")
        with left:
            thresholds = _controls(chosen)
        st.session_state[_key(chosen.run.id, chosen.target)] = thresholds
        seen = of_material(given, thresholds)
        with right:
            evidence.headline(seen)
        evidence.pictures(chosen.target, seen)


def _controls(chosen: Chosen) -> Thresholds:
    """Draw the widgets of the mode and return what they say."""
    key, before = _key(chosen.run.id, chosen.target), current(chosen.run, chosen.target)
    mode = _kept_choice(f"{key}:mode", before.mode)
    if mode != before.mode:
        before = replace(before, mode=mode)
    st.caption(_(HELP[mode]))
    made = _SLIDERS[mode](key, before, chosen.target)
    if made.mode in ("fixed", "per-class") and made != SEED:
        st.button(
            _("Back to 75% and 20%"), icon=":material/restart_alt:", on_click=_reset, args=(key,), type="tertiary"
        )
    return made


def _kept_choice(key: str, mode: Mode) -> Mode:
    st.session_state.setdefault(key, mode)
    chosen: Mode = st.selectbox(_("Method"), MODES, format_func=lambda name: _(TITLES[name]), key=key)
    return chosen


def _fixed(key: str, before: Thresholds, target: str) -> Thresholds:
    return Thresholds("fixed", *_pair(key, before.confidence, before.margin), per_class=before.per_class)


def _pair(key: str, confidence: float, margin: float) -> tuple[float, float]:
    """Draw the two sliders of a limit and return their values."""
    return (
        _slider(_("Least confidence"), f"{key}:confidence", confidence, _("Calibrated probability of the best class.")),
        _slider(_("Least margin"), f"{key}:margin", margin, _("Distance to the second best class.")),
    )


def _slider(label: str, key: str, value: float, help_text: str | None = None, form: str = "percent") -> float:
    st.session_state.setdefault(key, value)
    return float(st.slider(label, 0.0, 1.0, step=0.01, key=key, help=help_text, format=form))


def _per_class(key: str, before: Thresholds, target: str) -> Thresholds:
    known = {limits.code: limits for limits in before.per_class}
    codes = SCHEMES[target].codes
    confidence, margin, shown = before.confidence, before.margin, list(codes)
    if len(codes) > AT_ONCE:
        confidence, margin = _pair(key, confidence, margin)
        shown = st.multiselect(_("Classes with own limits"), codes, default=list(known), key=f"{key}:own",
                               format_func=lambda code: forms.code_title(target, code))  # fmt: skip
    made = []
    for code in shown:
        own = known.get(code, ClassLimits(code, confidence, margin))
        title = forms.plain(forms.code_title(target, code))
        left, right = st.columns(2)
        with left:
            least = _slider(_("{name}: confidence").format(name=title), f"{key}:{code}:confidence", own.confidence)
        with right:
            clear = _slider(_("{name}: margin").format(name=title), f"{key}:{code}:margin", own.margin)
        made.append(ClassLimits(code, least, clear))
    return Thresholds("per-class", confidence, margin, tuple(made))


def _flexmatch(key: str, before: Thresholds, target: str) -> Thresholds:
    base = _slider(_("Base of the limits"), f"{key}:base", before.confidence,
                   _("The limit of the class of which most predictions are sure."))  # fmt: skip
    return Thresholds("flexmatch", base, before.margin, before.per_class)


def _freematch(key: str, before: Thresholds, target: str) -> Thresholds:
    return Thresholds("freematch", before.confidence, before.margin, before.per_class)


def _top_k(key: str, before: Thresholds, target: str) -> Thresholds:
    st.session_state.setdefault(f"{key}:k", before.k)
    k = st.number_input(_("Predictions of each class"), 1, 10_000_000, step=100, key=f"{key}:k")
    return Thresholds("top-k", before.confidence, before.margin, before.per_class, int(k))


def _entropy(key: str, before: Thresholds, target: str) -> Thresholds:
    most = _slider(_("Largest entropy"), f"{key}:entropy", before.entropy, form="%.2f")
    return Thresholds("entropy", before.confidence, before.margin, before.per_class, before.k, most)


_SLIDERS: dict[Mode, Callable[[str, Thresholds, str], Thresholds]] = {
    "fixed": _fixed,
    "per-class": _per_class,
    "flexmatch": _flexmatch,
    "freematch": _freematch,
    "top-k": _top_k,
    "entropy": _entropy,
}


def _reset(key: str) -> None:
    """Forget what was set, so that the widgets start with the seed's thresholds again."""
    for name in [name for name in st.session_state if str(name).startswith(f"{key}:") and name != f"{key}:mode"]:
        del st.session_state[name]
    st.session_state[key] = Thresholds(st.session_state.get(f"{key}:mode", "fixed"))


def _key(run_id: str, target: str) -> str:
    return f"pseudo-thresholds:{run_id}:{target}"
