"""A change of numbers is argued for: the findings of one small audit, to nine digits.

After a change that is meant: ``python tests/golden/test_golden.py`` writes the file anew; say why in the commit.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

GOLDEN = Path(__file__).with_name("findings.csv")


def findings() -> pl.DataFrame:
    from undertow.audit import Settings, audit
    from worlds import planted_world

    reference, variant = planted_world({1: 0.3}, m_ref=5, m_var=6, n=300, classes=4, seed=5, missing_labels=0.05)
    return audit(reference, [variant], Settings(by=("class", "region"), draws=300)).findings


def test_the_numbers_are_those_that_were_argued_for() -> None:
    kept = pl.read_csv(GOLDEN, schema=findings().schema, null_values=["null"])
    assert_frame_equal(findings(), kept, rel_tol=1e-9, abs_tol=1e-12)


if __name__ == "__main__":
    sys.path.insert(0, str(GOLDEN.parents[1]))
    findings().write_csv(GOLDEN)
