"""The ends of the names of files that an import reads; a page tells them before anything is sent."""

from core.audio.header import SUFFIXES as SOUNDS
from core.ingest.spoken.formats.table import SUFFIXES as ANNOTATIONS
from core.ingest.tars import SUFFIXES as TARS
from core.workflows.imports.deliveries.survey import COLUMNAR, TABLES

PACKED_TABLES = (".csv.gz", ".tsv.gz", ".jsonl.gz", ".json.gz")
TABULAR = (*TABLES, *PACKED_TABLES, ".json")  # what a table may be in
SUFFIXES = tuple(sorted({".zip", ".json", ".txt", *TARS, *TABLES, *PACKED_TABLES, *COLUMNAR, *SOUNDS, *ANNOTATIONS}))
