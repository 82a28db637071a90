"""Words for vectors, methods, ways of colouring and categories of a map, in the reader's language; and their colours.

Names of classes, sources and runs are hostile: they are shown as plain text.
"""

from collections.abc import Mapping

from core.records import RunInfo
from core.schemes import SCHEMES
from core.ui.i18n import N_, _
from core.ui.panels import runs as run_panel
from core.ui.widgets import forms
from core.ui.widgets.map_canvas import Entry
from core.workflows.map.drawing import ERROR, LABEL, PREDICTION, SOURCE, Category
from core.workflows.map.vectors import RUN

GREY, PURPLE, BLUE, RED = "#7b8aa1", "#7c6f9b", "#2563eb", "#d55e00"
TAN, BROWN = "#b08968", "#8a6d3b"
SOURCE_COLORS = ("#2563eb", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7c6f9b", "#8a8a00")
VECTORS = {"hashed-ngram": N_("Shared syllables of the texts")}
METHODS = {"pca": N_("PCA: fast, the main differences"), "umap": N_("UMAP: slower, neighbours stay together")}
KINDS: dict[str, str] = {
    "several": N_("Several classes"), "silver": N_("Only a machine's label (silver)"), "none": N_("No class"),
    "unlabelled": N_("Unlabelled"), "others": N_("Others"), "right": N_("Right"),
    "wrong": N_("Wrong"), "unscored": N_("Not judged by this run"),
}  # fmt: skip
_COLORS: dict[str, str] = {
    "several": PURPLE, "silver": TAN, "none": BROWN, "unlabelled": GREY, "others": GREY,
    "right": BLUE, "wrong": RED, "unscored": GREY,
}  # fmt: skip
Runs = Mapping[str, RunInfo]


def vectors_title(name: str, runs: Runs) -> str:
    """Return what the vectors `name` are made of, in words."""
    if name.startswith(RUN):
        return _("As the run {run} sees texts").format(run=run_title(name.removeprefix(RUN), runs))
    return _(VECTORS[name]) if name in VECTORS else name


def method_title(name: str) -> str:
    return _(METHODS[name]) if name in METHODS else name


def run_title(run_id: str, runs: Runs) -> str:
    """Return the name of a run for a reader; an unknown id stays as it is."""
    run = runs.get(run_id)
    return run_panel.title(run) if run else run_id


def way_title(way: str, runs: Runs) -> str:
    """Return the title of a way of colouring."""
    if way == SOURCE:
        return _("Source")
    if way.startswith(LABEL):
        return _("Label: {scheme}").format(scheme=forms.scheme_title(way.removeprefix(LABEL)))
    title = N_("Right or wrong: {run}") if way.startswith(ERROR) else N_("Prediction: {run}")
    return _(title).format(run=run_title(way.removeprefix(ERROR).removeprefix(PREDICTION), runs))


def category_title(category: Category) -> str:
    if category.kind == "class":
        return forms.code_title(category.scheme, category.code)
    return category.code if category.kind == "source" else _(KINDS[category.kind])


def legend(categories: tuple[Category, ...]) -> list[Entry]:
    """Return the rows of the legend, in the order of the categories."""
    return [
        Entry(category_title(category), _color(category, number), category.n)
        for number, category in enumerate(categories)
    ]


def _color(category: Category, number: int) -> str:
    if category.kind == "class" and category.scheme in SCHEMES:
        scheme = SCHEMES[category.scheme]
        if category.code in scheme.codes and (color := scheme.label(category.code).color):
            return color
    return _COLORS.get(category.kind, SOURCE_COLORS[number % len(SOURCE_COLORS)])
