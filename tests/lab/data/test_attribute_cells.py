"""A composite of classes: how many of each cell, who they are, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.data import AttributeCells, Cell, FashionMNIST, HeldOut

CELLS = (
    Cell(("Coat",), target=True, attribute=True, share=0.0085),
    Cell(("Pullover",), target=True, attribute=False, share=0.14),
    Cell(("Shirt", "Dress"), target=False, attribute=True, share=0.41),
    Cell(("T-shirt/top",), target=False, attribute=False, share=0.4415),
)
DATA = AttributeCells(FashionMNIST(train_per_class=500), "worn over", "buttoned", CELLS)


def counts(part):
    frame = pl.DataFrame([*part.slices, pl.Series("label", part.label_N)])
    counted = frame.group_by("label", "buttoned").len()
    return {(label, buttoned): count for label, buttoned, count in counted.rows()}


def test_the_training_part_is_the_largest_with_these_shares():
    splits = DATA.load()
    total = len(splits.train.label_N)
    # 500 T-shirts are 44.15 %
    assert total == 10 + 158 + 464 + 500
    assert counts(splits.train) == {(0, "no"): 500, (0, "yes"): 464, (1, "no"): 158, (1, "yes"): 10}
    assert counts(splits.test) == {(0, "no"): 200, (0, "yes"): 400, (1, "no"): 200, (1, "yes"): 200}
    assert (splits.classes, splits.positive) == (("not worn over", "worn over"), "worn over")
    assert (splits.name, splits.recorded) == ("fashion-mnist, composite", True)


def test_examples_are_those_of_the_data_with_what_they_are_made_of():
    whole, splits = DATA.data.load(), DATA.load()
    assert splits.train.slices.columns == ["ink", "buttoned", "made_of"]
    row_of = {example_id: n for n, example_id in enumerate(whole.train.example_id_N)}
    for n in range(0, len(splits.train.label_N), 97):
        row = row_of[splits.train.example_id_N[n]]
        name = whole.classes[whole.train.label_N[row]]
        assert splits.train.slices["made_of"][n] == name
        assert splits.train.slices["ink"][n] == whole.train.slices["ink"][row]
        assert splits.train.label_N[n] == (name in ("Coat", "Pullover"))
        assert (splits.train.slices["buttoned"][n] == "yes") == (name in ("Coat", "Shirt", "Dress"))
        assert (splits.train.x_NCHW[n] == whole.train.x_NCHW[row]).all()
    assert eval(repr(DATA)) == DATA


def test_a_smaller_share_takes_a_subset_and_seeds_differ():
    def coats(data):
        train = data.load().train
        return {
            i
            for i, c in zip(train.example_id_N, train.slices["made_of"], strict=True)
            if c == "Coat"
        }

    fewer = replace(
        DATA, cells=(replace(CELLS[0], share=0.004), replace(CELLS[1], share=0.1445), *CELLS[2:])
    )
    assert coats(fewer) < coats(DATA)
    assert coats(replace(DATA, seed=1)) != coats(DATA)
    assert coats(DATA) == coats(DATA)


def test_what_is_held_out_has_target_and_attribute_too():
    held = AttributeCells(HeldOut(DATA.data, 0.2), "worn over", "buttoned", CELLS).load().held_out
    assert set(held.slices["made_of"]) == {"Coat", "Pullover", "Shirt", "Dress", "T-shirt/top"}
    assert held.label_N.sum() == 200


def cells(*shares):
    return tuple(
        Cell((name,), target=n == 0, attribute=n == 1, share=share)
        for n, (name, share) in enumerate(zip(("dark", "grey", "light"), shares, strict=True))
    )


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (
            cells(0.5, 0.3, 0.1),
            "the cells' shares are [0.5, 0.3, 0.1]; give numbers above 0 that add up to 1",
        ),
        (
            cells(1.1, 0.1, -0.2),
            "the cells' shares are [1.1, 0.1, -0.2]; give numbers above 0 that add up to 1",
        ),
        (
            (*cells(0.5, 0.25, 0.25)[:2], Cell(("dark",), False, False, 0.25)),
            "the class 'dark' is unknown or in two cells; choose each once from dark, grey, light",
        ),
        (
            (*cells(0.5, 0.25, 0.25)[:2], Cell(("black",), False, False, 0.25)),
            "the class 'black' is unknown or in two cells; choose each once from dark, grey, light",
        ),
    ],
)
def test_cells_that_cannot_be_are_refused(chosen, said):
    with pytest.raises(UserError) as caught:
        AttributeCells(Blobs(), "deep", "striped", chosen).load()
    assert str(caught.value) == f"striped: {said}"


def test_a_cell_that_would_be_empty_is_refused():
    chosen, label_N = cells(0.001, 0.4995, 0.4995), Blobs().load().train.label_N
    total = int(min(np.bincount(label_N)[1:]) / 0.4995 + 1e-9)
    with pytest.raises(UserError) as caught:
        AttributeCells(Blobs(), "deep", "striped", chosen).load()
    assert str(caught.value) == (
        f"striped: of {total} training examples the cell of dark would have none; give it a larger "
        "share"
    )
