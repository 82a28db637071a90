"""Parts of the REST service alone: limits of keys, the queue, sentences that are judged together, fields of a form."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import FormData, UploadFile

from core.errors import CoreError, InputError, NotEnoughData, UnknownName
from core.web.service import forms
from core.web.service.access import Limits
from core.web.service.answers import RefusedRequest
from core.web.service.judging import check_schemes, only
from core.web.service.waiting.queue import Queue
from core.web.service.waiting.texts import QUICK_S, Document, Texts
from core.workflows.service.keys import ApiKey, digest
from scripts import device

WS: Any = None  # no judge here looks at it
KEY = ApiKey("bus", "gwd_abcd", digest("secret"), ("predict",), 60, "2026-01-01", "ann")


def test_a_limit_is_even_over_the_minute_and_says_when_to_ask_again() -> None:
    now = [0.0]
    limits = Limits(lambda: now[0])
    for _ in range(60):
        limits.take(KEY)
    with pytest.raises(RefusedRequest, match="key bus has a limit of 60 requests a minute") as refused:
        limits.take(KEY)
    assert (refused.value.status, refused.value.retry_s) == (429, 2)
    now[0] = 1.1
    limits.take(KEY)
    with pytest.raises(RefusedRequest):
        limits.take(KEY)
    now[0] = 600.0
    for _ in range(60):
        limits.take(KEY)
    with pytest.raises(RefusedRequest):
        limits.take(KEY)


def test_processes_give_out_one_limit_together(tmp_path: Path) -> None:
    now = [0.0]
    processes = [Limits(lambda: now[0], tmp_path) for _ in range(4)]
    for per_minute in (1, 6):
        key = replace(KEY, sha256=digest(str(per_minute)), per_minute=per_minute)
        given = 0
        for _ in range(per_minute):
            for limits in processes:
                with suppress(RefusedRequest):
                    limits.take(key)
                    given += 1
        assert given == per_minute
        now[0] += 60.5 / per_minute
        processes[3].take(key)
        with pytest.raises(RefusedRequest, match=f"key bus has a limit of {per_minute} requests a minute"):
            processes[0].take(key)


def test_no_limit_limits_no_key() -> None:
    limits = Limits(lambda: 0.0)
    free = ApiKey("free", "", digest("x"), ("predict",), None, "", "")
    for _ in range(1000):
        limits.take(free)


def test_a_full_queue_refuses_at_once_by_number_and_by_bytes() -> None:
    queue = Queue(places=2, spooled=100)
    with queue.place(10), queue.place(80):
        with pytest.raises(RefusedRequest, match="2 recordings are waiting") as refused, queue.place(1):
            pass
        assert (refused.value.status, refused.value.retry_s) == (503, 2)
    with queue.place(60), pytest.raises(RefusedRequest, match="1 recordings are waiting"), queue.place(41):
        pass
    with queue.place(100):
        assert (queue.taken, queue.bytes) == (1, 100)
    assert (queue.taken, queue.bytes) == (0, 0)


def named(ws: object, runs: tuple[str, ...]) -> tuple[str, ...]:
    """The runs that judge: those that are asked for."""
    return runs


class Judge:
    """Answers each text with itself and notes what was judged together; a text "bad" is an error."""

    def __init__(self) -> None:
        self.batches: list[tuple[list[str], tuple[str, ...]]] = []

    def __call__(self, ws: object, texts: Sequence[str], runs: tuple[str, ...]) -> list[Document | CoreError]:
        self.batches.append((list(texts), runs))
        if runs == ("none",):
            raise InputError("no run 'none'")
        return [InputError("the text is empty") if text == "bad" else {"source": text} for text in texts]


def test_sentences_that_wait_together_are_judged_in_one_batch() -> None:
    judge = Judge()

    async def ask() -> tuple[list[Any], list[Any]]:
        texts = Texts(judge, serving=named)
        first = await texts.document(WS, "처음")
        both = await asyncio.gather(
            *(texts.document(WS, f"문장 {n}") for n in range(100)),
            texts.document(WS, "bad"),
            texts.document(WS, "other", ("r",)),
            texts.document(WS, "x", ("none",)),
            return_exceptions=True,
        )
        assert texts.count == 0
        return [first], list(both)

    first, answers = asyncio.run(ask())
    assert first == [{"source": "처음"}]
    assert answers[:100] == [{"source": f"문장 {n}"} for n in range(100)]
    assert (str(answers[100]), answers[101], str(answers[102])) == (
        "the text is empty", {"source": "other"}, "no run 'none'",
    )  # fmt: skip
    assert [len(texts) for texts, runs in judge.batches if runs == ()] == [1, 64, 37]


def test_dear_judgements_go_to_a_thread_and_what_arrives_meanwhile_waits() -> None:
    sizes: list[int] = []

    def dear(ws: object, texts: Sequence[str], runs: tuple[str, ...]) -> list[Document | CoreError]:
        import time

        sizes.append(len(texts))
        end = time.thread_time() + 2 * QUICK_S
        while time.thread_time() < end:
            pass
        return [{"source": text} for text in texts]

    async def ask() -> None:
        texts = Texts(dear, serving=named)
        await texts.document(WS, "a")
        for _ in range(2):  # the loop stays free: the second group arrives while the first is judged
            await asyncio.gather(*(texts.document(WS, str(n)) for n in range(5)))
        pending = [asyncio.ensure_future(texts.document(WS, str(n))) for n in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late = [asyncio.ensure_future(texts.document(WS, "late")) for _ in range(4)]
        await asyncio.gather(*pending, *late)

    asyncio.run(ask())
    assert sizes == [1, 5, 5, 3, 4]


def test_too_many_waiting_sentences_are_refused_and_a_caller_that_left_costs_nothing() -> None:
    judge = Judge()

    async def ask() -> None:
        texts = Texts(judge, most=2, serving=named)
        await texts.document(WS, "first")
        waiting = [asyncio.ensure_future(texts.document(WS, f"{n}")) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RefusedRequest, match="2 texts are waiting already") as refused:
            await texts.document(WS, "third")
        assert refused.value.status == 503
        waiting[0].cancel()
        assert await waiting[1] == {"source": "1"}

    asyncio.run(ask())
    assert judge.batches[1:] == [(["1"], ())]


DOCUMENT = {
    "source": "a.wav",
    "utterances": [
        {"text": "불", "judgements": {"danger": {"label": "danger"}, "urgency": {"label": "high"}}},
        {"text": "", "judgements": {}, "abstained": {"danger": "empty"}},
    ],
    "verdict": {"danger": {"label": "danger"}, "urgency": {"label": "high"}},
    "abstained": None,
}


def test_only_the_named_schemes_are_answered() -> None:
    kept = only(DOCUMENT, ["danger"])
    assert [list(u["judgements"]) for u in kept["utterances"]] == [["danger"], []]
    assert kept["utterances"][1]["abstained"] == {"danger": "empty"}
    assert list(kept["verdict"]) == ["danger"]
    assert "call" not in kept
    assert only(DOCUMENT, []) is DOCUMENT
    with pytest.raises(NotEnoughData, match="no run in use judges sentiment here"):
        only(DOCUMENT, ["sentiment"])
    with pytest.raises(UnknownName, match="unknown scheme 'dangr'"):
        check_schemes(["dangr"])


def fields(**values: Any) -> FormData:
    import io

    pairs: list[tuple[str, Any]] = [("file", UploadFile(io.BytesIO(b"x"), filename="../전화.wav"))]
    for name, value in values.items():
        pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
    return FormData(pairs)


def test_the_fields_of_a_recording_are_read() -> None:
    segments = '[{"start_ms": 100, "end_ms": 900, "text": "불이 났어요"}, {"start_ms": 900, "end_ms": 950}]'
    _, recording = asyncio.run(
        forms.recording(fields(run=["a", "b,c"], schemes="danger, urgency", transcriber="off", segments=segments))
    )
    assert (recording.source, recording.run, recording.schemes) == ("전화.wav", ["a", "b", "c"], ["danger", "urgency"])
    assert (recording.transcriber, recording.own_voice) == ("off", False)
    _, compared = asyncio.run(forms.recording(fields(own_voice="True")))
    assert compared.own_voice
    with pytest.raises(RefusedRequest, match="own_voice: true or false"):
        asyncio.run(forms.recording(fields(own_voice="maybe")))
    assert [(s.start_ms, s.end_ms, s.text, s.speaker) for s in recording.segments] == [
        (100, 900, "불이 났어요", "caller"),
        (900, 950, "", "caller"),
    ]


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        ("[", "segments.body: Invalid JSON"),
        ('[{"start_ms": 5, "end_ms": 5}]', "segments: 5 ms is not before 5 ms"),
        ('[{"start_ms": -1, "end_ms": 5}]', "segments.0.start_ms: Input should be greater than or equal to 0"),
        ('[{"start_ms": 1, "end_ms": 5, "speaker": "dog"}]', "segments.0.speaker: Input should be 'caller' or 'taker'"),
    ],
)
def test_segments_that_cannot_be_used_are_named(segments: str, reason: str) -> None:
    with pytest.raises(RefusedRequest) as refused:
        asyncio.run(forms.recording(fields(segments=segments)))
    assert refused.value.status == 422
    assert str(refused.value).startswith(reason)


def test_a_device_reads_the_verdict_before_the_utterances() -> None:
    danger, normal = {"label": "danger"}, {"label": "normal"}

    def answer(*judged: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"utterances": [{"judgements": {"danger": one} if one else {}} for one in judged]} | more

    assert device.verdict(answer(normal, danger)) == device.DANGER
    assert device.verdict(answer(normal, {})) == device.NORMAL
    assert device.verdict(answer({})) == device.verdict(answer({"label": "danger", "abstained": "empty"})) == 2
    assert device.verdict(answer(danger, verdict={"danger": normal})) == device.NORMAL
    assert device.verdict(answer(danger, verdict={"danger": danger | {"abstained": "undecided"}})) == device.UNKNOWN
