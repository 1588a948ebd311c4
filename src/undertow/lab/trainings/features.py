"""Features and the head of a network, of one member or of several side by side."""

from __future__ import annotations

from torch import Tensor

from undertow.lab.models.head import entering
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.training import Network


def features(network: Network, head: str, x_BCHW: Tensor) -> Tensor:
    """What enters the head where these images enter the network: (B, F), with an axis M in front
    for several members."""
    if isinstance(network, Stack):
        return network.features(head, x_BCHW)
    with entering(network, head) as kept:
        network(x_BCHW)
    return kept[0]
