"""The tab of live calls: a recording is played as if it were live, and judgements appear as the call unfolds.

The browser plays the sound and tells how far it is; the server hears the same sound up to there and never further. So
what is on the screen at a moment is what a model could have known then, and the time of the first alarm is real.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.text.clock import clock
from core.ui.frame import guard, workspace
from core.ui.i18n import _
from core.ui.panels.predict import answers, calls
from core.ui.panels.predict.card import chart, exports, segments, verdict
from core.ui.panels.predict.options import Options
from core.ui.panels.predict.recordings import demo_title
from core.ui.widgets import forms, live_state
from core.ui.widgets.live_player import live_player
from core.ui.widgets.live_state import State
from core.ui.widgets.uploader import limits
from core.web import uploads
from core.workflows.predict import demo_calls, predict
from core.workflows.predict.stream import Stream

STATE = "predict:live"
SPEEDS = {1: "1×", 2: "2×", 4: "4×"}
LATEST = 6  # utterances of the running transcript


@dataclass(slots=True)
class Playing:
    """A call that is being played: what has been judged, the bytes that it came as, the token of its sound."""

    stream: Stream
    data: bytes
    token: str
    turn: int

    @property
    def key(self) -> str:
        return f"live-{self.token[:12]}-{self.turn}"


def show(options: Options | None = None) -> None:
    """Show the inputs, and the call that is being played."""
    with guard():
        _begin(options or Options())
    playing: Playing | None = st.session_state.get(STATE)
    if playing is None:
        text = _(
            "Choose a recording and play it: judgements appear while the call goes on, as they would in a live call."
        )
        st.info(text, icon=":material/podcasts:")
        return
    _unfold(playing, st.session_state["live_speed"] or 1)


def _begin(options: Options) -> None:
    """Show the inputs and the button that starts the play."""
    left, right = st.columns([3, 2])
    files: list[UploadedFile] = left.file_uploader(
        _("A recording, and its 119 label JSON if there is one"), accept_multiple_files=True, max_upload_size=50,
        key="live_files",
    )  # fmt: skip
    with left:
        limits(50, _("WAV, MP3, M4A, 3GP, AMR, WebM …, JSON"))
    spoken = right.audio_input(_("or speak: it is played when you stop"), sample_rate=16000, key="live_spoken")
    kind = right.pills(_("or take a call of the demo"), demo_calls.kinds(), key="live_demo", format_func=demo_title)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(_("Speed"), list(SPEEDS), format_func=SPEEDS.__getitem__, default=1, required=True,
                                     key="live_speed")  # fmt: skip
        given = _given(files, spoken, kind)
        if st.button(_("Play as if live"), type="primary", icon=":material/play_arrow:", disabled=given is None,
                     key="live_play") and given:  # fmt: skip
            with st.spinner(_("Listening …")):
                _play(*given, options)
        if st.session_state.get(STATE) is not None and st.button(_("Stop"), icon=":material/stop:", key="live_stop"):
            st.session_state[STATE] = None
            st.rerun()


def _given(
    files: list[UploadedFile], spoken: UploadedFile | None, kind: str | None
) -> tuple[str, bytes, bytes | None] | None:
    """Name, bytes and label JSON of the chosen recording; None while nothing is chosen. A file wins over the rest."""
    sounds = [file for file in files if PurePath(file.name).suffix.lower() != ".json"]
    labels = [file for file in files if PurePath(file.name).suffix.lower() == ".json"]
    if sounds:
        return sounds[0].name, sounds[0].getvalue(), labels[0].getvalue() if labels else None
    if spoken is not None:
        return _("Spoken just now"), spoken.getvalue(), None
    return (_("Call of the demo: {kind}").format(kind=demo_title(kind)), *demo_calls.read(kind)) if kind else None


def _play(name: str, data: bytes, labels: bytes | None, options: Options) -> None:
    audio = predict.read_audio(data, name)
    stream = Stream(
        workspace(), audio, name, labels=labels, run_ids=options.run_ids, transcriber=options.transcriber,
        weights=options.weights, language=options.language, own_voice=options.own_voice,
    )  # fmt: skip
    token, before = uploads.keep(predict.playable(audio)), st.session_state.get(STATE)
    st.session_state[STATE] = Playing(stream, data, token, before.turn + 1 if before else 0)


@st.fragment  # what the player tells runs only this
def _unfold(playing: Playing, speed: int) -> None:
    """Hear what has been played since the last run of this fragment, and show what is known now."""
    with guard():
        calls.keep_sound(playing.token, playing.stream.audio)
        heard = live_player(
            f"/audio/upload/{playing.token}", speed=speed, key=playing.key,
            blocked=_("The browser wants a key or a click before it plays sound."),
            failed=_("The audio could not be loaded."),
        )  # fmt: skip
        if heard is not None:
            now_ms, ended = heard
            playing.stream.advance(playing.stream.audio.duration_ms if ended else now_ms)
        document = playing.stream.document
        _state(document, playing)
        left, right = st.columns([3, 2])
        with left:
            chart.show(document, document["stream"]["duration_ms"], playing.key)
        with right:
            _latest(document)
        if playing.stream.ended:
            verdict.show(document)
            exports.show(document, lambda: playing.data, key=playing.key)


def _state(document: Mapping[str, Any], playing: Playing) -> None:
    """Show the strip on top: what is known now, the time, the first alarm."""
    state = document["stream"]
    said = document["verdict"]
    name = segments.main(said) if said else ""
    now, nothing = said.get(name), _("nothing said yet")
    live_state.show(
        State(
            kind=answers.kind(name, now) if now else "unsure",
            scheme=forms.scheme_title(name) if name else _("Verdict"),
            answer=answers.short(name, now) if now else f"{answers.MARKS['unsure']} {nothing}",
            time_title=_("Time"),
            at=clock(state["at_ms"]),
            duration=clock(state["duration_ms"]),
            share=state["at_ms"] / max(1, state["duration_ms"]),
            first_title=_("Time to alarm"),
            first=_first(state),
            alarmed=state["first_alarm_ms"] is not None,
            state=_("over") if state["ended"] else _("live"),
            live=not state["ended"],
        )
    )


def _first(state: Mapping[str, Any]) -> str:
    if state["first_alarm_ms"] is not None:
        return clock(state["first_alarm_ms"])
    return _("no alarm") if state["ended"] else _("none yet")


def _latest(document: Mapping[str, Any]) -> None:
    """Show the latest utterances, the newest first."""
    for utterance in document["utterances"][: -LATEST - 1 : -1]:
        said = utterance["judgements"]
        marks = " · ".join(
            f"{forms.scheme_title(name)} {answers.short(name, said[name])}" for name in answers.ordered(said)
        )
        at = clock(utterance["start_ms"])
        when = f"{at} {forms.speaker_title(utterance.get('speaker'))}".strip()
        with st.container(border=True, gap=None):
            st.text(utterance["text"] or segments.note(utterance) or "…")
            st.caption(forms.plain(f"{when} · " + (marks or _("cannot tell"))))
