"""Two long tails where people were wrong.   Ours, 2026
after A tale of two long tails.   D'souza, Nussbaum, Agarwal, Hooker, 2021.   arXiv:2107.13098
with the labels of CIFAR-10N   Wei et al., 2022.   arXiv:2110.12088

Question    Shuffled labels are wrong at random. People take a cat for a dog and seldom for a ship,
            and err where images are hard. Are wrong labels of theirs still told from atypical
            examples by how they are learned, and does targeted augmentation help?
Reference   Networks without augmentation on the first 1,000 CIFAR-10 training images of each class,
            each under the label that one person gave (random1, 17 % wrong).
Variants    A second such population. Crops and flips for the 20 % whose given label was the least
            probable in the last epoch, after 5 epochs for all; for a random 20 %; for none after 5
            epochs.
Measured    As in two_long_tails. Noisy is what is mislabelled. Atypical are the 20 % of each class,
            among those with right labels, with the lowest held-out correctness: by members that
            each learned CIFAR-10's own labels of 70 % of the images, and that are not compared.
Test        That of two_long_tails, by the same code and the same limits, written down before any
            run.
Departures  A small CNN for WRN-28-10, the first 30 of 60 epochs, with rates that fall after the
            same ones, 8 members an arm. What people get wrong is also what networks find hard, so
            the two tails are nearer to each other than where labels are shuffled. Held-out
            correctness rests on about 7 members an image, with ties in the order of the data.
"""

from undertow.audit.settings import Settings
from undertow.lab.data import CIFAR10, CIFAR10N
from undertow.lab.interventions.inputs import TargetedAugmentation
from undertow.lab.interventions.sampling import Subset
from undertow.lab.models import SmallCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.probes import Augmented, LearnedFrom, Trace
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in, held
from undertow.study.figures import Panel
from undertow.study.tails import shown
from undertow.study.tails.compared import Tails
from undertow.study.tails.held_out import ByHeldOut

PAPER, WARM = "2107.13098", 5
MEMBERS: dict[Scale, int] = {"smoke": 2, "demo": 4, "small": 8, "paper": 15}
PARTS: dict[Scale, int] = {"smoke": 16, "demo": 16, "small": 24, "paper": 60}
EPOCHS: dict[Scale, int] = {"smoke": 8, "demo": 15, "small": 30, "paper": 60}
IMAGES: dict[Scale, int | None] = {"smoke": 20, "demo": 500, "small": 1000, "paper": None}
NONE, AGAIN, TARGETED, RANDOM = "none", "none again", "targeted 20 %", "random 20 %"
OFF, LEFT_OUT = "off after warm-up", "parts"
ARMS = {
    TARGETED: TargetedAugmentation(0.2, WARM),
    RANDOM: TargetedAugmentation(0.2, WARM, of="random"),
    OFF: TargetedAugmentation(0, WARM),
}


def falls(epochs: int) -> tuple[float, ...]:
    """When the rate falls, as parts of training: after the paper's epochs, 10, 20 and 30."""
    return tuple(after / epochs for after in (10, 20, 30) if after < epochs)


def study(scale: Scale) -> Study:
    """The study at one scale. Its data are where ``UNDERTOW_CIFAR10`` says."""
    epochs = EPOCHS[scale]
    images = CIFAR10(train_per_class=IMAGES[scale])
    model = WideResNet(28, 10) if scale == "paper" else SmallCNN(16)
    none = Population(
        NONE,
        data=CIFAR10N(images, "random1"),
        model=model,
        recipe=Recipe(epochs, 128, 0.1, schedule="steps", milestones=falls(epochs), decay=0.2),
        members=MEMBERS[scale],
        probes=(Trace(), Trace(clean=True), Augmented()),
    )
    parts = Population(
        LEFT_OUT,
        data=images,
        model=model,
        recipe=Recipe(epochs // 2, 128, 0.1, crop=4, flip=True),
        members=PARTS[scale],
        interventions=(Subset(0.7),),
        probes=(LearnedFrom(),),
    )
    return Study(
        name="two_long_tails_people",
        method=__doc__ or "",
        reference=none,
        variants=(none.again(AGAIN), *(none.under(how, name=arm) for arm, how in ARMS.items())),
        beside=(parts,),
        claims=claims_in(globals()),
        settings=Settings(by=("class",)),
        tables=lambda r: (
            shown.learning_table(of(r), compared(r)),
            shown.separation_table(of(r), compared(r)),
            shown.masks_table(of(r), (TARGETED, RANDOM)),
        ),
        figure=panels,
    )


def of(r: Results) -> Tails:
    """The two tails in what was trained."""
    return Tails(r, WARM, ByHeldOut(r.of(LEFT_OUT)))


def compared(r: Results) -> list[str]:
    """All but those that tell what is atypical."""
    return [name for name in r.populations if name != LEFT_OUT]


def panels(r: Results) -> list[Panel]:
    """Curves of every arm; who is augmented; how noise is found."""
    each = [name for name in compared(r) if name != AGAIN]
    return [
        *shown.curve_panels(of(r), each),
        shown.mask_panel(of(r), TARGETED),
        shown.precision_panel(of(r), each),
    ]


@claim("Two populations without augmentation differ in the gap by no more than chance", "ours")
def chance_alone(r: Results) -> Outcome:
    found = of(r).gap_beyond(AGAIN, NONE)
    return held(found.low <= 0 <= found.high, f"{found} points per ten epochs")


@claim(
    "Targeted: labels are the more probable, typical to atypical to noisy, at every epoch", PAPER
)
def in_order(r: Results) -> Outcome:
    return shown.in_order(of(r), TARGETED)


@claim("Under targeted augmentation atypical examples are learned faster than noisy ones", PAPER)
def faster(r: Results) -> Outcome:
    return shown.decided(lambda view: of(r).gap(TARGETED, view))


@claim("The gap of slopes is wider under targeted augmentation than without any", PAPER)
def wider_than_none(r: Results) -> Outcome:
    return wider(r, NONE)


@claim("The gap is wider than where a random 20 % are augmented", "ours")
def wider_than_random(r: Results) -> Outcome:
    return wider(r, RANDOM)


@claim("The gap is wider than where nobody is augmented after the warm-up", "ours")
def wider_than_off(r: Results) -> Outcome:
    return wider(r, OFF)


def wider(r: Results, than: str) -> Outcome:
    """Whether the gap of slopes is wider under targeted augmentation."""
    return shown.decided(lambda view: of(r).gap_beyond(TARGETED, than, view))


@claim("Without augmentation noise is found by a low probability early, and later less", PAPER)
def rises_and_falls(r: Results) -> Outcome:
    return shown.rises_and_falls(of(r), NONE, [TARGETED])


@claim("Targeted: level and slope tell noisy from atypical better than the level alone", PAPER)
def slope_adds(r: Results) -> Outcome:
    return shown.decided(lambda view: of(r).areas(TARGETED, view)[2], "AUROC, points: ")
