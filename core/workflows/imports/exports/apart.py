"""An export as a source of its own, if its keys are known with other content and a person wants both."""

from collections.abc import Iterator
from dataclasses import replace

from core.ingest.exports.rows import Export, ExportedRecording, ExportedRow
from core.messages import Message
from core.records import Skip
from core.workflows.imports.exports.labelstudio import compare_export
from core.workflows.imports.sources import ChosenSource, renamed, renamed_recording
from core.workflows.workspace import Workspace

_MOST = 20


class ExportApart:
    """An export whose rows have keys of their own and belong to `source`; see `core.ingest.exports.rows.Export`."""

    def __init__(self, file: Export, source: str) -> None:
        self.name, self.schemes = file.name, file.schemes
        self._file, self._source = file, source

    def rows(self) -> Iterator[ExportedRow | Skip]:
        for row in self._file.rows():
            yield row if isinstance(row, Skip) else self._apart(row)

    def recordings(self) -> Iterator[ExportedRecording | Skip]:
        for item in self._file.recordings():
            if isinstance(item, Skip):
                yield item
            else:
                new = renamed_recording(item.new_recording, "", self._source)
                yield replace(item, new_recording=new, source=self._source)

    def _apart(self, row: ExportedRow) -> ExportedRow:
        recording = row.new_recording
        return replace(
            row,
            new=renamed(row.new, "", self._source),
            source=self._source,
            parent=f"{row.parent}@{self._source}" if isinstance(row.parent, str) else row.parent,
            recording=None if row.recording is None else f"{row.recording}@{self._source}",
            new_recording=None if recording is None else renamed_recording(recording, "", self._source),
        )


def apart(ws: Workspace, file: Export) -> tuple[Export, ChosenSource | None]:
    """The export as it is if nothing in it clashes, else as a source of its own."""
    if not compare_export(ws, file).clashes:
        return file, None
    kinds = ws.store.deliveries.kinds()
    for number in range(2, _MOST):
        source = f"export:{file.name} ({number})"
        candidate = ExportApart(file, source)
        if source not in kinds or not compare_export(ws, candidate).clashes:
            break
    note = Message("it differs from what is known: this is the source {source}", source=source)
    return candidate, ChosenSource(source, note)
