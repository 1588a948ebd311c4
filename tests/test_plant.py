"""``undertow plant``: labels that are wrong on purpose, and ``examine`` that is told which."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from test_examine import logits_of
from undertow.cli import app
from undertow.cli.start import LAB
from undertow.errors import UserError
from undertow.plant import plant
from undertow.records.traces.known_labels import with_planted
from undertow.records.traces.read import read_trace
from wrong_labels import noisy

NAMES = np.array(["ant", "bee", "cat", "dog", "eel"])


def table(N: int = 1200, seed: int = 0) -> pl.DataFrame:
    label_N = np.random.default_rng(seed).integers(0, 5, N)
    return pl.DataFrame(
        {"example_id": [f"e{n:05d}" for n in range(N)], "label": NAMES[label_N], "site": "x"}
    )


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl"])
def test_the_table_has_wrong_labels_and_the_other_file_says_which(kind: str, tmp_path: Path):
    frame, path = table(), tmp_path / f"mine.{kind}"
    if kind == "parquet":
        frame.write_parquet(path)
    elif kind == "jsonl":
        frame.write_ndjson(path)
    else:
        frame.write_csv(path, separator="\t" if kind == "tsv" else ",")
    said = plant(path, out=tmp_path / "out", share=0.1, seed=3)
    made = tmp_path / "out" / f"labels.{'csv' if kind == 'tsv' else kind}"
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}
    given = pl.read_csv(made, separator="\t") if kind == "tsv" else read[kind](made)
    assert given.drop("label").equals(frame.drop("label"))
    told = pl.read_csv(tmp_path / "out" / "planted.csv")
    assert told.columns == ["example_id", "label", "true_label"]
    assert told["true_label"].equals(frame["label"], check_names=False)
    assert told["label"].equals(given["label"])
    wrong = given["label"] != frame["label"]
    assert wrong.sum() == pytest.approx(120, abs=3)
    for name in NAMES:
        of = frame["label"] == name
        assert (wrong & of).sum() == int(0.1 * of.sum() + 0.5)
        others = set(given["label"].filter(wrong & of).to_list())
        assert others == set(NAMES) - {name}
    assert said == (
        f"{wrong.sum()} of 1,200 labels (5 classes) are wrong now, share 0.1, seed 3.\n"
        f"1. Train on label of {made}, and keep a trace.\n"
        f"2. undertow examine TRACE --planted {tmp_path / 'out' / 'planted.csv'}"
    )


def test_all_else_of_the_table_stays_as_it_is(tmp_path: Path):
    lines = [f" e{n:04d},{NAMES[n % 5]} ,  a,NA,1.10" for n in range(1200)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["example_id,label,x,y,z", *lines]) + "\n")
    plant(path, out=tmp_path / "out")
    made = (tmp_path / "out" / "labels.csv").read_text().splitlines()
    told = pl.read_csv(tmp_path / "out" / "planted.csv")
    assert told["example_id"][0] == "e0000"
    for n, line in enumerate(made[1:]):
        assert line == f" e{n:04d},{told['label'][n]},  a,NA,1.10"
    trace = read_trace(saved(tmp_path, told, [f" e{n:04d}" for n in range(1200)]))
    found = with_planted(trace, tmp_path / "out" / "planted.csv")
    assert found.known_wrong_N.tolist() == (told["label"] != told["true_label"]).to_list()
    assert found.notices == ()


def saved(folder: Path, told: pl.DataFrame, ids: list[str]) -> Path:
    """A trace of these labels, in which nobody knows anything."""
    label_N = [NAMES.tolist().index(each) for each in told["label"]]
    np.savez(folder / "t.npz", logits=np.zeros((1, len(ids), 5)), labels=label_N, ids=ids)
    return folder / "t.npz"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_labels_that_were_planted_are_not_planted_again(kind: str, tmp_path: Path):
    path, out = tmp_path / f"mine.{kind}", tmp_path / "out"
    frame = table().rename({"example_id": "image", "label": "y"})
    getattr(frame, f"write_{kind}")(path)
    plant(path, out=out, id="image", label="y")
    with pytest.raises(UserError) as refused:
        plant(out / f"labels.{kind}", out=tmp_path / "again", id="image", label="y")
    told = pl.read_csv(out / "planted.csv")
    wrong = int((told["label"] != told["true_label"]).sum())
    assert str(refused.value) == (
        f"{out / f'labels.{kind}'}: {wrong} of its labels are wrong on purpose already, as "
        f"{out / 'planted.csv'} says; give the table from before"
    )
    assert not (tmp_path / "again").exists()
    getattr(frame, f"write_{kind}")(out / "before")  # The table from before may lie there too.
    plant(out / "before", out=tmp_path / "other", id="image", label="y", seed=1)
    for other in ("example_id,label\n", "what,ever\n1,2\n"):
        (tmp_path / "planted.csv").write_text(other)
        plant(path, out=tmp_path / "other", id="image", label="y")


def test_a_table_does_not_replace_itself(tmp_path: Path):
    path = tmp_path / "labels.csv"
    table().write_csv(path)
    before = path.read_bytes()
    asked = ["plant", str(path), "--out", str(tmp_path), "--force"]
    refused = CliRunner().invoke(app, asked)
    assert str(refused.exception) == (
        f"{path}: would be replaced by labels that are wrong on purpose, and nothing would tell "
        "the ones before; give another folder after --out"
    )
    assert path.read_bytes() == before
    assert not (tmp_path / "planted.csv").exists()


def test_planting_is_a_function_of_the_seed_and_more_holds_less(tmp_path: Path):
    path = tmp_path / "mine.csv"
    table().write_csv(path)
    made = {}
    for name, share, seed in (("a", 0.05, 0), ("b", 0.05, 0), ("c", 0.2, 0), ("d", 0.05, 1)):
        plant(path, out=tmp_path / name, share=share, seed=seed)
        made[name] = (tmp_path / name / "planted.csv").read_bytes()
    assert made["a"] == made["b"] != made["d"]
    wrong = {
        name: set(pl.read_csv(data).filter(pl.col("label") != pl.col("true_label")).iter_rows())
        for name, data in made.items()
    }
    assert wrong["a"] < wrong["c"]
    assert not wrong["a"] <= wrong["d"]


def test_columns_may_have_other_names_and_labels_may_be_numbers_or_none(tmp_path: Path):
    frame = pl.DataFrame(
        {"image": range(1000), "y": [None if n == 5 else n % 4 for n in range(1000)]}
    )
    frame.write_parquet(tmp_path / "mine.parquet")
    done = plant(tmp_path / "mine.parquet", out=tmp_path / "out", share=0.3, id="image", label="y")
    assert done.splitlines()[0] == (
        "300 of 999 labels (4 classes) are wrong now, share 0.3, seed 0. 1 row without a label "
        "stays so."
    )
    given = pl.read_parquet(tmp_path / "out" / "labels.parquet")
    assert given.schema == frame.schema
    assert given["y"][5] is None
    assert given["y"].null_count() == 1
    assert (given["y"] != frame["y"]).sum() == 300
    told = pl.read_csv(tmp_path / "out" / "planted.csv")
    assert told.columns == ["example_id", "label", "true_label"]
    assert told["example_id"].equals(given["image"], check_names=False)


@pytest.mark.parametrize(
    ("frame", "asked", "said"),
    [
        (
            table(900), {"share": 0.05},
            "--share 0.05 of 900 rows makes 45 wrong labels, and a calibration needs 50; give "
            "--share 0.06 or more",
        ),
        (
            table(60), {"share": 0.5},
            "--share 0.5 of 60 rows makes 31 wrong labels, and a calibration needs 50; give more rows",
        ),
        (
            table(), {"id": "image"},
            "has no column 'image'; it has example_id, label, site; name the one that is meant "
            "with --id",
        ),
        (
            table(), {"label": "y"},
            "has no column 'y'; it has example_id, label, site; name the one that is meant with "
            "--label",
        ),
        (
            table().with_columns(true_label="label"), {},
            "has a column 'true_label', so its labels were planted already; give the table from "
            "before",
        ),
        (
            table().with_columns(example_id=pl.lit("a")), {},
            "the id 'a' stands twice or is none; give each its own",
        ),
        (
            table().with_columns(label="example_id"), {},
            "column 'label' has 1,200 values in 1,200 rows; expected two or more classes, each of "
            "several rows",
        ),
        (
            table().with_columns(label=pl.lit("a")), {},
            "column 'label' has 1 value in 1,200 rows; expected two or more classes, each of "
            "several rows",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_planted(frame: pl.DataFrame, asked, said: str, tmp_path: Path):
    path = tmp_path / "mine.csv"
    frame.write_csv(path)
    with pytest.raises(UserError) as refused:
        plant(path, out=tmp_path / "out", **asked)
    assert str(refused.value) == f"{path}: {said}"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("share", "seed"), [(0.0, 0), (0.6, 0), (0.1, -1)])
def test_shares_and_seeds_that_are_none(share: float, seed: int, tmp_path: Path):
    with pytest.raises(UserError) as refused:
        plant(tmp_path / "mine.csv", out=tmp_path, share=share, seed=seed)
    assert str(refused.value) == (
        f"--share {share:g} --seed {seed}: give a share above 0 and up to 0.5, and a seed of 0 or "
        "more"
    )


WITHOUT = f"""
import sys
from importlib.machinery import ModuleSpec


class Absent:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name in {LAB!r} else None

    def create_module(self, spec):
        raise ModuleNotFoundError(spec.name, name=spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Absent())
"""
"""Makes an installation one without the lab. That a name of it can be found is no import: polars
looks for torch, and scipy takes one that is ``None`` for a module."""


@pytest.mark.heavy
def test_planting_and_examining_need_no_more_than_the_light_install(tmp_path: Path):
    """Also where ids are those of a data set of the lab, whose pictures are then not shown."""
    table().write_csv(tmp_path / "mine.csv")
    values, _ = noisy(N=400)
    ids = [f"fashion-mnist/train/{n}" for n in range(400)]
    np.savez(tmp_path / "t.npz", logits=logits_of(values), labels=values.label_N, ids=ids)
    code = WITHOUT + "from undertow.cli import main; main()"
    for asked in (["plant", "mine.csv"], ["examine", "t.npz", "--out", "examined"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *asked], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "planted" / "labels.csv").is_file()
    page = (tmp_path / "examined" / "index.html").read_text()
    assert "The record has no pictures or texts of its training examples." in page


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was planted, and traces of members that learned it: an npz and cartography's files."""
    folder = tmp_path_factory.mktemp("planted")
    values, wrong_N = noisy(N=900, wrong=0.2)
    known_N = wrong_N & (np.arange(900) % 2 == 0)
    true_N = np.where(known_N, (values.label_N + 1) % 5, values.label_N)
    ids = values.example_id_N.to_list()
    pl.DataFrame(
        {"example_id": ids, "label": NAMES[values.label_N], "true_label": NAMES[true_N]}
    ).write_csv(folder / "planted.csv")
    logits_MENC = logits_of(values)
    np.savez(folder / "t.npz", logits=logits_MENC, labels=values.label_N, ids=ids)
    np.savez(folder / "before.npz", logits=logits_MENC, labels=true_N, ids=ids)
    np.savez(folder / "rows.npz", logits=logits_MENC, labels=values.label_N)
    np.save(folder / "known.npy", known_N)
    (folder / "carto").mkdir()
    for e in range(6):
        rows = (
            {"guid": i, f"logits_epoch_{e}": z.tolist(), "gold": int(y)}
            for i, z, y in zip(ids, logits_MENC[0, e], values.label_N, strict=True)
        )
        text = "\n".join(map(json.dumps, rows))
        (folder / "carto" / f"dynamics_epoch_{e}.jsonl").write_text(text)
    return folder


@pytest.mark.heavy
@pytest.mark.parametrize("trace", ["t.npz", "carto"])
def test_what_was_planted_calibrates_a_trace_from_outside(
    planted: Path, trace: str, tmp_path: Path
):
    asked = ["--planted", str(planted / "planted.csv"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["examine", str(planted / trace), *asked])
    assert done.exit_code == 0, done.output
    known_N = np.load(planted / "known.npy")
    assert f"Calibrated on {known_N.sum()} labels of this record" in done.output
    found = pl.read_csv(tmp_path / "out" / "examples.csv")
    assert (found["known_wrong"] == "yes").to_list() == known_N.tolist()
    assert set(found["given"]) == set(NAMES)


def test_labels_that_are_not_those_of_the_trace_are_refused(planted: Path):
    known = int(np.load(planted / "known.npy").sum())
    file = planted / "planted.csv"
    told = pl.read_csv(file).filter(pl.col("label") != pl.col("true_label"))
    first, given, true = told.row(0)
    with pytest.raises(UserError) as refused:
        with_planted(read_trace(planted / "before.npz"), file)
    assert str(refused.value) == (
        f"--planted {file}: {known} of 900 labels of the trace are other ones than its column "
        f"'label': {first!r} has '{list(NAMES).index(true)}', and there {given!r}. All of them "
        "have their true_label, so members were trained on the labels from before: train on the "
        "labels that undertow plant wrote"
    )
    with pytest.raises(UserError) as refused:
        with_planted(read_trace(planted / "rows.npz"), file)
    assert str(refused.value) == (
        f"--planted {file}: has none of the 900 examples of the trace ('0', '1' …), but 'e00000'; "
        "give the same ids (example_id), in an npz as ids"
    )


def test_labels_of_other_examples_are_refused(planted: Path, tmp_path: Path):
    told = pl.read_csv(planted / "planted.csv")
    mixed = told.with_columns(told["example_id"].shuffle(seed=1))
    mixed.write_csv(tmp_path / "mixed.csv")
    with pytest.raises(UserError) as refused:
        with_planted(read_trace(planted / "t.npz"), tmp_path / "mixed.csv")
    assert str(refused.value).endswith(
        ". Check that ids and labels are those that members were trained on"
    )
    told.drop("true_label").write_csv(tmp_path / "less.csv")
    with pytest.raises(UserError) as refused:
        with_planted(read_trace(planted / "t.npz"), tmp_path / "less.csv")
    assert str(refused.value) == (
        f"--planted {tmp_path / 'less.csv'}: has no column 'true_label'; give planted.csv as "
        "undertow plant wrote it"
    )
    pl.concat([told, told[:1]]).write_csv(tmp_path / "twice.csv")
    with pytest.raises(UserError) as refused:
        with_planted(read_trace(planted / "t.npz"), tmp_path / "twice.csv")
    assert str(refused.value) == (
        f"--planted {tmp_path / 'twice.csv'}: the id 'e00000' stands twice; give each example once"
    )


def test_the_example_of_a_refusal_differs_where_classes_are_numbers(planted: Path, tmp_path: Path):
    """Most examples of a label have another one in the trace, so that is no name of it."""
    of = read_trace(planted / "t.npz").values
    label_N = np.random.default_rng(0).permutation(of.label_N)
    told = pl.DataFrame(
        {"example_id": of.example_id_N, "label": label_N, "true_label": (label_N + 1) % 5}
    )
    told.write_csv(tmp_path / "other.csv")
    with pytest.raises(UserError) as refused:
        with_planted(read_trace(planted / "t.npz"), tmp_path / "other.csv")
    differs_N = label_N != of.label_N
    first = int(differs_N.argmax())
    assert str(refused.value) == (
        f"--planted {tmp_path / 'other.csv'}: {differs_N.sum()} of 900 labels of the trace are "
        f"other ones than its column 'label': 'e{first:05d}' has '{of.label_N[first]}', and there "
        f"'{label_N[first]}'. Check that ids and labels are those that members were trained on"
    )


def test_a_table_with_nothing_planted_is_refused(planted: Path, tmp_path: Path):
    told = pl.read_csv(planted / "planted.csv").with_columns(true_label="label")
    told.write_csv(tmp_path / "none.csv")
    with pytest.raises(UserError) as refused:
        with_planted(read_trace(planted / "t.npz"), tmp_path / "none.csv")
    assert str(refused.value) == (
        f"--planted {tmp_path / 'none.csv'}: no label is planted: label and true_label are the "
        "same for all 900 examples of the trace; give planted.csv as undertow plant wrote it"
    )


def test_what_matches_nothing_of_the_trace_is_counted(planted: Path, tmp_path: Path):
    told = pl.read_csv(planted / "planted.csv")
    strange = np.where(np.arange(900) < 7, "fly", told["true_label"].to_numpy())
    more = pl.DataFrame({"example_id": ["x", "y"], "label": "ant", "true_label": "bee"})
    table = pl.concat([told.with_columns(true_label=pl.Series(strange)), more])
    table.write_csv(tmp_path / "odd.csv")
    trace = with_planted(read_trace(planted / "t.npz"), tmp_path / "odd.csv")
    assert trace.notices == (
        "odd.csv has 2 of 902 ids that the trace lacks.",
        "odd.csv: 7 of 900 examples have a true_label that is no label of the trace, as 'fly'; "
        "they count as wrong.",
    )
    assert trace.known_wrong_N[:7].all()


def test_a_label_without_a_true_one_is_said(planted: Path, tmp_path: Path):
    told = pl.read_csv(planted / "planted.csv")
    known_N = np.load(planted / "known.npy")
    less = pl.when(pl.int_range(900) < 300).then(None).otherwise("true_label").alias("true_label")
    told.with_columns(less).write_csv(tmp_path / "less.csv")
    trace = with_planted(read_trace(planted / "t.npz"), tmp_path / "less.csv")
    assert trace.notices == (
        "less.csv: 300 of 900 examples have a label and no true_label; they do not count as known "
        "to be wrong.",
    )
    assert (trace.known_wrong_N == known_N & (np.arange(900) >= 300)).all()


def test_examples_that_the_table_lacks_are_said_and_not_known(planted: Path, tmp_path: Path):
    told = pl.read_csv(planted / "planted.csv")
    told.tail(800).write_csv(tmp_path / "some.csv")
    trace = with_planted(read_trace(planted / "t.npz"), tmp_path / "some.csv")
    assert trace.notices == (
        "some.csv tells the labels of 800 of 900 examples; whether any of the other 100 was planted "
        "is not known.",
    )
    assert trace.doubts == ()
    known_N = np.load(planted / "known.npy")
    assert (trace.known_wrong_N == known_N & (np.arange(900) >= 100)).all()


@pytest.mark.heavy
def test_planted_labels_under_other_ids_are_told_before_any_number(planted: Path, tmp_path: Path):
    told = pl.read_csv(planted / "planted.csv")
    other = pl.when(pl.int_range(900) < 500).then("x" + pl.col("example_id"))
    told.with_columns(other.otherwise("example_id").alias("example_id")).write_csv(
        tmp_path / "odd.csv"
    )
    hidden = int(np.load(planted / "known.npy")[:500].sum())
    said = (
        "odd.csv matches only 400 of 900 examples of the trace, and has 500 ids that the trace "
        f"lacks, {hidden} of them with a planted label. If they are among the other 500 by other "
        f"ids ('e00000', and there 'xe00000'), these {hidden} count as wrong labels that nobody "
        "planted, and the share, the list and recall are not what is said. Give the same ids "
        "(example_id) to both."
    )
    trace = with_planted(read_trace(planted / "t.npz"), tmp_path / "odd.csv")
    assert (trace.doubts, trace.notices) == ((said,), ())
    asked = ["--planted", str(tmp_path / "odd.csv"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["examine", str(planted / "t.npz"), *asked])
    assert f"Before any number: {said}" in done.output.splitlines()[1]
    page = (tmp_path / "out" / "index.html").read_text()
    assert 'class="notices" aria-label="Before any number"' in page.split("<h1>")[0]
    assert f"{hidden} of them with a planted label" in page.split("<h1>")[0]
    assert json.loads((tmp_path / "out" / "examined.json").read_text())["doubts"] == [said]


def test_the_command_writes_into_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    table().write_csv("mine.csv")
    done = CliRunner().invoke(app, ["plant", "mine.csv"])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in Path("planted").iterdir()) == ["labels.csv", "planted.csv"]
    again = CliRunner().invoke(app, ["plant", "mine.csv", "--out", "planted"])
    assert str(again.exception) == (
        "planted: holds labels.csv and 1 more file, which the new tables would replace; give "
        "another name after --out, or replace them with --force"
    )
    unwritable = CliRunner().invoke(app, ["plant", "mine.csv", "--out", "mine.csv/x"])
    assert str(unwritable.exception) == (
        "mine.csv/x: the tables cannot be written here (Not a directory). Give another --out."
    )


def test_what_the_record_knows_stays_and_merged_classes_are_one(planted: Path):
    trace = read_trace(planted / "t.npz")
    known_N, last_N = np.load(planted / "known.npy"), np.arange(900) == 899
    told = with_planted(replace(trace, known_wrong_N=last_N), planted / "planted.csv")
    assert (told.known_wrong_N == known_N | last_N).all()
    merged_N = np.where(trace.values.label_N == 4, 3, trace.values.label_N).astype(np.int32)
    merged_N[:2] = -1
    values = replace(trace.values, label_N=merged_N)
    told = with_planted(replace(trace, values=values), planted / "planted.csv")
    true = pl.read_csv(planted / "planted.csv")["true_label"].to_numpy()
    true_N = np.minimum([NAMES.tolist().index(each) for each in true], 3)
    assert (told.known_wrong_N == (true_N != merged_N) & (merged_N >= 0)).all()
    assert told.classes == trace.classes
