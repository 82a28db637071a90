"""The Snapshot format: a folder with `items.parquet` and `snapshot.json`, frozen and hashed.

`core.training.freeze` makes a Snapshot. `read` verifies the hash; `check_trainable` refuses a bad snapshot. This module
does not read the store or any audio.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import CheckpointMismatch, InputError, NotEnoughData
from core.files import atomic_path, make_folder, write_json
from core.messages import Word
from core.records import Side
from core.split import SIDES, Fractions, check_split

ITEMS, DESCRIPTION = "items.parquet", "snapshot.json"
Inputs = Literal["text", "voice", "both"]
Official = Literal["keep", "clean"]


@dataclass(frozen=True, slots=True)
class Item:
    """One utterance for training or scoring. `build` sets `label`, `side` and the final `group` and `text`.

    `gold` False means a silver label or a derived text, for the training side only. `audio` is a path relative to the
    workspace; `[start_ms, end_ms)` of it is the utterance. `recording` is the key of its Recording.
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
    cut then is a person and an identical sound. `official` "keep": the published split, with the repeats in it, so that
    scores are "as published"; "clean": without them; None: sides by group.
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
    official: Official | None = None

    def counts(self) -> dict[str, dict[str, int]]:
        """Items by side, then class."""
        counts = Counter((item.side, item.code) for item in self.items)
        return {side: {code: counts[side, code] for code in self.codes} for side in SIDES}

    def summary(self) -> dict[str, Any]:
        """The counts for a list of snapshots: n, gold, sides {side: {code: n}} and the report."""
        gold = sum(item.gold for item in self.items)
        return {"n": len(self.items), "gold": gold, "sides": self.counts(), "report": dict(self.report)}


def content_hash(scheme: str, codes: Sequence[str], items: Iterable[Item]) -> str:
    """SHA-256 over all that training reads. The order of the items and their ids in the workspace do not matter."""
    digest = hashlib.sha256(json.dumps([scheme, list(codes)]).encode())
    for item in sorted(items, key=lambda item: item.key):
        line = {name: getattr(item, name) for name in _HASHED}
        digest.update(b"\n" + json.dumps(line).encode())
    return digest.hexdigest()


def repeat_key(item: Item) -> str:
    """The text by which a repeat is found; an item without text has its own key and repeats nothing."""
    return item.text or item.key


def write(snapshot: Snapshot, folder: Path | str) -> None:
    """Write a snapshot, whole or not at all. `InputError` if `folder` exists: a snapshot is never changed."""
    folder = Path(folder)
    if folder.exists():
        raise InputError(
            "snapshot {folder!r} exists already; snapshots are frozen, choose another name", folder=folder.name
        )
    make_folder(folder.parent)
    try:
        with atomic_path(folder) as part:
            part.mkdir()
            columns = {name: [getattr(item, name) for item in snapshot.items] for name in _SCHEMA.names}
            pq.write_table(pa.table(columns, schema=_SCHEMA), part / ITEMS, compression="zstd")
            description = {f.name: getattr(snapshot, f.name) for f in fields(snapshot) if f.name != "items"}
            write_json(part / DESCRIPTION, description | {"counts": snapshot.counts()}, indent=1)
    except OSError as error:
        raise InputError("snapshot {folder!r} cannot be written: {error}", folder=folder.name, error=error) from error


def read(folder: Path | str) -> Snapshot:
    """The snapshot in `folder`. `CheckpointMismatch` if a file is missing, unreadable or was changed."""
    folder = Path(folder)
    with _readable(folder):
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        table = pq.ParquetFile(folder / ITEMS).read()
    with _complete(folder):
        description.pop("counts")
        lists = {name: tuple(description[name]) for name in ("codes", "fractions", "plan")}
        snapshot = Snapshot(**(description | lists), items=tuple(Item(**row) for row in table.to_pylist()))
    _verify(snapshot, folder.name)
    return snapshot


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some `items` of a snapshot by id, and the cleaning `plan` of their texts."""

    plan: tuple[str, ...]
    items: Mapping[int, Item]


def read_some(folder: Path | str, ids: Collection[int], sha256: str) -> Excerpt:
    """Read only the items `ids` of the snapshot whose hash is `sha256`; unknown ids are left out.

    The content is not verified: that would mean reading all of it. `CheckpointMismatch` if a file is missing or
    unreadable, or if the folder holds another snapshot.
    """
    folder = Path(folder)
    with _readable(folder):
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        table = pq.read_table(folder / ITEMS, filters=[("id", "in", list(ids))], partitioning=None) if ids else None
    with _complete(folder):
        items = [Item(**row) for row in table.to_pylist()] if table is not None else []
        stored_sha256, plan = description["sha256"], tuple(description["plan"])
    if stored_sha256 != sha256:
        raise CheckpointMismatch(
            "snapshot {folder}: its folder holds another snapshot (SHA-256 differs)", folder=folder.name
        )
    return Excerpt(plan, {item.id: item for item in items})


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Turn the error of a missing or damaged file into a `CheckpointMismatch`."""
    try:
        yield
    except FileNotFoundError as error:
        missing = ITEMS if (folder / DESCRIPTION).is_file() else DESCRIPTION
        raise CheckpointMismatch("snapshot {folder}: {name} is missing", folder=folder.name, name=missing) from error
    except (ValueError, OSError, pa.ArrowException) as error:
        raise CheckpointMismatch(
            "snapshot {folder} cannot be read: {error}", folder=folder.name, error=error
        ) from error


@contextmanager
def _complete(folder: Path) -> Iterator[None]:
    """Turn the error of a missing or wrong field into a `CheckpointMismatch`."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointMismatch(
            "snapshot {folder}: {about} lacks or has an odd field: {error}",
            folder=folder.name,
            about=DESCRIPTION,
            error=error,
        ) from error


def _verify(snapshot: Snapshot, where: str) -> None:
    """`CheckpointMismatch` for a repeated key, another hash or a label that is not the position of its class."""
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
    """Refuse a snapshot whose scores nobody could trust.

    `InputError` for a group on several sides or a training text that equals a held-out one, unless the snapshot is
    marked "as published", and for a held-out item that is not gold; `NotEnoughData` for an empty held-out side or fewer
    than two classes to train on.
    """
    items = snapshot.items
    read = [item.key if snapshot.inputs == "voice" else repeat_key(item) for item in items]
    proof = check_split([item.group for item in items], read, [item.side for item in items])
    if proof.groups_cut and snapshot.official != "keep":
        raise InputError(
            "snapshot {snapshot}: the split cuts group {group!r} and {more} more"
            if len(proof.groups_cut) > 1
            else "snapshot {snapshot}: the split cuts group {group!r}",
            snapshot=snapshot.name,
            group=proof.groups_cut[0],
            more=len(proof.groups_cut) - 1,
        )
    if proof.repeated_texts and snapshot.official != "keep":
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
