"""말뭉치 / Corpus: filter, page through, open a call and listen to its utterances."""

import streamlit as st

from core import ui
from core.records import Filter, Recording, Utterance
from core.ui import _, forms
from core.ui.player import Region, player

PAGE_SIZE = 25


def chosen_filter() -> Filter:
    """The filter row; its state is in the URL."""
    facets = ui.workspace().store.corpus.facets()
    text = forms.linked_text(_("Text contains"), "text", placeholder=_("e.g. 화재, 불, 살려"))
    with st.expander(_("Filters"), icon=":material/filter_list:"):
        first = st.columns(4)
        labels = {}
        for column, name in zip(first, ("disaster", "urgency", "sentiment", "danger"), strict=True):
            with column:
                labels[name] = forms.choose_codes(name, name)
        speaker_column, origin_column, length_column = st.columns([1, 1, 2])
        with speaker_column:
            speakers = forms.linked_multiselect(_("Speaker"), facets["speaker"], "speaker", forms.speaker_title)
        with origin_column:
            origins = forms.linked_multiselect(_("Origin"), facets["origin"], "origin", forms.origin_title)
        with length_column:
            low, high = forms.linked_range(_("Length (characters)"), 0, 200, "chars")
    return Filter(
        labels=labels, speaker=tuple(speakers), origin=tuple(origins), text=text.strip(),
        min_chars=low or None, max_chars=high if high < 200 else None,
    )  # fmt: skip


def listing(wanted: Filter) -> Utterance | None:
    """One page of the matches; the utterance that was picked in it."""
    total = ui.workspace().store.corpus.find(wanted, limit=0).total
    if not total:
        st.info(_("Nothing matches. Take a filter back, or import a delivery: `python -m core ingest aihub119 PATH`"))
        return None
    pages = -(-total // PAGE_SIZE)
    left, right = st.columns([1, 2], vertical_alignment="center")
    left.markdown(_("**{n}** utterances").format(n=f"{total:,}"))
    with right:
        number = st.pagination(pages, key="page") if pages > 1 else 1
    rows = ui.workspace().store.corpus.find(wanted, limit=PAGE_SIZE, offset=(min(number, pages) - 1) * PAGE_SIZE).rows
    picked = st.dataframe(
        forms.utterance_rows(rows), key="rows", hide_index=True, on_select="rerun", selection_mode="single-row",
        column_config={_("Text"): st.column_config.TextColumn(width="large"), "id": None},
    )  # fmt: skip
    at = picked["selection"]["rows"]
    return rows[at[0]] if at and at[0] < len(rows) else None


def open_call(recording: Recording, selected: int | None) -> None:
    """The waveform with its utterances, and what the delivery says of the call."""
    rows = ui.workspace().store.corpus.find(Filter(recording_id=recording.id), limit=1000).rows
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
    labels = ui.workspace().store.corpus.recording_labels(recording.id)
    for column, (name, code) in zip(st.columns(max(len(labels), 1)), labels.items(), strict=False):
        column.metric(forms.scheme_title(name), forms.code_title(name, code))
    st.caption(_("As delivered, personal data included: nothing is masked yet."))
    with st.expander(_("Everything the delivery says"), icon=":material/description:"):
        st.json({"key": recording.key, **recording.meta})


def _badge(one: Utterance) -> str:
    return forms.code_title("danger", one.labels["danger"]) if "danger" in one.labels else ""


with ui.page("corpus"):
    one = listing(chosen_filter())
    if one is not None and one.recording_id is not None:
        open_call(ui.workspace().store.corpus.recording(one.recording_id), one.id)
    elif one is not None:
        st.subheader(_("A sentence on its own"), anchor=False)
        st.text(one.text)
    else:
        st.caption(_("Pick a row to open its call."))
