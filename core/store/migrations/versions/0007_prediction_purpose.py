"""Predictions on evaluation data and on the pool get rows of their own, and probabilities leave the database.

The key of `prediction` was (run, utterance): a run that judged the pool overwrote its own test row of an utterance that
had lost its label. The key is now (run, target, utterance, purpose). Old rows are read like this: `side` "unlabelled"
was written by nothing but the judging of the pool, so it becomes purpose "pool" without a side; each other row becomes
"evaluation". `target` is the scheme of the run, which had only one.

`code`, `confidence` and `margin` stay as they are. The probabilities of every old row move to `old_probability`, so
nothing is lost here, where the folder of the workspace is not known. `core.workflows.models.old_predictions` empties that
table when the workspace is opened: it writes the pool's probabilities to the run's `predictions-pool.parquet`, and puts
back from the run's `predictions.parquet` the test rows that had been overwritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PURPOSE = "CASE WHEN side = 'unlabelled' THEN 'pool' ELSE 'evaluation' END"
SIDE = "CASE WHEN side = 'unlabelled' THEN NULL ELSE side END"


def upgrade() -> None:
    _old_probability()
    op.drop_index("ix_prediction_cell", "prediction")
    op.rename_table("prediction", "old_prediction")
    if op.get_bind().dialect.name != "sqlite":  # where the index of a primary key has a name of its own
        op.execute("ALTER TABLE old_prediction RENAME CONSTRAINT pk_prediction TO pk_old_prediction")
    _prediction()
    op.execute(
        "INSERT INTO prediction(run_id, target, utterance_id, purpose, side, gold, code, confidence, margin) "
        f"SELECT p.run_id, run.scheme, utterance_id, {PURPOSE}, {SIDE}, gold, code, confidence, margin "
        "FROM old_prediction p JOIN run ON run.id = p.run_id"
    )
    op.execute(
        "INSERT INTO old_probability(run_id, utterance_id, purpose, side, gold, probs) "
        f"SELECT run_id, utterance_id, {PURPOSE}, {SIDE}, gold, probs FROM old_prediction"
    )
    op.drop_table("old_prediction")
    op.create_index("ix_prediction_cell", "prediction", ["run_id", "side", "gold", "code"])


def _prediction() -> None:
    op.create_table(
        "prediction",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("side", sa.String()),
        sa.Column("gold", sa.String()),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_prediction_run_id"),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_prediction_utterance_id"),
        sa.PrimaryKeyConstraint("run_id", "target", "utterance_id", "purpose", name="pk_prediction"),
    )


def _old_probability() -> None:
    op.create_table(
        "old_probability",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("utterance_id", ID, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("side", sa.String()),
        sa.Column("gold", sa.String()),
        sa.Column("probs", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_old_probability_run_id"),
        sa.ForeignKeyConstraint(["utterance_id"], ["utterance.id"], name="fk_old_probability_utterance_id"),
        sa.PrimaryKeyConstraint("run_id", "utterance_id", name="pk_old_probability"),
    )


def downgrade() -> None:
    """Not back: one row of the older table cannot hold a prediction of each purpose."""
    raise NotImplementedError("a store with predictions of both purposes has no downgrade; restore a copy instead")
