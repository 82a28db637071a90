"""Adds the workspace's own schemes, and several classes for one target: `code` becomes part of the key of `label`."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SINGLE = ["level", "target_id", "scheme"]


def upgrade() -> None:
    op.create_table(
        "scheme",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_scheme"),
    )
    with op.batch_alter_table("label") as batch:
        batch.drop_constraint("pk_label", type_="primary")
        batch.create_primary_key("pk_label", [*SINGLE, "code"])


def downgrade() -> None:
    """Refuse: the earlier table cannot store a target with several classes, and decisions are never deleted."""
    raise NotImplementedError("a store with several labels a target has no downgrade; restore a copy instead")
