"""Adds rounds of pseudo-labels and their audits, and says of a label and of a revision which round wrote it.

Labels that were accepted before belong to no round. They stay silver.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("strata", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_audit_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_run_id", "audit", ["run_id"])
    op.create_table(
        "audit_item",
        sa.Column("audit_id", ID, nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name="fk_audit_item_audit_id"),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_audit_item_utterance_id"),
        sa.PrimaryKeyConstraint("audit_id", "utterance_id", name="pk_audit_item"),
    )
    op.create_index("ix_audit_item_utterance_id", "audit_item", ["utterance_id"])
    op.create_table(
        "label_round",
        sa.Column("id", ID, nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("audit_id", ID),
        sa.Column("override", sa.String()),
        sa.Column("weight", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.JSON()),
        sa.Column("gold_sha256", sa.String()),
        sa.Column("accepted_by", sa.String()),
        sa.Column("accepted_at", sa.String()),
        sa.Column("override_by", sa.String()),
        sa.Column("kept_sha256", sa.String()),
        sa.Column("open_key", sa.String()),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_label_round_run_id"),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name="fk_label_round_audit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_label_round"),
        sa.UniqueConstraint("open_key", name="uq_label_round_open_key"),
    )
    op.create_index("ix_label_round_scheme", "label_round", ["scheme"])
    # Written as SQL because Alembic adds a foreign key on SQLite only by copying the whole table.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for table in ("label", "revision"):
        key = f"CONSTRAINT fk_{table}_round_id REFERENCES label_round (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN round_id {number} {key}")
        op.execute(f"CREATE INDEX ix_{table}_round_id ON {table} (round_id) WHERE round_id IS NOT NULL")


def downgrade() -> None:
    """Refuse: without the rounds, a machine's labels could not be withdrawn any more."""
    raise NotImplementedError("a store with rounds of pseudo-labels has no downgrade; restore a copy instead")
