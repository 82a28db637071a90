"""The export panel of the Corpus page: what to export, the format, a progress bar, a download link.

Files are written into the workspace's exports/ and stay there; `core.web.downloads` holds the links to them.
"""

import time

import streamlit as st

from core.filters import Filter
from core.text.clock import clock
from core.ui import translation
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.web import downloads
from core.workflows.corpus import export
from core.workflows.snapshots import snapshot as snapshots

EVERY_S = 0.2  # the bar moves this often
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
    """Show a button that opens the panel; `total` utterances match `wanted`."""
    with st.popover(_("Export"), icon=":material/download:"):
        names = [info.name for info in snapshots.every(workspace())]
        matches = _("All matches: {n}").format(n=f"{total:,}")
        chosen = st.selectbox(
            _("What"), ["", *names], key="export_what",
            format_func=lambda name: _("Snapshot {name}").format(name=name) if name else matches,
        )  # fmt: skip
        snapshot = chosen or None
        formats = export.format_names(of_snapshot=snapshot is not None)
        name = st.selectbox(
            _("Format"), formats, format_func=lambda format_name: _(TITLES[format_name]), key="export_format"
        )
        if st.button(_("Write the file"), icon=":material/save:", type="primary", key="export_write"):
            st.session_state["export_done"] = _write(name, wanted if snapshot is None else Filter(), snapshot)
        if result := st.session_state.get("export_done"):
            _show(*result)
        st.caption(_("Personal data goes out as it was delivered: nothing is masked yet."))


def _write(name: str, wanted: Filter, snapshot: str | None) -> tuple[str, str, int, dict[str, int]]:
    bar = st.progress(0.0, text=_("Writing …"))
    start, last_drawn_s = time.monotonic(), [0.0]

    def tell(done: int, total: int) -> None:
        elapsed_s = time.monotonic() - start
        if elapsed_s - last_drawn_s[0] >= EVERY_S:
            last_drawn_s[0] = elapsed_s
            bar.progress(min(done / max(total, 1), 1.0), text=pace(done, total, elapsed_s))

    try:
        path, written = export.deliver(workspace(), name, wanted, snapshot, tell)
    finally:
        bar.empty()
    return downloads.keep(path), path.name, written.utterances, written.left_out


def pace(done: int, total: int, past_s: float) -> str:
    """Return how many are done, how many a second, and the time left, in the reader's language."""
    rate = done / past_s if past_s > 0 else 0.0
    left = clock(int((total - done) / rate * 1000)) if rate else "…"
    return _("{done} of {total} · {rate} a second · {left} left").format(
        done=f"{done:,}", total=f"{total:,}", rate=f"{rate:,.0f}", left=left
    )


def _show(token: str, name: str, n: int, left_out: dict[str, int]) -> None:
    st.success(_("Utterances written to exports/{name}: {n}").format(n=f"{n:,}", name=name))
    if left_out:
        st.dataframe(
            [{_("Left out"): translation.translate(why), "n": count} for why, count in left_out.items()],
            hide_index=True,
        )
    if downloads.find(token) is not None:
        st.link_button(_("Download"), f"/export/{token}", icon=":material/download:")
