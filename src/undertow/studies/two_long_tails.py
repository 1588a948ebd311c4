"""A tale of two long tails.
D'souza, Nussbaum, Agarwal, Hooker, 2021.   arXiv:2107.13098

Question    Examples of which a network is unsure are rare or wrongly labelled, and confidence does
            not say which. If the least certain ones are augmented while it learns, do the rare ones
            gain and the wrongly labelled ones not? Not asked by the paper: does it matter that the
            least certain are chosen, or that there is augmentation at all?
Reference   Networks without augmentation (the paper's κ = 0), on two constructions of 20 % noisy,
            20 % atypical and 60 % typical examples: T60, atypical by the lowest held-out
            correctness; TX2, atypical images seen once an epoch and typical ones twice.
Variants    A second population without augmentation, on T60. Crops and flips for all (κ = 1); for
            the 20 % whose given label was the least probable in the last epoch, after 5 epochs for
            all (κ = .2). Controls that the paper lacks: for a random 20 %, and for none after 5
            epochs.
Measured    The probability of the given label after each epoch, by a clean pass, and as each step
            saw the example; its slope over the epochs after the fifth; average precision of a low
            one for noisy among all; who is augmented.
Test        Written down before any run. (1) typical ≥ atypical ≥ noisy in mean probability at every
            epoch after the fifth. (2) Atypical slope less noisy slope is above 0 under κ = .2, and
            larger than under κ = 0, and than under both controls. (3) Noisy average precision rises
            above the base rate in the first half of training and falls again. (4) Level and slope
            tell noisy from atypical better than the level alone, on examples left out. Student's
            limits over members, Welch's between arms; clean passes decide, what steps saw is told.
Departures  Fashion-MNIST's embedded images for CIFAR-10, a small CNN for WRN-28-10, the first 30 of
            60 epochs, with rates that fall after the same ones, 10 members an arm, crops by 2
            pixels. There are no C-scores of these images: held-out correctness of 32 networks that
            each learned from 70 % stands in, a proxy at one share, equal ones by the mean
            probability of the label. The slope's formula and its window are ours. A peak is placed
            by one half of the members and measured on the other. In TX2 typical images are compared
            at as many exposures.
"""

from undertow.audit.settings import Settings
from undertow.lab.data import FashionMNIST, TwoTails, TwoTailsByFrequency
from undertow.lab.data.dataset import Dataset
from undertow.lab.interventions.inputs import TargetedAugmentation
from undertow.lab.models import SmallCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.probes import Augmented, Trace
from undertow.lab.recipe import Recipe
from undertow.study import Comparison, Outcome, Results, Scale, Study, claim, claims_in, held
from undertow.study.figures import Panel
from undertow.study.tails import shown
from undertow.study.tails.compared import Tails

PAPER, WARM = "2107.13098", 5
MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 4, "small": 10, "paper": 15}
EPOCHS: dict[Scale, int] = {"smoke": 12, "demo": 15, "small": 30, "paper": 60}
NONE, TARGETED, RANDOM, OFF = "none", "targeted 20 %", "random 20 %", "off after warm-up"
ARMS = {
    "standard": TargetedAugmentation(1, WARM, crop=2),
    TARGETED: TargetedAugmentation(0.2, WARM, crop=2),
    RANDOM: TargetedAugmentation(0.2, WARM, crop=2, of="random"),
    OFF: TargetedAugmentation(0, WARM, crop=2),
}


def falls(epochs: int) -> tuple[float, ...]:
    """When the rate falls, as parts of training: after the paper's epochs, 10, 20 and 30."""
    return tuple(after / epochs for after in (10, 20, 30) if after < epochs)


def comparison(scale: Scale, name: str, data: Dataset) -> Comparison:
    """All arms on one construction."""
    epochs = EPOCHS[scale]
    none = Population(
        f"{name} {NONE}",
        data=data,
        model=WideResNet(28, 10) if scale == "paper" else SmallCNN(16),
        recipe=Recipe(epochs, 128, 0.1, schedule="steps", milestones=falls(epochs), decay=0.2),
        members=MEMBERS[scale],
        probes=(Trace(), Trace(clean=True), Augmented()),
    )
    arms = [none.under(how, name=f"{name} {arm}") for arm, how in ARMS.items()]
    return Comparison(name, none, tuple(arms))


def study(scale: Scale) -> Study:
    """The study at one scale."""
    images = FashionMNIST(train_per_class=20 if scale == "smoke" else None)
    t60 = comparison(scale, "T60", TwoTails(images, "embedded:fashion-mnist"))
    tx2 = comparison(scale, "TX2", TwoTailsByFrequency(images))
    return Study(
        name="two_long_tails",
        method=__doc__ or "",
        reference=t60.reference,
        variants=(t60.reference.again("T60 none again"), *t60.variants),
        others=(tx2,),
        claims=claims_in(globals()),
        settings=Settings(by=("class",)),
        tables=lambda r: (
            shown.learning_table(of(r), arms(r)),
            shown.separation_table(of(r), arms(r)),
            shown.masks_table(of(r), masked(r)),
        ),
        figure=panels,
    )


def of(r: Results) -> Tails:
    """The two tails in what was trained."""
    return Tails(r, WARM)


def arms(r: Results) -> list[str]:
    """Every population."""
    return list(r.populations)


def masked(r: Results) -> list[str]:
    """Those that augment some."""
    return [name for name in arms(r) if name.endswith((TARGETED, RANDOM))]


def panels(r: Results) -> list[Panel]:
    """Curves of every arm of T60 and two of TX2; who is augmented; how noise is found."""
    tails, again = of(r), "none again"
    t60 = [name for name in arms(r) if name.startswith("T60") and not name.endswith(again)]
    return [
        *shown.curve_panels(tails, [*t60, f"TX2 {NONE}", f"TX2 {TARGETED}"]),
        shown.mask_panel(tails, f"T60 {TARGETED}"),
        shown.mask_panel(tails, f"TX2 {TARGETED}"),
        shown.precision_panel(tails, t60),
    ]


@claim(
    "Two populations without augmentation differ in the gap of slopes by no more than chance",
    "ours",
)
def chance_alone(r: Results) -> Outcome:
    found = of(r).gap_beyond("T60 none again", "T60 none")
    return held(found.low <= 0 <= found.high, f"{found} points per ten epochs")


@claim(
    "T60, targeted: labels are the more probable, typical to atypical to noisy, at every epoch",
    PAPER,
)
def in_order(r: Results) -> Outcome:
    return shown.in_order(of(r), f"T60 {TARGETED}")


@claim(
    "TX2, targeted: the same order, typical images at as many exposures as those seen once", PAPER
)
def in_order_by_frequency(r: Results) -> Outcome:
    return shown.in_order(of(r), f"TX2 {TARGETED}")


@claim("T60: under targeted augmentation atypical examples are learned faster than noisy", PAPER)
def faster(r: Results) -> Outcome:
    return shown.decided(lambda view: of(r).gap(f"T60 {TARGETED}", view))


@claim("TX2: under targeted augmentation atypical examples are learned faster than noisy", PAPER)
def faster_by_frequency(r: Results) -> Outcome:
    return shown.decided(lambda view: of(r).gap(f"TX2 {TARGETED}", view))


@claim("T60: the gap of slopes is wider under targeted augmentation than without any", PAPER)
def wider_than_none(r: Results) -> Outcome:
    return wider(r, "T60", NONE)


@claim("TX2: the gap of slopes is wider under targeted augmentation than without any", PAPER)
def wider_than_none_by_frequency(r: Results) -> Outcome:
    return wider(r, "TX2", NONE)


@claim("T60: the gap is wider than where a random 20 % are augmented", "ours")
def wider_than_random(r: Results) -> Outcome:
    return wider(r, "T60", RANDOM)


@claim("T60: the gap is wider than where nobody is augmented after the warm-up", "ours")
def wider_than_off(r: Results) -> Outcome:
    return wider(r, "T60", OFF)


def wider(r: Results, data: str, than: str) -> Outcome:
    """Whether the gap of slopes is wider under targeted augmentation."""
    return shown.decided(lambda v: of(r).gap_beyond(f"{data} {TARGETED}", f"{data} {than}", v))


@claim("T60, none: noise is found by a low probability early, and less once it is memorised", PAPER)
def rises_and_falls(r: Results) -> Outcome:
    return shown.rises_and_falls(of(r), f"T60 {NONE}", [f"T60 {TARGETED}", "T60 standard"])


@claim("T60, targeted: level and slope tell noisy from atypical better than the level alone", PAPER)
def slope_adds(r: Results) -> Outcome:
    return shown.decided(lambda view: of(r).areas(f"T60 {TARGETED}", view)[2], "AUROC, points: ")


@claim("TX2, targeted: level and slope tell noisy from atypical better than the level alone", PAPER)
def slope_adds_by_frequency(r: Results) -> Outcome:
    return shown.decided(lambda view: of(r).areas(f"TX2 {TARGETED}", view)[2], "AUROC, points: ")
