"""The desk's routes without a browser: allowed origins, checks of requests, and that nothing is written twice."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.confidence import best_class
from core.records import Act, NewUtterance, Prediction, RunInfo, SnapshotInfo
from core.ui import i18n
from core.ui.widgets import review_screen
from core.web import desk as routes
from core.workflows.review import desk as review_desk
from core.workflows.review.desk import Desk
from core.workflows.review.leases import LEASE_S
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

AT = "2026-01-01T00:00:00.000000+00:00"
HERE = "http://127.0.0.1:8501"
HEADERS = {"origin": HERE, "content-type": "application/json", "sec-fetch-site": "same-origin"}
HOSTILE = "<img src=x onerror=alert(1)> ![x](http://evil.example/x.png)"


@pytest.fixture(autouse=True)
def no_other_desk() -> None:
    """Close the desks of earlier tests: under the same name they would keep their cards."""
    routes._sessions.clear()


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=list(routes.ROUTES)), base_url=HERE) as running:
        yield running


@pytest.fixture
def filled(ws: Workspace) -> Workspace:
    """Thirty sentences without a label; the third has hostile text."""
    source = ws.store.corpus.add_source("s", "table", "ours", "0" * 64, AT)
    texts = [HOSTILE if n == 3 else f"{n}번 집에 불이 났어요" for n in range(1, 31)]
    ws.store.corpus.add_sentences(source, [NewUtterance(f"k{n}", text, f"k{n}") for n, text in enumerate(texts)], AT)
    return ws


@pytest.fixture
def token(filled: Workspace) -> str:
    return routes.open_desk(Desk("tester", ("danger",)), "hidden")


Ask = Callable[..., Any]


@pytest.fixture
def ask(client: TestClient, token: str) -> Ask:
    """Return a function that posts to the desk of `token` and returns status and answer."""

    def post(action: str, body: object = None, status: int = 200, **headers: str) -> Any:
        answer = client.post(f"/desk/{token}/{action}", content=json.dumps(body or {}), headers=HEADERS | headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    return post


def decision(card: dict[str, Any], code: str = "danger", nonce: str = "n1", **more: Any) -> dict[str, Any]:
    utterance = card["utterance"]
    sent = {
        "item": utterance["id"],
        "version": utterance["version"],
        "labels": {"danger": code},
        "nonce": nonce,
        "spent_ms": 900,
    }
    return sent | more


def codes(ws: Workspace, *cards: dict[str, Any]) -> list[str | None]:
    return [ws.store.corpus.utterance(card["utterance"]["id"]).labels.get("danger") for card in cards]


# --- decisions ------------------------------------------------------------------------------------------------------


def test_cards_are_taken_and_a_decision_is_on_disk_when_it_is_answered(filled: Workspace, ask: Ask) -> None:
    taken = ask("take", {"n": 3, "have": []})
    assert [card["utterance"]["text"] for card in taken["cards"]][2] == HOSTILE
    assert taken["progress"] == {"done": 0, "left": 30, "rate_per_hour": 0}
    first, second, third = taken["cards"]
    answer = ask("decide", decision(first, text="고친 말"))
    assert (answer["ok"], answer["revision"]["version"], answer["opinions"]) == (True, 1, [])
    written = filled.store.corpus.utterance(first["utterance"]["id"])
    assert (written.labels, written.text, written.version) == ({"danger": "danger"}, "고친 말", 1)
    (revision,) = filled.store.review.history(written.id)
    assert (revision.curator, revision.spent_ms) == ("tester", 900)
    held_ids = [card["utterance"]["id"] for card in (second, third)]
    more = ask("take", {"n": 2, "have": held_ids})
    assert not {card["utterance"]["id"] for card in more["cards"]} & {*held_ids, written.id}
    assert more["progress"]["left"] == 29
    assert more["progress"]["done"] == 1


def test_the_same_nonce_is_answered_again_and_written_once(filled: Workspace, ask: Ask) -> None:
    (card,) = ask("take", {"n": 1})["cards"]
    sent = decision(card)
    first = ask("decide", sent)
    assert ask("decide", sent | {"spent_ms": 5000}) == first
    assert len(filled.store.review.history(card["utterance"]["id"])) == 1
    assert "used before" in ask("decide", decision(card, "normal"), 422)["error"], "another decision, the same nonce"
    assert filled.store.corpus.utterance(card["utterance"]["id"]).labels == {"danger": "danger"}


def test_the_same_decision_sent_at_the_same_time_is_written_once(filled: Workspace, ask: Ask) -> None:
    (card,) = ask("take", {"n": 1})["cards"]
    answers: list[Any] = []
    senders = [threading.Thread(target=lambda: answers.append(ask("decide", decision(card)))) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    assert len(filled.store.review.history(card["utterance"]["id"])) == 1


def test_a_stale_decision_is_refused_with_both_versions(filled: Workspace, ask: Ask) -> None:
    (card,) = ask("take", {"n": 1})["cards"]
    item = card["utterance"]["id"]
    review_desk.decide(filled, Desk("somebody", ("danger",)), item, 0, {"danger": "normal"}, text="남의 말")
    refused = ask("decide", decision(card, text="나의 말"), 409)
    assert refused["kind"] == "conflict"
    assert (refused["mine"]["text"], refused["mine"]["labels"]) == ("나의 말", {"danger": "danger"})
    assert (refused["theirs"]["text"], refused["theirs"]["labels"]) == ("남의 말", {"danger": "normal"})
    assert (refused["theirs"]["version"], refused["theirs"]["curator"]) == (1, "somebody")
    second_answer = ask(
        "decide", decision(card, text="나의 말", nonce="n2") | {"version": refused["theirs"]["version"]}
    )
    assert second_answer["revision"]["version"] == 2
    assert filled.store.corpus.utterance(item).text == "나의 말"


def test_a_page_of_decisions_is_as_many_and_one_that_is_refused_stops_none(filled: Workspace, ask: Ask) -> None:
    cards = ask("take", {"n": 20})["cards"]
    assert len(cards) == 20
    taken = cards[4]["utterance"]["id"]
    review_desk.decide(filled, Desk("somebody", ("danger",)), taken, 0, {"danger": "danger"})
    many = [decision(card, "danger" if n == 7 else "normal") for n, card in enumerate(cards)]
    results = ask("batch", {"decisions": many, "nonce": "b1", "spent_ms": 20_000})["results"]
    assert [result["item"] for result in results if not result["ok"]] == [taken]
    assert results[4]["theirs"]["labels"] == {"danger": "danger"}
    for n, card in enumerate(cards):
        revisions = filled.store.review.history(card["utterance"]["id"])
        assert len(revisions) == 1
        if n != 4:
            assert (revisions[0].curator, revisions[0].spent_ms) == ("tester", 1000)
            assert revisions[0].after["labels"]["danger"]["code"] == ("danger" if n == 7 else "normal")
    assert ask("batch", {"decisions": many, "nonce": "b1", "spent_ms": 1})["results"] == results
    assert filled.store.review.decided("tester") == 19


def test_a_page_is_taken_back_as_one_and_what_somebody_decided_since_stays(filled: Workspace, ask: Ask) -> None:
    first, *cards = ask("take", {"n": 5})["cards"]
    alone = ask("decide", decision(first))["latest"]
    many = [decision(card, "normal") for card in cards]
    latest = ask("batch", {"decisions": many, "nonce": "b1", "spent_ms": 4000})["latest"]
    since = cards[1]["utterance"]["id"]
    review_desk.decide(filled, Desk("somebody", ("danger",)), since, 1, {"danger": "danger"})
    answer = ask("undo", {"revision": latest})
    left = next(row.id for row in filled.store.review.history(since) if row.curator == "tester")
    assert (answer["count"], answer["latest"]) == (3, left)
    assert codes(filled, first, *cards) == ["danger", None, "danger", None, None]
    again = ask("undo", {"revision": latest})
    assert (again["count"], codes(filled, first)) == (1, ["danger"]), "sent again, it takes back nothing more"
    assert ask("undo", {"revision": alone})["count"] == 1
    assert codes(filled, first) == [None]


def test_a_page_with_a_malformed_entry_writes_nothing(filled: Workspace, ask: Ask) -> None:
    cards = ask("take", {"n": 2})["cards"]
    many = [decision(cards[0]), {"labels": {}}]
    ask("batch", {"decisions": many, "nonce": "b1", "spent_ms": 1}, 422)
    assert filled.store.review.decided("tester") == 0


def test_undo_goes_back_to_the_start_of_the_session(filled: Workspace, ask: Ask) -> None:
    cards = ask("take", {"n": 3})["cards"]
    for number, card in enumerate(cards):
        ask("decide", decision(card, nonce=f"n{number}"))
    for card in reversed(cards):
        back = ask("undo")["card"]["utterance"]
        assert (back["id"], back["version"]) == (card["utterance"]["id"], 2)
    none = {"card": None, "count": 0, "progress": {"done": 0, "left": 30, "rate_per_hour": 0}, "latest": None}
    assert ask("undo") == {"ok": True, **none}
    assert {filled.store.corpus.utterance(card["utterance"]["id"]).labels.get("danger") for card in cards} == {None}


def test_an_undo_that_is_sent_again_takes_back_no_second_decision(filled: Workspace, ask: Ask) -> None:
    first, second = ask("take", {"n": 2})["cards"]
    latest_ids = [ask("decide", decision(card, nonce=f"n{n}"))["latest"] for n, card in enumerate((first, second))]
    answer = ask("undo", {"revision": latest_ids[1]})
    assert (answer["card"]["utterance"]["id"], answer["latest"]) == (second["utterance"]["id"], latest_ids[0])
    assert ask("undo", {"revision": latest_ids[1]}) == answer
    assert codes(filled, first, second) == ["danger", None]
    assert [len(filled.store.review.history(card["utterance"]["id"])) for card in (first, second)] == [1, 2]
    answer = ask("undo", {"revision": latest_ids[0]})
    assert (answer["card"]["utterance"]["id"], answer["latest"]) == (first["utterance"]["id"], None)
    assert ask("undo", {"revision": 0})["card"] is None, "nothing was known to take back"


def test_an_undo_is_known_again_by_a_server_that_was_started_since(filled: Workspace, ask: Ask) -> None:
    first, second = ask("take", {"n": 2})["cards"]
    for n, card in enumerate((first, second)):
        latest = ask("decide", decision(card, nonce=f"n{n}"))["latest"]
    ask("undo", {"revision": latest})
    routes._sessions.clear()
    anew = routes._session_of(routes.open_desk(Desk("tester", ("danger",)), "hidden"))
    again = routes.undo(anew, {"revision": latest})
    assert again["card"]["utterance"]["id"] == second["utterance"]["id"]
    assert codes(filled, first, second) == ["danger", None]
    assert routes.take(anew, {"n": 0})["latest"] == again["latest"]
    assert routes.undo(anew, {"revision": again["latest"]})["card"]["utterance"]["id"] == first["utterance"]["id"]


def test_an_undo_takes_back_what_it_names_and_only_of_its_curator(filled: Workspace, ask: Ask) -> None:
    first, second, third = ask("take", {"n": 3})["cards"]
    own_revision = ask("decide", decision(first))["latest"]
    other_tab = routes._session_of(routes.open_desk(Desk("tester", ("danger",)), "hidden"))
    newer = routes.decide(other_tab, decision(second))["latest"]
    theirs = review_desk.decide(
        filled, Desk("somebody", ("danger",)), third["utterance"]["id"], 0, {"danger": "danger"}
    )
    for strange in (theirs.id, 2**62):
        answer = ask("undo", {"revision": strange})
        assert (answer["card"], answer["latest"]) == (None, newer)
    answer = ask("undo", {"revision": own_revision})
    assert (answer["card"]["utterance"]["id"], answer["latest"]) == (first["utterance"]["id"], newer)
    assert codes(filled, first, second, third) == [None, "danger", "danger"]


def test_every_answer_that_may_change_it_tells_what_the_next_undo_takes_back(filled: Workspace, ask: Ask) -> None:
    taken = ask("take", {"n": 2})
    assert taken["latest"] is None
    many = [decision(card) for card in taken["cards"]]
    latest = ask("batch", {"decisions": many, "nonce": "b1", "spent_ms": 1})["latest"]
    (written,) = filled.store.review.history(many[1]["item"])
    assert latest == written.id
    latest = ask("restore", {"item": many[0]["item"], "version_to_restore": 0, "seen_version": 1})["latest"]
    assert latest == filled.store.review.history(many[0]["item"])[-1].id
    assert ask("take", {"n": 0})["latest"] == latest


def test_skip_remarks_history_and_restore(filled: Workspace, ask: Ask) -> None:
    (card,) = ask("take", {"n": 1})["cards"]
    item = card["utterance"]["id"]
    ask("decide", decision(card) | {"labels": {}, "skip_reason": "inaudible"})
    assert filled.store.corpus.utterance(item).skipped
    assert "inaudible" in filled.store.review.history(item)[0].why
    ask("decide", decision(card, nonce="n2", text="고친 말") | {"version": 1})
    ask("remark", {"item": item, "kind": "comment", "text": HOSTILE})
    ask("remark", {"item": item, "kind": "flag"})
    rows = ask("history", {"item": item})["rows"]
    assert [row["what"] for row in rows] == ["received", "decision", "decision", "remark", "remark"]
    acts = [(row["act"], row["why"]) for row in rows if row["what"] != "remark"]
    assert acts == [("import", ""), ("skip", "inaudible"), ("review", "")]
    back = ask("restore", {"item": item, "version_to_restore": 0, "seen_version": 2})["card"]
    assert (back["utterance"]["text"], back["utterance"]["version"]) == ("1번 집에 불이 났어요", 3)
    assert back["flagged"]
    assert [remark["text"] for remark in back["remarks"] if remark["kind"] == "comment"] == [HOSTILE]
    stale = ask("restore", {"item": item, "version_to_restore": 1, "seen_version": 2}, 409)
    assert stale["theirs"]["version"] == 3


def test_every_kind_of_act_has_its_word_on_the_screen() -> None:
    """The component looks up the text of `act_` + the act of a history row."""
    korean = {
        "review": "검수", "skip": "건너뜀", "settle": "최종 판정", "bulk": "일괄 작업", "accept": "제안 수락",
        "clean": "정제", "undo": "되돌림", "restore": "버전 {n} 복원", "import": "가져오기",
    }  # fmt: skip
    words = {act: i18n.catalogue("ko").gettext(review_screen.STRINGS[f"act_{act}"]) for act in get_args(Act)}
    assert words == korean


# --- the model's opinion --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("opinion", "with_card", "after"), [("hidden", 0, 0), ("shown", 1, 0), ("after", 0, 1)])
def test_an_opinion_is_told_when_it_may_be(
    filled: Workspace, client: TestClient, opinion: routes.PredictionDisplay, with_card: int, after: int
) -> None:
    """Also if the server restarted between the card and the decision."""
    ledger = filled.store.ledger
    ledger.add_snapshot(SnapshotInfo("s1", "danger", "ab" * 32, AT, {"n": 1}))
    ledger.put_run(RunInfo("r1", "danger-text", "ngram", "danger", "text", "s1", "done", AT, {}))
    codes = ("normal", "danger")
    ledger.put_predictions(
        [Prediction("r1", "danger", item, "pool", *best_class(codes, (0.125, 0.875))) for item in (1, 2)]
    )
    thought = [{"scheme": "danger", "code": "danger", "confidence": 0.875, "run": "r1"}]
    desk = Desk("tester", ("danger",))

    def post(action: str, body: object) -> Any:
        return client.post(f"/desk/{routes.open_desk(desk, opinion)}/{action}", json=body, headers=HEADERS).json()

    cards = post("take", {"n": 2})["cards"]
    assert [card["opinions"] for card in cards] == [thought * with_card] * 2
    assert post("decide", decision(cards[0]))["opinions"] == thought * after
    routes._sessions.clear()
    assert post("decide", decision(cards[1]))["opinions"] == thought * after


# --- who may ask, and what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://127.0.0.1:9"}, 403),
        ({"origin": "http://127.0.0.1:8501.evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_only_pages_of_this_server_may_ask_and_only_in_json(ask: Ask, headers: dict[str, str], status: int) -> None:
    ask("take", {"n": 1}, status, **headers)


@pytest.mark.parametrize("token", ["", "x", "../../etc", "%00", "가"])
def test_a_desk_that_is_not_open_is_gone(client: TestClient, filled: Workspace, token: str) -> None:
    answer = client.post(f"/desk/{token}/take", json={"n": 1}, headers=HEADERS)
    assert answer.status_code in (404, 410)
    assert client.get("/desk/x/take").status_code == 405


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "not a JSON object"),
        (b"[" * 100_000, 400, "not JSON"),
        (b'{"n": 1, "x": "\\ud800"}', 400, "not JSON"),
        (b"\xff\xfe\x00", 400, "not JSON"),
        (b'{"n": NaN}', 422, "n: a whole number"),
        (b'{"n": "' + b"9" * routes.MAX_BODY + b'"}', 413, "more than"),
    ],
)
def test_what_is_no_request_is_refused(client: TestClient, token: str, content: bytes, status: int, why: str) -> None:
    answer = client.post(f"/desk/{token}/take", content=content, headers=HEADERS)
    assert answer.status_code == status
    assert why in answer.json()["error"]


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("take", {"n": True}, "n: a whole number"),
    ("take", {"n": 10**6}, "n: a whole number of 0 to 40"),
    ("take", {"n": 1, "have": ["1"]}, "have: a list"),
    ("take", {"n": 1, "have": list(range(1000))}, "have: a list of up to 500"),
    ("decide", {"item": 10**30}, "item: a whole number"),
    ("decide", {"version": -1}, "version: a whole number"),
    ("decide", {"labels": ["danger"]}, "labels: an object"),
    ("decide", {"labels": {"danger": 1}}, "labels: an object"),
    ("decide", {"labels": {"urgency": "high"}}, "urgency is not answered at this desk"),
    ("decide", {"labels": {"danger": "fire"}}, "fire"),
    ("decide", {"text": "가" * 10_001}, "text: a text of up to 10000"),
    ("decide", {"text": 7}, "text: a text"),
    ("decide", {"start_ms": 1.5}, "start_ms: a whole number"),
    ("decide", {"spent_ms": -1}, "spent_ms: a whole number"),
    ("decide", {"nonce": None}, "nonce: missing"),
    ("decide", {"nonce": "n" * 65}, "nonce: a text of up to 64"),
    ("remark", {"item": 1, "kind": "praise"}, "kind: comment, flag or unflag"),
    ("remark", {"item": 1, "kind": "comment", "text": "  "}, "the comment is empty"),
    ("undo", {"revision": "1"}, "revision: a whole number"),
    ("undo", {"revision": -1}, "revision: a whole number"),
    ("restore", {"item": 1, "version_to_restore": None, "seen_version": 0}, "version_to_restore: a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "body", "why"), BROKEN)
def test_a_malformed_request_writes_nothing(
    filled: Workspace, ask: Ask, action: str, body: dict[str, Any], why: str
) -> None:
    whole = {"item": 1, "version": 0, "labels": {"danger": "danger"}, "nonce": "n", "spent_ms": 1}
    refused = ask(action, (whole if action == "decide" else {}) | body, 422)
    assert why in refused["error"]
    assert (refused["ok"], refused["kind"]) == (False, "input")
    assert filled.store.review.history(1) == []


def test_who_decides_stands_in_the_desk_and_not_in_the_request(filled: Workspace, ask: Ask) -> None:
    (card,) = ask("take", {"n": 1})["cards"]
    ask("decide", decision(card, curator="boss", by="boss", desk={"curator": "boss"}))
    assert [revision.curator for revision in filled.store.review.history(card["utterance"]["id"])] == ["tester"]


def test_an_unknown_item_is_missing(ask: Ask) -> None:
    assert ask("history", {"item": 9999}, 404)["kind"] == "missing"
    whole = {"item": 9999, "version": 0, "labels": {"danger": "danger"}, "nonce": "n", "spent_ms": 1}
    assert "9999" in ask("decide", whole, 404)["error"]


# --- desks that are open --------------------------------------------------------------------------------------------


def test_a_desk_keeps_its_token_until_it_is_another(filled: Workspace) -> None:
    token = routes.open_desk(Desk("a", ("danger",)), "hidden")
    assert routes.open_desk(Desk("a", ("danger",)), "hidden", token) == token
    other = routes.open_desk(Desk("b", ("danger",)), "hidden", token)
    assert other != token
    assert len(other) >= 32
    with pytest.raises(routes.RefusedRequest):
        routes._session_of(token)
    assert routes.open_desk(Desk("b", ("danger",)), "after", other) != other


def test_a_desk_that_is_left_gives_its_cards_back(filled: Workspace) -> None:
    token = routes.open_desk(Desk("a", ("danger",)), "hidden")
    held = taken_ids(token, 3)
    other = Desk("b", ("danger",))
    assert not held & {card.utterance.id for card in review_desk.take(filled, other, 3)}
    review_desk.release(filled, other)
    routes.open_desk(Desk("a", ("urgency",)), "hidden", token)
    assert {card.utterance.id for card in review_desk.take(filled, other, 3)} == held


def taken_ids(token: str, n: int, *have: int) -> set[int]:
    answer = routes.take(routes._session_of(token), {"n": n, "have": list(have)})
    return {card["utterance"]["id"] for card in answer["cards"]}


def test_a_tab_that_is_closed_leaves_what_another_tab_of_the_curator_holds(filled: Workspace) -> None:
    first, second = (
        routes.open_desk(Desk("a", ("danger",), opened_at=at), "hidden") for at in (AT, AT.replace("26", "25"))
    )
    assert taken_ids(first, 2) == {1, 2}
    assert taken_ids(second, 4) == {3, 4, 5, 6}, "two tabs under one name never have the same card"
    closing = routes._session_of(second)
    routes.decide(closing, {"item": 4, "version": 0, "labels": {"danger": "danger"}, "spent_ms": 1})
    assert routes.undo(closing, {})["card"]["utterance"]["id"] == 4
    routes._session_of(first).taken_at -= LEASE_S + 1
    assert taken_ids(second, 2, 3, 4, 5, 6) == {1, 2}, "a tab that is gone keeps its cards as long as a lease"
    routes._session_of(first).taken_at += LEASE_S + 1
    routes.release(closing, {})
    assert [number for number, _ in filled.store.leases.held(AT)] == [1, 2]
    routes.release(closing, {})
    routes.release(routes._session_of(first), {})
    assert filled.store.leases.held(AT) == []


def test_only_so_many_desks_are_open_and_nonces_remembered(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch, ask: Ask, token: str
) -> None:
    monkeypatch.setattr(routes, "NONCES", 2)
    for number, card in enumerate(ask("take", {"n": 4})["cards"]):
        ask("decide", decision(card, nonce=f"n{number}"))
    assert list(routes._session_of(token).answers) == ["n2", "n3"]
    monkeypatch.setattr(routes, "DESKS", 3)
    for number in range(5):
        last = routes.open_desk(Desk(f"c{number}", ("danger",)), "hidden")
    assert len(routes._sessions) == 3
    assert ask("take", {"n": 1}, 410)["kind"] == "gone"
    assert routes._session_of(last).desk.curator == "c4"
