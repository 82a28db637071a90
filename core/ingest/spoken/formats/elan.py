"""Reads ELAN's EAF: tiers with times of their own, and tiers whose annotations refer to those of another tier.

A referring annotation has the span of what it refers to; several that refer to one share its span evenly, in their
order. Where ELAN stores no time (within a time subdivision), the span between the neighbouring times is shared evenly
too, and a note counts it. The XML is read without DTDs, entities and external files. (pympi loses the last annotation
of a symbolic subdivision, cannot follow a time subdivision, and reads only files on a disk.)
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.parsers import expat

from core.errors import BadRecord
from core.ingest.spoken.formats.document import Document, Interval, line
from core.messages import Message, within
from core.records import LONGEST_MS

INTERPOLATED = Message("annotation without a time of its own: the span of its neighbours shared evenly")
_FRAMES_MS = {"milliseconds": 1.0, "PAL-frames": 40.0, "PAL-50-frames": 20.0, "NTSC-frames": 1001 / 30}
_DEEPEST = 100  # references in a chain

Span = tuple[float, float]


def read(text: str, where: str) -> Document:
    """The tiers of an EAF. `BadRecord` names the line where the XML is broken, or the annotation that is."""
    root = _parsed(text, where)
    document = Document("EAF", media=tuple(_media(root)))
    slots = _times(root, where)
    tiers = [(document.add_tier(tier.get("TIER_ID") or "", _speaker(tier), tier.get("PARENT_REF") or ""), tier)
             for tier in root.iter("TIER")]  # fmt: skip
    _check_names(root, where)
    spans: dict[str, Span] = {}
    for _, tier in tiers:
        _add_aligned(tier, slots, spans, document, where)
    _add_references([tier for _, tier in tiers], spans, where)
    shift_ms = _shift_ms(root)
    for name, tier in tiers:
        for annotation in (a for a in tier.iterfind("ANNOTATION/*") if a.get("ANNOTATION_ID") in spans):
            document.intervals.append(_interval(name, annotation, spans, shift_ms, where))
    return document


def _parsed(text: str, where: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadRecord(where, "XML with a DTD or entities: not read")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BadRecord(
            within(where, line(error.position[0])), "broken XML ({error})", error=expat.ErrorString(error.code)
        ) from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise BadRecord(where, "XML of the kind {tag}, not of ELAN", tag=root.tag[:60])
    return root


def _check_names(root: ElementTree.Element, where: str) -> None:
    """Refuse a file in which an annotation has no id, or that of another."""
    names: set[str] = set()
    for annotation in root.iterfind("TIER/ANNOTATION/*"):
        name = annotation.get("ANNOTATION_ID") or ""
        if not name or name in names:
            raise BadRecord(_place(annotation, where), "has no id of its own")
        names.add(name)


def _media(root: ElementTree.Element) -> Iterator[str]:
    """The names of the media files, as ELAN wrote them on its own computer."""
    for descriptor in root.iter("MEDIA_DESCRIPTOR"):
        for name in (descriptor.get("RELATIVE_MEDIA_URL"), descriptor.get("MEDIA_URL")):
            if name:
                yield unquote(name)


def _shift_ms(root: ElementTree.Element) -> int:
    """The time of the medium at which ELAN's time 0 lies."""
    origin = next((d.get("TIME_ORIGIN") or "0" for d in root.iter("MEDIA_DESCRIPTOR")), "0")
    return int(origin) if origin.isdecimal() else 0


def _speaker(tier: ElementTree.Element) -> str:
    """The participant of a tier, else the tier's name."""
    return (tier.get("PARTICIPANT") or "").strip() or tier.get("TIER_ID") or ""


def _times(root: ElementTree.Element, where: str) -> dict[str, float | None]:
    """time slot -> ms, None for a slot without a time."""
    header = root.find("HEADER")
    unit = (header.get("TIME_UNITS") if header is not None else None) or "milliseconds"
    if unit not in _FRAMES_MS:
        raise BadRecord(where, "times in {unit}, which are not read", unit=unit[:40])
    slots: dict[str, float | None] = {}
    for slot in root.iter("TIME_SLOT"):
        value, name = slot.get("TIME_VALUE"), slot.get("TIME_SLOT_ID") or ""
        if value is not None and not value.isdecimal():
            raise BadRecord(within(where, name), "{value} is no time", value=value[:40])
        slots[name] = None if value is None else int(value) * _FRAMES_MS[unit]
    return slots


def _add_aligned(
    tier: ElementTree.Element, slots: dict[str, float | None], spans: dict[str, Span], document: Document, where: str
) -> None:
    """Add the span of each annotation with time slots to `spans`; slots without a time get one."""
    chain: list[str] = []
    annotations = list(tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"))
    for annotation in annotations:
        ends = [annotation.get("TIME_SLOT_REF1") or "", annotation.get("TIME_SLOT_REF2") or ""]
        if any(slot not in slots for slot in ends):
            raise BadRecord(_place(annotation, where), "names a time slot that the file lacks")
        document.notes += [INTERPOLATED] * any(slots[slot] is None for slot in ends)
        chain += ends if not chain or chain[-1] != ends[0] else ends[1:]
    _interpolate(chain, slots)
    for annotation in annotations:
        start, end = (slots.get(annotation.get(f"TIME_SLOT_REF{n}") or "") for n in (1, 2))
        if start is None or end is None:
            raise BadRecord(_place(annotation, where), "has no time, and no neighbour with one")
        spans[annotation.get("ANNOTATION_ID") or ""] = (start, end)


def _interpolate(chain: Sequence[str], slots: dict[str, float | None]) -> None:
    """Give the slots of `chain` between two known times evenly spaced times."""
    known = [at for at, slot in enumerate(chain) if slots[slot] is not None]
    for left, right in pairwise(known):
        start, end = slots[chain[left]] or 0.0, slots[chain[right]] or 0.0
        for at in range(left + 1, right):
            slots[chain[at]] = start + (end - start) * (at - left) / (right - left)


def _add_references(tiers: Sequence[ElementTree.Element], spans: dict[str, Span], where: str) -> None:
    """Add the spans of annotations that refer to others, parents before children, whatever their order in the file."""
    waiting = [(tier, _children(tier)) for tier in tiers]
    for _ in range(_DEEPEST):
        for _, children in waiting:
            for parent in [name for name in children if name in spans]:
                _share(spans[parent], children.pop(parent), spans)
    for _, children in waiting:
        for annotations in children.values():
            raise BadRecord(_place(annotations[0], where), "refers to an annotation that the file lacks")


def _children(tier: ElementTree.Element) -> dict[str, list[ElementTree.Element]]:
    """annotation referred to -> the annotations of `tier` that refer to it, each after its PREVIOUS_ANNOTATION."""
    by_parent: dict[str, list[ElementTree.Element]] = {}
    for annotation in tier.iterfind("ANNOTATION/REF_ANNOTATION"):
        by_parent.setdefault(annotation.get("ANNOTATION_REF") or "", []).append(annotation)
    return {parent: _ordered(annotations) for parent, annotations in by_parent.items()}


def _ordered(annotations: list[ElementTree.Element]) -> list[ElementTree.Element]:
    """`annotations` along their chain of previous annotations; as they stand if there is no single chain."""
    after = {annotation.get("PREVIOUS_ANNOTATION"): annotation for annotation in annotations}
    chain: list[ElementTree.Element] = []
    name: str | None = None
    while name in after and len(chain) < len(annotations):
        chain.append(after[name])
        name = after[name].get("ANNOTATION_ID")
    return chain if len(chain) == len(annotations) else annotations


def _share(span: Span, annotations: Sequence[ElementTree.Element], spans: dict[str, Span]) -> None:
    start, width = span[0], (span[1] - span[0]) / len(annotations)
    for n, annotation in enumerate(annotations):
        spans[annotation.get("ANNOTATION_ID") or ""] = (start + n * width, start + (n + 1) * width)


def _interval(
    tier: str, annotation: ElementTree.Element, spans: dict[str, Span], shift_ms: int, where: str
) -> Interval:
    name = annotation.get("ANNOTATION_ID") or ""
    start, end = (round(ms) + shift_ms for ms in spans[name])
    if not 0 <= start <= LONGEST_MS or not 0 <= end <= LONGEST_MS:
        raise BadRecord(_place(annotation, where), "{seconds} s is no time from 0 to 24 hours", seconds=end / 1000)
    text = (annotation.findtext("ANNOTATION_VALUE") or "").strip()
    return Interval(
        tier, start, end, text, Message("annotation {name}", name=name), name, annotation.get("ANNOTATION_REF") or ""
    )


def _place(annotation: ElementTree.Element, where: str) -> str:
    return within(where, Message("annotation {name}", name=annotation.get("ANNOTATION_ID") or "?"))
