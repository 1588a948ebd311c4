"""A digest changes with what code does and with nothing else, wherever the code was written."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import itertools
import linecache
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from undertow.lab.code_digest import UNKNOWN, digest_of, digest_of_effects
from undertow.lab.interventions import runtime
from undertow.lab.interventions.weights import MagnitudePruning, magnitude
from undertow.lab.models import MLP

MODEL = '''
"""Models of mine."""
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

WIDTHS = {"small": 8}
UNUSED = 1


class Named:
    def name(self):
        return "a"


def scaled(x):
    """Twice as much."""
    return factor() * x  # doubled


def factor():
    return 2


@cache
def table():
    return [1, 2]


def elsewhere():
    return 1


@dataclass(frozen=True)
class Model(Named):
    """A model."""

    width: int = 4

    @torch.no_grad()
    def build(self, shape_CHW, classes: int):
        if classes < 1:
            raise ValueError(f"classes={classes}: too few")
        print("building")
        return nn.Linear(scaled(self.width), WIDTHS["small"] + table()[0])
'''

NUMBERS = itertools.count()


def loaded(folder: Path, text: str, name: str = "mine") -> Any:
    """A module of this text, from a file of its own, which no import can find, like a study's."""
    path = folder / f"{name}_{next(NUMBERS)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(f"{name}_module", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def digest(folder: Path, text: str) -> str:
    return digest_of([loaded(folder, text).Model()])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A model.", "The model."),
        ("Models of mine.", "Models of ours."),
        ("Twice as much.", "Double."),
        ("  # doubled", ""),
        ("too few", "at least one is needed"),
        ('print("building")', 'print("hello")'),
        ("classes: int", "classes: float"),
        ("width: int", "width: float"),
        ("UNUSED = 1", "UNUSED = 2"),
        ("def elsewhere():\n    return 1", "def elsewhere():\n    return 2"),
        ("return factor() * x", "return (factor() *\n        x)"),
        ("class Named:", "\n\n\nclass Named:"),
    ],
)
def test_what_is_said_and_what_is_not_used_change_nothing(
    tmp_path: Path, before: str, after: str
) -> None:
    assert before in MODEL
    assert digest(tmp_path, MODEL) == digest(tmp_path, MODEL.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('return "a"', 'return "b"'),
        ("return 2", "return 3"),
        ("factor() * x", "factor() + x"),
        ('{"small": 8}', '{"small": 9}'),
        ("return [1, 2]", "return [2, 2]"),
        ("width: int = 4", "width: int = 5"),
        ("@torch.no_grad()\n    ", ""),
        ("nn.Linear", "nn.Bilinear"),
        ("if classes < 1", "if classes < 2"),
        ("class Model(Named)", "class Model"),
        ("    width: int = 4", "    depth: int = 1\n    width: int = 4"),
    ],
)
def test_what_the_code_does_changes_it(tmp_path: Path, before: str, after: str) -> None:
    assert before in MODEL
    first = digest(tmp_path, MODEL)
    assert not first.startswith("bytecode")
    assert first != digest(tmp_path, MODEL.replace(before, after))


def test_what_another_module_of_theirs_holds_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = (
        "import layers_of_mine as layers\n\nclass Model:\n    def build(self): return "
        "layers.block()\n",
        "from layers_of_mine import block as b, SIZE\n\nclass Model:\n    def build(self): return "
        "b() + SIZE\n",
    )
    for user in users:
        seen = []
        for block, size in (("1", "2"), ("7", "2"), ("1", "9")):
            layers = loaded(
                tmp_path, f"SIZE = {size}\n\ndef block():\n    return {block}\n", "layers_of_mine"
            )
            monkeypatch.setitem(sys.modules, "layers_of_mine", layers)
            layers.__name__ = "layers_of_mine"
            seen.append(digest(tmp_path, user))
        assert seen[0] != seen[1]
        assert (seen[0] != seen[2]) == ("SIZE" in user)


@pytest.mark.parametrize(
    "line", ["from late_of_mine import block", "import late_of_mine as m; block = m.block"]
)
def test_what_a_function_imports_when_it_is_called_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    late = tmp_path / "late_of_mine.py"
    seen = []
    for number in (1, 2, 1):
        # another size: no stale bytecode
        late.write_text(f"def block():\n    return {number}\n" + "#" * len(seen))
        monkeypatch.delitem(sys.modules, "late_of_mine", raising=False)
        importlib.invalidate_caches()
        seen.append(
            digest(
                tmp_path,
                f"class Model:\n    def build(self):\n        {line}\n        return block()\n",
            )
        )
        monkeypatch.delitem(sys.modules, "late_of_mine", raising=False)
    assert seen[0] == seen[2] != seen[1]


def test_a_constant_counts_as_it_is_written_whatever_it_came_to(tmp_path: Path) -> None:
    text = (
        "import os\n\nSEEN = {}\nHERE = os.getcwd()\n\nclass Model:\n    def build(self): return "
        "SEEN, HERE\n"
    )
    module = loaded(tmp_path, text)
    before = digest_of([module.Model()])
    module.SEEN["built"] = 1
    module.HERE = "/elsewhere"
    assert digest_of([module.Model()]) == before


def test_functions_that_an_object_holds_count(tmp_path: Path) -> None:
    text = (
        "class Model:\n    def __init__(self, act): self.act = act\n\n    def build(self): return "
        "self.act\n"
    )
    Model = loaded(tmp_path, text).Model
    times = partial(max, 2)
    acts = [lambda x: x + 1, lambda x: x + 2, times, partial(max, 3), torch.relu, None]
    digests = [digest_of([Model(act)]) for act in acts[:2]]
    assert digests[0] != digests[1]
    assert digest_of([Model(lambda x: x + 1)]) == digests[0]
    assert digest_of([Model(3)]) != digest_of([Model(4)])  # its repr says neither
    assert all(digest_of([Model(act)]) != UNKNOWN for act in acts)


def test_what_a_local_class_closes_over_counts() -> None:
    def made(width: int, act: Any) -> Any:
        class Local:
            def build(self) -> Any:
                return act(width)

        return Local()

    first = digest_of([made(3, abs)])
    assert digest_of([made(3, abs)]) == first
    assert digest_of([made(4, abs)]) != first
    assert digest_of([made(3, lambda x: x + 1)]) != first


def test_code_without_a_file_counts_by_its_bytecode() -> None:
    def digest(text: str) -> str:
        names: dict[str, Any] = {"__name__": "nowhere"}
        exec(compile(text, "<stdin>", "exec"), names)
        return digest_of([names["Model"]()])

    text = (
        "def f():\n  return 1\nclass Model:\n  size = 1\n  def build(self):\n    'Says.'\n    "
        "return f()\n"
    )
    first = digest(text)
    assert first.startswith("bytecode ")
    assert digest(text.replace("Says.", "Tells.")) == first
    assert digest("\n" + text) == first
    for before, after in (
        ("return 1", "return 2"),
        ("size = 1", "size = 2"),
        ("return f()", "return -f()"),
    ):
        assert digest(text.replace(before, after)) != first


def test_code_of_a_notebook_is_found_in_its_cells() -> None:
    def digest(build: str) -> str:
        names: dict[str, Any] = {"__name__": "__main__"}
        for number, cell in enumerate(
            ("SIZES = [2]\n", f"class Model:\n  def build(self): return {build}, SIZES\n")
        ):
            filename = f"<ipython-input-{number}-{hash(build)}>"
            linecache.cache[filename] = (len(cell), None, cell.splitlines(keepends=True), filename)
            exec(compile(cell, filename, "exec"), names)
        return digest_of([names["Model"]()])

    assert not digest("1").startswith("bytecode")
    assert digest("1") == digest("(1)") != digest("2")


@pytest.mark.parametrize(
    "filled", ["S = [1]\nS.append(({}))\n", "S = {{}}\nS.update(a=({}))\n"], ids=["list", "dict"]
)
def test_what_a_script_does_to_what_it_names_counts_and_what_it_prints_does_not(
    tmp_path: Path, filled: str
) -> None:
    def digest(added: int, said: str) -> str:
        path = tmp_path / f"script_{next(NUMBERS)}.py"
        path.write_text(
            f"{filled.format(added)}print({said!r}, S)\n"
            "class Model:\n    def build(self): return S\n"
        )
        names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
        exec(compile(path.read_text(), str(path), "exec"), names)
        return digest_of([names["Model"]()])

    first = digest(3, "made")
    assert first == digest(3, "done")
    assert first != digest(4, "made")


def test_a_file_that_was_edited_since_it_was_loaded_is_not_believed(tmp_path: Path) -> None:
    module = loaded(tmp_path, MODEL)
    Path(module.__file__).write_text(MODEL.replace("nn.Linear", "nn.Bilinear"))
    edited = digest_of([module.Model()])
    assert edited.startswith("bytecode ")
    assert edited != digest(tmp_path, MODEL.replace("nn.Linear", "nn.Bilinear"))


def test_what_cannot_be_looked_at_is_unknown() -> None:
    class Hostile:
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

    assert digest_of([object()]) == UNKNOWN
    assert isinstance(digest_of([Hostile()]), str)


def test_undertows_own_classes_count_with_what_they_use(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of([MagnitudePruning(0.5)])
    assert not before.startswith("bytecode")
    assert digest_of([MagnitudePruning(0.9)]) == before  # the share stands in the manifest
    assert digest_of([MLP()]) not in (before, UNKNOWN)
    monkeypatch.setattr(magnitude, "magnitude_masks", magnitude.check_scope)
    assert digest_of([MagnitudePruning(0.5)]) != before


DIGESTS = """
from undertow.lab.code_digest import digest_of
from undertow.lab import data, models
from undertow.lab.interventions import objective, runtime, weights
things = [data.FashionMNIST(tail=data.LongTail(50)), data.Digits(), data.ImageFolder("x"), data.ParquetImages("x"),
    data.CIFAR10("x"), models.MLP(), models.SmallCNN(), models.ResNet(), models.WideResNet(), objective.Distillation(),
    weights.MagnitudePruning(0.5), weights.RandomPruning(0.5), weights.OneShotPruning(0.5),
    weights.WeightQuantization(8), *(getattr(runtime, name)() for name in runtime.__all__)]
print([(type(thing).__name__, digest_of([thing])) for thing in things])
"""


@pytest.mark.heavy
def test_every_class_of_undertows_has_the_same_digest_in_every_process() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    found = dict(ast.literal_eval(said[0]))
    assert len(set(found.values())) == len(found) == 14 + len(runtime.__all__)
    assert all(len(digest) == 16 for digest in found.values())


def test_a_field_that_is_no_part_of_the_description_is_none_of_the_identity(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Streaming:
        how: Any = field(default=abs, repr=False, compare=False)

    assert digest_of([Streaming(lambda: 1)]) == digest_of([Streaming(lambda: 2)])


def test_a_study_file_counts_by_what_it_does_when_loaded_and_not_by_what_it_names() -> None:
    quiet = (
        '"""Method."""\nimport torch\n\nA = 1\n\ndef study(scale):\n    return '
        'scale.title()\n\nprint("x")\n'
    )
    assert digest_of_effects(quiet) is None
    assert digest_of_effects(quiet + 'if __name__ == "__main__":\n    study("smoke")\n') is None
    first = digest_of_effects(quiet + "torch.manual_seed(1)\n")
    assert first is not None
    assert (
        digest_of_effects(quiet.replace("A = 1", "A = 2") + "torch.manual_seed(1)  # why\n")
        == first
    )
    assert digest_of_effects(quiet + "torch.manual_seed(2)\n") != first
    assert digest_of_effects(quiet + "torch.Tensor.relu = None\n") is not None
    assert digest_of_effects("no Python") is None
