"""The FastAPI application of the service: routes, failures, documentation, and what surrounds every request."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from core import __version__
from core.web.service import access, answers, routes
from core.web.service.openapi import docs
from core.web.service.requests import LOG, Requests
from core.web.service.waiting import batches
from core.web.service.waiting.batches import RUNNER

ABOUT = """녹음이나 문장을 보내면 위험, 긴급도, 감정을 예측합니다. 모든 실패는 `{"error": 이유}`로 답합니다.

Judges recordings and sentences. Every failure answers `{"error": reason}`; every answer has the header `X-Request-ID`.
"""


class Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The document, with the header of the keys; a route without a key needs none."""
        if not self.openapi_schema:
            document = get_openapi(title=self.title, version=self.version, description=ABOUT, routes=self.routes)
            key = {"type": "apiKey", "in": "header", "name": access.HEADER}
            document.setdefault("components", {})["securitySchemes"] = {"APIKeyHeader": key}
            self.openapi_schema = document
        return self.openapi_schema


def service() -> FastAPI:
    """A new application, to be mounted under /api."""
    made = Service(title="귀담아 · Gwidama", version=__version__, docs_url=None, redoc_url=None)
    made.router.routes.append(routes.QUICK)
    made.include_router(routes.router)
    made.include_router(batches.router)
    answers.explain(made)
    docs.add_docs(made)
    made.add_middleware(Requests)
    return made


def close() -> None:
    """End what the service does beside requests when its server stops: the batch that runs here, and the log."""
    RUNNER.stop()
    LOG.flush()
