"""``InstructionSet``: hardware as an arm, on one machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import torch

from undertow.errors import UserError
from undertow.lab.interventions.arithmetic._read_back import BRANCHES, READ
from undertow.lab.interventions.site import AbstractArithmetic

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given

Aten = Literal["default", "avx2", "avx512"]
OneDNN = Literal["sse41", "avx2", "avx512_core"]
MKL = Literal["auto", "compatible", "avx2", "avx512"]
CHOICES = {"aten": Aten, "onednn": OneDNN, "mkl": MKL}
VARIABLES = {"aten": "ATEN_CPU_CAPABILITY", "onednn": "ONEDNN_MAX_CPU_ISA", "mkl": "MKL_CBWR"}
LOWER_CASE = "aten"
"""The library that wants its value so; the others want capitals."""
NEEDS = {"avx2": "avx2", "avx512": "avx512_f", "avx512_core": "avx512_bw", "sse41": "sse4_1"}
"""What a processor must have, by torch's names."""
BITS = {"default": 128, "sse41": 128, "avx2": 256, "avx512": 512, "avx512_core": 512}


@dataclass(frozen=True)
class InstructionSet(AbstractArithmetic):
    """Trains with the instructions that an older processor has: hardware as an arm. ``None`` leaves
    a library as it is.

    ``aten`` is for torch's own operators (``ATEN_CPU_CAPABILITY``; ``default`` has no AVX),
    ``onednn`` the most that convolutions may use (``ONEDNN_MAX_CPU_ISA``), ``mkl`` the branch of
    matrix products that MKL keeps to (``MKL_CBWR``, *conditional numerical reproducibility*;
    ``compatible`` is the same on all processors; off Intel's there is no other but ``auto``).

    Libraries read these once, so members train in processes of their own that are started with
    them, and their answers on the test part are computed there too. The runner ``processes`` starts
    such processes, ``ray`` too, ``auto`` takes the first; ``loop`` and ``stacked`` refuse. What is
    in force is read back: from torch, from the name of oneDNN's kernel for a small convolution, and
    from MKL. If it is not what was asked, no member is trained. Facts, of what was asked:
    ``aten_vector_bits``, ``onednn_vector_bits``, ``mkl_branch`` (MKL's own number: 2 auto, 3
    compatible, 10 AVX2, 12 AVX-512). On a GPU it changes nothing that the GPU computes.

    Raises ``ValueError`` for no library or a value that is none, ``UserError`` where the processor
    lacks the instructions, this process was started otherwise, or a library does not obey.
    """

    by_itself: ClassVar[str] = "a member needs a process that is started with its environment"

    aten: Aten | None = None
    onednn: OneDNN | None = None
    mkl: MKL | None = None

    def __post_init__(self) -> None:
        for library, kind in CHOICES.items():
            if getattr(self, library) not in (None, *get_args(kind)):
                raise ValueError(
                    f"{self!r}: {library} is one of {', '.join(get_args(kind))}, or None"
                )
        if not self._asked:
            raise ValueError(f"{self!r}: name a library: aten, onednn or mkl")

    @property
    def _asked(self) -> dict[str, str]:
        """What each named library is asked for."""
        return {name: asked for name in CHOICES if (asked := getattr(self, name)) is not None}

    @property
    def environment(self) -> Mapping[str, str]:
        """In each library's own spelling."""
        return {
            VARIABLES[library]: asked if library == LOWER_CASE else asked.upper()
            for library, asked in self._asked.items()
        }

    @property
    def unable(self) -> str:
        """Names what the processor lacks: torch would try it all the same, and die of it."""
        there = torch.cpu.get_capabilities()
        for asked in self._asked.values():
            if asked in NEEDS and not there.get(NEEDS[asked]):
                return f"this processor has no {asked.upper()} instructions"
        return ""

    @contextmanager
    def around(self, given: Given) -> Iterator[dict[str, float]]:
        """Nothing is set, only looked at: it is in force already, or never will be."""
        if self.unable:
            raise UserError(f"{self!r}: {self.unable}")
        for name, value in self.environment.items():
            if os.environ.get(name) != value:
                raise UserError(
                    f"{self!r}: this process has {name}={os.environ.get(name, '')}, and it has to "
                    f"be started with {name}={value}; train by --runner processes, or start Python "
                    "so"
                )
        found = {library: READ[library]() for library in self._asked}
        for library, asked in self._asked.items():
            if found[library] != asked:
                raise UserError(
                    f"{self!r}: {library} computes with {found[library]} here, though "
                    f"{VARIABLES[library]} is set; this processor or this build does not offer it, "
                    "or the variable was set after the library was loaded"
                )
        yield {name: value for library in found for name, value in _fact(library, found[library])}


def _fact(library: str, found: str) -> list[tuple[str, float]]:
    if library == "mkl":
        return [("mkl_branch", float(next(n for n, name in BRANCHES.items() if name == found)))]
    return [(f"{library}_vector_bits", float(BITS[found]))]
