"""Variants of a sentence that keep its label.

`make(text, operations, n=4, seed=0, guard=Guard(Lexicon.of("danger")))` gives Variants and counts what was refused.
An operation is a function `(text, dice, share) -> str` in `core.augment.operations`, or of an optional package; it
returns the text itself where it cannot act. `core.augment.guards` decides what may leave; use-cases make Proposals of
the variants, and nothing is stored here. Morphemes are those of `core.cleaning.analyser`.
"""

from collections.abc import Sequence

from core.augment.guards import REASONS, Guard
from core.augment.known import Known
from core.augment.lexicon import Lexicon
from core.augment.variants import Operation, Refused, Variant, draw, make_variants
from core.augment.wellformed import LANGUAGE_MODEL
from core.plugins import Backend

__all__ = [
    "AUGMENTERS", "DEFAULT_ALPHA", "LANGUAGE_MODEL", "MOST_PER_SENTENCE", "REASONS", "Guard", "Known", "Lexicon",
    "Operation", "Refused", "Variant", "draw", "make",
]  # fmt: skip

_OURS = "core.augment.operations"
_KOEDA = {"needs": ("koeda",), "install": "pip install koeda==0.0.4"}
AUGMENTERS: dict[str, Backend] = {
    "synonym-replacement": Backend(f"{_OURS}.synonyms:replace_synonyms"),
    "random-insertion": Backend(f"{_OURS}.insertion:insert_fillers"),
    "random-swap": Backend(f"{_OURS}.swap:swap_phrases"),
    "random-deletion": Backend(f"{_OURS}.deletion:delete_words"),
    "punctuation-insertion": Backend(f"{_OURS}.punctuation:insert_punctuation"),
    "register-change": Backend(f"{_OURS}.register:change_register"),
    "dialect": Backend(f"{_OURS}.dialect:speak_dialect"),
    "transcription-noise": Backend(f"{_OURS}.transcription:add_noise"),
    "koeda-sr": Backend("core.augment.koeda:replace_synonyms", **_KOEDA),  # type: ignore[arg-type]
    "koeda-ri": Backend("core.augment.koeda:insert_synonyms", **_KOEDA),  # type: ignore[arg-type]
    "koeda-rs": Backend("core.augment.koeda:swap_words", **_KOEDA),  # type: ignore[arg-type]
    "koeda-rd": Backend("core.augment.koeda:delete_words", **_KOEDA),  # type: ignore[arg-type]
    "koeda-eda": Backend("core.augment.koeda:any_of_four", **_KOEDA),  # type: ignore[arg-type]
    "koeda-aeda": Backend("core.augment.koeda:insert_punctuation", **_KOEDA),  # type: ignore[arg-type]
}
DEFAULT_ALPHA = 0.2
MOST_PER_SENTENCE = 4


def make(
    text: str, operations: Sequence[str], *, n: int, seed: int, alpha: float = DEFAULT_ALPHA, guard: Guard | None = None
) -> tuple[list[Variant], Refused]:
    """At most `n` variants of `text`, drawn from `operations` in turns, and how many candidates each reason refused.

    The same arguments give the same answer. Without a `guard`, that of danger without known texts decides.
    `UnknownName` if there is no such operation, `MissingBackend` if its package is not installed.
    """
    judge = guard if guard is not None else Guard(Lexicon.of("danger"))
    return make_variants(text, operations, AUGMENTERS, n, seed, alpha, judge)
