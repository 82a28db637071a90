"""Adds which run serves a scheme, and snapshots that are known by name only.

`run_in_use` has at most one row for a scheme and modality: the run that a person chose, who chose it and when. It
starts empty, so the newest finished run goes on serving until somebody chooses. `snapshot.elsewhere` is true for the
snapshot of an imported run: its items are in another workspace. Every snapshot that exists before this migration is
here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE snapshot ADD COLUMN elsewhere BOOLEAN NOT NULL DEFAULT false")
    op.create_table(
        "run_in_use",
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.Column("chosen_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_in_use_run_id"),
        sa.PrimaryKeyConstraint("scheme", "modality", name="pk_run_in_use"),
    )


def downgrade() -> None:
    """Refuse: the earlier schema cannot store what people chose, and would take an imported snapshot for its own."""
    raise NotImplementedError("a store with chosen or imported runs has no downgrade; restore a copy instead")
