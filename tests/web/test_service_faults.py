"""What goes wrong in the REST service stays with its request: sentences, batches, uploads that fail, fill or flood."""

import asyncio
import errno
import io
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from core.errors import DiskFull
from core.web.service import access, forms, judging, routes
from core.web.service.answers import RefusedRequest
from core.web.service.judging import Document
from core.web.service.waiting import batches, queue, texts
from core.web.service.waiting.batches import Runner
from core.web.service.waiting.queue import Gate
from core.web.service.waiting.texts import Texts
from core.workflows.predict.judging import serving
from core.workflows.service import batches as stored
from core.workflows.service.batches import Batch

WS: Any = None  # no judge here looks at it
FULL = OSError(errno.ENOSPC, "No space left on device")
FORM = "multipart/form-data; boundary=b"


def same(ws: object, runs: tuple[str, ...]) -> tuple[str, ...]:
    return runs


def answers(seconds: float, *tasks: Any) -> list[Any]:
    """What the requests get, errors too; `TimeoutError` if one gets nothing."""

    async def ask() -> list[Any]:
        return list(
            await asyncio.wait_for(asyncio.gather(*(task() for task in tasks), return_exceptions=True), seconds)
        )

    return asyncio.run(ask())


@pytest.mark.parametrize("fault", [RuntimeError("bug"), MemoryError("no memory"), "one result too few"])
def test_an_unexpected_error_answers_every_sentence_of_its_batch_in_the_loop_and_in_a_thread(
    fault: Exception | str,
) -> None:
    broken = False

    def judge(ws: object, given: Sequence[str], runs: tuple[str, ...]) -> list[Document]:
        if broken and isinstance(fault, Exception):
            raise fault
        return [{"source": text} for text in given][broken:]

    async def ask() -> None:
        nonlocal broken
        for is_warm in (True, False):
            waiting = Texts(judge, serving=same)
            broken = False
            if is_warm:
                assert await waiting.document(WS, "warm") == {"source": "warm"}
                await asyncio.sleep(0)
            broken = True
            given = [waiting.document(WS, str(n)) for n in range(3)]
            got = await asyncio.wait_for(asyncio.gather(*given, return_exceptions=True), 5)
            kind = type(fault) if isinstance(fault, Exception) else RuntimeError
            assert [type(one) for one in got] == [kind] * 3
            assert waiting.count == 0
            broken = False
            assert await asyncio.wait_for(waiting.document(WS, "after"), 5) == {"source": "after"}

    asyncio.run(ask())


def test_a_system_without_threads_answers_and_the_next_sentence_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Texts(lambda ws, given, runs: [{"source": text} for text in given], serving=same)

    def no_thread(task: Callable[[], object]) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(queue.QUEUE, "soon", no_thread)
        (error,) = answers(5, lambda: waiting.document(WS, "a"))
        assert (type(error), str(error), waiting.count) == (RuntimeError, "can't start new thread", 0)
    assert answers(5, lambda: waiting.document(WS, "b")) == [{"source": "b"}]


def test_sentences_behind_a_whole_batch_of_callers_that_left_are_judged() -> None:
    judged: list[int] = []

    def judge(ws: object, given: Sequence[str], runs: tuple[str, ...]) -> list[Document]:
        judged.append(len(given))
        return [{"source": text} for text in given]

    async def ask() -> None:
        waiting = Texts(judge, serving=same)
        await waiting.document(WS, "warm")
        heads = [asyncio.ensure_future(waiting.document(WS, "left")) for _ in range(texts.MOST_TOGETHER)]
        alive = asyncio.ensure_future(waiting.document(WS, "alive"))
        for head in heads:
            asyncio.get_running_loop().call_soon(head.cancel)
        await asyncio.sleep(0)
        assert await asyncio.wait_for(alive, 5) == {"source": "alive"}

    asyncio.run(ask())
    assert judged == [1, 1]


def test_the_cost_of_a_sentence_is_that_of_the_runs_that_judge_it_now() -> None:
    in_use = ("ngram-1",)
    threads: list[str] = []

    def judge(ws: object, given: Sequence[str], runs: tuple[str, ...]) -> list[Document]:
        threads.append(threading.current_thread().name)
        return [{"source": text} for text in given]

    async def ask() -> None:
        nonlocal in_use
        waiting = Texts(judge, serving=lambda ws, runs: runs or in_use)
        for _ in range(2):
            await waiting.document(WS, "a")
        in_use = ("encoder-1",)  # somebody puts an encoder in use: what it costs is not known yet
        await waiting.document(WS, "a")
        await waiting.document(WS, "a", ("ngram-1",))  # known already, however it is asked for

    asyncio.run(ask())
    main = threading.main_thread().name
    assert [name == main for name in threads] == [False, True, False, True]


def test_the_runs_that_judge_are_those_asked_for_or_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    in_use = [SimpleNamespace(run=SimpleNamespace(id=name)) for name in ("r1", "r2")]
    monkeypatch.setattr(serving, "read", lambda ws: SimpleNamespace(serving=in_use))
    assert judging.judging_runs(WS, ()) == ("r1", "r2")
    assert judging.judging_runs(WS, ("r3",)) == ("r3",)


def request(content_type: str, *chunks: bytes, length: int | None = None, read: list[int] | None = None) -> Request:
    """A request to begin a batch; `read` gets the size of each chunk that the service takes."""
    headers = [(b"content-type", content_type.encode("latin-1"))]
    headers += [] if length is None else [(b"content-length", str(length).encode())]
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        chunk = left.pop(0)
        if read is not None:
            read.append(len(chunk))
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    scope = {"type": "http", "method": "POST", "path": "/v1/predict/batch", "query_string": b"", "headers": headers}
    return Request(scope, receive)


def refusal(task: Any) -> tuple[int, str]:
    (error,) = answers(5, lambda: task)
    assert isinstance(error, RefusedRequest), error
    return error.status, str(error)


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A workspace that is only a folder, which every caller may use; no batch is worked on."""
    home = SimpleNamespace(settings=SimpleNamespace(home=tmp_path))
    monkeypatch.setattr(access, "admit", lambda request, scope: home)
    monkeypatch.setattr(batches, "RUNNER", SimpleNamespace(waiting=0, add=lambda ws, batch: None))
    return home


@pytest.mark.parametrize(("kind", "gate"), [(FORM, batches.FORMS), (forms.JSON, batches.TEXTS)])
def test_batches_that_arrive_have_a_few_places_and_the_next_is_refused_before_it_is_read(
    ws: object, kind: str, gate: Gate
) -> None:
    read: list[int] = []
    held = [gate.place(10**7) for _ in range(batches.SENT)]
    for place in held:
        place.__enter__()
    try:
        status, reason = refusal(batches.begin(request(kind, b"x" * 1000, read=read)))
    finally:
        for place in held:
            place.__exit__(None, None, None)
    assert (status, reason) == (503, "4 batches are waiting already; ask again later")
    assert (read, gate.taken, gate.bytes) == ([], 0, 0)


def test_batches_that_arrive_and_those_that_wait_are_counted_together(
    ws: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "RUNNER", SimpleNamespace(waiting=batches.MOST_WAITING - 1))
    with batches.TEXTS.place(1):
        assert refusal(batches.begin(request(FORM, b"x"))) == (503, "8 batches are waiting already; ask again later")


@pytest.mark.parametrize("length", [500_000_001, 10**16, 10**30])
def test_a_batch_that_declares_too_much_is_refused_as_too_large_even_while_all_places_are_taken(
    ws: object, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(batches, "RUNNER", SimpleNamespace(waiting=100))
    assert refusal(batches.begin(request(FORM, b"x", length=length)))[0] == 413
    assert refusal(batches.begin(request(forms.JSON, b"x", length=length)))[0] == 413


def test_an_upload_without_a_declared_length_counts_as_the_longest(ws: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert forms.expected_size(request(FORM), 100) == 100
    assert forms.expected_size(request(FORM, length=7), 100) == 7
    monkeypatch.setattr(queue.QUEUE, "spooled", forms.MAX_FORM - 1)
    status, reason = refusal(routes.predict(request(FORM, b"x")))
    assert (status, reason) == (503, "0 recordings are waiting already; ask again later")
    assert refusal(routes.predict(request(FORM, b"x", length=forms.MAX_FORM + 1)))[0] == 413


def test_sentences_that_arrive_are_bounded_too(ws: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes.BODIES, "spooled", forms.MAX_JSON - 1)
    read: list[int] = []
    assert refusal(routes.predict(request(forms.JSON, b"{", read=read))) == (
        503, "0 texts are waiting already; ask again later",
    )  # fmt: skip
    assert read == []


PART = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + bytes(600_000) + b"\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    "charset", ["undefined", "idna", "unicode_escape", "utf-7", "utf-16", "latin-1", "base64", "\0", "'", "no-such"]
)
def test_a_form_in_another_encoding_than_utf_8_is_refused_before_it_is_read(charset: str) -> None:
    read: list[int] = []
    status, reason = refusal(forms.form(request(f"{FORM}; charset={charset}", PART, read=read)))
    assert (status, read) == (415, [])
    assert reason == "the fields of a form must be in UTF-8; leave `charset` out or send charset=utf-8"


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", '; CHARSET="UTF-8"', "; charset=utf8"])
def test_a_form_in_utf_8_is_read(charset: str) -> None:
    async def names() -> list[str]:
        form = await forms.form(request(FORM + charset, PART))
        found = [forms.name_of(file) for file in form.getlist("file") if not isinstance(file, str)]
        await form.close()
        return found

    assert asyncio.run(names()) == ["a.wav"]


def test_a_full_disk_is_named_while_an_upload_arrives_and_while_a_batch_is_stored(
    ws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise FULL

    with pytest.raises(DiskFull, match="the disk is full: the upload could not be written"):
        stored.create(ws, [("a.wav", io.BytesIO(b"x")), ("b.wav", Full())], None)
    assert list((ws.settings.home / "cache" / "batches").iterdir()) == [], "nothing is half-written"

    async def full(parser: object) -> None:
        raise FULL

    monkeypatch.setattr(forms.Uploads, "parse", full)
    (error,) = answers(5, lambda: forms.form(request(FORM, PART)))
    assert (type(error), str(error)[:33]) == (DiskFull, "the disk is full: the upload coul")


@pytest.mark.parametrize("fault", [FULL, FileNotFoundError("removed"), ValueError("torn"), SystemExit(1)])
def test_a_batch_that_fails_does_not_stop_the_batches_behind_it(
    fault: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worked: list[str] = []
    done = threading.Event()

    def work(ws: object, batch: Batch, *rest: object) -> None:
        if batch.id == "bad":
            raise fault
        worked.append(batch.id)
        done.set()

    monkeypatch.setattr(stored, "work", work)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # of a thread that ends by SystemExit
    runner = Runner()
    runner.add(WS, Batch("bad", "", 1))
    if thread := runner._thread:
        thread.join(5)
    runner.add(WS, Batch("good", "", 1))
    assert done.wait(5)
    runner.stop()
    assert (worked, runner.waiting) == (["good"], 0)
    if isinstance(fault, Exception):
        line = json.loads(capsys.readouterr().err.splitlines()[-1])
        assert (line["route"], line["error"]) == ("batch", type(fault).__name__)


def test_a_page_of_results_reads_no_more_than_its_lines(tmp_path: Path) -> None:
    ws: Any = SimpleNamespace(settings=SimpleNamespace(home=tmp_path))
    batch = stored.create(ws, ["가", "나", "다", "라"], None)
    lines = [b'{"n": 0}\n', b'{"error": "x"}\n', b'{"n": 2}\n', b"{no JSON, and it is not looked at\n", b'{"torn']
    (tmp_path / "cache" / "batches" / batch.id / "results.jsonl").write_bytes(b"".join(lines))
    assert stored.results(ws, batch, 1, 2) == [{"error": "x"}, {"n": 2}]
    assert stored.results(ws, batch, 4, 2) == []
    assert stored.progress(ws, batch) == stored.Progress(4, 1)


@pytest.mark.parametrize("ask", [batches.status, batches.results, batches.begin])
def test_the_files_of_a_batch_are_not_read_in_the_loop(ws: Any, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[bool] = []

    def noted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            readers.append(threading.current_thread() is threading.main_thread())
            return original(*args, **named)

        return call

    batch = stored.create(ws, ["가"], None)
    for name in ("find", "progress", "results", "create"):
        monkeypatch.setattr(stored, name, noted(getattr(stored, name)))
    monkeypatch.setattr(batches, "check_runs", noted(lambda ws, names: None))
    if ask is batches.begin:
        asked = ask(request(forms.JSON, b'{"texts": ["\xea\xb0\x80"], "run": ["r"]}'))
    else:
        asked = ask(request(forms.JSON), batch.id, **({"offset": 0, "limit": 10} if ask is batches.results else {}))
    (answer,) = answers(5, lambda: asked)
    assert json.loads(answer.body)["state"] == "running"
    assert len(readers) >= 2
    assert not any(readers)
