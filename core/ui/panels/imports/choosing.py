"""Where a delivery comes from: files of the reader's computer, or a folder of the server's machine."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.widgets import forms
from core.ui.widgets.uploader import uploader
from core.workflows.imports.deliveries import inbox, kinds, places
from core.workflows.imports.deliveries import job as importing

WAYS = {"upload": N_("Files of this computer"), "server": N_("A folder of the server")}
ROOTS = {places.INBOX: N_("Import folder of the workspace"), places.CALLS: N_("Calls of the demo, as AI Hub delivers")}
SHOWN = 12
GIGA, MEGA, KILO = 1_000_000_000, 1_000_000, 1_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be imported: its paths, the token of its fields, and the upload it came with ("" for none).

    `state` changes whenever a file of the upload does.
    """

    paths: tuple[Path, ...]
    token: str
    delivery: str = ""
    state: int = 0


def choose() -> Chosen | None:
    """Show the ways to choose a delivery; return what was chosen, None before anything is."""
    st.session_state.setdefault("import_from", _way_of_address())
    way = st.segmented_control(
        _("Where is it?"), list(WAYS), format_func=lambda name: _(WAYS[name]), key="import_from", required=True
    )
    forms.share("from", way or "upload", "upload")
    return _on_server() if way == "server" else _uploaded()


def _way_of_address() -> str:
    return "server" if st.query_params.get("from") == "server" else "upload"


def size(n: int) -> str:
    """Return a number of bytes as a person reads it.

    >>> size(1_505_623), size(50_000_000_000), size(900)
    ('1.5 MB', '50.0 GB', '0.9 KB')
    """
    unit, name = next(((u, m) for u, m in ((GIGA, "GB"), (MEGA, "MB")) if n >= u), (KILO, "KB"))
    return f"{n / unit:,.1f} {name}"


def _uploaded() -> Chosen | None:
    """Show the uploader and what has arrived; return it, if anything has."""
    ws, delivery = workspace(), st.query_params.get("delivery", "")
    if not inbox.is_id(delivery):
        delivery = importing.new_upload(ws)
        st.query_params["delivery"] = delivery
    most = inbox.most_bytes(ws)
    rules = _("Up to {most} a file. Zips of AI Hub 119, tables (CSV, XLSX, JSON, Parquet), audio (WAV, MP3, M4A …), "
              "annotations (TextGrid, EAF, SRT …) and folders of all of these.").format(most=size(most))  # fmt: skip
    uploader(delivery, kinds=kinds.SUFFIXES, most_bytes=most, rules=rules, key=f"uploader-{delivery.replace('_', '-')}")
    files = inbox.files(ws, delivery)
    if not files:
        return None
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        _files([(file.path, file.size) for file in files])
    if right.button(_("Remove these files"), icon=":material/delete:", key=f"discard-{delivery}", width="stretch"):
        inbox.discard(ws, delivery)
        del st.query_params["delivery"]
        st.rerun()
    state = hash(tuple((file.path, file.size, file.modified_ms) for file in files))
    return Chosen(tuple(inbox.entries(ws, delivery)), delivery, delivery, state)


def _files(files: Sequence[tuple[str, int]]) -> None:
    """Show the number and the size of the files, and their names behind a click."""
    total = size(sum(n for _name, n in files))
    with st.expander(_("Files: {n} ({size})").format(n=f"{len(files):,}", size=total), icon=":material/folder_zip:"):
        st.dataframe(
            [{_("File"): name, _("Size"): size(n)} for name, n in files[:1000]], hide_index=True, key="import_files"
        )


def _on_server() -> Chosen | None:
    """Show the allowed folders, step by step; return the folder or the files that were chosen."""
    ws = workspace()
    roots = places.roots(ws)
    root = forms.linked_choice(_("Folder"), list(roots), "root", lambda name: _root_title(name, roots[name]))
    inner = _inner(root)
    listing = places.look(ws, root, inner)
    _path(root, inner)
    for name in listing.folders[:200]:
        st.button(name.translate(forms.PLAIN), icon=":material/folder:", key=f"into-{root}-{inner}/{name}",
                  type="tertiary", on_click=_enter, args=(f"{inner}/{name}".strip("/"),))  # fmt: skip
    if not (listing.folders or listing.files or listing.unnamed):
        _nothing(root, roots[root])
        return None
    sizes = {file.path: file.size for file in listing.files}
    if listing.more:
        st.caption(_("This folder holds more than can be shown: import it as a whole."))
    if listing.unnamed:
        text = _("Names in another encoding than UTF-8, not shown: {n}. They come in with the whole folder.")
        st.caption(text.format(n=f"{listing.unnamed:,}"))
    names = st.multiselect(
        _("Files of this folder"), list(sizes), format_func=lambda name: f"{name} · {size(sizes[name])}",
        placeholder=_("all of them, with the folders in it"), key=f"names-{root}-{inner}",
    )  # fmt: skip
    token = f"server-{zlib.crc32('/'.join([root, inner, *sorted(names)]).encode('utf-8', 'surrogatepass')):08x}"
    return Chosen(tuple(places.chosen(ws, root, inner, names)), token)


def _root_title(name: str, path: Path) -> str:
    return _(ROOTS[name]) if name in ROOTS else str(path)


def _inner(root: str) -> str:
    """Return the folder below the root, from the address; "" for the root itself, and after another root is chosen."""
    if st.session_state.get("import_root") not in (None, root):
        st.query_params.pop("folder", None)
    st.session_state["import_root"] = root
    return st.query_params.get("folder", "")


def _enter(inner: str) -> None:
    st.query_params["folder"] = inner
    if not inner:
        del st.query_params["folder"]


def _path(root: str, inner: str) -> None:
    """Show where the reader is, with a way back for each folder above."""
    if not inner:
        return
    parts = inner.split("/")
    with st.container(horizontal=True):
        st.button(_("Back to the top"), icon=":material/home:", key=f"top-{root}", on_click=_enter, args=("",))
        for n, part in enumerate(parts[:-1], start=1):
            st.button(part.translate(forms.PLAIN), key=f"up-{root}-{n}", on_click=_enter, args=("/".join(parts[:n]),))
    st.text(" / ".join(parts))


def _nothing(root: str, path: Path) -> None:
    """Say where files can be put, and who can allow more folders."""
    if root == places.INBOX:
        st.info(
            _("Nothing lies here yet. Copy files into {folder} on the server, then look again. Whoever runs the server "
              "can allow more folders.").format(folder=forms.plain(str(path))), icon=":material/folder_open:",
        )  # fmt: skip
    else:
        st.info(_("This folder is empty."), icon=":material/folder_open:")
