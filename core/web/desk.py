"""The routes of the review screen: JSON from the component on the page, which decides without a run of Streamlit.

A desk is opened by the page for its own session under an unguessable token; who decides and under which schemes stands
in that `Desk`, never in a request. The newest `DESKS` are kept. Requests must come from a page of this server (the
browser says so), as JSON of a bounded size. What a nonce was answered is remembered, so that a decision that is sent
again is not written again. An undo names the revision it takes back, which every answer that may change it tells as
`latest`: sent again, also to a server that was started since, it takes back no second one. One desk's decisions are
worked on one after the other.
"""

import json
import secrets
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

from core.errors import Conflict, CoreError, InputError, NotFound, Stale, StoreError
from core.records import Revision
from core.workflows.review import desk as session
from core.workflows.review.desk import Card, Desk
from core.workflows.workspace import open_workspace

Opinion = Literal["hidden", "shown", "after"]
Json = dict[str, Any]
Explain = Callable[[CoreError], str]

DESKS = 256
NONCES = 64
MAX_BODY = 1_000_000
MAX_CARDS = 40
MAX_HELD = 500
MAX_ID = 2**63
MAX_SPENT_MS = 24 * 3600 * 1000
LENGTHS = {"text": 10_000, "comment": 2_000, "skip_reason": 300, "nonce": 64}


@dataclass
class Sitting:
    """A desk with what is remembered while it is open: `answers` by nonce.

    `taken`: what it was given, which goes back when it is left; another tab of the same curator keeps its own.
    """

    desk: Desk
    opinion: Opinion
    lock: Lock = field(default_factory=Lock)
    answers: OrderedDict[str, tuple[str, Json]] = field(default_factory=OrderedDict)
    taken: set[int] = field(default_factory=set)
    explain: Explain = str  # puts an error into the language of the page that the desk stands on


class Refused(Exception):
    """A request that is not one of ours; `status` is that of HTTP."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


_sittings: OrderedDict[str, Sitting] = OrderedDict()
_guard = Lock()


def keep(desk: Desk, opinion: Opinion, token: str | None = None, explain: Explain = str) -> str:
    """The token of a desk like `desk`: `token` where that still is one, else a new one, and the old one is left."""
    with _guard:
        known = _sittings.get(token or "")
        if known and known.opinion == opinion and replace(known.desk, opened_at=desk.opened_at) == desk:
            _sittings.move_to_end(token or "")
            known.explain = explain
            return token or ""
        _sittings.pop(token or "", None)
        fresh = secrets.token_urlsafe(24)
        _sittings[fresh] = Sitting(desk, opinion, explain=explain)
        while len(_sittings) > DESKS:
            _sittings.popitem(last=False)
    if known:
        _leave(known)
    return fresh


def _sitting(token: str) -> Sitting:
    with _guard:
        if token not in _sittings:
            raise Refused(410, "this desk is closed; reload the page")
        _sittings.move_to_end(token)
        return _sittings[token]


# --- what the component asks for ------------------------------------------------------------------------------------


def take(sitting: Sitting, body: Json) -> Json:
    """{n, have: ids} -> {cards, progress, latest}."""
    n = _number(body, "n", 0, MAX_CARDS)
    have = body.get("have", [])
    if not isinstance(have, list) or len(have) > MAX_HELD or not all(_is_id(one) for one in have):
        raise InputError("have: a list of up to {max_held} ids", max_held=MAX_HELD)
    cards = session.take(open_workspace(), sitting.desk, n, have)
    _given(sitting, cards)
    left = cards[-1].left if cards else None
    told = {"cards": [_shown(sitting, card) for card in cards], "progress": _progress(sitting, left)}
    return told | {"latest": _latest(sitting)}


def decide(sitting: Sitting, body: Json) -> Json:
    """One decision -> {revision, opinions, latest}; what the models think is told now where it waited for that."""
    revision = _decide(sitting, body, _number(body, "spent_ms", 0, MAX_SPENT_MS))
    told = {"revision": asdict(revision), "latest": revision.id, "opinions": []}
    if sitting.opinion == "after":
        told["opinions"] = list(session.predictions(open_workspace(), sitting.desk, revision.utterance_id))
    return told


def batch(sitting: Sitting, body: Json) -> Json:
    """{decisions: [...], spent_ms for all} -> {results, latest}: each is one of its own, one refused stops none."""
    decisions = body.get("decisions")
    if not isinstance(decisions, list) or not 0 < len(decisions) <= MAX_CARDS:
        raise InputError("decisions: a list of 1 to {max_cards}", max_cards=MAX_CARDS)
    if not all(isinstance(one, dict) and _is_id(one.get("item")) for one in decisions):
        raise InputError("decisions: each is an object with the id of its item")
    spent = _number(body, "spent_ms", 0, MAX_SPENT_MS) // len(decisions)
    return {"results": [_one_of_many(sitting, one, spent) for one in decisions], "latest": _latest(sitting)}


def _one_of_many(sitting: Sitting, body: Json, spent_ms: int) -> Json:
    try:
        revision = _decide(sitting, body, spent_ms)
    except CoreError as error:
        return {"item": body["item"], **_trouble(error, sitting.explain)[1]}
    return {"item": body["item"], "ok": True, "version": revision.version}


def _decide(sitting: Sitting, body: Json, spent_ms: int) -> Revision:
    revision = session.decide(
        open_workspace(), sitting.desk, _number(body, "item", 0, MAX_ID), _number(body, "version", 0, MAX_ID),
        _labels(sitting.desk, body.get("labels")), text=_text(body, "text"), start_ms=_maybe(body, "start_ms"),
        end_ms=_maybe(body, "end_ms"), skip_reason=_text(body, "skip_reason"), spent_ms=spent_ms,
        comment=_text(body, "comment"),
    )  # fmt: skip
    with _guard:
        sitting.taken.discard(revision.utterance_id)
    return revision


def undo(sitting: Sitting, body: Json) -> Json:
    """{revision} taken back, else the latest -> {card, progress, latest}; the card is None when there is none left.

    A revision that was taken back before is answered with its card, and nothing more is taken back.
    """
    card = session.undo(open_workspace(), sitting.desk, revision=_maybe(body, "revision"))
    if card:
        _given(sitting, [card])
    progress = _progress(sitting, card.left if card else None)
    return {"card": card and _shown(sitting, card), "progress": progress, "latest": _latest(sitting)}


def remark(sitting: Sitting, body: Json) -> Json:
    kind, text = body.get("kind"), _text(body, "text", "comment") or ""
    if kind not in ("comment", "flag", "unflag"):
        raise InputError("kind: comment, flag or unflag")
    if kind == "comment" and not text.strip():
        raise InputError("the comment is empty")
    session.remark(open_workspace(), sitting.desk, _number(body, "item", 0, MAX_ID), kind, text)
    return {}


def history(sitting: Sitting, body: Json) -> Json:
    return {"rows": session.history(open_workspace(), _number(body, "item", 0, MAX_ID), sitting.desk)}


def restore(sitting: Sitting, body: Json) -> Json:
    """The utterance as it was after a version -> {card, latest}."""
    item, back, seen = (_number(body, name, 0, MAX_ID) for name in ("item", "version_to_restore", "seen_version"))
    session.restore(open_workspace(), sitting.desk, item, back, seen)
    card = session.card(open_workspace(), sitting.desk, item)
    return {"card": _shown(sitting, card), "latest": _latest(sitting)}


def release(sitting: Sitting, _: Json) -> Json:
    _leave(sitting)
    return {}


def _leave(sitting: Sitting) -> None:
    """Give back what this desk took, but for what another desk of the curator has on its screen too."""
    with _guard:
        others = [one for one in _sittings.values() if one is not sitting and one.desk.curator == sitting.desk.curator]
        mine = sitting.taken.difference(*(one.taken for one in others))
        sitting.taken.clear()
    session.release(open_workspace(), sitting.desk, mine)


def _given(sitting: Sitting, cards: Iterable[Card]) -> None:
    with _guard:
        sitting.taken.update(card.utterance.id for card in cards)


def _progress(sitting: Sitting, left: int | None) -> Json:
    return session.progress(open_workspace(), sitting.desk, left)


def _latest(sitting: Sitting) -> int | None:
    """What the curator's next undo is to take back."""
    return session.latest_decision(open_workspace(), sitting.desk)


def _shown(sitting: Sitting, card: Card) -> Json:
    """A card as JSON; what is not to be seen before the decision does not leave the server."""
    return asdict(card if sitting.opinion == "shown" else replace(card, opinions=()))


# --- what a request may hold ----------------------------------------------------------------------------------------


def _is_id(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_ID


def _number(body: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = body.get(name)
    if type(value) is not int or not low <= value <= high or value >= MAX_ID:
        raise InputError("{name}: a whole number of {low} to {high}", name=name, low=low, high=high)
    return value


def _maybe(body: Mapping[str, Any], name: str) -> int | None:
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


# --- the way in and out ---------------------------------------------------------------------------------------------

Action = Callable[[Sitting, Json], Json]
ONCE: tuple[Action, ...] = (decide, batch)
IN_TURN: tuple[Action, ...] = (*ONCE, undo, restore)


def _work(action: Action, sitting: Sitting, body: Json) -> tuple[int, Json]:
    """Status and answer. The same decision under the same nonce is answered as it was the first time."""
    nonce, content = "", ""
    with sitting.lock if action in IN_TURN else nullcontext():
        try:
            if action in ONCE:
                nonce, content = _text(body, "nonce") or "", json.dumps({**body, "spent_ms": 0}, sort_keys=True)
                if not nonce:
                    raise InputError("nonce: missing")
                if nonce in sitting.answers:
                    first, answer = sitting.answers[nonce]
                    return (
                        (200, answer)
                        if first == content
                        else _trouble(InputError("nonce: used before"), sitting.explain)
                    )
            answer = {"ok": True, **action(sitting, body)}
        except CoreError as error:
            return _trouble(error, sitting.explain)
        if nonce:
            sitting.answers[nonce] = (content, answer)
            while len(sitting.answers) > NONCES:
                sitting.answers.popitem(last=False)
        return 200, answer


def _trouble(error: CoreError, explain: Explain) -> tuple[int, Json]:
    """Return the HTTP status and the answer of a refused request; a stale decision brings both versions."""
    if isinstance(error, Stale):
        return 409, _refusal(error, explain) | {"mine": error.mine, "theirs": error.theirs}
    kinds: tuple[tuple[type[CoreError], int], ...] = ((Conflict, 409), (NotFound, 404), (InputError, 422))
    return next((status for kind, status in kinds if isinstance(error, kind)), 500), _refusal(error, explain)


def _refusal(error: CoreError, explain: Explain) -> Json:
    kinds = ((Conflict, "conflict"), (NotFound, "missing"), (StoreError, "store"))
    kind = next((name for kind, name in kinds if isinstance(error, kind)), "input")
    return {"ok": False, "kind": kind, "error": explain(error)}


def _from_here(request: Request) -> None:
    """A page of another site cannot write here, though it may know the address."""
    origin = urlsplit(request.headers.get("origin", ""))
    site = request.headers.get("sec-fetch-site", "same-origin")
    if not origin.netloc or origin.netloc != request.headers.get("host") or site != "same-origin":
        raise Refused(403, "only pages of this server may ask this")


async def _document(request: Request) -> Json:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "send application/json")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY:
            raise Refused(413, f"more than {MAX_BODY} bytes")
    try:
        found = json.loads(data)
        json.dumps(found, ensure_ascii=False).encode()  # not too deep, and Unicode throughout
    except (ValueError, RecursionError):
        raise Refused(400, "this is not JSON") from None
    if not isinstance(found, dict):
        raise Refused(400, "not a JSON object")
    return found


def _endpoint(action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            _from_here(request)
            sitting = _sitting(request.path_params["token"])
            status, answer = await run_in_threadpool(_work, action, sitting, await _document(request))
        except Refused as error:
            kind = "gone" if error.status == 410 else "refused"
            status, answer = error.status, {"ok": False, "kind": kind, "error": str(error)}
        return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})

    return endpoint


ROUTES = tuple(
    Route(f"/desk/{{token}}/{action.__name__}", _endpoint(action), methods=["POST"])
    for action in (take, decide, batch, undo, remark, history, restore, release)
)
