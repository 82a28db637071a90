"""core.workflows.augment.llm: off by default; what is sent is masked; what comes back is guarded and has its origin."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_llm import FakeLLM, Reply, failed, fake_llm, said, sentences
from store_data import AT
from store_data import sentences as add_sentences

from core.errors import Conflict, InputError, MissingBackend
from core.files.private import is_private
from core.filters import Filter
from core.rewriting import Prompt
from core.schemes import DANGER
from core.workflows.augment import llm
from core.workflows.augment.llm import Made, Options, Wanted, prompts
from core.workflows.augment.llm.examples import Examples
from core.workflows.workspace import Workspace, open_workspace

pytestmark = pytest.mark.integration

TELEPHONE, NAME = "010-1234-5678", "김하늘"
TEXTS = (
    "부엌에 불이 났어요", "할머니가 쓰러졌어요", "연기가 자욱해요", "차에 사람이 깔렸어요",
    f"제 이름은 {NAME}이고 번호는 {TELEPHONE}이에요",
)  # fmt: skip


class Lenient:
    """Guards that refuse only what a test names."""

    def __init__(self, refused: Mapping[str, str] | None = None) -> None:
        self.refused = refused or {}
        self.asked: list[tuple[str, str, str]] = []

    def reasons(self, source: str, text: str, operation: str) -> tuple[str, ...]:
        self.asked.append((source, text, operation))
        return (self.refused[text],) if text in self.refused else ()


@pytest.fixture
def server() -> Iterator[FakeLLM]:
    with fake_llm() as fake:
        yield fake


@pytest.fixture
def on(ws: Workspace, server: FakeLLM, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with labelled sentences and a language model."""
    add_sentences(ws.store, *TEXTS, labels={"danger": "danger"})
    add_sentences(ws.store, "오늘 날씨가 좋네요", labels={"danger": "normal"})
    return turned_on(monkeypatch, server.url)


def turned_on(monkeypatch: pytest.MonkeyPatch, url: str, **more: str) -> Workspace:
    for name, value in {"URL": url, "MODEL": "gpt-x", "KEY": "sk-1", **more}.items():
        monkeypatch.setenv(f"GWIDAMA_LLM_{name}", value)
    return open_workspace()


def wanted(ws: Workspace, *ids: int, n: int = 1) -> list[Wanted]:
    return [Wanted(utterance, n) for utterance in ws.store.corpus.utterances(ids)]


def made(ws: Workspace, *ids: int, n: int = 1, **more: Any) -> list[Made]:
    options = replace(more.pop("options", Options()), per_minute=0)
    more.setdefault("guard", Lenient())
    return list(llm.variants(ws, "danger", wanted(ws, *ids, n=n), options=options, **more))


def asked(server: FakeLLM) -> str:
    return "\n".join(message["content"] for sent in server.requests for message in sent["messages"])


def test_it_is_off_and_says_how_to_turn_it_on(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    add_sentences(ws.store, *TEXTS, labels={"danger": "danger"})
    state = llm.state(ws)
    assert (state.is_on, state.host) == (False, "")
    for way_out in ("GWIDAMA_LLM_URL", "GWIDAMA_LLM_MODEL", "the language model is off"):
        assert way_out in state.reason
    with pytest.raises(MissingBackend, match="the language model is off"):
        made(ws, 1)
    estimate, _ = llm.estimate(ws, "danger", wanted(ws, 1, 5))
    assert (estimate.requests, estimate.kept, estimate.masked, estimate.cost, estimate.model) == (2, 0, 1, None, "")
    assert 200 < estimate.tokens < estimate.tokens_at_most
    monkeypatch.setenv("GWIDAMA_LLM_URL", "http://127.0.0.1:9/v1")
    assert not llm.state(open_workspace()).is_on, "a model is needed too"


def test_a_wrong_address_is_a_reason_and_no_crash(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    state = llm.state(turned_on(monkeypatch, "ollama"))
    assert (state.is_on, state.reason.startswith("'ollama' is not the address of a service")) == (False, True)


def test_variants_have_their_origin(on: Workspace, server: FakeLLM) -> None:
    server.usual = lambda body: sentences("부엌에 큰불이 났어요", "부엌이 타고 있어요", "부엌이 타요")
    (one,) = made(on, 1, n=2, seed=7, options=Options(temperature=0.5))
    assert [variant.text for variant in one.variants] == ["부엌에 큰불이 났어요", "부엌이 타고 있어요"]
    assert (one.utterance.id, one.is_kept, dict(one.refused)) == (1, False, {})
    first = one.variants[0]
    assert (first.operation, first.seed) == ("llm", 7)
    parameters = dict(first.parameters)
    assert str(parameters.pop("at")).startswith("20")
    assert len(str(parameters.pop("prompt_sha256"))) == 64
    assert parameters == {"model": "served-model", "temperature": 0.5, "examples": parameters["examples"]}
    (sent,) = server.requests
    assert (sent["model"], sent["temperature"], sent["seed"]) == ("gpt-x", 0.5, 7)
    assert "3개" in asked(server), "some more than wanted are asked for"


def test_a_prompt_shows_nothing_that_a_published_split_holds_out(on: Workspace) -> None:
    ids = [u.id for u in on.store.corpus.every(Filter()) if u.labels["danger"] == "danger"]
    on.store.bulk.tag(ids[1:3], "split:test", "ann", AT)
    on.store.bulk.tag(ids[3:4], "split:validation", "ann", AT)
    on.store.bulk.tag(ids[:1], "split:train", "ann", AT)
    (source,) = on.store.corpus.utterances(ids[:1])
    shown = {example.key for example in Examples(on, DANGER).of("danger", source, 20, 0)}
    hidden = {utterance.key for utterance in on.store.corpus.utterances(ids[1:4])}
    assert shown <= {utterance.key for utterance in on.store.corpus.utterances(ids[4:])}
    assert shown.isdisjoint(hidden)
    on.store.bulk.tag(ids, "split:test", "ann", AT)
    assert Examples(on, DANGER).of("danger", source, 20, 0) == [], "rather none than one that is held out"


def test_a_prompt_shows_other_gold_sentences_of_the_class(on: Workspace, server: FakeLLM) -> None:
    add_sentences(on.store, "변형된 문장입니다", labels={"danger": "danger"}, origin="augmented")
    (one,) = made(on, 1, options=Options(examples=20))
    shown = set(one.variants[0].parameters["examples"])  # type: ignore[arg-type]
    keys = {utterance.key: utterance for utterance in on.store.corpus.utterances([1, 2, 3, 4, 5])}
    assert shown
    assert shown <= keys.keys() - {keys_of(on, 1)}
    for key, utterance in keys.items():
        if TELEPHONE not in utterance.text and key != keys_of(on, 1):
            assert (f'- "{utterance.text}"' in asked(server)) == (key in shown)
    for foreign in ("오늘 날씨가", "변형된"):
        assert foreign not in asked(server)
    server.requests.clear()
    made(on, 2, options=Options(examples=0))
    assert "(없음)" in asked(server)


def keys_of(ws: Workspace, number: int) -> str:
    return ws.store.corpus.utterance(number).key


def test_personal_data_does_not_leave_the_machine(on: Workspace, server: FakeLLM) -> None:
    made(on, 1, 2, 3, 4, 5, options=Options(examples=20))
    for private in (TELEPHONE, NAME):
        assert private not in asked(server)
        assert private not in json.dumps(server.headers)
    assert "제 이름은 [이름]이고 번호는 [전화]이에요" in asked(server)
    system, user = llm.estimate(on, "danger", wanted(on, 5))[1] or ("", "")
    assert TELEPHONE not in user
    assert "[전화]" in user
    assert "JSON" in system


def test_what_comes_back_passes_the_guards_and_holds_no_new_personal_data(on: Workspace, server: FakeLLM) -> None:
    answers = (
        "제 이름은 [이름]이고요 번호는 [전화]예요", "번호는 010-9999-8888이에요", "[주소]에 사는 [이름]이에요",
        "제 이름은 [이름]이고요 번호는 [전화]예요", "짧음",
    )  # fmt: skip
    server.usual = lambda body: sentences(*answers)
    guard = Lenient({"짧음": "length"})
    (one,) = made(on, 5, n=4, guard=guard)
    assert [variant.text for variant in one.variants] == [answers[0]]
    assert dict(one.refused) == {"personal-data": 1, "placeholder": 1, "equal": 1, "length": 1}
    assert {source for source, _, _ in guard.asked} == {"제 이름은 [이름]이고 번호는 [전화]이에요"}
    assert {operation for _, _, operation in guard.asked} == {"llm"}
    assert set(one.refused) - {"equal", "length"} <= set(llm.REASONS)


def test_more_than_was_asked_for_is_not_looked_at(on: Workspace, server: FakeLLM) -> None:
    server.usual = lambda body: sentences(*(f"부엌에 불이 {i}번 났어요" for i in range(50)))
    guard = Lenient({f"부엌에 불이 {i}번 났어요": "equal" for i in range(50)})
    (one,) = made(on, 1, n=2, guard=guard)
    assert (one.variants, dict(one.refused)) == ((), {"equal": 3})


def test_a_failure_of_one_text_is_counted_and_the_others_go_on(on: Workspace, server: FakeLLM) -> None:
    def usual(body: Mapping[str, Any]) -> Reply:
        text = body["messages"][1]["content"].split("원문: ")[1]
        if text.startswith('"할머니'):
            return said(None, refusal="no")
        return said("음") if text.startswith('"연기') else sentences("불이 크게 났어요")

    server.usual = usual
    found = made(on, 1, 2, 3, 4)
    assert [dict(one.refused) for one in found] == [{}, {"refusal": 1}, {"malformed": 1}, {}]
    assert [len(one.variants) for one in found] == [1, 0, 0, 1]


def test_a_call_or_a_text_without_letters_is_not_asked_about(on: Workspace, server: FakeLLM) -> None:
    add_sentences(on.store, "?!", "불" * 501, labels={"danger": "danger"})
    found = made(on, 7, 8, 1)
    assert [dict(one.refused) for one in found] == [{"length": 1}, {"length": 1}, {}]
    assert len(server.requests) == 1


def test_a_rerun_costs_nothing_and_the_estimate_knows(on: Workspace, server: FakeLLM) -> None:
    before, _ = llm.estimate(on, "danger", wanted(on, 1, 2), seed=1)
    assert (before.requests, before.kept, before.host) == (2, 0, llm.state(on).host)
    assert server.requests == [], "an estimate sends nothing"
    first = made(on, 1, 2, seed=1)
    again = made(on, 1, 2, seed=1, batch="later")
    assert len(server.requests) == 2
    assert [one.variants for one in again] == [one.variants for one in first]
    assert [one.is_kept for one in again] == [True, True]
    after, _ = llm.estimate(on, "danger", wanted(on, 1, 2), seed=1)
    assert (after.kept, after.tokens, after.tokens_at_most) == (2, 0, 0)
    assert llm.estimate(on, "danger", wanted(on, 1, 2), seed=2)[0].kept == 0


def test_a_run_stops_asking_at_its_limit(on: Workspace, server: FakeLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = turned_on(monkeypatch, server.url, PRICES="1000,2000", CAP="5")
    estimate, _ = llm.estimate(ws, "danger", wanted(ws, 1, 2, 3))
    assert estimate.cost is not None
    assert estimate.cost_at_most is not None
    assert 0 < estimate.cost < estimate.cost_at_most
    assert (estimate.most_cost, estimate.fits, llm.state(ws).has_prices) == (5.0, True, True)
    server.usual = lambda body: sentences("부엌에 큰불이 났어요", tokens=(1000, 100))
    found = made(ws, 1, 2, 3, 4, batch="run-1", options=Options(at_once=1))
    assert [dict(one.refused) for one in found] == [{}, {"cap": 1}, {"cap": 1}, {"cap": 1}]
    spent_file = ws.settings.home / "llm" / "spent" / "run-1.json"
    spent = json.loads(spent_file.read_text())
    assert is_private(spent_file)
    assert spent == {"requests": 1, "tokens_in": 1000, "tokens_out": 100, "cost": 1.2}
    assert not llm.estimate(ws, "danger", wanted(ws, 2), options=Options(most_cost=0.001))[0].fits
    free = made(ws, 2, options=Options(most_cost=0.0))
    assert [dict(one.refused) for one in free] == [{}], "0 is no limit"


def test_what_was_answered_before_a_service_fails_is_kept(on: Workspace, server: FakeLLM) -> None:
    server.replies.extend([sentences("부엌에 큰불이 났어요"), failed(401, "expired")])
    with pytest.raises(InputError, match="refused the key"):
        made(on, 1, 2, options=Options(at_once=1))
    assert [one.is_kept for one in made(on, 1, 2, options=Options(at_once=1))] == [True, False]


def test_a_key_may_lie_in_a_file(on: Workspace, server: FakeLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    file = on.settings.home / "secret"
    file.write_text("sk-from-file\n")
    made(turned_on(monkeypatch, server.url, KEY="", KEY_FILE=str(file)), 1)
    assert server.headers[-1]["authorization"] == "Bearer sk-from-file"
    state = llm.state(turned_on(monkeypatch, server.url, KEY_FILE=str(file / "none"), KEY=""))
    assert "secret/none: the file cannot be read" in state.reason


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PRICES", "5", r"GWIDAMA_LLM_PRICES=5: expected two prices of a million tokens, as 0\.15,0\.6"),
        ("PRICES", "1,-2", "GWIDAMA_LLM_PRICES=-2: expected a number that is not below 0"),
        ("CAP", "much", "GWIDAMA_LLM_CAP=much: expected a number that is not below 0"),
        ("CAP", "inf", "GWIDAMA_LLM_CAP=inf: expected a number that is not below 0"),
    ],
)
def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    from core.settings import settings

    monkeypatch.setenv(f"GWIDAMA_LLM_{name}", value)
    with pytest.raises(InputError, match=message):
        settings()


@pytest.mark.parametrize("wrong", [{"temperature": 3}, {"at_once": 0}, {"most_tokens": -1}, {"most_cost": -1.0}])
def test_options_have_their_ranges(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(InputError, match=rf"{name}=.* is not between"):
        Options(**wrong)


def test_options_are_the_parameters_of_a_job() -> None:
    options = Options(temperature=0.2, most_cost=3.0)
    assert Options.from_dict(json.loads(json.dumps(options.to_dict())) | {"later": 1}) == options
    assert Options.from_dict({}) == Options()


def test_a_person_edits_a_prompt_and_nobody_overwrites_another(on: Workspace, server: FakeLLM) -> None:
    old = prompts.current(on, "danger")
    assert not old.is_own
    edited = Prompt("짧게 씁니다", "$n개: $text ($label)", {})
    new = prompts.save(on, "danger", edited, old.sha256)
    assert (new.is_own, new.prompt, new.file.name) == (True, edited, "danger.toml")
    (one,) = made(on, 1)
    assert [message["content"] for message in server.requests[0]["messages"]] == [
        "짧게 씁니다", f'2개: "{TEXTS[0]}" (위험)',
    ]  # fmt: skip
    with pytest.raises(Conflict, match="the prompt of danger was changed meanwhile"):
        prompts.save(on, "danger", edited, old.sha256)
    with pytest.raises(InputError, match=r"prompts/danger\.toml: the template needs the field \$n"):
        prompts.save(on, "danger", Prompt("s", "$text"), new.sha256)
    assert prompts.reset(on, "danger").prompt == old.prompt
    (two,) = made(on, 1)
    assert one.variants[0].parameters["prompt_sha256"] != two.variants[0].parameters["prompt_sha256"]


def test_a_damaged_prompt_names_its_file(on: Workspace) -> None:
    file = on.settings.home / "prompts" / "danger.toml"
    file.parent.mkdir()
    file.write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"prompts/danger\.toml: the file is not in UTF-8"):
        made(on, 1)
    Path(file).write_text("system = ")
    with pytest.raises(InputError, match=r"prompts/danger\.toml: "):
        llm.estimate(on, "danger", wanted(on, 1))
