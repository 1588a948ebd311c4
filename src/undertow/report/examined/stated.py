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
NO_LIMIT = (
    "no upper limit can be given: with two classes, wrong labels that members have learned by "
    "heart are taken for right. Where 41 and 39 % were wrong, 19 and 14 % were believed to be "
    "(docs/examine.md). Labels that are planted before the training tell more"
)
"""Of two classes, where nothing calibrates: what members learned of many wrong labels is in no
mixture, and nothing is confused in bulk, which would say so of more classes."""
NO_LIST = "no list, so nothing to hold"
"""Why no recall is stated: it would rest on a share of about 0."""
MUCH = 1 / 4
"""Of the examples, confused in bulk, from which nothing is said of how many labels are wrong but
how many they can be. Of two tables of blobs that overlap much 29 and 37 % are so."""
FEW = 0.02
"""Of the examples, on the list, below which what is stated of it is the most to expect."""
AT_MOST = (
    "so few look wrong that right labels weigh among them. Of such lists 83 to 90 % were wrong "
    "where 96 to 97 % were stated, and 22 to 64 % where a rare subgroup of each class looked like "
    "another class; where no label is wrong, none of a short list is (docs/examine.md)"
)
"""Measured: benchmarks/examine_rare.py, ten seeds each with .3 to 1 % wrong labels."""
IN_BULK = (
    "confused in bulk: classes overlap much, or labels are wrong in one direction, or with few "
    "classes in every one"
)
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


def unlimited(found: Examined) -> bool:
    """Whether the share of wrong labels has no upper limit: of two classes, and not calibrated."""
    return found.two_classes and found.calibrated is None and not found.why


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


def stated_share(found: Examined, of: Range) -> Range:
    """The same of a share of wrong labels, and without an upper limit where there is none."""
    share = stated(found, of)
    return replace(share, high=np.nan) if unlimited(found) else share


def stated_alone(found: Examined, of: Range) -> Range:
    """The share by the mixture alone, which has no upper limit of two classes, calibrated or
    not."""
    share = stated(found, of)
    return replace(share, high=np.nan) if found.two_classes else share


def stated_recall(found: Examined) -> Range | None:
    """What a list holds of labels that are wrong as known ones; ``None`` where nothing tells, or
    where there is no list."""
    listed = found.count("likely mislabelled")
    return found.calibrated.recall if found.calibrated is not None and listed else None
