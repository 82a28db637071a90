"""The workspace that version 0.1.0 made, for the tests that open it and go on working in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from old_workspace import old_home

from core.workflows import workspace
from core.workflows.workspace import Workspace


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The workspace as version 0.1.0 left it, not opened yet."""
    yield from old_home(tmp_path, monkeypatch)


@pytest.fixture
def old_ws(home: Path) -> Workspace:
    """The same workspace, opened and so migrated."""
    return workspace.open_workspace()
