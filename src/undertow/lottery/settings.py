"""How a lottery is run, and what of it a model cannot be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.errors import UserError
from undertow.lab.lottery.offered import variants_for
from undertow.lab.lottery.variants import variants
from undertow.lab.ways.given_model import is_onnx
from undertow.lab.ways.onnx_weights import INSTEAD

BATCH = 64
"""Examples of a call that is timed."""
PROCESSES, REPEATS = 5, 30
"""Processes, and warm readings of each variant in one of them."""


@dataclass(frozen=True)
class Settings:
    """``only`` names variants, none for all, ``without`` those that are left out. ``sparsity`` is
    that of pruned variants, ``channels`` the share that structured pruning keeps; None as usual
    (``offered.py``), and ``batch`` the model's own, else as many as ``BATCH`` where there are so
    many examples."""

    batch: int | None = None
    processes: int = PROCESSES
    repeats: int = REPEATS
    sparsity: float | None = None
    channels: float | None = None
    only: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    level: float = 0.05
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for flag, number, usual in (("--batch", self.batch, BATCH),
                                    ("--processes", self.processes, PROCESSES),
                                    ("--repeats", self.repeats, REPEATS)):  # fmt: skip
            if number is not None and number < 1:
                raise UserError(f"{flag} {number}: must be at least 1; give {flag} {usual}")
        for flag, share in self._pruned:
            if share is not None and not 0 < share < 1:
                raise UserError(f"{flag} {share:g}: must be above 0 and below 1, such as 0.5")

    @property
    def _pruned(self) -> tuple[tuple[str, float | None], ...]:
        return ("--sparsity", self.sparsity), ("--channels", self.channels)

    def batch_of(self, examples: int, own: int | None = None) -> int:
        """As asked, else the only one that the model takes, if there is such; ``UserError`` for
        more than there are ``examples``."""
        if self.batch is None:
            return min(own or BATCH, examples)
        if self.batch > examples:
            raise UserError(
                f"--batch {self.batch}: there are {examples:,} examples, and a batch of more would "
                f"hold some twice; give --batch {examples}, or more examples after --inputs"
            )
        return self.batch

    def names_for(self, model: str) -> tuple[str, ...]:
        """Variants of this model that are run, the reference first. ``UserError`` for what it has
        none of."""
        every = [variant.name for variant in variants_for(model)]
        self._refuse_unfit(model, every)
        wanted = (every[0], *self.only) if self.only else every
        return tuple(name for name in every if name in wanted and name not in self.without)

    def _refuse_unfit(self, model: str, every: list[str]) -> None:
        for flag, share in self._pruned:
            if share is not None and is_onnx(model):
                raise UserError(
                    f"{flag} {share:g}: {model} is an ONNX file, and torch modules alone are "
                    f"pruned here; leave {flag} out, or {INSTEAD}"
                )
        for flag, names in (("--only", self.only), ("--without", self.without)):
            unknown = next((name for name in names if name not in every), None)
            if unknown is not None:
                able = every[1:] if flag == "--without" else every
                raise UserError(f"{flag} {unknown}: {_unknown(model, unknown, able)}")
        if every[0] in self.without:
            raise UserError(f"--without {every[0]}: all others are set beside it; leave out others")


def _unknown(model: str, name: str, able: list[str]) -> str:
    there = ", ".join(able)
    if is_onnx(model) and name in {v.name for v in variants(0.5, 0.5)}:
        return (
            f"{model} is an ONNX file, and torch modules alone have this variant; choose from "
            f"{there}, or {INSTEAD}"
        )
    return f"there is no such variant; choose from {there}"
