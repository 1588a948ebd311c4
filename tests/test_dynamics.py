"""``undertow dynamics``: from members trained with a trace to a table and a file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import undertow
from blobs import Blobs
from undertow.audit.dynamics.columns import example_columns
from undertow.audit.dynamics.instruments import all_instruments
from undertow.cli import app
from undertow.dynamics import dynamics_of
from undertow.errors import RecordError, UserError
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe

pytestmark = pytest.mark.heavy
PROBES = (Trace(), Trace(clean=True), Trace(clean=True, part="test"))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    recipe = Recipe(epochs=4, batch=16, lr=0.01)
    dense = Population("dense", Blobs(), MLP(hidden=(8,)), recipe, members=3, probes=PROBES)
    for population in (dense, dense.again("other"), dense.again("third")):
        train_population(population, out, runner="loop")
    return out


def test_the_lab_writes_what_instruments_read(out: Path):
    """Against the arrays of the files, by loops over one example of one member."""
    for probe, N in (("trace", 60), ("trace-clean", 60), ("trace-test", 30)):
        values = read_probe(out / "dense", probe)
        frame = example_columns(out / "dense", probe, early=2, per_member=True)
        assert frame.shape == (3 * N, 2 + len(all_instruments()))
        assert not frame.select(pl.selectors.float().is_nan().any()).row(0).count(True)
        row = frame.row(N + 7, named=True)
        loss, margin, error, answer = (values.values[c][1, 7] for c in values.values)
        right = [a == values.label_N[7] for a in answer]
        p = [np.exp(-float(value)) for value in loss]
        assert row["member"] == values.members[1]
        assert row["el2n"] == float(error[1])
        assert row["aum"] == pytest.approx(sum(map(float, margin)) / 4)
        assert row["mean_p_label"] == pytest.approx(sum(p) / 4)
        assert row["variability"] == pytest.approx(np.std(p))
        assert row["correctness"] == sum(right) / 4
        events = sum(a and not b for a, b in pairwise(right))
        assert row["forgetting"] == (events if any(right) else 4)
        means = example_columns(out / "dense", probe, early=2)
        three = frame["aum"].to_numpy().reshape(3, N).mean(axis=0)
        np.testing.assert_allclose(means["aum"].to_numpy(), three)


def test_the_table_shows_the_hardest_examples_and_the_file_has_all(out: Path, tmp_path: Path):
    file = tmp_path / "new" / "columns.csv"
    shown = dynamics_of(out / "dense", "trace-test", out=file, sort="aum").splitlines()
    assert shown[0] == (
        "trace-test: 3 members, 30 test examples, epochs 1 to 4 (early: 1), eval mode, clean view; "
        "means over members"
    )
    assert shown[2] == "hardest by aum, 10 of 30 examples"
    assert shown[-1] == f"written to {file}: 30 rows"
    frame = example_columns(out / "dense", "trace-test")
    hardest = frame.sort("aum").head(10)
    assert [line.split()[0] for line in shown[4:14]] == hardest["example_id"].to_list()
    assert shown[4].split()[1] == f"{hardest['aum'][0]:.3g}"
    assert len({len(line) for line in shown[3:14]}) == 1
    written = pl.read_csv(file, schema_overrides=dict.fromkeys(frame.columns[1:], pl.Float64))
    assert written.equals(frame)
    most = dynamics_of(out / "dense", sort="variability").splitlines()
    assert most[2] == "most by variability, 10 of 60 examples"


def test_the_command(out: Path, tmp_path: Path):
    runner, file = CliRunner(), tmp_path / "columns.parquet"
    asked = ["dynamics", str(out / "dense"), "--out", str(file), "--early", "3", "--per-member"]
    done = runner.invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "(early: 3)" in done.output
    assert pl.read_parquet(file).equals(example_columns(out / "dense", early=3, per_member=True))
    done = runner.invoke(app, [*asked, "--window", "2", "4", "--force"])
    assert done.exit_code == 0, done.output
    assert "epochs 1 to 4 (early: 3, window: 2 to 4), train mode" in done.output
    within = example_columns(out / "dense", early=3, per_member=True, window=(2, 4))
    assert pl.read_parquet(file).equals(within)
    again = runner.invoke(app, asked)
    assert isinstance(again.exception, UserError)
    assert str(again.exception).startswith(f"{file}: is there already")
    assert runner.invoke(app, [*asked, "--force"]).exit_code == 0


def test_what_cannot_be_told_is_refused(out: Path, tmp_path: Path):
    with pytest.raises(UserError) as refused:
        dynamics_of(out / "dense", out=tmp_path / "columns.txt")
    assert str(refused.value) == (
        f"--out {tmp_path / 'columns.txt'}: columns are written as .csv or .parquet; give --out "
        "columns.csv"
    )
    folder = tmp_path / "columns.csv"
    folder.mkdir()
    with pytest.raises(UserError) as refused:
        dynamics_of(out / "dense", out=folder)
    assert str(refused.value) == (
        f"--out {folder}: is a folder; give the name of a file, --out {folder / 'columns.csv'}"
    )
    for flags in ([], ["--force"]):
        asked = ["dynamics", str(out / "dense"), "--out", str(folder), *flags]
        assert str(CliRunner().invoke(app, asked).exception) == (
            f"{folder}: is a folder; give the name of a file after --out"
        )
    manifest = out / "dense" / "manifest.json"
    with pytest.raises(RecordError) as refused:
        dynamics_of(manifest)
    assert str(refused.value) == (
        f"{manifest}: is a file; give the population folder, as {out / 'dense'}"
    )
    with pytest.raises(UserError) as refused:
        dynamics_of(out / "dense", sort="hardness")
    assert str(refused.value) == (
        "--sort hardness: there is no such column; choose one of aum, correctness, el2n, "
        "forgetting, iteration_learned, low_loss_posterior, mean_p_label, rate_of_learning, "
        "right_for_good, "
        "variability, wrong_for_good"
    )
    with pytest.raises(RecordError) as refused:
        dynamics_of(out / "dense", "traces")
    assert str(refused.value) == (
        f"{out / 'dense'}: has no probe 'traces' with values of examples; it has trace, "
        "trace-clean, trace-test"
    )


def test_an_audit_by_what_a_third_population_found_hard(out: Path, tmp_path: Path):
    done = CliRunner().invoke(
        app,
        ["audit", str(out / "dense"), "--against", str(out / "other"), "--by", "el2n",
         "--columns-from", str(out / "third"), "--out", str(tmp_path / "audit")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = pl.read_parquet(tmp_path / "audit" / "findings.parquet")
    by = found.filter((pl.col("slice") == "el2n") & (pl.col("measure") == "accuracy"))
    assert by["value"].to_list() == ["easy", "middle", "hard"]


def test_the_csv_has_no_text_that_a_spreadsheet_runs(tmp_path: Path):
    ids, test = [f"=A{n}" for n in range(4)], {"example_id": ["t"], "label": [0]}
    train = {"example_id": ids, "label": [0, 1, 0, 1]}
    with undertow.Recorder(tmp_path / "run", test, classes=("a", "b"), train=train) as recorder:
        member = recorder.member(0, seeds=0)
        for epoch in range(3):
            member.saw(ids, np.eye(2)[[0, 1, 1, 0]], epoch=epoch)
        member.answers(["t"], logits=np.zeros((1, 2)))
    dynamics_of(tmp_path / "run", out=tmp_path / "columns.csv")
    dynamics_of(tmp_path / "run", out=tmp_path / "columns.parquet")
    written = pl.read_csv(tmp_path / "columns.csv")["example_id"].to_list()
    assert written == [f"'{each}" for each in ids]
    assert pl.read_parquet(tmp_path / "columns.parquet")["example_id"].to_list() == ids
