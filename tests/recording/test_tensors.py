"""Whatever holds numbers becomes an array, and nothing is imported for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import undertow
from recordings import EXAMPLES, IDS, TRAIN, TRAIN_IDS, logits, recorder
from undertow.recording.tensors import array_of, held, ids_of, scores_of
from undertow.records import read_population
from undertow.records.probes import read_probe

torch = pytest.importorskip("torch")


def kinds() -> dict[str, Any]:
    scores = logits()
    return {
        "array": scores,
        "float64": scores.astype(np.float64),
        "list": scores.tolist(),
        "tensor": torch.from_numpy(scores),
        "with a gradient": torch.from_numpy(scores).requires_grad_() * 1,
        "parameter": torch.nn.Parameter(torch.from_numpy(scores)),
        "list of tensors": [row.requires_grad_() for row in torch.from_numpy(scores)],
        "bfloat16": torch.from_numpy(scores).bfloat16(),
        "float16": torch.from_numpy(scores).half(),
        "float16 array": scores.astype(np.float16),
        "polars": pl.DataFrame(scores, schema=["a", "b", "c"]),
        "pandas": pd.DataFrame(scores),
    }


@pytest.mark.heavy
@pytest.mark.parametrize("kind", kinds())
def test_scores_of_any_kind(tmp_path: Path, kind: str):
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        member, scores = r.member("0"), kinds()[kind]
        member.saw(TRAIN_IDS, scores[:6], epoch=0)
        member.answers(IDS, logits=scores)
    found = read_population(tmp_path / "dense")
    want = torch.from_numpy(logits()).softmax(dim=1).numpy()
    np.testing.assert_allclose(found.proba_MNC[0], want, atol=5e-3)
    loss = read_probe(tmp_path / "dense", "trace").values["loss"][0, :, 0]
    np.testing.assert_allclose(loss, -np.log(want[np.arange(6), np.arange(6) % 3]), atol=2e-2)


@pytest.mark.parametrize(
    "ids",
    [
        [0, 1, 2], (0, 1, 2), range(3), np.arange(3), torch.arange(3), list(torch.arange(3)),
        ["0", "1", "2"], np.array(["0", "1", "2"]), pl.Series(["0", "1", "2"]), pd.Series([0, 1, 2]),
    ],
)  # fmt: skip
def test_ids_of_any_kind(ids: Any):
    assert ids_of("ids", ids) == ["0", "1", "2"]


def test_half_precision_becomes_single():
    for value in (torch.ones(2).bfloat16(), torch.ones(2).half(), np.ones(2, np.float16)):
        assert scores_of("x", value).dtype == np.float32
    assert array_of("x", torch.ones(2).double()).dtype == np.float64
    assert array_of("x", torch.arange(2)).dtype == np.int64
    assert scores_of("x", [[1, 0]]).dtype == np.float32


def test_what_is_held_does_not_change():
    tensor = torch.zeros(2, requires_grad=True) * 1
    kept = held(tensor)
    tensor.data.add_(1)
    assert kept.tolist() == [0, 0]
    assert not kept.requires_grad


def test_tables_of_tensors(tmp_path: Path):
    examples = {
        "example_id": torch.arange(8), "label": torch.arange(8) % 3, "dark": torch.arange(8) > 3
    }  # fmt: skip
    with undertow.Recorder(tmp_path / "dense", examples, classes=3) as r:
        r.member("0").answers(torch.arange(8), predictions=torch.arange(8) % 3)
    records = read_population(tmp_path / "dense")
    assert records.example_id_N.to_list() == [str(i) for i in range(8)]
    assert records.examples["dark"].to_list() == [False] * 4 + [True] * 4
    assert (records.correct_MN == 1).all()


@pytest.mark.gpu
def test_tensors_on_a_gpu(tmp_path: Path):
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        member, scores = r.member("0"), torch.from_numpy(logits()).cuda()
        member.saw(TRAIN_IDS, scores[:6].bfloat16(), epoch=0)
        member.answers(IDS, logits=scores)
    with undertow.Recorder(
        tmp_path / "numbered", {**EXAMPLES, "example_id": torch.arange(8).cuda()}, classes=3
    ) as r:
        r.member("0").answers(torch.arange(8).cuda(), logits=list(scores))
    for name in ("dense", "numbered"):
        found = read_population(tmp_path / name)
        np.testing.assert_allclose(found.proba_MNC[0], scores.softmax(1).cpu().numpy(), atol=1e-6)
