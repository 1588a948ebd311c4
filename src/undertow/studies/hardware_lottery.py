"""The hardware lottery.   Hooker, 2020.   arXiv:2009.06489

Question    An idea can win because it suits the hardware and software there are, not because it is
            better. Take compression: which kinds are better by what they cost, which by the speed
            that engines really give, and are they the same? Not asked by the essay: who pays?
Reference   Fully connected networks on long-tailed Fashion-MNIST, run eager by torch in float32.
Variants    Pruned by gradual magnitude pruning to half, a fifth, a tenth, a twentieth and a
            fiftieth of the weights; narrow dense networks with as many multiplications as each;
            int8, dynamic by torchao and by torch's own older kernels, static by ONNX Runtime and
            OpenVINO; int8 weights alone. A second dense population, which shows what chance alone
            gives. Each in torch eager and compiled, ONNX Runtime and OpenVINO; pruned ones also in
            CSR, by either product that torch has. Beside them ideas, each against a dense layer of
            as many operations.
Measured    Seconds of a batch of 64 on one thread, as a multiple of the dense network's; what
            operations, bytes and a calibrated roofline promise; accuracy by class and frequency;
            exemplars beside their floor.
Test        Process p times member p of every population; limits of ratios are Student's t over
            processes, on logarithms. Who pays: the audit (members exchanged, within pairs where an
            engine runs the reference's own members; max-T over slices; a loss below 5 points is
            tolerated). What a network that suits the hardware costs is an audit of narrow networks
            against pruned ones of as many multiplications; that a class pays beyond the whole can
            be shown and not refuted. A claim about speed holds where each of its ratios is shown.
Departures  The essay measures nothing; claims are its sentences, or ours, in numbers of ours. One
            processor and four engines stand for its accelerators, so what falls off a cliff on GPUs
            and TPUs is not seen. Small networks, whose launches weigh more, with one rate; no
            convolutions, as torch has no sparse kernel for them.
"""

from dataclasses import replace
from math import sqrt

from undertow.audit.settings import Settings
from undertow.lab.data import CIFAR10, FashionMNIST, LongTail
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Comparison, Outcome, Results, Scale, Study, Table, claim, claims_in
from undertow.study.claims import decided, effect_text, untested
from undertow.study.figures import Panel
from undertow.study.lottery import choices as could
from undertow.study.lottery import engines as by
from undertow.study.lottery import shown
from undertow.study.lottery.beside_twins import BesideTwins, ideas_panel, ideas_table, slower_in
from undertow.study.lottery.in_engines import InEngines
from undertow.study.lottery.outcomes import above, as_fast, below, changes_sides, spared
from undertow.study.pairs import Gain

PAPER, OURS, BEYOND = "2009.06489", "ours", "accuracy_beyond_overall"
SECONDS, IDEAS, INSTEAD = "engines", "ideas", "narrow instead of pruned"
MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 6, "small": 12, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 12, "small": 24, "paper": 100}
TIMES = {"smoke": (2, 3), "demo": (3, 10), "small": (6, 15), "paper": (10, 30)}
"""Processes, and readings in each."""
FEW, ALL = (0.1,), (0.5, 0.2, 0.1, 0.05, 0.02)
LEFT: dict[Scale, tuple[float, ...]] = {"smoke": FEW, "demo": FEW, "small": ALL, "paper": ALL}
CLASSES, REVERSED = 10, (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
DENSE, AGAIN = could.Kind("dense", "dense"), could.Kind("dense", "dense again")
PRUNED = could.Kind("pruned", "pruned to {:g} %", zeros=True)
NARROW = could.Kind("narrow", "narrow {:g} %")
TENTH, FITTING = PRUNED.of(0.1), NARROW.of(0.1)


def narrowed(hidden: int, inputs: int, left: float) -> MLP:
    """Two hidden layers with this share of the multiplications of two of width ``hidden``."""
    asked, ends = left * (inputs + hidden + CLASSES) * hidden, inputs + CLASSES
    return MLP((round((sqrt(ends**2 + 4 * asked) - ends) / 2),) * 2)


def networks(scale: Scale) -> list[Population]:
    """The reference, its null arm, and pruned and narrow ones."""
    large = scale == "paper"
    hidden, inputs = (2048, 3072) if large else (512, 784)
    dense = Population(
        DENSE.name,
        data=CIFAR10() if large else FashionMNIST(tail=LongTail(ratio=50, order=REVERSED)),
        model=MLP((hidden, hidden)),
        recipe=Recipe(epochs=EPOCHS[scale], batch=64, lr=0.05),
        members=MEMBERS[scale],
    )
    pruned = [dense.under(MagnitudePruning(1 - x), name=PRUNED.of(x)) for x in LEFT[scale]]
    narrow = [
        replace(dense, name=NARROW.of(x), model=narrowed(hidden, inputs, x)) for x in LEFT[scale]
    ]
    return [dense, dense.again(AGAIN.of(1)), *pruned, *narrow]


def choices(shares: tuple[float, ...]) -> list[could.Choice]:
    """Every network in every engine, pruned ones also in CSR; the reference by int8 engines."""
    kinds = DENSE, AGAIN, PRUNED, NARROW
    plain = could.in_engines(kinds, shares, by.FLOAT32)
    return [*plain, *could.in_sparse_format(PRUNED, shares, by.EAGER), *by.in_int8(DENSE.name)]


def study(scale: Scale) -> Study:
    """The study at one scale."""
    dense, *others = networks(scale)
    by_name = {p.name: p for p in others}
    cells = tuple(choice.cell for choice in choices(LEFT[scale]))
    return Study(
        name="hardware_lottery",
        method=__doc__ or "",
        reference=dense,
        variants=(*others, *(dense.under(how, name=name) for name, how in by.BY_ENGINE.items())),
        others=(Comparison(INSTEAD, by_name[TENTH], (by_name[FITTING],)),),
        measurements={
            SECONDS: InEngines((dense, *others), cells, DENSE.name, TIMES[scale]),
            IDEAS: BesideTwins(TIMES[scale]),
        },
        claims=claims_in(globals()),
        settings=Settings(by=("class", "frequency")),
        tables=tables,
        figure=panels,
    )


def of(r: Results) -> could.Choices:
    """What could be shipped, of the arms that this scale has."""
    shares = tuple(x for x in ALL if PRUNED.of(x) in r.populations)
    return could.Choices(r, choices(shares), DENSE.name, SECONDS)


def tables(r: Results) -> list[Table]:
    """Who pays for which speed; equal multiplications; ideas beside their twins."""
    return [
        shown.paying_table(of(r), [*by.FLOAT32]),
        shown.equal_table(of(r), (PRUNED.name, NARROW.name), [*by.FLOAT32]),
        ideas_table(r.measurement(IDEAS)),
    ]


def panels(r: Results) -> list[Panel]:
    """The essay's argument: promised, realised and better; a front for each engine; ideas."""
    both = (NARROW.name, PRUNED.name)
    plain = [(kind, engine) for kind in both for engine in (by.EAGER, by.ONNX)]
    return [
        shown.promise_panel(of(r), [*plain, *((k, by.EAGER) for k in could.SPARSELY)]),
        shown.better_panel(of(r), both, by.EAGER),
        *(shown.front_panel(of(r), engine) for engine in by.FLOAT32),
        ideas_panel(r.measurement(IDEAS)),
    ]


@claim("Timing alone: a second dense population runs as fast as the first, within 3 %", OURS)
def equally_fast(r: Results) -> Outcome:
    return as_fast(of(r).in_each(AGAIN.of(1), DENSE.name, by.FLOAT32), within=0.03)


@claim("Unstructured sparsity buys no speed in dense kernels, within 3 %", PAPER)
def zeros_buy_nothing(r: Results) -> Outcome:
    return as_fast(of(r).in_each(TENTH, DENSE.name, by.FLOAT32), within=0.03)


@claim("A kernel that skips zeros is slower than the dense one at a tenth of the weights", OURS)
def no_sparse_kernels(r: Results) -> Outcome:
    return below({"CSR": of(r).speed(of(r).by_left(could.SPARSE, by.EAGER)[0.1])})


@claim("The same weights in torch's own linear layer, at a tenth, are slower than dense ones", OURS)
def no_sparse_layer(r: Results) -> Outcome:
    return below({"CSR as linear": of(r).speed(of(r).by_left(could.AS_LINEAR, by.EAGER)[0.1])})


@claim("Weights stored in 8 bits alone are multiplied as before, and slower", OURS)
def stored_small(r: Results) -> Outcome:
    return below(of(r).in_each(by.STORED, DENSE.name, (by.EAGER, by.COMPILED)))


@claim("At a tenth of the operations the better idea loses: pruned is right more often …", PAPER)
def better(r: Results) -> Outcome:
    gain = Gain.of(*(r.of(name).fact("accuracy") for name in (TENTH, FITTING)))
    return decided([(gain.low, gain.high)], f"at a tenth, pruned − narrow {gain} points")


@claim("… and narrow is faster in every engine, also than a product that skips zeros", PAPER)
def and_loses(r: Results) -> Outcome:
    found, skips = of(r).in_each(FITTING, TENTH, by.FLOAT32), of(r).of(f"{TENTH}, CSR", by.EAGER)
    beside = of(r).ratio(of(r).of(FITTING, by.EAGER).cell, skips.cell)
    return above(found | {f"{by.EAGER}, CSR": beside})


@claim("Who ships the narrow network instead makes a class pay beyond the whole", OURS)
def who_pays(r: Results) -> Outcome:
    lowest = r.within(INSTEAD).lowest(FITTING, BEYOND, "class")
    null = r.lowest(AGAIN.of(1), BEYOND, "class")
    said = f"{lowest['value']} {effect_text(lowest)} beyond the whole; {AGAIN.of(1)}: "
    return decided(
        [(-lowest["high"], -lowest["low"])], said + f"{null['value']} {effect_text(null)}"
    )


@claim("Whether int8 beats half the multiplications depends on the kernel and its engine", OURS)
def depends_on_kernel(r: Results) -> Outcome:
    return changes_sides(by.int8_beside(of(r), NARROW.of(0.5)))


@claim("All eight ideas are slower than dense layers of equal operations, in torch eager", OURS)
def ideas_lose(r: Results) -> Outcome:
    return above(slower_in(r.measurement(IDEAS)))


@claim("int8 makes no class lose 5 points, in any engine", OURS)
def int8_spares(r: Results) -> Outcome:
    return spared({name: r.lowest(name, "accuracy", "class") for name in by.BY_ENGINE}, 5)


cliff = untested(
    "Capsules run acceptably on processors and fall off a cliff on GPUs and TPUs", PAPER,
    "no accelerator here; what they cost on one processor stands in the table of ideas",
)  # fmt: skip
