"""Who looks like the threshold class: by loops, by hand, and of members that were trained on it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blobs import Blobs
from undertow.audit.dynamics import threshold_class
from undertow.audit.dynamics.instruments import aum
from undertow.audit.dynamics.threshold_class import (
    all_thresholded,
    aum_after_the_first,
    flagged_share,
    threshold_columns,
)
from undertow.errors import RecordError, UserError
from undertow.lab.data import Digits, ThresholdClass, WrongLabels
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import ProbeValues, read_probe, read_train
from undertow.records.schema import ProbeEntry

EPOCHS = np.array([1, 2, 3, 4])


def world(M=4, N=60, seed=0):
    """Margins that rise with the number of the example; each half of the members has a set of its
    own of 20 examples."""
    rng = np.random.default_rng(seed)
    margin_MNE = rng.normal(0, 1, (M, N, 4)) + np.linspace(-2, 4, N)[:, None]
    order = rng.permutation(N)
    threshold_MN = np.zeros((M, N), bool)
    threshold_MN[: M // 2, order[:20]] = threshold_MN[M // 2 :, order[20:40]] = True
    margin_MNE[threshold_MN] = rng.normal(-1, 1, (threshold_MN.sum(), 4))
    return margin_MNE, threshold_MN


def share_by_loops(margin_MNE, threshold_MN, percentile, n):
    """2001.10528: of the runs in which it is no threshold sample, those in which more than
    100 − percentile % of the threshold samples have a larger AUM."""
    said = []
    for margin_NE, threshold_N in zip(margin_MNE, threshold_MN, strict=True):
        if threshold_N[n]:
            continue
        of = [sum(margins[1:]) / 3 for margins in margin_NE.tolist()]
        of_threshold = [of[k] for k in range(len(of)) if threshold_N[k]]
        larger = sum(1 for value in of_threshold if value > of[n])
        said.append(larger / len(of_threshold) > (100 - percentile) / 100)
    return sum(said) / len(said) if said else np.nan


@pytest.mark.parametrize("percentile", [99, 90, 51, 12])
def test_it_is_the_loop(percentile):
    margin_MNE, threshold_MN = world()
    found = flagged_share(margin_MNE, EPOCHS, threshold_MN, percentile)
    expected = [share_by_loops(margin_MNE, threshold_MN, percentile, n) for n in range(60)]
    np.testing.assert_allclose(found, expected)
    assert 0 < np.nanmean(found) < 1


def test_aum_is_the_mean_margin_and_fewer_are_flagged_as_the_percentile_falls():
    """5.1, item 9."""
    margin_MNE, threshold_MN = world()
    np.testing.assert_allclose(aum(margin_MNE), margin_MNE.mean(axis=2))
    after = aum_after_the_first(margin_MNE, EPOCHS)
    np.testing.assert_allclose(after, margin_MNE[:, :, 1:].mean(axis=2))
    flagged = [
        flagged_share(margin_MNE, EPOCHS, threshold_MN, q) == 1 for q in (99, 90, 70, 50, 30, 5)
    ]
    for larger, smaller in pairwise(flagged):
        assert (smaller <= larger).all()
    assert flagged[0].sum() > flagged[-1].sum() + 5


def test_by_hand():
    """One member; threshold AUM are 0, 1, 2; one in three above flags at the 50th percentile where
    two are."""
    aum_N = [0.0, 1.0, 2.0, 0.5, 1.0, 1.5, -9.0, 9.0]
    margin_MNE = np.array([[[99.0, value, value] for value in aum_N]])
    threshold_MN = np.array([[True] * 3 + [False] * 5])
    found = flagged_share(margin_MNE, np.array([1, 2, 3]), threshold_MN, 50.0)
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 1, 0, 0, 1, 0])
    found = flagged_share(margin_MNE, np.array([1, 2, 3]), threshold_MN, 99.0)
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 1, 1, 1, 1, 0])


def test_as_many_as_the_percentile_allows_do_not_flag():
    """One in 1,000 is above, and 100 - 99.9 is a little less than .1 in floating point."""
    aum_N = np.append(np.arange(1000.0), [998.5, 997.5])
    threshold_MN = (np.arange(1002) < 1000)[None]
    found = flagged_share(np.tile(aum_N[None, :, None], 2), np.array([1, 2]), threshold_MN, 99.9)
    assert found[-2:].tolist() == [0, 1]


def test_what_no_epoch_saw_is_not_judged_and_no_threshold_judges_nobody():
    margin_MNE, threshold_MN = world(M=2)
    n = int(np.flatnonzero(~threshold_MN.any(axis=0))[0])
    margin_MNE[:, n] = np.nan
    found = flagged_share(margin_MNE, EPOCHS, threshold_MN, 99)
    assert np.flatnonzero(np.isnan(found)).tolist() == [n]
    assert np.isnan(flagged_share(margin_MNE, EPOCHS, threshold_MN & False, 99)).all()


def test_the_mean_aum_is_over_members_that_may_judge(monkeypatch):
    """Of two members, the first example is of the threshold class for one, the second for none, the
    third for both."""
    margin_MNE = np.array(
        [[[9.0, -5.0], [9.0, 1.0], [9.0, 7.0]], [[9.0, 3.0], [9.0, 2.0], [9.0, 8.0]]]
    )
    entry = ProbeEntry(description="by hand", epochs=(1, 2), part="train")
    ids, label_N = pl.Series("example_id", ["a", "b", "c"]), np.zeros(3, np.int32)
    values = ProbeValues("trace", entry, ("0", "1"), ids, label_N, {"margin": margin_MNE})
    threshold_MN = np.array([[True, False, True], [False, False, True]])
    held = threshold_class.Thresholded(margin_MNE, np.array([1, 2]), threshold_MN)
    monkeypatch.setattr(threshold_class, "read_probe", lambda folder, probe: values)
    monkeypatch.setattr(threshold_class, "_thresholded", lambda *given: held)
    frame = threshold_columns(Path("first"))
    assert frame["aum"].to_list() == pytest.approx([3.0, 1.5, np.nan], nan_ok=True)
    assert frame["members_judging"].to_list() == [1, 2, 0]


def test_the_card_is_complete():
    (instrument,) = all_thresholded()
    card = instrument.card
    assert card.name == instrument.function.__name__ == "flagged_share"
    assert all((card.title, card.high, card.low, card.undefined, card.trace, instrument.__doc__))
    assert (card.hard, card.pooled, card.paper[:10]) == ("high", True, "2001.10528")


def population(which, name, members=2, epochs=8, probes=(Trace(),), data=None):
    data = ThresholdClass(data or WrongLabels(Digits(), 0.2), which)
    recipe = Recipe(epochs=epochs, batch=32, lr=0.05, schedule="constant")
    return Population(name, data, MLP((32,)), recipe, members, probes=probes)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return [
        train_population(population(which, which), out, runner="loop")
        for which in ("first", "second")
    ]


@pytest.mark.heavy
def test_two_populations_judge_everybody(folders):
    frame = threshold_columns(*folders)
    assert frame.columns == ["example_id", "aum", "flagged_share", "flagged", "members_judging"]
    train = [read_train(folder) for folder in folders]
    margin_MNE = np.concatenate([read_probe(f, "trace").values["margin"] for f in folders])
    threshold_MN = np.repeat([t["threshold"] == "yes" for t in train], 2, axis=0)
    assert frame["members_judging"].to_list() == (~threshold_MN).sum(axis=0).tolist()
    assert set(frame["members_judging"]) == {2, 4}
    of_MN = margin_MNE[:, :, 1:].astype(float).mean(axis=2)
    expected = np.nanmean(np.where(threshold_MN, np.nan, of_MN), axis=0)
    np.testing.assert_allclose(frame["aum"].to_numpy(), expected)
    assert frame["flagged"].to_list() == [share == 1 for share in frame["flagged_share"]]
    wrong_N = (train[0]["mislabelled"] == "yes").to_numpy()
    flagged_N = frame["flagged"].to_numpy()
    assert flagged_N[wrong_N].mean() > flagged_N[~wrong_N].mean() + 0.7


@pytest.mark.heavy
def test_one_population_leaves_its_own_threshold_examples_unjudged(folders):
    frame = threshold_columns(folders[0])
    in_N = (read_train(folders[0])["threshold"] == "yes").to_numpy()
    assert frame["flagged"].is_null().to_numpy().tolist() == in_N.tolist()
    assert np.isnan(frame["aum"].to_numpy()).tolist() == in_N.tolist()
    assert set(frame["members_judging"]) == {0, 2}


@pytest.mark.heavy
def test_what_cannot_be_judged_is_refused(folders, tmp_path):
    def trained(name, **how):
        return train_population(population("second", name, 1, **how), tmp_path, runner="loop")

    plain = replace(population("first", "plain", 1, 2), data=Blobs(train=150))
    plain = train_population(plain, tmp_path, runner="loop")
    other = trained("other", data=Blobs(train=90), epochs=2)
    short = trained("short", epochs=3)
    one = trained("one", epochs=1)
    learned = trained("learned", epochs=1, probes=(LearnedFrom(),))
    of_two = "give populations on ThresholdClass(data, 'first') and ThresholdClass(data, 'second') of the same data"
    for ask, said in (
        (
            lambda: threshold_columns(folders[0], percentile=100),
            "percentile=100: give a number between 0 and 100, as 99",
        ),
        (
            lambda: threshold_columns(plain),
            f"{plain}: its training examples have no column 'threshold'; train it on "
            "ThresholdClass(data) of undertow.lab.data",
        ),
        (
            lambda: threshold_columns(folders[0], other),
            f"{other}: its training examples are not those of {folders[0]}; {of_two}",
        ),
        (
            lambda: threshold_columns(folders[0], short),
            f"{short}: its trace has the epochs 1, 2, 3, that of {folders[0]} 1, 2, 3, 4, 5, 6, 7, "
            "8; give the same ones, some of them after the first, which AUM leaves out",
        ),
        (
            lambda: threshold_columns(one),
            f"{one}: its trace has the epochs 1, that of {one} 1; give the same ones, some of them "
            "after the first, which AUM leaves out",
        ),
        (
            lambda: threshold_columns(learned, probe="learned-from"),
            f"{learned}: probe 'learned-from' has no margins of any member; name a trace, as "
            "Trace() of undertow.lab.probes makes it",
        ),
    ):
        with pytest.raises(UserError) as caught:
            ask()
        assert str(caught.value) == said
    with pytest.raises(RecordError):
        threshold_columns(learned)
