"""Whatever an edit of a study reaches its members through, their digest changes; and it stays where
nothing does."""

from __future__ import annotations

import importlib
import linecache
import shutil
import sys
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from blobs import Blobs
from undertow.lab.built_from import FirstSeen, built_from
from undertow.lab.code_digest import UNKNOWN, digest_of
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.run import load_study

pytestmark = pytest.mark.heavy

HEAD = '''"""Method."""
from __future__ import annotations
import enum
from dataclasses import dataclass, field
from typing import ClassVar
import numpy as np
import torch
from torch import nn

'''
TAIL = """
def study(scale): ...
"""
SPLITS = Blobs().load()


def built(folder: Path, text: str, **others: str) -> dict[str, str]:
    """What a member of this study's ``Mine`` is built from; ``others`` are modules of theirs beside
    it."""
    folder.mkdir(exist_ok=True)
    for name, other in others.items():
        (folder / f"{name}.py").write_text(other)
        sys.modules.pop(name, None)
    # Bytecode is told by a file's second and size, and these have one size and one second.
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    linecache.clearcache()
    importlib.invalidate_caches()
    source = HEAD + text + TAIL
    (folder / "mine_of_theirs.py").write_text(source)
    module = load_study(folder / "mine_of_theirs.py")
    model = getattr(module, "MODEL", None) or module.Mine()
    return built_from(
        Population("dense", Blobs(), model, Recipe(epochs=1), members=1), SPLITS, source
    )


def uses(what: str) -> str:
    return f"class Mine:\n    def build(self, shape_CHW, classes):\n        return {what}\n"


HELD = {
    "private": "class Mine:\n    def __init__(self, w): self._w = w\n    def build(self): return "
    "self._w\n"
    "MODEL = Mine(4)\n",
    "slots": "class Mine:\n    __slots__ = ('__w',)\n    def __init__(self, w): self.__w = w\n"
    "    def build(self): return self.__w\nMODEL = Mine(4)\n",
    "array": uses("self.w") + "    def __init__(self, w): self.w = np.array([w])\nMODEL = "
    "Mine(4)\n",
    "tensor": uses("self.w") + "    def __init__(self, w): self.w = torch.tensor(w)\nMODEL = "
    "Mine(4)\n",
    "set": uses("self.w") + "    def __init__(self, w): self.w = {w}\nMODEL = Mine(4)\n",
    "no repr": "@dataclass(frozen=True)\nclass Mine:\n    w: int = field(default=1, repr=False)\n"
    "    def build(self): return self.w\nMODEL = Mine(w=4)\n",
    "own repr": "@dataclass(frozen=True, repr=False)\nclass Mine:\n    w: int = 1\n"
    "    def __repr__(self): return 'Mine'\n"
    "    def build(self): return self.w\nMODEL = Mine(w=4)\n",
    "long array": "K = (4)\n@dataclass(frozen=True, eq=False)\nclass Mine:\n    w: object\n"
    "    def build(self): return self.w\n"
    "MODEL = Mine(np.r_[np.zeros(1500), K, np.zeros(1500)])\n",
    "inner object": "class In:\n    def __init__(self, w): self._w = w\n"
    + uses("self.i")
    + "    def __init__(self, i): self.i = [i]\n"
    "MODEL = Mine(In(4))\n",
    "layer": uses("self.w") + "    def __init__(self, w): self.w = nn.Dropout(w / 10)\nMODEL = "
    "Mine(4)\n",
}

CLASSES = {
    "class as attribute": "class Opt:\n    w = nn.ReLU\n" + uses("Opt.w"),
    "subclass": "class Base:\n    w = None\n    def build(self): return "
    "self.w\n@dataclass(frozen=True)\n"
    "class Mine(Base):\n"
    "    w = nn.ReLU\n",
    "nested": "class Opt:\n    class Inner:\n        w = nn.ReLU\n" + uses("Opt.Inner.w"),
    "set": "class Opt:\n    w = frozenset({nn.ReLU})\n" + uses("Opt.w"),
    "enum": "class Opt(enum.Enum):\n    W = nn.ReLU\n" + uses("Opt.W.value"),
    "factory": "@dataclass\nclass Opt:\n    w: list = field(default_factory=lambda: "
    "[nn.ReLU])\n" + uses("Opt().w"),
    "made by a "
    "function": "def made(w):\n    class Local:\n        act = w\n    return Local\nOpt = "
    "made(nn.ReLU)\n" + uses("Opt.act"),
    "made by type": "Opt = type('Opt', (), {'w': nn.ReLU})\n" + uses("Opt.w"),
}

REGISTRY = """
BLOCKS = {}
def register(name):
    def keep(function):
        BLOCKS[name] = function
        return function
    return keep
"""
FILLED = {
    "registry": REGISTRY + "@register('small')\ndef small(): return "
    "(4)\n" + uses("BLOCKS['small']()"),
    "item": "S = {'w': 1}\nS['w'] = (4)\n" + uses("S['w']"),
    "append": "S = [1]\nS.append((4))\n" + uses("S"),
    "taken": "S = [1]\nlength = S.insert(0, (4))\n" + uses("S"),
    "attribute": "class Cfg:\n    w = 1\nCfg.w = (4)\n" + uses("Cfg.w"),
    "setattr": "class Cfg:\n    w = 1\nsetattr(Cfg, 'w', (4))\n" + uses("Cfg.w"),
    "in a loop": "S = []\nfor w in range((4)):\n    S.append(w)\n" + uses("S"),
    "by a function": "W = 1\ndef prepare():\n    global W\n    W = (4)\nprepare()\n" + uses("W"),
    "by a function whose result is "
    "named": "S = []\ndef prepare():\n    S.append((4))\n    return 1\n"
    "ready = prepare()\n" + uses("S"),
    "by a function through a method": "class Cfg:\n    def widen(self, w): self.w = w\nS = Cfg()\n"
    "def prepare():\n    S.widen((4))\n    return 1\n"
    "ready = prepare()\n" + uses("S.w"),
    "by a function it is given to": "S = []\ndef fill(s): s.append((4))\nfill(S)\n" + uses("S"),
    "in a library": "def prepare():\n    torch.nn.Module.mine = "
    "(4)\nprepare()\n" + uses("nn.Module.mine"),
    "named while printing": uses("print(w := (4)) or w").replace(
        "return", "print(w := (4))\n        return"
    ),
    "given to an exception": uses("w").replace(
        "return",
        "try: raise ValueError((4))\n        except ValueError as e: w = e.args\n        return",
    ),
    "class variable": "@dataclass\nclass Opt:\n    (w): int = 4\n" + uses("Opt(1)"),
}


@pytest.mark.parametrize("text", HELD.values(), ids=HELD)
def test_a_value_that_the_object_holds(tmp_path: Path, text: str) -> None:
    before, again = built(tmp_path, text), built(tmp_path, text)
    after = built(tmp_path, text.replace("(4)", "(5)").replace("w=4", "w=5"))
    assert before == again
    assert [name for name in before if before[name] != after[name]] == ["model Mine"]


@pytest.mark.parametrize("text", CLASSES.values(), ids=CLASSES)
def test_a_class_without_methods(tmp_path: Path, text: str) -> None:
    before, again, after = (
        built(tmp_path, t) for t in (text, text, text.replace("nn.ReLU", "nn.Tanh"))
    )
    assert before == again
    assert [name for name in before if before[name] != after[name]] == ["model Mine"]


@pytest.mark.parametrize("text", FILLED.values(), ids=FILLED)
def test_what_is_filled_or_done_when_the_study_is_loaded(tmp_path: Path, text: str) -> None:
    edited = text.replace("(4)", "(5)").replace("(w): int", "w: ClassVar[int]")
    text = text.replace("(w)", "w") if "(w): int" in text else text
    before, again, after = (built(tmp_path, t) for t in (text, text, edited))
    assert before == again
    assert {name for name in before if before[name] != after[name]} & {"model Mine", "study file"}


BESIDE = {name: text for name, text in FILLED.items() if "(4)" in text.split("class Mine")[0]}


@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE)
def test_the_same_in_a_module_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    other, model = text.split("class Mine")
    text = "from beside_of_theirs import *\nclass Mine" + model
    before, again, after = (
        built(tmp_path, text, beside_of_theirs=HEAD + o + "#" * n)
        for n, o in enumerate((other, other, other.replace("(4)", "(5)")))
    )
    assert before == again
    assert {name for name in before if before[name] != after[name]} & {"model Mine", "study file"}


def test_a_registry_of_another_module_that_the_study_fills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    text = (
        "from registry_of_theirs import BLOCKS, register\n@register('small')\ndef small(): return "
        "(4)\n" + uses("BLOCKS['small']()")
    )
    before, after = (
        built(tmp_path, t, registry_of_theirs=REGISTRY) for t in (text, text.replace("(4)", "(5)"))
    )
    assert before["model Mine"] != after["model Mine"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# why", "# because"),
        ("UNUSED = [1]", "UNUSED = [2]"),
        ("'loading'", "'loaded'"),
        ("items", "things"),
        ("too few", "not enough"),
        ("claim one", "claim two"),
        ("members=1", "members=2"),
        ("4 + 0", "(4 + 0)"),
    ],
)
def test_what_changes_no_member(tmp_path: Path, before: str, after: str) -> None:
    text = (
        "from undertow.study import claim, held\nUNUSED = [1]\nS = [1]\nS.append(4 + 0)  # "
        "why\nprint('loading')\n"
        "def size(members=1): return members\nROOM = size(members=1)\n"
        "@claim('claim one', 'ours')\ndef one(r): return held(True, 'it does')\n"
        + uses("S").replace(
            "return",
            "print(f'{len(S)} items')\n        if not S: raise ValueError(f'{S}: too "
            "few')\n        return",
        )
    )
    assert before in text
    assert built(tmp_path, text) == built(tmp_path, text.replace(before, after))


def test_members_stay_those_of_the_object_as_it_was_before_anything_was_built() -> None:
    class Filling:
        def __init__(self) -> None:
            self.built: list[int] = []

        def build(self, shape_CHW: tuple[int, int, int], classes: int) -> Any:
            self.built.append(1)

    model, digest = Filling(), FirstSeen()
    population = Population("dense", Blobs(), model, Recipe(epochs=1), members=1)
    digest.see(population)
    before = built_from(population, SPLITS, digest=digest)
    model.build((1, 2, 2), 2)
    assert built_from(population, SPLITS, digest=digest) == before
    assert built_from(population, SPLITS) != before


@dataclass(frozen=True)
class Bag:
    value: Any
    aside: Any = field(default=1, repr=False, compare=False)

    @cached_property
    def late(self) -> int:
        return 1


def test_values_are_told_apart_by_their_content() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    other: list[Any] = [2]
    other.append(other)
    values = [
        1, 1.0, "1", b"1", True, None, {1}, {2}, frozenset({1}), [1], (1,), {1: 2}, {2: 1}, deque([1]),
        Path("a"), Path("b"),
        np.array([1]), np.array([1.0]), np.array([[1]]), np.array([1, 2]), np.array([1, "a"], object), np.float32(1),
        torch.tensor([1]), torch.tensor([1.0]), torch.tensor(1, dtype=torch.bfloat16), torch.float32, torch.float64,
        SimpleNamespace(a=1), SimpleNamespace(a=2), loop, other, Bag(1), Bag({1}), lambda: 1, lambda: 2,
        torch.relu, int, Bag,
        torch.nn.Linear(1, 1, bias=False), torch.nn.Flatten(1), torch.nn.Flatten(2), range(3), range(4),
        np.random.default_rng(1),
    ]  # fmt: skip
    digests = [digest_of([Bag(({0}, value))]) for value in values]
    assert [digest_of([Bag(({0}, value))]) for value in values] == digests
    assert len(set(digests)) == len(values)
    assert UNKNOWN not in digests


def test_what_is_no_part_of_an_object_does_not_count() -> None:
    bag = Bag({1})
    before = digest_of([bag])
    assert bag.late == 1
    assert digest_of([bag]) == digest_of([Bag({1}, aside={2})]) == before
    assert digest_of([Bag({"a", "b", "c"})]) == digest_of([Bag({"c", "b", "a"})])


def test_objects_in_objects_without_end_are_unknown() -> None:
    inner: Any = {1}
    for _ in range(5000):
        inner = [inner, {1}]
    assert digest_of([Bag(inner)]) == UNKNOWN
