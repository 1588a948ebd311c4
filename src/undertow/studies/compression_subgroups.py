"""Characterising bias in compressed models, the part on CelebA.   Hooker, Moorosi et al., 2020.
arXiv:2010.03058

Question    Does compression amplify errors on cells of target and attribute that are rare in
            training, under a top line that hardly moves? Do the examples whose answers change find
            them, without labels or attributes?
Reference   Dense networks trained on a composite: Fashion-MNIST's coats (.85 % of training) and
            pullovers (14 %) are the positive class, shirts and T-shirts the negative one; coats
            and shirts have the attribute "buttoned". Every seed stream varies.
Variants    A second dense population, which shows what chance alone gives (the paper has none).
            Gradual magnitude pruning to 70, 90 and 95 %, on members with seeds of their own. The
            reference's own members, weights rounded to 8 bits.
Measured    False positive and false negative rate, absolute and relative, overall, by attribute, by
            ink and by both; modal disagreement (Modal CIE), Taxicab distance, over-indexing.
Test        Members are exchanged between populations; max-T over all slices of a rate. Relative
            changes: Fieller's limits over members, Bonferroni over subgroups. What is said of
            exemplars holds where it is shown, and shown beyond the second dense population:
            bootstrap over examples within class, members fixed.
Departures  No people: the composite has CelebA's training shares of the two positive cells (the
            negative ones, 41 and 44 %, are ours); "buttoned" stands for Male and the picture's ink
            for Young. A cell is one class, so attribute and class are one within it. The test part
            has as many of each cell, CelebA's has not. A small CNN for ResNet-18, 12 members and
            not 30 at scale small. The paper gives no intervals and corrects for no multiplicity.
"""

import math

from undertow.audit.settings import Settings
from undertow.lab.data import AttributeCells, Cell, FashionMNIST
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, Table, claim, claims_in, held, points
from undertow.study.beside_chance import BesideChance, times
from undertow.study.claims import decided, effect_text
from undertow.study.subgroups import Subgroups, relative_text

PAPER = "2010.03058"
MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 8, "small": 12, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 12, "small": 24, "paper": 200}
CELLS = (
    Cell(("Coat",), target=True, attribute=True, share=0.0085),
    Cell(("Pullover",), target=True, attribute=False, share=0.14),
    Cell(("Shirt",), target=False, attribute=True, share=0.41),
    Cell(("T-shirt/top",), target=False, attribute=False, share=0.4415),
)
CUTS, BY = (0.7, 0.9, 0.95), ("buttoned", "ink", "buttoned+ink")
P95, AGAIN = "pruned 95 %", "dense again"
RARE = ("class+buttoned", "worn over+yes")


def study(scale: Scale) -> Study:
    """The study at one scale."""
    dense = Population(
        "dense",
        data=AttributeCells(FashionMNIST(), "worn over", "buttoned", CELLS),
        model=SmallCNN(width=16),
        recipe=Recipe(epochs=EPOCHS[scale], batch=64, lr=0.05),
        members=MEMBERS[scale],
    )
    pruned = [dense.under(MagnitudePruning(s), name=f"pruned {100 * s:g} %") for s in CUTS]
    int8 = dense.under(WeightQuantization(bits=8), name="int8")
    return Study(
        name="compression_subgroups",
        method=__doc__ or "",
        reference=dense,
        variants=(dense.again(AGAIN), *pruned, int8),
        claims=claims_in(globals()),
        settings=Settings(by=(*BY, RARE[0])),
        tables=tables,
    )


def of(r: Results, arm: str = P95) -> Subgroups:
    """Subgroups of one arm."""
    return Subgroups(r, "dense", arm, BY)


def tables(r: Results) -> list[Table]:
    """One per arm."""
    return [of(r, arm).table() for arm in r.names]


@claim("Two dense populations differ in no subgroup by more than chance", "ours")
def chance_alone(r: Results) -> Outcome:
    rates = ("accuracy", "false_positive_rate", "false_negative_rate")
    worse = sum(r.verdicts(AGAIN, rate).count("worse") for rate in rates)
    return held(worse == 0, f"{r.against_floor(AGAIN)}; {worse} slices worse")


@claim("Top-line accuracy hides that the rare cell pays more", PAPER)
def top_line_hides(r: Results) -> Outcome:
    arms = {arm: r.finding(arm, "accuracy_beyond_overall", *RARE) for arm in (P95, AGAIN)}
    beyond, null = (effect_text(row) for row in arms.values())
    whole, rare = r.overall(P95, "accuracy"), r.finding(P95, "accuracy", *RARE)
    said = f"overall {points(whole['effect'])}, rare cell {points(rare['effect'])}: {beyond} "
    said += f"beyond the whole; {AGAIN} {null}"
    return decided([(-arms[P95]["high"], -arms[P95]["low"])], said)


def relative(r: Results, measure: str) -> Outcome:
    """Whether the limits of the relative change with the attribute lie above those without."""
    with_, whole, without = (
        of(r).rate(measure, *key) for key in (("buttoned", "yes"), ("all", ""), ("buttoned", "no"))
    )
    if any(math.isnan(rate.low) for rate in (with_, whole, without)):
        raise KeyError("a relative change is undefined: no mistakes before, or no member differs")
    said = f"buttoned {relative_text(with_)} %, all {relative_text(whole)} %, "
    said += f"not buttoned {relative_text(without)} %"
    return decided([(with_.low - without.high, with_.high - without.low)], said)


@claim("False positives rise relatively more where positives are rare", PAPER)
def false_positives(r: Results) -> Outcome:
    return relative(r, "false_positive_rate")


@claim("False negatives rise relatively more where positives are rare", PAPER)
def false_negatives(r: Results) -> Outcome:
    return relative(r, "false_negative_rate")


@claim("The rare cell is over-represented among exemplars, beyond chance", PAPER)
def over_indexed(r: Results) -> Outcome:
    found = BesideChance(r).over_index(P95, *RARE)
    return found.outcome("times as common among exemplars as in the test set", times, ratio=True)


@claim("Exemplars are harder for the dense networks, beyond chance", PAPER)
def harder(r: Results) -> Outcome:
    found, _ = BesideChance(r).harder(P95)
    return found.outcome("points less right on exemplars (cross-fitted) than on all", points)


@claim("Exemplars have a larger share of the errors than of the examples, beyond chance", PAPER)
def costly(r: Results) -> Outcome:
    share, errors = (100 * each for each in of(r).exemplars_share())
    said = f"times: {share:.1f} % of the examples have {errors:.1f} % of the errors of {P95}"
    return BesideChance(r).errors(P95).outcome(said, times, ratio=True)


@claim("A ranking by Taxicab distance finds the rare cell unlabelled, beyond chance", PAPER)
def found_unlabelled(r: Results) -> Outcome:
    found = BesideChance(r).first_by_taxicab(P95, *RARE)
    return found.outcome("points more of the first twentieth than of all", points)


@claim("Quantization to 8 bits is milder than pruning", PAPER)
def quantization_milder(r: Results) -> Outcome:
    above = {arm: r.taxicab_above_floor(arm) for arm in ("int8", P95)}
    said = ", ".join(f"{arm} {value:.4f}" for arm, value in above.items())
    return held(above["int8"] < above[P95], f"mean Taxicab above the floor: {said}")
