"""Instruments: a trace in, one value per member and example out. One tight family per file.

To add one: its file, its export here, its oracle. Everything else reads the card.
"""

from undertow.audit.dynamics.instrument import Instrument
from undertow.audit.dynamics.instruments.aum import aum as aum
from undertow.audit.dynamics.instruments.cartography import correctness as correctness
from undertow.audit.dynamics.instruments.cartography import mean_p_label as mean_p_label
from undertow.audit.dynamics.instruments.cartography import variability as variability
from undertow.audit.dynamics.instruments.el2n import el2n as el2n
from undertow.audit.dynamics.instruments.forgetting import forgetting as forgetting
from undertow.audit.dynamics.instruments.learned import iteration_learned as iteration_learned
from undertow.audit.dynamics.instruments.learned import right_for_good as right_for_good
from undertow.audit.dynamics.instruments.learned import wrong_for_good as wrong_for_good
from undertow.audit.dynamics.instruments.mixture import low_loss_posterior as low_loss_posterior
from undertow.audit.dynamics.instruments.rate import rate_of_learning as rate_of_learning

__all__ = [
    "all_instruments",
    "aum",
    "correctness",
    "el2n",
    "forgetting",
    "iteration_learned",
    "low_loss_posterior",
    "mean_p_label",
    "rate_of_learning",
    "right_for_good",
    "variability",
    "wrong_for_good",
]


def all_instruments() -> tuple[Instrument, ...]:
    """Every exported instrument, by name."""
    found = [value for value in globals().values() if isinstance(value, Instrument)]
    return tuple(sorted(found, key=lambda i: i.card.name))
