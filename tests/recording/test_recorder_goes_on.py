"""After an error or a kill what was done stays, and a second run goes on with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import undertow
from folders import record
from recordings import CLASSES, EXAMPLES, IDS, TRAIN, TRAIN_IDS, logits, recorded, recorder
from undertow.errors import RecordError, UserError
from undertow.recording import Recorder
from undertow.records import read_population
from undertow.records.traces.read import read_trace


def trained(r: Recorder, seed: int, epochs: int = 2) -> None:
    member = r.member(seed, seeds={"all": seed})
    for epoch in range(epochs):
        member.saw(TRAIN_IDS, logits(seed + epoch, 6), epoch=epoch)
    member.answers(IDS, logits=logits(seed))


def broken_by(folder: Path, begin: Callable[[Recorder], None]) -> None:
    """An error after what ``begin`` does."""
    with pytest.raises(RuntimeError), recorder(folder, train=TRAIN) as r:  # noqa: PT012
        begin(r)
        raise RuntimeError


def broken(folder: Path) -> None:
    """One member is done, the second has half its answers."""
    with recorder(folder, train=TRAIN) as r:
        trained(r, 0)
        half = r.member(1)
        half.saw(TRAIN_IDS, logits(1, 6), epoch=0)
        half.answers(IDS[:4], logits=logits()[:4])
        raise RuntimeError("out of memory")


def test_an_error_leaves_nothing_half_made(tmp_path: Path):
    folder = tmp_path / "dense"
    with pytest.raises(RuntimeError) as caught:
        broken(folder)
    assert caught.value.__notes__ == [
        f"{folder}: is unfinished; members that are done and stay: 0. Run again to go on, with `if "
        "recorder.done(name): continue` before a member trains."
    ]
    with pytest.raises(RecordError, match="is unfinished"):
        read_population(folder)
    assert [p.name for p in (folder / "members").glob("*.parquet")] == ["0.parquet"]


def test_a_second_run_goes_on_and_ends_in_the_same_bytes(tmp_path: Path):
    with pytest.raises(RuntimeError):
        broken(tmp_path / "dense")
    ran = []
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        for seed in range(3):
            if r.done(seed):
                continue
            trained(r, seed)
            ran.append(seed)
    assert ran == [1, 2]
    with recorder(tmp_path / "at once/dense", train=TRAIN) as r:
        for seed in (2, 1, 0):
            trained(r, seed)
    assert record(tmp_path / "dense") == record(tmp_path / "at once/dense")


def test_an_error_before_the_first_member(tmp_path: Path):
    broken_by(tmp_path / "dense", lambda r: r.member(0).saw(TRAIN_IDS, logits(0, 6), epoch=0))
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        trained(r, 0)
    assert read_population(tmp_path / "dense").M == 1


def test_what_is_done_is_said_before_it_trains_again(tmp_path: Path):
    folder = recorded(tmp_path / "dense")
    r = recorder(folder)
    assert [r.done(seed) for seed in range(4)] == [True, True, True, False]
    with pytest.raises(UserError) as caught:
        r.member(1)
    assert str(caught.value) == (
        "member '1': is done since an earlier run; skip it before it trains with `if "
        f"recorder.done('1'): continue`, or delete {folder} to record all anew"
    )


def test_a_finished_folder_is_not_called_unfinished(tmp_path: Path):
    folder = recorded(tmp_path / "dense", members=1)
    with pytest.raises(UserError) as caught, recorder(folder) as r:
        r.member(0)
    assert caught.value.__notes__ == [
        f"{folder}: is whole, as an earlier run left it; members that are done and stay: 0. Run "
        "again to go on, with `if recorder.done(name): continue` before a member trains."
    ]


def test_a_finished_population_takes_further_members(tmp_path: Path):
    folder = recorded(tmp_path / "dense", members=2)
    with recorder(folder) as r:
        r.member(2, seeds={"all": 2}).answers(IDS, logits=logits(2))
    assert record(folder) == record(recorded(tmp_path / "at once/dense"))


def test_a_member_that_diverged_is_not_tried_again(tmp_path: Path):
    broken_by(tmp_path / "late", lambda r: (trained(r, 1), r.member(0).diverged("loss is nan")))
    r = recorder(tmp_path / "late", train=TRAIN)
    assert [r.done(seed) for seed in range(3)] == [True, True, False]
    with pytest.raises(UserError) as caught:
        r.member(0)
    assert str(caught.value).startswith("member '0': is done since an earlier run")


def test_another_population_is_left_alone(tmp_path: Path):
    folder = recorded(tmp_path / "dense")
    with pytest.raises(RecordError, match="holds other members"):
        recorder(folder, recipe={"lr": 3})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep")
    for more in ({}, {"train": TRAIN}):
        with pytest.raises(RecordError) as caught:
            recorder(tmp_path / "mine", **more)
        assert str(caught.value) == (
            f"{tmp_path / 'mine'}: holds 'notes.txt' and no population; choose a new or an empty "
            "folder"
        )


def test_other_test_examples(tmp_path: Path):
    folder = recorded(tmp_path / "dense")
    with pytest.raises(RecordError) as caught:
        undertow.Recorder(folder, {**EXAMPLES, "region": ["n"] * 8}, classes=CLASSES)
    assert str(caught.value) == (
        f"{folder}: holds answers to other examples than those in examples= (other ids, labels, "
        "slices or inputs); choose another folder or delete this one"
    )


def test_other_training_examples(tmp_path: Path):
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        trained(r, 0)
    with pytest.raises(RecordError) as caught:
        recorder(tmp_path / "dense", train={**TRAIN, "label": [0] * 6})
    assert str(caught.value) == (
        f"{tmp_path / 'dense'}: holds members whose trace is of other training examples than those "
        "in train=; choose another folder or delete this one"
    )


def test_a_second_run_without_a_trace(tmp_path: Path):
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        trained(r, 0)
    r = recorder(tmp_path / "dense", train=TRAIN)
    with pytest.raises(UserError) as caught:
        r.member(1).answers(IDS, logits=logits())
    assert str(caught.value) == (
        f"member '1': was shown nothing by saw, and {tmp_path / 'dense'} has a trace of epochs 0 to "
        "1 of all its members; call saw in each training step, or record into another folder"
    )
    with pytest.raises(RecordError) as caught:
        recorder(tmp_path / "dense")
    assert str(caught.value) == (
        f"{tmp_path / 'dense'}: holds members with a trace of epochs 0 to 1, which further members "
        "would lack; give train= and call saw, or choose another folder"
    )


def test_a_member_that_was_killed_is_said_to_have_begun(tmp_path: Path):
    """Of a population that was whole before: it is read without that member."""
    folder = tmp_path / "dense"
    with recorder(folder, train=TRAIN) as r:
        trained(r, 0)
    assert read_trace(folder).notices == ()
    broken_by(folder, lambda r: r.member(1).saw(TRAIN_IDS, logits(1, 6), epoch=0))
    trace = read_trace(folder)
    assert trace.values.members == ("0",)
    assert trace.notices == (
        "Member '1' began to train and has no answers, so it is not counted: it still trains, or "
        f"was killed. Run its training again, or forget it by removing {folder}/members/.1.begun.",
    )
    assert read_population(folder).M == 1
    with recorder(folder, train=TRAIN) as r:
        trained(r, 1)
    assert read_trace(folder).notices == ()
    broken_by(folder, lambda r: r.member(2).saw(TRAIN_IDS, logits(2, 6), epoch=0))
    with recorder(folder, train=TRAIN) as r:
        member = r.member(2)
        member.saw(TRAIN_IDS, logits(2, 6), epoch=0)
        member.diverged("loss is nan")
    assert read_trace(folder).notices == ()
