"""core.cleaning: plan files, refused plans, chains of suggestions, and edits that are applied to another text."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cleaning import Plan, Suggestion, default_plan, read, rebase, suggest, suggest_many, to_toml
from core.cleaning.plan import parse_toml
from core.cleaning.steps.table import STEP_KINDS
from core.errors import BadRecord, InputError
from core.quality import CHECKS

LIGHT = default_plan().only("unicode", "tags", "repeats", "stop", "pii")  # needs no analyser


def plan(body: str) -> Plan:
    return parse_toml(body, "mine.toml")


def test_the_default_plan_has_every_step_and_survives_its_file(tmp_path: Path) -> None:
    default = default_plan()
    assert sorted(step.name for step in default.steps) == sorted(STEP_KINDS)
    assert [step.name for step in default.steps if step.self_apply] == ["unicode", "tags"]
    assert default.remote == ()
    (tmp_path / "plan.toml").write_text(to_toml(default), encoding="utf-8")
    assert read(tmp_path / "plan.toml") == default


def test_steps_of_the_corpus_are_checks_of_the_same_name() -> None:
    of_corpus = {step.name for step in default_plan().steps if step.of_corpus}
    assert of_corpus == {"same-text", "same-letters", "near-text", "label-conflict"}
    checks = {check.name for check in CHECKS.values()} if isinstance(CHECKS, dict) else {check.name for check in CHECKS}
    assert of_corpus <= checks


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("steps = 1", "mine.toml, steps: a plan has 1 to 50 steps"),
        ("name = 3", "mine.toml, name: expected a text of 1 to 100 characters, found '3'"),
        ("extra = 1", "mine.toml, extra: no such key; there are name, steps"),
        ("[[steps]", "mine.toml: is not TOML"),
        ("steps = [1]", "mine.toml, step 1: is no table"),
        ("[[steps]]\nconfidence = 1", "mine.toml, step 1, name: is missing; known: unicode, tags"),
        ("[[steps]]\nname = 'spel'", "mine.toml, step 1, name: unknown step 'spel'; known: unicode"),
        ("[[steps]]\nname = 'tags'\n[[steps]]\nname = 'tags'", "mine.toml, step 2, name: 'tags' comes twice"),
        ("[[steps]]\nname = 'tags'\nkeep = 2", r"mine.toml, step 1 \(tags\), keep: no such key; there are name, conf"),
        ("[[steps]]\nname = 'repeats'\nkeep = '2'", "keep: expected a whole number, found '2'"),
        ("[[steps]]\nname = 'repeats'\nkeep = true", "keep: expected a whole number, found 'True'"),
        ("[[steps]]\nname = 'repeats'\nkeep = 9", "keep: 9 is not in 1 to 5"),
        ("[[steps]]\nname = 'tags'\nconfidence = 2", "confidence: 2 is not in 0 to 1"),
        ("[[steps]]\nname = 'tags'\nself_apply = 1", "self_apply: expected true or false, found '1'"),
        ("[[steps]]\nname = 'pii'\nself_apply = true", "self_apply: changes what was said, .* only unicode, tags may"),
        ("[[steps]]\nname = 'pii'\nkinds = ['나이']", "kinds: '나이' is not one of 이메일"),
        ("[[steps]]\nname = 'spacing'\nbackend = 'x'", "backend: 'x' is not one of kiwi, pykospacing, dadeum"),
        ("[[steps]]\nname = 'spacing'\nwords = ['']", "words: '' is no word"),
        (
            "[[steps]]\nname = 'spelling'\nbackend = 'x'",
            "backend: 'x' is not one of offline, hanspell, korector, matchum",
        ),
        (
            "[[steps]]\nname = 'stop'\nexpressions = ['a', '(']",
            r"step 1 \(stop\), expressions: expression 2, '\(': miss",
        ),
        ("[[steps]]\nname = 'stop'\nexpressions = ['x*']", "expression 1, 'x\\*', finds the empty text"),
        ("[[steps]]\nname = 'stop'\nexpressions = [1]", "expression 1 is no text"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_file_step_and_key(body: str, message: str) -> None:
    with pytest.raises(BadRecord, match=message):
        plan(body)


def test_a_plan_that_cannot_be_read_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    for name, reason in (("none.toml", "No such file"), ("bad.toml", "codec can't decode")):
        with pytest.raises(BadRecord, match=f"{name}: cannot be read: .*{reason}"):
            read(tmp_path / name)
    with pytest.raises(BadRecord, match=r"characters; a plan has at most"):
        plan("#" * (1 << 21))


def test_each_step_goes_on_from_what_the_last_one_left() -> None:
    suggestions = suggest(LIGHT, "(SP:이케) 이렇게\u200b 살려주세요오오오 공일공일이삼사오육칠팔")
    assert [(each.step, each.safe, each.self_apply) for each in suggestions] == [
        ("unicode", True, True), ("tags", True, True), ("repeats", False, False), ("pii", False, False),
    ]  # fmt: skip
    assert suggestions[0].before == "(SP:이케) 이렇게\u200b 살려주세요오오오 공일공일이삼사오육칠팔"
    assert [each.before for each in suggestions[1:]] == [each.after for each in suggestions[:-1]]
    assert suggestions[-1].after == "이렇게 살려주세요 [전화]"
    assert suggestions[2].diff == [
        ("same", "이렇게"), ("del", "살려주세요오오오"), ("ins", "살려주세요"), ("same", "공일공일이삼사오육칠팔"),
    ]  # fmt: skip


def test_many_texts_give_what_each_gives_alone() -> None:
    texts = ["ㅋㅋㅋㅋ 네", "", "ㅋㅋㅋㅋ 네", "불이야!!!!", "\ud800가", "🔥" * 10]
    assert suggest_many(LIGHT, texts) == [suggest(LIGHT, text) for text in texts]
    assert suggest_many(LIGHT, []) == []


def test_what_is_less_sure_than_the_step_asks_is_not_suggested() -> None:
    (step,) = LIGHT.only("repeats").steps
    sure = replace(LIGHT, steps=(replace(step, confidence=0.99),))
    assert suggest(sure, "ㅋㅋㅋㅋ 네") == []


def test_texts_leave_the_machine_only_when_that_is_accepted() -> None:
    away = plan("[[steps]]\nname = 'spelling'\nbackend = 'hanspell'")
    assert away.remote == ("spelling",)
    with pytest.raises(InputError, match=r"'spelling' with backend 'hanspell' sends every text to a third party"):
        suggest(away, "네")


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_an_accepted_plan_has_nothing_left_to_say(text: str) -> None:
    suggestions = suggest(LIGHT, text)
    left = suggestions[-1].after if suggestions else text
    assert suggest(LIGHT, left) == []
    assert all(isinstance(each, Suggestion) and each.before != each.after for each in suggestions)


@pytest.mark.parametrize(
    ("before", "after", "current", "result"),
    [
        ("불이 낫어요", "불이 났어요", "불이 낫어요", "불이 났어요"),
        ("불이 낫어요 ㅋㅋㅋㅋ", "불이 났어요 ㅋㅋㅋㅋ", "불이 낫어요 ㅋㅋ", "불이 났어요 ㅋㅋ"),
        ("지금강남역", "지금 강남역", "지금강남역이요", "지금 강남역이요"),
        ("낫어요", "났어요", "나았어요", None),
        ("가나", "가 나", "가 나", "가 나"),
    ],
)
def test_an_edit_is_carried_to_another_text(before: str, after: str, current: str, result: str | None) -> None:
    assert rebase(before, after, current) == result


@settings(deadline=None)
@given(st.text("가나 다", max_size=12), st.text("가나 다", max_size=12))
def test_an_edit_carried_to_its_own_text_is_the_edit(before: str, after: str) -> None:
    assert rebase(before, after, before) == after
    assert rebase(before, after, after) == after
