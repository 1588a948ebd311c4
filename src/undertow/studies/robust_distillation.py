"""Robust distillation for worst-class performance.
Wang, Narasimhan, Zhou, Hooker, Lukasik, Menon, 2023.   arXiv:2206.06479

Question    A student may learn from its teacher for the average, for all classes alike, or for the
            class that fares worst, and so may its teacher. Which pairing has the best worst class,
            and what does it cost on average? Not asked by the paper: how wide is the interval of a
            worst class, how much of it is the teacher's doing, and does a student that learned for
            its worst class keep it when it is pruned or quantized?
Reference   Standard distillation from standard teachers, a teacher for each student, on a long
            tail: classes fall from 900 to 18 examples.
Variants    Students and teachers that are standard, balanced (α = 0) or robust (α = 1), and between
            the two; robust students watch what is held out by the teacher's labels or by true ones;
            temperatures 1 and 3. Standard students once more, and of one fixed teacher. Without a
            teacher: logit adjustment, a shift after training, group DRO, DORO. Standard and robust
            ones on balanced data. Two students trained with 90 % of their weights pruned, and
            rounded to 8 bits.
Measured    Average accuracy and that of the worst class and the worst three; the area below the
            front of both; who is worst; λ; how far a teacher is from calibration up to a scale per
            class (the theory's term), beside its students' worst class.
Test        Settings are chosen on 100 held-out examples a class, which nothing learned from, and
            judged on the test part. Limits are over teachers (members where there is none) and test
            examples, the lowest taken within each member and draw, and of the value as measured.
Departures  Fashion-MNIST's embedded images for CIFAR-10-LT, a small CNN of one size for teachers
            and students for ResNet-56 and 32, 30 epochs, ratio 50 for 100. The held-out part is cut
            from training images before the tail is made; the paper takes half of the test part. λ
            is updated once an epoch and begins uniform, as the paper is silent. The surrogate's 1/m
            is left out, so that all objectives have gradients of one size. AdaMargin, AdaAlpha and
            LTKD are left out, since their formulas were not at hand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from undertow.audit.settings import Settings
from undertow.audit.stats.components import nested
from undertow.audit.stats.rank_limits import rank_correlation
from undertow.lab.data import CIFAR10, FashionMNIST, HeldOut, LongTail, LongTailed, OnHeldOut
from undertow.lab.interventions import objective as goals
from undertow.lab.interventions.weights import MagnitudePruning, PostShift, WeightQuantization
from undertow.lab.models import SmallCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.probes import Told
from undertow.lab.recipe import Recipe
from undertow.study import Comparison, Outcome, Results, Scale, Study, Table, claim, claims_in
from undertow.study.claims import decided, effect_text, held
from undertow.study.figures import Panel
from undertow.study.worst import choice, front, shown
from undertow.study.worst.arms import Arm, arm_of, beyond, difference, joined, worst
from undertow.study.worst.recalls import Floats
from undertow.study.worst.teachers import Teachers, teachers

PAPER, OURS = "2206.06479", "ours"
STD, BAL, ROB, LABELS, AT_3 = "standard", "balanced", "robust", "robust by labels", " at 3"
ALPHA = {BAL: 0.0, "α .25": 0.25, "α .5": 0.5, LABELS: 1.0}
TEACHERS, FIVE = (STD, BAL, ROB), (STD, BAL, "α .25", "α .5", ROB)
NINE = (STD, BAL, ROB, LABELS, STD + AT_3, BAL + AT_3, ROB + AT_3, LABELS + AT_3)
ALL = tuple(dict.fromkeys((*NINE, *ALPHA)))
PAIRINGS = [f"{of} → {name}" for of in TEACHERS for name in NINE]
TRADED = [f"{of} → {name}" for of in FIVE for name in ALPHA]
STUDENT_ALONE = [f"{STD} → {name}" for name in ALPHA]
BASE, ROBUST, EVEN = f"{STD} → {STD}", f"{STD} → {LABELS}", "even classes: "
AGAIN, FIXED, SHIFTED = f"{BASE}, again", f"{BASE}, one teacher", "shifted afterwards"
PRUNED, INT8, ASKED = ", pruned 90 %", ", int8", ", held out"
MEMBERS: dict[Scale, int] = {"smoke": 3, "demo": 4, "small": 12, "paper": 10}
EPOCHS: dict[Scale, int] = {"smoke": 2, "demo": 10, "small": 30, "paper": 256}
UPDATES: dict[Scale, int] = {"smoke": 4, "demo": 40, "small": 40, "paper": 97}
DRO, DRO_HELD_OUT = "group DRO", "group DRO, multipliers by held-out loss"
UNTAUGHT = {
    "logit adjustment": goals.LogitAdjustment(),
    DRO: goals.GroupDRO(),
    DRO_HELD_OUT: goals.GroupDRO(multipliers="held_out", update_every=40),
    "DORO": goals.DORO(alpha=0.5, epsilon=0.1),
}
CORNER = (0.6, 0.0)
"""Average and worst class from which areas are counted."""
PRINTED = {
    STD: ((36.67, 69.50), (66.96, 79.25), (71.15, 80.95)),
    BAL: ((71.23, 80.50), (70.52, 81.12), (72.96, 80.71)),
    ROB: ((63.85, 76.81), (75.56, 80.81), (69.21, 76.72)),
    LABELS: ((73.59, 77.92), (75.43, 79.02), (74.70, 77.99)),
}
"""Supplement's Table 1, CIFAR-10-LT: worst class and average of students, by teacher; there by one
fixed teacher, at the temperature chosen on held-out data."""


def from_labels(scale: Scale, even: bool = False) -> Population:
    """Standard teachers: of a long tail, or of as many examples in even classes."""
    each, kept = (120, 20) if scale == "smoke" else (352 if even else 1000, 100)
    tail = LongTail(50, largest=100 if scale == "smoke" else 900)
    whole = HeldOut(FashionMNIST(train_per_class=each), share=kept / each)
    if scale == "paper":
        whole, tail = HeldOut(CIFAR10(), 0.1), LongTail(100)
    return Population(
        f"{EVEN if even else ''}teacher {STD}",
        data=whole if even else LongTailed(whole, tail),
        model=WideResNet(28, 10) if scale == "paper" else SmallCNN(16),
        recipe=Recipe(EPOCHS[scale], batch=64, lr=0.1, crop=1, flip=True),
        members=MEMBERS[scale],
        probes=(Told(),),
    )


def taught(
    scale: Scale, labels: Population, by: Sequence[str], only: Sequence[str] = ALL
) -> list[Population]:
    """Teachers and the students of each; the m-th member of a teacher teaches the m-th student."""
    by_teacher = goals.RobustDistillation(update_every=UPDATES[scale], one_over_m=False)
    by_labels = replace(by_teacher, held_out="labels")
    goal: dict[str, goals.RobustDistillation | goals.Distillation] = {
        name: replace(by_labels, alpha=alpha) for name, alpha in ALPHA.items()
    }
    goal |= {STD: goals.Distillation(), ROB: by_teacher}
    goal |= {
        f"{name}{AT_3}": replace(goal[name], temperature=3.0) for name in (STD, BAL, ROB, LABELS)
    }
    found, prefix = [], labels.name.removesuffix(f"teacher {STD}")
    for of in by:
        teacher = labels
        if of != STD:
            alpha = 1.0 if of == ROB else ALPHA[of]
            how = goals.Robust(alpha, update_every=UPDATES[scale], one_over_m=False)
            teacher = labels.under(how, name=f"{prefix}teacher {of}")
        found.append(teacher)
        for name in only if of in TEACHERS else ALPHA:
            student = f"{prefix}{of} → {name}"
            found.append(labels.under(goal[name], name=student, teacher=teacher))
    return found


def study(scale: Scale) -> Study:
    """The study at one scale."""
    labels = from_labels(scale)
    arms = {population.name: population for population in taught(scale, labels, FIVE)}
    base, robust = arms[BASE], arms[ROBUST]
    one = labels.under(goals.Distillation(teacher_member=0), name=FIXED, teacher=labels)
    compressed = [
        Comparison(
            f"{name} students compressed",
            students,
            (
                students.under(MagnitudePruning(0.9), name=students.name + PRUNED),
                students.under(WeightQuantization(8), name=students.name + INT8),
            ),
        )
        for name, students in ((STD, base), (ROB, robust))
    ]
    asked = [p.on(OnHeldOut(labels.data), name=p.name + ASKED) for p in arms.values()]
    even = taught(scale, from_labels(scale, even=True), (STD, ROB), (STD, LABELS))
    beside = [*arms.values(), one, labels.under(PostShift(), name=SHIFTED), *even, *asked]
    beside += [labels.under(how, name=name) for name, how in UNTAUGHT.items()]
    return Study(
        name="robust_distillation",
        method=__doc__ or "",
        reference=base,
        variants=(base.again(AGAIN), robust, arms[f"{STD} → {BAL}"], arms[f"{ROB} → {STD}"]),
        others=tuple(compressed),
        beside=tuple(beside),
        claims=claims_in(globals()),
        settings=Settings(by=("class", "frequency")),
        tables=tables,
        figure=panels,
    )


def arm(r: Results, name: str, of: str = "") -> Arm:
    """What a population got right; what derives from students of ``of`` has their teachers."""
    found = arm_of(r.of(name))
    return replace(found, teacher_M=arm_of(r.of(of)).teacher_M) if of else found


def best(r: Results, names: Iterable[str]) -> str:
    """The one with the best worst class on held-out examples."""
    return chosen(r, names, inf).setting


def chosen(r: Results, names: Iterable[str], slack: float = 1.0) -> choice.Choice[str]:
    """By the paper's rule: the best worst class of those as accurate as standard distillation."""
    asked = {name: arm(r, name + ASKED) for name in names}
    return choice.chosen(asked, arm(r, BASE + ASKED), slack=slack)


def above(r: Results, name: str, than: str) -> Outcome:
    """Whether an arm's worst class is above another's."""
    found = difference(arm(r, name), arm(r, than), worst())
    return decided([(found.low, found.high)], f"{name}: {shown.gain(found)} points beside {than}")


def fronts(r: Results) -> dict[str, front.Front]:
    """Trade-offs of both sides, and of the student alone."""
    both = {"teachers and students": TRADED, "students of standard teachers": STUDENT_ALONE}
    return {k: front.Front({name: arm(r, name) for name in names}) for k, names in both.items()}


def tables(r: Results) -> list[Table]:
    """All arms; what was chosen; who is worst; teachers; compression; even classes."""
    printed = {
        f"{of} → {name}": shown.Printed(*cell)
        for name, cells in PRINTED.items()
        for of, cell in zip(TEACHERS, cells, strict=True)
    }
    named = [f"teacher {of}" for of in FIVE] + [*dict.fromkeys([*PAIRINGS, *TRADED])]
    named += [AGAIN, FIXED, *UNTAUGHT, SHIFTED]
    arms = {name: arm(r, name) for name in named}
    picked = {
        "best pairing": chosen(r, PAIRINGS, inf),
        "best trade-off as accurate as standard": chosen(r, TRADED),
    }
    few = {name: arms[name] for name in (BASE, f"{STD} → {BAL}", ROBUST, f"{ROB} → {LABELS}")}
    squeezed = {name: arm(r, name) for name in (BASE, ROBUST)}
    squeezed |= {n + PRUNED: arm(r, n + PRUNED) for n in (BASE, ROBUST)}
    squeezed |= {n + INT8: arm(r, n + INT8, n) for n in (BASE, ROBUST)}
    even = [f"{EVEN}teacher {t}" for t in (STD, ROB)]
    even += [f"{EVEN}{t} → {s}" for t in (STD, ROB) for s in (STD, LABELS)]
    return [
        shown.arms_table(arms, 3, printed),
        shown.choices_table(picked, {name: arm(r, c.setting) for name, c in picked.items()}),
        shown.lowest_table(few, r.of(BASE).answers.classes),
        shown.split_table({BASE: nested(*split(r))}),
        shown.teachers_table({f"teacher {of}": judged(r, of) for of in TEACHERS}),
        replace(shown.arms_table(squeezed, 3), title="Compressed students"),
        replace(shown.arms_table({n: arm(r, n) for n in even}, 3), title="Even classes"),
    ]


def split(r: Results) -> tuple[Floats, list[str]]:
    """Worst classes of standard students, two of each teacher, and whose they are."""
    both = joined([arm(r, BASE), arm(r, AGAIN)])
    return worst()(both.recall_MC), [str(name) for name in both.teacher_M]


def judged(r: Results, of: str) -> Teachers:
    """Teachers beside their robust students."""
    return teachers(r.of(f"teacher {of}"), arm(r, f"{of} → {LABELS}"))


def panels(r: Results) -> list[Panel]:
    """Fronts, and how λ moves."""
    columns = {name: f"lambda {c}" for c, name in enumerate(r.of(BASE).answers.classes)}
    return [
        shown.front_panel("Average and worst class", fronts(r)),
        shown.weights_panel("λ of robust students of standard teachers", r.of(ROBUST), columns),
    ]


@claim("Standard students of the same teachers differ in the worst class by chance alone", OURS)
def chance_alone(r: Results) -> Outcome:
    found = difference(arm(r, AGAIN), arm(r, BASE), worst())
    return held(found.low <= 0 <= found.high, f"{shown.gain(found)} points")


@claim("The pairing with the best worst class is above standard distillation", PAPER)
def best_pairing(r: Results) -> Outcome:
    return above(r, best(r, PAIRINGS), BASE)


@claim("It is not one with a robust objective on both sides", PAPER)
def not_both(r: Results) -> Outcome:
    both = [name for name in PAIRINGS if name.startswith(f"{ROB} → {ROB}")]
    return above(r, best(r, [name for name in PAIRINGS if name not in both]), best(r, both))


@claim("The teacher with the best worst class is not the one of the best students", PAPER)
def teacher_is_not_best(r: Results) -> Outcome:
    own = best(r, [f"teacher {of}" for of in TEACHERS]).removeprefix("teacher ")
    others = [name for name in PAIRINGS if not name.startswith(f"{own} →")]
    return above(r, best(r, others), best(r, [name for name in PAIRINGS if name not in others]))


@claim("The trade-off that is chosen has a better worst class than standard distillation", PAPER)
def trade_off(r: Results) -> Outcome:
    found = chosen(r, TRADED).setting
    average = difference(arm(r, found), arm(r, BASE), arm(r, BASE).average())
    outcome = above(r, found, BASE)
    return replace(outcome, evidence=f"{outcome.evidence}; average {shown.gain(average)}")


@claim("Trading off teacher and student reaches a front beyond that of the student alone", PAPER)
def front_beyond(r: Results) -> Outcome:
    both, alone = fronts(r).values()
    found, areas = front.beyond(both, alone, CORNER), [front.area(f, CORNER) for f in (both, alone)]
    said = " and ".join(f"{area.mean:.4f}" for area in areas)
    said = f"areas {said}, difference {found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
    return decided([(found.low, found.high)], said)


@claim("Robust students watch better by true labels than by those of standard teachers", PAPER)
def true_labels(r: Results) -> Outcome:
    return above(r, ROBUST, f"{STD} → {ROB}")


@claim("Group DRO does better with multipliers by held-out loss than by training loss", PAPER)
def multipliers(r: Results) -> Outcome:
    return above(r, DRO_HELD_OUT, DRO)


@claim("On even classes robust students have a better worst class than standard ones", PAPER)
def even_classes(r: Results) -> Outcome:
    return above(r, f"{EVEN}{ROBUST}", f"{EVEN}{BASE}")


@claim("Teachers nearer to calibration up to a scale per class have better robust students", PAPER)
def theory(r: Results) -> Outcome:
    found = [judged(r, of) for of in TEACHERS]
    gaps, students = (
        np.concatenate(each)
        for each in zip(*((f.gaps["bins"], f.students_M) for f in found), strict=True)
    )
    rank = rank_correlation(gaps, students)
    said = f"Spearman's ρ {rank.rho:+.2f} [{rank.low:+.2f}, {rank.high:+.2f}] over {rank.units}"
    return decided([(-rank.high, -rank.low)], f"{said} teachers of three kinds")


@claim("Teachers make a part of the differences between standard students' worst classes", OURS)
def teachers_part(r: Results) -> Outcome:
    share = nested(*split(r)).share
    said = f"share of the variance {share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
    return decided([(share.low, share.high)], said)


@claim("What robust students gain, they gain on rare classes", OURS)
def rare(r: Results) -> Outcome:
    tail = r.finding(ROBUST, "accuracy", "frequency", "tail")
    return decided([(tail["low"], tail["high"])], f"rarest third {effect_text(tail)} points")


@claim("They gain on the hardest class, which is not the rarest", OURS)
def hard(r: Results) -> Outcome:
    shirt = r.finding(ROBUST, "accuracy", "class", "Shirt")
    return decided([(shirt["low"], shirt["high"])], f"Shirt {effect_text(shirt)} points")


@claim("A robust student keeps more of its worst class than a standard one when pruned", OURS)
def pruned_keeps(r: Results) -> Outcome:
    return keeps(r, PRUNED)


@claim("A robust student keeps more of its worst class than a standard one at 8 bits", OURS)
def rounded_keeps(r: Results) -> Outcome:
    return keeps(r, INT8)


def keeps(r: Results, how: str) -> Outcome:
    """Whether robust students bear a compression better."""
    robust, standard = ((arm(r, name + how, name), arm(r, name)) for name in (ROBUST, BASE))
    found = beyond(robust, standard, worst())
    each = [shown.gain(difference(*both, worst())) for both in (robust, standard)]
    said = f"robust {each[0]}, standard {each[1]} points: {shown.gain(found)} more"
    return decided([(found.low, found.high)], said)
