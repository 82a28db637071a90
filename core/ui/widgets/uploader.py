"""Chooses files and folders in the browser and sends them to the server, without a limit of memory.

Kinds and sizes are told beside the buttons and checked before anything is sent; a broken upload goes on. The routes are
those of `core.web.deliveries`; the script and its style lie in assets/uploader and need no bundle.

`limits` tells below one of Streamlit's own uploaders, for small files, what it takes. Streamlit writes the limit and
the reason of a refusal in English only; a style shows other words in their place.
"""

import json
from collections.abc import Sequence

import streamlit as st

from core.settings import ASSETS
from core.ui import error_messages
from core.ui.i18n import N_, _, language
from core.web import deliveries

HERE = ASSETS / "uploader"
HTML = """<div class="gw-uploader" role="group">
<p class="gw-title"></p><p class="gw-rules"></p>
<div class="gw-buttons"><button type="button" class="gw-files"></button>
<button type="button" class="gw-folder"></button><button type="button" class="gw-stop"></button></div>
<input class="gw-input-files" type="file" multiple><input class="gw-input-folder" type="file" webkitdirectory multiple>
<div class="gw-progress"><progress class="gw-bar" max="1" value="0"></progress></div>
<p class="gw-state" role="status"></p><ul class="gw-problems" role="alert"></ul></div>"""
STRINGS = {
    "title": N_("Drop files or a whole folder here"),
    "files": N_("Choose files"),
    "folder": N_("Choose a folder"),
    "stop": N_("Stop"),
    "kind": N_("no import reads files of this kind; it was not sent"),
    "large": N_("{size} is too large: up to {most} a file; it was not sent"),
    "empty": N_("the file is empty; it was not sent"),
    "twice": N_("another file of this name was chosen, too; only the first was sent"),
    "replaced": N_("took the place of another file of this name that was here"),
    "failed": N_("the server did not take it; choose it again to go on"),
    "closed": N_("the server was started again: reload the page, then choose it again"),
    "stopped": N_("stopped; choose the same files again to go on"),
    "sending": N_("File {number} of {n}: {name} · {done} of {total}"),
    "rate": N_("{rate} a second, about {left} s left"),
    "progress": N_("Upload"),
}
REFUSED = N_("Too large, or a kind that is not read here: see the size and the kinds below.")
DROP = N_("or drop files here")
_STYLE = """<style>
[data-testid="stFileUploaderDropzoneInstructions"],
body:has([data-testid="stFileChipIconError"]) [data-testid="stTooltipErrorContent"],
[data-testid="stFileChip"] > [role="alert"] { visibility: hidden; font-size: 0; }
[data-testid="stFileUploaderDropzoneInstructions"] > * { display: none; }
[data-testid="stFileUploaderDropzoneInstructions"]::after { visibility: visible; font-size: 0.875rem; content: DROP; }
body:has([data-testid="stFileChipIconError"]) [data-testid="stTooltipErrorContent"]::after,
[data-testid="stFileChip"] > [role="alert"]::after { visibility: visible; font-size: 0.875rem; content: REFUSED; }
[data-testid="stFileChip"]:has(> [role="alert"]) { height: auto; flex-wrap: wrap; max-width: none; }
[data-testid="stFileChip"] > [role="alert"] {
  position: static; width: auto; height: auto; clip: auto; clip-path: none; white-space: normal; margin: 0;
}
</style>"""

_UPLOADER = st.components.v2.component(
    "gwidama_uploader",
    html=HTML,
    css=(HERE / "style.css").read_text("utf-8"),
    js=(HERE / "uploader.js").read_text("utf-8"),
)


def uploader(delivery: str, *, kinds: Sequence[str], most_bytes: int, rules: str, key: str) -> bool:
    """Show the uploader of a delivery; return whether it has just sent files.

    `kinds` are the ends of file names that are taken, `most_bytes` is the largest file, and `rules` tells both.
    """
    deliveries.open_upload(delivery, error_messages.explainer(language()))
    texts = {name: _(text) for name, text in STRINGS.items()} | {"rules": rules}
    data = {
        "address": deliveries.ADDRESS.format(delivery=delivery), "kinds": list(kinds), "most": most_bytes,
        "texts": texts,
    }  # fmt: skip
    return _UPLOADER(key=key, data=data, on_sent_change=lambda: None).sent is not None


def limits(most_mb: int, kinds: str) -> None:
    """Tell below an uploader how large a file may be and which kinds are taken."""
    st.caption(_("Up to {n} MB a file · {kinds}").format(n=most_mb, kinds=kinds))
    words = {"DROP": _(DROP), "REFUSED": _(REFUSED)}
    style = _STYLE
    for name, text in words.items():
        style = style.replace(name, json.dumps(text, ensure_ascii=False).replace("<", "\\3c "))
    st.html(style)
