"""A population that derives from another, member by member, is audited in pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import undertow
from recordings import IDS, logits, recorded, recorder
from test_cli import run
from undertow.audit.dynamics.kin import RECORDED_APART
from undertow.errors import NotComparableError, RecordError, UserError
from undertow.records import read_population


def big(folder: Path, shift: float, **more: object) -> Path:
    """Six members over 60 examples; a member and the one of its name elsewhere share their noise."""
    ids, labels = np.arange(60), np.arange(60) % 3
    with undertow.Recorder(folder, {"example_id": ids, "label": labels}, classes=3, **more) as r:
        for seed in range(6):
            scores = np.random.default_rng(seed).normal(size=(60, 3))
            scores[ids, labels] += 1 + seed / 3 - shift
            r.member(seed).answers(ids, logits=scores)
    return folder


@pytest.mark.heavy
def test_an_audit_compares_in_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    big(tmp_path / "dense", 0.0)
    big(tmp_path / "pruned", 0.5, parent="dense")
    big(tmp_path / "apart", 0.5)
    for where in ("pruned", "apart"):
        arm = undertow.compare("dense", where, draws=200).audit.variants[0].arm
        assert arm.paired == (where == "pruned")
    done = run("audit", "dense", "--against", "pruned", "--draws", "200")
    assert done.returncode == 0
    assert "each variant member derives from a reference member" in done.stdout


@pytest.mark.heavy
def test_pairs_outlive_names_that_a_person_gives(tmp_path: Path):
    dense = big(tmp_path / "dense", 0.0)
    pruned = big(tmp_path / "pruned", 0.5, parent=dense)
    found = undertow.compare({"before": dense}, {"after": pruned}, draws=200)
    assert found.audit.variants[0].arm.paired
    back = undertow.compare({"before": pruned}, {"after": dense}, draws=200)
    assert back.audit.variants[0].arm.paired


@pytest.mark.heavy
def test_pairs_of_two_folders_that_are_named_alike(tmp_path: Path):
    dense = big(tmp_path / "old/model", 0.0)
    pruned = big(tmp_path / "new/model", 0.5, parent=dense)
    assert undertow.compare(dense, pruned, draws=200).audit.variants[0].arm.paired
    assert undertow.compare(pruned, dense, draws=200).audit.variants[0].arm.paired


def test_what_a_member_takes_from_its_parent(tmp_path: Path):
    recorded(tmp_path / "dense", recipe={"lr": 0.1})
    with recorder(tmp_path / "pruned", parent=tmp_path / "dense") as r:
        r.member(0).answers(IDS, logits=logits())
        r.member("late", parent=2).answers(IDS, logits=logits())
        r.member("own", parent=1, seeds={"all": 9}).answers(IDS, logits=logits())
    manifest = read_population(tmp_path / "pruned").manifest
    assert manifest.parent == "dense"
    assert manifest.recipe == {"recorded by": "undertow.Recorder", "lr": 0.1}
    assert [(m.id, m.parent, m.seeds) for m in manifest.members] == [
        ("0", "0", {"all": 0}),
        ("late", "2", {"all": 2}),
        ("own", "1", {"all": 9}),
    ]


def test_the_parent_may_be_the_recorder_itself(tmp_path: Path):
    with recorder(tmp_path / "dense") as dense:
        dense.member("0").answers(IDS, logits=logits())
    with recorder(tmp_path / "pruned", parent=dense) as r:
        r.member("0").answers(IDS, logits=logits(1))
    assert read_population(tmp_path / "pruned").manifest.parent == "dense"


def test_a_parent_that_is_not_there(tmp_path: Path):
    dense = recorded(tmp_path / "dense")
    r = recorder(tmp_path / "pruned", parent=dense)
    with pytest.raises(UserError) as caught:
        r.member("seed-0")
    assert str(caught.value) == (
        "member 'seed-0': 'dense' has no member 'seed-0' to derive from; it has 0, 1, 2; give the "
        "right one, recorder.member('seed-0', parent='0')"
    )
    with pytest.raises(UserError) as caught:
        recorder(tmp_path / "alone").member("0", parent="0")
    assert str(caught.value) == (
        "member '0': derives from '0', and nobody said of which population; give Recorder(…, "
        "parent='runs/dense')"
    )


def test_a_parent_that_is_unfinished(tmp_path: Path):
    dense = recorder(tmp_path / "dense")
    dense.member("0").answers(IDS, logits=logits())
    with pytest.raises(RecordError, match="is unfinished"):
        recorder(tmp_path / "pruned", parent=dense)


def third(folder: Path, seed: int) -> Path:
    """A population with a trace of its test part, each in a folder ``dense`` of its own."""
    ids, labels = np.arange(60), np.arange(60) % 3
    with undertow.Recorder(folder, {"example_id": ids, "label": labels}, classes=3) as r:
        for s in range(seed, seed + 3):
            member, rng = r.member(s, seeds=s), np.random.default_rng(s)
            for epoch in range(3):
                scores = rng.normal(size=(60, 3)) + 2 * np.eye(3)[labels] * (ids[:, None] % 5)
                member.saw(ids, scores, epoch=epoch, part="test")
            member.answers(ids, logits=scores)
    return folder


def test_thirds_are_told_by_a_recorded_population_of_the_same_name(tmp_path: Path):
    dense, fresh = third(tmp_path / "a/dense", 0), third(tmp_path / "b/dense", 100)
    table = {"example_id": np.arange(60), "label": np.arange(60) % 3}
    with undertow.Recorder(tmp_path / "a/pruned", table, classes=3, parent=dense) as r:
        for s in range(3):
            scores = np.random.default_rng(50 + s).normal(size=(60, 3))
            r.member(s).answers(np.arange(60), logits=scores)
    found = undertow.compare(dense, tmp_path / "a/pruned", by="el2n", columns_from=fresh)
    assert {"easy", "middle", "hard"} <= set(found.audit.findings["value"])
    with pytest.raises(NotComparableError) as caught:
        undertow.compare(dense, tmp_path / "a/pruned", by="el2n", columns_from=dense)
    assert str(caught.value) == (
        f"columns_from='{dense}': holds members of 'dense', which is compared, and examples that it "
        f"found hard by chance would seem to gain or lose; {RECORDED_APART}"
    )
