"""core.ingest.tables.labels and .times: what cells of labels and of times mean."""

from typing import Any

import pytest
from table_files import of

from core.errors import InputError, UnknownName
from core.ingest.tables.labels import LabelReader, ValueRules, distinct, rules_of
from core.ingest.tables.row_parser import Columns, ParsedRow, RowParser
from core.ingest.tables.times import TimeUnit, units_of
from core.ingest.tables.types import Reject, Row
from core.schemes import DANGER, Scheme
from core.schemes.files import extend_scheme

MOODS = extend_scheme(Scheme("moods", "moods", "moods", "utterance", (), kind="multi"), ["joy", "fear", "1"])


# --- labels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "code", "note"),
    [
        ("위험", "danger", None),
        ("DANGER", "danger", None),
        ("", "", None),
        ("   ", "", None),
        (None, "", None),
        ((), "", None),
        ("위험\u200b", "danger", r"value '위험\u200b' of danger: read as '위험', which looks the same"),
        ("\ufeff위험", "danger", r"value '\ufeff위험' of danger: read as '위험', which looks the same"),
        ("위험 ", "danger", "value '위험 ' of danger: read as '위험', which looks the same"),
        ("ｄａｎｇｅｒ", "danger", "value 'ｄａｎｇｅｒ' of danger: read as 'ｄａｎｇｅｒ', which looks the same"),
        ("N/A", "", "value 'N/A' of danger: means no answer"),
        ("-", "", "value '-' of danger: means no answer"),
        ("nan", "", "value 'nan' of danger: means no answer"),
        (" #N/A", "", "value '#N/A' of danger: means no answer"),
    ],
)
def test_a_label_cell_and_what_is_told_about_it(cell: Any, code: str, note: str | None) -> None:
    read = LabelReader(DANGER)
    assert [read(cell), read(cell)] == [code, code]
    assert read.notes.get(cell) == note


def test_a_value_that_is_no_class_is_refused() -> None:
    read = LabelReader(DANGER)
    for cell in ("아마", "위 험", "위험.", ("위험", "정상")):
        with pytest.raises(UnknownName, match="unknown danger class"):
            read(cell)
    assert read.notes == {}


def test_lists_and_several_values() -> None:
    read = LabelReader(MOODS)
    assert [read(cell) for cell in (("joy", "fear"), "fear;joy", "fear|-|1", ("N/A",), "joy, , fear", "1.0")] == [
        "joy|fear", "joy|fear", "fear|1", "", "joy|fear", "1",
    ]  # fmt: skip
    assert LabelReader(DANGER, ids=True)("1.0") == "danger"


def test_a_map_and_missing_values_of_a_person_come_first() -> None:
    rules = ValueRules({"상": "danger", "하": "normal", "모름": "", "N/A": "normal"}, ("미정", "정상"))
    read = LabelReader(DANGER, rules=rules)
    assert [read(cell) for cell in ("상", "하 ", "하\u200b", "모름", "미정", "정상", "N/A", "위험")] == [
        "danger", "normal", "normal", "", "", "", "normal", "danger",
    ]  # fmt: skip
    assert read.notes == {}
    maps = (("", "상", "high"), ("danger", "상", "danger"), ("other", "하", "x"))
    assert dict(rules_of("danger", maps, ()).mapped) == {"상": "danger"}
    assert dict(rules_of("mood", maps, ()).mapped) == {"상": "high"}


def values(*cells: Any, rules: ValueRules | None = None) -> tuple[list[str], bool]:
    rows = iter([Row(n, {"l": cell}) for n, cell in enumerate(cells)])
    return distinct(rows, {"x": "l"}, 256, {"x": rules} if rules else None)["x"]


def test_the_classes_of_a_column() -> None:
    assert values("긴급", "긴급\u200b", " 긴급", "비긴급", "-", "N/A", "", None) == (["긴급", "비긴급"], False)
    assert values("b", "Ａ", "A", "10", "9") == (["9", "10", "A", "b"], False)
    assert values("상", "중", "모름", rules=ValueRules({"상": "high", "중": "low"}, ("모름",))) == (
        ["high", "low"],
        False,
    )
    assert values("1,2", "2,3", "1,3", "1", "2", "-") == (["1", "2", "3"], True)
    assert values(("a", "b"), ("b",)) == (["a", "b"], True)
    with pytest.raises(
        InputError, match=r"row 0: the list in column l holds a value twice, .* `python -m core ingest votes`"
    ):
        values(("4", "5", "4"))


def test_what_names_nobody_groups_nothing() -> None:
    rows = "text,who,call\n가,N/A,-\n나,n/a,null\n다,김,c1\n라, - ,\n"
    reader = RowParser(Columns("text", group="who", speaker="call"), "s", {}, ())
    parsed = [reader.read(row) for row in of(rows).rows() if isinstance(row, Row)]
    groups = [row.utterance.group for row in parsed if isinstance(row, ParsedRow)]
    assert len(set(groups)) == 4
    assert groups[2] == "table:s:group:김"
    assert [row.utterance.speaker for row in parsed if isinstance(row, ParsedRow)] == [None, None, "c1", None]


# --- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("5초", 5000), ("10.5s", 10_500), ("10.5 sec", 10_500), ("1500ms", 1500), ("1500 밀리초", 1500),
        ("1분 5초", 65_000), ("1m5.5s", 65_500), ("2 min", 120_000), ("1시간 2분", 3_720_000), ("５초", 5000),
        ("250f", 2500), ("0 days 00:00:01.5", 1500), ("250 frames", 2500), ("250프레임", 2500), ("1:02.5", 62_500),
        ("00:01:02,500", 62_500), ("1,500", 1500), ("1e3", 1000), ("1500", 1500), ("12.7", 13), ("-1", None),
        ("", None), ("5 apples", None), ("초", None), ("25시간", None), ("nan", None), ("5초?", None),
    ],
)  # fmt: skip
def test_a_time_says_its_unit(text: str, ms: int | None) -> None:
    assert TimeUnit("ms", 100).ms(text) == ms


def test_plain_numbers_have_the_unit_of_their_column() -> None:
    assert [TimeUnit(unit, 8000).ms("4000") for unit in ("ms", "s", "samples", "frames")] == [4000, 4_000_000, 500, 500]
    assert TimeUnit("s").ms("1500ms") == 1500
    assert TimeUnit("samples").ms("4000") is None


@pytest.mark.parametrize(
    ("columns", "row", "units"),
    [
        ("start_ms,end_ms", "0,500", ["ms", "ms"]),
        ("start_ms,duration_s", "0,5", ["ms", "s"]),
        ("시작(초),길이", "0,5", ["s", "s"]),
        ("start,end", "0,500.5", ["s", "s"]),
        ("start,end", '0,"1,500"', ["ms", "ms"]),
        ("start,end", "0,500", ["ms", "ms"]),
        ("start_frame,end_frame", "0,500", ["frames", "frames"]),
        ("시작 샘플,끝 샘플", "0,500", ["samples", "samples"]),
    ],
)
def test_the_unit_of_a_column(columns: str, row: str, units: list[str]) -> None:
    table = of(f"{columns}\n{row}\n")
    assert [unit.unit for unit in units_of(table, columns.split(","), None, 16_000).values()] == units
    assert {unit.unit for unit in units_of(table, columns.split(","), "s", None).values()} == {"s"}


def test_frames_and_samples_need_a_rate() -> None:
    table = of("start,end\n0,500\n")
    for unit in ("frames", "samples"):
        with pytest.raises(InputError, match=f"column start counts {unit}: say how many a second has, with --rate"):
            units_of(table, ("start", "end"), unit, None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="--rate 0"):
        units_of(table, ("start", "end"), "ms", 0)


def parsed(columns: str, row: str, **roles: str) -> ParsedRow | Reject:
    table = of(f"text,wav,{columns}\n가,a,{row}\n")
    mapped = Columns("text", recording="wav", **roles).found_in(table.shape)
    reader = RowParser(mapped, "s", {}, (), units_of(table, mapped.times, None, None))
    (first,) = [reader.read(r) for r in table.rows() if isinstance(r, Row)]
    return first


@pytest.mark.parametrize(
    ("columns", "row", "span"),
    [
        ("start,dur", "1.5,2", (1500, 3500)),
        ("start_ms,dur_s", "1500,2", (1500, 3500)),
        ("start,dur", "5초,500ms", (5000, 5500)),
        ("start,dur", "00:00:05,0:02", (5000, 7000)),
    ],
)
def test_a_start_and_a_duration(columns: str, row: str, span: tuple[int, int]) -> None:
    start, duration = columns.split(",")
    first = parsed(columns, row, start=start, duration=duration)
    assert isinstance(first, ParsedRow)
    assert (first.utterance.start_ms, first.utterance.end_ms) == span


def test_times_that_cannot_be_used_are_named() -> None:
    rejected = parsed("start,dur", "1.5,-2", start="start", duration="dur")
    assert rejected == Reject(2, "unusable times", "from '1.5', '-2' long")
    shape = of("text,wav,a,b,c\n가,x,1,2,3\n").shape
    for roles, reason in (
        ({"start": "a", "end": "b", "duration": "c", "recording": "wav"}, "the end or that of the duration, not both"),
        ({"start": "a", "recording": "wav"}, "times need three columns"),
        ({"duration": "a", "recording": "wav"}, "times need three columns"),
        ({"start": "a", "duration": "b"}, "times need three columns"),
    ):
        with pytest.raises(InputError, match=reason):
            Columns("text", **roles).found_in(shape)  # type: ignore[arg-type]
