"""The example of docs/vary-texts.md, on a small language model that is made here."""

from __future__ import annotations

import json
import random
import re
import shlex
import string
from pathlib import Path

import pytest

from test_cli import run

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
PAGE = (Path(__file__).parents[2] / "docs/vary-texts.md").read_text("utf-8")


@pytest.mark.heavy
def test_positions_that_count_pads_flip_answers_and_own_ones_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    model, data = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    commands = re.findall(r"^undertow (.*)$", PAGE, re.MULTILINE)
    headlines = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    _language_model(tmp_path / "my-model")
    (tmp_path / "questions.jsonl").write_text("".join(_sums(60)))
    (tmp_path / "model.py").write_text(model)
    exec(data, {})
    for command, headline in zip(commands, headlines, strict=True):
        done = run(*shlex.split(command))
        assert done.returncode == 0, done.stderr
        first, shown = done.stdout.splitlines()[0], headline.strip()
        assert first.split(";")[0] == shown.split(";")[0]  # then the last bits of a difference


def _language_model(folder: Path) -> None:
    """GPT-2 with random weights, and a token for each character that can be printed."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokens = {"<pad>": 0} | {mark: i + 1 for i, mark in enumerate(string.printable)}
    words = Tokenizer(models.WordLevel(tokens, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>").save_pretrained(
        folder
    )
    torch.manual_seed(0)
    settings = transformers.GPT2Config(
        vocab_size=len(tokens), n_positions=256, n_embd=32, n_layer=2, n_head=2,
        initializer_range=0.3, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(settings).save_pretrained(folder)


def _sums(count: int) -> list[str]:
    draw = random.Random(0)
    lines = []
    for place in range(count):
        a, b = draw.randint(2, 99), draw.randint(2, 99)
        asked = f"{a} + {b} is A: {a + b}, B: {a + b + 1}, C: {a - b}, D: {a * b}? "
        lines.append(json.dumps({"id": f"sum-{place}", "question": asked, "answer": "A"}) + "\n")
    return lines
