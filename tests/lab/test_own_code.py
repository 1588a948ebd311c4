"""An error in a person's own code is told with their file and line; one of ours keeps its
traceback."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from undertow import axes
from undertow.errors import UserError
from undertow.lab.own_code import is_own, told, told_as_their_own


def test_whose_a_file_is() -> None:
    assert is_own(__file__)
    assert is_own("<stdin>")
    assert is_own("<ipython-input-3-abc>")
    for other in (
        axes.__file__,
        torch.__file__,
        np.__file__,
        importlib.__file__,
        "<string>",
        "<frozen importlib>",
    ):
        assert not is_own(other)


@pytest.mark.parametrize("folder", ["lib/python3.11/site-packages", "python3/dist-packages"])
def test_packages_of_another_environment_are_nobodys_own(tmp_path: Path, folder: str) -> None:
    """A module system or a ``.pth`` file adds such folders to the path; all of torch would be read
    as a person's code."""
    assert not is_own(str(tmp_path / folder / "torch" / "nn.py"))
    assert is_own(str(tmp_path / "my-packages" / "nn.py"))


def own(text: str, path: Path) -> None:
    exec(compile(text, str(path), "exec"), {"torch": torch})


def test_the_line_is_that_of_the_person_even_where_a_library_raised(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    with pytest.raises(RuntimeError) as caught:
        own("def build():\n\n    return torch.zeros(2) @ torch.zeros(3)\n\nbuild()\n", path)
    assert told(caught.value).endswith(" (mine.py, line 3, in build)")
    assert told(caught.value).startswith("RuntimeError: ")


def test_an_error_in_which_nobody_took_part_has_no_line() -> None:
    assert told(ValueError("too few")) == "ValueError: too few"
    assert told(KeyboardInterrupt()) == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "line 1: ZeroDivisionError: division by zero"),
        ("x = (", "line 1: SyntaxError: '(' was never closed"),
        (
            "\nimport nowhere_at_all",
            "line 2: ModuleNotFoundError: No module named 'nowhere_at_all'",
        ),
        ("def f():\n  assert False\nf()", "line 2, in f: AssertionError"),
    ],
)
def test_it_becomes_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    path = tmp_path / "mine.py"
    for inside, shown in ((tmp_path, "mine.py"), (Path("/"), str(path))):
        monkeypatch.chdir(inside)
        with pytest.raises(UserError) as caught, told_as_their_own():
            own(text, path)
        want = f"{shown}, {message}; add --debug to see the whole traceback"
        assert str(caught.value).removeprefix("/") == want.removeprefix("/")
        assert caught.value.__cause__ is not None


def test_what_is_said_on_purpose_stays_as_it_is() -> None:
    said = UserError("give a number")
    with pytest.raises(UserError) as caught, told_as_their_own():
        raise said
    assert caught.value is said
