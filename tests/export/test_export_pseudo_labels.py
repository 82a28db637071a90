"""core.export.pseudo_labels: the columns of the seed, safe for spreadsheets."""

from pathlib import Path

import pytest

from core.errors import InputError
from core.export.pseudo_labels import PseudoLabel, write


def test_the_columns_of_the_seed_are_written(tmp_path: Path) -> None:
    rows = [
        PseudoLabel(7, "=오늘 길에서, 돈을 주웠어", "", "기쁨", 0.96190001, 0.9),
        PseudoLabel(9, "시험", "슬픔", "분노", 1, 0),
    ]
    assert write(tmp_path / "out.csv", rows) == 2
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "id,user_input,orig_emotion,pred_emotion,pred_conf,pred_margin",
        '7,"\'=오늘 길에서, 돈을 주웠어",,기쁨,0.961900,0.900000',
        "9,시험,슬픔,분노,1.000000,0.000000",
    ]


def test_other_names_and_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"out.parquet: pseudo-labels are written as CSV; choose a name that ends in"):
        write(tmp_path / "out.parquet", [])
    with pytest.raises(InputError, match="cannot be written: No such file"):
        write(tmp_path / "missing" / "out.csv", [])
