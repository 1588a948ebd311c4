"""The gate as a command, a function and a fixture; and the jobs of docs/ci.md, run as they stand
there."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest

from undertow.audit.gate.policy import read_policy
from undertow.audit.gate.result import EXIT, GateResult
from undertow.cli import main
from undertow.errors import UserError
from undertow.gating import exit_code, gate_paths
from undertow.notebook import compare

DOCS = Path(__file__).parents[1] / "docs" / "ci.md"
POLICY = "[[max_drop]]\npoints = 3\n\n[[max_churn]]\npoints = 3\n"


def log(folder: Path, wrong: range, n: int = 1000) -> None:
    """A folder of one graded log: right but for ``wrong`` and the last quarter."""
    folder.mkdir(parents=True)
    score = [0 if i in wrong or i >= 0.75 * n else 1 for i in range(n)]
    rows = {
        "example_id": [f"q{i}" for i in range(n)],
        "score": score,
        "answer": ["yes" if s else f"no, {i % 3}" for i, s in enumerate(score)],
        "language": ["en", "de"] * (n // 2),
    }
    pl.DataFrame(rows).write_csv(folder / "log.csv")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    log(tmp_path / "logs/fp16", range(0))
    log(tmp_path / "logs/fp16-again", range(3))
    log(tmp_path / "logs/int8", range(2))
    log(tmp_path / "logs/int2", range(200))
    (tmp_path / "gate.toml").write_text(POLICY)
    return tmp_path


def shell(place: Path, command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A line of shell in ``place``, with this environment's commands: how CI runs it."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=place,
        env={"PATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def run(place: Path, command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The same command in this process, which need not load everything again."""
    out, err = io.StringIO(), io.StringIO()
    arguments = shlex.split(command)
    assert arguments[0] == "undertow"
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(place)
        patch.delenv("GITHUB_ACTIONS", raising=False)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", arguments)
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.mark.heavy
@pytest.mark.parametrize(("variant", "code"), [("int8", 0), ("int2", 1)])
def test_the_command_exits_with_the_verdict(place: Path, variant: str, code: int):
    done = run(
        place,
        f"undertow gate logs/fp16 logs/fp16-again --against logs/{variant} --policy "
        "gate.toml --out g",
    )
    assert (done.returncode, done.stderr) == (code, "")
    said = done.stdout.splitlines()
    assert [" ".join(one.split()[:2]) for one in said[:4]] == [
        "reference logs/fp16/log.csv",
        f"variant logs/{variant}/log.csv:",
        "",
        f"{'PASS' if code == 0 else 'FAIL'}: {'All' if code == 0 else '2'}",
    ]
    assert {p.name for p in (place / "g").iterdir()} >= {
        "report.html", "report.json", "summary.md", "junit.xml", "flips.parquet", "findings.parquet",
    }  # fmt: skip


@pytest.mark.heavy
def test_without_a_repeat_run_the_command_cannot_tell(place: Path):
    (place / "tight.toml").write_text("[[max_churn]]\npoints = 0.1\n")
    gate = "undertow gate logs/fp16 --against logs/int8 --policy tight.toml --out g"
    assert run(place, gate).returncode == 3
    assert '<error message="cannot tell: ' in (place / "g/junit.xml").read_text()
    assert run(place, f"{gate} --inconclusive pass --force").returncode == 0
    assert '<skipped message="cannot tell: ' in (place / "g/junit.xml").read_text()
    assert run(place, f"{gate} --inconclusive fail --force").returncode == 1
    assert '<failure message="cannot tell: ' in (place / "g/junit.xml").read_text()
    quiet = run(place, f"{gate} --inconclusive fail --force --quiet").stdout
    assert quiet.startswith(
        "CANNOT TELL (counts as a failure: --inconclusive fail): The one required check"
    )
    assert (
        (place / "g/summary.md")
        .read_text()
        .startswith(
            "**? Cannot tell (counts as a failure: --inconclusive fail).** The one required check"
        )
    )


def test_sides_that_cannot_be_compared_exit_three_and_leave_a_report(place: Path):
    log(place / "logs/other", range(5), n=900)
    done = run(
        place,
        "undertow gate logs/fp16 --against logs/other --policy gate.toml --out g "
        "--inconclusive pass",
    )
    assert done.returncode == 3
    assert "hold different examples" in (place / "g/summary.md").read_text()
    assert "hold different examples" in (place / "g/junit.xml").read_text()


BOTH = "undertow gate logs/fp16 --against logs/int8"
USAGE = {
    BOTH: "there is no policy: give --policy gate.toml, or write a first one with --suggest "
    "gate.toml",
    "undertow gate logs/fp16 --against logs/gone --policy gate.toml": (
        "logs/gone: there is no such file or folder; check the name"
    ),
    f"{BOTH} --policy gone.toml": (
        "gone.toml: the policy cannot be read (No such file or directory); check the name"
    ),
    f"{BOTH} --policy gate.toml --inconclusive "
    "maybe": "--inconclusive maybe: choose report, pass or fail",
    f"{BOTH} --policy gate.toml --annotations "
    "all": "--annotations all: choose github, none or auto",
}


@pytest.mark.parametrize(("command", "said"), list(USAGE.items()), ids=range(len(USAGE)))
def test_usage_errors_exit_two_in_one_line(place: Path, command: str, said: str):
    done = run(place, command)
    assert (done.returncode, done.stderr) == (2, f"undertow: {said}\n")


def test_suggest_then_gate_then_bless(place: Path):
    done = run(place, "undertow gate logs/fp16 logs/fp16-again --by language --suggest first.toml")
    assert done.returncode == 0, done.stderr
    assert "[[worst_slice_drop]]" in (place / "first.toml").read_text()
    again = run(place, "undertow gate logs/fp16 logs/fp16-again --suggest first.toml")
    assert (again.returncode, again.stdout, again.stderr) == (
        2,
        "",
        "undertow: first.toml: is there already; give another name after --suggest, or replace it "
        "with --force\n",
    )
    assert run(place, "undertow bless logs/fp16 logs/fp16-again --out blessed.json").returncode == 0
    policy = 'blessed = "blessed.json"\n' + (place / "first.toml").read_text()
    (place / "blessed.toml").write_text(policy)
    gate = "--against logs/int8 --policy blessed.toml"
    assert run(place, f"undertow gate logs/fp16 logs/fp16-again {gate}").returncode == 0
    assert run(place, f"undertow gate logs/fp16 {gate}").returncode == 3


@pytest.mark.heavy
def test_annotations_where_github_runs_it(place: Path):
    gate = "undertow gate logs/fp16 logs/fp16-again --against logs/int2 --policy gate.toml --out g"
    gate += " --force"
    assert "::error" in run(place, gate, GITHUB_ACTIONS="true").stdout
    assert "::error" not in run(place, f"{gate} --annotations none", GITHUB_ACTIONS="true").stdout
    assert "::error" not in run(place, gate).stdout


@pytest.mark.heavy
def test_quiet_is_the_verdict_line_alone(place: Path):
    gate = "undertow gate logs/fp16 logs/fp16-again --against logs/int2 --policy gate.toml"
    whole, quiet = run(place, gate), run(place, f"{gate} --quiet", GITHUB_ACTIONS="true")
    assert (quiet.returncode, quiet.stderr) == (1, "")
    (verdict,) = quiet.stdout.splitlines()
    assert verdict in whole.stdout.splitlines()
    assert verdict.startswith("FAIL: 2 of 2 required checks fail; first max_drop on all: ")
    asked = run(place, f"{gate} -q --annotations github").stdout.splitlines()
    assert [line.split()[0] for line in asked] == ["FAIL:", "::error", "::error"]


def test_quiet_keeps_what_has_to_be_known_on_standard_error(place: Path):
    rows = range(400)
    label = ["a" if n % 2 else "b" for n in rows]
    answers = ["c" if n % 10 in (2, 5) else label[n] for n in rows]
    for name in ("old", "new"):
        ward = ["x" if a == b else "y" for a, b in zip(answers, label, strict=True)]
        made = {"example_id": rows, "prediction": answers, "label": label, "ward": ward}
        pl.DataFrame(made).write_csv(place / f"{name}.csv")
    rule = '[[max_drop]]\npoints = 9\non = "ward"\n'
    (place / "gate.toml").write_text(f'identical = "allowed"\n{rule}')
    quiet = run(place, "undertow gate old.csv --against new.csv --policy gate.toml -q")
    assert (quiet.returncode, quiet.stdout) == (0, "PASS: All 2 required checks pass.\n")
    assert quiet.stderr == (
        "NOTE: 'old' and 'new' are identical: they gave the same answers to all 400 examples. Check "
        "that these are the files you meant to compare.\n"
        "NOTE: Column 'ward' tells the right answers of 'old' from the wrong ones: if it was made "
        "from the answers and does not say what an example is, what is said of its slices is no "
        "finding.\n"
    )
    audited = run(place, "undertow audit old.csv --against new.csv --by ward -q")
    assert (len(audited.stdout.splitlines()), audited.stderr) == (1, quiet.stderr)


def test_a_quiet_pass_names_who_loses_without_a_rule(place: Path):
    """Slices by class are looked at unasked, and a rule about the whole says nothing of them."""
    rows = range(900)
    label = [n % 3 for n in rows]
    old = [(k + 1) % 3 if n % 5 == 0 else k for n, k in enumerate(label)]
    new = [0 if k == 2 else k for k in label]
    for name, said in (("old", old), ("new", new)):
        made = {"example_id": rows, "prediction": said, "label": label}
        pl.DataFrame(made).write_csv(place / f"{name}.csv")
    (place / "gate.toml").write_text("[[max_drop]]\npoints = 40\n")
    command = "undertow gate old.csv --against new.csv --policy gate.toml --force -q"
    quiet = run(place, command)
    assert (quiet.returncode, quiet.stdout) == (0, "PASS: The one required check passes.\n")
    assert quiet.stderr == (
        "NOTE: No rule is about class 2, accuracy −80.0 points; add [[worst_slice_drop]] by = "
        '"class".\n'
    )
    (place / "gate.toml").write_text(
        '[[max_drop]]\npoints = 40\n[[worst_slice_drop]]\nby = "class"\npoints = 90\n'
    )
    assert run(place, command).stderr == ""


RARE = "NOTE: No rule is about class rare, accuracy −100.0 points; add [[worst_slice_drop]] by = "


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("points", "inconclusive", "code", "said"),
    [
        (5, "report", 0, "PASS: The one"),
        (2, "report", 3, "CANNOT TELL: The one"),
        (2, "pass", 0, "CANNOT TELL (counts as a pass: --inconclusive pass): The one"),
        (1, "report", 1, "FAIL: The one"),
    ],
)
def test_a_class_that_is_lost_without_a_rule_is_said_beside_every_verdict(
    place: Path, points: int, inconclusive: str, code: int, said: str
):
    """Also beside what counts as a pass, or fails on the whole; not where a rule is about it."""
    label = ["rare" if n % 50 == 0 else "abc"[n % 3] for n in range(2000)]
    for name, answers in (("old", label), ("new", ["a" if x == "rare" else x for x in label])):
        made = {"example_id": range(2000), "prediction": answers, "label": label}
        pl.DataFrame(made).write_csv(place / f"{name}.csv")
    (place / "gate.toml").write_text(f"[[max_drop]]\npoints = {points}\n")
    command = "undertow gate old.csv --against new.csv --policy gate.toml --force -q"
    quiet = run(place, f"{command} --inconclusive {inconclusive}")
    assert (quiet.returncode, quiet.stdout[: len(said)]) == (code, said)
    assert quiet.stderr == f'{RARE}"class".\n'
    ruled = '[[worst_slice_drop]]\nby = "class"\npoints = 9\n'
    (place / "gate.toml").write_text(f"[[max_drop]]\npoints = {points}\n{ruled}")
    done = run(place, command)
    assert (done.returncode, done.stderr) == (1, "")


def test_of_grades_a_mean_score_is_lost_without_a_rule(place: Path):
    for name, lost in (("old", 0.9), ("new", 0.2)):
        rows = (f"e{n},{lost if n % 4 == 0 else 0.9},{'abcd'[n % 4]}" for n in range(400))
        (place / f"{name}.csv").write_text("example_id,score,topic\n" + "\n".join(rows))
    (place / "gate.toml").write_text("[[max_drop]]\npoints = 40\n")
    command = "undertow gate old.csv --against new.csv --policy gate.toml --by topic --force -q"
    assert run(place, command).stderr.splitlines()[-1] == (
        "NOTE: No rule is about topic a, mean score −70.0 points; add [[worst_slice_drop]] by = "
        '"topic".'
    )


def test_the_function_and_the_fixture_give_the_same(place: Path, undertow_gate):
    assert undertow_gate is gate_paths
    sides = [place / "logs/fp16", place / "logs/fp16-again"]
    good = undertow_gate(sides, place / "logs/int8", place / "gate.toml")
    assert good, good.reason
    bad = undertow_gate([str(s) for s in sides], str(place / "logs/int2"), str(place / "gate.toml"))
    assert not bad
    assert (bad.verdict, bad.exit_code) == ("fail", 1)
    with pytest.raises(UserError):
        undertow_gate(place / "logs/gone", place / "logs/int8", place / "gate.toml")


def test_exit_codes():
    results = {v: GateResult(v, "", (), None, 0.05) for v in EXIT}
    assert [exit_code(r, "report") for r in results.values()] == [0, 1, 3, 3]
    assert [exit_code(results["cannot tell"], how) for how in ("pass", "fail")] == [0, 1]
    assert [exit_code(results["not comparable"], how) for how in ("pass", "fail")] == [3, 3]


INVERTED = (
    "CANNOT TELL (counts as no pass, for all --inconclusive pass: this is no lack of evidence): "
    "below_chance on all cannot be decided: The variant 'new' is below chance: its mean recall is "
    "10.0 %, guessing gives 50.0 % (1 in 2). So its answers do depend on the label: check whether "
    "its scores or labels are inverted. If it may be, as a weak model or one asked to be misled, "
    'write below_chance = "allowed" at the top of the policy. The one required check cannot be '
    "decided; it is max_churn on all: 90.00 % of answers changed; "
)


def test_what_seems_broken_is_no_pass_however_what_is_open_counts(tmp_path: Path):
    for name, right in (("old", 0), ("new", 180)):
        rows = (f"e{n},{n % 2 ^ (n < right)},{n % 2}" for n in range(200))
        (tmp_path / f"{name}.csv").write_text("example_id,prediction,label\n" + "\n".join(rows))
    (tmp_path / "gate.toml").write_text("[[max_churn]]\npoints = 90\n")
    gate = "undertow gate old.csv --against new.csv --policy gate.toml --out g --force -q"
    done = run(tmp_path, f"{gate} --inconclusive pass --annotations github")
    assert done.returncode == 3
    assert done.stdout.startswith(INVERTED)
    assert "below chance" not in done.stderr  # Once is enough.
    assert done.stdout.splitlines()[1].startswith("::error title=Undertow%3A below_chance")
    assert '<error message="cannot tell: ' in (tmp_path / "g/junit.xml").read_text()
    assert run(tmp_path, f"{gate} --inconclusive fail").returncode == 1


def jobs() -> list[list[str]]:
    """The shell lines of each YAML job in docs/ci.md, but for the installation."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [
        re.findall(r"^\s+- (?:run: )?((?:undertow|cat) .*)$", block, flags=re.MULTILINE)
        for block in blocks
    ]


@pytest.mark.heavy
@pytest.mark.parametrize("job", [0, 1], ids=["github", "gitlab"])
@pytest.mark.parametrize(("variant", "code"), [("int8", 0), ("int2", 1)])
def test_the_jobs_of_the_docs(place: Path, job: int, variant: str, code: int):
    if variant != "int8":
        shutil.rmtree(place / "logs/int8")
        (place / f"logs/{variant}").rename(place / "logs/int8")
    first, *later = jobs()[job]
    done = shell(place, first)
    assert (done.returncode, done.stderr) == (code, "")
    for line in later:
        assert shell(place, line, GITHUB_STEP_SUMMARY=str(place / "summary")).returncode == 0
        assert (place / "summary").read_text().startswith("**")


def test_the_policy_of_the_docs(place: Path):
    (text,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    (place / "docs.toml").write_text(text)
    (place / "pinned.txt").write_text("q100\n")
    gate = (
        "undertow gate logs/fp16 logs/fp16-again --against logs/int8 --policy docs.toml --out g "
        "--inconclusive pass"
    )
    done = run(place, gate)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("by", "rule", "sliced"),
    [
        ((), "[[max_drop]]\npoints = 3\n", ("task",)),
        ((), '[[worst_slice_drop]]\nby = "language"\npoints = 9\n', ("language",)),
        (("language",), "[[max_drop]]\npoints = 3\n", ("language",)),
        (("language",), '[[max_drop]]\non = "task"\npoints = 3\n', ("language", "task")),
    ],
)
def test_a_gate_slices_by_what_is_asked_for_as_an_audit_does(
    tmp_path: Path, by: tuple[str, ...], rule: str, sliced: tuple[str, ...]
):
    for side, wrong in (("old", 100), ("new", 104)):
        pl.DataFrame(
            {
                "example_id": range(400),
                "score": [0 if n % 200 < wrong else 1 for n in range(400)],
                "task": ["a", "b"] * 200,
                "language": ["en"] * 200 + ["de"] * 200,
            }
        ).write_csv(tmp_path / f"{side}.csv")
    (tmp_path / "gate.toml").write_text(rule)
    sides = tmp_path / "old.csv", tmp_path / "new.csv"
    gated = gate_paths(*sides, tmp_path / "gate.toml", by=by).audit
    assert gated is not None
    assert gated.settings.by == sliced
    asked = dict.fromkeys((*by, *read_policy(tmp_path / "gate.toml").columns()))
    assert compare(*sides, by=list(asked)).audit.settings.by == sliced
