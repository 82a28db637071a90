"""The table of synonyms: every entry keeps the meaning of danger, its part of speech, and well-formed particles."""

import pytest

from core.augment import Guard, Lexicon
from core.augment.operations.synonyms import alternatives
from core.augment.reading import read, text_of
from core.augment.table import Entry, entries, synonyms

pytestmark = pytest.mark.integration
DANGER = Lexicon.of("danger")
CARRIERS = {
    "noun": ("저기 {}에 있어요",),
    "verb": ("사람이 자꾸 {}더라고요",),
    "adjective": ("그 사람이 {}더라고요",),
    "adverb": ("그 사람은 {} 와 주세요", "{} 사람이 많아요", "{} 사람이 왔어요"),
}


def test_there_are_several_hundred_entries_and_none_twice() -> None:
    pairs = [(entry.part, entry.word, entry.by) for entry in entries()]
    assert len(pairs) == len(set(pairs)) >= 400
    assert all(word != by and " " not in word + by for _, word, by in pairs)


def test_no_guarded_word_becomes_a_harmless_one_and_no_harmless_word_a_guarded_one() -> None:
    wrong = [
        (e.word, e.by) for e in entries() if DANGER.count([(e.word, (e.word,))]) != DANGER.count([(e.by, (e.by,))])
    ]
    assert wrong == []


def test_no_entry_negates() -> None:
    assert [e for e in entries() for word in (e.word, e.by) if word.startswith(("안 ", "못")) or "없" in word] == []


def test_a_word_has_one_part_of_speech_and_one_group() -> None:
    parts: dict[str, set[str]] = {}
    for entry in entries():
        parts.setdefault(entry.word, set()).add(entry.part)
    assert {word: found for word, found in parts.items() if len(found) > 1} == {}


def test_every_entry_stands_in_a_sentence_that_passes_the_guards() -> None:
    guard, silent, refused = Guard(DANGER), [], []
    for entry in entries():
        made = [(text, new) for text, new in _replaced(entry)]
        if not made:
            silent.append(f"{entry.word} > {entry.by}")
        refused += [
            (new, found)
            for text, new in made
            if (found := set(guard.reasons(text, new, "synonym-replacement")) - {"equal"})
        ]
    assert [item for item in refused if not item[1] <= {"wording", "morphemes"}] == []
    assert len(refused) <= 0.02 * len(entries()), f"the analyser misreads these after the change: {refused}"
    assert len(silent) <= 0.1 * len(entries()), f"the analyser reads these as other words: {silent}"


def _replaced(entry: Entry) -> list[tuple[str, str]]:
    """(sentence with the word, sentence with its synonym) in the carriers of its part of speech."""
    found = []
    for carrier in CARRIERS[entry.part]:
        reading = read(carrier.format(entry.word))
        for place in range(len(reading.words)):
            for new in alternatives(reading, place):
                text = text_of([new if i == place else word.text for i, word in enumerate(reading.words)])
                if entry.by in text or entry.by[:-1] in text:
                    found.append((reading.text, text))
    return found[:1]


def test_synonyms_of_danger_stand_for_each_other() -> None:
    assert synonyms("noun")["구급차"] == ("앰뷸런스",)
    assert synonyms("verb")["추락하"] == ("떨어지",)
    assert "추락하" not in synonyms("verb").get("떨어지", ())
