"""What a browser hands over as a draft: only known boxes, bounded texts, and numbers that their box can take."""

from typing import Any

import pytest

from core.ui.widgets import drafts

FIELDS = {"text": "cure-text", "start": "cure-start"}


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ({"text": "불이 났어요", "start": "1.25"}, {"text": "불이 났어요", "start": 1.25}),
        ({"start": "-1"}, {}), ({"start": "nan"}, {}), ({"start": "inf"}, {}), ({"start": ""}, {}), ({"start": 3}, {}),
        ({"text": "x" * (drafts.LONGEST + 1)}, {}), ({"other": "x"}, {}), ({"text": ["x"]}, {}),
        ("text", {}), (None, {}), ([["text", "x"]], {}),
    ],
)  # fmt: skip
def test_only_what_a_box_can_take_is_taken(sent: Any, taken: dict[str, str | float]) -> None:
    assert drafts._values(sent, FIELDS, {"start": 0.0}) == taken
