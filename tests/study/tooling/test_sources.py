"""Populations by network and source, read from records; tables, panels and claims of them."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from undertow.audit.stats.components import Estimate
from undertow.audit.stats.member_pairs import pair_mean
from undertow.records.write import write_records
from undertow.study.claims import TOO_SMALL
from undertow.study.results import Results
from undertow.study.tooling import shown
from undertow.study.tooling.disagreement import pair_churn
from undertow.study.tooling.outcomes import above, as_much, beyond_null
from undertow.study.tooling.sources import Sources, named
from undertow.study.trained import Trained
from worlds import records_from

NETS = ("norm", "plain")
LABEL_N = np.arange(60) % 3


def population(folder, name, wrong, members=4):
    """Member m answers ``wrong`` examples differently, from example 5·m on."""
    pred_MN = np.tile(LABEL_N, (members, 1))
    for m in range(members):
        pred_MN[m, 5 * m : 5 * m + wrong] = (LABEL_N[5 * m : 5 * m + wrong] + 1) % 3
    proba_MNC = 0.1 + 0.7 * np.eye(3)[pred_MN]
    records = records_from(pred_MN, LABEL_N, ("cat", "dog", "owl"), proba=proba_MNC, name=name)
    write_records(records, folder)
    (folder / "weights").mkdir()
    rng = np.random.default_rng(wrong)
    for member in records.members:
        weight = rng.normal(size=4) if wrong else np.ones(4)
        save_file({"w": weight.astype(np.float32)}, folder / "weights" / f"{member.id}.safetensors")
    return Trained(folder)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    out = tmp_path_factory.mktemp("sources")
    given = {"seeds": 6, "noise": 3, "control": 0, "threads": 4, "compiled": 2}
    found = {
        named(net, source): population(
            out / f"{net}-{source}", named(net, source), wrong, 1 if wrong in (2, 4) else 4
        )
        for net in NETS
        for source, wrong in given.items()
        if (net, source) != ("norm", "compiled")
    }
    return Sources(Results(None, found), "control")


def test_churn_is_the_mean_over_pairs_and_ratios_are_of_the_first_over_the_second(sources):
    records = sources.of("norm", "noise").records
    assert sources.churn("norm", "noise").value == pair_mean(pair_churn(records)).value
    ratio = sources.churn_over(("norm",), "seeds", "noise")["norm"]
    both = [sources.churn("norm", source).value for source in ("seeds", "noise")]
    assert ratio.value == pytest.approx(both[0] / both[1])
    assert ratio.value > 1.5


def test_the_control_is_equal_in_answers_and_weights(sources):
    assert sources.controlled("norm") == (4, 0.0, 0.0)


def test_tools_are_set_beside_the_control_and_beside_each_other(sources):
    tools = ("threads", "compiled")
    assert sources.moved("norm", tools) == {"threads": 4 / 60}
    assert sources.moved("plain", tools) == {"threads": 4 / 60, "compiled": 2 / 60}
    # threads has two answers more than compiled, of the same examples
    assert sources.among("plain", tools) == pytest.approx((4 + 2 + 2) / 60 / 3)
    assert np.isnan(sources.among("plain", ()))


def test_a_row_for_each_network_and_source(sources):
    table = shown.sources_table(sources, NETS, ("seeds", "control"))
    assert [row[:3] for row in table.rows[:2]] == [["norm", "seeds", "4"], ["norm", "control", "4"]]
    head = dict(zip(table.head, table.rows[1], strict=True))
    assert head["accuracy %"].startswith("100.0")
    assert (head["churn %"], head["distance"]) == ("0.0 [0.0, 0.0]", "0.000 [0.000, 0.000]")
    limits = dict(zip(table.head, table.rows[0], strict=True))["accuracy %"]
    assert limits == "90.0 [90.0, 90.0]"


def test_limits_of_a_share_end_at_0_and_100():
    row = {"measure": "churn", "measured": 0.5, "low": -0.2, "high": 1.3}
    assert shown._limits(row, 100, ".1f") == "50.0 [0.0, 100.0]"
    assert shown._limits(row | {"measure": "pair_gain"}, 100, ".1f") == "50.0 [-20.0, 130.0]"


def test_tools_that_a_network_lacks_have_no_row(sources):
    table = shown.tools_table(sources, NETS, ("threads", "compiled"))
    assert [row[:3] for row in table.rows] == [
        ["norm", "threads", "6.7"],
        ["norm", "every two of these", "6.7"],
        ["plain", "threads", "6.7"],
        ["plain", "compiled", "3.3"],
        ["plain", "every two of these", "4.4"],
    ]


def test_the_class_that_varies_most_stands_beside_both_nulls(sources):
    table = shown.classes_table(sources, ("norm",), ("seeds",))
    printed, scaled = table.rows
    assert (printed[2], scaled[2]) == ("as printed", "by size")
    found = sources.largest("norm", "seeds", "largest_ratio", "independent")
    assert printed[3] == found["value"]
    assert len(table.head) == len(printed) == 9


def test_panels_have_a_line_for_each_network_over_sources_and_one_over_classes(sources):
    panel = shown.sources_panel(sources, NETS, ("seeds", "noise"), "churn")
    assert [line.label for line in panel.lines] == ["norm", "plain"]
    assert panel.lines[0].x == [1, 2]
    churn = sources.churn("norm", "noise").limits()
    first = panel.lines[0]
    assert (first.y[1], first.low[1], first.high[1]) == pytest.approx([100 * v for v in churn])
    assert panel.y_label == "churn, %"
    lines = shown.classes_panel(sources, "norm", ("seeds",)).lines
    assert (lines[0].x, len(lines[0].y)) == ([1, 2, 3], 3)


def ratios(*limits):
    return {str(n): Estimate((low + high) / 2, low, high) for n, (low, high) in enumerate(limits)}


@pytest.mark.parametrize(
    ("limits", "status"),
    [([(0.2, 0.4), (1, 2)], "held"), ([(0.2, 0.4), (0.05, 0.09)], "not held"), ([(0.05, 3)], "not testable")],
)  # fmt: skip
def test_above_is_decided_by_limits_of_each(limits, status):
    assert above(ratios(*limits), 0.1).status == status


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ([(0.92, 1.08)], "held"), ([(0.92, 1.08), (0.5, 0.8)], "not held"), ([(1.2, 1.5)], "not held"),
        ([(0.8, 1.05)], "not testable"), ([(0.95, 1.2)], "not testable"),
    ],
)  # fmt: skip
def test_as_much_is_inside_the_margin_with_all_limits(limits, status):
    assert as_much(ratios(*limits), 0.1).status == status


def null_row(p):
    return {"value": "cat", "measured": 5.0, "null_low": 1.0, "null_high": 4.0, "p": p}


def test_a_null_is_exceeded_after_holm():
    found = beyond_null({"norm": null_row(0.02), "plain": null_row(0.04)})
    assert found.status == "held"
    assert found.evidence == (
        "norm: cat 5.0 times, null 1.0 to 4.0, p 0.0400; "
        "plain: cat 5.0 times, null 1.0 to 4.0, p 0.0400"
    )
    undecided = beyond_null({"norm": null_row(0.03), "plain": null_row(0.04)})
    assert (undecided.status, undecided.evidence.endswith(TOO_SMALL)) == ("not testable", True)
    assert beyond_null({"norm": null_row(float("nan"))}).status == "not testable"
