"""Adds leases, queues, overlap and remarks; time spent and kinds of answers; batches of proposals."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("revision", sa.Column("spent_ms", sa.Integer()))
    op.add_column("annotation", sa.Column("kind", sa.String(), nullable=False, server_default="answer"))
    op.add_column("proposal", sa.Column("confidence", sa.Float()))
    op.add_column("proposal", sa.Column("batch", sa.String()))
    op.drop_index("ix_revision_curator", "revision")
    op.create_index("ix_revision_curator_at", "revision", ["curator", "at", "id"])
    op.create_index("ix_proposal_kind_operation", "proposal", ["kind", "operation", "state", "confidence"])
    for column in ("revision_id", "batch"):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_proposal_{column}", "proposal", [column], sqlite_where=given, postgresql_where=given)
    _create_tables()
    _append_only("remark")


def _create_tables() -> None:
    op.create_table(
        "lease",
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("curator", sa.String(), nullable=False),
        sa.Column("until_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_lease_utterance_id"),
        sa.PrimaryKeyConstraint("utterance_id", "curator", name="pk_lease"),
    )
    op.create_table(
        "queue_item",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_queue_item_utterance_id"),
        sa.PrimaryKeyConstraint("queue", "position", name="pk_queue_item"),
        sa.UniqueConstraint("queue", "utterance_id", name="uq_queue_item_queue_utterance_id"),
    )
    op.create_table(
        "overlap",
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("answered", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_overlap_utterance_id"),
        sa.PrimaryKeyConstraint("scheme", "utterance_id", name="pk_overlap"),
    )
    missing = sa.text("missing > 0")
    op.create_index(
        "ix_overlap_missing", "overlap", ["scheme", "answered", "utterance_id"],
        sqlite_where=missing, postgresql_where=missing,
    )  # fmt: skip
    op.create_table(
        "remark",
        sa.Column("id", ID, nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("curator", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_remark_utterance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_remark"),
    )
    op.create_index("ix_remark_utterance_id", "remark", ["utterance_id"])


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )


def downgrade() -> None:
    """Refuse: the earlier tables cannot store votes, settlements and remarks, and decisions are never deleted."""
    raise NotImplementedError("a store with votes, settlements and remarks has no downgrade; restore a copy instead")
