"""Many curators at the desk's routes at once: no card goes to two, no decision is lost, doubled or misplaced."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from store_data import sentences

from core.web import desk as routes
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CURATORS, EACH = 10, 100
CLIENTS, SHARED, TRIES = 50, 5, 8
HERE = "http://127.0.0.1:8501"
HEADERS = {"origin": HERE, "content-type": "application/json", "sec-fetch-site": "same-origin"}
CODES = ("danger", "normal")


@pytest.fixture
def client() -> Iterator[TestClient]:
    routes._sessions.clear()
    with TestClient(Starlette(routes=list(routes.ROUTES)), base_url=HERE) as running:
        yield running


def post(client: TestClient, token: str, action: str, body: dict[str, Any]) -> tuple[int, Any]:
    answer = client.post(f"/desk/{token}/{action}", content=json.dumps(body), headers=HEADERS)
    return answer.status_code, answer.json()


def decision(card: dict[str, Any], code: str, nonce: str) -> dict[str, Any]:
    of = card["utterance"]
    return {"item": of["id"], "version": of["version"], "labels": {"danger": code}, "nonce": nonce, "spent_ms": 900}


def test_ten_curators_share_a_queue(ws: Workspace, client: TestClient) -> None:
    ids = sentences(ws.store, *(f"{n}번 집에 불이 났어요" for n in range(CURATORS * EACH)))

    def work(who: str) -> tuple[list[int], dict[int, str]]:
        chance, token = random.Random(who), routes.open_desk(Desk(who, ("danger",)), "hidden")
        seen: list[int] = []
        decided: dict[int, str] = {}
        while True:
            status, taken = post(client, token, "take", {"n": 3})
            assert status == 200, taken
            if not taken["cards"]:
                return seen, decided
            for card in taken["cards"]:
                item = card["utterance"]["id"]
                seen.append(item)
                code = chance.choice(CODES)
                status, answer = post(client, token, "decide", decision(card, code, f"{who} {item}"))
                assert status == 200, answer
                decided[item] = code

    names = [f"curator {n}" for n in range(CURATORS)]
    with ThreadPoolExecutor(CURATORS) as pool:
        results = dict(zip(names, pool.map(work, names), strict=True))
    shown = Counter(item for seen, _ in results.values() for item in seen)
    assert [item for item, times in shown.items() if times > 1] == [], "shown to two curators"
    assert sorted(shown) == ids
    for who, (_, decided) in results.items():
        for item, code in decided.items():
            (made,) = ws.store.review.history(item)
            assert (made.curator, made.after["labels"]["danger"]["code"]) == (who, code)


def test_half_of_fifty_clients_hammer_the_same_cards(ws: Workspace, client: TestClient) -> None:
    """Of those who decide on one version of a card at once, one is written; the others get 409 and both versions."""
    shared = sentences(ws.store, *(f"{n}번 카드" for n in range(SHARED)))
    own = sentences(ws.store, *(f"혼자 보는 {n}번 문장" for n in range(CLIENTS // 2 * TRIES)))

    def work(number: int) -> list[tuple[int, int, str]]:
        who, chance = f"client {number}", random.Random(number)
        token = routes.open_desk(Desk(who, ("danger",)), "hidden")
        hammers = number % 2 == 0
        mine = own[number // 2 * TRIES :][:TRIES]
        accepted = []
        for step in range(TRIES):
            item = chance.choice(shared) if hammers else mine[step]
            version, code = ws.store.corpus.utterance(item).version, chance.choice(CODES)
            card = {"utterance": {"id": item, "version": version}}
            status, answer = post(client, token, "decide", decision(card, code, f"{who} {step}"))
            assert status in ((200, 409) if hammers else (200,)), answer
            if status == 200:
                accepted.append((item, answer["revision"]["version"], code))
            else:
                assert (answer["kind"], answer["theirs"]["version"]) == ("conflict", answer["theirs"]["version"])
                assert answer["theirs"]["version"] > version
        return accepted

    with ThreadPoolExecutor(CLIENTS) as pool:
        accepted = [one for some in pool.map(work, range(CLIENTS)) for one in some]
    written = {
        (item, made.version, made.after["labels"]["danger"]["code"])
        for item in (*shared, *own)
        for made in ws.store.review.history(item)
    }
    assert len(accepted) == len(set(accepted)), "doubled"
    assert written == set(accepted)
    for item in shared:
        versions = [made.version for made in ws.store.review.history(item)]
        assert versions == list(range(1, len(versions) + 1))
        assert ws.store.corpus.utterance(item).version == len(versions)
