"""core.ui.panels.job_titles: why a job failed, in words."""

import pytest

from core.messages import Message
from core.records import Job
from core.ui.i18n import in_language
from core.ui.panels.job_titles import RECIPES, failure, is_unexpected, recipe_title
from core.workflows.models.train import RECIPES as KNOWN


def failed(error: str | None) -> Job:
    return Job("j", "quality", "quality", {}, "failed", {}, error, "", "", False)


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        ("ZeroDivisionError: by design", "예상하지 못한 오류로 중단되었습니다."),
        ("KeyError: 'x'", "예상하지 못한 오류로 중단되었습니다."),
        ("MemoryError: ", "이 컴퓨터의 메모리가 부족했습니다."),
        ("OutOfMemoryError: CUDA out of memory", "이 컴퓨터의 메모리가 부족했습니다."),
        (None, "중단되었지만 이유가 기록되지 않았습니다."),
        (Message("the worker died {n} times while working on it", n=20), "작업 프로세스가 이 작업을 하다가 20번"),
        ("Zeile 3: kein Text", "Zeile 3: kein Text"),
    ],
)
def test_a_failure_is_told_in_words(error: str | None, begins: str) -> None:
    with in_language("ko"):
        assert failure(failed(error)).startswith(begins)


def test_an_error_of_the_program_is_not_called_unforeseen() -> None:
    assert is_unexpected(failed("OSError: [Errno 5] x"))
    assert not is_unexpected(failed(Message("{what}Error: x", what="Value"))), "its text is for people"


def test_every_recipe_of_the_program_has_a_title() -> None:
    assert set(KNOWN) <= set(RECIPES)
    with in_language("ko"):
        assert recipe_title("danger-text") == "위험(텍스트)"
        assert recipe_title("my-own") == "my-own"
