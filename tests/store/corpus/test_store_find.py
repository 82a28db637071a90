"""core.store.corpus.find and the index: with or without stale rows, a result equals a plain loop over every row."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from store_data import AT, call, sentences, texts

from core.filters import Filter
from core.records import UNLABELLED, NewUtterance, Sort, Utterance
from core.store import Store, open_store
from core.store.engine import engine_for, reading, writing
from core.store.index import chunks, order
from core.store.index.bitmaps import Bitmaps
from core.store.index.postings import CHUNK, LONGEST, chunk_letters, postings
from core.store.portable import run
from core.store.schema import utterance
from core.text import nfc

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
QUIET = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def at(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def settle(url: str) -> None:
    """Index all stale rows now, not only after thousands of changes."""
    with writing(engine_for(url)) as connection:
        chunks.settle(connection, 0, 0)


def stale(url: str) -> list[int]:
    with reading(engine_for(url)) as connection:
        return Bitmaps(connection).stale.tolist()


# -- what a query means, written a second time without the index


def lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def accepts(letter: str, character: str) -> bool:
    if letter in INITIALS and "가" <= character <= "힣":
        return INITIALS.index(letter) == (ord(character) - ord("가")) // 588
    return lower(letter) == lower(character)


def holds(text: str, wanted: str, ignore_spacing: bool) -> bool:
    wanted = nfc(wanted)
    if ignore_spacing:
        text, wanted = ("".join(c for c in one if not c.isspace()) for one in (text, wanted))
    starts = range(len(text) - len(wanted) + 1)
    return any(all(accepts(w, text[s + i]) for i, w in enumerate(wanted)) for s in starts)


def naive(rows: Sequence[Utterance], wanted: Filter, sort: Sort) -> list[int]:
    def fits(u: Utterance) -> bool:
        length = len(u.text)
        return (
            all(not codes or u.labels.get(name, UNLABELLED) in codes for name, codes in wanted.labels.items())
            and (not wanted.speaker or u.speaker in wanted.speaker)
            and (not wanted.origin or u.origin in wanted.origin)
            and (not wanted.source or u.source_id in wanted.source)
            and (wanted.min_chars is None or length >= wanted.min_chars)
            and (wanted.max_chars is None or length <= wanted.max_chars)
            and (wanted.in_recording is None or (u.recording_id is not None) == wanted.in_recording)
            and (wanted.with_audio is None or u.voice_usable == wanted.with_audio)
            and (wanted.skipped is None or u.skipped == wanted.skipped)
            and (wanted.after_id is None or u.id > wanted.after_id)
            and holds(u.text, wanted.text, wanted.ignore_spacing)
        )

    keys: dict[str, Callable[[Utterance], Any]] = {
        "id": lambda u: u.id,
        "length": lambda u: (len(u.text), u.id),
        "text": lambda u: (u.text, u.id),
        "speaker": lambda u: (u.speaker or "", u.id),
    }
    matches = sorted((u for u in rows if fits(u)), key=keys[sort.removeprefix("-")], reverse=sort.startswith("-"))
    return [u.id for u in matches]


# -- random corpora

# Syllables, jamo of both kinds, ASCII, a newer letter, combining marks, emoji, white space, LIKE's and re's signs.
SIGNS = "불났화재희 ㅎㅈㅏaBzZİßﬁ\ua7f6é\u0301\u1112\u1161😀🔥%_\\\"'*-+:.,?[](){}^$|#~\n\t\u3000\u00a0\ufffd"
TEXTS = (
    st.text(alphabet=SIGNS, max_size=10)
    | st.text(alphabet="하호재조ㅎㅈa  ", max_size=14)
    | st.sampled_from(
        ["화재 신고", "화재신고요", "화 재 신 고", "희지", "화재가 났어요", "산불이 화재로", "ㅎㅈ", "ㅋㅋㅋ", ""]
    )
)
QUERIES = (
    st.text(alphabet=SIGNS, max_size=4)
    | st.text(alphabet="ㅎㅈ ", max_size=7)
    | st.text(alphabet="ㅎㅈ하재 ", max_size=5)
    | st.sampled_from(
        ["화재", "불", "화재신고", "ㅎㅈ", "ㅎ재", "ㅎㅈㅅㄱ", "화재 신", " 신", "재 ", "ㅋㅋ", "ㅎ", "났어요", " "]
    )
)
FILTERS = st.builds(
    Filter,
    labels=st.dictionaries(
        st.sampled_from(["danger", "urgency"]),
        st.lists(st.sampled_from(["danger", "normal", "low", "high", UNLABELLED]), max_size=2).map(tuple),
        max_size=2,
    ),
    speaker=st.sampled_from([(), ("caller",), ("taker", "nobody")]),
    origin=st.sampled_from([(), ("imported",), ("augmented",)]),
    source=st.sampled_from([(), (1,), (2, 9)]),
    min_chars=st.none() | st.integers(-1, 12),
    max_chars=st.none() | st.integers(-1, 12),
    text=QUERIES,
    ignore_spacing=st.booleans(),
    in_recording=st.none() | st.booleans(),
    with_audio=st.none() | st.booleans(),
    skipped=st.none() | st.booleans(),
    after_id=st.none() | st.integers(0, 8) | st.integers(CHUNK - 5, CHUNK + 5),
)
SORTS: st.SearchStrategy[Sort] = st.sampled_from(
    ["id", "-id", "length", "-length", "text", "-text", "speaker", "-speaker"]
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 9), TEXTS, st.none() | st.sampled_from(["danger", "normal"]), st.booleans()), max_size=3
)


def filled(
    url: str, corpus_texts: Sequence[str], changes: Sequence[tuple[int, str, str | None, bool]], settled: bool
) -> Store:
    """Fill two chunks, index them, then change rows; `settled`: index them again."""
    store = open_store(url)
    ids = sentences(store, *corpus_texts[:3], labels={"danger": "danger"})
    _jump(url)
    ids += call(store, "c1", *corpus_texts[3:5], labels={"urgency": "high"}, path="a.wav")
    ids += call(store, "c2", *corpus_texts[5:7], labels={"urgency": "low"})
    ids += sentences(store, *corpus_texts[7:], origin="augmented")
    settle(url)
    for which, text, code, skip in changes:
        now = store.corpus.utterance(ids[which % len(ids)])
        store.review.decide(
            now.id, now.version, "ann", AT, text=text, labels={"danger": code} if code else {}, skip=skip
        )
    if len(changes) > 1:
        store.review.undo("ann", AT)
    if settled:
        settle(url)
    return store


def _jump(url: str, number: int = CHUNK - 3) -> None:
    """Make the next ids lie after `number`: on both sides of the border between the first two chunks."""
    values = {
        "id": number, "key": f"far{number}", "source_id": 1, "text": "먼 곳", "original": "먼 곳", "chars": 3,
        "version": 0, "group": "far", "voice_usable": False, "origin": "imported", "skipped": False, "active": True,
        "meta": {},
    }  # fmt: skip
    with writing(engine_for(url)) as connection:
        connection.execute(insert(utterance).values(values))
        if connection.dialect.name == "postgresql":
            run(connection, f"SELECT setval(pg_get_serial_sequence('utterance', 'id'), {number})")


@pytest.mark.slow
@given(
    corpus_texts=st.lists(TEXTS, min_size=8, max_size=12), changes=CHANGES, settled=st.booleans(),
    asked=st.lists(st.tuples(FILTERS, SORTS), min_size=4, max_size=8), size=st.integers(1, 5),
)  # fmt: skip
@QUIET
def test_find_equals_a_plain_walk(
    new_database: Callable[[], str],
    corpus_texts: list[str],
    changes: list[tuple[int, str, str | None, bool]],
    settled: bool,
    asked: list[tuple[Filter, Sort]],
    size: int,
) -> None:
    store = filled(new_database(), corpus_texts, changes, settled)
    rows = store.corpus.utterances(range(1, CHUNK + 20))
    assert len(rows) == len(corpus_texts) + 1
    for wanted, sort in asked:
        expected = naive(rows, wanted, sort)
        pages = [
            store.corpus.find(wanted, limit=size, offset=n, sort=sort) for n in range(0, len(expected) + size, size)
        ]
        assert [u.id for page in pages for u in page.rows] == expected
        assert {page.total for page in pages} == {len(expected)}
        assert [u.id for u in store.corpus.every(wanted, block=2)] == naive(rows, wanted, "id")


@pytest.mark.slow
@given(corpus_texts=st.lists(TEXTS, min_size=1, max_size=6), wanted=QUERIES, ignore_spacing=st.booleans())
@settings(QUIET, max_examples=100)
def test_a_query_finds_what_it_says(
    shared_url: str, corpus_texts: list[str], wanted: str, ignore_spacing: bool
) -> None:
    store = open_store(shared_url)
    last = store.corpus.find(Filter(), limit=0).total
    new = [NewUtterance(f"k{last + n}", text, "g") for n, text in enumerate(corpus_texts)]
    store.corpus.add_sentences(store.corpus.add_source("s", "table", "ours", "0", AT), new, AT)
    asked = Filter(text=wanted, ignore_spacing=ignore_spacing, after_id=last)
    rows = store.corpus.find(Filter(after_id=last)).rows
    expected = [u.id for u in rows if holds(u.text, wanted, ignore_spacing)]
    assert [u.id for u in store.corpus.find(asked).rows] == expected  # by SQL, row by row
    settle(shared_url)
    assert [u.id for u in store.corpus.find(asked).rows] == expected  # by the index


@pytest.fixture(scope="module")
def shared_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return at(tmp_path_factory.mktemp("queries"))


@pytest.mark.parametrize(
    ("query", "ignore_spacing", "matches"),
    [
        ("화재", False, ["화재 신고", "큰 화재"]),
        ("불", False, ["산불"]),
        ("ㅎㅈ", False, ["화재 신고", "큰 화재", "휴지"]),
        ("ㅎ재", False, ["화재 신고", "큰 화재"]),
        ("ㅋㅎ", False, []),
        ("ㅋㅎ", True, ["큰 화재"]),
        ("ㅋㅎㅈ", True, ["큰 화재"]),
        ("ㄴㅎㅈ", True, []),
        ("재ㅅㄱ", True, ["화재 신고"]),
        ("화재신고", False, []),
        ("화재신고", True, ["화재 신고"]),
        ("화 재신 고", True, ["화재 신고"]),
        ("큰화재", True, ["큰 화재"]),
    ],
)
def test_two_syllables_one_initials_and_spacing(
    store: Store, database_url: str, query: str, ignore_spacing: bool, matches: list[str]
) -> None:
    sentences(store, "화재 신고", "산불", "큰 화재", "휴지")
    settle(database_url)
    assert texts(store, Filter(text=query, ignore_spacing=ignore_spacing)) == matches


# -- the index keeps up


def test_what_changes_is_stale_and_found_at_once(store: Store, database_url: str) -> None:
    ids = [
        *sentences(store, "화제가 낫어요", "괜찮아요"),
        *call(store, "c1", "네", "불이요", labels={"urgency": "low"}),
    ]
    assert stale(database_url) == ids
    settle(database_url)
    assert stale(database_url) == []
    store.review.decide(ids[0], 0, "ann", AT, text="화재가 났어요")
    assert stale(database_url) == ids[:1]
    assert (texts(store, Filter(text="화재")), texts(store, Filter(text="화제"))) == (["화재가 났어요"], [])
    settle(database_url)
    assert (texts(store, Filter(text="화재")), texts(store, Filter(text="화제"))) == (["화재가 났어요"], [])
    store.review.undo("ann", AT)
    assert (texts(store, Filter(text="화재")), texts(store, Filter(text="화제"))) == ([], ["화제가 낫어요"])
    store.review.decide(ids[2], 0, "ann", AT, labels={"urgency": "high"})
    assert stale(database_url) == [ids[0], *ids[2:]], "a label of the recording concerns all its utterances"
    assert texts(store, Filter(labels={"urgency": ("high",)})) == ["네", "불이요"]
    settle(database_url)
    assert texts(store, Filter(labels={"urgency": ("high",)})) == ["네", "불이요"]
    assert store.corpus.progress()["urgency"]["high"] == 1


def test_counts_are_the_same_settled_and_stale(store: Store, database_url: str) -> None:
    first, second, _ = sentences(store, "가", "나", "다", labels={"danger": "danger"})
    call(store, "c1", "네", "불이요", labels={"urgency": "low"}, path="a.wav")
    settle(database_url)
    store.review.decide(first, 0, "ann", AT, labels={"danger": "normal"})
    store.review.decide(second, 0, "ann", AT, skip=True)
    counted = store.corpus.counts(), store.corpus.progress(), store.corpus.facets()
    assert counted[0]["utterances"] == 5
    assert counted[1]["danger"] == {"targets": 5, "labelled": 3, "gold": 3, "normal": 1, "danger": 2}
    assert counted[2] == {"speaker": ["caller", "taker"], "origin": ["imported"], "curator": ["ann"]}
    settle(database_url)
    assert (store.corpus.counts(), store.corpus.progress(), store.corpus.facets()) == counted


def test_writers_settle_by_themselves(store: Store, database_url: str) -> None:
    source = store.corpus.add_source("s", "sentences", "ours", "0", AT)
    items = [NewUtterance(f"k{n}", f"{n}번째 문장", f"k{n}") for n in range(4097)]
    store.corpus.add_sentences(source, items[:1000], AT)
    assert len(stale(database_url)) == 1000
    store.corpus.add_sentences(source, items[1000:], AT)
    assert stale(database_url) == []
    assert store.corpus.find(Filter(text="0번째"), limit=3, sort="-text").total == 410
    page = store.corpus.find(Filter(), limit=3, offset=4000, sort="text")
    assert [u.text for u in page.rows] == sorted(f"{n}번째 문장" for n in range(len(items)))[4000:4003]


def test_the_chunk_with_most_stale_rows_is_indexed_first(store: Store, database_url: str) -> None:
    sentences(store, "가", "나")
    _jump(database_url)
    near, far = [1, 2], [CHUNK - 3]
    sentences(store, *"다라마바사")
    assert stale(database_url) == [*near, *far, *range(CHUNK - 2, CHUNK + 3)]
    with writing(engine_for(database_url)) as connection:
        chunks.settle(connection, many=100, most=4)
    assert stale(database_url) == list(range(CHUNK, CHUNK + 3))
    assert texts(store, Filter()) == ["가", "나", "먼 곳", *"다라마바사"]


def test_an_endless_text_is_never_indexed_and_always_found(store: Store, database_url: str) -> None:
    sentences(store, "가" * LONGEST + "끝 말", "끝말", "끝 말")
    settle(database_url)
    assert stale(database_url) == [1]
    page = store.corpus.find(Filter(text="끝말", ignore_spacing=True), sort="-length")
    assert [u.id for u in page.rows] == [1, 3, 2]
    assert store.corpus.find(Filter(min_chars=LONGEST)).total == 1


def test_a_withdrawn_utterance_is_out_and_comes_back(store: Store, database_url: str) -> None:
    from core.store import NewProposal

    (number,) = sentences(store, "불이 났어요", labels={"danger": "danger"})
    store.proposals.add([NewProposal("augmentation", number, "swap", {"text": "났어요 불이"}, "r")], AT)
    for settled in (False, True):
        store.proposals.decide(1, True, "ann", AT)
        if settled:
            settle(database_url)
        assert texts(store, Filter(text="불")) == ["불이 났어요", "났어요 불이"]
        assert store.corpus.find(Filter(labels={"danger": ("danger",)}), limit=0).total == 2
        store.proposals.undo("augmentation", "ann", AT)
        if settled:
            settle(database_url)
        assert texts(store, Filter(text="불")) == ["불이 났어요"]
        assert store.corpus.find(Filter(labels={"danger": ("danger",)}), limit=0).total == 1


def test_hostile_names_are_values(store: Store, database_url: str) -> None:
    source = store.corpus.add_source("s", "sentences", "ours", "0", AT)
    names = ["a'; DROP TABLE facet; --", "=", "x=y", "%", "가\n나"]
    items = [NewUtterance(f"k{n}", f"말 {n}", f"k{n}", speaker=name) for n, name in enumerate(names)]
    store.corpus.add_sentences(source, items, AT)
    for _ in range(2):
        for n, name in enumerate(names):
            assert texts(store, Filter(speaker=(name,))) == [f"말 {n}"]
        assert store.corpus.facets()["speaker"] == sorted(names)
        settle(database_url)


def test_postings_of_a_chunk() -> None:
    by_letter = {chr(p.letter): p for p in postings(chunk_letters(["가 나", "", "가나A"], [0, 1, 5]))}
    assert sorted(by_letter) == ["a", "가", "나"]
    follows = [(chr(f >> 2), f & 3) for f in memoryview(by_letter["가"].follows).cast("I")]
    assert follows == [("나", 0), ("나", 1)]
    assert list(memoryview(by_letter["가"].counts).cast("I")) == [1, 1]
    assert [(p >> 18, p & 0x3FFFF) for p in memoryview(by_letter["가"].places).cast("I")] == [(5, 0), (0, 0)]
    assert by_letter["나"].bits == b""
    assert list(postings(chunk_letters(["", " \n"], [0, 1]))) == []


def test_texts_with_a_long_common_beginning_are_sorted(store: Store, database_url: str) -> None:
    chunk_texts = [f"아파트에서 불이 {'나' * (n % 3)}{n}" for n in range(1200)]
    sentences(store, *chunk_texts)
    settle(database_url)
    page = store.corpus.find(Filter(), limit=7, offset=600, sort="text")
    assert [u.text for u in page.rows] == sorted(chunk_texts)[600:607]


def test_consonants_that_many_texts_have(store: Store, database_url: str) -> None:
    sentences(store, *(("하하", "나 무", "나무하하호")[n % 3] for n in range(4000)))
    settle(database_url)
    found = {
        "ㅎ": 2667,
        "ㅎㅎ": 2667,
        "ㅎㅎㅎ": 1333,
        "ㄴㅁㅎㅎㅎ": 1333,
        "ㄴㅁㅎㄴ": 0,
        "ㄴㅁ": 1333,
        "ㄴ ㅁ": 1333,
        "ㅎㄴ": 0,
    }
    for wanted, n in found.items():
        assert store.corpus.find(Filter(text=wanted), limit=0).total == n, wanted
    assert store.corpus.find(Filter(text="ㄴㅁ", ignore_spacing=True), limit=0).total == 2666


def test_texts_that_many_utterances_have_are_sorted(store: Store, database_url: str) -> None:
    chunk_texts = [("네", "예", "네", "아니요", f"여보세요 {n % 7}")[n % 5] for n in range(5000)]
    ids = sentences(store, *chunk_texts)
    settle(database_url)
    ascending = sorted(zip(chunk_texts, ids, strict=True))
    for offset in (0, 990, 1995, 2995, 4990):
        page = store.corpus.find(Filter(), limit=10, offset=offset, sort="text")
        assert [(u.text, u.id) for u in page.rows] == ascending[offset : offset + 10]
        page = store.corpus.find(Filter(), limit=10, offset=offset, sort="-text")
        assert [(u.text, u.id) for u in page.rows] == ascending[::-1][offset : offset + 10]


def test_a_growing_corpus_stays_sorted_while_it_gets_new_fences(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CROWD": 3, "MOST": 3, "STEP": 1}.items():
        monkeypatch.setattr(order, name, value)
    monkeypatch.setattr("core.store.index.bitmaps._FEW", 2)
    seen = set()
    for chunk in range(9):
        sentences(store, *(f"{'하재호가나'[n % 5] * chunk}{n % 4}" for n in range(9)))
        _jump(database_url, (chunk + 1) * CHUNK - 3)
        settle(database_url)
        with reading(engine_for(database_url)) as connection:
            held = run(connection, "SELECT name, chunk FROM facet WHERE name LIKE 'text/%'").all()
            now = order.current(connection)
            seen.add((now, len({name.split("/")[1] for name, _ in held})))
        assert {at_chunk for name, at_chunk in held if name == f"text/{now}"} == set(range(chunk + 1))
        rows = sorted((u.text, u.id) for u in store.corpus.find(Filter(), limit=1000).rows)
        for offset in range(0, len(rows), 5):
            page = store.corpus.find(Filter(), limit=5, offset=offset, sort="text")
            assert [(u.text, u.id) for u in page.rows] == rows[offset : offset + 5]
    assert {n for _, n in seen} == {1, 2}, "old and new numbers were there together, and the old ones went"
    assert len({now for now, _ in seen}) > 2


@given(held=st.sets(TEXTS, max_size=9), corpus_texts=st.lists(TEXTS, max_size=9))
def test_numbers_sort_as_the_texts_do(held: set[str], corpus_texts: list[str]) -> None:
    fences = sorted(held)
    numbered = sorted(zip(order.numbers(fences, corpus_texts).tolist(), corpus_texts, strict=True))
    assert [text for _, text in numbered] == sorted(corpus_texts)
    assert all((number % 2 == 1) == (text in held) for number, text in numbered)
