"""Cells of a simulation, run in chunks on all cores and kept as JSON, so that a stopped run goes on
where it was.

Nothing to run here. A cell is a name and a description; a function makes one replicate of it from
its number and returns figures by name, which are summed. A cell is begun anew where the audit's
code, the function or the description is another than that of the figures kept, unless they are
asked to stay (``--keep``).

    --replicates N       a cell (each script names its own: audits, draws)
    --world TEXT         only cells whose name holds TEXT
    --before             write the figures of *this* code as those of before, and no page
"""

from __future__ import annotations

import argparse
import ast
import gc
import hashlib
import inspect
import json
import math
import os
import shlex
import sys
import textwrap
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import latent

import undertow

DOCS = Path(__file__).parents[1] / "docs"
WIDTH = 118
SMALLEST = "smallest "
"""Figures of such a name are not summed: the smallest is kept."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")

One = Callable[[Any, int], dict[str, float]]


class Figures(NamedTuple):
    """What a cell's replicates gave: how many they were, and by name the sum of each figure and of
    its square."""

    replicates: int
    code: str
    sums: dict[str, float]
    squares: dict[str, float]

    def mean(self, name: str) -> float:
        """NaN where the replicates do not have the figure."""
        if name.startswith(SMALLEST):
            return self.sums.get(name, math.nan)
        return (
            self.sums[name] / self.replicates if self.replicates and name in self.sums else math.nan
        )

    def error(self, name: str) -> float:
        """Standard error of the mean."""
        mean = self.mean(name)
        return math.sqrt(
            max(self.squares.get(name, math.nan) / self.replicates - mean**2, 0) / self.replicates
        )

    def joined(self, other: Figures) -> Figures:
        sums = {name: _joined(name, self.sums, other.sums) for name in {**self.sums, **other.sums}}
        squares = {name: _joined(name, self.squares, other.squares) for name in sums}
        return Figures(self.replicates + other.replicates, self.code, sums, squares)


def _joined(name: str, left: Mapping[str, float], right: Mapping[str, float]) -> float:
    if name.startswith(SMALLEST):
        return min(left.get(name, math.inf), right.get(name, math.inf))
    return left.get(name, 0.0) + right.get(name, 0.0)


Kept = dict[str, Figures]


def arguments(about: str | None, page: str, count: str, default: int) -> argparse.Namespace:
    """The command line that these scripts share; ``count`` names what is counted."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument(
        f"--{count}", dest="count", type=int, default=default, help=f"{count} a cell"
    )
    parser.add_argument(
        "--world", default="", help="only cells whose name holds this text; the page is of all kept"
    )
    parser.add_argument(
        "--before",
        action="store_true",
        help="keep these as the figures of before, and write no page",
    )
    parser.add_argument(
        "--keep", action="store_true", help="figures that other code made are kept, not made anew"
    )
    parser.add_argument(
        "--out", type=Path, default=DOCS / f"{page}.md", help="the page; figures lie beside it"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    return parser.parse_args()


def files(out: Path) -> tuple[Path, Path]:
    """Where the figures of a page lie: today's, and those of before."""
    return out.with_suffix(".json"), out.with_name(f"{out.stem}-before.json")


def run(
    given: argparse.Namespace,
    cells: Mapping[str, Any],
    one: One,
    chunk: int = 50,
    once: Collection[str] = (),
) -> Kept:
    """Every cell brought to ``given.count`` replicates, as far as its name holds ``given.world``;
    all that is kept.

    Those in ``once`` have no chance in them and need one.
    """
    path = files(given.out)[given.before]
    kept = {key: figures for key, figures in read(path).items() if key in cells}
    wanted = {key: cell for key, cell in cells.items() if given.world in key}
    if not wanted:
        raise SystemExit(
            f"--world {given.world}: no cell is named so; there are {', '.join(cells)}"
        )
    for key, cell in wanted.items():
        code = digest(cell, one)
        if key not in kept or (kept[key].code != code and not given.keep):
            kept[key] = Figures(0, code, {}, {})
    counts = {key: 1 if key in once else given.count for key in wanted}
    tasks = [
        (k, *task)
        for k, cell in wanted.items()
        for task in chunks(cell, kept[k].replicates, counts[k], chunk)
    ]
    started = time.perf_counter()
    for done, (key, figures) in enumerate(_results(tasks, one, given.workers), start=1):
        kept[key] = kept[key].joined(figures)
        _write(path, kept)
        print(
            f"{done}/{len(tasks)} {time.perf_counter() - started:.0f} s  {key}",
            file=sys.stderr,
            flush=True,
        )
    return kept


def asked_once(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Of cells named ``data | scope`` the first of each data: code that cannot be asked about a
    scope says the same."""
    if latent.SCOPED:
        return dict(cells)
    first = {data(key): key for key in reversed(list(cells))}
    return {key: cells[key] for key in cells if first[data(key)] == key}


def data(key: str) -> str:
    return key.partition(" | ")[0]


def of_before(before: Kept, key: str) -> str:
    """The cell of before that stands beside this one: of its scope, or of any where none could be
    asked about."""
    return (
        key if key in before else next((other for other in before if data(other) == data(key)), key)
    )


def chunks(cell: Any, done: int, wanted: int, size: int) -> Iterator[tuple[Any, int, int]]:
    for start in range(done, wanted, size):
        yield cell, start, min(start + size, wanted)


def _results(
    tasks: list[tuple[str, Any, int, int]], one: One, workers: int
) -> Iterator[tuple[str, Figures]]:
    """In the order of the tasks, so that what is kept is always the first replicates."""
    if workers == 1 or len(tasks) < 2:
        yield from (_chunk(one, task) for task in tasks)
        return
    # Read when a fresh process loads its libraries: the processes already use every core.
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    # statsmodels collects garbage in each call: what was imported need not be looked through again.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=gc.freeze
    ) as pool:
        for future in [pool.submit(_chunk, one, task) for task in tasks]:
            yield future.result()


def _chunk(one: One, task: tuple[str, Any, int, int]) -> tuple[str, Figures]:
    key, cell, start, stop = task
    total = Figures(0, "", {}, {})
    for index in range(start, stop):
        made = one(cell, index)
        squares = {
            name: value if name.startswith(SMALLEST) else value**2 for name, value in made.items()
        }
        total = total.joined(Figures(1, "", made, squares))
    return key, total


def digest(cell: Any, one: One) -> str:
    """Of everything that figures follow from, as far as it can be told from here: the code, then
    the cell."""
    audit = sorted((Path(undertow.__file__).parent / "audit").rglob("*.py"))
    sources = [
        *(path.read_text("utf-8") for path in (*audit, Path(latent.__file__))),
        inspect.getsource(one),
    ]
    parts = "\0".join(map(wordless, sources)), repr(cell)
    return "-".join(hashlib.sha256(text.encode()).hexdigest()[:8] for text in parts)


def wordless(source: str) -> str:
    """Code without what it says: comments, docstrings and messages, which no figure follows
    from."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def read(path: Path) -> Kept:
    if not path.exists():
        return {}
    return {
        key: Figures(**figures)
        for key, figures in json.loads(path.read_text(encoding="utf-8")).items()
    }


def _write(path: Path, kept: Kept) -> None:
    rounded = {key: _plain(figures) for key, figures in sorted(kept.items())}
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def _plain(figures: Figures) -> dict[str, Any]:
    def short(values: dict[str, float]) -> dict[str, float]:
        return {name: float(f"{value:.10g}") for name, value in sorted(values.items())}

    return {**figures._asdict(), "sums": short(figures.sums), "squares": short(figures.squares)}


def shown(kept: Kept, key: str, name: str, *, error: bool = False) -> str:
    """A share as text: ``.052``, with its standard error ``.052 ± .005``, or a dash where it is not
    known."""
    mean = kept[key].mean(name) if key in kept else math.nan
    if not math.isfinite(mean):
        return "–"
    return bare(mean) + (f" ± {bare(kept[key].error(name))}" if error else "")


def bare(share: float) -> str:
    return f"{share:.3f}".removeprefix("0") if abs(share) < 1 else f"{share:.2f}"


def table(columns: list[str], rows: list[list[str]], texts: int = 1) -> str:
    """Markdown: the first ``texts`` columns are text, the others numbers."""
    rule = ["---"] * texts + ["---:"] * (len(columns) - texts)
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, rule, *rows))


def write_page(given: argparse.Namespace, kept: Kept, page: Callable[[Kept, Kept], str]) -> None:
    """The page of the figures kept, beside those of before; none of a run that made those."""
    if not given.before:
        given.out.write_text(wrapped(page(kept, read(files(given.out)[1]))), encoding="utf-8")


def wrapped(page: str) -> str:
    """Paragraphs of prose at the width of the others; headings, tables and lists as they are."""
    parts = page.strip().split("\n\n")
    prose = [
        p if p[0] in "#|-" else textwrap.fill(p, WIDTH, break_on_hyphens=False)
        for p in map(str.strip, parts)
    ]
    return "\n\n".join(prose) + "\n"


def command() -> str:
    """How the page was made, without the folder in which it lies here."""
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *_portable(sys.argv[1:])])


def _portable(given: list[str]) -> list[str]:
    return [
        str(Path(word).relative_to(DOCS.parent)) if word.startswith(str(DOCS)) else word
        for word in given
    ]


def origin(kept: Kept) -> str:
    """How many replicates the cells have, for the page."""
    counts = sorted({figures.replicates for figures in kept.values() if figures.replicates})
    if not counts:
        return "0"
    said = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    versions = len(
        {figures.code.partition("-")[0] for figures in kept.values() if figures.replicates}
    )
    return said if versions == 1 else f"{said}, made by {versions} versions of the code,"
