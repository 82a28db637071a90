"""A workspace's own schemes, and several classes of one target: `code` joins the key of `label`."""

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
    """Not back: a target with several classes has no place in the older table, and decisions are never dropped."""
    raise NotImplementedError("a store with several labels a target has no downgrade; restore a copy instead")
