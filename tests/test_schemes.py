"""core.schemes: bundled files, TOML, spellings, allowed changes of a scheme, and schemes made from values in data."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import schemes
from core.errors import BadRecord, CoreError, InputError, UnknownName
from core.schemes import (
    BUNDLED,
    DANGER,
    SCHEMES,
    Label,
    Scheme,
    check_growth,
    join_codes,
    review_keys,
    split_codes,
    tidy,
)
from core.schemes.files import (
    LONGEST_FILE,
    MOST_CLASSES,
    SPARE_KEYS,
    extend_scheme,
    from_document,
    parse_toml,
    slug,
    to_document,
    to_toml,
)
from core.schemes.missing import class_values, is_missing, read_value
from core.text.visible import folded, visible

MOOD = """
name = "mood"
ko = "기분"
en = "Mood"
level = "recording"
kind = "multi"

[[label]]
code = "good"
ko = "좋음"
en = "Good"
key = "g"
color = "#00AA00"
aliases = ["+", "기분 좋다"]

[[label]]
code = "bad"
ko = "나쁨"
critical = true

[[label]]
code = "none"
ko = "없음"
key = "1"
"""


@pytest.fixture
def own() -> Iterator[Scheme]:
    """A multi scheme of the workspace that is published to this process."""
    parsed = parse_toml(MOOD, "mood.toml")
    schemes.publish("a test", [parsed])
    yield parsed
    schemes.publish(None, [])


def empty(name: str = "found", **more: Any) -> Scheme:
    return Scheme(name, name, name, "utterance", (), state="proposed", **more)


# --- files -----------------------------------------------------------------------------------------------------------


def test_the_bundled_schemes() -> None:
    assert list(SCHEMES)[:6] == ["danger", "urgency", "sentiment", "disaster", "emotion-dialogue", "emotion-diary"]
    assert [(x.code, x.ko, x.key) for x in DANGER.labels] == [("normal", "정상", "n"), ("danger", "위험", "d")]
    assert DANGER.critical == "danger"
    assert [s.codes for s in BUNDLED if s.level == "recording"] == [
        ("low", "medium", "high"),
        ("other-negative", "embarrassed", "anxious", "neutral"),
        ("medical", "rescue", "fire", "other"),
    ]


@pytest.mark.parametrize("bundled", BUNDLED, ids=lambda bundled: bundled.name)
def test_a_written_scheme_is_read_back(bundled: Scheme) -> None:
    assert parse_toml(to_toml(bundled), "x.toml") == bundled


def test_missing_fields_get_defaults() -> None:
    parsed = parse_toml(MOOD, "mood.toml")
    assert (parsed.name, parsed.ko, parsed.en, parsed.level, parsed.kind, parsed.state) == (
        "mood", "기분", "Mood", "recording", "multi", "active",
    )  # fmt: skip
    assert parsed.labels[0] == Label("good", "좋음", "Good", "g", "#00aa00")
    assert parsed.labels[1] == Label("bad", "나쁨", "나쁨", "2", "#dc2626"), "a free key, a colour of the palette"
    assert parsed.critical == "bad"
    assert parsed.aliases == (("+", "good"), ("기분 좋다", "good"))
    assert parse_toml("\ufeff" + to_toml(parsed), "x.toml") == parsed
    short = parse_toml('name = "x"\nko = "가"\n[[label]]\ncode = "a"\nko = "나"', "x.toml")
    assert (short.en, short.level, short.kind, short.labels[0].en) == ("가", "utterance", "single", "나")


def test_an_order_is_declared_and_kept() -> None:
    assert [bundled.name for bundled in BUNDLED if bundled.ordinal] == ["urgency"]
    text = 'name = "x"\nko = "가"\nordinal = true\n[[label]]\ncode = "a"\nko = "나"'
    parsed = parse_toml(text, "x.toml")
    assert parsed.ordinal
    assert parse_toml(to_toml(parsed), "x.toml") == parsed
    assert extend_scheme(parsed, ["다"]).ordinal
    assert "ordinal" not in to_document(DANGER), "what an older version reads stays as it was"
    check_growth(parsed, replace(parsed, ordinal=False))  # it is no class: nothing that is stored changes


def mood(**change: Any) -> dict[str, Any]:
    """Return the document of MOOD with changed fields; None removes a field."""
    document = to_document(parse_toml(MOOD, "mood.toml")) | change
    return {key: value for key, value in document.items() if value is not None}


def label(at: int, **change: Any) -> dict[str, Any]:
    rows = mood()["label"]
    rows[at] = {key: value for key, value in (rows[at] | change).items() if value is not None}
    return mood(label=rows)


@pytest.mark.parametrize(
    ("document", "where", "reason"),
    [
        (mood(name=None), "f.toml, name", "is missing"),
        (mood(name="두 낱말"), "f.toml, name", "'두 낱말' is no name"),
        (mood(name="../up"), "f.toml, name", "is no name"),
        (mood(name="a" * 65), "f.toml, name", "is no name"),
        (mood(name=unicodedata.normalize("NFD", "기분")), "f.toml, name", "is no name"),
        (mood(name="text"), "f.toml, name", "'text' is the name of a column of every table"),
        (mood(name=3), "f.toml, name", "expected a text, found '3'"),
        (mood(ko="  "), "f.toml, ko", "is empty"),
        (mood(ko="가" * 101), "f.toml, ko", "101 characters; at most 100"),
        (mood(en="a\x00b"), "f.toml, en", "holds the control character U+0000"),
        (mood(level="call"), "f.toml, level", "'call' is not one of utterance, recording"),
        (mood(kind="many"), "f.toml, kind", "'many' is not one of single, multi"),
        (mood(labels=[]), "f.toml, labels", "no such field; there are name, ko, en, level, kind, ordinal, guideline"),
        (mood(ordinal="yes"), "f.toml, ordinal", "expected true or false, found 'yes'"),
        (mood(ordinal=True), "f.toml, ordinal", "several classes at once have no order; only a single scheme is"),
        (mood(label=[]), "f.toml, label", "0 classes; a scheme has 1 to 256"),
        (mood(label=[3]), "f.toml, label 1", "is no table: classes are written as [[label]] blocks"),
        (label(1, code=None), "f.toml, label 2, code", "is missing"),
        (label(1, code="a b"), "f.toml, label 2, code", "'a b' is no code"),
        (label(1, code="a|b"), "f.toml, label 2, code", "'a|b' is no code"),
        (label(1, code="-"), "f.toml, label 2, code", "'-' is no code"),
        (label(1, code="good"), "f.toml, label 2, code", "'good' is the code of two classes"),
        (label(1, code=["x"]), "f.toml, label 2, code", "expected a text"),
        (label(2, key="z"), "f.toml, label 3, key", "'z' is no key: one letter or digit, not s, z, e"),
        (label(2, key="12"), "f.toml, label 3, key", "'12' is no key"),
        (label(2, key="ㄱ"), "f.toml, label 3, key", "is no key"),
        (label(2, key="G"), "f.toml, label 3, key", "'g' is the key of label 1 already"),
        (label(0, color="red"), "f.toml, label 1, color", "'red' is no colour; write #rrggbb"),
        (label(0, color="#12345678"), "f.toml, label 1, color", "is no colour"),
        (label(0, critical=1), "f.toml, label 1, critical", "expected true or false"),
        (label(0, critical=True), "f.toml, critical", "good, bad: at most one class is critical"),
        (label(0, aliases="+"), "f.toml, label 1, aliases", "expected a list"),
        (label(0, aliases=[1]), "f.toml, label 1, aliases", "expected a text, found '1'"),
        (label(2, aliases=["GOOD"]), "f.toml, label 3", "'GOOD' means class 'good' already"),
        (label(2, ko="나쁨"), "f.toml, label 3", "'나쁨' means class 'bad' already"),
        (label(2, ko="가|나"), "f.toml, label 3", "holds '|'"),
        (label(0, colour="#000000"), "f.toml, label 1, colour", "no such field; there are code, ko, en, key, color"),
    ],
)
def test_a_wrong_field_is_named(document: dict[str, Any], where: str, reason: str) -> None:
    with pytest.raises(BadRecord) as refused:
        from_document(document, "f.toml")
    assert refused.value.where == where
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "is not TOML: Invalid value"),
        ("name = 'a'\nname = 'b'", "is not TOML"),
        ("a = " + "9" * 5000, "is not TOML"),
        ("a = " + "[" * 50_000, "is nested too deeply"),
        ("a" * (LONGEST_FILE + 1), "262,145 characters; a scheme has at most"),
        ("", "name"),
    ],
)
def test_a_file_that_is_no_scheme_is_named(text: str, reason: str) -> None:
    with pytest.raises(BadRecord, match=reason) as refused:
        parse_toml(text, "기분.toml")
    assert str(refused.value).startswith("기분.toml")


@given(text=st.text(max_size=60) | st.text(alphabet="[]=\"'{}.,\n#abelcodkname0 \\u", max_size=80))
def test_any_text_is_a_scheme_or_one_error(text: str) -> None:
    with pytest.raises(CoreError):
        parse_toml(text, "f.toml")
    with pytest.raises(CoreError):
        parse_toml(MOOD.replace('"', "'") + "\n" + text + "\nx", "f.toml")


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_multi_answer_is_its_codes_in_class_order(own: Scheme) -> None:
    assert own.parse("나쁨 | +") == "good|bad"
    assert own.parse("bad|good|bad") == "good|bad"
    assert own.parse("  기분   좋다") == "good"
    with pytest.raises(UnknownName, match="unknown mood class ''"):
        own.parse("good||bad")
    with pytest.raises(UnknownName, match=r"unknown danger class \'normal\|danger\'"):
        DANGER.parse("normal|danger")
    assert split_codes("good|bad") == ("good", "bad")
    assert join_codes("mood", ["none", "good"]) == "good|none"
    assert join_codes("gone", ["b", "a"]) == "a|b", "a scheme that this process does not know yet"


def test_classes_beyond_the_last_key_have_none(own: Scheme) -> None:
    many = extend_scheme(empty(kind="multi"), [f"class {n}" for n in range(50)])
    keys = list(review_keys([DANGER, many]).values())
    used = [key for key in keys if key]
    assert len(used) == len(set(used)) == len(SPARE_KEYS) == 33
    assert keys[:2] == ["n", "d"]
    assert keys[-1] == ""
    assert parse_toml(to_toml(many), "x.toml").labels == many.labels


# --- growing ---------------------------------------------------------------------------------------------------------


def test_a_scheme_grows_at_its_end_only(own: Scheme) -> None:
    a, b, c = own.labels
    more = Label("new", "새", "New", "n", "#000000")
    check_growth(own, replace(own, labels=(replace(a, ko="아주 좋음"), b, c, more), ko="다른 제목", critical=""))
    with pytest.raises(InputError, match=r"class 'bad' of place 2 is gone; a class keeps its place.*append new"):
        check_growth(own, replace(own, labels=(a, c)))
    with pytest.raises(InputError, match="class 'good' of place 1 was moved to place 2"):
        check_growth(own, replace(own, labels=(b, a, c)))
    with pytest.raises(InputError, match="its kind is 'multi' and cannot become 'single'"):
        check_growth(own, replace(own, kind="single"))
    with pytest.raises(InputError, match="its level is 'recording' and cannot become 'utterance'"):
        check_growth(own, replace(own, level="utterance"))


def test_values_become_classes() -> None:
    parsed = extend_scheme(empty(), ["기쁨", "당황/난처", "-1", "joy", "Joy ", " a  b", "a_20_b", "=1+1", "🔥", "기쁨"])
    assert parsed.codes == ("기쁨", "당황_2f_난처", "_2d_1", "joy", "a_20_b_2", "a_20_b", "_3d_1_2b_1", "_1f525_")
    assert [x.ko for x in parsed.labels][4:6] == ["a b", "a_20_b"]
    assert [parsed.parse(v) for v in ("JOY", "a b", "a_20_b", "-1", "=1+1")] == [
        "joy", "a_20_b_2", "a_20_b", "_2d_1", "_3d_1_2b_1",
    ]  # fmt: skip
    assert parsed.state == "proposed"
    assert extend_scheme(parsed, ["기쁨", "슬픔"]).codes == (*parsed.codes, "슬픔")
    check_growth(parsed, extend_scheme(parsed, ["슬픔"]))


def test_a_column_of_texts_makes_no_scheme() -> None:
    with pytest.raises(InputError, match=r"257 different values, a scheme has at most 256 classes; is this a column"):
        extend_scheme(empty(), map(str, range(MOST_CLASSES + 1)))
    with pytest.raises(BadRecord, match="201 characters; at most 100"):
        extend_scheme(empty(), ["가" * 201])
    assert extend_scheme(empty(), ["a\x07", "a"]).codes == ("a",), "nobody sees a control character"
    with pytest.raises(BadRecord, match=r"value .* is empty"):
        extend_scheme(empty(), ["\u200b"])


HIDDEN = [
    "긴급\u200b", "\ufeff긴급", "긴급\u00ad", "긴\u2060급", "\u202a긴급\u202c", "긴급\ufe0f", "긴급\u00a0", " 긴급 ",
    "긴급\u3164", unicodedata.normalize("NFD", "긴급"), "긴급\u200e", "긴급\U000e0001",
]  # fmt: skip
NOTHING = [
    "-", "--", "–", "ㅡ", "N/A", "n/a", "#N/A", "#REF!", "nan", "NaN", "NULL", "<NA>", "None", "NA", "", " \u200b",
    "－", "(blank)",
]  # fmt: skip


@pytest.mark.parametrize("value", HIDDEN)
def test_what_nobody_sees_makes_no_class(value: str) -> None:
    parsed = extend_scheme(empty(), [value, "긴급", "비긴급"])
    assert [label.ko for label in parsed.labels] == ["긴급", "비긴급"]
    assert [parsed.parse(v) for v in (value, "긴급", "비긴급")] == ["긴급", "긴급", "비긴급"]


def test_width_and_inner_spaces_make_no_class() -> None:
    assert class_values(["ＵＲＧＥＮＴ", "urgent", "비  긴급", "비\u3000긴급", "１", "1"]) == ["urgent", "비 긴급", "1"]
    parsed = extend_scheme(empty(), ["urgent", "비긴급", "긴급."])
    assert parsed.parse("Ｕｒｇｅｎｔ") == "urgent"
    with pytest.raises(UnknownName):
        parsed.parse("비 긴급")  # a space between words is seen
    assert extend_scheme(empty(), ["👨\u200d👩\u200d👧", "❤️"]).labels[0].ko == "👨\u200d👩\u200d👧", (
        "an emoji stays whole"
    )


def test_a_file_with_two_classes_that_look_the_same_is_refused_but_an_old_scheme_is_read() -> None:
    look = {"name": "x", "ko": "가", "label": [{"code": "a", "ko": "긴급"}, {"code": "b", "ko": "긴급\u200b"}]}
    old = from_document(look, "scheme x of the store")
    assert [old.parse(value) for value in ("긴급", "긴급\u200b")] == ["a", "b"], "as it was stored"
    with pytest.raises(UnknownName):
        old.parse("긴급\u200e")  # it may be either
    with pytest.raises(BadRecord, match="means class 'a' already"):
        parse_toml(to_toml(old), "x.toml")


@pytest.mark.parametrize("value", NOTHING)
def test_what_programs_write_for_nothing_is_no_class(value: str) -> None:
    assert is_missing(value)
    assert class_values([value, "긴급"]) == ["긴급"]
    assert read_value(extend_scheme(empty(), ["긴급"]), value) == ""


def test_words_that_people_use_as_answers_are_classes() -> None:
    assert class_values(["없음", "미정", "none", "na", "-1", "0", "?", "x"]) == [
        "없음", "미정", "none", "na", "-1", "0", "?", "x",
    ]  # fmt: skip
    assert class_values(["+", "-", "N/A"]) == ["+", "-"], "a minus beside a plus is a sign"
    signs = extend_scheme(empty(), ["+", "-"])
    assert [read_value(signs, value) for value in ("+", "-", "N/A")] == ["_2b_", "_2d_", ""]
    moods = extend_scheme(empty(kind="multi"), ["joy", "fear"])
    assert read_value(moods, "fear|-|joy") == "joy|fear"
    with pytest.raises(UnknownName):
        read_value(moods, "fear|rage")


SIGNS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")) | st.sampled_from("aA_2f- .|ㄱ각")
VALUES = st.text(SIGNS, min_size=1, max_size=12).filter(visible)


@given(values=st.lists(VALUES, min_size=1, max_size=12))
def test_each_value_has_its_own_class(values: list[str]) -> None:
    parsed = extend_scheme(empty(), values)
    wanted = dict.fromkeys(map(folded, values))
    assert len(parsed.codes) == len(set(parsed.codes)) == len(wanted)
    for value in values:
        assert folded(parsed.label(parsed.parse(value)).ko) == folded(value)
    assert parse_toml(to_toml(parsed), "x.toml").labels == parsed.labels


@given(value=st.text(min_size=1, max_size=12).filter(lambda v: v.strip()))
def test_a_slug_is_a_legal_code_that_can_be_read_back(value: str) -> None:
    code = slug(value)
    assert re.fullmatch(r"\w[\w.-]*", code)
    assert slug(code) == code
    if "_" not in value:  # an underscore of the value may look like one that slug wrote
        assert re.sub("_([0-9a-f]+)_", lambda m: chr(int(m[1], 16)), code) == tidy(value)


# --- what a process knows --------------------------------------------------------------------------------------------


def test_published_schemes_are_known_and_the_bundled_ones_stay(own: Scheme) -> None:
    assert schemes.scheme("mood") is own
    assert list(SCHEMES)[-1] == "mood"
    assert not schemes.is_bundled("mood")
    schemes.publish("another state", [replace(DANGER, ko="다른 것")])
    assert SCHEMES["danger"] == DANGER  # a workspace gives it guidelines only
    with pytest.raises(UnknownName, match="unknown scheme 'mood'; known: danger, urgency"):
        schemes.scheme("mood")
