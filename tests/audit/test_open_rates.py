"""Error rates by slice that are too small to tell, beside the sentence that no slice loses."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from undertow.audit.compare import audit
from undertow.audit.open_rates import open_rates_said
from undertow.audit.result import Audit
from undertow.audit.settings import Settings
from undertow.report.markdown import summary_markdown
from undertow.report.text import summary_text
from worlds import records_from

COUNTRIES = ("DE", "NG")
N, FRAUDS = 1000, 19


def frauds(missed: int, elsewhere: int = 0, by: tuple[str, ...] = ("country",)) -> Audit:
    """Of 19 frauds in either country 12 are missed; in NG ``missed`` more, in DE ``elsewhere``."""
    label_N = np.tile(np.r_[np.ones(FRAUDS, int), np.zeros(N - FRAUDS, int)], 2)
    before_N = label_N.copy()
    before_N[:12] = before_N[N : N + 12] = 0
    after_N = before_N.copy()
    after_N[N + 12 : N + 12 + missed] = after_N[12 : 12 + elsewhere] = 0
    made = [
        records_from(
            pred_N[None],
            label_N,
            ("fine", "fraud"),
            name=name,
            slices={"country": np.repeat(COUNTRIES, N).tolist()},
            task="binary",
            positive="fraud",
        )
        for name, pred_N in (("old", before_N), ("new", after_N))
    ]
    return audit(made[0], [made[1]], Settings(by=by, draws=100))


def test_missed_frauds_are_not_hidden_by_an_accuracy_that_is_kept() -> None:
    found = frauds(4)
    assert found.variants[0].headline.startswith(
        "new keeps its accuracy (−0.20 points, 95 % interval −0.55 to +0.04). No slice loses more than "
        "chance can explain. In 2 of 2 slices the false negative rate (‘fraud’ answered ‘fine’) "
        "cannot be told; country NG rises most: false negatives 12 → 16 of 19. "
    )
    said = (
        "None of 2 slices worse; in 2 of 2 the false negative rate cannot be told (country NG "
        "rises most: false negatives 12 → 16 of 19)"
    )
    assert f"         {said}\n" in summary_text(found)
    assert said in summary_markdown(found)


def test_where_the_whole_rises_the_mistake_is_said_once_in_the_words_of_the_classes() -> None:
    found = frauds(5, elsewhere=4)
    assert (
        " In 2 of 2 slices the false negative rate cannot be told; country NG rises most: false "
        "negatives 12 → 17 of 19. The false negative rate (‘fraud’ answered ‘fine’) rises: "
    ) in found.headline


def test_where_nobody_misses_more_it_is_said_without_a_name() -> None:
    assert (
        "In 2 of 2 slices the false negative rate (‘fraud’ answered ‘fine’) cannot be told. "
    ) in frauds(0).headline


def test_both_rates_are_told_that_of_the_largest_rise_first() -> None:
    found = frauds(4).findings.with_columns(
        verdict=pl.when(pl.col("slice") == "country")
        .then(pl.lit("too small to tell"))
        .otherwise("verdict")
    )
    assert open_rates_said(found, {}, 0.05) == (
        "In 2 of 2 slices the false negative rate cannot be told, in 2 of 2 the false positive "
        "rate; country NG rises most: false negatives 12 → 16 of 19."
    )
    one = found.filter(pl.col("value") != "DE").with_columns(note=pl.lit(""))
    assert open_rates_said(one, {}, 0.05) == (
        "In the one slice the false negative rate cannot be told, in 1 of 1 the false positive "
        "rate; country NG rises most: +21.1 points (−8.2 to +49.4)."
    )


@pytest.mark.parametrize("by", [(), ("class",), ("country+class",)])
def test_without_rates_by_slice_nothing_is_said(by: tuple[str, ...]) -> None:
    assert "cannot be told" not in frauds(4, by=by).headline.replace("cannot be told from", "")


def test_where_a_slice_is_named_that_loses_nothing_is_added() -> None:
    found = frauds(4).findings
    for measure in ("accuracy", "false_positive_rate"):
        worse = found.with_columns(
            verdict=pl.when((pl.col("measure") == measure) & (pl.col("value") == "NG"))
            .then(pl.lit("worse"))
            .otherwise("verdict"),
            p_adjusted=0.0,
        )
        assert open_rates_said(worse, {}, 0.05) == ""


def test_a_task_of_three_classes_has_no_such_rates() -> None:
    label_N = np.arange(60) % 3
    made = [
        records_from(label_N[None], label_N, 3, name=name, slices={"site": ["a", "b"] * 30})
        for name in ("old", "new")
    ]
    found = audit(made[0], [made[1]], Settings(by=("site",), draws=100))
    assert open_rates_said(found.findings, {}, 0.05) == ""
