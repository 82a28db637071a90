"""core.cells: what a spreadsheet would run is neutralised, and comes back exactly."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.cells import as_told, harmless

STARTS = "=+-@\t\r＝＋－＠"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | st.lists(st.sampled_from([*STARTS, "'", "a", " ", "\n", "화"])).map("".join))
@example("'=1")
@example("''")
def test_a_cell_comes_back_exactly(text: str) -> None:
    assert as_told(harmless(text)) == text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_nothing_that_runs_comes_first(text: str) -> None:
    assert not str(harmless(text)).startswith(tuple(STARTS))


@pytest.mark.parametrize("start", STARTS)
def test_each_start_gets_one_apostrophe(start: str) -> None:
    assert harmless(f"{start}1") == f"'{start}1"


@pytest.mark.parametrize("value", [-3, 2.5, None, True])
def test_what_is_no_text_stays(value: object) -> None:
    assert harmless(value) is value
