"""Randomness in neural network training: characterizing the impact of tooling.
Zhuang, Zhang, Song, Hooker, 2021.   arXiv:2106.11872

Question    Of what two trainings of one recipe differ by, how much is chance in the algorithm
            (start, order, augmentation, dropout) and how much is how numbers are added up? Does a
            deterministic training repeat itself to the bit? Do classes move more than the whole?
Reference   A small convolutional network with batch norm, each member with seeds of its own.
Variants    Noise of implementation on top; the instructions of an older processor. Beside them,
            with batch norm and without: equal seeds and noise of implementation alone; nothing at
            all (control); start, order, augmentation and dropout alone; the lowest bit of one
            initial weight. One training each under other threads, memory orders, micro-batches,
            instructions, and compiled: the same seeds in other tools.
Measured    Accuracy, its spread, and what is left of that on endless examples; churn and distance
            of weights (of length 1) over pairs of members; spread by class as a multiple of the
            whole's.
Test        Limits of means over pairs by the jackknife over members, of spreads by χ² and of their
            ratios by a jackknife. Ratios of classes beside two nulls, of independent errors and of
            the same accuracies; claims go by the second, as the first cannot see classes that move.
Departures  Fashion-MNIST's embedded images, 200 a class, for CIFAR-10; 20 epochs of SGD for 200 of
            Adam, and crops and flips, which the paper's small networks have not. The rate was set
            so that last bits grow within 20 epochs: under Adam at .002 one flipped bit moved 1 to 2
            % of answers. A processor adds up in one order, so noise of implementation is injected:
            channels in an order drawn anew for each member. No GPU, no TPU. The paper takes ddof 0,
            weights as they are, and no null. What determinism costs is measured elsewhere.
"""

from dataclasses import replace

from undertow.audit.settings import Settings
from undertow.lab.data import CIFAR10, FashionMNIST
from undertow.lab.interventions import arithmetic as tool
from undertow.lab.interventions.weights import FlippedBit
from undertow.lab.models import ThreeBlockCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.seeds import SeedPlan
from undertow.study import Outcome, Results, Scale, Study, Table, claim, claims_in, decided, held
from undertow.study.figures import Panel
from undertow.study.tooling.outcomes import above, as_much, beyond_null
from undertow.study.tooling.shown import (
    classes_panel,
    classes_table,
    sources_panel,
    sources_table,
    tools_table,
)
from undertow.study.tooling.sources import Sources, named

PAPER, REPEATED = "2106.11872", "2103.04514"
MEMBERS: dict[Scale, int] = {"smoke": 3, "demo": 6, "small": 16, "paper": 10}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 8, "small": 20}
THEIRS = Recipe(
    200, lr=4e-4, optimizer="adam", schedule="steps", milestones=(0.25, 0.5), weight_decay=0
)
NORM, PLAIN = "batch norm", "no norm"
NETS = {NORM: ThreeBlockCNN(), PLAIN: ThreeBlockCNN(norm=False)}
ALGORITHM, BOTH, IMPLEMENTATION = "algorithm", "algorithm and implementation", "implementation"
CONTROL, BIT, OLDER = "control", "one flipped bit", "algorithm, older processor"
OLD = tool.InstructionSet("default", "sse41")
ALONE = {"start": "init", "order": "order", "augmentation": "augment", "dropout": "dropout"}
SINGLE = (*ALONE, IMPLEMENTATION, BIT)
DIFFER = (BOTH, ALGORITHM, *SINGLE, CONTROL)
TOOLS = {
    "two threads": tool.Threads(2),
    "channels first": tool.MemoryFormat("contiguous"),
    "compiled": tool.TorchCompile(),
    "AVX2": tool.InstructionSet("avx2", "avx2"),
    "SSE4.1": OLD,
    "two micro-batches": tool.MicroBatches(2),
}


def arms(scale: Scale, net: str) -> dict[str, Population]:
    """All populations of one network, by what their members differ by."""
    few = scale == "smoke"
    seeded = Population(
        named(net, ALGORITHM),
        data=CIFAR10() if scale == "paper" else FashionMNIST(train_per_class=20 if few else 200),
        model=NETS[net],
        recipe=THEIRS if scale == "paper" else Recipe(EPOCHS[scale], 32, 0.05, crop=1, flip=True),
        members=MEMBERS[scale],
    )
    same = replace(seeded, seeds=SeedPlan(vary=()))
    permuted, dropping = tool.ChannelPermutation(), replace(NETS[net], dropout=0.1)
    alone = {
        source: replace(
            same,
            name=named(net, source),
            seeds=SeedPlan(vary=(stream,)),
            model=dropping if source == "dropout" else NETS[net],
        )
        for source, stream in ALONE.items()
    }
    return alone | {
        ALGORITHM: seeded,
        BOTH: seeded.under(permuted, name=named(net, BOTH)),
        IMPLEMENTATION: same.under(permuted, name=named(net, IMPLEMENTATION)),
        BIT: same.under(FlippedBit(), name=named(net, BIT)),
        CONTROL: same.under(tool.Deterministic(), name=named(net, CONTROL), members=2),
        **{
            name: same.under(how, name=named(net, name), members=1)
            for name, how in TOOLS.items()
            if net == PLAIN or name != "two micro-batches"  # batch norm sees a part
        },
    }


def study(scale: Scale) -> Study:
    """The study at one scale."""
    normed, plain = (arms(scale, net) for net in NETS)
    seeded = normed[ALGORITHM]
    return Study(
        name="tooling_randomness",
        method=__doc__ or "",
        reference=seeded,
        variants=(normed[BOTH], seeded.under(OLD, name=named(NORM, OLDER))),
        beside=(*normed.values(), *plain.values()),
        claims=claims_in(globals()),
        settings=Settings(by=("class", "ink")),
        tables=tables,
        figure=panels,
    )


def of(r: Results) -> Sources:
    """The populations by network and source."""
    return Sources(r, CONTROL)


def tables(r: Results) -> list[Table]:
    """How much members differ; the class that varies most; tools."""
    return [
        sources_table(of(r), NETS, DIFFER),
        classes_table(of(r), NETS, (ALGORITHM, BOTH, IMPLEMENTATION)),
        tools_table(of(r), NETS, [*TOOLS]),
    ]


def panels(r: Results) -> list[Panel]:
    """Churn and the spread of accuracy by source; classes."""
    wholes = (sources_panel(of(r), NETS, DIFFER, measure) for measure in ("churn", "spread"))
    return [*wholes, *(classes_panel(of(r), net, (ALGORITHM, IMPLEMENTATION)) for net in NETS)]


@claim("With equal seeds and deterministic tools two trainings have equal bits", PAPER)
def repeatable(r: Results) -> Outcome:
    found = {net: of(r).controlled(net) for net in NETS}
    each = (
        f"{net}: {members} members, churn {churn:g}, distance {far:g}"
        for net, (members, churn, far) in found.items()
    )
    return held(all(churn == far == 0 for _, churn, far in found.values()), "; ".join(each))


@claim("Every source alone makes members answer differently", PAPER)
def every_source(r: Results) -> Outcome:
    found = {(net, s): of(r).churn(net, s).limits() for net in NETS for s in SINGLE}
    least = min(found, key=lambda key: found[key].value)
    value, low, high = (100 * getattr(found[least], end) for end in ("value", "low", "high"))
    said = f"least: {', '.join(least)}, {value:.1f} % [{low:.1f}, {high:.1f}]"
    return decided([(each.low, each.high) for each in found.values()], said)


@claim("Implementation alone moves a tenth as many answers as the algorithm alone, or more", PAPER)
def of_one_order(r: Results) -> Outcome:
    return above(of(r).churn_over(NETS, IMPLEMENTATION, ALGORITHM), times=0.1)


@claim("One flipped bit moves as many answers as the algorithm does, within 10 %", REPEATED)
def as_many(r: Results) -> Outcome:
    return as_much(of(r).churn_over(NETS, BIT, ALGORITHM), within=0.1)


@claim("Implementation moves fewer answers where there is batch norm", PAPER)
def norm_steadies(r: Results) -> Outcome:
    ratio = of(r).churn_ratio((PLAIN, IMPLEMENTATION), (NORM, IMPLEMENTATION))
    return above({"without it": ratio}, times=1)


@claim("Classes move more than accuracies of whole members let expect", PAPER)
def classes_move(r: Results) -> Outcome:
    return beyond_null(of(r).each_largest(NETS, BOTH, "largest_scaled_ratio", "same_accuracies"))


@claim("The class's ratio that papers print is more than independent errors give", PAPER)
def ratio_as_printed(r: Results) -> Outcome:
    return beyond_null(of(r).each_largest(NETS, BOTH, "largest_ratio", "independent"))


@claim("Implementation on top of the algorithm moves more answers than the algorithm alone", "ours")
def adds(r: Results) -> Outcome:
    return above(of(r).churn_over(NETS, BOTH, ALGORITHM), times=1)


@claim("Other tools, with the same seeds, give other answers", "ours")
def tools_move(r: Results) -> Outcome:
    found = {f"{net}, {t}": m for net in NETS for t, m in of(r).moved(net, TOOLS).items()}
    each = ", ".join(f"{name} {100 * moved:.1f} %" for name, moved in found.items())
    return held(min(found.values()) > 0, each)
