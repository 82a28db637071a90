"""core.executors.ray_data: two nodes on this machine, one of them lost in the middle; skipped without Ray."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import InputError
from core.executors import open_executor

ray = pytest.importorskip("ray", reason="Ray is optional: pip install 'ray[data]==2.60.0'")
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # those of Ray itself


@dataclass(frozen=True)
class Slowly:
    """Adds 1 to each number, in a while; each worker leaves a note of where it ran."""

    notes: str

    def __call__(self) -> Callable[[list[int]], list[int]]:
        from ray import get_runtime_context

        Path(self.notes, get_runtime_context().get_node_id()).touch()

        def work(batch: list[int]) -> list[int]:
            time.sleep(0.1)
            return [number + 1 for number in batch]

        return work


def test_a_lost_node_loses_no_batch_and_doubles_none(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    batches = [[number, number + 1] for number in range(60)]
    with open_executor() as executor:
        inline = list(executor.map(AtOnce(), batches))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        with open_executor("ray", workers=2, address=cluster.address) as executor:
            results = []
            for result in executor.map(Slowly(str(tmp_path)), iter(batches)):
                results.append(result)
                if second is not None and len(results) >= 8 and len(list(tmp_path.iterdir())) == 2:
                    cluster.remove_node(second, allow_graceful=False)
                    second = None
        assert second is None, "the node was lost while it worked"
        assert results == inline
    finally:
        cluster.shutdown()


class AtOnce:
    """The same without a wait and without notes."""

    def __call__(self) -> Callable[[list[int]], list[int]]:
        return lambda batch: [number + 1 for number in batch]


def test_an_address_without_a_cluster_is_one_clear_error() -> None:
    with (
        pytest.raises(InputError, match=r"no Ray cluster answers at 127\.0\.0\.1:9: "),
        open_executor("ray", address="127.0.0.1:9"),
    ):
        pass
