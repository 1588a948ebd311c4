"""A trainer of transformers shows a recorder what its steps see."""

from __future__ import annotations

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

N, WORDS, LENGTH = 20, 30, 6
LABELS = np.arange(N) % 3
IDS = 100 + np.arange(N)
TABLE = {"example_id": IDS, "label": LABELS}


def without(*libraries: str, module: str) -> str:
    """What importing a module says where libraries are not installed."""
    code = f"import sys; sys.modules.update(dict.fromkeys({libraries!r})); import {module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.heavy
def test_without_transformers():
    assert without("transformers", module="undertow.integrations.huggingface") == (
        "ImportError: undertow.integrations.huggingface needs transformers, which is not "
        "installed; run pip install transformers accelerate"
    )


def rows(with_ids: bool = True) -> list[dict[str, Any]]:
    words = np.random.default_rng(0).integers(1, WORDS, (N, LENGTH))
    found = [{"input_ids": w, "labels": int(y)} for w, y in zip(words, LABELS, strict=True)]
    ids = ({"example_id": int(i)} if with_ids else {} for i in IDS)
    return [row | one for row, one in zip(found, ids, strict=True)]


def trainer(tmp_path: Path, member: Any, data: list[dict[str, Any]], lr: float) -> Any:
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed (the dev extra has it)"
    )
    from undertow.integrations.huggingface import TraceCallback

    config = transformers.BertConfig(
        vocab_size=WORDS, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=8, num_labels=3, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, pad_token_id=0,
    )  # fmt: skip
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), num_train_epochs=3, per_device_train_batch_size=4,
        gradient_accumulation_steps=2, learning_rate=lr, remove_unused_columns=False, report_to=[],
        save_strategy="no", use_cpu=True, disable_tqdm=True, eval_strategy="epoch",
        dataloader_pin_memory=False, logging_strategy="no", optim="sgd",
    )  # fmt: skip
    transformers.set_seed(0)
    model = transformers.BertForSequenceClassification(config)
    return transformers.Trainer(
        model, arguments, train_dataset=data, eval_dataset=data,
        callbacks=[TraceCallback(member)],
    )  # fmt: skip


def of_the_model(model: Any, data: list[dict[str, Any]]) -> np.ndarray:
    import torch

    words = torch.as_tensor(np.stack([row["input_ids"] for row in data]))
    with torch.inference_mode():
        return model.eval()(input_ids=words).logits.numpy()


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_a_trainer_is_traced(tmp_path: Path):
    """With a learning rate of 0 each epoch sees the logits that the model has at the end."""
    with undertow.Recorder(tmp_path / "dense", TABLE, classes=3, train=TABLE) as r:
        member = r.member("0")
        running = trainer(tmp_path, member, rows(), lr=0.0)
        running.train()
        member.answers(IDS, logits=running.predict(rows()).predictions)
    scores = of_the_model(running.model, rows())
    found = read_probe(tmp_path / "dense", "trace")
    assert found.entry.epochs == (1, 2, 3)
    want = values_of(scores, LABELS)
    for name, values in found.values.items():
        slow = np.repeat(np.asarray(getattr(want, name), dtype=float)[:, None], 3, axis=1)
        np.testing.assert_allclose(values[0].astype(float), slow, rtol=2e-3, atol=1e-4)
    records = read_population(tmp_path / "dense")
    np.testing.assert_allclose(records.proba_MNC[0], softmax(scores), atol=1e-5)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_a_trainer_learns_as_without_a_callback(tmp_path: Path):
    r = undertow.Recorder(tmp_path / "dense", TABLE, classes=3, train=TABLE)
    both = [r.member("0"), r.member("1")]
    traced = trainer(tmp_path, both[0], rows(), lr=0.5)
    traced.train()
    plain = trainer(tmp_path, both[1], rows(with_ids=False), lr=0.5)
    plain.callback_handler.callbacks = [
        c for c in plain.callback_handler.callbacks if type(c).__name__ != "TraceCallback"
    ]
    plain.train()
    assert np.array_equal(of_the_model(traced.model, rows()), of_the_model(plain.model, rows()))


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_a_training_set_without_ids(tmp_path: Path):
    r = undertow.Recorder(tmp_path / "dense", TABLE, classes=3, train=TABLE)
    running = trainer(tmp_path, r.member("0"), rows(with_ids=False), lr=0.1)
    with pytest.raises(UserError) as caught:
        running.train()
    assert str(caught.value) == (
        "TraceCallback: the batch has no 'example_id'; give the training set a column 'example_id' "
        "of whole numbers, and TrainingArguments(…, remove_unused_columns=False)"
    )


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore")
def test_a_second_training_of_the_same_model_goes_on(tmp_path: Path):
    with undertow.Recorder(tmp_path / "dense", TABLE, classes=3, train=TABLE) as r:
        member = r.member("0")
        running = trainer(tmp_path, member, rows(), lr=0.0)
        running.train()
        running.train()
        member.answers(IDS, logits=running.predict(rows()).predictions)
    found = read_probe(tmp_path / "dense", "trace")
    assert found.entry.epochs == (1, 2, 3, 4, 5, 6)
    want = values_of(of_the_model(running.model, rows()), LABELS).predicted
    assert (found.values["predicted"][0] == want[:, None]).all()
