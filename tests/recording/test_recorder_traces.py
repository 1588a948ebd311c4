"""What a trace holds of epochs and of parts, and who may be told of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import undertow
from recordings import CLASSES, EXAMPLES, IDS, LABELS, TRAIN, TRAIN_IDS, logits, recorder
from undertow.audit.dynamics.columns import example_columns
from undertow.dynamics import dynamics_of
from undertow.errors import UserError
from undertow.recording import Member
from undertow.records.probes import read_probe
from undertow.records.traces.formula import values_of


def asked(member: Member, epochs: range, seed: int = 0) -> None:
    """Test examples are asked after these epochs, and in the end."""
    for epoch in epochs:
        member.saw(IDS, logits(seed + epoch), epoch=epoch, part="test")
    member.answers(IDS, logits=logits(seed))


@pytest.mark.parametrize("trained", [False, True])
def test_a_trace_of_the_test_part(tmp_path: Path, trained: bool):
    with recorder(tmp_path / "dense", train=TRAIN if trained else None) as r:
        for seed in range(2):
            member = r.member(seed)
            if trained:
                for epoch in range(4):
                    member.saw(TRAIN_IDS, logits(epoch, 6), epoch=epoch)
            asked(member, range(1, 4, 2), seed)
    found = read_probe(tmp_path / "dense", "trace-test")
    assert found.entry.epochs == (2, 4)
    assert (found.entry.part, found.entry.mode, found.entry.view) == ("test", "eval", None)
    assert found.example_id_N.to_list() == IDS
    for m in range(2):
        for e, epoch in enumerate((1, 3)):
            want = values_of(logits(m + epoch), LABELS)
            assert found.values["predicted"][m, :, e].tolist() == want.predicted.tolist()
            np.testing.assert_allclose(found.values["loss"][m, :, e], want.loss, rtol=1e-3)
    if trained:
        assert read_probe(tmp_path / "dense", "trace").entry.epochs == (1, 2, 3, 4)
    assert dynamics_of(tmp_path / "dense", "trace-test").splitlines()[0] == (
        "trace-test: 2 members, 8 test examples, epochs 2 and 4 (early: 2), eval mode; means over "
        "members"
    )


def test_members_that_stop_early_have_room_in_both_traces(tmp_path: Path):
    with recorder(tmp_path / "dense", epochs=3) as r:
        for seed, trained in enumerate((1, 3)):
            asked(r.member(seed), range(trained), seed)
    seen = read_probe(tmp_path / "dense", "trace-test").values["predicted"] >= 0
    assert seen[:, 0].tolist() == [[True, False, False], [True, True, True]]


def test_a_further_member_without_a_test_trace(tmp_path: Path):
    folder = tmp_path / "dense"
    with recorder(folder, train=TRAIN) as r:
        asked(r.member(0), range(2))
        with pytest.raises(UserError) as caught:
            r.member(1).answers(IDS, logits=logits())
        assert str(caught.value) == (
            f"member '1': was shown no test examples by saw(…, part='test'), and {folder} has a "
            "trace of test examples of epochs 0 to 1 of all its members; call it after each of "
            "these epochs, or record into another folder"
        )
        with pytest.raises(UserError) as caught:
            r.member(2)
        assert str(caught.value) == (
            "member '1': has all its answers and was not written, for the reason given then; mend "
            "that and run again"
        )
        r._members[1].diverged("nobody asked it")
        member = r.member(2)
        with pytest.raises(UserError) as caught:
            member.saw(IDS, logits(), epoch=2, part="test")
        assert str(caught.value) == (
            f"member '2', saw: epoch 2 is none of the trace of test examples in {folder}, which has "
            "epochs 0 to 1: those of its first member, or epochs= of Recorder; call saw in these "
            "alone, or begin another folder with epochs=, the most that a member trains"
        )
        asked(member, range(2), 2)
    with recorder(folder, train=TRAIN) as r:  # A second run goes on with the same traces.
        asked(r.member(4), range(2), 4)
    assert read_probe(folder, "trace-test").members == ("0", "2", "4")


def test_test_examples_without_a_label(tmp_path: Path):
    examples = {**EXAMPLES, "label": [0, None, 2, 0, 1, 2, 0, 1]}
    member = undertow.Recorder(tmp_path / "dense", examples, classes=CLASSES).member(0)
    with pytest.raises(UserError) as caught:
        member.saw(IDS, logits(), epoch=0, part="test")
    assert str(caught.value) == (
        "examples: 1 of 8 examples have no label ('e1'), and a trace compares logits with labels; "
        "fill them in, or leave these examples out"
    )
    member.answers(IDS, logits=logits())


def shown(folder: Path, epochs: tuple[int, ...]) -> str:
    with recorder(folder, train=TRAIN) as r:
        member = r.member(0)
        for epoch in epochs:
            member.saw(TRAIN_IDS, logits(epoch, 6), epoch=epoch)
        member.answers(IDS, logits=logits())
    first, *_ = dynamics_of(folder).splitlines()
    return first.removeprefix("trace: 1 member, 6 train examples, ")


def test_epochs_that_nobody_gave_are_none_of_the_trace(tmp_path: Path):
    end = ", train mode; means over members"
    assert shown(tmp_path / "a", (0,)) == f"epoch 1 (early: 1){end}"
    assert shown(tmp_path / "b", (0, 2)) == f"epochs 1 and 3 (early: 1){end}"
    assert shown(tmp_path / "c", (1, 2, 3)) == f"epochs 2 to 4 (early: 2){end}"
    assert shown(tmp_path / "d", (0, 2, 5, 9)) == f"epochs 1, 3, 6 and 10 (early: 1){end}"
    assert shown(tmp_path / "e", tuple(range(0, 60, 2))) == (
        f"30 epochs from 1 to 59 (early: 7){end}"
    )
    assert shown(tmp_path / "f", (2, 0, 2)) == f"epochs 1 and 3 (early: 1){end}"


def test_a_gap_is_told_as_one(tmp_path: Path):
    """Of two examples that are right where they are seen, one has nan in an epoch, one in the
    last. Neither is said to have been forgotten, or to be wrong in the end."""
    right = np.eye(3, dtype=np.float32)[np.arange(6) % 3] * 4
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        member = r.member(0)
        for epoch in range(4):
            seen = right.copy()
            if epoch in (1, 3):
                seen[{1: 2, 3: 4}[epoch]] = np.nan
            member.saw(TRAIN_IDS, seen, epoch=epoch)
        with pytest.warns(UserWarning, match="logits of 't2' in epoch 1 give no probabilities"):
            member.answers(IDS, logits=logits())
    columns = example_columns(tmp_path / "dense")
    assert columns["correctness"].to_list() == [1.0] * 6
    assert columns["forgetting"].to_list() == [0.0] * 6
    assert columns["right_for_good"].to_list() == [1.0] * 6
    assert columns["iteration_learned"].to_list() == [1.0] * 6
