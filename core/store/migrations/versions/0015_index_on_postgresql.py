"""Indexes the utterances of PostgreSQL databases too, which SQL alone answered for before.

No table changes. The triggers, and texts that are compared as bytes, come after each migration (see env.py).
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("INSERT INTO stale(id, text) SELECT id, true FROM utterance ON CONFLICT DO NOTHING")


def downgrade() -> None:
    """Refuse: an earlier program writes rows that the index would not know."""
    raise NotImplementedError("an earlier program would not keep the index; restore a copy of the database instead")
