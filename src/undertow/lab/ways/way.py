"""``Way``: how a model is asked once for all examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from undertow.lab.interventions.arithmetic import InstructionSet

Family = Literal[
    "batch size", "neighbours", "padding", "threads", "precision", "memory format", "compiler",
    "engine", "instructions",
]  # fmt: skip
"""What differs from the reference."""


@dataclass(frozen=True)
class Way:
    """``batch`` examples at a time, in their own order or in one drawn by ``shuffled``.

    ``filled``: half of each batch is other examples, whose answers are dropped. ``padded``: so many
    places more on the axes that can be padded. ``threads``: inside each operator; 0 as the process
    has it. ``engine``: ``onnxruntime`` or ``openvino`` in place of torch. ``name`` is that of its
    folder, ``about`` says it in words.
    """

    name: str
    about: str
    family: Family
    batch: int
    shuffled: int | None = None
    filled: bool = False
    padded: int = 0
    threads: int = 0
    precision: Literal["float32", "float64", "bfloat16"] = "float32"
    channels_last: bool = False
    compiled: bool = False
    engine: str = ""
    instructions: InstructionSet | None = None
