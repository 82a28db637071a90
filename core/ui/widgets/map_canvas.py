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
from core.workflows.review.queues import check_number

FOLDER = ASSETS / "map"
HIGHEST = 2**32  # an id is an unsigned number of 32 bits in the browser

# English texts of the component; each is translated by gettext.
STRINGS: dict[str, str] = {
    "again": N_("Try again"),
    "box": N_("Select in a box"),
    "box_begun": N_("A box begins here. Go to its other corner and press B again; Esc takes it back."),
    "drag": N_("What dragging does"),
    "empty": N_("There is no point in it. What was selected stays."),
    "fit": N_("Show all"),
    "is_selected": N_("selected"),
    "key_box": N_("begin a box at this point; again: select what is in it"),
    "key_fit": N_("show all points"),
    "key_none": N_("select nothing"),
    "key_pan": N_("move the map"),
    "key_pick": N_("pick the point"),
    "key_point": N_("go to the next point of that side"),
    "key_toggle": N_("select this point too, or no longer"),
    "key_view": N_("select what is in sight"),
    "key_zoom": N_("closer, farther"),
    "keys": N_("Keys"),
    "lasso": N_("Select freely"),
    "legend": N_("Legend"),
    "loading": N_("The points are being loaded…"),
    "map": N_("Map of utterances. The arrow keys go from point to point, Enter picks one."),
    "move": N_("Move by dragging"),
    "none": N_("Select nothing"),
    "selected": N_("Selected: {n}"),
    "show": N_("Show or hide"),
    "take": N_("Select"),
    "trouble": N_("The points could not be loaded."),
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
    none). `on_pick` and `on_select` are called with ids before the page's body runs. If the browser found nothing at an
    address, the page runs again, so that its caller keeps the bytes once more.
    """
    # How often the browser asked for that: a change makes it look again. Which selection is the last one: the browser
    # drops the answer to an earlier one.
    asked, turn = f"{key}_asked", f"{key}_turn"
    data = {
        "url": points,
        "again": st.session_state.get(asked, 0),
        "turn": st.session_state.get(turn, 0),
        "categories": [asdict(entry) for entry in legend],
        "picked": picked,
        "near": list(near),
        "selected": selected,
        "strings": {name: _(text) for name, text in STRINGS.items()},
    }

    def picked_one() -> None:
        on_pick(parse_pick(st.session_state[key]["pick"]))

    def selected_some() -> None:
        ids, st.session_state[turn] = parse_selection(st.session_state[key]["select"])
        on_select(ids)

    def asked_again() -> None:
        st.session_state[asked] = st.session_state.get(asked, 0) + 1

    _CANVAS(key=key, data=data, on_pick_change=picked_one, on_select_change=selected_some, on_again_change=asked_again)


def parse_pick(value: object) -> int:
    """Check the id that the browser sent. `InputError` if it has another form.

    >>> parse_pick(12)
    12
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < HIGHEST:
        raise InputError("map: malformed pick")
    return value


def parse_selection(value: object) -> tuple[list[int], int]:
    """Check the ids that the browser sent, and their number among its selections. `InputError` if they have another
    form or are too many.

    >>> parse_selection({"ids": [3, 1], "turn": 2})
    ([3, 1], 2)
    """
    match value:
        case {"ids": list(ids), "turn": int(turn)} if 0 < turn < HIGHEST:
            check_number(len(ids))
            return [parse_pick(number) for number in ids], turn
    raise InputError("map: malformed selection")
