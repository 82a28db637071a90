"""The wheel as people install it: built from the sources, installed in a new environment, run in another folder."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core import __version__
from core.settings import ROOT, child_environment, default_home

pytestmark = pytest.mark.integration

PATIENCE_S = 120
SOURCES = ("core", "pages", "assets", ".streamlit")
UNPACKAGED = ("__pycache__", "screenshots", "node_modules")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without variables that point Python or Gwidama to this checkout."""
    unwanted = ("GWIDAMA_", "STREAMLIT_", "PYTHON", "PIP_")
    return {k: v for k, v in os.environ.items() if not k.startswith(unwanted)} | more


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources so that the checkout stays as it is."""
    sources, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, sources / folder, ignore=shutil.ignore_patterns(*UNPACKAGED))
    for file in (path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"):
        shutil.copy(file, sources)
    pip = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(out)]
    completed = subprocess.run(pip, cwd=sources, env=clean_environment(), capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def gwidama(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `gwidama` in a new environment, which uses the dependencies of this one."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], env=clean_environment(), check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel]
    completed = subprocess.run(pip, env=clean_environment(), capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", "utf-8")
    return folder / "bin" / "gwidama"


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of the person who installed it."""
    return tmp_path_factory.mktemp("person")


def run(command: Path, *arguments: str, home: Path) -> str:
    """Run the command in the home folder; return its output."""
    completed = subprocess.run(
        [command, *arguments], cwd=home, env=clean_environment(HOME=str(home)), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stderr[-4000:]
    return completed.stdout


def test_the_wheel_holds_what_the_product_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix("gwidama/") for name in archive.namelist() if name.startswith("gwidama/")}
    wanted = {
        str(path.relative_to(ROOT))
        for folder in ("core", "pages")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - packed == set()
    assert {"app.py", "requirements.txt", ".streamlit/config.toml", "assets/icon.png"} <= packed
    assert {f"assets/demo/archives/{path.name}" for path in (ROOT / "assets/demo/archives").iterdir()} <= packed
    assert {f"assets/player/dist/{path.name}" for path in (ROOT / "assets/player/dist").iterdir()} <= packed
    assert {"assets/map/style.css", "assets/map/dist/map.js", "assets/map/LICENSES.md"} <= packed
    assert [name for name in packed if name.startswith(("tests", "bench", "workspace", ".venv"))] == []


def test_every_module_can_be_imported() -> None:
    """Also those that no other test needs; most of them are loaded only when a person asks for what they do."""
    paths = [path for path in (ROOT / "core").rglob("*.py") if path.name != "__main__.py"]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths}
    modules = {name for name in modules if not name.startswith("core.store.migrations.")}
    assert len(modules) > 400
    for name in sorted(modules):
        importlib.import_module(name)


def test_the_wheel_asks_for_what_requirements_pin(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"gwidama-{__version__}.dist-info/METADATA").decode()
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    pins = {line.partition("#")[0].strip() for line in lines} - {""}
    assert set(re.findall(r"^Requires-Dist: (.*)$", metadata, re.M)) == pins
    assert f"\nVersion: {__version__}\n" in metadata


def test_the_command_tells_its_version_and_its_name(gwidama: Path, person: Path) -> None:
    assert run(gwidama, "--version", home=person) == f"gwidama {__version__}\n"
    assert "gwidama [OPTIONS] COMMAND" in run(gwidama, "--help", home=person)


@pytest.mark.slow
def test_the_command_finds_the_demo_complete_and_serves_it(gwidama: Path, person: Path, demo_home: Path) -> None:
    """The demo is there already: training its three models again would take half a minute."""
    shutil.copytree(demo_home, person / "gwidama")
    made = json.loads(run(gwidama, "demo", "--json", home=person))
    assert (made["calls"], made["utterances"], made["rejects"], len(made["runs"])) == (0, 0, 2, 3)
    assert (person / "gwidama" / "gwidama.db").is_file(), "without GWIDAMA_HOME the workspace is ~/gwidama"
    with served(gwidama, person) as (address, server):
        health = httpx.get(f"{address}/api/v1/health").json()
        assert (health["status"], health["version"]) == ("ok", __version__)
        assert {run["id"] for run in health["runs"]} == set(made["runs"])
        assert httpx.get(address).status_code == 200
        await_worker(server)


class served:
    """Run `gwidama serve` on a free port while the block runs; give its address and its process."""

    def __init__(self, command: Path, home: Path) -> None:
        self._command, self._home, self._log = command, home, home / "serve.log"

    def __enter__(self) -> tuple[str, subprocess.Popen[bytes]]:
        env = clean_environment(HOME=str(self._home), GWIDAMA_PORT="0", PYTHONUNBUFFERED="1")
        with self._log.open("wb") as log:
            self._server = subprocess.Popen([self._command, "serve"], cwd=self._home, env=env, stdout=log, stderr=log)
        return self._address(), self._server

    def _address(self) -> str:
        for _ in seconds():
            if match := re.search(r"http://127\.0\.0\.1:\d+", self._log.read_text("utf-8")):
                return match[0]
            assert self._server.poll() is None, self._log.read_text("utf-8")
        raise AssertionError(f"no address: {self._log.read_text('utf-8')}")

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(PATIENCE_S)


def seconds() -> Iterator[float]:
    """Yield the time again and again, until `PATIENCE_S` is over."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        yield time.monotonic()
        time.sleep(0.1)


def await_worker(server: subprocess.Popen[bytes]) -> None:
    """Wait until the job worker of the server is ready. It imports `core` from the wheel too."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    for _ in seconds():
        logged = Path(f"/proc/{server.pid}/cwd").resolve() / "serve.log"
        assert "the worker ended" not in logged.read_text("utf-8"), logged.read_text("utf-8")
        if children.is_file() and "worker ready" in logged.read_text("utf-8"):
            return
    raise AssertionError("the worker never began")


def test_a_checkout_keeps_its_workspace_beside_it(tmp_path: Path) -> None:
    assert default_home() == ROOT / "workspace"
    assert default_home(tmp_path) == Path("~/gwidama")


def test_a_child_finds_core_wherever_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert child_environment()["PYTHONPATH"] == os.pathsep.join((str(ROOT), "/elsewhere"))
    monkeypatch.delenv("PYTHONPATH")
    code = [sys.executable, "-c", "import core; print(core.__version__)"]
    completed = subprocess.run(code, cwd=tmp_path, env=child_environment(), capture_output=True, text=True, check=True)
    assert completed.stdout == f"{__version__}\n"


def test_an_installed_package_does_not_take_its_version_from_a_strangers_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.runs import folder as runs

    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    identity = ["-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run(["git", "-C", tmp_path, *identity, "commit", "-qm", "x", "--allow-empty"], check=True)
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    assert runs.code_version() == __version__
    (tmp_path / "pyproject.toml").touch()
    assert re.fullmatch(re.escape(__version__) + r"\+[0-9a-f]+", runs.code_version())
