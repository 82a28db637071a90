"""The Snapshot format: a folder with `items.parquet` and `snapshot.json`, frozen and hashed.

`core.snapshots.freeze` makes a Snapshot. `read` verifies the hash; `check_trainable` refuses a bad snapshot. This
module does not read the store or any audio.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import islice
from json.encoder import encode_basestring_ascii
from operator import gt
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import CheckpointMismatch, InputError, NotEnoughData
from core.files import atomic_path, make_folder, write_json
from core.messages import Word
from core.snapshots.items import SCHEMA, Item, Items
from core.split import SIDES, Fractions, check_split

ITEMS, DESCRIPTION = "items.parquet", "snapshot.json"
Inputs = Literal["text", "voice", "both"]
Official = Literal["keep", "clean"]


BLOCK = 10_000  # lines hashed at a time
ROWS = 50_000  # of one group of the Parquet file

__all__ = [
    "Inputs",
    "Item",
    "Items",
    "Snapshot",
    "check_trainable",
    "content_hash",
    "read",
    "read_some",
    "repeat_keys",
    "write",
]


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
    items: Items
    sha256: str
    report: Mapping[str, Any]
    inputs: Inputs = "text"
    official: Official | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", Items.of(self.items))

    def counts(self) -> dict[str, dict[str, int]]:
        """Items by side, then class."""
        counts = Counter(zip(self.items.column("side"), self.items.column("code"), strict=True))
        return {side: {code: counts[side, code] for code in self.codes} for side in SIDES}

    def summary(self) -> dict[str, Any]:
        """The counts for a list of snapshots: n, gold, sides {side: {code: n}} and the report."""
        gold = sum(self.items.column("gold"))
        return {"n": len(self.items), "gold": gold, "sides": self.counts(), "report": dict(self.report)}


def repeat_keys(items: Items) -> list[str]:
    """The texts by which repeats are found; an item without text has its own key and repeats nothing."""
    return [text or key for text, key in zip(items.column("text"), items.column("key"), strict=True)]


def content_hash(scheme: str, codes: Sequence[str], items: Iterable[Item]) -> str:
    """SHA-256 over all that training reads. The order of the items and their ids in the workspace do not matter."""
    digest = hashlib.sha256(json.dumps([scheme, list(codes)]).encode())
    columns = Items.of(items)
    keys = columns.column("key")
    if any(map(gt, keys, islice(keys, 1, None))):
        columns = columns.take(sorted(range(len(keys)), key=keys.__getitem__))
    for start in range(0, len(columns), BLOCK):
        digest.update("".join(_hashed_lines(columns.part(start, BLOCK))).encode("ascii"))
    return digest.hexdigest()


def _hashed_lines(items: Items) -> Iterator[str]:
    """A line for each item, with the bytes that `json.dumps` gives for its fields in the order of their names.

    >>> list(_hashed_lines(Items.of([Item(1, "a", "g", "불", "danger")])))[0][:50]
    '\\n{"audio": null, "code": "danger", "end_ms": null,'
    """
    line = "\n{" + ", ".join(f'"{name}": %s' for name in _HASHED) + "}"
    columns = [list(map(_JSON[SCHEMA.field(name).type], items.column(name))) for name in _HASHED]
    return map(line.__mod__, zip(*columns, strict=True))


def _optional_text(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value)


def _optional_number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _truth(value: bool) -> str:
    return "true" if value else "false"


_JSON: dict[Any, Callable[[Any], str]] = {pa.string(): _optional_text, pa.int64(): _optional_number, pa.bool_(): _truth}
_HASHED = sorted(set(SCHEMA.names) - {"id", "label"})


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
            pq.write_table(snapshot.items.table, part / ITEMS, compression="zstd", row_group_size=ROWS)
            description = {f.name: getattr(snapshot, f.name) for f in fields(snapshot) if f.name != "items"}
            write_json(part / DESCRIPTION, description | {"counts": snapshot.counts()}, indent=1)
    except OSError as error:
        raise InputError("snapshot {folder!r} cannot be written: {error}", folder=folder.name, error=error) from error


def read(folder: Path | str) -> Snapshot:
    """The snapshot in `folder`. `CheckpointMismatch` if a file is missing, unreadable or was changed."""
    folder = Path(folder)
    with _readable(folder):
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        table = pq.ParquetFile(folder / ITEMS, memory_map=True).read()
    with _complete(folder):
        description.pop("counts")
        lists = {name: tuple(description[name]) for name in ("codes", "fractions", "plan")}
        snapshot = Snapshot(**(description | lists), items=Items(table.select(SCHEMA.names).cast(SCHEMA)))
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
    except (KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise CheckpointMismatch(
            "snapshot {folder}: {about} lacks or has an odd field: {error}",
            folder=folder.name,
            about=DESCRIPTION,
            error=error,
        ) from error


def _verify(snapshot: Snapshot, where: str) -> None:
    """`CheckpointMismatch` for a repeated key, another hash or a label that is not the position of its class."""
    items = snapshot.items
    if len(set(items.column("key"))) < len(items):
        raise CheckpointMismatch("snapshot {where}: a key occurs twice", where=where)
    if content_hash(snapshot.scheme, snapshot.codes, items) != snapshot.sha256:
        raise CheckpointMismatch(
            "snapshot {where}: its items are not those that were frozen (SHA-256 differs)", where=where
        )
    place = {code: k for k, code in enumerate(snapshot.codes)}
    if any(
        place.get(code) != label for code, label in set(zip(items.column("code"), items.column("label"), strict=True))
    ):
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
    sides, keys, gold = items.column("side"), items.column("key"), items.column("gold")
    read = keys if snapshot.inputs == "voice" else repeat_keys(items)
    proof = check_split(items.column("group"), read, sides)
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
        raise InputError(
            "snapshot {snapshot}: training item {key!r} repeats a held-out text",
            snapshot=snapshot.name,
            key=keys[proof.repeated_texts[0]],
        )
    for key, is_gold, on in zip(keys, gold, sides, strict=True):
        if not is_gold and on != "train":
            raise InputError(
                "snapshot {snapshot}: {key!r} on the {side} side is not gold",
                snapshot=snapshot.name,
                key=key,
                side=Word(on),
            )
    for side in ("validation", "test"):
        if side not in sides:
            raise NotEnoughData(
                "snapshot {snapshot}: the {side} side is empty; label more groups",
                snapshot=snapshot.name,
                side=Word(side),
            )
    classes = {code for code, on in zip(items.column("code"), sides, strict=True) if on == "train"}
    if len(classes) < 2:
        raise NotEnoughData(
            "snapshot {snapshot}: training needs at least 2 classes, found {n}", snapshot=snapshot.name, n=len(classes)
        )
