"""The tab of sentences: judged as one types, one sentence or a conversation of several lines."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.ui.frame import guard
from core.ui.i18n import _
from core.ui.panels.predict import answers, judging
from core.ui.panels.predict.card import exports, verdict, why
from core.ui.panels.predict.options import Options
from core.ui.widgets import drafts, forms

MOST_CHARACTERS = 20_000  # of a conversation: the field takes no more, so nothing is left out without a word


@st.fragment  # each pause of typing judges again, and runs only this tab
def show(options: Options) -> None:
    """Show a line that is judged as one types, or a text of several lines."""
    with guard():
        if st.toggle(_("Several lines"), key="predict_lines"):
            _conversation(options)
        else:
            _sentence(options)


def _sentence(options: Options) -> None:
    text = st.text_input(
        _("A sentence"), placeholder=_("e.g. 할머니가 쓰러지셨어요"), max_chars=2000, live="300ms",
        key="predict_sentence", help=_("It is judged as you type."),
    )  # fmt: skip
    drafts.keep("predict-sentence", 0, {"text": "predict_sentence"})
    if not text.strip():
        return
    with st.spinner(_("Judging …")):
        (document,) = judging.lines([text], options)
    if isinstance(document, CoreError):
        raise document
    verdict.show(document)
    why.show(document["utterances"][0], "sentence")
    exports.show(document, key="sentence")
    with st.expander(_("As JSON, like the REST service answers"), icon=":material/data_object:"):
        st.json(document, expanded=False)


def _conversation(options: Options) -> None:
    """Judge each line as an utterance of one conversation."""
    typed = st.text_area(
        _("A typed or pasted conversation, one line an utterance"), max_chars=MOST_CHARACTERS, height=160,
        key="predict_text",
    )  # fmt: skip
    drafts.keep("predict-text", 0, {"text": "predict_text"})
    texts = [line.strip() for line in typed.splitlines() if line.strip()]
    if not texts:
        return
    show_conversation(judging.conversation(texts, options), key="conversation")


def show_conversation(whole: Mapping[str, Any], key: str) -> None:
    """Show the verdict of a document of words, a line for each utterance, and the downloads."""
    verdict.show(whole)
    st.dataframe([row(utterance) for utterance in whole["utterances"]], hide_index=True)
    exports.show(dict(whole), key=key)


def row(utterance: Mapping[str, Any]) -> dict[str, str]:
    """Return one line of a table: the text, and what was judged of it."""
    said = utterance["judgements"]
    judged = {forms.scheme_title(name): answers.short(name, said[name]) for name in answers.ordered(said)}
    return {_("Text"): utterance["text"] or ""} | (judged or {_("Judgement"): "? " + _("Cannot tell")})
