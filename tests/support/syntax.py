"""The syntax of source files, read once in a process for all tests that look at it.

Trees are kept out of the garbage collection, which takes longer than parsing: half a million nodes stay to the end.
"""

import ast
import gc
from functools import cache
from pathlib import Path


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of the tree, in the order of `ast.walk`: the module first."""
    gc.disable()
    try:
        found = tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        gc.freeze()
    finally:
        gc.enable()
    return found


def tree(path: Path) -> ast.Module:
    module = nodes(path)[0]
    assert isinstance(module, ast.Module)
    return module
