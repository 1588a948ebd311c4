"""Where reports and files go: no command replaces what is there, unless --force says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from test_cli import run
from undertow.errors import UserError
from undertow.gating import gate_paths
from undertow.report.write import AUDIT_FILES, GATE_FILES

AUDIT = ("audit", "old.csv", "--against", "new.csv")
GATE = ("gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml")
OTHER = "somebody's own"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    rows = [f"e{i},{'cat' if i % 3 else 'dog'}" for i in range(200)]
    for name, wrong in (("old", 0), ("new", 40)):
        said = [f"{r},{'dog' if i < wrong else r.split(',')[1]}" for i, r in enumerate(rows)]
        text = "\n".join(["example_id,label,prediction", *said]) + "\n"
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "gate.toml").write_text("[[max_drop]]\npoints = 50\n")
    return tmp_path


def folders(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.is_dir())


@pytest.mark.heavy
@pytest.mark.parametrize("command", [AUDIT, GATE], ids=["audit", "gate"])
def test_without_out_every_run_has_a_folder_of_its_own(place: Path, command: tuple[str, ...]):
    usual = command[0]
    (place / f"{usual}-2").write_text("a file of that name")
    said = [run(*command, cwd=place).stdout.splitlines()[-1] for _ in range(3)]
    names = [usual, f"{usual}-3", f"{usual}-4"]
    assert said == [f"Report: {name}/report.html" for name in names]
    assert folders(place) == names


def test_a_folder_that_is_there_is_never_taken_even_if_it_is_empty(place: Path):
    """Another run may be at work for it."""
    (place / "audit").mkdir()
    assert run(*AUDIT, cwd=place).returncode == 0
    assert folders(place) == ["audit", "audit-2"]
    assert list((place / "audit").iterdir()) == []


@pytest.mark.parametrize("out", [(), ("--out", "there/new")])
def test_a_run_that_fails_leaves_no_empty_folder(place: Path, out: tuple[str, ...]):
    (place / "there").mkdir()
    done = run(*AUDIT, "--label", "gold", *out, cwd=place)
    assert done.returncode == 2
    assert (folders(place), list((place / "there").iterdir())) == (["there"], [])


def test_a_folder_that_was_there_stays_where_a_run_fails(place: Path):
    (place / "mine").mkdir()
    assert run(*AUDIT, "--label", "gold", "--out", "mine", cwd=place).returncode == 2
    assert folders(place) == ["mine"]


@pytest.mark.heavy
@pytest.mark.parametrize(("command", "more"), [(AUDIT, 5), (GATE, 6)], ids=["audit", "gate"])
def test_a_report_is_replaced_only_where_that_is_said(
    place: Path, command: tuple[str, ...], more: int
):
    assert run(*command, "--out", "out", cwd=place).returncode == 0
    (place / "out/notes.txt").write_text(OTHER)
    before = {path.name: path.read_bytes() for path in (place / "out").iterdir()}
    done = run(*command, "--out", "out", "--by", "label", cwd=place)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        f"undertow: out: holds report.html and {more} more files, which the new report would "
        "replace; give another name after --out, or replace them with --force\n",
    )
    assert {path.name: path.read_bytes() for path in (place / "out").iterdir()} == before
    done = run(*command, "--out", "out", "--tolerance", "9", "--force", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "out/report.html").read_bytes() != before["report.html"]
    assert (place / "out/notes.txt").read_text() == OTHER


@pytest.mark.parametrize(("command", "name"), [(AUDIT, "summary.md"), (GATE, "junit.xml")])
def test_files_of_others_with_our_names_are_not_replaced(
    place: Path, command: tuple[str, ...], name: str
):
    (place / "out").mkdir()
    (place / "out" / name).write_text(OTHER)
    done = run(*command, "--out", "out", cwd=place)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        f"undertow: out: holds {name}, which the new report would replace; give another name after "
        "--out, or replace it with --force\n",
    )
    assert (place / "out" / name).read_text() == OTHER


def test_an_audit_writes_no_junit_so_one_of_others_is_in_nobodys_way(place: Path):
    (place / "out").mkdir()
    (place / "out/junit.xml").write_text(OTHER)
    assert run(*AUDIT, "--out", "out", cwd=place).returncode == 0
    assert (place / "out/junit.xml").read_text() == OTHER


def test_the_names_that_are_looked_for_are_those_that_are_written(place: Path):
    assert run(*AUDIT, "--out", "a", cwd=place).returncode == 0
    assert run(*GATE, "--out", "g", cwd=place).returncode == 0
    assert {path.name for path in (place / "a").iterdir()} == set(AUDIT_FILES)
    assert {path.name for path in (place / "g").iterdir()} == set(GATE_FILES)


@pytest.mark.heavy
def test_a_function_replaces_as_fixtures_run_again(place: Path):
    sides = place / "old.csv", place / "new.csv", place / "gate.toml"
    for _ in range(2):
        assert gate_paths(*sides, out=place / "out")


def test_a_blessing_is_replaced_only_where_that_is_said(place: Path):
    assert run("bless", "old.csv", cwd=place).returncode == 0
    first = (place / "blessed.json").read_text()
    done = run("bless", "new.csv", cwd=place)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "undertow: blessed.json: is there already; give another name after --out, or replace it "
        "with --force\n",
    )
    assert (place / "blessed.json").read_text() == first
    assert run("bless", "new.csv", "--force", cwd=place).returncode == 0
    assert (place / "blessed.json").read_text() != first


def test_a_suggested_policy_is_replaced_where_that_is_said(place: Path):
    suggest = ("gate", "old.csv", "new.csv", "--suggest", "gate.toml")
    assert run(*suggest, cwd=place).returncode == 2
    assert (place / "gate.toml").read_text() == "[[max_drop]]\npoints = 50\n"
    assert run(*suggest, "--force", cwd=place).returncode == 0
    assert (place / "gate.toml").read_text().startswith("# Suggested by undertow gate --suggest")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ("bless", "old.csv", "--out", "old.csv/b.json"),
            "old.csv/b.json: the blessing cannot be written (File exists); give another --out",
        ),
        (
            ("gate", "old.csv", "new.csv", "--suggest", "old.csv/p.toml"),
            "old.csv/p.toml: the policy cannot be written (File exists); give another name "
            "after --suggest",
        ),
    ],
)
def test_a_file_that_cannot_be_written_is_said(place: Path, command: tuple[str, ...], said: str):
    done = run(*command, cwd=place)
    assert (done.returncode, done.stderr) == (2, f"undertow: {said}\n")


@pytest.mark.parametrize("command", ["audit", "gate", "vary", "lottery", "examine", "plant"])
def test_a_folder_that_cannot_be_made_is_refused_before_the_files_are_even_read(
    place: Path, command: str
):
    files = {
        "audit": ("no.csv", "--against", "no.csv"),
        "gate": ("no.csv", "--against", "no.csv", "--policy", "gate.toml"),
        "lottery": ("no.py:build", "--inputs", "no.npz"),
        "vary": ("no.py:build", "--inputs", "x.npy"),
    }
    np.save(place / "x.npy", np.zeros((2, 2)))
    done = run(command, *files.get(command, ("no",)), "--out", "old.csv/deep/out", cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    what = "tables" if command == "plant" else "report"
    assert done.stderr == (
        f"undertow: old.csv/deep/out: the {what} cannot be written here (Not a directory). Give "
        "another --out.\n"
    )
    assert (place / "old.csv").is_file()


def test_trying_leaves_nothing(tmp_path: Path):
    from undertow.report.write import refuse_unwritable

    refuse_unwritable(tmp_path / "a/b")
    refuse_unwritable(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
def test_a_report_that_another_run_has_written_meanwhile_is_not_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    """Both saw an empty folder as they began."""
    from undertow.files import read_sides

    for command, name in ((AUDIT, "a"), (GATE, "g")):

        def late(*given: object, name: str = name, **named: object) -> object:
            (place / name).mkdir(exist_ok=True)
            (place / name / "summary.md").write_text(OTHER)
            return read_sides(*given, **named)

        monkeypatch.setattr("undertow.files.read_sides", late)
        done = run(*command, "--out", name, cwd=place)
        assert (done.returncode, done.stderr) == (
            2,
            f"undertow: {name}: holds summary.md, which the new report would replace; give another "
            "name after --out, or replace it with --force\n",
        )
        assert [path.name for path in (place / name).iterdir()] == ["summary.md"]
        assert run(*command, "--out", name, "--force", cwd=place).returncode == 0


def test_a_place_where_nothing_can_be_made_is_said(place: Path, monkeypatch):
    from undertow.cli.places import report_folder

    monkeypatch.setattr(Path, "mkdir", _full)
    with (
        pytest.raises(UserError) as caught,
        report_folder(None, usual="audit", files=AUDIT_FILES, force=False),
    ):
        pass
    assert str(caught.value) == (
        "audit: the report cannot be written here (No space left on device). Give another --out."
    )


def _full(path: Path) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "typed",
    [
        "convert old.csv", "demo", "run compression_bias", "example smollm2", "plant labels.csv",
        "examine trace.npz", "lottery model.onnx", "vary model.onnx", "audit a.csv --against b.csv",
    ],
)  # fmt: skip
def test_a_folder_without_a_name_is_refused(typed: str):
    """As of a script's variable that was never set; it would be the folder that one is in."""
    done = run(*typed.split(), "--out", "")
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: --out '': names no folder; give a name, such as --out results, or --out . for "
        "the folder that you are in\n",
    )
