"""Every study runs; the instrument's study reads zero where there is nothing and more where there is more."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.audit.result import Audit
from undertow.listing import study_files
from undertow.run import load_study, run_study
from undertow.study import Results, Study, judge


def run(name: str, scale: str, out: Path) -> tuple[Study, Audit]:
    study: Study = load_study(study_files()[name]).study(scale)
    return study, run_study(study, out, scale=scale)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", study_files())
def test_a_study_declares_its_arms_and_claims_without_training(name: str) -> None:
    study: Study = load_study(study_files()[name]).study("small")
    assert study.name == name
    names = [study.reference.name, *(v.name for v in study.variants)]
    assert len(names) == len(set(names))
    assert len(study.claims) >= 5
    for heading in ("Question", "Reference", "Variants", "Measured", "Test", "Departures"):
        assert f"\n{heading} " in study.method


def test_digits_at_smoke_is_stamped_and_decides_nothing(tmp_path: Path) -> None:
    _, audit = run("digits_instrument", "smoke", tmp_path)
    assert audit.scale == "smoke"
    assert "Smoke scale" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(v.design[1].startswith("2 + 2 members cannot reach 5%") for v in audit.variants)
    assert not set(audit.findings["verdict"]) & {"worse", "better"}
    assert audit.verdict == "too small to tell"


@pytest.mark.slow
def test_the_digits_experiment_reproduces_its_orderings_and_its_null(tmp_path: Path) -> None:
    study, audit = run("digits_instrument", "small", tmp_path)
    outcomes = {claim.text: judge(claim, Results(audit)) for claim in study.claims}
    assert {text: o.evidence for text, o in outcomes.items() if o.status != "held"} == {}


@pytest.mark.slow
def test_the_compression_study_runs_at_smoke(tmp_path: Path) -> None:
    _, audit = run("compression_bias", "smoke", tmp_path)
    assert {v.arm.name for v in audit.variants} >= {"dense again", "pruned 90 %", "int8", "int4"}
