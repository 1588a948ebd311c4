"""From a checkpoint to an audit: the page's code runs, and a checkpoint is refused with its key
line."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from test_cli import run
from undertow.errors import UserError
from undertow.records import Records, read_any
from undertow.records.checkpoints import SAVE, SUFFIXES

PAGE = Path(__file__).parents[2] / "docs/checkpoints.md"
N, IDS = 40, [f"img/{n:02d}.png" for n in range(40)]
CLASSES = ["cat", "dog", "owl"]
Y = np.arange(N) % 3


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def blocks(heading: str) -> list[str]:
    """The code under one heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def ran(heading: str, **given: Any) -> Records:
    known = {"np": np, "ids": IDS, **given}
    for block in blocks(heading):
        exec(block, known)
    return read_any([Path("old.npz")])[0]


def test_the_loop_for_torch_runs() -> None:
    torch = pytest.importorskip("torch")

    def make_model():
        return torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(4, 3))

    for name in ("old", "new"):
        torch.save(make_model().state_dict(), f"{name}.pt")
    x = torch.randn(N, 4)
    test_set = torch.utils.data.TensorDataset(x, torch.from_numpy(Y))
    given = {"make_model": make_model, "test_set": test_set, "classes": CLASSES}
    records = ran("PyTorch", **given, regions=["n", "s"] * (N // 2))
    assert records.classes == tuple(CLASSES)
    assert records.example_id_N.to_list() == IDS
    assert records.label_N.tolist() == Y.tolist()
    model = make_model().eval()
    model.load_state_dict(torch.load("old.pt", weights_only=True))
    with torch.inference_mode():
        want = model(x).softmax(dim=1).numpy()
    np.testing.assert_allclose(records.proba_MNC[0], want, atol=1e-6)
    table, _ = read_any([Path("old.parquet")])
    np.testing.assert_allclose(table.proba_MNC[0], want, atol=1e-6)
    assert (table.label_N.tolist(), table.slice_columns) == (Y.tolist(), ("region",))
    done = run("audit", "old.npz", "--against", "new.npz", "--draws", "100")
    assert (done.returncode, done.stderr) == (0, "")


def probabilities() -> np.ndarray:
    p = np.random.default_rng(0).random((N, 3))
    return p / p.sum(axis=1, keepdims=True)


def test_the_lines_for_hugging_face_run() -> None:
    answered = SimpleNamespace(predictions=probabilities() * 5, label_ids=Y)
    trainer = SimpleNamespace(predict=lambda data: answered)
    records = ran("Hugging Face", trainer=trainer, test_set={"id": IDS})
    assert records.pred_MN[0].tolist() == answered.predictions.argmax(axis=1).tolist()
    assert records.label_N.tolist() == Y.tolist()


def test_the_lines_for_keras_run() -> None:
    p = probabilities()
    model = SimpleNamespace(predict=lambda x: p)
    records = ran("Keras", model=model, x_test=None, y_test=Y)
    np.testing.assert_allclose(records.proba_MNC[0], p, rtol=1e-6)


def test_the_lines_for_onnx_run() -> None:
    logits = probabilities() * 5
    session = SimpleNamespace(
        get_inputs=lambda: [SimpleNamespace(name="x")], run=lambda outputs, given: [given["x"]]
    )
    records = ran("ONNX", session=session, x_test=logits, y_test=Y)
    assert records.pred_MN[0].tolist() == logits.argmax(axis=1).tolist()


def test_the_lines_for_scikit_learn_run() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = np.random.default_rng(0).normal(size=(N, 4)), np.array(CLASSES)[Y]
    model = linear_model.LogisticRegression().fit(x, y)
    records = ran("scikit-learn", model=model, x_test=x, y_test=y)
    assert records.classes == tuple(CLASSES)
    assert [records.classes[k] for k in records.label_N] == y.tolist()
    assert [records.classes[k] for k in records.pred_MN[0]] == model.predict(x).tolist()


@pytest.mark.parametrize("suffix", [*sorted(SUFFIXES), ".PT"])
def test_a_checkpoint_is_refused_with_what_to_save(suffix: str) -> None:
    path = Path(f"model{suffix}")
    path.write_bytes(b"PK\x03\x04 or \x89HDF or \x80\x04")
    said = (
        f"{path}: is a checkpoint, and an audit reads predictions; run each model over the test "
        "set, save what it answers with numpy.savez('old.npz', logits=logits, labels=labels, "
        "ids=ids) (docs/checkpoints.md has the loop), and give those files: undertow audit "
        "old.npz --against new.npz"
    )
    with pytest.raises(UserError) as caught:
        read_any([path])
    assert str(caught.value) == said
    Path("folder").mkdir()
    Path("folder/config.json").write_text('{"hidden_size": 8}')
    with pytest.raises(UserError) as caught:
        read_any([path.rename(Path("folder") / path)])
    assert str(caught.value) == said.replace(str(path), f"folder/{path}", 1)
    with pytest.raises(UserError) as caught:
        read_any([Path("folder")])
    assert str(caught.value) == said.replace(str(path), f"folder/{path}", 1)


def test_the_message_and_the_page_say_the_same() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(word in page for word in re.findall(r"\w+(?==)", SAVE))
    assert "undertow audit old.npz --against new.npz" in page
