"""core.quality: each check of texts, labels, times and recordings, on what it must and must not find."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import schemes
from core.errors import UnknownName
from core.quality import CHECKS, Fact, Finding, Fix, Marked, chosen
from core.quality.marks import Marks, digest
from core.quality.near import Near
from core.quality.types import KEPT, Collector
from core.quality.words import mended, only_masks
from core.records import Call, Said, Span
from core.text import letters, nfc


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    schemes.publish(None, [])


def said(*texts: str, labels: Iterable[Mapping[str, str]] = (), recording: int | None = None) -> list[Marked]:
    """Sentences with ids from 1."""
    told = list(labels) or [{} for _ in texts]
    return [
        Marked(Said(n, recording, text, f"g{n}", "imported", own))
        for n, (text, own) in enumerate(zip(texts, told, strict=True), start=1)
    ]


def call(number: int, *spans: tuple[int, int, str | None], **changes: Any) -> Call:
    """A recording whose utterances have ids number * 10, ...; 10 s long."""
    own = tuple(Span(number * 10 + k, *span) for k, span in enumerate(spans))
    values: dict[str, Any] = {
        "key": f"c{number}", "source_id": 1, "path": f"audio/{number}.wav", "sha256": f"{number}",
        "duration_ms": 10_000 + number, "sample_rate_hz": 8000, "spans": own,
    }  # fmt: skip
    return Call(number, **values | changes)


def seen(name: str, items: Iterable[Any]) -> Collector:
    made = CHECKS[name].make(CHECKS[name])
    for item in items:
        made.take(item)
    return made


def found(name: str, items: Iterable[Any]) -> list[Finding]:
    return seen(name, items).findings()


def fixes(name: str, items: Iterable[Any]) -> list[Fix]:
    return list(seen(name, items).fixes())


def test_every_row_of_the_table_is_sound() -> None:
    assert [name for name, one in CHECKS.items() if name != one.name or not one.reads or not one.what] == []
    for name in CHECKS:
        assert found(name, []) == [], "nothing in, nothing out"
        assert fixes(name, []) == []
    assert [one.name for one in chosen(["silent", "same-text", "silent"])] == ["same-text", "silent"]
    with pytest.raises(UnknownName, match="unknown check 'meh'; known: same-text, same-letters, near-text"):
        chosen(["meh"])


# -- texts that come again


def test_the_same_text_is_told_from_the_second_time_on() -> None:
    items = said("불이야", "연기", "불이야", "불이야", "연기", "불이야!")
    (one,) = found("same-text", items)
    assert (one.count, one.ids, one.severity, one.fix) == (3, (3, 4, 5), "warning", True)
    assert one.message == "3 rows repeat an earlier text (2 different texts)"
    assert fixes("same-text", items)[0] == Fix(3, "the same text as utterance 1", 1)
    assert [(fix.id, fix.keep) for fix in fixes("same-text", items)] == [(3, 1), (4, 1), (5, 2)]


def test_jamo_and_syllables_are_the_same_text() -> None:
    assert found("same-text", said("\u1107\u116e\u11af", "불"))[0].ids == (2,)


def test_blank_sentences_repeat_each_other_but_voices_without_text_do_not() -> None:
    assert found("same-text", said("", "", ""))[0].count == 2
    assert found("same-text", said("", "", "네", "네", recording=7)) == []
    captions = [Marked(Said(n, None, "비명", "g", "caption")) for n in (1, 2)]
    assert found("same-text", captions) == []


def test_the_same_letters_are_told_apart_from_the_same_text() -> None:
    items = said("불이 났어요", "불이났어요!", "불이 났어요", "연기", "?!", "♥")
    (one,) = found("same-letters", items)
    assert (one.count, one.ids, one.severity) == (1, (2,), "info")
    assert fixes("same-letters", items) == [Fix(2, "the same letters as utterance 1, written another way", 1)]


def test_nearly_the_same_text() -> None:
    base = "지하 주차장에서 검은 연기가 계속 올라오고 있어요"
    items = said(base, f"{base} 빨리", "전혀 다른 이야기를 하고 있습니다", base + ".", "네", "네네")
    (one,) = found("near-text", items)
    assert (one.count, one.ids) == (1, (2,))
    assert fixes("near-text", items) == [Fix(2, "nearly the same text as utterance 1", 1)]


@given(st.lists(st.tuples(st.text("가나다라", min_size=8, max_size=14), st.integers(0, 13)), max_size=12))
def test_near_pairs_are_near_and_equal_letters_are_one(cases: list[tuple[str, int]]) -> None:
    near, ids = Near(), {}
    for n, (text, at) in enumerate(cases):
        for number, one in ((2 * n, text), (2 * n + 1, f"{text[:at]}마{text[at:]}")):
            near.add(one, number)
            ids.setdefault(one, number)
    known = set(ids.values())
    for one, first in near.pairs():
        assert first < one
        assert {one, first} <= known
    assert len(near) == len(ids)


def test_one_text_under_different_labels() -> None:
    danger, normal = {"danger": "danger"}, {"danger": "normal"}
    items = said(
        "불이야", "불이야", "불이야", "연기", "연기", "연기", labels=[danger, danger, normal, danger, {}, danger]
    )
    (one,) = found("label-conflict", items)
    assert (one.count, one.ids, one.scheme, one.severity) == (1, (1, 2, 3), "danger", "error")
    assert one.numbers == {"texts": 1, "rows": 3, "labelled": 5, "repeats": 3}
    (fix,) = fixes("label-conflict", items)
    assert fix == Fix(3, "copies of this text carry different labels of danger: danger 2, normal 1")


def test_where_no_label_has_most_every_copy_is_told_and_schemes_are_apart() -> None:
    items = said("가", "가", labels=[{"danger": "danger", "mood": "a|b"}, {"danger": "normal", "mood": "a"}])
    assert [(one.scheme, one.count) for one in found("label-conflict", items)] == [("danger", 1), ("mood", 1)]
    assert [fix.id for fix in fixes("label-conflict", items)] == [1, 2, 1, 2]
    assert found("label-conflict", said("가", "나", labels=[{"danger": "danger"}, {"danger": "normal"}])) == []


def test_in_calls_only_long_texts_must_carry_one_label() -> None:
    labels = [{"danger": "danger"}, {"danger": "normal"}]
    assert found("label-conflict", said("네", "네", labels=labels, recording=7)) == []
    assert found("label-conflict", said(*["건물에 불이 났어요"] * 2, labels=labels, recording=7))[0].count == 1


def test_findings_name_the_first_and_count_all() -> None:
    (one,) = found("same-text", said(*["가"] * (KEPT + 500)))
    assert (one.count, len(one.ids), one.ids[0]) == (KEPT + 499, KEPT, 2)


@given(st.lists(st.binary(min_size=16, max_size=16) | st.sampled_from([b"a" * 16, b"b" * 16]), max_size=30))
def test_groups_are_what_a_dictionary_makes(digests: list[bytes]) -> None:
    marks = Marks()
    first: dict[bytes, int] = {}
    for n, one in enumerate(digests):
        marks.add(one, n)
        first.setdefault(one, n)
    groups = marks.groups()
    assert groups.first.tolist() == [first[one] for one in digests]
    assert groups.again.tolist() == [n for n, one in enumerate(digests) if first[one] != n]
    members = [at for group in range(len(groups.starts)) for at in groups.members(group).tolist()]
    assert sorted(members) == list(range(len(digests)))


# -- texts that say nothing


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[개인정보]", True), ("[전화] [주소].", True), ("&name&", True), ("○○○", True), ("<이름>!", True),
        ("***", True),
        ("[개인정보] 씨", False), ("", False), ("...", False), ("[]", False), ("*", False), ("불", False),
        ("[" * 5000, False),
    ],
)  # fmt: skip
def test_only_masks(text: str, told: bool) -> None:
    assert only_masks(text) is told


def test_what_says_nothing_is_one_of_four() -> None:
    items = [*said("", " \n", "[개인정보]", "?!", "불"), *said("", recording=7)]
    kinds = ("empty-text", "mask-only", "no-letters", "no-transcript")
    assert {name: [one.ids for one in found(name, items)] for name in kinds} == {
        "empty-text": [(1, 2)], "mask-only": [(3,)], "no-letters": [(4,)], "no-transcript": [(1,)],
    }  # fmt: skip
    assert [fix.id for fix in fixes("empty-text", items)] == [1, 2]


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    item = said(text)[0]
    assert item.letters == letters(text)
    assert len(item.text) == len(digest(text)) == 16
    for name, one in CHECKS.items():
        if "said" in one.reads:
            found(name, [item])


# -- recordings


def test_times() -> None:
    calls = [
        call(1, (0, 1000, "caller"), (900, 2000, "caller"), (1900, 2500, "taker")),
        call(2, (0, 0, None), (500, 400, None), (9000, 11_000, "taker")),
        call(3, (9000, 20_000, "taker"), path=None),
    ]
    assert found("inverted-times", calls)[0].ids == (20, 21)
    assert found("beyond-audio", calls)[0].ids == (22,), "without audio nobody knows its length"
    own, other = found("overlapping-times", calls)
    assert (own.ids, own.severity, other.ids, other.severity) == ((11,), "warning", (12,), "info")


def test_recordings_without_audio_and_the_same_audio_twice() -> None:
    calls = [call(1), call(2, sha256="1"), call(3, path=None, sha256=None), call(4, path=None, sha256=None)]
    assert found("no-audio", calls)[0].ids == (3, 4)
    assert found("same-audio", calls)[0].ids == (2,)


def test_equal_lengths_are_suspicious_where_they_are_many() -> None:
    calls = [call(n) for n in range(100)]
    assert found("same-length", calls) == []
    calls += [call(n, duration_ms=5000) for n in range(200, 209)]
    assert found("same-length", calls) == []
    (one,) = found("same-length", [*calls, call(300, duration_ms=5000)])
    assert (one.count, one.numbers["ms"]) == (10, 5000)
    assert one.message == "10 of 110 recordings last exactly 5,000 ms: cut or padded?"
    many = [call(n, duration_ms=n) for n in range(1000)]
    assert found("same-length", [*many, *(call(n, duration_ms=5000) for n in range(20))]) == []


def test_rates_are_mixed_within_a_source_only() -> None:
    calls = [call(1), call(2), call(3, sample_rate_hz=16_000), call(4, source_id=2, sample_rate_hz=16_000)]
    (one,) = found("mixed-rates", calls)
    assert (one.count, one.ids) == (1, (3,))
    assert one.message == "one source has recordings of 2 sample rates: 8,000 Hz 2, 16,000 Hz 1"
    assert found("low-rate", [*calls, call(5, sample_rate_hz=6000), call(6, sample_rate_hz=None)])[0].ids == (5,)


def test_facts_go_to_their_check_and_keep_their_details() -> None:
    facts = [Fact("silent", 3, "at most -80 dBFS"), Fact("clipped", 4), Fact("stray-file", "audio/x.wav")]
    (one,) = found("silent", facts)
    assert (one.ids, one.details, one.level) == ((3,), {"3": "at most -80 dBFS"}, "recording")
    assert fixes("silent", facts) == [Fix(3, "at most -80 dBFS")]
    assert fixes("clipped", facts) == []
    assert found("stray-file", facts)[0].ids == ("audio/x.wav",)


# -- classes


def labelled(n: int, code: str, groups: int) -> list[Marked]:
    return [Marked(Said(k, None, f"{k}", f"{code}{k % groups}", "imported", {"danger": code})) for k in range(n)]


def test_small_classes_are_counted_by_group() -> None:
    (one,) = found("small-class", labelled(100, "danger", 100) + labelled(100, "normal", 19))
    assert (one.scheme, one.count, one.numbers, one.severity) == ("danger", 1, {"normal": 19}, "warning")
    assert found("small-class", labelled(20, "danger", 20) + labelled(20, "normal", 20)) == []
    (one,) = found("small-class", labelled(20, "danger", 20) + labelled(20, "normal", 2))
    assert one.severity == "error"
    (one,) = found("small-class", labelled(20, "danger", 20))
    assert (one.numbers, one.severity) == ({"normal": 0}, "warning")
    assert one.message == "danger: 1 classes with fewer than 20 groups (normal 0); a split may leave them out"


def test_small_classes_of_recordings_and_of_several_at_once() -> None:
    calls = [call(n, labels={"urgency": "high"}) for n in range(30)]
    (one,) = found("small-class", calls)
    assert one.numbers == {"low": 0, "medium": 0}
    items = said(*"가나다", labels=[{"mood": "a|b"}, {"mood": "a"}, {}])
    (one,) = found("small-class", items)
    assert one.numbers == {"a": 2, "b": 1}, "a scheme that this process does not know fails nothing"


# -- texts that can be mended


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("불이  났어요", "불이 났어요"),
        (" 불이\t났어요\n빨리\u3000", "불이 났어요 빨리"),
        ("\ufeff불\u200b이\x07 났\u202e어요\xad", "불이 났어요"),
        ("１１９，ＦＩＲＥ！", "119,FIRE!"),
        ("\uffa1\uffc2", "ㄱㅏ"),
        ("각", "각"),
        ("👩\u200d🚒 🏴\U000e0067\U000e007f ㅎㅈ ㅋㅋ", "👩\u200d🚒 🏴\U000e0067\U000e007f ㅎㅈ ㅋㅋ"),
        ("\u200b", ""),
    ],
)
def test_a_text_is_mended_without_changing_a_word(text: str, wanted: str) -> None:
    assert mended(text) == wanted


@given(st.text())
def test_what_is_mended_has_nothing_left_to_mend(text: str) -> None:
    assert mended(mended(text)) == mended(text)
    assert letters(mended(text)) == letters(mended(nfc(text)))
    assert not found("untidy-text", said(mended(text)))


def test_texts_with_signs_out_of_place_are_found_and_counted() -> None:
    items = said("불이 났어요", " 불이\u200b 났어요", "１１９", "   ", "\u200b", "네\n네")
    (one,) = found("untidy-text", items)
    assert (one.count, one.ids, one.severity, one.fix) == (3, (2, 3, 6), "info", True)
    assert one.numbers == {"space": 2, "hidden": 1, "wide": 1}
    assert one.message == "3 texts have hidden characters, full-width letters or white space out of place"
    assert [fix.id for fix in fixes("untidy-text", items)] == [2, 3, 6]
    assert {one.name for one in CHECKS.values() if one.mend} == {"untidy-text"}
