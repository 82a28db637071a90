"""core.ui.panels.job_titles and runs: what jobs and runs are called, and why a job failed, in words."""

import pytest

from core.messages import Message
from core.records import Job, RunInfo
from core.ui.i18n import in_language
from core.ui.panels.job_titles import RECIPES, failure, is_unexpected, recipe_title
from core.ui.panels.runs import title
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


@pytest.mark.parametrize(
    ("recipe", "encoder", "named"),
    [
        ("danger-text", "ngram", "위험(텍스트) · 글자열 · 2026-01-02 03:04 UTC"),
        ("text", "klue/roberta-base", "위험 · 모든 라벨 체계(텍스트) · klue/roberta-base · 2026-01-02 03:04 UTC"),
        ("my-own", "", "위험 · my-own · 2026-01-02 03:04 UTC"),
    ],
)
def test_a_run_is_named_in_words(recipe: str, encoder: str, named: str) -> None:
    run = RunInfo("r1", recipe, encoder, "danger", "text", "s1", "done", "2026-01-02T03:04:05+00:00", {})
    with in_language("ko"):
        assert title(run) == named


def test_every_recipe_of_the_program_has_a_title() -> None:
    assert set(KNOWN) <= set(RECIPES)
    with in_language("ko"):
        assert recipe_title("danger-text") == "위험(텍스트)"
        assert recipe_title("my-own") == "my-own"
