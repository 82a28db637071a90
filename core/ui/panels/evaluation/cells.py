"""The confusion matrix of a run, and the utterances behind a cell: by a click, from the keyboard, and from a list."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.filters import Filter
from core.messages import ClassName, Message
from core.records import UNLABELLED, RunInfo
from core.schemes import Scheme, scheme
from core.text.clock import clock
from core.ui import links, translation
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import _, language
from core.ui.panels.corpus import reviewing
from core.ui.widgets import chart_table, charts, forms
from core.workflows.evaluation import evaluate

MATRIX_PX, CELL_PX = 170, 90  # the names beside the matrix, and each of its columns
SHOWN = 30  # utterances of a cell
LISTED = 40  # cells of the list
REVIEW = ":material/hearing:"
CHOICE = "cell"  # the chosen cell in the session and in the address: the class ids "true-predicted"


def cells(run: RunInfo, metrics: dict[str, Any]) -> None:
    """Show the matrix, the choice of a cell that the keyboard reaches, and the utterances of the chosen cell."""
    chosen, matrix = scheme(run.scheme), metrics["confusion"]
    figure = charts.confusion(matrix, chosen, language(), (_("True"), _("Predicted")))
    key = f"confusion-{run.id}"
    row = st.container(horizontal=True)  # wraps in a narrow window
    with row.container(width=MATRIX_PX + CELL_PX * len(chosen.codes)):
        title = _("Confusion matrix, with its values in a table below")
        chart_table.show(figure, title, key, tools=False, table=False, on_select=lambda: _take_click(key, chosen),
                         selection_mode="points")  # fmt: skip
        st.caption(_("Each cell: how many utterances, and which share of their true class."))
    with row.container(key="behind"):
        picked = _choose_cell(run, chosen, matrix)
        if picked:
            gold, predicted = (chosen.codes[int(part)] for part in picked.split("-"))
            show_cell(run, gold, predicted)
        else:
            st.info(_("Click a cell, or choose it above or from the list, to hear and read its utterances."))
    _as_list(run, chosen, matrix)
    _as_table(chosen, matrix)
    mistakes = evaluate.mistakes(workspace(), run.id, target=run.scheme)
    with st.container(horizontal=True):
        open_button(run.scheme, mistakes, "mistakes", Message("Mistakes of a run"), _("Open all mistakes in Review"))
        queue_button(mistakes, "mistakes", _("Queue all mistakes for review"))


def _take_click(key: str, chosen: Scheme) -> None:
    """Make the clicked cell the chosen one, so that mouse and keyboard use one state."""
    if points := st.session_state[key]["selection"]["points"]:
        gold, predicted = points[0]["customdata"][:2]
        st.session_state[CHOICE] = f"{chosen.codes.index(gold)}-{chosen.codes.index(predicted)}"


def _counts(matrix: Sequence[Sequence[int]]) -> dict[str, int]:
    """Return cell -> count of the cells that are not empty: mistakes first, the most frequent first."""
    counts = {f"{i}-{j}": (i == j, -n) for i, row in enumerate(matrix) for j, n in enumerate(row) if n}
    return {cell: -counts[cell][1] for cell in sorted(counts, key=lambda cell: counts[cell])}


def _cell_title(scheme_name: str, chosen: Scheme, cell: str, n: int) -> str:
    gold, predicted = (forms.code_title(scheme_name, chosen.codes[int(part)]) for part in cell.split("-"))
    return _("{gold} taken for {predicted}: {n}").format(gold=gold, predicted=predicted, n=f"{n:,}")


def _as_list(run: RunInfo, chosen: Scheme, matrix: Sequence[Sequence[int]]) -> None:
    """Show the mistakes as a list of buttons, the most frequent first; a button chooses its cell."""
    wrong = [(cell, n) for cell, n in _counts(matrix).items() if len(set(cell.split("-"))) == 2]
    if not wrong:
        return
    with st.expander(_("Mistakes as a list"), icon=":material/list:"):
        for cell, n in wrong[:LISTED]:
            label = forms.plain(_cell_title(run.scheme, chosen, cell, n))
            st.button(label, key=f"cell-{cell}", type="tertiary", icon=":material/chevron_right:",
                      on_click=_take_cell, args=(cell,))  # fmt: skip
        if len(wrong) > LISTED:
            st.caption(_("{n} more").format(n=f"{len(wrong) - LISTED:,}"))


def _take_cell(cell: str) -> None:
    st.session_state[CHOICE] = cell


def _choose_cell(run: RunInfo, chosen: Scheme, matrix: Sequence[Sequence[int]]) -> str:
    """Show a select box of the cells that are not empty: mistakes first, the most frequent first."""
    counts = {f"{i}-{j}": n for i, row in enumerate(matrix) for j, n in enumerate(row)}
    options = list(_counts(matrix))
    if (asked := st.session_state.get(CHOICE, st.query_params.get(CHOICE))) in counts and asked not in options:
        options.append(asked)  # an empty cell that was clicked

    def title(cell: str) -> str:
        if not cell:
            return _("Choose a cell")
        return _cell_title(run.scheme, chosen, cell, counts[cell])

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


def open_button(scheme_name: str, ids: Sequence[int], key: str, title: str, label: str) -> None:
    """Show a button that opens the utterances `ids` in Review as a list, with the way back to here.

    `title` of the list is a Message, which its reader sees in his language.
    """
    if not ids:
        return
    if st.button(f"{label} ({len(ids):,})", icon=":material/hearing:", key=f"open-{key}", type="primary"):
        try:
            reviewing.open_ids(ids, title, links.here("evaluate"), scheme_name)
        except CoreError as error:
            st.error(forms.plain(explain(error)), icon=":material/error:")


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
    cell = evaluate.cell(workspace(), run.id, gold, predicted, limit=SHOWN, target=run.scheme)
    ids = evaluate.mistakes(workspace(), run.id, gold, predicted, run.scheme)
    title = _("{gold} taken for {predicted}: {n}")
    st.header(title.format(gold=names[0], predicted=names[1], n=f"{len(ids):,}"), anchor=False)
    with st.container(horizontal=True):
        taken = {"gold": ClassName(run.scheme, gold), "predicted": ClassName(run.scheme, predicted)}
        title = Message("{gold} taken for {predicted}", **taken)
        open_button(run.scheme, ids, "cell", title, _("Open this cell in Review"))
        queue_button(ids, "cell", _("Queue this cell for review"))
    if cell.trouble:
        why = forms.plain(translation.translate(str(cell.trouble)))
        st.warning(_("The texts that the model saw cannot be shown: {why}").format(why=why), icon=":material/warning:")
    box = st.container(height=620 if len(cell.mistakes) > 4 else "content", border=False)
    for mistake in cell.mistakes:
        with box.container(border=True):
            _utterance_row(run, mistake)
    if len(ids) > SHOWN:
        st.caption(_("{n} more").format(n=f"{len(ids) - SHOWN:,}"))


def _utterance_row(run: RunInfo, mistake: evaluate.Mistake) -> None:
    """Show one utterance: the frozen text, what changed since, then ways to hear and open it."""
    if mistake.item:
        st.text(mistake.item.text)
    else:
        st.caption(_("The text that the model saw is missing."))
    details = [f"{mistake.prediction.confidence:.0%}"]
    if shown_item := mistake.item if mistake.call else mistake.utterance or mistake.item:
        details += [forms.speaker_title(shown_item.speaker), clock(shown_item.start_ms)]
    st.caption(" · ".join(filter(None, details)))
    _show_changes(run, mistake)
    if (current := mistake.utterance) is None:
        return
    if mistake.call and current.recording_id is not None and mistake.item and mistake.item.audio:
        forms.listen_to_recording(current.recording_id)
    elif current.voice_usable:
        forms.listen(current.id)
    back = links.here("evaluate")
    with st.container(horizontal=True):
        links.show(_("Open in Review"), links.review(item=current.id, schemes=[run.scheme], back=back), REVIEW)
        if mistake.call:
            links.show(_("Open the call"), links.corpus(Filter(recording_id=current.recording_id), back=back))
        else:
            links.show(_("Open"), links.corpus(Filter(ids=(current.id,)), back=back))


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
