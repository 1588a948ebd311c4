"""What a lottery found, in plain numbers: pages, tables and files read this and nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from undertow.lab.measurements.speedups import SpeedUp


@dataclass(frozen=True)
class ThreeWays:
    """A number by each prediction: from operations alone, from bytes alone, by the roofline."""

    flops: float
    bytes: float
    roofline: float


@dataclass(frozen=True)
class Slice:
    """One slice's change, in shares: of right answers where there are labels (below 0 is a loss),
    else of answers that differ. Limits are NaN where nothing was tested; ``verdict`` is that of the
    audit, empty without labels."""

    column: str
    value: str
    examples: int
    effect: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True)
class Paid:
    """Whose answers became others: ``differ`` of ``of``. ``lost`` and ``won`` count answers that
    became wrong and right, None without labels; ``worst`` is the slice that pays most."""

    differ: int
    of: int
    lost: int | None
    won: int | None
    worst: Slice | None


@dataclass(frozen=True)
class Row:
    """One variant. What was not measured is None; ``realised_share`` is (S_real - 1) / (S_pred -
    1), NaN where hardly any gain was predicted; ``gap`` is ln S_pred - ln S_real. ``fastest`` is
    the ratio to the fastest float32 variant. ``time`` are shares of its time by the status of
    operators, where some stay as they were (``fallback``) and layers can be timed. ``seconds`` are
    those of each process, by the clock of the lottery. ``no_numbers`` counts examples to which it
    answers NaN or infinities, and ``no_number_at`` is the first of them."""

    name: str
    about: str
    status: str
    note: str
    size: int | None = None
    operators: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    built_in: float | None = None
    seconds: tuple[float, ...] = ()
    predicted: ThreeWays | None = None
    realised: SpeedUp | None = None
    realised_share: ThreeWays | None = None
    gap: ThreeWays | None = None
    fastest: SpeedUp | None = None
    break_even: float | None = None
    paid: Paid | None = None
    time: dict[str, float] = field(default_factory=dict)
    no_numbers: int = 0
    no_number_at: str | None = None


@dataclass(frozen=True)
class Lottery:
    """All of it. ``clock`` is the one whose seconds count, ``worked`` the share of the wall's
    seconds in which the processor worked for us; ``labels`` whether examples have any. ``sparsity``
    and ``channels`` are None of an ONNX file, of which nothing is pruned. ``by`` are the columns
    that were asked for; ``uncompared`` says why answers are not compared, empty where they are.
    ``changed`` are sentences on what was changed in the model before it was asked."""

    model: str
    examples: int
    batch: int
    processes: int
    repeats: int
    sparsity: float | None
    channels: float | None
    level: float
    clock: str
    worked: float
    labels: bool
    machine: dict[str, object]
    rows: tuple[Row, ...]
    by: tuple[str, ...] = ()
    uncompared: str = ""
    changed: tuple[str, ...] = ()

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    @property
    def reference(self) -> Row:
        return self.rows[0]


def faster(row: Row) -> bool:
    """Whether it is shown to be faster than the reference."""
    return row.realised is not None and row.realised.low > 1


def slower(row: Row) -> bool:
    """Whether it is shown to be slower."""
    return row.realised is not None and row.realised.high < 1


def known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)
