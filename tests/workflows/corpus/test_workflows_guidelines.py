"""Guidelines of schemes: kept in the TOML and in the store, for bundled schemes too, and never overwritten unseen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BadRecord, Stale, UnknownName
from core.schemes import BUNDLED, SCHEMES, is_bundled, publish, scheme
from core.schemes.files import LONGEST_GUIDELINE, parse_toml, to_toml
from core.workflows.corpus import guidelines, schemes
from core.workflows.corpus.guidelines import Guidelines
from core.workflows.workspace import Workspace, open_workspace

MOOD = """
name = "mood"
ko = "기분"
guideline = "목소리를 먼저 듣습니다."

[[label]]
code = "good"
ko = "좋음"
guideline = "- 예: \\"네, 괜찮아요\\""

[[label]]
code = "bad"
ko = "나쁨"
"""


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    yield open_workspace()
    publish(None, ())  # other tests of this process see the bundled schemes without guidelines again


def test_a_scheme_file_carries_its_guidelines() -> None:
    read = parse_toml(MOOD, "mood.toml")
    assert (read.guideline, read.label("good").guideline) == ("목소리를 먼저 듣습니다.", '- 예: "네, 괜찮아요"')
    assert read.label("bad").guideline == ""
    assert parse_toml(to_toml(read), "again.toml") == read
    assert "guideline" not in to_toml(parse_toml(MOOD.replace("guideline", "en"), "x.toml"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("x" * (LONGEST_GUIDELINE + 1), "mood.toml, guideline: 20,001 characters; at most 20,000"),
     ("a\\u0007", "mood.toml, guideline: holds the control character U+0007")],
)  # fmt: skip
def test_a_guideline_is_bounded_text(text: str, reason: str) -> None:
    with pytest.raises(BadRecord) as error:
        parse_toml(MOOD.replace("목소리를 먼저 듣습니다.", text), "mood.toml")
    assert str(error.value) == reason


def test_a_bundled_scheme_gets_the_guidelines_of_the_workspace_and_nothing_else(ws: Workspace) -> None:
    before = scheme("danger")
    new = Guidelines("도움을 청하면 위험입니다.", {"danger": "- 예: 불이 났어요"})
    guidelines.save(ws, "danger", new, guidelines.of("danger"), "kim")
    assert guidelines.of("danger") == new
    assert [x.code for x in scheme("danger").labels] == [x.code for x in before.labels]
    assert scheme("danger").label("danger").key == before.label("danger").key
    assert is_bundled("danger")
    assert "danger" not in [row.scheme.name for row in ws.store.schemes.list()]
    assert schemes.use(ws, "danger").made is None
    assert parse_toml(to_toml(scheme("danger")), "danger.toml").guideline == "도움을 청하면 위험입니다."
    assert guidelines.written(["urgency", "danger"]) == ["danger"]
    assert next(s for s in BUNDLED if s.name == "danger").guideline == ""


def test_what_somebody_wrote_since_is_not_overwritten(ws: Workspace) -> None:
    schemes.save(ws, parse_toml(MOOD, "mood.toml"), "kim")
    seen = guidelines.of("mood")
    guidelines.save(ws, "mood", Guidelines("이", {"good": "가"}), seen, "kim")
    with pytest.raises(Stale, match="somebody else changed the guidelines of mood meanwhile") as error:
        guidelines.save(ws, "mood", Guidelines("박", {}), seen, "park")
    assert error.value.theirs == {"text": "이", "classes": {"good": "가"}}
    assert guidelines.of("mood") == Guidelines("이", {"good": "가"})
    guidelines.save(ws, "mood", Guidelines(), guidelines.of("mood"), "park")
    assert not guidelines.of("mood")
    assert SCHEMES["mood"].codes == ("good", "bad")


def test_a_change_of_the_classes_keeps_the_guidelines(ws: Workspace) -> None:
    written = schemes.save(ws, parse_toml(MOOD, "mood.toml"), "kim")
    bare = parse_toml('name = "mood"\nko = "기분"\n[[label]]\ncode = "good"\nko = "아주 좋음"\n'
                      '[[label]]\ncode = "bad"\nko = "나쁨"\nguideline = "새로"\n', "mood.toml")  # fmt: skip
    changed = schemes.change(ws, bare, "park")
    assert (changed.guideline, changed.label("good").ko) == (written.guideline, "아주 좋음")
    assert [x.guideline for x in changed.labels] == [written.label("good").guideline, "새로"]
    again = schemes.save(ws, parse_toml(MOOD.replace("목소리를 먼저", "낱말을 먼저"), "mood.toml"), "park")
    assert again.guideline == "낱말을 먼저 듣습니다."
    assert again.label("bad").guideline == "새로"


def test_unknown_scheme_and_class_are_named(ws: Workspace) -> None:
    with pytest.raises(UnknownName, match="scheme"):
        guidelines.of("none")
    with pytest.raises(UnknownName, match="class"):
        guidelines.save(ws, "danger", Guidelines("", {"cat": "x"}), guidelines.of("danger"), "kim")
