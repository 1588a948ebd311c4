"""The page that compares tools: its readers of logs and of other tools' words say what is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from undertow import first_minute
from undertow.notebook import compare

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import why  # noqa: E402
import why_tools  # noqa: E402

COMPARE = """
BLOCK — 3 regressions, 1 improvements out of 40 paired samples — significant
VERDICT: BLOCK  (mcnemar p=0.0007, effect=0.0500 > 0.01)
  ar  ████   48.8% →  38.8%  (-10.0%)  BROKE ⚠
  fr  ████   66.2% →  68.8%  (+2.5%)  HELD
FLIP SUMMARY  (40 paired samples)
  Regressions:        3  ▓▓▓  (baseline right, candidate wrong) (7.5%)
  Improvements:       1  ▒▒  (baseline wrong, candidate right) (2.5%)
  p-value: 0.000742
  Effect size: 0.05 (net regression rate over paired samples)
  95% CI: [0.0161, 0.0647]
"""
AGAIN = "PASS — 2 regressions, 0 improvements (40 samples, not significant)"
GATE = "\nNO-GO\nPolicy:    policy.yaml\n    - 95% CI on damage [0.0209, 0.0599] exceeds threshold"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why") / "smollm2"
    first_minute.write(first_minute.find("smollm2"), folder)
    return folder


def test_answers_are_the_lines_that_name_a_question() -> None:
    printed = "loss: -4.0 points (-6.1 to -2.0): low-cost\nequal:\nWarning: none\nno line\n"
    assert why_tools.answers_in(printed) == {"loss": "−4.0 points (−6.1 to −2.0): low-cost"}


def test_nemo_is_read_off_what_it_prints() -> None:
    assert why_tools.nemo_answers(COMPARE, AGAIN, GATE) == {
        "loss": "−5.0 points (−6.5 to −1.6), p 0.0007 one-sided, paired, examples taken alone; "
        "`compare` says BLOCK",
        "languages": "marks 1 of 2 as BROKE (ar): those that moved by over a point, if the whole "
        "is significant; not corrected",
        "changed": "10.0 % changed between right and wrong, from one wrong answer to another not "
        "counted; the repeat run, as a comparison of its own, 5.0 %",
        "release": "NO-GO (95 % limits −6.0 and −2.1, articles as clusters)",
        "examples": "3 regressions with `--show-flips`, answers cut to 80 characters",
        "equal": "the name of the benchmark; examples are joined by their number",
    }


def test_what_is_not_in_the_output_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not in what was printed: other words"):
        why_tools.nemo_answers("other words", AGAIN, GATE)


def test_what_was_kept_of_nemo_is_what_its_output_says() -> None:
    kept = json.loads((ROOT / "docs/why-nemo.json").read_text())["told"]
    assert list(kept) == list(why.VARIANTS)
    for told in kept.values():
        compare_said, rest = told["printed"].split("\n\nPASS — ")
        again, gate = rest.split("\n\n", 1)
        assert why_tools.nemo_answers(compare_said, "PASS — " + again, gate) == told["answers"]


@pytest.mark.heavy
def test_lm_eval_is_tested_by_its_own_errors(logs: Path) -> None:
    told = why_tools.snippet("with_lm_eval", "int4", logs)
    assert told.answers == {
        "loss": "udhr_continuation −4.0 points, standard error 3.1, p 0.19; udhr_word_order −4.0 "
        "points, standard error 3.0, p 0.18; both together −4.0 points, standard error 2.2, "
        "p 0.06; as if the two runs had answered different questions"
    }


@pytest.mark.heavy
def test_nemo_is_given_the_same_case(logs: Path, tmp_path: Path) -> None:
    """Converted and read back: as many examples, the same loss and the same languages."""
    pytest.importorskip("pandas")
    script = str(why_tools.CODE / "to_nemo.py")
    command = [sys.executable, script, str(tmp_path / "nemo"), "language"]
    subprocess.run(command, cwd=logs, check=True)
    wanted = {"ar": -0.1, "fr": 0.025, "": -0.0403846}
    for old, new, by in (
        (logs / "reference", logs / "int4", "language"),
        (tmp_path / "nemo/reference", tmp_path / "nemo/int4", "category"),
    ):
        found = compare(old, new, by=by).findings.filter(measure="accuracy")
        assert found["n_examples"].max() == 1040
        effects = dict(found.select(pl.col("value").fill_null(""), "effect").iter_rows())
        assert {name: effects[name] for name in wanted} == pytest.approx(wanted, abs=1e-6)


def test_a_cell_says_what_a_tool_answers_or_that_it_does_not() -> None:
    told = why_tools.Told("code", "printed", {"loss": "a | b"})
    said = {tool: {"int4": told} for tool in why.TOOLS}
    (loss, equal) = why.rows(said, "int4", ["loss", "equal"])
    assert loss == [why_tools.QUESTIONS["loss"], *["a \\| b"] * 5]
    assert equal[1] == "not answered"
    assert equal[3] == "not answered: the lengths only"
