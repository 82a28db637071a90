"""core.store.corpus.corpus and search: adding once, every condition of a Filter, substrings, counts."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from store_data import AT, call, fresh, sentences, texts

from core.errors import NotFound
from core.filters import Filter
from core.records import UNLABELLED, NewRecording, NewUtterance
from core.store import Store, open_store


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sentences (one labelled, one skipped), a call with audio and one without."""
    folder = tmp_path_factory.mktemp("filled")
    store = open_store(fresh(folder))
    plain, skipped = sentences(store, "괜찮아요", "화재가 났어요 빨리")
    store.review.decide(plain, 0, "ann", AT, labels={"danger": "normal"})
    store.review.decide(skipped, 0, "ann", AT, skip=True)
    call(store, "c1", "네 119입니다", "집에 불이 났어요", labels={"urgency": "high"}, path="audio/aa/a.wav")
    call(store, "c2", "네 소방서입니다", "산불이요", labels={"urgency": "low"})
    sentences(store, "불이, 났어요", labels={"danger": "danger"}, origin="augmented")
    return folder / "store.db"


@pytest.fixture
def full(filled: Path, tmp_path: Path) -> Store:
    shutil.copyfile(filled, tmp_path / "store.db")
    return open_store(f"sqlite:///{tmp_path / 'store.db'}")


def test_a_known_recording_adds_nothing_but_the_audio_it_lacked(store: Store) -> None:
    spoken = (NewUtterance("c1:0", "네", "c1", 0, 900, "caller"),)
    bare = NewRecording("c1", 900, None, None, None, spoken, {"urgency": "high"}, {"region": "서울"})
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    assert store.corpus.add_source("calls", "calls", "ours", "1", AT) == source
    first = store.corpus.add_recordings(source, [bare], AT)
    assert (first.added, first.known, first.notes) == (1, 0, {"utterances": 1})
    assert store.corpus.audio_state(["c1", "c2"]) == {"c1": False}
    with_sound = replace(
        bare, path="audio/ab/ab.wav", sha256="ab", duration_ms=950, sample_rate_hz=8000,
        utterances=(replace(spoken[0], voice_usable=True),),
    )  # fmt: skip
    again = store.corpus.add_recordings(source, [with_sound, with_sound], AT)
    assert (again.added, again.known) == (0, 2)
    assert store.corpus.audio_state(["c1"]) == {"c1": True}
    recording = store.corpus.recording(1)
    assert (recording.path, recording.duration_ms, recording.meta) == ("audio/ab/ab.wav", 950, {"region": "서울"})
    assert store.corpus.recording_labels(1) == {"urgency": "high"}
    (one,) = store.corpus.find(Filter()).rows
    assert (one.voice_usable, one.labels, one.speaker) == (True, {"urgency": "high"}, "caller")


def test_a_caller_may_stop_in_the_middle_of_all_utterances(full: Store) -> None:
    taken: list[str] = []
    event.listen(full.corpus._engine, "checkout", lambda *_: taken.append("taken"))
    event.listen(full.corpus._engine, "checkin", lambda *_: taken.remove("taken"))
    utterances = iter(full.corpus.every(Filter(), block=2))
    assert next(utterances).text == "괜찮아요"
    assert not taken, "no connection waits for the caller"


def test_sentences_are_added_once(store: Store) -> None:
    source = store.corpus.add_source("s", "sentences", "ours", "0", AT)
    items = [NewUtterance("k1", "가", "k1"), NewUtterance("k1", "나", "k1"), NewUtterance("k2", "다", "k2")]
    first = store.corpus.add_sentences(source, items, AT)
    assert (first.added, first.known, first.clashed) == (2, 0, 1), "a second text under one key is named"
    second = store.corpus.add_sentences(source, items, AT)
    assert (second.added, second.known, second.clashed) == (0, 2, 1)


def test_what_is_absent_is_named(store: Store) -> None:
    with pytest.raises(NotFound, match="no utterance 7"):
        store.corpus.utterance(7)
    with pytest.raises(NotFound, match="no recording 7"):
        store.corpus.recording(7)
    sentences(store, "불이 났어요")
    for codes in (("bad",), ("bad", "-"), ("-",)):  # a scheme that is gone: nothing, and not everything
        assert store.corpus.find(Filter(labels={"mood": codes})).total == 0
        assert store.corpus.find(Filter(labels={"mood": codes}, recording_id=1)).total == 0


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(labels={"danger": ("normal",)}), ["괜찮아요"]),
        (Filter(labels={"danger": ("normal", "danger")}), ["괜찮아요", "불이, 났어요"]),
        (
            Filter(labels={"danger": (UNLABELLED,)}, in_recording=False),
            ["화재가 났어요 빨리"],
        ),
        (Filter(labels={"danger": (UNLABELLED, "normal")}, in_recording=False), ["괜찮아요", "화재가 났어요 빨리"]),
        (Filter(labels={"urgency": ("high",)}), ["네 119입니다", "집에 불이 났어요"]),
        (
            Filter(labels={"urgency": (UNLABELLED,)}),
            ["괜찮아요", "화재가 났어요 빨리", "불이, 났어요"],
        ),
        (Filter(labels={"urgency": ("low",)}, speaker=("caller",)), ["산불이요"]),
        (Filter(speaker=("taker",)), ["네 119입니다", "네 소방서입니다"]),
        (Filter(origin=("augmented",)), ["불이, 났어요"]),
        (Filter(min_chars=9), ["화재가 났어요 빨리", "집에 불이 났어요"]),
        (Filter(max_chars=4), ["괜찮아요", "산불이요"]),
        (Filter(in_recording=True, with_audio=False), ["네 소방서입니다", "산불이요"]),
        (Filter(with_audio=True), ["네 119입니다", "집에 불이 났어요"]),
        (Filter(recording_id=2), ["네 소방서입니다", "산불이요"]),
        (Filter(skipped=True), ["화재가 났어요 빨리"]),
        (Filter(skipped=False, in_recording=False), ["괜찮아요", "불이, 났어요"]),
        (Filter(after_id=5), ["산불이요", "불이, 났어요"]),
        (Filter(text="불이"), ["집에 불이 났어요", "산불이요", "불이, 났어요"]),
        (Filter(text="불이", in_recording=True, labels={"urgency": ("high",)}), ["집에 불이 났어요"]),
    ],
)
def test_every_condition_of_a_filter(full: Store, wanted: Filter, expected: list[str]) -> None:
    assert texts(full, wanted) == expected
    assert full.corpus.find(wanted, limit=0).total == len(expected)
    assert [u.text for u in full.corpus.every(wanted, block=2)] == expected


def test_pages_count_all_that_match(full: Store) -> None:
    page = full.corpus.find(Filter(), limit=2, offset=2)
    assert (len(page.rows), page.total) == (2, 7)
    assert [u.id for u in page.rows] == [3, 4]
    assert [u.id for u in full.corpus.utterances([5, 99, 1])] == [5, 1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("화재", ["화재가 났어요 빨리"]),
        ("불", ["집에 불이 났어요", "산불이요", "불이, 났어요"]),
        ("이 났", ["집에 불이 났어요"]),
        ("났어요 빨", ["화재가 났어요 빨리"]),
        ("이, 났", ["불이, 났어요"]),
        ("119", ["네 119입니다"]),
        ("불" + "\u110b\u1175", ["집에 불이 났어요", "산불이요", "불이, 났어요"]),  # typed as jamo
        ("없는말", []),
        ("%", []),
        ("_", []),
        ('"', []),
        ("' OR 1=1 --", []),
    ],
)
def test_search_finds_any_substring_and_nothing_else(full: Store, query: str, expected: list[str]) -> None:
    assert texts(full, Filter(text=query)) == expected


def test_wildcards_are_letters(store: Store) -> None:
    sentences(store, "100% 확실해요", "a_b", "역슬\\래시", "100번")
    assert texts(store, Filter(text="0%")) == ["100% 확실해요"]
    assert texts(store, Filter(text="a_")) == ["a_b"]
    assert texts(store, Filter(text="\\")) == ["역슬\\래시"]
    assert texts(store, Filter(text="A_B")) == ["a_b"]


def test_an_edited_text_is_found_by_the_new_and_not_by_the_old(store: Store) -> None:
    (number,) = sentences(store, "화제가 낫어요")
    store.review.decide(number, 0, "ann", AT, text="화재가 났어요")
    assert texts(store, Filter(text="화재")) == ["화재가 났어요"]
    assert texts(store, Filter(text="화제")) == []
    store.review.undo("ann", AT)
    assert texts(store, Filter(text="화재")) == []
    assert texts(store, Filter(text="화제")) == ["화제가 낫어요"]


# Hangul syllables and jamo, ASCII, a letter newer than the tokenizer, combining marks, emoji, LIKE's and FTS's signs.
LETTERS = st.text(alphabet="불났화재 ㅎㅈaBİßﬁ\ua7f6é\u0301😀🔥%_\\\"'*-+:.,?\n\t", min_size=1, max_size=8)


@pytest.mark.slow
@given(stored=st.lists(LETTERS, min_size=1, max_size=4), at=st.integers(0, 3), cut=st.slices(8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_slice_of_a_text_finds_it(shared_store: Store, stored: list[str], at: int, cut: slice) -> None:
    new = sentences(shared_store, *stored)
    one = shared_store.corpus.utterance(new[at % len(new)])
    piece = one.text[slice(*sorted(cut.indices(len(one.text))[:2]))]
    if piece:
        expected = shared_store.corpus.find(Filter(text=piece, after_id=new[0] - 1), limit=100).rows
        assert one.id in [u.id for u in expected]
        ascii_folded = str.maketrans({chr(n): chr(n + 32) for n in range(65, 91)})
        assert all(piece.translate(ascii_folded) in u.text.translate(ascii_folded) for u in expected)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_store(fresh(tmp_path_factory.mktemp("search")))


def test_counts_progress_and_facets(full: Store) -> None:
    assert full.corpus.counts() == {
        "sources": 2, "recordings": 2, "utterances": 7, "sentences": 3, "voice_usable": 2, "audio_ms": 2000,
    }  # fmt: skip
    progress = full.corpus.progress()
    assert progress["danger"] == {"targets": 7, "labelled": 2, "gold": 2, "normal": 1, "danger": 1}
    assert progress["urgency"] == {"targets": 2, "labelled": 2, "gold": 2, "low": 1, "medium": 0, "high": 1}
    assert full.corpus.facets() == {
        "speaker": ["caller", "taker"], "origin": ["augmented", "imported"], "curator": full.corpus.facets()["curator"],
    }  # fmt: skip
    assert full.corpus.grades("recording", "urgency") == {1: ("high", "gold"), 2: ("low", "gold")}
    assert [s.name for s in full.corpus.sources()] == ["sentences", "calls"]
    assert [r.key for r in full.corpus.recordings()] == ["c1", "c2"]
