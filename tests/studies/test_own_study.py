"""A study file that a person edits: what is trained again, and what an error in it says."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from undertow.cli import main

pytestmark = pytest.mark.heavy

STUDY = '''"""A question of mine.   Me, 2026

Question    Does it matter?
"""
from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from blobs import Blobs
from undertow.audit.settings import Settings
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Outcome, Results, Scale, Study, claim, claims_in, held

WIDTH = 4
BITS = (4,)


@dataclass(frozen=True)
class Data(Blobs):
    def load(self):
        return super().load()


@dataclass(frozen=True)
class Mine:
    depth: int = 1

    def build(self, shape_CHW, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, WIDTH), nn.ReLU(), nn.Linear(WIDTH, classes))


def study(scale: Scale) -> Study:
    dense = Population("dense", Data(), Mine(), Recipe(epochs=1, batch=30, lr=0.05), members=2)
    return Study(
        name="mine",
        method=__doc__ or "",
        reference=dense,
        variants=tuple(dense.under(WeightQuantization(b), name=f"int{b}") for b in BITS),
        claims=claims_in(globals()),
        settings=Settings(by=("class",), draws=100),
    )


@claim("It matters", "ours")
def it_matters(r: Results) -> Outcome:
    return held(True, "it does")
'''


class Desk:
    """Where a person edits ``mine.py`` and runs it."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch
        monkeypatch.chdir(folder)
        # what tests on other threads of OpenBLAS did must not matter here, nor what main sets stay
        monkeypatch.setitem(os.environ, "OPENBLAS_NUM_THREADS", "1")

    def edit(self, *changes: tuple[str, str]) -> None:
        text = STUDY
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        (self.folder / "mine.py").write_text(text)

    def run(self, *options: str) -> tuple[int, str, str]:
        command = [
            "undertow",
            "run",
            "mine.py",
            "--scale",
            "smoke",
            "--runner",
            "loop",
            "--out",
            "out",
            *options,
        ]
        self._monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return (int(code or 0), *self._capsys.readouterr())

    def ends(self) -> Counter[tuple[str, str]]:
        """How the members of a run came to their ends, by population."""
        code, out, err = self.run("--json")
        assert (code, err) == (0, "")
        events = [json.loads(line) for line in out.splitlines()]
        return Counter(
            (e["event"], e["population"])
            for e in events
            if e["event"] in ("kept", "done", "failed")
        )


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    return Desk(tmp_path, capsys, monkeypatch)


def test_claims_settings_text_and_new_arms_train_nothing_again(desk: Desk) -> None:
    desk.edit()
    assert {end for end, _ in desk.ends()} == {"done"}
    desk.edit(
        ("It matters", "It matters little"),
        ("it does", "it did"),
        ("Does it matter?", "Does anything?"),
        ("draws=100", "draws=120"),
        ("@claim", "NUMBER = 3\n\n\n@claim"),
        ("(4,)", "(4, 3)"),
    )
    assert {name for end, name in desk.ends() if end != "kept"} == {"int3"}
    assert "It matters little" in (desk.folder / "out" / "results.md").read_text()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("WIDTH = 4", "WIDTH = 5", "model Mine changed since these members were trained"),
        (
            "return super().load()",
            "return [super().load()][0]",
            "data Data changed since these members were trained",
        ),
        (
            "WIDTH = 4",
            "WIDTH = 4\nnn.Module.mine = 1",
            "study file changed since these members were trained",
        ),
        ("epochs=1", "epochs=2", "holds other members: recipe.epochs: 1 there, 2 wanted"),
        ("lr=0.05", "lr=0.1", "holds other members: recipe.lr: 0.05 there, 0.1 wanted"),
        (
            "Mine(),",
            "Mine(depth=2),",
            "holds other members: recipe.model.Mine.depth: 1 there, 2 wanted",
        ),
    ],
)
def test_what_members_are_made_from_is_refused_by_name(
    desk: Desk, before: str, after: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.nn.Module.mine", 0, raising=False)
    desk.edit()
    desk.run()
    desk.edit((before, after))
    code, _, err = desk.run()
    assert code == 2
    assert f"undertow: out/populations/dense: {said}; " in err
    name = said.partition(" changed")[0]
    if name != said:
        assert err.splitlines()[-1].endswith(f", or add --accept '{name}' to use them as they are")
        assert desk.run("--accept", name)[0] == 0


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "import nn",
            "import nnn",
            "line 9: ImportError: cannot import name 'nnn' from 'torch' ({torch})",
        ),
        ("WIDTH = 4", "WIDTH = = 4", "line 18: SyntaxError: invalid syntax"),
        (
            "members=2)",
            "members=0)",
            "line 37, in study: ValueError: Population(name='dense', members=0): at least one "
            "member",
        ),
        (
            "return super().load()",
            "return 1 / 0",
            "line 25, in load: ZeroDivisionError: division by zero",
        ),
        (
            'held(True, "it does")',
            "held(True, r.nothing)",
            "line 50, in it_matters: AttributeError: 'Results' object has no attribute 'nothing'",
        ),
    ],
)
def test_an_error_in_it_is_one_line_with_its_place(
    desk: Desk, before: str, after: str, message: str
) -> None:
    desk.edit((before, after))
    code, _, err = desk.run()
    assert code == 2
    message = message.replace("{torch}", torch.__file__)
    assert (
        err.splitlines()[-1]
        == f"undertow: mine.py, {message}; add --debug to see the whole traceback"
    )
    assert "Traceback" not in err


def test_a_study_that_declares_none_is_told_so(desk: Desk) -> None:
    desk.edit(("return Study(", "return None\n    return Study("))
    assert (
        desk.run()[2]
        == "undertow: mine.py: study('smoke') returned NoneType; it must return a Study\n"
    )


BROKEN = ("return nn.Sequential(", "raise RuntimeError('no such\\nlayer') or nn.Sequential(")
PLACE = "RuntimeError: no such layer (mine.py, line 33, in build)"


def test_a_member_that_fails_says_where_and_keeps_it_as_its_reason(desk: Desk) -> None:
    desk.edit(BROKEN)
    code, _, err = desk.run()
    assert code == 2
    assert err.splitlines()[-1] == (
        f"undertow: no member of population 'dense' is of use; member 000 failed: {PLACE}"
    )
    assert "Traceback" not in err
    manifest = json.loads((desk.folder / "out/populations/dense/manifest.json").read_text())
    assert [member["reason"] for member in manifest["members"]] == [PLACE, PLACE]


@pytest.mark.heavy
@pytest.mark.parametrize("runner", ["stacked", "processes", "ray"])
def test_every_runner_says_where(desk: Desk, runner: str) -> None:
    desk.edit(BROKEN)
    code, _, err = desk.run("--runner", runner, "--workers", "1")
    assert code == 2
    assert err.splitlines()[-1] == (
        f"undertow: no member of population 'dense' is of use; member 000 failed: {PLACE}"
    )


def test_debug_shows_the_tracebacks(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.edit(BROKEN)
    with pytest.raises(Exception, match="no member of population 'dense' is of use"):
        desk.run("--debug")
    err = capsys.readouterr().err
    assert err.count("Traceback (most recent call last)") == 2  # one a member
    assert 'mine.py", line 33, in build' in err
    desk.edit(("return super().load()", "return 1 / 0"))
    with pytest.raises(Exception, match="division by zero") as caught:
        desk.run("--debug")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
