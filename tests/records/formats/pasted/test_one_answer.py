"""Tables with several answers to one example: epochs of one training, the best few of one model,
lists in a cell. Each refusal ends in what is typed, and no worse model passes by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
from records.formats.pasted.asking import asked, pasted, reading, write
from records.formats.pasted.tables import IDS, NAMES, N, Rows, World
from undertow.audit.gate.policy import Policy
from undertow.files import Request, gate_files
from undertow.records.formats.columns.commands.given import commands_in, written_by

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


def after_doing(said: str, policy: Policy, flags: str = "") -> str:
    """The verdict on what the commands of a refusal have written."""
    for command in commands_in(said):
        suggested.do(command)
    to = written_by(commands_in(said))
    sides = [Path(to[name]) for name in ("old.csv", "new.csv")]
    return gate_files(Request(sides[:1], [sides[1:]], reading(flags)), policy).verdict


def of_epochs(epoch: str, grade: str | None = None) -> Callable[[World], Rows]:
    """Three epochs, of which a worse model is as good as the other in all but the last."""

    def rows(w: World) -> Rows:
        better = np.where(w.hit == 1, w.said, np.where(np.arange(N) % 2, w.right, w.said))
        said = [better, better, w.said]
        cells: Rows = {epoch: np.repeat([0, 1, 2], N), "example_id": IDS * 3}
        if grade is not None:
            return cells | {grade: np.concatenate([(w.right == s).astype(int) for s in said])}
        label = np.tile(NAMES[w.right], 3)
        return cells | {"label": label, "prediction": NAMES[np.concatenate(said)]}

    return rows


KEPT = (
    'python -c \'import polars as pl; pl.read_csv("{0}.csv", infer_schema=False)'
    '.filter(pl.col("epoch").cast(float) == pl.col("epoch").cast(float).max())'
    '.write_csv("{0}-last.csv")\''
)


@pytest.mark.parametrize("grade", [None, "score", "correct"])
def test_the_last_epoch_is_kept(grade: str | None, policy: Policy) -> None:
    write(of_epochs("epoch", grade))
    said = asked(policy)
    assert said == (
        "old.csv: examples stand in several rows, one for each 'epoch' from 0 to 2, as in a log of "
        "training, and a comparison is of one answer to each: keep the last: "
        f"{KEPT.format('old')} && {KEPT.format('new')}, and give old-last.csv for old.csv, "
        "new-last.csv for new.csv"
    )
    assert after_doing(said, policy) == "fail"


def test_an_epoch_may_have_other_names_and_so_may_ids(policy: Policy) -> None:
    write(of_epochs("global_step"))
    for name in ("old.csv", "new.csv"):
        pl.read_csv(name).rename({"example_id": "sample"}).write_csv(name)
    flags = pasted(asked(policy), "", [])[0]
    assert flags == "--id sample"
    said = asked(policy, id="sample")
    assert "one for each 'global_step' from 0 to 2" in said
    assert after_doing(said, policy, flags) == "fail"


def test_epochs_that_tell_no_rows_apart_are_columns(policy: Policy) -> None:
    write(lambda w: {"epoch": 3, **of_epochs("epoch")(w)} | {"epoch": np.tile([0, 1, 1], N)})
    assert "keep the last" not in asked(policy)
    write(lambda w: {k: v[-N:] for k, v in of_epochs("epoch")(w).items()})
    assert asked(policy) == "fail"
    assert asked(policy, member="epoch") == "fail"


def ranked(w: World) -> np.ndarray:
    return np.argsort(-w.p, axis=1)


def best_three(w: World) -> Rows:
    return {
        "image": IDS,
        "truth": NAMES[w.right],
        **{f"pred_{k + 1}": NAMES[ranked(w)[:, k]] for k in range(3)},
    }


NEVER = "'pred_1', 'pred_2', 'pred_3' never agree in a row, as the best answers of one model do and members do not"


def test_the_best_answers_of_one_model_are_no_members(policy: Policy) -> None:
    write(best_three)
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'image', 'truth', 'pred_1', 'pred_2', "
        f"'pred_3'; name its columns with --id image --prediction pred_1 --label truth; {NEVER}"
    )
    given = {"id": "image", "label": "truth"}
    assert asked(policy, **given, prediction=("pred_1",)) == "fail"
    for typed in ("pred_*", "pred_1,pred_2,pred_3"):
        assert asked(policy, **given, prediction=(typed,)) == (
            f"--prediction pred_1,pred_2,pred_3: in old.csv {NEVER}; name the first alone: "
            "--prediction pred_1"
        )


def test_where_the_first_is_not_right_most_often_it_is_not_suggested(policy: Policy) -> None:
    write(lambda w: {k: best_three(w)[v] for k, v in zip(best_three(w), TURNED, strict=True)})
    assert pasted(asked(policy), "", [])[0] == "--id image --prediction COLUMN --label truth"
    assert asked(policy, id="image", label="truth", prediction=("pred_*",)).endswith(
        "; name the one that the model answers first, alone"
    )


TURNED = ("image", "truth", "pred_3", "pred_2", "pred_1")


def test_members_agree_in_some_row_and_stay_members(policy: Policy) -> None:
    def rows(w: World) -> Rows:
        cells = best_three(w)
        cells["pred_2"] = np.where(np.arange(N) < 3, cells["pred_1"], cells["pred_2"])
        return cells

    write(rows)
    assert pasted(asked(policy), "", [])[0] == "--id image --prediction 'pred_*' --label truth"


def as_python(values: Any) -> str:
    return repr([str(v) for v in values])


def as_json(values: Any) -> str:
    return json.dumps([str(v) for v in values])


@pytest.mark.parametrize("written", [as_python, as_json])
@pytest.mark.parametrize("both", [False, True])
def test_of_lists_in_cells_the_first_is_kept(
    written: Callable[[Any], str], both: bool, policy: Policy
) -> None:
    write(
        lambda w: {
            "example_id": IDS,
            "label": [written([n]) if both else n for n in NAMES[w.right]],
            "prediction": [written(NAMES[row[:2]]) for row in ranked(w)],
        }
    )
    said = asked(policy)
    assert said.startswith(
        "old.csv: each cell of 'prediction' is a list of answers, of which the first is right most "
        "often, so they look like the best of one model, and a comparison is of one: keep the "
        "first: python -c "
    )
    assert after_doing(said, policy) == "fail"


def test_lists_of_which_another_is_right_most_often_are_not_cut(policy: Policy) -> None:
    write(
        lambda w: {
            "example_id": IDS,
            "label": NAMES[w.right],
            "prediction": [as_json(NAMES[row[1::-1]]) for row in ranked(w)],
        }
    )
    # one right answer is never a list of two, so whether they are the same would pass any model
    assert asked(policy) == (
        "old.csv: each cell of 'prediction' is a list of answers, none of which is the best by its "
        "place, and a comparison is of one; only you know which: write it as a column of its own, "
        "and name that with --prediction COLUMN"
    )


@pytest.mark.parametrize("written", [as_python, as_json])
def test_of_lists_on_both_sides_it_is_written_whether_they_hold_the_same(
    written: Callable[[Any], str], policy: Policy
) -> None:
    """In whatever order: the right ones stand here the other way round."""
    write(
        lambda w: {
            "example_id": IDS,
            "label": [written(["it's", n]) for n in NAMES[w.right]],
            "prediction": [written([n, "it's"]) for n in NAMES[w.said]],
        }
    )
    said = asked(policy)
    assert said.startswith(
        "old.csv: each cell of 'prediction' is a list of answers, and a comparison is of one: "
        "where an answer is right if both lists hold the same, in any order, write that as a "
        "column 'correct', and leave --prediction and --label out: python -c "
    )
    assert after_doing(said, policy) == "fail"
    assert pl.read_csv("old-graded.csv")["correct"].mean() == pytest.approx(0.878)


def test_lists_in_columns_of_lists_are_read_alike(policy: Policy) -> None:
    write(lambda w: {"example_id": IDS, "label": NAMES[w.right], "first": NAMES[w.said]})
    for name in ("old", "new"):
        made = pl.concat_list("first", pl.lit("elk")).alias("prediction")
        pl.read_csv(f"{name}.csv").with_columns(made).drop("first").write_parquet(f"{name}.csv")
    said = asked(policy)
    assert "keep the first: python -c " in said
    for command in commands_in(said):
        suggested.do(command)
    sides = [Path(f"{name}-first.parquet") for name in ("old", "new")]
    assert gate_files(Request(sides[:1], [sides[1:]]), policy).verdict == "fail"
