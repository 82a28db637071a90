"""schemathesis against the OpenAPI document of the service: good and bad requests for every route.

No answer has a status of 500 or more but 503, and each is one that the document describes. The requests are the same
ones each time; `EXAMPLES=200` makes more, and `st run http://127.0.0.1:8501/api/openapi.json` asks a real server.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as pace
from hypothesis.errors import Unsatisfiable
from workflow_data import add_danger_run

from core.settings import ROOT
from core.web.api import api
from core.workflows.workspace import Workspace, open_workspace

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytestmark = pytest.mark.integration

EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
UNLIMITED = pace(
    max_examples=EXAMPLES, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with a run that judges texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GWIDAMA_HOME", str(tmp_path_factory.mktemp("openapi")))
        ws = open_workspace()
        add_danger_run(ws)
        yield ws


def document() -> Any:
    config = schemathesis.Config.from_path(ROOT / "schemathesis.toml")
    return schemathesis.openapi.from_asgi("/openapi.json", api, config=config)


def send_requests(operation: Any, mode: Any, statuses: Counter[tuple[str, int]]) -> None:
    """Send requests of one kind, good or bad, to one route, and check every answer."""

    @UNLIMITED
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        answer = case.call()
        statuses[operation.label, answer.status_code] += 1
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        case.validate_response(answer)

    with suppress(Unsatisfiable):  # a route without parameters has no bad request
        send()


def test_every_route_answers_as_the_document_says(home: Workspace) -> None:
    statuses: Counter[tuple[str, int]] = Counter()
    for operation in document().get_all_operations():
        for mode in schemathesis.GenerationMode:
            send_requests(operation.ok(), mode, statuses)
    reached = {label for label, _ in statuses}
    assert {"POST /v1/predict", "GET /v1/health", "GET /v1/runs", "POST /v1/predict/batch"} <= reached


def test_a_judgement_and_a_batch_are_as_the_document_says(home: Workspace) -> None:
    routes = document()

    def ask(method: str, path: str, status: int, **parts: Any) -> Any:
        answer = routes[path][method].Case(**parts).call_and_validate()
        assert answer.status_code == status, answer.text
        return answer.json()

    for body in ({"text": "할머니가 쓰러졌어요"}, {"text": "네", "schemes": ["danger"], "run": []}):
        judged = ask("POST", "/v1/predict", 200, body=body, media_type="application/json")
        assert list(judged["utterances"][0]["judgements"]) == ["danger"]
    begun = ask("POST", "/v1/predict/batch", 202, body={"texts": ["네", "불이야"]}, media_type="application/json")
    id = {"id": begun["id"]}
    ask("GET", "/v1/predict/batch/{id}", 200, path_parameters=id)
    ask("GET", "/v1/predict/batch/{id}/results", 200, path_parameters=id, query={"offset": 1})
    for path in ("/v1/health", "/v1/runs", "/v1/schemes"):
        ask("GET", path, 200)
