"""Files of arrays without ids, in which another array names the same examples in another order: rows
are not matched by place, and the command that is said saves the names as ids."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

import suggested
import undertow
from undertow.errors import NotComparableError

LABEL_N = np.random.default_rng(0).integers(0, 3, 60)
NAMES_N = np.array([f"img{n}.png" for n in range(60)])
ORDER_N = np.random.default_rng(1).permutation(60)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def save(path: str, **arrays: np.ndarray) -> None:
    """Also an array called as the argument of ``numpy.savez``."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.save(file, array)


def arrays(order_N: np.ndarray, **names: np.ndarray) -> dict[str, np.ndarray]:
    probs = np.eye(3)[LABEL_N] * 0.7 + 0.1
    return {"probs": probs[order_N], "labels": LABEL_N[order_N], **names}


def typed(path: str, name: str) -> str:
    to = path.replace(".npz", "-ids.npz")
    return (
        f'python -c \'import numpy; f = dict(numpy.load("{path}")); f["ids"] = f.pop("{name}"); '
        f'numpy.savez("{to}", **f)\', and give {to}'
    )


@pytest.mark.parametrize("theirs", ["file", "image"])
def test_names_that_were_not_read_and_stand_in_another_order(theirs: str) -> None:
    save("old.npz", **arrays(np.arange(60), file=NAMES_N))
    save("new.npz", **arrays(ORDER_N, **{theirs: NAMES_N[ORDER_N]}))
    with pytest.raises(NotComparableError) as caught:
        undertow.compare("old.npz", "new.npz")
    differs = int((np.arange(60) != ORDER_N).sum())
    assert str(caught.value) == (
        f"array 'file' of old.npz and {theirs!r} of new.npz name the same examples, and {differs} of "
        "60 rows have another name; neither file has ids, so rows would be matched by their place: "
        f"save these as ids, {typed('old.npz', 'file')}; and {typed('new.npz', theirs)}"
    )
    for command in re.findall(r"python -c '[^']*'", str(caught.value)):
        suggested.do(command)
    found = undertow.compare("old-ids.npz", "new-ids.npz").findings
    assert found.filter(slice="all", measure="churn")["changed"].to_list() == [0.0]


@pytest.mark.parametrize("kind", ["one order", "other names", "not each once"])
def test_arrays_that_say_nothing_against_the_place_of_rows(kind: str) -> None:
    names_N = NAMES_N
    if kind == "other names":
        names_N = np.char.add("x", NAMES_N[ORDER_N])
    elif kind == "not each once":
        names_N = np.array(["a", "b"])[np.arange(60) % 2][ORDER_N]
    save("old.npz", **arrays(np.arange(60), file=NAMES_N if kind != "not each once" else names_N))
    save("new.npz", **arrays(np.arange(60), file=names_N[::-1] if "not" in kind else names_N))
    assert undertow.compare("old.npz", "new.npz").findings.height
