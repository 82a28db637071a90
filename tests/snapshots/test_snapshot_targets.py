"""Snapshots of several Targets and of several classes an item: what is masked, hashed, counted and refused."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from old_workspace import expected, unpacked
from training_corpus import AT, FRACTIONS, TELLING, danger_items, sentence

from core.errors import CheckpointMismatch, InputError, NotEnoughData, UnknownName
from core.schemes import DANGER, URGENCY, Label, Scheme
from core.schemes.target import Target
from core.snapshots.answers import Further
from core.snapshots.format import Item, Snapshot, check_trainable, content_hash, read, read_some, write
from core.snapshots.freeze import build
from core.snapshots.items import Items

TONE = Scheme(
    "tone", "어조", "Tone", "utterance",
    tuple(Label(code, code, code, "", "#000000") for code in ("calm", "worried", "loud")),
)  # fmt: skip
MOOD = Scheme(
    "mood", "기분", "Mood", "utterance",
    tuple(Label(code, code, code, "", "#000000") for code in ("joy", "anger", "fear")), kind="multi",
)  # fmt: skip
SETS = ("joy", "anger|fear", "fear", "joy|fear")


def answers(items: list[Item], scheme: Scheme = TONE) -> dict[str, tuple[str, bool]]:
    """Every item but each fifth has a gold answer under the second scheme."""
    return {item.key: (scheme.codes[n % 3], True) for n, item in enumerate(items) if n % 5}


def two(items: list[Item] | None = None, found: dict[str, tuple[str, bool]] | None = None, **more: object) -> Snapshot:
    items = danger_items(120) if items is None else items
    further = [Further(TONE, answers(items) if found is None else found)]
    return build("s", DANGER, items, FRACTIONS, 1, AT, further=further, **more)  # type: ignore[arg-type]


def mood_items(n: int = 120) -> list[Item]:
    rng = random.Random(0)
    return [Item(i + 1, f"m{i:03d}", f"m{i:03d}", sentence(rng, f"번호{i * 7919}"), SETS[i % 4]) for i in range(n)]


def test_an_item_without_an_answer_is_masked_there_and_trained_on_elsewhere() -> None:
    made = two([replace(item, code="" if n % 7 == 1 else item.code) for n, item in enumerate(danger_items(120))])
    assert [target.name for target in made.targets] == ["danger", "tone"]
    assert (made.scheme, made.codes) == ("danger", DANGER.codes)
    number = [int(key[1:]) for key in made.items.column("key")]
    for n, danger, mood in zip(number, made.answers("danger"), made.answers("tone"), strict=True):
        assert danger == (None if n % 7 == 1 else DANGER.codes[n % 2])
        assert mood == (TONE.codes[n % 3] if n % 5 else None)
    masked = [item for item in made.items if not item.code]
    assert {item.label for item in masked} == {-1}
    check_trainable(made)
    with pytest.raises(UnknownName, match="unknown scheme of snapshot s 'mood'; known: danger, tone"):
        made.answers("mood")


def test_a_view_is_a_snapshot_of_one_target() -> None:
    made = two()
    view = made.under("tone")
    assert (view.scheme, view.codes, view.sha256) == ("tone", TONE.codes, made.sha256)
    assert [target.name for target in view.targets] == ["tone"]
    assert len(view.items) == 96
    assert all(TONE.codes[item.label] == item.code for item in view.items)
    assert view.items.table.schema.names == Items.of([]).table.schema.names
    assert view.under("tone") is view
    sides = {item.key: item.side for item in made.items}
    assert all(sides[item.key] == item.side for item in view.items)
    assert len(made.under("danger").items) == 120
    check_trainable(view)


def test_written_and_read_it_is_the_same_and_one_target_stays_as_it_was(tmp_path: Path) -> None:
    made = two()
    write(made, tmp_path / "s")
    assert read(tmp_path / "s") == made
    names = pq.read_schema(tmp_path / "s" / "items.parquet").names
    assert names[-2:] == ["code:tone", "gold:tone"]
    assert names[:-2] == Items.of([]).table.schema.names
    description = json.loads((tmp_path / "s" / "snapshot.json").read_text())
    assert [target["name"] for target in description["targets"]] == ["danger", "tone"]
    ids = [made.items[0].id]
    assert read_some(tmp_path / "s", ids, made.sha256).items == {ids[0]: made.items[0]}
    summary = made.summary()
    assert summary["targets"]["tone"]["n"] == 96
    assert summary["targets"]["danger"]["sides"] == summary["sides"] == made.counts()
    assert made.counts("tone") == made.under("tone").counts()
    alone = build("s", DANGER, danger_items(120), FRACTIONS, 1, AT)
    assert "targets" not in alone.summary()
    assert "unit" not in alone.summary()
    assert "targets" not in alone.report


def test_snapshots_of_version_0_1_0_are_read_with_their_hash(tmp_path: Path) -> None:
    folder = unpacked(tmp_path) / "snapshots"
    seen = {path.name: read(path) for path in folder.iterdir()}
    assert seen
    for name, snapshot in seen.items():
        about = json.loads((folder / name / "snapshot.json").read_text())
        assert "targets" not in about
        assert snapshot.sha256 == about["sha256"]
        assert snapshot.unit == "utterance"
        assert [target.name for target in snapshot.targets] == [snapshot.scheme]
        assert content_hash(snapshot.scheme, snapshot.codes, snapshot.items) == about["sha256"]
        assert content_hash(snapshot.scheme, snapshot.codes, snapshot.items, snapshot.targets) == about["sha256"]
    assert expected()


def test_the_hash_covers_the_answers_under_each_target() -> None:
    items = danger_items(120)
    made = two(items)
    first = answers(items)
    other = next(code for code in TONE.codes if code != first[items[1].key][0])
    changed = first | {items[1].key: (other, True)}
    fewer = {key: value for key, value in first.items() if key != items[1].key}
    silver = first | {items[1].key: (first[items[1].key][0], False)}
    hashes = {two(items, found).sha256 for found in (first, changed, fewer, silver)}
    assert len(hashes) == 4
    assert made.sha256 in hashes
    alone = build("s", DANGER, items, FRACTIONS, 1, AT)
    assert alone.sha256 == content_hash("danger", DANGER.codes, alone.items)
    assert alone.sha256 != made.sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code:tone": "no-class"}, "SHA-256 differs"),
        ({"gold:tone": False}, "SHA-256 differs"),
        ({"code:tone": None}, "SHA-256 differs"),
    ],
)
def test_tampered_answers_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    write(two(), tmp_path / "s")
    path = tmp_path / "s" / "items.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    next(row for row in rows if row["code:tone"]).update(changes)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(CheckpointMismatch, match=message):
        read(tmp_path / "s")
    pq.write_table(table.drop_columns(["gold:tone"]), path)
    with pytest.raises(CheckpointMismatch, match=r"snapshot\.json lacks or has an odd field"):
        read(tmp_path / "s")


def test_silver_answers_are_masked_on_held_out_sides_and_stay_in_training() -> None:
    items = danger_items(160)
    silver = {key: (code, n % 2 == 0) for n, (key, (code, _)) in enumerate(answers(items).items())}
    made = two(items, silver)
    view = made.under("tone")
    assert all(item.gold for item in view.items if item.side != "train")
    assert not all(item.gold for item in view.items)
    masked = made.report["targets"]["tone"]["masked_not_gold"]
    assert masked == len(silver) - len(view.items) > 0
    assert made.report["dropped_not_gold"] == 0, "each has another answer"
    assert len(made.items) == 160
    check_trainable(made)
    only = [replace(item, code="") for item in items]
    bare = two(only, silver)
    assert len(bare.items) == len(silver) - bare.report["dropped_not_gold"]
    assert bare.report["dropped_not_gold"] == bare.report["targets"]["tone"]["masked_not_gold"] > 0


def test_a_held_out_silver_answer_of_any_target_is_refused() -> None:
    made = two()
    held = [side != "train" for side in made.items.column("side")]
    gold = [None if value is None else not out for value, out in zip(made.items.column("gold:tone"), held, strict=True)]
    with pytest.raises(InputError, match=r"snapshot s, tone: .* is not gold"):
        check_trainable(replace(made, items=made.items.replaced(**{"gold:tone": gold})))


def test_a_target_without_answers_on_a_side_is_refused_by_name_and_warned_of() -> None:
    items = danger_items(400)  # so many groups that the hash decides, whatever the answers are
    sides = {item.key: item.side for item in build("s", DANGER, items, FRACTIONS, 1, AT).items}
    made = two(items, {key: value for key, value in answers(items).items() if sides.get(key) == "train"})
    assert f"test: 0 of class {TONE.codes[0]} under tone" in made.report["warnings"]
    with pytest.raises(NotEnoughData, match="snapshot s, tone: the validation side is empty"):
        check_trainable(made)


def test_the_balance_of_few_groups_counts_every_target() -> None:
    rare = TONE.codes[2]
    items = danger_items(90)
    found = {item.key: (rare if n % 15 == 0 else TONE.codes[n % 2], True) for n, item in enumerate(items)}
    for seed in range(5):
        made = build("s", DANGER, items, FRACTIONS, seed, AT, further=[Further(TONE, found)])
        counts = made.counts("tone")
        assert all(counts[side][rare] > 0 for side in counts), seed


def test_conflicts_are_counted_and_settled_under_each_target() -> None:
    items = danger_items(120)
    twin = replace(items[1], id=900, key="twin", group="twin", code=items[1].code)
    other = next(code for code in TONE.codes if code != answers(items)[items[1].key][0])
    found = answers(items) | {"twin": (other, True)}
    kept = two([*items, twin], found)
    report = kept.report["targets"]
    assert report["tone"]["conflicts"] == {"texts": 1, "rows": 2, "did": "keep"}
    assert report["danger"]["conflicts"]["texts"] == 0
    assert kept.report["conflicts"]["texts"] == 1
    dropped = two([*items, twin], found, conflicts="drop")
    assert len(dropped.items) == 121 - dropped.report["dropped_repeats"]
    assert dropped.report["targets"]["tone"]["masked_conflicts"] == 2
    by_key = dict(zip(dropped.items.column("key"), dropped.answers("tone"), strict=True))
    assert {by_key["twin"], by_key[items[1].key]} == {None}


def test_a_scheme_twice_and_an_unknown_class_are_refused() -> None:
    items = danger_items(60)
    with pytest.raises(InputError, match="snapshot s: scheme danger was given twice; name each once"):
        build("s", DANGER, items, FRACTIONS, 1, AT, further=[Further(DANGER, {})])
    with pytest.raises(UnknownName, match="unknown tone class 'boom'"):
        two(items, {items[0].key: ("boom", True)})
    with pytest.raises(UnknownName, match="unknown danger class ''"):
        build("s", DANGER, [replace(items[0], code="")], FRACTIONS, 1, AT)


def test_a_multi_label_snapshot_counts_each_class_and_is_read_back(tmp_path: Path) -> None:
    made = build("s", MOOD, mood_items(), FRACTIONS, 1, AT)
    assert made.targets == (Target("mood", ("joy", "anger", "fear"), "multi"),)
    assert set(made.items.column("label")) == {-1}
    totals = {code: sum(counts[code] for counts in made.counts().values()) for code in made.codes}
    assert totals == {"joy": 60, "anger": 30, "fear": 90}
    assert all(counts["anger"] > 0 for counts in made.counts().values())
    check_trainable(made)
    write(made, tmp_path / "s")
    assert read(tmp_path / "s") == made
    assert made.sha256 != content_hash("mood", made.codes, made.items), "the kind is part of the hash"
    both = build("s", DANGER, danger_items(80), FRACTIONS, 1, AT, further=[
        Further(MOOD, {item.key: (SETS[n % 4], True) for n, item in enumerate(danger_items(80))})
    ])  # fmt: skip
    assert set(both.under("mood").items.column("label")) == {-1}
    assert both.under("mood").targets[0].multi


def test_multi_label_codes_are_stored_in_class_order_and_checked() -> None:
    items = [replace(mood_items()[0], code="fear|joy"), *mood_items()[1:]]
    made = build("s", MOOD, items, FRACTIONS, 1, AT)
    assert dict(zip(made.items.column("key"), made.answers("mood"), strict=True))["m000"] == "joy|fear"
    with pytest.raises(UnknownName, match="unknown mood class 'boom'"):
        build("s", MOOD, [replace(items[0], code="joy|boom")], FRACTIONS, 1, AT)
    one = [replace(item, code="joy") for item in items]
    with pytest.raises(NotEnoughData, match="at least 2 classes, found 1"):
        check_trainable(build("s", MOOD, one, FRACTIONS, 1, AT))


def test_equal_texts_with_different_sets_are_conflicts() -> None:
    items = mood_items(60)
    twins = [
        replace(items[0], id=500 + n, key=f"t{n}", group=f"t{n}", code=code) for n, code in enumerate(("joy", "anger"))
    ]
    made = build("s", MOOD, [*items, *twins], FRACTIONS, 1, AT, conflicts="majority")
    assert made.report["conflicts"] == {"texts": 1, "rows": 3, "did": "majority"}
    assert made.report["dropped_conflicts"] == 1


def test_near_equal_whole_calls_share_a_side_and_turns_do_not() -> None:
    rng = random.Random(0)
    said = [f"수보자: 네 119입니다 신고자: {sentence(rng, TELLING['danger'])}" for _ in range(40)]
    items = [
        Item(n + 1, f"c{n}", f"c{n}", said[n % 40] + "!" * (n // 40), "high" if n % 2 else "low", recording=f"c{n}")
        for n in range(80)
    ]
    made = build("s", URGENCY, items, FRACTIONS, 1, AT, unit="call")
    assert made.unit == "call"
    assert made.report["merged_groups"] == 40
    assert made.summary()["unit"] == "call"
    assert len(made.items) == 80
    check_trainable(made)
    assert build("s", URGENCY, items, FRACTIONS, 1, AT).report["merged_groups"] == 0
