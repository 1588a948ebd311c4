"""``PT2EStaticInt8``: static int8 through torch.export, by torchao's quantizer for x86."""

from __future__ import annotations

import copy
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch import nn

from undertow.errors import UserError
from undertow.lab.interventions.runtime._engine import calibration, needed, quiet
from undertow.lab.interventions.runtime._operators import Kind, Operator, effect_of
from undertow.lab.interventions.site import AbstractRuntime, Compiled, Effect

BATCH = 64
"""Of every run: the graph's batch is fixed. With a free one inductor's int8 convolution fails, and
float32 sums that change with the batch would tip a rounding here and there."""
KINDS: dict[str, Kind] = {"aten.conv2d.default": "conv2d", "aten.linear.default": "linear"}
QUANTIZER = "torchao.quantization.pt2e.quantizer.x86_inductor_quantizer"


@dataclass(frozen=True)
class PT2EStaticInt8(AbstractRuntime):
    """torch.export, then torchao's ``prepare_pt2e``, calibration and ``convert_pt2e`` with
    ``X86InductorQuantizer``.

    Convolutions, linear layers and the pooling and sums between them: int8 weights with one scale
    per output channel, uint8 activations with one range per tensor, fixed by histograms of the
    calibration images. A batch norm right after a convolution is folded into it first; any other
    stays float32, as multiply and add.

    The converted graph holds integers and says where they enter and leave, but as it stands its
    sums are float32 over the values those integers mean: the engine's own reference, without an
    integer kernel's overflow, and slow. ``compiled`` lowers it by torch.compile to oneDNN's integer
    kernels; this needs a C++ compiler and some seconds a member. There, on a processor without VNNI
    (AVX2), sums of two products saturate at 16 bits, unless ``reduce_range`` gives activations 7
    bits of the 8 (the engine's advice for these).

    Against ``WeightQuantization(bits=8)``: activations are rounded too, norms are folded before
    weights are rounded, codes use -128. 1911.05248's fixed-point int8 arm also fixes ranges on a
    representative set, with another engine.

    Facts of a compiled graph add ``lowering.difference``: the largest distance of its logits from
    the reference graph's on the first 64 calibration images. Images run 64 at a time, the last ones
    filled up, so answers do not depend on the batch (compiled: to the bit). ``NoEffectError``
    without a convolution or linear layer; ``UserError`` without torchao, images or a compiler, and
    where compiled code contradicts the reference graph on most calibration images.
    """

    compiled: bool = False
    reduce_range: bool = False

    def compile(self, model: nn.Module, calibration_x_NCHW: torch.Tensor) -> Compiled:
        with quiet(), torch.inference_mode(False), torch.no_grad():
            batches = [_filled(x_BCHW) for x_BCHW in calibration(self, calibration_x_NCHW, BATCH)]
            graph = self._converted(model, batches)
            effect = effect_of(self, _operators(graph))
            return (
                self._lowered(graph, batches[0], effect)
                if self.compiled
                else Compiled(_in_batches(graph), effect)
            )

    def _converted(self, model: nn.Module, batches: list[torch.Tensor]) -> torch.fx.GraphModule:
        pt2e, x86 = needed(self, "torchao.quantization.pt2e.quantize_pt2e", QUANTIZER)
        quantizer = x86.X86InductorQuantizer()
        quantizer.set_global(
            x86.get_default_x86_inductor_quantization_config(reduce_range=self.reduce_range)
        )
        program = torch.export.export(copy.deepcopy(model).eval(), (batches[0],))
        prepared = pt2e.prepare_pt2e(_plain_norms(program.module(check_guards=False)), quantizer)
        for x_BCHW in batches:
            prepared(x_BCHW)
        graph: torch.fx.GraphModule = pt2e.convert_pt2e(prepared)
        return graph

    def _lowered(
        self, graph: torch.fx.GraphModule, x_BCHW: torch.Tensor, effect: Effect
    ) -> Compiled:
        run, code = _inductor(self, graph, x_BCHW)
        calls = re.findall(r"onednn\.q(conv|linear)[0-9a-z]*_pointwise\.[a-z_]*\(", code)
        kernels = {"int8.conv2d": calls.count("conv"), "int8.linear": calls.count("linear")}
        for kind, count in kernels.items():
            if count < effect.facts[kind]:
                raise UserError(
                    f"{self!r}: torch.compile made {count} {kind} kernels of "
                    f"{effect.facts[kind]:.0f}"
                )
        expected, answer = graph(x_BCHW), run(x_BCHW)
        wrong = int((expected.argmax(1) != answer.argmax(1)).sum())
        if 2 * wrong > BATCH:
            raise UserError(
                f"{self!r}: compiled code contradicts its own graph on {wrong} of {BATCH} "
                "calibration images, which is a fault of the lowering and no effect of "
                "quantization; leave compiled=False"
            )
        difference = float((expected - answer).abs().max())
        return Compiled(
            _in_batches(run),
            Effect(effect.changed, effect.facts | {"lowering.difference": difference}),
        )


def _in_batches(
    run: Callable[[torch.Tensor], torch.Tensor],
) -> Callable[[torch.Tensor], torch.Tensor]:
    def logits(x_BCHW: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(False), torch.no_grad():
            return torch.cat(
                [run(_filled(part))[: len(part)] for part in torch.split(x_BCHW, BATCH)]
            )

    return logits


def _filled(x_BCHW: torch.Tensor) -> torch.Tensor:
    """A copy of exactly ``BATCH`` images, the given ones over again where they are fewer."""
    return x_BCHW[torch.arange(BATCH) % len(x_BCHW)].contiguous()


def _plain_norms(graph: torch.fx.GraphModule) -> torch.fx.GraphModule:
    """Batch norms that no convolution can take in, as multiply and add. In place.

    They must not be left to torchao 0.18. It folds a norm also where the convolution's output is
    used elsewhere too (as by a shortcut), which then gets the normed output: another network,
    before anything is rounded. And where a norm is left over, ``convert_pt2e`` looks for patterns
    of quantization-aware training, 17 seconds a model for nothing.
    """
    for node in list(graph.graph.nodes):
        if str(node.target) != "aten.batch_norm.default" or _foldable(node.args[0]):
            continue
        x, *rest = node.args
        weight_C, bias_C, mean_C, var_C = (
            operator.attrgetter(str(source.target))(graph) for source in rest[:4]
        )
        scale_C = weight_C / torch.sqrt(var_C + rest[6])
        with graph.graph.inserting_before(node):
            scale = _constant(graph, f"{node.name}_scale", scale_C, node)
            shift = _constant(graph, f"{node.name}_shift", bias_C - mean_C * scale_C, node)
            scaled = graph.graph.call_function(torch.ops.aten.mul.Tensor, (x, scale))
            shifted = graph.graph.call_function(torch.ops.aten.add.Tensor, (scaled, shift))
        scaled.meta, shifted.meta = dict(node.meta), dict(node.meta)
        node.replace_all_uses_with(shifted)
        graph.graph.erase_node(node)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _constant(
    graph: torch.fx.GraphModule, name: str, value_C: torch.Tensor, like: torch.fx.Node
) -> torch.fx.Node:
    """One value per channel of ``like``'s output. The quantizer looks for a tensor without data in
    ``meta``."""
    value = value_C.detach().reshape(-1, *[1] * (like.meta["val"].ndim - 2))
    graph.register_buffer(name, value)
    node = graph.graph.get_attr(name)
    node.meta["val"] = like.meta["val"].fake_mode.from_tensor(value)
    return node


def _foldable(before: torch.fx.Node) -> bool:
    return str(before.target) == "aten.conv2d.default" and len(before.users) == 1


def _operators(graph: torch.fx.GraphModule) -> list[Operator]:
    """An operator counts as integer where both its input and its weight come out of a
    dequantization."""
    found = []
    for node in graph.graph.nodes:
        kind = KINDS.get(str(node.target))
        if kind is None:
            continue
        x, weight = node.args[:2]
        whole = all("dequantize" in str(source.target) for source in (x, weight))
        held = weight.args[0].target if whole else weight.target
        codes = operator.attrgetter(str(held))(graph).numpy() if whole else None
        found.append(Operator(kind, str(held), codes))
    return found


def _inductor(
    intervention: PT2EStaticInt8, graph: torch.fx.GraphModule, x_BCHW: torch.Tensor
) -> tuple[Callable[[torch.Tensor], torch.Tensor], str]:
    """The graph as inductor's code, and that code. Weights are frozen, without which nothing
    becomes an integer."""
    import torch._inductor.config
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler
    from torch._inductor.graph import GraphLowering

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        raise UserError(
            f"{intervention!r} needs a C++ compiler: install g++ or name one in the variable CXX, "
            "or leave compiled=False"
        ) from None
    compiled: Any = torch.compile(graph, dynamic=False, fullgraph=True)
    # No cache of compiled graphs: the code that is counted must be the code of this call.
    settings: dict[str, Any] = {"freezing": True, "fx_graph_cache": False}

    def run(x_BCHW: torch.Tensor) -> torch.Tensor:
        with quiet(), torch._inductor.config.patch(settings):
            answer: torch.Tensor = compiled(x_BCHW)
            return answer

    written: list[str] = []
    with mock.patch.object(GraphLowering, "save_output_code", written.append):
        run(x_BCHW)
    return run, "\n".join(written)
