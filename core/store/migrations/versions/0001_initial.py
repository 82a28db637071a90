"""The first schema: the tables of design.md, the search index, and the triggers that keep history append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("updated_at", sa.String(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_created_at", "job", ["created_at"])

    op.create_table(
        "label",
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("level", "target_id", "scheme", name="pk_label"),
    )
    op.create_index("ix_label_scheme_code", "label", ["scheme", "code", "level", "target_id"])

    op.create_table(
        "snapshot",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_snapshot"),
    )
    op.create_table(
        "source",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("name", name="uq_source_name"),
    )
    op.create_table(
        "recording",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("path", sa.String()),
        sa.Column("sha256", sa.String()),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("sample_rate_hz", sa.Integer()),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_recording_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
        sa.UniqueConstraint("key", name="uq_recording_key"),
    )
    op.create_index("ix_recording_source_id", "recording", ["source_id"])

    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("snapshot", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.String(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot"], ["snapshot.name"], name="fk_run_snapshot"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_started_at", "run", ["started_at"])

    op.create_table(
        "utterance",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("recording_id", ID),
        sa.Column("parent_id", ID),
        sa.Column("start_ms", sa.Integer()),
        sa.Column("end_ms", sa.Integer()),
        sa.Column("speaker", sa.String()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("chars", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("voice_usable", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["utterance.id"], name="fk_utterance_parent_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_utterance_recording_id"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_utterance_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_utterance"),
        sa.UniqueConstraint("key", name="uq_utterance_key"),
    )
    op.create_index("ix_utterance_chars", "utterance", ["chars"])
    op.create_index("ix_utterance_origin", "utterance", ["origin"])
    op.create_index("ix_utterance_parent_id", "utterance", ["parent_id"])
    op.create_index("ix_utterance_recording_id", "utterance", ["recording_id"])
    op.create_index("ix_utterance_source_id", "utterance", ["source_id"])
    op.create_index("ix_utterance_speaker", "utterance", ["speaker"])

    op.create_table(
        "prediction",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("gold", sa.String()),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("probs", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_prediction_run_id"),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_prediction_utterance_id"),
        sa.PrimaryKeyConstraint("run_id", "utterance_id", name="pk_prediction"),
    )
    op.create_index("ix_prediction_cell", "prediction", ["run_id", "side", "gold", "code"])

    op.create_table(
        "revision",
        sa.Column("id", ID, nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("curator", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("undoes", ID),
        sa.ForeignKeyConstraint(["undoes"], ["revision.id"], name="fk_revision_undoes"),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_revision_utterance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        sa.UniqueConstraint("undoes", name="uq_revision_undoes"),
        sa.UniqueConstraint("utterance_id", "version", name="uq_revision_utterance_id_version"),
    )
    op.create_index("ix_revision_curator", "revision", ["curator"])

    op.create_table(
        "annotation",
        sa.Column("id", ID, nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("curator", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("spent_ms", sa.Integer()),
        sa.Column("revision_id", ID),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_annotation_revision_id"),
        sa.PrimaryKeyConstraint("id", name="pk_annotation"),
    )
    op.create_index("ix_annotation_revision_id", "annotation", ["revision_id"])
    op.create_index("ix_annotation_target", "annotation", ["level", "target_id", "scheme"])

    op.create_table(
        "proposal",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("run_id", sa.String()),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", sa.String()),
        sa.Column("result_id", ID),
        sa.Column("revision_id", ID),
        sa.ForeignKeyConstraint(["result_id"], ["utterance.id"], name="fk_proposal_result_id"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_proposal_revision_id"),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_proposal_utterance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
        sa.UniqueConstraint("fingerprint", name="uq_proposal_fingerprint"),
    )
    op.create_index("ix_proposal_kind_state", "proposal", ["kind", "state", "id"])
    op.create_index("ix_proposal_utterance_id", "proposal", ["utterance_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE utterance_search USING "
            "fts5(grams, content='', tokenize='unicode61 remove_diacritics 0')"
        )
        for table in ("revision", "annotation"):
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
    else:
        op.execute(
            "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        for table in ("revision", "annotation"):
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION append_only()"
            )


def downgrade() -> None:
    """Refuse: there is no earlier schema, and no command may delete a curator's decisions."""
    raise NotImplementedError("the first schema has no downgrade; restore a copy of the database instead")
