"""Slices by an instrument, told by a population that takes no part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import traces
from undertow.audit import Settings, audit
from undertow.audit.dynamics.columns import example_columns
from undertow.audit.dynamics.instruments import el2n, forgetting
from undertow.audit.dynamics.kin import APART
from undertow.audit.dynamics.thirds import _thirds, thirds_asked
from undertow.errors import NotComparableError, UserError
from undertow.files import Request, audit_files, read_sides, suggest_files
from undertow.gating import gate_paths
from undertow.records.probes import Probed
from undertow.records.read import read_population
from undertow.records.records import Records
from undertow.records.schema import WITH_TRAINING, Manifest, ProbeEntry
from undertow.records.write import PopulationWriter, write_records
from worlds import null_world, records_from

N, EPOCHS = 90, 5
IDS = [f"e{n:04d}" for n in range(N)]


def told(
    folder: Path, name: str = "third", first_seed: int = 100, ids: list[str] = IDS, **kin: str
) -> Path:
    """A population with a trace of its test part, of members that nobody trained."""
    values = traces.values(
        *traces.logits(M=2, N=N, E=EPOCHS, seed=5), part="test", name="trace-test"
    )
    entry = ProbeEntry(
        description="Trace()", epochs=values.entry.epochs, part="test", mode="eval", view="clean"
    )
    plan = Manifest(
        format=WITH_TRAINING,
        name=name,
        classes=("a", "b", "c", "d"),
        members=(),
        probes={"trace-test": entry},
        **kin,
    )
    examples = pl.DataFrame(
        {"example_id": ids, "label": values.label_N, "content_hash": [f"h{n}" for n in range(N)]}
    )
    writer = PopulationWriter(folder, plan, examples)
    for m, member in enumerate(values.members):
        frame = pl.DataFrame(
            {c: np.ascontiguousarray(value[m]) for c, value in values.values.items()}
        )
        last_N = values.values["predicted"][m, :, -1].astype(np.int32)
        writer.write_member(
            member,
            last_N,
            seeds={"init": first_seed + m},
            probed=Probed({"trace-test": frame}),
        )
    writer.finish()
    return folder


@pytest.fixture
def sides() -> tuple[Records, Records]:
    return null_world(4, 4, N, 4, seed=2)


def test_thirds_are_joined_by_id_and_ordered(tmp_path: Path, sides: tuple[Records, Records]):
    folder = told(tmp_path / "third")
    thirds = thirds_asked(folder, ["el2n", "class+aum", "variability,region"], sides)
    columns = thirds.columns
    assert columns.columns == ["example_id", "aum", "el2n", "variability"]
    for name, values in (
        ("el2n", ["easy", "middle", "hard"]),
        ("variability", ["low", "middle", "high"]),
    ):
        assert columns[name].dtype == pl.Enum(values)
        assert columns[name].value_counts().sort(name)["count"].to_list() == [30, 30, 30]
    backwards = sides[0].take_examples(np.arange(N)[::-1])
    given = thirds.given_to(backwards).examples
    assert given.select(columns.columns).equals(columns.reverse())
    assert thirds.said == (
        "Slices by aum and el2n and variability are thirds of the 90 test examples of 'third', as "
        "its 2 members met them in training (early: epoch 1); it takes no part in the comparison, "
        "as far as records tell."
    )


def test_the_hard_third_is_the_one_at_the_hard_end(tmp_path: Path, sides):
    folder = told(tmp_path / "third")
    value = example_columns(folder, "trace-test")
    thirds = thirds_asked(folder, ["el2n", "aum"], sides).columns
    for name, hard_is_high in (("el2n", True), ("aum", False)):
        of = {
            third: value[name].filter(thirds[name] == third) for third in ("easy", "middle", "hard")
        }
        low, high = ("easy", "hard") if hard_is_high else ("hard", "easy")
        assert of[low].max() < of["middle"].min() < of["middle"].max() < of[high].min()


def test_equal_values_stay_together():
    def counted(values):
        found = _thirds(pl.Series("forgetting", values, dtype=pl.Float64), forgetting)
        return {third: (found == third).sum() for third in ("easy", "middle", "hard")}

    assert counted([0] * 8 + [1, 2]) == {"easy": 8, "middle": 0, "hard": 2}
    assert counted([0, 1] + [2] * 8) == {"easy": 2, "middle": 0, "hard": 8}
    assert counted([0, 0, 1, 1, 2, 2]) == {"easy": 2, "middle": 2, "hard": 2}
    assert counted([0, 1, float("nan")]) == {"easy": 1, "middle": 0, "hard": 1}
    with pytest.raises(UserError) as refused:
        counted([1, 1])
    assert str(refused.value) == (
        "--by forgetting: all examples have the same value, so there is nothing to slice by; "
        "choose another instrument"
    )


@pytest.mark.heavy
def test_an_audit_slices_by_them_and_says_who_told_them(tmp_path: Path, sides):
    third = told(tmp_path / "third")
    for side in sides:
        write_records(side, tmp_path / side.name)
    request = Request(
        [tmp_path / "reference"],
        [[tmp_path / "variant"]],
        columns_from=third,
        settings=Settings(by=("el2n", "el2n+class"), draws=100, min_count=5),
    )
    found = audit_files(request, tmp_path / "out", quiet=True)
    rows = found.findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "el2n"))
    assert rows["value"].to_list() == ["easy", "middle", "hard"]
    assert sum("thirds of the 90 test examples of 'third'" in a for a in found.assumptions) == 1
    inputs = json.loads((tmp_path / "out" / "report.json").read_text())["provenance"]["inputs"]
    assert {Path(i["path"]).relative_to(third).as_posix() for i in inputs if i["role"] == "columns"} == {
        "manifest.json", "examples.parquet", "probes/trace-test/m0.parquet",
        "probes/trace-test/m1.parquet", "members/m0.parquet", "members/m1.parquet",
    }  # fmt: skip  # its answers are read to see whether it is one of the sides
    assert "slice by el2n" not in suggest_files(request).text
    policy = tmp_path / "gate.toml"
    policy.write_text('[[worst_slice_drop]]\nby = "el2n"\npoints = 50\n')
    gated = gate_paths(
        tmp_path / "reference", tmp_path / "variant", policy=policy, columns_from=third
    )
    assert {d.slice for d in gated.decisions} == {"el2n"}


def refused(folder: Path, sides, by=("el2n",)) -> str:
    def asked() -> None:
        thirds = thirds_asked(folder, by, sides)
        [thirds.given_to(side) for side in sides]

    with pytest.raises((NotComparableError, UserError)) as error:
        asked()
    return str(error.value)


KIN = "which is compared, and examples that it found hard by chance would seem to gain or lose"


def test_a_population_that_is_kin_to_a_side_is_refused(tmp_path: Path, sides):
    def said(reason: str, name: str, side: str) -> str:
        return f"--columns-from {tmp_path / name}: {reason} {side!r}, {KIN}; {APART}"

    reference, variant = sides
    seedless = replace(variant, manifest=without_seeds(variant.manifest))
    assert refused(told(tmp_path / "a", name="variant"), [reference, seedless]) == said(
        "has the name and maybe the members of", "a", "variant"
    )
    origin = "has a parent or teacher of the name of"
    assert refused(told(tmp_path / "b", parent="reference"), sides) == said(
        origin, "b", "reference"
    )
    assert refused(told(tmp_path / "c", teacher="reference"), sides) == said(
        origin, "c", "reference"
    )
    child = replace(variant, manifest=variant.manifest.model_copy(update={"parent": "third"}))
    assert refused(told(tmp_path / "d"), [reference, child]) == said(
        "has the name of the parent or teacher of", "d", "variant"
    )
    sibling = told(tmp_path / "g", name="fourth", parent="third")
    assert refused(sibling, [reference, child]) == said(
        "comes from the same population as", "g", "variant"
    )
    seeded = told(tmp_path / "e", first_seed=2)  # Seeds 2 and 3 are those of two members.
    assert refused(seeded, sides) == said("has members with the seeds of", "e", "reference")
    renamed = tmp_path / "f"
    own = read_population(told(renamed))
    other = replace(own, manifest=own.manifest.model_copy(update={"name": "fp16"}))
    assert refused(renamed, [other, variant]) == said("holds members of", "f", "fp16")


def without_seeds(manifest: Manifest) -> Manifest:
    members = tuple(m.model_copy(update={"seeds": {}}) for m in manifest.members)
    return manifest.model_copy(update={"members": members})


def test_fresh_members_may_have_the_name_of_a_side_and_of_the_others_parent(tmp_path: Path, sides):
    """As where each population is in a folder ``dense`` of its own: seeds tell them apart."""
    reference, variant = sides
    child = replace(
        variant, manifest=variant.manifest.model_copy(update={"parent": reference.name})
    )
    folder = told(tmp_path / "fresh", name=reference.name)
    assert len(thirds_asked(folder, ["el2n"], [reference, child]).columns) == N
    unknown = replace(reference, manifest=without_seeds(reference.manifest))
    assert "has the name and maybe the members of 'reference'" in refused(folder, [unknown, child])
    # That one side of this name is another population says nothing of the other side.
    again = replace(
        variant,
        manifest=without_seeds(variant.manifest.model_copy(update={"name": reference.name})),
    )
    assert "has the name and maybe the members of 'reference'" in refused(
        folder, [reference, again]
    )


def test_a_trace_that_saw_nothing_where_an_instrument_looks():
    with pytest.raises(UserError) as caught:
        _thirds(pl.Series("el2n", [np.nan] * 3), el2n)
    assert str(caught.value) == (
        "--by el2n: no example has a value, since its trace saw none at the epochs that it takes; "
        "choose another instrument"
    )


def test_a_recorded_population_is_not_told_to_train_again_by_the_lab(tmp_path: Path, sides):
    recorded = told(tmp_path / "third", first_seed=2, runner="undertow.Recorder")
    assert refused(recorded, sides) == (
        f"--columns-from {recorded}: has members with the seeds of 'reference', {KIN}; give one "
        "that takes no part: record fresh members, with seeds= and name= of their own, by another "
        "Recorder(…)"
    )


def test_a_population_without_a_trace_of_its_test_part(tmp_path: Path, sides):
    fresh = null_world(4, 4, N, 4, seed=9)[0]
    other = replace(fresh, manifest=fresh.manifest.model_copy(update={"name": "other"}))
    write_records(replace(other, manifest=without_seeds(other.manifest)), tmp_path / "untraced")
    apart = [replace(s, manifest=without_members(s.manifest)) for s in sides]
    assert refused(tmp_path / "untraced", apart) == (
        f"--columns-from {tmp_path / 'untraced'}: has no trace of its test examples (its probes: "
        "none); train its members with Trace(clean=True, part='test') of undertow.lab.probes, or "
        "call member.saw(ids, logits, epoch=…, part='test') of undertow.Recorder after each epoch; or "
        "cross what its answers tell: --cross consensus_accuracy consensus_consistency"
    )
    assert refused(tmp_path / "untraced", apart, ("class",)) == (
        f"--columns-from {tmp_path / 'untraced'}: has no trace of training, so it tells no slices; "
        "cross what its answers tell: --cross consensus_accuracy consensus_consistency, or leave out "
        "--columns-from"
    )


def without_members(manifest: Manifest) -> Manifest:
    """As of loose files, of which no hash is known."""
    members = tuple(m.model_copy(update={"sha256": None}) for m in manifest.members)
    return manifest.model_copy(update={"members": members})


def test_what_cannot_be_sliced_is_refused(tmp_path: Path, sides):
    folder = told(tmp_path / "third")
    known = (
        "aum, correctness, el2n, forgetting, iteration_learned, low_loss_posterior, "
        "mean_p_label, rate_of_learning, "
        "right_for_good, variability, wrong_for_good"
    )
    assert refused(folder, sides, ("class",)) == (
        f"--columns-from {folder}: nothing after --by is told by training; add one of {known}, or "
        "leave out --columns-from"
    )
    taken = [replace(s, examples=s.examples.with_columns(pl.lit("x").alias("el2n"))) for s in sides]
    assert refused(folder, taken) == (
        "--columns-from: 'reference' has a column 'el2n' already; leave out --columns-from to slice "
        "by that one, or rename it"
    )
    elsewhere = told(tmp_path / "elsewhere", ids=[f"x{n}" for n in range(N)])
    assert refused(elsewhere, sides) == (
        "--columns-from: none of the examples of 'reference' (first 'e0000') was traced (first "
        "'x0'); give a population that was tested on the same examples"
    )
    hashed = [
        replace(
            s,
            examples=s.examples.with_columns(
                pl.Series("content_hash", ["h0", "other", *[f"h{n}" for n in range(2, N)]])
            ),
        )
        for s in sides
    ]
    assert refused(folder, hashed) == (
        f"--columns-from {folder}: 1 examples of 'reference' have other inputs there (first "
        "'e0001', by content_hash); give a population that was tested on the same examples"
    )


def test_without_such_a_population_the_slice_does_not_exist(tmp_path: Path, sides):
    for side in sides:
        write_records(side, tmp_path / side.name)
    request = Request(
        [tmp_path / "reference"], [[tmp_path / "variant"]], settings=Settings(by=("el2n",))
    )
    read = read_sides(request)
    with pytest.raises(UserError) as error:
        audit(read.reference, read.variants, read.settings)
    assert str(error.value) == (
        "population 'reference' has no slice 'el2n': a population that takes no part tells it, after "
        "--columns-from; it can be sliced by class, region, tone, blurred, weight"
    )


@pytest.mark.heavy
def test_slices_told_by_a_side_show_losses_of_equal_models_and_those_told_apart_do_not():
    """The reason for the refusals. Three times 4 members of one process; thirds by how many of four
    of them are right. Quoted in docs/dynamics.md."""
    worse = {who: sum(_loses(seed, who) for seed in range(40)) for who in ("reference", "apart")}
    assert worse == {"reference": 37, "apart": 1}


def _loses(seed: int, who: str) -> bool:
    rng = np.random.default_rng(seed)
    right_N, label_N = rng.beta(3, 1, 300), rng.integers(0, 3, 300)
    reference, variant, apart = (
        np.where(rng.random((4, 300)) < right_N, label_N, (label_N + 1) % 3) for _ in range(3)
    )
    teller = reference if who == "reference" else apart
    share_N = (teller == label_N).mean(0) + rng.random(300) * 1e-6
    third_N = np.searchsorted(np.quantile(share_N, [1 / 3, 2 / 3]), share_N)
    column = pl.Series("third", np.array(["hard", "middle", "easy"])[third_N])
    sides = [records_from(p, label_N, 3, name=n) for p, n in ((reference, "old"), (variant, "new"))]
    sides = [replace(s, examples=s.examples.with_columns(column)) for s in sides]
    found = audit(sides[0], [sides[1]], Settings(by=("third",), draws=200)).findings
    rows = found.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "third"))
    return "worse" in rows["verdict"].to_list()
