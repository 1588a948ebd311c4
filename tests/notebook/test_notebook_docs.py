"""The examples of docs/python.md run as they stand there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import undertow
from notebooks import LABELS, NEW, OLD, examples, frame, probabilities

PAGE = (Path(__file__).parents[2] / "docs/python.md").read_text("utf-8")
OTHER = {"example_id": "image", "prediction": "y_pred", "label": "y_true"}


@pytest.mark.heavy
def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text("[[max_drop]]\npoints = 1\n")
    names: dict[str, Any] = {
        "old": frame(OLD), "old_again": frame(np.roll(OLD, 3)), "new": frame(NEW),
        "other": frame(np.roll(NEW, 6)), "mine": frame(OLD, **OTHER), "yours": frame(NEW, **OTHER),
        "old_logits": np.log(probabilities(OLD)), "new_logits": np.log(probabilities(NEW)),
        "labels": LABELS, "examples": examples(),
    }  # fmt: skip
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(block, names)
    assert names["found"].verdict == "worse"
    assert [v.arm.name for v in names["variants"].audit.variants] == ["int8", "int4"]
    assert names["members"].audit.variants[0].arm.paired
    assert names["gated"].verdict == "fail"
    written = {p.name for p in tmp_path.iterdir()}
    assert written == {"audit", "gate", "gate.toml", "slices.svg"}


def test_every_argument_is_named():
    arguments = list(inspect.signature(undertow.compare).parameters)[2:]
    section = PAGE.split("## Arguments")[1].split("## ")[0]
    assert [name for name in arguments if f"`{name}`" not in section] == []
