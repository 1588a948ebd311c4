"""Does the instrument read zero where there is nothing, and more where there is more?   Ours, after
arXiv:1911.05248

Question    Before an audit is trusted on a model that matters: on data where thirty networks train
            in seconds, is a count of exemplars at mild pruning more than seed noise, and from which
            sparsity on is it?
Reference   30 networks 64-48-48-10 on scikit-learn's digits (897 train, 900 test); every seed
            stream varies.
Variants    A second dense population, and gradual magnitude pruning to 50, 70, 80, 90 and 95 %,
            layer by layer, from epoch 5 to 40 of 60, once an epoch; a weight that is pruned stays
            pruned. Members have seeds of their own.
Measured    Modal disagreement (PIE) and its count, Taxicab distance, accuracy by class and on
            exemplars.
Test        Members are exchanged between the populations: count and mean Taxicab against what that
            gives.
Departures  None from the experiment it repeats, of which counts will vary with the version of every
            library: what is compared are orderings and the null.
"""

from undertow.audit.settings import Settings
from undertow.lab.data import Digits
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in, held

MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 8, "small": 30, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 6, "demo": 60, "small": 60, "paper": 60}
SPARSITIES = (0.5, 0.7, 0.8, 0.9, 0.95)
LEVEL = 0.05


def study(scale: Scale) -> Study:
    """The study at one scale."""
    dense = Population(
        "dense",
        data=Digits(),
        model=MLP(hidden=(48, 48)),
        recipe=Recipe(
            EPOCHS[scale],
            batch=64,
            lr=2e-3,
            optimizer="adam",
            schedule="constant",
            weight_decay=0.0,
        ),
        members=MEMBERS[scale],
    )
    pruned = [
        dense.under(
            MagnitudePruning(s, begin=5 / 60, end=40 / 60, every=1 / 60, regrow=False), name=arm(s)
        )
        for s in SPARSITIES
    ]
    return Study(
        name="digits_instrument",
        method=__doc__ or "",
        reference=dense,
        variants=(dense.again("dense again"), *pruned),
        claims=claims_in(globals()),
        settings=Settings(by=("class",)),
    )


def arm(sparsity: float) -> str:
    """``pruned 90 %``."""
    return f"pruned {100 * sparsity:g} %"


@claim("The count of exemplars between two dense populations is within its floor", "ours")
def null_is_null(r: Results) -> Outcome:
    return held(r.count("dense again").p > LEVEL, r.against_floor("dense again"))


@claim("At 50 % sparsity every exemplar may be seed noise", "ours")
def mild_is_noise(r: Results) -> Outcome:
    return held(r.count(arm(0.5)).p > LEVEL, r.against_floor(arm(0.5)))


@claim("At 90 % the count is far above its floor", "ours")
def strong_is_seen(r: Results) -> Outcome:
    count = r.count(arm(0.9))
    return held(count.observed > 2 * count.floor_high, r.against_floor(arm(0.9)))


@claim("The count never falls as sparsity grows", "1911.05248")
def count_grows(r: Results) -> Outcome:
    counts = [r.count(arm(s)).observed for s in SPARSITIES]
    return held(counts == sorted(counts), " ≤ ".join(map(str, counts)))


@claim("Mean Taxicab detects the change no later than the count does", "ours")
def taxicab_first(r: Results) -> Outcome:
    by_count = [s for s in SPARSITIES if r.count(arm(s)).p <= LEVEL]
    by_taxicab = [s for s in SPARSITIES if r.count(arm(s)).mean_taxicab_p <= LEVEL]
    first = (min(by_taxicab, default=1.0), min(by_count, default=1.0))
    return held(
        first[0] <= first[1], f"Taxicab from {100 * first[0]:g} %, count from {100 * first[1]:g} %"
    )


@claim(
    "At extreme sparsity exemplars are no longer hard for the dense networks: damage, not "
    "difficulty",
    "ours",
)
def damage_not_difficulty(r: Results) -> Outcome:
    mild, strong = (r.count(arm(s)).reference_accuracy_on_exemplars for s in (0.5, 0.95))
    return held(
        strong > mild,
        f"dense accuracy on exemplars, cross-fitted: {mild:.2f} at 50 %, {strong:.2f} at 95 %",
    )
