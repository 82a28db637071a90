"""Faults of a corpus: what is looked for, as rows of one table, and the collectors that look.

Pure: items come in one by one (utterances, recordings, facts of the disk and of listening), findings go out; see
`core.workflows.cleaning.checks` for who reads them. A row's collector is made anew for each pass.
"""

from collections.abc import Sequence

from core.errors import UnknownName
from core.quality import calls, classes, repeats, words
from core.quality.marks import Marked
from core.quality.sound import faults, measure
from core.quality.types import Check, Collector, Fact, Facts, Finding, Fix

__all__ = [
    "CHECKS", "Check", "Collector", "Fact", "Finding", "Fix", "Marked", "chosen", "faults", "measure",
]  # fmt: skip

_TABLE = (
    Check("same-text", "rows repeat an earlier text", "utterance", "warning", ("said",), repeats.SameText, True),
    Check("same-letters", "rows repeat the letters of an earlier text that is written another way",
          "utterance", "info", ("said",), repeats.SameLetters, True),
    Check("near-text", "rows are nearly the same as an earlier text",
          "utterance", "info", ("said",), repeats.NearText, True),
    Check("label-conflict", "texts carry different labels",
          "utterance", "error", ("said",), repeats.LabelConflict, True),
    Check("mask-only", "texts hold nothing but masks", "utterance", "warning", ("said",), words.masks, True),
    Check("empty-text", "sentences are empty", "utterance", "warning", ("said",), words.empty, True),
    Check("no-letters", "texts have no letter or digit", "utterance", "info", ("said",), words.without_letters, True),
    Check("untidy-text", "texts have hidden characters, full-width letters or white space out of place",
          "utterance", "info", ("said",), words.Untidy, True, words.mended),
    Check("no-transcript", "utterances of recordings have no text",
          "utterance", "info", ("said",), words.unwritten),
    Check("small-class", "classes are too small to split",
          "scheme", "warning", ("said", "call"), classes.SmallClass),
    Check("inverted-times", "utterances end before they begin", "utterance", "error", ("call",), calls.Inverted),
    Check("beyond-audio", "utterances end after their audio", "utterance", "warning", ("call",), calls.Beyond),
    Check("overlapping-times", "utterances overlap", "utterance", "warning", ("call",), calls.Overlapping),
    Check("no-audio", "recordings came without audio", "recording", "info", ("call",), calls.without_audio),
    Check("same-audio", "recordings repeat the audio of an earlier one",
          "recording", "warning", ("call",), calls.SameAudio),
    Check("same-length", "recordings have exactly the same length",
          "recording", "warning", ("call",), calls.SameLength),
    Check("mixed-rates", "recordings have another sample rate than most of their source",
          "recording", "warning", ("call",), calls.MixedRates),
    Check("low-rate", "recordings have a sample rate below 8,000 Hz",
          "recording", "warning", ("call",), calls.low_rate),
    Check("missing-file", "recordings whose audio is gone from the disk", "recording", "error", ("file",), Facts),
    Check("stray-file", "files in audio/ belong to no recording", "file", "info", ("file",), Facts),
    Check("unreadable", "recordings cannot be decoded", "recording", "error", ("sound",), Facts, True),
    Check("truncated", "recordings are cut off", "recording", "error", ("sound",), Facts, True),
    Check("silent", "recordings are silent", "recording", "warning", ("sound",), Facts, True),
    Check("silent-span", "utterances are silent in a recording that is not",
          "utterance", "warning", ("sound",), Facts, True),
    Check("clipped", "recordings are clipped", "recording", "warning", ("sound",), Facts),
    Check("synthetic", "recordings are a tone or plain noise", "recording", "warning", ("sound",), Facts, True),
    Check("two-speakers", "recordings hold different sounds left and right: mixed to mono, they cover each other",
          "recording", "warning", ("sound",), Facts),
    Check("wrong-rate", "recordings have another sample rate than was imported",
          "recording", "warning", ("sound",), Facts),
)  # fmt: skip
CHECKS = {one.name: one for one in _TABLE}


def chosen(names: Sequence[str]) -> tuple[Check, ...]:
    """The checks called `names`, in the table's order; `UnknownName` lists the known ones."""
    for name in names:
        if name not in CHECKS:
            raise UnknownName("check", name, tuple(CHECKS))
    return tuple(one for one in _TABLE if one.name in names)
