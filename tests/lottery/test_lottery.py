"""Predicted against realised, and who pays: numbers, words, files."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from lottery_worlds import CALIBRATION, HOSTILE, MACHINE, REQUEST, WORK, answers, lottery_of, runs
from undertow.cli import app
from undertow.errors import UserError
from undertow.lab.lottery.worker import Ran
from undertow.lab.measurements.calibration import processor_name, write_calibration
from undertow.lottery.found import Lottery, Paid, ThreeWays
from undertow.lottery.lottery import _with_paid, of_this_machine
from undertow.lottery.lottery import lottery_of as run_lottery
from undertow.lottery.measure import clock_of, refuse_unrun, rows_of, run_processes
from undertow.lottery.paying import paid_by
from undertow.lottery.said import HEADS, NONE, cells, headline, how, notices, remarks, slice_said
from undertow.lottery.settings import Settings
from undertow.lottery.unsaid import why
from undertow.lottery.written import FILES, content, contents_of, page, terminal
from undertow.varying.examples import Examples

CLASSES = ("0", "1", "2", "3")


@pytest.fixture(scope="module")
def found() -> Lottery:
    return lottery_of(rows_of(REQUEST, runs(), CALIBRATION, "wall", 0.05))


@pytest.fixture(scope="module")
def with_paid(found: Lottery) -> Lottery:
    table, given = answers()
    paid = paid_by(table, given, CLASSES, ("region",), 0.05)
    rows = tuple(replace(row, paid=paid.get(row.name)) for row in found.rows)
    return replace(found, rows=rows, labels=True)


def test_a_dense_layer_with_zeros_is_promised_ten_times_and_gives_one(found: Lottery):
    row = found.row("masked-dense")
    assert row.predicted.flops == pytest.approx(1 / (1 - 0.9))
    assert row.predicted.bytes == pytest.approx(1)
    assert row.realised.low < 1 < row.realised.high
    assert row.realised_share.flops == pytest.approx(0, abs=0.01)
    assert math.isnan(row.realised_share.bytes)
    assert row.gap.flops == pytest.approx(math.log(10), abs=0.05)


def test_a_sparse_kernel_is_set_beside_eager_and_has_its_break_even_point(found: Lottery):
    row = found.row("csr")
    stored = 3 * (1 - 0.9)
    rest = 200_000 + 100_000
    assert row.predicted.bytes == pytest.approx(4_300_000 / (4_000_000 * stored + rest))
    assert row.realised.ratio == pytest.approx(1 / 3, rel=0.03)
    assert row.realised_share.flops < 0
    assert row.break_even == pytest.approx(1 - 0.1 * 0.5)


def test_what_cannot_run_is_a_row_with_its_promise_and_why(found: Lottery):
    row = found.row("semi-structured")
    assert (row.status, row.note, row.realised) == ("not here", "this is a CPU", None)
    assert row.predicted.flops == pytest.approx(2)


def test_on_a_busy_machine_processor_seconds_count():
    assert clock_of(runs()) == ("wall", 1.0)
    clock, worked = clock_of(runs(busy=True))
    assert (clock, round(worked, 2)) == ("processor", 0.33)
    some = runs()
    for run in some[:2]:  # six of fifteen medians, far more than a tenth
        for row in run.values():
            row["wall"] = row["wall"] and 3 * row["wall"]
    assert clock_of(some)[0] == "processor"


def test_the_fastest_float32_is_the_one_of_least_seconds():
    given = runs()
    for run in given:
        run["onnxruntime"] = run["eager"] | {"wall": run["eager"]["wall"] / 2}
        run["openvino"] = run["eager"] | {"wall": run["eager"]["wall"] * 3}
    rows = {row.name: row for row in rows_of(REQUEST, given, CALIBRATION, "wall", 0.05)}
    assert rows["eager"].fastest.ratio == pytest.approx(0.5)
    assert rows["onnxruntime"].fastest.ratio == pytest.approx(1)


def test_a_network_that_fails_by_itself_is_refused():
    run = runs()[0] | {"eager": asdict(Ran("error", "mat1 and mat2 shapes cannot be multiplied"))}
    with pytest.raises(UserError) as error:
        refuse_unrun("model.py:build", run)
    assert str(error.value) == (
        "model.py:build: the network fails on these inputs: mat1 and mat2 shapes cannot be "
        "multiplied; give the inputs that it takes, with examples along the first axis"
    )
    refuse_unrun("model.py:build", runs()[0])


def test_the_calibration_of_another_machine_is_refused(tmp_path: Path):
    with pytest.raises(UserError) as error:
        of_this_machine(tmp_path / "c.json", CALIBRATION)
    assert str(error.value) == (
        f"--calibration {tmp_path / 'c.json'}: was measured on 'a processor', and this machine has "
        f"{processor_name()!r}; leave --calibration out to measure anew"
    )
    own = replace(CALIBRATION, machine=replace(MACHINE, processor=processor_name()))
    assert of_this_machine(tmp_path / "c.json", own) is own


def test_a_variant_that_failed_in_one_process_has_no_ratio():
    given = runs()
    given[2]["csr"]["wall"] = None
    rows = {row.name: row for row in rows_of(REQUEST, given, CALIBRATION, "wall", 0.05)}
    assert rows["csr"].realised is None
    assert rows["masked-dense"].realised is not None


def test_who_pays_is_the_audits_worst_slice(with_paid: Lottery):
    paid = with_paid.row("masked-dense").paid
    assert (paid.differ, paid.of, paid.lost, paid.won) == (50, 400, 50, 0)
    assert (paid.worst.column, paid.worst.value) == ("region", "north")
    assert (paid.worst.examples, paid.worst.verdict) == (100, "worse")
    assert paid.worst.effect == pytest.approx(-0.5)
    assert paid.worst.low < -0.5 < paid.worst.high


def test_without_labels_answers_that_differ_are_counted():
    table, given = answers()
    paid = paid_by(table.drop("label"), given, CLASSES, ("region",), 0.05)["csr"]
    assert (paid.lost, paid.won, paid.differ) == (None, None, 50)
    assert (paid.worst.value, paid.worst.effect, paid.worst.examples) == ("north", 0.5, 100)


def test_the_same_answers_cost_nobody_anything():
    table, given = answers()
    paid = paid_by(
        table, {"eager": given["eager"], "x": given["eager"]}, CLASSES, ("region",), 0.05
    )
    assert (paid["x"].differ, paid["x"].worst) == (0, None)


@pytest.mark.heavy
def test_labels_may_be_places_beside_names():
    table, given = answers()
    names = ("a", "b", "c", "d")
    paid = paid_by(table, given, names, ("region",), 0.05)["masked-dense"]
    assert (paid.lost, paid.worst.value) == (50, "north")
    by_name = table.with_columns(pl.Series("label", [names[k] for k in table["label"]]))
    assert paid_by(by_name, given, names, ("region",), 0.05)["masked-dense"] == paid


def test_a_label_that_is_no_class_is_refused():
    table, given = answers()
    words = table.with_columns(pl.lit("e").alias("label"))
    with pytest.raises(UserError) as error:
        paid_by(words, given, ("a", "b", "c", "d"), (), 0.05)
    assert str(error.value) == (
        "labels: the label of 'e0' is 'e', which is none of the names after --classes (a, b, c, "
        "d); write labels and names alike, or give labels as places of outputs, 0 to 3"
    )
    some = table.with_columns(
        pl.when(pl.col("example_id") == "e3").then(None).otherwise("label").alias("label")
    )
    with pytest.raises(UserError) as error:
        paid_by(some, given, CLASSES, (), 0.05)
    assert str(error.value) == (
        "labels: 'e3' has none, and others have one; give all a label, or leave out the examples "
        "without"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            Settings(by=("ward",)),
            "--by ward: the examples have no column ward; it has class alone; give --by class, or "
            "others with --table FILE",
        ),
        (
            Settings(classes=("a", "b")),
            "labels: the label of 'x' is 'Cat', which is none of the names after --classes (a, b); "
            "write labels and names alike, or give labels as places of outputs, 0 to 1",
        ),
    ],
)
def test_what_cannot_be_sliced_or_named_is_refused_before_any_work(
    tmp_path: Path, settings: Settings, said: str
):
    np.savez(tmp_path / "x.npz", x=np.zeros((1, 2)), ids=["x"], labels=["Cat"])
    with pytest.raises(UserError) as error:
        run_lottery("no.py:build", tmp_path / "x.npz", None, tmp_path / "o", settings)
    assert str(error.value) == said


def test_a_lottery_that_another_run_has_written_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Lottery
):
    def late(*given):
        (tmp_path / "o").mkdir(exist_ok=True)
        (tmp_path / "o/lottery.md").write_text("theirs")
        return found, {}

    monkeypatch.setattr("undertow.lottery.lottery._measured", late)
    monkeypatch.setattr("undertow.lottery.lottery._calibrated", lambda *given: CALIBRATION)
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    asked = ("m.py:build", tmp_path / "x.npy", None, tmp_path / "o", Settings())
    with pytest.raises(UserError) as error:
        run_lottery(*asked, replace_old=False)
    assert str(error.value) == (
        f"{tmp_path / 'o'}: holds lottery.md, which the new report would replace; give another "
        "name after --out, or replace it with --force"
    )
    assert (tmp_path / "o/lottery.md").read_text() == "theirs"
    run_lottery(*asked)
    assert {path.name for path in (tmp_path / "o").iterdir()} == set(FILES)


def test_names_that_do_not_fit_are_refused_after_the_first_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ran = []

    def one(request, folder):
        ran.append(request)
        np.savez(request.answers, eager=np.zeros((3, 4)))
        return runs()[0]

    monkeypatch.setattr("undertow.lottery.measure._one_process", one)
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 2)), labels=[0, 1, 4])
    own = replace(CALIBRATION, machine=replace(MACHINE, processor=processor_name()))
    write_calibration(own, tmp_path / "c.json")
    with pytest.raises(UserError) as error:
        run_lottery(
            "m.py:build", tmp_path / "x.npz", None, tmp_path / "o", Settings(), tmp_path / "c.json"
        )
    assert str(error.value).startswith("labels: the label of '2' is 4, and the model tells 4 ")
    assert len(ran) == 1


def test_the_headline_says_the_best_and_the_emptiest_promise(found: Lottery):
    ratio = f"{found.row('csr').realised.ratio:.2f}"
    assert headline(found) == (
        "No variant is shown to be faster than eager. Operations promise most in vain for csr: "
        f"10.00 × predicted, {ratio} × realised."
    )


def test_who_is_promised_nothing_breaks_no_promise(found: Lottery):
    """A kernel that is slow without a promise has the widest gap, and is no answer here."""
    slow = replace(found.row("masked-dense"), realised_share=ThreeWays(*[math.nan] * 3))
    slow = replace(slow, name="slow", gap=ThreeWays(9.0, 9.0, 9.0))
    assert "in vain for csr" in headline(replace(found, rows=(*found.rows, slow)))
    alone = headline(replace(found, rows=(found.reference, slow)))
    assert alone == "No variant is shown to be faster than eager."


def test_one_process_names_no_variant(found: Lottery):
    assert headline(replace(found, processes=1)) == (
        "One process shows no limits, so which variant is faster is not shown."
    )


def test_a_promise_in_vain_is_shown_and_of_all_that_was_counted(found: Lottery):
    """Limits that hold the promise break none, and who left operators as they were did not try."""
    csr = found.row("csr")
    assert csr.realised.high < csr.predicted.flops
    wide = replace(csr, realised=replace(csr.realised, low=0.1, high=10.1))
    partly = replace(csr, status="partly native")
    for other in (wide, partly):
        said = headline(replace(found, rows=(found.reference, other)))
        assert said == "No variant is shown to be faster than eager."


def test_where_no_slice_lost_none_is_the_worst(with_paid: Lottery):
    worst = with_paid.row("csr").paid.worst
    assert slice_said(worst, True).startswith(f"{worst.column} {worst.value}: −")
    assert slice_said(replace(worst, effect=0.0), True) == "no slice lost"
    assert slice_said(replace(worst, effect=0.25), False).endswith("differ")


def test_a_gain_is_said_with_what_it_costs(with_paid: Lottery):
    quick = runs()
    for run in quick:
        run["csr"]["wall"] /= 6
    rows = rows_of(REQUEST, quick, CALIBRATION, "wall", 0.05)
    paid = {row.name: row.paid for row in with_paid.rows}
    faster = replace(with_paid, rows=tuple(replace(r, paid=paid[r.name]) for r in rows))
    ratio = f"{faster.row('csr').realised.ratio:.2f}"
    assert headline(faster).startswith(
        f"Fastest is csr: {ratio} × as fast as eager, and 50 of 400 answers differ."
    )


def test_it_is_said_what_answers_and_speed_are_set_beside(found: Lottery):
    assert how(found) == (
        "model.py:build: batches of 64 on one thread of a processor, 5 processes with 5 warm "
        "repeats each in turns, limits of 95 %. Speed and answers are set beside those of eager "
        "(torch, operator by operator)."
    )


def test_a_network_that_multiplies_nothing_has_no_ratio_by_operations():
    given = runs()
    for run in given:
        run["eager"]["work"] = run["eager"]["work"][1:]
    rows = {row.name: row for row in rows_of(REQUEST, given, CALIBRATION, "wall", 0.05)}
    assert math.isnan(rows["csr"].predicted.flops)
    assert rows["csr"].predicted.bytes == 1
    for run in given:
        run["eager"]["work"] = []
    rows = {row.name: row for row in rows_of(REQUEST, given, CALIBRATION, "wall", 0.05)}
    assert (rows["csr"].predicted, rows["csr"].gap) == (None, None)
    assert rows["csr"].realised.ratio == pytest.approx(1 / 3, rel=0.03)


def test_what_must_be_known_before_any_number():
    rows = rows_of(REQUEST, runs(3), CALIBRATION, "wall", 0.05)
    said = notices(lottery_of(rows, processes=3, clock="processor", worked=0.33))
    assert said == [
        "The machine was busy: in a tenth of the readings 33.0 % of the wall's seconds or less "
        "were this program's. Processor seconds are compared instead; they do not count waiting, "
        "and work beside it still empties caches. Measure again on a quiet machine.",
        "3 processes: limits need 5 or more to be of use (--processes 5).",
    ]
    assert notices(lottery_of(rows)) == []


def test_remarks_say_why_and_what_would_pay(found: Lottery):
    said = dict(remarks(found))
    assert said["semi-structured"] == (
        "2 of 4 weights left out (2:4); this is a CPU; “–”: it did not run"
    )
    assert said["csr"] == (
        "90 % of weights of linear layers left out (CSR, 8-byte indices); its kernel pays above "
        "95.0 % sparsity, at the rate that it has here; shown to be slower than eager"
    )


def unexplained(found: Lottery) -> list[tuple[str, str]]:
    """Cells that say nothing, and of which no remark says why."""
    said = dict(remarks(found))
    return [
        (row.name, head)
        for row in found.rows
        for head, cell in zip(HEADS, cells(found, row), strict=True)
        if (cell == NONE and not (reason := why(found, row, head)))
        or (cell == NONE and reason not in f"{said.get('“–”', '')}{said[row.name]}")
    ]  # fmt: skip


def test_every_cell_that_says_nothing_has_a_remark_that_says_why(
    found: Lottery, with_paid: Lottery
):
    uncompared = replace(found, uncompared="the model gives one number for each example")
    for each in (with_paid, uncompared):
        assert unexplained(each) == []
    assert dict(remarks(uncompared))["“–”"] == (
        "of it, answers that differ, worst slice: eager is what all others are set beside; "
        "answers that differ, worst slice: the model gives one number for each example"
    )
    given = runs()
    given[2]["csr"]["wall"] = None
    some = lottery_of(rows_of(REQUEST, given, CALIBRATION, "wall", 0.05), uncompared="one number")
    assert unexplained(some) == []
    assert dict(remarks(some))["csr"].endswith(
        "; “–”: it ran in some of the processes and not in all; its kernel pays above 95.0 % "
        "sparsity, at the rate that it has here"
    )


@pytest.mark.parametrize(
    ("keep", "note", "said"),
    [
        (slice(1, None), "", "by operations: the network multiplies nothing that is counted"),
        (
            slice(0, 0), "",
            "by operations, by bytes, by roofline, of it: nothing is predicted: no operator of the "
            "network was seen to compute anything",
        ),
        (
            slice(0, 0), "nothing is predicted: a reason",
            "by operations, by bytes, by roofline, of it: nothing is predicted, for the reason "
            "that the remark on eager gives",
        ),
    ],
)  # fmt: skip
def test_what_is_not_predicted_is_said(keep: slice, note: str, said: str):
    given = runs()
    for run in given:
        run["eager"] |= {"work": run["eager"]["work"][keep], "note": note}
    each = lottery_of(rows_of(REQUEST, given, CALIBRATION, "wall", 0.05), uncompared="one number")
    assert unexplained(each) == []
    assert said in dict(remarks(each))["“–”"].split("; ")


@pytest.mark.parametrize(
    ("by", "differ", "said"),
    [
        ((), 1, "no column to slice by was given; give one with --by"),
        (("region",), 1, "no slice has 20 examples or more"),
        (("region",), 0, "no answer differs"),
    ],
)
def test_a_worst_slice_that_there_is_not_is_said(
    found: Lottery, by: tuple[str, ...], differ: int, said: str
):
    rows = [replace(row, paid=Paid(differ, 400, 0, 0, None)) for row in found.rows[1:2]]
    each = replace(found, rows=(found.reference, *rows), by=by)
    assert unexplained(each) == []
    assert f"; worst slice: {said}" in dict(remarks(each))["“–”"]


@pytest.mark.parametrize(
    ("shape", "each"),
    [
        ((3,), "one number"),
        ((3, 1), "one number"),
        ((3, 7, 5), "an output of shape (7, 5)"),
        ((3, 0), "an output of shape (0,)"),
    ],
)
def test_outputs_that_are_no_rows_of_classes_are_told_by_their_shape(
    found: Lottery, shape: tuple[int, ...], each: str
):
    table = pl.DataFrame({"example_id": list("abc"), "label": [0, 0, 0]})
    asked = dict.fromkeys(("eager", "csr"), np.zeros(shape))
    with_none = _with_paid(found, Examples({}, table), asked, Settings())
    assert with_none.uncompared == (
        f"the model gives {each} for each example, and answers are compared where it gives a row "
        "of two or more, the largest of which is the answer"
    )
    assert unexplained(with_none) == []


def test_a_variant_that_answers_no_numbers_differs_and_is_said_first(found: Lottery):
    table, given = answers()
    given["csr"] = given["eager"].copy()
    given["csr"][[7, 9]] = math.nan
    with_none = _with_paid(
        found, Examples({}, table), given, Settings(by=("region",), classes=CLASSES)
    )
    paid = with_none.row("csr").paid
    assert (paid.differ, paid.lost, paid.won) == (2, 2, 0)
    assert notices(with_none) == [
        "csr: 2 of 400 answers are no numbers, first that to 'e7'; where answers are compared "
        "each counts as another than the reference's."
    ]
    one = {name: out_NC[:, :1] for name, out_NC in given.items()}
    alone = _with_paid(found, Examples({}, table), one, Settings())
    assert notices(alone) == notices(with_none)
    fast = replace(alone.row("csr"), realised=replace(alone.row("csr").realised, ratio=2, low=1.9))
    assert headline(replace(alone, rows=(alone.reference, fast))).startswith(
        "Fastest is csr: 2.00 × as fast as eager, and 2 of 400 answers are no numbers."
    )


def test_no_number_is_no_class_whatever_classes_are_called():
    table = pl.DataFrame({"example_id": ["a", "b"], "label": ["no number", "x"]})
    out = np.eye(2)
    bad = np.array([[math.nan, 0], [0, 1]])
    paid = paid_by(table, {"eager": out, "csr": bad}, ("no number", "x"), (), 0.05)["csr"]
    assert (paid.differ, paid.lost, paid.won) == (1, 1, 0)


def test_what_predictions_do_not_count_is_said_before_any_number(found: Lottery):
    noted = replace(found.reference, note="predictions count bytes alone of 2 Einsum")
    assert notices(replace(found, rows=(noted, *found.rows[1:]))) == [
        "Predictions count bytes alone of 2 Einsum."
    ]


def test_what_was_changed_in_the_model_is_said_before_any_number(found: Lottery):
    said = (
        "norm (BatchNorm1d): in train mode, and asked in eval mode here; call .eval() on the model"
    )
    changed = replace(found, changed=(said,))
    assert terminal(changed).startswith(f"{said}.\nNo variant is shown to be faster than eager.")
    assert content(changed)["notices"] == [f"{said}."]
    assert f"{said}." in page(changed)
    assert (
        "> norm (BatchNorm1d): in train mode, " in contents_of(changed, b"")["lottery.md"].decode()
    )
    assert f"{said}." not in page(found)


def test_a_variant_that_leaves_operators_says_where_its_time_goes():
    given = runs()
    given[0]["csr"]["time"] = {"native": 0.9, "fallback": 0.08, "rest": 0.02}
    found = lottery_of(rows_of(REQUEST, given, CALIBRATION, "wall", 0.05))
    assert (
        "; of its time 90.0 % in operators of its own, 8.0 % in operators with weights that stay as "
        "they were, 2.0 % in all else; "
    ) in dict(remarks(found))["csr"]
    row = next(row for row in content(found)["rows"] if row["name"] == "csr")
    assert row["time"] == {"native": 0.9, "fallback": 0.08, "rest": 0.02}


def test_the_terminal_has_a_row_for_each_variant(with_paid: Lottery):
    lines = terminal(with_paid).splitlines()
    (row,) = (line for line in lines if line.startswith("masked-dense "))
    assert "10.00 ×" in row
    assert re.search(r" 0 %  .* region north: −50\.0 points \(.*\), worse$", row)
    assert any(line.startswith("semi-structured  not here") for line in lines)


def test_files_hold_what_the_page_tells(with_paid: Lottery):
    written = contents_of(with_paid, b"{}")
    assert tuple(written) == FILES
    told = json.loads(written["lottery.json"])
    assert told["format"] == "undertow-lottery/1"
    assert told["headline"] == headline(with_paid)
    assert set(told["seconds"]) == {"eager", "masked-dense", "csr"}
    row = next(r for r in told["rows"] if r["name"] == "masked-dense")
    assert row["predicted"]["flops"] == pytest.approx(10)
    assert row["realised_share"]["bytes"] is None
    assert row["paid"]["worst"]["value"] == "north"
    assert (
        "| masked-dense | native | 4.00 MB | 10.00 × | 1.00 × |" in written["lottery.md"].decode()
    )
    assert written["lottery.md"].decode().count("\n| ") == 2 + len(with_paid.rows)
    assert contents_of(with_paid, b"{}") == written


def test_the_page_begins_with_one_sentence_and_marks_cells_that_say_nothing(with_paid: Lottery):
    shown = page(with_paid)
    assert "<h1>No variant is shown to be faster than eager.</h1>" in shown
    assert '<p class="lede">Operations promise most in vain for csr: 10.00 × predicted, ' in shown
    rows = dict(re.findall(r'<th scope="row"[^>]*><bdi>(.*?)</bdi></th>(.*?)</tr>', shown))
    rows = {name.replace("<wbr>", ""): row for name, row in rows.items()}
    assert re.search(r'data-head="realised" class="num none">–<', rows["semi-structured"])
    assert re.search(r'data-head="status">not here<', rows["semi-structured"])
    assert re.search(r'data-head="worst slice" class="slice">region north: ', rows["masked-dense"])


def test_nothing_that_others_wrote_is_markup(with_paid: Lottery):
    rows = tuple(
        replace(
            row,
            note=HOSTILE,
            paid=row.paid and replace(row.paid, worst=replace(row.paid.worst, value=HOSTILE)),
        )
        for row in with_paid.rows
    )
    hostile = replace(with_paid, model=HOSTILE, rows=rows)
    assert "<script>alert" not in page(hostile)
    written = contents_of(hostile, b"{}")["lottery.md"].decode()
    assert not re.search(r"(?<!\\)(<script|\]\(|\|\[)", written)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch": 0}, "--batch 0: must be at least 1; give --batch 64"),
        ({"batch": -3}, "--batch -3: must be at least 1; give --batch 64"),
        ({"processes": 0}, "--processes 0: must be at least 1; give --processes 5"),
        ({"repeats": 0}, "--repeats 0: must be at least 1; give --repeats 30"),
        ({"sparsity": 1.0}, "--sparsity 1: must be above 0 and below 1, such as 0.5"),
        ({"channels": 0.0}, "--channels 0: must be above 0 and below 1, such as 0.5"),
    ],
)
def test_settings_that_mean_nothing_are_refused(given: dict, said: str):
    with pytest.raises(UserError) as error:
        Settings(**given)
    assert str(error.value) == said


def test_a_batch_of_more_examples_than_there_are_is_refused(tmp_path: Path):
    np.save(tmp_path / "x.npy", np.zeros((6, 2)))
    asked = ("m.py:build", tmp_path / "x.npy", None, tmp_path / "o")
    with pytest.raises(UserError) as error:
        run_lottery(*asked, Settings(batch=7))
    assert str(error.value) == (
        "--batch 7: there are 6 examples, and a batch of more would hold some twice; give --batch "
        "6, or more examples after --inputs"
    )
    assert [Settings(batch=6).batch_of(6), Settings().batch_of(6), Settings().batch_of(99)] == [
        6, 6, 64,
    ]  # fmt: skip


def test_a_variant_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(UserError) as error:
        Settings(only=("int2",)).names_for("m.py:build")
    with pytest.raises(UserError, match=r"^--without int2: there is no such variant; choose from "):
        Settings(without=("int2",)).names_for("m.py:build")
    with pytest.raises(UserError) as left_out:
        Settings(without=("eager",)).names_for("m.py:build")
    assert str(left_out.value) == "--without eager: all others are set beside it; leave out others"
    assert str(error.value).startswith(
        "--only int2: there is no such variant; choose from eager, compile, onnxruntime, openvino, "
    )


def test_several_arrays_are_refused(tmp_path: Path):
    np.savez(tmp_path / "two.npz", a=np.zeros((3, 2)), b=np.zeros((3, 2)))
    with pytest.raises(UserError) as error:
        run_lottery("m.py:build", tmp_path / "two.npz", None, tmp_path, Settings())
    assert str(error.value) == (
        f"--inputs {tmp_path / 'two.npz'}: holds a, b; the engines here take one array of inputs, "
        f"so compare the model's answers alone with undertow vary m.py:build --inputs "
        f"{tmp_path / 'two.npz'}"
    )
    np.save(tmp_path / "ids.npy", np.zeros((3, 2), dtype=int))
    with pytest.raises(UserError) as error:
        run_lottery("m.py:build", tmp_path / "ids.npy", None, tmp_path, Settings())
    assert str(error.value) == (
        f"--inputs {tmp_path / 'ids.npy'}: holds int64; the engines here take floating-point inputs, "
        "so save them as x.astype('float32'), or compare the model's answers alone with undertow "
        f"vary m.py:build --inputs {tmp_path / 'ids.npy'}"
    )


DYING = """
import os
import signal
import torch
from torch import nn

class Dying(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 2)

    def forward(self, x):
        if x.dtype == torch.bfloat16:
            print("about to reach far", flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        return self.head(x)

class Leaving(Dying):
    def forward(self, x):
        os._exit(3)

def build():
    return Dying()

def leaving():
    return Leaving()

def none():
    os._exit(0)
"""
OWN = (
    "That is the model's own code: call it in a script with python -X faulthandler, which shows the "
    "line; where memory ran out, give fewer examples or a smaller --batch"
)


@pytest.mark.heavy
def test_a_process_that_dies_is_told_with_the_variant_how_and_what_to_type(tmp_path: Path):
    (tmp_path / "model.py").write_text(DYING)
    np.save(tmp_path / "x.npy", np.zeros((4, 2), dtype=np.float32))
    said = {
        "build": "at bfloat16 its process ended by signal 11 (segmentation fault: its code reached "
        "into memory that is not its own); the last line that it wrote is 'about to reach far'. "
        "Leave it out with --without bfloat16",
        "leaving": "as the network was asked by itself its process ended with exit code 3; it wrote "
        f"nothing. {OWN}",
        "none": f"as the model was made its process ended with exit code 0; it wrote nothing. {OWN}",
    }
    for name, wanted in said.items():
        model = f"{tmp_path / 'model.py'}:{name}"
        asked = replace(
            REQUEST, model=model, inputs=str(tmp_path / "x.npy"), names=("eager", "bfloat16"),
            answers=str(tmp_path / "a.npz"),
        )  # fmt: skip
        with pytest.raises(UserError) as error:
            run_processes(asked, 1, tmp_path, lambda at: None)
        assert str(error.value) == f"{model}: {wanted}"


def test_variants_are_left_out():
    assert "csr" not in Settings(without=("csr",)).names_for("m.py:build")
    some = Settings(only=("csr", "bsr"), without=("csr",))
    assert some.names_for("m.py:build") == ("eager", "bsr")


def test_content_is_plain_json(found: Lottery):
    json.dumps(content(found), allow_nan=False)
    assert len(WORK) == 2


def test_what_is_not_typed_is_as_the_settings_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "undertow.lottery.lottery.lottery_of", lambda *given, **_: asked.append(given[4]) or "done"
    )
    done = CliRunner().invoke(app, ["lottery", "m.py:build", "--inputs", "x.npy"])
    assert done.exit_code == 0, done.output
    assert asked == [Settings()]


MODEL = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 4))
"""


@pytest.mark.heavy
def test_the_command_from_a_model_to_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)
    x = np.random.default_rng(0).normal(size=(200, 32)).astype("float32")
    np.savez("inputs.npz", x=x, labels=np.arange(200) % 4, ids=[f"e{i}" for i in range(200)])
    pl.DataFrame(
        {"example_id": [f"e{i}" for i in range(200)], "region": ["north", "south"] * 100}
    ).write_csv("examples.csv")
    command = [
        "lottery", "model.py:build", "--inputs", "inputs.npz", "--table", "examples.csv", "--by",
        "region", "--only", "masked-dense,csr", "--processes", "2", "--repeats", "2",
    ]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    told = json.loads(Path("lottery/lottery.json").read_text())
    assert [row["name"] for row in told["rows"]] == ["eager", "masked-dense", "csr"]
    assert told["notices"][0] == (
        "the model (Sequential): in train mode, and asked in eval mode here; call .eval() on the "
        "model."
    )
    assert told["rows"][1]["predicted"]["flops"] == pytest.approx(10, rel=0.02)
    assert told["rows"][1]["paid"]["of"] == 200
    again = [*command, "--calibration", "lottery/calibration.json", "--out", "again"]
    assert CliRunner().invoke(app, again).exit_code == 0
    assert Path("again/lottery.html").exists()


def test_a_wrong_answer_that_becomes_another_wrong_one_differs_too():
    table = pl.DataFrame({"example_id": ["a", "b", "c"], "label": ["cat", "cat", "cat"]})
    before, after = np.eye(3)[[0, 1, 1]], np.eye(3)[[1, 2, 0]]
    names = ("cat", "dog", "owl")
    paid = paid_by(table, {"eager": before, "csr": after}, names, (), 0.05)["csr"]
    assert (paid.differ, paid.of, paid.lost, paid.won) == (3, 3, 1, 1)
