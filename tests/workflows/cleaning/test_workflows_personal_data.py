"""From a table to suggestions: numbers with dashes of every kind are masked by one run of the default plan's steps."""

from pathlib import Path

import pytest

from core.cleaning import default_plan
from core.filters import Filter
from core.workflows.cleaning import decisions
from core.workflows.cleaning import run as cleaning
from core.workflows.imports.tables import table
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

ROWS = {
    "제 번호는 010－1234－5678이에요": "제 번호는 [전화]이에요",
    "제 번호는 ０１０－１２３４－５６７８이에요": "제 번호는 [전화]이에요",
    "연락처 010‑4471‑2289": "연락처 [전화]",
    "연락처 010—3348—9017": "연락처 [전화]",
    "연락처 010/2846/9913": "연락처 [전화]",
    "명단 번호 1012345678": "명단 번호 [전화]",
    "명단 번호 10-1234-5678": "명단 번호 [전화]",
    "010~5519~8824": "[전화]",
    "010−2274−6609": "[전화]",
    "0082-10-5339-0724": "[전화]",
    "어르신 주민 390512－2044817": "어르신 주민 [주민번호]",
    "２０２３년 １１월에 ３시 반쯤 👩‍🚒 오셨어요": "2023년 11월에 3시 반쯤 👩‍🚒 오셨어요",
    "119에 두 번 걸었어요": "119에 두 번 걸었어요",
}


@pytest.mark.parametrize("order", [("unicode", "pii"), ("pii", "unicode")])
def test_a_table_of_numbers_is_masked_whole_in_either_order(
    ws: Workspace, tmp_path: Path, order: tuple[str, str]
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("text\n" + "\n".join(ROWS) + "\n", encoding="utf-8")
    done = table.ingest_table(ws, table.File.at(file), table.TableImportOptions(table.Columns("text")))
    assert done.added == len(ROWS)
    for step in order:
        cleaning.run(ws, default_plan().only(step), Filter(), "ann")
        decisions.accept_all(ws, "cleaning", "ann")
    assert [utterance.text for utterance in ws.store.corpus.every(Filter())] == list(ROWS.values())
