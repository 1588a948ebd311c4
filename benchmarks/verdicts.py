"""How often a whole audit says "worse" where nothing changed, and where something did.

    python benchmarks/verdicts.py --audits 500 --out docs/calibration-verdicts.md

``calibration.py`` checks each test; this checks what a person reads: the verdict of
``undertow.audit.audit``, which two questions decide, and of a binary task a third one about
error rates. Independent members are simulated as there. Paired members (quantization after
training) come from a parent each: under the null both sides are the parent with a little noise of
their own. One model a side is one such pair.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from calibration import Ints, simulate

from undertow.audit import Settings, audit
from undertow.records import Manifest, MemberEntry, Records

SLICES, DRAWS = 10, 500
SETTINGS = Settings(by=("class",), draws=DRAWS)
FLIPPED = 0.03
"""Share of answers that each side of a pair gets anew, in the null."""
CELLS = [(design, members) for design in ("independent", "paired") for members in (6, 10)]
BINARY_CELLS = [*CELLS, ("one model", 1)]
WORLDS = {"nothing changed": 0.0, "one class damaged": 0.8}
BINARY_WORLDS = {"binary, nothing changed": 0.0, "binary, one slice accused more": 0.15}
SAID = ("worse", "mixed", "changed", "better", "within tolerance", "too small to tell")


def records(name: str, pred_MN: Ints, label_N: Ints, parent: str | None) -> Records:
    """A population whose members are named by their row, so that pairs are known."""
    ids = [f"m{m:02d}" for m in range(len(pred_MN))]
    members = tuple(MemberEntry(id=i, parent=None if parent is None else i) for i in ids)
    classes = tuple(f"c{c:02d}" for c in range(SLICES))
    examples = pl.DataFrame(
        {
            "example_id": [f"e{n:05d}" for n in range(len(label_N))],
            "label": label_N.astype(np.int32),
        }
    )
    manifest = Manifest(name=name, classes=classes, members=members, parent=parent)
    return Records(manifest, examples, pred_MN.astype(np.int32))


def one_audit(design: str, members: int, damage: float, index: int) -> str:
    """The verdict of one simulated audit."""
    rng = np.random.default_rng([index, members, design == "paired", damage > 0])
    if design == "independent":
        world = simulate(rng, members, SLICES, damage=damage)
        sides = world.pred_MN[:members], world.pred_MN[members:]
    else:
        world = simulate(rng, members, SLICES)
        sides = tuple(noisy(rng, world.pred_MN[:members]) for _ in range(2))
        hit = (world.label_N == 0) & (rng.random(sides[1].shape) < damage / 8)
        sides = sides[0], np.where(hit, 1, sides[1])
    reference = records("reference", sides[0], world.label_N, None)
    variant = records(
        "variant", sides[1], world.label_N, "reference" if design == "paired" else None
    )
    return audit(reference, [variant], SETTINGS).verdict


def one_binary_audit(design: str, members: int, accused: float, index: int) -> str:
    """The same of a binary task in ten slices. ``accused``: the share of right rejections in the
    first slice that turn into false alarms, while as many misses anywhere turn into hits, so that
    accuracy stays."""
    rng = np.random.default_rng([2, index, members, design == "paired", accused > 0])
    world = simulate(rng, members, SLICES)
    label_N = rng.integers(0, 2, len(world.label_N))
    right_MN = world.pred_MN == world.label_N
    both_MN = np.where(right_MN, label_N, 1 - label_N)
    before_MN, after_MN = both_MN[:members], both_MN[members:]
    if design != "independent":
        before_MN, after_MN = (
            np.where(rng.random(before_MN.shape) < FLIPPED / 2, 1 - before_MN, before_MN)
            for _ in range(2)
        )
    if accused:
        turned_MN = (
            (label_N == 0)
            & (after_MN == 0)
            & (world.label_N == 0)
            & (rng.random(after_MN.shape) < accused)
        )
        missed_MN = (label_N == 1) & (after_MN == 0)
        share_M1 = turned_MN.sum(axis=1, keepdims=True) / np.maximum(
            missed_MN.sum(axis=1, keepdims=True), 1
        )
        after_MN = np.where(
            turned_MN | missed_MN & (rng.random(after_MN.shape) < share_M1), 1, after_MN
        )
    parent = "reference" if design == "paired" else None
    reference, variant = (
        binary(records(name, pred_MN, label_N, from_), world.label_N)
        for name, pred_MN, from_ in (("reference", before_MN, None), ("variant", after_MN, parent))
    )
    return audit(reference, [variant], replace(SETTINGS, by=("part",))).verdict


def binary(made: Records, part_N: Ints) -> Records:
    """The same answers as those of a task with a positive class, in ten parts."""
    told = {"classes": ("clear", "accused"), "task": "binary", "positive": "accused"}
    parts = pl.Series("part", [f"p{n}" for n in part_N.tolist()])
    manifest = made.manifest.model_copy(update=told)
    return replace(made, manifest=manifest, examples=made.examples.with_columns(parts))


def noisy(rng: np.random.Generator, pred_MN: Ints) -> Ints:
    """Each answer drawn anew with a small chance."""
    return np.where(
        rng.random(pred_MN.shape) < FLIPPED, rng.integers(0, SLICES, pred_MN.shape), pred_MN
    )


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audits", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("docs/calibration-verdicts.md"))
    given = parser.parse_args()
    started, rows = time.perf_counter(), []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for world, cells, run, planted in cells_of_all():
            for design, members in cells:
                said = list(
                    pool.map(
                        partial(run, design, members, planted), range(given.audits), chunksize=10
                    )
                )
                shares = [said.count(v) / given.audits for v in SAID]
                rows.append(
                    f"| {world} | {design} | {members} "
                    "| " + " | ".join(f"{s:.3f}" for s in shares) + " |"
                )
                print(rows[-1], file=sys.stderr, flush=True)
    given.out.write_text(page(given.audits, rows, time.perf_counter() - started))


def cells_of_all() -> Iterator[tuple[str, list[tuple[str, int]], Callable[..., str], float]]:
    """Every world with its designs, and what makes an audit of it."""
    for world, damage in WORLDS.items():
        yield world, CELLS, one_audit, damage
    for world, accused in BINARY_WORLDS.items():
        yield world, BINARY_CELLS, one_binary_audit, accused


def page(audits: int, rows: list[str], seconds: float) -> str:
    """The Markdown page."""
    command = shlex.join(["python", "benchmarks/verdicts.py", *sys.argv[1:]])
    return f"""# Calibration of the verdict

Generated by `{command}` in {seconds / 60:.0f} minutes. Do not edit.

{audits} whole audits a row: 1,000 examples in 10 classes, {DRAWS} rearrangements, level {SETTINGS.level}.
Two questions can make a verdict worse, the top line and the classes together, each at the level and only where they
fall. So at most .05 of null audits can be called worse (or mixed, which is worse where something else gains), and of a
binary task .075, since there an error rate that rises counts too, at half of the level. As many again can be called
changed, because votes moved on the whole, and .025 better. The standard error of .05 over {audits} audits is
{np.sqrt(0.05 * 0.95 / audits):.3f}.

| world | members | a side | worse | mixed | changed | better | within tolerance | too small to tell |
|---|---|---:|---:|---:|---:|---:|---:|---:|
{chr(10).join(rows)}

*Damaged*: independent members lose 0.8 standard deviations of a member's chance on one class of ten; paired members
give one answer in ten of that class away. *Accused more*: 15 % of the right rejections in one slice
of ten become false alarms, and as many misses anywhere become hits.
"""


if __name__ == "__main__":
    # One thread per process: the processes already use every core.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
