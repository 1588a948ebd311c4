"""A trainer of Lightning shows a recorder what its steps return."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import undertow
from undertow.errors import UserError
from undertow.recording.gathered import softmax
from undertow.records import read_population
from undertow.records.probes import read_probe
from undertow.records.traces.formula import values_of

N = 20
IDS = [f"e{i}" for i in range(N)]
LABELS = np.arange(N) % 3
X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
TABLE = {"example_id": IDS, "label": LABELS}


@pytest.mark.heavy
def test_without_lightning():
    code = (
        "import sys; sys.modules.update({'lightning': None, 'pytorch_lightning': None}); import "
        "undertow.integrations.lightning"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip().splitlines()[-1] == (
        "ImportError: undertow.integrations.lightning needs Lightning, which is not installed; run "
        "pip install lightning"
    )


def fitted(
    tmp_path: Path, *, named: bool = True, by_test: bool = False, twice: bool = False, **more: Any
) -> Any:
    """A linear model after ``fit`` for three epochs and ``predict``, recorded as member 0."""
    lightning = pytest.importorskip(
        "lightning", reason="lightning is not installed (the dev extra has it)"
    )
    import torch

    from undertow.integrations.lightning import RecordCallback

    class Linear(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 3)

        def training_step(self, batch: Any, index: int) -> Any:
            ids, x, y = batch
            logits = self.layer(x)
            loss = torch.nn.functional.cross_entropy(logits, y)
            return {"loss": loss, "example_id": ids, "logits": logits} if named else loss

        def predict_step(self, batch: Any, index: int) -> Any:
            ids, x, _ = batch
            return {"example_id": ids, "logits": self.layer(x)} if named else self.layer(x)

        test_step = predict_step

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.0)

    data = list(zip(IDS, X, LABELS, strict=True))
    loader = torch.utils.data.DataLoader(data, batch_size=6, shuffle=True)
    torch.manual_seed(0)
    model = Linear()
    with undertow.Recorder(tmp_path / "dense", TABLE, classes=3, train=TABLE) as r:
        trainer = lightning.Trainer(
            max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
            callbacks=[RecordCallback(r.member("0"), **more)],
        )  # fmt: skip
        trainer.fit(model, loader)
        test = torch.utils.data.DataLoader(data, batch_size=6)
        if by_test:
            trainer.test(model, test, verbose=False)
        if not by_test or twice:
            trainer.predict(model, test)
    with torch.inference_mode():
        return model.layer(torch.from_numpy(X)).numpy()


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("by_test", [False, True])
def test_a_trainer_is_recorded(tmp_path: Path, by_test: bool):
    """With a learning rate of 0 each epoch sees the logits that the model has at the end."""
    scores = fitted(tmp_path, by_test=by_test)
    found = read_probe(tmp_path / "dense", "trace")
    assert found.entry.epochs == (1, 2, 3)
    want = values_of(scores, LABELS)
    for name, values in found.values.items():
        slow = np.repeat(np.asarray(getattr(want, name), dtype=float)[:, None], 3, axis=1)
        np.testing.assert_allclose(values[0].astype(float), slow, rtol=2e-3, atol=1e-4)
    records = read_population(tmp_path / "dense")
    np.testing.assert_allclose(records.proba_MNC[0], softmax(scores), atol=1e-6)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_steps_that_return_something_else(tmp_path: Path):
    with pytest.raises(UserError) as caught:
        fitted(tmp_path, named=False)
    assert str(caught.value) == (
        "RecordCallback: a step returned loss; return {'loss': loss, 'example_id': ids, 'logits': "
        "logits} from it (without the loss in predict_step and test_step), or give "
        "RecordCallback(member, seen=lambda outputs, batch: (ids, logits))"
    )


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_what_was_seen_may_be_found_otherwise(tmp_path: Path):
    scores = fitted(
        tmp_path, named=False, trace=False, seen=lambda outputs, batch: (batch[0], outputs)
    )
    records = read_population(tmp_path / "dense")
    assert not records.manifest.probes
    np.testing.assert_allclose(records.proba_MNC[0], softmax(scores), atol=1e-6)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_predict_after_test_is_passed_over(tmp_path: Path):
    said = (
        "RecordCallback: member '0' is done, so what trainer.predict answers is passed over; its "
        "record has what came first"
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(said)}$"):
        scores = fitted(tmp_path, by_test=True, twice=True)
    records = read_population(tmp_path / "dense")
    np.testing.assert_allclose(records.proba_MNC[0], softmax(scores), atol=1e-6)
