"""Learning rates by layer: the nearer a layer of the encoder is to the text, the smaller are its steps.

What the encoder learned in its first layers holds for all texts; the last ones and the heads have most to learn.
"""

import re
from collections.abc import Collection
from typing import Any

from torch import nn

from core.errors import InputError
from core.training.trainer.config import TrainingConfig

# A weight of layer N: what stands before it is the path of the whole encoder.
LAYER = re.compile(r"(.+\.)(?:encoder|transformer)\.layers?\.(\d+)\.")


def groups(network: nn.Module, decayed: Collection[str], config: TrainingConfig) -> list[dict[str, Any]]:
    """The trained weights by depth as groups of an optimizer, deepest first; those in `decayed` have weight decay.

    The heads have the learning rate of `config`, each layer below them `layer_decay` of that of the layer above it.
    """
    depths = depths_of([name for name, _ in network.named_parameters()], config)
    deepest = max(depths.values())
    made: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            made.setdefault((deepest - depths[name], name not in decayed), []).append(parameter)
    return [
        {
            "params": made[below, bare],
            "lr": config.learning_rate * config.layer_decay**below,
            "weight_decay": 0.0 if bare else config.weight_decay,
        }
        for below, bare in sorted(made)
    ]


def depths_of(names: list[str], config: TrainingConfig) -> dict[str, int]:
    """Name of a weight -> its depth: 0 for the embeddings, 1, 2, ... for the layers, one more for all that follows.

    Of several encoders the deepest one starts at 0, and the last layers of all of them are equally deep.
    `InputError` for a network whose layers are not numbered.
    """
    layers = {name: match for name in names if (match := LAYER.match(name))}
    if not layers:
        raise InputError(
            "layer_decay {layer_decay}: this network has no row of layers as encoders have; leave layer_decay at 1",
            layer_decay=config.layer_decay,
        )
    tops: dict[str, int] = {}
    for match in layers.values():
        tops[match[1]] = max(tops.get(match[1], 0), 2 + int(match[2]))
    top = max(tops.values())
    depths = dict.fromkeys(names, top)
    for encoder in sorted(tops, key=len):  # one inside another comes later
        first = next(place for place, name in enumerate(names) if name in layers and layers[name][1] == encoder)
        before = [name for name in names[:first] if name.startswith(encoder)]
        depths |= dict.fromkeys(before, top - tops[encoder])
    return depths | {name: top - tops[match[1]] + 1 + int(match[2]) for name, match in layers.items()}
