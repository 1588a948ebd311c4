"""A lottery's numbers in words: cells of its table and the sentences around it."""

from __future__ import annotations

from undertow.lab.measurements.speedups import SpeedUp
from undertow.lottery.found import Lottery, Row, Slice, faster, known, slower
from undertow.lottery.ideas_found import Ideas
from undertow.lottery.unsaid import OF_ONE_ROW, why
from undertow.report.wording import percent, plural

NONE = "–"
WHERE = {
    "native": "operators of its own",
    "emulated": "operators that it emulates",
    "fallback": "operators with weights that stay as they were",
    "rest": "all else",
}
HEADS = (
    "variant", "status", "size", "by operations", "by bytes", "by roofline", "realised", "of it",
    "beside the fastest float32", "answers that differ", "worst slice",
)  # fmt: skip
"""Heads of the table: predictions are speed-ups, and ``of it`` is the realised share of the
roofline's."""


def cells(lottery: Lottery, row: Row) -> tuple[str, ...]:
    """One for each head."""
    ways = row.predicted
    return (
        row.name,
        row.status,
        size(row.size),
        *(NONE if ways is None else times(one) for one in _three(row)),
        realised(row.realised),
        share(row),
        NONE if row.fastest is None else times(row.fastest.ratio),
        NONE if row.paid is None else f"{row.paid.differ:,}",
        NONE if row.paid is None else slice_said(row.paid.worst, lottery.labels),
    )


def _three(row: Row) -> tuple[float, float, float]:
    ways = row.predicted
    return (0, 0, 0) if ways is None else (ways.flops, ways.bytes, ways.roofline)


def times(ratio: float) -> str:
    return f"{ratio:.2f} ×" if known(ratio) else NONE


def realised(found: SpeedUp | None) -> str:
    """With limits where more than one process ran."""
    if found is None:
        return NONE
    if not known(found.low):
        return times(found.ratio)
    return f"{times(found.ratio)} ({found.low:.2f} to {found.high:.2f})"


def share(row: Row) -> str:
    """The realised share of the roofline's prediction."""
    if row.realised_share is None:
        return NONE
    value = row.realised_share.roofline
    if not known(_three(row)[-1]):
        return NONE
    if not known(value):
        return "no gain predicted"
    return f"{round(100 * value):d} %".replace("-", "−")


def size(count: int | None) -> str:
    if count is None:
        return NONE
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def slice_said(worst: Slice | None, labels: bool) -> str:
    """In points of right answers, or the share that differs."""
    if worst is None:
        return NONE
    name = f"{worst.column} {worst.value}"
    if labels and worst.effect >= 0:
        return "no slice lost"
    if not labels:
        return f"{name}: {percent(worst.effect)} of {worst.examples:,} differ"
    if not known(worst.low):
        return f"{name}: {points(worst.effect)} points"
    limits = f"{points(worst.low)} to {points(worst.high)}"
    return f"{name}: {points(worst.effect)} points ({limits}), {worst.verdict}"


def points(effect: float) -> str:
    return f"{100 * effect:+.1f}".replace("-", "−")


def headline(lottery: Lottery) -> str:
    """The best that was realised, and the widest gap between promise and time."""
    rows = [row for row in lottery.rows[1:] if row.realised is not None]
    if not rows:
        return "No variant ran here."
    if lottery.processes < 2:
        return "One process shows no limits, so which variant is faster is not shown."
    best = max(filter(faster, rows), key=_ratio, default=None)
    gained = (
        f"No variant is shown to be faster than {lottery.reference.name}."
        if best is None
        else f"Fastest is {best.name}: {times(_ratio(best))} as fast as "
        f"{lottery.reference.name}{_pays(lottery, best)}."
    )
    missing = max(filter(_in_vain, rows), key=_gap, default=None)
    return gained if missing is None else f"{gained}{_missed(missing)}"


def _in_vain(row: Row) -> bool:
    """Whether it is shown to keep less than its operations promise. Of one that leaves operators as
    they were a count of all of them promises what nobody tried."""
    return (
        row.status != "partly native"
        and row.realised is not None
        and row.predicted is not None
        and row.realised_share is not None
        and known(row.realised_share.flops)
        and row.realised.high < row.predicted.flops
    )


def _gap(row: Row) -> float:
    return row.gap.flops if row.gap else 0.0


def _ratio(row: Row) -> float:
    return row.realised.ratio if row.realised else 0.0


def _pays(lottery: Lottery, row: Row) -> str:
    if row.paid is None and row.no_numbers:
        return f", and {_no_numbers(lottery, row)}"
    if row.paid is None:
        return ""
    return f", and {row.paid.differ:,} of {row.paid.of:,} answers differ"


def _missed(row: Row) -> str:
    if row.predicted is None:
        return ""
    return (
        f" Operations promise most in vain for {row.name}: {times(row.predicted.flops)} predicted, "
        f"{times(_ratio(row))} realised."
    )


def _no_numbers(lottery: Lottery, row: Row) -> str:
    return f"{row.no_numbers:,} of {lottery.examples:,} answers are no numbers"


def notices(lottery: Lottery | Ideas) -> list[str]:
    """What must be known before any number."""
    found = _of_the_networks(lottery) if isinstance(lottery, Lottery) else []
    if lottery.clock == "processor":
        found.append(
            f"The machine was busy: in a tenth of the readings {percent(lottery.worked)} of the "
            "wall's seconds or less were this program's. Processor seconds are compared instead; "
            "they do not count waiting, and work beside it still empties caches. Measure again on "
            "a quiet machine."
        )
    if lottery.processes < 5:
        found.append(
            f"{plural(lottery.processes, 'process', 'processes')}: limits need 5 or more to be of "
            "use (--processes 5)."
        )
    return found


def _of_the_networks(lottery: Lottery) -> list[str]:
    """What was made of the model as it was given, answers that are no numbers, and what predictions
    do not count."""
    found = [f"{said}." for said in lottery.changed]
    found += [
        f"{row.name}: {_no_numbers(lottery, row)}, first that to {row.no_number_at!r}; where "
        "answers are compared each counts as another than the reference's."
        for row in lottery.rows
        if row.no_numbers
    ]
    uncounted = lottery.reference.note
    return [*found, f"{uncounted[0].upper()}{uncounted[1:]}."] if uncounted else found


def how(lottery: Lottery) -> str:
    """What was timed, in one sentence."""
    return (
        f"{lottery.model}: batches of {lottery.batch:,} on one thread of {_processor(lottery)}, "
        f"{plural(lottery.processes, 'process', 'processes')} with "
        f"{plural(lottery.repeats, 'warm repeat')} each in turns, limits of "
        f"{100 - 100 * lottery.level:g} %. Speed and answers are set beside those of "
        f"{lottery.reference.name} ({lottery.reference.about})."
    )


def _processor(lottery: Lottery) -> str:
    return str(lottery.machine["processor"])


def remarks(lottery: Lottery) -> list[tuple[str, str]]:
    """Name and what is to say of each variant beside its numbers; first what “–” says in several
    rows."""
    unsaid = [(row, head, why(lottery, row, head)) for row in lottery.rows
              for head, cell in zip(HEADS, cells(lottery, row), strict=True)
              if cell == NONE]  # fmt: skip
    found = _legend([(head, reason) for _, head, reason in unsaid if reason not in OF_ONE_ROW])
    for row in lottery.rows:
        said = [row.about]
        if row.note:
            said.append(row.note)
        own = dict.fromkeys(r for at, _, r in unsaid if at is row and r in OF_ONE_ROW)
        said += [f"“–”: {reason}" for reason in own]
        if row.time:
            said.append(_time_said(row.time))
        if row.break_even is not None:
            said.append(_pays_above(row))
        if slower(row):
            said.append(f"shown to be slower than {lottery.reference.name}")
        found.append((row.name, "; ".join(said)))
    return found


def _legend(unsaid: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each reason once, with the heads of the cells that have it."""
    heads: dict[str, dict[str, None]] = {}
    for head, reason in unsaid:
        heads.setdefault(reason, {})[head] = None
    said = [f"{', '.join(under)}: {reason}" for reason, under in heads.items()]
    return [("“–”", "; ".join(said))] if said else []


def _time_said(time: dict[str, float]) -> str:
    parts = [f"{percent(share)} in {WHERE[part]}" for part, share in time.items() if share]
    return f"of its time {', '.join(parts)}"


def _pays_above(row: Row) -> str:
    value = row.break_even or 0.0
    if value >= 0.9995:
        return "at this kernel's rate no sparsity below 99.9 % pays"
    return f"its kernel pays above {100 * value:.1f} % sparsity, at the rate that it has here"
