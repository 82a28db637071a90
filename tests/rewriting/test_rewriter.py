"""core.rewriting against a local server that speaks the protocol: what it answers, and what it does wrong."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_llm import FakeLLM, Reply, failed, fake_llm, said, sentences

from core.endpoints import Endpoint
from core.errors import InputError
from core.rewriting import Answer, Cache, Chat, Limits, Prices, Request, Rewriter, Spending, Usage
from core.rewriting.pace import Pace
from core.rewriting.rewriter import ATTEMPTS, MOST_LOST

pytestmark = pytest.mark.integration

KEY = "sk-very-secret"


class Bench:
    """A rewriter that asks the fake server and notes how long it would have waited."""

    def __init__(self, fake: FakeLLM, folder: Path) -> None:
        self.fake, self.folder = fake, folder
        self.waits: list[float] = []
        self.per_minute = 0.0
        self.chats: dict[tuple[str, float], Chat] = {}

    def rewriter(
        self, *, limits: Limits = Limits(), prices: Prices = Prices(), timeout_s: float = 5.0, file: str = ""
    ) -> Rewriter:
        spending = Spending(limits, prices, self.folder / file if file else None)
        place = self.fake.url, timeout_s
        if place not in self.chats:  # to make a client takes longer than to ask
            self.chats[place] = Chat(Endpoint(self.fake.url, "m", KEY), timeout_s)
        pace = Pace(self.per_minute, burst=2, clock=lambda: sum(self.waits))
        return Rewriter(
            self.chats[place], Cache(self.folder / "answers"), spending, pace, sleep=self.sleep, now=lambda: "today"
        )

    def sleep(self, seconds: float) -> bool:
        if seconds > 0:
            self.waits.append(seconds)
        return False

    def ask(self, *replies: Reply, timeout_s: float = 5.0) -> Answer:
        self.fake.replies.extend(replies)
        return self.rewriter(timeout_s=timeout_s).answer(request())


def request(text: str = "불이 났어요", n: int = 2, seed: int = 0) -> Request:
    return Request("m", "규칙", f"원문: {text}", text, n, 0.7, seed)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with fake_llm() as fake:
        yield Bench(fake, tmp_path)


def test_a_request_is_what_the_interface_wants_and_the_answer_has_its_origin(bench: Bench) -> None:
    answer = bench.ask(sentences("집에 불이 났어요", "  불이  나 버렸어요 ", tokens=(50, 9)))
    assert answer == Answer(("집에 불이 났어요", "불이 나 버렸어요"), "", "served-model", "today", usage=Usage(50, 9))
    (sent,) = bench.fake.requests
    assert sent["messages"] == [{"role": "system", "content": "규칙"}, {"role": "user", "content": "원문: 불이 났어요"}]
    assert (sent["model"], sent["temperature"], sent["seed"]) == ("m", 0.7, 0)
    form = sent["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["properties"] == {"sentences": {"type": "array", "items": {"type": "string"}}}
    assert bench.fake.headers[0]["authorization"] == f"Bearer {KEY}"
    assert bench.waits == []


def test_nothing_of_this_machine_or_another_account_is_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"OPENAI_ORG_ID": "org", "OPENAI_API_KEY": "other", "HTTP_PROXY": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    assert bench.ask().failure == ""
    (headers,) = bench.fake.headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert {name for name in headers if name.startswith("openai-") or "stainless-os" in name or "arch" in name} == set()


def test_headers_that_the_environment_names_are_not_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = "Authorization: Bearer other\nX-Secret: 1\nUser-Agent: me\nhost: elsewhere\ncookie: c=1"
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", foreign)
    assert bench.ask().failure == ""
    (headers,) = bench.fake.headers
    assert headers.pop("content-length").isdigit()
    assert headers.pop("host") in bench.fake.url
    assert headers == {
        "authorization": f"Bearer {KEY}", "accept": "application/json", "accept-encoding": "gzip, deflate",
        "user-agent": "gwidama", "content-type": "application/json",
    }  # fmt: skip


def test_a_rerun_costs_nothing_and_another_request_does(bench: Bench) -> None:
    first = bench.ask()
    again = bench.ask()
    assert (again.sentences, again.is_kept, again.usage) == (first.sentences, True, Usage())
    assert (again.model, again.at) == ("served-model", "today")
    assert len(bench.fake.requests) == 1
    bench.rewriter().answer(request(seed=1))
    bench.rewriter().answer(request(n=3))
    assert len(bench.fake.requests) == 3
    kept = [path.read_text("utf-8") for path in (bench.folder / "answers").rglob("*.json")]
    assert not any("원문" in text or KEY in text for text in kept), "the prompt is not kept"


def test_a_damaged_file_of_the_cache_counts_as_none(bench: Bench) -> None:
    bench.ask()
    (file,) = (bench.folder / "answers").rglob("*.json")
    file.write_text('{"sentences": 5}')
    assert bench.ask().is_kept is False


@pytest.mark.parametrize("wanted", ["2.5", "0"])
def test_a_full_service_is_asked_again_when_it_says(bench: Bench, wanted: str) -> None:
    answer = bench.ask(failed(429, "slow down", {"Retry-After": wanted}), sentences("집에 불이 났어요"))
    assert answer.sentences == ("집에 불이 났어요",)
    waited = float(wanted)
    assert all(waited <= seconds <= waited * 1.25 for seconds in bench.waits)
    assert bool(bench.waits) == bool(waited)


def test_waiting_doubles_while_a_service_fails(bench: Bench) -> None:
    answer = bench.ask(*[failed(500, "broken")] * 3, sentences("집에 불이 났어요"))
    assert answer.sentences == ("집에 불이 났어요",)
    assert [int(seconds) for seconds in bench.waits] == [1, 2, 4]


def test_a_service_that_stays_broken_is_a_failure_of_this_request(bench: Bench) -> None:
    answer = bench.ask(*[failed(503, "overloaded")] * ATTEMPTS)
    assert (answer.failure, answer.usage, len(bench.fake.requests)) == ("unreachable", Usage(), ATTEMPTS)
    assert "overloaded" in answer.detail
    assert bench.ask().sentences == ("불이 크게 났어요",), "a failure is not kept"


def test_a_service_that_wants_too_much_patience_ends_the_run(bench: Bench) -> None:
    with pytest.raises(InputError, match=r"127\.0\.0\.1:\d+ asks to wait 3600 seconds \(.*later.*\); start again then"):
        bench.ask(failed(429, "later", {"Retry-After": "3600"}))


def test_an_answer_that_does_not_come_in_time_is_asked_for_again_and_may_have_cost(bench: Bench) -> None:
    bench.fake.replies.append(Reply(200, "{}", delay_s=0.6))
    rewriter = bench.rewriter(timeout_s=0.2)
    assert rewriter.answer(request()).sentences == ("불이 크게 났어요",)
    assert rewriter.spending.spent == request().most + Usage(100, 20)


@pytest.mark.parametrize("drip", [Reply(200, " " * 60, byte_s=0.05), Reply(200, "{}", header_s=0.05)])
def test_an_answer_that_drips_ends_with_the_time_of_the_whole_exchange(bench: Bench, drip: Reply) -> None:
    bench.fake.replies.append(drip)
    rewriter, start = bench.rewriter(timeout_s=0.3), time.monotonic()
    assert rewriter.answer(request()).sentences == ("불이 크게 났어요",)
    assert time.monotonic() - start < 1.5
    assert rewriter.spending.spent == request().most + Usage(100, 20)


def test_a_connection_that_was_dropped_after_the_request_may_have_cost(bench: Bench) -> None:
    bench.fake.replies.append(Reply(0))
    rewriter = bench.rewriter()
    assert rewriter.answer(request()).sentences == ("불이 크게 났어요",)
    assert (rewriter.spending.spent, len(bench.fake.requests)) == (request().most + Usage(100, 20), 2)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 10, "total_tokens": 50}, Usage(10, 40)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 50}, Usage(10, 40)),
        ({"prompt_tokens": 10, "completion_tokens": None}, None),
        ({"prompt_tokens": 10}, None),
        ({"prompt_tokens": "ten"}, None),
        ([], None),
    ],
)
def test_usage_that_is_told_in_part_costs_the_total_or_the_most(
    bench: Bench, usage: Any, expected: Usage | None
) -> None:
    answer = bench.ask(Reply(200, {**sentences("집에 불이 났어요").body, "usage": usage}))
    assert answer.sentences == ("집에 불이 났어요",)
    assert answer.usage == (expected or request().most)


def test_an_answer_in_parts_is_one(bench: Bench) -> None:
    parts = [{"type": "text", "text": '{"sentences": ["집에 '}, {"type": "image"}, {"text": '불이 났어요"]}'}]
    answer = bench.ask(Reply(200, {"choices": [{"message": {"content": parts}}]}))
    assert answer.sentences == ("집에 불이 났어요",)


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(200, "{not json"), "malformed"),
        (Reply(200, "<html>"), "malformed"),
        (Reply(200, {"choices": []}), "malformed"),
        (Reply(200, [1, 2]), "malformed"),
        (said("죄송하지만 어떻게 쓸지 모르겠습니다"), "malformed"),
        (said('{"sentences": ["끝나지'), "malformed"),
        (said(None), "malformed"),
        (said('{"texts": ["집에 불이 났어요"]}'), "wrong-schema"),
        (said('{"sentences": "집에 불이 났어요"}'), "wrong-schema"),
        (said('{"sentences": [1, 2]}'), "wrong-schema"),
        (said('{"sentences": [" ", ""]}'), "no-sentences"),
    ],
)
def test_an_answer_of_no_use_is_asked_for_once_more_and_then_named(bench: Bench, reply: Reply, failure: str) -> None:
    answer = bench.ask(reply, reply)
    assert (answer.failure, answer.sentences, len(bench.fake.requests)) == (failure, (), 2)
    assert [sent["seed"] for sent in bench.fake.requests] == [0, 1], "another seed, or the answer would be the same"
    assert bench.ask().sentences == ("불이 크게 났어요",), "it is not kept"
    bench.fake.requests.clear()


def test_the_second_answer_may_be_better_and_both_cost(bench: Bench) -> None:
    answer = bench.ask(said("음", tokens=(10, 1)), sentences("집에 불이 났어요", tokens=(10, 5)))
    assert (answer.sentences, answer.usage) == (("집에 불이 났어요",), Usage(20, 6))


@pytest.mark.parametrize(
    "reply",
    [said(None, refusal="I cannot help with that"), said("", finish="content_filter")],
)
def test_a_refusal_is_kept_as_one(bench: Bench, reply: Reply) -> None:
    assert bench.ask(reply).failure == "refusal"
    again = bench.ask()
    assert (again.failure, again.is_kept, len(bench.fake.requests)) == ("refusal", True, 1)


def test_an_answer_that_was_cut_off_is_named(bench: Bench) -> None:
    assert bench.ask(said('{"sentences": ["불이', finish="length")).failure == "cut-off"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('생각: {"a": 1}\n```json\n{"sentences": ["집에 불이 났어요"]}\n```', ("집에 불이 났어요",)),
        ('<think>{"sentences": ["초안"]}</think> {"sentences": ["“집에 불이 났어요”"]}', ("집에 불이 났어요",)),
        ('["집에 불이\\n났어요", "불\\u0000이 나요"]', ("집에 불이 났어요", "불 이 나요")),
    ],
)
def test_json_is_found_in_the_text_of_services_without_structured_output(
    bench: Bench, content: str, expected: tuple[str, ...]
) -> None:
    assert bench.ask(said(content)).sentences == expected


def test_what_a_service_does_not_know_is_left_out_from_then_on(bench: Bench) -> None:
    rewriter = bench.rewriter()
    bench.fake.replies.extend(
        [
            failed(400, "response_format json_schema is not supported"),
            failed(400, "Unsupported value", param="temperature"),
            failed(422, "unknown field max_completion_tokens"),
        ]
    )
    assert rewriter.answer(request()).failure == ""
    rewriter.answer(request(seed=9))
    assert len(bench.fake.requests) == 5
    last = bench.fake.requests[-1]
    assert not {"response_format", "temperature", "max_completion_tokens"} & last.keys()
    assert (last["max_tokens"], last["seed"]) == (request().most_tokens_out, 9)


def test_a_request_that_is_not_accepted_is_a_failure_of_this_one(bench: Bench) -> None:
    long = failed(400, "the prompt is too long", param="messages")
    bench.fake.replies.extend(
        [long, sentences("집에 불이 났어요"), failed(400, "filtered", code="content_filter", param="p")]
    )
    answers = list(bench.rewriter().answers([request(seed=i) for i in range(3)]))
    assert [answer.failure for answer in answers] == ["rejected", "", "refusal"]
    assert "the prompt is too long" in answers[0].detail
    assert len(bench.fake.requests) == 3


def test_a_content_filter_takes_no_option_away(bench: Bench) -> None:
    rewriter = bench.rewriter()
    bench.fake.replies.append(failed(400, "The response was filtered", code="content_filter"))
    assert rewriter.answer(request()).failure == "refusal"
    assert rewriter.answer(request(seed=1)).failure == ""
    assert ["response_format" in sent for sent in bench.fake.requests] == [True, True]


@pytest.mark.parametrize("n", [1, 2, 9])
def test_a_service_that_accepts_no_request_ends_the_run_with_its_reason(bench: Bench, n: int) -> None:
    bench.fake.usual = lambda body: failed(422, "no such model size", param="model")
    with pytest.raises(InputError, match=r"the language model at 127\.0\.0\.1:\d+ rejects the requests: .*model size"):
        list(bench.rewriter().answers([request(seed=i) for i in range(n)]))
    assert len(bench.fake.requests) == min(n, MOST_LOST)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (failed(401, f"wrong key {KEY}"), "refused the key (.*wrong key ….*); set GWIDAMA_LLM_KEY or GWIDAMA_LLM_KEY_"),
        (failed(403, "no"), "refused the key"),
        (failed(404, "model not found"), "does not know the address or the model 'm'"),
        (failed(429, "pay", code="insufficient_quota"), "the account has no credit left"),
        (Reply(302, "", {"Location": "http://127.0.0.1:1/"}), "302"),
    ],
)
def test_what_no_further_request_heals_is_one_error(bench: Bench, reply: Reply, message: str) -> None:
    bench.fake.usual = lambda body: reply
    with pytest.raises(InputError, match=message.replace("(", r"\(").replace(")", r"\)")) as error:
        bench.ask()
    assert KEY not in str(error.value)
    assert len(bench.fake.requests) == 1, "a redirect is not followed and a wrong key is not tried again"


def test_a_service_that_is_not_there_ends_the_run_after_three_requests(bench: Bench) -> None:
    bench.fake.url = "http://127.0.0.1:9/v1"
    rewriter = bench.rewriter()
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9 does not answer \(.*\); what was answered before is kept"):
        list(rewriter.answers([request(str(i)) for i in range(9)]))
    assert len(bench.waits) == MOST_LOST * (ATTEMPTS - 1)


def test_answers_come_in_the_order_of_their_requests(bench: Bench) -> None:
    def usual(body: Any) -> Reply:
        text = body["messages"][1]["content"]
        return Reply(200, sentences(text).body, delay_s=0.1 if text.endswith("0") else 0.0)

    bench.fake.usual = usual
    ticks: list[int] = []
    answers = bench.rewriter().answers([request(str(i)) for i in range(6)], at_once=3, tick=lambda: ticks.append(1))
    assert [answer.sentences for answer in answers] == [(f"원문: {i}",) for i in range(6)]
    assert len(ticks) >= 6


def test_a_run_ends_when_its_tick_says_so(bench: Bench) -> None:
    def cancel() -> None:
        raise KeyError("cancelled")

    with pytest.raises(KeyError):
        list(bench.rewriter().answers([request(str(i)) for i in range(50)], tick=cancel))
    assert len(bench.fake.requests) < 5


# -- costs


def test_no_request_is_sent_that_could_break_a_limit(bench: Bench) -> None:
    most = request().most
    rewriter = bench.rewriter(limits=Limits(tokens=most.tokens + 119))
    answers = list(rewriter.answers([request(seed=i) for i in range(4)]))
    assert [answer.failure for answer in answers] == ["", "cap", "cap", "cap"], "120 tokens were used"
    assert (len(bench.fake.requests), rewriter.spending.spent) == (1, Usage(100, 20))
    assert bench.rewriter(limits=Limits(tokens=1)).answer(request()).is_kept, "what is kept costs nothing"


def test_a_cost_is_limited_in_money(bench: Bench) -> None:
    prices = Prices(1000.0, 2000.0)
    rewriter = bench.rewriter(limits=Limits(cost=prices.cost(request().most) + 0.13), prices=prices)
    assert [a.failure for a in rewriter.answers([request(seed=i) for i in range(3)])] == ["", "cap", "cap"]
    assert rewriter.spending.cost == pytest.approx(0.14)


def test_a_run_that_goes_on_later_keeps_its_limit(bench: Bench) -> None:
    limits = Limits(tokens=request().most.tokens + 100)
    first = bench.rewriter(limits=limits, file="run.json")
    first.answer(request())
    assert json.loads((bench.folder / "run.json").read_text())["tokens_out"] == 20
    later = bench.rewriter(limits=limits, file="run.json")
    assert (later.spending.spent, later.spending.requests) == (Usage(100, 20), 1)
    assert later.answer(request(seed=1)).failure == "cap"
    assert bench.rewriter(limits=limits, file="other.json").answer(request(seed=1)).failure == ""


def test_a_service_that_tells_no_usage_counts_as_the_most(bench: Bench) -> None:
    silent = {"choices": [{"message": {"content": '{"sentences": ["집에 불이 났어요"]}'}}]}
    bench.fake.usual = lambda body: Reply(200, silent)
    answer = bench.rewriter().answer(request())
    assert (answer.usage, answer.model) == (request().most, "m")


def test_a_request_never_needs_more_than_is_reserved(bench: Bench) -> None:
    asked = request("불" * 100, n=6)
    sent = len("".join(json.dumps(asked.body()["messages"], ensure_ascii=False)).encode())
    assert asked.most.tokens_in >= sent - 80, "a token has at least one byte"
    assert asked.likely.tokens < asked.most.tokens
    assert asked.body()["max_completion_tokens"] == asked.most.tokens_out


def test_requests_are_spread_over_the_minute(bench: Bench) -> None:
    bench.per_minute = 30
    list(bench.rewriter().answers([request(seed=i) for i in range(4)]))
    assert bench.waits == [2.0, 2.0]
