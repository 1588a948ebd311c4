"""Ideas that lose on hardware and kernels made for dense matrix products, each beside a dense
network of equal operations (2009.06489)."""

from undertow.lab.lottery.ideas.adder import ADDER, ADDER_KERNEL
from undertow.lab.lottery.ideas.butterfly import BUTTERFLY
from undertow.lab.lottery.ideas.capsules import CAPSULES
from undertow.lab.lottery.ideas.grouped import GROUPED
from undertow.lab.lottery.ideas.idea import Idea
from undertow.lab.lottery.ideas.separable import SEPARABLE
from undertow.lab.lottery.ideas.unstructured import AS_LINEAR, UNSTRUCTURED

IDEAS: tuple[Idea, ...] = (
    CAPSULES, SEPARABLE, GROUPED, UNSTRUCTURED, AS_LINEAR, ADDER, ADDER_KERNEL, BUTTERFLY,
)  # fmt: skip
"""All of them, as a table lists them."""

__all__ = ["IDEAS", "Idea"]
