"""Which files pytest imports to find tests: only those that can have one."""

from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parent / "core"
NOT_QUICK = ("\npytestmark = pytest.mark.integration", "\npytestmark = [pytest.mark.integration,")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules of core without an example and, for `make quick`, files whose tests are all of another mark."""
    if collection_path.suffix != ".py":
        return None
    source = collection_path.read_text(encoding="utf-8")
    no_example = CORE in collection_path.parents and ">>>" not in source
    return (
        True if no_example or (config.option.markexpr == "unit" and any(mark in source for mark in NOT_QUICK)) else None
    )
