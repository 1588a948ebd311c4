"""A refusal with commands that write new files says what these are called, and what to type then."""

from __future__ import annotations

from pathlib import Path

import pytest

from test_cli import run
from undertow.cli.after_writing import with_what_to_type

POLICY = "[[max_drop]]\npoints = 1.0\n"
FLAGS = "--id qid --policy gate.toml"


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs what is typed in a folder with two tables of points beside labels."""
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text(POLICY)
    rows = [f"q{n},{20 + 60 * (n % 2)}.5,{n % 2}" for n in range(40)]
    for name in ("old", "new"):
        Path(f"{name}.csv").write_text("qid,score,label\n" + "\n".join(rows))
    return lambda line: run(*line.split())


def command(name: str) -> str:
    return (
        f'python -c \'import polars as pl; pl.read_csv("{name}.csv", infer_schema=False)'
        '.with_columns((pl.col("score").cast(float) / 100).round(12).alias("score"))'
        f'.write_csv("{name}-scaled.csv")\''
    )


def test_new_files_and_the_command_on_them_are_named(typed) -> None:
    found = typed(f"gate old.csv --against new.csv {FLAGS}")
    assert found.returncode == 2
    assert found.stderr == (
        "undertow: old.csv: column 'score' reaches from 20.5 to 80.5, and beside 'label' it is read "
        "as the probability of '1', from 0 to 1; if it is per cent, give the score above which it "
        f"decides with --threshold NUMBER, or scale all files so: {command('old')} && "
        f"{command('new')}; new files: old-scaled.csv and new-scaled.csv; then type: undertow gate "
        f"old-scaled.csv --against new-scaled.csv {FLAGS}\n"
    )


def with_argv(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr("sys.argv", ["undertow", *line.split()])


@pytest.mark.parametrize(
    ("before", "after", "line", "added"),
    [
        ("x: ", "", "audit . --against b.csv", "; new files: old-scaled.csv"),
        ("x, and leave --score out: ", "", "audit old.csv", "; new files: old-scaled.csv"),
        ("x: ", ", and give old-scaled.csv for old.csv", "audit old.csv", ""),
        (
            "x: ",
            "; else write all of them in one way",
            "audit old.csv::a --against b.csv",
            "; new files: old-scaled.csv; then type: undertow audit old-scaled.csv::a --against b.csv",
        ),
    ],
)
def test_no_command_is_made_up(
    before: str, after: str, line: str, added: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_argv(monkeypatch, line)
    said = f"{before}{command('old')}{after}"
    assert with_what_to_type(said) == f"{said}{added}"


def test_what_writes_no_file_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with_argv(monkeypatch, "audit old.csv")
    assert with_what_to_type("old.csv: has no rows") == "old.csv: has no rows"


def test_columns_of_other_names_may_take_other_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    with_argv(monkeypatch, "audit old.csv")
    said = command("old").replace("-scaled", "-flat")
    assert with_what_to_type(said) == f"{said}; new files: old-flat.csv"


def test_two_models_of_one_table_are_set_against_each_other(typed) -> None:
    rows = [f"q{n},0.{n % 9}1,0.{n % 7}3" for n in range(40)]
    Path("both.csv").write_text("qid,gpt_score,mini_score\n" + "\n".join(rows))
    assert typed("audit both.csv --min-count 5").stderr == (
        "undertow: audit both.csv --min-count 5: --against is missing; type, for example:\n"
        "  undertow audit both.csv::gpt_score --against both.csv::mini_score --score "
        "gpt_score,mini_score --id qid --min-count 5\n"
        "All options: undertow audit --help\n"
    )
