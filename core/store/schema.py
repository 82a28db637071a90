"""Tables of the database; those of derivations, lists and rounds are beside their code. No filter reads a JSON column.

`revision`, `annotation` and `remark` are append-only: the migrations add triggers that refuse UPDATE and DELETE.
`label` has the current labels. They follow from the revisions, and are stored because filters and snapshots need them.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)  # fmt: skip

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only autoincrements a column declared INTEGER; PostgreSQL gets 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")

source = Table(
    "source",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("licence", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("added_at", String, nullable=False),
)

# What was imported for a source, and under which name it came; `part` is the sheet of a workbook, NULL if not known.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("sha256", String, nullable=False, index=True),
    Column("part", String),
    Column("at", String, nullable=False),
)

recording = Table(
    "recording",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("source_id", ForeignKey("source.id"), nullable=False, index=True),
    Column("path", String),
    Column("sha256", String),
    Column("duration_ms", Integer, nullable=False),
    Column("sample_rate_hz", Integer),
    Column("meta", JSON, nullable=False),
)
Index(
    "ix_recording_audio",
    recording.c.duration_ms,
    sqlite_where=recording.c.path.is_not(None),
    postgresql_where=recording.c.path.is_not(None),
)

utterance = Table(
    "utterance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("recording_id", ForeignKey("recording.id")),
    Column("parent_id", ForeignKey("utterance.id")),
    Column("start_ms", Integer),
    Column("end_ms", Integer),
    Column("speaker", String),
    Column("text", Text, nullable=False),
    Column("original", Text, nullable=False),
    Column("chars", Integer, nullable=False),
    Column("version", Integer, nullable=False, default=0),
    Column("group", String, nullable=False),
    Column("voice_usable", Boolean, nullable=False),
    Column("origin", String, nullable=False),
    Column("skipped", Boolean, nullable=False, default=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("meta", JSON, nullable=False),
)

# The search index over utterances, by chunk (see core.store.index.chunks).
facet = Table(
    "facet",
    metadata,
    Column("name", String, primary_key=True),
    Column("chunk", Integer, primary_key=True, autoincrement=False),
    Column("bits", LargeBinary, nullable=False),
    Index("ix_facet_chunk", "chunk"),
)

posting = Table(
    "posting",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),  # chunk << 21 | code point
    Column("bits", LargeBinary, nullable=False),
    Column("follows", LargeBinary, nullable=False),
    Column("counts", LargeBinary, nullable=False),
    Column("places", LargeBinary, nullable=False),
)

stale = Table(
    "stale",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),  # an utterance that changed since it was indexed
    Column("text", Boolean, nullable=False),
)

revision = Table(
    "revision",
    metadata,
    Column("id", Id, primary_key=True),
    Column("utterance_id", ForeignKey("utterance.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("curator", String, nullable=False),
    Column("at", String, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("why", String, nullable=False),
    Column("undoes", ForeignKey("revision.id"), unique=True),
    Column("spent_ms", Integer),
    Column("act", String, nullable=False, server_default="review"),  # one of core.records.Act
    Column("bulk_id", ForeignKey("bulk.id")),
    # A proposal has a revision_id, too: the two tables refer to each other.
    Column("proposal_id", ForeignKey("proposal.id", use_alter=True)),
    Column("restores", Integer),  # the version of the utterance that was restored
    Column("round_id", ForeignKey("label_round.id", use_alter=True)),
    UniqueConstraint("utterance_id", "version"),
    Index("ix_revision_curator_at", "curator", "at", "id"),
)

annotation = Table(
    "annotation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("level", String, nullable=False),
    Column("target_id", BigInteger, nullable=False),
    Column("scheme", String, nullable=False),
    Column("code", String),
    Column("curator", String, nullable=False),
    Column("at", String, nullable=False),
    Column("spent_ms", Integer),
    Column("revision_id", ForeignKey("revision.id")),
    Column("kind", String, nullable=False, server_default="answer"),  # answer, settlement, vote
    Index("ix_annotation_target", "level", "target_id", "scheme"),
)

label = Table(
    "label",
    metadata,
    Column("level", String, primary_key=True),
    Column("target_id", BigInteger, primary_key=True, autoincrement=False),
    Column("scheme", String, primary_key=True),
    Column("code", String, primary_key=True),  # one row for each class: a multi scheme has several for one target
    # gold: from a person or a delivery; silver: from a machine, accepted; disputed: blind answers of persons differ
    Column("grade", String, nullable=False),
    Column("by", String, nullable=False),
    Column("round_id", ForeignKey("label_round.id")),  # the round of pseudo-labels that made it
    Index("ix_label_scheme_code", "scheme", "level", "code", "grade", "target_id"),
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String, nullable=False),
    Column("utterance_id", ForeignKey("utterance.id"), nullable=False, index=True),
    Column("operation", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("fingerprint", String, nullable=False, unique=True),  # the same suggestion is stored once
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),
    Column("run_id", String),
    Column("made_at", String, nullable=False),
    Column("decided_by", String),
    Column("decided_at", String),
    Column("result_id", ForeignKey("utterance.id")),
    Column("revision_id", ForeignKey("revision.id")),
    Column("confidence", Float),
    Column("batch", String),  # the cleaning run that made it
    Column("flag", String),  # why a person should look closely, such as label-disagreement; NULL: nothing to say
    Index("ix_proposal_kind_state", "kind", "state", "id"),
    Index("ix_proposal_kind_operation", "kind", "operation", "state", "confidence"),
)

# Most sentences of an import have NULL here, and an index entry for NULL would cost more than the row.
for _column in (
    utterance.c.recording_id, utterance.c.parent_id, annotation.c.revision_id, proposal.c.revision_id, proposal.c.batch,
    label.c.round_id, revision.c.round_id,
):  # fmt: skip
    _given = _column.is_not(None)
    Index(f"ix_{_column.table.name}_{_column.name}", _column, sqlite_where=_given, postgresql_where=_given)

# Which curator has an utterance, on the screen or among the next ones.
lease = Table(
    "lease",
    metadata,
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True),
    Column("curator", String, primary_key=True),
    Column("until_at", String, nullable=False),
)

# Ranked lists. `at`: when the list was built; utterances decided on since are no longer in the queue.
queue_item = Table(
    "queue_item",
    metadata,
    Column("queue", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("utterance_id", ForeignKey("utterance.id"), nullable=False),
    Column("score", Float, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", String, nullable=False),
    UniqueConstraint("queue", "utterance_id"),
)

# Utterances that `wanted` curators answer blind. `answered`: who answered (sorted JSON); `missing`: answers to come.
overlap = Table(
    "overlap",
    metadata,
    Column("scheme", String, primary_key=True),
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True),
    Column("wanted", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("answered", String, nullable=False),
)
_missing = overlap.c.missing > 0
Index(
    "ix_overlap_missing", overlap.c.scheme, overlap.c.answered, overlap.c.utterance_id,
    sqlite_where=_missing, postgresql_where=_missing,
)  # fmt: skip

remark = Table(
    "remark",
    metadata,
    Column("id", Id, primary_key=True),
    Column("utterance_id", ForeignKey("utterance.id"), nullable=False, index=True),
    Column("curator", String, nullable=False),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),  # comment, flag, unflag
    Column("text", Text, nullable=False),
)

scheme = Table(
    "scheme",
    metadata,
    Column("name", String, primary_key=True),
    Column("definition", JSON, nullable=False),
    Column("state", String, nullable=False),  # proposed, active, rejected
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("version", Integer, nullable=False),
)

tag = Table(
    "tag",
    metadata,
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True),
    Column("tag", String, primary_key=True),
    Index("ix_tag_tag_utterance_id", "tag", "utterance_id"),
)

bulk = Table(
    "bulk",
    metadata,
    Column("id", Id, primary_key=True),
    Column("curator", String, nullable=False),
    Column("at", String, nullable=False),
    Column("what", JSON, nullable=False),
    Column("count", Integer, nullable=False),
    Column("undone_at", String),
)

# Utterances that a bulk action tagged or untagged, until it is undone; what it labelled is in `revision`.
bulk_tagged = Table(
    "bulk_tagged",
    metadata,
    Column("bulk_id", ForeignKey("bulk.id"), primary_key=True),
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True),
    Column("tag", String, nullable=False),
)

view = Table(
    "view",
    metadata,
    Column("name", String, primary_key=True),
    Column("query", JSON, nullable=False),
    Column("curator", String, nullable=False),
    Column("created_at", String, nullable=False),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("name", String, primary_key=True),
    Column("scheme", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("counts", JSON, nullable=False),
    # true for the snapshot of an imported run: its items are in another workspace
    Column("elsewhere", Boolean, nullable=False, server_default=false()),
)

run = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True),
    Column("recipe", String, nullable=False),
    Column("encoder", String, nullable=False),
    Column("scheme", String, nullable=False),
    Column("modality", String, nullable=False),
    Column("snapshot", ForeignKey("snapshot.name"), nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", String, nullable=False, index=True),
    Column("metrics", JSON, nullable=False),
)

# The run that a person chose for a scheme and modality.
run_in_use = Table(
    "run_in_use",
    metadata,
    Column("scheme", String, primary_key=True),
    Column("modality", String, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("chosen_by", String, nullable=False),
    Column("chosen_at", String, nullable=False),
)

# The share of the text, beside the voice, that a person chose for a scheme.
fusion_weight = Table(
    "fusion_weight",
    metadata,
    Column("scheme", String, primary_key=True),
    Column("text", Float, nullable=False),
    Column("chosen_by", String, nullable=False),
    Column("chosen_at", String, nullable=False),
)

# Predictions of runs. `purpose`: evaluation (a validation or test row of a snapshot) or pool (an utterance that nobody
# has labelled). The probabilities are in the run's folder.
prediction = Table(
    "prediction",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("target", String, primary_key=True),
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("side", String),
    Column("gold", String),
    Column("code", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("margin", Float, nullable=False),
    Index("ix_prediction_cell", "run_id", "side", "gold", "code"),
)

# Probabilities that an earlier program wrote; opening the workspace moves them to the folders of their runs.
old_probability = Table(
    "old_probability",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True),
    Column("purpose", String, nullable=False),
    Column("side", String),
    Column("gold", String),
    Column("probs", JSON, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("title", String, nullable=False),
    Column("params", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("error", Text),
    Column("created_at", String, nullable=False, index=True),
    Column("updated_at", String, nullable=False),
    Column("cancel_requested", Boolean, nullable=False, default=False),
)
