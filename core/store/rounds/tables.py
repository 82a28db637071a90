"""The tables of rounds and audits. `label.round_id` and `revision.round_id` say which round wrote a row."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, String, Table

from core.store.schema import Id, metadata

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
    Column("scheme", String, nullable=False),
    Column("thresholds", JSON, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("strata", JSON, nullable=False),
    Column("made_at", String, nullable=False),
    Column("made_by", String, nullable=False),
)

audit_item = Table(
    "audit_item",
    metadata,
    Column("audit_id", ForeignKey("audit.id"), primary_key=True),
    Column("utterance_id", ForeignKey("utterance.id"), primary_key=True, index=True),
    Column("stratum", String, nullable=False),
    Column("share", Float, nullable=False),
    Column("code", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("margin", Float, nullable=False),
    Column("kept", Boolean, nullable=False),
)

label_round = Table(
    "label_round",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scheme", String, nullable=False, index=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("thresholds", JSON, nullable=False),
    Column("audit_id", ForeignKey("audit.id")),
    Column("override", String),
    Column("weight", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("made_at", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("verdict", JSON),
    Column("gold_sha256", String),
    Column("accepted_by", String),
    Column("accepted_at", String),
    Column("override_by", String),
    # The SHA-256 of what the thresholds kept when it was proposed, for which the verdict was measured.
    Column("kept_sha256", String),
    # What is proposed, while it is proposed: the same predictions are proposed once at a time.
    Column("open_key", String, unique=True),
)
