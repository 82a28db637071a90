"""Names of curators: signed by a secret of the workspace that only its owner reads."""

import stat
from dataclasses import replace
from pathlib import Path

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
