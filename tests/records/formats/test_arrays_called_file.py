"""What is suggested for a file that holds an array called ``file``, which ``numpy.savez`` takes for
where to write; and a file of arrays that is cut off."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import suggested
from undertow.errors import UserError
from undertow.records import read_any

LABEL = np.arange(12) % 3
PROBA = np.eye(3)[LABEL] * 0.7 + 0.1
PATHS = np.array([f"img/{n}.png" for n in range(12)])


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(**arrays: Any) -> Path:
    """As a tool writes it that does not go by keywords."""
    with zipfile.ZipFile("a.npz", "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.save(file, array)
    return Path("a.npz")


@pytest.mark.parametrize(
    ("arrays", "to"),
    [
        ({"outs": PROBA, "file": PATHS}, "a-predictions.npz"),
        ({"file": PROBA, "labels": LABEL}, "a-predictions.npz"),
        ({"probs": PROBA[:, 0], "file": PATHS}, "a-two.npz"),
        ({"probs": PROBA, "labels": LABEL + 1, "file": PATHS}, "a-labels.npz"),
    ],
    ids=["another", "itself", "one number", "counted from 1"],
)
def test_what_is_suggested_works(arrays: dict[str, Any], to: str) -> None:
    with pytest.raises(UserError) as caught:
        read_any([put(**arrays)])
    (command,) = re.findall(r"python -c '[^']*'", str(caught.value))
    assert str(caught.value).endswith(f"{command}, and give {to}")
    suggested.do(command)
    assert read_any([Path(to)])[0].N == 12
    with np.load(to) as kept:
        other = "file_" if "file_" in kept else "labels"
        assert kept[other].tolist() == (PATHS if other == "file_" else LABEL).tolist()


def test_names_of_numbers_in_such_a_file_of_labels() -> None:
    np.savez("p.npz", probs=PROBA, classes=["x", "y", "z"])
    put(labels=LABEL, file=PATHS).rename("y.npz")
    with pytest.raises(UserError) as caught:
        read_any([Path("p.npz")], labels=Path("y.npz"))
    suggested.do(re.findall(r"python -c '[^']*'", str(caught.value))[0])
    records, _ = read_any([Path("p.npz")], labels=Path("y-names.npz"))
    assert records.label_N.tolist() == LABEL.tolist()


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_file_that_is_cut_off_is_said_to_be_one(kept: float) -> None:
    data = put(probs=PROBA, labels=LABEL).read_bytes()
    Path("cut.npz").write_bytes(data[: int(kept * len(data))])
    Path("b.npz").write_bytes(b"PK\x03\x04 garbage")
    for name in ("cut.npz", "b.npz"):
        with pytest.raises(UserError) as caught:
            read_any([Path(name)])
        assert str(caught.value) == (
            f"{name}: begins as an npz or another zip file and is none that can be opened: it is cut "
            "off or damaged; save or copy it again"
        )
