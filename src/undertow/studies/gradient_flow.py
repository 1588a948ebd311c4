"""Keep the gradients flowing: using gradient flow to study sparse network optimization.
Tessera, Hooker, Rosman, 2021.   arXiv:2102.01670

Question    Do sparse networks that are trained from scratch fail for want of capacity, or because
            gradients do not reach their weights? Which optimisers, norms and activations serve
            dense networks and not sparse ones? Not asked by the paper: at equal capacity, who pays?
Reference   Dense networks of four hidden layers, of 26, 77 and 154 features.
Variants    Sparse ones 256 wide with exactly as many active weights in each layer, at random places
            (same-capacity comparison), drawn from the dense ones' distribution; under 20 settings
            of optimiser, regularisation, activation and start, all written down before any was run.
            A convolutional network with a fixed mask, and under magnitude pruning.
Measured    Accuracy and loss on the test part; effective gradient flow (EGF) of active weights and
            the plain gradient norm after 11 epochs, evenly spread; accuracy by class and training
            frequency, for a dense and a sparse population on long-tailed data.
Test        Wilcoxon's signed-rank test per setting, one-sided, 30 pairs of members, Holm over
            settings. Kendall's tau, its differences with a bootstrap over settings and widths.
Departures  Fashion-MNIST's embedded images, 200 a class, for all of it and CIFAR; 256 wide for
            3,076; 25 epochs for 500 to 1,000. Rates are those at which one dense network trained
            well. Gradients are of one fixed batch. Biases are free in both networks, so a wide one
            has more. Two starts are ours: by the fan-in of active weights, and with the last layer
            scaled until outputs vary as the dense network's do.
"""

from dataclasses import replace

from undertow.audit.settings import Settings
from undertow.lab.data import FashionMNIST, LongTail
from undertow.lab.interventions.weights import FixedMask, MagnitudePruning
from undertow.lab.models import DeepMLP, SmallCNN
from undertow.lab.models.deep_mlp import Activation
from undertow.lab.population import Population
from undertow.lab.probes import GradientFlow
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in, held
from undertow.study.figures import Panel
from undertow.study.pairs import Gain, Pairs, p_text

PAPER, WIDE, WIDTHS = "2102.01670", 256, (26, 77, 154)
MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 4, "small": 10, "paper": 30}
EPOCHS: dict[Scale, int] = {"smoke": 1, "demo": 12, "small": 25, "paper": 500}
PLAIN = Recipe(epochs=1, schedule="constant", weight_decay=0, momentum=0, nesterov=False)
MOMENTUM = replace(PLAIN, lr=0.01, momentum=0.9)
ADAM = replace(PLAIN, optimizer="adam", lr=0.001)
NET, BN = DeepMLP(WIDE, depth=4), DeepMLP(WIDE, depth=4, norm=True)
BENDS: tuple[Activation, ...] = ("swish", "prelu", "elu", "srelu", "sigmoid")
COMPARED = (("egf1", "norm1"), ("egf2", "norm2"))
SETTINGS = {
    "SGD": (replace(PLAIN, lr=0.1), NET),
    "momentum": (MOMENTUM, NET),
    "momentum, high rate": (replace(MOMENTUM, lr=0.1), NET),
    "Adagrad": (replace(PLAIN, optimizer="adagrad", lr=0.01), NET),
    "RMSProp": (replace(ADAM, optimizer="rmsprop"), NET),
    "Adam": (ADAM, NET),
    "Adam, high rate": (replace(ADAM, lr=0.01), NET),
    "momentum, skip": (MOMENTUM, replace(NET, skip=True)),
    "momentum, BN": (MOMENTUM, BN),
    "Adam, BN": (ADAM, BN),
    "Adam, BN, L2": (replace(ADAM, weight_decay=1e-4), BN),
    "AdamW, BN": (replace(ADAM, optimizer="adamw", weight_decay=0.01), BN),
    "Adam, BN, augmented": (replace(ADAM, flip=True, crop=2), BN),
    **{f"momentum, BN, {bend}": (MOMENTUM, replace(BN, activation=bend)) for bend in BENDS},
    "momentum, active fan-in": (MOMENTUM, NET),
    "momentum, matched output": (MOMENTUM, NET),
}


def pair(scale: Scale, setting: str, width: int) -> tuple[Population, Population]:
    """A dense and a sparse population of one capacity."""
    recipe, net = SETTINGS[setting]
    dense = Population(
        f"{setting}, {width} dense",
        data=FashionMNIST(train_per_class=200),
        model=replace(net, width=width),
        recipe=replace(recipe, epochs=EPOCHS[scale]),
        members=MEMBERS[scale],
        probes=(GradientFlow(),),
    )
    # He's rule draws a wide layer's weights smaller than the dense one's, by the root of its width
    wider, fade = (WIDE / width) ** 0.5, (WIDE / width) ** 2
    as_dense = (1.0, wider, wider, wider, wider * (fade if "matched" in setting else 1))
    mask = FixedMask.like(dense.model, (1, 28, 28), 10, as_dense)
    mask = replace(mask, scale="active") if "active" in setting else mask
    sparse = replace(dense, name=f"{setting}, {width} sparse", model=net, interventions=(mask,))
    return dense, sparse


def study(scale: Scale) -> Study:
    """The study at one scale; ``smoke`` has few of the settings."""
    chosen = SETTINGS if scale != "smoke" else ("momentum", "momentum, BN")
    grid = [pair(scale, setting, width) for setting in chosen for width in WIDTHS]
    dense, sparse = (
        replace(p, data=FashionMNIST(tail=LongTail(ratio=20)), probes=(), name=p.name.split()[-1])
        for p in pair(scale, "momentum, BN", 77)
    )
    narrow = replace(grid[0][0], name="CNN dense", model=SmallCNN(4), recipe=dense.recipe)
    wide = replace(narrow, model=SmallCNN(16))
    fixed = FixedMask.like(narrow.model, (1, 28, 28), 10)
    pruned = MagnitudePruning(0.7923, scope="global")  # as many weights in all
    cnn = narrow, wide.under(fixed, name="CNN sparse"), wide.under(pruned, name="CNN pruned")
    return Study(
        name="gradient_flow",
        method=__doc__ or "",
        reference=dense,
        variants=(dense.again("dense again"), sparse),
        beside=(*(population for both in grid for population in both), *cnn),
        claims=claims_in(globals()),
        settings=Settings(by=("class", "frequency")),
        tables=lambda r: (of(r).table(), of(r).correlations(COMPARED)),
        figure=panels,
    )


def of(r: Results) -> Pairs:
    """The grid as it was trained."""
    trained = tuple(s for s in SETTINGS if f"{s}, 77 dense" in r.populations)
    return Pairs(r, trained, WIDTHS, ("dense", "sparse"))


def panels(r: Results) -> list[Panel]:
    """Gradient flow over training, and accuracy against the dense width of one capacity."""
    shown = {
        "Batch norm": ("momentum", "momentum, BN"),
        "Decay": ("Adam, BN", "Adam, BN, L2", "AdamW, BN"),
        "Start": ("momentum", "momentum, active fan-in", "momentum, matched output"),
    }
    known = {t: [s for s in names if s in of(r).settings] for t, names in shown.items()}
    flow = of(r).series_lines(known["Batch norm"], 77, "egf2")
    return [
        Panel("EGF over training", "epoch", "EGF₂", flow, log=True),
        *(
            Panel(title, "dense width of this capacity", "accuracy", of(r).accuracy_lines(names))
            for title, names in known.items()
            if names
        ),
    ]


@claim("Effective gradient flow goes more closely with sparse test loss than the plain norm", PAPER)
def flow_not_norm(r: Results) -> Outcome:
    found = of(r).correlation("sparse", "egf2", "norm2")
    evidence = f"|τ| {found.first:.3f} and {found.second:.3f}"
    interval = f"difference {found.low:+.3f} to {found.high:+.3f}"
    return held(found.low > 0, f"{evidence}, {interval}")


@claim("Batch norm matters more for sparse networks than for dense ones", PAPER)
def norm_for_sparse(r: Results) -> Outcome:
    plain = ("momentum", "Adam")
    sparse, dense = ([of(r).gain(f"{o}, BN", o, k) for o in plain] for k in ("sparse", "dense"))
    evidence = [f"{o}: {s} sparse, {d} dense" for o, s, d in zip(plain, sparse, dense, strict=True)]
    return held(
        all(s.low > d.high for s, d in zip(sparse, dense, strict=True)), "; ".join(evidence)
    )


@claim("L2 costs sparse networks accuracy under Adam, decoupled decay does not", PAPER)
def decay_under_adam(r: Results) -> Outcome:
    l2, apart = (of(r).gain(s, "Adam, BN", "sparse") for s in ("Adam, BN, L2", "AdamW, BN"))
    return held(l2.high < 0 <= apart.high, f"L2 {l2}, AdamW {apart}")


@claim("Swish is the best activation for sparse networks", PAPER)
def swish_is_best(r: Results) -> Outcome:
    rivals = {bend: f"momentum, BN, {bend}" for bend in BENDS if bend != "swish"}
    rivals |= {"relu": "momentum, BN"}
    over = {b: of(r).gain("momentum, BN, swish", s, "sparse") for b, s in rivals.items()}
    evidence = "; ".join(f"over {bend} {gain}" for bend, gain in over.items())
    return held(all(gain.low > 0 for gain in over.values()), evidence)


@claim("With batch norm a sparse network is more accurate than a dense one of its capacity", PAPER)
def sparse_is_better(r: Results) -> Outcome:
    p = {s: of(r).p_adjusted(s) for s in ("momentum, BN", "Adam, BN")}
    evidence = "; ".join(f"{s}: p {p_text(value)} after Holm" for s, value in p.items())
    return held(max(p.values()) < 0.05, evidence)


@claim("The findings extend to convolutions, and to magnitude pruning", PAPER)
def convolutions(r: Results) -> Outcome:
    dense, *others = (
        r.of(f"CNN {kind}").fact("accuracy") for kind in ("dense", "sparse", "pruned")
    )
    fixed, pruned = (Gain.of(other, dense) for other in others)
    return held(min(fixed.low, pruned.low) > 0, f"fixed mask {fixed}, pruned {pruned}")


@claim("Without batch norm sparse networks lose by their start and not by being sparse", "ours")
def start_not_sparsity(r: Results) -> Outcome:
    lost, kept = (of(r).gap(s) for s in ("momentum", "momentum, active fan-in"))
    return held(lost.high < 0 <= kept.high, f"start as dense {lost}, by active fan-in {kept}")


@claim("At one capacity no class and no frequency pays in the sparse network", "ours")
def nobody_pays(r: Results) -> Outcome:
    rows = r.findings("sparse", "accuracy").rows(named=True)
    worse = [f"{row['slice']} {row['value']}" for row in rows if row["verdict"] == "worse"]
    return held(not worse, f"worse: {', '.join(worse) or 'none'}")
