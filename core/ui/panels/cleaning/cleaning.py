"""Cleaning on the screen: the editor of the plan, samples with diffs, suggestions of a run.

Texts are hostile: a diff is escaped before it becomes Markdown. New words are green with a +, removed words are red
with a −, so that colours are not needed to read it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import streamlit as st

from core.cleaning import SPACERS, SPELLERS, STEP_KINDS, Plan, Step, diff
from core.cleaning.personal_data.pii import PERSONAL_KINDS as PERSONAL
from core.cleaning.spelling.spelling import DETECTORS
from core.errors import CoreError
from core.records import Proposal, Utterance
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.cleaning import glance
from core.ui.widgets import drafts, forms
from core.workflows.cleaning import decisions
from core.workflows.cleaning import plan as clean_plan
from core.workflows.cleaning.run import SampleChange

ROWS = "clean_rows"
VERSION = "clean_version"  # of the plan that the editor began with
DRAFT, DRAFT_TRY = "plan", "plan-try"
TITLES = {
    "unicode": N_("Unicode and control characters"),
    "tags": N_("Transcriber's tags"),
    "repeats": N_("Laughter and lengthened syllables"),
    "stop": N_("Stop expressions"),
    "pii": N_("Personal data"),
    "spacing": N_("Spacing between words"),
    "spelling": N_("Spelling"),
    "same-text": N_("Same text again"),
    "same-letters": N_("Same letters, written another way"),
    "near-text": N_("Nearly the same text"),
    "label-conflict": N_("Same text, different labels"),
}
SETTINGS = {
    "keep": N_("Letters that stay"),
    "expressions": N_("Regular expressions, one a line"),
    "kinds": N_("What is masked"),
    "backend": N_("Backend"),
    "words": N_("Words that stay whole, one a line"),
    "detector": N_("Finds misspelt words"),
}
CHOICES = {
    ("spacing", "backend"): tuple(SPACERS),
    ("spelling", "backend"): tuple(SPELLERS),
    ("spelling", "detector"): DETECTORS,
}


def diff_markdown(before: str, after: str | None) -> str:
    """Return the diff of two texts as Markdown; `after` None means that the whole text is removed.

    >>> diff_markdown("불이 낫어요", "불이 났어요")
    '불이 :red-background[− 낫어요] :green-background[\\\\+ 났어요]'
    """
    if after is None:
        return f":red-background[− {forms.plain(before)}]"
    shapes = {"same": "{}", "del": ":red-background[− {}]", "ins": ":green-background[\\+ {}]"}
    return " ".join(shapes[what].format(forms.plain(words)) for what, words in diff(before, after))


def diff_text(before: str, after: str) -> str:
    """Return the changed words as plain text, without the words that stay.

    >>> diff_text("불이 낫어요", "불이 났어요")
    '− 낫어요  + 났어요'
    """
    signs = {"del": "−", "ins": "+"}
    return "  ".join(f"{signs[what]} {words}" for what, words in diff(before, after) if what != "same")


def title(step: str) -> str:
    return _(TITLES[step]) if step in TITLES else step


# -- the plan


def rows() -> list[dict[str, Any]]:
    """Return the steps in the editor, switched-off ones last. Unsaved changes stay in this browser session."""
    if ROWS not in st.session_state:
        plan = clean_plan.load(workspace())
        off = clean_plan.switched_off(workspace())
        st.session_state[ROWS] = [*_editor_rows(plan.steps, True), *_editor_rows(off, False)]
        st.session_state[VERSION] = crc32(repr(st.session_state[ROWS]).encode())
        st.session_state["clean_turn"] = st.session_state.get("clean_turn", 0) + 1
    steps: list[dict[str, Any]] = st.session_state[ROWS]
    return steps


def edited_plan() -> Plan:
    """Return the plan in the editor. `BadRecord` names the place of the first wrong step."""
    return clean_plan.checked([_step_settings(row) for row in rows() if row["on"]], _plan_name())


def editor() -> None:
    """Show the steps with their order, switches and settings. Saving a wrong plan shows the error."""
    steps = rows()
    turn = st.session_state["clean_turn"]  # a plan that was read again needs new widgets
    for place, row in enumerate(steps):
        with st.container(border=True):
            _step_row(steps, place, row, f"{row['name']}-{turn}")
    lists = {
        f"{row['name']}-{name}": f"{name}-{row['name']}-{turn}"
        for row in steps for name, value in row["settings"].items()
        if isinstance(value, list) and (row["name"], name) != ("pii", "kinds")
    }  # fmt: skip
    drafts.keep(DRAFT, st.session_state[VERSION], lists)
    save, reset = st.columns(2)
    reset.button(_("Back to the bundled plan"), icon=":material/restart_alt:", key="plan_reset", on_click=_reset,
                 width="stretch")  # fmt: skip
    # No callback: a text typed just before the click reaches the rows only when they are drawn again.
    if save.button(_("Save the plan"), type="primary", icon=":material/save:", key="plan_save", width="stretch"):
        _save()
    if trouble := st.session_state.pop("plan_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if notice := st.session_state.pop("plan_notice", ""):
        st.success(notice, icon=":material/check_circle:")


def _step_row(steps: list[dict[str, Any]], place: int, row: dict[str, Any], key: str) -> None:
    kind = STEP_KINDS[row["name"]]
    on, least, self_apply, up, down = st.columns([4, 2, 2, 1, 1], vertical_alignment="center")
    row["on"] = on.toggle(
        f"{place + 1}. {title(row['name'])}",
        key=_with_default(f"on-{key}", row["on"]),
        help=forms.plain(glance.what(row["name"])),
    )
    row["confidence"] = least.number_input(
        _("Least confidence"), 0.0, 1.0, step=0.05, key=_with_default(f"least-{key}", float(row["confidence"])),
        help=_("What is less sure is not suggested."),
    )  # fmt: skip
    row["self_apply"] = self_apply.checkbox(
        _("applies itself"), key=_with_default(f"self-{key}", row["self_apply"]), disabled=not kind.safe,
        help=_("Only steps that lose nothing may; each change is a Revision and is undone with its run."),
    )  # fmt: skip
    up.button(_("Earlier"), icon=":material/arrow_upward:", key=f"up-{key}", disabled=not place, type="tertiary",
              on_click=_move, args=(steps, place, -1))  # fmt: skip
    down.button(_("Later"), icon=":material/arrow_downward:", key=f"down-{key}", disabled=place == len(steps) - 1,
                type="tertiary", on_click=_move, args=(steps, place, 1))  # fmt: skip
    for name in kind.settings:
        row["settings"][name] = _setting(row["name"], name, row["settings"][name], f"{name}-{key}")


def _with_default(key: str, value: Any) -> str:
    """Return `key`; set its widget to `value` if it has no value yet."""
    st.session_state.setdefault(key, value)
    return key


def _setting(step: str, name: str, value: Any, key: str) -> Any:
    label = _(SETTINGS[name])
    if (step, name) in CHOICES:
        return st.selectbox(label, CHOICES[step, name], key=_with_default(key, value))
    if (step, name) == ("pii", "kinds"):
        return st.multiselect(label, PERSONAL, key=_with_default(key, value), placeholder=_("any"))
    if isinstance(value, list):
        text = st.text_area(label, key=_with_default(key, "\n".join(value)), height=100)
        return [line for line in text.split("\n") if line]
    return st.number_input(label, step=1, key=_with_default(key, value))


def _move(steps: list[dict[str, Any]], place: int, by: int) -> None:
    steps[place], steps[place + by] = steps[place + by], steps[place]


def _save() -> None:
    on, off = ([_step_settings(row) for row in rows() if row["on"] is wanted] for wanted in (True, False))
    try:
        clean_plan.save(workspace(), on, off, _plan_name())
    except CoreError as error:
        st.session_state["plan_trouble"] = explain(error)
    else:
        drafts.done(DRAFT)
        st.session_state[VERSION] = crc32(repr(rows()).encode())
        st.session_state["plan_notice"] = _("The plan is saved.")


def _reset() -> None:
    clean_plan.reset(workspace())
    st.session_state.pop(ROWS, None)
    drafts.done(DRAFT)
    st.session_state["plan_notice"] = _("The bundled plan holds again.")


def _plan_name() -> str:
    name = clean_plan.load(workspace()).name
    return "workspace" if name == "default" else name


def _editor_rows(steps: Sequence[Step], on: bool) -> list[dict[str, Any]]:
    return [
        {"name": step.name, "on": on, "confidence": step.confidence, "self_apply": step.self_apply,
         "settings": {k: list(v) if isinstance(v, (list, tuple)) else v for k, v in step.settings.items()}}
        for step in steps
    ]  # fmt: skip


def _step_settings(row: Mapping[str, Any]) -> dict[str, Any]:
    common = {name: row[name] for name in ("name", "confidence", "self_apply")}
    return {**common, **row["settings"]}


def try_out() -> None:
    """Show a text field; the plan in the editor is tried on its sentence, and nothing is stored."""
    sentence = st.text_input(_("Try the plan on a sentence"), key="plan_try", max_chars=500)
    drafts.keep(DRAFT_TRY, 0, {"text": "plan_try"})
    if not sentence.strip():
        return
    suggestions = clean_plan.try_out(workspace(), edited_plan(), sentence)
    for suggestion in suggestions:
        st.markdown(
            f"**{title(suggestion.step)}** · {suggestion.confidence:.0%} · "
            f"{diff_markdown(suggestion.before, suggestion.after)}"
        )
    if not suggestions:
        st.caption(_("Nothing would change."))


def consent() -> None:
    """Show the checkbox that allows texts to leave the machine, and who ticked it."""
    acceptance = clean_plan.acceptance(workspace())
    st.session_state["clean_remote"] = acceptance is not None
    st.checkbox(
        _("I accept that texts leave this machine for the spelling service of py-hanspell and korector"),
        key="clean_remote", on_change=_consent,
        help=_("Texts with telephone numbers, addresses, names or other personal data found in them are not sent."),
    )  # fmt: skip
    if acceptance is not None:
        st.caption(_("Accepted by {who}, {at}").format(who=forms.plain(acceptance.by), at=forms.minute(acceptance.at)))


def _consent() -> None:
    if st.session_state["clean_remote"]:
        clean_plan.accept(workspace(), curator())
    else:
        clean_plan.withdraw(workspace())


# -- suggestions


def samples(step: str, examples: Sequence[SampleChange]) -> None:
    """Show the first suggestions of a step, each with its diff."""
    for example in examples:
        st.markdown(
            f"{diff_markdown(example.before, example.after)}  \n"
            f":gray[{example.confidence:.0%} · {forms.plain(reason_text(example.reason))}]"
        )


def reason_text(reason: str) -> str:
    """Return the reason of a suggestion in the reader's language."""
    return translation.translate(reason)


def details(proposal: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """Return for the desk: the new text, the text to compare with, a note, the labels."""
    if proposal.kind == decisions.EXCLUDE:
        return (
            target.text,
            target.text,
            _("leave out: {reason}").format(reason=reason_text(proposal.reason)),
            dict(target.labels),
        )
    after = decisions.text_if_accepted(proposal, target.text)
    confidence = "" if proposal.confidence is None else f"{proposal.confidence:.0%}"
    if after is None:
        note = _("the text was changed here since: accepting asks the step again")
        return str(proposal.payload["text"]), target.text, f"{title(proposal.operation)} · {note}", dict(target.labels)
    parts = (title(proposal.operation), reason_text(proposal.reason), confidence, diff_text(target.text, after))
    distinct = dict.fromkeys(part for part in parts if part)  # the reason of some steps is their title
    return after, target.text, " · ".join(distinct), dict(target.labels)
