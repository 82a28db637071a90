"""Calls of the demo for the Live prediction page: each with the words of its label JSON."""

import json

import pytest

from core.audio import decode
from core.errors import NotFound
from core.workflows.predict import demo_calls


def test_there_is_a_call_of_each_kind_with_its_words() -> None:
    assert demo_calls.kinds() == ("구급", "구조", "기타", "화재")
    wav, labels = demo_calls.read("화재")
    ends = [utterance["endAt"] for utterance in json.loads(labels.decode("utf-8-sig"))["utterances"]]
    assert max(ends) <= decode(wav, "call.wav").duration_ms


def test_another_kind_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="no call of the demo of the kind 지진"):
        demo_calls.read("지진")


def test_a_name_cannot_leave_the_folder() -> None:
    with pytest.raises(NotFound):
        demo_calls.read("../../../../etc/passwd")
