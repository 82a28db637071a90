"""The one Snapshot format: a folder with `items.parquet` and `snapshot.json`, frozen and hashed.

`build` cleans the texts, merges groups that share a near-equal sentence, assigns a side to each group and then drops
what may not be there: training items that repeat a held-out text, silver or derived items on a held-out side. `read`
verifies the hash; `check_trainable` is what training refuses. Nothing here reads the store or any audio.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import CheckpointMismatch, InputError, NotEnoughData
from core.files import make_folder, whole, write_json
from core.messages import SchemeName, Word
from core.model_text import DEFAULT_PLAN, model_text
from core.records import Side
from core.schemes import Scheme
from core.split import (
    FEW_GROUPS,
    SIDES,
    Fractions,
    assign,
    assign_balanced,
    check,
    drop_repeats,
    merge_near_duplicates,
    merge_shared,
)
from core.training.conflicts import Conflicts, Found, settle_conflicts

ITEMS, ABOUT = "items.parquet", "snapshot.json"
Inputs = Literal["text", "voice", "both"]
PERSON, SOUND = "person:", "sound:"  # how a mark begins
TRIED_SEEDS = 100
RARE = 5  # a class with fewer held-out items is scored, but the score says little

_NAME = re.compile(r"[\w-][\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Item:
    """One utterance as it is trained on or scored. `build` sets `label`, `side` and the final `group` and `text`.

    `gold` False: a silver label or a derived text, for the training side only. `audio` is a path relative to the
    workspace, of which `[start_ms, end_ms)` is the utterance; `recording` is the key of its Recording.
    """

    id: int
    key: str
    group: str
    text: str
    code: str
    label: int = -1
    side: Side = "train"
    gold: bool = True
    audio: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str | None = None
    recording: str | None = None


_HASHED = sorted({field.name for field in fields(Item)} - {"id", "label"})
_SCHEMA = pa.schema(
    [
        ("id", pa.int64()), ("key", pa.string()), ("group", pa.string()), ("text", pa.string()),
        ("code", pa.string()), ("label", pa.int32()), ("side", pa.string()), ("gold", pa.bool_()),
        ("audio", pa.string()), ("start_ms", pa.int64()), ("end_ms", pa.int64()), ("speaker", pa.string()),
        ("recording", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`report` says what building did: groups, what was dropped and why, conflicts, warnings.

    `inputs` says what its models may read. Where that is the voice alone, texts may repeat across sides: what is never
    cut then is a person and an identical sound.
    """

    name: str
    scheme: str
    codes: tuple[str, ...]
    fractions: Fractions
    seed: int
    plan: tuple[str, ...]
    created_at: str
    items: tuple[Item, ...]
    sha256: str
    report: Mapping[str, Any]
    inputs: Inputs = "text"

    def counts(self) -> dict[str, dict[str, int]]:
        """Items by side, then class."""
        found = Counter((item.side, item.code) for item in self.items)
        return {side: {code: found[side, code] for code in self.codes} for side in SIDES}

    def summary(self) -> dict[str, Any]:
        """What a list of snapshots shows: n, gold, sides {side: {code: n}} and the report."""
        gold = sum(item.gold for item in self.items)
        return {"n": len(self.items), "gold": gold, "sides": self.counts(), "report": dict(self.report)}


def build(
    name: str,
    scheme: Scheme,
    items: Iterable[Item],
    fractions: Fractions,
    seed: int,
    at: str,
    plan: Sequence[str] = DEFAULT_PLAN,
    *,
    inputs: Inputs = "text",
    conflicts: Conflicts = "keep",
    marks: Mapping[str, Sequence[str]] | None = None,
) -> Snapshot:
    """Freeze `items` (their side and label are not read) at the instant `at`.

    `marks` names, by key of an item, the persons and sounds that a split must not cut where the voice is read.
    `InputError` for a name that cannot be a folder's or a key that occurs twice, `UnknownName` for a class that the
    scheme lacks, `NotEnoughData` if nothing is left or a side stays empty.
    """
    if not _NAME.fullmatch(name):
        raise InputError("snapshot name {name!r}: use up to 64 letters, digits, - _ or . and no . in front", name=name)
    cleaned = [replace(i, text=model_text(plan, i.text), label=scheme.index(i.code)) for i in items]
    usable = [item for item in cleaned if (item.text and inputs != "voice") or item.audio]
    _unique([item.key for item in usable])
    # The turns of a call share its label, so an equal turn of another call contradicts nothing.
    compared = inputs != "voice" and scheme.level == "utterance"
    agreed, found = settle_conflicts(usable, conflicts) if compared else (usable, Found())
    merged = _merge(agreed, inputs, marks or {})
    placed = _placed(merged, fractions, seed)
    trusted = [item for item in placed if item.gold or item.side == "train"]
    kept = trusted if inputs == "voice" else _without_repeats(trusted)
    if not kept:
        raise NotEnoughData(
            "snapshot {name}: no labelled item is left to freeze under scheme {scheme}",
            name=name,
            scheme=SchemeName(scheme.name),
        )
    _check_sides(name, kept, fractions)
    report = {
        "groups": len({item.group for item in kept}),
        "groups_by_side": {side: len({item.group for item in kept if item.side == side}) for side in SIDES},
        "merged_groups": len({i.group for i in agreed}) - len({i.group for i in merged}),
        "dropped_empty": len(cleaned) - len(usable),
        "dropped_conflicts": len(usable) - len(agreed),
        "dropped_not_gold": len(placed) - len(trusted),
        "dropped_repeats": len(trusted) - len(kept),
        "conflicts": {"texts": found.texts, "rows": found.rows, "did": conflicts},
        "persons_on_several_sides": _persons_cut(kept, marks or {}),
        "warnings": _warnings(kept, scheme.codes),
    }
    ordered = tuple(sorted(kept, key=lambda item: item.key))
    digest = content_hash(scheme.name, scheme.codes, ordered)
    return Snapshot(name, scheme.name, scheme.codes, fractions, seed, tuple(plan), at, ordered, digest, report, inputs)


def content_hash(scheme: str, codes: Sequence[str], items: Iterable[Item]) -> str:
    """SHA-256 over what training reads, in whatever order the items come; without the ids, which a workspace gives."""
    digest = hashlib.sha256(json.dumps([scheme, list(codes)]).encode())
    for item in sorted(items, key=lambda item: item.key):
        line = {name: getattr(item, name) for name in _HASHED}
        digest.update(b"\n" + json.dumps(line).encode())
    return digest.hexdigest()


def _unique(keys: list[str]) -> None:
    twice = [key for key, n in Counter(keys).items() if n > 1]
    if twice:
        raise InputError("{n} keys occur more than once, the first is {key!r}", n=len(twice), key=twice[0])


def _merge(items: list[Item], inputs: Inputs, marks: Mapping[str, Sequence[str]]) -> list[Item]:
    """Join groups: where the voice alone is read by their `marks`, else where free-standing sentences are near-equal.

    Calls are not joined by their turns: the same request is made in many calls, and joining those would leave one
    group. Their repeats are dropped from the training side instead (`_without_repeats`).
    """
    groups = [item.group for item in items]
    if inputs == "voice":
        groups = merge_shared(groups, [marks.get(item.key, ()) for item in items])
    else:
        groups = merge_near_duplicates(groups, ["" if item.recording else item.text for item in items])
    return [replace(item, group=group) for item, group in zip(items, groups, strict=True)]


def _placed(items: list[Item], fractions: Fractions, seed: int) -> list[Item]:
    """Give each item its side: by hash where groups are many, else by quotas in hash order."""
    groups = [item.group for item in items]
    if len(set(groups)) < FEW_GROUPS:
        sides = assign_balanced(groups, [item.code for item in items], fractions, seed)
    else:
        sides = assign(groups, fractions, seed)
    return [replace(item, side=side) for item, side in zip(items, sides, strict=True)]


def _check_sides(name: str, items: Sequence[Item], fractions: Fractions) -> None:
    """Refuse a side that got nothing though its share is above 0, with what would work."""
    here = {item.side for item in items}
    empty = [side for side, share in zip(SIDES, fractions, strict=True) if share > 0 and side not in here]
    if not empty:
        return
    groups = [item.group for item in items]
    n = len(set(groups))
    if n < len(SIDES):
        raise NotEnoughData(
            "snapshot {name}: the {side} side is empty, since there are only {n} groups; label more of them, or give "
            "the side 0 percent",
            name=name,
            side=Word(empty[0]),
            n=n,
        )
    wanted = sum(share > 0 for share in fractions)
    seeds = [seed for seed in range(TRIED_SEEDS) if len(set(assign(groups, fractions, seed))) >= wanted][:3]
    raise NotEnoughData(
        "snapshot {name}: the {side} side is empty; seeds that fill every side: {seeds}",
        name=name,
        side=Word(empty[0]),
        seeds=", ".join(map(str, seeds)) or Word("none"),
    )


def _persons_cut(items: Sequence[Item], marks: Mapping[str, Sequence[str]]) -> int:
    """How many of the persons that `marks` names stand on several sides."""
    on: dict[str, set[Side]] = {}
    for item in items:
        for mark in marks.get(item.key, ()):
            if mark.startswith(PERSON):
                on.setdefault(mark, set()).add(item.side)
    return sum(len(sides) > 1 for sides in on.values())


def _without_repeats(items: list[Item]) -> list[Item]:
    """Without the training items that equal or nearly equal a held-out text."""
    exact = [items[i] for i in drop_repeats([_said(item) for item in items], [item.side for item in items])]
    if not any(item.recording for item in exact):
        return exact  # near-equal sentences are in one group already
    alike = merge_near_duplicates([item.key for item in exact], [item.text for item in exact])
    held_out = {one for one, item in zip(alike, exact, strict=True) if item.side != "train"}
    return [i for one, i in zip(alike, exact, strict=True) if i.side != "train" or one not in held_out]


def _said(item: Item) -> str:
    """What a repeat is found by; sound without a text repeats nothing."""
    return item.text or item.key


def _warnings(items: list[Item], codes: Sequence[str]) -> list[str]:
    found = Counter((item.side, item.code) for item in items)
    return [
        f"{side}: {found[side, code]} of class {code}" for side in SIDES for code in codes if found[side, code] < RARE
    ]


def write(snapshot: Snapshot, folder: Path | str) -> None:
    """Write whole or not at all; `InputError` where `folder` exists, since a snapshot is frozen."""
    folder = Path(folder)
    if folder.exists():
        raise InputError(
            "snapshot {folder!r} exists already; snapshots are frozen, choose another name", folder=folder.name
        )
    make_folder(folder.parent)
    try:
        with whole(folder) as made:
            made.mkdir()
            columns = {name: [getattr(item, name) for item in snapshot.items] for name in _SCHEMA.names}
            pq.write_table(pa.table(columns, schema=_SCHEMA), made / ITEMS, compression="zstd")
            about = {f.name: getattr(snapshot, f.name) for f in fields(snapshot) if f.name != "items"}
            write_json(made / ABOUT, about | {"counts": snapshot.counts()}, indent=1)
    except OSError as error:
        raise InputError("snapshot {folder!r} cannot be written: {error}", folder=folder.name, error=error) from error


def read(folder: Path | str) -> Snapshot:
    """The snapshot in `folder`; `CheckpointMismatch` if a file is absent, unreadable or not what was frozen."""
    folder = Path(folder)
    with _readable(folder):
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        table = pq.ParquetFile(folder / ITEMS).read()
    with _complete(folder):
        about.pop("counts")
        lists = {name: tuple(about[name]) for name in ("codes", "fractions", "plan")}
        snapshot = Snapshot(**(about | lists), items=tuple(Item(**row) for row in table.to_pylist()))
    _verify(snapshot, folder.name)
    return snapshot


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some `items` of a snapshot, by id, and the cleaning `plan` that their texts passed."""

    plan: tuple[str, ...]
    items: Mapping[int, Item]


def read_some(folder: Path | str, ids: Collection[int], sha256: str) -> Excerpt:
    """The items `ids` of the snapshot with that hash, without reading the others; unknown ids are left out.

    The content is not hashed again, since that means reading all of it. `CheckpointMismatch` if a file is absent or
    unreadable, or belongs to another snapshot.
    """
    folder = Path(folder)
    with _readable(folder):
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        table = pq.read_table(folder / ITEMS, filters=[("id", "in", list(ids))], partitioning=None) if ids else None
    with _complete(folder):
        items = [Item(**row) for row in table.to_pylist()] if table is not None else []
        frozen, plan = about["sha256"], tuple(about["plan"])
    if frozen != sha256:
        raise CheckpointMismatch(
            "snapshot {folder}: its folder holds another snapshot (SHA-256 differs)", folder=folder.name
        )
    return Excerpt(plan, {item.id: item for item in items})


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """A file that is missing or damaged is a `CheckpointMismatch`."""
    try:
        yield
    except FileNotFoundError as error:
        missing = ITEMS if (folder / ABOUT).is_file() else ABOUT
        raise CheckpointMismatch("snapshot {folder}: {name} is missing", folder=folder.name, name=missing) from error
    except (ValueError, OSError, pa.ArrowException) as error:
        raise CheckpointMismatch(
            "snapshot {folder} cannot be read: {error}", folder=folder.name, error=error
        ) from error


@contextmanager
def _complete(folder: Path) -> Iterator[None]:
    """A field that is missing or odd is a `CheckpointMismatch`."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointMismatch(
            "snapshot {folder}: {about} lacks or has an odd field: {error}",
            folder=folder.name,
            about=ABOUT,
            error=error,
        ) from error


def _verify(snapshot: Snapshot, where: str) -> None:
    items = snapshot.items
    if len({item.key for item in items}) < len(items):
        raise CheckpointMismatch("snapshot {where}: a key occurs twice", where=where)
    if content_hash(snapshot.scheme, snapshot.codes, items) != snapshot.sha256:
        raise CheckpointMismatch(
            "snapshot {where}: its items are not those that were frozen (SHA-256 differs)", where=where
        )
    place = {code: k for k, code in enumerate(snapshot.codes)}
    if any(place.get(item.code) != item.label for item in items):
        raise CheckpointMismatch(
            "snapshot {where}: a label is not the position of its class in the scheme", where=where
        )


def check_trainable(snapshot: Snapshot) -> None:
    """Refuse what would give a number nobody can trust.

    `InputError` for a group on several sides, a training text that equals a held-out one, or a held-out item that is
    not gold; `NotEnoughData` for an empty held-out side or fewer than two classes to train on.
    """
    items = snapshot.items
    read = [item.key if snapshot.inputs == "voice" else _said(item) for item in items]
    proof = check([item.group for item in items], read, [item.side for item in items])
    if proof.groups_cut:
        raise InputError(
            "snapshot {snapshot}: the split cuts group {group!r} and {more} more"
            if len(proof.groups_cut) > 1
            else "snapshot {snapshot}: the split cuts group {group!r}",
            snapshot=snapshot.name,
            group=proof.groups_cut[0],
            more=len(proof.groups_cut) - 1,
        )
    if proof.repeated_texts:
        first = items[proof.repeated_texts[0]]
        raise InputError(
            "snapshot {snapshot}: training item {key!r} repeats a held-out text", snapshot=snapshot.name, key=first.key
        )
    for item in items:
        if not item.gold and item.side != "train":
            raise InputError(
                "snapshot {snapshot}: {key!r} on the {side} side is not gold",
                snapshot=snapshot.name,
                key=item.key,
                side=Word(item.side),
            )
    for side in ("validation", "test"):
        if not any(item.side == side for item in items):
            raise NotEnoughData(
                "snapshot {snapshot}: the {side} side is empty; label more groups",
                snapshot=snapshot.name,
                side=Word(side),
            )
    classes = {item.code for item in items if item.side == "train"}
    if len(classes) < 2:
        raise NotEnoughData(
            "snapshot {snapshot}: training needs at least 2 classes, found {n}", snapshot=snapshot.name, n=len(classes)
        )
