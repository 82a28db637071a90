"""Which map is shown, and the job that makes one: vectors and method, what changed since, progress."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.embedding.map_file import MapInfo
from core.records import Job
from core.ui import translation
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.job_progress import follow
from core.ui.panels.map import titles
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.map import drawing, making, vectors
from core.workflows.models import runs as trained


def choose() -> tuple[MapInfo | None, str]:
    """Show what a map can be made of and its colours; return the chosen map (None: not made yet) and the colouring."""
    runs = {run.id: run for run in trained.finished(workspace())}
    first, second, third, button = st.columns([3, 3, 3, 2], vertical_alignment="bottom")
    with first:
        names = forms.linked_choice(
            _("What makes texts similar"), vectors.choices(workspace()), "vectors",
            lambda name: titles.vectors_title(name, runs),
        )  # fmt: skip
    with second:
        installed = making.methods()
        offered = [name for name, there in installed.items() if there or making.find(workspace(), names, name)]
        method = forms.linked_choice(_("Arranged by"), offered, "method", titles.method_title)
    with third:
        way = forms.linked_choice(
            _("Coloured by"), drawing.ways(workspace()), "colour", lambda name: titles.way_title(name, runs)
        )
    info, running = making.find(workspace(), names, method), jobs.running(workspace(), making.JOB)
    label = _("Make this map") if info is None else _("Make it again")
    if button.button(
        label, icon=":material/scatter_plot:", key="make_map", width="stretch",
        disabled=running is not None or not installed[method],
        type="secondary" if info else "primary",
    ):  # fmt: skip
        making.start(workspace(), names, method)
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        if info is not None:
            _made(info)
        _say_missing(installed)
    _state(info, running)
    return info, way


def _say_missing(installed: Mapping[str, bool]) -> None:
    """Name the methods that are not installed; the command stands behind a button."""
    for name in (name for name, there in installed.items() if not there):
        with st.popover(_("Not installed: {name}").format(name=name.upper()), icon=":material/extension_off:"):
            st.text(_("Who runs this server can install it with this command, then start the server again:"))
            st.code(making.install_command(name), language=None)


def _state(info: MapInfo | None, running: Job | None) -> None:
    if running is not None:
        _progress(running.id)
    if trouble := st.session_state.pop("map_trouble", ""):
        st.error(forms.plain(translation.translate(trouble)), icon=":material/error:")
    if info is not None:
        _age(info)
    elif running is None:
        st.info(
            _("This map has not been made yet. Press the button; the page shows it as soon as it is ready."),
            icon=":material/info:",
        )


def _made(info: MapInfo) -> None:
    """Say of how many utterances the map was made, and when."""
    made = _("Points: {n} · made {when}").format(n=f"{info.n:,}", when=forms.minute(info.made_at))
    if info.total > making.MOST:
        made += " · " + _("an even sample of {n} utterances").format(n=f"{info.total:,}")
    st.caption(made, width="content")


def _age(info: MapInfo) -> None:
    """Say what has changed since the map was made."""
    age = making.age(workspace(), info)
    if age.is_old:
        counts = {"added": age.added, "edited": age.edited, "gone": age.gone}
        st.warning(
            _("This map is older than the corpus. Since then: new utterances {added}, changed texts {edited}, points "
              "skipped or taken out {gone}. Make it again to see the corpus as it is.").format(
                **{name: f"{n:,}" for name, n in counts.items()}
            ),
            icon=":material/history:",
        )  # fmt: skip


@st.fragment(run_every="1s")
def _progress(job_id: str) -> None:
    def counted(counts: Mapping[str, Any], done: int, total: int) -> str:
        stages = {"texts": _("texts read"), "points": _("points placed")}
        return f"{done:,} / {total:,} {stages.get(str(counts.get('stage')), '')}"

    follow(job_id, "map", counted)
