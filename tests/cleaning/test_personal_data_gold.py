"""The gold file of personal data is as tests/data/README.md describes it; the rules are not worse than they were."""

import hashlib
import unicodedata
from collections import Counter

from bench.personal_data import FILE, PARTS, add_up, exact, read, rough, unmark
from core.cleaning.personal_data.pii import PERSONAL_KINDS, personal_spans

SHA256 = "129607750fd734762110023e748e3ede62c42bb1bd7612a872de45994c511b1c"
GOLD = read()


def test_it_is_frozen() -> None:
    sha256 = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert sha256 == SHA256, "the gold changed: say why in tests/data/README.md's way, and measure again"


def test_there_is_enough_of_each_part_and_kind() -> None:
    assert Counter(sentence.part for sentence in GOLD) == {"dev": 128, "test": 268}
    kinds = Counter(kind for sentence in GOLD for _, _, kind in sentence.spans)
    assert set(kinds) == set(PERSONAL_KINDS)
    assert min(kinds.values()) >= 10
    assert sum(not sentence.spans for sentence in GOLD) == 134


def test_rows_are_named_in_order_and_no_sentence_comes_twice() -> None:
    ids = [f"{part[0]}{n:03}" for part in PARTS for n in range(1, sum(s.part == part for s in GOLD) + 1)]
    assert [sentence.id for sentence in GOLD] == ids
    assert [text for text, n in Counter(sentence.text for sentence in GOLD).items() if n > 1] == []


def test_texts_are_composed_and_a_negative_has_no_span() -> None:
    assert [s.id for s in GOLD if s.text != unicodedata.normalize("NFC", s.text) or "{" in s.text] == []
    assert [s.id for s in GOLD if s.note.startswith("negative") != (not s.spans)] == []
    assert unmark("{이름:김}과 {이름:이}") == ("김과 이", ((0, 1, "이름"), (3, 4, "이름")))


def test_the_rules_find_what_the_published_figures_say() -> None:
    for part, least in (("dev", 0.98), ("test", 0.84)):
        rows = [(personal_spans(sentence.text), sentence.spans) for sentence in GOLD if sentence.part == part]
        tally = add_up(exact(*row) for row in rows)
        assert tally.f1 >= least, part
        assert add_up(rough(*row) for row in rows).precision >= 0.98
        assert sum(bool(spans) for spans, wanted in rows if not wanted) == 0, (
            "nothing is masked in a sentence without any"
        )
