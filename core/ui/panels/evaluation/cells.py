"""The confusion matrix of a run, and the utterances behind a cell: by a click, from the keyboard, and as a table."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.records import UNLABELLED, RunInfo
from core.schemes import Scheme, scheme
from core.text.clock import clock
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import _, language
from core.ui.widgets import charts, forms
from core.workflows.evaluation import evaluate

MATRIX_PX, CELL_PX = 170, 90  # the names beside the matrix, and each of its columns
LINKED_CHARS = 80  # the first characters of a text, which the Corpus page searches for
SHOWN = 30  # utterances of a cell
CHOICE = "cell"  # the chosen cell in the session and in the address: the class ids "true-predicted"


def cells(run: RunInfo, metrics: dict[str, Any]) -> None:
    """Show the matrix, the choice of a cell that the keyboard reaches, and the utterances of the chosen cell."""
    chosen, matrix = scheme(run.scheme), metrics["confusion"]
    figure = charts.confusion(matrix, chosen, language(), (_("True"), _("Predicted")))
    key = f"confusion-{run.id}"
    row = st.container(horizontal=True)  # wraps in a narrow window
    with row.container(width=MATRIX_PX + CELL_PX * len(chosen.codes)):
        st.plotly_chart(figure, key=key, on_select=lambda: _take_click(key, chosen), selection_mode="points",
                        config={"displayModeBar": False})  # fmt: skip
        st.caption(_("Each cell: how many utterances, and which share of their true class."))
    with row.container(key="behind"):
        picked = _choose_cell(run, chosen, matrix)
        if picked:
            gold, predicted = (chosen.codes[int(part)] for part in picked.split("-"))
            show_cell(run, gold, predicted)
        else:
            st.info(_("Click a cell, or choose it above, to hear and read the utterances behind it."))
    _as_table(chosen, matrix)
    queue_button(
        evaluate.mistakes(workspace(), run.id, target=run.scheme), "mistakes", _("Queue all mistakes for review")
    )


def _take_click(key: str, chosen: Scheme) -> None:
    """Make the clicked cell the chosen one, so that mouse and keyboard use one state."""
    if points := st.session_state[key]["selection"]["points"]:
        gold, predicted = points[0]["customdata"][:2]
        st.session_state[CHOICE] = f"{chosen.codes.index(gold)}-{chosen.codes.index(predicted)}"


def _choose_cell(run: RunInfo, chosen: Scheme, matrix: Sequence[Sequence[int]]) -> str:
    """Show a select box of the cells that are not empty: mistakes first, the most frequent first."""
    counts = {f"{i}-{j}": n for i, row in enumerate(matrix) for j, n in enumerate(row)}

    def is_right(cell: str) -> bool:
        gold, predicted = cell.split("-")
        return gold == predicted

    options = sorted((cell for cell in counts if counts[cell]), key=lambda cell: (is_right(cell), -counts[cell]))
    if (asked := st.session_state.get(CHOICE, st.query_params.get(CHOICE))) in counts and asked not in options:
        options.append(asked)  # an empty cell that was clicked

    def title(cell: str) -> str:
        if not cell:
            return _("Choose a cell")
        gold, predicted = (forms.code_title(run.scheme, chosen.codes[int(part)]) for part in cell.split("-"))
        return _("{gold} taken for {predicted}: {n}").format(gold=gold, predicted=predicted, n=counts[cell])

    return forms.linked_choice(_("Cell"), ["", *options], CHOICE, title)


def _as_table(chosen: Scheme, matrix: Sequence[Sequence[int]]) -> None:
    names = [label.title(language()) for label in chosen.labels]
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe(
            [
                {_("True"): name, "n": sum(counts)}
                | {f"→ {title}": f"{n} ({n / max(sum(counts), 1):.0%})" for title, n in zip(names, counts, strict=True)}
                for name, counts in zip(names, matrix, strict=True)
            ],
            hide_index=True,
        )


def queue_button(ids: Sequence[int], key: str, label: str) -> None:
    """Show a button that puts the utterances `ids` into the review queue, and what it did."""
    if not ids:
        return
    notice = f"queued-{key}"
    st.button(f"{label} ({len(ids):,})", icon=":material/playlist_add:", key=f"queue-{key}", on_click=_queue,
              args=(tuple(ids), notice))  # fmt: skip
    if text := st.session_state.pop(notice, ""):
        st.success(text, icon=":material/done_all:")
        st.page_link("pages/review.py", label=_("Open the review queue"), icon=":material/arrow_forward:",
                     query_params={"queue": "tagged"})  # fmt: skip
    if trouble := st.session_state.pop(f"{notice}-trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")


def _queue(ids: tuple[int, ...], notice: str) -> None:
    try:
        action = evaluate.queue_for_review(workspace(), ids, curator())
    except CoreError as error:
        st.session_state[f"{notice}-trouble"] = explain(error)
        return
    already = action.what["already"]
    st.session_state[notice] = _("Queued for review: {n}. Queued before: {already}.").format(
        n=f"{action.count:,}", already=f"{already:,}"
    )


def show_cell(run: RunInfo, gold: str, predicted: str) -> None:
    """Show the utterances of class `gold` that the run took for `predicted`."""
    names = [forms.code_title(run.scheme, code) for code in (gold, predicted)]
    cell = evaluate.cell(workspace(), run.id, gold, predicted, target=run.scheme)
    mistakes = cell.mistakes
    st.subheader(
        _("{gold} taken for {predicted}: {n}").format(gold=names[0], predicted=names[1], n=len(mistakes)), anchor=False
    )
    queue_button(
        evaluate.mistakes(workspace(), run.id, gold, predicted, run.scheme), "cell", _("Queue this cell for review")
    )
    if cell.trouble:
        why = forms.plain(translation.translate(str(cell.trouble)))
        st.warning(_("The texts that the model saw cannot be shown: {why}").format(why=why), icon=":material/warning:")
    box = st.container(height=620 if len(mistakes) > 4 else "content", border=False)
    for mistake in mistakes[:SHOWN]:
        with box.container(border=True):
            _utterance_row(run, mistake)
    if len(mistakes) > SHOWN:
        st.caption(_("{n} more").format(n=len(mistakes) - SHOWN))


def _utterance_row(run: RunInfo, mistake: evaluate.Mistake) -> None:
    """Show one utterance: the frozen text, what changed since, then ways to hear and open it."""
    if mistake.item:
        st.text(mistake.item.text)
    else:
        st.caption(_("The text that the model saw is missing."))
    details = [f"{mistake.prediction.confidence:.0%}"]
    if shown_item := mistake.item if mistake.call else mistake.utterance or mistake.item:
        place = clock(shown_item.start_ms)
        details += [forms.speaker_title(shown_item.speaker), place, forms.plain(shown_item.key)]
    st.caption(" · ".join(filter(None, details)))
    _show_changes(run, mistake)
    if (current := mistake.utterance) is None:
        return
    if mistake.call and current.recording_id is not None and mistake.item and mistake.item.audio:
        forms.listen_to_recording(current.recording_id)
    elif current.voice_usable:
        forms.listen(current.id)
    if part := current.text.strip()[:LINKED_CHARS].strip():
        to, name = ":material/arrow_forward:", _("Open the call") if mistake.call else _("Open")
        st.page_link("pages/corpus.py", label=name, icon=to, query_params={"text": part})


def _show_changes(run: RunInfo, mistake: evaluate.Mistake) -> None:
    """Show how the utterance of today differs from the frozen one that the model saw."""
    current = mistake.utterance
    if current is None:
        st.caption(_("It is no longer in the corpus."))
        return
    if current.skipped:
        st.caption(_("It has been skipped since."))
    if mistake.new_code:
        title = forms.code_title(run.scheme, mistake.code or UNLABELLED)
        st.caption(_("Label today: {label}").format(label=forms.plain(title)))
    if mistake.new_text:
        st.caption(_("Text today:"))
        st.text(mistake.text)
