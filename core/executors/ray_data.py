"""The executor `ray`: model actors of Ray Data, on this machine or on a cluster.

The batches wait in Ray's object store, beside the process that asks: a node that is lost takes none of them with it,
and Ray runs again what the node had not answered. Each result has the number of its batch, so an answer that comes
twice is one. Nodes need this package (it is sent to them) and the folder of the workspace at the same path.
"""

import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import core
from core.batches import batches as in_lists
from core.errors import InputError, JobFailed
from core.executors import cores
from core.executors.remote import Remote, result
from core.settings import report_no_usage

B = TypeVar("B")
R = TypeVar("R")

NUMBER, RESULT = "id", "result"
LOG_LEVEL = "ERROR"
CONNECT_S = 5.0
AHEAD = 32  # batches for each worker that the object store holds at a time; actors start again after these


class RayData:
    """Actors of Ray Data, each with one core and one copy of what `make` makes."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, make: Callable[[], Callable[[B], R]], batches: Iterable[B]) -> Iterator[R]:
        """Yield the results in the order of the batches, each once."""
        for wave in in_lists(batches, AHEAD * self.workers):
            yield from self._wave(make, wave)

    def _wave(self, make: Callable[[], Callable[[B], R]], batches: list[B]) -> Iterator[R]:
        import ray

        references = [ray.put(batch) for batch in batches]
        waiting: dict[int, R] = {}
        following = 0
        for row in self._answers(make, references):
            number = int(row[NUMBER])
            if number >= following and number not in waiting:
                waiting[number] = result(row[RESULT])
            while following in waiting:
                yield waiting.pop(following)
                following += 1
        if following < len(references):
            raise JobFailed(
                "Ray answered {n} of {total} blocks: start it again, it goes on where it was",
                n=following, total=len(references),
            )  # fmt: skip

    def _answers(self, make: Callable[[], Callable[[B], R]], references: list[Any]) -> Iterator[dict[str, Any]]:
        """A row with number and result of each batch, in order unless a node was lost."""
        import ray

        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(LOG_LEVEL)
        rows = [{NUMBER: number} for number in range(len(references))]
        numbers = ray.data.from_items(rows, override_num_blocks=len(rows))
        answers = numbers.map_batches(
            _Actor,
            fn_constructor_args=(make, references),
            batch_size=1,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=self.workers),
        )
        return iter(answers.iter_rows())


class _Actor:
    """One worker: it takes a batch by its number from the object store."""

    def __init__(self, make: Callable[[], Callable[[Any], Any]], references: list[Any]) -> None:
        self._work = Remote(make)
        self._references = references

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[Any]]:
        import ray

        numbers = [int(number) for number in rows[NUMBER]]
        return {NUMBER: numbers, RESULT: [self._work(ray.get(self._references[number])) for number in numbers]}


@contextmanager
def open_ray(workers: int = 0, address: str | None = None) -> Iterator[RayData]:
    """The executor on the cluster at `address`, else on this machine; a connection that was there is used and stays.

    `workers` 0: as many as the cluster has cores. `InputError` if nothing answers at the address.
    """
    report_no_usage()
    import ray

    mine = not ray.is_initialized()
    if mine:
        _connect(ray, workers, address)
    try:
        yield RayData(workers or max(1, int(ray.cluster_resources().get("CPU", 1))))
    finally:
        if mine:
            ray.shutdown()


def _connect(ray: Any, workers: int, address: str | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": LOG_LEVEL, "configure_logging": True}
    if address is None:
        ray.init(num_cpus=workers or cores(), include_dashboard=False, **quiet)
        return
    _check(address)
    sent = {"py_modules": [str(Path(core.__file__).parent)]}
    try:
        ray.init(address=address, runtime_env=sent, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError("no Ray cluster answers at {address}: {error}", address=address, error=error) from error


def _check(address: str) -> None:
    """`InputError` if nothing listens at `host:port`: Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()) or "/" in host:
        return  # `auto`, or another scheme: Ray knows
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except OSError as error:
        raise InputError("no Ray cluster answers at {address}: {error}", address=address, error=error) from error
