"""Characterising bias in compressed models.   Hooker, Moorosi, Clark, Bengio, Denton, 2020.   arXiv:2010.03058
with What do compressed deep neural networks forget?   Hooker et al., 2019.   arXiv:1911.05248

Question    Top-line accuracy hardly moves when a network is compressed. Which examples change their modal answer,
            which classes pay beyond the overall shift, and are they the ones with little training data?
Reference   Dense networks trained on long-tailed Fashion-MNIST; every seed stream varies between members.
Variants    A second dense population, which shows what chance alone gives (the papers have no such arm). The same
            recipe under gradual magnitude pruning to 50, 70, 90 and 95 %, on members with seeds of their own. The
            reference's own members with weights rounded to 8 and 4 bits after training.
Measured    Accuracy by class and by training frequency, plain and beyond the overall shift; modal disagreement (PIE,
            Modal CIE) and Taxicab distance per example; over-representation of slices among exemplars.
Test        Members are exchanged between populations (swapped within pairs for the quantized arms); max-T over all
            slices of a measure; exact tests per example with Benjamini-Hochberg.
Departures  Fashion-MNIST and a small CNN for CelebA, CIFAR-10, ImageNet and their ResNets; class frequency stands for
            the annotated attribute (50 to 1 from ankle boots to T-shirts, the labels in reverse); weights only are
            quantized, by rounding, not activations; 16 members and not 30 at scale small. The papers correct for no
            multiplicity and have no floor; this does both.
"""

from undertow.audit.settings import Settings
from undertow.lab.data import FashionMNIST, LongTail
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.train.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in, held, points, untestable

MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 8, "small": 16, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 12, "small": 24, "paper": 200}
REVERSED = (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
FEW, ALL = (0.5, 0.9), (0.5, 0.7, 0.9, 0.95)
SPARSITIES: dict[Scale, tuple[float, ...]] = {"smoke": FEW, "demo": FEW, "small": ALL, "paper": (0.3, *ALL)}
P90 = "pruned 90 %"


def study(scale: Scale) -> Study:
    """The study at one scale."""
    dense = Population(
        "dense",
        data=FashionMNIST(tail=LongTail(ratio=50, order=REVERSED)),
        model=SmallCNN(width=16),
        recipe=Recipe(epochs=EPOCHS[scale], batch=64, lr=0.05),
        members=MEMBERS[scale],
    )
    pruned = [dense.under(MagnitudePruning(s), name=f"pruned {100 * s:g} %") for s in SPARSITIES[scale]]
    quantized = [dense.under(WeightQuantization(bits=b), name=f"int{b}") for b in (8, 4)]
    return Study(
        name="compression_bias",
        method=__doc__ or "",
        reference=dense,
        variants=(dense.again("dense again"), *pruned, *quantized),
        claims=claims_in(globals()),
        settings=Settings(by=("class", "frequency")),
    )


@claim("Two dense populations differ by no more than chance", "ours")
def chance_alone(r: Results) -> Outcome:
    count, worse = r.count("dense again"), r.verdicts("dense again", "accuracy").count("worse")
    return held(count.p > 0.05 and worse == 0, f"{r.against_floor('dense again')}; {worse} slices worse")


@claim("Top-line accuracy hides that some class pays more than the whole", "1911.05248")
def top_line_hides(r: Results) -> Outcome:
    whole, worst = r.overall(P90, "accuracy")["effect"], r.lowest(P90, "accuracy_beyond_overall", "class")
    evidence = f"overall {points(whole)}, {worst['value']} {points(worst['effect'])} beyond it: {worst['verdict']}"
    return held(worst["verdict"] == "worse" and worst["effect"] < whole, evidence)


@claim("Fewer classes lose than gain beyond the whole, and losers lose by more", "1911.05248")
def few_lose_much(r: Results) -> Outcome:
    effects = r.findings(P90, "accuracy_beyond_overall", "class")["effect"].to_list()
    lost, gained = [e for e in effects if e < 0], [e for e in effects if e > 0]
    depth, height = sum(lost) / max(len(lost), 1), sum(gained) / max(len(gained), 1)
    evidence = f"{len(lost)} classes at {points(depth)} on average, {len(gained)} at {points(height)}"
    return held(len(lost) < len(gained) and -depth > height, evidence)


@claim("The number of exemplars grows with sparsity", "1911.05248")
def count_grows(r: Results) -> Outcome:
    arms = [name for name in r.names if name.startswith("pruned")]
    counts = [r.count(arm).observed for arm in arms]
    return held(counts == sorted(counts), "; ".join(f"{a} {n}" for a, n in zip(arms, counts, strict=True)))


@claim("Exemplars are harder for the dense and for the pruned networks", "1911.05248, 2010.03058")
def harder_for_both(r: Results) -> Outcome:
    count, row = r.count(P90), r.overall(P90, "accuracy")
    dense, pruned = count.reference_accuracy_on_exemplars, count.variant_accuracy_on_exemplars
    evidence = f"dense {dense:.2f} against {row['reference']:.2f}, pruned {pruned:.2f} against {row['changed']:.2f}"
    return held(dense < row["reference"] and pruned < row["changed"], evidence)


@claim("What is rare in training pays more", "2010.03058")
def tail_pays(r: Results) -> Outcome:
    effect = {row["value"]: row for row in r.findings(P90, "accuracy", "frequency").iter_rows(named=True)}
    tail, head = effect["tail"], effect["head"]
    evidence = f"tail {points(tail['effect'])} ({tail['verdict']}), head {points(head['effect'])} ({head['verdict']})"
    return held(tail["verdict"] == "worse" and tail["effect"] < head["effect"], evidence)


@claim("What is rare is over-represented among exemplars", "2010.03058")
def tail_over_indexed(r: Results) -> Outcome:
    ratio = r.over_index(P90, "frequency", "tail")
    return held(ratio > 1, f"tail is {ratio:.2f} times as common among exemplars as in the test set")


@claim("Quantization to 8 bits is milder than pruning", "1911.05248")
def quantization_milder(r: Results) -> Outcome:
    counts = r.count("int8"), r.count(P90)  # Paired and independent members have floors of their own.
    int8, pruned = (c.mean_taxicab - c.mean_taxicab_floor for c in counts)
    return held(int8 < pruned, f"mean Taxicab above the floor: int8 {int8:.4f}, pruned 90 % {pruned:.4f}")


mislabelled = untestable("More exemplars are mislabelled or ambiguous", "1911.05248", "needs human judgements")
brittle = untestable("Pruned networks are more brittle to corruption", "1911.05248", "needs corrupted images")
