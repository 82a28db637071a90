"""Adds the titles of stored lists and when each was opened last. The rows of a list stay in `queue_item`.

A list of before keeps its title, which was written in the language of whoever opened it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    stored = op.create_table(
        "stored_list",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_stored_list"),
    )
    connection = op.get_bind()
    lists = sa.text("SELECT queue, reason, at FROM queue_item WHERE position = 0 AND queue LIKE 'list:%'")
    rows = [{"name": name, "title": title, "opened_at": at} for name, title, at in connection.execute(lists)]
    if rows:
        connection.execute(sa.insert(stored), rows)


def downgrade() -> None:
    op.drop_table("stored_list")
