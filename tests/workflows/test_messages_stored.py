"""Messages keep their template and fields in the store and the workspace; older rows are read as plain text."""

import json

from sqlalchemy import select, update
from starlette.applications import Starlette
from starlette.testclient import TestClient
from store_data import AT, sentences

from core.errors import InputError
from core.messages import Message, Names, SchemeName, Word, message_to_json
from core.store import NewProposal, Store
from core.store.proposals.runs import UpdatedProposal
from core.store.schema import job, proposal, utterance
from core.ui import error_messages, translation
from core.web import desk
from core.workflows.cleaning import checks, history
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace

TAGS = Message("tags taken out: {names}", names=Names([Word("noise (NO)")]))


def test_a_proposals_reason_is_kept_whole(store: Store) -> None:
    (target,) = sentences(store, "집에 불이 났어요")
    payload = {"text": "불이 났어요", "before": "집에 불이 났어요"}
    store.proposals.add([NewProposal("cleaning", target, "tags", payload, TAGS)], AT)
    made = store.proposals.get(1)
    assert made.reason == "tags taken out: noise (NO)"
    assert message_to_json(made.reason) == message_to_json(TAGS)
    assert made.payload == payload
    assert translation.translate(made.reason) == "제거한 전사 기호: 잡음(NO)"


def test_a_reason_made_anew_replaces_the_old_one(store: Store) -> None:
    (target,) = sentences(store, "집에 불이 났어요")
    payload = {"text": "불이 났어요", "before": "집에 불이 났어요"}
    store.proposals.add([NewProposal("cleaning", target, "tags", payload, TAGS)], AT)
    anew = Names([Word("white space"), Word("not NFC")])
    assert store.cleanings.update_open([UpdatedProposal(1, {**payload, "text": "불"}, anew, 0.5)]) == 1
    made = store.proposals.get(1)
    assert (message_to_json(made.reason), made.payload["text"]) == (message_to_json(anew), "불")
    assert "message" not in made.payload


def test_a_proposal_of_before_shows_its_english(store: Store) -> None:
    (target,) = sentences(store, "집에 불이 났어요")
    store.proposals.add([NewProposal("cleaning", target, "tags", {"text": "불", "before": "집"}, TAGS)], AT)
    with store.board._engine.begin() as connection:
        connection.execute(update(proposal).values(payload={"text": "불", "before": "집"}, reason="two things, white"))
    assert translation.translate(store.proposals.get(1).reason) == "two things, white"


def test_an_accepted_augmentation_holds_no_message(store: Store) -> None:
    (target,) = sentences(store, "집에 불이 났어요")
    reason = Message("{operation}, seed {seed}", operation="random-deletion", seed=1)
    store.proposals.add([NewProposal("augmentation", target, "random-deletion", {"text": "불", "seed": 1}, reason)], AT)
    store.proposals.decide(1, True, "ann", AT)
    with store.board._engine.connect() as connection:
        meta = connection.scalar(select(utterance.c.meta).where(utterance.c.parent_id == target))
    assert meta == {"operation": "random-deletion", "text": "불", "seed": 1}


def test_a_jobs_error_is_kept_whole(store: Store) -> None:
    error = InputError("scheme {name} is settled already", name=SchemeName("urgency"))
    for name in ("new", "old"):
        store.board.add(name, "quality", "quality", {}, AT)
        store.board.update(name, AT, progress={"done": 3})
        store.board.update(name, AT, state="failed", error=error.message)
    with store.board._engine.begin() as connection:
        connection.execute(update(job).where(job.c.id == "old").values(progress={"done": 3}))
    made = store.board.get("new")
    assert (made.error, made.progress) == ("scheme urgency is settled already", {"done": 3})
    assert translation.translate(made.error or "") == "라벨 체계 긴급도는 이미 확정되었습니다"
    assert store.board.get("old").error == "scheme urgency is settled already"


def test_findings_are_kept_whole_and_those_of_before_are_read(ws: Workspace) -> None:
    sentences(ws.store, "불이 났어요", "불이 났어요", "***")
    checks.run(ws, ["same-text", "mask-only"])
    path = ws.settings.home / checks.FILE
    by_check = {finding.check: finding for finding in checks.last(ws).findings}
    assert by_check["same-text"].message == "1 rows repeat an earlier text (1 different texts)"
    assert translation.translate(by_check["same-text"].message) == "1행이 앞선 텍스트와 같습니다(서로 다른 텍스트 1개)"
    document = json.loads(path.read_text("utf-8"))
    for finding in document["findings"]:
        finding["message"] = "as it was told before"
    path.write_text(json.dumps(document), "utf-8")
    assert {finding.message for finding in checks.last(ws).findings} == {"as it was told before"}


def test_what_a_cleaning_run_left_out_is_kept_whole(ws: Workspace) -> None:
    why = Message("{n:,} utterances, more than {most:,}: run its check of its own", n=3_000_000, most=2_000_000)
    run = history.Run("clean-1", AT, "ann", {}, {}, left_out={"near-text": why, "same-text": "plain"})
    history.save(ws, run)
    (made,) = history.list_runs(ws)
    assert message_to_json(made.left_out["near-text"]) == message_to_json(why)
    assert made.left_out["same-text"] == "plain"


def test_the_desk_tells_errors_in_the_language_of_its_page(ws: Workspace) -> None:
    here = "http://127.0.0.1:8501"
    errors = {}
    with TestClient(Starlette(routes=list(desk.ROUTES)), base_url=here) as client:
        for language in ("ko", "en"):
            token = desk.open_desk(Desk("tester", ("danger",)), "hidden", None, error_messages.explainer(language))
            headers = {"origin": here, "content-type": "application/json", "sec-fetch-site": "same-origin"}
            answer = client.post(f"/desk/{token}/take", content='{"n": 100}', headers=headers)
            errors[language] = answer.json()["error"]
    assert errors == {"ko": "n: 0~40의 정수여야 합니다", "en": "n: a whole number of 0 to 40"}
