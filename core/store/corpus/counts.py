"""Counts the corpus: totals, labels by class, values for filters. On SQLite it reads the bitmaps of the index."""

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from core.filters import Filter
from core.schemes import SCHEMES
from core.store.corpus.find import window
from core.store.index.bitmaps import Bitmaps
from core.store.index.chunks import indexed
from core.store.schema import label, recording, source, stale, utterance

Tally = dict[str, Counter[str]]  # scheme -> class, "any" or "gold" -> targets; a class is written ":code"


def counts(connection: Connection) -> dict[str, int]:
    """Return the totals of the corpus; see `Corpus.counts`."""
    audio = select(func.coalesce(func.sum(recording.c.duration_ms), 0)).where(recording.c.path.is_not(None))
    return {
        "sources": count(connection, select(func.count()).select_from(source)),
        "recordings": count(connection, select(func.count()).select_from(recording)),
        "utterances": utterances(connection, Filter()),
        "sentences": utterances(connection, Filter(in_recording=False)),
        "voice_usable": utterances(connection, Filter(with_audio=True)),
        "audio_ms": count(connection, audio),
    }


def count(connection: Connection, query: Any) -> int:
    return int(connection.scalar(query) or 0)


def utterances(connection: Connection, wanted: Filter) -> int:
    return window(connection, wanted, "id", 0, 0)[1]


def progress(connection: Connection) -> dict[str, dict[str, int]]:
    """Return the counts of labels by scheme; see `Corpus.progress`."""
    targets = {
        "utterance": utterances(connection, Filter()),
        "recording": count(connection, select(func.count()).select_from(recording)),
    }
    tally = _by_sql(connection, "recording") | _of_utterances(connection)
    result = {}
    for name, definition in SCHEMES.items():
        n = tally.get(name, Counter())
        by_class = dict.fromkeys(definition.codes, 0) | {key[1:]: n[key] for key in n if key.startswith(":")}
        result[name] = {"targets": targets[definition.level], "labelled": n["any"], "gold": n["gold"], **by_class}
    return result


def _of_utterances(connection: Connection) -> Tally:
    """Count the labels of the utterances that are in the corpus."""
    if not indexed(connection):
        alive = select(utterance.c.id).where(utterance.c.active)
        return _by_sql(connection, "utterance", label.c.target_id.in_(alive))
    bitmaps = Bitmaps(connection)
    active = bitmaps.facet("active") & ~bitmaps.of(bitmaps.stale)
    tally = _of_stale(connection)
    schemes = {name for name, kind in SCHEMES.items() if kind.level == "utterance"}
    for kind in ("label:", "any:", "gold:"):
        for name, held in bitmaps.facets(kind).items():
            scheme, mark, code = name.removeprefix(kind).partition("=")
            if scheme in schemes:
                key = f":{code}" if mark else kind[:-1]
                tally.setdefault(scheme, Counter())[key] += bitmaps.count(held & active)
    return tally


def _of_stale(connection: Connection) -> Tally:
    """Count the labels of the stale rows, which the index does not answer for, by SQL."""
    alive = select(utterance.c.id).where(utterance.c.active, utterance.c.id.in_(select(stale.c.id)))
    c = label.c
    query = select(c.target_id, c.scheme, c.code, c.grade).where(c.level == "utterance", c.target_id.in_(alive))
    marks = set()
    for target, scheme, code, grade in connection.execute(query):
        marks |= {(target, scheme, mark) for mark in (f":{code}", "any", *(["gold"] if grade == "gold" else []))}
    tally: Tally = {}
    for _, scheme, mark in marks:
        tally.setdefault(scheme, Counter())[mark] += 1
    return tally


def _by_sql(connection: Connection, level: str, *conditions: ColumnElement[bool]) -> Tally:
    """Count the labels of one level by SQL."""
    names = [name for name, kind in SCHEMES.items() if kind.level == level]
    several = [name for name in names if SCHEMES[name].kind == "multi"]
    c = label.c
    conditions_of_level = (c.level == level, *conditions)
    classes = (
        select(c.scheme, c.code, c.grade, func.count())
        .where(c.scheme.in_(names), *conditions_of_level)
        .group_by(c.scheme, c.code, c.grade)
    )
    once = (
        select(c.scheme, c.grade, func.count(c.target_id.distinct()))
        .where(c.scheme.in_(several), *conditions_of_level)
        .group_by(c.scheme, c.grade)
    )
    tally: Tally = {}
    for scheme, code, grade, n in connection.execute(classes):
        count_of = tally.setdefault(scheme, Counter())
        count_of[f":{code}"] += n
        if scheme not in several:
            count_of += Counter({"any": n, "gold": n if grade == "gold" else 0})
    for scheme, grade, n in connection.execute(once) if several else ():
        tally[scheme] += Counter({"any": n, "gold": n if grade == "gold" else 0})
    return tally


def offered(connection: Connection) -> dict[str, list[str]]:
    """Return the speakers and origins of all utterances, sorted."""
    values: dict[str, set[str]] = {}
    for name in ("speaker", "origin"):
        query = select(utterance.c[name]).distinct()
        if indexed(connection):
            known = connection.exec_driver_sql(
                "SELECT DISTINCT name FROM facet WHERE name >= ? AND name < ?", (f"{name}=", f"{name}>")
            )
            values[name] = {row[0].partition("=")[2] for row in known}
            query = query.where(utterance.c.id.in_(select(stale.c.id)))
        values[name] = values.get(name, set()) | {value for value in connection.scalars(query) if value}
    return {name: sorted(known - {""}) for name, known in values.items()}
