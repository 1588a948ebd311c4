"""``undertow examine``: from a trace to a page, tables and text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import undertow
from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.examined.table import KINDS
from undertow.cli import app
from undertow.errors import UserError
from undertow.examine import examine_training
from undertow.report.examined.files import FILES, contents_of
from wrong_labels import noisy

CLASSES = ("ant", "bee", "cat", "dog", "eel")
HOSTILE = "<script>alert(1)</script>\x1b[31m‮\"'&"


def logits_of(values) -> np.ndarray:
    """(M, E, N, C) that give the margins and answers of a trace."""
    margin_MNE, predicted_MNE = values.values["margin"], values.values["predicted"]
    M, N, E = margin_MNE.shape
    logits = np.full((M, E, N, 5), -6.0)
    for m in range(M):
        for e in range(E):
            rows, margin_N = np.arange(N), margin_MNE[m, :, e].astype(float)
            other_N = np.where(
                predicted_MNE[m, :, e] == values.label_N,
                (values.label_N + 1) % 5,
                predicted_MNE[m, :, e],
            )
            logits[m, e, rows, other_N] = 0
            logits[m, e, rows, values.label_N] = np.maximum(margin_N, -5.9)
    return logits


@pytest.fixture(scope="module")
def npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    values, _ = noisy(N=900)
    path = tmp_path_factory.mktemp("npz") / "mine.npz"
    ids = values.example_id_N.to_list()
    np.savez(path, logits=logits_of(values), labels=values.label_N, ids=ids, classes=CLASSES)
    return path


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return noisy(N=900)[1]


@pytest.mark.heavy
def test_the_tables_hold_what_the_page_tells(npz: Path, truth: np.ndarray, tmp_path: Path):
    said = examine_training(npz, out=tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(FILES)
    table = pl.read_csv(tmp_path / "new" / "examples.csv")
    assert table.columns == [
        "example_id", "given", "verdict", "reason", *KINDS, "standing", "looks", "share_given", "instead",
        "share_instead", "agreement", "known_wrong", *(i.card.name for i in all_instruments()),
    ]  # fmt: skip
    assert table.height == 900
    wrong = table.filter(pl.col("verdict") == "likely mislabelled")
    known = set(np.flatnonzero(truth))
    assert np.mean([int(each[1:]) in known for each in wrong["example_id"]]) > 0.9
    check = pl.read_csv(tmp_path / "new" / "to_check.csv")
    assert set(check["example_id"]) == set(wrong["example_id"])
    assert check["standing"].is_sorted()
    assert (check["given"] != check["suggested"]).all()
    assert set(check["suggested"]) <= set(CLASSES)
    summary = json.loads((tmp_path / "new" / "examined.json").read_text())
    assert summary["format"] == "undertow-examined/1"
    assert summary["counts"]["likely mislabelled"] == wrong.height
    share = summary["share_wrong"]
    assert share["low"] <= truth.mean() <= share["high"]
    lines = said.splitlines()
    assert lines[0] == (
        "logits of each epoch in an npz: 3 members, 900 examples, 6 epochs; told by the first "
        f"{summary['first_epochs_used']}, where wrong labels are expected to be told best"
    )
    atypical = summary["counts"]["atypical"]
    moves = "an order, not a group: the line to typical moves with the data"
    assert f"{atypical} atypical ({moves})" in lines[3]
    page = (tmp_path / "new" / "index.html").read_text()
    assert "Training examples, read from <bdi>logits of each epoch in an npz</bdi>" in page
    assert f'{atypical}</dd><dd class="note">{moves}</dd>' in page
    assert lines[2] == (
        f"{wrong.height} of 900 labels look wrong; only a look tells whether they are: right "
        "labels of overlapping classes or rare subgroups look the same."
    )
    alike = (
        "Nothing here tells a rightly labelled example that looks like another class from one that "
        "is mislabelled: look at the list before you relabel."
    )
    assert summary["caveat"] == f"{lines[2]} {alike}"
    assert alike in said
    assert alike in (tmp_path / "new" / "index.html").read_text()
    assert summary["recall"] is None
    assert lines[-1] == f"written to {tmp_path / 'new'}: open index.html in a browser"
    assert [line.split()[0] for line in lines[-12:-2]] == check["example_id"].to_list()[:10]


@pytest.mark.heavy
def test_equal_input_gives_equal_bytes(npz: Path, tmp_path: Path):
    for name in ("a", "b"):
        examine_training(npz, out=tmp_path / name)
    for file in FILES:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.heavy
def test_the_page_shows_inputs_and_carries_no_script(npz: Path, tmp_path: Path):
    rows = "".join(f"e{n:05d},text number {n}\n" for n in range(900))
    (tmp_path / "texts.csv").write_text(f"example_id,input\n{rows}")
    examine_training(npz, out=tmp_path / "with", inputs=tmp_path / "texts.csv")
    page = (tmp_path / "with" / "index.html").read_text()
    assert "text number" in page
    assert "--inputs" not in page
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert page.count('<svg class="curve"') == page.count('class="card"') > 60
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in ids
    examine_training(npz, out=tmp_path / "without")
    page = (tmp_path / "without" / "index.html").read_text()
    assert "no pictures or texts of its training examples. Give --inputs FILE:" in page


@pytest.mark.heavy
def test_the_list_has_what_a_person_looks_at_and_inputs_are_counted(npz: Path, tmp_path: Path):
    (tmp_path / "one.png").write_bytes(b"")
    rows = "".join(f'e{n:05d},"text, =1 and {n}"\n' for n in range(600))
    (tmp_path / "texts.csv").write_text(f"example_id,input\n{rows}")
    said = examine_training(npz, out=tmp_path / "out", inputs=tmp_path / "texts.csv")
    check = pl.read_csv(tmp_path / "out" / "to_check.csv")
    assert check.columns == [
        "example_id", "given", "suggested", "p_mislabelled", "share_given", "share_instead",
        "agreement", "standing", "input",
    ]  # fmt: skip
    for row in check.iter_rows(named=True):
        n = int(row["example_id"][1:])
        assert row["input"] == (f"text, =1 and {n}" if n < 600 else None)
    assert said.splitlines()[1] == "texts.csv has 600 of 900 examples."
    page = (tmp_path / "out" / "index.html").read_text()
    assert "texts.csv has 600 of 900 examples." in page
    rows = "".join(f"e{n:05d},{n}.png\n" for n in range(90))
    (tmp_path / "paths.csv").write_text(f"example_id,input\n{rows}")
    said = examine_training(npz, out=tmp_path / "paths", inputs=tmp_path / "paths.csv")
    assert said.splitlines()[1] == (
        "paths.csv has 90 of 900 examples: few. Check that its example_id are those of the trace."
    )
    check = pl.read_csv(tmp_path / "paths" / "to_check.csv").drop_nulls("input")
    assert check.height
    assert check["input"].to_list() == [f"{int(each[1:])}.png" for each in check["example_id"]]


@pytest.mark.heavy
def test_no_file_has_a_text_that_a_spreadsheet_runs(tmp_path: Path):
    values, _ = noisy(N=400)
    ids = [f"=HYPERLINK({n})" for n in range(400)]
    classes = [f"@{k}" for k in range(5)]
    path = tmp_path / "h.npz"
    np.savez(path, logits=logits_of(values), labels=values.label_N, ids=ids, classes=classes)
    (tmp_path / "t.jsonl").write_text(
        "".join(json.dumps({"example_id": each, "input": "+1+1"}) + "\n" for each in ids)
    )
    examine_training(path, out=tmp_path / "out", inputs=tmp_path / "t.jsonl")
    for name, texts in (
        ("examples.csv", ["example_id", "given", "instead"]),
        ("to_check.csv", ["example_id", "given", "suggested", "input"]),
    ):
        table = pl.read_csv(tmp_path / "out" / name)
        assert table.height
        for text in texts:
            assert table[text].drop_nulls().str.contains("^'[=@+]").all()
        assert set(table["example_id"].str.replace("^'", "")) <= set(ids)
        assert table["standing"].dtype == pl.Float64


@pytest.mark.heavy
def test_hostile_text_stays_text(tmp_path: Path):
    values, _ = noisy(N=400)
    ids = [f"{HOSTILE}{n}" for n in range(400)]
    classes = [f"{HOSTILE}{k}" for k in range(5)]
    path = tmp_path / "h.npz"
    np.savez(path, logits=logits_of(values), labels=values.label_N, ids=ids, classes=classes)
    said = examine_training(path, out=tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in said
    assert "\u202e" not in said


@pytest.mark.heavy
def test_known_wrong_labels_are_told_by_a_recorder_and_left_out(tmp_path: Path):
    values, wrong_N = noisy(N=900, wrong=0.2)
    logits_MENC, ids = logits_of(values), values.example_id_N.to_list()
    planted_N = wrong_N & (np.arange(900) % 2 == 0)
    true = np.where(planted_N, (values.label_N + 1) % 5, values.label_N)
    train = {
        "example_id": ids,
        "label": values.label_N,
        "true_label": [CLASSES[k] for k in true],
        "site": ["north" if n % 3 else "south" for n in range(900)],
    }
    test = {"example_id": ["t"], "label": [0]}
    folder = tmp_path / "run"
    with undertow.Recorder(folder, test, classes=CLASSES, train=train) as recorder:
        for m in range(3):
            member = recorder.member(m, seeds=m)
            for epoch in range(6):
                member.saw(ids, logits_MENC[m, epoch], epoch=epoch)
            member.answers(["t"], logits=np.zeros((1, 5)))
    said = examine_training(folder, out=tmp_path / "out", by="site")
    check = pl.read_csv(tmp_path / "out" / "to_check.csv")
    planted = {ids[n] for n in np.flatnonzero(planted_N)}
    assert check.height > 50
    assert not planted & set(check["example_id"])
    assert f"Calibrated on {planted_N.sum()} labels of this record" in said
    summary = json.loads((tmp_path / "out" / "examined.json").read_text())
    assert summary["known_wrong"] == planted_N.sum()
    assert summary["calibrated"]
    page = (tmp_path / "out" / "index.html").read_text()
    assert "north" in page
    assert "south" in page
    with pytest.raises(UserError) as refused:
        examine_training(folder, out=tmp_path / "again", by="place")
    assert str(refused.value) == (
        "--by place: the training part has no such column; it has true_label, site"
    )


@pytest.mark.heavy
def test_embedded_pictures_need_no_file(tmp_path: Path):
    from undertow.lab.data.fashion_mnist.fashion import FashionMNIST

    values, _ = noisy(N=600)
    ids = FashionMNIST().load().train.example_id_N[:600]
    path = tmp_path / "f.npz"
    np.savez(path, logits=logits_of(values), labels=values.label_N, ids=ids)
    examine_training(path, out=tmp_path / "out")
    assert (tmp_path / "out" / "index.html").read_text().count("data:image/png;base64") > 50


@pytest.mark.heavy
def test_the_command(npz: Path, tmp_path: Path):
    runner = CliRunner()
    asked = ["examine", str(npz), "--out", str(tmp_path / "out")]
    done = runner.invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "labels look wrong; only a look tells whether they are" in done.output
    again = runner.invoke(app, asked)
    assert str(again.exception) == (
        f"{tmp_path / 'out'}: holds index.html and 3 more files, which the new report would "
        "replace; give another name after --out, or replace them with --force"
    )
    assert runner.invoke(app, [*asked, "--force"]).exit_code == 0


@pytest.mark.heavy
def test_what_another_run_wrote_meanwhile_is_not_replaced(npz: Path, tmp_path: Path, monkeypatch):
    """Both were asked for before any was there."""
    out, made = tmp_path / "out", contents_of

    def slow(*given):
        out.mkdir(exist_ok=True)  # held by this run already
        (out / "index.html").write_text("of another run")
        return made(*given)

    monkeypatch.setattr("undertow.examine.contents_of", slow)
    done = CliRunner().invoke(app, ["examine", str(npz), "--out", str(out)])
    assert str(done.exception) == (
        f"{out}: holds index.html, which the new report would replace; give another name after "
        "--out, or replace it with --force"
    )
    assert [path.name for path in out.iterdir()] == ["index.html"]
    assert (out / "index.html").read_text() == "of another run"


def test_too_few_examples_get_no_verdict(tmp_path: Path):
    values, _ = noisy(N=120)
    path = tmp_path / "few.npz"
    np.savez(path, logits=logits_of(values), labels=values.label_N)
    assert examine_training(path, out=tmp_path / "out").splitlines()[2:6] == [
        "No label is called mislabelled.",
        "0 likely mislabelled, 0 atypical, 0 typical, 120 cannot tell.",
        "Share of wrong labels: cannot tell.",
        "There are too few examples: fewer than 300 were seen whose labels are not known to be "
        "wrong.",
    ]
