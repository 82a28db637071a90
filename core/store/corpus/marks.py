"""Conditions about what people and runs said of an utterance: decisions, flags, comments, predictions.

`conditions` is SQL for one recording and for stale rows. `narrowed` gives the same answer by bitmaps: decisions and
remarks only grow, so their sets are kept in memory and extended (`core.store.index.grown`); the predictions of a run
are read once until they are written again (`core.store.index.stamps`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, TextClause, and_, case, exists, func, or_, select

from core.filters import Filter, instant
from core.schemes import JOIN, SCHEMES, scheme, split_codes
from core.store.index.bitmaps import Bitmaps
from core.store.index.cache import SetCache
from core.store.index.grown import Dense, dense, grown, in_chunks
from core.store.index.stamps import of_predictions
from core.store.index.substring import WORDS, Ids, Set
from core.store.ledger import current
from core.store.portable import number_list, run
from core.store.review.answers import stands
from core.store.review.standing_remarks import commented, flagged
from core.store.schema import label, prediction, remark, revision, utterance

_PREDICTIONS = SetCache(16 * 1024 * 1024)


def without(wanted: Filter) -> Filter:
    """Return the Filter without the conditions of this module."""
    return replace(
        wanted, curator=(), since="", until="", flagged=None, comment="", run="", target="", predicted=(), wrong=None
    )


def _about_decisions(wanted: Filter) -> bool:
    return bool(wanted.curator or wanted.since or wanted.until)


# -- SQL


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return the SQL conditions about decisions, remarks and predictions."""
    u, found = utterance.c, list[ColumnElement[bool]]()
    if _about_decisions(wanted):
        found.append(exists().where(revision.c.utterance_id == u.id, *_decided(wanted)))
    if wanted.flagged is not None:
        flags = exists().where(remark.c.utterance_id == u.id, *flagged())
        found.append(flags if wanted.flagged else ~flags)
    if wanted.comment:
        comments = exists().where(remark.c.utterance_id == u.id, *commented(wanted.comment == "open"))
        found.append(~comments if wanted.comment == "none" else comments)
    if wanted.run:
        found.append(exists().where(prediction.c.utterance_id == u.id, *_predicted(wanted)))
    return found


def _decided(wanted: Filter) -> list[ColumnElement[bool]]:
    c = revision.c
    chosen: list[ColumnElement[bool]] = [c.round_id.is_(None), *stands()]
    if wanted.curator:
        chosen.append(c.curator.in_(wanted.curator))
    if wanted.since:
        chosen.append(c.at >= instant(wanted.since))
    if wanted.until:
        chosen.append(c.at < instant(wanted.until, end=True))
    return chosen


def _predicted(wanted: Filter) -> list[ColumnElement[bool]]:
    c = prediction.c
    targets = [wanted.target] if wanted.target else list(SCHEMES)  # the key of a prediction begins with run and target
    chosen: list[ColumnElement[bool]] = [c.run_id == wanted.run, c.target.in_(targets), current()]
    if wanted.predicted:
        chosen.append(or_(*(and_(*(_holds(c.code, code) for code in split_codes(of))) for of in wanted.predicted)))
    if wanted.wrong is not None:
        chosen.append(_wrong(wanted.wrong))
    return chosen


def _holds(joined: Any, code: Any) -> ColumnElement[bool]:
    """Return whether one of the `joined` codes is `code`; "" is the code of no class."""
    padded = JOIN + joined + JOIN
    return func.replace(padded, JOIN + code + JOIN, "") != padded


def _wrong(is_wrong: bool) -> ColumnElement[bool]:
    """Return the condition that the predicted codes are not, or are, those of a person's label as it is now."""
    names = {
        level: [name for name, kind in SCHEMES.items() if kind.level == level] for level in ("utterance", "recording")
    }
    return or_(*(and_(prediction.c.target.in_(own), _differs(is_wrong, level)) for level, own in names.items()))


def _differs(is_wrong: bool, level: str) -> ColumnElement[bool]:
    c, x = prediction.c, label.c
    place = utterance.c.id if level == "utterance" else utterance.c.recording_id
    of_target = func.coalesce(x.scheme, "") == c.target  # with the plain column SQLite would read all its labels
    human = (x.level == level, x.target_id == place, of_target, x.grade != "silver")
    n = select(func.count()).select_from(label).where(*human).correlate(prediction, utterance).scalar_subquery()
    several = func.length(c.code) - func.length(func.replace(c.code, JOIN, "")) + 1
    strange = exists().where(*human, ~_holds(c.code, x.code)).correlate(prediction, utterance)
    differs = or_(strange, n != case((c.code == "", 0), else_=several))
    return and_(exists().where(*human).correlate(prediction, utterance), differs if is_wrong else ~differs)


# -- bitmaps


def narrowed(connection: Connection, bitmaps: Bitmaps, matches: Set, wanted: Filter) -> Set:
    """Return those of `matches` that meet the conditions of this module; exact also for stale rows."""
    if _about_decisions(wanted):
        name = ("decided", tuple(sorted(wanted.curator)), wanted.since, wanted.until)
        matches = matches & _set(connection, bitmaps, name, (revision,), revision, _decided(wanted))
    if wanted.flagged is not None:
        flags = _set(connection, bitmaps, ("flagged",), (remark,), remark, flagged())
        matches = matches & (flags if wanted.flagged else ~flags)
    if wanted.comment:
        is_open = wanted.comment == "open"
        tables = (remark, revision) if is_open else (remark,)
        comments = _set(connection, bitmaps, ("commented", is_open), tables, remark, commented(is_open))
        matches = matches & (~comments if wanted.comment == "none" else comments)
    if wanted.run:
        matches = matches & _of_run(connection, bitmaps, wanted)
    return matches


def _set(
    connection: Connection, bitmaps: Bitmaps, name: object, tables: Sequence[Any], source: Any,
    chosen: Sequence[ColumnElement[bool]],
) -> Set:  # fmt: skip
    def read(among: TextClause | None) -> Ids:
        query = select(source.c.utterance_id).where(*chosen).distinct()
        return _ids(connection, query if among is None else query.where(source.c.utterance_id.in_(among)))

    members = grown(connection, name, tables, lambda table: table.c.utterance_id, read)
    return in_chunks(members, bitmaps.chunks)


def _ids(connection: Connection, query: Select[Any]) -> Ids:
    return np.array(connection.scalars(query).all(), np.int64)


def _of_run(connection: Connection, bitmaps: Bitmaps, wanted: Filter) -> Set:
    """Return the set of what the run predicted, as `predicted`, `target` and `wrong` of the Filter ask."""
    members = np.zeros((len(bitmaps.chunks), WORDS), np.uint64)
    for target in [wanted.target] if wanted.target else SCHEMES:
        predictions = _predictions(connection, wanted.run, target)
        labels = _labels(connection, bitmaps, target) if predictions and wanted.wrong is not None else None
        for joined, ids in predictions.items():
            codes = split_codes(joined)
            if wanted.predicted and not any(set(split_codes(of)) <= set(codes) for of in wanted.predicted):
                continue
            held = in_chunks(ids, bitmaps.chunks)
            members |= held if labels is None else held & _judged(labels, codes, bool(wanted.wrong))
    return members


def _labels(connection: Connection, bitmaps: Bitmaps, target: str) -> dict[str, Set]:
    """Return class -> the set of the utterances whose label by a person has it now, of one scheme."""
    human = bitmaps.facet(f"human:{target}")
    sets = {code: bitmaps.facet(f"label:{target}={code}") & human for code in scheme(target).codes}
    if not len(bitmaps.stale):
        return sets
    level = scheme(target).level
    # CROSS JOIN and `||`: SQLite would read all labels of the scheme, from its index, for each row.
    query = (
        "SELECT l.code, u.id FROM stale s CROSS JOIN utterance u CROSS JOIN label l WHERE u.id = s.id AND l.level = ? "
        f"AND l.target_id = {'u.id' if level == 'utterance' else 'u.recording_id'} AND l.scheme || '' = ? "
        "AND l.grade <> 'silver'"
    )
    now: dict[str, list[int]] = {}
    for code, number in run(connection, query, (level, target)):
        now.setdefault(code, []).append(number)
    return {code: bitmaps.with_stale(held, np.array(now.get(code, []), np.int64)) for code, held in sets.items()}


def _judged(labels: Mapping[str, Set], codes: Sequence[str], is_wrong: bool) -> Set:
    """Return the set whose label by a person is not, or is, exactly `codes`."""
    human = np.bitwise_or.reduce(list(labels.values()))
    right = human.copy()
    for code, held in labels.items():
        right &= held if code in codes else ~held
    return human & ~right if is_wrong else right


def _predictions(connection: Connection, run_id: str, target: str) -> dict[str, Dense]:
    """Return predicted codes (joined) -> the set of the utterances, for one run and target."""
    key = (str(connection.engine.url), run_id, target, of_predictions(connection, run_id))
    return dict(_PREDICTIONS.get(key, lambda: _read_predictions(connection, run_id, target)))


def _read_predictions(connection: Connection, run_id: str, target: str) -> dict[str, Dense]:
    query = (
        f"SELECT code, {number_list(connection, 'utterance_id')} FROM prediction p WHERE run_id = ? AND target = ? "
        "AND (purpose = 'pool' OR NOT EXISTS (SELECT 1 FROM prediction q WHERE q.run_id = p.run_id "
        "AND q.target = p.target AND q.utterance_id = p.utterance_id AND q.purpose = 'pool')) GROUP BY code"
    )
    rows = run(connection, query, (run_id, target))
    return {code: dense(np.array(json.loads(listed), np.int64)) for code, listed in rows}
