"""core.text.cells: formulas are escaped, and each text is read back exactly."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.text.cells import escape_formula, unescape_formula

STARTS = "=+-@\t\r＝＋－＠"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | st.lists(st.sampled_from([*STARTS, "'", "a", " ", "\n", "화"])).map("".join))
@example("'=1")
@example("''")
def test_a_cell_comes_back_exactly(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_no_escaped_text_starts_a_formula(text: str) -> None:
    assert not str(escape_formula(text)).startswith(tuple(STARTS))


@pytest.mark.parametrize("start", STARTS)
def test_each_start_gets_one_apostrophe(start: str) -> None:
    assert escape_formula(f"{start}1") == f"'{start}1"


@pytest.mark.parametrize("value", [-3, 2.5, None, True])
def test_a_value_that_is_no_text_stays(value: object) -> None:
    assert escape_formula(value) is value
