"""core.inference.threads: small products take one thread, a pretrained encoder keeps those of torch."""

from dataclasses import replace

import pytest
import torch
from fake_runs import fake_run
from threadpoolctl import threadpool_info, threadpool_limits

from core.inference.threads import settle

pytestmark = pytest.mark.integration


def test_only_a_pretrained_encoder_keeps_the_threads_of_torch() -> None:
    before = torch.get_num_threads()
    small = [fake_run("t", (0.5, 0.5)), fake_run("v", (0.5, 0.5), modality="voice")]
    small[1] = replace(small[1], card=replace(small[1].card, architecture="heads", encoder="whisper-base"))
    large = replace(small[0], card=replace(small[0].card, architecture="text-encoder", encoder="some/encoder"))
    with threadpool_limits(2):
        try:
            for runs, expected in (([*small, large], 3), (small, 1)):
                torch.set_num_threads(3)
                settle(runs)
                assert torch.get_num_threads() == expected
                assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
        finally:
            torch.set_num_threads(before)
