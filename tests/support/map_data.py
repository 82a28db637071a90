"""Texts of two kinds, a run that was scored on some of them, and the numbers of a drawing, for tests of the map."""

from store_data import AT

from core.records import Prediction, RunInfo, SnapshotInfo
from core.workflows.map import drawing, making
from core.workflows.workspace import Workspace

FIRE = ("집에 불이 났어요 빨리 와 주세요", "우리 집에 불이 났어요 빨리 좀 와주세요", "저희 집에 불이 났어요")
LUNCH = ("오늘 점심은 김치찌개 먹을까", "점심에 김치찌개 먹자", "점심은 김치찌개")


def counts(ws: Workspace, way: str) -> list[tuple[str, str, int]]:
    info = making.find(ws, "hashed-ngram", "pca")
    assert info is not None
    return [(part.kind, part.code, part.n) for part in drawing.drawing(ws, info, way).categories]


def scored(ws: Workspace, ids: list[int]) -> None:
    """A run that was right once and wrong once, and judged one utterance that nobody has labelled."""
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0" * 64, AT, {}))
    ws.store.ledger.put_run(RunInfo("r1", "danger-text", "ngram", "danger", "text", "s", "done", AT, {}))
    rows = [("evaluation", "test", "danger", "danger"), ("evaluation", "test", "normal", "danger"),
            ("pool", None, None, "danger")]  # fmt: skip
    ws.store.ledger.put_predictions([
        Prediction("r1", "danger", ids[at], purpose, code, 0.9, 0.8, side, gold)  # type: ignore[arg-type]
        for at, (purpose, side, gold, code) in enumerate(rows)
    ])  # fmt: skip
