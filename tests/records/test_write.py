"""Writing is atomic, resumable and repeatable."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from undertow.errors import RecordError, UserError
from undertow.records import folder as folder_module
from undertow.records import taking_over
from undertow.records.answers import derive
from undertow.records.folder import parquet_bytes, sha256
from undertow.records.manifest import sealed_bytes
from undertow.records.probes import Probed, read_probe
from undertow.records.read import read_manifest, read_population
from undertow.records.schema import Manifest, ProbeEntry
from undertow.records.timings import read_seconds
from undertow.records.write import PopulationWriter

CLASSES = ("cat", "dog", "owl")
EXAMPLES = pl.DataFrame(
    {
        "example_id": ["e0", "e1", "e2", "e3"],
        "label": pl.Series([0, 1, 2, None], dtype=pl.Int32),
        "region": ["north", "south", "north", None],
        "content_hash": ["h0", "h1", "h2", "h3"],
        "input": [b"\x89PNG0", b"\x89PNG1", b"\x89PNG2", b"\x89PNG3"],
    }
)
PLAN = Manifest(
    name="dense", classes=CLASSES, members=(), recipe={"epochs": 3}, dtype="float32", runner="loop"
)


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


def proba(seed: int, n: int = 4, classes: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=n).astype(np.float32)


def run(folder: Path, members: int = 3, plan: Manifest = PLAN) -> Manifest:
    """What a runner does: go on with what is done."""
    writer = PopulationWriter(folder, plan, EXAMPLES, members=members)
    for m in range(members):
        if f"m{m}" not in writer.done_members():
            p = proba(m)
            writer.write_member(
                f"m{m}",
                p.argmax(1),
                p,
                seeds={"init": m},
                facts={"sparsity": 0.1 * m},
                parent=f"d{m}",
            )
    return writer.finish()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_a_finished_folder_holds_the_files_of_the_format_and_no_others(tmp_path: Path) -> None:
    run(tmp_path / "dense")
    assert list(contents(tmp_path / "dense")) == [
        "examples.parquet",
        "manifest.json",
        "members/m0.parquet",
        "members/m1.parquet",
        "members/m2.parquet",
        "timings.json",
    ]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    run(tmp_path / "dense")
    records = read_population(tmp_path / "dense", inputs=True)
    want = np.stack([proba(m) for m in range(3)])
    np.testing.assert_array_equal(records.proba_MNC, want)
    np.testing.assert_array_equal(records.pred_MN, want.argmax(2))
    np.testing.assert_array_equal(records.p_label_MN[:, :3], want[:, [0, 1, 2], [0, 1, 2]])
    assert np.isnan(records.p_label_MN[:, 3]).all()
    top = np.sort(want, axis=2)
    np.testing.assert_array_equal(records.confidence_MN, top[..., 2])
    np.testing.assert_array_equal(records.margin_MN, top[..., 2] - top[..., 1])
    assert records.slice_columns == ("region",)
    assert records.inputs.to_list() == EXAMPLES["input"].to_list()
    assert [m.parent for m in records.members] == ["d0", "d1", "d2"]
    assert records.manifest.facts == {"sparsity": pytest.approx(0.1)}
    assert read_population(tmp_path / "dense", probabilities=False).proba_MNC is None


@pytest.mark.heavy
def test_a_run_killed_at_any_write_and_resumed_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "whole")
    want = contents(tmp_path / "whole")
    replace, counted = os.replace, iter(range(1000))
    for after in range(20):
        target, seen = tmp_path / f"killed{after}", []

        def die(source: Path, to: Path, limit: int = after, seen: list[int] = seen) -> None:
            if len(seen) == limit:
                raise Killed
            seen.append(next(counted))
            replace(source, to)

        monkeypatch.setattr(folder_module.os, "replace", die)
        try:
            run(target)
        except Killed:
            monkeypatch.setattr(folder_module.os, "replace", replace)
            with pytest.raises(RecordError):
                read_population(target)
            run(target)
        else:
            break
        assert contents(target) == want, f"killed before write {after}"
    assert after == 10, "plan, examples, 3 × (predictions, entry), timings, manifest"


def test_a_run_killed_between_manifest_and_tidying_is_tidied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(PopulationWriter, "_clean", lambda self: None)
        run(tmp_path / "killed")
    assert "plan.json" in contents(tmp_path / "killed")
    assert read_population(tmp_path / "killed").M == 3
    run(tmp_path / "killed")
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_the_order_in_which_members_end_does_not_show(tmp_path: Path) -> None:
    for name, order in (("a", (0, 2, 10)), ("b", (10, 0, 2))):
        writer = PopulationWriter(tmp_path / name, PLAN, EXAMPLES)
        for m in order:
            writer.write_member(f"m{m}", proba(m).argmax(1), proba(m))
        assert list(writer.done_members()) == [f"m{m}" for m in sorted(order)]
        writer.finish()
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_finished_population_takes_further_members(tmp_path: Path) -> None:
    run(tmp_path / "grown", members=2)
    run(tmp_path / "grown", members=3)
    run(tmp_path / "whole", members=3)
    assert contents(tmp_path / "grown") == contents(tmp_path / "whole")


def test_a_damaged_member_is_made_again(tmp_path: Path) -> None:
    run(tmp_path / "dense")
    want = contents(tmp_path / "dense")
    (tmp_path / "dense/members/m1.parquet").write_bytes(b"PAR1")
    run(tmp_path / "dense")
    assert contents(tmp_path / "dense") == want


def test_seconds_are_no_part_of_the_record(tmp_path: Path) -> None:
    for name, seconds in (("a", 1.5), ("b", 7.25)):
        writer = PopulationWriter(tmp_path / name, PLAN, EXAMPLES)
        writer.write_member("m0", proba(0).argmax(1), seconds=seconds)
        writer.finish()
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert (a.pop("timings.json"), b.pop("timings.json")) == (
        b'{\n "members": {\n  "m0": 1.5\n }\n}\n',
        b'{\n "members": {\n  "m0": 7.25\n }\n}\n',
    )
    assert a == b


def test_both_clocks_outlast_a_reopened_population(tmp_path: Path) -> None:
    writer = PopulationWriter(tmp_path, PLAN, EXAMPLES)
    writer.write_member("m0", proba(0).argmax(1), seconds=1.5, processor_seconds=1.25)
    writer.finish()
    writer = PopulationWriter(tmp_path, PLAN, EXAMPLES)
    writer.write_member("m1", proba(0).argmax(1), seconds=7.25)
    writer.finish()
    assert read_seconds(tmp_path) == {"m0": 1.5, "m1": 7.25}
    assert read_seconds(tmp_path, "processor") == {"m0": 1.25}


def test_a_failed_member_is_recorded_and_tried_again(tmp_path: Path) -> None:
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    writer.write_member("m0", np.array([0, 1, 2, 0]))
    writer.fail_member("m1", "loss became nan\nat step 4", seeds={"init": 1})
    assert list(writer.done_members()) == ["m0"]
    manifest = writer.finish()
    assert [(m.id, m.status) for m in manifest.members] == [("m0", "done"), ("m1", "failed")]
    assert manifest.notes == ("member m1 failed: loss became nan at step 4",)
    assert [m.id for m in read_population(tmp_path / "dense").members] == ["m0"]
    again = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    again.write_member("m1", np.array([0, 1, 2, 0]), seeds={"init": 1})
    assert again.finish().notes == ()


def test_a_worker_can_write_for_the_main_process(tmp_path: Path) -> None:
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    worker = pickle.loads(pickle.dumps(writer))
    worker.write_member("m0", np.array([0, 1, 2, 0]))
    assert list(writer.done_members()) == ["m0"]


def test_a_missing_prediction_stays_missing(tmp_path: Path) -> None:
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    p = proba(0)
    p[2] = np.nan
    writer.write_member("m0", np.array([0, 1, -1, 0]), p)
    writer.finish()
    records = read_population(tmp_path / "dense")
    assert records.pred_MN.tolist() == [[0, 1, -1, 0]]
    assert np.isnan(records.confidence_MN[0]).tolist() == [False, False, True, False]


def test_more_than_64_classes_keep_the_top_five(tmp_path: Path) -> None:
    plan = Manifest(name="many", classes=tuple(str(c) for c in range(100)), members=())
    p = proba(0, classes=100)
    writer = PopulationWriter(tmp_path / "many", plan, EXAMPLES)
    writer.write_member("m0", p.argmax(1), p)
    writer.finish()
    frame = pl.read_parquet(tmp_path / "many/members/m0.parquet")
    want = np.argsort(-p, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(frame["top_class"].to_numpy(), want)
    np.testing.assert_array_equal(
        frame["top_probability"].to_numpy(), np.take_along_axis(p, want, axis=1)
    )
    assert "probability" not in frame.columns
    np.testing.assert_array_equal(read_population(tmp_path / "many").confidence_MN[0], p.max(1))


def test_of_equal_probabilities_the_smaller_class_comes_first() -> None:
    p = np.full((2, 3), 1 / 3, dtype=np.float32)
    many = np.zeros((1, 70), dtype=np.float32)
    many[0, [60, 7]] = 0.5
    made = derive(np.zeros(1, np.int32), many, np.zeros(1, np.int32))
    assert made.top_class_NK is not None
    assert made.top_class_NK[0, :2].tolist() == [7, 60]
    assert derive(np.zeros(2, np.int32), p, np.zeros(2, np.int32)).margin_N.tolist() == [0.0, 0.0]


def test_one_class_has_its_probability_as_margin() -> None:
    made = derive(np.zeros(2, np.int32), np.ones((2, 1)), np.zeros(2, np.int32))
    assert made.margin_N.tolist() == [1.0, 1.0]


def test_undefined_facts_survive(tmp_path: Path) -> None:
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    writer.write_member("m0", np.array([0, 1, 2, 0]), facts={"loss": float("nan"), "bits": 8})
    writer.finish()
    facts = read_population(tmp_path / "dense").members[0].facts
    assert np.isnan(facts["loss"])
    assert facts["bits"] == 8.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"recipe": {"epochs": 4}},
            "{folder}: holds other members: recipe.epochs: 3 there, 4 wanted; choose another "
            "folder or delete this one",
        ),
        (
            {"interventions": ("Prune(0.5)",)},
            "{folder}: holds other members: interventions: none there, Prune(0.5) wanted;"
            " choose another folder or delete this one",
        ),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_another_population_in_the_folder_is_refused(
    tmp_path: Path, change: dict, message: str, finished: bool
) -> None:
    if finished:
        run(tmp_path / "dense")
    else:
        PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    with pytest.raises(RecordError) as caught:
        PopulationWriter(tmp_path / "dense", PLAN.model_copy(update=change), EXAMPLES)
    assert str(caught.value) == message.format(folder=tmp_path / "dense")


def test_other_examples_in_the_folder_are_refused(tmp_path: Path) -> None:
    run(tmp_path / "dense")
    with pytest.raises(RecordError, match="test data changed since these members were trained"):
        PopulationWriter(
            tmp_path / "dense", PLAN, EXAMPLES.with_columns(pl.lit("x").alias("region"))
        )


def test_members_of_one_population_come_from_one_runner(tmp_path: Path) -> None:
    other = PLAN.model_copy(update={"runner": "stacked"})
    PopulationWriter(tmp_path / "begun", PLAN, EXAMPLES)
    with pytest.raises(
        RecordError, match="holds other members: runner: 'loop' there, 'stacked' wanted"
    ):
        PopulationWriter(tmp_path / "begun", other, EXAMPLES)
    run(tmp_path / "finished")
    writer = PopulationWriter(tmp_path / "finished", other, EXAMPLES)
    assert list(writer.done_members()) == ["m0", "m1", "m2"]
    with pytest.raises(
        RecordError, match="holds other members: runner: 'loop' there, 'stacked' wanted"
    ):
        writer.write_member("m3", np.array([0, 1, 2, 0]))


@pytest.mark.parametrize(
    ("pred", "p", "message"),
    [
        ([0, 1, 2], None, "member 'm0' has predictions of shape (3,); 4 examples want (4,)"),
        ([0, 1, 2, 3], None, "member 'm0' predicts class 3; there are classes 0 to 2"),
        ([0, 1, 2, -2], None, "member 'm0' predicts class -2; there are classes 0 to 2"),
        (
            [0, 1, 2, 0],
            np.ones((4, 2)),
            "member 'm0' has probabilities of shape (4, 2); expected (4, 3), one row per example and "
            "one column per class",
        ),
        (
            [0, 1, 2, 0],
            np.full((4, 3), np.nan),
            "member 'm0' has 4 examples whose probabilities leave [0, 1], first nan;"
            " a member that diverged is recorded with fail_member",
        ),
        (
            [0, 1, 2, 0],
            np.array([[0.1, 0.2, 0.7]] * 3 + [[-3.0, 4.0, 0.0]]),
            "member 'm0' has 1 examples whose probabilities leave [0, 1], first -3.0;"
            " a member that diverged is recorded with fail_member",
        ),
    ],
)
def test_answers_that_cannot_be_are_refused(
    tmp_path: Path, pred: list, p: np.ndarray | None, message: str
) -> None:
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    with pytest.raises(RecordError) as caught:
        writer.write_member("m0", np.array(pred), p)
    assert str(caught.value) == message


@pytest.mark.parametrize("member", ["../m0", "a/b", "", ".hidden", "m\x00", "x" * 121, "C:\\m"])
def test_a_member_id_cannot_lead_out_of_the_folder(tmp_path: Path, member: str) -> None:
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    with pytest.raises(RecordError) as caught:
        writer.write_member(member, np.array([0, 1, 2, 0]))
    assert str(caught.value) == (
        f"member id {member!r} cannot name a file: use up to 120 letters, digits and . _ + = @ -,"
        " beginning with a letter or digit"
    )


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (pl.DataFrame({"id": ["a"]}), "examples have no column 'example_id'; they have id"),
        (
            pl.DataFrame({"example_id": ["a", "a"]}),
            "example ids must be unique and present: 1 differ among 2",
        ),
        (
            pl.DataFrame({"example_id": ["a", "b"], "label": [0, 3]}),
            "labels run from 0 to 3; 3 classes want 0 to 2",
        ),
    ],
)
def test_examples_that_cannot_be_are_refused(
    tmp_path: Path, examples: pl.DataFrame, message: str
) -> None:
    with pytest.raises(RecordError) as caught:
        PopulationWriter(tmp_path / "dense", PLAN, examples)
    assert str(caught.value) == message
    assert not (tmp_path / "dense").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(RecordError) as caught:
        PopulationWriter(tmp_path, PLAN, EXAMPLES)
    assert (
        str(caught.value)
        == f"{tmp_path}: holds 'thesis.tex' and no population; choose a new or an empty folder"
    )
    with pytest.raises(UserError) as caught:
        PopulationWriter(tmp_path / "thesis.tex", PLAN, EXAMPLES)
    assert str(caught.value) == f"{tmp_path / 'thesis.tex'}: is a file; give the name of a folder"


def test_a_place_that_cannot_be_written_is_said_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as caught:
        PopulationWriter(tmp_path / "file" / "dense", PLAN, EXAMPLES)
    assert str(caught.value) == (
        f"{tmp_path / 'file/dense'}: cannot be written (Not a directory); free some disk space or "
        "choose another folder"
    )


def test_a_full_disk_is_said_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = taking_over.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        taking_over.shutil, "disk_usage", lambda place: usage._replace(free=1_000_000)
    )
    with pytest.raises(UserError) as caught:
        PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES, members=100_000)
    assert str(caught.value) == (
        f"{tmp_path / 'dense'}: 100000 members need about 18 MB and 1 MB are free;"
        " free some disk space or choose another folder"
    )


def test_a_disk_that_fills_up_leaves_the_members_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    writer.write_member("m0", np.array([0, 1, 2, 0]))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(folder_module.os, "fsync", full)
        with pytest.raises(UserError) as caught:
            writer.write_member("m1", np.array([0, 1, 2, 0]))
    assert str(caught.value) == (
        f"{tmp_path / 'dense/members/m1.parquet'}: cannot be written (No space left on device);"
        " free some disk space or choose another folder"
    )
    assert list(writer.done_members()) == ["m0"]


TRAIN = pl.DataFrame({"example_id": ["t0", "t1", "t2"], "label": [0, 1, 2]})
TRACED = PLAN.model_copy(
    update={"probes": {"trace": ProbeEntry(description="Trace()", epochs=(1,), part="train")}}
)


def traced(folder: Path, train: pl.DataFrame | None, members: int) -> Manifest:
    """With a probe where a training table is given."""
    plan = PLAN if train is None else TRACED
    writer = PopulationWriter(folder, plan, EXAMPLES, train=train, members=members)
    values = pl.DataFrame({"loss": np.zeros((3, 1), dtype=np.float16)})
    for m in range(members):
        if f"m{m}" not in writer.done_members():
            writer.check_can_add()
            probed = Probed({} if train is None else {"trace": values})
            writer.write_member(f"m{m}", proba(m).argmax(1), proba(m), probed=probed)
    return writer.finish()


@pytest.mark.parametrize("finished", [True, False])
def test_members_that_were_trained_on_another_table_are_not_joined(
    tmp_path: Path, finished: bool
) -> None:
    """Their record would name a table that is not on disk."""
    folder = tmp_path / "dense"
    writer = PopulationWriter(folder, TRACED, EXAMPLES, train=TRAIN, members=1)
    values = pl.DataFrame({"loss": np.zeros((3, 1), dtype=np.float16)})
    writer.write_member("m0", proba(0).argmax(1), proba(0), probed=Probed({"trace": values}))
    if finished:
        writer.finish()
    before = contents(folder)
    other = TRAIN.with_columns(more=pl.lit("x"))
    with pytest.raises(RecordError) as caught:
        traced(folder, other, 2)
    assert str(caught.value) == (
        f"{folder}: the table of training examples changed since these members were trained; "
        "choose another --out or name to keep them, delete this folder to train them again"
    )
    assert contents(folder) == before
    traced(folder, TRAIN, 2)
    assert read_probe(folder, "trace").members == ("m0", "m1")


def test_a_table_that_members_had_not_is_not_added_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "dense"
    traced(folder, None, 1)
    with pytest.raises(RecordError, match="the table of training examples changed since"):
        PopulationWriter(folder, PLAN, EXAMPLES, train=TRAIN, members=2)


def test_values_that_no_member_of_the_record_has_are_cleared(tmp_path: Path) -> None:
    folder = tmp_path / "dense"
    writer = PopulationWriter(folder, TRACED, EXAMPLES, train=TRAIN, members=1)
    values = pl.DataFrame({"loss": np.zeros((3, 1), dtype=np.float16)})
    writer.write_member("m0", proba(0).argmax(1), proba(0), probed=Probed({"trace": values}))
    series = folder / "series"
    series.mkdir()
    for path in (folder / "probes" / "trace" / "m7.parquet", series / "m7.parquet"):
        path.write_bytes(b"of a member that was killed before its entry")
    for path in (
        folder / "probes" / "trace" / "m0.parquet.1-ab.tmp",
        series / "m0.parquet.1-ab.tmp",
    ):
        path.write_bytes(b"half")
    writer.finish()
    assert list(contents(folder)) == [
        "examples.parquet",
        "manifest.json",
        "members/m0.parquet",
        "probes/trace/m0.parquet",
        "timings.json",
        "train.parquet",
    ]


def test_values_of_other_probes_than_the_plans_are_a_mistake(tmp_path: Path) -> None:
    writer = PopulationWriter(tmp_path / "dense", TRACED, EXAMPLES, train=TRAIN)
    with pytest.raises(ValueError) as caught:
        writer.write_member("m0", proba(0).argmax(1), proba(0))
    assert str(caught.value) == ("member m0: has values of the probes [], the plan has ['trace']")


def test_a_killed_start_with_a_training_table_is_taken_up(tmp_path: Path) -> None:
    folder = tmp_path / "dense"
    traced(folder, TRAIN, 1)
    for name in ("manifest.json", "timings.json", "members/m0.parquet", "probes/trace/m0.parquet"):
        (folder / name).unlink()
    (folder / "probes" / "trace").rmdir()
    (folder / "probes").rmdir()
    assert traced(folder, TRAIN, 1).train_sha256 is not None


def test_ids_of_a_probe_file_are_those_of_its_part(tmp_path: Path) -> None:
    folder = tmp_path / "dense"
    traced(folder, TRAIN, 1)
    path = folder / "probes" / "trace" / "m0.parquet"
    data = parquet_bytes(
        pl.read_parquet(path).with_columns(example_id=pl.Series(["t0", "t2", "t1"]))
    )
    path.write_bytes(data)
    manifest = read_manifest(folder)
    member = manifest.members[0].model_copy(update={"probes": {"trace": sha256(data)}})
    sealed = sealed_bytes(manifest.model_copy(update={"members": (member,)}))
    (folder / "manifest.json").write_bytes(sealed)
    with pytest.raises(RecordError) as caught:
        read_probe(folder, "trace")
    assert str(caught.value) == (
        f"{path}: its example ids are not those of its part; make it again"
    )
