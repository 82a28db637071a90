"""Counts the corpus: totals, labels by class, values for filters. It reads the bitmaps of the index.

A machine's label (silver) is no one's work: it counts neither as labelled nor for its class. A derived item whose label
is only the copy of its source's has nothing to be done, so it is no target.
"""

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select

from core.filters import Filter
from core.schemes import SCHEMES
from core.store.corpus.find import derived, window
from core.store.index.bitmaps import Bitmaps
from core.store.portable import run
from core.store.schema import label, recording, revision, source, stale, utterance

# scheme -> class, "human", "gold" or "copy" -> targets; a class is written ":code"; "copy" is no person's, and derived
Tally = dict[str, Counter[str]]


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
        of_level = targets[definition.level] - n["copy"]
        result[name] = {"targets": of_level, "labelled": n["human"], "gold": n["gold"], **by_class}
    return result


def _of_utterances(connection: Connection) -> Tally:
    """Count the labels of the utterances that are in the corpus."""
    bitmaps = Bitmaps(connection)
    active = bitmaps.facet("active") & ~bitmaps.of(bitmaps.stale)
    tally = _of_stale(connection)
    schemes = [name for name, kind in SCHEMES.items() if kind.level == "utterance"]
    for name in schemes:
        human = bitmaps.facet(f"human:{name}") & active
        copies = bitmaps.facet("derived") & bitmaps.facet(f"any:{name}") & active & ~human
        sets = {"human": human, "gold": bitmaps.facet(f"gold:{name}") & active, "copy": copies}
        sets |= {f":{code}": bitmaps.facet(f"label:{name}={code}") & human for code in SCHEMES[name].codes}
        tally.setdefault(name, Counter()).update({mark: bitmaps.count(held) for mark, held in sets.items()})
    return tally


def _of_stale(connection: Connection) -> Tally:
    """Count the labels of the stale rows, which the index does not answer for, by SQL."""
    c, u = label.c, utterance.c
    query = (
        select(c.target_id, c.scheme, c.code, c.grade, derived().label("derived"))
        .join(utterance, u.id == c.target_id)
        .where(c.level == "utterance", u.active, u.id.in_(select(stale.c.id)))
    )
    marks = set()
    for target, scheme, code, grade, made in connection.execute(query):
        marks |= {(target, scheme, mark) for mark in _marks(code, grade, bool(made))}
    tally: Tally = {}
    for _, scheme, mark in marks:
        tally.setdefault(scheme, Counter())[mark] += 1
    return tally


def _marks(code: str, grade: str, made: bool) -> tuple[str, ...]:
    """Return under what a label counts."""
    if grade == "silver":
        return ("copy",) if made else ()
    return (f":{code}", "human", *(("gold",) if grade == "gold" else ()))


def _by_sql(connection: Connection, level: str, *conditions: ColumnElement[bool]) -> Tally:
    """Count the labels of one level by SQL."""
    names = [name for name, kind in SCHEMES.items() if kind.level == level]
    several = [name for name in names if SCHEMES[name].kind == "multi"]
    c = label.c
    conditions_of_level = (c.level == level, *conditions)
    human = (*conditions_of_level, c.grade != "silver")
    classes = (
        select(c.scheme, c.code, c.grade, func.count())
        .where(c.scheme.in_(names), *conditions_of_level)
        .group_by(c.scheme, c.code, c.grade)
    )
    once = (
        select(c.scheme, c.grade, func.count(c.target_id.distinct()))
        .where(c.scheme.in_(several), *human)
        .group_by(c.scheme, c.grade)
    )
    tally: Tally = {}
    by_machine: set[str] = set()
    for scheme, code, grade, n in connection.execute(classes):
        if grade == "silver":
            by_machine.add(scheme)
            continue
        count_of = tally.setdefault(scheme, Counter())
        count_of[f":{code}"] += n
        if scheme not in several:
            count_of += Counter({"human": n, "gold": n if grade == "gold" else 0})
    for scheme, grade, n in connection.execute(once) if several else ():
        tally[scheme] += Counter({"human": n, "gold": n if grade == "gold" else 0})
    copies = (
        select(c.scheme, func.count(c.target_id.distinct()))
        .where(c.scheme.in_(by_machine), *conditions_of_level, c.grade == "silver", _of_derived(level))
        .group_by(c.scheme)
    )
    for scheme, n in connection.execute(copies) if by_machine else ():
        tally.setdefault(scheme, Counter())["copy"] += n
    return tally


def _of_derived(level: str) -> ColumnElement[bool]:
    """Return the SQL condition of a label whose target was made from another one; a call is, if a turn of it is."""
    u = utterance.c
    place = u.id if level == "utterance" else u.recording_id
    return exists().where(place == label.c.target_id, derived())


def offered(connection: Connection) -> dict[str, list[str]]:
    """Return the speakers and origins of all utterances and the curators of all decisions, sorted."""
    values: dict[str, set[str]] = {}
    for name in ("speaker", "origin"):
        query = select(utterance.c[name]).distinct()
        known = run(
            connection, "SELECT DISTINCT name FROM facet WHERE name >= ? AND name < ?", (f"{name}=", f"{name}>")
        )
        of_stale = connection.scalars(query.where(utterance.c.id.in_(select(stale.c.id))))
        values[name] = {row[0].partition("=")[2] for row in known} | set(filter(None, of_stale))
    values["curator"] = set(_curators(connection))
    return {name: sorted(known - {""}) for name, known in values.items()}


def _curators(connection: Connection) -> list[str]:
    """Return who has decided, each found by one look-up of the index."""
    names: list[str] = []
    query = select(func.min(revision.c.curator))
    while (name := connection.scalar(query.where(revision.c.curator > names[-1]) if names else query)) is not None:
        names.append(name)
    return names
