"""The variants of one network: what each is called, what it promises, and how it is built."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.runtime import (
    OnnxDynamicInt8,
    OnnxStaticInt8,
    OpenVINOStaticInt8,
    PT2EStaticInt8,
    TorchaoLinearInt8,
    TorchDynamicInt8,
)
from undertow.lab.interventions.runtime._engine import needed
from undertow.lab.interventions.runtime.pt2e_static import BATCH
from undertow.lab.interventions.site import AbstractRuntime, Horizon
from undertow.lab.interventions.weights import OneShotPruning
from undertow.lab.lottery import channels, engines, int4, sparse
from undertow.lab.lottery.built import (
    Built,
    CannotRun,
    OtherBatch,
    bytes_held,
    in_its_words,
    of_engine,
    of_module,
)
from undertow.lab.lottery.ideal import DYNAMIC, FUSED, LINEAR, STATIC, Ideal

REFERENCE = "eager"
TORCH_INT8 = TorchDynamicInt8(alone=False)
"""Images as they come, which is how a batch is timed."""
Build = Callable[[Any, Tensor, Tensor], Built]
"""Of the network (a module, or an ``OnnxFile``), the batch that is timed, and the examples that an
engine may calibrate on."""


@dataclass(frozen=True)
class Variant:
    """``promise`` is None where the smaller network itself is counted. ``sparsity`` is that of its
    kernels, for the break-even point."""

    name: str
    about: str
    build: Build
    promise: Ideal | None = Ideal()
    sparsity: float | None = None


def variants(sparsity: float, channels_kept: float) -> list[Variant]:
    """All of them, the reference first; those that cannot run here are among them."""
    return [*_float(), *_int8(), *_smaller(sparsity, channels_kept)]


def _float() -> list[Variant]:
    return [
        Variant(REFERENCE, "torch, operator by operator", lambda n, x, c: engines.eager(n)),
        Variant("compile", "torch.compile, float32", lambda n, x, c: engines.compiled(n, x), FUSED),
        Variant(
            "onnxruntime", "ONNX Runtime, float32",
            lambda n, x, c: engines.in_onnxruntime(n, x), FUSED,
        ),
        Variant("openvino", "OpenVINO, float32", lambda n, x, c: engines.in_openvino(n, x), FUSED),
        Variant(
            "bfloat16", "torch, operator by operator, bfloat16",
            lambda n, x, c: engines.in_bfloat16(n),
            Ideal(dtype="bfloat16", stored=0.5, activations=0.5),
        ),
    ]  # fmt: skip


def _int8() -> list[Variant]:
    stored, dynamic = Ideal(LINEAR, stored=0.25), Ideal(LINEAR, stored=0.25, dtype="int8")
    fused, fused_dynamic = replace(stored, fused=True), replace(dynamic, fused=True)
    return [
        Variant("torchao-int8-weights", "torchao, int8 weights of linear layers, eager",
                _linear(TorchaoLinearInt8(False)), stored),
        Variant("torchao-int8-weights-compile", "the same under torch.compile",
                _linear(TorchaoLinearInt8(False), under_compile=True), fused),
        Variant("torchao-int8-dynamic", "torchao, int8 weights and activations of linear layers, "
                "eager", _linear(TorchaoLinearInt8()), dynamic),
        Variant("torchao-int8-dynamic-compile", "the same under torch.compile",
                _linear(TorchaoLinearInt8(), under_compile=True), fused_dynamic),
        Variant("torch-int8-dynamic", "torch's own older kernels for dynamic int8, linear layers",
                _linear(TORCH_INT8), dynamic),
        Variant("torch-int8-dynamic-compile", "the same under torch.compile",
                _linear(TORCH_INT8, under_compile=True), fused_dynamic),
        Variant("pt2e-int8", "torch.export, static int8 by oneDNN's kernels", _pt2e, STATIC),
        Variant("onnxruntime-int8-dynamic", "ONNX Runtime, dynamic int8",
                _engine(OnnxDynamicInt8(exact_sums=False, alone=False)), DYNAMIC),
        Variant("onnxruntime-int8-static", "ONNX Runtime, static int8",
                _engine(OnnxStaticInt8(exact_sums=False)), STATIC),
        Variant("openvino-int8", "OpenVINO, static int8",
                _engine(OpenVINOStaticInt8(exact_sums=False)), STATIC),
        Variant("torch-int4", "torch's packed 4-bit kernel for CPUs, linear layers",
                lambda n, x, c: int4.in_int4(n), Ideal(LINEAR, stored=0.125 + 2 / int4.GROUP)),
        Variant("torchao-int4", "torchao, int4 weights of linear layers", _torchao_int4,
                Ideal(LINEAR, stored=0.125 + 1 / 32)),
    ]  # fmt: skip


def _smaller(sparsity: float, kept: float) -> list[Variant]:
    left = 1 - sparsity
    said = f"{100 * sparsity:g} % of weights"
    blocks = 1 + 8 / (4 * sparse.BLOCK**2)
    return [
        Variant("masked-dense", f"{said} zero, stored and multiplied as before",
                lambda n, x, c: _masked(n, sparsity), Ideal(density=left)),
        Variant("csr", f"{said} of linear layers left out (CSR, 8-byte indices)",
                lambda n, x, c: sparse.in_csr(n, sparsity),
                Ideal(LINEAR, density=left, stored=3 * left), sparsity),
        Variant("csr-linear", "the same weights in torch's own linear layer, which turns the "
                "matrix round", lambda n, x, c: sparse.in_csr(n, sparsity, as_linear=True),
                Ideal(LINEAR, density=left, stored=3 * left), sparsity),
        Variant("bsr", f"{said} of linear layers left out in blocks of {sparse.BLOCK} × "
                f"{sparse.BLOCK} (BSR)", lambda n, x, c: sparse.in_bsr(n, sparsity),
                Ideal(LINEAR, density=left, stored=blocks * left), sparsity),
        Variant("semi-structured", "2 of 4 weights left out (2:4)", _two_of_four,
                Ideal(LINEAR, density=0.5, stored=0.5625)),
        Variant("channels", f"{100 * kept:g} % of channels kept, dense",
                lambda n, x, c: channels.with_fewer_channels(n, kept), None),
    ]  # fmt: skip


def _masked(network: nn.Module, sparsity: float) -> Built:
    """Zeros by magnitude in each layer, in a dense layer, as pruning leaves them."""
    masked = copy.deepcopy(network)
    OneShotPruning(sparsity, scope="layer").start(masked, Horizon(0, 0)).finish()
    return of_module(masked, note="dense kernels multiply its zeros")


def _linear(engine: TorchaoLinearInt8 | TorchDynamicInt8, under_compile: bool = False) -> Build:
    """An engine of linear layers, whose network is still a module."""
    emulated = engine == TorchaoLinearInt8(activations=False)
    turned = "weights are turned into float32 for each product" if emulated else ""

    def build(network: nn.Module, x_B: Tensor, calibration: Tensor) -> Built:
        told = of_engine(engine.compile(network, calibration), bytes_held(network))
        converted = engine.converted(network)
        built = engines.compiled(converted, x_B) if under_compile else of_module(converted)
        worse = told.status if built.status == "native" else built.status
        return replace(
            built,
            size=told.size,
            status="emulated" if emulated else worse,
            note="; ".join(filter(None, [turned, told.note, built.note])),
            operators=told.operators,
        )

    return build


def _engine(engine: AbstractRuntime) -> Build:
    def build(network: nn.Module, x_B: Tensor, calibration: Tensor) -> Built:
        return of_engine(engine.compile(network, calibration), bytes_held(network))

    return build


def _pt2e(network: nn.Module, x_B: Tensor, calibration: Tensor) -> Built:
    if len(x_B) % BATCH:
        raise OtherBatch(
            f"it runs {BATCH} examples at a time, and the batch has {len(x_B)}; give --batch "
            f"{BATCH} and at least as many examples"
        )
    return _engine(PT2EStaticInt8(compiled=True))(network, x_B, calibration)


def _torchao_int4(network: nn.Module, x_B: Tensor, calibration: Tensor) -> Built:
    (torchao,) = needed("torchao int4", "torchao.quantization")
    converted = copy.deepcopy(network)
    try:
        torchao.quantize_(converted, torchao.Int4WeightOnlyConfig(set_inductor_config=False))
    except ImportError as error:  # It wants a GPU's kernels.
        raise CannotRun(
            f"torchao wants a package that is not here; its words: {in_its_words(error)}"
        ) from error
    if not any(type(p) is not nn.Parameter for p in converted.parameters()):
        raise NoEffectError("torchao left every layer as it was, without a word")
    return of_module(converted)


def _two_of_four(network: nn.Module, x_B: Tensor, calibration: Tensor) -> Built:
    raise CannotRun(
        "kernels for it are those of NVIDIA GPUs from compute capability 8.0 on; this is a CPU"
        if not torch.cuda.is_available()
        else "everything here runs on the CPU, and kernels for it are those of GPUs"
    )
