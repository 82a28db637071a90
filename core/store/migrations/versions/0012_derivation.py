"""Adds how each derived utterance was made, filled for those that were accepted before, and the flag of a proposal."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from core.records.derivation import derivation_from_meta

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BLOCK = 1000

_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
derivation = sa.table(
    "derivation",
    sa.column("utterance_id", _id),
    sa.column("operation", sa.String),
    sa.column("parameters", sa.JSON),
    sa.column("seed", sa.BigInteger),
    sa.column("model", sa.String),
    sa.column("prompt_sha256", sa.String),
    sa.column("made_at", sa.String),
    sa.column("batch", sa.String),
)


def upgrade() -> None:
    op.create_table(
        "derivation",
        sa.Column("utterance_id", _id, nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("model", sa.String()),
        sa.Column("prompt_sha256", sa.String()),
        sa.Column("made_at", sa.String()),
        sa.Column("batch", sa.String()),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_derivation_utterance_id"),
        sa.PrimaryKeyConstraint("utterance_id", name="pk_derivation"),
    )
    op.create_index("ix_derivation_operation", "derivation", ["operation"])
    op.add_column("proposal", sa.Column("flag", sa.String()))
    _fill()


def downgrade() -> None:
    op.drop_column("proposal", "flag")
    op.drop_index("ix_derivation_operation", "derivation")
    op.drop_table("derivation")


def _fill() -> None:
    """Add a row for each augmented utterance, from what its proposal or its `meta` says."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT u.id, u.meta, p.operation, p.made_at, p.batch FROM utterance u "
            "LEFT JOIN proposal p ON p.result_id = u.id AND p.kind = 'augmentation' "
            "WHERE u.origin = 'augmented' ORDER BY u.id, p.id"
        )
    ).all()
    known = {row.id: _values(row) for row in rows}  # the last proposal of an utterance wins
    filled = [values for values in known.values() if values is not None]
    for start in range(0, len(filled), BLOCK):
        connection.execute(sa.insert(derivation), filled[start : start + BLOCK])


def _values(row: Any) -> dict[str, Any] | None:
    read = json.loads(row.meta) if isinstance(row.meta, str) else row.meta
    meta = read if isinstance(read, dict) else {}
    named = {"operation": row.operation} if row.operation else {}
    made = derivation_from_meta(row.id, {**meta, **named}, row.made_at, row.batch)
    if made is None:
        return None
    return {column.name: getattr(made, column.name) for column in derivation.columns}
