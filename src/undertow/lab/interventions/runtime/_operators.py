"""Counting what an engine runs in integers, and what in floating point."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.errors import NoEffectError
from undertow.lab.interventions.site import Effect

Kind = Literal["conv2d", "linear", "recurrent"]


class Operator(NamedTuple):
    """One operator with weights, as found in what the engine runs."""

    kind: Kind
    weight: str
    """Its weight's name; operators that share a weight share the name."""
    codes: NDArray[np.integer[Any]] | None
    """The integers held for it; ``None`` where it stays in floating point."""


def effect_of(intervention: object, operators: Sequence[Operator]) -> Effect:
    """``bits`` is what the codes in use need, from smallest to largest of a weight, and the most
    over weights."""
    held = {op.weight: op.codes for op in operators if op.codes is not None}
    count = Counter(f"{'float' if op.codes is None else 'int8'}.{op.kind}" for op in operators)
    if not held:
        found = (
            ", ".join(f"{number} {name}" for name, number in sorted(count.items()))
            or "no operator with weights"
        )
        raise NoEffectError(
            f"{intervention!r} made no operator an integer one; the model has {found}"
        )
    names = ["int8.conv2d", "float.conv2d", "int8.linear", "float.linear"]
    if any(op.kind == "recurrent" for op in operators):
        names += ["int8.recurrent", "float.recurrent"]
    facts = {name: float(count[name]) for name in names}
    spans = [int(codes.max()) - int(codes.min()) + 1 for codes in held.values()]
    facts["bits"] = float(math.ceil(math.log2(max(spans))))
    return Effect(changed=sum(codes.size for codes in held.values()), facts=facts)
