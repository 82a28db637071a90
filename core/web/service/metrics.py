"""Figures of the service for Prometheus: requests, seconds, what is judged, what waits. No text and no name is in them.

`GET /v1/metrics` of a server with several workers answers for all of them, through the files that prometheus_client
keeps in the folder of `PROMETHEUS_MULTIPROC_DIR`.
"""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from core import __version__
from core.settings import settings

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter("gwidama_requests", "Requests by route and status.", ("method", "route", "status"))
LATENCY = Histogram("gwidama_request_seconds", "Seconds from a request to its answer.", ("route",), buckets=SECONDS)
JUDGED = Counter("gwidama_judged", "Judged inputs.", ("kind",))
TOGETHER = Histogram("gwidama_texts_together", "Texts that were judged in one batch.", buckets=(1, 2, 4, 8, 16, 32, 64))
RECORDINGS_TOGETHER = Histogram(
    "gwidama_recordings_together", "Recordings that were judged in one batch.", buckets=(1, 2, 4, 8, 16)
)
REFUSED = Counter("gwidama_refused", "Requests refused because of a limit.", ("limit",))
WAITING = Gauge(
    "gwidama_recordings_waiting", "Recordings that are sent, wait or are judged.", multiprocess_mode="livesum"
)
VERSION = Gauge("gwidama_version", "The version of the program.", ("version",), multiprocess_mode="max")
VERSION.labels(__version__).set(1)

CONTENT_TYPE = CONTENT_TYPE_LATEST


def text() -> bytes:
    """The figures in the text format of Prometheus."""
    folder = settings().metrics_folder
    if not folder:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    return generate_latest(registry)
