"""How tests read README, CONTRIBUTING and docs/: pages, language twins, code blocks, commands."""

import re
from functools import cache

from core.settings import ROOT

TOPICS = (
    "first-hour", "corpus-and-import", "import", "cleaning-and-review", "augmentation", "models", "self-training",
    "service-and-security", "operations", "architecture", "glossary",
)  # fmt: skip
TWINS = (("README.en.md", "README.md"), *((f"docs/en/{topic}.md", f"docs/ko/{topic}.md") for topic in TOPICS))
PAGES = (*(page for twins in TWINS for page in twins), "CONTRIBUTING.md", "CHANGELOG.md")
ENGLISH = tuple(english for english, _ in TWINS)  # a test checks that the Korean twins have the same commands


@cache
def text(page: str) -> str:
    """The whole page."""
    return (ROOT / page).read_text("utf-8")


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text(page), flags=re.S | re.M)


def blocks(page: str, kind: str) -> list[str]:
    """The contents of the code blocks of one kind, such as `sh`."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text(page), re.S | re.M)


def without_comment(line: str) -> str:
    """A shell line without its comment, because each language has its own comments."""
    return re.sub(r"(^|\s+)#\s.*$", "", line).rstrip()


def commands(page: str, kind: str = "sh") -> list[str]:
    """The command lines of the page, without comments."""
    lines = (without_comment(line) for block in blocks(page, kind) for line in block.splitlines())
    return [line for line in lines if line]


def headings(page: str) -> list[int]:
    """The levels of all headings, in order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(page), re.M)]
