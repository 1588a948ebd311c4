"""Characterising bias in compressed models.   Hooker, Moorosi et al., 2020.   arXiv:2010.03058
with What do compressed deep neural networks forget?   Hooker et al., 2019.   arXiv:1911.05248

Question    Top-line accuracy hardly moves when a network is compressed. Which examples change their
            modal answer, which classes pay beyond the overall shift, and are they the ones with
            little training data?
Reference   Dense networks trained on long-tailed Fashion-MNIST; every seed stream varies.
Variants    A second dense population, which shows what chance alone gives (the papers have none).
            The same recipe under gradual magnitude pruning to 50, 70, 90 and 95 %, on members with
            seeds of their own. The reference's own members, weights rounded to 8 and 4 bits.
            All of these again on corrupted test images (ImageNet-C's families, CIFAR-10-C's
            constants), without training.
Measured    Accuracy by class and by training frequency, plain and beyond the overall shift; modal
            disagreement (PIE, Modal CIE) and Taxicab distance; slices among the exemplars; the
            relative change of accuracy under corruption beyond that on clean images.
Test        Members are exchanged between populations (within pairs for the quantized arms); max-T
            over all slices of a measure; exact tests per example with Benjamini-Hochberg. Under
            corruption, Welch's t (paired for quantized arms), Bonferroni over corruptions. What is
            said of exemplars holds where it is shown, and shown beyond the second dense population:
            bootstrap over examples within class, members fixed.
Departures  Fashion-MNIST and a small CNN for CelebA, CIFAR-10, ImageNet and their ResNets; class
            frequency stands for the annotated attribute (50 to 1 from ankle boots to T-shirts, the
            labels in reverse), and the tail has T-shirts and pullovers, the two least accurate
            classes here, so what is rare is hard; weights only are quantized, by rounding; 16
            members and not 30 at scale small; 12 corruptions and not 15, of 25 images a class, and
            *all of them* is the ratio of mean accuracies, not the mean of ratios. The papers
            correct for no multiplicity and have no floor; this does both.
"""

from itertools import pairwise

from undertow.audit.settings import Settings
from undertow.lab.data import Corrupted, FashionMNIST, LongTail
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in, held, points, untested
from undertow.study.beside_chance import BesideChance, times
from undertow.study.claims import TOO_SMALL, decided, effect_text
from undertow.study.robustness import Robustness, put_to

MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 8, "small": 16, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 12, "small": 24, "paper": 200}
REVERSED = (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
FEW, ALL, MORE = (0.5, 0.9), (0.5, 0.7, 0.9, 0.95), (0.3, 0.5, 0.7, 0.9, 0.95)
CORRUPTED: dict[Scale, int | None] = {"smoke": 2, "small": 25, "paper": None}  # images a class
CUTS: dict[Scale, tuple[float, ...]] = {"smoke": FEW, "demo": FEW, "small": ALL, "paper": MORE}
P90, AGAIN, BEYOND = "pruned 90 %", "dense again", "accuracy_beyond_overall"
PIE, CIE, BOTH = "1911.05248", "2010.03058", "1911.05248, 2010.03058"


def study(scale: Scale) -> Study:
    """The study at one scale."""
    dense = Population(
        "dense",
        data=FashionMNIST(tail=LongTail(ratio=50, order=REVERSED)),
        model=SmallCNN(width=16),
        recipe=Recipe(epochs=EPOCHS[scale], batch=64, lr=0.05),
        members=MEMBERS[scale],
    )
    pruned = [dense.under(MagnitudePruning(s), name=f"pruned {100 * s:g} %") for s in CUTS[scale]]
    quantized = [dense.under(WeightQuantization(bits=b), name=f"int{b}") for b in (8, 4)]
    variants = (dense.again(AGAIN), *pruned, *quantized)
    beside: tuple[Population, ...] = ()
    if scale in CORRUPTED:  # a first look does without
        shown = FashionMNIST(test_per_class=CORRUPTED[scale])
        beside = put_to(Corrupted(shown), (dense, *variants))
    return Study(
        name="compression_bias",
        method=__doc__ or "",
        reference=dense,
        variants=variants,
        beside=beside,
        claims=claims_in(globals()),
        settings=Settings(by=("class", "frequency")),
        tables=lambda r: (of(r).table(),) if of(r).there else (),
    )


def of(r: Results) -> Robustness:
    """What corrupted images cost."""
    return Robustness(r, "dense", r.names)


@claim("Two dense populations differ by no more than chance", "ours")
def chance_alone(r: Results) -> Outcome:
    count, worse = r.count(AGAIN), r.verdicts(AGAIN, "accuracy").count("worse")
    evidence = f"{r.against_floor(AGAIN)}; {worse} slices worse"
    return held(count.p > 0.05 and worse == 0, evidence)


@claim("Two dense populations differ in brittleness to corruption by no more than chance", "ours")
def as_brittle(r: Results) -> Outcome:
    return of(r).as_brittle(AGAIN)


@claim("Top-line accuracy hides that some class pays more than the whole", PIE)
def top_line_hides(r: Results) -> Outcome:
    whole = r.overall(P90, "accuracy")["effect"]
    worst, null = (r.lowest(arm, BEYOND, "class") for arm in (P90, AGAIN))
    said = f"overall {points(whole)}, lowest {worst['value']} {effect_text(worst)} beyond it; "
    said += f"{AGAIN}: {null['value']} {effect_text(null)}"
    return decided([(-worst["high"], -worst["low"])], said)


@claim("Fewer classes lose than gain beyond the whole", PIE)
def few_lose(r: Results) -> Outcome:
    rows = {arm: r.findings(arm, BEYOND, "class")["verdict"].to_list() for arm in (P90, AGAIN)}
    lost, gained, unknown = (rows[P90].count(v) for v in ("worse", "better", TOO_SMALL))
    said = f"{lost} shown to lose, {gained} to gain, {unknown} undecided, others within "
    said += f"tolerance; {AGAIN}: "
    said += f"{rows[AGAIN].count('worse')} and {rows[AGAIN].count('better')}; that losers lose by "
    said += "more follows, as classes are equally many here"
    return decided([(gained - lost - unknown, gained - lost + unknown)], said)


@claim("The number of exemplars grows with sparsity", PIE)
def count_grows(r: Results) -> Outcome:
    pruned = [arm for arm in r.names if arm.startswith("pruned")]
    above = [r.above_floor(arm) for arm in pruned]
    steps = [(b[0] - a[1], b[1] - a[0]) for a, b in pairwise(above)]
    said = "; ".join(f"{arm} {r.against_floor(arm)}" for arm in pruned)
    return decided(steps, f"{said}; a step is shown where the ranges of count less floor are apart")


@claim("Exemplars are harder for the dense and for the pruned networks, beyond chance", BOTH)
def harder_for_both(r: Results) -> Outcome:
    dense, pruned = BesideChance(r).harder(P90)
    of_dense = dense.said("points less right on exemplars than on all", points)
    said = f"dense {of_dense}; pruned {pruned.said('points', points)}"
    return decided([*dense.limits, *pruned.limits], said)


@claim("What is rare in training pays more than the whole", CIE)
def tail_pays(r: Results) -> Outcome:
    tail, null = (r.finding(arm, BEYOND, "frequency", "tail") for arm in (P90, AGAIN))
    whole, plain = r.overall(P90, "accuracy"), r.finding(P90, "accuracy", "frequency", "tail")
    said = f"overall {points(whole['effect'])}, tail {points(plain['effect'])}: "
    said += f"{effect_text(tail)} beyond the whole; {AGAIN} {effect_text(null)}"
    return decided([(-tail["high"], -tail["low"])], said)


@claim("What is rare is over-represented among exemplars, beyond chance", CIE)
def tail_over_indexed(r: Results) -> Outcome:
    found = BesideChance(r).over_index(P90, "frequency", "tail")
    return found.outcome("times as common among exemplars as in the test set", times, ratio=True)


@claim("Quantization to 8 bits is milder than pruning", PIE)
def quantization_milder(r: Results) -> Outcome:
    above = {arm: r.taxicab_above_floor(arm) for arm in ("int8", P90)}
    said = ", ".join(f"{arm} {value:.4f}" for arm, value in above.items())
    return held(above["int8"] < above[P90], f"mean Taxicab above the floor: {said}")


@claim("Pruned networks are more brittle to corruption", PIE)
def brittle(r: Results) -> Outcome:
    return of(r).more_brittle(P90)


@claim("Brittleness to corruption grows with sparsity", PIE)
def brittle_grows(r: Results) -> Outcome:
    return of(r).grows([arm for arm in r.names if arm.startswith("pruned")])


mislabelled = untested("More exemplars are mislabelled or ambiguous", PIE, "needs human judgements")
