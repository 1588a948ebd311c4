"""Studying the impact of magnitude pruning on contrastive learning methods.
Corti, Entezari, Hooker, Bacciu, Saukh, 2022.   arXiv:2207.00200

Question    Does a network that learned by contrast lose more to pruning than one that learned by
            cross-entropy, and does it matter when weights go? Are the examples whose answers change
            the ones that the dense network represents badly?
Reference   For each of three losses (cross-entropy, SupCon, SimCLR) dense encoders of one
            architecture, each read out by a linear probe on the frozen encoder.
Variants    A second dense population of each loss (the paper has none). Encoders under gradual
            magnitude pruning to 95 and 98 %, early and late in training (scale paper: mid too); the
            reference's members pruned at once, trained on with the mask, and probed anew.
Measured    Accuracy of the probe, and of cross-entropy's own head; how often a member answers
            otherwise than the dense population's mode; exemplars (PIEs) and their overlap;
            Q-Score in three forms, prediction depth, and drift of the embedding (1 - linear CKA).
Test        Members are exchanged, as in every audit; Welch's intervals for differences of arms, and
            of such differences between losses. Exemplars against unchanged examples of their class,
            by columns of a third dense population that takes no part.
Departures  Fashion-MNIST's embedded images for CIFAR-10; WRN-10-1 with 8 filters and a strided stem
            for WRN-16-2; 8 members, 10 epochs. Temperature 0.2 for 0.5, at which a dense SupCon
            encoder probed 5 points lower. The head is never pruned; one-shot encoders are trained
            on by their own loss, where the paper takes cross-entropy for all, and lose the smallest
            weights of all layers together; gradual pruning takes the same share of each, so 4 or 1
            of the stem's 72 weights stay. Windows are the same for all. SimCLR has no 98 %.
            Cross-entropy takes batches of 128 at rate .1, crops and flips; the contrastive losses
            256 at .5 and their own views. The yardstick has 4 members. Claims take q_v1_unit and
            depth_by_label; few images (.2 to 4 %) have a feature that q_v6 asks for (4 deviations).
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from undertow.audit.settings import Settings
from undertow.lab.data import FashionMNIST
from undertow.lab.interventions.during import During
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning
from undertow.lab.models import WideResNet
from undertow.lab.population import Population
from undertow.lab.probes import Embedding, PredictionDepth, QScore, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.contrastive import Contrastive
from undertow.lab.trainings.linear_probe import LinearProbe
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Training
from undertow.study import Comparison, Outcome, Results, Scale, Study, claim, claims_in, held
from undertow.study.claims import decided
from undertow.study.figures import Panel
from undertow.study.grid import Grid, shown
from undertow.study.trained import Trained

PAPER, Q = "2207.00200", ("q-score-test", "q_v1_unit")
COLUMNS = ("q_v1", "q_v1_unit", "q_mid", "q_v6", "depth", "depth_by_label")
MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 4, "small": 8, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 4, "small": 10, "paper": 200}
CUTS: dict[Scale, dict[str, tuple[float, ...]]] = {
    "smoke": {"CE": (0.95,), "SupCon": (0.95,)},
    "demo": {"CE": (0.95,), "SupCon": (0.95,)},
    "small": {"CE": (0.95, 0.98), "SupCon": (0.95, 0.98), "SimCLR": (0.95,)},
    "paper": dict.fromkeys(("CE", "SupCon", "SimCLR"), (0.5, 0.7, 0.9, 0.95, 0.98)),
}
WINDOWS = {"early": (0.02, 0.25), "late": (0.5, 0.75)}
MID = {"mid": (0.25, 0.5)}  # at scale paper alone
TEMPERATURE, BASE = 0.2, 0.07
READ_OUT = Recipe(epochs=20, batch=64, lr=0.02, optimizer="adam", weight_decay=0)
SLOWER, SHORTER = 10, 3  # of the dense recipe's rate and epochs, where a pruned encoder goes on


def learning(loss: str, epochs: int, slower: float = 1) -> Training:
    """How an encoder learns."""
    recipe = Recipe(epochs=epochs, batch=256, lr=0.5 / slower, warmup=0.1)
    if loss == "CE":
        return Supervised(replace(recipe, batch=128, lr=0.1 / slower, crop=2, flip=True))
    return Contrastive(recipe, TEMPERATURE, BASE, labels=loss == "SupCon")


def comparison(scale: Scale, loss: str) -> Comparison:
    """Dense and pruned encoders of one loss."""
    epochs = EPOCHS[scale]
    tuning = learning(loss, max(1, epochs // SHORTER), SLOWER)
    tuned = Phases(("finetune", tuning), ("probe", LinearProbe(READ_OUT)))
    asked = (PredictionDepth(part="test", pooled=True), QScore(), Embedding())
    own_head = (Trace(every=epochs, clean=True, part="test"),)
    dense = Population(
        f"{loss} dense",
        data=FashionMNIST(train_per_class=20 if scale == "smoke" else None),
        model=WideResNet() if scale == "paper" else WideResNet(10, 1, stem=8, stride=2),
        recipe=Phases(("pretrain", learning(loss, epochs)), ("probe", LinearProbe(READ_OUT))),
        members=MEMBERS[scale],
        probes=asked + (own_head if loss == "CE" else ()),
    )
    variants = [dense.again(f"{loss} dense again")]
    for cut in CUTS[scale][loss]:
        for when, (begin, end) in (WINDOWS | (MID if scale == "paper" else {})).items():
            gradual = MagnitudePruning(cut, begin, end, every=0.02, of="encoder")
            name = f"{loss} {when} {100 * cut:g} %"
            variants.append(dense.under(During("pretrain", gradual), name=name))
        once = OneShotPruning(cut, tuned, of="encoder")
        name = f"{loss} one-shot {100 * cut:g} %"
        variants.append(dense.under(once, name=name, probes=asked))
    return Comparison(loss, dense, tuple(variants), told=lambda trained: told(trained, loss))


def told(trained: Mapping[str, Trained], loss: str) -> pl.DataFrame:
    """Each example's Q-Scores and depth, means over the yardstick's members."""
    members = trained[f"{loss} yardstick"]
    each = [members.columns(probe) for probe in ("q-score-test", "prediction-depth-test")]
    return each[0].join(each[1], on="example_id").select("example_id", *COLUMNS)


def yardstick(dense: Population, loss: str) -> Population:
    """Dense members that are compared with nobody, and tell each example's depth and Q-Score."""
    again = dense.again(f"{loss} yardstick")
    return replace(again, members=max(2, dense.members // 2), probes=dense.probes[:2])


def study(scale: Scale) -> Study:
    """The study at one scale; the first loss is the report's, the others have theirs beside."""
    first, *others = (comparison(scale, loss) for loss in CUTS[scale])
    return Study(
        name="contrastive_pruning",
        method=__doc__ or "",
        reference=first.reference,
        variants=first.variants,
        told=first.told,
        others=tuple(others),
        beside=tuple(yardstick(c.reference, c.name) for c in (first, *others)),
        claims=claims_in(globals()),
        settings=Settings(by=("class",)),
        tables=lambda r: (
            shown.costs(Grid(r)),
            shown.own_heads(Grid(r), "CE", "trace-test"),
            shown.crossing(Grid(r), COLUMNS),
            shown.overlaps(Grid(r), cells(Grid(r))),
        ),
        figure=panels,
    )


def cells(grid: Grid) -> list[tuple[str, str]]:
    """Every loss and schedule at 95 %."""
    return [(loss, arm) for loss in grid.trainings for arm in grid.shared(ending="95 %")]


def panels(r: Results) -> list[Panel]:
    """What pruning costs by loss and schedule; Q-Score of dense members against pruned ones."""
    grid, arm = Grid(r), Grid(r).shared("early")[-1]
    lost, moved = (shown.lines(grid, (*WINDOWS, "one-shot", *MID), w) for w in ("lost", "excess"))
    return [
        Panel("Accuracy beyond dense again", "weights removed, %", "points", lost),
        Panel("Changed answers beyond dense again", "weights removed, %", "points", moved),
        *(
            Panel(f"Q-Score: {loss} {arm}", "dense", "pruned", shown.dots(grid, loss, arm, *Q))
            for loss in grid.trainings
        ),
    ]


@claim("Two dense populations of one loss differ by no more than chance", "ours")
def chance_alone(r: Results) -> Outcome:
    grid = Grid(r)
    each = [(grid.within(loss), f"{loss} dense again") for loss in grid.trainings]
    said = "; ".join(f"{name}: {results.against_floor(name)}" for results, name in each)
    return held(all(results.count(name).p > 0.05 for results, name in each), said)


@claim("At high sparsity SupCon loses more accuracy than cross-entropy", PAPER)
def supcon_loses_more(r: Results) -> Outcome:
    whole, each = Grid(r).costs_more("CE", "SupCon", "lost")
    return decided([whole[1:]], f"CE less SupCon: {whole} over arms; {shown.listed(each)}")


@claim("At high sparsity SupCon changes more answers than cross-entropy", PAPER)
def supcon_changes_more(r: Results) -> Outcome:
    whole, each = Grid(r).costs_more("SupCon", "CE", "excess")
    return decided([whole[1:]], f"SupCon less CE: {whole} over arms; {shown.listed(each)}")


@claim("Pruned early, SupCon changes more answers than pruned late", PAPER)
def early_changes_more(r: Results) -> Outcome:
    each = Grid(r).sooner("SupCon", "early", "late", "away")
    return decided([gain[1:] for gain in each.values()], f"early less late: {shown.listed(each)}")


@claim("Sparsity that comes early damages SupCon's representation more than late", PAPER)
def early_drifts_more(r: Results) -> Outcome:
    each = Grid(r).sooner("SupCon", "early", "late", "drift")
    said = f"points of 1 - CKA, early less late: {shown.listed(each)}"
    return decided([gain[1:] for gain in each.values()], said + shown.left_out(Grid(r), "SupCon"))


@claim("Exemplars of different losses overlap less than those of one arm's halves", PAPER)
def losses_differ(r: Results) -> Outcome:
    return shown.apart(Grid(r), cells(Grid(r)), same=False)


@claim("Exemplars of different schedules overlap less than those of one arm's halves", PAPER)
def schedules_differ(r: Results) -> Outcome:
    return shown.apart(Grid(r), cells(Grid(r)), same=True)


@claim("Exemplars have lower Q-Scores than unchanged examples of their class, beyond chance", PAPER)
def lower_q(r: Results) -> Outcome:
    return shown.like(Grid(r), "q_v1_unit", Grid(r).shared("early")[-1], -1)


@claim("Exemplars are deeper than unchanged examples of their class, beyond chance", PAPER)
def deeper(r: Results) -> Outcome:
    return shown.like(Grid(r), "depth_by_label", Grid(r).shared("early")[-1], 1)
