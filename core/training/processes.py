"""Several processes that train one model together: `accelerate launch -m core train ...`.

Each process runs the same program. The first one prepares, writes and finishes; all of them take part in the fit of a
network, whose Trainer shares rows and gradients. Models that are no network are fitted by the first process alone.
Nothing here is imported for a training by one process.
"""

from typing import TypeVar

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

Shared = TypeVar("Shared")


def same(value: Shared) -> Shared:
    """The value of the first process, in every process. All of them must call it."""
    _state()
    values = [value]
    broadcast_object_list(values)
    return values[0]


def wait() -> None:
    """Go on when every process has come here."""
    _state().wait_for_everyone()


def _state() -> PartialState:
    import torch

    return PartialState(cpu=not torch.cuda.is_available())
