"""What Parquet and `datasets` folders share: Arrow types of the columns, blocks of lines, and metadata.

Metadata key `gwidama` is JSON, `{"version": 1, "schemes": [{"state", "definition"}]}`: the documents of
`core.schemes.files`, of the schemes that have a column.
"""

import json
from collections.abc import Sequence

import pyarrow as pa

from core.export.rows import BOOLEANS, INTEGERS, Plan
from core.schemes.files import to_document

ABOUT = "gwidama"


def field_type(column: str) -> pa.DataType:
    return pa.int64() if column in INTEGERS else pa.bool_() if column in BOOLEANS else pa.string()


def schema(plan: Plan, columns: Sequence[str]) -> pa.Schema:
    """The Arrow schema of `columns`, with the schemes in its metadata."""
    return pa.schema([(column, field_type(column)) for column in columns], metadata={ABOUT: about(plan)})


def about(plan: Plan) -> str:
    told = [{"state": one.state, "definition": to_document(one)} for one in plan.schemes]
    return json.dumps({"version": 1, "schemes": told}, ensure_ascii=False)
