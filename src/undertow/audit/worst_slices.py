"""Findings on the worst slice of each column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from undertow.audit.findings import Finding
from undertow.audit.measures import accuracy
from undertow.audit.pair import Pair, Row
from undertow.audit.stats.worst import worst_slice
from undertow.audit.verdicts import shift_verdict


def worst_slice_findings(pair: Pair) -> Iterator[Finding]:
    """The worst slice of each column: a minimum over noisy values, so its interval has the
    selection inside.

    Of slices with the minimum count: one example that both populations get wrong is nobody's worst
    slice. About members, the interval takes examples as samples too, whatever the scope: which
    slice is worst depends on both.
    """
    sampled = "members and examples" if pair.design.mode == "members" else "examples"
    columns = np.array(pair.slices.column_G)
    for column in dict.fromkeys(pair.slices.column_G):
        index_G = np.flatnonzero(
            (columns == column) & (pair.slices.count_G >= pair.settings.min_count)
        )
        if len(index_G) < 2:
            continue
        worst = worst_slice(
            pair.reference.correct_MN,
            pair.variant.correct_MN,
            pair.slices.membership_GN[index_G],
            level=pair.settings.level,
            paired=pair.paired,
            cluster_N=pair.cluster_N,
            over_members=pair.design.mode == "members",
        )
        row = pair.rows[1 + int(index_G[worst.index_variant])]
        before = pair.rows[1 + int(index_G[worst.index_reference])].value
        excludes_zero = worst.high < 0 or worst.low > 0
        verdict = shift_verdict(
            accuracy.card,
            worst.effect,
            worst.low,
            worst.high,
            0.0 if excludes_zero else 1.0,
            level=pair.settings.level,
            tolerance=pair.settings.tolerance,
        )
        yield pair.finding(
            "worst_slice_accuracy",
            accuracy.card,
            Row(column, row.value, row.count),
            verdict=verdict,
            note=f"worst before: {before}; the interval treats {sampled} as samples and accounts "
            "for picking the worst slice",
            reference=worst.reference,
            changed=worst.changed,
            effect=worst.effect,
            low=worst.low,
            high=worst.high,
        )
