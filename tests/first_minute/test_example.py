"""``undertow example``: what it writes, says and refuses, and that its commands say what it
promises."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from undertow import first_minute
from undertow.cli import main
from undertow.errors import UserError

README = Path(__file__).parents[2] / "README.md"
NAMES = [logs.name for logs in first_minute.ALL]


def typed(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["undertow", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_without_a_name_all_are_listed(monkeypatch, capsys) -> None:
    assert typed(monkeypatch, "example") == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("  undertow")] == [
        "  undertow example smollm2",
        "  undertow example fashion",
    ]


def test_a_name_that_is_not_one(monkeypatch, capsys) -> None:
    assert typed(monkeypatch, "example", "imagenet") == 2
    assert capsys.readouterr().err == (
        "undertow: example imagenet: there is no such example; write undertow example smollm2 or "
        "fashion\n"
    )


def test_what_is_there_is_not_written_over(tmp_path) -> None:
    folder = tmp_path / "smollm2"
    folder.mkdir()
    with pytest.raises(UserError) as refused:
        first_minute.write(first_minute.SMOLLM2, folder)
    assert str(refused.value) == f"{folder}: is there already; give another name after --out"
    assert not list(folder.iterdir())


def test_a_place_that_cannot_be_written_to(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as refused:
        first_minute.write(first_minute.SMOLLM2, tmp_path / "file" / "smollm2")
    assert str(refused.value) == (
        f"{tmp_path / 'file' / 'smollm2'}: the example cannot be written (File exists); give "
        "another name after --out"
    )


def test_the_logs_are_whole_and_name_no_machine(tmp_path) -> None:
    first_minute.write(first_minute.SMOLLM2, tmp_path / "logs")
    files = sorted(p for p in (tmp_path / "logs").rglob("*") if p.is_file())
    assert [p.suffix for p in files].count(".jsonl") == 8
    assert sum(len(p.read_bytes().splitlines()) for p in files if p.suffix == ".jsonl") == 4 * 1040
    for path in files:
        text = path.read_text("utf-8")
        assert "pretty_env_info" not in text
        assert "/home/" not in text
        assert "/tmp/" not in text
    assert [p.name for p in tmp_path.iterdir()] == ["logs"]


@pytest.mark.heavy
def test_pictures_stand_beside_the_tables_that_name_them(tmp_path) -> None:
    first_minute.write(first_minute.FASHION, tmp_path / "f")
    header, first, *_ = (tmp_path / "f/dense/seed000.csv").read_text().splitlines()
    assert header == "example_id,input,label,prediction,confidence,frequency"
    picture = tmp_path / "f/dense" / first.split(",")[1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(list((tmp_path / "f/dense/images").iterdir())) == 2000
    assert len(list((tmp_path / "f/pruned-90").iterdir())) == 8


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_the_commands_say_what_is_promised_within_a_minute(name: str, tmp_path: Path) -> None:
    """Whole programs, as one would type them; a minute is the bar, and some seconds are used."""
    logs, started = first_minute.find(name), time.monotonic()
    said = program(tmp_path, f"undertow example {name}")
    assert f"  cd {name}\n" in said.stdout
    audit, gate = logs.commands()
    for command, promised, code in (
        (audit, logs.verdict, 0),
        (gate, logs.decision, logs.exit_code),
    ):
        assert f"  {command}\n    says  {promised}" in said.stdout
        done = program(tmp_path / name, command)
        assert done.returncode == code, done.stderr
        assert any(line.startswith(promised) for line in done.stdout.splitlines()), done.stdout
        if (name, command) == ("smollm2", audit):  # README shows these lines.
            shown = README.read_text("utf-8").split("```")[3].splitlines()
            numbers = [line for line in shown if "→" in line]
            assert set(numbers) <= set(done.stdout.splitlines()), done.stdout
    for page in ("audit/report.html", "gate/report.html"):
        assert (tmp_path / name / page).stat().st_size > 10_000
    assert time.monotonic() - started < 60


def program(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    first, *arguments = shlex.split(command)
    assert first == "undertow"
    return subprocess.run(
        [sys.executable, "-m", "undertow", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
