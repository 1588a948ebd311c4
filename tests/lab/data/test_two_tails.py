"""Two tails, of rare examples and of wrongly labelled ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from blobs import Blobs
from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.lab.data import Digits, HeldOut, TwoTails, TwoTailsByFrequency, WrongLabels
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe, read_train


@dataclass(frozen=True)
class Even(Blobs):
    """As many of each class."""

    def load(self):
        splits = super().load()
        label_N = np.arange(self.train) % 3
        return replace(splits, train=replace(splits.train, label_N=label_N))


DATA = Even(train=150)
RIGHT_N = DATA.load().train.label_N
IDS = DATA.load().train.example_id_N
SCORE_N = np.random.default_rng(5).permutation(150) / 150


def table(ids=IDS, score=SCORE_N, column="score"):
    return pl.DataFrame({"example_id": list(ids), column: score})


@pytest.fixture
def scores(tmp_path):
    path = tmp_path / "scores.parquet"
    table().sample(fraction=1, shuffle=True, seed=1).write_parquet(path)
    return str(path)


def tail_of(part):
    return part.slices["tail"].to_numpy()


def test_by_score_20_20_60_in_each_class(scores):
    data = TwoTails(DATA, scores)
    assert eval(repr(data)) == data
    assert hash(data) == hash(eval(repr(data)))
    splits = data.load()
    tail_N = tail_of(splits.train)
    assert splits.train.example_id_N == IDS
    assert splits.recorded
    for label in range(3):
        of_class_N = label == RIGHT_N
        counts = [int((tail_N[of_class_N] == t).sum()) for t in ("noisy", "atypical", "typical")]
        assert counts == [10, 10, 30]
        low_N, high_N = (SCORE_N[of_class_N & (tail_N == t)] for t in ("atypical", "typical"))
        assert low_N.max() < high_N.min()
    assert ((tail_N == "noisy") == drawn_by_class(RIGHT_N, 0.2, 0)).all()
    _check_labels(splits.train, RIGHT_N)


def _check_labels(train, right_N):
    noisy_N = tail_of(train) == "noisy"
    assert (train.label_N[~noisy_N] == right_N[~noisy_N]).all()
    assert sorted(train.label_N[noisy_N]) == sorted(right_N[noisy_N])
    wrong_N = train.slices["mislabelled"].to_numpy() == "yes"
    assert (wrong_N == (train.label_N != right_N)).all()
    assert 0 < wrong_N.sum() < noisy_N.sum()
    names = np.array(DATA.load().classes)
    assert (train.slices["true_label"].to_numpy() == names[right_N]).all()


def test_shares_seeds_and_direction(scores):
    tail_N = tail_of(TwoTails(DATA, scores, noisy=0.1, atypical=0.3, seed=4).load().train)
    assert [(tail_N == t).sum() for t in ("noisy", "atypical", "typical")] == [15, 45, 90]
    other_N = tail_of(TwoTails(DATA, scores, noisy=0.1, atypical=0.3, seed=5).load().train)
    assert ((tail_N == "noisy") != (other_N == "noisy")).any()
    high_N = tail_of(TwoTails(DATA, scores, noisy=0, highest=True).load().train)
    for label in range(3):
        atypical_N = SCORE_N[(label == RIGHT_N) & (high_N == "atypical")]
        assert atypical_N.min() > SCORE_N[(label == RIGHT_N) & (high_N == "typical")].max()


def test_equal_scores_are_not_ordered_by_place(tmp_path):
    path = tmp_path / "equal.csv"
    table(score=np.ones(150), column="c").write_csv(path)
    one, other = (
        tail_of(TwoTails(DATA, str(path), "c", noisy=0, seed=seed).load().train) for seed in (0, 1)
    )
    assert (one != other).any()
    places = np.flatnonzero(one == "atypical")
    assert 50 < places.mean() < 100


def test_ids_of_numbers_and_further_rows_are_read(tmp_path):
    @dataclass(frozen=True)
    class Numbered(Even):
        def load(self):
            splits = super().load()
            ids = tuple(str(n) for n in range(150))
            return replace(splits, train=replace(splits.train, example_id_N=ids))

    path = tmp_path / "scores.csv"
    more = table([*map(str, range(150)), "of another part"], [*SCORE_N, float("nan")])
    more.write_csv(path)
    assert (tail_of(TwoTails(Numbered(150), str(path)).load().train) == "typical").sum() == 90


def test_scores_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "scores.csv"
    holes = SCORE_N.copy()
    holes[[7, 9]] = np.nan
    cases = [
        (table().tail(148), f"{path}: no row for 2 of 150 training examples, 'train/0' for one (it "
         "has 'train/2'). Give the ids of the data set, one row each"),
        (table([f"other/{n}" for n in range(150)]), f"{path}: no row for 150 of 150 training "
         "examples, 'train/0' for one (it has 'other/0'). Give the ids of the data set, one row "
         "each"),
        (pl.concat([table(), table().head(1)]), f"{path}: has 'train/0' twice; give each example "
         "one row"),
        (table(score=holes), f"{path}: column 'score' has no number for 2 of 150 training "
         "examples, 'train/7' for one. Give each one"),
        (table(column="loss"), f"{path}: no column 'score' of numbers; it has example_id, loss"),
        (table(score=["a"] * 150), f"{path}: no column 'score' of numbers; it has example_id, "
         "score"),
        (table().rename({"example_id": "id"}), f"{path}: no column 'example_id' of texts; it has "
         "id, score"),
    ]  # fmt: skip
    for changed, said in cases:
        changed.write_csv(path)
        with pytest.raises(UserError) as caught:
            TwoTails(DATA, str(path)).load()
        assert str(caught.value) == said
    table().clear().write_parquet(tmp_path / "none.parquet")
    for name, said in (
        ("none.parquet", "no row for 150 of 150 training examples, 'train/0' for one (it has no "
         "rows). Give the ids of the data set, one row each"),
        ("scores.npy", "give a table that ends in .csv or .parquet"),
    ):  # fmt: skip
        with pytest.raises(UserError) as caught:
            TwoTails(DATA, str(tmp_path / name)).load()
        assert str(caught.value) == f"{tmp_path / name}: {said}"
    with pytest.raises(UserError) as caught:
        TwoTails(DATA, str(tmp_path / "gone.parquet")).load()
    assert str(caught.value).startswith(f"{tmp_path}/gone.parquet: not a readable table (")


def test_by_frequency_typical_images_are_there_twice():
    data = TwoTailsByFrequency(DATA)
    assert eval(repr(data)) == data
    whole, train = DATA.load().train, data.load().train
    row_of = {example_id: n for n, example_id in enumerate(IDS)}
    row_N = np.array([row_of[i] for i in train.slices["cluster"]])
    assert (train.x_NCHW == whole.x_NCHW[row_N]).all()
    _check_labels(train, RIGHT_N[row_N])
    tail_N = tail_of(train)
    for label in range(3):
        tails = tail_N[RIGHT_N[row_N] == label]
        assert [(tails == t).sum() for t in ("noisy", "atypical", "typical")] == [10, 10, 30]
    often = train.slices.group_by("cluster", "tail").len()
    assert set(often.select("tail", "len").rows()) == {
        ("noisy", 1), ("atypical", 1), ("typical", 2),
    }  # fmt: skip
    assert len(set(train.example_id_N)) == 150
    typical = np.flatnonzero(tail_N == "typical")
    for row in typical[len(typical) // 2 :]:
        assert train.example_id_N[row] == train.slices["cluster"][int(row)] + "/2"
    firsts = train.example_id_N[: 150 - len(typical) // 2]
    assert list(firsts) == [i for i in IDS if i in set(firsts)]
    assert train.slices["cluster"][: len(firsts)].to_list() == list(firsts)


def test_more_copies_of_fewer_images_and_other_shares():
    train = TwoTailsByFrequency(DATA, noisy=0.1, atypical=0.3, copies=4, seed=2).load().train
    tail_N = tail_of(train)
    # 50 of a class: 5 and 15, and of the 30 left 7 images four times
    assert [(tail_N == t).sum() for t in ("noisy", "atypical", "typical")] == [15, 45, 84]
    assert {i.split("/", 2)[2] for i in train.example_id_N[-10:]} == {"4"}
    single = TwoTailsByFrequency(DATA, copies=1).load().train
    assert single.example_id_N == IDS


def test_clusters_of_the_data_stay(scores):
    @dataclass(frozen=True)
    class Clustered(Even):
        def load(self):
            splits = super().load()
            names = [f"c{n // 2}" if n % 4 else None for n in range(self.train)]
            slices = pl.DataFrame([*splits.train.slices, pl.Series("cluster", names)])
            return replace(splits, train=replace(splits.train, slices=slices))

    train = TwoTailsByFrequency(Clustered(150)).load().train
    for example_id, cluster in zip(train.example_id_N, train.slices["cluster"], strict=True):
        number = int(example_id.split("/")[1])
        assert cluster == (f"c{number // 2}" if number % 4 else f"train/{number}")


def test_what_is_held_out_has_no_tail(scores):
    for data in (TwoTails(HeldOut(DATA, 0.2), scores), TwoTailsByFrequency(HeldOut(DATA, 0.2))):
        splits, held = data.load(), HeldOut(DATA, 0.2).load().held_out
        assert splits.held_out.label_N.tolist() == held.label_N.tolist()
        assert splits.held_out.slices["tail"].null_count() == 30
        assert set(splits.held_out.slices["mislabelled"]) == {"no"}
        assert splits.held_out.slices.columns == splits.train.slices.columns
        assert not set(splits.held_out.example_id_N) & set(splits.train.slices.get_column(
            "cluster") if "cluster" in splits.train.slices.columns else ())  # fmt: skip


def test_a_data_set_without_slices_is_wrapped_too():
    train = TwoTailsByFrequency(Digits()).load().train
    assert train.slices.columns == ["cluster", "true_label", "mislabelled", "tail"]


def test_the_record_tells_the_tails_and_what_is_wrong_is_learned_last(tmp_path):
    recipe = Recipe(epochs=3, batch=16, lr=0.05)
    data = TwoTailsByFrequency(HeldOut(DATA, 0.2))
    population = Population("tails", data, MLP((8,)), recipe, 2, probes=(Trace(),))
    folder = train_population(population, tmp_path, runner="loop")
    train, splits = read_train(folder), data.load()
    assert {"tail", "cluster", "true_label", "mislabelled", "held_out"} <= set(train.columns)
    assert train.filter(train["held_out"] == "yes")["tail"].null_count() == 30
    trace = read_probe(folder, "trace")
    assert trace.example_id_N.to_list() == list(splits.train.example_id_N)
    loss_N = trace.values["loss"][:, :, -1].astype(float).mean(0)
    wrong_N = splits.train.slices["mislabelled"].to_numpy() == "yes"
    assert loss_N[wrong_N].mean() > loss_N[~wrong_N].mean()


@pytest.mark.parametrize(("noisy", "atypical"), [(-0.1, 0.2), (0.6, 0.5), (float("nan"), 0.1)])
def test_shares_that_cannot_be_are_refused(noisy, atypical):
    shares = {"noisy": noisy, "atypical": atypical}
    for data in (TwoTails(DATA, "none.csv", **shares), TwoTailsByFrequency(DATA, **shares)):
        with pytest.raises(UserError) as caught:
            data.load()
        assert str(caught.value) == (
            f"{data!r}: shares of 0 or more that add up to 1 at most, and a seed of 0 or more, are "
            "needed"
        )


def test_what_cannot_be_done_is_refused(scores):
    @dataclass(frozen=True)
    class Tailed(Even):
        def load(self):
            splits = super().load()
            slices = splits.train.slices.rename({"half": "tail"})
            return replace(splits, train=replace(splits.train, slices=slices))

    twice, tailed = TwoTails(WrongLabels(DATA, 0.1), scores), TwoTailsByFrequency(Tailed(150))
    few = TwoTailsByFrequency(DATA, noisy=0, atypical=0, copies=51)
    for data, said in (
        (twice, f"{twice!r}: its training labels were changed already; change them once"),
        (tailed, f"{tailed!r}: its data have a slice 'tail' already; give yours another name"),
        (few, f"{few!r}: a class of 50 training examples would keep none. Give fewer copies"),
        (TwoTailsByFrequency(DATA, copies=0), "copies=0: give a whole number of 1 or more"),
        (TwoTailsByFrequency(DATA, copies=True), "copies=True: give a whole number of 1 or more"),
    ):
        with pytest.raises(UserError) as caught:
            data.load()
        assert str(caught.value) == said
