"""What holds for every measure, whoever writes it. A new measure is tested here without a line
being added, except its oracle in ``oracles.py``."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import oracles
import worlds
from undertow.audit import measures
from undertow.audit.measures import all_measures
from undertow.audit.needs import supported
from undertow.audit.stats.arrangements import exchange
from undertow.audit.stats.slice_means import ratio
from undertow.audit.stats.vote_exchange import vote_exchange
from undertow.card import Measure
from undertow.records.records import MISSING, Records

EVERY = pytest.mark.parametrize("measure", all_measures(), ids=repr)
BY_EXAMPLE = pytest.mark.parametrize(
    "measure", [m for m in all_measures() if m.card.kind != "answers"], ids=repr
)
"""Measures with a value per example; those of answers have one per class."""
BY_CLASS = pytest.mark.parametrize(
    "measure", [m for m in all_measures() if m.card.kind == "answers"], ids=repr
)

WORLDS = {
    "plain": {"m_ref": 5, "m_var": 5},
    "unequal sizes": {"m_ref": 3, "m_var": 8},
    "ties": {"m_ref": 2, "m_var": 4, "classes": 3},
    "missing labels": {"m_ref": 4, "m_var": 5, "missing_labels": 0.4},
    "one member": {"m_ref": 1, "m_var": 1},
    "one class": {"m_ref": 3, "m_var": 2, "classes": 1},
    "binary": {"m_ref": 4, "m_var": 6, "classes": 2, "positive": "class 1", "missing_labels": 0.1},
    "many classes": {"m_ref": 3, "m_var": 3, "classes": 21, "missing_labels": 0.1},
    "no examples": {"m_ref": 2, "m_var": 2, "n": 0},
}
IN_WORLDS = pytest.mark.parametrize("world", list(WORLDS))


@cache
def make(world: str) -> tuple[Records, Records]:
    """A damaged pair in which some predictions are missing, and one example has none at all. All
    measures get the same one, so none may write into it."""
    settings = {"n": 60, "seed": 7, "proba": True, **WORLDS[world]}
    pair = worlds.planted_world({0: 0.5}, **settings)
    return tuple(read_only(with_gaps(records, seed)) for seed, records in enumerate(pair))


def read_only(records: Records) -> Records:
    for value in (*vars(records).values(), records.label_N):
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return records


def asked_of(measure: Measure) -> tuple[Records, Records]:
    """A world whose task the measure asks about."""
    return make("many classes" if "top_5" in measure.card.needs else "binary")


def with_gaps(records: Records, seed: int) -> Records:
    gap_MN = np.random.default_rng(seed).random(records.pred_MN.shape) < 0.05
    gap_MN[:, :1] = True
    return replace(records, pred_MN=np.where(gap_MN, MISSING, records.pred_MN).astype(np.int32))


def values(measure: Measure, reference: Records, variant: Records) -> np.ndarray:
    """The measure's values over (…, examples), as the engine has them; of answers over (members,
    classes)."""
    kind, label_N = measure.card.kind, reference.label_N
    if kind == "answers":
        return ratio(*measure(reference)).T
    if kind == "rate":
        return measure(reference)
    if kind == "pair":
        pairs = [(a, b) for a in reference.pred_MN for b in variant.pred_MN]
        return np.array([measure(a, b, label_N) for a, b in pairs])
    if kind == "mixture":
        return measure(reference.proba_MNC.mean(axis=0), variant.proba_MNC.mean(axis=0), label_N)
    truth_NK = np.arange(reference.C) == label_N[:, None]
    value_N = measure(shares(reference), shares(variant), truth_NK)
    return np.where((label_N >= 0) | ("label" not in measure.card.needs), value_N, np.nan)


def shares(records: Records) -> np.ndarray:
    """Vote shares with every class a candidate; NaN where nobody voted."""
    votes_NK = records.votes_NC.toarray().astype(np.float32)
    with np.errstate(invalid="ignore"):
        return votes_NK / votes_NK.sum(axis=1, keepdims=True)


def oracle_values(measure: Measure, reference: Records, variant: Records) -> np.ndarray:
    oracle, kind = oracles.ORACLES[measure.card.name], measure.card.kind
    ref_MN, var_MN, label_N = (
        a.tolist() for a in (reference.pred_MN, variant.pred_MN, reference.label_N)
    )
    n = range(reference.N)
    if kind == "answers":
        return np.array([[oracle(row, label_N, c) for c in range(reference.C)] for row in ref_MN])
    if kind == "rate":
        positive = reference.manifest.positive
        index = None if positive is None else reference.classes.index(positive)
        proba = reference.proba_MNC.tolist()
        return np.array(
            [
                [oracle(row[i], label_N[i], proba[m][i], index) for i in n]
                for m, row in enumerate(ref_MN)
            ]
        )
    if kind == "pair":
        return np.array(
            [[oracle(a[i], b[i], label_N[i]) for i in n] for a in ref_MN for b in var_MN]
        )
    if kind == "mixture":
        ref, var = reference.proba_MNC, variant.proba_MNC
        return np.array([oracle(ref[:, i].tolist(), var[:, i].tolist()) for i in n])
    return np.array([oracle([r[i] for r in ref_MN], [v[i] for v in var_MN], label_N[i]) for i in n])


def pair_for(measure: Measure, world: str) -> tuple[Records, Records]:
    reference, variant = make(world)
    usable, reasons = supported([measure], reference, variant)
    if not usable:
        pytest.skip(reasons.get(measure.card.name, "asks about another kind of task"))
    return reference, variant


@IN_WORLDS
@EVERY
def test_equals_its_oracle(measure, world):
    reference, variant = pair_for(measure, world)
    got, expected = (f(measure, reference, variant) for f in (values, oracle_values))
    np.testing.assert_allclose(got, expected.reshape(got.shape), rtol=1e-5, atol=1e-6)


@IN_WORLDS
@EVERY
def test_stays_in_its_range(measure, world):
    got = values(measure, *pair_for(measure, world))
    low, high = measure.card.range
    defined = got[~np.isnan(got)]
    assert ((defined >= low) & (defined <= high)).all()


def test_every_measure_is_defined_somewhere_in_these_worlds():
    for measure in all_measures():
        assert not np.isnan(values(measure, *asked_of(measure))).all(), measure


@BY_EXAMPLE
def test_permuting_examples_permutes_values(measure):
    pair = asked_of(measure)
    order = np.random.default_rng(1).permutation(pair[0].N)
    shuffled = [records.take_examples(order) for records in pair]
    np.testing.assert_array_equal(values(measure, *shuffled), values(measure, *pair)[..., order])


@BY_CLASS
def test_measures_of_answers_do_not_depend_on_the_order_of_anything(measure):
    reference, variant = make("binary")
    got = values(measure, reference, variant)
    shuffled = reference.take_examples(np.random.default_rng(1).permutation(reference.N))
    np.testing.assert_allclose(values(measure, shuffled, variant), got, rtol=1e-12)
    turned = reference.take_members([*range(1, reference.M), 0])
    np.testing.assert_allclose(
        values(measure, turned, variant), got[[*range(1, reference.M), 0]], rtol=1e-12
    )
    np.testing.assert_allclose(
        values(measure, relabelled(reference), variant), got[:, ::-1], rtol=1e-12
    )


@BY_EXAMPLE
def test_the_order_of_members_does_not_matter(measure):
    reference, variant = asked_of(measure)
    order_ref, order_var = ([*range(1, records.M), 0] for records in (reference, variant))
    got = values(measure, reference.take_members(order_ref), variant.take_members(order_var))
    expected = values(measure, reference, variant)
    if measure.card.kind == "rate":
        expected = expected[order_ref]
    if measure.card.kind == "pair":
        by_pair = expected.reshape(reference.M, variant.M, reference.N)
        expected = by_pair[np.ix_(order_ref, order_var)].reshape(expected.shape)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)


@IN_WORLDS
@pytest.mark.parametrize(
    "measure", [m for m in all_measures() if m.card.null is not None], ids=repr
)
def test_a_population_against_itself_gives_the_null_value(measure, world):
    reference, _ = pair_for(measure, world)
    if measure.card.kind == "pair":
        reference = reference.take_members([0])
    got = values(measure, reference, reference)
    assert (got[~np.isnan(got)] == measure.card.null).all()


@BY_EXAMPLE
def test_names_and_order_of_classes_do_not_matter(measure):
    pair = asked_of(measure)
    np.testing.assert_array_equal(values(measure, *map(relabelled, pair)), values(measure, *pair))


def relabelled(records: Records) -> Records:
    """The same answers, where the classes stand in the opposite order under other names."""
    last = records.C - 1
    label_N, pred_MN = (
        np.where(a >= 0, last - a, MISSING) for a in (records.label_N, records.pred_MN)
    )
    names = [f"other {name}" for name in reversed(records.classes)]
    return worlds.records_from(
        pred_MN,
        label_N,
        names,
        proba=records.proba_MNC[..., ::-1],
        task=records.manifest.task,
        positive=None if records.manifest.positive is None else "other class 1",
    )


@BY_EXAMPLE
def test_what_does_not_exist_is_nan(measure):
    reference, variant = asked_of(measure)
    got = values(measure, reference, variant)
    if "label" in measure.card.needs:
        assert np.isnan(got[..., reference.label_N == MISSING]).all()
    if not measure.card.needs & {"confidence", "p_label", "probabilities"}:
        assert np.isnan(got[..., 0]).all(), "nobody predicted the first example"


@pytest.mark.parametrize("measure", [m for m in all_measures() if m.card.kind == "votes"], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_function_serves_the_data_and_all_draws(measure, dtype):
    rng = np.random.default_rng(3)
    ref_DNK, var_DNK = (
        rng.multinomial(6, np.ones(4) / 4, size=(7, 20)).astype(dtype) / 6 for _ in range(2)
    )
    truth_NK = np.arange(4) == rng.integers(4, size=20)[:, None]
    got = measure(ref_DNK, var_DNK, truth_NK)
    assert got.dtype in (np.float32, dtype)
    one_by_one = [measure(ref_DNK[d], var_DNK[d], truth_NK) for d in range(7)]
    np.testing.assert_array_equal(got, np.stack(one_by_one))
    np.testing.assert_array_equal(measure(ref_DNK[0, 0], var_DNK[0, 0], truth_NK[0]), got[0, 0])


@pytest.mark.parametrize("measure", [m for m in all_measures() if m.card.kind == "votes"], ids=repr)
def test_inputs_are_left_as_they_were(measure):
    rng = np.random.default_rng(4)
    ref_NK, var_NK = (rng.multinomial(5, np.ones(3) / 3, size=30) / 5 for _ in range(2))
    kept = ref_NK.copy(), var_NK.copy()
    measure(ref_NK, var_NK, np.zeros((30, 3), dtype=bool))
    np.testing.assert_array_equal((ref_NK, var_NK), kept)


@EVERY
def test_the_card_is_complete(measure):
    card = measure.card
    assert card.name == measure.function.__name__
    assert card.title[0].isupper()
    assert card.reads.endswith(".")
    assert card.paper
    assert measure.__doc__
    low, high = card.range
    assert low < high
    assert (card.null is None) == (card.kind in ("rate", "answers"))
    assert card.null is None or low <= card.null <= high


def test_every_measure_of_every_file_is_exported():
    folder = Path(measures.__file__).parent
    found = set()
    for path in sorted(folder.glob("*.py")):
        if path.stem != "__init__":
            module = import_module(f"undertow.audit.measures.{path.stem}")
            found |= {m.card.name for m in vars(module).values() if isinstance(m, Measure)}
    assert found == {m.card.name for m in all_measures()} == found & set(measures.__all__)


def test_every_measure_has_an_oracle_and_no_name_twice():
    names = [m.card.name for m in all_measures()]
    assert sorted(names) == sorted(oracles.ORACLES)


@IN_WORLDS
@pytest.mark.parametrize("measure", [m for m in all_measures() if m.card.kind == "votes"], ids=repr)
def test_the_engine_hands_it_what_the_oracle_sees(measure, world):
    """The exchange engine passes only candidate labels, in its own memory order."""
    reference, variant = pair_for(measure, world)
    name, needs = measure.card.name, {measure.card.name} if "label" in measure.card.needs else set()
    pred_MN = np.vstack([reference.pred_MN, variant.pred_MN])
    observed = exchange(reference.M, variant.M, 1, np.random.default_rng(0))
    alone = sp.eye_array(reference.N, format="csr")
    found = vote_exchange(
        pred_MN, reference.label_N, alone, observed, {name: measure.function}, needs
    )
    expected = oracle_values(measure, reference, variant)
    np.testing.assert_allclose(found[name][0], expected, rtol=1e-6, atol=1e-6)
