"""core.speakers: a person groups what they say, a role does not."""

import pytest

from core.speakers import names_a_person


@pytest.mark.parametrize(
    "name", ["actor07", "김민수", "1001", "7", "speaker12", "SPEAKER_00", "화자3", "F01", "jackson", "user_17", "s1"]
)
def test_these_name_persons(name: str) -> None:
    assert names_a_person(name)
    assert names_a_person(f" {name} ")


@pytest.mark.parametrize(
    "name",
    ["신고자", "수보자", "Agent", "agent 2", "상담사1", "caller_2", "접수요원", "Call-Taker", "A", "남성", "", " "],
)
def test_these_name_roles_or_nobody(name: str) -> None:
    assert not names_a_person(name)
