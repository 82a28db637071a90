"""core.ingest.spoken.formats.elan reads what ELAN and pympi write: own times, references, subdivisions."""

from pathlib import Path

import pytest
from pympi.Elan import Eaf

from core.errors import BadRecord
from core.ingest.spoken import tiers
from core.ingest.spoken.formats import elan, table
from core.ingest.spoken.formats.document import Document
from core.ingest.spoken.tiers import Roles

# As ELAN 6 writes it: speakers with participants, an emotion that refers to each utterance, words by symbolic
# subdivision, and a time subdivision whose inner times ELAN does not store.
EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-10-02T10:00:00+09:00" FORMAT="3.0" VERSION="3.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///D:/%EB%85%B9%EC%9D%8C/call%201.wav" MIME_TYPE="audio/x-wav"
        RELATIVE_MEDIA_URL="./call%201.wav"/>
    <PROPERTY NAME="lastUsedAnnotationId">9</PROPERTY>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1500"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1200"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4200"/>
    <TIME_SLOT TIME_SLOT_ID="ts5"/><TIME_SLOT TIME_SLOT_ID="ts6"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="emotion" PARENT_REF="K-Spch" TIER_ID="emotion@K"><ANNOTATION>
    <REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a2"><ANNOTATION_VALUE>불안</ANNOTATION_VALUE></REF_ANNOTATION>
  </ANNOTATION></TIER>
  <TIER LINGUISTIC_TYPE_REF="utterance" PARTICIPANT="수보자" TIER_ID="W-Spch"><ANNOTATION>
    <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>네 119입니다</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
  </ANNOTATION></TIER>
  <TIER LINGUISTIC_TYPE_REF="utterance" PARTICIPANT="김민수" TIER_ID="K-Spch"><ANNOTATION>
    <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE>집에 불이 &amp; 연기가</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
  </ANNOTATION></TIER>
  <TIER LINGUISTIC_TYPE_REF="words" PARENT_REF="K-Spch" TIER_ID="words@K">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a2"><ANNOTATION_VALUE>집에</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a7" ANNOTATION_REF="a2" PREVIOUS_ANNOTATION="a6"><ANNOTATION_VALUE>연기가</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a6" ANNOTATION_REF="a2" PREVIOUS_ANNOTATION="a5"><ANNOTATION_VALUE>불이</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="parts" PARENT_REF="K-Spch" TIER_ID="parts@K">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a8" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts5"><ANNOTATION_VALUE>가</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a9" TIME_SLOT_REF1="ts5" TIME_SLOT_REF2="ts6"><ANNOTATION_VALUE>나</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a10" TIME_SLOT_REF1="ts6" TIME_SLOT_REF2="ts4"><ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""  # noqa: E501


def spans(document: Document, tier: str) -> list[tuple[str, int, int, str]]:
    return [(i.name, i.start_ms, i.end_ms, i.text) for i in document.intervals if i.tier == tier]


def test_times_references_and_subdivisions() -> None:
    document = elan.read(EAF, "a.eaf")
    assert spans(document, "W-Spch") == [("a1", 0, 1500, "네 119입니다")]
    assert spans(document, "K-Spch") == [("a2", 1200, 4200, "집에 불이 & 연기가")]
    assert spans(document, "emotion@K") == [("a4", 1200, 4200, "불안")]
    assert sorted(spans(document, "words@K")) == [
        ("a5", 1200, 2200, "집에"), ("a6", 2200, 3200, "불이"), ("a7", 3200, 4200, "연기가"),
    ]  # fmt: skip
    assert spans(document, "parts@K") == [("a8", 1200, 2200, "가"), ("a9", 2200, 3200, "나"), ("a10", 3200, 4200, "")]
    assert document.notes == [elan.INTERPOLATED] * 3
    assert document.media == ("./call 1.wav", "file:///D:/녹음/call 1.wav")


def test_tiers_with_times_are_speakers_and_those_that_refer_are_named() -> None:
    spoken, skips, notes = tiers.speech(elan.read(EAF, "a.eaf"), Roles(), "a.eaf")
    assert [(text.speaker, text.interval.text) for text in spoken] == [
        ("수보자", "네 119입니다"), ("김민수", "집에 불이 & 연기가"),
    ]  # fmt: skip
    assert skips == []
    assert notes == [f"tier {name} annotates another tier: not read (--tier names it)"
                     for name in ("emotion@K", "words@K", "parts@K")]  # fmt: skip


def test_a_label_belongs_to_the_annotation_that_it_refers_to() -> None:
    """The two utterances overlap; a label by time alone could go to both."""
    overlapping = EAF.replace('TIME_SLOT_ID="ts2" TIME_VALUE="1500"', 'TIME_SLOT_ID="ts2" TIME_VALUE="4200"')
    document = elan.read(overlapping, "a.eaf")
    spoken, skips, _ = tiers.speech(document, Roles(labels={"emotion": "emotion@K"}), "a.eaf")
    assert [(text.speaker, dict(text.labels)) for text in spoken] == [
        ("수보자", {}), ("김민수", {"emotion": ("불안",)}),
    ]  # fmt: skip
    assert skips == []


def test_what_pympi_writes_is_read(tmp_path: Path) -> None:
    eaf = Eaf()
    eaf.remove_tier("default")
    eaf.add_linguistic_type("ref", "Symbolic_Association")
    eaf.add_tier("신고자")
    eaf.add_annotation("신고자", 500, 1500, "살려 주세요")
    eaf.add_tier("danger", ling="ref", parent="신고자")
    eaf.add_ref_annotation("danger", "신고자", 700, "위험")
    eaf.add_linked_file("file:///home/kim/call.wav", relpath="./call.wav", mimetype="audio/x-wav")
    eaf.to_file(str(tmp_path / "a.eaf"))
    data = (tmp_path / "a.eaf").read_bytes()
    known = table.find_format(data, "a.eaf")
    assert known is not None
    document = table.read(data, known, "a.eaf")
    assert [span[1:] for span in spans(document, "신고자")] == [(500, 1500, "살려 주세요")]
    assert [span[1:] for span in spans(document, "danger")] == [(500, 1500, "위험")]
    assert document.media[0] == "./call.wav"


@pytest.mark.parametrize(
    ("unit", "end"), [("milliseconds", 4200), ("PAL-frames", 168_000), ("NTSC-frames", 140_140)]
)  # fmt: skip
def test_times_may_be_frames_and_the_medium_may_begin_later(unit: str, end: int) -> None:
    text = EAF.replace('TIME_UNITS="milliseconds"', f'TIME_UNITS="{unit}"')
    assert spans(elan.read(text, "a.eaf"), "K-Spch")[0][2] == end
    shifted = text.replace("<MEDIA_DESCRIPTOR ", '<MEDIA_DESCRIPTOR TIME_ORIGIN="300" ')
    assert spans(elan.read(shifted, "a.eaf"), "K-Spch")[0][2] == end + 300


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("</ANNOTATION_DOCUMENT>", "", "a.eaf, line 36: broken XML (no element found)"),
        ('TIME_SLOT_REF2="ts2"', 'TIME_SLOT_REF2="t9"', "a.eaf, annotation a1: names a time slot that the file lacks"),
        ('ANNOTATION_REF="a2"><ANNOTATION_VALUE>불안', 'ANNOTATION_REF="a77"><ANNOTATION_VALUE>불안',
         "a.eaf, annotation a4: refers to an annotation that the file lacks"),
        ('ANNOTATION_ID="a2"', 'ANNOTATION_ID="a1"', "a.eaf, annotation a1: has no id of its own"),
        ('TIME_VALUE="1200"', 'TIME_VALUE="soon"', "a.eaf, ts3: soon is no time"),
        ('TIME_SLOT_ID="ts2" TIME_VALUE="1500"', 'TIME_SLOT_ID="ts2"',
         "a.eaf, annotation a1: has no time, and no neighbour with one"),
        ("milliseconds", "fortnights", "times in fortnights, which are not read"),
        ("<ANNOTATION_DOCUMENT AUTHOR", '<!DOCTYPE x [<!ENTITY a "b">]><ANNOTATION_DOCUMENT AUTHOR',
         "a.eaf: XML with a DTD or entities: not read"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_error_that_names_the_place(before: str, after: str, reason: str) -> None:
    assert before in EAF
    with pytest.raises(BadRecord) as error:
        elan.read(EAF.replace(before, after, 1), "a.eaf")
    assert reason in str(error.value)


def test_a_circle_of_references_ends() -> None:
    text = EAF.replace('ANNOTATION_ID="a4" ANNOTATION_REF="a2"', 'ANNOTATION_ID="a4" ANNOTATION_REF="a4"')
    with pytest.raises(BadRecord, match="annotation a4: refers to an annotation that the file lacks"):
        elan.read(text, "a.eaf")
