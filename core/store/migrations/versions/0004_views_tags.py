"""Adds tags, bulk actions with the utterances that each one tagged, and saved views of the corpus."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tag",
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_tag_utterance_id"),
        sa.PrimaryKeyConstraint("utterance_id", "tag", name="pk_tag"),
    )
    op.create_index("ix_tag_tag_utterance_id", "tag", ["tag", "utterance_id"])
    op.create_table(
        "bulk",
        sa.Column("id", ID, nullable=False),
        sa.Column("curator", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("what", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_bulk"),
    )
    op.create_table(
        "bulk_tagged",
        sa.Column("bulk_id", ID, nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk.id"], name="fk_bulk_tagged_bulk_id"),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_bulk_tagged_utterance_id"),
        sa.PrimaryKeyConstraint("bulk_id", "utterance_id", name="pk_bulk_tagged"),
    )
    op.create_table(
        "view",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("curator", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_view"),
    )


def downgrade() -> None:
    """Drop tags, bulk actions and views; the labels of a bulk action are decisions and stay."""
    for table in ("view", "bulk_tagged", "bulk", "tag"):
        op.drop_table(table)
