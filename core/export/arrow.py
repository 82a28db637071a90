"""The parts that Parquet files and `datasets` folders share: Arrow types of the columns, and metadata.

The metadata key `gwidama` holds JSON, `{"version": 1, "schemes": [{"state", "definition"}]}`. The definitions are the
documents of `core.schemes.files`, for the schemes that have a column.
"""

import json
from collections.abc import Sequence

import pyarrow as pa

from core.export.rows import BOOLEANS, INTEGERS, Plan
from core.schemes.files import to_document

METADATA_KEY = "gwidama"


def field_type(column: str) -> pa.DataType:
    """The Arrow type of a column."""
    return pa.int64() if column in INTEGERS else pa.bool_() if column in BOOLEANS else pa.string()


def schema(plan: Plan, columns: Sequence[str]) -> pa.Schema:
    """The Arrow schema of `columns`, with the label schemes in its metadata."""
    return pa.schema([(column, field_type(column)) for column in columns], metadata={METADATA_KEY: metadata_json(plan)})


def metadata_json(plan: Plan) -> str:
    """The label schemes of the plan as the JSON text of the metadata key."""
    schemes = [{"state": s.state, "definition": to_document(s)} for s in plan.schemes]
    return json.dumps({"version": 1, "schemes": schemes}, ensure_ascii=False)
