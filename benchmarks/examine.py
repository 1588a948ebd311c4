"""How well verdicts on training examples hold, in worlds whose wrong labels are known.

    python benchmarks/examine.py --out out/examine --table docs/examine-measured.md

Of each world one population is trained (``examine_worlds.py``), examined twice: as if nothing were
known, where planted and hidden labels are all wrong, and calibrated on those that were planted,
where the hidden ones are. ``UNDERTOW_CIFAR10`` names the folder of CIFAR-10, for labels of people.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np
from examine_worlds import SECRET, World, trained, worlds
from numpy.typing import NDArray

from undertow.audit.examined.believed import Range
from undertow.audit.examined.examine import Examined, examine
from undertow.records.probes import read_probe, read_train, trained_on
from undertow.report.examined.stated import stated

Mask = NDArray[np.bool_]
HEAD = (
    "| data, wrong labels | seed | calibrated | believed share | true | list | precision stated | "
    "true | recall stated | true | wrong of *cannot tell* |\n" + "|---" * 11 + "|"
)


def rows_of(world: World, out: Path) -> list[str]:
    """A row alone and, where labels were planted, one calibrated on them."""
    folder = trained(world, out)
    values, train = read_probe(folder, "trace"), None
    if (folder / "train.parquet").exists():
        train = trained_on(read_train(folder))
    none_N = np.zeros(len(values.label_N), dtype=np.bool_)

    def marked(column: str) -> Mask:
        if train is None or column not in train.columns:
            return none_N
        return np.asarray((train[column] == "yes").to_numpy())

    known_N, secret_N = marked("mislabelled"), marked(SECRET)
    rows = [_row(world, "no", examine(values), none_N, known_N | secret_N)]
    found = examine(values, known_N)
    if found.calibrated:
        rows.append(_row(world, str(found.calibrated.known), found, known_N, secret_N))
    return rows


def _row(world: World, calibrated: str, found: Examined, known_N: Mask, wrong_N: Mask) -> str:
    asked_N = ~known_N
    listed_N = asked_N & (found.verdict_N == "likely mislabelled")
    unsure_N = asked_N & (found.verdict_N == "cannot tell")
    hits, listed, wrong = (int(n.sum()) for n in (listed_N & wrong_N, listed_N, asked_N & wrong_N))
    precision = stated(found, found.expected[0]).value if found.expected else math.nan
    model = " (SmallCNN)" if world.cnn else ""
    kind = f"{world.kind} {100 * world.share:g} %" if world.share else "none but those planted"
    if not world.share and not world.planted:
        kind = "none"
    cells = [
        f"{world.data}{model}, {kind}",
        str(world.seed),
        calibrated,
        _said(stated(found, found.share)) if not found.why else f"cannot tell ({found.why})",
        _percent(float(wrong_N[asked_N].mean())),
        f"{listed:,}",
        _percent(precision),
        _percent(hits / listed if listed else math.nan),
        _said(found.calibrated.recall) if found.calibrated else "–",
        _percent(hits / wrong if wrong else math.nan),
        f"{int((unsure_N & wrong_N).sum()):,} of {int(unsure_N.sum()):,}",
    ]
    return f"| {' | '.join(cells)} |"


def _said(of: Range) -> str:
    return f"{_percent(of.value)} ({_percent(of.low)}–{_percent(of.high)})"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/examine"))
    parser.add_argument("--table", type=Path, help="also write the table to this file")
    asked = parser.parse_args(arguments)
    lines = [HEAD]
    print(HEAD)
    for world in worlds():
        for row in rows_of(world, asked.out):
            print(row, flush=True)
            lines.append(row)
    if asked.table:
        about = "Written by `python benchmarks/examine.py`; shares in per cent, limits at 95 %.\n\n"
        asked.table.write_text(about + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
