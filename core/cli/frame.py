"""The frame of every verb: one answer on stdout, all other output on stderr, a failure as one line and exit code 1.

While a verb works, stdout is redirected to stderr, down to the file descriptor. So the output of a library or of a
child process never mixes with the answer. `CoreError`, Ctrl-C and errors of the file system are failures; any other
exception is a bug and shows its traceback.
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
from core.files import full_disk_named

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Filter by text, speaker, origin, tag, source, chars=10-50, curator, from, to, flagged=true, "
        "comment=open, call, run with predicted and wrong=true, ignore_spacing=true, with_audio=true or any scheme; "
        "may be repeated.",
    ),
]
ShowProgress = Callable[[str, float, float], None]  # takes stage, done and total (total 0: not known)


class Reply:
    """The answer of one verb. Call `give` once; call `complain` if a part of the work failed."""

    def __init__(self, out: TextIO, as_json: bool) -> None:
        self.out, self._as_json = out, as_json
        self._answer: tuple[Any, tuple[Any, ...]] | None = None
        self.failure: str | None = None

    def give(self, document: Any, *shown: Any) -> None:
        """Set the answer: `document` for `--json`, else `shown` (strings or rich objects), one below the other."""
        self._answer = document, shown

    def complain(self, reason: str) -> None:
        """Make the verb fail with `reason`; its answer is printed all the same."""
        self.failure = reason

    def send(self) -> None:
        """Print the answer now. `answering` does this at the end; a verb that goes on (`serve`) does it earlier."""
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
    """Run a verb's body and print its answer; turn a failure into one line on stderr and exit code 1."""
    failure: str | None = None
    with _stdout_to_stderr() as out:
        reply = Reply(out, as_json)
        try:
            with full_disk_named("a file"):
                yield reply
            reply.send()
            failure = reply.failure
        except (Cancelled, KeyboardInterrupt):
            failure = "cancelled"
        except BrokenPipeError:
            raise
        except (CoreError, OSError) as error:
            failure = str(error)
    if failure is not None:
        typer.echo(f"error: {one_line(failure)}", err=True)
        raise typer.Exit(1)


def filter_pairs(filters: list[str] | None) -> list[str]:
    """The values of `--filter`. A value that is not KEY=VALUE is wrong usage (exit code 2)."""
    for pair in filters or ():
        if "=" not in pair:
            raise typer.BadParameter(f"--filter {pair}: expected KEY=VALUE")
    return filters or []


@contextmanager
def progress_bar(title: str) -> Iterator[ShowProgress]:
    """Yield `show_progress(stage, done, total)`: a bar with rate and time left on stderr if that is a terminal."""
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

        def show_progress(stage: str, done: float, total: float) -> None:
            name = one_line(f"{title} {stage}")
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=None, rate="")
            speed = bar.tasks[tasks[name]].speed
            bar.update(
                tasks[name], completed=done, total=total or None, rate=f"{speed:.1f}/s" if speed is not None else ""
            )

        yield show_progress


def table(title: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]] | list[tuple[Any, ...]]) -> Any:
    """A plain table for rich. Cells are shown as they are and never read as markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rendered = Table(title=Text(title) if title else None, box=box.SIMPLE, title_justify="left")
    for column in columns:
        rendered.add_column(Text(column))
    for row in rows:
        rendered.add_row(*(Text(plain("" if cell is None else str(cell))) for cell in row))
    return rendered


def plain(text: str) -> str:
    """`text` with every character replaced that could move a terminal's cursor or change its colours.

    >>> plain("불\\x1b[2J이\\n났다")
    '불\ufffd[2J이\\n났다'
    """
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def one_line(text: str) -> str:
    """`text` as one line of printable characters."""
    return plain(" ".join(text.split()))


def _console(file: TextIO) -> Any:
    from rich.console import Console

    return Console(file=file, width=None if file.isatty() else 160, soft_wrap=False)


@contextmanager
def _stdout_to_stderr() -> Iterator[TextIO]:
    """Yield the real stdout; until the block ends, `sys.stdout` and its file descriptor lead to stderr."""
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
