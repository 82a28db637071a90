"""The map's component: its bundle, and a text for everything it says. Node runs its pure parts: test_player_node.py."""

import hashlib
import re

from core.ui.widgets import map_canvas

SOURCES = sorted((map_canvas.FOLDER / "src").rglob("*.js"))


def test_the_bundle_is_whole_and_names_its_licence() -> None:
    bundle = (map_canvas.FOLDER / "dist" / "map.js").read_text("utf-8")
    assert hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest() in bundle, (
        "the bundle is not built from these sources: sh assets/map/build.sh"
    )
    assert bundle.startswith("/*! Gwidama")
    assert "Vladimir Agafonkin" in bundle
    assert "Vladimir Agafonkin" in (map_canvas.FOLDER / "LICENSES.md").read_text("utf-8")
    for unsafe in ("eval(", "new Function", ' from "', "innerHTML", "http://", "https://"):
        assert unsafe not in bundle.replace("http://www.w3.org/2000/svg", ""), unsafe


def test_the_component_has_a_text_for_everything_it_says() -> None:
    code = "\n".join(path.read_text("utf-8") for path in SOURCES)
    named = set(re.findall(r"\bstrings\.(\w+)", code)) | set(re.findall(r"\b(key_\w+):", code))
    named |= set(re.findall(r'(?:tool|group)\("(\w+)"', code)) | {"move", "lasso", "box"}
    assert named == map_canvas.STRINGS.keys()
