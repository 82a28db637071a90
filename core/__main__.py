"""Start the command line: `python -m core` runs this file, and so does the command `gwidama` of an installed package.

A wheel holds `core`, `pages`, `assets` and `app.py` inside one folder, `gwidama/`, because names as common as `pages`
could clash with other packages. The command puts that folder first on Python's path, so that imports work as in a
checkout.
"""

import sys
from pathlib import Path


def main(program: str = "python -m core") -> None:
    """Run the command line under the name `program` and leave the process."""
    root = str(Path(__file__).resolve().parent.parent)
    if root not in sys.path:
        sys.path.insert(0, root)
    from core.cli import main as run

    run(program)


def gwidama() -> None:
    """Run the command `gwidama`."""
    main("gwidama")


if __name__ == "__main__":
    main()
