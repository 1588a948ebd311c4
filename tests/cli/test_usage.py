"""What is said where a command cannot be run as typed: all of it, with what to type instead."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from rich.text import Text

from test_cli import run, start
from undertow.cli import app
from undertow.cli.usage import EXAMPLES, EXITS, FIRST

AUDIT = """\
  undertow audit old.csv --against new.csv
  undertow audit logs/fp16 --against logs/int4 --by language
All options: undertow audit --help
"""
GATE = """\
  undertow gate logs/fp16 logs/fp16-again --suggest gate.toml
  undertow gate logs/fp16 logs/fp16-again --against logs/int4 --policy gate.toml
All options: undertow gate --help
"""
RUN = "  undertow run compression_bias --scale demo\nAll options: undertow run --help\n"
BLESS = "  undertow bless logs/fp16 --out blessed.json\nAll options: undertow bless --help\n"
CONVERT = "  undertow convert old.csv --out population\nAll options: undertow convert --help\n"
LIST = "  undertow list formats\nAll options: undertow list --help\n"
INTEGER = "input should be a valid integer, unable to parse string as an integer"
NUMBER = "input should be a valid number, unable to parse string as a number"

REFUSED = {
    "audit": f"audit: REFERENCE is missing; type, for example:\n{AUDIT}",
    "audit --against b.csv": (
        f"audit --against b.csv: REFERENCE is missing; type, for example:\n{AUDIT}"
    ),
    "audit a.csv b.csv": f"audit a.csv b.csv: --against is missing; type, for example:\n{AUDIT}",
    "gate": f"gate: REFERENCE is missing; type, for example:\n{GATE}",
    "gate a.csv": f"gate a.csv: --against is missing; type, for example:\n{GATE}",
    "gate a.csv --policy gate.toml": (
        f"gate a.csv --policy gate.toml: --against is missing; type, for example:\n{GATE}"
    ),
    "run": f"run: STUDY is missing; type, for example:\n{RUN}",
    "bless": f"bless: REFERENCE is missing; type, for example:\n{BLESS}",
    "convert": f"convert: PATHS is missing; type, for example:\n{CONVERT}",
    "convert a.csv": f"convert a.csv: --out is missing; type, for example:\n{CONVERT}",
    "list": f"list: WHAT is missing; type, for example:\n{LIST}",
    "audti a.csv": "no such command 'audti'. Did you mean 'audit'? See undertow --help\n",
    "frobnicate": "no such command 'frobnicate'; see undertow --help\n",
    "--nope audit": "no such option: --nope; see undertow --help\n",
    "audit a.csv --against b.csv --frob": (
        "audit: no such option: --frob (Possible options: --by, --cross, --force); see undertow audit --help\n"
    ),
    "audit a.csv --against b.csv --colour red": (
        "audit: no such option: --colour (Possible options: --cluster, --columns-from, --score); see "
        "undertow audit --help\n"
    ),
    "audit a.csv --against b.csv --draws many": (
        f"audit: --draws many: {INTEGER}; see undertow audit --help\n"
    ),
    "audit a.csv --against b.csv --seed=2.5": (
        f"audit: --seed 2.5: {INTEGER}; see undertow audit --help\n"
    ),
    "gate a.csv --against b.csv --tolerance low": (
        f"gate: --tolerance low: {NUMBER}; see undertow gate --help\n"
    ),
    "audit a.csv --against b.csv --draws": (
        "audit: option '--draws' requires an argument; see undertow audit --help\n"
    ),
    "list formats measures": (
        "list: got unexpected extra argument(s) (measures); see undertow list --help\n"
    ),
    "audit a.csv --against b.csv --generalise-to all": (
        "--generalise-to all: choose auto, examples, members, both\n"
    ),
    "audit a.csv --against b.csv --missing maybe": "--missing maybe: choose refuse or wrong\n",
    "audit a.csv --against b.csv --draws 9": (
        "draws is 9: fewer than 100 rearrangements say too little, give at least 100\n"
    ),
    "audit a.csv --against b.csv --tolerance 150": (
        "--tolerance 150: is in points, which must lie between 0 and 100; 2.5 is two and a half "
        "points: --tolerance 2.5\n"
    ),
    "gate a.csv --against b.csv --tolerance-overall 0": (
        "--tolerance-overall 0: is in points, which must lie between 0 and 100; 2.5 is two and a "
        "half points: --tolerance-overall 2.5\n"
    ),
    "audit a.csv --against b.csv --level 2": (
        "level is 2: it must lie between 0 and 1 (0 and 100 points)\n"
    ),
    "audit a.csv --against b.csv --seed -1": "seed is -1: give 0 or a larger whole number\n",
    "audit a.csv --against b.csv --min-count 0": (
        "min_count is 0: a crossing has at least 1 example\n"
    ),
    "convert a.csv --out o --name a b": (
        "--name a b: one population has one name; write the files before --name, and one name "
        "after it\n"
    ),
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused(arguments: str) -> None:
    done = run(*shlex.split(arguments))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"undertow: {REFUSED[arguments]}")


OWN = {
    "gate old.csv new.csv": (
        "  undertow gate old.csv --against new.csv --policy gate.toml\n"
        "  undertow gate old.csv new.csv --suggest gate.toml\n"
    ),
    "gate old.csv new.csv --policy p.toml": (
        "  undertow gate old.csv --against new.csv --policy p.toml\n"
    ),
    "gate both.csv": (
        "  undertow gate both.csv::a --against both.csv::b --id id --member model "
        "--policy gate.toml\n"
    ),
    "gate both.csv --policy p.toml": (
        "  undertow gate both.csv::a --against both.csv::b --id id --member model --policy p.toml\n"
    ),
    "audit both.csv": "  undertow audit both.csv::a --against both.csv::b --id id --member model\n",
    "audit old.csv new.csv": "  undertow audit old.csv --against new.csv\n",
}


@pytest.mark.parametrize("arguments", OWN)
def test_a_person_s_own_files_are_what_to_type(arguments: str, tmp_path: Path) -> None:
    rows = "".join(f"{n},{'xyy'[n % 3]},{'xy'[n % 2]}\n" for n in range(40))
    for name in ("old", "new"):
        (tmp_path / f"{name}.csv").write_text(f"id,prediction,label\n{rows}")
    both = "".join(f"{model},{row}\n" for model in "ab" for row in rows.splitlines())
    (tmp_path / "both.csv").write_text(f"model,id,prediction,label\n{both}")
    (tmp_path / "p.toml").write_text("[[max_drop]]\npoints = 1.0\n")
    done = run(*shlex.split(arguments), cwd=tmp_path)
    command = arguments.split()[0]
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        f"undertow: {arguments}: --against is missing; type, for example:\n{OWN[arguments]}"
        f"All options: undertow {command} --help\n",
    )


def test_what_was_typed_is_shown_without_what_a_terminal_obeys() -> None:
    done = run("audit", "\x1b]0;owned\x07a.csv", "b\r\n.csv")
    assert done.stderr.splitlines()[0] == (
        "undertow: audit 'a.csv' 'b .csv': --against is missing; type, for example:"
    )


def test_alone_the_program_shows_its_help_and_a_first_command() -> None:
    alone, asked = run(), run("--help")
    assert (alone.returncode, asked.returncode, alone.stderr) == (2, 0, "")
    assert alone.stdout == asked.stdout
    assert alone.stdout.strip().splitlines()[-1].strip() == f"To begin: {FIRST}"


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_ends_in_examples_and_exit_codes(command: str) -> None:
    said = " ".join(run(command, "--help").stdout.split())
    for example in EXAMPLES[command]:
        assert example in said
    assert said.endswith(f" Exit code {EXITS.get(command, '0 done, 2 usage or input error.')}")


@pytest.mark.parametrize("example", [e for c in ("audit", "bless", "convert") for e in EXAMPLES[c]])
def test_examples_can_be_typed(tmp_path: Path, example: str) -> None:
    rows = "".join(f"e{i},cat,cat,{i % 2}\n" for i in range(40))
    for name in ("old.csv", "new.csv", "logs/fp16/a.csv", "logs/int4/a.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("example_id,prediction,label,language\n" + rows)
    done = run(*example.split()[1:], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


WORDS = {
    "undertow au": ["audit"],
    "undertow audit old.csv --ag": ["--against"],
    "undertow gate a b --against c d --by x y --inc": ["--inconclusive"],
    "undertow --vers": ["--version"],
}


@pytest.mark.parametrize("typed", WORDS)
def test_a_shell_completes_commands_and_options(typed: str, monkeypatch) -> None:
    """As the script that --install-completion writes asks for it."""
    monkeypatch.setenv("_UNDERTOW_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    done = run()
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, WORDS[typed], "")


def test_completion_is_installed_for_the_program(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    done = start("--install-completion", "bash")
    assert (done.returncode, done.stderr) == (0, "")
    (script,) = (tmp_path / ".bash_completions").iterdir()
    assert re.search(r"complete .* _undertow_completion undertow$", script.read_text())


def test_no_part_of_a_help_text_is_taken_for_markup():
    """Square brackets are, unless a backslash stands before them: ``[default: varied]`` was not
    shown."""
    whole = typer.main.get_command(app)
    commands = {"undertow": whole, **whole.commands}  # type: ignore[attr-defined]
    lost = [
        f"{name} {option.name}: {text}"
        for name, command in commands.items()
        for option in command.params
        for text in [getattr(option, "help", None) or ""]
        if Text.from_markup(text).plain != text.replace("\\[", "[")
    ]
    assert lost == []
