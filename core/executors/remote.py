"""What runs in a worker of another process: the function of one batch, with one thread, and its failure as a value.

An exception is no result that every process can read back (its class may need other arguments), so a worker returns a
`Failure`, and the process that asked raises `JobFailed` with the same message.
"""

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from threadpoolctl import threadpool_limits

from core.errors import CoreError, JobFailed
from core.messages import Message

B = TypeVar("B")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of a worker: its message, and the trace of one that is a bug."""

    message: Message
    trace: str = ""


class Remote(Generic[B, R]):
    """The function that `make` returns, made at the first batch and kept for the next ones."""

    def __init__(self, make: Callable[[], Callable[[B], R]]) -> None:
        self._make = make
        self._work: Callable[[B], R] | None = None

    def __call__(self, batch: B) -> R | Failure:
        """The result of one batch, or why there is none."""
        try:
            if self._work is None:
                use_one_thread()
                self._work = self._make()
                use_one_thread()  # of libraries that were loaded just now, too
            return self._work(batch)
        except CoreError as error:
            return Failure(error.message)
        except Exception as error:
            reason = Message("{kind}: {text}", kind=type(error).__name__, text=str(error))
            return Failure(reason, traceback.format_exc())


def use_one_thread() -> None:
    """Let this worker compute with one thread: as many workers as cores would otherwise wait for each other."""
    threadpool_limits(1)
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def result(answer: R | Failure) -> R:
    """The result of a batch; `JobFailed` for a failure, and its trace goes to the log of this process."""
    if isinstance(answer, Failure):
        raise JobFailed(answer.message) from (RuntimeError(answer.trace) if answer.trace else None)
    return answer
