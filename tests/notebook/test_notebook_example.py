"""The notebook in ``examples/`` runs from its first cell to its last, and what it shows shows."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "examples/notebook/compare.ipynb"
SHOWS = ("_repr_svg_", "_repr_html_")


def cells() -> list[dict[str, Any]]:
    return json.loads(FILE.read_text("utf-8"))["cells"]


def run(cell: str, names: dict[str, Any]) -> Any:
    """Runs a cell as a notebook does, and returns what its last line is."""
    tree = ast.parse(cell)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, FILE.name, "exec"), names)
    return (
        None
        if last is None
        else eval(compile(ast.Expression(last.value), FILE.name, "eval"), names)
    )


@pytest.mark.heavy
def test_the_notebook_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    shown = [run("".join(c["source"]), names) for c in cells() if c["cell_type"] == "code"]
    ways = [next((way for way in SHOWS if hasattr(value, way)), None) for value in shown]
    assert ways == [
        None, "_repr_html_", "_repr_svg_", "_repr_svg_", "_repr_html_", "_repr_html_", "_repr_svg_",
        None, "_repr_html_", None,
    ]  # fmt: skip
    assert all(getattr(v, way)() for v, way in zip(shown, ways, strict=True) if way is not None)
    assert capsys.readouterr().out == (
        "old: has no column 'example_id'; it has 'image', 'y_true', 'y_pred', 'ink'; name its "
        "columns with id='image', prediction='y_pred', label='y_true'\n"
    )
    found, recipes = names["found"], names["recipes"]
    assert [v.verdict for v in found.audit.variants][1] == "worse"
    assert recipes.audit.variants[0].arm.paired
    assert (tmp_path / "audit/report.html").is_file()


def test_the_notebook_is_kept_without_outputs():
    code = [c for c in cells() if c["cell_type"] == "code"]
    assert [c for c in code if c["outputs"] or c["execution_count"] is not None] == []
    assert len({c["id"] for c in cells()}) == len(cells())
