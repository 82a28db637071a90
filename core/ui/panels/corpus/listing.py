"""The table of the Corpus page: a play button in each row, and beside it the row that was picked or is played.

What is shown beside the table stays in sight while the table is scrolled: nobody scrolls to hear what was picked.
"""

import zlib

import streamlit as st

from core.filters import Filter, to_query
from core.records import Utterance
from core.ui import links
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.corpus import similar, views
from core.ui.widgets import forms
from core.ui.widgets.player import Region, player
from core.workflows.corpus import browse

PLAY, TEXT_PX, TABLE_PX = ":material/play_arrow:", 380, 640
PLAYED = "corpus_played"  # the id of the utterance whose play button was pressed last
_STYLE = """<style>
[data-testid="stColumn"]:has(.st-key-picked) {
  position: sticky; top: 4rem; align-self: flex-start; max-height: calc(100vh - 5rem); overflow-y: auto;
}
@media (max-width: 640px) {
  .st-key-listing [data-testid="stHorizontalBlock"]:has(.st-key-picked) { flex-direction: column-reverse; }
  [data-testid="stColumn"]:has(.st-key-picked) {
    max-height: 45vh; z-index: 2; background: var(--gw-back);
  }
}
</style>"""


def table_name(page: browse.ListedPage) -> str:
    """Return the name of the table of a page; each page is another table, which starts without picked rows."""
    return f"rows-{zlib.crc32(','.join(str(row.id) for row in page.rows).encode())}"


def picked_ids(page: browse.ListedPage) -> list[int]:
    """Return the ids of the rows that are picked in the table of this page now."""
    name = table_name(page)
    picked = st.session_state[name]["selection"]["rows"] if name in st.session_state else ()
    return [page.rows[at].id for at in picked if at < len(page.rows)]


def show(page: browse.ListedPage) -> None:
    """Show the table of a page and, beside it, the one row that is picked or the row that is played."""
    st.html(_STYLE)
    with st.container(key="listing"):
        left, right = st.columns([5, 3])
        with left:
            _table(page)
        with right, st.container(key="picked"):
            _beside(page)


def _table(page: browse.ListedPage) -> None:
    rows, tags = page.rows, page.tags
    table = forms.utterance_rows(rows)
    if tags:
        table = [line | {_("Tag"): ", ".join(tags.get(row.id, ()))} for line, row in zip(table, rows, strict=True)]
    heading, name = _("Listen"), table_name(page)
    if any(row.voice_usable for row in rows):
        table = [_with_button(line, heading, row) for line, row in zip(table, rows, strict=True)]
    button = st.column_config.ButtonColumn(
        heading, width="small", type="tertiary", key=f"play-{name}", on_click=_play, args=(f"play-{name}", page),
        help=_("Play this utterance."),
    )  # fmt: skip
    st.dataframe(
        table, key=name, hide_index=True, on_select=_forget_played, selection_mode="multi-row",
        height=min(TABLE_PX, 38 + 35 * len(rows)),
        column_config={_("Text"): st.column_config.TextColumn(width=TEXT_PX), "id": None, heading: button},
    )  # fmt: skip


def _with_button(line: dict[str, object], heading: str, row: Utterance) -> dict[str, object]:
    """Return a row of the table with a play button after its text, which stays in sight."""
    first = {name: line[name] for name in ("id", _("Text"))}
    return first | {heading: PLAY if row.voice_usable else None} | line


def _play(key: str, page: browse.ListedPage) -> None:
    click = st.session_state[key]
    if click is not None and click["row"] < len(page.rows):
        st.session_state[PLAYED] = page.rows[click["row"]].id


def _forget_played() -> None:
    st.session_state.pop(PLAYED, None)


def _beside(page: browse.ListedPage) -> None:
    rows = {row.id: row for row in page.rows}
    played, picked = st.session_state.get(PLAYED), picked_ids(page)
    shown = played if played in rows else picked[0] if len(picked) == 1 else None
    if shown is None:
        st.caption(
            _(
                "Play a row or pick one to see it here, or pick several to label, tag or review them. In the table, "
                "arrows move, Shift+Space picks, and Enter presses a play button."
            )
        )
        return
    utterance(rows[shown], played=shown == played)


def utterance(shown: Utterance, *, played: bool = False) -> None:
    """Show one utterance: its text, its sound, the way to Review, and the call that it is from."""
    st.text(shown.text)
    labels = [f"{forms.scheme_title(name)}: {forms.code_title(name, code)}" for name, code in shown.labels.items()]
    st.caption(forms.plain(" · ".join([*labels, *filter(None, [forms.speaker_title(shown.speaker)])])))
    if shown.voice_usable:
        forms.listen(shown.id, autoplay=played)
    with st.container(horizontal=True, vertical_alignment="center"):
        if shown.voice_usable:
            st.button(
                _("Play again"), icon=PLAY, shortcut="P", key="play_again", on_click=_play_again, args=(shown.id,)
            )
        links.show(_("Open in Review"), links.review(item=shown.id, back=links.here("corpus")), ":material/hearing:")
        if shown.recording_id is not None:
            whole = to_query(Filter(recording_id=shown.recording_id))
            st.button(_("Only this call"), icon=":material/filter_list:", key="only_call", on_click=views.restore,
                      args=(whole,))  # fmt: skip
    if shown.recording_id is not None:
        open_call(browse.recording_with_utterances(workspace(), shown.recording_id), shown.id)
    similar.show(shown.id)


def _play_again(utterance_id: int) -> None:
    st.session_state[PLAYED] = utterance_id


def open_call(call: browse.OpenedRecording, selected: int | None) -> None:
    """Show the waveform with its utterances, the labels of the call, and the metadata of its delivery."""
    recording, rows = call.recording, call.utterances
    regions = [
        Region(str(u.id), u.start_ms or 0, u.end_ms or 0, u.text, u.speaker or "plain", _badge(u))
        for u in rows
        if u.start_ms is not None
    ]
    player(
        audio_url=f"/audio/recording/{recording.id}" if recording.path else None,
        duration_ms=recording.duration_ms,
        regions=regions,
        selected=next((i for i, u in enumerate(rows) if u.id == selected), None),
        key=f"call-{recording.id}",
    )
    if call.total > len(rows):
        st.caption(_("The first {n} of {total} are shown.").format(n=f"{len(rows):,}", total=f"{call.total:,}"))
    of_call = [f"{forms.scheme_title(name)}: {forms.code_title(name, code)}" for name, code in call.labels.items()]
    if of_call:
        st.caption(_("The call: {labels}").format(labels=forms.plain(" · ".join(of_call))))
    st.caption(_("As delivered, personal data included: nothing is masked yet."))
    with st.expander(_("Everything the delivery says"), icon=":material/description:"):
        st.json({"key": recording.key, **recording.meta})


def _badge(utterance: Utterance) -> str:
    return forms.code_title("danger", utterance.labels["danger"]) if "danger" in utterance.labels else ""
