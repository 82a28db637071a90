"""README, CONTRIBUTING and docs/: language twins agree, links and named places of the code exist, nothing is missing.

test_docs_commands.py runs the commands. A ```console block is not run: the comment before it gives the reason, and
`NOT_RUN` lists all such blocks.
"""

import ast
import re
from pathlib import Path

import pytest
from docs_pages import ENGLISH, PAGES, TOPICS, TWINS, blocks, commands, headings, prose, text

from core import __version__
from core.settings import ROOT

LONGEST_README = 80  # lines: a few screens
# The blocks that are not run: page and the first words of the block.
NOT_RUN = {
    ("docs/en/operations.md", "python3 -m venv"),
    ("docs/en/operations.md", "pip install 'psycopg[binary]"),
    ("docs/en/operations.md", "make quick"),
    ("CONTRIBUTING.md", "make dev"),
}
PLACE = re.compile(r"`([a-z]+/[\w./-]+?)(?::([\w.]+))?`")


@pytest.mark.parametrize(("english", "korean"), TWINS)
def test_twins_have_the_same_shape_and_the_same_commands(english: str, korean: str) -> None:
    assert headings(english) == headings(korean)
    for kind in ("sh", "console"):
        assert commands(english, kind) == commands(korean, kind)
    for pattern in (r"^\d+\. ", r"^\| ", r"^!\[", r"^- "):
        counts = [len(re.findall(pattern, prose(page), re.M)) for page in (english, korean)]
        assert counts[0] == counts[1], f"{pattern}: {counts}"
    places = [set(PLACE.findall(text(page))) for page in (english, korean)]
    assert places[0] == places[1], "one twin names a place of the code that the other does not"
    assert re.search(r"[가-힣]{2}", prose(korean))


def test_every_page_of_docs_has_its_twin_and_its_row_in_the_readme() -> None:
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
    assert pages == {page for twins in TWINS[1:] for page in twins}
    for readme, language in (("README.en.md", "en"), ("README.md", "ko")):
        assert [topic for topic in TOPICS if f"(docs/{language}/{topic}.md)" not in text(readme)] == []


@pytest.mark.parametrize("page", ["README.md", "README.en.md"])
def test_a_newcomer_reads_the_readme_in_a_few_screens(page: str) -> None:
    assert len(text(page).splitlines()) <= LONGEST_README


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_are_there(page: str) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.is_file() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def anchors(file: Path) -> set[str]:
    """The anchors that GitHub makes of the headings of a file."""
    titles = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_documents_show_pictures_of_the_pages() -> None:
    pictures = {Path(target).name for page in PAGES for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text(page))}
    assert len(pictures) >= 16
    assert {name for name in pictures if not (ROOT / "assets" / "screenshots" / name).is_file()} == set()


def test_what_is_not_run_is_listed_with_its_reason() -> None:
    console_blocks = set()
    for page in (*ENGLISH, "CONTRIBUTING.md"):
        assert len(re.findall(r"^<!-- not run: .{10,} -->\n```console$", text(page), re.M)) == len(
            blocks(page, "console")
        ), f"{page}: a console block without its reason"
        console_blocks |= {(page, block) for block in blocks(page, "console")}
        unknown = set(re.findall(r"^```(\w+)$", text(page), re.M)) - {"sh", "console", "json"}
        assert unknown == set(), f"{page}: a block of another kind is neither run nor listed"
        blocks_with_kind, fences = (
            len(re.findall(r"^```\w+$", text(page), re.M)),
            len(re.findall(r"^```", text(page), re.M)),
        )
        assert fences / 2 - blocks_with_kind == (page == "docs/en/architecture.md"), (
            f"{page}: a block does not tell its kind"
        )
    listed = {(page, next(block for p, block in console_blocks if p == page and block.startswith(start)))
              for page, start in NOT_RUN}  # fmt: skip
    assert console_blocks == listed
    assert len(NOT_RUN) <= 4


def test_the_makefile_has_the_targets_that_are_not_run() -> None:
    makefile = text("Makefile")
    wanted = {line.split()[1] for page in (*ENGLISH, "CONTRIBUTING.md")
              for line in commands(page, "console") if line.startswith("make ")}  # fmt: skip
    assert [target for target in sorted(wanted) if not re.search(rf"^{target}:", makefile, re.M)] == []


def test_the_version_of_the_changelog_is_that_of_the_code() -> None:
    first = re.search(r"^## (\S+)", text("CHANGELOG.md"), re.M)
    assert first is not None
    assert first[1] == __version__


# --- what architecture.md says about the code -----------------------------------------------------------------------


def defined(file: Path, name: str) -> bool:
    """Whether `file` defines the function or class `name`, or `Class.method`."""
    body: list[ast.stmt] = ast.parse(file.read_text("utf-8")).body
    for part in name.split("."):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        node = next((node for node in body if isinstance(node, kinds) and node.name == part), None)
        if node is None:
            return False
        body = node.body
    return True


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_every_named_place_of_the_code_exists(page: str) -> None:
    wrong = []
    for path, name in PLACE.findall(text(page)):
        if path.split("/")[0] not in ("core", "pages", "assets", "tests", "bench", "scripts", "docs"):
            continue
        if "name.py" in path:  # a page of the reader's own
            continue
        if not (ROOT / path).exists() or (name and not defined(ROOT / path, name)):
            wrong.append(f"{path}:{name}")
    assert wrong == []


def test_the_picture_of_the_layers_names_every_unit_of_core() -> None:
    (picture,) = re.findall(r"^```\n(.*?)^```$", text("docs/en/architecture.md"), re.S | re.M)
    named = set(re.findall(r"core/(\w+)(?:\.py)?", picture))
    units = {
        path.stem for path in (ROOT / "core").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert named == units - {"__init__", "__main__"}


@pytest.mark.parametrize("page", ["docs/en/architecture.md", "docs/ko/architecture.md"])
def test_every_room_has_its_line(page: str) -> None:
    rooms = re.findall(r"^\| `(core[\w/]*)` \| (.+) \|$", text(page), re.M)
    packages = {str(path.parent.relative_to(ROOT)) for path in (ROOT / "core").rglob("__init__.py")}
    assert {room for room, _ in rooms} - {"core/store/migrations"} == packages - {"core/store/migrations"}
    assert len(rooms) == len(dict(rooms))


@pytest.mark.parametrize("page", ["docs/en/architecture.md", "docs/ko/architecture.md"])
def test_the_three_walks_have_eight_lines_each(page: str) -> None:
    numbers = [int(n) for n in re.findall(r"^(\d)\. ", prose(page), re.M)]
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 8] * 3


def test_every_command_of_the_shell_is_in_the_table_of_operations() -> None:
    from typer.main import get_command

    from core.cli import app

    verbs = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", {})
        verbs |= {f"{name} {verb}" for verb, subcommand in inner.items() if not subcommand.hidden} or {name}
        verbs |= {name} if getattr(command, "invoke_without_command", False) else set()
    listed = set(re.findall(r"`([a-z][\w -]*)`", "\n".join(re.findall(r"^\| \w[\w ]* \| (`.*) \|$",
                 section("docs/en/operations.md", "Every command"), re.M))))  # fmt: skip
    assert listed == verbs


def test_the_table_of_settings_is_what_the_code_reads() -> None:
    read = set(re.findall(r'env\.get\("(GWIDAMA_\w+)"', text("core/settings.py")))
    assert read == set(re.findall(r"`(GWIDAMA_\w+)`", section("docs/en/operations.md", "Settings")))


def section(page: str, title: str) -> str:
    return text(page).partition(f"\n## {title}\n")[2].partition("\n## ")[0]
