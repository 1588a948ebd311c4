"""What holds for every probe, under every training that the contract of trainings knows: it changes
nothing, it survives a stop at any step, and in a stack it finds what it finds alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

import toys
from blobs import Blobs, BlobsKept
from contracts.test_trainings import (
    CASES,
    MODEL,
    RECIPE,
    STACKED,
    assert_same_bytes,
    given,
    weights,
)
from undertow.card import PROBED
from undertow.errors import RecordError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import (
    Augmented,
    Choices,
    Embedding,
    GradientFlow,
    GraNd,
    LearnedFrom,
    PredictionDepth,
    QScore,
    Snapshots,
    Told,
    Trace,
    TrainingProbabilities,
    VoG,
)
from undertow.lab.probes import trace as trace_module
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.trainer import train_population
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given
from undertow.lab.weights_file import weights_file
from undertow.records.probes import Probed, merged, read_probe, read_series, read_train
from undertow.records.read import read_population
from undertow.records.records import Records
from undertow.records.write import write_records

PROBES = (
    Trace(),
    Trace(every=2, clean=True),
    Trace(clean=True, part="test"),
    Augmented(),
    GradientFlow(moments=2, examples=8),
    PredictionDepth(k=5),
    PredictionDepth(k=5, part="test", pooled=True),
    QScore(over=0.5),
    Embedding(),
    VoG(moments=2),
    GraNd(at=(1, 2)),
    LearnedFrom(),
    TrainingProbabilities(),
    Snapshots((1, 2)),
    Choices(last=1),
    Told(),
    toys.LastGradient(),
)
WITH_HELD_OUT = (*PROBES, Trace(clean=True, part="held_out"))
"""Where something is held out."""


@pytest.fixture(scope="module")
def data():
    return resident(BlobsKept(train=40).load(), dtype=torch.float64)


every_case = pytest.mark.parametrize(
    "case",
    [
        case
        if case in ("supervised", "pretrained")
        else pytest.param(case, marks=pytest.mark.heavy)
        for case in CASES
    ],
)


def probed(training, given, saver=None):
    probing = Probing(WITH_HELD_OUT)
    drive(training, given, saver=saver, probing=probing)
    return probing.kept_M


def assert_same(found, expected):
    """To the last bit, NaN where NaN is."""
    assert found.probed.per_example.keys() == expected.probed.per_example.keys()
    for name, frame in expected.probed.per_example.items():
        assert found.probed.per_example[name].equals(frame), name
    assert found.probed.series.equals(expected.probed.series)
    assert found.snapshots == expected.snapshots


@every_case
def test_probes_change_no_byte(case, data):
    training, acting = CASES[case]
    without, under = given(data, acting), given(data, acting)
    before = torch.random.get_rng_state()
    facts = drive(training, without)
    (kept,) = probed(training, under)
    assert_same_bytes(weights(under), weights(without))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert drive(training, given(data, acting), probing=Probing(PROBES)) == facts
    per_example = {probe.name for probe in WITH_HELD_OUT if probe.entry(2).part}
    traces = {"trace", "trace-clean", "trace-held-out", "trace-test"}
    assert set(kept.probed.per_example) == per_example > traces


@pytest.mark.heavy
@pytest.mark.parametrize("probe", [p for p in PROBES if p.columns], ids=lambda p: p.name)
def test_each_column_has_a_card(probe, trained):
    assert [*read_probe(trained, probe.name).values] == [card.name for card in probe.columns]


@pytest.mark.parametrize(
    ("case", "members"),
    [
        ("supervised", 1),
        *(pytest.param(case, 1, marks=pytest.mark.heavy) for case in CASES if case != "supervised"),
        *(pytest.param(case, 2, marks=pytest.mark.heavy) for case in STACKED),
    ],
)
def test_stopped_at_each_step_they_find_what_they_find_uninterrupted(
    case,
    members,
    data,
    tmp_path,
):
    training, acting = CASES[case]
    whole = probed(training, given(data, acting, members))
    shelf = FolderShelf(tmp_path)
    for _ in range(1, training.steps(data)):
        with pytest.raises(Stopped):
            probed(training, given(data, acting, members), Saver(shelf, "0", asked=lambda: True))
    broken = probed(training, given(data, acting, members), Saver(shelf, "0"))
    for found, expected in zip(broken, whole, strict=True):
        assert_same(found, expected)


@pytest.mark.parametrize(
    "case", [case for case in STACKED if case in ("supervised", "masked", "robust")]
)
@pytest.mark.heavy
def test_in_a_stack_they_find_what_they_find_alone(case, data):
    training, acting = CASES[case]
    together = probed(training, given(data, acting, members=3))
    for m in range(3):
        three = given(data, acting, members=3)
        (alone,) = probed(training, Given(data, [three.models[m]], [three.seeds_M[m]], acting))
        for name, frame in alone.probed.per_example.items():
            for column in frame.columns:
                found = together[m].probed.per_example[name][column].to_numpy()
                np.testing.assert_allclose(found, frame[column].to_numpy(), rtol=1e-3, atol=1e-6)
        found, expected = (k.probed.series.to_numpy() for k in (together[m], alone))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_a_checkpoint_without_probes_is_not_gone_on_from_with_them(data, tmp_path):
    """Its earlier epochs would be missing."""
    shelf = FolderShelf(tmp_path)
    with pytest.raises(Stopped):
        drive(Supervised(RECIPE), given(data, ()), saver=Saver(shelf, "0", asked=lambda: True))
    (whole,) = probed(Supervised(RECIPE), given(data, ()))
    (found,) = probed(Supervised(RECIPE), given(data, ()), Saver(shelf, "0"))
    assert_same(found, whole)


@pytest.mark.parametrize("probe", WITH_HELD_OUT, ids=lambda p: p.name)
def test_its_description_round_trips(probe):
    names = {type(each).__name__: type(each) for each in PROBES}
    assert eval(repr(probe), names) == probe
    assert probe.entry(4).description == repr(probe)


def dense(members=2, probes=PROBES, **changed):
    return Population("dense", Blobs(train=40), MODEL, RECIPE, members, probes=probes, **changed)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("probed")
    return train_population(dense(), out, runner="loop")


@pytest.mark.heavy
def test_the_record_holds_them_and_says_what_they_are(trained):
    trace = read_probe(trained, "trace")
    assert (trace.entry.part, trace.entry.mode, trace.entry.view) == ("train", "train", "augmented")
    assert trace.entry.epochs == (1, 2)
    assert {name: values.shape for name, values in trace.values.items()} == dict.fromkeys(
        ("loss", "margin", "error", "predicted"), (2, 40, 2)
    )
    assert trace.example_id_N.to_list() == list(Blobs(train=40).load().train.example_id_N)
    assert trace.label_N.tolist() == Blobs(train=40).load().train.label_N.tolist()
    assert read_probe(trained, "trace-test").values["loss"].shape == (2, 30, 2)
    assert read_train(trained).columns[:2] == ["example_id", "label"]
    series = read_series(trained)
    assert series["member"].to_list() == ["000", "000", "001", "001"]
    assert series["epoch"].to_list() == [1, 2, 1, 2]
    assert {"egf1", "norm2", "last"} <= set(series.columns)
    kept = sorted(p.name for p in (trained / "weights").glob("*@*.safetensors"))
    assert kept == [
        f"{member}@{epoch}.safetensors" for member in ("000", "001") for epoch in (1, 2)
    ]
    clean = read_probe(trained, "trace-clean").entry
    assert (clean.part, clean.mode, clean.view) == ("train", "eval", "clean")


@pytest.mark.heavy
def test_a_population_without_probes_is_a_record_that_older_versions_read(tmp_path, trained):
    plain = read_population(train_population(dense(probes=()), tmp_path, runner="loop"))
    assert plain.manifest.format == "undertow-records/1"
    text = (tmp_path / "dense" / "manifest.json").read_text()
    assert not any(word in text for word in ("probes", "series", "train_sha256"))
    under = read_population(trained)
    assert under.manifest.format == "undertow-records/2"
    assert (under.proba_MNC == plain.proba_MNC).all()


@pytest.mark.heavy
def test_saved_anew_a_population_is_without_them(trained, tmp_path):
    records: Records = read_population(trained)
    write_records(records, tmp_path / "again")
    assert read_population(tmp_path / "again").manifest.format == "undertow-records/1"


@pytest.mark.parametrize("runner", ["processes", "stacked"])
@pytest.mark.heavy
def test_every_runner_brings_them(runner, trained, tmp_path):
    folder = train_population(dense(), tmp_path, runner=runner, workers=2)
    for name in (probe.name for probe in PROBES if probe.entry(2).part):
        for column, values in read_probe(folder, name).values.items():
            expected = read_probe(trained, name).values[column]
            np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-6)
    assert read_series(folder).shape == read_series(trained).shape


@pytest.mark.heavy
def test_a_member_that_lacks_a_file_of_its_probes_is_made_again(tmp_path):
    folder = train_population(dense(), tmp_path, runner="loop")
    before = {p: p.read_bytes() for p in folder.rglob("*.parquet")}
    (folder / "probes" / "trace" / "001.parquet").unlink()
    (folder / "series" / "000.parquet").unlink()
    assert train_population(dense(), tmp_path, runner="loop") == folder
    assert {p: p.read_bytes() for p in folder.rglob("*.parquet")} == before


@pytest.mark.heavy
def test_an_edited_file_is_refused_by_name(tmp_path):
    folder = train_population(dense(probes=(Trace(),)), tmp_path, runner="loop")
    path = folder / "probes" / "trace" / "000.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(RecordError) as caught:
        read_probe(folder, "trace")
    assert str(caught.value).startswith(
        f"{path}: is not the file that manifest.json knows (SHA-256"
    )


@pytest.mark.heavy
def test_what_is_not_there_is_named(tmp_path, trained):
    plain = train_population(dense(probes=()), tmp_path, runner="loop")
    for read, said in (
        (
            lambda: read_probe(trained, "loss"),
            f"{trained}: has no probe 'loss' with values of examples; it has "
            + ", ".join(probe.name for probe in PROBES if probe.entry(2).part),
        ),
        (
            lambda: read_probe(plain, "trace"),
            f"{plain}: has no probe 'trace' with values of examples; its members were trained "
            "without any",
        ),
        (
            lambda: read_series(plain),
            f"{plain}: has no series/; no probe of this population has values per epoch alone",
        ),
        (
            lambda: read_train(plain),
            f"{plain}: has no train.parquet; no probe looked at its training part, and it is the "
            "data set's own",
        ),
    ):
        with pytest.raises(RecordError) as caught:
            read()
        assert str(caught.value) == said


@pytest.mark.heavy
def test_members_without_a_probe_do_not_serve_one_that_asks_for_it(tmp_path):
    folder = train_population(dense(probes=(Trace(),)), tmp_path, runner="loop")
    assert train_population(dense(probes=()), tmp_path, runner="loop") == folder
    for declared, said in (
        (
            dense(probes=(Trace(), GradientFlow())),
            f"{folder}: holds members that were trained without the probe 'gradient-flow', and "
            "GradientFlow(moments=11, examples=512) is measured while a member trains; choose "
            "another folder, or delete this one to train them again",
        ),
        (
            dense(probes=(Trace(every=2),)),
            f"{folder}: holds members that were trained with Trace(every=1, clean=False, "
            "part='train'), and Trace(every=2, clean=False, part='train') is measured while a "
            "member trains; choose another folder, or delete this one to train them again",
        ),
        (
            dense(members=3, probes=()),
            f"{folder}: holds members with Trace(every=1, clean=False, part='train'), which "
            "further members would lack; ask for it again, or choose another folder",
        ),
    ):
        with pytest.raises(RecordError) as caught:
            train_population(declared, tmp_path, runner="loop")
        assert str(caught.value) == said


def test_probes_that_cannot_be_are_refused_when_declared():
    for declare, said in (
        (
            lambda: dense(probes=(Trace(), Trace(every=2))),
            "population 'dense': two probes are called 'trace'; leave one out",
        ),
        (
            lambda: dense().under(
                OneShotPruning(0.5), OneShotPruning(0.9), name="twice", probes=(Trace(),)
            ),
            "population 'twice' derives from 'dense' by 0 trainings, and probes look at one; put "
            "them on its parent",
        ),
        (
            lambda: Trace(every=0),
            "Trace(every=0, clean=False, part='train'): every is a number of epochs, 1 or more",
        ),
        (
            lambda: Trace(part="test"),
            "Trace(every=1, clean=False, part='test'): no step sees the test part; give clean=True",
        ),
        (
            lambda: GradientFlow(moments=0),
            "GradientFlow(moments=0, examples=512): give 1 moment and 2 examples, or more",
        ),
        (
            lambda: Snapshots((2, 1)),
            "Snapshots(epochs=(2, 1)): epochs are whole numbers that rise, from 1 on",
        ),
        (
            lambda: Snapshots((1.5,)),
            "Snapshots(epochs=(1.5,)): epochs are whole numbers that rise, from 1 on",
        ),
        (
            lambda: Snapshots((1, 9)).entry(2),
            "Snapshots(epochs=(1, 9)): the training has 2 epochs; give epochs up to that",
        ),
        (
            lambda: Trace(clean=True, part="validation"),
            "Trace(every=1, clean=True, part='validation'): there is no such part; choose train, "
            "held_out or test",
        ),
        (
            lambda: Trace(part="held_out"),
            "Trace(every=1, clean=False, part='held_out'): no step sees the held-out part; give "
            "clean=True",
        ),
        (
            lambda: dense(probes=Trace()),
            "population 'dense': probes=Trace(every=1, clean=False, part='train'); give a tuple of "
            "probes, such as (Trace(),)",
        ),
    ):
        with pytest.raises(ValueError) as caught:
            declare()
        assert str(caught.value) == said


def test_who_trains_under_an_intervention_is_measured_by_the_same_probes():
    pruned = dense().under(MagnitudePruning(0.5), name="pruned")
    assert pruned.probes == PROBES
    assert dense().under(OneShotPruning(0.5), name="derived").probes == ()


@pytest.mark.parametrize("tuned", [OneShotPruning(0.5, RECIPE)])
@pytest.mark.heavy
def test_fine_tuning_is_measured_where_members_derive(tuned, tmp_path):
    derived = dense(probes=()).under(tuned, name="derived", probes=(Trace(),))
    for runner in ("loop", "stacked"):
        folder = train_population(derived, tmp_path / runner, runner=runner, workers=1)
        assert read_probe(folder, "trace").values["loss"].shape == (2, 40, 2)


@pytest.mark.heavy
def test_a_snapshot_is_of_its_member_and_its_epoch(trained):
    """In a stack and alone: all of them differ, and the last one is the final weights."""
    for folder in (trained,):
        files = {p.name: p.read_bytes() for p in (folder / "weights").glob("*.safetensors")}
        assert len(set(files.values())) == 4
        assert files["000@2.safetensors"] == files["000.safetensors"]
        assert files["001@2.safetensors"] == files["001.safetensors"]


def test_snapshots_of_a_stack_are_each_members_own(data):
    together = probed(Supervised(RECIPE), whole := given(data, (), members=3))
    for kept, model in zip(together, whole.models, strict=True):
        assert kept.snapshots[2] == weights_file(model)
    assert len({kept.snapshots[1] for kept in together}) == 3


@pytest.mark.parametrize("members", [1, pytest.param(2, marks=pytest.mark.heavy)])
def test_what_an_epoch_under_way_has_seen_survives_a_stop(members, data, tmp_path, monkeypatch):
    """Also where each step's logits are looked at at once."""
    monkeypatch.setattr(trace_module, "AT_ONCE", 1)
    training = Supervised(RECIPE)
    whole = probed(training, given(data, (), members))
    shelf = FolderShelf(tmp_path)
    for _ in range(1, training.steps(data)):
        with pytest.raises(Stopped):
            probed(training, given(data, (), members), Saver(shelf, "0", asked=lambda: True))
    for found, expected in zip(
        probed(training, given(data, (), members), Saver(shelf, "0")), whole, strict=True
    ):
        assert_same(found, expected)


@dataclass(frozen=True)
class OwnParametrization:
    """A model with a weight that is computed from others: of a direction and a length, or divided
    by what each reading in train mode changes."""

    kind: str

    def build(self, shape_CHW, classes):
        made = {"weight": weight_norm, "spectral": spectral_norm}[self.kind]
        return nn.Sequential(nn.Flatten(), made(nn.Linear(64, 8)), nn.ReLU(), nn.Linear(8, classes))


@dataclass(frozen=True)
class Counting:
    """A model that counts its passes in eval mode too."""

    def build(self, shape_CHW, classes):
        model = MLP((8,)).build(shape_CHW, classes)
        model.register_buffer("calls", torch.zeros(()))

        def count(module, x, y):
            module.calls += 1

        model.register_forward_hook(count)
        return model


@pytest.mark.parametrize(
    "model", [OwnParametrization("weight"), OwnParametrization("spectral"), Counting()], ids=repr
)
def test_probes_change_no_byte_of_unusual_models(model, data):
    without, under = given(data, (), model=model), given(data, (), model=model)
    drive(Supervised(RECIPE), without)
    (kept,) = probed(Supervised(RECIPE), under)
    assert_same_bytes(weights(under), weights(without))
    fresh = model.build((1, 8, 8), 3)
    fresh.load_state_dict(load(kept.snapshots[2]))  # all that it is made of is there


@pytest.mark.heavy
def test_a_member_that_diverges_leaves_the_others_values_where_they_are(tmp_path):
    """The member before it, and the one after, alone and in a stack."""
    seed = SeedPlan().member("odd", 1)["init"]
    found = {}
    for runner in ("loop", "stacked"):
        odd = Population("odd", Blobs(train=40), Explodes(seed), RECIPE, 3, probes=(Trace(),))
        folder = train_population(odd, tmp_path / runner, runner=runner, workers=1)
        found[runner] = read_probe(folder, "trace")
    assert found["loop"].members == found["stacked"].members == ("000", "002")
    for name, values in found["loop"].values.items():
        np.testing.assert_allclose(found["stacked"].values[name], values, rtol=1e-3, atol=1e-6)


@dataclass(frozen=True)
class Explodes:
    """Of one seed, a model whose outputs are no numbers."""

    bad: int

    def build(self, shape_CHW, classes):
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, classes))
        if torch.initial_seed() == self.bad:
            model[1].weight.data.fill_(torch.nan)
        return model


@pytest.mark.parametrize(
    "lost", ["probes/trace/001.parquet", "series/000.parquet", "train.parquet"]
)
@pytest.mark.parametrize("how", [pytest.param("removed", marks=pytest.mark.heavy), "cut"])
@pytest.mark.heavy
def test_what_is_lost_or_cut_is_made_again(lost, how, tmp_path):
    folder = train_population(dense(), tmp_path, runner="loop")
    before = {p: p.read_bytes() for p in folder.rglob("*.parquet")}
    path = folder / lost
    path.unlink() if how == "removed" else path.write_bytes(path.read_bytes()[:100])
    train_population(dense(), tmp_path, runner="loop")
    assert {p: p.read_bytes() for p in folder.rglob("*.parquet")} == before


@pytest.mark.heavy
def test_an_edited_series_or_table_is_refused_by_name(tmp_path):
    folder = train_population(dense(), tmp_path, runner="loop")
    for path, read in (
        (folder / "series" / "000.parquet", lambda: read_series(folder)),
        (folder / "train.parquet", lambda: read_train(folder)),
    ):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        with pytest.raises(RecordError) as caught:
            read()
        assert str(caught.value).startswith(f"{path}: is not the file that manifest.json knows")


def test_two_series_with_epochs_of_their_own_stand_side_by_side():
    one = Probed({}, pl.DataFrame({"epoch": [1, 3], "a": [1.0, 3.0]}))
    other = Probed({}, pl.DataFrame({"epoch": [2, 3], "b": [2.0, 3.0]}))
    series = merged([one, other]).series
    assert series.rows() == [(1, 1.0, None), (2, None, 2.0), (3, 3.0, 3.0)]
    with pytest.raises(ValueError, match="two probes write the column 'a' of a series"):
        merged([one, one])


def test_columns_that_have_words_of_their_own_are_columns_of_probes():
    columns = {column.name for probe in PROBES for column in probe.columns}
    assert set(PROBED) <= columns
