"""Numbers of the examples that a population tells which takes no part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import traces
from undertow import compare
from undertow.audit import Settings
from undertow.audit.dynamics.columns import example_columns
from undertow.audit.dynamics.consensus import consensus_columns
from undertow.audit.dynamics.told import numbers_told, probe_columns, tellable
from undertow.cli import main
from undertow.errors import NotComparableError, UserError
from undertow.files import Request, audit_sides, read_sides
from undertow.gating import gate_paths
from undertow.records.probes import Probed, read_probe
from undertow.records.read import read_population
from undertow.records.records import Records
from undertow.records.schema import WITH_TRAINING, Manifest, ProbeEntry
from undertow.records.write import PopulationWriter, write_records
from worlds import null_world

N, EPOCHS = 90, 5
IDS = [f"e{n:04d}" for n in range(N)]
APART = (
    "and examples that it found hard by chance would seem to gain or lose; give one that takes no "
    "part: train fresh members, as with .again(...)"
)


def third(
    folder: Path,
    probes: tuple[str, ...] = ("prediction-depth-test",),
    first_seed: int = 100,
    of_training: str | None = None,
) -> Path:
    """A population with a trace and probes of its test part, of members that nobody trained; maybe
    with a probe of training examples."""
    values = traces.values(
        *traces.logits(M=2, N=N, E=EPOCHS, seed=5), part="test", name="trace-test"
    )
    traced = ProbeEntry(
        description="Trace()", epochs=values.entry.epochs, part="test", mode="eval", view="clean"
    )
    once = traced.model_copy(update={"epochs": (2, 5)})
    plan = Manifest(
        format=WITH_TRAINING, name="third", classes=("a", "b", "c", "d"), members=(),
        probes={"trace-test": traced, **dict.fromkeys(probes, once)},
    )  # fmt: skip
    examples = pl.DataFrame({"example_id": IDS, "label": values.label_N})
    also = dict[str, pl.DataFrame]()
    if of_training is not None:
        entry = once.model_copy(update={"part": "train"})
        plan = plan.model_copy(update={"probes": {**plan.probes, of_training: entry}})
        also[of_training] = pl.DataFrame({"memory": np.ones((N, 2), np.int16)})
    writer = PopulationWriter(folder, plan, examples, train=examples if also else None)
    for m, member in enumerate(values.members):
        frame = pl.DataFrame(
            {c: np.ascontiguousarray(value[m]) for c, value in values.values.items()}
        )
        depth = pl.DataFrame(
            {"depth": np.stack([np.full(N, 99), np.arange(N) + 2 * m], axis=1).astype(np.int16)}
        )
        writer.write_member(
            member,
            values.values["predicted"][m, :, -1].astype(np.int32),
            seeds={"init": first_seed + m},
            probed=Probed({"trace-test": frame} | dict.fromkeys(probes, depth) | also),
        )
    writer.finish()
    return folder


@pytest.fixture
def sides() -> tuple[Records, Records]:
    return null_world(4, 4, N, 4, seed=2)


@pytest.fixture
def folders(tmp_path: Path, sides) -> tuple[Path, Path]:
    for side in sides:
        write_records(side, tmp_path / side.name)
    return tmp_path / "reference", tmp_path / "variant"


def test_instruments_probes_and_consensus_are_told(tmp_path: Path, sides):
    folder = third(tmp_path / "third")
    told = numbers_told(folder, ["depth", "el2n", "weight", "consensus_accuracy"], sides)
    assert told is not None
    assert told.columns.columns == ["example_id", "depth", "el2n", "consensus_accuracy"]
    assert told.columns["example_id"].to_list() == IDS
    # The last epoch, and the mean of both members.
    assert told.columns["depth"].to_list() == [n + 1 for n in range(N)]
    assert told.columns["el2n"].equals(example_columns(folder, "trace-test")["el2n"])
    agreed = consensus_columns(read_population(folder))["consensus_accuracy"]
    assert told.columns["consensus_accuracy"].equals(agreed)
    assert told.said == (
        "Numbers in depth and el2n and consensus_accuracy are means over the members of 'third' on "
        "its test examples; it takes no part in the comparison, as far as records tell."
    )
    values = read_probe(folder, "prediction-depth-test")
    assert probe_columns(values)["depth"].equals(told.columns["depth"])


def test_a_population_that_tells_nothing_asked_for(tmp_path: Path, sides):
    folder = third(tmp_path / "third")
    assert numbers_told(folder, ["weight"], sides) is None
    assert tellable(folder) == (
        "aum", "correctness", "el2n", "forgetting", "iteration_learned",
        "low_loss_posterior", "mean_p_label",
        "rate_of_learning", "right_for_good", "variability", "wrong_for_good", "depth",
        "consensus_accuracy", "consensus_consistency",
    )  # fmt: skip


def test_what_a_probe_wrote_of_training_examples_is_not_told(tmp_path: Path, sides):
    """Even where they have the ids of test examples."""
    folder = third(tmp_path / "third", of_training="memory-train")
    assert set(read_probe(folder, "memory-train").values) == {"memory"}
    assert "memory" not in tellable(folder)
    assert numbers_told(folder, ["memory"], sides) is None


def test_a_population_that_takes_part_is_refused(tmp_path: Path, sides):
    folder = third(tmp_path / "third", first_seed=2)
    for name in ("el2n", "depth", "consensus_accuracy"):
        with pytest.raises(NotComparableError) as caught:
            numbers_told(folder, [name], sides)
        assert str(caught.value) == (
            f"--columns-from {folder}: has members with the seeds of 'reference', which is "
            f"compared, {APART}"
        )


def test_one_column_in_two_probes_is_not_guessed(tmp_path: Path, sides):
    folder = third(tmp_path / "third", ("one-test", "other-test"))
    with pytest.raises(UserError) as caught:
        numbers_told(folder, ["depth"], sides)
    assert str(caught.value) == (
        f"--columns-from {folder}: probes 'one-test' and 'other-test' both have a column 'depth', "
        "so it is not told which is meant; give a population with one of them"
    )


def asked(folders, tmp_path, by=(), cross=(), **kept):
    columns_from = kept.get("columns_from", tmp_path / "third")
    request = Request(
        [folders[0]], [[folders[1]]], columns_from=columns_from,
        settings=Settings(by=by, cross=cross, draws=200),
    )  # fmt: skip
    return request, read_sides(request)


def test_files_are_crossed_with_told_and_own_columns_and_sliced_too(tmp_path: Path, folders):
    third(tmp_path / "third")
    request, read = asked(folders, tmp_path, by=("el2n",), cross=("el2n,depth", "weight"))
    assert read.settings.cross == ("el2n", "depth", "weight")
    found = audit_sides(request, read)
    crossed = found.variants[0].crossed
    assert crossed is not None
    assert [c.column for c in crossed.columns] == ["el2n", "depth", "weight"]
    assert found.findings.filter(pl.col("slice") == "el2n").height
    assert sum("Numbers in el2n and depth are means" in a for a in found.assumptions) == 1
    assert sum("Slices by el2n are thirds" in a for a in found.assumptions) == 1


def test_nothing_told_after_either_flag(tmp_path: Path, folders):
    folder = third(tmp_path / "third")
    with pytest.raises(UserError) as caught:
        asked(folders, tmp_path, cross=("weight",))
    assert str(caught.value) == (
        f"--columns-from {folder}: tells nothing that is asked for after --cross or --by; it tells "
        "aum, correctness, el2n, forgetting, iteration_learned, low_loss_posterior, "
        "mean_p_label, rate_of_learning, "
        "right_for_good, variability, wrong_for_good, depth, consensus_accuracy, "
        "consensus_consistency; add one of these, or leave out --columns-from"
    )
    _, read = asked(folders, tmp_path, by=("el2n",), cross=("weight",))
    assert read.told is None


def test_where_a_probe_was_asked_after_training_the_way_is_a_frame(tmp_path: Path, folders):
    folder = third(tmp_path / "third", probes=())
    with pytest.raises(UserError) as caught:
        asked(folders, tmp_path, cross=("depth",))
    assert str(caught.value) == (
        f"--columns-from {folder}: tells nothing that is asked for after --cross or --by; it tells "
        "aum, correctness, el2n, forgetting, iteration_learned, low_loss_posterior, "
        "mean_p_label, rate_of_learning, "
        "right_for_good, variability, wrong_for_good, consensus_accuracy, consensus_consistency; "
        "add one of these, or leave out --columns-from, or give a frame in Python: "
        "undertow.compare(…, told=frame)"
    )


@pytest.mark.heavy
def test_the_command_the_gate_and_the_notebook_take_it(
    tmp_path: Path, folders, monkeypatch, capsys
):
    third(tmp_path / "third")
    monkeypatch.chdir(tmp_path)
    typed = "audit reference --against variant --cross depth weight --columns-from third"
    monkeypatch.setattr("sys.argv", ["undertow", *typed.split(), "--out", "out", "--draws", "200"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "\n  depth: " in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    crossed = found["variants"][0]["crossed"]["columns"]
    assert [c["column"] for c in crossed] == ["depth", "weight"]
    policy = tmp_path / "gate.toml"
    policy.write_text("[[max_drop]]\npoints = 50\n")
    gated = gate_paths(*folders, policy, columns_from=tmp_path / "third", cross=("depth",))
    assert gated.audit is not None
    assert gated.audit.variants[0].crossed.columns[0].column == "depth"
    shown = compare(str(folders[0]), str(folders[1]), cross="weight", draws=200)
    assert shown.audit.variants[0].crossed.columns[0].column == "weight"


def test_examples_that_were_not_told_have_no_value(tmp_path: Path, sides, folders):
    third(tmp_path / "third")
    ids = pl.Series("example_id", [*IDS[:-1], "elsewhere"])
    for side, folder in zip(sides, folders, strict=True):
        other = replace(side, examples=side.examples.with_columns(ids))
        write_records(other, folder.with_name(folder.name + "-other"))
    others = tuple(f.with_name(f.name + "-other") for f in folders)
    request, read = asked(others, tmp_path, cross=("depth",))
    (column,) = audit_sides(request, read).variants[0].crossed.columns
    assert column.unknown in (0, 1)
    assert column.n_exemplars + column.n_controls <= N - 1
