"""Reads a run that somebody handed over: a zip or a folder with the files of one run, nothing else.

Nothing is unpacked to a disk. A name that is absolute or leaves the package, a link, a file that no run has, a file
that is too large or another file than the package lists is refused, and nothing of the package is used. Weights are
safetensors; a package with another kind of weights is refused. What the files hold is checked by the caller.
"""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import BadRecord, InputError
from core.files import sha256
from core.ingest.archives import Limits, Member, members, printable
from core.messages import Names
from core.records import Skip
from core.runs.card import CARD, MODEL_FOLDER, OLD_WEIGHTS

METRICS, MANIFEST = "metrics.json", "handover.json"
SCHEME, MODEL_CARD, PREDICTIONS = "scheme.toml", "MODEL_CARD.md", "predictions.parquet"
NEEDED = (CARD, METRICS)
FILES = (*NEEDED, OLD_WEIGHTS, MANIFEST, SCHEME, MODEL_CARD, PREDICTIONS, "config.toml", "history.jsonl")
# What a run has one of for each file of its model, and for each scheme after the first.
MORE_FILES = re.compile(
    rf"{MODEL_FOLDER}/(\w[\w-]{{0,30}}/)?\w[\w.-]{{0,99}}\.(safetensors|json|jinja|txt)"
    r"|scheme-[\w-][\w.-]{0,63}\.toml"
)
# The predictions of an imported run: their ids mean nothing here, so they never have the name of predictions made here.
FOREIGN_PREDICTIONS = "predictions-elsewhere.parquet"
# These lie in the folder of a run and belong to its workspace only, so they are left where they are.
STAYS = frozenset({"predictions-pool.parquet", ".predictions-pool.parquet.lock", FOREIGN_PREDICTIONS})
POOL = "pool"  # the folder of `core.runs.shards`, which stays too
FORMAT = "gwidama-run-1"
MOST_FILES = 50
MOST_BYTES = 2_000_000_000  # all files together
MOST_TEXT_BYTES = 20_000_000  # a file that is neither weights nor predictions
LIMITS = Limits(json_bytes=20_000_000, other_bytes=1_500_000_000)
HUGGING_FACE = frozenset({"config.json", "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"})


@dataclass(frozen=True, slots=True)
class RunPackage:
    """The files of one run by name; `where` is the package's name for people."""

    where: str
    files: Mapping[str, bytes]

    def document(self, name: str) -> dict[str, Any]:
        """The JSON object in a file; `BadRecord` if the file holds something else."""
        try:
            value = json.loads(self.files[name].decode("utf-8"), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise BadRecord(f"{self.where}/{name}", "is not JSON: {error}", error=error) from error
        if not isinstance(value, dict):
            raise BadRecord(f"{self.where}/{name}", "is not a JSON object")
        return value


def _no_number(text: str) -> Any:
    raise ValueError(text)  # NaN and Infinity are no JSON


def read_package(path: Path) -> RunPackage:
    """Read the zip or folder at `path`. `InputError` names the member that is refused, and why."""
    where = printable(path.name)
    if path.is_file() and not zipfile.is_zipfile(path):
        raise InputError("{path}: is neither a zip nor a folder", path=where)
    _refuse_absolute_names(path, where)
    listed = [_usable(item) for item in _at_most(path, where)]
    by_name = _by_name(listed, where)
    _check_names(by_name, where)
    package = RunPackage(where, {name: member.read() for name, member in by_name.items() if is_of_a_run(name)})
    _check_hashes(package)
    return package


def is_of_a_run(name: str) -> bool:
    """Whether a run that is handed over may have a file of this name."""
    return name in FILES or MORE_FILES.fullmatch(name) is not None


def scheme_file(number: int, scheme: str) -> str:
    """The name of the file with the `number`-th scheme of a run, from 0."""
    return SCHEME if number == 0 else f"scheme-{scheme}.toml"


def _refuse_absolute_names(path: Path, where: str) -> None:
    """`core.ingest.archives` forgives a leading slash, which deliveries have; a run never has one."""
    if not path.is_file():
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith(("/", "\\")):
                raise BadRecord(f"{where}/{printable(name)}", "its name is absolute")


def _at_most(path: Path, where: str) -> list[Member | Skip]:
    """The members but those of the run's pool; `InputError` if they are too many, or too large together, before any is
    read."""
    listed: list[Member | Skip] = []
    pools: list[Member | Skip] = []  # what may be the pool of the run
    for item in members(path, LIMITS):
        (pools if POOL in _path(item).parts[:-1] else listed).append(item)
        _limit(listed, where)
    folders = {_path(item).parent for item in (*listed, *pools) if _path(item).name == CARD}
    listed += [item for item in pools if len(folders) != 1 or not _path(item).is_relative_to(min(folders) / POOL)]
    _limit(listed, where)
    return listed


def _path(item: Member | Skip) -> PurePosixPath:
    return PurePosixPath(item.name if isinstance(item, Member) else str(item.where))


def _limit(listed: list[Member | Skip], where: str) -> None:
    """`InputError` if the members are too many, or too large together."""
    if len(listed) > MOST_FILES:
        raise InputError("{where}: more than {most} files; a run has a few", where=where, most=MOST_FILES)
    if sum(item.size for item in listed if isinstance(item, Member)) > MOST_BYTES:
        raise InputError("{where}: more than {most:,} bytes together", where=where, most=MOST_BYTES)


def _usable(item: Member | Skip) -> Member:
    if isinstance(item, Skip):
        raise BadRecord(item.where, item.reason)
    return item


def _by_name(listed: list[Member], where: str) -> dict[str, Member]:
    """File name -> member, of the one folder that holds the card. `InputError` if there is no such folder."""
    cards = [member for member in listed if PurePosixPath(member.inner).name == CARD]
    names = {PurePosixPath(member.inner).name for member in listed}
    if not cards and names & HUGGING_FACE:
        raise InputError(
            "{where}: not a run of Gwidama but a Hugging Face checkpoint (no {card}): to import its folder, "
            "name --scheme and --snapshot",
            where=where,
            card=CARD,
        )
    if len(cards) != 1:
        raise InputError(
            "{where}: not a run of Gwidama: expected one {card}, found {n}", where=where, card=CARD, n=len(cards)
        )
    folder = PurePosixPath(cards[0].inner).parent
    by_name: dict[str, Member] = {}
    for member in listed:
        path = PurePosixPath(member.inner)
        inner = path.parent.relative_to(folder).parts if path.parent.is_relative_to(folder) else None
        if inner is None or (inner and inner[0] != MODEL_FOLDER) or len(inner) > 2:
            raise BadRecord(member.name, "lies beside the run or below it; a run has no other folder than its model's")
        by_name[path.relative_to(folder).as_posix()] = member
    return by_name


def _check_names(by_name: Mapping[str, Member], where: str) -> None:
    for name, member in by_name.items():
        if not is_of_a_run(name) and name not in STAYS:
            raise BadRecord(
                member.name, "is no file of a run; weights are read as safetensors only, and a run has {names}",
                names=Names(FILES),
            )  # fmt: skip
        if not name.endswith((".safetensors", ".parquet", ".lock")) and member.size > MOST_TEXT_BYTES:
            raise BadRecord(
                member.name, "{size:,} bytes, more than the {most:,} allowed", size=member.size, most=MOST_TEXT_BYTES
            )
    models = [name for name in by_name if name == OLD_WEIGHTS or name.startswith(f"{MODEL_FOLDER}/")]
    if missing := [name for name in NEEDED if name not in by_name] + ([] if models else [f"{MODEL_FOLDER}/"]):
        raise InputError("{where}: {name} is missing; the run is not complete", where=where, name=missing[0])


def _check_hashes(package: RunPackage) -> None:
    """`BadRecord` for a file that is not the one that the package lists; a plain folder lists none."""
    if MANIFEST not in package.files:
        return
    manifest = package.document(MANIFEST)
    if manifest.get("format") != FORMAT or not isinstance(manifest.get("files"), dict):
        raise BadRecord(f"{package.where}/{MANIFEST}", "is not of the format {format}", format=FORMAT)
    hashes = manifest["files"]
    for name in sorted((hashes.keys() | package.files.keys()) - {MANIFEST}):
        if name not in package.files or sha256(package.files[name]) != hashes.get(name):
            raise BadRecord(f"{package.where}/{name}", "is not the file that {name} lists", name=MANIFEST)
