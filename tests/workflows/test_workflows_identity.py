"""Names of curators: signed by a secret of the workspace that only its owner reads."""

import hashlib
import stat
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer

from core.workflows import identity
from core.workflows.workspace import Workspace


def test_a_name_is_signed_and_read_back_and_nothing_else_is(ws: Workspace, tmp_path: Path) -> None:
    signed = identity.sign(ws, "  김  지우\n")
    assert identity.name_of(ws, signed) == "김 지우"
    assert "김" not in signed, "a cookie holds ASCII"
    for strange in ("", "김 지우", signed[:-1] + ("A" if signed[-1] != "A" else "B"), signed + "x"):
        assert identity.name_of(ws, strange) is None
    elsewhere = Workspace(replace(ws.settings, home=tmp_path), ws.store)
    assert identity.name_of(elsewhere, signed) is None, "another workspace signed it"
    assert identity.place(elsewhere) != identity.place(ws)
    assert identity.sign(ws, "x" * 100) == identity.sign(ws, "x" * identity.LONGEST_NAME)


def test_the_secret_is_made_once_and_private(ws: Workspace) -> None:
    first = identity.place(ws)
    file = ws.settings.home / identity.FILE
    content = file.read_bytes()
    assert (stat.S_IMODE(file.stat().st_mode), len(content)) == (0o600, 64)
    identity._make(file)  # a second process that is slower
    assert (file.read_bytes(), identity.place(ws)) == (content, first)
    assert list(ws.settings.home.glob(".*.part")) == []


def test_an_emptied_secret_lets_nobody_sign(ws: Workspace) -> None:
    signed, file = identity.sign(ws, "김지우"), ws.settings.home / identity.FILE
    file.write_bytes(b"")
    forged = URLSafeSerializer(b"", salt=identity.SALT, signer_kwargs={"digest_method": hashlib.sha256}).dumps("김지우")
    assert (identity.name_of(ws, forged), identity.name_of(ws, signed)) == (None, None)
    assert (len(file.read_bytes()), stat.S_IMODE(file.stat().st_mode)) == (64, 0o600)
    assert identity.name_of(ws, identity.sign(ws, "이서연")) == "이서연"


def test_a_disk_without_links_holds_a_secret(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    assert identity.name_of(ws, identity.sign(ws, "김지우")) == "김지우"
    assert len((ws.settings.home / identity.FILE).read_bytes()) == 64


@pytest.mark.parametrize(
    ("typed", "name"),
    [(unicodedata.normalize("NFD", "김지우"), "김지우"), ("\u3000김\t지우\u202e", "김 지우"), ("\x00\n ", ""),
     ("가" * 39 + " 나다", "가" * 39)],
)  # fmt: skip
def test_one_person_has_one_name(typed: str, name: str) -> None:
    assert identity.tidy(typed) == name


def test_each_person_has_a_place_for_what_is_not_saved(ws: Workspace) -> None:
    places = [identity.desk(ws, name) for name in (None, "김지우", "이서연")]
    assert len(set(places)) == 3
    assert all(place.startswith(identity.place(ws)) for place in places)
