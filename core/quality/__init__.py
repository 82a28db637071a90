"""Quality checks of a corpus: one table, `CHECKS`, whose rows each look for one kind of fault.

A check has a collector, which is made anew for each pass. The collector takes items one by one (utterances, recordings,
facts about files and sounds) and returns findings. Nothing here reads a store or a disk: that is done by
`core.workflows.cleaning.checks`.
"""

from collections.abc import Sequence

from core.errors import UnknownName
from core.quality import between, classes, recordings, repeats, texts
from core.quality.digests import DigestedUtterance
from core.quality.sound import faults, measure
from core.quality.types import Check, Collector, Fact, FactCollector, Finding, Fix

__all__ = [
    "CHECKS", "Check", "Collector", "DigestedUtterance", "Fact", "Finding", "Fix", "faults", "measure", "select_checks",
]  # fmt: skip

_TABLE = (
    Check("same-text", "rows repeat an earlier text", "utterance", "warning", ("utterance",), repeats.SameText, True),
    Check("same-letters", "rows repeat the letters of an earlier text that is written another way",
          "utterance", "info", ("utterance",), repeats.SameLetters, True),
    Check("near-text", "rows are nearly the same as an earlier text",
          "utterance", "info", ("utterance",), repeats.NearText, True),
    Check("label-conflict", "texts carry different labels",
          "utterance", "error", ("utterance",), repeats.LabelConflict, True),
    Check("between-sources", "rows repeat a text of another source",
          "utterance", "warning", ("utterance",), between.texts_between_sources),
    Check("between-splits", "rows repeat a text of another published split",
          "utterance", "error", ("utterance",), between.texts_between_splits),
    Check("mask-only", "texts hold nothing but masks", "utterance", "warning", ("utterance",), texts.mask_only, True),
    Check("empty-text", "sentences are empty", "utterance", "warning", ("utterance",), texts.empty_text, True),
    Check("no-letters", "texts have no letter or digit", "utterance", "info", ("utterance",), texts.no_letters, True),
    Check("untidy-text", "texts have hidden characters, full-width letters or white space out of place",
          "utterance", "info", ("utterance",), texts.UntidyText, True, texts.tidy_text),
    Check("no-transcript", "utterances of recordings have no text",
          "utterance", "info", ("utterance",), texts.no_transcript),
    Check("small-class", "classes are too small to split",
          "scheme", "warning", ("utterance", "recording"), classes.SmallClass),
    Check("inverted-times", "utterances end before they begin",
          "utterance", "error", ("recording",), recordings.InvertedTimes),
    Check("beyond-audio", "utterances end after their audio",
          "utterance", "warning", ("recording",), recordings.BeyondAudio),
    Check("overlapping-times", "utterances overlap",
          "utterance", "warning", ("recording",), recordings.OverlappingTimes),
    Check("no-audio", "recordings came without audio", "recording", "info", ("recording",), recordings.no_audio),
    Check("same-audio", "recordings repeat the audio of an earlier one",
          "recording", "warning", ("recording",), recordings.SameAudio),
    Check("audio-between-sources", "recordings repeat the audio of another source",
          "recording", "warning", ("recording",), between.audio_between_sources),
    Check("audio-between-splits", "recordings repeat the audio of another published split",
          "recording", "error", ("recording",), between.audio_between_splits),
    Check("same-length", "recordings have exactly the same length",
          "recording", "warning", ("recording",), recordings.SameLength),
    Check("mixed-rates", "recordings have another sample rate than most of their source",
          "recording", "warning", ("recording",), recordings.MixedRates),
    Check("low-rate", "recordings have a sample rate below 8,000 Hz",
          "recording", "warning", ("recording",), recordings.low_rate),
    Check("missing-file", "recordings whose audio is gone from the disk",
          "recording", "error", ("file",), FactCollector),
    Check("stray-file", "files in audio/ belong to no recording", "file", "info", ("file",), FactCollector),
    Check("unreadable", "recordings cannot be decoded", "recording", "error", ("sound",), FactCollector, True),
    Check("truncated", "recordings are cut off", "recording", "error", ("sound",), FactCollector, True),
    Check("silent", "recordings are silent", "recording", "warning", ("sound",), FactCollector, True),
    Check("silent-span", "utterances are silent in a recording that is not",
          "utterance", "warning", ("sound",), FactCollector, True),
    Check("clipped", "recordings are clipped", "recording", "warning", ("sound",), FactCollector),
    Check("synthetic", "recordings are a tone or plain noise", "recording", "warning", ("sound",), FactCollector, True),
    Check("two-speakers", "recordings hold different sounds left and right: mixed to mono, they cover each other",
          "recording", "warning", ("sound",), FactCollector),
    Check("same-channels", "stereo recordings hold the same sound left and right: they do not tell speakers apart",
          "recording", "warning", ("sound",), FactCollector),
    Check("wrong-rate", "recordings have another sample rate than was imported",
          "recording", "warning", ("sound",), FactCollector),
)  # fmt: skip
CHECKS = {check.name: check for check in _TABLE}


def select_checks(names: Sequence[str]) -> tuple[Check, ...]:
    """The checks with these `names`, each once, in the order of the table; `UnknownName` lists the known names."""
    for name in names:
        if name not in CHECKS:
            raise UnknownName("check", name, tuple(CHECKS))
    return tuple(check for check in _TABLE if check.name in names)
