"""The cores that one thread uses for matrices: BLAS and torch would take all of them for every small product."""

from functools import cache

from threadpoolctl import ThreadpoolController


def use_one_core() -> None:
    """Let the calling thread compute on one core from now on; BLAS is one for the whole process."""
    import torch  # takes over a second: a server that judges nothing starts without it

    torch.set_num_threads(1)
    _libraries().limit(limits=1)


@cache
def _libraries() -> ThreadpoolController:
    """The libraries of this process; finding them takes milliseconds."""
    return ThreadpoolController()
