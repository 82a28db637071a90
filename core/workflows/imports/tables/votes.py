"""Imports what many people answered about the same items: one column per rater, one row per answer, or one column per
class that counts votes.

Each row is one item; in the long form (item, rater, answer) the rows of one item are that item. If the cell of its item
column is the key of a known utterance, the votes are for that utterance. Otherwise the row becomes an utterance, as
`ingest table` makes it (with the same key); its text is the text column, or the item if no text column is named. Votes
set no label: they count for agreement and can be settled later. A second import of the same file adds nothing. A known
row with another text, and a rater who is known with another answer, are clashes: they stay as they are.
`rejects-votes.csv` names them, and each row that could not be used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.batches import batches
from core.errors import InputError
from core.ingest import votes
from core.ingest.archives import printable
from core.ingest.tables import File, Meter, Options, Reject, Row, Shape, Table, names, open_table
from core.ingest.tables.labels import LabelReader, distinct, rules_of
from core.ingest.tables.row_parser import Columns, ParsedRow, RowParser, cell_text
from core.ingest.votes import Choice
from core.messages import Message, SchemeName, within
from core.records import Clash, Difference, Report, Skip, Vote
from core.schemes import SCHEMES, Scheme
from core.schemes.files import MOST_CLASSES
from core.workflows.corpus import schemes
from core.workflows.imports.clashes import ClashCounts, ClashLog
from core.workflows.imports.report import write_rejects
from core.workflows.imports.tables.sources import Reading, source_of
from core.workflows.imports.tables.votes_long import OneAnswerEach, VotesImportOptions, ask_about_lists, long_form
from core.workflows.workspace import Workspace, now

__all__ = ["File", "Options", "VotesImport", "VotesImportOptions", "ingest_votes"]

BATCH = 5_000
SHOWN_REJECTS = 100
REJECTS = "rejects-votes.csv"
Progress = Callable[[int, float], None]


@dataclass(slots=True)
class VotesImport(ClashCounts):
    """What an import did. `rows`, `added`, `known`, `rejected` count rows; `votes` and `votes_known` count votes.

    `silent` counts rows without a vote. `skipped` are the first rejects; `reasons` counts all rejects by kind. `long`:
    each row is one answer; then `items` are the items that were counted, since they come again. Clashes are of texts
    and of raters' answers.
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
    long: bool = False
    items: set[str | None] = field(default_factory=set)

    def reject(self, rejected: Reject) -> Skip:
        """Count a row that could not be used, and return it as a Skip for the CSV."""
        self.rejected += 1
        self.reasons[rejected.kind] = self.reasons.get(rejected.kind, 0) + 1
        shown = replace(rejected, reason=printable(rejected.reason))
        if len(self.skipped) < SHOWN_REJECTS:
            self.skipped.append(shown)
        return Skip(Message("row {number}", number=rejected.row), shown.reason)


@dataclass(frozen=True, slots=True)
class _VotesRow:
    """A row that can be used; `name` is the cell of its item column, None if none is named."""

    parsed: ParsedRow
    name: str | None
    choices: Sequence[Choice]


def ingest_votes(
    ws: Workspace,
    file: File,
    options: VotesImportOptions,
    progress: Progress = lambda rows, share: None,
    batch_size: int = BATCH,
) -> VotesImport:
    """Import the votes of `file`; `progress(rows read, share of the file)` after each batch is on disk.

    `InputError` if columns are missing or named twice, or if the scheme is one of recordings.
    """
    table, options = _open_with_columns(file, options)
    options = long_form(table, options)
    ask_about_lists(table, options)
    chosen = _scheme(ws, table, options)
    columns = Columns(options.text or options.item or "", id=options.item)

    def read_as(source: str) -> Reading:
        return Reading(RowParser(columns, source, {}, (), repeats=options.rater is not None), lambda name: name)

    ids, licence = options.item is not None, options.licence
    of_table = source_of(ws, file, table, options.source, read_as, options.on_clash, ids, licence, kind="votes")
    result = VotesImport(of_table.chosen.name, chosen.name, table.shape, long=options.rater is not None)
    if of_table.chosen.note:
        result.note(of_table.chosen.note)
    source_id, reader = of_table.id, of_table.reading.parser
    log = ClashLog(ws, result.source, options.on_clash)
    meter, skips = Meter(), list[Skip]()
    items = _items(table, options, reader, _vote_reader(chosen, options), meter, result, skips)
    progress(0, 0.0)
    try:
        for batch in batches(items, batch_size):
            skips += _store(log, source_id, chosen, batch, result)
            progress(result.rows, meter.share)
    finally:
        result.rejects = write_rejects(
            ws, REJECTS, [replace(skip, where=within(file.name, skip.where)) for skip in skips]
        )
    result.proposals, result.batch = log.proposals, log.batch
    progress(result.rows, 1.0)
    return result


def _open_with_columns(file: File, options: VotesImportOptions) -> tuple[Table, VotesImportOptions]:
    """The table, and the options with the column names as the table spells them."""
    if (options.rater is None) != (options.answer is None):
        raise InputError("name the column of the rater and that of the answer, both")
    if [bool(options.raters), bool(options.counts), options.rater is not None].count(True) != 1:
        raise InputError("name either the raters' columns or the columns that count votes")
    if options.rater is not None and options.item is None:
        raise InputError("the long form needs the column of the items, since an item has several rows")
    item_columns = [name for name in (options.item, options.text) if name is not None]
    if not item_columns:
        raise InputError("name the column of the items or that of the texts")
    long = [name for name in (options.rater, options.answer) if name is not None]
    columns = (*item_columns, *options.raters, *options.counts.values(), *long)
    table = open_table(file, replace(options.options, wanted=columns))
    spelling = {name: names.find(table.shape.columns, name) for name in columns}
    if len({spelling[name] for name in columns[len(item_columns) :]}) < len(columns) - len(item_columns):
        raise InputError("a column of votes is named twice")
    return table, replace(
        options, item=options.item and spelling[options.item], text=options.text and spelling[options.text],
        raters=tuple(spelling[name] for name in options.raters),
        counts={code: spelling[name] for code, name in options.counts.items()},
        rater=options.rater and spelling[options.rater], answer=options.answer and spelling[options.answer],
    )  # fmt: skip


def _scheme(ws: Workspace, table: Table, options: VotesImportOptions) -> Scheme:
    """The settled scheme of that name, else a proposed scheme that has every class in the table."""
    known = SCHEMES.get(options.scheme)
    if known is not None and known.level == "recording":
        raise InputError("{scheme} is a label of recordings; votes are of utterances", scheme=SchemeName(known.name))
    if known is not None and known.state == "active":
        return known
    if options.counts:
        return schemes.propose(ws, options.scheme, options.counts, multi=known is not None and known.kind == "multi")
    column = ", ".join(options.answers)
    split = options.rater is not None or options.lists == "raters"
    answers = _answers_as_one_column(table.rows(), options.answers, column, split)
    rules = {options.scheme: rules_of(options.scheme, options.maps, options.missing)}
    values, is_multi = distinct(answers, {options.scheme: column}, MOST_CLASSES, rules)[options.scheme]
    if not values:
        raise InputError(
            "no column of a rater holds a value to make classes of scheme {scheme} of",
            scheme=SchemeName(options.scheme),
        )
    return schemes.propose(ws, options.scheme, values, multi=is_multi or (known is not None and known.kind == "multi"))


def _answers_as_one_column(
    rows: Iterator[Row | Reject], columns: Sequence[str], name: str, split: bool
) -> Iterator[Row]:
    """The answers of all raters, as rows of one column called `name`. `split`: a list holds one of each rater."""
    for row in (row for row in rows if isinstance(row, Row)):
        for cell in map(row.cells.get, columns):
            for value in votes.as_list(cell) if split else (cell,):
                yield Row(row.number, {name: value})


def _vote_reader(chosen: Scheme, options: VotesImportOptions) -> Callable[[Row], list[Choice] | Reject]:
    """A function that reads the votes of a row."""
    if options.counts:
        columns = {chosen.parse(name): column for name, column in options.counts.items()}
        if len(columns) < len(options.counts):
            raise InputError("two columns of votes mean the same class of {scheme}", scheme=SchemeName(chosen.name))
        return lambda row: votes.of_counts(row, columns)
    read_label = LabelReader(chosen, rules=rules_of(options.scheme, options.maps, options.missing))
    if options.rater is not None and options.answer is not None:
        rater, answer = options.rater, options.answer
        return OneAnswerEach(
            lambda row: votes.of_long_row(row, rater, answer, read_label), options.item or options.text
        )
    if options.lists == "raters":
        return lambda row: votes.of_lists(row, options.raters, read_label)
    for column in options.raters:
        votes.rater_name(column)
    return lambda row: votes.of_raters(row, options.raters, read_label)


def _items(
    table: Table,
    options: VotesImportOptions,
    reader: RowParser,
    ballot: Callable[[Row], list[Choice] | Reject],
    meter: Meter,
    result: VotesImport,
    skips: list[Skip],
) -> Iterator[_VotesRow]:
    """Yield each row that can be used; add the others to `skips`."""
    for row in table.rows(meter):
        result.rows += 1
        parsed = row if isinstance(row, Reject) else reader.read(row)
        choices = row if isinstance(row, Reject) else ballot(row)
        if isinstance(parsed, Reject) or isinstance(choices, Reject):
            rejected = parsed if isinstance(parsed, Reject) else choices
            assert isinstance(rejected, Reject)
            skips.append(result.reject(rejected))
            continue
        assert isinstance(row, Row)
        result.silent += not choices
        yield _VotesRow(parsed, cell_text(row, options.item) if options.item else None, choices)


def _store(
    log: ClashLog, source_id: int, chosen: Scheme, batch: Sequence[_VotesRow], result: VotesImport
) -> list[Skip]:
    """Store the votes of a batch, and the utterances that are not known yet; return a Skip for each clash."""
    ws = log.ws
    ids = ws.store.corpus.utterance_ids([row.name for row in batch if row.name])
    counted = {row.name if row.name in ids else row.parsed.utterance.key: row for row in batch}
    fresh = {key: row.parsed.utterance for key, row in counted.items() if key not in result.items}
    result.items |= fresh.keys() if result.long else set()
    new = [utterance for key, utterance in fresh.items() if key not in ids]
    report = ws.store.corpus.add_sentences(source_id, new, now())
    result.added += report.added
    result.known += report.known + len(fresh) - len(new)
    ids |= ws.store.corpus.utterance_ids([row.parsed.utterance.key for row in batch if row.name not in ids])
    time = now()
    targets = [ids[row.name if row.name in ids else row.parsed.utterance.key] for row in batch]
    rows = [
        Vote(chosen.name, target, choice.code, choice.curator, time)
        for row, target in zip(batch, targets, strict=True)
        for choice in row.choices
    ]
    changed = ws.store.review.changed_votes(rows) if report.added < len(batch) else []
    added = ws.store.review.add_votes(rows)
    result.votes += added
    result.votes_known += len(rows) - added - len(changed)
    place_of = {
        target: Message("row {number}", number=row.parsed.row) for row, target in zip(batch, targets, strict=True)
    }
    places = {row.parsed.utterance.key: place_of[target] for row, target in zip(batch, targets, strict=True)}
    skips = log.take(report, result, places, new)
    return skips + ClashLog(ws, log.source).take(
        _changed_answers(changed), result, {str(t): place for t, place in place_of.items()}
    )


def _changed_answers(changed: Sequence[tuple[Vote, str]]) -> Report:
    """The clashes of raters who are known with another answer; they are named and not suggested."""
    report = Report()
    for vote, before in changed:
        difference = Difference(f"label:{vote.scheme}", f"{vote.curator}: {before}", f"{vote.curator}: {vote.code}")
        report.clashes.append(Clash(str(vote.target_id), vote.target_id, None, "", (difference,)))
    return report
