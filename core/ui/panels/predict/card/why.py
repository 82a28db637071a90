"""Why a model decided so: what text and voice say, the words that counted, and the nearest training utterances."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.schemes import SCHEMES
from core.ui.frame import workspace
from core.ui.i18n import _, language
from core.ui.panels.predict import answers
from core.ui.widgets import chart_table, charts, forms, words
from core.workflows.predict import predict
from core.workflows.predict import why as reasons


def show(utterance: Mapping[str, Any], key: str) -> None:
    """Show, for each scheme, the probabilities and the reasons of an utterance."""
    judgements = utterance["judgements"]
    if not judgements:
        st.caption(_("Nothing was judged here."))
    for name in answers.ordered(judgements):
        judged = judgements[name]
        st.markdown(f"**{forms.plain(forms.scheme_title(name))}** — {forms.plain(answers.short(name, judged))}")
        if sentence := answers.reason(name, judged):
            st.caption(forms.plain(sentence))
        if answers.means_something(judged):
            _scheme(utterance["text"] or "", name, judged, f"{key}-{name}")


def _scheme(text: str, scheme: str, judged: Mapping[str, Any], key: str) -> None:
    left, right = st.columns([2, 3])
    with left:
        figure = charts.bars(SCHEMES[scheme], language(), judged["probabilities"])
        chart_table.show(figure, _("Probabilities"), f"bars-{key}")
        _modalities(scheme, judged)
    with right:
        by = judged.get("by") or {}
        by_words = by.get("text") or by.get("both")
        if text and by_words and answers.means_something(by_words):
            _words(text, scheme, by_words)
            _nearest(text, scheme, by_words["run"], key)


def _modalities(scheme: str, judged: Mapping[str, Any]) -> None:
    """Show what text and voice say by themselves, how they were weighed, and whether they disagree."""
    said = answers.parts(scheme, judged)
    if len(said) < 2:
        return
    text = " · ".join(f"{modality} {answer}" for modality, answer in said)
    if weights := judged.get("weights"):
        shares = ", ".join(f"{answers.modality(name)} {answers.percent(weight)}" for name, weight in weights.items())
        text += " · " + _("weights: {weights}").format(weights=shares)
    st.caption(forms.plain(text))
    if judged.get("disagree"):
        st.warning(_("Text and voice disagree here: listen before you trust either."), icon=":material/call_split:")


def _words(text: str, scheme: str, judged: Mapping[str, Any]) -> None:
    """Show the words that counted for and against the class of the text model."""
    if spans := predict.explain(workspace(), text, judged["run"], scheme):
        answer = forms.plain(forms.code_title(scheme, judged["label"]))
        words.show(spans, _("What spoke for ‘{answer}’ and against it").format(answer=answer))


def _nearest(text: str, scheme: str, run_id: str, key: str) -> None:
    """Show the training utterances that are nearest to the text, with their labels."""
    found = reasons.nearest(workspace(), text, run_id, scheme)
    if not found:
        return
    st.caption(_("The nearest utterances that the model has learned from"))
    st.dataframe(
        [
            {
                _("Text"): neighbour.text,
                forms.scheme_title(scheme): forms.code_title(scheme, neighbour.label),
                _("Similarity"): neighbour.similarity,
            }
            for neighbour in found
        ],
        column_config={_("Similarity"): st.column_config.ProgressColumn(format="%.2f", min_value=0, max_value=1)},
        hide_index=True,
        key=f"nearest-{key}",
    )
