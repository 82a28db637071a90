"""kill -9 while curators decide: every decision answered with ok is stored once, on its item, with its class.

Curators are threads that speak to the desk's routes as the component does: a decision that could not be sent is sent
again until it is answered. Servers are processes of their own and are killed at seeded moments, from outside whenever
it hits them, or by their own hand between the write and the answer, where the curator cannot know what became of it.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from store_data import sentences

from core.filters import Filter
from core.settings import ROOT
from core.web import desk as routes
from core.workflows.review import desk as review_desk
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

CURATORS = ("김지우", "이서연", "박민준", "최하은")
EACH = 50
KILLS = 8
SEED = 20
PATIENCE_S = 120
HERE = "http://127.0.0.1:8501"

# Forks a server for every line, which says how many decisions it writes before it ends itself (0: it does not), and
# tells how that ended. A fork, since to load the product takes longer than everything else here.
SERVERS = """
import json, os, signal, sys
import uvicorn
from app import app
from core.web import desk as routes
from core.workflows.review import desk as review_desk

curators, port = json.loads(sys.argv[1]), int(sys.argv[2])
decide = review_desk.decide

def serve(left):
    def last_words(*arguments, **more):
        nonlocal left
        made = decide(*arguments, **more)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    review_desk.decide = last_words
    tokens = {who: routes.open_desk(review_desk.Desk(who, ("danger",)), "hidden") for who in curators}
    print(json.dumps({"pid": os.getpid(), "tokens": tokens}), flush=True)
    uvicorn.run(app, port=port, log_level="warning", access_log=False)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        serve(int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class House:
    """One address for one server after the other; `tokens`: curator -> token of the desk at the running server."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("GWIDAMA_", "STREAMLIT_"))}
        env = clean | {"GWIDAMA_HOME": str(folder / "workspace"), "GWIDAMA_WARM_UP": "0", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", SERVERS, json.dumps(CURATORS), str(self.port)]
        self.log = folder / "servers.log"
        with self.log.open("wb") as log:
            self.mother = subprocess.Popen(command, cwd=ROOT, env=env, stdin=-1, stdout=-1, stderr=log)
        self.tokens: dict[str, str] = {}
        self.pid = 0

    def open(self, last_words: int = 0) -> None:
        assert self.mother.stdin is not None
        self.mother.stdin.write(b"%d\n" % last_words)
        self.mother.stdin.flush()
        line = self._line()
        self.pid, self.tokens = line["pid"], line["tokens"]

    def ended(self) -> int:
        """Wait for the end of the server; return its exit status."""
        self.pid = 0
        return int(self._line())

    def _line(self) -> Any:
        assert self.mother.stdout is not None
        line = self.mother.stdout.readline()
        assert line, self.log.read_text("utf-8")[-4000:]
        return json.loads(line)

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        self.mother.kill()
        self.mother.communicate()


@dataclass
class Curator(Thread):
    """A curator who decides `EACH` utterances; `kept`: (item, request, revision in the answer)."""

    house: House
    who: str
    rng: random.Random
    kept: list[tuple[int, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    unanswered: int = 0
    wrong: str = ""

    def __post_init__(self) -> None:
        super().__init__(name=self.who, daemon=True)
        self.client = httpx.Client()

    __hash__ = Thread.__hash__

    def run(self) -> None:
        try:
            self._decide_all()
        except Exception as error:  # the thread's end has to be told
            self.wrong = repr(error)
        finally:
            self.client.close()

    def _decide_all(self) -> None:
        while len(self.kept) < EACH:
            for card in self._ask("take", {"n": 3, "have": []})["cards"][: EACH - len(self.kept)]:
                body = self._decision(card["utterance"])
                self.kept.append((body["item"], body, self._ask("decide", body)["revision"]))

    def _decision(self, utterance: dict[str, Any]) -> dict[str, Any]:
        how = self.rng.random()
        more: dict[str, Any] = {"text": f"{utterance['text']} 고침"} if how < 0.3 else {}
        labels = {"danger": self.rng.choice(("danger", "normal"))}
        if how > 0.8:
            labels, more = {}, {"skip_reason": "inaudible"}
        nonce = f"{self.rng.getrandbits(96):024x}"
        return {
            "item": utterance["id"],
            "version": utterance["version"],
            "labels": labels,
            "spent_ms": 700,
            "nonce": nonce,
            **more,
        }

    def _ask(self, action: str, body: dict[str, Any]) -> Any:
        """Post as the component does: repeat while there is no answer; use another desk if this one is gone."""
        address = f"http://127.0.0.1:{self.house.port}"
        while True:
            time.sleep(self.rng.uniform(0, 0.02))
            try:
                url = f"{address}/desk/{self.house.tokens[self.who]}/{action}"
                answer = self.client.post(url, json=body, headers={"origin": address}, timeout=30)
            except httpx.TransportError:
                self.unanswered += action == "decide"
                time.sleep(0.1)
                continue
            if answer.status_code != 410:
                assert answer.status_code == 200, answer.text
                return answer.json()


@pytest.fixture
def house(ws: Workspace, tmp_path: Path) -> Iterator[House]:
    sentences(ws.store, *(f"{n}번 집에 불이 났어요" for n in range(len(CURATORS) * EACH + 40)))
    running_house = House(tmp_path)
    yield running_house
    running_house.close()


def test_kill_9_loses_doubles_and_misplaces_no_decision(house: House, ws: Workspace) -> None:
    rng = random.Random(SEED)
    house.open()
    curators = [Curator(house, who, random.Random(f"{SEED} {who}")) for who in CURATORS]
    for member in curators:
        member.start()
    for number in range(KILLS):
        # What a server answers before it is killed; all of them together leave some to the last one.
        most = rng.randint(8, 20)
        if number % 2 == 0:
            wait(curators, sum(len(member.kept) for member in curators) + most)
            time.sleep(rng.uniform(0, 0.03))
            os.kill(house.pid, signal.SIGKILL)
        assert house.ended() == -signal.SIGKILL
        house.open(rng.randint(8, 20) if number % 2 == 0 else 0)
    for member in curators:
        member.join(PATIENCE_S)
    assert [(member.who, len(member.kept), member.wrong) for member in curators] == [
        (who, EACH, "") for who in CURATORS
    ]
    assert sum(member.unanswered for member in curators) >= KILLS / 2, (
        "decisions were on their way when a server was killed"
    )
    for member in curators:
        for item, body, answer in member.kept:
            check(ws, member.who, item, body, answer)
    items = [item for member in curators for item, _, _ in member.kept]
    assert len(set(items)) == len(CURATORS) * EACH
    rest = [member for member in ws.store.corpus.every(Filter()) if member.id not in items]
    assert all((member.version, dict(member.labels), member.skipped) == (0, {}, False) for member in rest)


def wait(curators: list[Curator], least: int) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while sum(len(member.kept) for member in curators) < least:
        assert not any(member.wrong for member in curators), [member.wrong for member in curators]
        assert time.monotonic() < give_up, "the curators do not get on"
        time.sleep(0.002)


def check(ws: Workspace, who: str, item: int, body: dict[str, Any], answer: dict[str, Any]) -> None:
    """Check that the store holds this decision for the utterance, and no other."""
    skips = "skip_reason" in body
    utterance = ws.store.corpus.utterance(item)
    assert dict(utterance.labels) == body["labels"]
    assert (utterance.version, utterance.skipped, utterance.text) == (1, skips, body.get("text", utterance.original))
    (revision,) = ws.store.review.history(item)
    assert (revision.id, revision.utterance_id, revision.curator) == (answer["id"], item, who)
    assert (revision.version, revision.spent_ms) == (1, 700)
    assert (revision.act, revision.why) == (("skip", "inaudible") if skips else ("review", ""))
    answers = [
        (annotation.curator, annotation.scheme, annotation.code) for annotation in ws.store.review.annotations(item)
    ]
    assert answers == [(who, name, code) for name, code in body["labels"].items()]


# --- what tells a decision that was written from one that came too late ---------------------------------------------


@pytest.fixture
def client(ws: Workspace) -> Iterator[TestClient]:
    sentences(ws.store, "불이 났어요", "여보세요", "사람이 쓰러졌어요")
    routes._sessions.clear()  # the desks of earlier tests hold other utterances under the same ids
    with TestClient(Starlette(routes=list(routes.ROUTES)), base_url=HERE) as running:
        yield running


def anew(client: TestClient, desk: Desk, action: str, **body: Any) -> Any:
    """Return the answer of a restarted server, which knows no earlier nonce."""
    token = routes.open_desk(desk, "hidden")
    return client.post(f"/desk/{token}/{action}", json=body, headers={"origin": HERE}).json()


KIM, LEE = (Desk(name, ("danger",), "all", overlap=1.0) for name in CURATORS[:2])
SENT: dict[str, Any] = {"item": 1, "version": 0, "labels": {"danger": "danger"}, "spent_ms": 700, "nonce": "n1"}
SKIP = {"labels": {}, "skip_reason": "inaudible"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"text": "불이 났어요!"},
        {"text": "불이 났어요"},
        {"labels": {}},
        SKIP,
        {"comment": "  "},
        {"comment": "다시"},
    ],
    ids=["label", "text", "same-text", "no-label", "skip", "blank", "comment"],
)
def test_a_decision_of_before_the_kill_is_answered_as_it_was(
    ws: Workspace, client: TestClient, more: dict[str, Any]
) -> None:
    first = anew(client, KIM, "decide", **SENT | more)
    again = anew(client, KIM, "decide", **SENT | more)
    assert (again["ok"], again["revision"]) == (True, first["revision"])
    assert len(ws.store.review.history(1)) == 1
    assert ws.store.review.decided(KIM.curator) == 1


@pytest.mark.parametrize(
    ("who", "more"),
    [
        (LEE, {}),
        (KIM, {"labels": {"danger": "normal"}}),
        (KIM, {"labels": {}}),
        (KIM, {"text": "불이 났어요!"}),
        (KIM, {"comment": "다른 말"}),
        (KIM, SKIP),
        (KIM, {"version": 5}),
    ],
    ids=[
        "another-curator",
        "another-class",
        "no-label",
        "another-text",
        "another-comment",
        "a-skip",
        "no-such-version",
    ],
)
def test_another_decision_came_too_late(ws: Workspace, client: TestClient, who: Desk, more: dict[str, Any]) -> None:
    anew(client, KIM, "decide", **SENT)
    refused = anew(client, who, "decide", **SENT | more)
    assert (refused["ok"], refused["kind"], refused["theirs"]["version"]) == (False, "conflict", 1)
    assert len(ws.store.review.history(1)) == 1


def test_what_was_edited_undone_or_decided_again_since_is_not_taken_for_written(client: TestClient) -> None:
    """A smaller request is not the same decision; a revision that was undone is no answer."""
    anew(client, KIM, "decide", **SENT | {"text": "불이 났어요!"})
    assert anew(client, KIM, "decide", **SENT)["kind"] == "conflict"
    anew(client, KIM, "undo")
    assert anew(client, KIM, "decide", **SENT | {"text": "불이 났어요!"})["kind"] == "conflict"
    anew(client, KIM, "decide", **SENT | {"version": 2})
    anew(client, LEE, "decide", **SENT | {"version": 3})
    assert anew(client, KIM, "decide", **SENT | {"version": 2})["kind"] == "conflict"


def test_a_blind_answer_that_differs_is_known_again(ws: Workspace, client: TestClient) -> None:
    """The label stays that of the first curator; the revision holds the other answer."""
    (card,) = anew(client, KIM, "take", n=1)["cards"]
    assert card["utterance"]["id"] == 1
    anew(client, KIM, "decide", **SENT)
    theirs = SENT | {"version": 1, "labels": {"danger": "normal"}}
    first = anew(client, LEE, "decide", **theirs)
    assert anew(client, LEE, "decide", **theirs)["revision"] == first["revision"]
    assert anew(client, LEE, "decide", **theirs | {"labels": {"danger": "danger"}})["kind"] == "conflict"
    assert ws.store.corpus.grades("utterance", "danger")[1] == ("danger", "disputed")
    assert [annotation.code for annotation in ws.store.review.annotations(1)] == ["danger", "normal"]


def test_a_page_of_decisions_that_was_written_in_part_is_finished(ws: Workspace, client: TestClient) -> None:
    many = [{"item": n, "version": 0, "labels": {"danger": "normal"}} for n in (1, 2, 3)]
    review_desk.decide(ws, KIM, 1, 0, {"danger": "normal"}, spent_ms=700)
    results = anew(client, KIM, "batch", decisions=many, nonce="b1", spent_ms=3000)["results"]
    assert results == [{"item": n, "ok": True, "version": 1} for n in (1, 2, 3)]
    assert [len(ws.store.review.history(n)) for n in (1, 2, 3)] == [1, 1, 1]


def test_a_settlement_is_known_again_by_its_reason(ws: Workspace, client: TestClient) -> None:
    anew(client, KIM, "take", n=1)
    anew(client, KIM, "decide", **SENT)
    anew(client, LEE, "decide", **SENT | {"version": 1, "labels": {"danger": "normal"}})
    judge = replace(KIM, curator="judge", queue="annotators-disagree")
    sent = SENT | {"version": 2, "comment": "비명입니다"}
    first = anew(client, judge, "decide", **sent)
    assert anew(client, judge, "decide", **sent)["revision"] == first["revision"]
    assert anew(client, judge, "decide", **sent | {"comment": "다른 이유"})["kind"] == "conflict"
    assert [annotation.kind for annotation in ws.store.review.annotations(1)] == ["answer", "answer", "settlement"]
