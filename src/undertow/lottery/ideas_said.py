"""Ideas beside their dense twins in words: a table in Markdown and what is to say beside it."""

from __future__ import annotations

from undertow.lottery.found import ThreeWays, known
from undertow.lottery.ideas_found import FIRST, IdeaRow, Ideas, InEngine
from undertow.lottery.said import notices, realised, times
from undertow.report.markdown import in_markdown
from undertow.report.wording import plural

BEST = "fastest beside fastest"
CELL = 120
"""Letters of a cell."""


def ideas_markdown(ideas: Ideas) -> str:
    """All of it, to paste."""
    engines = [one.engine for one in ideas.rows[0].engines]
    heads = ["idea", "by operations", "by bytes", "by roofline", "at best", *engines, BEST]
    table = [heads, ["---"] + ["---:"] * (len(heads) - 1), *map(idea_cells, ideas.rows)]
    return "\n".join([
        f"{in_markdown(ideas_headline(ideas), 600)}\n",
        f"{in_markdown(how_timed(ideas), 600)}\n",
        *(f"> {in_markdown(said, 400)}\n" for said in notices(ideas)),
        *(f"| {' | '.join(row)} |" for row in table), "",
        *(f"- **{in_markdown(name)}**: {in_markdown(said, 600)}"
          for name, said in ideas_remarks(ideas)),
        "",
    ])  # fmt: skip


def idea_cells(row: IdeaRow) -> list[str]:
    """Of a row of the table: how many times slower than its twin, as predicted and in engines."""
    said = [*map(times, _three(row.predicted)), times(row.at_best.roofline)]
    return [in_markdown(row.name, CELL), *said, *map(_in_engine, row.engines), realised(row.best)]


def _three(ways: ThreeWays) -> tuple[float, float, float]:
    return ways.flops, ways.bytes, ways.roofline


def _in_engine(one: InEngine) -> str:
    return in_markdown(one.status, CELL) if one.slower is None else realised(one.slower)


def ideas_headline(ideas: Ideas) -> str:
    """How many lose in eager, which most, and what the best engine leaves of that."""
    able = [(row, one) for row in ideas.rows if (one := row.engine(FIRST)).slower is not None]
    if not able:
        return f"No idea ran in {FIRST}."
    lost = [row for row, one in able if shown_slower(one)]
    row, worst = max(able, key=lambda each: _ratio(each[1]))
    left = f", and {times(row.best.ratio)} where each has its fastest engine" if row.best else ""
    return (
        f"Shown to be slower in {FIRST} than a dense network of equal operations: {len(lost)} of "
        f"{plural(len(able), 'idea')}. Most is lost by {row.name}: {times(_ratio(worst))} its "
        f"twin's seconds in {FIRST}{left}."
    )


def shown_slower(one: InEngine) -> bool:
    """Whether the limits say so; a single process has none, so its ratio says it."""
    if one.slower is None:
        return False
    return (one.slower.low if known(one.slower.low) else one.slower.ratio) > 1


def _ratio(one: InEngine) -> float:
    return one.slower.ratio if one.slower else 0.0


def how_timed(ideas: Ideas) -> str:
    """What the numbers are."""
    return (
        "An idea's seconds / those of its dense twin in the same engine: above 1 it is slower. "
        f"Batches of {ideas.batch:,} on one thread of {ideas.machine['processor']}, "
        f"{plural(ideas.processes, 'process', 'processes')} with "
        f"{plural(ideas.repeats, 'warm repeat')} each in turns, limits of "
        f"{100 - 100 * ideas.level:g} %. By bytes and by roofline are predicted of the operators "
        "that torch runs, at best of one kernel that touches inputs, weights and answers once; "
        "the last column sets the idea in its fastest engine beside the twin in the twin's."
    )


def ideas_remarks(ideas: Ideas) -> list[tuple[str, str]]:
    """What each idea and its twin are, what engines say, and what they win back."""
    return [(row.name, "; ".join(_remarks(row))) for row in ideas.rows]


def _remarks(row: IdeaRow) -> list[str]:
    first = (
        f"{row.about}, beside {row.twin} ({row.operations / 1e6:.1f} and "
        f"{row.twin_operations / 1e6:.1f} million operations a batch)"
    )
    notes = [f"{one.engine}: {one.note}" for one in row.engines if one.note]
    won = [
        f"{one.engine} runs it {times(one.won_back.ratio)} as fast as {FIRST}"
        for one in row.engines
        if one.won_back is not None and one.won_back.low > 1
    ]
    return [first, *notes, *won]
