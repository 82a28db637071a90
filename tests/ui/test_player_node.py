"""The components' parts that need no browser, tested by Node's own runner: `node --test assets/player/test/*.test.js`.

The JavaScript tests import the sources, not the bundles; no npm package is needed.
"""

import re
import shutil
import subprocess

import pytest

from core.settings import ASSETS

pytestmark = pytest.mark.integration

OLDEST = 20  # `register` of node:module, and the runner's exit status
PATIENCE_S = 120


def node() -> str:
    """Node's path; skips the test where Node is absent or too old."""
    path = shutil.which("node")
    if path is None:
        pytest.skip(f"node is not installed (version {OLDEST} or newer; Debian: apt-get install nodejs)")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        pytest.skip(f"node {version} is too old: {OLDEST} or newer is needed")
    return path


@pytest.mark.parametrize("component", ["drafts", "map", "player", "shell", "uploader"])
def test_a_components_pure_parts_pass_their_own_tests(component: str) -> None:
    home = ASSETS / component
    files = sorted(str(path.relative_to(home)) for path in (home / "test").glob("*.test.js"))
    command = [node(), "--test", "--test-reporter=tap", *files]
    result = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    counted = {name: int(number) for name, number in re.findall(r"^# (tests|pass|skipped) (\d+)$", result.stdout, re.M)}
    assert counted["pass"] == counted["tests"] > len(files), result.stdout[-2000:]
    assert counted["skipped"] == 0
