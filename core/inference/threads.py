"""How many threads a process that serves predictions uses inside one judgement."""

import sys
from collections.abc import Iterable

from threadpoolctl import threadpool_limits

from core.inference.predictor import Predictor
from core.models.prepare import FROZEN_VOICE, pretrained_names


def settle(predictors: Iterable[Predictor]) -> None:
    """Keep small products to one thread for the rest of this process.

    Features and small networks are done before a second thread has begun: on a busy machine several threads wait for
    each other, and one call takes forty times as long. A pretrained encoder keeps torch's threads.
    """
    threadpool_limits(1, user_api="blas")
    cards = [predictor.card for predictor in predictors]
    encoders = {name for card in cards for name in pretrained_names(card.architecture, card.encoder, card.config)}
    torch = sys.modules.get("torch")  # not loaded: no network serves
    if torch is not None and encoders <= FROZEN_VOICE.keys():  # these have threads of their own
        torch.set_num_threads(1)
