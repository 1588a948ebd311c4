"""Which numbers are stated of examined examples: the same on the page, in a terminal and for
programs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from undertow.audit.examined.believed import Range
from undertow.audit.examined.examine import Examined

CAVEAT = (
    "only a look tells whether they are: right labels of overlapping classes or rare subgroups "
    "look the same"
)
"""Of every list, in its headline: no shape of a trace tells them apart."""
ALIKE = (
    "Nothing here tells a rightly labelled example that looks like another class from one that is "
    "mislabelled: look at the list before you relabel."
)
NOT_COUNTED = (
    "Not counted: mistakes that follow one confusion of classes and were learned, so that they "
    "look right."
)
"""Beside every share: where labels are wrong so, more can be than its upper limit says."""
MUCH = 1 / 4
"""Of the examples, confused in bulk, from which nothing is said of how many labels are wrong but
how many they can be. Of two tables of blobs that overlap much 29 and 37 % are so."""
FEW = 0.02
"""Of the examples, on the list, below which what is stated of it is the most to expect."""
AT_MOST = (
    "so few look wrong that right labels weigh among them. Of such lists 83 to 90 % were wrong "
    "where 96 to 97 % were stated, and 22 to 64 % where a rare subgroup of each class looked like "
    "another class (docs/examine.md)"
)
"""Measured: benchmarks/examine_rare.py, ten seeds each with .3 to 1 % wrong labels."""
IN_BULK = "confused in bulk: classes overlap much, or labels are wrong in one direction"
NONE_LISTED = "none is listed"
UNTOLD = "cannot tell"


def overlaps(found: Examined) -> bool:
    """Whether so many examples are confused in bulk that what is believed of the others is of no
    use."""
    return found.in_bulk > MUCH * max(int((~found.known_wrong_N).sum()), 1)


def few(found: Examined) -> bool:
    """Whether so few are listed that right labels which stand low weigh among them: known wrong
    labels do not tell how many these are, nor does a mixture."""
    asked = int((~found.known_wrong_N).sum())
    return 0 < found.count("likely mislabelled") < FEW * asked


def unstated(found: Examined) -> str | None:
    """Why only the limits of the share of wrong labels are stated; ``None`` where a value is."""
    if found.why:
        return f"{UNTOLD}: {found.why}"
    if overlaps(found):
        return IN_BULK
    return None if found.count("likely mislabelled") else NONE_LISTED


def stated(found: Examined, of: Range) -> Range:
    """Without a value, where none is stated."""
    return of if unstated(found) is None else replace(of, value=np.nan)
