"""Words of statistics, explained: the glossary of a page, and links to it from where a reader first
meets one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from undertow.report.naming import broken
from undertow.report.wording import line


@dataclass(frozen=True)
class Term:
    """``key`` is where the glossary has it, ``said`` the explanation. ``short`` explains it in a
    few words where ``pattern`` finds it; without a pattern it is not linked."""

    key: str
    name: str
    said: str
    short: str = ""
    pattern: str = ""


MODAL = Term(
    "modal",
    "Modal answer",
    "The answer that most members of a population give to one example.",
    "the answer that most members give",
    r"modal answer",
)
FLOOR = Term(
    "floor",
    "Floor",
    "The same measure with members exchanged between the two populations, between two halves of "
    "the reference, or between repeat runs of it: what chance alone gives.",
    "how much changes by chance alone, when nothing else does",
    r"(?<![\w-])floor(?![\w-])",
)
MCNEMAR = Term(
    "mcnemar",
    "Exact McNemar test",
    "Of the examples that one side answers rightly and the other wrongly, are as many lost as won? "
    "Examples that both answer alike do not count. Exact: by the binomial distribution.",
    "a test of answers lost against answers won, on the same examples",
    r"exact McNemar",
)
TANGO = Term(
    "tango",
    "Tango’s score interval",
    "The changes of accuracy that fit what was seen, where both sides answered the same examples.",
    "limits for a change of accuracy on the same examples",
    r"Tango['’]s score interval",
)
GLOSSARY = (
    Term(
        "roles",
        "Reference, variant",
        "The two roles in a comparison: the models you had, and the models after the change.",
    ),
    Term(
        "member",
        "Member",
        "One trained model. A population is several members of one recipe that differ only in "
        "their seeds.",
    ),
    Term(
        "slice",
        "Slice",
        "A named part of the examples: a class, an attribute, a region, a stratum of frequency.",
    ),
    Term(
        "recall",
        "Recall, precision",
        "Of the examples of a class, the share that is answered with it (accuracy on a class "
        "slice); of the answers that are this class, the share that is right.",
    ),
    MODAL,
    Term(
        "exemplar",
        "Exemplar",
        "An example whose modal answer changed (a pruning or compression identified exemplar: PIE, "
        "CIE). Confirmed, if its own votes shifted more than chance allows.",
    ),
    Term(
        "taxicab",
        "Taxicab",
        "The distance between two populations’ vote shares on one example: the sum over answers of "
        "the absolute difference, from 0 (same votes) to 2 (no vote in common).",
    ),
    FLOOR,
    Term(
        "control",
        "Control",
        "An example that did not change and is like the exemplar before: of the same label and a "
        "similar reference vote, or of a graded task a similar score.",
    ),
    Term(
        "p",
        "p, adjusted p",
        "How often chance alone gives at least this much; adjusted, in any of the slices looked "
        "at.",
    ),
    Term("q", "q", "The false discovery rate at which this exemplar would just be confirmed."),
    Term("points", "Points", "Differences of percentages: from 90 % to 88 % is −2 points."),
    MCNEMAR,
    TANGO,
)
_LINKED = {term.key: term for term in GLOSSARY if term.pattern}
_FOUND = re.compile("|".join(f"(?P<{key}>{term.pattern})" for key, term in _LINKED.items()))


def explained(said: str, limit: int = 2000) -> Markup:
    """A sentence of the audit, cleaned. A term says what it means and links to the glossary where
    it stands first."""
    text, shown, end, met = line(said, limit), Markup(), 0, set[str]()
    for found in _FOUND.finditer(text):
        key = str(found.lastgroup)
        if key in met:
            continue
        met.add(key)
        shown += broken(text[end : found.start()]) + _link(_LINKED[key], found[0])
        end = found.end()
    return shown + broken(text[end:])


def _link(term: Term, word: str) -> Markup:
    return Markup('<a class="term" href="#term-{}" title="{}">{}</a>').format(
        term.key, term.short, word
    )
