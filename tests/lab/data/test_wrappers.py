"""Data sets that wrap another: parts held out, labels made wrong, another test part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from blobs import Blobs
from undertow.audit import audit
from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.lab.data import (
    Digits,
    FlooredLongTail,
    Half,
    HeldOut,
    LongTail,
    LongTailed,
    OnHeldOut,
    TestedOn,
    WrongLabels,
)
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.streamed import streamed
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.runtime import TorchaoLinearInt8
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe, read_train
from undertow.records.read import read_population

DATA = Blobs(train=120)
RECIPE = Recipe(epochs=3, batch=16, lr=0.05)


def test_a_share_of_each_class_is_held_out_and_nothing_is_in_both():
    whole, cut = DATA.load(), HeldOut(DATA, 0.25).load()
    assert sorted((*cut.train.example_id_N, *cut.held_out.example_id_N)) == sorted(
        whole.train.example_id_N
    )
    for label in range(3):
        of_class = int((whole.train.label_N == label).sum())
        assert int((cut.held_out.label_N == label).sum()) == int(0.25 * of_class + 0.5)
    assert (cut.mean, cut.std) == (whole.mean, whole.std)
    row = whole.train.example_id_N.index(cut.held_out.example_id_N[5])
    assert (cut.held_out.x_NCHW[5] == whole.train.x_NCHW[row]).all()
    assert cut.held_out.slices["half"][5] == whole.train.slices["half"][row]


@pytest.mark.parametrize("data", [DATA, Digits()])
def test_a_wrapper_adds_a_slice_as_the_docstring_says(data):
    """To a part with slices and to one without."""
    part = data.load().train
    marks = pl.Series("mark", ["x"] * len(part.label_N))
    columns = pl.DataFrame([*part.slices, marks])
    assert columns.columns == [*part.slices.columns, "mark"]
    assert columns["mark"].equals(marks)


def test_a_larger_share_holds_a_smaller_one_and_seeds_differ():
    label_N = DATA.load().train.label_N
    few_N, many_N = (drawn_by_class(label_N, share, 0) for share in (0.1, 0.4))
    assert (few_N <= many_N).all()
    assert (drawn_by_class(label_N, 0.4, 1) != many_N).any()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_part_without_examples_of_a_class_is_refused(share):
    count = int((DATA.load().train.label_N == 0).sum())
    with pytest.raises(UserError) as caught:
        HeldOut(DATA, share).load()
    assert str(caught.value) == (
        f"HeldOut(data={DATA!r}, share={share}, seed=0): of the {count} training examples of "
        f"'dark' it leaves {count if share == 0 else 0}; both parts need one. Give another share"
    )


def test_the_feed_gives_what_is_held_out_from_memory_and_from_disk():
    splits = HeldOut(DATA, 0.25).load()
    one, other = resident(splits), streamed(splits)
    assert one.held_out_y_N.tolist() == splits.held_out.label_N.tolist()
    assert one.train_slices.equals(splits.train.slices)
    assert other.train_slices.equals(splits.train.slices)
    assert other.held_out_y_N.tolist() == splits.held_out.label_N.tolist()
    pairs = list(zip(one.held_out_batches(7), other.held_out_batches(7), strict=True))
    assert sum(len(a) for a, _ in pairs) == len(splits.held_out.label_N)
    assert all((a == b).all() for a, b in pairs)
    bare = DATA.load()
    assert not list(resident(bare).held_out_batches(7))
    assert not list(streamed(bare).held_out_batches(7))


def test_a_share_of_labels_is_wrong_and_said_to_be():
    whole, noisy = DATA.load(), WrongLabels(DATA, 0.3).load()
    names = np.array(whole.classes)
    wrong_N = noisy.train.slices["mislabelled"].to_numpy() == "yes"
    assert (noisy.train.slices["true_label"].to_numpy() == names[whole.train.label_N]).all()
    assert ((noisy.train.label_N != whole.train.label_N) == wrong_N).all()
    for label in range(3):
        of_class_N = whole.train.label_N == label
        assert wrong_N[of_class_N].sum() == int(0.3 * of_class_N.sum() + 0.5)
    assert (noisy.test.label_N == whole.test.label_N).all()
    assert set(noisy.train.label_N[wrong_N]) == {0, 1, 2}


def test_wrong_labels_are_as_likely_any_other_class():
    big = replace(DATA, train=6000)
    right_N, noisy = big.load().train.label_N, WrongLabels(big, 1.0).load()
    away = np.bincount((noisy.train.label_N - right_N) % 3, minlength=3)
    assert away[0] == 0
    assert abs(away[1] / 6000 - 0.5) < 0.03


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_cannot_be_is_refused(share):
    with pytest.raises(UserError) as caught:
        WrongLabels(DATA, share).load()
    assert str(caught.value) == (
        f"WrongLabels(data={DATA!r}, share={share!r}, seed=0, fixed_points=False): a share of 0 to "
        "1, and two classes or more, are needed"
    )


def test_the_record_says_what_was_trained_on(tmp_path):
    data = HeldOut(WrongLabels(DATA, 0.3), 0.25)
    population = Population("noisy", data, MLP((8,)), RECIPE, 2, probes=(Trace(),))
    folder = train_population(population, tmp_path, runner="loop")
    train, splits = read_train(folder), data.load()
    assert train.height == 120
    assert train["held_out"].value_counts().sort("held_out").rows() == [("no", 90), ("yes", 30)]
    trace = read_probe(folder, "trace")
    assert trace.example_id_N.to_list() == list(splits.train.example_id_N)
    rows = train.filter(train["held_out"] == "no")
    assert rows["label"].to_list() == splits.train.label_N.tolist()
    assert {"true_label", "mislabelled", "half"} <= set(train.columns)
    # what is wrong on purpose is learned last
    wrong_N = (rows["mislabelled"] == "yes").to_numpy()
    loss_N = trace.values["loss"][:, :, -1].astype(float).mean(0)
    assert loss_N[wrong_N].mean() > loss_N[~wrong_N].mean()
    plain = replace(population, name="plain", data=WrongLabels(DATA, 0.3), probes=())
    assert "held_out" not in read_train(train_population(plain, tmp_path, runner="loop")).columns


@dataclass(frozen=True)
class Darker(Blobs):
    def load(self):
        splits = super().load()
        test = replace(splits.test, x_NCHW=splits.test.x_NCHW // 2)
        return replace(splits, test=test, mean=(0.1,), std=(0.1,))


@pytest.mark.heavy
def test_members_are_asked_about_another_test_part_without_training(tmp_path):
    dense = Population("dense", DATA, MLP((8,)), RECIPE, 2)
    pruned = dense.under(MagnitudePruning(0.5), name="pruned")
    folders = {}
    for population in (dense, pruned):
        train_population(population, tmp_path, runner="loop")
        for name, data in (("same", Blobs(train=7)), ("dark", Darker())):
            on = population.on(data, f"{population.name} on {name}")
            folders[population.name, name] = train_population(on, tmp_path, runner="loop")
    own = read_population(tmp_path / "dense")
    same, dark = (read_population(folders["dense", name]) for name in ("same", "dark"))
    assert (same.proba_MNC == own.proba_MNC).all()
    assert dark.correct_MN.mean() < same.correct_MN.mean()
    assert dark.manifest.parent == "dense"
    # normalised as in training, whatever the other data set says of itself
    splits = TestedOn(DATA, Darker()).load()
    assert (splits.mean, splits.std) == (DATA.load().mean, DATA.load().std)
    found = audit(dark, [read_population(folders["pruned", "dark"])])
    assert found.variants[0].arm.members == 2


@pytest.mark.heavy
def test_a_stack_and_a_derived_population_are_asked_too(tmp_path):
    dense = Population("dense", DATA, MLP((8,)), RECIPE, 2)
    rounded = dense.under(WeightQuantization(4), name="int4")
    for population in (dense, rounded):
        train_population(population, tmp_path, runner="stacked", workers=1)
    on = rounded.on(Blobs(train=7), "int4 on same")
    found = read_population(train_population(on, tmp_path, runner="auto", workers=1))
    expected = read_population(tmp_path / "int4")
    assert (found.proba_MNC == expected.proba_MNC).all()


def test_other_classes_or_sizes_cannot_be_asked_about():
    @dataclass(frozen=True)
    class Renamed(Blobs):
        def load(self):
            return replace(super().load(), classes=("a", "b", "c"))

    @dataclass(frozen=True)
    class Small(Blobs):
        def load(self):
            splits = super().load()
            return replace(splits, test=replace(splits.test, x_NCHW=splits.test.x_NCHW[..., :4]))

    for other, said in (
        (
            Renamed(),
            "the classes are dark, grey, light and a, b, c; a network answers with those that it "
            "learned, so name the others' alike",
        ),
        (
            Small(),
            "images are (channels, height, width) = (1, 8, 8) and (1, 8, 4); give test images of "
            "the size that was trained on",
        ),
    ):
        with pytest.raises(UserError) as caught:
            TestedOn(DATA, other).load()
        assert str(caught.value) == f"{TestedOn(DATA, other)!r}: {said}"


def test_an_engine_is_asked_again():
    dense = Population("dense", DATA, MLP((8,)), RECIPE, 2)
    engine = dense.under(TorchaoLinearInt8(), name="int8")
    assert engine.on(Darker(), "int8 on dark").interventions == engine.interventions


def test_whoever_is_asked_about_other_data_is_a_parent_and_nothing_is_trained():
    dense = Population("dense", DATA, MLP((8,)), RECIPE, 2)
    student = dense.under(Distillation(), name="student", teacher=dense, probes=(Trace(),))
    on = student.on(Darker(), "student on dark")
    assert (on.name, on.data, on.parent) == ("student on dark", TestedOn(DATA, Darker()), student)
    assert (on.interventions, on.teacher, on.probes, on.members) == ((), None, (), 2)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_cannot_be_held_out_is_refused(share):
    for seed in (0, -1):
        with pytest.raises(UserError) as caught:
            HeldOut(DATA, share, seed).load()
        assert str(caught.value) == (
            f"share={share!r}, seed={seed}: a share of 0 to 1 and a seed of 0 or more are needed"
        )


def test_a_data_set_without_slices_is_wrapped_too():
    noisy = WrongLabels(Digits(), 0.2).load()
    assert noisy.train.slices.columns == ["true_label", "mislabelled"]
    assert noisy.train.slices.height == len(noisy.train.label_N)
    assert HeldOut(WrongLabels(Digits(), 0.2), 0.1).load().held_out.slices.width == 2


def test_what_was_held_out_before_keeps_its_right_labels(tmp_path):
    data = WrongLabels(HeldOut(DATA, 0.25), 0.5)
    splits, whole = data.load(), DATA.load()
    right = dict(zip(whole.train.example_id_N, whole.train.label_N.tolist(), strict=True))
    held = splits.held_out
    assert held.label_N.tolist() == [right[i] for i in held.example_id_N]
    assert set(held.slices["mislabelled"]) == {"no"}
    population = Population("noisy", data, MLP((8,)), RECIPE, 1)
    train = read_train(train_population(population, tmp_path, runner="loop"))
    assert train.filter(train["held_out"] == "yes")["mislabelled"].to_list() == ["no"] * 30


def test_the_new_labels_follow_their_seed():
    one, other = (WrongLabels(DATA, 1.0, seed).load().train.label_N for seed in (0, 1))
    assert (one != other).any()
    assert (one == WrongLabels(DATA, 1.0, 0).load().train.label_N).all()


def test_wrapping_twice_in_the_same_way_is_refused():
    for data, said in (
        (
            HeldOut(HeldOut(DATA, 0.25), 0.25),
            "some of its examples are held out already; hold out once",
        ),
        (
            WrongLabels(WrongLabels(DATA, 0.2), 0.2),
            "its training labels were changed already; change them once",
        ),
    ):
        with pytest.raises(UserError) as caught:
            data.load()
        assert str(caught.value) == f"{data!r}: {said}"


def test_a_slice_called_as_the_records_own_is_refused(tmp_path):
    @dataclass(frozen=True)
    class Named(Blobs):
        def load(self):
            splits = super().load()
            slices = splits.train.slices.rename({"half": "held_out"})
            return replace(splits, train=replace(splits.train, slices=slices))

    population = Population("named", Named(), MLP((8,)), RECIPE, 1, probes=(Trace(),))
    with pytest.raises(UserError) as caught:
        train_population(population, tmp_path, runner="loop")
    assert str(caught.value) == (
        "blobs: a slice of its training part is called 'held_out', which the record says itself; "
        "rename it"
    )


def test_halves_are_every_other_example_and_together_the_whole():
    noisy = WrongLabels(DATA, 0.2)
    whole, even, odd = (d.load() for d in (noisy, Half(noisy, "even"), Half(noisy, "odd")))
    assert even.train.example_id_N == whole.train.example_id_N[::2]
    assert odd.train.example_id_N == whole.train.example_id_N[1::2]
    assert (odd.train.x_NCHW == whole.train.x_NCHW[1::2]).all()
    assert odd.train.slices.equals(whole.train.slices[1::2])
    assert even.test.example_id_N == whole.test.example_id_N
    assert (even.mean, even.std, even.recorded) == (whole.mean, whole.std, True)


def test_a_half_that_cannot_be_is_refused():
    with pytest.raises(UserError) as caught:
        Half(DATA, "left")
    assert str(caught.value) == (
        f"Half(data={DATA!r}, which='left'): there is no such half; choose even or odd"
    )
    one = Half(Blobs(train=4), "odd")
    with pytest.raises(UserError) as caught:
        one.load()
    assert str(caught.value) == (
        f"{one!r}: no example of 'light' is in this half; take data with more examples of it"
    )


def test_a_teacher_may_have_other_rows_of_the_same_data_and_no_other_data():
    teacher = Population("odd", Half(DATA, "odd"), MLP((8,)), RECIPE, 1)
    for data in (DATA, Half(DATA, "even")):
        student = Population("even", data, MLP((8,)), RECIPE, 1)
        assert student.under(Distillation(), name="student", teacher=teacher).teacher == teacher
    student = Population("even", Half(Blobs(train=60), "even"), MLP((8,)), RECIPE, 1)
    with pytest.raises(ValueError, match="give both the same"):
        student.under(Distillation(), name="student", teacher=teacher)


BALANCED = Digits()
"""About as many examples of each class."""


@pytest.mark.parametrize("tail", [LongTail(20.0), FlooredLongTail(20.0, seed=3)], ids=repr)
def test_a_tail_leaves_what_is_held_out_and_the_test_part_whole(tail):
    cut = HeldOut(BALANCED, 0.25)
    before, after = cut.load(), LongTailed(cut, tail).load()
    assert after.held_out.example_id_N == before.held_out.example_id_N
    assert after.test.example_id_N == before.test.example_id_N
    whole_C = np.bincount(BALANCED.load().train.label_N)
    held_C = np.bincount(after.held_out.label_N)
    assert held_C.tolist() == [int(0.25 * count + 0.5) for count in whole_C]
    count_C = np.bincount(after.train.label_N)
    assert count_C.tolist() == tail.counts(np.bincount(before.train.label_N)).tolist()
    assert count_C[0] / count_C[-1] >= 15
    assert (after.mean, after.std) == (before.mean, before.std)
    assert after.recorded


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_what_is_held_out_meets_neither_training_nor_test(share):
    """By ids and by pixels; of what the tail leaves away, neither has anything."""
    splits = LongTailed(HeldOut(BALANCED, share), LongTail(10.0)).load()
    parts = [splits.train, splits.held_out, splits.test]
    ids = [set(part.example_id_N) for part in parts]
    pixels = [{x.tobytes() for x in part.x_NCHW} for part in parts]
    for one in range(3):
        assert len(ids[one]) == len(parts[one].label_N)
        for other in range(one):
            assert not ids[one] & ids[other]
            assert not pixels[one] & pixels[other]
    assert ids[0] | ids[1] < set(BALANCED.load().train.example_id_N)


def test_every_part_is_told_how_often_its_class_is_trained_on():
    splits = LongTailed(HeldOut(DATA, 0.25), LongTail(4.0)).load()
    count_C = np.bincount(splits.train.label_N)
    for part in (splits.train, splits.held_out, splits.test):
        assert part.slices["train_count"].to_list() == count_C[part.label_N].tolist()
        assert part.slices.columns == ["half", "frequency", "train_count"]


def test_a_second_tail_is_refused():
    twice = LongTailed(LongTailed(DATA, LongTail(2.0)), LongTail(4.0))
    with pytest.raises(UserError) as caught:
        twice.load()
    assert str(caught.value) == f"{twice!r}: its data have a long tail already; give them one"


def test_the_feed_has_slices_of_what_is_held_out():
    splits = HeldOut(DATA, 0.25).load()
    for feed in (resident(splits), streamed(splits)):
        assert feed.held_out_slices.equals(splits.held_out.slices)
    assert not len(resident(DATA.load()).held_out_slices)


def test_what_is_held_out_stands_in_for_the_test_part():
    cut = HeldOut(DATA, 0.25)
    asked = OnHeldOut(cut).load()
    assert asked.test.example_id_N == cut.load().held_out.example_id_N
    assert asked.train.example_id_N == cut.load().train.example_id_N
    assert asked.held_out is None
    with pytest.raises(UserError) as caught:
        OnHeldOut(DATA).load()
    assert str(caught.value) == (
        f"OnHeldOut(data={DATA!r}): nothing is held out in these data; give "
        "OnHeldOut(HeldOut(data, 0.1))"
    )
