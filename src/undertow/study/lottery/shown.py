"""Tables of speed won and who pays, and panels of fronts and of what operations promise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from undertow.audit.wording import signed
from undertow.lottery.said import NONE
from undertow.study.declaration import Table
from undertow.study.figures import Line, Panel
from undertow.study.lottery import engines as by
from undertow.study.lottery.choices import Choice, Choices, Paid
from undertow.study.lottery.outcomes import times
from undertow.study.pairs import Gain
from undertow.study.trained import mean_interval, percent

SPEED = "times as fast as dense, eager"
NAMED = 0.03
"""From this loss of one class on, points that are all as fast have room for a name each."""
LEFT = "% of multiplications left"
OF_NO_KIND = 5
"""The colour of what is promised, of fronts and of the reference."""


def paying_table(choices: Choices, engines: Sequence[str]) -> Table:
    """A row for each network in each engine: speed, promise and who pays."""
    rows = [
        _paying(choices, choice, choice in choices.front(engine))
        for engine in engines
        for choice in choices.able(engine)
    ]
    head = ["engine", "network", "times as fast", "by operations", "by roofline", "of it"]
    head += ["answers unlike eager", "class that loses most", "exemplars (floor)", "front"]
    machine, found = choices.found["machine"], choices.found
    clock = "the wall's" if found["clock"] == "wall" else "of the processor"
    worked = f"{100 * found['worked']:.1f} %"
    processes = len(choices.seconds(choices.every[0].cell))
    note = (
        f"Batches of {found['batch']} on one thread of {machine['processor']}; seconds {clock}, "
        f"{processes} processes with {found['repeats']} readings each, in nine of ten of which the "
        f"processor worked for them in {worked} of the wall's seconds or more. "
        f"{_packages(machine)} *Of it*: the realised share of what the roofline promises. *Answers "
        "unlike eager*: of one member, the same weights run eager. *Class that loses most*: its "
        "change in points, limits over all slices. *Front*: no other of this engine is faster and "
        "has a smaller loss in its own worst class, both as measured; the least losses are of "
        "noise, as that of a second dense population is." + _otherwise(choices)
    )
    return Table("Speed won, and who pays", head, rows, note)


def _otherwise(choices: Choices) -> str:
    """Those that did not run, or not as they promise, by what their processes say."""
    ran = [(choice, choices.ran(choice.cell)) for choice in choices.every]
    said = [
        f"{choice.name}, in {choice.engine}: {row['status']} ({row['note']})"
        for choice, row in ran
        if row["status"] != "native"
    ]
    return f" *Not as promised*: {'; '.join(said)}." if said else ""


def colour(choices: Choices, kind: str) -> int:
    """The same for a kind in all panels."""
    reference = next(c.kind for c in choices.every if c.population == choices.reference)
    kinds = [*dict.fromkeys(c.kind for c in choices.every if c.kind != reference)]
    return OF_NO_KIND if kind == reference else kinds.index(kind)


def _packages(machine: Mapping[str, object]) -> str:
    packages = machine["packages"]
    assert isinstance(packages, dict)
    return ", ".join(f"{name} {version}" for name, version in packages.items()) + "."


def _paying(choices: Choices, choice: Choice, best: bool) -> list[str]:
    paid, ran = choices.paid(choice), choices.ran(choice.cell)
    share = choices.realised(choice)[0]
    own = choice.population == choices.reference
    loses = f"{paid.value} {signed(paid.effect)} [{signed(paid.low)}, {signed(paid.high)}]"
    return [
        choice.engine,
        choice.name,
        times(choices.speed(choice)),
        f"{choices.predicted(choice, 'flops'):.2f} ×",
        f"{choices.predicted(choice):.2f} ×",
        NONE if math.isnan(share) else f"{100 * share:.0f} %".replace("-", "−"),
        f"{ran['differ']} of {ran['of']}",
        NONE if own else f"{loses}, {paid.verdict}",
        paid.exemplars or NONE,
        "yes" if best else "",
    ]


def equal_table(choices: Choices, kinds: tuple[str, str], engines: Sequence[str]) -> Table:
    """Two kinds of network with as many multiplications: right answers, and seconds in engines."""
    first, other = (choices.by_left(kind, engines[0]) for kind in kinds)
    rows = []
    for left in first:
        names = first[left].name, other[left].name
        right = [choices.results.of(name).fact("accuracy") for name in names]
        ratios = choices.in_each(names[1], names[0], engines).values()
        gain = Gain.of(*right)
        rows.append([f"{100 * left:g} %", *map(percent, right), str(gain), *map(times, ratios)])
    head = ["multiplications left", *(f"{kind}, accuracy %" for kind in kinds)]
    head += [" − ".join(kinds) + ", points", *(f"{kinds[1]} as fast, {e}" for e in engines)]
    note = "± and limits of accuracy are over members (Welch's for the difference), 95 %."
    return Table("At equal multiplications", head, rows, note)


def front_panel(choices: Choices, engine: str) -> Panel:
    """One engine: right is faster, up spares the class that loses most. What no other beats is
    joined."""
    front = choices.front(engine)
    able = choices.able(engine)
    kinds = dict.fromkeys(c.kind for c in able)
    lines = [_dots(choices, kind, [c for c in able if c.kind == kind]) for kind in kinds]
    lines.append(Line(
        "", [choices.speed(c).ratio for c in front], [100 * choices.paid(c).effect for c in front],
        pair=OF_NO_KIND, stroke="dashed",
    ))  # fmt: skip
    return Panel(engine, SPEED, "class that loses most, points", lines, log_x=True)


def _dots(choices: Choices, kind: str, of: Sequence[Choice]) -> Line:
    speeds, paid = [choices.speed(c) for c in of], [choices.paid(c) for c in of]
    return Line(
        kind,
        [s.ratio for s in speeds],
        [100 * p.effect for p in paid],
        [100 * p.low for p in paid],
        [100 * p.high for p in paid],
        colour(choices, kind),
        "none",
        [s.low for s in speeds],
        [s.high for s in speeds],
        [_name(c, p) for c, p in zip(of, paid, strict=True)],
    )


def _name(choice: Choice, paid: Paid) -> str:
    """How much is left, or whose int8; zeros are all as fast, so that of those that cost little
    none has room."""
    if choice.left == 1:
        multiplied = choice.kind == by.INT8 and choice.name != by.STORED
        return choice.name.removeprefix("int8, ") if multiplied else ""
    crowded = choice.cell.density < 1 and paid.effect > -NAMED
    return "" if crowded else f"{100 * choice.left:g} %"


def promise_panel(choices: Choices, lines: Sequence[tuple[str, str]]) -> Panel:
    """What operations promise, and what came of it, by the share of multiplications left: a line
    for each kind in an engine, a colour for each engine of a kind."""
    shares = [100 * left for left in (1.0, *choices.by_left(*lines[0]))]
    drawn = [Line("promised", shares, [100 / x for x in shares], pair=OF_NO_KIND, stroke="dotted")]
    for place, (kind, engine) in enumerate(lines):
        by = choices.by_left(kind, engine)
        speeds = [choices.speed(choice) for choice in by.values()]
        again = place and lines[place - 1][0] == kind
        drawn.append(Line(
            f"{kind}, {engine}", [100 * left for left in by], [s.ratio for s in speeds],
            [s.low for s in speeds], [s.high for s in speeds], colour(choices, kind),
            "dashed" if again else "solid",
        ))  # fmt: skip
    return Panel("What is promised, and what comes", LEFT, SPEED, drawn, log=True, log_x=True)


def better_panel(choices: Choices, kinds: Sequence[str], engine: str) -> Panel:
    """Accuracy by the share of multiplications left, beside that of the reference."""
    drawn, shares = [], [100.0]
    for kind in kinds:
        by = choices.by_left(kind, engine)
        shares = [100 * left for left in by]
        mean, low, high = _accuracy(choices, [choice.name for choice in by.values()])
        drawn.append(Line(kind, shares, mean, low, high, colour(choices, kind)))
    mean, low, high = _accuracy(choices, [choices.reference] * 2)
    ends = [min(shares), max(shares)]
    drawn.append(Line(choices.reference, ends, mean, low, high, OF_NO_KIND, "dotted"))
    title = "Which is better at equal multiplications"
    return Panel(title, LEFT, "accuracy, %", drawn, log_x=True)


def _accuracy(choices: Choices, names: Sequence[str]) -> list[tuple[float, ...]]:
    """Means over members with limits, in %."""
    each = [mean_interval(100 * choices.results.of(n).fact("accuracy")) for n in names]
    return [*zip(*each, strict=True)]
