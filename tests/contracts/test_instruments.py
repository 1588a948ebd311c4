"""What holds for every instrument, whoever writes it. A new instrument is tested here without a line
being added, except its oracle in ``oracles_dynamics.py``."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import oracles_dynamics
import traces
from undertow.audit.dynamics import instruments
from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.instrument import Instrument
from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.dynamics.traced import Traced

EVERY = pytest.mark.parametrize("instrument", all_instruments(), ids=repr)
WORLDS = {
    "plain": {},
    "two classes": {"C": 2},
    "gaps": {"unseen": 0.5, "E": 4},
    "one epoch": {"E": 1, "unseen": 0.3},
    "one member": {"M": 1},
    "no examples": {"N": 0},
    "many epochs": {"E": 25, "unseen": 0.1},
}
IN_WORLDS = pytest.mark.parametrize("world", WORLDS)
TOLERANCE = {"aum": 2**-8, "rate_of_learning": 2**-15, "low_loss_posterior": 2**-8}
"""Of what half precision costs: logits of up to 8 in magnitude are kept to 2**-9; probabilities and
‖p − e_y‖₂ to 2**-11 at most, and their slope over 60 epochs to some 3 / 60 of that; losses of up to
8 to 2**-9, and a posterior changes faster than the loss."""


def asked(name, told, labels, early):
    """One example at a time, unless the value of one depends on the others."""
    if name in oracles_dynamics.POOLED:
        return oracles_dynamics.POOLED[name](told, labels, early)
    oracle = oracles_dynamics.ORACLES[name]
    return [oracle(seen, label, early) for seen, label in zip(told, labels, strict=True)]


def epochs_of(world: str, every: int) -> list[int]:
    return [every * e for e in range(1, WORLDS[world].get("E", 6) + 1)]


@cache
def told_in(world: str, every: int):
    """For each member, of each example: epoch, probabilities and logits of each look."""
    logits_MNEC, _ = traces.logits(**WORLDS[world])
    return [
        [
            [looked(z, epoch) for z, epoch in zip(z_EC, epochs_of(world, every), strict=True)]
            for z_EC in z_NEC
        ]
        for z_NEC in logits_MNEC
    ]


def looked(z, epoch):
    if np.isnan(z).any():
        return epoch, None, None
    exps = [float(np.exp(value)) for value in z]
    return epoch, [value / sum(exps) for value in exps], z.tolist()


@EVERY
@IN_WORLDS
@pytest.mark.parametrize("every", [1, 5])
def test_equals_its_oracle(instrument: Instrument, world: str, every: int):
    logits_MNEC, label_N = traces.logits(**WORLDS[world])
    epochs, labels = epochs_of(world, every), label_N.tolist()
    early = epochs[len(epochs) // 3]
    found = instrument.of(traces.traced(logits_MNEC, label_N, epochs, early))
    expected = np.full(found.shape, np.nan)
    for m, told in enumerate(told_in(world, every)):
        expected[m] = asked(instrument.card.name, told, labels, early)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@EVERY
@IN_WORLDS
def test_stays_in_its_range(instrument: Instrument, world: str):
    traced = traces.traced(*traces.logits(**WORLDS[world]))
    known = instrument.of(traced)
    known = known[~np.isnan(known)]
    least, most = instrument.card.range
    if most is None:  # For good: one more where it is otherwise in the end.
        most = len(traced.epoch_E) + instrument.card.name.endswith("_for_good")
    assert ((known >= least) & (known <= most)).all()
    assert known.size or world == "no examples" or traced.epoch_E.size == 1


@EVERY
def test_permuting_examples_and_members_permutes_values(instrument: Instrument):
    logits_MNEC, label_N = traces.logits(unseen=0.3)
    order_N, order_M = np.random.default_rng(1).permutation(len(label_N)), [2, 0, 1]
    before = instrument.of(traces.traced(logits_MNEC, label_N))
    after = instrument.of(traces.traced(logits_MNEC[order_M][:, order_N], label_N[order_N]))
    np.testing.assert_array_equal(after, before[order_M][:, order_N])


@EVERY
def test_members_of_identical_traces_have_identical_values_which_are_the_mean(instrument):
    logits_MNEC, label_N = traces.logits(M=1, unseen=0.3)
    same = traces.values(np.repeat(logits_MNEC, 3, axis=0), label_N)
    each = columns_of(same, per_member=True, instruments=[instrument])[instrument.card.name]
    mean = columns_of(same, instruments=[instrument])[instrument.card.name]
    np.testing.assert_array_equal(each.to_numpy().reshape(3, -1), [each.to_numpy()[:40]] * 3)
    np.testing.assert_allclose(mean, each.to_numpy()[:40], rtol=1e-14)


@EVERY
def test_an_example_that_no_epoch_saw_is_undefined_and_harms_no_other(instrument: Instrument):
    logits_MNEC, label_N = traces.logits()
    whole = instrument.of(traces.traced(logits_MNEC, label_N))
    if instrument.card.pooled:  # as if it were not there
        others = np.delete(logits_MNEC, 3, axis=1), np.delete(label_N, 3)
        whole = np.insert(instrument.of(traces.traced(*others)), 3, np.nan, axis=1)
    logits_MNEC[:, 3] = np.nan
    gap = instrument.of(traces.traced(logits_MNEC, label_N))
    assert np.isnan(gap[:, 3]).all()
    np.testing.assert_array_equal(np.delete(gap, 3, axis=1), np.delete(whole, 3, axis=1))


@pytest.fixture(scope="module")
def long():
    """In double precision, and in halves."""
    logits_MNEC, label_N = traces.logits(N=300, E=60)
    return traces.traced(logits_MNEC, label_N, early=6), traces.values(logits_MNEC, label_N)


@EVERY
def test_half_precision_keeps_values_and_ranks(instrument: Instrument, long):
    """Also that it is computed in double precision from there on: a mean of halves would be off by
    more."""
    exact = instrument.of(long[0]).mean(axis=0)
    half = columns_of(long[1], instruments=[instrument])
    found = half[instrument.card.name].to_numpy()
    tolerance = TOLERANCE.get(instrument.card.name, 2**-11)
    np.testing.assert_allclose(found, exact, atol=tolerance, rtol=0)
    apart = exact[:, None] > exact[None, :] + 2 * tolerance
    assert (found[:, None] > found[None, :])[apart].all()
    assert apart.mean() > 0.3


@EVERY
def test_inputs_are_left_as_they_were(instrument: Instrument):
    traced = traces.traced(*traces.logits(unseen=0.2))
    for field in fields(Traced):
        if field.name not in ("early", "window"):
            getattr(traced, field.name).flags.writeable = False
    instrument.of(traced)


@EVERY
def test_the_card_is_complete(instrument: Instrument):
    card = instrument.card
    assert card.name == instrument.function.__name__
    assert all((card.title, card.high, card.low, card.undefined, card.trace, instrument.__doc__))
    assert card.paper[:10].replace(".", "").isdigit()
    assert card.hard in ("high", "low", "neither")
    assert set(card.reads) <= {field.name for field in fields(Traced)}


@EVERY
def test_hard_is_the_end_where_wrong_answers_are(instrument: Instrument):
    logits_MNEC, label_N = traces.logits(N=400)
    traced = traces.traced(logits_MNEC, label_N)
    value_N, right_N = instrument.of(traced).mean(axis=0), traced.right_MNE.mean(axis=(0, 2))
    if instrument.card.hard != "neither" and instrument.card.name != "iteration_learned":
        goes = np.corrcoef(value_N, right_N)[0, 1]
        assert (goes < -0.2) if instrument.card.hard == "high" else (goes > 0.2)


def test_every_instrument_of_every_file_is_exported_and_has_an_oracle():
    folder = Path(instruments.__file__).parent
    modules = [import_module(f"{instruments.__name__}.{p.stem}") for p in folder.glob("[!_]*.py")]
    made = {v for module in modules for v in vars(module).values() if isinstance(v, Instrument)}
    assert made == set(all_instruments())
    oracles = sorted({**oracles_dynamics.ORACLES, **oracles_dynamics.POOLED})
    assert [i.card.name for i in all_instruments()] == oracles
    assert sorted(instruments.__all__) == sorted(["all_instruments", *oracles])
    pooled = [i.card.name for i in all_instruments() if i.card.pooled]
    assert pooled == sorted(oracles_dynamics.POOLED)
