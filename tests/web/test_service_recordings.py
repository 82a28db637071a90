"""Recordings that wait together are judged in one batch, each with an answer of its own; sentences of large bodies."""

import asyncio
import io
import json
import time
from collections.abc import Sequence
from threading import Event
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest
from pydantic import ValidationError

from core.errors import CoreError, InputError, MissingBackend
from core.web.service import judging
from core.web.service.answers import RefusedRequest, first_fault
from core.web.service.forms import Recording, Sentence
from core.web.service.waiting import recordings as waiting
from core.web.service.waiting.queue import LARGE, Queue
from core.web.service.waiting.recordings import MOST_TOGETHER, Recordings
from core.web.service.waiting.sentences import Sentences, read
from core.workflows.predict import predict as workflow
from core.workflows.speech import transcribe

Pairs = Sequence[tuple[BinaryIO, Recording]]


class Judge:
    """Answers with the name of the recording, notes what was judged together; "bad" is an error, "worse" no CoreError.

    It waits for `go` if there is one.
    """

    def __init__(self, go: Event | None = None) -> None:
        self.batches: list[list[str]] = []
        self.go = go

    def __call__(self, pairs: Pairs) -> list[dict[str, Any] | CoreError]:
        names = [recording.source for _, recording in pairs]
        self.batches.append(names)
        if self.go is not None:
            assert self.go.wait(10)
        assert [file.read()[4:].decode() for file, _ in pairs] == names, "each file from its start"
        if "worse" in names:
            raise RuntimeError("a bug")
        return [InputError("no sound") if name == "bad" else {"source": name} for name in names]


def queue(threads: int = 1, cores: int = 1) -> Queue:
    made = Queue(threads=threads)
    made.cores = cores
    return made


def sent(made: Recordings, name: str, size: int = 10, kind: bytes = b"RIFF", **asked: Any) -> Any:
    return made.document(io.BytesIO(kind + name.encode()), Recording(source=name, **asked), size)


def answers(made: Recordings, first: str, *others: Any, go: Event) -> list[Any]:
    """The answers to one recording, and to the `others` that come while it is judged."""

    async def ask() -> list[Any]:
        begun = asyncio.ensure_future(sent(made, first))
        await asyncio.sleep(0.02)
        asked = [asyncio.ensure_future(other) for other in others]
        await asyncio.sleep(0.02)
        go.set()
        return await asyncio.gather(begun, *asked, return_exceptions=True)

    return asyncio.run(ask())


def test_what_arrives_while_one_is_judged_is_judged_together() -> None:
    go = Event()
    judge = Judge(go)
    made = Recordings(queue(), judge)
    names = [f"{n}" for n in range(MOST_TOGETHER + 1)]
    got = answers(made, "first", *(sent(made, name) for name in names), sent(made, "bad"), go=go)
    assert got[:-1] == [{"source": name} for name in ("first", *names)]
    assert (type(got[-1]), str(got[-1])) == (InputError, "no sound")
    assert judge.batches == [["first"], names[:MOST_TOGETHER], [names[-1], "bad"]]


def test_only_small_wavs_that_ask_for_the_same_share_a_batch() -> None:
    go = Event()
    judge = Judge(go)
    made = Recordings(queue(), judge)
    others = [
        sent(made, "a"), sent(made, "b", run=["r"]), sent(made, "c", run=["r"], schemes=["danger"]),
        sent(made, "d", run=["r"], own_voice=True), sent(made, "e", waiting.BYTES_TOGETHER), sent(made, "f"),
        sent(made, "g", kind=b"fLaC"), sent(made, "h", kind=b"fLaC"), sent(made, "i"), sent(made, "j", kind=b"RIFX"),
    ]  # fmt: skip
    answers(made, "first", *others, go=go)
    assert judge.batches == [["first"], ["a"], ["b", "c"], ["d"], ["e"], ["f"], ["g"], ["h"], ["i", "j"]]


def test_free_threads_share_what_waits_and_a_transcribed_recording_is_judged_alone() -> None:
    judge = Judge()
    made = Recordings(queue(threads=2, cores=2), judge)
    made._queue.taken = 9  # one is still being sent, so that the others wait a moment

    async def ask() -> None:
        together = [sent(made, name) for name in "abcdef"]
        alone = [made.document(io.BytesIO(b"RIFFx"), Recording(source="x"), 10, alone=True) for _ in range(2)]
        await asyncio.gather(*together, *alone)

    asyncio.run(ask())
    assert sorted(judge.batches) == [["a", "b", "c", "d"], ["e", "f"], ["x"], ["x"]]


def test_a_recording_is_transcribed_if_it_brings_no_words_and_there_is_a_transcriber(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ws: Any = SimpleNamespace(settings=SimpleNamespace(transcriber=None))
    monkeypatch.setattr(transcribe, "_made", lambda name, settings: SimpleNamespace(model=name))
    span = {"start_ms": 0, "end_ms": 9}
    asked: list[dict[str, Any]] = [
        {}, {"transcriber": "whisper"}, {"text": " \n"}, {"segments": [span]}, {"transcriber": "off"}, {"text": "네"},
        {"labels": b"{}"}, {"segments": [span, {**span, "text": "네"}]},
    ]  # fmt: skip
    got = [judging.is_transcribed(ws, Recording(source="a", **fields)) for fields in asked]
    assert got == [True] * 4 + [False] * 4

    def absent(name: str, settings: Any) -> None:
        raise MissingBackend("no model")

    monkeypatch.setattr(transcribe, "_made", absent)
    assert not judging.is_transcribed(ws, Recording(source="a"))


def test_a_fault_of_one_recording_is_not_the_answer_to_the_others() -> None:
    go = Event()
    judge = Judge(go)
    made = Recordings(queue(), judge)
    got = answers(made, "first", sent(made, "a"), sent(made, "worse"), sent(made, "b"), go=go)
    assert [got[1], got[3]] == [{"source": "a"}, {"source": "b"}]
    assert (type(got[2]), str(got[2])) == (RuntimeError, "a bug")
    assert judge.batches == [["first"], ["a", "worse", "b"], ["a"], ["worse"], ["b"]]


def test_a_batch_that_takes_long_does_not_keep_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    go = Event()
    judge = Judge(go)
    made = Recordings(queue(threads=2), judge)
    monkeypatch.setattr(waiting, "SLOW_S", 0.01)

    async def ask() -> None:
        slow = [asyncio.ensure_future(sent(made, name)) for name in ("slow", "next")]
        while len(judge.batches) < 2:
            await asyncio.sleep(0.005)
        go.set()
        await asyncio.gather(*slow)

    asyncio.run(asyncio.wait_for(ask(), 10))
    assert judge.batches == [["slow"], ["next"]]
    assert (made._judging, made._quick) == (0, 0)


def test_a_recording_waits_a_moment_for_those_that_are_being_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge()
    made = Recordings(queue(), judge)
    monkeypatch.setattr(waiting, "PAUSE_S", 0.05)

    async def send(name: str, seconds: float) -> Any:
        with made._queue.place(10):
            await asyncio.sleep(seconds)  # its body arrives
            return await sent(made, name)

    async def ask() -> list[Any]:
        return await asyncio.gather(send("a", 0.0), send("b", 0.01), send("c", 0.3))

    assert asyncio.run(ask()) == [{"source": name} for name in "abc"]
    assert judge.batches == [["a", "b"], ["c"]]
    assert made._items == 0


def test_callers_that_left_and_loops_that_ended_cost_nothing() -> None:
    go = Event()
    judge = Judge(go)
    made = Recordings(queue(), judge)

    async def leave() -> list[Any]:
        begun = asyncio.ensure_future(sent(made, "first"))
        left = asyncio.ensure_future(sent(made, "left"))
        stays = asyncio.ensure_future(sent(made, "stays"))
        await asyncio.sleep(0.02)
        left.cancel()
        go.set()
        return await asyncio.gather(begun, stays)

    assert asyncio.run(leave()) == [{"source": "first"}, {"source": "stays"}]
    assert judge.batches == [["first"], ["stays"]]
    made._judging = made._quick = 1  # a loop that was closed while a thread judged
    assert asyncio.run(sent(made, "again")) == {"source": "again"}


def test_a_large_recording_has_a_lane_of_its_own_and_no_thread_is_named() -> None:
    judge = Judge()
    made = Recordings(queue(), judge)
    assert asyncio.run(sent(made, "large", LARGE + 1)) == {"source": "large"}
    with pytest.raises(InputError, match="no sound"):
        asyncio.run(sent(made, "bad", LARGE + 1))
    made._queue.soon = no_thread  # type: ignore[method-assign, assignment]
    with pytest.raises(RuntimeError, match="can't start new thread"):
        asyncio.run(sent(made, "x"))
    assert made._judging == 0


def no_thread(task: Any) -> Any:
    raise RuntimeError("can't start new thread")


def test_what_a_recording_asks_for_is_asked_of_the_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def predict(ws: Any, sounds: Any, **options: Any) -> list[Any]:
        asked.append(([(sound.source, sound.text, sound.segments) for sound in sounds], options))
        return [{"utterances": [], "verdict": {"danger": {}, "urgency": {}}}, InputError("no sound")]

    monkeypatch.setattr(workflow, "predict_recordings", predict)
    monkeypatch.setattr(judging, "open_workspace", lambda: None)
    same = {"run": ["r"], "transcriber": "off", "own_voice": True}
    first = Recording(source="a", text="네", schemes=["danger"], **same)
    kept, error = judging.judge_recordings([(io.BytesIO(), first), (io.BytesIO(), Recording(source="b", **same))])
    assert kept == {"utterances": [], "verdict": {"danger": {}}}
    assert str(error) == "no sound"
    options = {"run_ids": ("r",), "transcriber": "off", "own_voice": True}
    assert asked == [([("a", "네", None), ("b", None, None)], options)]


def test_sentences_are_read_piece_by_piece_and_as_before() -> None:
    body = json.dumps({"texts": ["불이 났어요", "\ud55c"], "run": ["r"], "more": {"x": [1]}}).encode()
    assert read(body, Sentences) == Sentences.model_validate_json(body)
    assert read(b'{"text": "\xeb\xb6\x88"}', Sentence).text == "불"
    for wrong, where in ((b"{}", "texts"), (b'{"texts": [1]}', "texts.0"), (b'{"texts": ["a"], "run": "r"}', "run")):
        with pytest.raises(ValidationError) as error:
            read(wrong, Sentences)
        assert ".".join(map(str, error.value.errors()[0]["loc"])) == where


@pytest.mark.parametrize(
    "body", [b"", b"[", b"{'texts': []}", b'{"texts": ["a"]}x', b'{"texts": ["\xff\xff"]}', b"nan"]
)
def test_what_is_no_json_is_told_without_its_content(body: bytes) -> None:
    with pytest.raises(RefusedRequest, match=r"^body: Invalid JSON: (parse|lexical) error: [\w ()]+") as refused:
        read(body, Sentences)
    assert refused.value.status == 422
    assert "texts" not in str(refused.value)


@pytest.mark.parametrize(
    "body", [b'{"texts": [' + b"1," * 50_000, b'{"x": [' + b"{}," * 50_000, b'{"x": ' + b"[" * 50_000]
)
def test_a_body_of_too_many_values_is_refused_before_its_end(body: bytes) -> None:
    with pytest.raises(RefusedRequest, match="body: more than 10000 texts, or too many other values"):
        read(body, Sentences)


@pytest.mark.parametrize("start", ['{"texts": ["', '{"texts": [', ""], ids=["text", "number", "blank"])
def test_a_long_value_is_refused_where_it_becomes_too_long(start: str) -> None:
    body = (start + {"": " ", "[": "9", '"': "가"}[start[-1:]] * 4_000_000).encode()
    begun = time.perf_counter()
    with pytest.raises(
        RefusedRequest, match=r"^body: a text of more than 10000 characters, or another long value$"
    ) as no:
        read(body, Sentences)
    assert no.value.status == 422
    assert time.perf_counter() - begun < 0.5, "it is not read to its end"


def test_a_hundred_of_the_longest_texts_are_read() -> None:
    text = "\U0001f525" * 10_000  # 120 KB each, written with escapes
    assert read(json.dumps({"texts": [text] * 100}).encode(), Sentences).texts == [text] * 100


@pytest.mark.parametrize("more", [0, 200_000])
def test_half_a_character_is_refused_in_small_and_large_bodies(more: int) -> None:
    body = b'{"text": "\\ud800"' + b" " * more + b"}"
    reasons = []
    for parse in (Sentence.model_validate_json, lambda sent: read(sent, Sentence)):
        with pytest.raises(ValidationError) as error:
            parse(body)
        reasons.append(first_fault(error.value))
    assert reasons[0] == reasons[1]
    assert reasons[0].startswith("body: Invalid JSON: ")
