"""Cleaning on the screen: the plan's editor, samples with their diffs, what a run suggested.

Texts are hostile: a diff is escaped before it becomes Markdown. What is new is green and has a +, what is gone red and
a −, so that it reads without colours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.cleaning import KINDS, SPACERS, SPELLERS, Plan, Step, diff
from core.cleaning.personal_data.pii import KINDS as PERSONAL
from core.cleaning.spelling.spelling import DETECTORS
from core.errors import CoreError
from core.records import Proposal, Utterance
from core.ui import phrases
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.troubles import explain
from core.ui.widgets import forms
from core.workflows.cleaning import decisions
from core.workflows.cleaning import plan as clean_plan
from core.workflows.cleaning.run import Sample

ROWS = "clean_rows"
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


def marked(before: str, after: str | None) -> str:
    """Markdown of the words that change.

    >>> marked("불이 낫어요", "불이 났어요")
    '불이 :red-background[− 낫어요] :green-background[\\\\+ 났어요]'
    """
    if after is None:
        return f":red-background[− {forms.plain(before)}]"
    shapes = {"same": "{}", "del": ":red-background[− {}]", "ins": ":green-background[\\+ {}]"}
    return " ".join(shapes[what].format(forms.plain(words)) for what, words in diff(before, after))


def told(before: str, after: str) -> str:
    """The same without the words that stay, as plain text.

    >>> told("불이 낫어요", "불이 났어요")
    '− 낫어요  + 났어요'
    """
    signs = {"del": "−", "ins": "+"}
    return "  ".join(f"{signs[what]} {words}" for what, words in diff(before, after) if what != "same")


def title(step: str) -> str:
    return _(TITLES[step]) if step in TITLES else step


# -- the plan


def rows() -> list[dict[str, Any]]:
    """The steps as they stand in the editor, those that are off at the end; kept for the session until saved."""
    if ROWS not in st.session_state:
        plan = clean_plan.load(workspace())
        off = clean_plan.switched_off(workspace())
        st.session_state[ROWS] = [*_rows(plan.steps, True), *_rows(off, False)]
        st.session_state["clean_turn"] = st.session_state.get("clean_turn", 0) + 1
    kept: list[dict[str, Any]] = st.session_state[ROWS]
    return kept


def drafted() -> Plan:
    """The plan of the editor; `BadRecord` where a step is wrong, named by its place."""
    return clean_plan.checked([_step(row) for row in rows() if row["on"]], _name())


def editor() -> None:
    """Order, switches and settings of the steps; saving says what is wrong."""
    found = rows()
    turn = st.session_state["clean_turn"]  # another plan was read: its widgets are new
    for place, row in enumerate(found):
        with st.container(border=True):
            _row(found, place, row, f"{row['name']}-{turn}")
    save, reset = st.columns(2)
    reset.button(_("Back to the bundled plan"), icon=":material/restart_alt:", key="plan_reset", on_click=_reset,
                 width="stretch")  # fmt: skip
    # No callback: what was typed just before the click is in the rows only once they are drawn.
    if save.button(_("Save the plan"), type="primary", icon=":material/save:", key="plan_save", width="stretch"):
        _save()
    if trouble := st.session_state.pop("plan_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if notice := st.session_state.pop("plan_notice", ""):
        st.success(notice, icon=":material/check_circle:")


def _row(found: list[dict[str, Any]], place: int, row: dict[str, Any], key: str) -> None:
    kind = KINDS[row["name"]]
    on, sure, itself, up, down = st.columns([4, 2, 2, 0.6, 0.6], vertical_alignment="center")
    row["on"] = on.toggle(
        f"{place + 1}. {title(row['name'])}", key=_kept(f"on-{key}", row["on"]), help=forms.plain(kind.about)
    )
    row["confidence"] = sure.number_input(
        _("Least confidence"), 0.0, 1.0, step=0.05, key=_kept(f"least-{key}", float(row["confidence"])),
        help=_("What is less sure is not suggested."),
    )  # fmt: skip
    row["self_apply"] = itself.checkbox(
        _("applies itself"), key=_kept(f"self-{key}", row["self_apply"]), disabled=not kind.safe,
        help=_("Only steps that lose nothing may; each change is a Revision and is undone with its run."),
    )  # fmt: skip
    up.button("", icon=":material/arrow_upward:", key=f"up-{key}", disabled=not place, help=_("Earlier"),
              on_click=_move, args=(found, place, -1))  # fmt: skip
    down.button("", icon=":material/arrow_downward:", key=f"down-{key}", disabled=place == len(found) - 1,
                help=_("Later"), on_click=_move, args=(found, place, 1))  # fmt: skip
    for name in kind.settings:
        row["settings"][name] = _setting(row["name"], name, row["settings"][name], f"{name}-{key}")


def _kept(key: str, value: Any) -> str:
    """`key`, its widget set to `value` where it has none yet."""
    st.session_state.setdefault(key, value)
    return key


def _setting(step: str, name: str, value: Any, key: str) -> Any:
    label = _(SETTINGS[name])
    if (step, name) in CHOICES:
        return st.selectbox(label, CHOICES[step, name], key=_kept(key, value))
    if (step, name) == ("pii", "kinds"):
        return st.multiselect(label, PERSONAL, key=_kept(key, value), placeholder=_("any"))
    if isinstance(value, list):
        text = st.text_area(label, key=_kept(key, "\n".join(value)), height=100)
        return [line for line in text.split("\n") if line]
    return st.number_input(label, step=1, key=_kept(key, value))


def _move(found: list[dict[str, Any]], place: int, by: int) -> None:
    found[place], found[place + by] = found[place + by], found[place]


def _save() -> None:
    on, off = ([_step(row) for row in rows() if row["on"] is wanted] for wanted in (True, False))
    try:
        clean_plan.save(workspace(), on, off, _name())
    except CoreError as error:
        st.session_state["plan_trouble"] = explain(error)
    else:
        st.session_state["plan_notice"] = _("The plan is saved.")


def _reset() -> None:
    clean_plan.reset(workspace())
    st.session_state.pop(ROWS, None)
    st.session_state["plan_notice"] = _("The bundled plan holds again.")


def _name() -> str:
    name = clean_plan.load(workspace()).name
    return "workspace" if name == "default" else name


def _rows(steps: Sequence[Step], on: bool) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "on": on, "confidence": one.confidence, "self_apply": one.self_apply,
         "settings": {k: list(v) if isinstance(v, (list, tuple)) else v for k, v in one.settings.items()}}
        for one in steps
    ]  # fmt: skip


def _step(row: Mapping[str, Any]) -> dict[str, Any]:
    common = {name: row[name] for name in ("name", "confidence", "self_apply")}
    return {**common, **row["settings"]}


def try_out() -> None:
    """A sentence typed here goes through the plan as it stands in the editor."""
    sentence = st.text_input(_("Try the plan on a sentence"), key="plan_try", max_chars=500)
    if not sentence.strip():
        return
    found = clean_plan.try_out(workspace(), drafted(), sentence)
    for one in found:
        st.markdown(f"**{title(one.step)}** · {one.confidence:.2f} · {marked(one.before, one.after)}")
    if not found:
        st.caption(_("Nothing would change."))


def consent() -> None:
    """The box that lets texts leave the machine, and who ticked it."""
    given = clean_plan.acceptance(workspace())
    st.session_state["clean_remote"] = given is not None
    st.checkbox(
        _("I accept that texts leave this machine for the spelling service of py-hanspell"), key="clean_remote",
        on_change=_consent,
        help=_("Texts with telephone numbers, addresses, names or other personal data found in them are not sent."),
    )  # fmt: skip
    if given is not None:
        st.caption(
            _("Accepted by {who}, {at} UTC").format(who=forms.plain(given.by), at=given.at[:16].replace("T", " "))
        )


def _consent() -> None:
    if st.session_state["clean_remote"]:
        clean_plan.accept(workspace(), curator())
    else:
        clean_plan.withdraw(workspace())


# -- suggestions


def samples(step: str, found: Sequence[Sample]) -> None:
    """The first suggestions of a step, each with its diff."""
    for one in found:
        st.markdown(f"{marked(one.before, one.after)}  \n:gray[{one.confidence:.2f} · {forms.plain(why(one.reason))}]")


def why(reason: str) -> str:
    """The reason of a suggestion in the reader's language."""
    return phrases.shown(reason)


def details(one: Proposal, target: Utterance) -> tuple[str, str, str, dict[str, str]]:
    """For the desk: what the text would be, what it is, why; the labels."""
    if one.kind == decisions.EXCLUDE:
        return target.text, target.text, _("leave out: {reason}").format(reason=why(one.reason)), dict(target.labels)
    after = decisions.as_it_stands(one, target.text)
    sure = "" if one.confidence is None else f"{one.confidence:.2f}"
    if after is None:
        note = _("the text was changed here since: accepting asks the step again")
        return str(one.payload["text"]), target.text, f"{title(one.operation)} · {note}", dict(target.labels)
    parts = (title(one.operation), why(one.reason), sure, told(target.text, after))
    return after, target.text, " · ".join(part for part in parts if part), dict(target.labels)
