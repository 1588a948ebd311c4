"""Every study runs; the instrument's study reads zero where there is nothing and more where there
is more."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from undertow.audit.dynamics.told import probe_columns
from undertow.audit.result import Audit
from undertow.lab.finished import asked_when_finished
from undertow.lab.probes import PredictionDepth
from undertow.listing import study_files
from undertow.run import load_study, run_study, run_study_named
from undertow.study import Results, Study, judge
from undertow.study.trained import Trained

TINY = """
from undertow.lab.data import Digits
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Study

def study(scale):
    dense = Population("dense", Digits(), MLP(hidden=(4,)), Recipe(epochs=1, batch=256, lr=0.05), members=2)
    return Study("tiny", "Who is told?", dense, (dense.under(WeightQuantization(4), name="int4"),))
"""


def run(name: str, scale: str, out: Path) -> tuple[Study, Audit]:
    study: Study = load_study(study_files()[name]).study(scale)
    return study, run_study(study, out, scale=scale).audit  # type: ignore[arg-type]


@pytest.mark.parametrize("name", study_files())
def test_a_study_declares_its_arms_and_claims_without_training(name: str) -> None:
    study: Study = load_study(study_files()[name]).study("small")
    assert study.name == name
    names = [study.reference.name, *(v.name for v in study.variants)]
    assert len(names) == len(set(names))
    assert len(study.claims) >= 5
    for heading in ("Question", "Reference", "Variants", "Measured", "Test", "Departures"):
        assert f"\n{heading} " in study.method


@pytest.mark.heavy
def test_digits_at_smoke_is_stamped_and_blames_nobody_where_nothing_changed(tmp_path: Path) -> None:
    _, audit = run("digits_instrument", "smoke", tmp_path)
    assert audit.scale == "smoke"
    assert "Smoke scale" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all("too few members for a shift to reach 5 %" in v.design[1] for v in audit.variants)
    again = audit.findings.filter(pl.col("variant") == "dense again")
    assert not set(again["verdict"]) & {"worse", "better"}


@pytest.mark.slow
def test_the_digits_experiment_reproduces_its_orderings_and_its_null(tmp_path: Path) -> None:
    study, audit = run("digits_instrument", "small", tmp_path)
    outcomes = {claim.text: judge(claim, Results(audit)) for claim in study.claims}
    assert {text: o.evidence for text, o in outcomes.items() if o.status != "held"} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in study_files() if n != "human_disagreement"])
def test_a_study_runs_at_smoke_to_the_end_of_its_page(name: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    run_study_named(name, "smoke", tmp_path / "out", results=results)
    page = (results / f"{name}.md").read_text(encoding="utf-8")
    assert "## Claims" in page


@pytest.mark.slow
def test_the_compression_study_has_all_its_arms_and_leaves_no_column_out(tmp_path: Path) -> None:
    _, audit = run("compression_bias", "smoke", tmp_path)
    assert {v.arm.name for v in audit.variants} >= {"dense again", "pruned 90 %", "int8", "int4"}
    # The data have more columns, and ``undertow run`` takes no ``--by`` to ask for them.
    assert not audit.not_looked_at


@pytest.mark.heavy
def test_a_study_sets_exemplars_against_controls_in_what_a_population_beside_it_tells(
    tmp_path: Path,
) -> None:
    (tmp_path / "tiny.py").write_text(TINY)
    study = load_study(tmp_path / "tiny.py").study("smoke")
    third, depth = study.reference.again("third"), PredictionDepth(k=5, part="test")

    def told(populations: Mapping[str, Trained]) -> pl.DataFrame:
        folder = populations["third"].folder
        return probe_columns(asked_when_finished(third, folder.parent, depth))

    study = replace(study, beside=(third,), told=told)
    audit = run_study(study, tmp_path / "out", scale="smoke").audit
    crossed = audit.variants[0].crossed
    assert crossed is not None
    assert [c.column for c in crossed.columns] == ["depth", "depth_by_label", "tied"]
    assert crossed.columns[0].unit == "layers"
    assert "What exemplars are like" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.heavy
@pytest.mark.parametrize("machine", [True, False])
def test_a_run_speaks_to_machines_in_json_alone_and_to_people_in_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], machine: bool
) -> None:
    (tmp_path / "tiny.py").write_text(TINY)
    report = run_study_named(str(tmp_path / "tiny.py"), "smoke", tmp_path / "out", json=machine)
    told = capfd.readouterr()
    assert report == tmp_path / "out" / "report.html"
    assert report.is_file()
    if not machine:
        assert told.out.endswith(f"\n\nReport: {report}\n")
        assert "4/4 members, int4 001" in told.err
        assert "{" not in told.out + told.err
        return
    events = [json.loads(line) for line in told.out.splitlines()]
    assert told.err == ""
    assert events[-1] == {"event": "report", "path": str(report)}
    assert [e["event"] for e in events].count("done") == 4
    assert (
        events[0]["text"]
        == f"tiny at scale smoke: 4 members in 2 populations, into {tmp_path / 'out'}"
    )


TWO = (
    TINY.replace("import Study", "import Comparison, Study").split("    dense")[0]
    + """
    def compared(name, width):
        dense = Population(f"{name} dense", Digits(), MLP((width,)), Recipe(epochs=1), members=2)
        return dense, (dense.under(WeightQuantization(4), name=f"{name} int4"),)
    return Study(
        "two", "Who is told?", *compared("narrow", 4),
        others=(Comparison("wide: 8", *compared("wide", 8)),),
    )
"""
)


@pytest.mark.heavy
def test_a_study_has_as_many_reports_as_comparisons(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO)
    report = run_study_named(str(tmp_path / "two.py"), "smoke", tmp_path / "out")
    others = tmp_path / "out" / "wide-8" / "report.html"
    first, other = (path.read_text(encoding="utf-8") for path in (report, others))
    assert "narrow int4" in first
    assert "wide int4" not in first
    assert "wide int4" in other
    assert "narrow int4" not in other
    page = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    headlines = [line for line in page.splitlines() if line.startswith("**")]
    assert [line.split(":")[0] for line in headlines] == ["**narrow dense", "**wide dense"]
    arms = page.split("## Arms")[1]
    for name in ("narrow", "wide"):
        assert f"| {name} dense | 2 |" in arms
        assert f"| {name} int4 (paired) | 2 |" in arms
        assert f"| slice | n | {name} dense % | {name} int4 |" in arms


@pytest.mark.heavy
def test_results_know_each_comparison_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO)
    study: Study = load_study(tmp_path / "two.py").study("smoke")
    found = run_study(study, tmp_path / "out", scale="smoke")
    assert found.names == ("narrow int4",)
    assert found.within("wide: 8").names == ("wide int4",)
    assert set(found.populations) == {
        f"{n} {a}" for n in ("narrow", "wide") for a in ("dense", "int4")
    }


def test_a_digit_that_is_edited_within_a_second_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytecode is told by a file's second and size."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    file = tmp_path / "mine.py"
    for digit in (1, 2):
        file.write_text(f"WIDTH = {digit}\ndef study(scale): ...\n")
        os.utime(file, (1e9, 1e9))
        assert digit == load_study(file).WIDTH
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
