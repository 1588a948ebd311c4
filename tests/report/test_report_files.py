"""The audit folder: six files, whole or not at all, the same bytes each time."""

from __future__ import annotations

import json
import math
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import audits
import gates
from undertow.audit.findings import FINDING_COLUMNS
from undertow.audit.gate.result import GateResult
from undertow.audit.result import EXEMPLAR_COLUMNS, Audit
from undertow.errors import UserError
from undertow.report import write_report

FILES = [
    "exemplars.parquet",
    "findings.parquet",
    "flips.parquet",
    "report.html",
    "report.json",
    "summary.md",
]


def test_writes_six_files_and_returns_the_page(tmp_path: Path):
    made = write_report(audits.garments((0.9,)), tmp_path / "new" / "folder")
    assert made == tmp_path / "new" / "folder" / "report.html"
    assert sorted(p.name for p in made.parent.iterdir()) == FILES


@pytest.mark.parametrize(
    "name",
    [
        "garments",
        *(pytest.param(name, marks=pytest.mark.heavy) for name in ("hostile", "many_classes")),
    ],
)
def test_same_audit_same_bytes(name: str, tmp_path: Path):
    audit = getattr(audits, name)()
    first, second = (
        write_report(audit, tmp_path / "a").parent,
        write_report(audit, tmp_path / "b").parent,
    )
    for file in FILES:
        assert (first / file).read_bytes() == (second / file).read_bytes(), file


def test_tables_come_back_as_they_were(tmp_path: Path):
    audit = audits.one_member()
    folder = write_report(audit, tmp_path).parent
    findings = pl.read_parquet(folder / "findings.parquet")
    assert_frame_equal(findings, audit.findings)
    assert findings.schema == pl.Schema(FINDING_COLUMNS)
    assert math.isnan(findings["floor"][0])
    assert pl.read_parquet(folder / "exemplars.parquet").schema == pl.Schema(EXEMPLAR_COLUMNS)


def test_json_names_its_format_holds_every_field_and_writes_undefined_as_null(tmp_path: Path):
    audit = audits.one_member()
    text = (write_report(audit, tmp_path).parent / "report.json").read_text("ascii")
    content = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert content["format"] == "undertow-report/1"
    assert {f.name for f in fields(Audit)} <= set(content)
    assert len(content["findings"]) == audit.findings.height
    assert set(content["findings"][0]) == set(FINDING_COLUMNS)
    assert content["findings"][0]["floor"] is None
    assert content["variants"][0]["count"] is None
    assert content["variants"][0]["arm"]["facts"] == {"sparsity": 0.9}
    shown = content["variants"][0]["gallery"][0]["exemplar"]
    assert shown["reference"]["shares"][0][0] in audits.GARMENTS
    assert shown["image"]["base64"].startswith("iVBORw0KGgo")


@pytest.mark.heavy
@pytest.mark.parametrize("step", [1, 5, 9])
def test_a_failed_write_leaves_the_old_files_and_no_scraps(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_report(audits.garments((0.5,)), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    moved: list[object] = []

    def full(source: object, target: object, _real: Any = os.replace) -> None:
        moved.append(target)
        if len(moved) == step:
            raise OSError(28, "No space left on device")
        _real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError) as refused:
        write_report(audits.garments((0.95,)), tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: the report cannot be written here (No space left on device). Give another "
        "--out."
    )
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path):
    taken = tmp_path / "taken"
    taken.write_text("x")
    with pytest.raises(UserError) as refused:
        write_report(audits.garments((0.5,)), taken)
    assert (
        str(refused.value)
        == f"{taken}: the report cannot be written here (File exists). Give another --out."
    )


def test_a_gate_adds_its_test_results_and_nothing_without_an_audit_is_left_from_before(
    tmp_path: Path,
):
    write_report(*_places("gated", tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*FILES, "junit.xml"])
    write_report(*_places("refused", tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "junit.xml",
        "report.html",
        "report.json",
        "summary.md",
    ]
    write_report(audits.garments((0.5,)), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == FILES


def test_test_results_of_others_are_left_alone(tmp_path: Path):
    (tmp_path / "junit.xml").write_text('<testsuites name="theirs"/>')
    for level in (0.5, 0.9):
        write_report(audits.garments((level,)), tmp_path)
        assert (tmp_path / "junit.xml").read_text() == '<testsuites name="theirs"/>'


@pytest.mark.parametrize(
    "name", ["gated", "refused", pytest.param("hostile_gate", marks=pytest.mark.heavy)]
)
def test_the_same_gate_gives_the_same_bytes(name: str, tmp_path: Path):
    first, second = (write_report(*_places(name, tmp_path / side)).parent for side in "ab")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def _places(name: str, folder: Path) -> tuple[Audit | None, Path, GateResult | None]:
    audit, gate = gates.made(name)
    return audit, folder, gate
