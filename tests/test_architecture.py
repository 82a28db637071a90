"""The layers of design.md: which module may import which, and what a page may contain. `ast` reads the sources.

Each import counts, also inside a function: a lazy import makes the start cheap, but a wrong layer stays wrong. A name
in a string (`Backend("core.x:y")`) is not an import: with it a lower layer may use a higher one on purpose.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import syntax

ROOT = Path(__file__).resolve().parent.parent
LONGEST_LINES = 400
DEEPEST = 10

LAYERS = (
    ("errors",),
    ("records", "plugins", "settings", "batches", "files", "hangul", "speakers"),
    # below their peers: schemes, splitting, augmenting and cleaning need to know what the same text is
    ("text", "endpoints"),
    ("schemes",),
    (
        "cleaning",
        "augment",
        "audio",
        "split",
        "embedding",
        "quality",
        "scores",
        "confidence",
        "thresholds",
        "abstention",
        "agreement",
        "filters",
    ),
    ("models", "speech", "snapshots", "rewriting"),
    ("runs", "executors"),
    ("ingest", "store", "training", "inference", "jobs", "export"),
    ("workflows",),
    ("ui", "cli", "web", "pages", "app"),
)
SAME_ROOM = {"messages": "errors"}  # an error carries its message
DOORS = {"models", "runs", "executors", "ingest", "store", "training", "inference", "jobs", "export"}
# Peers do not import each other, but for these.
PEERS = {
    ("jobs", "store"): "the board of jobs is the store's; the queue is not",
    ("augment", "cleaning"): "one analyser of Korean a process, which loads slowly",
    ("pages", "ui"): "a page is framed by core.ui",
    ("app", "ui"): "app.py is the overview page",
    ("app", "web"): "and the process that the REST service runs in",
    ("ui", "web"): "the review screen talks to the desk's routes, panels hand files to the server",
    ("pages", "web"): "a page opens a desk and hands uploads to the server",
    ("cli", "web"): "`python -m core serve`",
}
ONLY_IN = {
    "sqlalchemy": ("core.store",),
    "alembic": ("core.store",),
    "sqlite3": ("core.store",),
    "streamlit": ("core.ui", "core.web.headers", "pages", "app"),
    "torch": ("core.models", "core.training", "core.inference", "core.speech"),
    "transformers": ("core.models", "core.training", "core.inference", "core.speech"),
    "dbos": ("core.jobs",),
    "fastapi": ("core.web.service",),
    "typer": ("core.cli",),
    "ray": ("core.executors",),
}
UNSAFE = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
SQL = re.compile(r"\b(SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\b.+\bSET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\b", re.S)
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}  # names, never loaded


def name_of(path: Path) -> str:
    """Return the module name of a file: `core/store/__init__.py` is core.store, `pages/review.py` pages.review."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def files() -> dict[str, Path]:
    """Return the file of each module of the product."""
    paths = [*(ROOT / "core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    return {name_of(path): path for path in sorted(paths)}


@cache
def modules() -> dict[str, ast.Module]:
    """Return the syntax tree of each module of the product."""
    return {name: syntax.tree(path) for name, path in files().items()}


@cache
def programs() -> dict[str, Path]:
    """Return the file of each module of the product, of bench and of scripts."""
    paths = [path for folder in ("bench", "scripts") for path in (ROOT / folder).glob("*.py")]
    return files() | {name_of(path): path for path in sorted(paths)}


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def imports(module: str) -> tuple[tuple[str, int], ...]:
    """Return the modules that `module` imports, with the line; `from core import text` counts as core.text."""
    found: list[tuple[str, int]] = []
    for node in syntax.nodes(programs()[module]):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative import"
            base = node.module or ""
            deeper = {f"{base}.{alias.name}" for alias in node.names} & programs().keys()
            found += [(name, node.lineno) for name in deeper]
            if len(deeper) < len(node.names):
                found.append((base, node.lineno))
    return tuple(sorted(found))


def dotted(node: ast.expr) -> str:
    """Return `os.environ` for that chain of names, and `.name` for a name of anything else, as in `f().name`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def unit(module: str) -> str | None:
    """Return the word of LAYERS that `module` belongs to; None for `core` and `core.__main__`."""
    parts = module.split(".")
    if parts[0] in ("pages", "app"):
        return parts[0]
    if parts[0] != "core" or len(parts) == 1 or parts[1] == "__main__":
        return None
    return SAME_ROOM.get(parts[1], parts[1])


def every_import() -> Iterator[tuple[str, str, int]]:
    for module in modules():
        for target, line in imports(module):
            yield module, target, line


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def level(word: str) -> int:
    return next(number for number, words in enumerate(LAYERS) if word in words)


def test_every_module_has_its_layer() -> None:
    known = {word for words in LAYERS for word in words}
    assert {word for word in map(unit, modules()) if word} <= known


def test_imports_point_down_and_peers_do_not_know_each_other() -> None:
    wrong = []
    for module, target, line in every_import():
        above, below = unit(module), unit(target)
        if above is None or below is None or above == below or (above, below) in PEERS:
            continue
        if level(above) <= level(below):
            how = "its peer" if level(above) == level(below) else "upwards"
            wrong.append(f"{file_of(module).relative_to(ROOT)}:{line} imports {how} {target}")
    assert wrong == []


def test_every_exception_among_peers_is_used() -> None:
    used = {(unit(module), unit(target)) for module, target, _ in every_import()}
    assert PEERS.keys() - used == set()


@pytest.mark.parametrize("package", ONLY_IN)
def test_each_library_has_its_place(package: str) -> None:
    wrong = [
        f"{file_of(module).relative_to(ROOT)}:{line}"
        for module, target, line in every_import()
        if target.split(".")[0] == package and not within(module, ONLY_IN[package])
    ]
    assert wrong == [], f"{package} only in {', '.join(ONLY_IN[package]) or 'no file yet'}"


def test_there_are_no_import_cycles() -> None:
    graph = {m: {t for t, _ in imports(m) if t in programs() and t != m} for m in programs()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' <- '.join(error.args[1])}")


def test_chains_of_imports_are_short() -> None:
    """The depth is counted in words of LAYERS, from a page or a command down to the errors."""
    graph: dict[str, set[str]] = {}
    for above, below in {(unit(module), unit(target)) for module, target, _ in every_import()}:
        if above and below and above != below:
            graph.setdefault(above, set()).add(below)
    depth: dict[str, int] = {}
    for word in TopologicalSorter(graph).static_order():
        depth[word] = 1 + max((depth[below] for below in graph.get(word, ())), default=0)
    assert {word: n for word, n in depth.items() if n > DEEPEST} == {}


@pytest.mark.parametrize("module", ["core", "core.records", "core.schemes", "core.settings", "core.cli"])
def test_importing_is_cheap(module: str) -> None:
    dear = ("torch", "streamlit", "sklearn", "transformers", "librosa", "dbos", "fastapi")
    code = f"import sys, {module}; print(*(name for name in {dear!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_nothing_pickled_is_ever_loaded() -> None:
    wrong = [f"{module}:{line} {target}" for module, target, line in every_import() if target.split(".")[0] in UNSAFE]
    for module, path in files().items():
        for call in (node for node in syntax.nodes(path) if isinstance(node, ast.Call)):
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}
            called = dotted(call.func)
            if called == "torch.load" and given.get("weights_only") != "True":
                wrong.append(f"{module}:{call.lineno} torch.load without weights_only=True")
            if given.get("allow_pickle", "False") != "False" or given.get("trust_remote_code", "False") != "False":
                wrong.append(f"{module}:{call.lineno} {called}")
    assert wrong == []


def test_the_environment_is_read_in_settings_only() -> None:
    wrong = []
    for module, path in files().items():
        for node in syntax.nodes(path):
            if isinstance(node, ast.Attribute):
                read = dotted(node) in ("os.environ", "os.environb", "os.getenv")
            else:
                named = node.names if isinstance(node, ast.ImportFrom) and node.module == "os" else ()
                read = any(alias.name in ("environ", "environb", "getenv") for alias in named)
            if read and module != "core.settings":
                wrong.append(f"{module}:{node.lineno}")
    assert wrong == []


def test_files_are_written_by_core_files() -> None:
    """Each written file is atomic; `autotrain` writes into a folder that is atomic itself."""
    wrong = []
    for module, path in files().items():
        if module in ("core.files", "core.export.autotrain"):
            continue
        for node in (node for node in syntax.nodes(path) if isinstance(node, ast.Attribute)):
            owner = dotted(node.value)
            by_hand = node.attr in ("write_text", "write_bytes") and owner not in ("files", "autotrain")
            if by_hand or (owner == "os" and node.attr in ("replace", "rename", "fsync")):
                wrong.append(f"{module}:{node.lineno} {owner}.{node.attr}")
    assert wrong == []


# --- pages ----------------------------------------------------------------------------------------------------------

PAGES = [module for module in files() if unit(module) == "pages"]


def is_frame(node: ast.stmt) -> bool:
    return isinstance(node, ast.With) and any(
        isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func) == "ui.page"
        for item in node.items
    )


def test_pages_are_there() -> None:
    assert len(PAGES) >= 7


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_nothing_outside_its_frame(page: str) -> None:
    """A page only imports and defines names before its last statement, which is `with ui.page(...)`."""
    assert ast.get_docstring(modules()[page]), "no docstring"
    *before, frame = modules()[page].body[1:]
    assert is_frame(frame), "`with ui.page(...)` comes last"
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign)
    assert [f"line {node.lineno}" for node in before if not isinstance(node, allowed)] == []
    constants = [n for node in before if isinstance(node, ast.Assign | ast.AnnAssign) for n in ast.walk(node)]
    drawn = [n.lineno for n in constants if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "st"]
    assert drawn == [], "a constant calls Streamlit"
    named = ast.literal_eval(frame.items[0].context_expr.args[0])  # type: ignore[attr-defined]
    assert named == page.removeprefix("pages."), "a page is framed under its own name"


@pytest.mark.parametrize("page", [*PAGES, "app"])
def test_a_page_has_no_classes_or_sql(page: str) -> None:
    nodes = syntax.nodes(files()[page])
    assert [node.name for node in nodes if isinstance(node, ast.ClassDef)] == []
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert [text for text in texts if SQL.search(text)] == []
    unsafe = [n.lineno for n in nodes if isinstance(n, ast.keyword) and n.arg == "unsafe_allow_html"]
    assert unsafe == [], "what a page shows is hostile text"


# --- faces ----------------------------------------------------------------------------------------------------------

FACES = [module for module in files() if unit(module) in LAYERS[-1]]


@pytest.mark.parametrize("face", FACES)
def test_a_face_speaks_to_use_cases_only(face: str) -> None:
    """Pages, commands and routes call core.workflows, and never the store or another lower layer."""
    chains = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in syntax.nodes(files()[face])
        if isinstance(node, ast.Attribute) and node.attr == "store"
    ]
    assert chains == [], "a face asks a workflow, not the store"
    doors = [f"line {line}: {target}" for target, line in imports(face) if unit(target) in DOORS]
    assert doors == [], "a face imports a workflow, not the doors under it"


def test_every_page_is_in_the_menu() -> None:
    tree = modules()["core.ui.frame"]
    listed = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert {str(file_of(page).relative_to(ROOT)) for page in PAGES} <= listed


# --- files ----------------------------------------------------------------------------------------------------------


def test_files_are_short() -> None:
    files = [path for folder in ("core", "pages", "bench", "scripts") for path in (ROOT / folder).rglob("*.py")]
    files += [*(ROOT / "assets").glob("player/src/*.js"), ROOT / "app.py"]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {path: n for path, n in lengths.items() if n > LONGEST_LINES} == {}


def test_there_are_no_drawers() -> None:
    assert [m for m in modules() if m.rsplit(".", 1)[-1] in ("utils", "helpers", "common", "misc")] == []


def test_every_module_says_what_it_is() -> None:
    assert [module for module, tree in modules().items() if not ast.get_docstring(tree)] == []


def test_the_player_loads_nothing_from_elsewhere() -> None:
    files = [*(ROOT / "assets" / "player" / "dist").iterdir(), *(ROOT / "assets" / "player").glob("*.css")]
    assert {"player.js", "review.js"} <= {path.name for path in files}
    for path in files:
        code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        found = set(re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z0-9.-]+[^\s\"'`)]*", code, re.I))
        assert found - NAMESPACES == set(), path.name
