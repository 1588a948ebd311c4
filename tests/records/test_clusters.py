"""Which examples are not independent: named clusters, copies, and both joined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

import worlds
from undertow.audit.pair import Pair
from undertow.audit.settings import Settings
from undertow.records.clusters import clusters_of
from undertow.records.records import Records
from undertow.records.schema import Clustering


def made(
    n: int = 6, clustering: Clustering | None = None, inputs: Any = None, **columns: list[Any]
) -> Records:
    label = [i % 3 for i in range(n)]
    records = worlds.records_from([label], label, ("x", "y", "z"), inputs=inputs)
    examples = records.examples.with_columns(
        pl.Series(name, values) for name, values in columns.items()
    )
    manifest = records.manifest.model_copy(update={"clustering": clustering})
    return replace(records, examples=examples, manifest=manifest)


def found(records: Records) -> tuple[list[int], int, str]:
    clusters = clusters_of(records)
    assert clusters is not None
    return clusters.number_N.tolist(), clusters.count, clusters.said


def test_copies_of_an_example_are_one_cluster():
    records = made(content_hash=["a", "b", "a", None, "", ""])
    said = "examples with equal content (1 repeat another)"
    assert found(records) == ([0, 1, 0, 2, 3, 4], 5, said)


def test_two_hundred_examples_ten_times_are_two_hundred_clusters():
    many = made(2000, content_hash=[f"h{i % 200}" for i in range(2000)])
    pair = Pair(many, many, False, Settings())
    assert pair.cluster_N is not None
    assert pair.cluster_N.tolist() == [i % 200 for i in range(2000)]
    assert pair.clusters is not None
    assert pair.clusters.said == "examples with equal content (1,800 repeat another)"


@pytest.mark.parametrize("kind", ["text", "pixels"])
def test_without_a_hash_equal_inputs_are_copies(kind: str):
    texts = ["a b", "a", "a b", "c", "c", "c"]
    inputs = texts if kind == "text" else [t.encode() for t in texts]
    said = "examples with equal content (3 repeat another)"
    assert found(made(inputs=inputs)) == ([0, 1, 0, 2, 2, 2], 3, said)


def test_a_hash_goes_before_the_input():
    """A hash may know more than what is shown: two questions about one picture are two examples."""
    records = made(inputs=["same"] * 6, content_hash=["a", "b", "c", "d", "e", "f"])
    assert clusters_of(records) is None
    some = made(
        inputs=["p", "p", "q", "q", "r", "r"], content_hash=["a", "b", "c", "d", None, None]
    )
    assert found(some)[0] == [0, 1, 2, 3, 4, 4]


def test_copies_join_the_clusters_of_all_that_they_equal():
    records = made(
        cluster=["p", "p", "q", None, "s", None], content_hash=["a", "b", "b", "c", "d", "c"]
    )
    said = "column 'cluster' and examples with equal content (2 repeat another)"
    assert found(records) == ([0, 0, 0, 1, 2, 1], 3, said)


CLUSTER = {"cluster": ["p", "p", "q", "q", "r", "r"]}


@pytest.mark.parametrize(
    ("clustering", "said"),
    [
        (None, "column 'cluster'"),
        (Clustering(column="passage", asked=True), "column 'passage'"),
        (
            Clustering(column="passage", asked=False),
            "column 'passage', taken as clusters unasked (choose with --cluster)",
        ),
    ],
)
def test_the_column_is_named_and_whether_anybody_asked(clustering: Clustering | None, said: str):
    assert found(made(clustering=clustering, **CLUSTER)) == ([0, 0, 1, 1, 2, 2], 3, said)


def test_an_unasked_column_beside_copies():
    records = made(
        clustering=Clustering(column="passage", asked=False), content_hash=["a"] * 6, **CLUSTER
    )
    assert found(records)[2] == (
        "column 'passage', taken as clusters unasked (choose with --cluster), and examples with "
        "equal content (5 repeat another)"
    )


def test_nothing_shared_is_no_cluster():
    assert clusters_of(made()) is None
    assert (
        clusters_of(
            made(cluster=list("abcdef"), content_hash=list("ghijkl"), inputs=list("mnopqr"))
        )
        is None
    )


def test_all_may_be_declared_independent():
    records = made(
        clustering=Clustering(column=None, asked=True), content_hash=["a"] * 6, **CLUSTER
    )
    assert clusters_of(records) is None
