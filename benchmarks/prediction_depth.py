"""What the search for nearest neighbours costs beyond its matrix product, and scikit-learn's beside
it.

    python benchmarks/prediction_depth.py
    python benchmarks/prediction_depth.py --queries 2000 --bank 10000 --dimensions 128

One thread, the fastest of some repeats that alternate, so that other work on the machine weighs as
little as it can. The bare product is (queries × dimensions) · (dimensions × bank) in float32, in
the faster of two sizes of blocks. Memory is the highest of a process of its own over what it had
before the search: the vectors themselves are not counted.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor

from undertow.lab.probes.nearest import PRODUCTS, Bank, votes

K, CLASSES = 30, 10
BLOCKS = (PRODUCTS // 2, PRODUCTS)
"""Of the bare product: larger ones leave the cache, smaller ones have few rows to multiply."""


def product(query_BD: Tensor, bank_ND: Tensor, products: int) -> None:
    """The bare product, in blocks of so many."""
    for rows_bD in torch.split(query_BD, max(1, products // len(bank_ND))):
        torch.mm(rows_bD, bank_ND.T)


def search(query_BD: Tensor, bank_ND: Tensor, label_N: Tensor) -> Tensor:
    """Each query's class by its neighbours, from vectors on."""
    neighbours_BK = Bank(bank_ND).nearest(query_BD, K)
    return votes(label_N[neighbours_BK], CLASSES, smallest_of_tied=True).winner_B


def scikit(query_BD: Tensor, bank_ND: Tensor, label_N: Tensor) -> Tensor:
    """The same by scikit-learn."""
    known = KNeighborsClassifier(K, algorithm="brute").fit(bank_ND.numpy(), label_N.numpy())
    return torch.from_numpy(known.predict(query_BD.numpy()))


def seconds(does: Callable[[], object]) -> float:
    begun = time.perf_counter()
    does()
    return time.perf_counter() - begun


def peak_megabytes() -> float:
    """Of this process so far, or since it was forgotten."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def forget_peak() -> None:
    """What making the vectors took; possible on Linux alone, elsewhere memory is told too low."""
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def measure(queries: int, bank: int, dimensions: int, repeats: int) -> str:
    """One line about this size."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        return measured(queries, bank, dimensions, repeats)


def measured(queries: int, bank: int, dimensions: int, repeats: int) -> str:
    generator = torch.Generator().manual_seed(0)
    # as activations are: positive, and of classes that differ
    label_N = torch.randint(CLASSES, (bank,), generator=generator)
    mean_CD = torch.randn(CLASSES, dimensions, generator=generator)
    bank_ND = (mean_CD[label_N] + torch.randn(bank, dimensions, generator=generator)).relu()
    query_BD = bank_ND[torch.randint(bank, (queries,), generator=generator)]
    query_BD = (query_BD + torch.randn(queries, dimensions, generator=generator) / 2).relu()
    forget_peak()
    before = peak_megabytes()
    own_B = search(query_BD, bank_ND, label_N)
    memory = peak_megabytes() - before
    same = float((own_B == scikit(query_BD, bank_ND, label_N)).float().mean())
    took = [
        [
            min(seconds(partial(product, query_BD, bank_ND, size)) for size in BLOCKS),
            seconds(lambda: search(query_BD, bank_ND, label_N)),
            seconds(lambda: scikit(query_BD, bank_ND, label_N)),
        ]
        for _ in range(repeats)
    ]
    bare, ours, theirs = np.min(took, axis=0)
    return (
        f"{queries:,} queries, {bank:,} in the bank, {dimensions:,} dimensions: product "
        f"{bare:.2f} s, search {ours:.2f} s ({ours / bare:.2f} times), scikit-learn {theirs:.2f} s "
        f"({theirs / bare:.2f} times); labels equal {same:.2%}; memory of the search {memory:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--bank", type=int, default=50_000)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    for dimensions in asked.dimensions:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            size = asked.queries, asked.bank, dimensions
            print(alone.submit(measure, *size, asked.repeats).result(), flush=True)


if __name__ == "__main__":
    main()
