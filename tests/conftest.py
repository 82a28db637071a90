"""Fixtures of all tests: an empty store, an empty workspace, a copy of the demo workspace, Chromium, shared data.

Torch uses one thread, because two are several times slower while the other core is busy. The first worker that needs
the demo workspace builds it, once per session. Each test gets a copy, so no test sees the changes of another.
"""

from __future__ import annotations

import fcntl
import gc
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import postgres as postgres_server
import pytest
import shared_work

if TYPE_CHECKING:  # fixtures import the product only when they run, so a test of a pure file stays fast
    from core.store import Store
    from core.workflows.workspace import Workspace

os.environ["OMP_NUM_THREADS"] = "1"  # before anything imports torch; child processes inherit it
ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # plain `pytest` does not add it
    sys.path.insert(0, str(ROOT))

VARIABLES = (
    "HOME", "DATABASE_URL", "JOBS_URL", "API_KEYS", "HOST", "PORT", "CURATOR", "OPEN", "HOSTS",
    "LLM_URL", "LLM_MODEL", "LLM_KEY", "LLM_KEY_FILE", "LLM_PRICES", "LLM_CAP",
)  # fmt: skip
ON_BOTH = tuple(
    ROOT / "tests" / name
    for name in (
        "jobs", "store/corpus", "store/index", "store/proposals", "store/review", "store/rounds",
        "store/test_store_engine.py", "store/test_store_ledger.py", "store/test_store_schemes.py", "web/test_desk.py",
        "web/test_desk_crowd.py", "workflows/review", "workflows/test_workflows_jobs.py",
    )
)  # fmt: skip
DEMO_TIMEOUT_S = 900
# Their examples load Kiwi, which takes seconds.
LOAD_KIWI = {ROOT / "core" / "augment" / f"{name}.py" for name in ("frames", "guards", "koeda", "nouns")}
# Recordings are judged without words here, in child processes too: the recogniser takes seconds for each.
os.environ["GWIDAMA_TRANSCRIBER"] = "off"
# On a busy machine the first example of a test may take longer than Hypothesis's 200 ms. In CI the examples are the
# same in every run, so that it judges the change and not the draw; developers' runs look for new examples.
hypothesis.settings.register_profile("any-machine", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("any-machine")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of `ON_BOTH` that use a database on SQLite and on PostgreSQL."""
    if "backend" in metafunc.fixturenames and any(metafunc.definition.path.is_relative_to(path) for path in ON_BOTH):
        alone = next(metafunc.definition.iter_markers("sqlite"), None)
        backends = ["sqlite"] if alone else ["sqlite", "postgresql"]
        metafunc.parametrize("backend", backends, ids=backends, scope="function")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while modules are imported and tests collected: none of it goes away."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test browser, integration or unit, by its folder, its file's own mark and its fixtures.

    The slow files come first, because a slow file that one worker begins last keeps the others waiting. The very first
    builds the demo workspace; those that need it too follow after browser files that do not.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "demo_home" in fixtures:  # the first of them builds the demo workspace
            item.add_marker(pytest.mark.timeout(DEMO_TIMEOUT_S))
        if "chromium" in fixtures or Path(item.path).parent == ROOT / "tests" / "browser":
            item.add_marker(pytest.mark.browser)
        elif fixtures & {"demo_home", "shared"} or any(item.iter_markers("slow")) or item.path in LOAD_KIWI:
            item.add_marker(pytest.mark.integration)
        elif not any(item.iter_markers("integration")):
            item.add_marker(pytest.mark.unit)
    order = {"browser": 0, "integration": 2, "unit": 3}
    place: dict[Path, int] = {}
    for item in items:
        kind = min(order[mark.name] for mark in item.iter_markers() if mark.name in order)
        place[item.path] = min(kind, place.get(item.path, kind))
    with_demo = dict.fromkeys(item.path for item in items if "demo_home" in getattr(item, "fixturenames", ()))
    for number, path in enumerate(path for path in with_demo if place[path] == order["browser"]):
        place[path] += 1 if number else -1
    items.sort(key=lambda item: place[item.path])


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo workspace as `python -m core demo` builds it. Shared by all workers: read it, or take `demo_ws`."""
    base = tmp_path_factory.getbasetemp()
    shared_by_workers = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home, log = shared_by_workers / "demo", shared_by_workers / "demo.log"
    with (shared_by_workers / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not log.exists():
            log.write_text(_build_demo(home), encoding="utf-8")
    if failure := log.read_text(encoding="utf-8"):
        pytest.fail(f"python -m core demo failed:\n{failure}", pytrace=False)
    return home


def _build_demo(home: Path) -> str:
    """Build the demo workspace in its own process; return its output if it failed, else an empty string."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GWIDAMA_")}
    result = subprocess.run(
        [sys.executable, "-m", "core", "demo"], cwd=ROOT, env=clean | {"GWIDAMA_HOME": str(home)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    return (
        "" if result.returncode == 0 else f"exit {result.returncode}\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
    )


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the newest schema. Tests copy it, because a migration takes a second."""
    from core.store import open_store

    folder = tmp_path_factory.mktemp("empty")
    open_store(f"sqlite:///{folder / 'migrated.db'}")
    with closing(sqlite3.connect(folder / "migrated.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(folder / "empty.db"),))  # without its write-ahead log
    return folder / "empty.db"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres_server.Server]:
    """A PostgreSQL server; the test is skipped where none is installed, except in CI."""
    if postgres_server.programs() is None:
        reason = "no PostgreSQL 15 or newer (Debian: apt-get install postgresql)"
        if os.environ.get("GWIDAMA_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    server = postgres_server.Server(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def empty_postgres(postgres: postgres_server.Server) -> str:
    """The name of an empty database with the newest schema, a template for the others."""
    from core.store import open_store
    from core.store.engine import engine_for

    name = f"empty_{uuid.uuid4().hex}"  # each worker makes its own
    open_store(url := postgres.create(name))
    engine_for(url).dispose()  # a template must have no connection
    return name


@pytest.fixture
def backend() -> str:
    """Return on which database a test with `store` or `ws` runs; those of `ON_BOTH` run on both."""
    return "sqlite"


@pytest.fixture
def new_database(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Make empty databases with the newest schema; each call returns the URL of another one."""
    if backend == "sqlite":
        empty: Path = request.getfixturevalue("empty_database")
        names = (f"store{n or ''}.db" for n in itertools.count())
        yield lambda: f"sqlite:///{shutil.copyfile(empty, tmp_path / next(names))}"
        return
    from core.store.engine import engine_for

    server: postgres_server.Server = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("empty_postgres")
    made: list[str] = []

    def make() -> str:
        made.append(f"test_{uuid.uuid4().hex}")
        return server.create(made[-1], template)

    yield make
    for name in made:
        engine_for(server.url(name)).dispose()
        server.drop(name)


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """The URL of a fresh, empty database with the newest schema."""
    return new_database()


@pytest.fixture
def store(database_url: str) -> Store:
    """A fresh, empty store."""
    from core.store import open_store

    return open_store(database_url)


@pytest.fixture
def ws(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Workspace]:
    """A fresh, empty workspace; the environment's settings point at it."""
    home = tmp_path / "workspace"
    home.mkdir()
    if backend == "sqlite":
        shutil.copyfile(request.getfixturevalue("empty_database"), home / "gwidama.db")
        yield from _workspace(home, monkeypatch)
        return
    yield from _workspace(home, monkeypatch, request.getfixturevalue("database_url"))


@pytest.fixture
def demo_ws(demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A copy of the demo workspace to do anything with; the environment's settings point at it."""
    home = tmp_path / "demo-workspace"
    shutil.copytree(demo_home, home)
    yield from _workspace(home, monkeypatch)
    shutil.rmtree(home, ignore_errors=True)  # pytest keeps tmp_path for days


def _workspace(home: Path, monkeypatch: pytest.MonkeyPatch, database_url: str = "") -> Iterator[Workspace]:
    from core import schemes
    from core.workflows import workspace

    for name in VARIABLES:
        monkeypatch.delenv(f"GWIDAMA_{name}", raising=False)
    monkeypatch.setenv("GWIDAMA_HOME", str(home))
    monkeypatch.setenv("GWIDAMA_CURATOR", "tester")
    if database_url:
        monkeypatch.setenv("GWIDAMA_DATABASE_URL", database_url)
    workspace._open.cache_clear()
    yield workspace.open_workspace()
    workspace._open.cache_clear()
    schemes.publish(None, [])  # the next test must not know the schemes of this workspace


@pytest.fixture(scope="module")
def recogniser() -> Iterator[None]:
    """The usual speech recogniser, which is switched off elsewhere."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("GWIDAMA_TRANSCRIBER")
        yield


def pytest_collection_finish() -> None:
    """Take what is loaded out of the garbage collection, for it stays to the end; share what each test would make."""
    gc.freeze()
    if "core.store.engine" in sys.modules:
        shared_work.share_databases()
    if "typer.testing" in sys.modules:
        shared_work.share_commands()


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show pages in English. `?lang=en` alone is not enough, because AppTest formats options outside of a session."""
    from core.ui import i18n

    monkeypatch.setattr(i18n, "DEFAULT", "en")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser, for Playwright's `executable_path`. A missing one fails with GWIDAMA_REQUIRE_BROWSER=1."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        reason = "chromium is not installed (Debian: apt-get install chromium fonts-nanum)"
        if os.environ.get("GWIDAMA_REQUIRE_BROWSER") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return browser


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared/data` with the public data sets; the test is skipped if it does not exist."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("../shared/data is absent")
    return path
