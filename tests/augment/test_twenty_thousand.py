"""Over 20,000 sentences made from the demo corpus, no violation of a guard leaves the generator."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from core.augment import AUGMENTERS, Guard, Lexicon, make
from core.augment.guards import guarded_words
from core.augment.negation import signature
from core.augment.reading import read
from core.text import letters

pytestmark = [pytest.mark.integration, pytest.mark.slow]
DEMO = Path(__file__).parents[2] / "assets" / "demo" / "utterances.csv"
OURS = [name for name in AUGMENTERS if not name.startswith("koeda")]
WANTED = 20_000


def test_no_violation_of_a_guard_leaves_the_generator() -> None:
    with DEMO.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    lexicon = Lexicon.of("danger")
    guard, made, wrong = Guard(lexicon), Counter[str](), []
    for seed in range(4):
        for text in texts:
            source = " ".join(text.split())
            for variant in make(text, OURS, n=24, seed=seed, alpha=0.3, guard=guard)[0]:
                made[variant.operation] += 1
                if violates(source, variant.text, guard, variant.operation):
                    wrong.append((source, variant))
            if sum(made.values()) >= WANTED:
                break
        if sum(made.values()) >= WANTED:
            break
    assert wrong == []
    assert sum(made.values()) >= WANTED
    assert set(made) == set(OURS)


def violates(source: str, text: str, guard: Guard, operation: str) -> bool:
    """What the guards promise, asked again and in other words."""
    if operation == "punctuation-insertion":
        return text == source or letters(text) != letters(source)
    old, new = read(source), read(text)
    return (
        text == source
        or signature(old) != signature(new)
        or guarded_words(guard.lexicon, old) != guarded_words(guard.lexicon, new)
        or guard.reasons(source, text, operation) != ()
    )
