"""Number formats in training: what each one means on a device, and why it is in use, in one
sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from undertow.errors import UserError
from undertow.lab.recipe import Precision


def storage(precision: Precision) -> torch.dtype:
    """The type of weights, optimizer state and images."""
    return torch.float64 if precision == "float64" else torch.float32


def shortened(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """For a forward pass: ``bfloat16`` is autocast, the others compute in the type of the
    weights."""
    if precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@contextmanager
def products(precision: Precision, device: torch.device) -> Iterator[None]:
    """Around forward and backward passes: how CUDA multiplies float32. ``float32`` means float32;
    torch's default would let convolutions use TF32."""
    if device.type != "cuda":
        yield
        return
    rule = "tf32" if precision == "tf32" else "ieee"
    places = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]
    before = [place.fp32_precision for place in places]
    for place in places:
        place.fp32_precision = rule
    try:
        yield
    finally:
        for place, old in zip(places, before, strict=True):
            place.fp32_precision = old


def check_precision(precision: Precision, device: torch.device) -> None:
    """``UserError`` for a number format that this device has not."""
    if precision == "tf32" and device.type != "cuda":
        raise UserError(
            f"precision 'tf32' exists on CUDA alone, and this runs on {device.type}; "
            "choose 'float32'"
        )


def reason(precision: Precision, device: torch.device) -> str:
    """Why training computes as it does, for a person."""
    check_precision(precision, device)
    match precision:
        case "float64":
            return "float64, as the recipe asks: for comparing runners, several times slower"
        case "bfloat16" if has_bfloat16(device):
            return (
                f"bfloat16 autocast over float32 weights, as the recipe asks: this {_name(device)} "
                "computes it natively"
            )
        case "bfloat16":
            return (
                f"bfloat16 autocast over float32 weights, as the recipe asks: this {_name(device)} "
                "has no instructions for it, so float32 would be faster"
            )
        case "tf32":
            return (
                "float32 weights with TF32 products, as the recipe asks: 10 bits of fraction in "
                "each product"
            )
    return "float32 throughout" + (", TF32 off" if device.type == "cuda" else "")


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 numbers itself."""
    if device.type == "cuda":  # of a cluster's GPUs nothing is known here
        return not torch.cuda.is_available() or torch.cuda.get_device_capability(device) >= (8, 0)
    capabilities = torch.cpu.get_capabilities()
    return bool(
        capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16")
    )


def _name(device: torch.device) -> str:
    return "GPU" if device.type == "cuda" else "CPU"
