"""What the reader chose for every page, the language and the theme: their switches, and the addresses that keep them.

A choice holds for the session; `core.ui.identity` has the browser remember it; `assets/shell/shell.js` applies the
theme.
"""

from typing import cast

import streamlit as st

from core.ui.i18n import LANGUAGES, N_, _, language
from core.web.shell.choices import CHOICES, LANGUAGE, THEME

THEMES = {"system": N_("Auto"), "light": N_("Light"), "dark": N_("Dark")}
SWITCHED = "choices_switched"  # the parameters that a person chose here; what only an address names is not remembered


def theme() -> str:
    """Return the theme of this session: the last choice, by the switch or by `?theme=`; else the remembered one; else
    "system", that of the machine.
    """
    values = (st.session_state.get("theme"), st.query_params.get("theme"), st.context.cookies.get(THEME.cookie))
    chosen = next((value for value in values if value in THEME.values), THEME.default)
    st.session_state["theme"] = chosen
    return cast(str, chosen)


def _chosen() -> dict[str, str]:
    return {LANGUAGE.parameter: language(), THEME.parameter: theme()}


def kept() -> dict[str, str]:
    """Return the parameters that an address needs, so that it opens in the language and the theme of this session."""
    values, cookies = _chosen(), st.context.cookies
    return {
        choice.parameter: values[choice.parameter]
        for choice in CHOICES
        if values[choice.parameter] != choice.default or cookies.get(choice.cookie, choice.default) != choice.default
    }


def new() -> dict[str, str]:
    """Return what a person chose in this session and the browser does not remember yet."""
    values, cookies, switched = _chosen(), st.context.cookies, st.session_state.get(SWITCHED, ())
    return {
        choice.parameter: values[choice.parameter]
        for choice in CHOICES
        if choice.parameter in switched and values[choice.parameter] != cookies.get(choice.cookie)
    }


def switches() -> None:
    """Show the switches of language and theme."""
    # Not persist_state: if nobody pressed a switch, the next page would read None.
    st.session_state["lang"], st.session_state["theme_switch"] = language(), theme()
    st.segmented_control(
        "언어 · Language", list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="lang", required=True,
        on_change=lambda: _store(LANGUAGE.parameter, "language", "lang"),
    )  # fmt: skip
    st.segmented_control(
        _("Theme"), list(THEMES), format_func=lambda name: _(THEMES[name]), key="theme_switch", required=True,
        on_change=lambda: _store(THEME.parameter, "theme", "theme_switch"),
    )  # fmt: skip


def _store(parameter: str, name: str, switch: str) -> None:
    state = st.session_state
    state[SWITCHED] = {*state.get(SWITCHED, ()), parameter}
    state[name] = st.query_params[parameter] = state[switch]
