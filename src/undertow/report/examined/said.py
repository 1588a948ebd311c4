"""What is said of examined examples: the headline, how many labels are wrong, and how far that can
be trusted."""

from __future__ import annotations

from undertow.audit.examined.believed import Range
from undertow.audit.examined.examine import (
    FEWEST_EPOCHS,
    FEWEST_EXAMPLES,
    VERDICTS,
    Examined,
)
from undertow.audit.examined.planted import FEWEST
from undertow.report.wording import number, percent, plural

KNOWN = (
    "Plant a few to learn more: WrongLabels(data, 0.02) in the lab, or change 2 % of your labels "
    "at random and keep true_label in the recorder's train table."
)
CHECKED = (
    "Nothing calibrates it here: it was checked on Fashion-MNIST and digits with labels that were "
    "changed at random, and misses those that follow one confusion of classes (docs/examine.md). "
)


def headline(found: Examined) -> str:
    """How many labels are likely wrong, or that nothing is called so."""
    asked, listed = int((~found.known_wrong_N).sum()), found.count("likely mislabelled")
    if not listed:
        return "No label is called mislabelled"
    return f"{listed:,} of {asked:,} labels are likely wrong"


def counts(found: Examined) -> list[tuple[str, int]]:
    """Each verdict and how many have it."""
    return [(verdict, found.count(verdict)) for verdict in VERDICTS]


def share_said(found: Examined) -> str:
    """The believed share of wrong labels with its limits."""
    share = found.share
    if found.why:
        return "Believed share of wrong labels: cannot tell."
    return (
        f"Believed share of wrong labels: {percent(share.value)} ({between(share)}; the upper "
        "limit counts all that cannot be told)."
    )


def expected_said(found: Examined) -> str:
    """What is expected of the list; empty where there is none."""
    if found.expected is None or not found.count("likely mislabelled"):
        return ""
    precision, recall = found.expected
    return (
        f"Of the list, {percent(precision.value, 0)} are expected to be wrong "
        f"({between(precision, 0)}); it is expected to hold {percent(recall.value, 0)} of the "
        f"wrong labels ({between(recall, 0)})."
    )


def trust(found: Examined) -> list[str]:
    """How much of it can be trusted, a sentence or two each."""
    said = [_rests_on(found)]
    known = int(found.known_wrong_N.sum())
    if known and not found.calibrated and not found.why:
        said.append(
            f"{plural(known, 'label')} of the record {'is' if known == 1 else 'are'} known to be "
            f"wrong, fewer than the {FEWEST} that a calibration needs."
        )
    if found.in_bulk and found.why not in ("examples", "epochs"):
        said.append(
            f"{plural(found.in_bulk, 'example')} cannot be told, since classes are confused in "
            "bulk: either these classes overlap, or their labels are wrong in one direction. "
            "Look at some of them."
        )
    return said


def _rests_on(found: Examined) -> str:
    if found.why == "examples":
        return (
            f"There are too few examples: fewer than {FEWEST_EXAMPLES} were seen whose labels are "
            "not known to be wrong."
        )
    if found.why == "epochs":
        return (
            f"The training was too short: the trace has fewer than {FEWEST_EPOCHS} epochs. Train "
            "longer, or trace every epoch."
        )
    if found.why:
        return (
            "No group of wrong labels stands out from rare examples: there are few or none, or the "
            f"members are too weak or were trained too long to tell. {KNOWN}"
        )
    told = found.calibrated
    if told is None:
        return f"Precision and share are what a mixture of three kinds believes. {CHECKED}{KNOWN}"
    return (
        f"Calibrated on {plural(told.known, 'label')} of this record that are known to be wrong "
        f"(they stand worse than another label in {percent(told.auroc, 1)} of pairs) and are in no "
        "list. This holds for labels that are wrong as those are: planted at random, they say "
        "little of mistakes that follow one confusion of classes."
    )


def between(limits: Range, digits: int = 1) -> str:
    """``8.8 to 11.0 %``."""
    return f"{number(100 * limits.low, digits)} to {percent(limits.high, digits)}"
