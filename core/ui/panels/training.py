"""Parts of the Train page: choosing recipe, snapshot, encoder and settings, and runs beside each other."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import InputError
from core.ui import translation
from core.ui.frame import guard, workspace
from core.ui.i18n import _
from core.ui.panels import runs as run_panel
from core.ui.panels.job_titles import recipe_title
from core.ui.widgets import chart_table, charts, forms
from core.workflows.models import curves, recipes, runs, train
from core.workflows.snapshots import snapshot

# In the session: the recipe whose encoder is shown, and that the settings of the address were read.
ENCODER_OF, SETTINGS_READ = "encoder_of", "settings_read"
MOST_RUNS = 8  # beside each other; more lines cannot be told apart


def begin() -> None:
    """Draw the form that starts a training. What is chosen is in the address, so a reload keeps it."""
    for sentence in recipes.broken():
        st.warning(forms.plain(translation.translate(sentence)))
    snapshots = snapshot.every(workspace())
    if not snapshots:
        st.info(_("Freeze a snapshot first: training reads nothing else."))
        return
    first, second, third, fourth = st.columns([2, 2, 3, 1])
    with first:
        recipe = forms.linked_choice(
            _("Recipe"), list(train.recipes()), "recipe", recipe_title, help=_("An architecture with its data needs.")
        )
    with second:
        chosen = _snapshot([info.name for info in train.suitable(recipe, snapshots)])
    encoder = _encoder(recipe, third)
    with fourth:
        preset = forms.linked_choice(
            _("Preset"), recipes.presets_for(recipe, encoder), "preset", str,
            help=_("seed: the settings of the system that the recipe comes from; default: its faults mended."),
        )  # fmt: skip
    overrides = settings(recipe, encoder, preset)
    start(recipe, chosen, encoder, overrides, preset)


def _snapshot(names: list[str]) -> str | None:
    """Choose a snapshot of the recipe's schemes; None, with the way out, if there is none."""
    if names:
        return forms.linked_choice(_("Snapshot"), names, "snapshot", str)
    st.selectbox(_("Snapshot"), names, placeholder=_("none of this scheme"), disabled=True, key="no_snapshot")
    st.caption(_("Freeze a snapshot of a scheme that this recipe learns."))
    return None


def _encoder(recipe: str, place: Any) -> str:
    """Choose an encoder of the recipe, or write a hub id or a folder where the recipe takes one."""
    waiting = recipes.encoders_of(recipe)
    encoders, takes_any = list(waiting), train.recipes()[recipe].any_encoder is not None
    usual = train.recipes()[recipe].usual_encoder()
    if st.session_state.get(ENCODER_OF) != recipe:
        asked = st.query_params.get("encoder", "") if ENCODER_OF not in st.session_state else ""
        st.session_state["encoder"] = asked if asked in encoders or (takes_any and asked) else usual
        st.session_state[ENCODER_OF] = recipe

    def title(name: str) -> str:
        return _("{encoder} (weights not here)").format(encoder=name) if waiting.get(name) else name

    own = [name for name in (st.session_state.get("encoder"),) if name and name not in encoders]
    chosen: str = place.selectbox(
        _("Encoder"), [*encoders, *own], key="encoder", format_func=title, accept_new_options=takes_any,
        help=_("A name of the list, a hub id OWNER/NAME or a folder; frozen+NAME and ngram+NAME take it as it is."),
    )  # fmt: skip
    forms.share("encoder", chosen, usual)
    return chosen


def settings(recipe: str, encoder: str, preset: str) -> dict[str, str] | None:
    """Draw the settings with their sources; return what a person changed, as text; None if it cannot be read."""
    with st.expander(_("All settings"), icon=":material/tune:"):
        rows = recipes.sourced(recipe, encoder, preset, {})
        changed = _edited(rows, f"table-{recipe}-{encoder}-{preset}")
    with st.popover(_("Settings as text"), icon=":material/data_object:", width="content"):
        typed = forms.linked_text(_("Settings (key=value, separated by spaces)"), "settings")
        st.caption(_("As the command line takes them. They win over the table."))
        st.caption(forms.plain(train.settings_help(recipe, encoder, preset)))
    try:
        overrides = changed | train.parse_settings(typed.split())
        recipes.sourced(recipe, encoder, preset, overrides)
    except InputError as error:
        st.error(forms.plain(translation.translate(error.message)), icon=":material/error:")
        return None
    if overrides:
        named = " · ".join(f"{name}: {value}" for name, value in overrides.items())
        st.caption(_("Set by you: {settings}").format(settings=forms.plain(named)))
    return overrides


def _edited(rows: list[dict[str, Any]], key: str) -> dict[str, str]:
    """Draw a table whose values can be edited; return the changed ones. The address keeps them."""
    kept = f"{key}-kept"
    if kept not in st.session_state:  # the table is drawn for the first time: it begins as the address says
        asked = () if SETTINGS_READ in st.session_state else st.query_params.get_all("set")
        st.session_state[kept] = {pair.partition(":")[0]: pair.partition(":")[2] for pair in asked}
        st.session_state[SETTINGS_READ] = True
    begun: dict[str, str] = st.session_state[kept]
    name, value, source, meaning = _("Setting"), _("Value"), _("Where it comes from"), _("Meaning")
    shown = [
        {
            name: row["name"], value: begun.get(row["name"], str(row["value"])),
            source: translation.translate(row["source"]), meaning: translation.translate(row["meaning"]),
        }
        for row in rows
    ]  # fmt: skip
    edited = st.data_editor(shown, disabled=[name, source, meaning], hide_index=True, key=key, width="stretch")
    pairs = zip(rows, edited, strict=True)
    changed = {row["name"]: str(new[value] or "") for row, new in pairs if str(new[value] or "") != str(row["value"])}
    forms.share("set", [f"{setting}:{text}" for setting, text in changed.items()], [])
    return changed


def start(
    recipe: str, chosen: str | None, encoder: str, overrides: Mapping[str, str] | None, preset: str
) -> None:  # fmt: skip
    """Draw the button that queues the training; an error stands below it."""
    ready = chosen is not None and overrides is not None
    with guard():
        if (
            st.button(_("Start training"), type="primary", icon=":material/rocket_launch:", disabled=not ready)
            and chosen is not None
            and overrides is not None
        ):
            train.start(workspace(), recipe, chosen, encoder, overrides, preset)
            st.toast(_("Queued: {run}").format(run=f"{recipe_title(recipe)} · {chosen}"), icon=":material/schedule:")


def compare() -> None:
    """Draw runs beside each other: one table of scores and different settings, one picture of their curves."""
    every = [run for run in runs.every(workspace()) if run.state != "queued"]
    if len(every) < 2:
        return
    titles = run_panel.titles(every)
    st.header(_("Runs beside each other"), anchor=False)
    if "compared" not in st.session_state:
        asked = st.query_params.get_all("compared")
        st.session_state["compared"] = [name for name in asked if name in titles][:MOST_RUNS]
    chosen = st.multiselect(
        _("Trained runs"), list(titles), key="compared", max_selections=MOST_RUNS, format_func=titles.__getitem__,
        placeholder=_("Choose two or more runs"),
    )  # fmt: skip
    forms.share("compared", chosen, [])
    if len(chosen) < 2:
        st.caption(_("Choose two or more runs to see their scores, settings and curves together."))
        return
    rows = curves.beside(workspace(), chosen)
    if len({row.snapshot for row in rows}) > 1:
        st.warning(_("These runs were scored on different snapshots, so their scores cannot be compared."))
    different = curves.different_settings(rows)
    st.dataframe([_compared(row, titles[row.run], different) for row in rows], hide_index=True)
    histories = {titles[row.run]: row.history for row in rows if row.history}
    figure = charts.run_curves(histories, (_("Validation macro-F1"), _("Validation loss")), _("Epoch"))
    chart_table.show(figure, _("Validation macro-F1 and loss by epoch"), "run-curves")


def _compared(row: curves.RunRow, title: str, different: list[str]) -> dict[str, Any]:
    scores = {
        _("Accuracy"): _score(row.scores.get("accuracy")), _("Macro-F1"): _score(row.scores.get("macro_f1")),
    }  # fmt: skip
    return {
        _("Run"): title, _("Recipe"): recipe_title(row.recipe), _("Encoder"): row.encoder, _("Preset"): row.preset,
        _("Snapshot"): row.snapshot, _("Epochs"): row.epochs, _("Best epoch"): row.best_epoch,
    } | scores | {name: str(row.settings.get(name, "")) for name in different}  # fmt: skip


def _score(score: Mapping[str, float | None] | None) -> str:
    """Return a score with its 95% interval."""
    if not score or score["value"] is None:
        return ""
    if score["low"] is None or score["high"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"
