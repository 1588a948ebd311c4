import hashlib
import threading
from collections import namedtuple
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from blobs import Blobs, Deadly, Fragile
from clusters import work_of
from undertow.errors import NoEffectError, RecordError, UndertowError, UserError
from undertow.lab.data.png import encode_png
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, WeightQuantization
from undertow.lab.interventions.weights.quantize import quantize_symmetric
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.places.cluster import RayCluster
from undertow.lab.runner.places.here import Here
from undertow.lab.runner.threads import cores
from undertow.lab.runner.trainer import Trainer, train_population
from undertow.lab.seeds import SeedPlan
from undertow.records.read import read_population

RECIPE = Recipe(epochs=2, batch=16, lr=0.05)
DENSE = Population("dense", Blobs(), MLP(hidden=(8,)), RECIPE, members=3)
INT4 = DENSE.under(WeightQuantization(bits=4), name="int4")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A derived population, which brings its parent along, and what the watcher saw."""
    out, events = tmp_path_factory.mktemp("trained"), []
    train_population(
        INT4, out, runner="loop", progress=events.append, scale="smoke", study_source="# study"
    )
    return out, events


def test_the_record_holds_examples_as_the_data_set_has_them(trained):
    out, _ = trained
    examples = pl.read_parquet(out / "dense" / "examples.parquet")
    test = Blobs().load().test
    assert examples.columns == ["example_id", "label", "content_hash", "input", "half"]
    assert examples["example_id"].to_list() == list(test.example_id_N)
    assert examples["label"].to_list() == test.label_N.tolist()
    assert examples["half"].equals(test.slices["half"])
    assert examples["input"].to_list() == encode_png(test.x_NCHW)
    assert examples["content_hash"][3] == hashlib.sha256(test.x_NCHW[3].tobytes()).hexdigest()


def test_the_manifest_says_how_members_were_made(trained):
    out, _ = trained
    manifest = read_population(out / "int4").manifest
    assert (manifest.name, manifest.parent, manifest.runner, manifest.device) == (
        "int4",
        "dense",
        "loop",
        "cpu",
    )
    assert (manifest.scale, manifest.study_source, manifest.dtype) == (
        "smoke",
        "# study",
        "float32",
    )
    assert manifest.interventions == ("WeightQuantization(bits=4, per_channel=True)",)
    assert manifest.recipe["model"] == "MLP(hidden=(8,))"
    assert manifest.recipe["epochs"] == 2
    assert manifest.versions["torch"] == torch.__version__
    assert [(m.id, m.parent) for m in manifest.members] == [
        ("000", "000"),
        ("001", "001"),
        ("002", "002"),
    ]
    assert manifest.members[1].seeds == SeedPlan().member("int4", 1)


def test_facts_are_measured_on_each_member_and_averaged(trained):
    out, _ = trained
    records = read_population(out / "int4")
    facts = [member.facts for member in records.members]
    assert [fact["accuracy"] for fact in facts] == records.correct_MN.mean(
        axis=1, dtype=np.float64
    ).tolist()
    assert all(0 < fact["relative_error"] < 0.2 for fact in facts)
    mean = np.mean([fact["relative_error"] for fact in facts])
    assert records.manifest.facts["relative_error"] == pytest.approx(mean)
    assert records.manifest.facts["bits"] == 4


def test_members_learn_and_differ(trained):
    out, _ = trained
    records = read_population(out / "dense")
    assert records.correct_MN.mean() > 0.5
    assert records.proba_MNC is not None
    assert not np.array_equal(records.proba_MNC[0], records.proba_MNC[1])


def test_derived_members_start_from_their_parents_weights(trained):
    out, _ = trained
    for member in ("000", "002"):
        parent = load_file(out / "dense" / "weights" / f"{member}.safetensors")
        derived = load_file(out / "int4" / "weights" / f"{member}.safetensors")
        assert parent.keys() == derived.keys()
        for name, value in parent.items():
            assert torch.equal(
                derived[name], quantize_symmetric(value, 4) if value.ndim >= 2 else value
            )


def test_the_watcher_sees_every_member_of_parent_and_child(trained):
    _, events = trained
    seen = [
        (event.kind, event.population, event.member) for event in events if event.kind != "note"
    ]
    one = [
        ("started", "dense", "000"),
        ("epoch", "dense", "000"),
        ("epoch", "dense", "000"),
        ("done", "dense", "000"),
    ]
    assert seen[:4] == one
    assert seen[-2:] == [("started", "int4", "002"), ("done", "int4", "002")]
    epochs = [
        (event.epoch, event.epochs, event.images) for event in events if event.kind == "epoch"
    ]
    assert epochs == [(1, 2, 60), (2, 2, 60)] * 3
    assert [event.reason for event in events if event.kind == "note"] == [
        "runner loop: asked for",
        "arithmetic: float32 throughout",
    ]


def test_running_again_keeps_what_is_there(trained):
    out, _ = trained
    events = []
    before = (out / "dense" / "manifest.json").read_bytes()
    assert (
        train_population(DENSE, out, runner="loop", progress=events.append, scale="smoke")
        == out / "dense"
    )
    assert [(event.kind, event.member) for event in events] == [
        ("kept", "000"),
        ("kept", "001"),
        ("kept", "002"),
    ]
    assert (out / "dense" / "manifest.json").read_bytes() == before


def test_pruned_members_are_as_sparse_as_their_record_says(tmp_path):
    pruned = DENSE.under(MagnitudePruning(sparsity=0.75), name="pruned 75 %")
    folder = train_population(pruned, tmp_path, runner="loop")
    assert folder == tmp_path / "pruned-75"
    assert read_population(folder).manifest.facts["sparsity"] == 0.75
    weights = load_file(folder / "weights" / "001.safetensors")
    zeros = sum(int((value == 0).sum()) for value in weights.values() if value.ndim >= 2)
    assert zeros == 0.75 * (64 * 8 + 8 * 3)


def test_interventions_after_training_follow_one_another(tmp_path):
    finetune = Recipe(epochs=1, lr=0.001)
    both = DENSE.under(OneShotPruning(0.5, finetune), WeightQuantization(bits=3), name="both")
    facts = read_population(train_population(both, tmp_path, runner="loop")).manifest.facts
    assert (facts["sparsity"], facts["bits"]) == (0.5, 3)
    weight = load_file(tmp_path / "both" / "weights" / "000.safetensors")["1.weight"]
    assert len(weight[0].unique()) <= 7


def test_a_failing_member_is_recorded_and_its_child_too_and_the_others_go_on(tmp_path):
    bad = SeedPlan().member("fragile", 1)["init"]
    fragile = Population("fragile", Blobs(), Fragile(bad), RECIPE, members=3)
    events = []
    train_population(
        fragile.under(WeightQuantization(4), name="q"),
        tmp_path,
        runner="loop",
        progress=events.append,
    )
    parent, child = read_population(tmp_path / "fragile"), read_population(tmp_path / "q")
    assert [m.status for m in parent.manifest.members] == ["done", "failed", "done"]
    assert parent.manifest.notes == (
        "member 001 failed: RuntimeError: it broke on two lines (blobs.py, line 52, in build)",
    )
    assert child.manifest.notes == ("member 001 failed: its parent member in 'fragile' failed",)
    assert (parent.M, child.M) == (2, 2)
    assert [(e.population, e.member) for e in events if e.kind == "failed"] == [
        ("fragile", "001"),
        ("q", "001"),
    ]


def test_a_failed_parent_member_is_tried_again_once_for_all_that_derives_from_it(tmp_path):
    bad = SeedPlan().member("fragile", 0)["init"]
    fragile = Population("fragile", Blobs(), Fragile(bad), RECIPE, members=2)
    train_population(fragile, tmp_path, runner="loop")
    before = (tmp_path / "fragile" / "manifest.json").read_bytes()
    events = []
    with Trainer(tmp_path, Machine("loop"), progress=events.append) as trainer:
        for bits in (4, 3):
            trainer.train(fragile.under(WeightQuantization(bits), name=f"int{bits}"))
    assert [(e.kind, e.member) for e in events if e.population == "fragile" and e.member] == [
        ("kept", "001"),
        ("started", "000"),
        ("failed", "000"),
    ]
    assert (tmp_path / "fragile" / "manifest.json").read_bytes() == before


def test_a_parent_outside_grows_with_what_derives_from_it(tmp_path):
    train_population(
        replace(INT4, members=2, parent=replace(DENSE, members=2)), tmp_path, runner="loop"
    )
    train_population(INT4, tmp_path, runner="loop")
    assert [m.status for m in read_population(tmp_path / "int4").manifest.members] == ["done"] * 3


def test_a_finished_population_of_another_runner_is_refused_before_anything_is_trained(tmp_path):
    train_population(DENSE, tmp_path, runner="loop")
    events = []
    with pytest.raises(
        RecordError, match="holds other members: runner: 'loop' there, 'stacked/4' wanted"
    ):
        train_population(
            replace(DENSE, members=4), tmp_path, runner="stacked", workers=1, progress=events.append
        )
    assert [e.kind for e in events] == ["kept"] * 3


def test_a_disk_with_room_for_what_is_left_is_enough(tmp_path, monkeypatch):
    train_population(DENSE, tmp_path, runner="loop")
    full = namedtuple("usage", "total used free")(0, 0, 0)
    monkeypatch.setattr("undertow.records.taking_over.shutil.disk_usage", lambda place: full)
    assert train_population(DENSE, tmp_path, runner="loop") == tmp_path / "dense"
    with pytest.raises(
        UserError, match="0 MB are free; free some disk space or choose another folder"
    ):
        train_population(replace(DENSE, members=4), tmp_path, runner="loop")


def test_weights_count_as_what_the_disk_must_hold(tmp_path, monkeypatch):
    wide = replace(DENSE, model=MLP(hidden=(20_000,)))
    little = namedtuple("usage", "total used free")(0, 0, 10_000_000)
    monkeypatch.setattr("undertow.records.taking_over.shutil.disk_usage", lambda place: little)
    with pytest.raises(UserError, match="3 members need about 16 MB and 10 MB are free"):
        train_population(wide, tmp_path, runner="loop")


def test_a_fine_tuning_in_another_type_of_weights_is_refused(tmp_path):
    shot = DENSE.under(
        OneShotPruning(0.5, finetune=Recipe(epochs=1, precision="float64")), name="shot"
    )
    with pytest.raises(UserError) as caught:
        train_population(shot, tmp_path, runner="loop")
    assert str(caught.value) == (
        "population 'shot': its fine-tuning asks for precision 'float64' and its parents have "
        "'float32'; give both the same"
    )


def test_a_population_in_which_every_member_diverges_is_an_error(tmp_path):
    with pytest.raises(UndertowError) as caught:
        train_population(replace(DENSE, recipe=replace(RECIPE, lr=1e30)), tmp_path, runner="loop")
    assert str(caught.value) == (
        "no member of population 'dense' is of use; member 000 diverged: the loss was nan in epoch "
        "1 of 2"
    )


def test_an_intervention_without_effect_stops_the_population(tmp_path):
    idle = DENSE.under(WeightQuantization(bits=32), name="idle")
    with pytest.raises(NoEffectError) as caught:
        train_population(idle, tmp_path, runner="loop")
    assert str(caught.value) == (
        "population 'idle', member 000: WeightQuantization(bits=32, per_channel=True) moved no "
        "weight: all lie on its levels already; use fewer bits"
    )


def test_missing_parent_weights_are_named(tmp_path):
    train_population(DENSE, tmp_path, runner="loop")
    weights = tmp_path / "dense" / "weights" / "001.safetensors"
    weights.unlink()
    with pytest.raises(UserError) as caught:
        train_population(INT4, tmp_path, runner="loop")
    assert str(caught.value) == (
        f"{weights}: these weights are gone, and 'int4' derives from them; delete "
        f"{tmp_path / 'dense'} and {tmp_path / 'int4'} to train both again"
    )


def test_another_recipe_or_fewer_members_in_the_same_folder_are_refused(tmp_path):
    train_population(DENSE, tmp_path, runner="loop")
    with pytest.raises(RecordError) as caught:
        train_population(
            replace(DENSE, recipe=Recipe(epochs=3, batch=16, lr=0.05)), tmp_path, runner="loop"
        )
    assert str(caught.value) == (
        f"{tmp_path / 'dense'}: holds other members: recipe.epochs: 2 there, 3 wanted; choose "
        "another folder or delete this one"
    )
    with pytest.raises(RecordError, match=r"recipe\.seeds\.SeedPlan\.root: 0 there, 1 wanted"):
        train_population(replace(DENSE, seeds=SeedPlan(root=1)), tmp_path, runner="loop")
    with pytest.raises(RecordError) as caught:
        train_population(replace(DENSE, members=2), tmp_path, runner="loop")
    assert str(caught.value) == (
        f"{tmp_path / 'dense'}: holds member '002', but only 2 members are wanted; choose another "
        "folder or delete this one"
    )


def test_a_finished_population_takes_further_members(tmp_path):
    train_population(replace(DENSE, members=2), tmp_path / "grown", runner="loop")
    train_population(DENSE, tmp_path / "grown", runner="loop")
    train_population(DENSE, tmp_path / "once", runner="loop")
    for file in ("manifest.json", "members/000.parquet", "members/002.parquet"):
        assert (tmp_path / "grown" / "dense" / file).read_bytes() == (
            tmp_path / "once" / "dense" / file
        ).read_bytes()


@pytest.mark.heavy
def test_a_worker_that_dies_is_reported_with_what_to_do(tmp_path):
    with pytest.raises(UndertowError) as caught:
        train_population(replace(DENSE, model=Deadly()), tmp_path, runner="processes", workers=1)
    assert str(caught.value) == (
        "no member of population 'dense' is of use; member 000 failed: its process ended with exit "
        "code 7, see its error above, or try --runner loop"
    )


@pytest.mark.heavy
def test_a_class_that_no_module_holds_travels_to_the_workers(tmp_path):
    @dataclass(frozen=True)
    class Local:
        def build(self, shape_CHW, classes):
            return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))

    local = replace(DENSE, model=Local())
    folders = [
        train_population(local, tmp_path / runner, runner=runner)
        for runner in ("loop", "processes")
    ]
    for member in ("000", "001", "002"):
        alone, beside = (
            (folder / "weights" / f"{member}.safetensors").read_bytes() for folder in folders
        )
        assert alone == beside


@pytest.mark.heavy
def test_what_cannot_be_copied_cannot_be_sent_and_says_so(tmp_path):
    @dataclass(frozen=True)
    class Locked(MLP):
        lock: object = field(default_factory=threading.Lock, repr=False)

    with pytest.raises(UserError) as caught:
        train_population(replace(DENSE, model=Locked()), tmp_path, runner="processes")
    assert str(caught.value) == (
        "population 'dense' cannot be sent to another process (cannot pickle '_thread.lock' "
        "object); choose --runner loop, or keep out of its data, model and interventions what "
        "cannot be copied"
    )


def test_unknown_runners_are_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        train_population(DENSE, tmp_path, runner="threads")
    assert (
        str(caught.value)
        == "there is no runner 'threads': choose from auto, loop, processes, stacked, ray"
    )


@pytest.mark.parametrize("how", ["single", "stacked"])
def test_a_worker_whose_parent_is_gone_is_no_failure_of_a_member(how, tmp_path):
    def gone(event):
        if event.kind == "epoch":
            raise BrokenPipeError

    results = Here().results(work_of(DENSE, tmp_path, ((0, 1, 2),), how), gone)
    with pytest.raises(BrokenPipeError):
        next(results)


def test_what_is_said_about_a_cluster_reaches_it(tmp_path, monkeypatch):
    asked_for, workers = [], cores() + 1

    def played(*given, asked, **named):
        asked_for.append(RayCluster(*given, **named))
        return Here(asked)

    monkeypatch.setattr("undertow.lab.runner.places.cluster.RayCluster", played)
    machine = Machine(
        "ray", workers=workers, device="cpu", address="10.0.0.1:6379", gpus_per_chunk=0.5
    )
    with Trainer(tmp_path, machine) as trainer:
        trainer.train(DENSE)
    (cluster,) = asked_for
    assert (cluster.address, cluster.workers) == ("10.0.0.1:6379", workers)
    assert cluster.needs("cuda") == {"CPU": 1.0, "GPU": 0.5}
