"""One process that times ideas beside their dense twins, each in every engine.

``python -m undertow.lab.lottery.ideas.timed_ideas REQUEST ANSWER``
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from undertow.lab.lottery.built import Built, gave_up
from undertow.lab.lottery.engines import in_onnxruntime
from undertow.lab.lottery.ideas import IDEAS
from undertow.lab.lottery.ideas.idea import Counted, Idea, counted
from undertow.lab.lottery.variants import REFERENCE, Variant, variants
from undertow.lab.lottery.worker import Ran, answer_by_file, built_or_why
from undertow.lab.measurements.clocks import timed_together

ENGINES = (REFERENCE, "compile", "onnxruntime", "openvino")
"""All in float32."""
AGREES = 1e-3
"""An engine's answers may be this far from eager's, as a share of the largest: it sums in another
order. One further away answers something else, and its seconds count for nothing."""


@dataclass(frozen=True)
class Request:
    """Which ideas are timed, on batches of how many, with how many readings. ``exports`` is a
    folder for what was exported, from which a later process takes it again."""

    names: tuple[str, ...]
    batch: int
    repeats: int
    exports: str
    process: int = 0


def ran(
    request: Request,
    tell: Callable[[str], object] = lambda at: None,
    ideas: Iterable[Idea] = IDEAS,
    engines: tuple[str, ...] = ENGINES,
) -> dict[str, Any]:
    """``counted`` by idea and side, ``rows`` by idea, side and engine (``key``). ``tell`` is told
    each idea as it begins."""
    torch.set_num_threads(1)
    tried = [v for v in variants(sparsity=0.5, channels_kept=0.5) if v.name in engines]
    rows: dict[str, Ran] = {}
    costs: dict[str, dict[str, Counted]] = {}
    for idea in ideas:
        if idea.name in request.names:
            tell(idea.name)
            costs[idea.name], found = timed_idea(idea, request, tried)
            rows |= found
    return {
        "counted": {n: {s: asdict(c) for s, c in sides.items()} for n, sides in costs.items()},
        "rows": {key: asdict(row) for key, row in rows.items()},
    }


def key(name: str, side: str, engine: str) -> str:
    """By which a row is found again."""
    return f"{name}/{side}/{engine}"


def timed_idea(
    idea: Idea, request: Request, tried: Iterable[Variant]
) -> tuple[dict[str, Counted], dict[str, Ran]]:
    """Both sides of one idea in all engines, which take turns."""
    costs: dict[str, Counted] = {}
    rows: dict[str, Ran] = {}
    calls = {}
    for side, given in idea.sides.items():
        network, x_B = given.made(request.batch)
        costs[side] = counted(given, network, x_B)
        for engine in tried:
            at = key(idea.name, side, engine.name)
            why = idea.cannot.get(engine.name) if side == "idea" else None
            if why is not None:
                rows[at] = Ran("not here", why)
                continue
            kept = Path(request.exports) / f"{idea.name}-{side}.onnx"
            rows[at], made = agreeing(_from_file(engine, kept), network, x_B)
            if made is not None:
                calls[at] = lambda m=made, x=x_B: m.logits(x)
    for at, seconds in timed_together(calls, request.repeats, process=request.process).items():
        rows[at].wall, rows[at].processor = seconds.wall, seconds.processor
    return costs, rows


def _from_file(engine: Variant, kept: Path) -> Variant:
    """To export takes longer than all else together."""
    if engine.name != "onnxruntime":
        return engine
    return replace(engine, build=lambda n, x, c: in_onnxruntime(n, x, kept))


def agreeing(engine: Variant, network: nn.Module, x_B: Tensor) -> tuple[Ran, Built | None]:
    """The network in this engine, if it answers there as it does in eager."""
    row, made = built_or_why(engine, network, x_B, x_B)
    if made is None:
        return row, None
    try:
        answer = made.logits(x_B)
        with torch.no_grad():
            expected = network(x_B)
    except Exception as error:
        row.status, row.note = "error", gave_up("asked", error)
        return row, None
    near = (answer - expected).abs() <= AGREES * expected.abs().max()  # NaN is not.
    if not near.all():
        row.status = "error"
        row.note = f"{100 * float((~near).float().mean()):.0f} % of its numbers are not eager's"
        return row, None
    return row, made


if __name__ == "__main__":
    answer_by_file(lambda asked, tell: ran(Request(**asked), tell), *map(Path, sys.argv[1:]))
