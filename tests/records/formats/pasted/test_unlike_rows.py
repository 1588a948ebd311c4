"""Graded tables in which an example stands in several rows: of several metrics or steps they are
refused with commands for each, or for the last; repeats are averaged, as a person says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import suggested
from records.formats.pasted.asking import asked
from undertow.audit.gate.policy import Policy
from undertow.errors import UserError
from undertow.files import Request, gate_files
from undertow.records.formats.columns.commands.given import commands_in
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading

N = 400


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(
    column: str,
    values: Sequence[object],
    falls: object = None,
    rises: object = None,
    **more: object,
) -> None:
    """Tables with a row for each example and value; of one value the new grades fall, of another
    they rise by as much."""
    grade = np.arange(N) % 5 > 0
    for name in ("old", "new"):
        rows = []
        for value in values:
            right = grade.copy()
            if value == rises:
                right[:] = ~grade
            moved = np.arange(0, 240, 5)
            if name == "new" and value == falls:
                right[moved + 1] = False
            if name == "new" and value == rises:
                right[moved + 1] = True
            rows.append(
                pl.DataFrame(
                    {
                        "example_id": [f"q{k}" for k in range(N)],
                        column: [value] * N,
                        "correct": right.astype(int),
                        **{key: [cell] * N for key, cell in more.items()},
                    }
                )
            )
        pl.concat(rows).write_csv(f"{name}.csv")


def kept(side: str, filtered: str, ending: str) -> str:
    return (
        f'python -c \'import polars as pl; pl.read_csv("{side}.csv", infer_schema=False)'
        f'.filter({filtered}).write_csv("{side}-{ending}.csv")\''
    )


def both(filtered: str, ending: str) -> str:
    return (
        f"{kept('old', filtered, ending)} && {kept('new', filtered, ending)}, and give "
        f"old-{ending}.csv for old.csv, new-{ending}.csv for new.csv"
    )


def verdict(ending: str, policy: Policy, **given: object) -> str:
    old, new = Path(f"old-{ending}.csv"), Path(f"new-{ending}.csv")
    return gate_files(Request([old], [[new]], Reading(**given)), policy).verdict  # type: ignore[arg-type]


def test_metrics_that_cancel_are_refused_with_a_table_of_each(policy: Policy) -> None:
    write("metric", ["toxicity", "accuracy"], "accuracy", "toxicity")
    said = asked(policy)
    one, other = (f'pl.col("metric") == "{name}"' for name in ("accuracy", "toxicity"))
    assert said == (
        "old.csv: examples stand in several rows, of several 'metric' ('accuracy', 'toxicity'), and "
        "a mean of these would hide that one falls beside another: write a table of each and "
        "compare every one of them (where they are repeats of one grade, name that column with "
        f"--member); 'accuracy': {both(one, 'accuracy')}; 'toxicity' (if less of it is better, add "
        f"--scale 1,0 for it): {both(other, 'toxicity')}"
    )
    for command in commands_in(said):
        suggested.do(command)
    assert verdict("accuracy", policy) == "fail"
    assert verdict("toxicity", policy, scale="1,0") == "fail"


def test_of_many_values_the_first_have_a_command_and_the_others_are_counted(policy: Policy) -> None:
    write("which", [f"c{k}" for k in range(10)], "c1")
    said = asked(policy)
    assert said.startswith(
        "old.csv: examples stand in several rows, of several 'which' ('c0', 'c1', 'c2', 'c3', 'c4', "
        "'c5', 'c6', 'c7' … (10 values)), and a mean of these would hide"
    )
    assert said.endswith("; and so for the other 2")
    assert len(commands_in(said)) == 16
    # numbers that nothing says are in time have no last
    write("which", [1, 2, 3])
    assert len(commands_in(asked(policy))) == 6


@pytest.mark.parametrize(
    ("column", "values", "ends", "order"),
    [
        ("step", [900, 1000], ("900", "1000"), 'pl.col("step").cast(float)'),
        ("eval_round", [9, 10], ("9", "10"), 'pl.col("eval_round").cast(float)'),
        (
            "checkpoint",
            ["ckpt-500", "ckpt-1500"],
            ("ckpt-500", "ckpt-1500"),
            'pl.col("checkpoint").str.extract("([0-9]+)").cast(float)',
        ),
        (
            "run_date",
            ["2024-05-01", "2023-12-01"],
            ("2023-12-01", "2024-05-01"),
            'pl.col("run_date")',
        ),
    ],
)
def test_the_last_is_kept_by_number(
    column: str, values: list[object], ends: tuple[str, str], order: str, policy: Policy
) -> None:
    last = max(values) if column == "run_date" else values[-1]  # type: ignore[type-var]
    write(column, values, last)
    said = asked(policy)
    assert said == (
        f"old.csv: examples stand in several rows, of several {column!r} from {ends[0]!r} to "
        f"{ends[1]!r}, and a comparison is of one answer to each: keep the last: "
        f"{both(f'{order} == {order}.max()', 'last')}"
    )
    for command in commands_in(said):
        suggested.do(command)
    assert pl.read_csv("old-last.csv")[column].unique().to_list() == [last]
    assert verdict("last", policy) == "fail"


def test_where_not_all_reach_the_last_it_is_that_of_each(policy: Policy) -> None:
    write("turn", [1, 2, 10])
    for name in ("old.csv", "new.csv"):
        frame = pl.read_csv(name)
        frame.filter((pl.col("turn") < 10) | (pl.col("example_id") < "q3")).write_csv(name)
    said = asked(policy)
    x = 'pl.col("turn").cast(float)'
    each = f'{x} == {x}.max().over("example_id")'
    assert said.endswith(f": keep the last of each example: {both(each, 'last')}")
    suggested.do(commands_in(said)[0])
    assert pl.read_csv("old-last.csv").height == N


def told(frame: pl.DataFrame, **given: object) -> str:
    """What is said of one table, or refused of it up to the first command."""
    frame.write_csv("one.csv")
    try:
        return read_any([Path("one.csv")], Reading(**given))[1]  # type: ignore[arg-type]
    except UserError as error:
        return str(error).split(", and a ")[0]


def rows(**columns: object) -> pl.DataFrame:
    """Three rows for each of many examples."""
    size = 3 * N
    made = {
        "example_id": [f"q{k // 3}" for k in range(size)],
        "score": [k % 2 for k in range(size)],
    }
    return pl.DataFrame(made | columns)


REPEATS = "one.csv: 400 of 400 examples are in several rows, whose scores are averaged"
UNTOLD = f"{REPEATS}, and no column tells these apart."
REFUSED = "one.csv: examples stand in several rows, of several"
THREE = [k % 3 for k in range(3 * N)]


@pytest.mark.parametrize(
    "name", ["trial", "k", "attempt", "judge_id", "repeat_no", "completion_id"]
)
def test_repeats_are_averaged_as_before(name: str) -> None:
    assert told(rows(**{name: THREE})).endswith(f"; {REPEATS}.")


def test_a_person_may_say_that_rows_are_members() -> None:
    frame = rows(metric=[f"m{k}" for k in THREE])
    assert told(frame).startswith(f"{REFUSED} 'metric' ('m0', 'm1', 'm2')")
    assert "3 members, 400 examples" in told(frame, member="metric")


def test_a_metric_beside_raters_is_still_one() -> None:
    frame = pl.concat([rows(rater=THREE, metric="a"), rows(rater=THREE, metric="b")])
    assert told(frame).startswith(f"{REFUSED} 'metric' ('a', 'b')")
    # told apart by the raters alone
    assert told(rows(rater=THREE, metric=["a", "b", "b"] * N)).startswith(f"{REFUSED} 'metric'")
    assert told(frame, member="rater").startswith(f"{REFUSED} 'metric'")
    # what goes with a rater and is not called a metric is the rater's
    assert told(rows(trial=THREE, country=["a", "b", "c"] * N)).endswith(f"; {REPEATS}.")
    # two rows of each rater, who is no metric
    assert told(pl.concat([rows(rater=THREE)] * 2)).endswith(f"; {UNTOLD}")


def test_rows_are_those_of_one_member() -> None:
    frame = rows(rater=THREE, which=["a", "b", "c"] * N)
    assert "3 members, 400 examples" in told(frame, member="rater")
    steps = pl.concat([rows(rater=THREE, turn=1), rows(rater=THREE, turn=2)[:-1]])
    steps.write_csv("one.csv")
    with pytest.raises(UserError) as caught:
        read_any([Path("one.csv")], Reading(member="rater"))
    x = 'pl.col("turn").cast(float)'
    (command,) = commands_in(str(caught.value))
    assert command == kept("one", f'{x} == {x}.max().over("example_id", "rater")', "last")


def test_values_tell_what_names_do_not() -> None:
    # each example has three of eight values, none twice
    eight = [f"c{(k // 3 + k % 3 * 2) % 8}" for k in range(3 * N)]
    assert told(rows(which=eight)).startswith(f"{REFUSED} 'which' ('c0', ")
    # two rows of each step: neither column tells rows apart alone
    steps = pl.concat([rows(which=[f"w{k}" for k in THREE]), rows(which=[f"w{k}" for k in THREE])])
    assert told(steps).startswith(f"{REFUSED} 'which' ('w0', 'w1', 'w2')")


def test_what_differs_by_chance_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(20, 120, 3 * N)
    seconds = rng.random(3 * N).round(4)
    frame = rows(tokens=tokens, seconds=seconds, note=[f"n{k}" for k in range(3 * N)])
    assert told(frame).endswith(f"; {UNTOLD}")
    # one stray repeat with another cell
    one = rows(lang="en")[: 3 * N : 3]
    assert "1 of 400 examples" in told(pl.concat([one, one[:1].with_columns(lang=pl.lit("de"))]))


def test_a_mean_over_rows_that_nothing_tells_apart_is_a_note_of_its_own(policy: Policy) -> None:
    request = Request([Path("old.csv")], [[Path("new.csv")]])
    said = (
        "Examples of 'old' and 'new' stand in several rows that no column tells apart, and the mean "
        "of these is compared. If they are no repeats of one grade, but several metrics or steps, a "
        "fall of one may be hidden by another."
    )
    for column, noted in (("part", True), ("trial", False)):
        write(column, ["x", "x"] if noted else ["x", "y"], "x")
        audit = gate_files(request, policy).audit
        assert audit is not None
        assert (said in audit.notices) == noted
