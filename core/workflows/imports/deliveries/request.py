"""What a person asks an import to do, as a job keeps it: a document of JSON with every choice of the page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from core.errors import UnknownName
from core.records import OnClash
from core.workflows.imports.deliveries.recognise import KINDS, Kind
from core.workflows.imports.tables.table import Columns, Options, TableImportOptions

__all__ = ["AudioNames", "Columns", "Options", "Request", "TableImportOptions", "request_from_json", "request_to_json"]


@dataclass(frozen=True, slots=True)
class AudioNames:
    """What the names of audio files mean: a pattern such as `{speaker}_{take}.wav`, "" for none, and its fields.

    `label` is the field of the label and `scheme` its scheme; "" for no label. The field `folder` is the folder of a
    file. `speaker` is the field of the speaker.
    """

    pattern: str = ""
    label: str = ""
    scheme: str = ""
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """An import. `paths` are files and folders of this machine; `delivery` is the upload that they came with, or "".

    `source` "" lets the import name the corpus. `table` and `names` are for tables and folders of audio.
    """

    kind: Kind
    paths: tuple[Path, ...]
    delivery: str = ""
    source: str = ""
    licence: str = "not stated"
    on_clash: OnClash = "report"
    table: TableImportOptions | None = None
    names: AudioNames = field(default_factory=AudioNames)

    def again(self, on_clash: OnClash, source: str) -> "Request":
        """The same import with another answer to items that differ from known ones."""
        return replace(self, on_clash=on_clash, source=source)


def request_to_json(request: Request) -> dict[str, Any]:
    """The request as JSON; of a table the choices that the page offers."""
    table = request.table
    return {
        "kind": request.kind, "paths": [str(path) for path in request.paths], "delivery": request.delivery,
        "source": request.source, "licence": request.licence, "on_clash": request.on_clash,
        "names": asdict(request.names),
        "table": None if table is None else {
            "columns": asdict(table.columns), "options": asdict(table.options), "label_ids": table.label_ids,
            "labelled_only": table.labelled_only,
            "audio_folder": None if table.audio_folder is None else str(table.audio_folder),
        },
    }  # fmt: skip


def request_from_json(document: Mapping[str, Any]) -> Request:
    """The request that `request_to_json` was given. `UnknownName` for a kind of another version."""
    if document["kind"] not in KINDS:
        raise UnknownName("format", document["kind"], KINDS)
    table = document["table"]
    return Request(
        cast(Kind, document["kind"]), tuple(map(Path, document["paths"])), document["delivery"], document["source"],
        document["licence"], document["on_clash"], None if table is None else _table(table),
        AudioNames(**document["names"]),
    )  # fmt: skip


def _table(document: Mapping[str, Any]) -> TableImportOptions:
    options = document["options"]
    audio_folder = document["audio_folder"]
    return TableImportOptions(
        Columns(**document["columns"]), Options(**options | {"wanted": tuple(options["wanted"])}),
        label_ids=document["label_ids"], labelled_only=document["labelled_only"],
        audio_folder=None if audio_folder is None else Path(audio_folder),
    )  # fmt: skip
