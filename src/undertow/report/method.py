"""The method note: what was tested, how to read it, whose idea it was. Says only what holds for
this audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from undertow.audit.result import Audit
from undertow.audit.verdicts import ERROR_RATES
from undertow.report.cards import card_of, title_of
from undertow.report.counts import counted_band, counts
from undertow.report.effects import SliceEffects, floored
from undertow.report.terms import GLOSSARY, Term
from undertow.report.wording import number, percent


@dataclass(frozen=True)
class Paper:
    """``where`` is a link target or empty."""

    said: str
    where: str = ""


@dataclass(frozen=True)
class Method:
    reading: tuple[str, ...]
    tests: tuple[str, ...]
    assumptions: tuple[str, ...]
    designs: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    """Names of the variants that share a design, and its sentences."""
    measures: tuple[tuple[str, str, str], ...]
    settings: tuple[tuple[str, str], ...]
    papers: tuple[Paper, ...]
    glossary: tuple[Term, ...]


def method(audit: Audit, effects: SliceEffects | None) -> Method:
    """The note of one audit, of which ``effects`` are drawn."""
    many = any(v.count is not None for v in audit.variants)
    single = any(v.count is None for v in audit.variants)
    return Method(
        reading=tuple(_reading(audit, effects, many)),
        tests=(
            *(MEMBERS if many else ()),
            *(BOTH if any(v.scope == "both" for v in audit.variants) else ()),
            *(SINGLE if single else ()),
            *(BINARY if _binary(audit) else ()),
            *ALWAYS,
        ),
        assumptions=audit.assumptions,
        designs=_designs(audit),
        measures=_measures(audit),
        settings=tuple(_settings(audit, many)),
        papers=(*FOUNDING, *(MEMBER_PAPERS if many else ()), *(SINGLE_PAPERS if single else ())),
        glossary=tuple(t for t in GLOSSARY if many or t.key not in OF_MEMBERS),
    )


def _reading(audit: Audit, effects: SliceEffects | None, many: bool) -> Iterator[str]:
    """How to read what is on the page, and nothing about what is not."""
    if effects is not None:
        yield f"{WORSE_OF_MEMBERS if many else WORSE_OF_EXAMPLES} {WITHIN}"
    verdicts = {audit.verdict, *(v.verdict for v in audit.variants)}
    yield from (said for word, said in (("changed", CHANGED), ("mixed", MIXED)) if word in verdicts)
    if floored(effects) or counted_band(counts(audit)):
        yield BAND
    if effects is not None:
        yield SIMULTANEOUS


def _binary(audit: Audit) -> bool:
    return bool(audit.findings["measure"].is_in(ERROR_RATES).any())


def _designs(audit: Audit) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    names: dict[tuple[str, ...], list[str]] = {}
    for variant in audit.variants:
        names.setdefault(variant.design, []).append(variant.arm.name)
    return tuple((tuple(shared), design) for design, shared in names.items())


def _measures(audit: Audit) -> tuple[tuple[str, str, str], ...]:
    """Title, how to read it and source of every measure in the findings that has a card."""
    names = audit.findings["measure"].unique(maintain_order=True)
    known = ((name, card_of(name)) for name in names)
    outcome = audit.reference.outcome
    return tuple(
        (title_of(n, outcome), c.reads, c.paper) for n, c in known if c is not None and c.name == n
    )


def _settings(audit: Audit, many: bool) -> Iterator[tuple[str, str]]:
    s = audit.settings
    yield "Slices by", ", ".join(s.by) or "none"
    yield "Level of the tests", percent(s.level)
    if many:
        yield "False discovery rate of confirmed exemplars", percent(s.fdr)
        yield "Rearrangements drawn", number(s.draws, 0)
    yield "Seed", str(s.seed)
    yield "Tolerance for a slice", f"{number(100 * s.tolerance, 1)} points"
    yield "Tolerance for the whole", f"{number(100 * s.tolerance_overall, 1)} points"
    fewest = "Fewest examples in a crossing, and to be the worst slice"
    yield fewest, f"{s.min_count:,} examples"


OF_MEMBERS = ("taxicab", "q")
"""Terms that only stand on pages about several members."""
WORSE_OF_MEMBERS = (
    "A slice is called worse only if its change is more than rearranging the members could give, "
    "after allowing for how many slices were looked at."
)
WORSE_OF_EXAMPLES = (
    "A slice is called worse only if its change is more than the draw of examples could give, "
    "after allowing for how many slices were looked at."
)
WITHIN = (
    "It is called within tolerance only if its whole interval lies inside the tolerance; where the "
    "interval is wider than that, the audit says that it cannot tell, and how many examples, "
    "clusters or members would decide it if the change stays what it is. The change seen is itself "
    "uncertain, so plan for two or three times as many."
)
CHANGED = (
    "A variant is called changed where its answers moved more than chance and neither a loss nor a "
    "gain is shown: as many may have become right as wrong."
)
MIXED = (
    "A variant is called mixed where the whole gains while a slice loses or an error rate rises, "
    "or where the whole loses while a slice gains: both are more than chance, so neither alone is "
    "the answer."
)
BAND = (
    "The grey band is the floor: what the same measure gives when nothing but chance differs. A "
    "mark inside the band is what chance alone produces, however large the number looks."
)
SIMULTANEOUS = (
    "Intervals are simultaneous: all of them hold together at the stated level, so that the worst "
    "one may be read."
)
MEMBERS = (
    "Where a verdict is about members, the unit of replication is the trained member, not the "
    "example. Values per member are compared with a studentised (Welch) statistic whose "
    "distribution comes from exchanging members between the populations, or swapping them within "
    "pairs where each variant member was made from a reference member; where there are too few "
    "members for that, from Student’s t.",
    "Over slices, the largest statistic of each rearrangement sets the bar (Westfall–Young max-T), "
    "which keeps the correlation between slices.",
    "An example changed its modal answer if most members of the variant give another answer than "
    "most members of the reference. Ties are undefined and counted. The count is set against the "
    "same count under rearranged members.",
    "Each example’s vote shift has an exact test of its own; confirmed exemplars are those that "
    "survive Benjamini–Hochberg at the stated false discovery rate.",
    "Accuracy on exemplars is cross-fitted: measured on members that took no part in choosing "
    "them, because choosing examples on which a population is split makes it look bad on them by "
    "selection alone.",
)
BOTH = (
    "Where a verdict is about new members on new examples, the limits of a shift add what members "
    "vary by (Student’s t) and what examples vary by, less the noise of single answers that both "
    "count; half widths add in squares. Such limits are never narrower than those about examples "
    "alone, and are corrected over slices by Bonferroni.",
)
SINGLE = (
    "Where a verdict is about the trained models at hand, outcomes are paired over examples, each "
    "side being the mean of its runs. Right or wrong with one run a side takes the exact McNemar "
    "test and Tango’s score interval with a correction of half an example; graded outcomes "
    "and several runs take limits for a mean of bounded differences, which allow for losses that "
    "are possible but were not seen. Over clusters of examples the two models’ answers are "
    "exchanged cluster by cluster; “better” and “within tolerance” are said only if they "
    "would also hold with clusters unlike those seen. This speaks about these models, not "
    "about the "
    "change as such: another seed could have moved other examples.",
    "Over slices, p values and intervals are corrected by Bonferroni, so that both say the same.",
)
BINARY = (
    "In a binary task, an error rate that rises counts even if accuracy stays the same, on the "
    "whole or on a slice: somebody is accused or missed more often. All error rates together have "
    "half of the level. If nothing changed, at most 7.5 % of audits say “worse”; without this "
    "question it would be 5 %.",
)
ALWAYS = ("What is undefined is left out and counted; it is never taken as zero.",)

FOUNDING = (
    Paper(
        "Hooker, Moorosi, Clark, Bengio, Denton (2020). Characterising Bias in Compressed Models. "
        "arXiv:2010.03058",
        "https://arxiv.org/abs/2010.03058",
    ),
    Paper(
        "Hooker, Courville, Clark, Dauphin, Frome (2019). What Do Compressed Deep Neural Networks "
        "Forget? arXiv:1911.05248",
        "https://arxiv.org/abs/1911.05248",
    ),
)
MEMBER_PAPERS = (
    Paper("Westfall, Young (1993). Resampling-Based Multiple Testing. Wiley."),
    Paper(
        "Benjamini, Hochberg (1995). Controlling the False Discovery Rate. Journal of the Royal "
        "Statistical Society B."
    ),
    Paper(
        "Welch (1947). The Generalization of Student’s Problem when Several Different Population "
        "Variances are Involved. Biometrika."
    ),
)
SINGLE_PAPERS = (
    Paper(
        "McNemar (1947). Note on the Sampling Error of the Difference between Correlated "
        "Proportions or Percentages. Psychometrika."
    ),
    Paper(
        "Tango (1998). Equivalence Test and Confidence Interval for the Difference in Proportions "
        "for the Paired-Sample Design. Statistics in Medicine."
    ),
    Paper("Owen (2001). Empirical Likelihood. Chapman & Hall."),
    Paper(
        "Dunn (1961). Multiple Comparisons among Means. Journal of the American Statistical "
        "Association."
    ),
)
