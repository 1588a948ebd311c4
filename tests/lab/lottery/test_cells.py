"""Trained networks in engines, in this process: tiny ones on digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import torch
from safetensors.torch import save_model
from torch import Tensor

from undertow.lab.data import Digits
from undertow.lab.lottery.cells import CSR, Asked, Cell, engines, measured, promise, weights_of
from undertow.lab.lottery.ideal import LINEAR, Ideal
from undertow.lab.lottery.worker import built_or_why
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.places.chunk import resident_for


def network(name: str, hidden: int, folder: Path, zeros: float = 0.0) -> tuple[Population, Path]:
    population = Population(name, Digits(), MLP((hidden,)), Recipe(1), 1)
    torch.manual_seed(hidden)
    model = population.model.build((1, 8, 8), 10)
    with torch.no_grad():
        for weight in (model[1].weight, model[3].weight):  # type: ignore[index]
            weight.mul_(torch.rand_like(weight) >= zeros)
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.safetensors"
    save_model(model, path)
    return population, path


def asked(tmp_path: Path, *cells: Cell, look: bool = True) -> list[dict[str, object]]:
    networks = (
        network("dense", 32, tmp_path), network("pruned", 32, tmp_path, zeros=0.5),
        network("narrow", 4, tmp_path),
    )  # fmt: skip
    return measured(cloudpickle.dumps(Asked(networks, cells, batch=8, repeats=1, look=look)))


def test_every_cell_has_seconds_and_the_answers_of_its_own_network(tmp_path: Path) -> None:
    cells = [Cell(n, "eager") for n in ("dense", "pruned", "narrow")] + [Cell("pruned", CSR, 0.5)]
    rows = asked(tmp_path, *cells)
    assert [row["status"] for row in rows] == ["native"] * 4
    assert all(row["wall"] > 0 and row["processor"] > 0 for row in rows)  # type: ignore[operator]
    assert [row["differ"] for row in rows] == [0] * 4
    assert {row["of"] for row in rows} == {900}
    flops = [sum(c["flops"] for c in row.get("work", ())) for row in rows]  # type: ignore[attr-defined]
    assert flops == [2 * 8 * (64 + 10) * 32] * 2 + [2 * 8 * (64 + 10) * 4, 0]
    full = 4 * (64 * 32 + 32 + 32 * 10 + 10)
    assert (rows[0]["size"], rows[1]["size"]) == (full, full)  # zeros are stored
    assert rows[3]["size"] != full


def test_what_is_not_looked_into_is_only_timed(tmp_path: Path) -> None:
    (row,) = asked(tmp_path, Cell("dense", "eager"), look=False)
    assert "differ" not in row
    assert row["work"] == []


def test_what_cannot_run_says_why_and_the_others_are_timed(tmp_path: Path) -> None:
    row, other = asked(tmp_path, Cell("dense", "pt2e-int8"), Cell("dense", "eager"))
    assert (row["wall"], row["status"], row["note"]) == (
        None, "other batch", "it runs 64 examples at a time, and the batch has 8; give --batch 64 and "
        "at least as many examples",
    )  # fmt: skip
    assert other["wall"]


def test_engines_are_calibrated_on_training_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[Tensor, Tensor]] = []

    def noted(engine: Any, module: Any, x_B: Tensor, calibration: Tensor) -> Any:
        given.append((x_B, calibration))
        return built_or_why(engine, module, x_B, calibration)

    monkeypatch.setattr("undertow.lab.lottery.cells.built_or_why", noted)
    asked(tmp_path, Cell("dense", "eager"), look=False)
    data = resident_for(network("dense", 32, tmp_path)[0], "cpu")
    ((x_B, calibration),) = given
    assert torch.equal(x_B, next(data.test_batches(8)))
    assert torch.equal(calibration, data.train_batch(torch.arange(512)))


def test_an_engine_promises_no_work_for_zeros() -> None:
    assert promise(Cell("pruned", "eager", 0.1)) == Ideal(density=0.1)
    assert promise(Cell("pruned", "onnxruntime", 0.1)) == Ideal(density=0.1, fused=True)
    assert promise(Cell("dense", "openvino")) == Ideal(fused=True)
    stored = promise(Cell("pruned", CSR, 0.1))
    assert stored == Ideal(LINEAR, density=0.1, stored=pytest.approx(0.3))


def test_engines_make_no_zeros_of_their_own() -> None:
    assert not {"masked-dense", "bsr", "channels", "semi-structured"} & {*engines()}
    assert {"eager", "compile", "onnxruntime", "openvino", CSR} <= {*engines()}


def test_processes_begin_again_after_the_last_member() -> None:
    found = [weights_of(Path("p"), ("000", "003"), number).name for number in range(3)]
    assert found == ["000.safetensors", "003.safetensors", "000.safetensors"]
