"""Adds the weights of text and voice that people chose, one row a scheme. Until then the usual weights count."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fusion_weight",
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("text", sa.Float(), nullable=False),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.Column("chosen_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("scheme", name="pk_fusion_weight"),
    )


def downgrade() -> None:
    op.drop_table("fusion_weight")
