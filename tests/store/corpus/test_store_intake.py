"""core.store.corpus.insert: many rows at once, keys that are known, several writers at a time."""

import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError
from store_data import AT, call, sentences, texts

from core.filters import Filter
from core.records import NewRecording, NewUtterance
from core.settings import ROOT
from core.store import Store, open_store
from core.store.rows import NAMES

WRITERS, EACH = 3, 4


def some(first: int, n: int) -> list[NewUtterance]:
    return [NewUtterance(f"k{k}", f"{k}번 문장", f"k{k}", labels={"danger": "danger"}) for k in range(first, first + n)]


@pytest.mark.slow
def test_more_keys_than_one_query_takes(store: Store) -> None:
    source = store.corpus.add_source("s", "table", "ours", "0", AT)
    n = 2 * NAMES + 10
    assert store.corpus.add_sentences(source, some(0, n), AT).added == n
    again = store.corpus.add_sentences(source, some(n - 5, n), AT)
    assert (again.added, again.known) == (n - 5, 5)
    assert store.corpus.find(Filter(labels={"danger": ("danger",)}), limit=0).total == 2 * n - 5
    stored = store.corpus.utterances(range(1, 2 * n))
    assert [u.id for u in stored] == list(range(1, 2 * n - 4))
    assert [u.text for u in stored] == [f"{k}번 문장" for k in range(2 * n - 5)]


def test_every_column_arrives(store: Store) -> None:
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    spoken = NewUtterance(
        "c:0", "e\u0301 '\" %", "c", 5, 905, "caller", True, "imported", {"danger": "normal"}, {"a": ["ㄱ", 1]}
    )
    delivered = NewRecording("c", 1000, 8000, "a.wav", "ab", (spoken,), {"urgency": "low"}, {"region": "서울"})
    assert store.corpus.add_recordings(source, [delivered], AT).notes == {"utterances": 1}
    (one,) = store.corpus.find(Filter(recording_id=1)).rows
    assert (one.key, one.text, one.original, one.start_ms, one.end_ms) == ("c:0", "é '\" %", "e\u0301 '\" %", 5, 905)
    assert (one.speaker, one.voice_usable, one.skipped, one.version) == ("caller", True, False, 0)
    assert one.labels == {"danger": "normal", "urgency": "low"}
    assert store.corpus.recording(1).meta == {"region": "서울"}
    assert store.transfer.extras([1])[1].meta == {"a": ["ㄱ", 1]}
    (given,) = store.review.annotations(1)
    assert (given.code, given.curator, given.at) == ("normal", "import", AT)


def test_a_known_recording_gets_the_utterances_it_lacked(store: Store) -> None:
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    first = NewUtterance("c:0", "네", "c", 0, 900)
    more = NewUtterance("c:1", "불이 났어요", "c", 900, 2000, "caller", labels={"danger": "danger"})
    call = NewRecording("c", 900, None, None, None, (first,), {"urgency": "low"})
    store.corpus.add_recordings(source, [call], AT)
    report = store.corpus.add_recordings(source, [replace(call, utterances=(first, more))] * 2, AT)
    assert (report.added, report.known, report.notes) == (0, 2, {"utterances": 1})
    assert store.corpus.recording(1).duration_ms == 2000
    assert [(u.key, u.labels) for u in store.corpus.find(Filter(recording_id=1)).rows] == [
        ("c:0", {"urgency": "low"}), ("c:1", {"urgency": "low", "danger": "danger"}),
    ]  # fmt: skip
    assert store.corpus.find(Filter(text="났어")).total == 1
    assert store.corpus.add_recordings(source, [replace(call, utterances=(more,))], AT).notes == {}


def test_a_recording_twice_in_one_batch_is_one(store: Store) -> None:
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    bare = NewRecording("c", 900, None, None, None, (NewUtterance("c:0", "네", "c", 0, 900),), {"urgency": "low"})
    with_audio = replace(bare, path="a.wav", sha256="ab", utterances=(replace(bare.utterances[0], voice_usable=True),))
    report = store.corpus.add_recordings(source, [bare, with_audio, bare], AT)
    assert (report.added, report.known, report.notes) == (1, 2, {"utterances": 1})
    assert store.corpus.recording(1).path == "a.wav"
    assert [u.voice_usable for u in store.corpus.find(Filter()).rows] == [True]


def test_a_batch_is_all_or_nothing(store: Store) -> None:
    call(store, "c1", "네")
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    fresh, clash = NewUtterance("c2:0", "새로", "c2"), NewUtterance("c1:0", "같은 열쇠", "c2")
    with pytest.raises(IntegrityError):
        store.corpus.add_recordings(source, [NewRecording("c2", 900, None, None, None, (fresh, clash))], AT)
    assert texts(store, Filter()) == ["네"]
    assert store.corpus.counts()["recordings"] == 1


ADDER = """
import sys
from core.records import NewUtterance
from core.store import open_store
store = open_store(sys.argv[1])
source = store.corpus.add_source("s", "table", "ours", "0", "t")
added = 0
for block in range(int(sys.argv[2])):
    items = [NewUtterance(f"k{k}", f"{k}번 문장", f"k{k}") for k in range(block * 300, block * 300 + 400)]
    added += store.corpus.add_sentences(source, items, "t").added
print(added)
"""


@pytest.mark.slow
def test_concurrent_imports_add_each_key_once(store: Store, database_url: str) -> None:
    (edited,) = sentences(store, "내 문장")
    adding = [
        subprocess.Popen(
            [sys.executable, "-c", ADDER, database_url, str(EACH)], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(WRITERS)
    ]  # fmt: skip
    for version in range(20):
        store.review.decide(edited, version, "ann", AT, text=f"내 {version}번째 문장")
    outputs = [process.communicate() for process in adding]
    assert [error for _, error in outputs] == [""] * WRITERS
    assert sum(int(out) for out, _ in outputs) == 300 * EACH + 100
    again = open_store(database_url)
    assert again.corpus.find(Filter(text="번 문장"), limit=0).total == 300 * EACH + 100
    assert texts(again, Filter(text="내 19번째")) == ["내 19번째 문장"]
