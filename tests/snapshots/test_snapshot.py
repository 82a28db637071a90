import json
import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from training_corpus import AT, FRACTIONS, danger_items, danger_snapshot, sentence

from core.errors import CheckpointMismatch, InputError, NotEnoughData, UnknownName
from core.schemes import DANGER, URGENCY
from core.snapshots.format import Item, Snapshot, check_trainable, content_hash, read, write
from core.snapshots.freeze import build


def make(items: list[Item], **changed: object) -> Snapshot:
    return build("s", DANGER, items, FRACTIONS, int(changed.get("seed", 1)), AT)  # type: ignore[call-overload]


def with_items(snapshot: Snapshot, items: list[Item]) -> Snapshot:
    return replace(snapshot, items=tuple(items), sha256=content_hash(snapshot.scheme, snapshot.codes, items))


def on(snapshot: Snapshot, side: str) -> list[Item]:
    return [item for item in snapshot.items if item.side == side]


def test_written_and_read_it_is_the_same(tmp_path: Path) -> None:
    made = danger_snapshot(tmp_path / "d1")
    assert read(tmp_path / "d1") == made
    assert read(str(tmp_path / "d1")).summary() == made.summary()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["d1", "items.parquet", "snapshot.json"]
    description = json.loads((tmp_path / "d1" / "snapshot.json").read_text())
    assert description["codes"] == ["normal", "danger"]
    assert description["counts"] == made.counts()
    assert sum(n for side in made.counts().values() for n in side.values()) == len(made.items)
    check_trainable(made)


def test_a_snapshot_is_never_overwritten(tmp_path: Path) -> None:
    made = danger_snapshot(tmp_path / "d1")
    with pytest.raises(InputError, match="'d1' exists already; snapshots are frozen"):
        write(made, tmp_path / "d1")


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a/b", "x" * 65])
def test_names_that_are_no_folder(name: str) -> None:
    with pytest.raises(InputError, match="snapshot name"):
        build(name, DANGER, danger_items(20), FRACTIONS, 1, AT)


def test_hash_ignores_row_order_and_ids_and_sees_everything_else() -> None:
    items = danger_items(60)
    made = make(items)
    assert make(items[::-1]).sha256 == made.sha256
    assert make([replace(i, id=i.id + 500) for i in items]).sha256 == made.sha256
    first = made.items[0]
    changes: list[dict[str, object]] = [
        {"text": "다른 말"},
        {"code": "danger" if first.code == "normal" else "normal"},
        {"gold": False},
        {"side": "test" if first.side != "test" else "train"},
        {"start_ms": 5},
        {"audio": "a.wav"},
    ]
    for change in changes:
        changed = [replace(first, **change), *made.items[1:]]
        assert content_hash("danger", made.codes, changed) != made.sha256, change
    assert content_hash("danger", made.codes[::-1], made.items) != made.sha256


def test_labels_are_positions_and_texts_are_cleaned() -> None:
    made = make([*danger_items(60), Item(1000, "zz", "zz", "\ufeff불이   났어요\n", "danger")])
    last = made.items[-1]
    assert (last.text, last.label) == ("불이 났어요", 1)
    assert {(i.code, i.label) for i in made.items} == {("normal", 0), ("danger", 1)}
    with pytest.raises(UnknownName, match="unknown danger class 'boom'"):
        make([replace(danger_items(1)[0], code="boom")])


def test_near_equal_sentences_share_a_group_and_a_side() -> None:
    items = danger_items(80)
    twins = [replace(i, id=i.id + 1000, key=i.key + "b", group=i.group + "b", text=i.text + "!") for i in items[:40]]
    made = make([*items, *twins])
    side = {item.key: item.side for item in made.items}
    group = {item.key: item.group for item in made.items}
    assert len(made.items) == 120
    assert all(side[t.key] == side[t.key[:-1]] and group[t.key] == group[t.key[:-1]] for t in twins)
    assert made.report["merged_groups"] == 40
    check_trainable(made)


def test_turns_of_calls_join_no_calls_but_repeats_leave_the_training_side() -> None:
    rng = random.Random(0)
    items = []
    for call in range(30):
        for turn, text in enumerate((sentence(rng), "네", "빨리 구급차 좀 보내 주세요 제발" + "요" * (call % 2))):
            items.append(Item(len(items), f"c{call}#{turn}", f"c{call}", text, "high", recording=f"c{call}"))
    made = build("s", URGENCY, items, FRACTIONS, 1, AT)
    assert made.report["groups"] == 30
    assert made.report["merged_groups"] == 0
    train = {i.text for i in on(made, "train")}
    assert "네" not in train
    assert not any("구급차" in text for text in train)  # with and without the last syllable: nearly equal
    held_out = on(made, "validation") + on(made, "test")
    assert sum(i.text == "네" for i in held_out) == len({i.group for i in held_out})
    assert made.report["dropped_repeats"] == 2 * len({i.group for i in on(made, "train")})


def test_derived_and_silver_items_are_trained_on_only() -> None:
    items = danger_items(100)
    silver = [replace(i, id=i.id + 1000, key=i.key + "+1", text=i.text + " 그리고 또", gold=False) for i in items]
    made = make([*items, *silver])
    assert all(i.gold for i in made.items if i.side != "train")
    parents = {i.key: i.side for i in made.items if i.gold}
    silver_items = [i for i in made.items if not i.gold]
    assert silver_items
    assert all(parents[i.key[:-2]] == "train" for i in silver_items)
    assert made.report["dropped_not_gold"] == 100 - len(silver_items)
    check_trainable(made)


def test_empty_texts_without_sound_are_counted_and_those_with_sound_stay() -> None:
    items = danger_items(60)
    sounds = [Item(2000 + i, f"w{i}", f"w{i}", " ", "danger", audio=f"audio/{i}.wav") for i in range(20)]
    made = make([*items, Item(1999, "nothing", "nothing", " \n", "danger"), *sounds])
    assert made.report["dropped_empty"] == 1
    assert sum(i.audio is not None for i in made.items) == 20
    check_trainable(made)


def test_a_key_twice_and_nothing_at_all() -> None:
    item = danger_items(1)[0]
    with pytest.raises(InputError, match="the first is 's0000'"):
        make([item, item])
    with pytest.raises(NotEnoughData, match="no labelled item is left"):
        make([])


def test_warnings_name_side_and_class() -> None:
    assert (
        "validation: 0 of class danger"
        in make([replace(i, code="normal") for i in danger_items(60)]).report["warnings"]
    )


def test_training_refuses_a_cut_group_by_name() -> None:
    made = make(danger_items(100))
    train, test = on(made, "train")[0], on(made, "test")[0]
    items = [replace(i, group=train.group) if i.key == test.key else i for i in made.items]
    with pytest.raises(InputError, match=f"the split cuts group '{train.group}'"):
        check_trainable(with_items(made, items))


def test_training_refuses_a_repeated_text_and_silver_held_out() -> None:
    made = make(danger_items(100))
    train, test = on(made, "train")[0], on(made, "test")[0]
    items = [replace(i, text=test.text + "!!") if i.key == train.key else i for i in made.items]
    with pytest.raises(InputError, match=f"training item '{train.key}' repeats a held-out text"):
        check_trainable(with_items(made, items))
    items = [replace(i, gold=False) if i.key == test.key else i for i in made.items]
    with pytest.raises(InputError, match=f"'{test.key}' on the test side is not gold"):
        check_trainable(with_items(made, items))


def test_training_refuses_an_empty_side_and_a_single_class() -> None:
    made = make(danger_items(100))
    for side in ("validation", "test"):
        with pytest.raises(NotEnoughData, match=f"the {side} side is empty"):
            check_trainable(with_items(made, [i for i in made.items if i.side != side]))
    only = [i for i in made.items if i.side != "train" or i.code == "danger"]
    with pytest.raises(NotEnoughData, match="at least 2 classes, found 1"):
        check_trainable(with_items(made, only))


def tamper(path: Path, **changes: object) -> None:
    rows = pq.read_table(path)
    pylist = rows.to_pylist()
    pylist[0].update(changes)
    pq.write_table(pa.Table.from_pylist(pylist, schema=rows.schema), path)


@pytest.mark.parametrize(
    "changes", [{"text": "몰래 고친 말"}, {"code": "danger", "label": 1, "gold": False}, {"group": "x"}]
)
def test_tampered_items_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    danger_snapshot(tmp_path / "d1")
    tamper(tmp_path / "d1" / "items.parquet", **changes)
    with pytest.raises(CheckpointMismatch, match="SHA-256 differs"):
        read(tmp_path / "d1")


def test_a_label_that_is_no_position_is_refused(tmp_path: Path) -> None:
    danger_snapshot(tmp_path / "d1")
    tamper(tmp_path / "d1" / "items.parquet", label=7)
    with pytest.raises(CheckpointMismatch, match="not the position"):
        read(tmp_path / "d1")


def test_reordered_codes_missing_files_and_rubbish_are_refused(tmp_path: Path) -> None:
    danger_snapshot(tmp_path / "d1")
    path = tmp_path / "d1" / "snapshot.json"
    good = path.read_text()
    path.write_text(json.dumps(json.loads(good) | {"codes": ["danger", "normal"]}))
    with pytest.raises(CheckpointMismatch, match="SHA-256 differs"):
        read(tmp_path / "d1")
    for bad in ("{", "[]", "{}"):
        path.write_text(bad)
        with pytest.raises(CheckpointMismatch, match="snapshot d1"):
            read(tmp_path / "d1")
    path.write_text(good)
    (tmp_path / "d1" / "items.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(CheckpointMismatch, match="cannot be read"):
        read(tmp_path / "d1")
    (tmp_path / "d1" / "items.parquet").unlink()
    with pytest.raises(CheckpointMismatch, match=r"items\.parquet is missing"):
        read(tmp_path / "d1")
    with pytest.raises(CheckpointMismatch, match=r"snapshot\.json is missing"):
        read(tmp_path / "nowhere")
