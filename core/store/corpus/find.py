"""Finds the utterances that match a Filter: by bitmaps, with SQL for stale rows, or by SQL alone for one recording.

Both ways give the same exact result. Filters, pages and counts cost nearly the same with ten thousand and with a
million utterances. A text query costs more the more often its letters occur. Unusual white space in it (at an end,
doubled, tabs) needs a check of every candidate.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select

from core.filters import Filter
from core.records import UNLABELLED, Sort
from core.schemes import SCHEMES, scheme
from core.store.corpus import marks
from core.store.index import query as search
from core.store.index.bitmaps import Bitmaps
from core.store.index.substring import Ids, Set
from core.store.portable import given
from core.store.schema import label, queue_item, stale, tag, utterance

LISTS = "list:"  # before the names of stored lists, among those of the queues
_Pick = Callable[[Set, int, int], list[int]]


def window(connection: Connection, wanted: Filter, sort: Sort, offset: int, limit: int) -> tuple[list[int], int]:
    """Return the ids of one page and the number of matches. A descending sort is the ascending one reversed."""
    if wanted.recording_id is not None:  # a recording has few utterances, and a database index
        return _by_sql(connection, wanted, sort, offset, limit)
    bitmaps = Bitmaps(connection)
    matches = matching(connection, bitmaps, wanted)
    total = bitmaps.count(matches)
    pick: dict[str, _Pick] = {
        "id": bitmaps.ids, "length": bitmaps.by_length, "text": bitmaps.by_text, "speaker": bitmaps.by_speaker,
    }  # fmt: skip
    start, stop = min(offset, total), min(offset + limit, total)
    if not sort.startswith("-"):
        return pick[sort](matches, start, stop), total
    return pick[sort[1:]](matches, total - stop, total - start)[::-1], total


def every(connection: Connection, wanted: Filter) -> Ids:
    """Return the ids of all utterances that match, ascending: int64 (n,)."""
    if wanted.recording_id is not None:
        query = select(utterance.c.id).where(*where(wanted)).order_by(utterance.c.id)
        return _ids(connection, query)
    bitmaps = Bitmaps(connection)
    matches = matching(connection, bitmaps, wanted)
    return bitmaps.id_array(matches, 0, bitmaps.count(matches))


def _by_sql(connection: Connection, wanted: Filter, sort: Sort, offset: int, limit: int) -> tuple[list[int], int]:
    conditions = where(wanted)
    total = connection.scalar(select(func.count()).select_from(utterance).where(*conditions))
    c = utterance.c
    binary = {"sqlite": "BINARY"}.get(connection.dialect.name, "C")
    ways: dict[str, list[Any]] = {
        "id": [c.id],
        "length": [c.chars, c.id],
        "text": [c.text.collate(binary), c.id],
        "speaker": [func.coalesce(c.speaker, "").collate(binary), c.id],
    }
    keys = ways[sort.removeprefix("-")]
    order = [key.desc() for key in keys] if sort.startswith("-") else keys
    query = select(c.id).where(*conditions).order_by(*order).limit(limit).offset(offset)
    return list(connection.scalars(query)), int(total or 0)


# -- bitmaps


def matching(connection: Connection, bitmaps: Bitmaps, wanted: Filter) -> Set:
    """Return the exact set of the utterances that match, from the bitmaps and, for stale rows, from SQL."""
    matches = _settled(bitmaps, wanted)
    query = search.parse(wanted.text, wanted.ignore_spacing)
    if query is not None:
        matches &= bitmaps.holding(query)
        if not query.sure:
            ids = bitmaps.ids(matches, 0, bitmaps.count(matches))
            sure = select(utterance.c.id).where(utterance.c.id.in_(given(connection, ids)), search.matches(query))
            matches = bitmaps.of(_ids(connection, sure))
    if wanted.tag:  # tags are no facets: they change without making a row stale
        matches &= bitmaps.of(_ids(connection, _tagged(wanted.tag)))
    if wanted.ids:
        known = select(utterance.c.id).where(utterance.c.id.in_(given(connection, wanted.ids)))
        matches &= bitmaps.of(_ids(connection, known))
    if wanted.listed:
        matches &= bitmaps.of(_ids(connection, _listed(wanted.listed).order_by(queue_item.c.utterance_id)))
    if len(bitmaps.stale):
        plain = where(marks.without(wanted))
        rows = select(utterance.c.id).where(utterance.c.id.in_(select(stale.c.id)), *plain)
        matches = bitmaps.with_stale(matches, _ids(connection, rows))
    return marks.narrowed(connection, bitmaps, matches, wanted)


def _ids(connection: Connection, query: Select[int]) -> Ids:
    return np.array(connection.scalars(query).all(), np.int64)


def _settled(bitmaps: Bitmaps, wanted: Filter) -> Set:
    """Return the set that matches by facets and numbers of the index; text and tags are not considered."""
    matches = bitmaps.facet("active").copy()
    for name, codes in wanted.labels.items():
        if codes:
            known = codes if name in SCHEMES else ()  # nothing matches a scheme that is gone
            chosen = bitmaps.any_facet(f"label:{name}", [code for code in known if code != UNLABELLED])
            matches &= chosen | ~answered(bitmaps, name) if UNLABELLED in known else chosen
    several = {"speaker": wanted.speaker, "origin": wanted.origin, "source": wanted.source}
    for name, values in several.items():
        if values:
            matches &= bitmaps.any_facet(name, values)
    flags = {"call": wanted.in_recording, "voice": wanted.with_audio, "skipped": wanted.skipped}
    for name, value in flags.items():
        if value is not None:
            matches &= bitmaps.facet(name) if value else ~bitmaps.facet(name)
    if wanted.min_chars is not None:
        matches &= bitmaps.at_least("chars", wanted.min_chars)
    if wanted.max_chars is not None:
        matches &= ~bitmaps.at_least("chars", wanted.max_chars + 1)
    if wanted.after_id is not None:
        matches &= bitmaps.after(wanted.after_id)
    return matches


def answered(bitmaps: Bitmaps, name: str) -> Set:
    """Return the set of what needs no answer of a person: labelled by one, or derived, with the label of its source."""
    return bitmaps.facet(f"human:{name}") | (bitmaps.facet("derived") & bitmaps.facet(f"any:{name}"))


def _tagged(wanted: tuple[str, ...]) -> Select[int]:
    return select(tag.c.utterance_id).distinct().where(tag.c.tag.in_(wanted)).order_by(tag.c.utterance_id)


def _listed(name: str) -> Select[int]:
    """Return the query of the ids of a stored list; no id for an unknown name."""
    return select(queue_item.c.utterance_id).where(queue_item.c.queue == f"{LISTS}{name}")


# -- SQL


def where(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return the SQL conditions of a Filter."""
    c = utterance.c
    conditions: list[ColumnElement[bool]] = [c.active]
    conditions += [_labelled(name, codes) for name, codes in wanted.labels.items() if codes]
    if wanted.speaker:
        conditions.append(c.speaker.in_(wanted.speaker))
    if wanted.origin:
        conditions.append(c.origin.in_(wanted.origin))
    if wanted.source:
        conditions.append(c.source_id.in_(wanted.source))
    if wanted.min_chars is not None:
        conditions.append(c.chars >= wanted.min_chars)
    if wanted.max_chars is not None:
        conditions.append(c.chars <= wanted.max_chars)
    if wanted.recording_id is not None:
        conditions.append(c.recording_id == wanted.recording_id)
    if wanted.in_recording is not None:
        conditions.append(c.recording_id.is_not(None) if wanted.in_recording else c.recording_id.is_(None))
    if wanted.with_audio is not None:
        conditions.append(c.voice_usable if wanted.with_audio else ~c.voice_usable)
    if wanted.skipped is not None:
        conditions.append(c.skipped if wanted.skipped else ~c.skipped)
    if wanted.after_id is not None:
        conditions.append(c.id > wanted.after_id)
    if wanted.tag:
        conditions.append(exists().where(tag.c.utterance_id == c.id, tag.c.tag.in_(wanted.tag)))
    if wanted.ids:
        conditions.append(c.id.in_(wanted.ids))
    if wanted.listed:
        conditions.append(c.id.in_(_listed(wanted.listed)))
    conditions += marks.conditions(wanted)
    if (query := search.parse(wanted.text, wanted.ignore_spacing)) is not None:
        conditions.append(search.matches(query))
    return conditions


def derived() -> ColumnElement[bool]:
    """Return the SQL condition of an utterance that was made from another one."""
    return or_(utterance.c.parent_id.is_not(None), utterance.c.origin == "augmented")


def _labelled(name: str, codes: tuple[str, ...]) -> ColumnElement[bool]:
    if name not in SCHEMES:
        return false()
    level = scheme(name).level
    target = utterance.c.id if level == "utterance" else utterance.c.recording_id
    same_label = and_(label.c.level == level, label.c.target_id == target, label.c.scheme == name)
    choices: list[ColumnElement[bool]] = []
    if named := [code for code in codes if code != UNLABELLED]:
        choices.append(exists().where(same_label, label.c.code.in_(named)))
    if UNLABELLED in codes:
        choices.append(~exists().where(same_label, or_(label.c.grade != "silver", derived())))
    return or_(*choices)
