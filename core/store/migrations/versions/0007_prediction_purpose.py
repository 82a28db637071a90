"""Separates predictions on evaluation data from those on the pool, and moves probabilities out of `prediction`.

The key of `prediction` was (run, utterance), so a prediction on the pool overwrote the run's own test row of an
utterance that had lost its label. The key is now (run, target, utterance, purpose). An old row with `side` "unlabelled"
is a prediction on the pool, so it gets purpose "pool" and no side; every other row gets "evaluation". `target` is the
scheme of the run; an old run had only one.

`code`, `confidence` and `margin` stay as they are. The probabilities of all old rows move to `old_probability`, because
the folder of the workspace is not known here. When the workspace is opened, `core.workflows.evaluation.old_predictions`
empties that table: it writes the pool's probabilities to the run's `predictions-pool.parquet`, and restores the
overwritten test rows from the run's `predictions.parquet`.
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
    if op.get_bind().dialect.name != "sqlite":  # there the index of a primary key has its own name
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
    """Refuse: the earlier table cannot store one prediction for each purpose."""
    raise NotImplementedError("a store with predictions of both purposes has no downgrade; restore a copy instead")
