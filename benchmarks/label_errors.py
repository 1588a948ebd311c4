"""How well wrong labels are told from right ones: each detector on the same trained members.

    python benchmarks/label_errors.py --quick
    UNDERTOW_CIFAR10=FOLDER python benchmarks/label_errors.py --write label-errors.md
    python benchmarks/label_errors.py --worlds fashion-20 --per-class 500 --epochs 15

Worlds and populations are in ``label_worlds.py``, detectors in ``label_detectors.py``. Members are kept under ``--out``,
and a run that was stopped goes on there. Of each detector the table has

- AUROC and AUPRC of its suspicion by all runs together, with the 95 % percentile interval of a
  bootstrap over examples (not over trainings). A suspicion that tells nothing has .5 and the share
  of wrong labels;
- AUROC and AUPRC of one run: mean and standard deviation over runs. A run is a member, and of
  out-of-fold scores a round of members that leaves out each example once;
- for sets of suspects precision, recall and F1, and how many they are.

What is planted was chosen by scores and among right labels, which nobody can who does not know them.
It is in no row that is judged beside it, so AUM of the same members stands there for comparison.
Worlds without scores plant nothing.

Labels, and so detectors, know nothing of which are wrong. What is published beside it rests on other
images and networks: the accuracy of out-of-fold answers on true labels says how far it compares.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from label_detectors import (
    DETECTORS,
    FLAGS,
    Detector,
    Flags,
    held,
    not_planted,
    read,
    round_by_round,
    there,
)
from label_worlds import PLANTED, Size, World, populations, worlds
from numpy.typing import NDArray

from undertow.audit.dynamics.traced import early_epoch
from undertow.lab.models import SmallCNN, WideResNet
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer
from undertow.records.probes import read_train, trained_on
from undertow.records.read import read_manifest
from undertow.study.tails.separation import area, average_precision

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
QUICK = Size(per_class=100, epochs=12, members=2, rounds=2, model=SmallCNN(16))
FASHION = Size(per_class=None, epochs=12, members=5, rounds=3)
"""With more epochs the small network learns wrong labels by heart: of one fold member at 20 and at
40 % the accuracy on true labels was .81 and .71 after 12 and .74 and .57 after 30."""
CIFAR = Size(per_class=1000, epochs=10, members=2, rounds=1, model=WideResNet(10, 2, stride=2))
"""What two cores do in minutes, far from the accuracy that published areas were measured at."""
DRAWS = 200
HEADS = "| detector | AUROC | AUPRC | AUROC of one run | AUPRC of one run | unknown |"
SETS = "| suspects | precision | recall | F1 | how many |"


def trained(world: World, size: Size, out: Path, runner: str) -> Path:
    """The folder of all populations of a world."""
    folder = out / f"{world.name}-{size.per_class or 'all'}-{size.epochs}"
    with Trainer(folder, Machine(runner=runner)) as trainer:
        for population in populations(world, size):
            trainer.train(population)
    return folder


def truth(folder: Path) -> tuple[Bools, NDArray[np.int64]]:
    """(N,) each: whether the label is wrong, and the right class."""
    train = trained_on(read_train(folder / "noisy"))
    classes = read_manifest(folder / "noisy").classes
    true_N = np.array([classes.index(name) for name in train["true_label"]])
    return (train["mislabelled"] == "yes").to_numpy(), true_N


def scored(detector: Detector, folder: Path, wrong_N: Bools, draws: int) -> str:
    """A row; examples without a value are the least suspect."""
    runs_RN = detector.runs(folder)
    pooled_N = detector.of_all(folder, runs_RN)
    if detector.judges is not None:
        judged_N = detector.judges(folder)
        runs_RN, pooled_N, wrong_N = runs_RN[:, judged_N], pooled_N[judged_N], wrong_N[judged_N]
    unknown = int(np.isnan(pooled_N).sum())
    lowest = np.nanmin(runs_RN) - 1
    runs_RN, pooled_N = (np.nan_to_num(value, nan=lowest) for value in (runs_RN, pooled_N))
    both = [with_limits(of, pooled_N, wrong_N, draws) for of in (area, average_precision)]
    ones = [
        over_runs([of(run_N, wrong_N) for run_N in runs_RN]) for of in (area, average_precision)
    ]
    return f"| {' | '.join([detector.name, *both, *ones, str(unknown)])} |"


def with_limits(of: Any, score_N: Floats, wrong_N: Bools, draws: int) -> str:
    """``.953 (.949–.957)``."""
    rng, N = np.random.default_rng(0), len(score_N)
    drawn = [rng.integers(0, N, N) for _ in range(draws)]
    low, high = np.quantile([of(score_N[rows], wrong_N[rows]) for rows in drawn], [0.025, 0.975])
    return f"{said(of(score_N, wrong_N))} ({said(low)}–{said(high)})"


def over_runs(values: list[float]) -> str:
    """``.941 ± .004``; of one run there is no spread."""
    if len(values) < 2:
        return "–"
    return f"{said(float(np.mean(values)))} ± {said(float(np.std(values, ddof=1)))}"


def said(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def flagged(flags: Flags, folder: Path, wrong_N: Bools) -> str:
    """A row of a set."""
    found_N = flags.suspects(folder)
    hits, count = int((found_N & wrong_N).sum()), int(found_N.sum())
    precision, recall = hits / max(count, 1), hits / wrong_N.sum()
    f1 = 2 * hits / max(count + wrong_N.sum(), 1)
    cells = [flags.name, said(precision), said(recall), said(f1), f"{count:,}"]
    return f"| {' | '.join(cells)} |"


def accuracy(folder: Path, true_N: NDArray[np.int64]) -> str:
    """Of out-of-fold answers on true labels, by one round and by all."""
    rounds = [np.mean(told.p_NC.argmax(1) == true_N) for told in round_by_round(folder)]
    together = np.mean(held(folder).p_NC.argmax(1) == true_N)
    return f"{said(float(np.mean(rounds)))} by one round of folds, {said(float(together))} by all"


def page(world: World, size: Size, folder: Path, draws: int) -> Iterator[str]:
    """One world's section."""
    wrong_N, true_N = truth(folder)
    epochs = read(folder / "noisy", "trace").entry.epochs
    folds = len(read(folder / "folds", "learned-from").members)
    yield f"## {world.name}\n"
    yield (
        f"{len(wrong_N):,} training images, {100 * wrong_N.mean():.1f} % with a wrong label; "
        f"{size.model or world.model!r}, {size.epochs} epochs, crop {world.crop}, flip {world.flip}; {size.members} members, "
        f"as many on each threshold class and from each half to the other, {folds} in folds. The early epoch is {early_epoch(epochs)}.\n"
    )
    yield f"Accuracy on true labels, cross-validated: {accuracy(folder, true_N)}."
    yield f"Published: {world.published}.\n"
    yield f"{HEADS}\n|---|---|---|---|---|---|"
    for detector in (each for each in DETECTORS if there(each, folder)):
        yield scored(detector, folder, wrong_N, draws)
    if (folder / PLANTED).is_dir():
        yield beside(wrong_N[not_planted(folder)], len(wrong_N))
    yield f"\n{SETS}\n|---|---|---|---|---|"
    for flags in (each for each in FLAGS if there(each, folder)):
        yield flagged(flags, folder, wrong_N)
    yield ""


def beside(wrong_K: Bools, all_of_them: int) -> str:
    """Who is judged beside what is planted."""
    return (
        f"\nBeside {all_of_them - len(wrong_K):,} planted examples {len(wrong_K):,} are judged, "
        f"{100 * wrong_K.mean():.1f} % with a wrong label."
    )


def sized(asked: argparse.Namespace, world: World) -> Size:
    """As asked, else as usual."""
    usual = QUICK if asked.quick else CIFAR if world.name.startswith("cifar") else FASHION
    names = ("per_class", "epochs", "members", "rounds")
    given = {name: getattr(asked, name) for name in names}
    return replace(usual, **{name: number for name, number in given.items() if number is not None})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="minutes on one core")
    parser.add_argument("--worlds", nargs="+", choices=[world.name for world in worlds()])
    parser.add_argument("--out", type=Path, default=Path("out/label_errors"))
    parser.add_argument("--write", type=Path, help="a Markdown file for the tables")
    parser.add_argument("--runner", default="auto")
    parser.add_argument("--draws", type=int, default=DRAWS)
    for name in ("--per-class", "--epochs", "--members", "--rounds"):
        parser.add_argument(name, type=int)
    asked = parser.parse_args()
    lines = ["# Wrong labels, by detector\n"]
    for world in worlds():
        if asked.worlds is None or world.name in asked.worlds:
            size = sized(asked, world)
            folder = trained(world, size, asked.out, asked.runner)
            for line in page(world, size, folder, asked.draws):
                print(line, flush=True)
                lines.append(line)
    if asked.write is not None:
        asked.write.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
