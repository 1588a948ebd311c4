"""Refuses predictions of numbers on a scale, such as prices: what one can compare is a grade of how
near each came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.commands.answer_made import nearness
from undertow.records.formats.columns.commands.given import commands_in, given_for
from undertow.records.formats.columns.values import has_decimals, numbers_in, within_one
from undertow.records.formats.decoding.typed import number_of
from undertow.records.formats.predictions.sheets import Table
from undertow.records.usual_names import LABEL, PREDICTION, plain, those_called

MOST_CLASSES = 50
"""Different numbers up to which they can be classes, or grades that a person gave."""


SPARSE = 2
"""How many times further than by one whole numbers lie apart that are no classes."""


FEWEST_COUNTS, SELDOM, RISES = 20, 0.2, 0.5
"""Of whole numbers that are no classes: how many different ones are right answers at least, the
share that is right at most, and the rank correlation of wrong answers with right ones."""


def are_numbers_on_a_scale(prediction: pl.Series, label: pl.Series) -> bool:
    """Whether predictions are decimals, nearly all of them different, beside right answers that are
    decimals too, or many; or whole numbers such as prices or counts."""
    said, right = numbers_in(prediction), numbers_in(label)
    if said is None or right is None:
        return False
    if not has_decimals(said):
        amounts = _are_amounts(said, right) and _are_near(prediction, label)
        return amounts or _are_counts(prediction, label)
    many = said.n_unique() > min(MOST_CLASSES, len(said) / 2)
    return (
        many and right.n_unique() > 2 and (has_decimals(right) or right.n_unique() > MOST_CLASSES)
    )


def _are_amounts(*both: pl.Series) -> bool:
    """Whether whole numbers are too many to be classes, of which each occurs a few times: more than
    one for two rows, and far apart, as numbers of classes are not."""
    return all(
        not has_decimals(number)
        and number.n_unique() > max(MOST_CLASSES, len(number) / 2)
        and _reach(number) > SPARSE * number.n_unique()
        for number in both
    )


def _reach(number: pl.Series) -> float:
    return float(number.max()) - float(number.min())  # type: ignore[arg-type]


def _are_near(prediction: pl.Series, label: pl.Series) -> bool:
    """Whether wrong answers are most often nearer to the right one than a guess in the middle, as
    those of other classes are not; and more than half are wrong."""
    both = pl.DataFrame({"said": number_of(prediction), "right": number_of(label)}).drop_nulls()
    wrong = both.filter(pl.col("said") != pl.col("right"))
    if 2 * wrong.height <= both.height:
        return False
    off = (wrong["said"] - wrong["right"]).abs().median()
    middle = (both["right"] - both["right"].median()).abs().median()
    return float(off or 0) < float(middle or 0)  # type: ignore[arg-type]


def _are_counts(prediction: pl.Series, label: pl.Series) -> bool:
    """Whether whole numbers of many values are seldom the right one, and what is wrong rises with
    it all the same. Right answers of a benchmark of classes, each as often as the others, may stand
    in an order too, dogs beside dogs."""
    both = pl.DataFrame({"said": number_of(prediction), "right": number_of(label)}).drop_nulls()
    times = both["right"].value_counts()["count"]
    if has_decimals(both["right"]) or len(times) < FEWEST_COUNTS or _all_alike(times):
        return False
    wrong = both.filter(pl.col("said") != pl.col("right"))
    if both.height - wrong.height >= SELDOM * both.height:
        return False
    rises = wrong.select(pl.corr("said", "right", method="spearman")).item()
    return rises is not None and rises >= RISES


def _all_alike(times: pl.Series) -> bool:
    return times.n_unique() == 1 and times[0] > 1


def refuse_regression(table: Table, keys: tuple[str, ...], *, asked: bool) -> None:
    """Raises ``TableError`` for a score that is a prediction of a number beside the right one, so
    that it would be read as a grade, or scaled to one. ``asked``: grades were asked for."""
    frame, names = table.asked.frame, table.asked.names
    if "score" not in frame.columns:
        return
    score = names.get("score", "score")
    rest = [name for name in frame.columns if name not in ("score", "example_id")]
    label = "label" if "label" in rest else next(iter(those_called(LABEL, rest)), None)
    if label is None or not are_numbers_on_a_scale(frame["score"], frame[label]):
        return
    number = numbers_in(frame["score"])
    graded = number is not None and within_one(number)
    if not graded or (plain(score) in PREDICTION and not asked):
        owners = score, names.get(label, label)
        both = frame["score"], frame[label]
        raise NumbersOnAScale.about(table.path, table.path, *both, owners, keys)


class NumbersOnAScale(TableError):
    """Predictions of numbers are refused; ``by`` grades them by a tolerance, which is one for all
    files of a comparison."""

    said: str
    near: float
    by: Callable[[float], str]

    @classmethod
    def of(cls, said: str, near: float, by: Callable[[float], str]) -> NumbersOnAScale:
        typed = by(near)
        made = cls(f"{said}: {typed}{given_for(commands_in(typed))}")
        made.said, made.near, made.by = said, near, by
        return made

    @classmethod
    def about(
        cls,
        source: object,
        path: Path,
        prediction: pl.Series,
        label: pl.Series,
        owners: tuple[str, str],
        keys: tuple[str, ...],
    ) -> NumbersOnAScale:
        """What the columns are and what to do about them. ``owners`` are what the table calls them;
        the command is for ``path``, where that is a file."""
        off = (number_of(prediction) - number_of(label)).abs()
        off = off.filter(off.is_finite())
        near = float(f"{float(np.median(off)) if len(off) else 0:.1g}") or 1.0
        said = (
            f"{source}: columns {owners[0]!r} and {owners[1]!r} hold numbers on a scale, and such "
            "predictions are not compared as they are; grade each from 0 to 1 and give --score "
            f"correct in place of --prediction, for example 1 where it is off by at most {near:g}, "
            "with one tolerance for all files"
        )
        return cls.of(said, near, lambda near: nearness(path, owners, near, keys))

    def with_those(self, others: Iterable[NumbersOnAScale]) -> NumbersOnAScale:
        """The same with the commands of all that are for a shell, by the tolerance of this one."""
        typed = [other.by(self.near) for other in (self, *others)]
        commands = dict.fromkeys(one for one in typed if one.startswith("python "))
        joint = " && ".join(commands) or self.by(self.near)
        return self.of(self.said, self.near, lambda _: joint)
