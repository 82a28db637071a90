"""core.quality: each check of texts, labels, times and recordings, with items that it must and must not find."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import schemes
from core.errors import UnknownName
from core.quality import CHECKS, DigestedUtterance, Fact, Finding, Fix, select_checks
from core.quality.digests import DigestTable, digest
from core.quality.near_duplicates import NearDuplicates
from core.quality.texts import only_masks, tidy_text
from core.quality.types import MAX_IDS, Collector
from core.records import ScannedRecording, ScannedSpan, ScannedUtterance
from core.text import letters, nfc


@pytest.fixture(autouse=True)
def _restore_schemes() -> Iterator[None]:
    yield
    schemes.publish(None, [])


def sentences(
    *texts: str, labels: Iterable[Mapping[str, str]] = (), recording: int | None = None
) -> list[DigestedUtterance]:
    """Sentences with ids from 1."""
    given = list(labels) or [{} for _ in texts]
    return [
        DigestedUtterance(ScannedUtterance(n, recording, text, f"g{n}", "imported", own))
        for n, (text, own) in enumerate(zip(texts, given, strict=True), start=1)
    ]


def call(number: int, *spans: tuple[int, int, str | None], **changes: Any) -> ScannedRecording:
    """A recording whose utterances have ids number * 10, ...; 10 s long."""
    own = tuple(ScannedSpan(number * 10 + k, *span) for k, span in enumerate(spans))
    values: dict[str, Any] = {
        "key": f"c{number}", "source_id": 1, "path": f"audio/{number}.wav", "sha256": f"{number}",
        "duration_ms": 10_000 + number, "sample_rate_hz": 8000, "spans": own,
    }  # fmt: skip
    return ScannedRecording(number, **values | changes)


def collect(name: str, items: Iterable[Any]) -> Collector:
    """The collector of a check after it has taken all items."""
    collector = CHECKS[name].make(CHECKS[name])
    for item in items:
        collector.take(item)
    return collector


def findings(name: str, items: Iterable[Any]) -> list[Finding]:
    return collect(name, items).findings()


def fixes(name: str, items: Iterable[Any]) -> list[Fix]:
    return list(collect(name, items).fixes())


def test_every_row_of_the_table_is_sound() -> None:
    assert [name for name, check in CHECKS.items() if name != check.name or not check.reads or not check.what] == []
    for name in CHECKS:
        assert findings(name, []) == [], "nothing in, nothing out"
        assert fixes(name, []) == []
    assert [check.name for check in select_checks(["silent", "same-text", "silent"])] == ["same-text", "silent"]
    with pytest.raises(UnknownName, match="unknown check 'meh'; known: same-text, same-letters, near-text"):
        select_checks(["meh"])


# -- repeated texts


def test_a_repeated_text_is_reported_from_its_second_row_on() -> None:
    items = sentences("불이야", "연기", "불이야", "불이야", "연기", "불이야!")
    (finding,) = findings("same-text", items)
    assert (finding.count, finding.ids, finding.severity, finding.fix) == (3, (3, 4, 5), "warning", True)
    assert finding.message == "3 rows repeat an earlier text (2 different texts)"
    assert fixes("same-text", items)[0] == Fix(3, "the same text as utterance 1", 1)
    assert [(fix.id, fix.keep) for fix in fixes("same-text", items)] == [(3, 1), (4, 1), (5, 2)]


def test_jamo_and_syllables_are_the_same_text() -> None:
    assert findings("same-text", sentences("\u1107\u116e\u11af", "불"))[0].ids == (2,)


def test_blank_sentences_repeat_each_other_but_voices_without_text_do_not() -> None:
    assert findings("same-text", sentences("", "", ""))[0].count == 2
    assert findings("same-text", sentences("", "", "네", "네", recording=7)) == []
    captions = [DigestedUtterance(ScannedUtterance(n, None, "비명", "g", "caption")) for n in (1, 2)]
    assert findings("same-text", captions) == []


def test_equal_letters_and_equal_texts_are_different_findings() -> None:
    items = sentences("불이 났어요", "불이났어요!", "불이 났어요", "연기", "?!", "♥")
    (finding,) = findings("same-letters", items)
    assert (finding.count, finding.ids, finding.severity) == (1, (2,), "info")
    assert fixes("same-letters", items) == [Fix(2, "the same letters as utterance 1, written another way", 1)]


def test_nearly_the_same_text() -> None:
    base = "지하 주차장에서 검은 연기가 계속 올라오고 있어요"
    items = sentences(base, f"{base} 빨리", "전혀 다른 이야기를 하고 있습니다", base + ".", "네", "네네")
    (finding,) = findings("near-text", items)
    assert (finding.count, finding.ids) == (1, (2,))
    assert fixes("near-text", items) == [Fix(2, "nearly the same text as utterance 1", 1)]


@given(st.lists(st.tuples(st.text("가나다라", min_size=8, max_size=14), st.integers(0, 13)), max_size=12))
def test_near_pairs_are_near_and_equal_letters_are_one(cases: list[tuple[str, int]]) -> None:
    near, ids = NearDuplicates(), {}
    for n, (text, at) in enumerate(cases):
        for number, variant in ((2 * n, text), (2 * n + 1, f"{text[:at]}마{text[at:]}")):
            near.add(variant, number)
            ids.setdefault(variant, number)
    known = set(ids.values())
    for later, first in near.pairs():
        assert first < later
        assert {later, first} <= known
    assert len(near) == len(ids)


def test_one_text_under_different_labels() -> None:
    danger, normal = {"danger": "danger"}, {"danger": "normal"}
    items = sentences(
        "불이야", "불이야", "불이야", "연기", "연기", "연기", labels=[danger, danger, normal, danger, {}, danger]
    )
    (finding,) = findings("label-conflict", items)
    assert (finding.count, finding.ids, finding.scheme, finding.severity) == (1, (1, 2, 3), "danger", "error")
    assert finding.numbers == {"texts": 1, "rows": 3, "labelled": 5, "repeats": 3}
    (fix,) = fixes("label-conflict", items)
    assert fix == Fix(3, "copies of this text carry different labels of danger: danger 2, normal 1", 1)


def test_without_a_most_frequent_label_all_but_the_first_copy_go_and_schemes_are_separate() -> None:
    items = sentences("가", "가", labels=[{"danger": "danger", "mood": "a|b"}, {"danger": "normal", "mood": "a"}])
    assert [(finding.scheme, finding.count) for finding in findings("label-conflict", items)] == [
        ("danger", 1),
        ("mood", 1),
    ]
    assert [(fix.id, fix.keep) for fix in fixes("label-conflict", items)] == [(2, 1), (2, 1)]
    assert findings("label-conflict", sentences("가", "나", labels=[{"danger": "danger"}, {"danger": "normal"}])) == []


def test_in_calls_only_long_texts_must_carry_one_label() -> None:
    labels = [{"danger": "danger"}, {"danger": "normal"}]
    assert findings("label-conflict", sentences("네", "네", labels=labels, recording=7)) == []
    assert findings("label-conflict", sentences(*["건물에 불이 났어요"] * 2, labels=labels, recording=7))[0].count == 1


def test_findings_name_the_first_ids_and_count_all() -> None:
    (finding,) = findings("same-text", sentences(*["가"] * (MAX_IDS + 500)))
    assert (finding.count, len(finding.ids), finding.ids[0]) == (MAX_IDS + 499, MAX_IDS, 2)


@given(st.lists(st.binary(min_size=16, max_size=16) | st.sampled_from([b"a" * 16, b"b" * 16]), max_size=30))
def test_groups_are_what_a_dictionary_makes(digests: list[bytes]) -> None:
    table = DigestTable()
    first: dict[bytes, int] = {}
    for n, value in enumerate(digests):
        table.add(value, n)
        first.setdefault(value, n)
    groups = table.groups()
    assert groups.first.tolist() == [first[value] for value in digests]
    assert groups.repeats.tolist() == [n for n, value in enumerate(digests) if first[value] != n]
    members = [at for group in range(len(groups.starts)) for at in groups.members(group).tolist()]
    assert sorted(members) == list(range(len(digests)))


# -- texts without content


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[개인정보]", True), ("[전화] [주소].", True), ("&name&", True), ("○○○", True), ("<이름>!", True),
        ("***", True),
        ("[개인정보] 씨", False), ("", False), ("...", False), ("[]", False), ("*", False), ("불", False),
        ("[" * 5000, False),
    ],
)  # fmt: skip
def test_only_masks(text: str, expected: bool) -> None:
    assert only_masks(text) is expected


def test_a_text_without_content_has_one_of_four_faults() -> None:
    items = [*sentences("", " \n", "[개인정보]", "?!", "불"), *sentences("", recording=7)]
    kinds = ("empty-text", "mask-only", "no-letters", "no-transcript")
    assert {name: [finding.ids for finding in findings(name, items)] for name in kinds} == {
        "empty-text": [(1, 2)], "mask-only": [(3,)], "no-letters": [(4,)], "no-transcript": [(1,)],
    }  # fmt: skip
    assert [fix.id for fix in fixes("empty-text", items)] == [1, 2]


@given(st.text())
def test_every_text_is_accepted(text: str) -> None:
    item = sentences(text)[0]
    assert item.letters == letters(text)
    assert len(item.text) == len(digest(text)) == 16
    for name, check in CHECKS.items():
        if "utterance" in check.reads:
            findings(name, [item])


# -- recordings


def test_times() -> None:
    calls = [
        call(1, (0, 1000, "caller"), (900, 2000, "caller"), (1900, 2500, "taker")),
        call(2, (0, 0, None), (500, 400, None), (9000, 11_000, "taker")),
        call(3, (9000, 20_000, "taker"), path=None),
    ]
    assert findings("inverted-times", calls)[0].ids == (20, 21)
    assert findings("beyond-audio", calls)[0].ids == (22,), "without audio nobody knows its length"
    same, other = findings("overlapping-times", calls)
    assert (same.ids, same.severity, other.ids, other.severity) == ((11,), "warning", (12,), "info")


def test_recordings_without_audio_and_the_same_audio_twice() -> None:
    calls = [call(1), call(2, sha256="1"), call(3, path=None, sha256=None), call(4, path=None, sha256=None)]
    assert findings("no-audio", calls)[0].ids == (3, 4)
    assert findings("same-audio", calls)[0].ids == (2,)


def test_equal_lengths_are_suspicious_where_they_are_many() -> None:
    calls = [call(n) for n in range(100)]
    assert findings("same-length", calls) == []
    calls += [call(n, duration_ms=5000) for n in range(200, 209)]
    assert findings("same-length", calls) == []
    (finding,) = findings("same-length", [*calls, call(300, duration_ms=5000)])
    assert (finding.count, finding.numbers["ms"]) == (10, 5000)
    assert finding.message == "10 of 110 recordings last exactly 5,000 ms: cut or padded?"
    many = [call(n, duration_ms=n) for n in range(1000)]
    assert findings("same-length", [*many, *(call(n, duration_ms=5000) for n in range(20))]) == []


def test_rates_are_mixed_within_a_source_only() -> None:
    calls = [call(1), call(2), call(3, sample_rate_hz=16_000), call(4, source_id=2, sample_rate_hz=16_000)]
    (finding,) = findings("mixed-rates", calls)
    assert (finding.count, finding.ids) == (1, (3,))
    assert finding.message == "one source has recordings of 2 sample rates: 8,000 Hz 2, 16,000 Hz 1"
    assert findings("low-rate", [*calls, call(5, sample_rate_hz=6000), call(6, sample_rate_hz=None)])[0].ids == (5,)


def test_facts_go_to_their_check_and_keep_their_details() -> None:
    facts = [Fact("silent", 3, "at most -80 dBFS"), Fact("clipped", 4), Fact("stray-file", "audio/x.wav")]
    (finding,) = findings("silent", facts)
    assert (finding.ids, finding.details, finding.level) == ((3,), {"3": "at most -80 dBFS"}, "recording")
    assert fixes("silent", facts) == [Fix(3, "at most -80 dBFS")]
    assert fixes("clipped", facts) == []
    assert findings("stray-file", facts)[0].ids == ("audio/x.wav",)


# -- classes


def labelled(n: int, code: str, groups: int) -> list[DigestedUtterance]:
    return [
        DigestedUtterance(ScannedUtterance(k, None, f"{k}", f"{code}{k % groups}", "imported", {"danger": code}))
        for k in range(n)
    ]


def test_small_classes_are_counted_by_group() -> None:
    (finding,) = findings("small-class", labelled(100, "danger", 100) + labelled(100, "normal", 19))
    assert (finding.scheme, finding.count, finding.numbers, finding.severity) == (
        "danger",
        1,
        {"normal": 19},
        "warning",
    )
    assert findings("small-class", labelled(20, "danger", 20) + labelled(20, "normal", 20)) == []
    (finding,) = findings("small-class", labelled(20, "danger", 20) + labelled(20, "normal", 2))
    assert finding.severity == "error"
    (finding,) = findings("small-class", labelled(20, "danger", 20))
    assert (finding.numbers, finding.severity) == ({"normal": 0}, "warning")
    assert finding.message == "danger: 1 classes with fewer than 20 groups (normal 0); a split may leave them out"


def test_small_classes_of_recordings_and_of_several_at_once() -> None:
    calls = [call(n, labels={"urgency": "high"}) for n in range(30)]
    (finding,) = findings("small-class", calls)
    assert finding.numbers == {"low": 0, "medium": 0}
    items = sentences(*"가나다", labels=[{"mood": "a|b"}, {"mood": "a"}, {}])
    (finding,) = findings("small-class", items)
    assert finding.numbers == {"a": 2, "b": 1}, "a scheme that this process does not know fails nothing"


# -- texts that can be tidied


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
def test_a_text_is_tidied_without_changing_a_word(text: str, wanted: str) -> None:
    assert tidy_text(text) == wanted


@given(st.text())
def test_a_tidy_text_stays_as_it_is(text: str) -> None:
    assert tidy_text(tidy_text(text)) == tidy_text(text)
    assert letters(tidy_text(text)) == letters(tidy_text(nfc(text)))
    assert not findings("untidy-text", sentences(tidy_text(text)))


def test_texts_with_signs_out_of_place_are_found_and_counted() -> None:
    items = sentences("불이 났어요", " 불이\u200b 났어요", "１１９", "   ", "\u200b", "네\n네")
    (finding,) = findings("untidy-text", items)
    assert (finding.count, finding.ids, finding.severity, finding.fix) == (3, (2, 3, 6), "info", True)
    assert finding.numbers == {"space": 2, "hidden": 1, "wide": 1}
    assert finding.message == "3 texts have hidden characters, full-width letters or white space out of place"
    assert [fix.id for fix in fixes("untidy-text", items)] == [2, 3, 6]
    assert {check.name for check in CHECKS.values() if check.rewrite} == {"untidy-text"}


# -- between places


def placed(*rows: tuple[str, int, tuple[str, ...]]) -> list[DigestedUtterance]:
    """Sentences of (text, source, published sides), with ids from 1."""
    return [
        DigestedUtterance(ScannedUtterance(n, None, text, f"g{n}", "imported", {}, source, sides))
        for n, (text, source, sides) in enumerate(rows, start=1)
    ]


def test_a_text_between_sources_is_told_once_for_each_row_and_blank_ones_are_not() -> None:
    items = placed(
        ("불이야", 1, ()), ("불이야", 1, ()), ("불이야 ", 2, ()), ("연기", 2, ()), ("", 1, ()), ("\u200b", 2, ())
    )
    (finding,) = findings("between-sources", items)
    assert (finding.count, finding.ids, finding.fix) == (1, (3,), False)
    assert finding.details == {"3": "the same as number 1 there"}
    assert fixes("between-sources", items) == []
    assert findings("between-sources", placed(("불이야", 1, ()), ("불이야", 1, ()))) == []


def test_a_text_between_splits_names_the_splits() -> None:
    items = placed(
        ("불이야", 1, ("train",)), ("불이야", 1, ("test",)), ("불이야", 1, ("train",)), ("연기", 1, ("validation",)),
        ("연기", 2, ("train",)), ("물", 1, ()), ("물", 1, ("test",)), ("한 줄이 두 곳에", 1, ("train", "test")),
    )  # fmt: skip
    (finding,) = findings("between-splits", items)
    assert (finding.count, finding.ids, finding.severity) == (3, (2, 5, 8), "error")
    assert finding.numbers == {"rows": 3, "items": 3, "train, test": 2, "validation, train": 1}
    assert findings("between-splits", placed(("불이야", 1, ("train",)), ("불이야", 1, ("train",)))) == []


def test_audio_between_sources_and_splits() -> None:
    calls = [call(1), call(2, sha256="1", source_id=2), call(3, sha256="1"), call(4, sha256=None, source_id=3)]
    assert [f.ids for f in findings("audio-between-sources", calls)] == [(2,)]
    split = [call(1, sides=("train",)), call(2, sha256="1", sides=("test",)), call(3, sides=("test",))]
    (finding,) = findings("audio-between-splits", split)
    assert (finding.ids, finding.numbers["train, test"]) == ((2,), 1)


# -- copies


def test_the_copy_that_stays_has_the_label_of_most_and_every_check_keeps_the_same() -> None:
    danger, normal = {"danger": "danger"}, {"danger": "normal"}
    items = sentences("불이야", "불이야 ", "불이야", "연기", "연기", labels=[normal, danger, danger, normal, danger])
    assert [(fix.id, fix.keep) for fix in fixes("same-text", items)] == [(1, 2), (3, 2), (5, 4)]
    assert [(fix.id, fix.keep) for fix in fixes("label-conflict", items)] == [(1, 2), (5, 4)]


def test_an_original_stays_before_an_augmented_copy_and_a_labelled_one_before_an_unlabelled() -> None:
    def item(n: int, origin: str, labels: Mapping[str, str]) -> DigestedUtterance:
        return DigestedUtterance(ScannedUtterance(n, None, "불이야", f"g{n}", origin, labels))

    rows = [
        item(1, "augmented", {"danger": "danger"}),
        item(2, "imported", {}),
        item(3, "imported", {"danger": "danger"}),
    ]
    assert [(fix.id, fix.keep) for fix in fixes("same-text", rows)] == [(1, 3), (2, 3)]


def test_blank_texts_with_different_labels_are_no_conflict() -> None:
    labels = [{"danger": "danger"}, {"danger": "normal"}] * 2
    assert findings("label-conflict", sentences("", " ", "\u200b", "\ufeff \u3164", labels=labels)) == []


@pytest.mark.parametrize(
    "other",
    ["불이 났어요 ", " 불이 났어요", "불이\u200b 났어요", "불이\u00a0났어요", "\ufeff불이 났어요", "불이 났어\u00ad요"],
)
def test_edges_and_what_nobody_sees_make_no_other_text(other: str) -> None:
    assert findings("same-text", sentences("불이 났어요", other))[0].ids == (2,)
    assert findings("same-letters", sentences("불이 났어요", other)) == []
    labels = [{"danger": "danger"}, {"danger": "normal"}]
    assert findings("label-conflict", sentences("불이 났어요", other, labels=labels))[0].count == 1


def test_spaces_inside_and_emoji_make_another_text() -> None:
    assert (
        findings(
            "same-text",
            sentences("불이 났어요", "불이  났어요", "불이났어요", "불이 났어요 👩\u200d🚒", "불이 났어요 👩🚒"),
        )
        == []
    )
