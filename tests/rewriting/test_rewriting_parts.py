"""What core.rewriting and core.endpoints decide without a service: addresses, keys, sentences in a text, pace."""

from typing import Any

import pytest

from core.endpoints import Endpoint
from core.errors import InputError
from core.rewriting.answers import sentences_in
from core.rewriting.pace import Pace


@pytest.mark.parametrize("url", ["http://[::1", "http://me:pass@[::1", "http://here:port/v1", "http://me:pass@here"])
def test_an_address_that_is_none_is_one_clear_error(url: str) -> None:
    with pytest.raises(InputError, match="is not the address of a service; give one such as") as error:
        Endpoint(url, "m")
    assert "pass@" not in str(error.value)


@pytest.mark.parametrize("key", ["열쇠", "sk-1 sk-2", "sk-1\n"])
def test_a_key_that_cannot_be_sent_is_one_clear_error(key: str) -> None:
    with pytest.raises(InputError, match="holds a space or a character that no key has; copy the key again") as error:
        Endpoint("http://127.0.0.1:9/v1", "m", key)
    assert key not in str(error.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"sentences": ["가", "나"]}\n빠진 표시: []', (("가", "나"), "")),
        ('{"sentences": ["가"]} 바꾼 낱말: ["불", "집"]', (("가",), "")),
        ('["불"] {"sentences": ["가"]}', (("가",), "")),
        ('{"thought": ["생각 하나"], "sentences": ["불이 났', ((), "malformed")),
        ("{'thought': ['가'], \"x\": [\"나\"]", ((), "malformed")),
        ('[["가"], ["나', ((), "malformed")),
        ('생각 {음} ["가"]', (("가",), "")),
    ],
)
def test_lists_beside_the_object_and_inside_what_is_broken_are_no_answer(content: str, expected: Any) -> None:
    assert sentences_in(content) == expected


def test_a_small_limit_lets_nothing_go_at_once() -> None:
    slow, fast = Pace(6, clock=lambda: 0.0), Pace(60, clock=lambda: 0.0)
    assert [slow.delay() for _ in range(3)] == [0.0, 10.0, 20.0]
    assert [fast.delay() for _ in range(11)] == [0.0] * 10 + [1.0]
