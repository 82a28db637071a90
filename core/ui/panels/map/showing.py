"""The points on the screen, coloured, with the picked point beside them and the selected ones below."""

import numpy as np
import streamlit as st

from core.embedding.map_file import MapInfo
from core.errors import NotFound
from core.ui.frame import workspace
from core.ui.panels.map import point, selection, titles
from core.ui.widgets.map_canvas import canvas
from core.web import maps
from core.workflows.corpus.similar import Neighbour
from core.workflows.map import asking, drawing
from core.workflows.map.drawing import Drawing

POINT = "point"  # the parameter of the address that names the picked point


def show(info: MapInfo, way: str) -> None:
    """Show the map of `info`, coloured by `way`."""
    shown = drawing.drawing(workspace(), info, way)
    picked = picked_point(shown)
    near = asking.neighbours(workspace(), shown, picked) if picked is not None else []
    chosen = asking.drawn(shown, selection.ids())
    beside, rest = st.columns([7, 4])
    with beside:
        _draw(shown, picked, near, chosen)
    with rest:
        point.show(picked, near, pick)
    selection.panel(shown, chosen, way, pick)


def _draw(shown: Drawing, picked: int | None, near: list[Neighbour], chosen: list[int]) -> None:
    canvas(
        points=maps.keep(asking.payload(shown)),
        legend=titles.legend(shown.categories),
        picked=picked,
        near=[neighbour.utterance.id for neighbour in near],
        selected=maps.keep(np.array(chosen, "<u4").tobytes()) if chosen else "",
        key="map_canvas",
        on_pick=pick,
        on_select=selection.keep,
    )


def picked_point(shown: Drawing) -> int | None:
    """Return the id in the address, if it is a point of the map."""
    given = st.query_params.get(POINT, "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        return None
    try:
        asking.place_of(shown, int(given))
    except NotFound:
        return None
    return int(given)


def pick(utterance_id: int) -> None:
    """Let a point be the picked one; the address says so."""
    st.query_params[POINT] = str(utterance_id)
