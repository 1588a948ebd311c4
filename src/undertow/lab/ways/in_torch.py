"""A torch module, ready to be asked in one way."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from undertow.errors import UserError
from undertow.lab.interventions.arithmetic import Threads
from undertow.lab.interventions.arithmetic._forward import forward_replaced
from undertow.lab.interventions.arithmetic.torch_compile import TorchCompile, compiling
from undertow.lab.own_code import told
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.training import Given, channels_last
from undertow.lab.ways.outputs import rows_of
from undertow.lab.ways.together import Arrays, Ask
from undertow.lab.ways.way import Way

NO_TRAINING = cast(Given, None)
"""Of interventions that look at nothing of a training."""


class InTorch:
    """``name`` is what its owner calls it, ``output`` which of its outputs are the logits."""

    def __init__(self, name: str, module: nn.Module, output: str | None = None) -> None:
        self.name, self.module, self.output = name, module, output
        parameters = [p for p in module.parameters() if p.is_floating_point()]
        self.device = parameters[0].device if parameters else torch.device("cpu")
        self.dtype = parameters[0].dtype if parameters else torch.float32

    @contextmanager
    def asked(self, way: Way) -> Iterator[Ask]:
        """A function that asks it so; all is as it was afterwards."""
        module = self._in(way)
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            if way.threads:
                stack.enter_context(Threads(way.threads).around(NO_TRAINING))
            if way.precision == "bfloat16":
                stack.enter_context(shortened("bfloat16", self.device))
            if way.compiled:
                compiled = stack.enter_context(compiling(TorchCompile(), module.forward))
                stack.enter_context(forward_replaced(module, compiled))
            yield lambda arrays: self._rows(module, way, arrays)

    def call(self, module: nn.Module, way: Way, arrays: Arrays) -> Any:
        """Whatever it returns for these inputs."""
        given = {name: self._tensor(array, way) for name, array in arrays.items()}
        return module(*given.values()) if len(given) == 1 else module(**given)

    def _rows(self, module: nn.Module, way: Way, arrays: Arrays) -> NDArray[Any]:
        asked = len(next(iter(arrays.values())))
        try:
            answer = self.call(module, way, arrays)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            shapes = ", ".join(f"{n} {a.shape}" for n, a in arrays.items())
            raise UserError(
                f"{self.name}: asked in {way.about} (inputs {shapes}) it raises {told(error)}"
            ) from error
        return rows_of(self.name, answer, asked, self.output)

    def _in(self, way: Way) -> nn.Module:
        if way.precision != "float64" and not way.channels_last:
            return self.module
        own = copy.deepcopy(self.module)
        return own.double() if way.precision == "float64" else channels_last(own)

    def _tensor(self, array: NDArray[Any], way: Way) -> Tensor:
        """Fractions in the model's own number type."""
        made = torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
        if made.is_floating_point():
            made = made.to(torch.float64 if way.precision == "float64" else self.dtype)
        if way.channels_last and made.ndim == 4:
            made = made.contiguous(memory_format=torch.channels_last)
        return made
