"""Damaged files of annotations: a reader gives a Document or one `BadRecord`, and nothing else."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken_files import srt, textgrid

from core.errors import BadRecord
from core.ingest.entries import storable
from core.ingest.spoken import tiers
from core.ingest.spoken.formats import audacity, elan, recognised, sami, subtitles, table
from core.ingest.spoken.formats import textgrid as praat
from core.ingest.spoken.formats.document import Document, Reader
from core.ingest.spoken.tiers import Roles
from core.records import LONGEST_MS

EAF = (
    '<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds"/><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="0"/>'
    '<TIME_SLOT TIME_SLOT_ID="t2" TIME_VALUE="900"/></TIME_ORDER><TIER TIER_ID="k"><ANNOTATION><ALIGNABLE_ANNOTATION '
    'ANNOTATION_ID="a1" TIME_SLOT_REF1="t1" TIME_SLOT_REF2="t2"><ANNOTATION_VALUE>불</ANNOTATION_VALUE>'
    '</ALIGNABLE_ANNOTATION></ANNOTATION></TIER><TIER TIER_ID="r" PARENT_REF="k"><ANNOTATION><REF_ANNOTATION '
    'ANNOTATION_ID="a2" ANNOTATION_REF="a1"><ANNOTATION_VALUE>x</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>'
    "</ANNOTATION_DOCUMENT>"
)
SEGMENTS = {
    "language": "ko",
    "segments": [{"start": 0, "end": 1.5, "text": "불", "words": [{"word": "불", "speaker": "A"}]}],
}
SAMPLES: dict[str, tuple[Reader, str]] = {
    "textgrid": (praat.read, textgrid({"k": [(0, 1, "불"), (1, 2, "")], "l": [(0, 1, "x")]}).decode()),
    "eaf": (elan.read, EAF),
    "srt": (subtitles.read, srt("불", "119").decode()),
    "vtt": (
        subtitles.read,
        "WEBVTT\n\nNOTE x\n\na\n00:00.000 --> 00:01.000\n<v kim>불 <v lee>물\n\n00:01.000 --> 00:02.0\n-",
    ),
    "audacity": (audacity.read, "0.5\t1.5\t불\n\\\t10\t20\n2\t2\tx\n"),
    "json": (recognised.read, json.dumps(SEGMENTS)),
    "sami": (
        sami.read,
        "<SAMI><BODY>\n<SYNC Start=0><P Class=KRCC>불<br>물\n<SYNC Start=9><P Class=KRCC>&nbsp;</SAMI>",
    ),
    "tsv": (recognised.read, "start\tend\ttext\n0\t10\t불\n"),
}
JUNK = st.sampled_from([
    "", '"', "<", ">", "\t", "\n", "-->", "0", "-1", "1e999", "nan", "9" * 30, "null", "[", "{", "}", "&", "\0",
    "\ud800", "불", "a1", "t2", "!", "\\", " ", "١",
])  # fmt: skip
EDIT = st.tuples(st.integers(0, 10_000), st.integers(0, 30), JUNK)


def damaged(text: str, edits: list[tuple[int, int, str]]) -> str:
    for at, length, junk in edits:
        start = at % (len(text) + 1)
        text = text[:start] + junk + text[start + length :]
    return text


def check(document: Document) -> None:
    for interval in document.intervals:
        assert interval.tier in document.tiers
        assert 0 <= interval.start_ms <= LONGEST_MS
        assert interval.where("a").startswith("a, ")
    spoken, _, _ = tiers.speech(document, Roles(labels={"x": next(iter(document.tiers), "")}), "a")
    assert all(text.interval.end_ms > text.interval.start_ms for text in spoken)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_damaged_file_gives_a_document_or_one_error(name: str) -> None:
    read, sample = SAMPLES[name]
    check(read(sample, "a"))

    @settings(max_examples=40, deadline=None)
    @given(st.lists(EDIT, min_size=1, max_size=4))
    def run(edits: list[tuple[int, int, str]]) -> None:
        with suppress(BadRecord):
            check(read(str(storable(damaged(sample, edits))), "a"))

    run()


@pytest.mark.parametrize("make", [bytes, lambda data: b"\xff\xfe" + data, lambda data: b"WEBVTT\n" + data])
def test_any_bytes_have_a_format_or_none(make: Callable[[bytes], bytes]) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.binary(max_size=200))
    def run(data: bytes) -> None:
        with suppress(BadRecord):
            if known := table.find_format(make(data), "a"):
                check(table.read(make(data), known, "a"))

    run()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<v " * 60_000),
        ("srt", "00:00:00,000 --> 00:00:01,000\n" + "<c." * 60_000),
        ("srt", "1" * 100_000 + " --> " + "1:" * 50_000),
        ("audacity", "1." * 60_000),
        ("sami", "<sync start=1><p class=" * 20_000),
        ("sami", "<sync start=1>" + "<!--" * 40_000),
        ("textgrid", '"ooTextFile" "TextGrid" ' + "1" * 100_000),
        ("textgrid", "!" * 100_000),
        ("json", "[" * 100_000),
        ("eaf", "<a>" * 50_000),
    ],
)
def test_hostile_texts_take_linear_time(name: str, text: str) -> None:
    read, _ = SAMPLES[name]
    with suppress(BadRecord):
        read(text, "a")
