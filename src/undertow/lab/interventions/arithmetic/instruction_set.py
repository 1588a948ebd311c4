"""``InstructionSet``: hardware as an arm, on one machine."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import torch
from torch.nn import functional as F

from undertow.errors import UserError
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
BRANCHES = {1: "off", 2: "auto", 3: "compatible", 10: "avx2", 12: "avx512"}
"""What ``mkl_cbwr_get`` answers: the names of ``mkl_types.h``, as far as one can ask for them."""
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


def aten_capability() -> str:
    """What torch's own operators use: ``default``, ``avx2``, ``avx512``, or another processor's."""
    return str(torch.backends.cpu.get_cpu_capability()).lower()


@cache
def onednn_kernel() -> str:
    """The instructions of the kernel that oneDNN takes for a small float32 convolution: ``sse41``,
    ``avx2``, ``avx512_core``; ``no kernel`` where it takes none. oneDNN has no question for this,
    only a log on standard output, which is caught."""
    mkldnn: Any = torch.backends.mkldnn
    if not mkldnn.is_available():
        return "no kernel"
    with tempfile.TemporaryFile() as log:
        with _output_to(log.fileno()), mkldnn.verbose(1), torch.no_grad():
            F.conv2d(torch.ones(32, 16, 16, 16), torch.ones(16, 16, 3, 3))
        log.seek(0)
        said = log.read().decode(errors="replace")
    found = re.search(r",convolution,[a-z_]+:(\w+)", said)
    return found[1] if found else "no kernel"


@contextmanager
def _output_to(file: int) -> Iterator[None]:
    """What C code prints inside goes to ``file``."""
    sys.stdout.flush()
    _flush()
    kept = os.dup(1)
    os.dup2(file, 1)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    ctypes.CDLL(None).fflush(None)


def mkl_branch() -> str:
    """The branch that MKL keeps to: one of ``BRANCHES``, a number for another one, ``no MKL``."""
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        answer = int(ctypes.CDLL(str(library)).mkl_serv_cbwr_get(1))
    except (OSError, AttributeError):
        return "no MKL"
    return BRANCHES.get(answer, str(answer))


READ: dict[str, Callable[[], str]] = {
    "aten": aten_capability,
    "onednn": onednn_kernel,
    "mkl": mkl_branch,
}
