"""The one initialisation that all models here use."""

from __future__ import annotations

from torch import nn


def he(model: nn.Module) -> nn.Module:
    """He normal weights by fan-in for every convolution and linear layer, biases 0; norms 1 and 0.
    In place.

    He et al. 2015 (1502.01852, eq. 10). Draws come from torch's current generator, in module order.
    The output layer gets the gain for linear units, 1, so that a fresh network starts near the
    uniform answer.
    """
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for layer in layers:
        last = layer is layers[-1] and isinstance(layer, nn.Linear)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if last else "relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model
