"""The export panel of the Corpus page: what, in which format, a bar with rate and time left, and the way to the file.

Files are written into the workspace's exports/ and stay there; `core.web.downloads` holds the links to them.
"""

import time

import streamlit as st

from core.filters import Filter
from core.ui import phrases
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.widgets import forms
from core.web import downloads
from core.workflows.corpus import export as work
from core.workflows.models import snapshot as snapshots

EVERY_S = 0.2  # how often the bar moves
TITLES = {
    "csv": N_("CSV, for spreadsheets"),
    "jsonl": N_("JSON Lines"),
    "parquet": N_("Parquet, everything but audio"),
    "hf": N_("Hugging Face datasets, with audio"),
    "seeds": N_("processed_data.csv of the seed projects"),
    "autotrain": N_("HF AutoTrain, text"),
    "autotrain-audio": N_("HF AutoTrain, audio"),
    "labelstudio": N_("Label Studio tasks"),
}


def panel(wanted: Filter, total: int) -> None:
    """A button that opens the panel; `total` utterances match `wanted`."""
    with st.popover(_("Export"), icon=":material/download:"):
        names = [info.name for info in snapshots.every(workspace())]
        matches = _("All matches: {n}").format(n=f"{total:,}")
        chosen = st.selectbox(
            _("What"), ["", *names], key="export_what",
            format_func=lambda name: _("Snapshot {name}").format(name=name) if name else matches,
        )  # fmt: skip
        snapshot = chosen or None
        fits = work.format_names(of_snapshot=snapshot is not None)
        name = st.selectbox(_("Format"), fits, format_func=lambda one: _(TITLES[one]), key="export_format")
        if st.button(_("Write the file"), icon=":material/save:", type="primary", key="export_write"):
            st.session_state["export_done"] = _write(name, wanted if snapshot is None else Filter(), snapshot)
        if done := st.session_state.get("export_done"):
            _show(*done)
        st.caption(_("Personal data goes out as it was delivered: nothing is masked yet."))


def _write(name: str, wanted: Filter, snapshot: str | None) -> tuple[str, str, int, dict[str, int]]:
    bar = st.progress(0.0, text=_("Writing …"))
    start, shown = time.monotonic(), [0.0]

    def tell(done: int, total: int) -> None:
        past = time.monotonic() - start
        if past - shown[0] >= EVERY_S:
            shown[0] = past
            bar.progress(min(done / max(total, 1), 1.0), text=pace(done, total, past))

    try:
        path, written = work.deliver(workspace(), name, wanted, snapshot, tell)
    finally:
        bar.empty()
    return downloads.keep(path), path.name, written.utterances, written.left_out


def pace(done: int, total: int, past_s: float) -> str:
    """How far, how fast, how much longer."""
    rate = done / past_s if past_s > 0 else 0.0
    left = forms.seconds(int((total - done) / rate * 1000)) if rate else "…"
    return _("{done} of {total} · {rate} a second · {left} left").format(
        done=f"{done:,}", total=f"{total:,}", rate=f"{rate:,.0f}", left=left
    )


def _show(token: str, name: str, n: int, left_out: dict[str, int]) -> None:
    st.success(_("Utterances written to exports/{name}: {n}").format(n=f"{n:,}", name=name))
    if left_out:
        st.dataframe(
            [{_("Left out"): phrases.shown(why), "n": count} for why, count in left_out.items()], hide_index=True
        )
    if downloads.find(token) is not None:
        st.link_button(_("Download"), f"/export/{token}", icon=":material/download:")
