"""The evidence of each example as a table, and the list for a person who cleans."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from undertow.audit.dynamics.columns import columns_of
from undertow.audit.examined.called import Reason
from undertow.audit.examined.examine import Examined
from undertow.audit.examined.windows import FEWEST_LOOKS
from undertow.records.traces.trace import Trace

REASON: dict[Reason, str | None] = {
    "": None,
    "bulk": "classes confused in bulk",
    "low": "stands low, not believed wrong",
    "never answered": "no look answers the label",
    "between": "nothing believed with more than a half",
    "looks": f"fewer than {FEWEST_LOOKS} looks",
    "nothing fitted": "nothing fitted",
    "label": "no label",
}
"""Why an example cannot be told, as the tables say it."""
KINDS = ("p_mislabelled", "p_atypical", "p_typical")


def example_table(trace: Trace, found: Examined) -> pl.DataFrame:
    """A row per example in the order of the trace: the verdict with its evidence, and a column for
    each instrument, the means over members."""
    evidence, known_N = found.evidence, found.known_wrong_N
    label_N = trace.values.label_N
    columns = {
        "example_id": trace.values.example_id_N,
        "given": [trace.name_of(k) or None for k in label_N.tolist()],
        "verdict": found.verdict_N.tolist(),
        "reason": [REASON[each] for each in found.reason_N.tolist()],
        **{name: found.believed_N3[:, k] for k, name in enumerate(KINDS)},
        "standing": evidence.standing_N,
        "looks": evidence.looks_N,
        "share_given": evidence.given_N,
        "instead": [trace.name_of(k) or None for k in evidence.instead_N.tolist()],
        "share_instead": evidence.instead_share_N,
        "agreement": evidence.agreement_N,
        "known_wrong": np.where(known_N, "yes", "no"),
    }
    told = columns_of(trace.values).drop("example_id")
    return pl.DataFrame({**columns, **{one.name: one for one in told}})


def to_check(table: pl.DataFrame, texts: Mapping[str, str | None]) -> pl.DataFrame:
    """Likely mislabelled examples that are not known to be, the label that stands worst first;
    with ``texts`` or paths of pictures, where there are any, for who looks at them."""
    wrong = (pl.col("verdict") == "likely mislabelled") & (pl.col("known_wrong") == "no")
    kept = ["p_mislabelled", "share_given", "share_instead", "agreement", "standing"]
    found = (
        table.filter(wrong)
        .sort("standing", "example_id")
        .select("example_id", "given", pl.col("instead").alias("suggested"), *kept)
    )
    if not texts:
        return found
    shown = [texts.get(each) for each in found["example_id"].to_list()]
    return found.with_columns(pl.Series("input", shown, dtype=pl.String))
