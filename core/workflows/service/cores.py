"""How many cores one judgement may use."""

from core.inference.cores import use_one_core


def one_core() -> None:
    """Let the calling thread judge on one core. Several threads judge at once, and small networks gain nothing by more.

    With two threads a judgement beside other work takes several times as long, because each waits for the other.
    """
    use_one_core()
