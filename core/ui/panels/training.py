"""Parts of the Train page: choosing recipe, snapshot, encoder and settings, and runs beside each other."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.records import SnapshotInfo
from core.ui import translation
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import charts, forms
from core.workflows.models import curves, recipes, runs, train
from core.workflows.snapshots import snapshot

MOST_RUNS = 8  # beside each other; more lines cannot be told apart


def begin() -> None:
    """Draw the form that starts a training."""
    for sentence in recipes.broken():
        st.warning(forms.plain(translation.translate(sentence)))
    snapshots = snapshot.every(workspace())
    if not snapshots:
        st.info(_("Freeze a snapshot first: training reads nothing else."))
        return
    recipe_names = train.recipes()
    first, second, third, fourth = st.columns([2, 2, 3, 1])
    recipe = first.selectbox(
        _("Recipe"), list(recipe_names), help=_("An architecture with its data needs."), key="recipe"
    )
    chosen = second.selectbox(
        _("Snapshot"), train.suitable(recipe, snapshots), format_func=lambda s: s.name,
        placeholder=_("none of this scheme"),
    )  # fmt: skip
    encoder = _encoder(recipe, third)
    preset = fourth.selectbox(
        _("Preset"), recipes.presets_for(recipe, encoder), key=f"preset-{recipe}-{encoder}",
        help=_("seed: the settings of the system that the recipe comes from; default: its faults mended."),
    )  # fmt: skip
    overrides = settings(recipe, encoder, preset)
    start(recipe, chosen, encoder, overrides, preset)


def _encoder(recipe: str, place: Any) -> str:
    """Choose an encoder of the recipe, or write a hub id or a folder where the recipe takes one."""
    waiting = recipes.encoders_of(recipe)
    encoders = list(waiting)
    usual = encoders.index(train.recipes()[recipe].usual_encoder())

    def title(name: str) -> str:
        return _("{encoder} (weights not here)").format(encoder=name) if waiting.get(name) else name

    chosen: str = place.selectbox(
        _("Encoder"), encoders, index=usual, key=f"encoder-{recipe}", format_func=title,
        accept_new_options=train.recipes()[recipe].any_encoder is not None,
        help=_("A name of the list, a hub id OWNER/NAME or a folder; frozen+NAME and ngram+NAME take it as it is."),
    )  # fmt: skip
    return chosen


def settings(recipe: str, encoder: str, preset: str) -> dict[str, str]:
    """Draw the settings with their sources; return what a person changed, as text."""
    typed = st.text_input(
        _("Settings (key=value, separated by spaces)"),
        placeholder=train.settings_help(recipe, encoder, preset),
        key="settings",
    )
    given = train.parse_settings(typed.split())
    with st.expander(_("All settings"), icon=":material/tune:"):
        rows = recipes.sourced(recipe, encoder, preset, {})
        changed = _edited(rows, f"table-{recipe}-{encoder}-{preset}")
        overrides = changed | given
        if overrides:
            st.caption(
                _("Set by you: {settings}").format(
                    settings=forms.plain(" ".join(f"{name}={value}" for name, value in overrides.items()))
                )
            )
    return overrides


def _edited(rows: list[dict[str, Any]], key: str) -> dict[str, str]:
    """Draw a table whose values can be edited; return the changed ones."""
    name, value, source, meaning = _("Setting"), _("Value"), _("Where it comes from"), _("Meaning")
    shown = [
        {
            name: row["name"], value: str(row["value"]), source: translation.translate(row["source"]),
            meaning: translation.translate(row["meaning"]),
        }
        for row in rows
    ]  # fmt: skip
    edited = st.data_editor(shown, disabled=[name, source, meaning], hide_index=True, key=key, width="stretch")
    pairs = zip(rows, edited, strict=True)
    return {row["name"]: str(new[value] or "") for row, new in pairs if str(new[value] or "") != str(row["value"])}


def start(recipe: str, chosen: SnapshotInfo | None, encoder: str, overrides: Mapping[str, str], preset: str) -> None:
    """Draw the button that queues the training."""
    if (
        st.button(_("Start training"), type="primary", icon=":material/rocket_launch:", disabled=chosen is None)
        and chosen
    ):
        run_id = train.start(workspace(), recipe, chosen.name, encoder, overrides, preset)
        st.toast(_("Queued: {run}").format(run=run_id), icon=":material/schedule:")


def compare() -> None:
    """Draw runs beside each other: one table of scores and different settings, one picture of their curves."""
    every = [run for run in runs.every(workspace()) if run.state != "queued"]
    if len(every) < 2:
        return
    st.subheader(_("Runs beside each other"), anchor=False)
    chosen = st.multiselect(
        _("Trained runs"), [run.id for run in every], key="compared", max_selections=MOST_RUNS,
        placeholder=_("Choose two or more runs"),
    )  # fmt: skip
    if len(chosen) < 2:
        st.caption(_("Choose two or more runs to see their scores, settings and curves together."))
        return
    rows = curves.beside(workspace(), chosen)
    if len({row.snapshot for row in rows}) > 1:
        st.warning(_("These runs were scored on different snapshots, so their scores cannot be compared."))
    different = curves.different_settings(rows)
    st.dataframe([_compared(row, different) for row in rows], hide_index=True)
    histories = {row.run: row.history for row in rows if row.history}
    st.plotly_chart(
        charts.run_curves(histories, (_("Validation macro-F1"), _("Validation loss")), _("Epoch")),
        key="run-curves",
        config=charts.tools(),
    )


def _compared(row: curves.RunRow, different: list[str]) -> dict[str, Any]:
    scores = {
        _("Accuracy"): _score(row.scores.get("accuracy")), _("Macro-F1"): _score(row.scores.get("macro_f1")),
    }  # fmt: skip
    return {
        _("Run"): row.run, _("Recipe"): row.recipe, _("Encoder"): row.encoder, _("Preset"): row.preset,
        _("Snapshot"): row.snapshot, _("Epochs"): row.epochs, _("Best epoch"): row.best_epoch,
    } | scores | {name: str(row.settings.get(name, "")) for name in different}  # fmt: skip


def _score(score: Mapping[str, float | None] | None) -> str:
    """A score with its 95 % interval."""
    if not score or score["value"] is None:
        return ""
    if score["low"] is None or score["high"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"
