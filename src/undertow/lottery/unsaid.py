"""Why “–” stands in a cell of a lottery's table: none is without a word."""

from __future__ import annotations

from undertow.lottery.found import Lottery, Row

RAN = ("native", "partly native", "emulated")
NOT_RUN = "it did not run"
NOT_IN_ALL = "it ran in some of the processes and not in all"
NOT_COUNTED = "it did not run, so what is left of its network is not counted"
OF_ONE_ROW = (NOT_RUN, NOT_IN_ALL, NOT_COUNTED)
"""What is said in a variant's own remark; all else is said once for the table."""


def why(lottery: Lottery, row: Row, head: str) -> str:
    """Of a cell that says nothing, by its head."""
    if head.startswith("by "):
        return _unpredicted(lottery, row, head)
    if row.name == lottery.reference.name:
        return f"{row.name} is what all others are set beside"
    if head == "worst slice" and row.paid is not None:
        return _no_slice(lottery, row.paid.differ)
    if row.realised is None:
        return NOT_IN_ALL if row.status in RAN else NOT_RUN
    if head == "of it":
        return _unpredicted(lottery, row, "by roofline")
    return lottery.uncompared


def _unpredicted(lottery: Lottery, row: Row, head: str) -> str:
    reference = lottery.reference
    if row.predicted is not None:
        what = "multiplies nothing" if head == "by operations" else "reads and writes nothing"
        return f"the network {what} that is counted"
    if reference.predicted is not None:
        return NOT_COUNTED
    if reference.note:
        return f"nothing is predicted, for the reason that the remark on {reference.name} gives"
    return "nothing is predicted: no operator of the network was seen to compute anything"


def _no_slice(lottery: Lottery, differ: int) -> str:
    if not differ:
        return "no answer differs"
    if not lottery.by:
        return "no column to slice by was given; give one with --by"
    return "no slice has 20 examples or more"
