"""When pruning happens and how far it has got: pure functions of the step."""

from __future__ import annotations

from dataclasses import dataclass


def cubic_sparsity(
    step: float, begin: float, end: float, final: float, initial: float = 0.0
) -> float:
    """The share of weights that is zero at ``step``: rises fast while much is redundant, then
    slowly.

    ``s_f + (s_i - s_f) * (1 - clip((t - t0) / (t1 - t0), 0, 1))**3`` (Zhu & Gupta, 1710.01878;
    1911.05248 §1.3; 2110.03036). ``step``, ``begin`` and ``end`` share one unit; shares are in [0,
    1]. ``ValueError`` unless begin comes before end.
    """
    if not begin < end:
        raise ValueError(
            f"cubic_sparsity(begin={begin!r}, end={end!r}): begin must come before end"
        )
    done = min(max((step - begin) / (end - begin), 0.0), 1.0)
    return final + (initial - final) * (1.0 - done) ** 3


def firing_steps(begin: int, end: int, every: int) -> tuple[int, ...]:
    """Steps at which masks are made anew: from ``begin``, each ``every`` steps, and always ``end``
    itself.

    The grid starts at ``begin``. Published code that fires on multiples of the frequency instead
    applies the scheduled shares late, and may never reach the last one, when ``begin`` is no
    multiple of it.
    """
    if not (0 <= begin < end and every >= 1):
        raise ValueError(
            f"firing_steps(begin={begin}, end={end}, every={every}): need 0 <= begin "
            "< end and every >= 1"
        )
    return (*range(begin, end, every), end)


@dataclass(frozen=True)
class Window:
    """The part of training in which weights are removed, in fractions of all its steps."""

    begin: float
    end: float
    every: float
    recovery: float

    def check(self, owner: str) -> None:
        """``ValueError`` where the window is out of order or leaves too little training behind
        it."""
        if not 0 <= self.begin < self.end <= 1:
            raise ValueError(
                f"{owner}(begin={self.begin!r}, end={self.end!r}): both are fractions of training, "
                "begin before end"
            )
        if not 0 < self.every <= 1:
            raise ValueError(
                f"{owner}(every={self.every!r}): the time between two masks is a "
                "fraction of training"
            )
        if self.end > 1 - self.recovery + 1e-12:
            raise ValueError(
                f"{owner}(end={self.end!r}): after the last mask at least {self.recovery:.0%} of "
                "training must be left, or high sparsities collapse (the reference sweep of "
                f"2110.03036); set end={1 - self.recovery:g} or lower, or recovery=0 to repeat a "
                "published schedule"
            )

    def targets(self, steps: int, final: float) -> dict[int, float]:
        """Sparsity due after each number of finished steps at which masks are made; empty where
        nothing is trained."""
        if steps == 0:
            return {}
        begin = round(self.begin * steps)
        end = max(round(self.end * steps), begin + 1)
        every = max(1, round(self.every * steps))
        return {
            step: cubic_sparsity(step, begin, end, final)
            for step in firing_steps(begin, end, every)
        }
