"""Routes of the review screen: its component sends decisions as JSON and gets cards, without a run of Streamlit.

A page opens a desk for its browser session under an unguessable token. Curator and schemes are fixed in that `Desk`;
a request cannot change them. The newest `DESKS` desks are kept. A request must come from a page of this server (the
browser's headers show it) and be JSON of a bounded size. The answer to each nonce is stored, so a decision that is sent
twice is written once. An undo names the revision that it undoes; answers report it as `latest`. Idempotent: a repeated
undo, also after a restart of the server, undoes nothing more. Decisions of one desk are handled one after the other.
"""

import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from threading import Lock
from typing import Any, Literal
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import Conflict, CoreError, DiskFull, InputError, NotFound, Stale, StoreError
from core.records import Revision
from core.workflows.review import desk as review_desk
from core.workflows.review.call import whole_call
from core.workflows.review.desk import LONGEST_TEXT, Card, Desk
from core.workflows.review.leases import LEASE_S
from core.workflows.workspace import now, open_workspace

PredictionDisplay = Literal["hidden", "shown", "after"]
Json = dict[str, Any]
ErrorText = Callable[[CoreError], str]

DESKS = 256
NONCES = 64
MAX_BODY = 1_000_000
MAX_CARDS = 40
MAX_HELD = 500
MAX_ID = 2**63
MAX_SPENT_MS = 24 * 3600 * 1000
LENGTHS = {"text": LONGEST_TEXT, "comment": 2_000, "skip_reason": 300, "nonce": 64}


@dataclass
class DeskSession:
    """An open desk: its `answers` by nonce, and `taken_ids`, the utterances that are leased to it.

    The leases are released when the desk is left; another tab of the same curator keeps its own.
    """

    desk: Desk
    display: PredictionDisplay
    lock: Lock = field(default_factory=Lock)
    answers: OrderedDict[str, tuple[str, Json]] = field(default_factory=OrderedDict)
    taken_ids: set[int] = field(default_factory=set)
    taken_at: float = 0.0  # the time of the last request for cards, by a steady clock
    explain: ErrorText = str  # translates an error into the language of the desk's page


class RefusedRequest(Exception):
    """A request that does not come from the component, or to a closed desk; `status` is the HTTP status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


_sessions: OrderedDict[str, DeskSession] = OrderedDict()
_guard = Lock()


def open_desk(desk: Desk, display: PredictionDisplay, token: str | None = None, explain: ErrorText = str) -> str:
    """Return `token` if its desk is open and equal to `desk`. Else leave that one, open `desk`, return a new token."""
    with _guard:
        old_session = _sessions.get(token or "")
        if (
            old_session
            and old_session.display == display
            and replace(old_session.desk, opened_at=desk.opened_at) == desk
        ):
            _sessions.move_to_end(token or "")
            old_session.explain = explain
            return token or ""
        _sessions.pop(token or "", None)
        new_token = secrets.token_urlsafe(24)
        _sessions[new_token] = DeskSession(desk, display, explain=explain)
        while len(_sessions) > DESKS:
            _sessions.popitem(last=False)
    if old_session:
        _leave(old_session)
    return new_token


def _session_of(token: str) -> DeskSession:
    with _guard:
        if token not in _sessions:
            raise RefusedRequest(410, "this desk is closed; reload the page")
        _sessions.move_to_end(token)
        return _sessions[token]


# --- actions of the component ---------------------------------------------------------------------------------------


def take(desk_session: DeskSession, body: Json) -> Json:
    """{n, have: ids on the screen or waiting} -> {cards, progress, latest}: up to `n` other cards.

    What another tab or browser under the same name has is not among them.
    """
    n = _number(body, "n", 0, MAX_CARDS)
    have = body.get("have", [])
    if not isinstance(have, list) or len(have) > MAX_HELD or not all(_is_id(item_id) for item_id in have):
        raise InputError("have: a list of up to {max_held} ids", max_held=MAX_HELD)
    elsewhere = _taken_elsewhere(desk_session).difference(have)
    cards = review_desk.take(open_workspace(), desk_session.desk, n, [*have, *elsewhere])
    _remember_taken(desk_session, cards)
    left = cards[-1].left if cards else None
    answer = {"cards": [_card_json(desk_session, card) for card in cards], "progress": _progress(desk_session, left)}
    return answer | {"latest": _latest(desk_session)}


def decide(desk_session: DeskSession, body: Json) -> Json:
    """One decision -> {revision, opinions, latest}. `opinions`: the predictions, if shown after the decision."""
    revision = _decide(desk_session, body, _number(body, "spent_ms", 0, MAX_SPENT_MS))
    answer = {"revision": asdict(revision), "latest": revision.id, "opinions": []}
    if desk_session.display == "after":
        answer["opinions"] = list(review_desk.predictions(open_workspace(), desk_session.desk, revision.utterance_id))
    return answer


def batch(desk_session: DeskSession, body: Json) -> Json:
    """{decisions: [...], spent_ms for all} -> {results, latest}. A refused decision does not stop the others."""
    decisions = body.get("decisions")
    if not isinstance(decisions, list) or not 0 < len(decisions) <= MAX_CARDS:
        raise InputError("decisions: a list of 1 to {max_cards}", max_cards=MAX_CARDS)
    if not all(isinstance(decision, dict) and _is_id(decision.get("item")) for decision in decisions):
        raise InputError("decisions: each is an object with the id of its item")
    spent = _number(body, "spent_ms", 0, MAX_SPENT_MS) // len(decisions)
    at = now()  # one instant for all of them: an undo takes back what was decided together
    return {
        "results": [_decide_one(desk_session, decision, spent, at) for decision in decisions],
        "latest": _latest(desk_session),
    }


def _decide_one(desk_session: DeskSession, body: Json, spent_ms: int, at: str) -> Json:
    try:
        revision = _decide(desk_session, body, spent_ms, at)
    except CoreError as error:
        return {"item": body["item"], **_error_reply(error, desk_session.explain)[1]}
    return {"item": body["item"], "ok": True, "version": revision.version}


def _decide(desk_session: DeskSession, body: Json, spent_ms: int, at: str | None = None) -> Revision:
    revision = review_desk.decide(
        open_workspace(), desk_session.desk, _number(body, "item", 0, MAX_ID), _number(body, "version", 0, MAX_ID),
        _labels(desk_session.desk, body.get("labels")), text=_text(body, "text"),
        start_ms=_optional_number(body, "start_ms"), end_ms=_optional_number(body, "end_ms"),
        skip_reason=_text(body, "skip_reason"), spent_ms=spent_ms, comment=_text(body, "comment"), at=at,
    )  # fmt: skip
    with _guard:
        desk_session.taken_ids.discard(revision.utterance_id)
    return revision


def undo(desk_session: DeskSession, body: Json) -> Json:
    """{revision?} -> {card, count, progress, latest}: undo that revision, by default the latest, with all that was
    decided together with it; `count` tells how many. card None: nothing to undo.

    Idempotent: for a revision that is undone already, the answer is its card and nothing more is undone.
    """
    card, count = review_desk.undo_together(open_workspace(), desk_session.desk, _optional_number(body, "revision"))
    if card:
        _remember_taken(desk_session, [card])
    progress = _progress(desk_session, card.left if card else None)
    answer = {"card": card and _card_json(desk_session, card), "count": count, "progress": progress}
    return answer | {"latest": _latest(desk_session)}


def remark(desk_session: DeskSession, body: Json) -> Json:
    kind, text = body.get("kind"), _text(body, "text", "comment") or ""
    if kind not in ("comment", "flag", "unflag"):
        raise InputError("kind: comment, flag or unflag")
    if kind == "comment" and not text.strip():
        raise InputError("the comment is empty")
    review_desk.remark(open_workspace(), desk_session.desk, _number(body, "item", 0, MAX_ID), kind, text)
    return {}


def history(desk_session: DeskSession, body: Json) -> Json:
    return {"rows": review_desk.history(open_workspace(), _number(body, "item", 0, MAX_ID), desk_session.desk)}


def call(_desk_session: DeskSession, body: Json) -> Json:
    """{item} -> {lines}: the utterances of its call in order, without labels; none for a sentence."""
    lines = whole_call(open_workspace(), _number(body, "item", 0, MAX_ID))
    return {"lines": [asdict(line) for line in lines]}


def restore(desk_session: DeskSession, body: Json) -> Json:
    """{item, version_to_restore, seen_version} -> {card, latest}: the utterance as it was after a version."""
    item, restored_version, seen_version = (
        _number(body, name, 0, MAX_ID) for name in ("item", "version_to_restore", "seen_version")
    )
    review_desk.restore(open_workspace(), desk_session.desk, item, restored_version, seen_version)
    card = review_desk.card(open_workspace(), desk_session.desk, item)
    return {"card": _card_json(desk_session, card), "latest": _latest(desk_session)}


def release(desk_session: DeskSession, _: Json) -> Json:
    _leave(desk_session)
    return {}


def _leave(desk_session: DeskSession) -> None:
    """Release the leases of this desk, except for utterances that another desk of the same curator has too."""
    with _guard:
        others = [
            other
            for other in _sessions.values()
            if other is not desk_session and other.desk.curator == desk_session.desk.curator
        ]
        own_ids = desk_session.taken_ids.difference(*(other.taken_ids for other in others))
        desk_session.taken_ids.clear()
    review_desk.release(open_workspace(), desk_session.desk, own_ids)


def _taken_elsewhere(desk_session: DeskSession) -> set[int]:
    """Return what other desks of the same curator have, as long as a lease after they asked for cards."""
    since = time.monotonic() - LEASE_S
    with _guard:
        return {
            item
            for other in _sessions.values()
            if other is not desk_session and other.desk.curator == desk_session.desk.curator and other.taken_at > since
            for item in other.taken_ids
        }


def _remember_taken(desk_session: DeskSession, cards: Iterable[Card]) -> None:
    with _guard:
        desk_session.taken_at = time.monotonic()
        desk_session.taken_ids.update(card.utterance.id for card in cards)


def _progress(desk_session: DeskSession, left: int | None) -> Json:
    return review_desk.progress(open_workspace(), desk_session.desk, left)


def _latest(desk_session: DeskSession) -> int | None:
    """Return the id of the revision that the curator's next undo undoes; None if there is none."""
    return review_desk.latest_decision(open_workspace(), desk_session.desk)


def _card_json(desk_session: DeskSession, card: Card) -> Json:
    """Return a card as JSON; predictions that must stay hidden before the decision do not leave the server."""
    return asdict(card if desk_session.display == "shown" else replace(card, opinions=()))


# --- checks of a request's fields -----------------------------------------------------------------------------------


def _is_id(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_ID


def _number(body: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = body.get(name)
    if type(value) is not int or not low <= value <= high or value >= MAX_ID:
        raise InputError("{name}: a whole number of {low} to {high}", name=name, low=low, high=high)
    return value


def _optional_number(body: Mapping[str, Any], name: str) -> int | None:
    return None if body.get(name) is None else _number(body, name, 0, MAX_ID)


def _text(body: Mapping[str, Any], name: str, limit: str = "") -> str | None:
    value, longest = body.get(name), LENGTHS[limit or name]
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise InputError("{name}: a text of up to {longest} characters", name=name, longest=longest)
    return value


def _labels(desk: Desk, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(code, str) for code in value.values()):
        raise InputError("labels: an object of scheme and class")
    if strange := sorted(value.keys() - set(desk.schemes)):
        raise InputError("labels: {strange} is not answered at this desk", strange=", ".join(strange))
    return value


# --- from request to response ---------------------------------------------------------------------------------------

Action = Callable[[DeskSession, Json], Json]
ONCE: tuple[Action, ...] = (decide, batch)
IN_TURN: tuple[Action, ...] = (*ONCE, undo, restore)


def _run_action(action: Action, desk_session: DeskSession, body: Json) -> tuple[int, Json]:
    """Return HTTP status and answer. A repeated decision with the same nonce gets its first answer again."""
    nonce, content = "", ""
    with desk_session.lock if action in IN_TURN else nullcontext():
        try:
            if action in ONCE:
                nonce, content = _text(body, "nonce") or "", json.dumps({**body, "spent_ms": 0}, sort_keys=True)
                if not nonce:
                    raise InputError("nonce: missing")
                if nonce in desk_session.answers:
                    first, answer = desk_session.answers[nonce]
                    return (
                        (200, answer)
                        if first == content
                        else _error_reply(InputError("nonce: used before"), desk_session.explain)
                    )
            answer = {"ok": True, **action(desk_session, body)}
        except CoreError as error:
            return _error_reply(error, desk_session.explain)
        if nonce:
            desk_session.answers[nonce] = (content, answer)
            while len(desk_session.answers) > NONCES:
                desk_session.answers.popitem(last=False)
        return 200, answer


def _error_reply(error: CoreError, explain: ErrorText) -> tuple[int, Json]:
    """Return HTTP status and answer for an error; for a stale decision, the answer has both versions."""
    if isinstance(error, Stale):
        return 409, _error_body(error, explain) | {"mine": error.mine, "theirs": error.theirs}
    kinds: tuple[tuple[type[CoreError], int], ...] = (
        (Conflict, 409), (NotFound, 404), (DiskFull, 507), (InputError, 422),
    )  # fmt: skip
    return next((status for kind, status in kinds if isinstance(error, kind)), 500), _error_body(error, explain)


def _error_body(error: CoreError, explain: ErrorText) -> Json:
    kinds = ((Conflict, "conflict"), (NotFound, "missing"), (StoreError, "store"))
    kind = next((name for kind, name in kinds if isinstance(error, kind)), "input")
    return {"ok": False, "kind": kind, "error": explain(error)}


def check_origin(request: Request) -> None:
    """Raise `RefusedRequest` if the request does not come from a page of this server."""
    origin = urlsplit(request.headers.get("origin", ""))
    site = request.headers.get("sec-fetch-site", "same-origin")
    if not origin.netloc or origin.netloc != request.headers.get("host") or site != "same-origin":
        raise RefusedRequest(403, "only pages of this server may ask this")


async def read_json(request: Request) -> Json:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedRequest(415, "send application/json")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY:
            raise RefusedRequest(413, f"more than {MAX_BODY} bytes")
    try:
        document = json.loads(data)
        json.dumps(document, ensure_ascii=False).encode()  # not too deep, and Unicode throughout
    except (ValueError, RecursionError):
        raise RefusedRequest(400, "this is not JSON") from None
    if not isinstance(document, dict):
        raise RefusedRequest(400, "not a JSON object")
    return document


def _endpoint(action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            check_origin(request)
            desk_session = _session_of(request.path_params["token"])
            status, answer = await run_in_threadpool(_run_action, action, desk_session, await read_json(request))
        except RefusedRequest as error:
            kind = "gone" if error.status == 410 else "refused"
            status, answer = error.status, {"ok": False, "kind": kind, "error": str(error)}
        return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})

    return endpoint


ROUTES = tuple(
    Route(f"/desk/{{token}}/{action.__name__}", _endpoint(action), methods=["POST"])
    for action in (take, decide, batch, undo, remark, history, call, restore, release)
)
