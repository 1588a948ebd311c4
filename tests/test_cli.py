"""The command line's own work: spreading values, exit codes, messages without traceback."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from unittest import mock

import polars as pl
import pytest
import typer

import undertow
from undertow.cli import app, main
from undertow.cli.spreading import groups, spread_out
from undertow.cli.start import options_without_value
from undertow.errors import UserError


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program in this process, which need not load polars and scipy once more for every
    test."""
    out, err = StringIO(), StringIO()
    with (
        mock.patch.object(sys, "argv", ["undertow", *arguments]),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def start(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, as a person starts it."""
    return subprocess.run(
        [sys.executable, "-m", "undertow", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def spread(given: list[str]) -> list[str]:
    """The arguments as click takes them."""
    return spread_out(given, options_without_value(typer.main.get_command(app)))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["a", "--against", "c", "d"], ["a", "--against", "c\0d"]),
        (
            ["a", "--against", "c", "d", "--against", "e"],
            ["a", "--against", "c\0d", "--against", "e"],
        ),
        (["a", "--against", "c", "--against", "d"], ["a", "--against", "c", "--against", "d"]),
        (
            ["a", "--against", "c", "--by", "x", "y"],
            ["a", "--against", "c", "--by", "x", "--by", "y"],
        ),
        (
            ["a", "--by=x", "--against", "c", "--out", "o"],
            ["a", "--by", "x", "--against", "c", "--out", "o"],
        ),
        (
            ["a", "--against=c", "d", "--by=x", "y"],
            ["a", "--against", "c\0d", "--by", "x", "--by", "y"],
        ),
        (
            ["--draws", "9", "a", "--paired", "b", "--against", "c"],
            ["--draws", "9", "a", "--paired", "b", "--against", "c"],
        ),
        (
            ["a", "--against", "c", "--tolerance", "-1", "--out=o"],
            ["a", "--against", "c", "--tolerance", "-1", "--out=o"],
        ),
        (
            ["a", "--against", "c", "-q", "--by", "x", "y"],
            ["a", "--against", "c", "-q", "--by", "x", "--by", "y"],
        ),
        (["--", "a"], ["--", "a"]),
        (["--help"], ["--help"]),
    ],
)
def test_options_that_take_several_values(given: list[str], taken: list[str]) -> None:
    assert spread(given) == taken


MISPLACED = (
    "{}: stands after --against but belongs to no option, so it is not clear whether it is "
    "reference or variant; write all files of the reference first, and all files of a variant "
    "right after its --against: REFERENCE … --against VARIANT … [OPTIONS]"
)


@pytest.mark.parametrize(
    "between",
    [
        ["--draws", "100"],
        ["--draws=100"],
        ["--paired"],
        ["-q"],
        ["--by=region", "--allow-partial"],
        ["--"],
    ],
)
def test_a_file_that_stands_apart_after_against_is_refused(
    tables: Path, between: list[str]
) -> None:
    """It would become part of the reference, and be compared with itself."""
    done = run("audit", "old.csv", "--against", "old.csv", *between, "new.csv", cwd=tables)
    assert (done.returncode, done.stderr) == (2, f"undertow: {MISPLACED.format('new.csv')}\n")


def test_files_after_an_equals_sign_are_members_of_the_variant() -> None:
    assert spread(["gate", "ref.csv", "--against=new2.csv", "new.csv"])[-1] == "new2.csv\0new.csv"


@pytest.mark.parametrize(
    "flag", [["--against"], ["--by", "--paired"], ["--by="], ["--against", ""]]
)
def test_a_flag_without_values_is_refused(flag: list[str]) -> None:
    name = flag[0].removesuffix("=")
    with pytest.raises(UserError) as caught:
        spread(["old.csv", *flag])
    said = f"{name}: a value is missing; write at least one after it, or leave it out"
    assert str(caught.value) == said


def test_what_stands_after_one_flag_stays_together() -> None:
    assert groups(["c\0d", "e"]) == [[Path("c"), Path("d")], [Path("e")]]


OLD = "example_id,prediction,label,region\n" + "".join(
    f"e{i},{'cat' if i % 3 else 'dog'},{'cat' if i % 3 else 'dog'},{'north' if i % 2 else 'south'}\n"
    for i in range(300)
)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "old.csv").write_text(OLD)
    lines = OLD.splitlines()
    broken = [
        line.replace(",cat,cat,north", ",dog,cat,north") if i < 200 else line
        for i, line in enumerate(lines)
    ]
    (tmp_path / "new.csv").write_text("\n".join(broken) + "\n")
    return tmp_path


def test_two_tables_give_a_verdict_and_a_report(tables: Path) -> None:
    done = start(
        "audit",
        "old.csv",
        "--against",
        "new.csv",
        "--by",
        "class",
        "region",
        "--out",
        "out",
        cwd=tables,
    )
    assert done.returncode == 0, done.stderr
    assert "region north pays most" in done.stdout or "class cat pays most" in done.stdout
    assert {p.name for p in (tables / "out").iterdir()} >= {
        "report.html",
        "report.json",
        "summary.md",
        "findings.parquet",
        "exemplars.parquet",
    }


@pytest.mark.heavy
def test_quiet_is_the_verdict_line_alone(tables: Path) -> None:
    command = ("audit", "old.csv", "--against", "new.csv")
    whole, quiet = run(*command, cwd=tables), run(*command, "-q", cwd=tables)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    (verdict,) = quiet.stdout.splitlines()
    assert verdict.startswith("WORSE: new loses ")
    assert verdict in whole.stdout.splitlines()
    assert (tables / "audit-2/report.html").is_file()


def test_two_sides_of_one_file_are_told_apart(tables: Path) -> None:
    rows = "".join(f"e{i},cat,cat,{'cat' if i % 2 else 'dog'}\n" for i in range(60))
    (tables / "wide.csv").write_text("example_id,label,fp32,int8\n" + rows)
    done = run("audit", "wide.csv::fp32", "--against", "wide.csv::int8", cwd=tables)
    found = "CSV (a header with example_id): 1 member, 60 examples"
    assert done.stdout.splitlines()[:2] == [
        f"reference wide.csv::fp32: {found}, 1 class",
        f"variant wide.csv::int8: {found}, 2 classes; positive class: 'dog', the last of the two; "
        "no name says so",
    ]


def test_a_missing_file_is_named_without_a_traceback(tables: Path) -> None:
    done = run("audit", "old.csv", "--against", "nowhere.csv", cwd=tables)
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_examples_are_not_comparable(tables: Path) -> None:
    (tables / "other.csv").write_text(
        OLD.replace("e", "f")
        .replace("fxamplf_id", "example_id")
        .replace("prfdiction", "prediction")
        .replace("labfl", "label")
        .replace("rfgion", "region")
    )
    done = run("audit", "old.csv", "--against", "other.csv", cwd=tables)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_an_unknown_slice_lists_what_there_is(tables: Path) -> None:
    done = run("audit", "old.csv", "--against", "new.csv", "--by", "regoin", cwd=tables)
    assert done.returncode == 2
    assert "regoin" in done.stderr
    assert "region" in done.stderr.replace("regoin", "")


def test_listing_needs_a_known_kind() -> None:
    done = run("list", "planets")
    assert done.returncode == 2
    assert (
        done.stderr
        == "undertow: cannot list 'planets': choose from studies, measures, instruments, "
        "interventions, probes, formats, rules\n"
    )


def test_the_rules_of_a_gate_are_listed_with_their_keys() -> None:
    done = run("list", "rules")
    assert done.returncode == 0
    assert (
        done.stdout
        == """\
max_drop              Accuracy (or the log's score) may fall by no more than so many points. \
[needs points; takes on, tier]
worst_slice_drop      No slice of a column may lose more than so many points. \
[needs points, by; takes min_count, tier]
max_churn             How many answers may change, right or wrong, beyond what a repeat run \
changes. [needs points; takes on, above, tier]
max_new_errors        How many examples that were right may become wrong. \
[takes on, above, points, count, tier]
calibration_shift     How far confidence may move away from accuracy. \
[needs points; takes on, tier]
must_not_flip         Examples that were right and must stay right, by their ids. \
[takes ids, file, tier]
min_realised_speedup  How many times faster the new model must be, in seconds that were measured, \
not in operations that were counted. [needs ratio; takes file, tier]
"""
    )


def test_measures_are_listed_with_their_papers() -> None:
    done = run("list", "measures")
    assert done.returncode == 0
    assert any(
        line.startswith("modal_disagreement ") and "1911.05248" in line
        for line in done.stdout.splitlines()
    )


@pytest.mark.heavy
def test_files_of_one_name_are_told_apart_by_their_folders(tables: Path) -> None:
    for side in ("old", "new"):
        (tables / side).mkdir()
        (tables / f"{side}.csv").rename(tables / side / "eval.csv")
    done = run("audit", "old/eval.csv", "--against", "new/eval.csv", "--out", "out", cwd=tables)
    assert done.returncode == 0, done.stderr
    assert "new/eval loses" in done.stdout


def test_numpy_waits_until_the_number_of_its_threads_is_set() -> None:
    """A report's last digits would otherwise depend on how many cores the machine has."""
    code = (
        "import os, sys; from undertow.cli import start as cli; early = 'numpy' in sys.modules; "
        "cli.one_blas_thread();print(early, os.environ['OPENBLAS_NUM_THREADS'])"
    )
    environment = {
        name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout.split() == ["False", "1"], done.stderr


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    rows = [f"e{i},{'blond' if i % 4 == 0 else 'dark'}" for i in range(400)]
    (tmp_path / "old.csv").write_text(
        "example_id,label,prediction\n" + "".join(f"{r},{r.split(',')[1]}\n" for r in rows)
    )
    wrong = [f"{r},{'dark' if i % 16 == 0 else r.split(',')[1]}\n" for i, r in enumerate(rows)]
    (tmp_path / "new.csv").write_text("example_id,label,prediction\n" + "".join(wrong))
    return tmp_path


def test_the_positive_class_can_be_named(binary: Path) -> None:
    done = run(
        "audit",
        "old.csv",
        "--against",
        "new.csv",
        "--positive",
        "blond",
        "--out",
        "out",
        cwd=binary,
    )
    assert done.returncode == 0, done.stderr
    rates = pl.read_parquet(binary / "out" / "findings.parquet").filter(
        (pl.col("measure") == "false_negative_rate") & (pl.col("slice") == "all")
    )
    assert rates["changed"].to_list() == [0.25]
    assert rates["n_examples"].to_list() == [100]


def test_a_positive_class_that_is_none_is_refused(binary: Path) -> None:
    done = run("audit", "old.csv", "--against", "new.csv", "--positive", "red", cwd=binary)
    assert done.returncode == 2
    assert done.stderr == (
        "undertow: --positive red: 'old' has the classes 'blond', 'dark'; name one of the two classes "
        "of a binary task\n"
    )


def test_a_folder_that_cannot_be_written_is_said_before_the_work(tables: Path) -> None:
    done = run("audit", "old.csv", "--against", "new.csv", "--out", "old.csv", cwd=tables)
    assert done.returncode == 2
    assert done.stdout == ""
    assert (
        done.stderr
        == "undertow: old.csv: the report cannot be written here (Not a directory). Give another "
        "--out.\n"
    )


def test_a_full_memory_is_one_line(tables: Path) -> None:
    with mock.patch("undertow.files.audit", side_effect=MemoryError("Unable to allocate 9 GiB")):
        done = run("audit", "old.csv", "--against", "new.csv", cwd=tables)
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: there is not enough memory for all these predictions at once; give fewer "
        "examples, members, variants"
        " or columns, or use a machine with more memory\n",
    )


def test_a_command_that_is_interrupted_exits_as_shells_expect(tables: Path) -> None:
    with mock.patch("undertow.files.audit", side_effect=KeyboardInterrupt):
        done = run("audit", "old.csv", "--against", "new.csv", cwd=tables)
    assert (done.returncode, done.stderr.strip()) == (130, "")
    assert not (tables / "audit").exists()


def test_what_was_converted_is_counted(tables: Path) -> None:
    done = run("convert", "old.csv", "--out", "records", cwd=tables)
    assert done.stdout.splitlines() == [
        "old.csv: CSV (a header with example_id): 1 member, 300 examples, 2 classes; positive class: "
        "'dog', the last of the two; no name says so",
        "written to records: 1 member, 300 examples",
    ]


def test_the_version_is_all_that_is_said_where_it_is_asked_for() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"undertow {undertow.__version__}\n",
        "",
    )
    before_a_command = run("--version", "list", "measures")
    assert (before_a_command.returncode, before_a_command.stdout) == (
        0,
        f"undertow {undertow.__version__}\n",
    )


def test_every_command_has_help_that_names_its_flags() -> None:
    for command in ("demo", "run", "audit", "gate", "bless", "convert", "list"):
        done = run(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert re.search(rf"Usage: \S.* {command} ", done.stdout), done.stdout


def test_a_traceback_is_shown_to_those_who_ask_for_it(tables: Path) -> None:
    with pytest.raises(UserError):
        run("--debug", "audit", "old.csv", "--against", "nowhere.csv", cwd=tables)


@pytest.mark.heavy
@pytest.mark.parametrize("package", ["torch", "PIL"])
@pytest.mark.parametrize("command", [["demo"], ["run", "digits_instrument", "--scale", "smoke"]])
def test_without_torch_a_command_that_trains_says_how_to_install_it(
    tmp_path: Path, package: str, command: list[str]
):
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['undertow', *{command!r}];"
        "from undertow.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"undertow: this command needs {package}, which is not installed; run pip install '.[lab]' "
        "in Undertow's"
        " checkout, or pip install 'PATH/TO/undertow.whl[lab]'\n"
    )
