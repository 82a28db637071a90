"""The Snapshot format: a folder with `items.parquet` and `snapshot.json`, frozen and hashed.

`core.snapshots.freeze` makes a Snapshot. `read` decodes the columns once, from a memory map (480,000 reviews: 83 MB),
and verifies the hash; `check_trainable` refuses a bad snapshot. This module does not read the store or any audio.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import CheckpointMismatch, InputError, NotEnoughData, UnknownName
from core.files import atomic_path, make_folder, write_json
from core.messages import Message, SchemeName, Word
from core.schemes import SCHEMES
from core.schemes.target import Target
from core.snapshots.answers import answers_of, class_counts, further_columns, under
from core.snapshots.hashing import content_hash
from core.snapshots.items import SCHEMA, Item, Items, column_field
from core.snapshots.weights import check_weights, weight_columns
from core.split import SIDES, Fractions, check_split

ITEMS, DESCRIPTION = "items.parquet", "snapshot.json"
Inputs = Literal["text", "voice", "both"]
Official = Literal["keep", "clean"]
Unit = Literal["utterance", "call"]

ROWS = 50_000  # of one group of the Parquet file

__all__ = [
    "Inputs",
    "Item",
    "Items",
    "Snapshot",
    "Target",
    "Unit",
    "check_trainable",
    "content_hash",
    "read",
    "read_some",
    "repeat_keys",
    "write",
]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Items under one Target or several. `report` says what building did: groups, what was dropped and why, conflicts.

    `scheme` and `codes` are those of the first of `targets`; an item without an answer for a Target is masked there.
    `unit` says what an item is: an utterance, or a whole call with its turns joined.
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
    targets: tuple[Target, ...] = ()
    unit: Unit = "utterance"

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", Items.of(self.items))
        if not self.targets:  # frozen before there were several Targets
            definition = SCHEMES.get(self.scheme)
            level = definition.level if definition else "utterance"
            object.__setattr__(self, "targets", (Target(self.scheme, self.codes, level=level),))

    def target(self, name: str) -> Target:
        """The Target of scheme `name`; `UnknownName` lists those of the snapshot."""
        for target in self.targets:
            if target.name == name:
                return target
        names = [target.name for target in self.targets]
        raise UnknownName(Message("scheme of snapshot {snapshot}", snapshot=self.name), name, names)

    def answers(self, target: str) -> list[str | None]:
        """The code of each item under the Target, several joined by `|`; None where the item has no answer."""
        return answers_of(self.items, self.target(target).name)

    def under(self, target: str) -> "Snapshot":
        """The snapshot as if `target` were its only Target: the items with an answer, and that answer as their code.

        The hash stays that of the whole snapshot, which is what a run names.
        """
        chosen = self.target(target)
        if len(self.targets) == 1:
            return self
        items = under(self.items, chosen)
        return replace(self, scheme=chosen.name, codes=chosen.codes, items=items, targets=(chosen,))

    def counts(self, target: str | None = None) -> dict[str, dict[str, int]]:
        """Items by side, then class, under a Target, by default the first. One of several classes counts for each."""
        chosen = self.targets[0] if target is None else self.target(target)
        counts = class_counts(self.items, chosen)
        return {side: {code: counts[side, code] for code in chosen.codes} for side in SIDES}

    def summary(self) -> dict[str, Any]:
        """The counts for a list of snapshots: n, gold, sides {side: {code: n}} and the report.

        With several Targets also their names (schemes), and targets {name: {n, gold, sides}}.
        """
        gold = sum(self.items.column("gold"))
        counts = {"n": len(self.items), "gold": gold, "sides": self.counts(), "report": dict(self.report)}
        if self.unit != "utterance":
            counts["unit"] = self.unit
        if len(self.targets) > 1:
            counts["schemes"] = [target.name for target in self.targets]
            counts["targets"] = {target.name: self._summary_under(target.name) for target in self.targets}
        return counts

    def _summary_under(self, target: str) -> dict[str, Any]:
        view = self.under(target)
        return {"n": len(view.items), "gold": sum(view.items.column("gold")), "sides": view.counts()}


def repeat_keys(items: Items) -> list[str]:
    """The texts by which repeats are found; an item without text has its own key and repeats nothing."""
    return [text or key for text, key in zip(items.column("text"), items.column("key"), strict=True)]


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
            description |= {"targets": [target.to_dict() for target in snapshot.targets], "counts": snapshot.counts()}
            write_json(part / DESCRIPTION, description, indent=1)
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
        lists["targets"] = tuple(map(Target.from_dict, description.get("targets", ())))
        further = [*further_columns(lists["targets"]), *weight_columns(Items(table))]
        columns = pa.schema([*SCHEMA, *map(column_field, further)])
        items = Items(table.select(columns.names).cast(columns))
        snapshot = Snapshot(**(description | lists), items=items)
    _verify(snapshot, folder.name)
    return snapshot


def read_audio(folder: Path | str) -> set[str]:
    """The paths of the audio that the items of a snapshot name; nothing else is read.

    `CheckpointMismatch` if the file of the items is missing or unreadable.
    """
    folder = Path(folder)
    with _readable(folder):
        table = pq.read_table(folder / ITEMS, columns=["audio"], partitioning=None)
    return {path for path in table["audio"].unique().to_pylist() if path is not None}


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
        reading = {"columns": SCHEMA.names, "filters": [("id", "in", list(ids))]}
        table = pq.read_table(folder / ITEMS, **reading, partitioning=None) if ids else None
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
    if content_hash(snapshot.scheme, snapshot.codes, items, snapshot.targets) != snapshot.sha256:
        raise CheckpointMismatch(
            "snapshot {where}: its items are not those that were frozen (SHA-256 differs)", where=where
        )
    first = snapshot.targets[0]
    place: dict[str, int] = {} if first.multi else {code: k for k, code in enumerate(first.codes)}
    default = -1 if first.multi or len(snapshot.targets) > 1 else None
    pairs = set(zip(items.column("code"), items.column("label"), strict=True))
    if (first.name, first.codes) != (snapshot.scheme, snapshot.codes) or any(
        place.get(code, default) != label for code, label in pairs
    ):
        raise CheckpointMismatch(
            "snapshot {where}: a label is not the position of its class in the scheme", where=where
        )
    for target in snapshot.targets:
        _verify_codes(snapshot, target, where)
    check_weights(where, items)


def _verify_codes(snapshot: Snapshot, target: Target, where: str) -> None:
    """`CheckpointMismatch` for an answer that names a class which the Target lacks."""
    try:
        target.answers(list(set(snapshot.answers(target.name))))
    except KeyError as error:
        raise CheckpointMismatch(
            "snapshot {where}: {code!r} is no class of {scheme}",
            where=where,
            code=error.args[0],
            scheme=SchemeName(target.name),
        ) from error


def check_trainable(snapshot: Snapshot) -> None:
    """Refuse a snapshot whose scores nobody could trust.

    `InputError` for a group on several sides or a training text that equals a held-out one, unless the snapshot is
    marked "as published", and for a held-out item that is not gold; `NotEnoughData` for an empty held-out side or fewer
    than two classes to train on. With several Targets the last three are checked for each.
    """
    items = snapshot.items
    keys = items.column("key")
    read = keys if snapshot.inputs == "voice" else repeat_keys(items)
    proof = check_split(items.column("group"), read, items.column("side"))
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
    for target in snapshot.targets:
        _check_target(
            snapshot.under(target.name),
            Message("{name}, {scheme}", name=snapshot.name, scheme=SchemeName(target.name))
            if len(snapshot.targets) > 1
            else snapshot.name,
        )


def _check_target(view: Snapshot, name: str) -> None:
    """Check the answers of one Target; `name` stands for the snapshot in errors."""
    items = view.items
    sides = items.column("side")
    for key, is_gold, on in zip(items.column("key"), items.column("gold"), sides, strict=True):
        if not is_gold and on != "train":
            raise InputError(
                "snapshot {snapshot}: {key!r} on the {side} side is not gold",
                snapshot=name,
                key=key,
                side=Word(on),
            )
    for side in ("validation", "test"):
        if side not in sides:
            raise NotEnoughData(
                "snapshot {snapshot}: the {side} side is empty; label more groups", snapshot=name, side=Word(side)
            )
    n = sum(count > 0 for count in view.counts()["train"].values())
    if n < 2:
        raise NotEnoughData("snapshot {snapshot}: training needs at least 2 classes, found {n}", snapshot=name, n=n)
