"""Do the examples that compression changes sit where people disagree?   Ours, 2026
after What do compressed deep neural networks forget?   Hooker et al., 2019.   arXiv:1911.05248
with the labels of CIFAR-10H   Peterson et al., 2019.   arXiv:1908.07086

Question    Exemplars are examples that change their modal answer when a network is pruned. The
            papers showed some of them to people; none could ask whether people disagree about
            exemplars more than about other images of the class, and whether an exemplar score says
            more of people than the dense networks' own uncertainty does.
Reference   Dense networks on CIFAR-10, the first 1,000 training images of each class.
Variants    A second dense population, which shows what chance alone gives. The same recipe under
            gradual magnitude pruning to 90 %, on members with seeds of their own.
Measured    Human entropy: of what about 51 persons said of each of the 10,000 test images, in nats.
            Modal disagreement (PIE) and Taxicab distance from the reference; of each population's
            own members prediction depth, EL2N, AUM and forgetting of test images, which no step
            learns from. Beside them the reference members' mean entropy and mean loss.
Test        Spearman's rho with human entropy, and AUROC for images above its upper quartile:
            bootstrap over images within class; a null in which human entropy is dealt anew within
            each class; partial rho given class and both kinds of dense uncertainty. Exemplars
            against others of their class, and of their class and tenth of dense entropy. Claims
            beyond classes hold by p of that null, one-sided, after Holm over the three of them.
Departures  No paper asked this. A small residual network, 8 members an arm, at scale small. Depth
            is that of pooled maps. Uncertainty of 8 members is itself noisy, so what is found
            beyond it may be more of the same: the second dense population has this in equal
            measure. Memorisation and C-scores of test images take other trainings and are left out.
"""

from undertow.audit.settings import Settings
from undertow.lab.data import CIFAR10
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import ResNet
from undertow.lab.population import Population
from undertow.lab.probes import PredictionDepth, Trace
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in
from undertow.study.claims import decided
from undertow.study.people import BesidePeople, beyond_classes
from undertow.study.people.scores import DEPTH, ENTROPY, OF_MEMBERS, TAXICAB
from undertow.study.people.shown import exemplars_table, interval_text, panels, scores_table

MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 4, "small": 8, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 2, "demo": 4, "small": 6, "paper": 200}
IMAGES: dict[Scale, int | None] = {"smoke": 20, "demo": 500, "small": 1000, "paper": None}
AGAIN, P90, PIE = "dense again", "pruned 90 %", "1911.05248"
SHOWN = ((P90, TAXICAB), (AGAIN, TAXICAB), (P90, DEPTH), ("dense", ENTROPY))


def study(scale: Scale) -> Study:
    """The study at one scale. Its data are where ``UNDERTOW_CIFAR10`` says."""
    dense = Population(
        "dense",
        data=CIFAR10(train_per_class=IMAGES[scale], people=True),
        model=ResNet(8, width=8),
        recipe=Recipe(epochs=EPOCHS[scale], batch=32, lr=0.1, crop=4, flip=True),
        members=MEMBERS[scale],
        probes=(Trace(clean=True, part="test"), PredictionDepth(part="test", pooled=True)),
    )
    pruned = dense.under(MagnitudePruning(0.9), name=P90)
    return Study(
        name="human_disagreement",
        method=__doc__ or "",
        reference=dense,
        variants=(dense.again(AGAIN), pruned),
        claims=claims_in(globals()),
        settings=Settings(by=("class",)),
        tables=lambda r: (exemplars_table(of(r)), scores_table(of(r))),
        figure=lambda r: panels(of(r), SHOWN),
    )


def of(r: Results) -> BesidePeople:
    """What people said, beside the populations."""
    return BesidePeople(r, "dense", (AGAIN, P90))


@claim("People disagree more about exemplars of pruning than about others of their class", "ours")
def exemplars_disputed(r: Results) -> Outcome:
    return beyond_classes.outcome(of(r), P90, "entropy of exemplars", AGAIN)


@claim("They do so beyond what dense uncertainty tells", "ours")
def exemplars_beyond(r: Results) -> Outcome:
    above, null = (of(r).exemplars_above(a, of(r).entropy_N, matched=True) for a in (P90, AGAIN))
    said = f"{interval_text(above)} nats above others of class and tenth; {AGAIN} "
    return decided([(above.low, above.high)], said + interval_text(null))


@claim("More exemplars are mislabelled, by what most people say, than others of their class", PIE)
def exemplars_mislabelled(r: Results) -> Outcome:
    return beyond_classes.outcome(of(r), P90, "mislabelled exemplars", AGAIN)


@claim("Taxicab distance goes with human entropy beyond what classes give", "ours")
def taxicab_in_class(r: Results) -> Outcome:
    return beyond_classes.outcome(of(r), P90, "Taxicab distance", AGAIN)


@claim("Taxicab distance goes with human entropy beyond dense uncertainty", "ours")
def taxicab_beyond(r: Results) -> Outcome:
    pruned, again = (of(r).beyond(arm, TAXICAB) for arm in (P90, AGAIN))
    evidence = f"partial ρ {interval_text(pruned)}, of {AGAIN} {interval_text(again)}"
    return decided([(pruned.low, pruned.high)], evidence)


@claim("Pruning's Taxicab distance goes with it more closely than that of chance alone", "ours")
def closer_than_chance(r: Results) -> Outcome:
    closer = of(r).closer((P90, TAXICAB), (AGAIN, TAXICAB))
    said = f"ρ of {P90} less that of {AGAIN}: {interval_text(closer)}"
    return decided([(closer.low, closer.high)], said)


@claim("The dense members' own entropy goes with it more closely than any exemplar score", "ours")
def uncertainty_first(r: Results) -> Outcome:
    closer = {
        name: of(r).closer(("dense", ENTROPY), (P90, name)) for name in (TAXICAB, *OF_MEMBERS)
    }
    evidence = "; ".join(f"over {name} {interval_text(found)}" for name, found in closer.items())
    return decided([(found.low, found.high) for found in closer.values()], evidence)
