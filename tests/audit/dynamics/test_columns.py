"""``example_columns``: from a probe's values to a frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import traces
from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.instruments import aum, el2n, forgetting, rate_of_learning
from undertow.audit.dynamics.traced import early_epoch, window_of
from undertow.errors import UserError


def test_a_column_per_instrument_and_a_row_per_example_or_for_each_member():
    values = traces.values(*traces.logits(M=2, N=5))
    frame = columns_of(values, instruments=[el2n, aum])
    assert frame.columns == ["example_id", "el2n", "aum"]
    assert frame["example_id"].to_list() == [f"train/{n}" for n in range(5)]
    each = columns_of(values, per_member=True, instruments=[el2n, aum])
    assert each.columns == ["member", "example_id", "el2n", "aum"]
    assert each["member"].to_list() == ["m0"] * 5 + ["m1"] * 5
    assert each["example_id"].to_list() == frame["example_id"].to_list() * 2
    margin_MNE = values.values["margin"].astype(float)
    np.testing.assert_allclose(each["aum"].to_numpy(), margin_MNE.mean(-1).ravel())
    assert len(columns_of(values).columns) == 12


def test_the_mean_is_over_members_that_have_a_value():
    logits_MNEC, label_N = traces.logits(M=2, N=3)
    logits_MNEC[0, 1] = np.nan
    logits_MNEC[:, 2] = np.nan
    frame = columns_of(traces.values(logits_MNEC, label_N), instruments=[aum])
    each = columns_of(traces.values(logits_MNEC, label_N), per_member=True, instruments=[aum])
    of_0, of_1 = each["aum"].to_numpy().reshape(2, 3)
    np.testing.assert_array_equal(
        frame["aum"].to_numpy(), [(of_0[0] + of_1[0]) / 2, of_1[1], np.nan]
    )


def test_what_needs_a_label_is_undefined_without_one():
    logits_MNEC, label_N = traces.logits(N=3)
    values = traces.values(logits_MNEC, label_N)
    bare = replace(values, label_N=np.array([*label_N[:2], -1], dtype=np.int32))
    frame = columns_of(bare, instruments=[forgetting])
    np.testing.assert_array_equal(np.isnan(frame["forgetting"].to_numpy()), [False, False, True])


@pytest.mark.parametrize(
    ("epochs", "early"),
    [((1, 2, 3), 1), (tuple(range(1, 31)), 3), (tuple(range(1, 32)), 4), ((5, 10, 12), 5)],
)
def test_early_is_the_first_epoch_after_a_tenth_of_training(epochs, early):
    assert early_epoch(epochs) == early


def test_an_epoch_that_was_not_traced_is_refused():
    assert early_epoch((5, 10, 12), 10) == 10
    with pytest.raises(UserError) as refused:
        early_epoch((5, 10, 12), 7)
    assert str(refused.value) == (
        "--early 7: the trace has no such epoch; give one that it has: epochs 5, 10 and 12"
    )


def test_a_window_is_that_of_the_rate_of_learning_alone():
    values = traces.values(*traces.logits(N=5))
    whole, late = (columns_of(values, window=window) for window in (None, (4, 6)))
    assert whole.drop("rate_of_learning").equals(late.drop("rate_of_learning"))
    assert whole.equals(columns_of(values, window=(1, 6)))
    p_MNE = np.exp(-values.values["loss"].astype(float))
    slope_MN = [[np.polyfit((4, 5, 6), p[3:], 1)[0] for p in of_member] for of_member in p_MNE]
    np.testing.assert_allclose(late["rate_of_learning"], np.mean(slope_MN, axis=0), atol=1e-12)
    alone = columns_of(values, instruments=[rate_of_learning], window=(4, 6))
    assert alone["rate_of_learning"].equals(late["rate_of_learning"])


def test_a_window_without_two_epochs_is_refused():
    assert window_of((5, 10, 12)) == (5, 12)
    assert window_of((5,)) == (5, 5)
    assert window_of((5, 10, 12), (6, 20)) == (6, 20)
    for asked in ((6, 11), (13, 20), (12, 5)):
        with pytest.raises(UserError) as refused:
            window_of((5, 10, 12), asked)
        assert str(refused.value) == (
            f"--window {asked[0]} {asked[1]}: a slope needs two epochs or more, and the trace has "
            "epochs 5, 10 and 12; give the first and the last of some of them"
        )


def test_a_probe_that_is_no_trace_is_refused():
    values = traces.values(*traces.logits())
    other = replace(values, name="depth", values={"depth": values.values["loss"]})
    with pytest.raises(UserError) as refused:
        columns_of(other)
    assert str(refused.value) == (
        "probe 'depth' is not a trace: it has no column 'loss'; name a trace, as Trace() of "
        "undertow.lab.probes makes it"
    )
    with pytest.raises(UserError) as refused:
        columns_of(replace(values, members=()))
    assert str(refused.value) == ("probe 'trace': no member is done, so there is nothing to tell")
