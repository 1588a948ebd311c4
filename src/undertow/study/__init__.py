"""What a study is made of: its declaration and claims, what they read of audits and trained
populations, and the tables and figures of its result page. ``undertow.studies`` has the papers.

These names are what a study's file declares with; readings are imported by their own module.
"""

from undertow.study.claims import (
    Claim,
    Outcome,
    Status,
    claim,
    claims_in,
    decided,
    held,
    judge,
    points,
    untested,
)
from undertow.study.declaration import SCALES, Comparison, Scale, Study, Table
from undertow.study.results import Results

__all__ = [
    "SCALES",
    "Claim",
    "Comparison",
    "Outcome",
    "Results",
    "Scale",
    "Status",
    "Study",
    "Table",
    "claim",
    "claims_in",
    "decided",
    "held",
    "judge",
    "points",
    "untested",
]
