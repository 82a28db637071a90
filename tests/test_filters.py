"""core.filters: each format reads back the Filter that was written, also documents of old versions."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, timedelta, timezone
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError, UnknownName
from core.filters import (
    Filter,
    from_document,
    from_pairs,
    from_query,
    in_zone,
    instant,
    label_key,
    query_keys,
    to_document,
    to_query,
    unread,
)
from core.records import Source
from core.schemes import BUNDLED, SCHEMES, Label, Scheme, publish, published_token

AT = "2026-11-01T00:00:00.000000+00:00"
SOURCES = [Source(3, "calls", "calls", "ours", "0", AT), Source(7, "reviews", "table", "CC0", "0", AT)]

words = st.text(min_size=1).map(str.strip).filter(bool)
some = st.lists(words, max_size=3).map(tuple)
maybe = st.none() | st.booleans()
ids = st.integers(0, 10**18 - 1)


def codes_of(name: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from([*SCHEMES[name].codes, "-"]), min_size=1, max_size=3).map(tuple)


labels = st.fixed_dictionaries({}, optional={scheme.name: codes_of(scheme.name) for scheme in BUNDLED})
lengths = st.none() | st.integers(0, 1000) | st.integers(0, 10**18 - 1)
filters = st.builds(
    Filter, labels=labels, speaker=some, origin=some, tag=some, min_chars=lengths, max_chars=lengths,
    text=words | st.just(""), ignore_spacing=st.booleans(), source=st.lists(st.sampled_from([3, 7])).map(tuple),
    recording_id=st.none() | ids, in_recording=maybe, with_audio=maybe, skipped=maybe, after_id=st.none() | ids,
    curator=some, since=st.sampled_from(["", "2026-11-30", "2026-11-30T09:00+09:00"]), flagged=maybe,
    until=st.sampled_from(["", "2026-12-01", "20261201", "2026-W49-2"]),
    comment=st.sampled_from(["", "any", "open", "none"]),
    run=st.just("r1"), target=st.sampled_from(["", "danger"]), wrong=maybe, ids=st.lists(ids, max_size=200).map(tuple),
    predicted=st.lists(st.sampled_from(["danger", "normal"]), max_size=2).map(tuple), listed=words | st.just(""),
)  # fmt: skip


@given(filters)
def test_a_document_gives_the_same_filter(wanted: Filter) -> None:
    assert from_document(json.loads(json.dumps(to_document(wanted)))) == wanted


def typed(wanted: Filter) -> Iterator[str]:
    """Yield the KEY=VALUE words that a person would type for `wanted`."""
    low, high = ("" if end is None else end for end in (wanted.min_chars, wanted.max_chars))
    if (low, high) != ("", ""):
        yield f"chars={low}-{high}"
    for name, value in to_document(replace(wanted, min_chars=None, max_chars=None, labels={})).items():
        yield from (f"{name}={entry}" for entry in (value if isinstance(value, list) else [value]))
    for name, codes in wanted.labels.items():
        yield from (f"{name}={code}" for code in codes)


@given(filters)
def test_command_line_words_give_the_same_filter(wanted: Filter) -> None:
    assert from_pairs(list(typed(wanted)), SOURCES) == wanted


@given(filters, st.booleans(), st.text())
def test_a_url_gives_the_same_filter(any_filter: Filter, about_a_run: bool, text: str) -> None:
    of_no_run = {"run": "", "target": "", "predicted": (), "wrong": None}
    wanted = replace(any_filter, text=text, **({} if about_a_run else of_no_run))
    query = json.loads(json.dumps(to_query(wanted)))
    assert from_query(query) == from_query(query | {"sort": ["-length"], "page": ["3"]}) == wanted
    assert from_query(parse_qs(urlencode(query, doseq=True))) == wanted
    assert unread(query) == []


@pytest.mark.parametrize(
    ("chars", "low", "high"),
    [(["300", "200"], 300, None), (["3", "200"], 3, None), (["0", "200"], None, None), (["6", "5"], 5, 6),
     (["300-"], 300, None), (["-200"], None, 200), (["0-0"], 0, 0), (["6"], None, None), (["x", "6"], None, None)],
)  # fmt: skip
def test_lengths_are_read_also_as_addresses_had_them_before(
    chars: list[str], low: int | None, high: int | None
) -> None:
    wanted = from_query({"chars": chars})
    assert (wanted.min_chars, wanted.max_chars) == (low, high)


def test_more_ids_than_a_url_can_hold_are_refused() -> None:
    with pytest.raises(InputError, match="an address holds at most 200 utterances by id; these are 201"):
        to_query(Filter(ids=tuple(range(201))))


def test_values_without_sense_in_a_url_are_left_out_and_named() -> None:
    query = {"call": ["x"], "from": ["soon"], "comment": ["some"], "flagged": ["perhaps"], "id": ["1", "-2", "b"],
             "target": ["nothing"], "predicted": ["danger"], "wrong": ["true"], "source": ["3", "*"]}  # fmt: skip
    assert from_query(query) == Filter(ids=(1,), source=(3,))
    assert from_query(query | {"run": ["r1"]}) == Filter(
        ids=(1,), source=(3,), run="r1", predicted=("danger",), wrong=True
    )
    lost = [("source", "*"), ("id", "-2"), ("id", "b"), ("target", "nothing"), ("from", "soon"), ("comment", "some"),
            ("flagged", "perhaps"), ("call", "x")]  # fmt: skip
    assert sorted(unread(query | {"run": ["r1"]})) == sorted(lost)
    assert sorted(unread(query)) == sorted([*lost, ("predicted", "danger"), ("wrong", "true")])
    assert unread({"chars": ["x", "4"]}) == [("chars", "x-4")]
    assert unread({"chars": ["0", "200"], "spacing": ["false"], "tag": ["ghost"], "sort": ["length"]}) == []


def test_a_value_that_nothing_has_stays_a_filter() -> None:
    query = {"tag": ["ghost"], "source": ["999"], "danger": ["ghost"], "label.gone": ["a"]}
    wanted = Filter(tag=("ghost",), source=(999,), labels={"danger": ("ghost",), "gone": ("a",)})
    assert from_query(query) == wanted
    assert to_query(wanted) == query
    assert "label.gone" in query_keys(query)


def test_new_words_of_the_command_line_are_read_and_refused_by_name() -> None:
    pairs = ["call=7", "from=2026-11-30", "to=2026-12-01T08:00+09:00", "flagged=yes", "comment=open", "run=r1",
             "target=danger", "predicted=위험", "wrong=true", "curator=kim", "id=5", "id=6"]  # fmt: skip
    assert from_pairs(pairs) == Filter(
        recording_id=7, since="2026-11-30", until="2026-12-01T08:00+09:00", flagged=True, comment="open", run="r1",
        target="danger", predicted=("danger",), wrong=True, curator=("kim",), ids=(5, 6),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"filter since=soon: expected a day such as 2026-11-30, or an instant"):
        from_pairs(["from=soon"])
    with pytest.raises(UnknownName, match="unknown comment filter 'some'; known: any, open, none"):
        from_pairs(["comment=some"])
    with pytest.raises(InputError, match="are about the predictions of a run: name one by run=ID"):
        from_pairs(["wrong=true"])


def test_an_instant_is_written_as_the_store_writes_it_and_the_ends_of_the_calendar_are_refused() -> None:
    assert instant("9999-12-31", end=True) == "9999-12-31T00:00:00.000000+00:00"
    assert instant("2026-11-30 08:00") == "2026-11-30T08:00:00.000000+00:00"
    with pytest.raises(ValueError, match="0001-01-01"):
        instant("0001-01-01T00:00+09:00")


KST = timezone(timedelta(hours=9))


@pytest.mark.parametrize("day", ["2026-12-01", "20261201", "2026-W49-2", "2026W492"])
def test_a_day_is_a_day_in_every_form_and_the_last_one_is_included(day: str) -> None:
    assert instant(day) == "2026-12-01T00:00:00.000000+00:00"
    assert instant(day, end=True) == "2026-12-02T00:00:00.000000+00:00"
    of_reader = in_zone(Filter(since=day, until=day), KST)
    assert (of_reader.since, of_reader.until) == (
        "2026-11-30T15:00:00.000000+00:00", "2026-12-01T15:00:00.000000+00:00"
    )  # fmt: skip
    assert in_zone(of_reader, UTC) == of_reader
    assert from_query({"to": [day]}).until == from_pairs([f"until={day}"]).until == day


@pytest.mark.parametrize("text", ["2026-W49", "2026-12", "2026", "2026-1201", "20261301", ""])
def test_what_is_no_single_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        instant(text)
    assert from_query({"to": [text]}).until == ""


def test_the_ends_of_the_calendar_stay_days_for_a_reader() -> None:
    wanted = Filter(since="0001-01-01", until="9999-12-31")
    assert in_zone(wanted, KST).since == "0001-01-01"


def test_a_scheme_of_the_workspace_has_its_own_parameter_in_a_url() -> None:
    own = Scheme("text", "글", "Text", "utterance", (Label("a", "가", "A", "", "#000000"),))
    before = published_token()
    try:
        publish("test", [own])
        wanted = Filter(labels={"text": ("a",)}, text="불")
        assert label_key("text") == "label.text"
        assert to_query(wanted) == {"label.text": ["a"], "text": ["불"]}
        assert from_query(to_query(wanted)) == wanted
    finally:
        publish(before, [])


def test_documents_of_version_0_1_are_read() -> None:
    """The documents are a saved view and a cleaning run, as version 0.1 wrote them."""
    view = {
        "speaker": ["caller"],
        "danger": ["danger", "-"],
        "text": ["불"],
        "chars": ["3", "200"],
        "spacing": ["true"],
    }
    wanted = Filter(
        labels={"danger": ("danger", "-")}, speaker=("caller",), text="불", ignore_spacing=True, min_chars=3
    )
    assert from_query(view | {"sort": ["-length"]}) == wanted
    assert to_query(wanted) == view | {"chars": ["3-"]}
    run = {
        "labels": {"danger": ["danger", "-"]},
        "speaker": ["caller"],
        "min_chars": 3,
        "text": "불",
        "ignore_spacing": True,
    }
    assert from_document(run) == wanted
    assert to_document(wanted) == run
    assert from_query({"chars": ["x", "4"], "mood": ["good"], "danger": []}) == Filter()


def test_a_document_with_another_field_is_refused_by_name() -> None:
    with pytest.raises(UnknownName, match="unknown filter field 'mood'; known: labels, speaker") as caught:
        from_document({"text": "불", "mood": "good"})
    assert caught.value.known == tuple(condition.name for condition in fields(Filter))


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        ([], Filter()),
        (["danger=위험", "danger=-"], Filter(labels={"danger": ("danger", "-")})),
        (["disaster=fire", "urgency=상"], Filter(labels={"disaster": ("fire",), "urgency": ("high",)})),
        (["emotion-diary=Joyful=no"], None),
        (["text=불=났다"], Filter(text="불=났다")),
        (["speaker=caller", "speaker=taker", "origin=augmented"],
         Filter(speaker=("caller", "taker"), origin=("augmented",))),
        (["chars=10-50"], Filter(min_chars=10, max_chars=50)),
        (["chars=10", "chars=50"], Filter(min_chars=10, max_chars=50)),
        (["chars=-50"], Filter(max_chars=50)),
        (["chars=10-"], Filter(min_chars=10)),
        (["tag=검토", "tag=a=b"], Filter(tag=("검토", "a=b"))),
        (["source=calls", "source=7"], Filter(source=(3, 7))),
        (["text=불 이야", "ignore_spacing=true"], Filter(text="불 이야", ignore_spacing=True)),
        (["spacing=yes", "skipped=no"], Filter(ignore_spacing=True, skipped=False)),
        (["with_audio=1", "in_recording=False"], Filter(with_audio=True, in_recording=False)),
        (["recording_id=5", "after_id=12"], Filter(recording_id=5, after_id=12)),
    ],
)  # fmt: skip
def test_filters_are_the_pages(pairs: list[str], wanted: Filter | None) -> None:
    if wanted is None:
        with pytest.raises(UnknownName, match="unknown emotion-diary class 'Joyful=no'; known: 분노"):
            from_pairs(pairs, SOURCES)
    else:
        assert from_pairs(pairs, SOURCES) == wanted


@pytest.mark.parametrize(
    ("pair", "error", "message"),
    [
        ("mood=x", UnknownName, "unknown filter key 'mood'; known: text, speaker, origin, chars, danger"),
        ("danger", InputError, "filter 'danger' is no KEY=VALUE pair"),
        ("danger=maybe", UnknownName, "unknown danger class 'maybe'; known: 정상, 위험"),
        ("chars=ten", InputError, "filter chars=ten is no span of lengths such as 10-50"),
        ("chars=1-2-3", InputError, "filter chars=1-2-3 is no span of lengths"),
        ("=x", UnknownName, "unknown filter key ''"),
        ("source=9", UnknownName, "unknown source '9'; known: calls, reviews"),
        ("skipped=maybe", InputError, "filter skipped=maybe: expected true or false"),
        ("after_id=-1", InputError, "filter after_id=-1: expected a whole number"),
    ],
)
def test_a_wrong_pair_is_refused(pair: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        from_pairs([pair], SOURCES)


def test_a_second_value_for_a_key_is_refused() -> None:
    for pairs in (["text=a", "text=b"], ["skipped=true", "skipped=false"], ["spacing=1", "ignore_spacing=1"]):
        with pytest.raises(InputError, match="is given more than once"):
            from_pairs(pairs)
