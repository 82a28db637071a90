"""The card of one call: verdict, waveform, transcript to edit, the course of the call, and why.

The waveform is on the screen before the models answer: the first run of the page draws it and then judges, the second
shows the verdict. A changed text is judged at once, and only that.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.text.clock import clock
from core.ui import translation
from core.ui.frame import guard
from core.ui.i18n import _
from core.ui.panels.predict import judging, sentence
from core.ui.panels.predict.calls import Call
from core.ui.panels.predict.card import chart, exports, segments, verdict, why
from core.ui.panels.predict.options import Options
from core.ui.widgets import forms
from core.ui.widgets.player import Edit, player

INSTALL = "pip install -r requirements-speech.txt"


@st.fragment  # choosing or changing an utterance runs only this card
def show(call: Call, options: Options) -> None:
    """Show the card; judge the call first if it was not judged under these options."""
    with st.container(border=True, key=f"call-{call.key}"), guard():
        _card(call, options)


def _card(call: Call, options: Options) -> None:
    st.header(forms.plain(call.delivered.name), anchor=False)
    if call.document is not None and judging.is_stale(call, options):
        with st.spinner(_("Judging again …")):
            judging.again(call, options)
    top = st.container()
    _player(call)
    if call.document is None:
        with top, st.spinner(_("Listening …")):
            judging.first(call, options)
        st.rerun()
    with top:
        _about(call)
        verdict.show(call.document)
    _below(call)


def _player(call: Call) -> None:
    """Show waveform and transcript; a click chooses an utterance, a changed text is kept until it is judged."""

    def edited(edit: Edit) -> None:
        call.edits[int(edit.id)] = edit.text

    chosen = player(
        audio_url=f"/audio/upload/{call.token}",
        duration_ms=call.audio.duration_ms,
        regions=segments.regions(call.document, tuple(call.edits)) if call.document else [],
        key=f"heard-{call.key}",
        on_edit=edited,
    )
    if chosen is not None:
        call.chosen = int(chosen)


def _about(call: Call) -> None:
    """Say how long the call is, where its words come from, and what a visitor can do without a recogniser."""
    assert call.document is not None
    utterances = call.document["utterances"]
    if call.delivered.synthetic:
        words = _("words from its label JSON, because the recogniser does not understand synthetic voices")
    else:
        words = _words_from(call.document)
    duration = clock(call.audio.duration_ms)
    st.caption(" · ".join((duration, _("{n} utterances").format(n=len(utterances)), words)))
    transcriber = call.document["transcriber"]
    if transcriber["state"] == "absent":
        text = _("No speech recogniser is installed, so only the voice is judged. Write what you hear below the "
                 "waveform and it is judged at once; or install one: {command}").format(command=INSTALL)  # fmt: skip
        why_absent = translation.translate(transcriber["reason"] or "")
        st.info(forms.plain(f"{text} {why_absent}".strip()), icon=":material/mic_off:")
    states = {(u.get("transcript") or {}).get("state") for u in utterances}
    if states == {"not_understood"}:
        st.info(_("The recogniser did not understand any of this. What is not understood is never judged as text; "
                  "write what you hear, and it is."), icon=":material/hearing_disabled:")  # fmt: skip


def _words_from(document: Mapping[str, Any]) -> str:
    transcriber = document["transcriber"]
    if transcriber["state"] == "ok":
        return _("words by the recogniser {name}").format(name=forms.plain(transcriber["name"] or ""))
    if transcriber["state"] == "given":
        return _("words as given")
    return _("no words: voice only")


def _below(call: Call) -> None:
    """Show the course of the call, the reasons, and the whole answer as JSON."""
    document = call.document
    assert document is not None
    _untimed(document)
    chart.show(document, call.audio.duration_ms, call.key)
    if document["utterances"]:
        _why(call, document)
    exports.show(document, call.delivered.data, key=call.key)
    with st.expander(_("As JSON, like the REST service answers"), icon=":material/data_object:"):
        st.json(document, expanded=False)


def _untimed(document: Mapping[str, Any]) -> None:
    """Show the utterances that have no place on the waveform."""
    if rows := [sentence.row(utterance) for utterance in document["utterances"] if utterance["start_ms"] is None]:
        st.caption(_("Without times in the label JSON, so judged by their words:"))
        st.dataframe(rows, hide_index=True)


def _why(call: Call, document: Mapping[str, Any]) -> None:
    """Show the reasons for the chosen utterance, else for the one that decided; they are computed when it is opened."""
    decided = [verdict["utterance"] for verdict in document["verdict"].values() if verdict["utterance"] is not None]
    position = call.chosen if call.chosen is not None else next(iter(decided), 0)
    position = min(position, len(document["utterances"]) - 1)
    opened = st.expander(_("Why? Utterance {n}").format(n=position + 1), icon=":material/psychology:",
                         key=f"why-{call.key}", on_change="rerun")  # fmt: skip
    if opened.open:
        with opened:
            why.show(document["utterances"][position], f"{call.key}-{position}")
