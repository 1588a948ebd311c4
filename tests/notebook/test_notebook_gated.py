"""What ``compare(…).gate(policy)`` returns: the gate's decision on the same sides, which shows
itself."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import undertow
from notebooks import AGE, LABELS, NEW, OLD, frame
from undertow.audit.gate import Policy
from undertow.audit.gate.policy import read_policy
from undertow.audit.gate.rules import RULES
from undertow.errors import UserError
from undertow.gating import gate_paths
from undertow.notebook import Compared, Gated

POLICY = """
[[max_drop]]
points = 20

[[worst_slice_drop]]
by = "age"
points = 5
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "gate.toml"
    path.write_text(POLICY)
    return path


@pytest.mark.heavy
def test_frames_are_gated_as_their_files_are(tmp_path: Path, policy: Path):
    for name, answers in (("old", OLD), ("new", NEW)):
        frame(answers).write_csv(tmp_path / f"{name}.csv")
    sides = tmp_path / "old.csv", tmp_path / "new.csv"
    of_files = gate_paths(*sides, policy)
    gated = undertow.compare(frame(OLD), frame(NEW)).gate(policy)
    assert isinstance(gated, Gated)
    assert gated.result.decisions == of_files.decisions
    assert (gated.verdict, gated.reason, bool(gated)) == ("fail", of_files.reason, False)
    assert gated.reason.startswith(
        "1 of 3 required checks fails; it is worst_slice_drop on age=old"
    )
    assert undertow.compare(*sides).gate(policy).result.decisions == of_files.decisions


@pytest.mark.heavy
def test_arrays_are_gated_too(policy: Path):
    labels = pl.DataFrame({"label": LABELS, "age": AGE})
    assert undertow.compare(OLD, NEW, labels=labels).gate(policy).verdict == "fail"
    itself = undertow.compare(OLD, OLD.copy(), labels=labels)
    assert itself.gate(policy).verdict == "cannot tell"
    assert itself.gate(read_policy(policy).model_copy(update={"identical": "allowed"}))
    whole = Policy(rules=(RULES["max_drop"](points=20.0),))
    assert undertow.compare(OLD, NEW, labels=LABELS).gate(whole).verdict == "pass"


def test_what_is_no_policy_is_refused_in_one_line():
    takes = (
        "a policy is the path of a TOML file, such as 'gate.toml', or a Policy of "
        "undertow.audit.gate"
    )
    found = undertow.compare(frame(OLD), frame(NEW))
    for given, named in (
        ({"max_drop": 1.0}, "{'max_drop': 1.0} was given, of type dict"),
        (None, "None was given, of type NoneType"),
    ):
        with pytest.raises(UserError) as caught:
            found.gate(given)
        assert str(caught.value) == f"gate: {named}; {takes}"
        with pytest.raises(UserError) as caught:
            gate_paths("old.csv", "new.csv", given)
        assert str(caught.value) == f"gate: {named}; {takes}"


def test_the_decisions_are_a_frame(policy: Path):
    table = undertow.compare(frame(OLD), frame(NEW)).gate(policy).decisions
    assert table.select("rule", "slice", "value", "outcome").rows() == [
        ("max_drop", "all", "", "pass"),
        ("worst_slice_drop", "age", "old", "fail"),
        ("worst_slice_drop", "age", "young", "pass"),
    ]


@pytest.mark.heavy
def test_it_shows_itself(policy: Path):
    gated = undertow.compare(frame(OLD), frame(NEW)).gate(policy)
    lines = repr(gated).splitlines()
    assert lines[0] == f"FAIL: {gated.reason}"
    assert [line[:30] for line in lines[2:4]] == [
        "  ✓ Pass: max_drop on all: Acc",
        "  ✓ Pass: worst_slice_drop on ",
    ]
    assert lines[-1] == "The whole report, with the examples: .report('gate') writes it to a folder"
    shown = gated._repr_html_()
    assert shown.index("✗ Fail</p>") < shown.index("<code>worst_slice_drop</code> on <bdi>age=old")
    assert shown.index("✓ 2 checks pass.") < shown.index('<div class="undertow-audit"')
    assert shown.count("<div") == shown.count("</div>")


def test_hostile_names_stay_text(tmp_path: Path):
    old, new = (
        frame(answers).with_columns(pl.lit("<script>x</script>").alias("age"))
        for answers in (OLD, NEW)
    )
    path = tmp_path / "gate.toml"
    path.write_text('[[max_drop]]\non = "age"\npoints = 1\n')
    shown = undertow.compare({"<b>old": old}, {"<img src=x>": new}).gate(path)._repr_html_()
    assert "&lt;script&gt;x" in shown
    assert "<script" not in shown
    assert "<img" not in shown


def test_sides_that_the_policy_does_not_compare_are_a_verdict(tmp_path: Path):
    (tmp_path / "blessed.json").write_text(
        json.dumps({"name": "old", "content": "0" * 64, "members": 1, "examples": 600}
                   | {"accuracy": 0.5, "metric": None, "conditions": {}})
    )  # fmt: skip
    path = tmp_path / "gate.toml"
    path.write_text('blessed = "blessed.json"\n[[max_drop]]\npoints = 20\n')
    gated = undertow.compare(frame(OLD), frame(NEW)).gate(path)
    assert (gated.verdict, bool(gated)) == ("not comparable", False)
    assert gated.decisions.columns[:3] == ["rule", "variant", "slice"]
    assert gated.decisions.height == 0
    assert gated._repr_html_().count("The whole report, with the examples") == 1
    assert "is not the one that" in repr(gated)


@pytest.mark.heavy
def test_the_report_is_written_and_replaced_only_if_asked(tmp_path: Path, policy: Path):
    gated = undertow.compare(frame(OLD), frame(NEW)).gate(policy)
    page = gated.report(tmp_path / "gate")
    assert page == tmp_path / "gate/report.html"
    assert (tmp_path / "gate/junit.xml").is_file()
    assert f"The whole report, with the examples: {page}" in repr(gated)
    with pytest.raises(UserError) as caught:
        gated.report(tmp_path / "gate")
    assert str(caught.value) == (
        f"{tmp_path}/gate: holds report.html and 6 more files, which the new report would "
        "replace; give another folder, or replace them with force=True"
    )
    assert gated.report(tmp_path / "gate", force=True) == page


def test_what_cannot_be_gated_is_refused(tmp_path: Path):
    found = undertow.compare(frame(OLD), frame(NEW))
    with pytest.raises(UserError) as caught:
        found.gate(tmp_path / "gone.toml")
    assert str(caught.value) == (
        f"{tmp_path}/gone.toml: the policy cannot be read (No such file or directory); check the "
        "name"
    )
    with pytest.raises(UserError) as caught:
        Compared(found.audit).gate("gate.toml")
    assert str(caught.value) == (
        "gate: this audit was not made by undertow.compare, so its sides are not known; call "
        "undertow.compare(old, new).gate('gate.toml')"
    )
    (tmp_path / "gate.toml").write_text('[[worst_slice_drop]]\nby = "agee"\npoints = 5\n')
    with pytest.raises(UserError) as caught:
        found.gate(tmp_path / "gate.toml")
    assert str(caught.value) == (
        "population 'old' has no slice 'agee': did you mean 'age'? it can be sliced by class, age"
    )
