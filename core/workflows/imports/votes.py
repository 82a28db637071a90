"""Bringing in what many people said of the same items: a column a rater, or a column a class that counts its votes.

A row is an item. Where its item cell is the key of an utterance that is here, the votes go to that one; else the row is
an utterance as `ingest table` would make it (the same keys), with the item as its text where no text column is named.
Votes are opinions: they set no label, they count for agreement and can be settled. A second import of the same file
adds nothing. What could not be used is named by row in `rejects-votes.csv`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.batches import batches
from core.errors import InputError
from core.ingest import votes
from core.ingest.archives import printable
from core.ingest.tables import File, Meter, Options, Reject, Row, Shape, Table, names, open_table
from core.ingest.tables.meaning import Columns, Meant, Read, Reader, cell_text, distinct, reading
from core.ingest.tables.stream import sha256, source_name
from core.ingest.votes import Choice
from core.messages import Message, SchemeName, within
from core.records import Skip, Vote
from core.schemes import SCHEMES, Scheme
from core.schemes.files import MOST_CLASSES
from core.workflows.corpus import schemes
from core.workflows.imports.report import write_rejects
from core.workflows.workspace import Workspace, now

__all__ = ["File", "Options", "Order", "VotesImport", "ingest_votes"]

BATCH = 5_000
SHOWN_REJECTS = 100
REJECTS = "rejects-votes.csv"
Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for: either `raters`, columns of answers, or `counts`, class -> column of its votes.

    `item` or `text` has to be named; `source` "" is the file's stem.
    """

    scheme: str
    raters: tuple[str, ...] = ()
    counts: Mapping[str, str] = field(default_factory=dict)
    item: str | None = None
    text: str | None = None
    source: str = ""
    licence: str = "not stated"
    options: Options = field(default_factory=Options)


@dataclass(slots=True)
class VotesImport:
    """What an import did. `rows`, `added`, `known`, `rejected` count rows, `votes` and `votes_known` votes.

    `silent` rows hold no vote. `skipped` are the first rejects, `reasons` counts all by kind.
    """

    source: str
    scheme: str
    shape: Shape
    rows: int = 0
    added: int = 0
    known: int = 0
    silent: int = 0
    votes: int = 0
    votes_known: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    skipped: list[Reject] = field(default_factory=list)
    rejects: Path | None = None

    def reject(self, one: Reject) -> Skip:
        self.rejected += 1
        self.reasons[one.kind] = self.reasons.get(one.kind, 0) + 1
        shown = replace(one, reason=printable(one.reason))
        if len(self.skipped) < SHOWN_REJECTS:
            self.skipped.append(shown)
        return Skip(Message("row {number}", number=one.row), shown.reason)


@dataclass(frozen=True, slots=True)
class _Item:
    meant: Meant
    name: str | None
    choices: Sequence[Choice]


def ingest_votes(
    ws: Workspace, file: File, order: Order, progress: Progress = lambda rows, share: None, batch_size: int = BATCH
) -> VotesImport:
    """Import the votes of `file`; `progress(rows read, share of the file)` after each batch is on disk."""
    table, order = _opened(file, order)
    chosen = _scheme(ws, table, order)
    done = VotesImport(source_name(file, order.source), chosen.name, table.shape)
    source_id = ws.store.corpus.add_source(done.source, "votes", printable(order.licence), sha256(file), now())
    said = order.text or order.item or ""
    reader = Reader(Columns(said, id=order.item), done.source, {}, (), "ms")
    meter, skips = Meter(), list[Skip]()
    items = _items(table, order, reader, _ballot(chosen, order), meter, done, skips)
    progress(0, 0.0)
    try:
        for batch in batches(items, batch_size):
            _store(ws, source_id, chosen, batch, done)
            progress(done.rows, meter.share)
    finally:
        done.rejects = write_rejects(ws, REJECTS, [replace(one, where=within(file.name, one.where)) for one in skips])
    progress(done.rows, 1.0)
    return done


def _opened(file: File, order: Order) -> tuple[Table, Order]:
    """The table, and the order with columns as they stand in it."""
    if bool(order.raters) == bool(order.counts):
        raise InputError("name either the raters' columns or the columns that count votes")
    asked = [name for name in (order.item, order.text) if name is not None]
    if not asked:
        raise InputError("name the column of the items or that of the texts")
    columns = (*asked, *order.raters, *order.counts.values())
    table = open_table(file, replace(order.options, wanted=columns))
    found = {name: names.find(table.shape.columns, name) for name in columns}
    if len({found[name] for name in columns[len(asked) :]}) < len(columns) - len(asked):
        raise InputError("a column of votes is named twice")
    return table, replace(
        order, item=order.item and found[order.item], text=order.text and found[order.text],
        raters=tuple(found[name] for name in order.raters),
        counts={code: found[name] for code, name in order.counts.items()},
    )  # fmt: skip


def _scheme(ws: Workspace, table: Table, order: Order) -> Scheme:
    """The settled scheme of that name, else one that has every class there is, proposed."""
    known = SCHEMES.get(order.scheme)
    if known is not None and known.level == "recording":
        raise InputError("{scheme} is a label of recordings; votes are of utterances", scheme=SchemeName(known.name))
    if known is not None and known.state == "active":
        return known
    if order.counts:
        return schemes.propose(ws, order.scheme, order.counts, multi=known is not None and known.kind == "multi")
    column = ", ".join(order.raters)
    answers = _one_column(table.rows(), order.raters, column)
    values, several = distinct(answers, {order.scheme: column}, MOST_CLASSES)[order.scheme]
    if not values:
        raise InputError(
            "no column of a rater holds a value to make classes of scheme {scheme} of", scheme=SchemeName(order.scheme)
        )
    return schemes.propose(ws, order.scheme, values, multi=several or (known is not None and known.kind == "multi"))


def _one_column(rows: Iterator[Row | Reject], columns: Sequence[str], name: str) -> Iterator[Row]:
    """The answers of all raters, as if one had given them."""
    for row in rows:
        if isinstance(row, Row):
            yield from (Row(row.number, {name: row.cells.get(column)}) for column in columns)


def _ballot(chosen: Scheme, order: Order) -> Callable[[Row], list[Choice] | Reject]:
    """How the votes of a row are read."""
    if order.counts:
        columns = {chosen.parse(name): column for name, column in order.counts.items()}
        if len(columns) < len(order.counts):
            raise InputError("two columns of votes mean the same class of {scheme}", scheme=SchemeName(chosen.name))
        return lambda row: votes.of_counts(row, columns)
    for column in order.raters:
        votes.rater_name(column)
    read: Read = reading(chosen, ids=False)
    return lambda row: votes.of_raters(row, order.raters, read)


def _items(
    table: Table,
    order: Order,
    reader: Reader,
    ballot: Callable[[Row], list[Choice] | Reject],
    meter: Meter,
    done: VotesImport,
    skips: list[Skip],
) -> Iterator[_Item]:
    """Every row that can be used; the others go to `skips`."""
    for row in table.rows(meter):
        done.rows += 1
        meant = row if isinstance(row, Reject) else reader.read(row)
        given = row if isinstance(row, Reject) else ballot(row)
        if isinstance(meant, Reject) or isinstance(given, Reject):
            first = meant if isinstance(meant, Reject) else given
            assert isinstance(first, Reject)
            skips.append(done.reject(first))
            continue
        assert isinstance(row, Row)
        done.silent += not given
        yield _Item(meant, cell_text(row, order.item) if order.item else None, given)


def _store(ws: Workspace, source_id: int, chosen: Scheme, batch: Sequence[_Item], done: VotesImport) -> None:
    here = ws.store.corpus.utterance_ids([one.name for one in batch if one.name])
    new = [one.meant.utterance for one in batch if one.name not in here]
    report = ws.store.corpus.add_sentences(source_id, new, now())
    done.added += report.added
    done.known += report.known + len(batch) - len(new)
    here |= ws.store.corpus.utterance_ids([one.key for one in new])
    at = now()
    rows = [
        Vote(chosen.name, here[one.name if one.name in here else one.meant.utterance.key], each.code, each.curator, at)
        for one in batch
        for each in one.choices
    ]
    added = ws.store.review.add_votes(rows)
    done.votes += added
    done.votes_known += len(rows) - added
