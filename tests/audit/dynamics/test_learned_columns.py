"""From members that learned from subsets to columns, a table, a file, and a crossed audit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom
from typer.testing import CliRunner

from blobs import Blobs
from undertow import compare
from undertow.audit.dynamics.columns import example_columns
from undertow.audit.dynamics.learned_columns import learned_columns, learned_columns_of, learned_of
from undertow.audit.dynamics.told import numbers_told, tellable
from undertow.cli import app
from undertow.dynamics import dynamics_of
from undertow.errors import NotComparableError, UserError
from undertow.lab.data import WrongLabels
from undertow.lab.interventions.sampling import Subset
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe, read_train
from undertow.records.read import read_population

pytestmark = pytest.mark.heavy  # they train

M, N = 12, 60


@dataclass(frozen=True)
class OfTraining:
    """Asks about the examples that were trained on."""

    def load(self):
        splits = Blobs().load()
        return replace(splits, test=splits.train)


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out")
    recipe = Recipe(epochs=2, batch=16, lr=0.01)
    dense = Population("dense", Blobs(), MLP(hidden=(8,)), recipe, members=3)
    probes = (LearnedFrom(), Trace(), Trace(clean=True, part="test"))
    parts = dense.under(Subset(0.6), name="parts", members=M, probes=probes)
    for population in (dense, dense.again("other"), parts):
        train_population(population, out, runner="loop")
    for name in ("dense", "other"):
        asked = replace(dense, name=name).on(OfTraining(), name=f"{name} on training")
        train_population(asked, out, runner="loop")
    return out


def test_columns_are_those_of_loops_over_the_files(out):
    values = read_probe(out / "parts", "learned-from")
    frame = learned_columns(out / "parts")
    assert frame.columns == [
        "example_id", "held_out_correctness", "held_out_correctness_low",
        "held_out_correctness_high", "memorisation", "memorisation_low", "memorisation_high",
        "members_learned", "members_held_out",
    ]  # fmt: skip
    assert frame["example_id"].to_list() == [f"train/{n}" for n in range(N)]
    learned, right = (values.values[c][:, :, 0] for c in ("learned_from", "right"))
    for n, row in enumerate(frame.iter_rows(named=True)):
        held_out = [int(right[m, n]) for m in range(M) if not learned[m, n]]
        taken = [int(right[m, n]) for m in range(M) if learned[m, n]]
        assert (row["members_learned"], row["members_held_out"]) == (len(taken), len(held_out))
        if len(held_out) >= 3:
            assert row["held_out_correctness"] == pytest.approx(np.mean(held_out))
        if len(held_out) >= 3 and len(taken) >= 3:
            assert row["memorisation"] == pytest.approx(np.mean(taken) - np.mean(held_out))
    known = frame.filter(pl.col("held_out_correctness").is_not_nan())
    assert known.height > 30
    assert known["held_out_correctness"].n_unique() > 2


def test_the_table_shows_what_only_its_learners_know(out, tmp_path):
    file = tmp_path / "learned.csv"
    shown = dynamics_of(out / "parts", "learned-from", out=file).splitlines()
    assert shown[0] == (
        "learned-from: 12 members, 60 train examples, of which a member learned from 60 % (low, "
        "high: limits at 95 %; – where fewer than 3 members are on a side)"
    )
    assert shown[2] == "hardest by held_out_correctness, 10 of 60 examples"
    frame = learned_columns(out / "parts")
    hardest = frame.filter(pl.col("held_out_correctness").is_not_nan()).sort(
        "held_out_correctness", "example_id"
    )
    assert [line.split()[0] for line in shown[4:14]] == hardest["example_id"].head(10).to_list()
    assert shown[-1] == f"written to {file}: 60 rows"
    floats = dict.fromkeys(frame.columns[1:7], pl.Float64)
    assert (
        pl.read_csv(file, schema_overrides=floats).fill_null(np.nan).equals(frame.fill_nan(np.nan))
    )
    done = CliRunner().invoke(
        app, ["dynamics", str(out / "parts"), "--probe", "learned-from", "--sort", "memorisation"]
    )
    assert done.exit_code == 0, done.output
    assert "hardest by memorisation, 10 of 60 examples" in done.output


def test_what_has_no_meaning_there_is_refused(out):
    asked = {"early": 1}, {"window": (1, 2)}, {"per_member": True}
    for kept, flag in zip(asked, ("--early", "--window", "--per-member"), strict=True):
        with pytest.raises(UserError) as caught:
            dynamics_of(out / "parts", "learned-from", **kept)
        assert str(caught.value) == (
            f"{flag}: 'learned-from' has no epochs and one value of all members together; leave "
            f"out {flag}, or name a trace after --probe"
        )
    with pytest.raises(UserError) as caught:
        dynamics_of(out / "parts", "learned-from", sort="el2n")
    assert str(caught.value) == (
        "--sort el2n: there is no such column; choose one of held_out_correctness, memorisation"
    )
    with pytest.raises(UserError) as caught:
        learned_columns(out / "parts", "trace")
    assert str(caught.value) == (
        "probe 'trace' does not say what members learned from; name the one that LearnedFrom() of "
        "undertow.lab.probes makes"
    )
    with pytest.raises(UserError) as caught:
        example_columns(out / "parts", "learned-from")
    assert str(caught.value) == (
        "probe 'learned-from' is not a trace: it has no column 'loss'; name a trace, as Trace() of "
        "undertow.lab.probes makes it"
    )
    nobody = replace(read_probe(out / "parts", "learned-from"), members=())
    for read in (learned_of, learned_columns_of):
        with pytest.raises(UserError) as caught:
            read(nobody)
        assert str(caught.value) == (
            "probe 'learned-from': no member is done, so there is nothing to tell"
        )


def test_they_are_crossed_where_training_examples_are_compared(out):
    sides = [read_population(out / f"{name}-on-training") for name in ("dense", "other")]
    assert tellable(out / "parts")[-2:] == ("held_out_correctness", "memorisation")
    told = numbers_told(out / "parts", ["memorisation", "el2n", "consensus_accuracy"], sides)
    assert told.said == (
        "Numbers in el2n and consensus_accuracy are means over the members of 'parts' on its test "
        "examples, and in memorisation are of all members of 'parts' together, on its training "
        "examples; it takes no part in the comparison, as far as records tell."
    )
    crossed = ("held_out_correctness", "memorisation")
    shown = compare(
        str(out / "dense-on-training"), str(out / "other-on-training"),
        cross=crossed, columns_from=str(out / "parts"), draws=200,
    )  # fmt: skip
    columns = shown.audit.variants[0].crossed.columns
    assert tuple(column.column for column in columns) == crossed


def test_sides_that_were_asked_about_test_examples_are_told_so(out):
    sides = [read_population(out / name) for name in ("dense", "other")]
    with pytest.raises(NotComparableError) as caught:
        numbers_told(out / "parts", ["memorisation", "el2n"], sides)
    assert str(caught.value) == (
        f"--columns-from {out / 'parts'}: its numbers in memorisation are of training examples "
        "(first 'train/0'), and 'dense' was asked about none of them (first 'test/0'); compare "
        "populations that were asked about training examples, by .on(...) with a data set that has "
        "them as its test part"
    )


def test_who_takes_part_tells_nothing(out):
    sides = [read_population(out / "dense-on-training"), read_population(out / "parts")]
    with pytest.raises(NotComparableError) as caught:
        numbers_told(out / "parts", ["memorisation"], sides)
    assert str(caught.value).startswith(f"--columns-from {out / 'parts'}: holds members of 'parts'")


@pytest.mark.heavy
def test_wrong_labels_are_known_by_heart_alone(tmp_path):
    """Members that learn everything by heart agree with a wrong label where they learned from it,
    and with nobody's label where they did not."""
    data = WrongLabels(Blobs(), share=0.2)
    recipe = Recipe(epochs=60, batch=16, lr=0.05)
    dense = Population("dense", data, MLP(hidden=(64,)), recipe, members=20)
    parts = dense.under(Subset(0.7), name="parts", probes=(LearnedFrom(),))
    folder = train_population(parts, tmp_path, runner="loop")
    found = learned_columns(folder).join(read_train(folder), on="example_id")
    wrong_N = (found["mislabelled"] == "yes").to_numpy()
    assert 6 <= wrong_N.sum() <= 20
    held_out_N, memory_N = (
        found[name].to_numpy() for name in ("held_out_correctness", "memorisation")
    )
    assert np.nanmean(held_out_N[wrong_N]) < 0.3 < 0.8 < np.nanmean(held_out_N[~wrong_N])
    assert np.nanmean(memory_N[wrong_N]) > np.nanmean(memory_N[~wrong_N]) + 0.3


@pytest.mark.parametrize("probe", ["trace", "trace-test"])
def test_to_sort_by_what_another_probe_tells_that_probe_is_suggested(out, probe):
    for folder in (out / "parts", out / "dense"):  # of the second there is no trace either
        with pytest.raises(UserError) as caught:
            dynamics_of(folder, probe, sort="memorisation")
        assert str(caught.value) == (
            f"--sort memorisation: the probe 'learned-from' tells it and {probe!r} does not; give "
            "--probe learned-from"
        )


def test_members_that_the_page_asks_for_are_those_of_the_binomial():
    page = (Path(__file__).parents[3] / "docs/dynamics.md").read_text("utf-8")
    rows = re.findall(r"^\| (0\.\d) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for share, *members in rows:
        for level, count in zip((0.95, 0.99), map(int, members), strict=True):
            enough = [binom.sf(2, m, 1 - float(share)) >= level for m in (count - 1, count)]
            assert enough == [False, True]
