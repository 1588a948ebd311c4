"""``Watching``: one half to learn from, and the other to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl
import pytest

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.data import Half, HeldOut, Watching, WrongLabels
from undertow.lab.data.half import whole

DATA = WrongLabels(Blobs(train=60), 0.3)
EVEN, ODD = Half(DATA, "even"), Half(DATA, "odd")


def test_it_goes_on_with_one_and_holds_the_other_out():
    splits, odd, even = Watching(ODD, EVEN).load(), ODD.load(), EVEN.load()
    assert splits.train.example_id_N == odd.train.example_id_N
    assert splits.held_out.example_id_N == even.train.example_id_N
    # what was learned from is looked back at as it was learned: under its wrong label
    assert splits.held_out.label_N.tolist() == even.train.label_N.tolist()
    assert (splits.held_out.slices["mislabelled"] == "yes").any()
    assert splits.test.example_id_N == odd.test.example_id_N
    assert (splits.mean, splits.std) == (even.mean, even.std)
    assert splits.recorded
    assert whole(Watching(ODD, EVEN)) == DATA


def test_its_description_round_trips():
    names = {each.__name__: each for each in (Blobs, Half, Watching, WrongLabels)}
    assert eval(repr(Watching(ODD, EVEN)), names) == Watching(ODD, EVEN)


@dataclass(frozen=True)
class Changed(Blobs):
    """Examples of other ids, and whatever else differs."""

    what: str = ""

    def load(self):
        splits = super().load()
        train = replace(splits.train, example_id_N=tuple(f"x/{n}" for n in range(self.train)))
        if self.what == "slices":
            train = replace(train, slices=pl.DataFrame())
        if self.what == "sizes":
            train = replace(train, x_NCHW=train.x_NCHW[:, :, 1:])
        splits = replace(splits, train=train)
        if self.what == "classes":
            return replace(splits, classes=("a", "b", "c"))
        return replace(splits, mean=(0.5,)) if self.what == "mean" else splits


@pytest.mark.parametrize(
    ("data", "at", "said"),
    [
        (
            Blobs(), Changed(what="classes"),
            "the classes are ('dark', 'grey', 'light') and ('a', 'b', 'c'); give rows of one whole, "
            "as Half does",
        ),
        (
            Blobs(), Changed(what="sizes"),
            "image sizes are (1, 8, 8) and (1, 7, 8); give rows of one whole, as Half does",
        ),
        (
            Blobs(), Changed(what="mean"),
            "pixel means and deviations are ((0.4,), (0.25,)) and ((0.5,), (0.25,)); give rows of "
            "one whole, as Half does",
        ),
        (
            Blobs(), Changed(what="slices"),
            "slices are ('half',) and (); give rows of one whole, as Half does",
        ),
        (
            ODD, DATA,
            "both have the training example 'train/1', and what is watched is not learned from; give "
            "parts that share none, as the two of Half",
        ),
        (
            HeldOut(Blobs(), 0.2), Changed(),
            "some examples of its data are held out already; hold out once",
        ),
    ],
    ids=["classes", "sizes", "mean", "slices", "both", "held out"],
)  # fmt: skip
def test_parts_that_do_not_go_together_are_refused(data, at, said):
    with pytest.raises(UserError) as caught:
        Watching(data, at).load()
    assert str(caught.value) == f"{Watching(data, at)!r}: {said}"
