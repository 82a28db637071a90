"""What judges: a run for each scheme and modality, the weights of text and voice, and the speech recogniser."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.records import RunInfo
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.panels import runs as run_panel
from core.ui.panels.predict import answers
from core.ui.widgets import forms
from core.workflows.models import in_use, runs
from core.workflows.predict import predict
from core.workflows.predict import weights as fusion
from core.workflows.predict.judging import serving as stored

Slot = tuple[str, str]  # scheme and modality
LANGUAGES = {"ko": "한국어", "en": "English", "ja": "日本語", "zh": "中文", "vi": "Tiếng Việt"}


@dataclass(frozen=True, slots=True)
class Options:
    """`run_ids` names the runs of a scheme where others than those in use were chosen; `weights` the shares of text.

    `transcriber` is None for the usual recogniser and "off" for none; `language` is the one it listens for. With
    `own_voice` a voice is compared with its usual sound in the recording itself.
    """

    run_ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    transcriber: str | None = None
    language: str = "ko"
    own_voice: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """A value that changes with every option."""
        runs_of = tuple((name, tuple(ids)) for name, ids in sorted(self.run_ids.items()))
        return runs_of, tuple(sorted(self.weights.items())), self.hearing, self.own_voice

    @property
    def hearing(self) -> tuple[object, ...]:
        """A value that changes when a recording has to be transcribed again."""
        return self.transcriber, self.language


def choose() -> Options:
    """Show each group of choices behind a button, and return what was chosen."""
    serving: dict[Slot, in_use.Serving] = {
        (name, item.run.modality): item for item in stored.read(workspace()).serving for name in item.schemes
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(_("Choose runs"), icon=":material/model_training:", key="predict_runs"):
            run_ids = _choose_runs(serving)
        with st.popover(_("Text and voice"), icon=":material/tune:", key="predict_weights"):
            weights = choose_weights(serving.keys())
            own_voice = _choose_baseline()
        with st.popover(_("Speech recognition"), icon=":material/speech_to_text:", key="predict_speech"):
            transcriber, language = _choose_transcriber()
    if not serving:
        st.info(_("No trained model yet, so nothing can be judged: train one on the Train page."),
                icon=":material/model_training:")  # fmt: skip
    return Options(run_ids, weights, transcriber, language, own_voice)


def _choose_runs(serving: Mapping[Slot, in_use.Serving]) -> dict[str, list[str]]:
    """Show one box for each scheme and modality; return the runs of each scheme where one differs from what serves."""
    st.caption(_("What serves is what was put in use on the Train page, not the newest run. A choice here counts for "
                 "this page only."))  # fmt: skip
    finished = runs.finished(workspace())
    chosen: dict[str, list[str]] = {}
    changed: set[str] = set()
    for slot in sorted(serving, key=lambda slot: answers.ordered(name for name, _m in serving).index(slot[0])):
        scheme, modality = slot
        able = [run for run in finished if run.modality == modality and scheme in run.schemes]
        run_id = _choose_run(slot, serving[slot], able)
        chosen.setdefault(scheme, []).append(run_id)
        if run_id != serving[slot].run.id:
            changed.add(scheme)
    return {scheme: ids for scheme, ids in chosen.items() if scheme in changed}


def _choose_run(slot: Slot, serving: in_use.Serving, able: Sequence[RunInfo]) -> str:
    """Show the runs of one scheme and modality, the serving one first; the choice is kept in the address."""
    scheme, modality = slot
    ids = [serving.run.id, *(run.id for run in able if run.id != serving.run.id)]
    state = _("in use") if serving.chosen else _("nobody has chosen a run yet")
    names = run_panel.titles(runs.every(workspace()))
    titles = {run_id: names.get(run_id, run_id) for run_id in ids}
    titles[serving.run.id] += f" · {state}"
    label = f"{forms.scheme_title(scheme)} · {answers.modality(modality)}"
    return forms.linked_choice(forms.plain(label), ids, f"run-{scheme}-{modality}", titles.__getitem__)


def choose_weights(serving: Collection[Slot]) -> dict[str, float]:
    """Show a slider for each scheme that text and voice both judge; return the shares of text that were moved."""
    names = answers.ordered(name for name, _modality in serving)
    learned = [name for name in names if (name, "both") in serving]
    weighed = [n for n in names if n not in learned and {(n, "text"), (n, "voice")} <= set(serving)]
    for name in learned:
        st.caption(_("{scheme}: learned by a run that reads text and voice together.").format(
            scheme=forms.plain(forms.scheme_title(name))))  # fmt: skip
    if not weighed and not learned:
        st.caption(_("No scheme has both a text and a voice run in use, so there is nothing to weigh."))
    saved = fusion.chosen(workspace())
    weights = {name: _choose_weight(name, saved.get(name, fusion.SEED_WEIGHT)) for name in weighed}
    changed = {name: share for name, share in weights.items() if share != saved.get(name, fusion.SEED_WEIGHT)}
    if changed and st.button(_("Save these weights for every prediction"), icon=":material/save:", key="save_weights"):
        for name, share in changed.items():
            fusion.choose(workspace(), name, share, curator())
        st.rerun()
    return changed


def _choose_weight(name: str, saved: float) -> float:
    title = forms.plain(forms.scheme_title(name))
    share = st.slider(title, 0, 100, round(saved * 100), 5, format=_("text %d%%"), key=f"weight-{name}")
    return share / 100


def _choose_baseline() -> bool:
    """Show with what a run compares a voice that was trained on differences from a usual sound."""
    titles = {False: _("voices of the training data"), True: _("the same voice in this recording")}
    chosen = st.radio(
        _("A voice is compared with"), list(titles), format_func=titles.__getitem__, key="predict_baseline",
        help=_("It counts for runs that were trained on the difference of a voice from a neutral one."),
    )  # fmt: skip
    return bool(chosen)


def _choose_transcriber() -> tuple[str | None, str]:
    st.caption(_("A transcript is a suggestion: change it below the waveform and everything is judged again."))
    listens = st.toggle(_("Write down what is said"), value=True, key="predict_transcribe")
    language = st.selectbox(_("Spoken language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__,
                            key="predict_spoken_language", disabled=not listens)  # fmt: skip
    return (None if listens else predict.OFF), language
