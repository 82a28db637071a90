"""Which files pytest imports to find tests: only those that can have one."""

from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule

NOT_QUICK = ("\npytestmark = pytest.mark.integration", "\npytestmark = [pytest.mark.integration,")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out, for `make quick`, files whose tests are all of another mark."""
    if collection_path.suffix != ".py" or config.option.markexpr != "unit":
        return None
    source = collection_path.read_text(encoding="utf-8")
    return True if any(mark in source for mark in NOT_QUICK) else None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples only where one is: otherwise each module of core and of tests/support would be imported."""
    found = yield
    if file_path.suffix == ".py" and ">>>" not in file_path.read_text(encoding="utf-8"):
        found = [collector for collector in found if not isinstance(collector, DoctestModule)]
    return found
