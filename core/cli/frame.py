"""What all verbs share: one answer on stdout, everything else on stderr, a failure as one line and exit code 1.

While a verb works, stdout leads to stderr, down to the file descriptor: what a library or a child process prints never
mixes with the answer. Only `CoreError`, Ctrl-C and errors of the file system are failures; anything else is a bug and
shows its traceback.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Annotated, Any, TextIO

import typer

from core.errors import Cancelled, CoreError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Text, speaker, origin, tag, source, chars=10-50, ignore_spacing=true, with_audio=true, any scheme. "
        "May be repeated.",
    ),
]
Tell = Callable[[str, float, float], None]  # stage, done, total (0: not known)


class Reply:
    """Collects the answer of one verb; `give` once, `complain` where part of what was asked failed."""

    def __init__(self, out: TextIO, as_json: bool) -> None:
        self.out, self._as_json = out, as_json
        self._answer: tuple[Any, tuple[Any, ...]] | None = None
        self.trouble: str | None = None

    def give(self, document: Any, *shown: Any) -> None:
        """The answer: `document` for `--json`, else `shown` (strings or what rich can render), one below the other."""
        self._answer = document, shown

    def complain(self, reason: str) -> None:
        """The answer stands, but the verb fails with `reason`."""
        self.trouble = reason

    def send(self) -> None:
        """Print the answer now; before the end only where a verb stays (`serve`)."""
        if self._answer is None:
            return
        (document, shown), self._answer = self._answer, None
        if self._as_json:
            self.out.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            console = _console(self.out)
            for item in shown:
                console.print(plain(item) if isinstance(item, str) else item, markup=False, highlight=False)
        self.out.flush()


@contextmanager
def answering(as_json: bool) -> Iterator[Reply]:
    """The frame around every verb's body."""
    trouble: str | None = None
    with _stdout_to_stderr() as out:
        reply = Reply(out, as_json)
        try:
            yield reply
            reply.send()
            trouble = reply.trouble
        except (Cancelled, KeyboardInterrupt):
            trouble = "cancelled"
        except BrokenPipeError:
            raise
        except (CoreError, OSError) as error:
            trouble = str(error)
    if trouble is not None:
        typer.echo(f"error: {one_line(trouble)}", err=True)
        raise typer.Exit(1)


def pairs(given: list[str] | None) -> list[str]:
    """What `--filter` was given; anything but KEY=VALUE is a wrong call."""
    for pair in given or ():
        if "=" not in pair:
            raise typer.BadParameter(f"--filter {pair}: expected KEY=VALUE")
    return given or []


@contextmanager
def progress_bar(title: str) -> Iterator[Tell]:
    """Yields `tell(stage, done, total)`: a bar with rate and time left on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=_console(sys.stderr), redirect_stdout=False, redirect_stderr=False) as bar:

        def tell(stage: str, done: float, total: float) -> None:
            name = one_line(f"{title} {stage}")
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=None, rate="")
            speed = bar.tasks[tasks[name]].speed
            bar.update(
                tasks[name], completed=done, total=total or None, rate=f"{speed:.1f}/s" if speed is not None else ""
            )

        yield tell


def table(title: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]] | list[tuple[Any, ...]]) -> Any:
    """A plain table; cells are shown as they are, never read as markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=Text(title) if title else None, box=box.SIMPLE, title_justify="left")
    for column in columns:
        made.add_column(Text(column))
    for row in rows:
        made.add_row(*(Text(plain("" if cell is None else str(cell))) for cell in row))
    return made


def plain(text: str) -> str:
    """`text` without what could move a terminal's cursor or colour it.

    >>> plain("불\\x1b[2J이\\n났다")
    '불\ufffd[2J이\\n났다'
    """
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def one_line(text: str) -> str:
    return plain(" ".join(text.split()))


def _console(file: TextIO) -> Any:
    from rich.console import Console

    return Console(file=file, width=None if file.isatty() else 160, soft_wrap=False)


@contextmanager
def _stdout_to_stderr() -> Iterator[TextIO]:
    """Yields the real stdout; meanwhile `sys.stdout` and its descriptor lead to stderr."""
    real = sys.stdout
    real.flush()
    try:
        descriptor = real.fileno()
    except (OSError, ValueError, io.UnsupportedOperation):  # a captured stdout, as in tests
        with redirect_stdout(sys.stderr):
            yield real
        return
    saved = os.dup(descriptor)
    os.dup2(sys.stderr.fileno(), descriptor)
    # JSON is UTF-8; `backslashreplace` turns half a character of a file name into a JSON escape
    out = open(saved, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    try:
        with redirect_stdout(sys.stderr):
            yield out
    finally:
        try:
            out.close()
        finally:
            os.dup2(saved, descriptor)
            os.close(saved)
