"""core.workflows.augment.check: the run in use judges variants; another label is flagged and refuses nothing."""

from pathlib import Path

import pytest
from fake_runs import fake_run
from workflow_data import trained

from core.workflows.augment.check import DISAGREES, LabelCheck, label_check
from core.workflows.workspace import Workspace


def test_another_label_is_flagged_with_the_probability_of_the_wanted_one() -> None:
    check = LabelCheck("danger", fake_run("r1", lambda text: (0.25, 0.75) if "불" in text else (0.875, 0.125)))
    judged = check.judge(["불이 났어요", "산책을 가요", " ", "산책을 가요"], ["danger", "danger", "danger", "normal"])
    assert [answer and (answer.code, round(answer.score, 6), answer.flag) for answer in judged] == [
        ("danger", 0.75, None), ("normal", 0.125, DISAGREES), None, ("normal", 0.875, None),
    ]  # fmt: skip
    assert check.judge([], []) == []


@pytest.mark.integration
def test_the_run_in_use_for_the_scheme_checks(ws: Workspace, tmp_path: Path) -> None:
    assert label_check(ws, "danger") is None
    run_id = trained(ws, tmp_path)
    check = label_check(ws, "danger")
    assert check is not None
    assert check.run_id == run_id
    (judged,) = check.judge(["어머니가 거실에서 쓰러졌어요"], ["danger"])
    assert judged is not None
    assert (judged.code, judged.flag) == ("danger", None)
    assert judged.score > 0.5
    assert label_check(ws, "urgency") is None
