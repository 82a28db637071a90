"""Guidelines of schemes: kept in the TOML and in the store, for bundled schemes too, and never overwritten unseen."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadRecord, InputError, Stale, UnknownName
from core.schemes import BUNDLED, SCHEMES, Scheme, is_bundled, publish, scheme
from core.schemes.files import LONGEST_GUIDELINE, parse_toml, to_toml
from core.workflows.corpus import guidelines, schemes
from core.workflows.corpus.guidelines import Guidelines
from core.workflows.workspace import Workspace, open_workspace

KOREAN = ["정의", "포함", "제외", "경계", "예"]
ENGLISH = ["Definition", "Include", "Exclude", "Border cases", "Examples"]
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
    publish(None, ())  # other tests of this process see the bundled schemes as they come


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
    assert guidelines.of("danger", "en") != new, "an English text of its own stays"
    assert SCHEMES.bundled["danger"] == before
    publish(None, ())
    assert scheme("danger") == before


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


@pytest.mark.parametrize("bundled", BUNDLED, ids=lambda bundled: bundled.name)
def test_a_bundled_scheme_comes_with_guidelines_in_both_languages(bundled: Scheme) -> None:
    for label in bundled.labels:
        for text, words in ((label.guideline, KOREAN), (label.guideline_en, ENGLISH)):
            assert re.findall(r"\*\*([^*]+)\*\*", text) == words, label.code
            assert text.rpartition("**")[2].count('"') >= 4, "two examples"
    assert re.search("[가-힣]", bundled.guideline)
    assert bundled.guideline_en
    assert not re.search("[가-힣]", bundled.guideline_en)


def test_a_language_is_written_alone_where_it_has_texts_of_its_own(ws: Workspace) -> None:
    seen = guidelines.of("danger", "en")
    ours = Guidelines("our rule", seen.classes)
    guidelines.save(ws, "danger", ours, seen, "kim", "en")
    assert guidelines.of("danger", "en") == ours
    assert scheme("danger").guideline == SCHEMES.bundled["danger"].guideline
    schemes.save(ws, parse_toml(MOOD, "mood.toml"), "kim")  # one text for every reader
    seen = guidelines.of("mood", "en")
    assert seen == guidelines.of("mood")
    guidelines.save(ws, "mood", Guidelines("listen", seen.classes), seen, "kim", "en")
    assert guidelines.of("mood").text == guidelines.of("mood", "en").text == "listen"
    assert guidelines.of("mood").classes == seen.classes


def test_what_comes_with_the_program_fills_only_what_is_empty(ws: Workspace) -> None:
    bundled = SCHEMES.bundled["urgency"]
    assert guidelines.offered("urgency") == 0
    with pytest.raises(InputError, match="no guideline is empty"):
        guidelines.take_over(ws, "urgency", "kim")
    old = replace(bundled, guideline="", guideline_en="", labels=tuple(
        replace(x, guideline="우리 것" if x.code == "low" else "", guideline_en="") for x in bundled.labels
    ))  # fmt: skip
    ws.store.schemes.put_guidelines("urgency", lambda _: old, "kim", "2026-01-01T00:00:00+00:00")
    assert scheme("urgency") == old, "an earlier workspace shows what it wrote, and nothing beside it"
    assert guidelines.offered("urgency") == 3
    guidelines.take_over(ws, "urgency", "park")
    assert scheme("urgency").label("low") == old.label("low")
    assert scheme("urgency").label("high") == bundled.label("high")
    assert scheme("urgency").guideline_en == bundled.guideline_en
    assert guidelines.offered("urgency") == 0


def test_a_scheme_with_its_guidelines_fits_into_the_file_that_is_written_of_it(ws: Workspace) -> None:
    codes = [f"c{n}" for n in range(20)]
    schemes.propose(ws, "many", codes)
    seen = guidelines.of("many")
    with pytest.raises(BadRecord, match="a scheme has at most 262,144"):
        guidelines.save(ws, "many", Guidelines("", dict.fromkeys(codes, "가" * LONGEST_GUIDELINE)), seen, "kim")
    assert guidelines.of("many") == seen
    guidelines.save(ws, "many", Guidelines("", dict.fromkeys(codes, "가" * 10_000)), seen, "kim")
    assert guidelines.of("many").classes == parse_of("many")


def parse_of(name: str) -> dict[str, str]:
    """The guidelines of the classes in the file that is written of scheme `name`."""
    return {label.code: label.guideline for label in parse_toml(to_toml(scheme(name)), name).labels}


def test_unknown_scheme_and_class_are_named(ws: Workspace) -> None:
    with pytest.raises(UnknownName, match="scheme"):
        guidelines.of("none")
    with pytest.raises(UnknownName, match="class"):
        guidelines.save(ws, "danger", Guidelines("", {"cat": "x"}), guidelines.of("danger"), "kim")
