"""실시간 예측 / Predict: type a sentence or upload a recording; see calibrated predictions, on a timeline."""

from typing import Any

import streamlit as st

from core import ui
from core.schemes import SCHEMES
from core.ui import _
from core.ui.widgets import charts, forms
from core.ui.widgets.player import Region, player
from core.web import uploads
from core.workflows.models import predict


def judge_voice() -> None:
    left, right = st.columns(2)
    files = left.file_uploader(
        _("A recording (WAV, MP3, M4A, 3GP, AMR, WebM …), and its 119 label JSON if there is one"),
        type=None, accept_multiple_files=True, max_upload_size=50,
    )  # fmt: skip
    spoken = right.audio_input(_("or speak"), sample_rate=16000)
    transcript = st.text_area(
        _("Transcript, if you have one (one line an utterance)"), height=80,
        help=_("Text models judge the transcript; without one only the voice is judged."),
    )  # fmt: skip
    labels = next((f for f in files if f.name.lower().endswith(".json")), None)
    sounds = [f for f in files if f is not labels] or ([spoken] if spoken else [])
    for sound in sounds:
        with st.spinner(_("Listening …")):
            audio = predict.read_audio(sound.getvalue(), sound.name)
            document = predict.predict_audio(
                ui.workspace(), audio, sound.name, text=transcript or None, labels=labels.getvalue() if labels else None
            )
        show_recording(document, predict.playable(audio), audio.duration_ms)
    if labels is not None and not sounds:
        st.info(_("The label JSON came without its WAV: drop both together."))


@st.fragment  # choosing an utterance must not judge the recording again
def show_recording(document: dict[str, Any], wav: bytes, duration_ms: int) -> None:
    utterances = document["utterances"]
    st.subheader(forms.plain(document["source"]), anchor=False)
    if not utterances:
        st.info(_("No speech was found in this recording."))
        return
    regions = [
        Region(str(i), u["start_ms"], u["end_ms"], u["text"] or "", _tone(u), _badge(u))
        for i, u in enumerate(utterances)
    ]
    whole_call(document.get("call", {}))
    token = uploads.keep(wav)
    player(audio_url=f"/audio/upload/{token}", duration_ms=duration_ms, regions=regions, key=f"heard-{token}")
    for name in dict.fromkeys(name for u in utterances for name in u["judgements"]):
        if SCHEMES[name].kind == "multi":  # its answers are on the regions; a line has one class at a time
            continue
        st.markdown(f"**{forms.scheme_title(name)}**")
        st.plotly_chart(
            charts.timeline(utterances, SCHEMES[name], ui.language(), _("seconds")), key=f"timeline-{token}-{name}"
        )
    calibrated(utterances, document.get("call", {}))
    with st.expander(_("As JSON, like the REST service answers"), icon=":material/data_object:"):
        st.json(document, expanded=False)


def _tone(utterance: dict[str, Any]) -> str:
    judgement = utterance["judgements"].get("danger")
    return "danger" if judgement and judgement["label"] == "danger" else "plain"


def _badge(utterance: dict[str, Any]) -> str:
    return " · ".join(
        f"{forms.code_title(name, j['label'])} {j['confidence']:.0%}" for name, j in utterance["judgements"].items()
    )


def whole_call(judgements: dict[str, Any]) -> None:
    """Show what the runs say that were trained on whole calls."""
    for column, (name, judgement) in zip(st.columns(max(1, len(judgements))), judgements.items(), strict=False):
        title = _("{scheme}, whole call").format(scheme=forms.scheme_title(name))
        column.metric(title, forms.code_title(name, judgement["label"]), f"{judgement['confidence']:.0%}",
                      delta_color="off", delta_arrow="off")  # fmt: skip


def calibrated(utterances: list[dict[str, Any]], call: dict[str, Any]) -> None:
    """Show the runs that predicted, on which split each was calibrated, and whether a person chose it."""
    judgements = [j for u in utterances for j in u["judgements"].values()] + list(call.values())
    for run_id, chosen in {j["run"]: j["chosen"] for j in judgements}.items():
        text = _("{run}: calibrated on {where}").format(
            run=run_id, where=forms.side_title(predict.calibrated_on(ui.workspace(), run_id)))  # fmt: skip
        unchosen = _("newest, nobody has chosen")
        st.caption(text if chosen else f"{text} · {unchosen}")


def judge_text() -> None:
    with st.form("sentence"):
        text = st.text_input(_("A sentence"), placeholder=_("e.g. 할머니가 쓰러지셨어요"), max_chars=2000)
        submitted = st.form_submit_button(_("Judge"), type="primary", icon=":material/psychology:")
    if not (submitted and text.strip()):
        return
    document = predict.predict_text(ui.workspace(), text)
    utterances = document["utterances"]
    whole_call(document.get("call", {}))
    for name, judgement in utterances[0]["judgements"].items():
        left, right = st.columns([1, 2], vertical_alignment="center")
        left.metric(forms.scheme_title(name), forms.code_title(name, judgement["label"]),
                    f"{judgement['confidence']:.0%}", delta_color="off", delta_arrow="off")  # fmt: skip
        right.plotly_chart(charts.bars(SCHEMES[name], ui.language(), judgement["probabilities"]), key=f"bars-{name}")
        why(text, judgement["run"], name)
    calibrated(utterances, document.get("call", {}))


def why(text: str, run_id: str, scheme: str) -> None:
    """Show the character sequences that counted for and against the decision, where the model can tell."""
    spans = predict.explain(ui.workspace(), text, run_id, scheme)
    if spans:
        pieces = [f"{'＋' if weight > 0 else '－'} ‘{piece}’ ({weight:+.2f})" for piece, weight in spans]
        st.text(_("What spoke for it and against it: {runs}").format(runs=", ".join(pieces)))


with ui.page("predict"):
    voice, sentence = st.tabs([_("Recording"), _("Sentence")])
    with voice:
        judge_voice()
    with sentence:
        judge_text()
