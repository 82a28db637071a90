"""Time to alarm on Evaluate: recall within some seconds and false alarms a call, each with n and interval."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.records import RunInfo
from core.schemes import scheme
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import chart_table, charts, forms
from core.workflows.predict import alarms

TEST = ""


def show(run: RunInfo) -> None:
    """Show how soon the run raises its alarm; nothing for a scheme without a critical class."""
    if not scheme(run.scheme).critical:
        return
    st.header(_("Time to alarm"), anchor=False)
    left, right = st.columns([3, 1])
    with left:
        filters = alarms.choices(workspace())
        chosen = forms.linked_choice(_("Calls"), [TEST, *filters], "calls", _title)
    seconds = right.number_input(_("Within (seconds)"), 1, 600, 30, key="alarm_within")
    try:
        with st.spinner(_("Timing the alarms …")):
            timed = alarms.alarm_times(workspace(), run.id, run.scheme, filters.get(chosen), seconds * 1000)
    except CoreError as error:
        st.info(forms.plain(explain(error)), icon=":material/timer_off:")
        return
    _tiles(timed)
    if timed["unread"]:
        st.caption(_("{n} utterances could not be read by the run: they raise no alarm.").format(n=timed["unread"]))
    _course(timed)


def _title(key: str) -> str:
    kind, colon, name = key.partition(":")
    if not colon:
        return _("Every labelled call that training has not seen") if kind else _("Calls of the test split")
    return _("Source {name}").format(name=name) if kind == "source" else _("View {name}").format(name=name)


def _tiles(timed: Mapping[str, Any]) -> None:
    name = forms.code_title(timed["scheme"], timed["class"])
    seconds = timed["within_ms"] // 1000
    time = timed["time_to_alarm_ms"]
    dangerous = _("{n} calls are {name}").format(n=timed["dangerous"], name=name)
    tiles = (
        (_("Recall within {n} s").format(n=seconds), _share(timed["recall_within"]),
         _interval(timed["recall_within"], share=True), dangerous),
        (_("False alarms a call"), _number(timed["false_alarms"]), _interval(timed["false_alarms"], share=False),
         _("{n} calls").format(n=timed["calls"])),
        (_("Median time to alarm"), _seconds(time["median"]),
         "" if time["p90"] is None else _("9 of 10 within {time} s").format(time=f"{time['p90'] / 1000:.1f}"),
         _("{n} calls with a right alarm").format(n=time["n"])),
        (_("Recall in the whole call"), _share(timed["recall"]), _interval(timed["recall"], share=True),
         dangerous),
    )  # fmt: skip
    for column, (title, value, low_high, caption) in zip(st.columns(4), tiles, strict=True):
        column.metric(title, value, low_high or None, delta_color="off", delta_arrow="off")
        column.caption(forms.plain(caption))


def _course(timed: Mapping[str, Any]) -> None:
    """Draw the recall over time, and say what was not counted."""
    if timed["curve"]:
        points = [(point["ms"] / 1000, point["recall"]) for point in timed["curve"]]
        axes = (_("Seconds since the call began"), _("Calls with a right alarm"))
        mark = _("{n} s").format(n=timed["within_ms"] // 1000)
        figure = charts.recall_by_time(points, timed["within_ms"] / 1000, axes, mark)
        chart_table.show(figure, _("Calls with a right alarm over time"), "alarm-curve")
    notes = [
        _("An alarm comes at the end of an utterance. It is right if people call that utterance the same; intervals "
          "are 95%, over calls.")
    ]  # fmt: skip
    if timed["said_later"]:
        notes.append(_("In {n} of these calls nobody says it that early.").format(n=timed["said_later"]))
    if timed["unknown"]:
        notes.append(_("{n} utterances without a label count neither way.").format(n=timed["unknown"]))
    left_out = [f"{translation.translate(reason)}: {n}" for reason, n in timed["left_out"].items()]
    if left_out:
        notes.append(_("Calls left out: {reasons}").format(reasons=", ".join(left_out)))
    st.caption(forms.plain(" ".join(notes)))


def _share(score: Mapping[str, Any]) -> str:
    return "–" if score["value"] is None else f"{score['value']:.0%}"


def _seconds(ms: int | None) -> str:
    return "–" if ms is None else _("{s} s").format(s=f"{ms / 1000:.1f}")


def _number(score: Mapping[str, Any]) -> str:
    return "–" if score["value"] is None else f"{score['value']:.2f}"


def _interval(score: Mapping[str, Any], *, share: bool) -> str:
    if score["low"] is None:
        return _("no interval")
    form = ".0%" if share else ".2f"
    return f"{score['low']:{form}} – {score['high']:{form}}"
