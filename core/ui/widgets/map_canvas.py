"""The component that draws a map: points to look at, to pick and to select, by mouse, touch and keyboard.

Sources, licences and build script lie in `assets/map`. The bundle runs without a network; texts of points come from
`core.web.maps`, one at a time. What the browser sends is checked here. It reads no store.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from core.errors import InputError
from core.settings import ASSETS
from core.ui.i18n import N_, _

FOLDER = ASSETS / "map"
MOST_SELECTED = 200_000
HIGHEST = 2**32  # an id is an unsigned number of 32 bits in the browser

# English texts of the component; each is translated by gettext.
STRINGS: dict[str, str] = {
    "box": N_("Select in a box"),
    "drag": N_("What dragging does"),
    "fit": N_("Show all"),
    "key_fit": N_("show all points"),
    "key_none": N_("select nothing"),
    "key_pan": N_("move the map"),
    "key_pick": N_("pick the point"),
    "key_point": N_("go to the next point of that side"),
    "key_view": N_("select what is in sight"),
    "key_zoom": N_("closer, farther"),
    "keys": N_("Keys"),
    "lasso": N_("Select freely"),
    "legend": N_("Legend"),
    "map": N_("Map of utterances. The arrow keys go from point to point, Enter picks one."),
    "move": N_("Move by dragging"),
    "none": N_("Select nothing"),
    "selected": N_("Selected: {n}"),
    "show": N_("Show or hide"),
    "take": N_("Select"),
    "trouble": N_("The points could not be loaded; load the page again."),
    "view": N_("Select what is in sight"),
    "zoom": N_("Zoom"),
    "zoom_in": N_("Zoom in"),
    "zoom_out": N_("Zoom out"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the legend. The symbol follows from its place; `color` is `#rrggbb`."""

    title: str
    color: str
    n: int


_CANVAS: Callable[..., object] = st.components.v2.component(
    "gwidama_map",
    html='<div class="gw gw-map" role="group" tabindex="-1"></div>',
    css=(FOLDER / "style.css").read_text("utf-8"),
    js=(FOLDER / "dist" / "map.js").read_text("utf-8"),
)


def canvas(
    *,
    points: str,
    legend: Sequence[Entry],
    picked: int | None,
    near: Sequence[int],
    selected: str,
    key: str,
    on_pick: Callable[[int], None],
    on_select: Callable[[list[int]], None],
) -> None:
    """Draw the points that the server gives at the address `points`.

    `picked` and `near` are ids of a picked point and its neighbours, `selected` the address of selected ids ("" for
    none). `on_pick` and `on_select` are called with ids before the page's body runs.
    """
    data = {
        "url": points,
        "categories": [asdict(entry) for entry in legend],
        "picked": picked,
        "near": list(near),
        "selected": selected,
        "strings": {name: _(text) for name, text in STRINGS.items()},
    }

    def picked_one() -> None:
        on_pick(parse_pick(st.session_state[key]["pick"]))

    def selected_some() -> None:
        on_select(parse_selection(st.session_state[key]["select"]))

    _CANVAS(key=key, data=data, on_pick_change=picked_one, on_select_change=selected_some)


def parse_pick(value: object) -> int:
    """Check the id that the browser sent. `InputError` if it has another form.

    >>> parse_pick(12)
    12
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < HIGHEST:
        raise InputError("map: malformed pick")
    return value


def parse_selection(value: object) -> list[int]:
    """Check the ids that the browser sent. `InputError` if they have another form or are too many.

    >>> parse_selection({"ids": [3, 1]})
    [3, 1]
    """
    match value:
        case {"ids": list(ids)} if len(ids) <= MOST_SELECTED:
            return [parse_pick(number) for number in ids]
    raise InputError("map: malformed selection")
