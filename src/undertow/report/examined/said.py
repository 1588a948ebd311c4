"""What is said of examined examples: the headline, how many labels are wrong, and how far that can
be trusted."""

from __future__ import annotations

from undertow.audit.examined.believed import Range
from undertow.audit.examined.called import REASONS, VERDICTS, Reason
from undertow.audit.examined.examine import Examined, Why
from undertow.audit.examined.planted import FEWEST, Unshown
from undertow.audit.examined.windows import FEWEST_EPOCHS, FEWEST_EXAMPLES, FEWEST_LOOKS
from undertow.report.examined.stated import (
    ALIKE,
    AT_MOST,
    CAVEAT,
    NO_LIMIT,
    NO_LIST,
    NONE_LISTED,
    NOT_COUNTED,
    few,
    overlaps,
    stated_recall,
    unlimited,
)
from undertow.report.wording import number, percent, plural

KNOWN = (
    "Plant a few to learn more: undertow plant LABELS.csv writes labels to train on, and which of "
    "them are wrong; in the lab, WrongLabels(data, 0.02)."
)
NOT_FITTED: tuple[Why, ...] = ("examples", "epochs", "looks", "no fit")
NO_GROUP = "an order, not a group: the line to typical moves with the data"
"""Of atypical examples: of easy clouds without a wrong label 23 to 47 % were called so."""
MORE = ", and with two classes many more may be"
"""In the headline, where the share of wrong labels has no upper limit."""
TWO_CLASSES = (
    "With two classes it is too low where many labels are wrong, since members learn them and they "
    "look right. "
)
"""Of the value, where planted labels give an upper limit."""
FIRST = 20
"""Of a list, that a person is asked to look at."""
WHY_UNTOLD: dict[Reason, str] = {
    "bulk": "of classes that are confused in bulk",
    "low": "whose label stands low and is not believed wrong",
    "never answered": "whose label no look answers, though it does not stand low",
    "between": "of which nothing is believed with more than a half",
    "looks": f"with fewer than {FEWEST_LOOKS} looks",
    "nothing fitted": "since nothing is fitted",
    "label": "without a label",
}


def headline(found: Examined) -> str:
    """How many labels look wrong, and that this is not yet that they are; or that none does."""
    asked, listed = int((~found.known_wrong_N).sum()), found.count("likely mislabelled")
    if not listed:
        return "No label is called mislabelled"
    said = f"{listed:,} of {asked:,} labels {'looks' if listed == 1 else 'look'} wrong"
    return f"{said}{MORE if unlimited(found) else ''}; {CAVEAT}"


def counts(found: Examined) -> list[tuple[str, int, str]]:
    """Each verdict, how many have it, and what has to be known of that number."""
    of_each = ((verdict, found.count(verdict)) for verdict in VERDICTS)
    return [(verdict, n, NO_GROUP if verdict == "atypical" and n else "") for verdict, n in of_each]


def believed_wrong(found: Examined) -> str:
    """What what is believed of a label is called."""
    return "wrong if classes do not overlap" if overlaps(found) else "believed wrong"


def share_said(found: Examined) -> str:
    """The share of labels that look wrong, with its limits."""
    share = found.share
    if found.why:
        return "Share of wrong labels: cannot tell."
    if overlaps(found):
        return (
            f"{plural(found.in_bulk, 'example')} of {int((~found.known_wrong_N).sum()):,} are "
            "confused in bulk, so classes overlap much, or labels are wrong in one direction, or "
            "with few classes in every one. Which cannot be told, nor how many labels are wrong: "
            f"{between(share)}. Look at some. {NOT_COUNTED}"
        )
    if unlimited(found):
        return f"Share of wrong labels: {_looks_wrong(found)}, and {NO_LIMIT}. {NOT_COUNTED}"
    if not found.count("likely mislabelled"):
        told = f"Share of wrong labels: up to {below_all(share.high, 1)}; {NONE_LISTED}."
        return f"{told} {NOT_COUNTED}"
    return (
        f"Share of wrong labels: {_looks_wrong(found)} "
        f"({between(share)}; the upper limit counts all that cannot be told). "
        f"{TWO_CLASSES if found.two_classes else ''}{NOT_COUNTED}"
    )


def _looks_wrong(found: Examined) -> str:
    if not found.count("likely mislabelled"):
        return NONE_LISTED
    return f"{percent(found.share.value)} if all that look wrong are"


def expected_said(found: Examined) -> str:
    """What is expected of the list. Without known wrong labels nothing is said of recall, nor where
    none is listed: what planted labels tell of a list rests on a share that is then about 0."""
    if found.expected is None:
        return ""
    precision, _ = found.expected
    listed = found.count("likely mislabelled")
    said = _precision(precision.value, few(found)) if listed and not overlaps(found) else ""
    if not found.calibrated:
        return said
    recall = stated_recall(found)
    if recall is None:
        return (
            "That none is listed does not say that none is wrong. What a list holds of labels that "
            f"are wrong as the known ones is not said: {NO_LIST}."
        )
    share = f"{below_all(recall.value)} ({between(recall, 0)})"
    return f"{said} Of labels that are wrong as the known ones it holds {share}.".strip()


def _precision(expected: float, few_listed: bool) -> str:
    """What is wrong of a list, which no planted label tells."""
    if few_listed:
        return f"Of the list at most {below_all(expected)} are to be expected wrong: {AT_MOST}."
    return (
        f"Of the list {below_all(expected)} are wrong if no rightly labelled example looks like "
        "another class, and maybe none if some do; no limits can be given."
    )


def trust(found: Examined) -> list[str]:
    """How much of it can be trusted, a sentence or two each."""
    said = [_rests_on(found)]
    if found.unshown is not None:
        said.append(_unused(found.unshown))
    known = int(found.known_wrong_N.sum())
    if known and not found.calibrated and not found.why:
        said.append(
            f"{plural(known, 'label')} of the record {'is' if known == 1 else 'are'} known to be "
            f"wrong, fewer than the {FEWEST} that a calibration needs."
        )
    if found.count("cannot tell") and found.why not in NOT_FITTED:
        said.append(_untold(found))
    return said


def _untold(found: Examined) -> str:
    """Why examples cannot be told, by counts that add up; what is confused in bulk, once."""
    of_each = ((found.untold(reason), WHY_UNTOLD[reason]) for reason in REASONS)
    reasons = ", ".join(f"{n:,} {why}" for n, why in of_each if n)
    said = f"{plural(found.count('cannot tell'), 'example')} cannot be told: {reasons}."
    if not found.untold("bulk") or (overlaps(found) and not found.why):
        return said
    return (
        f"{said} Confused in bulk: either the two classes overlap, or their labels are wrong in "
        "one direction, or there are few classes and many labels are wrong in every direction. "
        "Look at some of them."
    )


def window_said(found: Examined) -> str:
    """On which epochs verdicts rest, and why; for the page's method."""
    epochs = plural(found.evidence.epochs, "epoch")
    if found.why in NOT_FITTED:
        return "Here nothing is fitted."
    if found.why:
        return f"Here, over all {epochs}, no group of labels stands low enough for a list."
    return (
        f"The first {epochs} are those in which wrong labels are expected to be told best, since "
        "later the members learn them by heart."
    )


def told_by(found: Examined) -> str:
    """By which epochs, and why by no more; for the line that says what was read."""
    if found.why in NOT_FITTED:
        return ""
    if found.why:
        return f"; looked at over all {found.evidence.epochs}"
    return (
        f"; told by the first {found.evidence.epochs}, where wrong labels are expected to be told "
        "best"
    )


def _rests_on(found: Examined) -> str:
    if found.why == "examples":
        return (
            f"There are too few examples: fewer than {FEWEST_EXAMPLES} were seen whose labels are "
            "not known to be wrong."
        )
    if found.why == "epochs":
        return (
            f"The training was too short: fewer than {FEWEST_EPOCHS} epochs of the trace saw any "
            "example. Train longer, or trace every epoch."
        )
    if found.why == "looks":
        return (
            f"There are too few looks: a verdict needs {FEWEST_LOOKS}, and fewer than "
            f"{FEWEST_EXAMPLES} examples have so many. Trace more epochs, or more members."
        )
    if found.why == "no fit":
        return (
            "The answers do not go with the labels: in no epoch do they agree more than by chance. "
            "Check that labels, ids and the order of classes are those of the trained examples, "
            "or train until members know something."
        )
    if found.why:
        return (
            "No group of wrong labels stands out from rare examples: there are few or none, or the "
            f"members are too weak or were trained too long to tell.{_more(found)}"
        )
    told = found.calibrated
    if told is None:
        if not found.count("likely mislabelled"):
            return (
                "That none is listed is what a mixture of beta distributions believes, and nothing "
                f"checks it here.{_more(found)}"
            )
        return (
            "The list is what a mixture of beta distributions believes, and nothing checks it "
            "here: where no label was wrong, overlapping classes gave a list of 223 of 3,000 "
            f"(docs/examine.md).{_look(found)}{_more(found)}"
        )
    return (
        f"Calibrated on {plural(told.known, 'label')} of this record that are known to be wrong "
        f"({_pairs(told.auroc)}) and are in no list. They tell how many wrong labels of their own "
        "kind are found: planted at random, they say little of mistakes that follow one confusion "
        f"of classes, and nothing of right labels that stand as low.{_look(found)}"
    )


def _look(found: Examined) -> str:
    """What to do with a list; nothing where there is none."""
    listed = found.count("likely mislabelled")
    first = f" Begin with the first {FIRST}: they stand worst." if listed > FIRST else ""
    return f" {ALIKE}{first}" if listed else ""


def _more(found: Examined) -> str:
    """How to learn more; nothing where that was tried."""
    enough = found.known_wrong_N.sum() >= FEWEST
    return "" if enough or found.unshown is not None else f" {KNOWN}"


def _pairs(auroc: Range) -> str:
    """With limits, unless all of them round to all pairs."""
    worse = "they stand worse than another label in"
    if percent(auroc.low, 1) == percent(1.0, 1):
        return f"{worse} {'all' if auroc.value == 1 else 'more than 99.9 % of'} pairs"
    return f"{worse} {below_all(auroc.value, 1)} of pairs, {between(auroc)}"


def _unused(unshown: Unshown) -> str:
    """That labels are said to be wrong and do not look so, and what to check."""
    said = (
        f"{unshown.known:,} labels are said to be wrong, but are not shown to stand worse than the "
        f"others ({_pairs(unshown.auroc)}; more than 50 % has to be shown). So nothing is "
        "calibrated, and they are examined as all others are."
    )
    if unshown.auroc.high < 0.5:
        return (
            f"{said} They stand better: the column is probably inverted. Check that true_label "
            "is right where the given label is wrong, or that mislabelled says yes of wrong labels."
        )
    return (
        f"{said} Check that members were trained on the wrong labels and that true_label or "
        "mislabelled is of the same ids; or the members are too weak to tell."
    )


def between(limits: Range, digits: int = 1) -> str:
    """``8.8 to 11.0 %``."""
    return f"{number(100 * limits.low, digits)} to {below_all(limits.high, digits)}"


def below_all(share: float, digits: int = 0) -> str:
    """A share in per cent that is not rounded up to all, ``more than 99 %``, nor down to none:
    ``0.004 %``."""
    while share > 0 and percent(share, digits) == percent(0.0, digits):
        digits += 1
    most = 1 - 10 ** -(digits + 2)
    rounded_up = share < 1 and percent(share, digits) == percent(1.0, digits)
    return f"more than {percent(most, digits)}" if rounded_up else percent(share, digits)
