"""Adds to each revision the kind of act that wrote it; `why` keeps only the reason that a person or a rule gave.

Before, `why` had both: "skip: noise", "settled: heard twice", "bulk:7", "restore 3", "undo", "re-imported", or the rule
of an accepted proposal. This migration splits them. For that one change, in the same transaction, it drops the triggers
that keep the table append-only, and makes them again.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Written as SQL because Alembic adds a foreign key on SQLite only by copying the whole table.
COLUMNS = (
    "act VARCHAR NOT NULL DEFAULT 'review'",
    "bulk_id {id} CONSTRAINT fk_revision_bulk_id REFERENCES bulk (id)",
    "proposal_id {id} CONSTRAINT fk_revision_proposal_id REFERENCES proposal (id)",
    "restores INTEGER",
)
NUMBERED = "why LIKE '{start}%' AND length(why) > {n} AND ltrim(substr(why, {n} + 1), '0123456789') = ''"
BULK = NUMBERED.format(start="bulk:", n=5)
RESTORE = NUMBERED.format(start="restore ", n=8)
IMPORT = "curator = 'import' AND why = 're-imported'"

# Every right-hand side reads the row as it was before. A row that fits no other case accepted a proposal and was undone
# since; then the proposal no longer refers to the revision.
SPLIT = f"""
UPDATE revision SET
  act = CASE
    WHEN undoes IS NOT NULL THEN 'undo'
    WHEN proposal_id IS NULL AND why = 'review' THEN 'review'
    WHEN proposal_id IS NULL AND (why = 'skip' OR why LIKE 'skip: %') THEN 'skip'
    WHEN proposal_id IS NULL AND (why = 'settled' OR why LIKE 'settled: %') THEN 'settle'
    WHEN proposal_id IS NULL AND {RESTORE} THEN 'restore'
    WHEN proposal_id IS NULL AND {BULK} THEN 'bulk'
    WHEN proposal_id IS NULL AND {IMPORT} THEN 'import'
    WHEN curator LIKE 'clean:%' THEN 'clean'
    ELSE 'accept'
  END,
  bulk_id = CASE WHEN undoes IS NULL AND proposal_id IS NULL AND {BULK}
    THEN (SELECT bulk.id FROM bulk WHERE bulk.id = CAST(substr(revision.why, 6) AS BIGINT)) END,
  restores = CASE WHEN undoes IS NULL AND proposal_id IS NULL AND {RESTORE}
    THEN CAST(substr(why, 9) AS INTEGER) END,
  why = CASE
    WHEN undoes IS NOT NULL THEN ''
    WHEN proposal_id IS NOT NULL THEN why
    WHEN why IN ('review', 'skip', 'settled') THEN ''
    WHEN why LIKE 'skip: %' THEN substr(why, 7)
    WHEN why LIKE 'settled: %' THEN substr(why, 10)
    WHEN ({RESTORE}) OR ({BULK}) OR ({IMPORT}) THEN ''
    ELSE why
  END
"""
LINK = """
UPDATE revision SET proposal_id = (SELECT min(proposal.id) FROM proposal WHERE proposal.revision_id = revision.id)
WHERE EXISTS (SELECT 1 FROM proposal WHERE proposal.revision_id = revision.id)
"""


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for column in COLUMNS:
        op.execute(f"ALTER TABLE revision ADD COLUMN {column.format(id='INTEGER' if sqlite else 'BIGINT')}")
    op.execute("DROP TRIGGER revision_no_update" if sqlite else "DROP TRIGGER revision_append_only ON revision")
    op.execute(LINK)
    op.execute(SPLIT)
    if sqlite:
        op.execute(
            "CREATE TRIGGER revision_no_update BEFORE UPDATE ON revision "
            "BEGIN SELECT RAISE(ABORT, 'revision is append-only'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER revision_append_only BEFORE UPDATE OR DELETE ON revision "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )


def downgrade() -> None:
    """Refuse: the earlier table cannot store the acts, and decisions are never deleted."""
    raise NotImplementedError("a store that knows the acts of its revisions has no downgrade; restore a copy instead")
