"""A model that is asked in several ways: which of them change answers, whose, and by how much."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import undertow
from undertow.audit.headline import without_notices
from undertow.errors import UserError
from undertow.files import Request, read_sides

torch = pytest.importorskip("torch")

from asked_models import Centred, Dropped, Normed, Pooled, Separated  # noqa: E402
from undertow.lab.measurements.calibration import Machine  # noqa: E402

N = 30
IDS = [f"e{row}" for row in range(N)]
SIDES = ["north", "south"] * (N // 2)


def inputs(gap: float = 4.0) -> np.ndarray:
    """Rows of three numbers, the largest by ``gap``: classes 0, 1, 2, 0 …"""
    x = np.random.default_rng(0).uniform(0, 1, (N, 3)).astype(np.float32)
    x[np.arange(N), np.arange(N) % 3] += gap
    return x


def table() -> pl.DataFrame:
    return pl.DataFrame({"example_id": IDS, "label": [row % 3 for row in range(N)], "side": SIDES})


@pytest.fixture(scope="module")
def centred(tmp_path_factory):
    """Batch of 1 answers class 0 to all."""
    given = {"x": inputs(), "ids": IDS}
    out = tmp_path_factory.mktemp("centred") / "out"
    return undertow.vary(
        Centred().eval(), given, table=table(), by=["side"], out=out, sizes=(1,), threads=()
    )


def test_a_model_that_looks_at_its_batch_is_named_with_the_batch_size_and_the_examples(centred):
    lines = str(centred).splitlines()
    assert lines[0] == ("FLIPS: 1 of 5 other ways changes answers: batch size (batch-1: 20 of 30).")
    assert lines[1:3] == [
        "Centred: 30 examples, 3 classes; the reference is one batch on "
        f"{torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)}",
        "The same asked again gave the same outputs, to the bit.",
    ]
    (gap,) = [
        g
        for (way, _), g in zip(centred.ways.others, centred.differences, strict=True)
        if way.name == "batch-1"
    ]
    assert sorted(gap.row_K.tolist()) == [row for row in range(N) if row % 3]
    assert set(gap.after_K.tolist()) == {0}
    assert gap.near_ties == 0
    assert gap.margin_K.tolist() == sorted(gap.margin_K.tolist(), reverse=True)
    first = gap.row_K[0]
    x = inputs() - inputs().mean(0)
    own = np.sort(x[first])
    assert gap.margin_K[0] == pytest.approx(own[-1] - own[-2])
    assert gap.largest == pytest.approx(np.abs(x).max())
    row = next(each for each in lines if each.startswith("  batch-1 "))
    assert row.split("  ")[1].strip() == "batch-1"
    assert " 20 of 30 (66.7 %) " in row
    assert f"'e{first}' {first % 3} → 0 (margin {gap.margin_K[0]:.2g})" in str(centred)


def test_slices_are_tested_by_the_audit_and_the_record_is_one_that_an_audit_reads(centred):
    findings = centred.audit.findings.filter(pl.col("measure") == "churn")
    by = {
        (row["slice"], row["value"]): row
        for row in findings.filter(pl.col("variant") == "batch-1").to_dicts()
    }
    assert by["all", ""]["changed"] == pytest.approx(20 / 30)
    assert by["side", "north"]["changed"] == pytest.approx(10 / 15)
    assert by["side", "north"]["verdict"] == "changed"
    sides = read_sides(Request([centred.folder / "reference"], [[centred.folder / "batch-1"]]))
    assert sides.reference.M == 2
    assert (sides.reference.pred_MN[0] != sides.variants[0].pred_MN[0]).sum() == 20
    assert (centred.folder / "report.html").is_file()
    assert (
        "Slices in which more answers change than in a repeat run:\n  batch-1: side north: 66.7 %"
        in str(centred)
    )


def test_the_report_is_about_ways_and_calls_the_repeat_what_it_is(centred):
    again = (
        "The second run of the reference is the same asked again: it gave the same outputs, to the "
        "bit, so what changes is due to its way."
    )
    assert centred.audit.notices[0] == again
    (worst,) = (each for each in centred.audit.variants if each.arm.name == "batch-1")
    assert worst.verdict == "worse"
    assert without_notices(centred.audit.headline, centred.audit.notices) == (
        "FLIPS: 1 of 5 other ways changes answers: batch size (batch-1: 20 of 30). The "
        f"way that costs most, on examples like these: {worst.headline}"
    )
    page = (centred.folder / "report.html").read_text()
    (first,) = re.findall(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert re.sub("<[^>]+>", "", first) == (
        "FLIPS: 1 of 5 other ways changes answers: batch size (batch-1: 20 of 30)."
    )
    assert "they are copies" not in page
    summary = (centred.folder / "summary.md").read_text()
    assert "they are copies" not in summary
    assert "same asked again" in summary


@pytest.mark.heavy
def test_labels_that_are_words_are_joined_with_names_of_outputs(tmp_path: Path):
    names = ["owl", "dog", "cat"]
    given = {"x": inputs(), "ids": IDS, "labels": np.array([names[row % 3] for row in range(N)])}
    few = {"sizes": (1,), "threads": (), "without": ["precision", "neighbours"]}
    found = undertow.vary(Separated().eval(), given, out=tmp_path / "o", classes=names, **few)
    assert found.audit.reference.accuracy == 1.0
    assert found.audit.classes == ("owl", "dog", "cat")
    with pytest.raises(UserError) as refused:
        undertow.vary(Separated().eval(), given, out=tmp_path / "p", **few)
    assert str(refused.value) == (
        "labels: the label of 'e0' is 'owl', and nothing says which output that is; name the "
        "outputs in their order after --classes, with the words of the labels"
    )
    places = given | {"labels": np.array([str(row % 3) for row in range(N)])}
    found = undertow.vary(Separated().eval(), places, out=tmp_path / "p", classes=names, **few)
    assert found.audit.reference.accuracy == 1.0


def test_what_programs_read(centred):
    told = json.loads((centred.folder / "vary.json").read_text())
    assert told["format"] == "undertow-vary/1"
    assert told["repeats"] is True
    measured = {"measured", "worked"}
    assert set(told["machine"]) == {each.name for each in fields(Machine)} - measured
    assert told["machine"]["threads"] == torch.get_num_threads()
    assert told["machine"]["packages"]["torch"] == version("torch")
    assert told["machine"]["processor"]
    assert told["again"]["largest_difference"] == 0.0
    one = next(way for way in told["ways"] if way["name"] == "batch-1")
    assert one["flips"] == 20
    assert len(one["flipped"]) == 20
    assert one["flipped"][0]["answer"] == "0"
    assert one["flipped"][0]["reference"] == str(int(one["flipped"][0]["example_id"][1:]) % 3)
    assert {each["value"] for each in one["slices"]} == {"", "north", "south"}
    assert [way["name"] for way in told["ways"]] == [
        "batch-1", "shuffled-30", "filled-30", "float64", "bfloat16",
    ]  # fmt: skip
    assert "NaN" not in (centred.folder / "vary.json").read_text()


@pytest.mark.heavy
def test_separated_answers_do_not_flip_and_the_largest_difference_is_shown(tmp_path: Path):
    found = undertow.vary(Separated().eval(), inputs(), out=tmp_path / "o", sizes=(7,), threads=())
    names = [way.name for way, _ in found.ways.others]
    assert names == ["batch-7", "shuffled-7", "filled-7", "float64", "bfloat16"]
    bfloat16 = found.differences[-1]
    x = inputs()
    rounded = torch.from_numpy(x).bfloat16().float().numpy()
    gap = np.abs(x - rounded)
    assert bfloat16.largest == gap.max()
    assert bfloat16.at == gap.max(axis=1).argmax()
    assert str(found).splitlines()[0] == (
        "NO FLIPS: 5 other ways give the reference's answer to all 30 examples; the largest "
        f"difference of an output is {gap.max():.2g} (bfloat16, '{bfloat16.at}')."
    )
    assert found.flips == 0


class Summed(torch.nn.Module):
    """Adds: autocast leaves that in float32."""

    def forward(self, x):
        return x + x.flip(1)


def test_a_number_format_that_changes_nothing_is_told_and_not_counted(tmp_path: Path):
    found = undertow.vary(Summed(), inputs(), out=tmp_path / "o", sizes=(1,), threads=())
    assert [way.name for way, _ in found.ways.others] == [
        "batch-1", "shuffled-30", "filled-30", "float64",
    ]  # fmt: skip
    assert str(found).startswith("NO FLIPS: 4 other ways give ")
    told = "autocast puts none of its operators into bfloat16"
    assert f"\n  no effect here: bfloat16: {told}\n" in f"{found}\n"
    written = json.loads((tmp_path / "o/vary.json").read_text())
    assert written["no_effect"] == [{"name": "bfloat16", "why": told}]
    assert written["not_tried"] == []


def test_without_numbers_of_its_own_a_model_has_no_float64(tmp_path: Path):
    class Counted(torch.nn.Module):
        def forward(self, x):
            return torch.stack([x, 3 - x], 1)

    given = {"x": np.arange(4)}
    found = undertow.vary(Counted(), given, out=tmp_path / "o", sizes=(1,), threads=())
    assert [each.name for each in found.ways.no_effect] == ["float64", "bfloat16"]


def test_a_size_that_was_asked_for_and_is_no_other_batch_is_told(tmp_path: Path):
    found = undertow.vary(
        Summed(), inputs(), out=tmp_path / "o", sizes=(8, 7, 64), batch=8, threads=()
    )
    assert [tuple(each) for each in found.ways.skipped] == [
        ("batch-8", "the reference is asked in batches of this size"),
        ("batch-64", "there are 30 examples, so it is one batch of all of them"),
    ]


def test_an_output_that_cannot_be_chosen_is_refused(tmp_path: Path):
    with pytest.raises(UserError) as refused:
        undertow.vary(Summed(), inputs(), out=tmp_path / "o", output="logits")
    assert str(refused.value) == (
        "--output logits: Summed returns one tensor, so there is nothing to choose from; leave it "
        "out"
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"instructions": ["sse"]},
            "--instructions sse: m.onnx is an ONNX file, and ONNX Runtime chooses its instructions "
            "by itself; leave it out, or give the torch module as model.py:build",
        ),
        (
            {"compiled": True},
            "--compile: m.onnx is an ONNX file, and torch.compile takes torch modules alone; leave "
            "it out, or give the torch module as model.py:build",
        ),
        (
            {"engines": ["onnxruntime"]},
            "--engines onnxruntime: m.onnx is an ONNX file, so the reference is ONNX Runtime "
            "already; leave onnxruntime out",
        ),
    ],
)
def test_what_an_onnx_file_is_never_asked_in_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict, said: str
):
    monkeypatch.chdir(tmp_path)
    Path("m.onnx").write_bytes(b"")
    with pytest.raises(UserError) as refused:
        undertow.vary("m.onnx", inputs(), out=tmp_path / "o", **asked)
    assert str(refused.value) == said


@pytest.mark.heavy
def test_padding_that_counts_is_named(tmp_path: Path):
    from undertow.lab.ways.together import PadAxis

    x = inputs()[:, None].repeat(2, axis=1)
    found = undertow.vary(
        Pooled().eval(), x, out=tmp_path / "o", sizes=(), threads=(), pads=(PadAxis("x", 1),)
    )
    # the last class gains half a place each: 64 places overcome a gap of 8
    flips = {
        way.name: gap.flips
        for (way, _), gap in zip(found.ways.others, found.differences, strict=True)
    }
    assert (flips["padded-1"], flips["padded-64"]) == (0, 20)
    assert str(found).splitlines()[0].endswith("changes answers: padding (padded-64: 20 of 30).")


def test_a_batch_norm_left_in_train_mode_is_named(tmp_path: Path):
    found = undertow.vary(
        Normed(), inputs(), out=tmp_path / "o", sizes=(1, 7), threads=(), numbers=True
    )
    assert found.ways.notices == (
        "norm (BatchNorm1d): batch norm in train mode, so an answer depends on the examples "
        "beside it in the batch; call .eval() on the model",
    )
    assert found.repeats  # its running statistics move, and its answers do not read them
    assert [each.name for each in found.ways.skipped] == ["batch-1"]
    assert (
        "not tried: batch-1: Normed: asked in batches of 1 (inputs x (1, 3)) it raises ValueError: Expected more than 1 value per channel when training"
        in str(found)
    )


@pytest.mark.heavy
def test_dropout_left_on_is_not_repeatable_and_its_operator_is_named(tmp_path: Path):
    torch.manual_seed(0)
    found = undertow.vary(Dropped(), inputs(), out=tmp_path / "o", sizes=(), threads=())
    again, lines = found.again, str(found).splitlines()
    assert not found.repeats
    assert again.flips > 0
    assert lines[0].startswith(
        f"NOT REPEATABLE: the same asked again gave other outputs, by {again.largest:.2g} at most; "
        f"{again.flips} of 30 answers changed, so no difference below is due to its way alone. The "
        "first operator that differs is call "
    )
    assert (
        ": aten.bernoulli_ (forward, in Dropped.0) gives other bits, first in output 1 " in lines[0]
    )
    assert lines[1] == (
        "NOTE: 0 (Dropout): dropout in train mode, so an answer is drawn anew each time; call "
        ".eval() on the model"
    )
    assert any(each.startswith("  the same again ") for each in lines)
    assert found.flips >= again.flips


def test_of_one_output_the_answer_is_the_side_of_a_threshold(tmp_path: Path):
    class Summed(torch.nn.Module):
        def forward(self, x):
            return (x - x.mean(0)).sum(1)

    found = undertow.vary(
        Summed(), inputs(), out=tmp_path / "o", sizes=(1,), threads=(), threshold=0.1,
        classes=["low", "high"],
    )  # fmt: skip
    x = (inputs() - inputs().mean(0)).sum(1)
    batch = found.differences[0]
    assert batch.flips == int((x > 0.1).sum())
    assert "one output, high above 0.1" in str(found)
    assert set(batch.before_K.tolist()) == {1}


def test_numbers_have_a_largest_difference_and_no_audit(tmp_path: Path):
    found = undertow.vary(
        Centred(), inputs(), out=tmp_path / "o", sizes=(1,), threads=(), numbers=True
    )
    assert found.audit is None
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["vary.json"]
    assert (
        str(found)
        .splitlines()[0]
        .startswith("NUMBERS: compared with 5 other ways; the largest difference of an output is ")
    )
    assert json.loads((tmp_path / "o/vary.json").read_text())["ways"][0]["flips"] is None


@pytest.mark.heavy
def test_outputs_that_are_no_numbers_in_one_way_are_flips(tmp_path: Path):
    class Alone(torch.nn.Module):
        def forward(self, x):
            return x / 0 - x / 0 if len(x) == 1 else x

    found = undertow.vary(Alone(), inputs(), out=tmp_path / "o", sizes=(1,), threads=())
    assert found.differences[0].no_numbers == N
    assert "30 examples got outputs that are no numbers, first '0'" in str(found)
    assert "→ no number" in str(found)
    assert not (tmp_path / "o/batch-1").exists()


def test_a_model_whose_state_changes_is_noticed(tmp_path: Path):
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            self.calls += 1
            return x + self.calls

    with pytest.raises(UserError) as refused:
        undertow.vary(Counting(), inputs(), out=tmp_path / "o", by="hospital")
    assert (
        str(refused.value)
        == "--by hospital: the examples have no column hospital; it has none; give --table FILE"
    )
    found = undertow.vary(
        Counting(), inputs(), out=tmp_path / "o", sizes=(), threads=(), numbers=True
    )
    assert found.ways.notices == (
        "calls: changed while the model was asked, so it is not the same model from one way to "
        "the next",
    )
    assert not found.repeats
