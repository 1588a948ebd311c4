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
            corruption, Welch's t (paired for quantized arms), Bonferroni over corruptions.
Departures  Fashion-MNIST and a small CNN for CelebA, CIFAR-10, ImageNet and their ResNets; class
            frequency stands for the annotated attribute (50 to 1 from ankle boots to T-shirts, the
            labels in reverse); weights only are quantized, by rounding; 16 members and not 30 at
            scale small; 12 corruptions and not 15, of 25 images a class. The papers correct for no
            multiplicity and have no floor; this does both.
"""

from undertow.audit.settings import Settings
from undertow.lab.data import Corrupted, FashionMNIST, LongTail
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in, held, points, untested
from undertow.study.robustness import Robustness, put_to

MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 8, "small": 16, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 12, "small": 24, "paper": 200}
REVERSED = (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
FEW, ALL, MORE = (0.5, 0.9), (0.5, 0.7, 0.9, 0.95), (0.3, 0.5, 0.7, 0.9, 0.95)
CORRUPTED: dict[Scale, int | None] = {"smoke": 2, "small": 25, "paper": None}  # images a class
CUTS: dict[Scale, tuple[float, ...]] = {"smoke": FEW, "demo": FEW, "small": ALL, "paper": MORE}
P90, PIE, CIE = "pruned 90 %", "1911.05248", "2010.03058"


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
    variants = (dense.again("dense again"), *pruned, *quantized)
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
    count, worse = r.count("dense again"), r.verdicts("dense again", "accuracy").count("worse")
    evidence = f"{r.against_floor('dense again')}; {worse} slices worse"
    return held(count.p > 0.05 and worse == 0, evidence)


@claim("Two dense populations differ in brittleness to corruption by no more than chance", "ours")
def as_brittle(r: Results) -> Outcome:
    return of(r).as_brittle("dense again")


@claim("Top-line accuracy hides that some class pays more than the whole", PIE)
def top_line_hides(r: Results) -> Outcome:
    whole = r.overall(P90, "accuracy")["effect"]
    worst = r.lowest(P90, "accuracy_beyond_overall", "class")
    beyond = f"{worst['value']} {points(worst['effect'])} beyond it: {worst['verdict']}"
    paid = worst["verdict"] == "worse" and worst["effect"] < whole
    return held(paid, f"overall {points(whole)}, {beyond}")


@claim("Fewer classes lose than gain beyond the whole, and losers lose by more", PIE)
def few_lose_much(r: Results) -> Outcome:
    effects = r.findings(P90, "accuracy_beyond_overall", "class")["effect"].to_list()
    lost, gained = [e for e in effects if e < 0], [e for e in effects if e > 0]
    depth, height = sum(lost) / max(len(lost), 1), sum(gained) / max(len(gained), 1)
    losers = f"{len(lost)} classes at {points(depth)} on average"
    few_by_much = len(lost) < len(gained) and -depth > height
    return held(few_by_much, f"{losers}, {len(gained)} at {points(height)}")


@claim("The number of exemplars grows with sparsity", PIE)
def count_grows(r: Results) -> Outcome:
    counts = {arm: r.count(arm).observed for arm in r.names if arm.startswith("pruned")}
    grows = list(counts.values()) == sorted(counts.values())
    return held(grows, "; ".join(f"{arm} {n}" for arm, n in counts.items()))


@claim("Exemplars are harder for the dense and for the pruned networks", f"{PIE}, {CIE}")
def harder_for_both(r: Results) -> Outcome:
    count, row = r.count(P90), r.overall(P90, "accuracy")
    dense, pruned = count.reference_accuracy_on_exemplars, count.variant_accuracy_on_exemplars
    of_dense = f"dense {dense:.2f} against {row['reference']:.2f}"
    of_pruned = f"pruned {pruned:.2f} against {row['changed']:.2f}"
    both = dense < row["reference"] and pruned < row["changed"]
    return held(both, f"{of_dense}, {of_pruned}")


@claim("What is rare in training pays more", CIE)
def tail_pays(r: Results) -> Outcome:
    rows = r.findings(P90, "accuracy", "frequency").iter_rows(named=True)
    effect = {row["value"]: row for row in rows}
    tail, head = effect["tail"], effect["head"]
    of_tail = f"tail {points(tail['effect'])} ({tail['verdict']})"
    of_head = f"head {points(head['effect'])} ({head['verdict']})"
    pays = tail["verdict"] == "worse" and tail["effect"] < head["effect"]
    return held(pays, f"{of_tail}, {of_head}")


@claim("What is rare is over-represented among exemplars", CIE)
def tail_over_indexed(r: Results) -> Outcome:
    ratio = r.over_index(P90, "frequency", "tail")
    evidence = f"tail is {ratio:.2f} times as common among exemplars as in the test set"
    return held(ratio > 1, evidence)


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
