"""Folders of the server: only allowed ones are listed and imported, and no link leads out of them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InputError
from core.workflows.imports.deliveries import places
from core.workflows.imports.deliveries.inbox import Received
from core.workflows.workspace import Workspace

REFUSED = "is not in the folders that may be imported"


@pytest.fixture
def shop(ws: Workspace, tmp_path: Path) -> Workspace:
    """A workspace that allows the folder `data`, which has a link that leads out and one that stays inside."""
    data, secret = tmp_path / "data", tmp_path / "secret"
    (data / "calls").mkdir(parents=True)
    secret.mkdir()
    (secret / "key.csv").write_text("text\n")
    (data / "a.csv").write_text("text\n불이 났어요\n", encoding="utf-8")
    (data / ".hidden").write_text("x")
    (data / "out").symlink_to(secret)
    (data / "in").symlink_to(data / "calls")
    return replace(ws, settings=replace(ws.settings, import_folders=frozenset({str(data)})))


def test_the_workspace_the_demo_and_the_settings_allow_folders(shop: Workspace, tmp_path: Path) -> None:
    roots = places.roots(shop)
    assert list(roots) == ["inbox", "demo", str(tmp_path / "data")]
    assert roots["inbox"] == shop.settings.home / "inbox"
    assert roots["inbox"].is_dir()
    assert any(file.path == "TL_서울_구급.zip" for file in places.look(shop, "demo").files)


def test_hidden_names_and_links_that_lead_out_are_not_shown(shop: Workspace, tmp_path: Path) -> None:
    listing = places.look(shop, str(tmp_path / "data"))
    assert listing.folders == ("calls", "in")
    assert listing.files == (Received("a.csv", len("text\n불이 났어요\n".encode())),)


def test_what_lies_outside_is_neither_listed_nor_imported(shop: Workspace, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    for root, inner in ((data, ".."), (data, "../secret"), (data, "out"), (data, "nothing"), ("/etc", ""), (data, "/")):
        with pytest.raises(InputError, match=REFUSED):
            places.look(shop, root, inner)
    for name in ("../secret/key.csv", "out", "nothing.csv"):
        with pytest.raises(InputError, match=REFUSED):
            places.chosen(shop, data, "", [name])
    with pytest.raises(InputError, match="key.csv " + REFUSED):
        places.check_allowed(shop, [tmp_path / "secret" / "key.csv"])
    places.check_allowed(shop, [tmp_path / "data" / "a.csv"])


def test_a_folder_is_chosen_whole_or_by_its_files(shop: Workspace, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert places.chosen(shop, data, "calls") == [tmp_path / "data" / "calls"]
    assert places.chosen(shop, data, "", ["a.csv"]) == [tmp_path / "data" / "a.csv"]


def test_odd_names_and_loops_stop_no_listing(shop: Workspace, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "loop").symlink_to(data / "loop")
    (data / "gone").symlink_to(data / "nothing")
    os.mkfifo(data / "pipe")
    Path(os.fsdecode(bytes(data) + b"/\xb1\xe2\xb1\xde.csv")).write_text("text\n")  # as cp949 writes it
    listing = places.look(shop, str(data))
    assert (listing.folders, [file.path for file in listing.files]) == (("calls", "in"), ["a.csv"])
    assert listing.unnamed == 1
    for inner in ("loop", "a\0b", "x" * 5000, "pipe"):
        with pytest.raises(InputError, match=REFUSED):
            places.look(shop, str(data), inner)
    with pytest.raises(InputError, match="loop " + REFUSED):
        places.check_allowed(shop, [data / "loop"])
