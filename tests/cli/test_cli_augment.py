"""The verbs `augment ...`: what they print, and what they refuse."""

import re
from typing import Any

import pytest
from augment_corpus import fill
from cli_driver import answer, failure, run

from core.filters import Filter
from core.workflows.augment.plan import KIND
from core.workflows.workspace import Workspace

MAKE = ("augment", "--operations", "punctuation-insertion,random-deletion", "--factor", "danger=2", "--seed", "4")


@pytest.mark.integration
def test_variants_are_tried_made_listed_accepted_and_taken_back(ws: Workspace) -> None:
    fill(ws)
    tried = answer(*MAKE, "--dry-run")
    assert (tried["sources"], tried["wanted"], tried["tried"], tried["checked_by"]) == (4, 4, 4, None)
    assert tried["classes"] == [
        {"code": "normal", "texts": 2, "present": 0, "wanted": 0},
        {"code": "danger", "texts": 4, "present": 0, "wanted": 4},
    ]
    assert ws.store.proposals.counts(KIND)["open"] == 0
    made = answer(*MAKE)
    assert made["made"] == tried["made"] == sum(tried["by_operation"].values())
    assert (made["wanted"], made["flagged"], made["refused"]) == (4, 0, tried["refused"])
    assert answer(*MAKE)["wanted"] == 4 - made["made"]
    listed = answer("augment", "list", "--limit", "2")
    assert (listed["waiting"], len(listed["candidates"])) == (made["made"], 2)
    by_text = {sample["after"]: sample for sample in tried["samples"]}
    for candidate in listed["candidates"]:
        sample = by_text[candidate["after"]]
        assert (candidate["key"], candidate["operation"]) == (sample["key"], sample["operation"])
        assert (candidate["score"], candidate["judged"], candidate["flag"]) == (None, None, None)
    assert {run["run"] for run in listed["runs"]} >= {made["run"]}
    first, second = (candidate["id"] for candidate in listed["candidates"])
    accepted = answer("augment", "accept", "--where", f"id={first}", "--where", "reason=-")
    assert (accepted["accepted"], accepted["refused"]) == (1, {})
    assert answer("augment", "reject", "--where", f"id={second}") == {"rejected": 1}
    assert ws.store.corpus.find(Filter(origin=("augmented",))).total == 1
    assert answer("augment", "undo") == {"opened": 1, "left": 0}
    assert answer("augment", "undo", "--batch", made["run"]) == {"opened": 1, "left": 0}
    assert answer("augment", "undo") == {"opened": 0, "left": 0}
    assert ws.store.corpus.find(Filter(origin=("augmented",))).total == 0
    shown = run("augment", "list").stdout
    assert f"{made['made']} variants wait" in shown
    assert answer("augment", "accept", "--all")["accepted"] == made["made"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--factor", "9"), "factor 9: it must be 1 to 5, as danger gets at most 4 variants a sentence"),
        (("--factor", "2", "--operations", "swop"), "unknown augmentation 'swop'"),
        (("--factor", "fire=2"), "fire"),
        (("--factor", "2"), "no utterance that matches has a danger label that may be used"),
        (("--factor", "2", "--filter", "colour=red"), "unknown filter key 'colour'"),
        (("--factor", "2", "--alpha", "0.9"), "alpha 0.9: the share of changed words must be 0.01 to 0.5"),
    ],
)
def test_a_plan_that_cannot_run_is_one_clear_line(ws: Workspace, words: tuple[str, ...], message: str) -> None:
    assert message in failure("augment", *words)


def test_conditions_without_sense_are_one_clear_line(ws: Workspace) -> None:
    fill(ws, 1, 0)
    assert "unknown reason 'ugly'" in failure("augment", "accept", "--where", "reason=ugly")
    assert "no augmentation run 'x'; the latest: there is none yet" in failure("augment", "undo", "--batch", "x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("augment", "--seed", "1"), "name --factor, such as --factor 4.5, or --balance"),
        (("augment", "--factor", "many"), "--factor many: expected a number such as 4.5"),
        (("augment", "--factor", "2", "--factor", "danger=3"), "one number for all classes, or one for each CLASS=N"),
        (("augment", "accept"), "choose variants by --where KEY=VALUE, or use --all"),
        (("augment", "reject", "--all", "--where", "id=1"), "choose variants by --where KEY=VALUE, or use --all"),
    ],
)
def test_wrong_usage_names_the_way_out(words: tuple[str, ...], message: str) -> None:
    result: Any = run(*words)
    assert result.exit_code == 2
    assert message in re.sub(r"[\s│]+", " ", result.stderr)
