"""Snapshots of several schemes, of multi-label schemes and of whole calls, made from a workspace."""

import random
from pathlib import Path

import pytest
import soundfile
from cli_driver import answer, failure, run
from export_corpora import derive, differ
from sounds import RATE_HZ, talk
from store_data import AT
from training_corpus import TELLING, sentence

from core.errors import InputError
from core.records import NewRecording, NewUtterance, Prediction, RunInfo
from core.schemes import DANGER, SENTIMENT, URGENCY
from core.snapshots.format import Snapshot, check_trainable, read
from core.workflows.evaluation import evaluate
from core.workflows.snapshots import snapshot
from core.workflows.snapshots.calls import transcript
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

CALLS = 30


def frozen(ws: Workspace, name: str) -> Snapshot:
    return read(ws.snapshot_folder(name))


def add_calls(ws: Workspace, n: int = CALLS, audio: bool = False) -> None:
    """Calls of one taker's turn and two of the caller; sentiment is missing at each fifth call, danger at each third
    turn of the caller.
    """
    rng = random.Random(0)
    source = ws.store.corpus.add_source("calls", "calls", "ours", "0", AT)
    recordings = []
    for c in range(n):
        urgency = URGENCY.codes[c % 3]
        labels = {"urgency": urgency} | ({"sentiment": SENTIMENT.codes[c % 2]} if c % 5 else {})
        path = None
        if audio:
            path = f"audio/c{c:02d}.wav"
            (ws.settings.home / "audio").mkdir(exist_ok=True)
            soundfile.write(ws.settings.home / path, talk(3.0, seed=c + 1), RATE_HZ, subtype="PCM_16")
        turns = [("taker", "네 119입니다", {}), *(
            ("caller", sentence(rng, TELLING[DANGER.codes[(c + t) % 2]], f"번호{(c * 2 + t) * 7919}"),
             {"danger": DANGER.codes[(c + t) % 2]} if (c * 2 + t) % 3 else {})
            for t in range(2)
        )]  # fmt: skip
        spoken = tuple(
            NewUtterance(f"c{c:02d}:{t}", text, f"c{c:02d}", t * 1000, t * 1000 + 900, who, audio, labels=own)
            for t, (who, text, own) in enumerate(turns)
        )
        recordings.append(NewRecording(f"c{c:02d}", 3000, RATE_HZ, path, f"sha{c}" if audio else None, spoken, labels))
    ws.store.corpus.add_recordings(source, recordings, AT)


def test_labels_of_calls_and_of_utterances_stand_in_one_snapshot(ws: Workspace) -> None:
    add_calls(ws)
    info = snapshot.create(ws, "both", ["urgency", "danger", "sentiment"])
    made = frozen(ws, "both")
    assert [(t.name, t.level) for t in made.targets] == [
        ("urgency", "recording"), ("danger", "utterance"), ("sentiment", "recording"),
    ]  # fmt: skip
    assert (info.scheme, info.sha256) == ("urgency", made.sha256)
    assert set(made.items.column("speaker")) == {"caller"}, "the taker has no label of its own"
    for key, urgency, danger, mood in zip(
        made.items.column("key"), *map(made.answers, info.counts["targets"]), strict=True
    ):
        c, t = int(key[1:3]), int(key[4:]) - 1
        assert urgency == URGENCY.codes[c % 3]
        assert danger == (DANGER.codes[(c + t) % 2] if (c * 2 + t) % 3 else None)
        assert mood == (SENTIMENT.codes[c % 2] if c % 5 else None)
    assert info.counts["n"] == len(made.items) == CALLS * 2
    assert info.counts["targets"]["danger"]["n"] == len(made.under("danger").items) == CALLS * 4 // 3
    report = info.counts["report"]
    assert report["targets"]["urgency"]["left_out"] == {"call-taker": CALLS}
    assert report["targets"]["danger"]["left_out"] == {}
    assert report["left_out"] == {}
    check_trainable(made)


def test_each_target_alone_is_what_its_own_snapshot_holds(ws: Workspace) -> None:
    add_calls(ws)
    snapshot.create(ws, "both", ["danger", "urgency"], "60/20/20", 3)
    for name in ("danger", "urgency"):
        snapshot.create(ws, name, name, "60/20/20", 3)
        view, alone = frozen(ws, "both").under(name), frozen(ws, name)
        assert {i.key: (i.code, i.label, i.text) for i in view.items} == {
            i.key: (i.code, i.label, i.text) for i in alone.items
        }
        assert alone.counts() == frozen(ws, name).summary()["sides"]


def test_a_taker_with_a_label_of_its_own_stays_for_it(ws: Workspace) -> None:
    add_calls(ws)
    source = ws.store.corpus.add_source("more", "calls", "ours", "0", AT)
    turns = [
        NewUtterance("x:0", "네 출동했습니다 위험하니 나오세요", "x", 0, 900, "taker", labels={"danger": "danger"}),
        NewUtterance("x:1", "네 알겠습니다 고맙습니다 정말로", "x", 1000, 1900, "caller", labels={"danger": "normal"}),
        NewUtterance("x:2", "여보세요 누구신가요 거기 계신가요", "x", 2000, 2900, None, labels={"danger": "normal"}),
    ]
    ws.store.corpus.add_recordings(
        source, [NewRecording("x", 3000, None, None, None, tuple(turns), {"urgency": "high"})], AT
    )
    info = snapshot.create(ws, "both", ["danger", "urgency"])
    made = frozen(ws, "both")
    urgency = dict(zip(made.items.column("key"), made.answers("urgency"), strict=True))
    assert (urgency["x:0"], urgency["x:1"], urgency["x:2"]) == (None, "high", None)
    left_out = info.counts["report"]["targets"]["urgency"]["left_out"]
    assert left_out == {"call-taker": CALLS + 1, "unknown speaker": 1}


def test_disputed_and_derived_answers_are_masked_for_their_scheme_only(ws: Workspace) -> None:
    rng = random.Random(1)
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    rows = [
        NewUtterance(f"s{n}", sentence(rng, TELLING[DANGER.codes[n % 2]], f"번호{n * 7919}"), f"s{n}",
                     labels={"danger": DANGER.codes[n % 2], "emotion-diary": ("joy", "sadness")[n % 2]})
        for n in range(80)
    ]  # fmt: skip
    from core.schemes import scheme

    codes = scheme("emotion-diary").codes[:2]
    rows = [
        NewUtterance(r.key, r.text, r.group, labels={**r.labels, "emotion-diary": codes[n % 2]})
        for n, r in enumerate(rows)
    ]
    ws.store.corpus.add_sentences(source, rows, AT)
    differ(ws, 1, "danger", "normal", "danger")
    derive(ws, 2, "완전히 다른 말로 바꾼 문장입니다")
    info = snapshot.create(ws, "two", ["danger", "emotion-diary"])
    made = frozen(ws, "two")
    danger = dict(zip(made.items.column("key"), made.answers("danger"), strict=True))
    disputed = info.counts["report"]["targets"]["danger"]["left_out"].get("disputed", 0)
    assert disputed >= 1
    assert danger["s0"] is None
    assert dict(zip(made.items.column("key"), made.answers("emotion-diary"), strict=True))["s0"] == codes[0]
    for name in ("danger", "emotion-diary"):
        assert all(item.gold for item in made.under(name).items if item.side != "train")
    assert any("danger: 1 answers are not used: disputed" in line for line in snapshot.explained(info.counts["report"]))


def test_the_shell_freezes_several_schemes_and_prints_each(ws: Workspace) -> None:
    add_calls(ws)
    shown = run("snapshot", "create", "both", "--scheme", "urgency", "--scheme", "sentiment")
    assert shown.exit_code == 0, shown.stderr
    assert "items of urgency, sentiment, SHA-256" in shown.stdout
    assert "note: urgency: 30 answers are not used: call-taker" in shown.stdout
    for word in ("urgency", "sentiment", "groups", *URGENCY.codes, *SENTIMENT.codes[:2]):
        assert word in shown.stdout
    made = answer("snapshot", "create", "b2", "--scheme", "urgency", "--scheme", "sentiment")
    assert set(made) == {"name", "scheme", "sha256", "created_at", "counts"}
    assert list(made["counts"]["targets"]) == made["counts"]["schemes"] == ["urgency", "sentiment"]
    alone = answer("snapshot", "create", "one", "--scheme", "urgency")
    assert set(alone["counts"]) == {"n", "gold", "sides", "report"}
    assert "targets" not in alone["counts"]["report"]
    assert "scheme urgency was given twice" in failure(
        "snapshot", "create", "b3", "--scheme", "urgency", "--scheme", "urgency"
    )


def test_a_published_split_is_taken_with_several_schemes(ws: Workspace) -> None:
    add_calls(ws)
    tags = ("split:train", "split:test")
    for utterance in range(1, CALLS * 3 + 1):
        call = (utterance - 1) // 3
        if call != CALLS - 1:
            ws.store.bulk.tag([utterance], tags[call % 4 == 0], "ann", "2024")
    info = snapshot.create(ws, "official", ["urgency", "danger"], official="clean")
    made = frozen(ws, "official")
    assert {key[:3] for key, side in zip(made.items.column("key"), made.items.column("side"), strict=True)
            if side == "test"} == {f"c{c:02d}" for c in range(0, CALLS - 1, 4)}  # fmt: skip
    assert info.counts["report"]["left_out"] == {"no published split": 2}
    assert sum(info.counts["targets"]["danger"]["sides"]["validation"].values()) > 0
    check_trainable(made)


def test_a_multi_label_table_is_imported_and_frozen(ws: Workspace, tmp_path: Path) -> None:
    rng = random.Random(2)
    table = tmp_path / "moods.tsv"
    sets = ("1,2", "0", "2", "0,1")
    table.write_text("".join(f"{n}\t{sentence(rng, f'번호{n * 7919}')}\t{sets[n % 4]}\n" for n in range(120)), "utf-8")
    answer("ingest", "table", table, "--text", "column_2", "--label", "mood=column_3", "--no-header")
    assert "scheme mood is only proposed" in failure("snapshot", "create", "m", "--scheme", "mood")
    answer("schemes", "confirm", "mood")
    counts = answer("snapshot", "create", "m", "--scheme", "mood")["counts"]
    made = frozen(ws, "m")
    assert made.targets[0].multi
    assert {code for code in made.answers("mood") if code} == {"1|2", "0", "2", "0|1"}
    totals = {code: sum(side[code] for side in counts["sides"].values()) for code in made.codes}
    assert totals == {"0": 60, "1": 60, "2": 60}
    check_trainable(made)


def test_kote_is_frozen_with_all_its_classes(ws: Workspace, shared: Path) -> None:
    file = shared / "kote" / "val.tsv"
    answer("ingest", "table", file, "--text", "column_2", "--id", "column_1", "--label", "kote=column_3")
    answer("schemes", "confirm", "kote")
    counts = answer("snapshot", "create", "kote", "--scheme", "kote")["counts"]
    made = frozen(ws, "kote")
    assert (len(made.codes), made.targets[0].multi) == (44, True)
    assert counts["n"] + counts["report"]["dropped_repeats"] == 5_000
    labels = made.targets[0].answers(made.answers("kote"))
    assert labels.shape == (counts["n"], 44)
    assert {code: sum(side[code] for side in counts["sides"].values()) for code in made.codes} == {
        code: int(labels[:, k].sum()) for k, code in enumerate(made.codes)
    }
    assert made.counts() == counts["sides"]
    check_trainable(made)


# -- whole calls


def test_a_call_is_one_item_with_its_turns_marked(ws: Workspace) -> None:
    add_calls(ws, audio=True)
    info = snapshot.create(ws, "calls", ["urgency", "sentiment"], unit="call", inputs="both")
    made = frozen(ws, "calls")
    assert (made.unit, info.counts["unit"], info.counts["n"]) == ("call", "call", CALLS)
    item = next(item for item in made.items if item.key == "c03")
    first, second = (ws.store.corpus.utterance(item.id + n).text for n in (1, 2))
    assert item.text == f"수보자: 네 119입니다 신고자: {first} {second}"
    assert (item.id, item.group, item.recording, item.code) == (10, item.group, "c03", URGENCY.codes[0])
    assert (item.audio, item.start_ms, item.end_ms, item.speaker) == ("audio/c03.wav", 0, 3000, None)
    assert made.answers("sentiment")[made.items.column("key").index("c05")] is None
    assert info.counts["report"]["targets"]["urgency"]["left_out"] == {}, "the taker's turns are part of a call"
    check_trainable(made)


def test_turns_stand_in_time_order_and_persons_are_numbered(ws: Workspace) -> None:
    def turn(n: int, start: int | None, who: str | None, text: str, origin: str = "imported") -> NewUtterance:
        return NewUtterance(f"x:{n}", text, "x", start, None if start is None else start + 500, who, origin=origin)

    source = ws.store.corpus.add_source("x", "test", "ours", "0", AT)
    turns = (
        turn(0, 2000, "actor07", "둘째"), turn(1, 0, "taker", "첫째"), turn(2, 3000, "김철수", "셋째"),
        turn(3, 4000, "actor07", "넷째"), turn(4, 5000, None, "다섯째"), turn(5, 6000, "상담사", " \u200b"),
        turn(6, 7000, "taker", "도로 소음", origin="caption"),
    )  # fmt: skip
    ws.store.corpus.add_recordings(source, [NewRecording("x", 8000, None, None, None, turns, {"urgency": "high"})], AT)
    from core.workflows.snapshots.calls import calls

    ((_, ordered),) = calls(ws, {1})
    assert ordered[0].key == "x:1"
    assert transcript(ordered) == "수보자: 첫째 화자 1: 둘째 화자 2: 셋째 화자 1: 넷째 미상: 다섯째"
    assert transcript([row for row in ordered if row.speaker is None]) == "다섯째"
    assert list(calls(ws, {99})) == []


def test_schemes_of_utterances_are_refused_for_whole_calls(ws: Workspace) -> None:
    add_calls(ws)
    with pytest.raises(
        InputError, match="scheme danger labels utterances, and a snapshot of whole calls needs labels of"
    ):
        snapshot.create(ws, "calls", ["urgency", "danger"], unit="call")
    message = failure("snapshot", "create", "calls", "--scheme", "danger", "--unit", "call")
    assert "take one of urgency, sentiment" in message
    assert "or freeze utterances" in message
    assert snapshot.every(ws) == []


def test_a_cell_of_the_matrix_opens_the_call(ws: Workspace) -> None:
    add_calls(ws)
    snapshot.create(ws, "calls", "urgency", unit="call")
    made = frozen(ws, "calls")
    item = next(item for item in made.items if item.side == "test")
    run_info = RunInfo("r1", "text", "ngram", "urgency", "text", "calls", "done", AT, {})
    ws.store.ledger.put_run(run_info)
    prediction = Prediction("r1", "urgency", item.id, "evaluation", "low", 0.9, 0.5, "test", item.code)
    ws.store.ledger.put_predictions([prediction])
    (mistake,) = evaluate.cell(ws, "r1", item.code, "low").mistakes
    assert mistake.call
    assert mistake.item == item
    assert (mistake.text, mistake.new_text, mistake.new_code) == (item.text, False, False)
    second = ws.store.corpus.utterance(item.id + 1)
    ws.store.review.decide(second.id, second.version, "ann", AT, text="전혀 다른 말입니다", labels={}, skip=None)
    (mistake,) = evaluate.cell(ws, "r1", item.code, "low").mistakes
    assert mistake.new_text
    assert "전혀 다른 말입니다" in mistake.text
