"""Search by bitmaps and postings instead of FTS5: adds the tables of core.store.index.chunks.

They are filled when the migration is done. Database indexes that nothing reads are dropped, indexes of columns that are
mostly NULL leave NULL out, and two new indexes let totals be counted without reading the rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "facet",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "chunk", name="pk_facet"),
    )
    op.create_index("ix_facet_chunk", "facet", ["chunk"])
    op.create_table(
        "posting",
        sa.Column("id", ID, nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.Column("follows", sa.LargeBinary(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posting"),
    )
    op.create_table(
        "stale",
        sa.Column("id", ID, nullable=False),
        sa.Column("text", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stale"),
    )
    for column in ("chars", "origin", "speaker", "source_id"):
        op.drop_index(f"ix_utterance_{column}", "utterance")
    for table, column in (("utterance", "recording_id"), ("utterance", "parent_id"), ("annotation", "revision_id")):
        op.drop_index(f"ix_{table}_{column}", table)
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=given, postgresql_where=given)
    op.drop_index("ix_label_scheme_code", "label")
    op.create_index("ix_label_scheme_code", "label", ["scheme", "level", "code", "grade", "target_id"])
    op.create_index(
        "ix_recording_audio", "recording", ["duration_ms"],
        sqlite_where=sa.text("path IS NOT NULL"), postgresql_where=sa.text("path IS NOT NULL"),
    )  # fmt: skip
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE utterance_search")
        op.execute("INSERT INTO stale(id, text) SELECT id, 1 FROM utterance")


def downgrade() -> None:
    """Refuse: the index of the earlier program would have to be built from every text again."""
    raise NotImplementedError("the older search index is not rebuilt; restore a copy of the database instead")
