"""The gold file of cleaning is as tests/data/README.md describes it, and is the file of the published figures."""

import hashlib
import unicodedata
from collections import Counter

from bench.gold import FILE, Pair, bare, count_errors, gaps, moved_gaps, read

SHA256 = "3da31d5af9b37ffd10b6602c10087511b705db47dd64fd82075bb1737f6d9409"
PAIRS = read()
# kind -> (equal letters, equal gaps)
KINDS = {"clean": (True, True), "spacing": (True, False), "spelling": (False, True), "both": (False, False)}


def test_it_is_frozen() -> None:
    sha256 = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert sha256 == SHA256, "the gold changed: say why in tests/data/README.md's way, and measure again"


def test_there_is_enough_of_each_kind() -> None:
    kinds = Counter(pair.kind for pair in PAIRS)
    assert kinds == {"clean": 135, "spacing": 116, "spelling": 130, "both": 26}
    assert len(PAIRS) >= 300
    lengths = [len(pair.clean.split()) for pair in PAIRS]
    assert min(lengths) <= 2
    assert max(lengths) >= 20


def test_rows_are_named_in_order_and_no_sentence_comes_twice() -> None:
    assert [pair.id for pair in PAIRS] == [f"g{number:03}" for number in range(1, len(PAIRS) + 1)]
    assert [text for text, n in Counter(pair.noisy for pair in PAIRS).items() if n > 1] == []


def test_texts_are_composed_and_tidy() -> None:
    texts = [text for pair in PAIRS for text in (pair.noisy, *pair.accepted, pair.note)]
    assert all(texts)
    assert [text for text in texts if text != unicodedata.normalize("NFC", " ".join(text.split()))] == []
    assert [pair.id for pair in PAIRS if len(set(pair.accepted)) < len(pair.accepted)] == []


def test_rows_are_what_their_kind_says() -> None:
    def kind(pair: Pair) -> tuple[bool, bool]:
        return bare(pair.noisy) == bare(pair.clean), moved_gaps(pair.noisy, pair.clean) == gaps(pair.clean)

    assert [pair.id for pair in PAIRS if kind(pair) != KINDS[pair.kind]] == []


def test_errors_are_counted_correctly() -> None:
    counted = {pair.id: min(count_errors(pair.noisy, text) for text in pair.accepted) for pair in PAIRS}
    assert counted == {pair.id: pair.errors for pair in PAIRS}
    assert [pair.id for pair in PAIRS if (pair.errors == 0) is not (pair.kind == "clean")] == []
