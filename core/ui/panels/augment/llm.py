"""The language model on the Augment page: whether it is on and where texts go, its settings, its prompt, its cost.

Nothing is sent from here: the run does that. A prompt is shown and edited as plain text.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.schemes import SCHEMES
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import drafts, forms
from core.workflows.augment import llm, run
from core.workflows.augment.llm import Estimate, Options, prompts
from core.workflows.augment.plan import AugmentPlan

NOTICE, TURN, SEEN = (f"augment_llm_{name}" for name in ("notice", "turn", "seen"))


def choose(scheme: str) -> Mapping[str, Any]:
    """Show where texts go, the settings, and the prompt of `scheme`; return the options of a plan."""
    state = llm.state(workspace())
    with st.container(border=True):
        _destination(state)
        options = _options(state.has_prices)
        with st.expander(_("Prompt"), icon=":material/edit_note:"):
            _prompt(scheme)
    return options.to_dict()


def _destination(state: llm.State) -> None:
    """Say which service gets texts, or how to turn it on."""
    if not state.is_on:
        st.warning(forms.plain(translation.translate(state.reason)), icon=":material/cloud_off:")
        return
    where = {"model": forms.plain(state.model), "host": forms.plain(state.host)}
    if state.is_here:
        st.info(_("{model} on this machine ({host}) writes the variants.").format(**where), icon=":material/computer:")
    else:
        text = _("{model} at {host} writes the variants: texts leave this machine. Personal data is masked before.")
        st.warning(text.format(**where), icon=":material/cloud_upload:")


def _options(has_prices: bool) -> Options:
    usual = Options()
    first, second, third = st.columns(3)
    temperature = first.slider(
        _("Temperature"), 0.0, 2.0, usual.temperature, 0.1, key="augment_llm_temperature",
        help=_("Higher: more different sentences, and more that the guards refuse."),
    )  # fmt: skip
    examples = second.number_input(
        _("Examples of the class"), 0, 20, usual.examples, key="augment_llm_examples",
        help=_("Sentences of the training side that the prompt shows."),
    )  # fmt: skip
    per_minute = third.number_input(
        _("Requests a minute (0: no limit)"), 0, 10_000, int(usual.per_minute), key="augment_llm_rate"
    )
    tokens = first.number_input(
        _("Tokens at most (0: no limit)"), 0, 10**9, usual.most_tokens, 100_000, key="augment_llm_tokens",
        help=_("A run that reaches it asks no more and keeps what it has."),
    )  # fmt: skip
    cost = second.number_input(
        _("Cost at most (0: no limit)"), 0.0, 1e6, workspace().settings.llm_cap, 0.5, key="augment_llm_cost",
        disabled=not has_prices, help=_("In the currency of GWIDAMA_LLM_PRICES, which must be set."),
    )  # fmt: skip
    return Options(
        temperature=float(temperature), examples=int(examples), per_minute=float(per_minute), most_tokens=int(tokens),
        most_cost=float(cost) if has_prices else None,
    )  # fmt: skip


def _prompt(scheme: str) -> None:
    """Show the prompt of a scheme with buttons that save it, or take the program's again."""
    used = prompts.current(workspace(), scheme)
    key = f"{scheme}-{used.sha256[:12]}-{st.session_state.get(TURN, 0)}"
    st.caption(
        _("Fields: {fields}").format(fields=forms.plain(" ".join(prompts.FIELDS)))
        + " · "
        + (_("own prompt of this workspace") if used.is_own else _("prompt of the program"))
    )
    keys = {"system": f"system-{key}", "user": f"user-{key}"}
    st.session_state.setdefault(keys["system"], used.prompt.system)  # no default values: a draft may take their place
    st.session_state.setdefault(keys["user"], used.prompt.user)
    system = st.text_area(_("Rule for every request"), key=keys["system"], height=120)
    user = st.text_area(_("Request for one text"), key=keys["user"], height=320)
    meanings = {}
    for code in SCHEMES[scheme].codes:
        box = keys[f"meaning-{code}"] = f"meaning-{code}-{key}"
        st.session_state.setdefault(box, used.prompt.meanings.get(code, ""))
        title = _("Meaning of {label}").format(label=forms.plain(forms.code_title(scheme, code)))
        meanings[code] = st.text_input(title, key=box)
    drafts.keep(_draft(scheme), used.sha256, keys)
    left, right = st.columns(2)
    if left.button(_("Save the prompt"), type="primary", icon=":material/save:", key="llm_save", width="stretch"):
        _save(scheme, system, user, meanings, used.sha256)
    if right.button(
        _("Back to the bundled prompt"), icon=":material/restart_alt:", key="llm_reset", width="stretch",
        disabled=not used.is_own,
    ):  # fmt: skip
        prompts.reset(workspace(), scheme)
        drafts.done(_draft(scheme))
        _again(_("The bundled prompt counts again."))
    if notice := st.session_state.pop(NOTICE, ""):
        st.success(notice, icon=":material/check_circle:")


def _save(scheme: str, system: str, user: str, meanings: Mapping[str, str], seen: str) -> None:
    try:
        given = {code: text.strip() for code, text in meanings.items() if text.strip()}
        prompts.save(workspace(), scheme, prompts.prompt(system, user, given), seen)
    except CoreError as error:
        st.error(forms.plain(explain(error)), icon=":material/error:")
    else:
        drafts.done(_draft(scheme))
        _again(_("The prompt is saved."))


def _draft(scheme: str) -> str:
    """Return the name under which the browser keeps the prompt while it is written."""
    return f"prompt-{scheme}"


def _again(notice: str) -> None:
    st.session_state[NOTICE] = notice
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    st.rerun()


def cost(plan: AugmentPlan) -> None:
    """Show a button that says what the language model's part of a run would cost, and what exactly would be sent."""
    if st.button(
        _("Estimate the cost"), icon=":material/calculate:", key="augment_llm_estimate",
        help=_("Nothing is sent for this."),
    ):  # fmt: skip
        with st.spinner(_("Looking …")):
            st.session_state[SEEN] = plan, *run.estimate(workspace(), plan)
    seen = st.session_state.get(SEEN)
    if seen is None or seen[0] != plan:
        return
    _estimate(seen[1])
    if seen[2] is not None:
        with st.expander(_("The first request, exactly as it would be sent")):
            st.code("\n\n".join(seen[2]), language=None, wrap_lines=True)


def _estimate(found: Estimate) -> None:
    first, second, third, fourth = st.columns(4)
    first.metric(_("Requests"), f"{found.requests - found.kept:,}", help=_("Answers that were kept cost nothing."))
    second.metric(_("Kept answers"), f"{found.kept:,}")
    third.metric(
        _("Tokens"), f"{found.tokens:,}", help=_("At most {n}").format(n=f"{found.tokens_at_most:,}")
    )  # fmt: skip
    price = "—" if found.cost is None or found.cost_at_most is None else f"{found.cost:,.4f}"
    help_text = (
        _("Unknown: set GWIDAMA_LLM_PRICES.")
        if found.cost_at_most is None
        else _("At most {n}").format(n=f"{found.cost_at_most:,.4f}")
    )
    fourth.metric(_("Cost"), price, help=help_text)
    if found.masked:
        st.caption(_("Personal data is masked in {n} of these texts.").format(n=f"{found.masked:,}"))
    if not found.fits:
        st.warning(_("The run would reach its limit and leave texts out."), icon=":material/warning:")
