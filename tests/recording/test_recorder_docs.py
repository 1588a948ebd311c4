"""What docs/checkpoints.md and the example say of a recorder runs as it stands there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import undertow
from undertow.recording import Member
from undertow.records import read_population
from undertow.records.probes import read_probe

torch = pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/checkpoints.md").read_text("utf-8")
N, CLASSES = 60, ("cat", "dog", "owl")
X = torch.randn(N, 4, generator=torch.Generator().manual_seed(0))
Y = torch.arange(N) % 3
IDS = [f"img/{i}" for i in range(N)]


def blocks(heading: str) -> list[str]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def linear(seed: int) -> Any:
    torch.manual_seed(seed)
    return torch.nn.Linear(4, 3)


def stepped(model: Any, logits: Any, y: Any) -> None:
    torch.nn.functional.cross_entropy(logits, y).backward()
    with torch.no_grad():
        for weight in model.parameters():
            weight -= 0.1 * weight.grad
            weight.grad = None


@pytest.mark.heavy
def test_the_loop_on_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    loop, with_ids = blocks("A recorder in your own code")
    names: dict[str, Any] = {"torch": torch}
    exec(with_ids, names)
    data = torch.utils.data.TensorDataset(X, Y)
    loader = torch.utils.data.DataLoader(names["WithIds"](data, IDS), 16, shuffle=True)
    names |= {
        "test_ids": IDS, "test_labels": Y, "regions": ["n", "s"] * (N // 2), "train_ids": IDS,
        "train_labels": Y, "classes": CLASSES, "epochs": 2, "train_loader": loader,
        "test_loader": loader, "make_model": linear, "step": stepped, "test_x": X,
        "pruned": lambda seed: linear(seed + 10),
    }  # fmt: skip
    exec(loop, names)
    exec(loop, names)  # As a script that is run again.
    assert names["found"].audit.variants[0].arm.paired
    trace = read_probe(Path("runs/dense"), "trace")
    assert trace.values["loss"].shape == (3, N, 2)
    assert not np.isnan(trace.values["loss"]).any()


def test_every_argument_and_every_call_is_named():
    section = PAGE.split("## A recorder in your own code")[1].split("\n## ")[0]
    table = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    arguments = list(inspect.signature(undertow.Recorder).parameters)[1:]
    assert [name for name in arguments if f"`{name}`" not in table] == []
    calls = ["saw", "answers", "facts", "diverged"]
    assert [name for name in calls if f"`member.{name}(" not in table] == []
    assert {*calls} == {
        name for name, made in vars(Member).items() if inspect.isfunction(made) and name[0] != "_"
    } - {"refuse_unanswered"}


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_the_lines_for_trainers_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lacks = "is not installed (the dev extra has it)"
    transformers = pytest.importorskip("transformers", reason=f"transformers {lacks}")
    lightning = pytest.importorskip("lightning", reason=f"lightning {lacks}")
    monkeypatch.chdir(tmp_path)
    hugging_face, of_lightning = blocks("In a trainer of Hugging Face or Lightning")
    table = {"example_id": range(N), "label": Y}

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 3)

        def forward(self, x: Any, labels: Any) -> dict[str, Any]:
            logits = self.layer(x)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = Net()

        def training_step(self, batch: Any, index: int) -> Any:
            return {**self.net(batch["x"], batch["labels"]), "example_id": batch["example_id"]}

        def predict_step(self, batch: Any, index: int) -> Any:
            return self.training_step(batch, index)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    rows = [{"example_id": i, "x": X[i], "labels": int(Y[i])} for i in range(N)]
    loader = torch.utils.data.DataLoader(rows, 16)
    with undertow.Recorder("runs/both", table, classes=3, train=table) as recorder:
        exec(hugging_face, {
            "TrainingArguments": partial(
                transformers.TrainingArguments, use_cpu=True, report_to=[], num_train_epochs=2,
            ),
            "Trainer": transformers.Trainer, "model": Net(), "train_set": rows, "test_set": rows,
            "member": recorder.member("hugging-face"), "test_ids": range(N),
        })  # fmt: skip
        exec(of_lightning, {
            "Trainer": partial(lightning.Trainer, max_epochs=2, accelerator="cpu", logger=False),
            "member": recorder.member("lightning"), "module": Module(), "train_loader": loader,
            "test_loader": loader,
        })  # fmt: skip
    assert read_population(Path("runs/both")).M == 2
    assert read_probe(Path("runs/both"), "trace").values["loss"].shape == (2, N, 2)


@pytest.mark.heavy
def test_the_example_runs(tmp_path: Path):
    pytest.importorskip("sklearn")
    script = ROOT / "examples/checkpoints/prune_digits.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    again = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (again.returncode, again.stderr, again.stdout) == (0, "", done.stdout)
    assert done.stdout.startswith("WORSE: pruned loses ")
    assert "each variant member derives from a reference member" in done.stdout
    assert (tmp_path / "audit/report.html").exists()
    trace = read_probe(tmp_path / "runs/dense", "trace").values
    assert trace["loss"].shape == (6, 900, 20)
    assert trace["loss"][..., -1].mean() < trace["loss"][..., 0].mean() / 5
    findings = pl.read_parquet(tmp_path / "audit/findings.parquet")
    assert {"class", "ink"} <= set(findings["slice"].drop_nulls())
