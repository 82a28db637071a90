"""A block whose random numbers come from a seed, and which leaves those of the process as they were."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def reproducible(seed: int, threads: int = 1) -> Iterator[None]:
    """Seed torch, numpy and random; `threads` of torch, 0 for as many as before. All comes back at the end.

    A sum of floats depends on the number of threads: with one thread equal seeds give equal bits on every machine.
    """
    before, python, numbers = torch.get_num_threads(), random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        torch.set_num_threads(threads or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)
            random.setstate(python)
            np.random.set_state(numbers)
