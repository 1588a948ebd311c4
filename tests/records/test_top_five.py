"""Whether the label is among the five likeliest classes: the same from all probabilities and from
the five alone, and there whatever becomes of the records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import oracles
import worlds
from undertow.audit.measures import top_5_accuracy
from undertow.records import PopulationWriter, read_population
from undertow.records.answers import derive
from undertow.records.check import align
from undertow.records.formats.detect import read_any
from undertow.records.records import Records
from undertow.records.schema import Manifest
from undertow.records.top_five import among_all
from undertow.records.write import write_records

N = 40


def coarse(classes: int, seed: int = 0) -> np.ndarray:
    """Probabilities of which many are equal, so that the fifth is often tied with the sixth."""
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 6, size=(N, classes)) / 10).astype(np.float32)


def labels(classes: int, seed: int = 1) -> np.ndarray:
    label_N = np.random.default_rng(seed).integers(classes, size=N).astype(np.int32)
    label_N[:3] = -1
    return label_N


def by_loop(proba_NC: np.ndarray, label_N: np.ndarray) -> list[float]:
    rows = zip(label_N.tolist(), proba_NC.tolist(), strict=True)
    return [oracles.top_5_accuracy(0, label, row, None) for label, row in rows]


def folder_of(where: Path, probas: list[np.ndarray], label_N: np.ndarray, names: list[str]) -> Path:
    examples = pl.DataFrame(
        {
            "example_id": [f"e{n:02d}" for n in range(N)],
            "label": pl.Series([None if c < 0 else c for c in label_N.tolist()], dtype=pl.Int32),
        }
    )
    plan = Manifest(name=where.name, classes=tuple(names), members=())
    writer = PopulationWriter(where, plan, examples)
    for m, proba_NC in enumerate(probas):
        writer.write_member(f"m{m}", proba_NC.argmax(1), proba_NC)
    writer.finish()
    return where


def named(classes: int) -> list[str]:
    return [f"class {c:03d}" for c in range(classes)]


@pytest.fixture(params=[20, 64, 65, 100])
def many(request, tmp_path: Path) -> tuple[Records, list[np.ndarray], np.ndarray]:
    """Two members from a folder, with their probabilities and the labels."""
    classes = request.param
    probas, label_N = [coarse(classes, seed) for seed in (2, 3)], labels(classes)
    folder = folder_of(tmp_path / "old", probas, label_N, named(classes))
    return read_population(folder), probas, label_N


def test_a_folder_tells_what_the_loop_tells(many) -> None:
    records, probas, label_N = many
    want = [by_loop(proba_NC, label_N) for proba_NC in probas]
    assert 0 < np.nanmean(want) < 1
    np.testing.assert_array_equal(records.in_top_MN, want)


def test_the_five_of_equal_classes_are_the_first() -> None:
    for classes in (30, 100):
        same, label_N = np.full((8, classes), 1 / classes), np.arange(8, dtype=np.int32)
        found = derive(np.zeros(8, np.int32), same, label_N).in_top_N
        assert found.tolist() == [1, 1, 1, 1, 1, 0, 0, 0]


def test_the_five_kept_of_many_classes_are_those_that_a_stable_sort_gives() -> None:
    proba_NC = coarse(100)
    kept = derive(np.zeros(N, np.int32), proba_NC, labels(100)).top_class_NK
    np.testing.assert_array_equal(kept, np.argsort(-proba_NC, axis=1, kind="stable")[:, :5])


def test_both_forms_tell_the_same() -> None:
    proba_NC, label_N = coarse(100), labels(100)
    made = derive(np.zeros(N, np.int32), proba_NC, label_N)
    np.testing.assert_array_equal(among_all(proba_NC, label_N, made.p_label_N), made.in_top_N)


@pytest.mark.parametrize("classes", [30, 100])
def test_what_is_missing_is_unknown(classes: int, tmp_path: Path) -> None:
    proba_NC, label_N = coarse(classes), labels(classes)
    proba_NC[5] = np.nan
    pred_N = np.where(np.arange(N) == 5, -1, 0)
    plan = Manifest(name="gaps", classes=tuple(named(classes)), members=())
    label = pl.Series(label_N).replace(-1, None)
    examples = pl.DataFrame({"example_id": [f"e{n:02d}" for n in range(N)], "label": label})
    writer = PopulationWriter(tmp_path / "gaps", plan, examples)
    writer.write_member("m0", pred_N, proba_NC)
    writer.finish()
    found = read_population(tmp_path / "gaps").in_top_MN
    assert np.flatnonzero(np.isnan(found[0])).tolist() == [0, 1, 2, 5]


def test_fewer_than_20_classes_are_not_asked(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "few", [coarse(19)], labels(19), named(19))
    assert read_population(folder).in_top_MN is None
    assert derive(np.zeros(N, np.int32), coarse(19), labels(19)).in_top_N is None


def test_without_labels_nothing_is_told(tmp_path: Path) -> None:
    for classes in (30, 100):
        nobody = np.full(N, -1, np.int32)
        folder = folder_of(tmp_path / f"n{classes}", [coarse(classes)], nobody, named(classes))
        assert read_population(folder).in_top_MN is None


def test_it_goes_where_members_and_examples_go(many, tmp_path: Path) -> None:
    records, _, _ = many
    order = np.random.default_rng(4).permutation(N)[:30]
    taken = records.take_examples(order).take_members([1])
    np.testing.assert_array_equal(taken.in_top_MN, records.in_top_MN[[1]][:, order])
    write_records(taken, tmp_path / "again")
    again = read_population(tmp_path / "again")
    np.testing.assert_array_equal(again.in_top_MN, taken.in_top_MN)
    write_records(again, tmp_path / "twice")
    np.testing.assert_array_equal(read_population(tmp_path / "twice").in_top_MN, taken.in_top_MN)


@pytest.mark.parametrize("classes", [30, 100])
def test_it_survives_other_orders_of_classes_and_examples(classes: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    proba_NC, label_N = rng.dirichlet(np.ones(classes), size=N), labels(classes)
    names, turned = named(classes), rng.permutation(classes)
    place_C = np.argsort(turned)
    old = read_population(folder_of(tmp_path / "old", [proba_NC], label_N, names))
    moved_N = np.where(label_N < 0, -1, place_C[label_N]).astype(np.int32)
    folder = folder_of(tmp_path / "new", [proba_NC[:, turned]], moved_N, [names[c] for c in turned])
    shuffled = read_population(folder).take_examples(rng.permutation(N))
    aligned = align(old, shuffled)
    assert aligned.variant.classes == old.classes
    np.testing.assert_array_equal(aligned.variant.in_top_MN, old.in_top_MN)
    fewer = align(old, shuffled.take_examples(np.arange(25)), allow_partial=True)
    assert fewer.variant.in_top_MN.shape == (1, 25)
    np.testing.assert_array_equal(fewer.variant.in_top_MN, fewer.reference.in_top_MN)


def test_labels_of_the_other_side_tell_it() -> None:
    proba_MNC, label_N = coarse(30)[None], labels(30)
    known = worlds.records_from([proba_MNC[0].argmax(1)], label_N, 30, proba=proba_MNC, name="old")
    bare = worlds.records_from([proba_MNC[0].argmax(1)], None, 30, proba=proba_MNC, name="new")
    assert bare.in_top_MN is None
    bare = replace(bare, p_label_MN=None)  # As readers have it.
    np.testing.assert_array_equal(align(known, bare).variant.in_top_MN, known.in_top_MN)


def test_an_answer_that_counts_as_wrong_is_not_among_five() -> None:
    proba_MNC, label_N = coarse(30)[None], np.abs(labels(30))
    whole = worlds.records_from([proba_MNC[0].argmax(1)], label_N, 30, proba=proba_MNC, name="old")
    want = np.delete(by_loop(proba_MNC[0], label_N), 7)
    proba_MNC[0, 7] = np.nan
    pred_N = np.where(np.arange(N) == 7, -1, np.nan_to_num(proba_MNC[0]).argmax(1))
    lacks = worlds.records_from([pred_N], label_N, 30, proba=proba_MNC, name="new")
    filled = align(whole, lacks, missing="wrong").variant
    assert np.isnan(lacks.in_top_MN[0, 7])
    assert top_5_accuracy(filled)[0, 7] == 0
    np.testing.assert_array_equal(np.delete(top_5_accuracy(filled)[0], 7), want)


@pytest.mark.parametrize("classes", [30, 100])
def test_a_table_with_probabilities_tells_it(classes: int, tmp_path: Path) -> None:
    proba_NC = np.random.default_rng(6).dirichlet(np.ones(classes), size=N).astype(np.float32)
    rank_N = np.random.default_rng(7).integers(10, size=(N, 1))
    label_N = np.take_along_axis(np.argsort(-proba_NC, axis=1), rank_N, axis=1)[:, 0]
    names = named(classes)
    frame = pl.DataFrame(
        {
            "example_id": [f"e{n:02d}" for n in range(N)],
            "label": [names[c] for c in label_N.tolist()],
            **{f"p_{name}": proba_NC[:, c] for c, name in enumerate(names)},
        }
    )
    frame.write_parquet(tmp_path / "old.parquet")
    records = read_any([tmp_path / "old.parquet"])[0]
    np.testing.assert_array_equal(records.in_top_MN[0], rank_N[:, 0] < 5)
