"""말뭉치 / Corpus: filter and sort utterances, change many at once, open a call and listen to its utterances."""

import zlib

import streamlit as st

from core import ui
from core.filters import Filter
from core.records import Sort, Utterance
from core.ui import _
from core.ui.panels.corpus import bulk, export, similar, views
from core.ui.widgets import forms
from core.ui.widgets.player import Region, player
from core.workflows.corpus import browse

PAGE_SIZE, SORT_PX, PAGER_PX, TEXT_PX = 25, 190, 340, 380
SORTS: dict[Sort, str] = {
    "id": ui.N_("As imported"), "-id": ui.N_("Newest first"),
    "length": ui.N_("Shortest first"), "-length": ui.N_("Longest first"),
    "text": ui.N_("By text"), "-text": ui.N_("By text, backwards"),
    "speaker": ui.N_("By speaker"), "-speaker": ui.N_("By speaker, backwards"),
}  # fmt: skip


def chosen_filter() -> Filter:
    """Show the filters and return the chosen one; its state is in the URL."""
    choices = browse.filter_choices(ui.workspace())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        hint = _("e.g. 화재, 불, 살려; first consonants find syllables: ㅎㅈ")
        forms.linked_text(_("Text contains"), "text", placeholder=hint)
        forms.linked_toggle(_("Ignore spacing"), "spacing")
    with st.expander(_("Filters"), icon=":material/filter_list:"):
        forms.choose_labels()
        speaker_column, origin_column, tag_column, length_column = st.columns([1, 1, 1, 2])
        with speaker_column:
            forms.linked_multiselect(_("Speaker"), choices.speakers, "speaker", forms.speaker_title)
        with origin_column:
            forms.linked_multiselect(_("Origin"), choices.origins, "origin", forms.origin_title)
        with tag_column:
            forms.linked_multiselect(_("Tag"), choices.tags, "tag", str)
        with length_column:
            views.length()
    return views.wanted()


def show_matches(wanted: Filter) -> Utterance | None:
    """Show one page of the matches; return the utterance if exactly one row is picked, else None."""
    total = browse.count(ui.workspace(), wanted)
    if not total:
        st.info(_("Nothing matches. Take a filter back, or import a delivery: `python -m core ingest aihub119 PATH`"))
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):  # wraps in a narrow window
        with st.container(width=SORT_PX):
            sort = forms.linked_choice(_("Sort"), list(SORTS), "sort", lambda value: _(SORTS[value]))
        st.markdown(_("Utterances: **{n}**").format(n=f"{total:,}"), width="content")
        with st.container(width=PAGER_PX):  # a fixed width: in a narrow place it would show fewer page numbers
            number = forms.linked_pages(-(-total // PAGE_SIZE), "page", (wanted, sort))
    page = browse.listed_page(ui.workspace(), wanted, sort, number, PAGE_SIZE)
    table = f"rows-{zlib.crc32(','.join(str(row.id) for row in page.rows).encode())}"
    chosen = picked_rows(page, table)
    with st.container(horizontal=True):
        bulk.panel(wanted, total, [value.id for value in chosen], table)
        export.panel(wanted, total)
    return chosen[0] if len(chosen) == 1 else None


def picked_rows(page: browse.ListedPage, key: str) -> list[Utterance]:
    """Show the table and return the picked rows. Each page is another table, which starts without picked rows."""
    rows, tags = page.rows, page.tags
    table = forms.utterance_rows(rows)
    if tags:
        table = [line | {_("Tag"): ", ".join(tags.get(row.id, ()))} for line, row in zip(table, rows, strict=True)]
    selection = st.dataframe(
        table, key=key, hide_index=True, on_select="rerun", selection_mode="multi-row",
        column_config={_("Text"): st.column_config.TextColumn(width=TEXT_PX), "id": None},
    )  # fmt: skip
    return [rows[at] for at in selection["selection"]["rows"] if at < len(rows)]


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
    for column, (name, code) in zip(st.columns(max(len(call.labels), 1)), call.labels.items(), strict=False):
        column.metric(forms.plain(forms.scheme_title(name)), forms.plain(forms.code_title(name, code)))
    st.caption(_("As delivered, personal data included: nothing is masked yet."))
    with st.expander(_("Everything the delivery says"), icon=":material/description:"):
        st.json({"key": recording.key, **recording.meta})


def _badge(utterance: Utterance) -> str:
    return forms.code_title("danger", utterance.labels["danger"]) if "danger" in utterance.labels else ""


@st.fragment  # filters change nothing outside it, so the frame need not be drawn again
def body() -> None:
    with ui.guard():
        wanted = chosen_filter()
        views.panel()
        bulk.last_action()
        utterance = show_matches(wanted)
        if utterance is not None and utterance.recording_id is not None:
            open_call(browse.recording_with_utterances(ui.workspace(), utterance.recording_id), utterance.id)
        elif utterance is not None:
            st.subheader(_("A sentence on its own"), anchor=False)
            st.text(utterance.text)
        else:
            st.caption(
                _(
                    "Pick one row to open its call, or several to label or tag them. In the table, arrows move and "
                    "Shift+Space picks."
                )
            )
        if utterance is not None:
            similar.show(utterance.id)


with ui.page("corpus"):
    body()
