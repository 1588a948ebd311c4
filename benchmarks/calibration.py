"""How often the audit cries wolf, and what it finds: simulated audits with known answers.

    python benchmarks/calibration.py --audits 1000 --out docs/calibration.md

Two populations of one recipe ("dense against dense") must be told apart in at most 5 % of audits,
whatever the number of slices; planted damage must be found. Members share examples (each with its
own difficulty) and differ in overall skill, in skill per slice and by chance, so values of one
member are correlated over slices as real ones are.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.measures import modal_disagreement, taxicab
from undertow.audit.stats.above_floor import above_floor
from undertow.audit.stats.arrangements import exchange
from undertow.audit.stats.exemplar_test import confirmed, exact_exchange
from undertow.audit.stats.max_t import max_t
from undertow.audit.stats.vote_exchange import vote_exchange
from undertow.audit.stats.welch import welch

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

MEMBERS, SLICES = (5, 10, 30), (10, 100)
EXAMPLES = {10: 1000, 100: 3000}
DRAWS, LEVEL = 500, 0.05
DAMAGE = 0.8
"""Planted damage to one slice, in standard deviations of a member's chance."""
CHANGED, SHIFT = 0.05, 4.0
"""Share of examples planted as changed, and by how much."""


class World(NamedTuple):
    """Two populations on the same examples; ``changed_N`` is the truth about exemplars."""

    pred_MN: Ints
    label_N: Ints
    membership_GN: sp.csr_array
    changed_N: NDArray[np.bool_]


def simulate(
    rng: np.random.Generator, members: int, slices: int, *, damage: float = 0, changed: float = 0
) -> World:
    """Slices are the classes. A member is right where ease + skill + chance is positive, else
    mostly wrong alike."""
    examples = EXAMPLES[slices]
    label_N = np.arange(examples) % slices
    ease_N = rng.normal(2.0, 1.5, examples)
    skill_MG = rng.normal(0, 0.1, (2 * members, 1)) + rng.normal(0, 0.15, (2 * members, slices))
    score_MN = ease_N + skill_MG[:, label_N] + rng.normal(size=(2 * members, examples))
    score_MN[members:, label_N == 0] -= damage
    changed_N = rng.random(examples) < changed
    score_MN[members:, changed_N] -= SHIFT
    usual_N = (label_N + rng.integers(1, slices, examples)) % slices
    other_MN = (label_N + rng.integers(1, slices, score_MN.shape)) % slices
    wrong_MN = np.where(rng.random(score_MN.shape) < 0.7, usual_N, other_MN)
    membership_GN = sp.csr_array((np.ones(examples), (label_N, np.arange(examples))))
    return World(np.where(score_MN > 0, label_N, wrong_MN), label_N, membership_GN, changed_N)


def audit(kind: str, members: int, slices: int, index: int) -> dict[str, float]:
    """One simulated audit: 1 or 0 for each thing declared (a share, for shares)."""
    rng = np.random.default_rng([["null", "damage", "changed"].index(kind), members, slices, index])
    world = simulate(
        rng,
        members,
        slices,
        damage=DAMAGE if kind == "damage" else 0,
        changed=CHANGED if kind == "changed" else 0,
    )
    if kind == "damage":
        return {
            name: float(found_G[0]) for name, found_G in slice_tests(world, members, rng).items()
        }
    if kind == "changed":
        return exemplars(world, members)
    found = {
        name: float(found_G.any()) for name, found_G in slice_tests(world, members, rng).items()
    }
    return found | {
        f"{name} (null)": float(value > 0) for name, value in exemplars(world, members).items()
    }


def _holm(p_G: Floats) -> Floats:
    """Adjusted p of the slices that have one, as statsmodels has them."""
    from statsmodels.stats.multitest import multipletests

    known_G, adjusted_G = ~np.isnan(p_G), np.full(p_G.shape, np.nan)
    if known_G.any():
        adjusted_G[known_G] = multipletests(p_G[known_G], method="holm")[1]
    return adjusted_G


def slice_tests(
    world: World, members: int, rng: np.random.Generator
) -> dict[str, NDArray[np.bool_]]:
    """Which slices each measure's family declares changed."""
    drawn = exchange(members, members, DRAWS, rng)
    right_MN = (world.pred_MN == world.label_N).astype(float)
    count_G = np.asarray(world.membership_GN.sum(axis=1))
    accuracy_GM = (world.membership_GN @ right_MN.T) / count_G[:, None]
    tested = max_t(accuracy_GM, members, drawn, level=LEVEL, resolution_G=1 / count_G)
    p_G = welch(accuracy_GM[:, :members], accuracy_GM[:, members:]).p_G
    functions = {"taxicab": taxicab.function, "modal": modal_disagreement.function}
    value_DG = vote_exchange(
        world.pred_MN, world.label_N, world.membership_GN, drawn, functions, set()
    )
    declared = {
        "accuracy": tested.p_adjusted_G <= LEVEL,
        "Holm": _holm(p_G) <= LEVEL,
        "uncorrected": p_G <= LEVEL,
    }
    floors = {
        name: above_floor(value_DG[name], level=LEVEL).p_adjusted_G <= LEVEL for name in functions
    }
    return declared | floors


def exemplars(world: World, members: int) -> dict[str, float]:
    """False discovery proportion and share found, with and without leaving out examples that cannot
    tell."""
    votes = [_votes(world.pred_MN[side]) for side in (slice(members), slice(members, None))]
    test = exact_exchange(*votes)
    found: dict[str, float] = {}
    for name, smallest_N in (("plain", None), ("testable", test.smallest_N)):
        chosen_N = confirmed(test.p_N, test.smallest_N == 1, smallest_N, fdr=LEVEL) <= LEVEL
        found[f"fdp {name}"] = float((chosen_N & ~world.changed_N).sum() / max(chosen_N.sum(), 1))
        found[f"found {name}"] = float(
            (chosen_N & world.changed_N).sum() / max(world.changed_N.sum(), 1)
        )
    return found


def _votes(pred_MN: Ints) -> sp.csr_array:
    row_MN = np.broadcast_to(np.arange(pred_MN.shape[1]), pred_MN.shape)
    shape = (pred_MN.shape[1], int(pred_MN.max()) + 1)
    return sp.csr_array(
        (np.ones(pred_MN.size, dtype=np.int64), (row_MN.ravel(), pred_MN.ravel())),
        shape=(shape[0], 128),
    )


def rates(
    kind: str, audits: int, run: Callable[..., Iterable[dict[str, float]]]
) -> dict[tuple[int, int], Any]:
    """Means over audits for every number of members and slices."""
    found = {}
    for members in MEMBERS:
        for slices in SLICES:
            results = list(run(partial(audit, kind, members, slices), range(audits), chunksize=20))
            found[members, slices] = {
                name: np.mean([r[name] for r in results]) for name in results[0]
            }
            print(
                f"{kind}: {members} members a side, {slices} slices: {found[members, slices]}",
                file=sys.stderr,
                flush=True,
            )
    return found


def table(columns: dict[str, str], found: dict[tuple[int, int], Any]) -> list[str]:
    """Markdown: one row per number of members and slices."""
    lines = [
        "| members a side | slices | " + " | ".join(columns) + " |",
        "|---:" * (2 + len(columns)) + "|",
    ]
    for (members, slices), row in found.items():
        cells = " | ".join(f"{row[key]:.3f}" for key in columns.values())
        lines.append(f"| {members} | {slices} | {cells} |")
    return lines


def page(audits: int, null: Any, damage: Any, changed: Any, seconds: float) -> str:
    """``docs/calibration.md``."""
    error = 1.96 * np.sqrt(LEVEL * (1 - LEVEL) / audits)
    tests = {"accuracy (max-T)": "accuracy", "Taxicab": "taxicab", "modal disagreement": "modal"}
    plain = {"accuracy, Holm on Welch": "Holm", "accuracy, uncorrected": "uncorrected"}
    lines = [
        "# Calibration",
        "",
        f"Generated by `{shlex.join(['python', *sys.argv])}` in {seconds / 60:.0f} minutes. Do not "
        "edit.",
        "",
        f"{audits} simulated audits a row, {DRAWS} exchanges of members each, level {LEVEL}; "
        f"{EXAMPLES[10]:,} examples in 10 slices or {EXAMPLES[100]:,} in 100. "
        f"A true rate of {LEVEL} shows up as {LEVEL} ± {error:.3f} here.",
        "",
        "## Nothing changed: audits in which any slice is declared worse or better",
        "",
        *table(tests | plain, null),
        "",
        "The first three columns are what the audit uses; each is one family of slices. These "
        "tests are exact, so what lies above the level here is the simulation's own error. Five "
        "members a side have 252 arrangements, of which at most 12 may be as extreme, which makes "
        ".048 the most they can reach.",
        "",
        f"## One slice damaged (by {DAMAGE} standard deviations of a member's chance): audits in "
        "which it is found",
        "",
        *table(tests | plain, damage),
        "",
        "The uncorrected test finds more because it also finds what is not there (table above).",
        "",
        f"## Exemplars confirmed at a false discovery rate of {LEVEL}",
        "",
        f"{CHANGED:.0%} of examples changed. *All*: Benjamini–Hochberg over all examples that are "
        "not unanimous; *testable*: over those whose pooled votes allow a p below the rate. *Any "
        "in null* is the share of audits without any change that confirm an example, which is the "
        "false discovery rate there.",
        "",
        *table(
            {
                "false, all": "fdp plain",
                "found, all": "found plain",
                "any in null, all": "null plain",
                "false, testable": "fdp testable",
                "found, testable": "found testable",
                "any in null, testable": "null testable",
            },
            {
                key: row
                | {
                    f"null {name}": null[key][f"fdp {name} (null)"]
                    for name in ("plain", "testable")
                }
                for key, row in changed.items()
            },
        ),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audits", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("docs/calibration.md"))
    given = parser.parse_args()
    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = [rates(kind, given.audits, pool.map) for kind in ("null", "damage", "changed")]
    given.out.write_text(page(given.audits, *found, seconds=time.perf_counter() - started))


if __name__ == "__main__":
    # One thread per process: the processes already use every core.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
