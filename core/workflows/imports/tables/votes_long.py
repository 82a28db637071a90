"""What a person asks for when votes are imported; votes in long form and lists of answers: found, or asked about.

An item that comes again with the same rater is the same answer, or a reject if the answer is another one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from core.errors import InputError
from core.ingest import votes
from core.ingest.tables import Options, Reject, Row, Table
from core.ingest.tables.row_parser import cell_text
from core.ingest.votes import Choice
from core.messages import Message
from core.records import OnClash
from core.schemes import SCHEMES

_RATER_NAMES = (
    "rater", "rater_id", "annotator", "annotator_id", "worker", "worker_id", "workerid", "labeler", "labeller", "coder",
    "judge", "curator", "reviewer", "user", "user_id", "username", "평가자", "작업자", "주석자", "라벨러", "검수자",
    "평가자id", "작업자id", "응답자",
)  # fmt: skip
_REPEATED_SHARE = 0.4  # with two raters for each item, half of the rows repeat an item
_LOOK_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class VotesImportOptions:
    """What a person asks for: `raters` (columns of answers), `counts` (class -> column of its votes), or `rater` and
    `answer` (the columns of the long form).

    `item` or `text` must be named. `source` "": the name of the file. `lists` says what a list in a cell is: the
    answers of several raters, or several classes of one; "" asks. `maps` and `missing` as in `ingest table`.
    """

    scheme: str
    raters: tuple[str, ...] = ()
    counts: Mapping[str, str] = field(default_factory=dict)
    item: str | None = None
    text: str | None = None
    source: str = ""
    licence: str = "not stated"
    options: Options = field(default_factory=Options)
    on_clash: OnClash = "report"
    rater: str | None = None
    answer: str | None = None
    lists: Literal["", "raters", "classes"] = ""
    maps: tuple[tuple[str, str, str], ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """The columns of answers."""
        return self.raters if self.answer is None else (self.answer,)


def long_form(table: Table, options: VotesImportOptions) -> VotesImportOptions:
    """`options` with the column of the rater, if one column of answers is named and its items come several times.

    `InputError` asks for that column if none is called like one.
    """
    item = options.item
    if item is None or len(options.raters) != 1 or options.lists:
        return options
    rows = [row for row in islice(table.rows(), _LOOK_ROWS) if isinstance(row, Row)]
    items = [name for row in rows if (name := cell_text(row, item))]
    repeated = len(items) - len(set(items))
    if not repeated:
        return options
    used = {item, options.text, *options.raters}
    for column in table.shape.columns:
        if column not in used and column.replace(" ", "").casefold() in _RATER_NAMES:
            pairs = [(cell_text(row, item), cell_text(row, column)) for row in rows]
            if len(set(pairs)) == len(pairs):
                return replace(options, rater=column, answer=options.raters[0], raters=())
    if repeated >= _REPEATED_SHARE * len(items):
        raise InputError(
            "{file}: column {item} names most items several times, so each row seems to be the answer of one rater: "
            "name the column of the raters with --rater, and that of the answers with --answer {answer}",
            file=table.file.name,
            item=item,
            answer=options.raters[0],
        )
    return options


def ask_about_lists(table: Table, options: VotesImportOptions) -> None:
    """`InputError` if a column of answers holds lists and nobody said what they are."""
    if options.lists or options.rater is not None or options.counts:
        return
    known = SCHEMES.get(options.scheme)
    may_be_classes = known is not None and known.kind == "multi" and known.state == "active"
    for row, column in _lists(table, options.raters):
        values = votes.as_list(row.cells.get(column))
        if may_be_classes and len(set(values)) == len(values):
            continue
        raise InputError(
            "{file}, row {row}: column {column} holds a list of {n} values. If they are the answers of several raters, "
            "say --lists raters (or name the raters' column: --rater COL --answer {column}); if they are several "
            "classes that one rater chose, say --lists classes",
            file=table.file.name,
            row=row.number,
            column=column,
            n=len(values),
        )


def _lists(table: Table, columns: tuple[str, ...]) -> Iterator[tuple[Row, str]]:
    """The cells with lists."""
    for row in table.rows():
        if isinstance(row, Row):
            yield from ((row, column) for column in columns if votes.is_list(row.cells.get(column)))


@dataclass(slots=True)
class OneAnswerEach:
    """Reads the votes of rows in long form; a second, different answer of one rater to one item is a Reject."""

    read: Callable[[Row], list[Choice] | Reject]
    item: str | None
    _given: dict[tuple[str, str], str] = field(default_factory=dict)

    def __call__(self, row: Row) -> list[Choice] | Reject:
        choices = self.read(row)
        if isinstance(choices, Reject):
            return choices
        item = cell_text(row, self.item or "") or ""
        for choice in choices:
            before = self._given.setdefault((item, choice.curator), choice.code)
            if before != choice.code:
                reason = Message(
                    "{rater} answered {item!r} before, with {before}: the first answer is kept",
                    rater=choice.curator.removeprefix(votes.PREFIX),
                    item=item[:80],
                    before=before,
                )
                return Reject(row.number, "answered before", reason)
        return choices
