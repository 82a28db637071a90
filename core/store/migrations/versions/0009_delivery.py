"""Adds what was imported for each source, so that a delivery is recognised by its content under any name.

Every source that exists before this migration gets one row: the delivery that made it. Which sheet of a workbook it was
is not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("part", sa.String()),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_delivery_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    for column in ("source_id", "sha256"):
        op.create_index(f"ix_delivery_{column}", "delivery", [column])
    op.execute(
        "INSERT INTO delivery (source_id, name, sha256, part, at) "
        "SELECT id, name, sha256, NULL, added_at FROM source ORDER BY id"
    )


def downgrade() -> None:
    """Refuse: the earlier program would take an edition of a source for another delivery."""
    raise NotImplementedError("a store with deliveries has no downgrade; restore a copy instead")
