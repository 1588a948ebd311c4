"""One toy of each thing that a person may add to the lab: a training, and an intervention at each
site of the supervised one. Nothing in the lab knows them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl
import torch
from torch import nn

from undertow.lab.feeds.batches import Batches
from undertow.lab.interventions.site import (
    AbstractArithmetic,
    AbstractInputs,
    AbstractObjective,
    AbstractSampling,
    AbstractWeights,
    Chosen,
    Effect,
    InputsRun,
    ObjectiveRun,
    SamplingRun,
    WeightsRun,
)
from undertow.lab.probes.probe import Found, Probe, ProbeRun
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.training import Cost, Done, Seen
from undertow.records.schema import ProbeEntry


@dataclass(frozen=True)
class HardestHalf(AbstractSampling):
    """Learns from the half of the candidates with the largest losses, every other step from none;
    counts how often it chose."""

    every: int = 2

    def start(self, given, batches):
        return _HardestHalf(self.every)


class _HardestHalf(SamplingRun):
    def __init__(self, every):
        self.every, self.chosen = every, torch.zeros(())

    def choose(self, t, candidates, score):
        if t % self.every:
            return None
        best = score(candidates).topk(max(1, len(candidates.y_B) // 2)).indices
        self.chosen += len(best)
        return Chosen(type(candidates)(*(part[best] for part in candidates)), 1 + 0 * best)

    def told(self):
        return {"chosen all": self.chosen[None]}

    def state_dict(self):
        return {"chosen": self.chosen}

    def load_state_dict(self, state_dict):
        self.chosen.copy_(state_dict["chosen"])


@dataclass(frozen=True)
class Brighter(AbstractInputs):
    """Adds a brightness drawn for each step and member."""

    strength: float = 0.1

    def start(self, given):
        return _Brighter(self.strength, [seeds["augment"] for seeds in given.seeds_M])


class _Brighter(InputsRun):
    def __init__(self, strength, seeds_M):
        self.strength, self.seeds_M = strength, seeds_M

    def changed(self, t, batch):
        drawn = [torch.Generator().manual_seed(mixed(seed, t)) for seed in self.seeds_M]
        light_M = torch.cat([torch.rand(1, generator=source) for source in drawn])
        light_M = light_M.to(batch.x_BCHW.dtype) * self.strength
        if len(self.seeds_M) == 1:
            return batch._replace(x_BCHW=batch.x_BCHW + light_M)
        x_MBCHW = batch.x_BCHW
        if x_MBCHW.ndim == 4:
            x_MBCHW = x_MBCHW.expand(len(light_M), *x_MBCHW.shape)
        return batch._replace(x_BCHW=x_MBCHW + light_M[:, None, None, None, None])


@dataclass(frozen=True)
class Grainy(AbstractInputs):
    """Adds noise from torch's own generator, as many do without thinking of resuming."""

    by_itself: ClassVar[str] = "it draws for one member"

    def start(self, given):
        return _Grainy()


class _Grainy(InputsRun):
    def changed(self, t, batch):
        return batch._replace(x_BCHW=batch.x_BCHW + 0.1 * torch.randn_like(batch.x_BCHW))


@dataclass(frozen=True)
class Times(AbstractInputs):
    """Multiplies, so that it matters whether it comes before or after what adds."""

    factor: float = 2.0

    def start(self, given):
        return _Times(self.factor)


class _Times(InputsRun):
    def __init__(self, factor):
        self.factor = factor

    def changed(self, t, batch):
        return batch._replace(x_BCHW=batch.x_BCHW * self.factor)


@dataclass(frozen=True)
class Averaged(AbstractWeights):
    """Leaves the running mean of the weights: keeps state that the model does not hold."""

    def start(self, model, horizon):
        return _Averaged(model)


class _Averaged(WeightsRun):
    def __init__(self, model):
        self.model, self.mean = model, [p.detach().clone() for p in model.parameters()]

    def after_step(self, step):
        for mean, parameter in zip(self.mean, self.model.parameters(), strict=True):
            mean.lerp_(parameter.detach(), 0.3)

    @torch.no_grad()
    def finish(self):
        for mean, parameter in zip(self.mean, self.model.parameters(), strict=True):
            parameter.copy_(mean)
        return Effect(1)

    def state_dict(self):
        return {str(i): mean for i, mean in enumerate(self.mean)}

    def load_state_dict(self, state_dict):
        for i, mean in enumerate(self.mean):
            mean.copy_(state_dict[str(i)])


@dataclass(frozen=True)
class Anchored(AbstractWeights):
    """Pulls the weights towards what they were when it began."""

    def start(self, model, horizon):
        return _Anchored(model)


class _Anchored(WeightsRun):
    def __init__(self, model):
        self.model, self.anchor = model, [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def after_step(self, step):
        for anchor, parameter in zip(self.anchor, self.model.parameters(), strict=True):
            parameter.lerp_(anchor, 0.2)

    def finish(self):
        return Effect(1)


@dataclass(frozen=True)
class RunningWeights(AbstractObjective):
    """Cross-entropy, each class weighing more the larger its loss has been: keeps state."""

    strength: float = 0.5

    def start(self, given):
        return _RunningWeights(self, given)

    def each(self, logits_BC, y_B, teacher_logits_BC):
        return -logits_BC.log_softmax(-1).gather(-1, y_B[..., None])[..., 0]


class _RunningWeights(ObjectiveRun):
    def __init__(self, objective, given):
        self.objective = objective
        shape = (len(given.seeds_M), given.data.classes) if given.together else given.data.classes
        self.weight_C = torch.ones(shape, dtype=given.data.dtype)

    def each(self, logits_BC, y_B, index_B, teacher_logits_BC):
        each_B = self.objective.each(logits_BC, y_B, teacher_logits_BC)
        weighted_B = each_B * self.weight_C.gather(-1, y_B)
        if logits_BC.requires_grad:
            grown = self.weight_C.scatter_add(
                -1, y_B, 0.01 * self.objective.strength * each_B.detach()
            )
            self.weight_C.copy_(grown)
        return weighted_B

    def told(self):
        weight_MC = self.weight_C.reshape(-1, self.weight_C.shape[-1])
        return {f"weight {c}": weight_MC[:, c] for c in range(weight_MC.shape[-1])}

    def state_dict(self):
        return {"weight": self.weight_C}

    def load_state_dict(self, state_dict):
        self.weight_C.copy_(state_dict["weight"])


@dataclass(frozen=True)
class Watched(AbstractArithmetic):
    """Notes that it is in force."""

    inside: ClassVar[list[bool]] = []

    @contextmanager
    def around(self, given):
        self.inside.append(True)
        yield
        self.inside.append(False)


@dataclass(frozen=True)
class LastGradient(Probe):
    """The size of the last bias's gradient, summed over steps: reads what the backward pass left,
    which is nothing where that bias does not learn."""

    name = "last-gradient"

    def entry(self, epochs):
        return ProbeEntry(description=repr(self), epochs=tuple(range(1, epochs + 1)))

    def start(self, given, epochs):
        return _LastGradient(len(given.models))


class _LastGradient(ProbeRun):
    def __init__(self, members):
        self.sum_M, self.epochs_E = torch.zeros(members, dtype=torch.float64), []

    def after_step(self, t, done, run):
        if done.seen is not None:
            # by name: a mask that comes or goes moves its weight to the end
            biases = [p for n, p in sorted(run.network().named_parameters()) if n.endswith("bias")]
            if (left := biases[-1].grad) is not None:
                self.sum_M += left.double().reshape(len(self.sum_M), -1).norm(dim=1)

    def after_epoch(self, epoch, run):
        self.epochs_E.append(self.sum_M.clone())

    def found(self):
        epochs = list(range(1, len(self.epochs_E) + 1))
        return [
            Found(
                series=pl.DataFrame({"epoch": epochs, "last": [float(e[m]) for e in self.epochs_E]})
            )
            for m in range(len(self.sum_M))
        ]

    def state_dict(self):
        return {"sum": self.sum_M, "epochs": dict(enumerate(self.epochs_E))}

    def load_state_dict(self, state_dict):
        self.sum_M = state_dict["sum"].clone()
        self.epochs_E = [
            v.clone()
            for _, v in sorted(state_dict.get("epochs", {}).items(), key=lambda kv: int(kv[0]))
        ]


@dataclass(frozen=True)
class SignDescent:
    """A training of another kind: every weight goes a fixed step against its gradient's sign."""

    sites: ClassVar[frozenset[str]] = frozenset()
    by_itself: ClassVar[str] = "it is written for one member"

    epochs: int = 2
    rate: float = 0.01
    precision: str = "float32"

    def steps(self, data):
        return -(-len(data.train_y_N) // 16) * self.epochs

    def start(self, given):
        return SignDescentRun(self, given)


class SignDescentRun:
    def __init__(self, what, given):
        recipe = Recipe(epochs=what.epochs, batch=16)
        self.what, self.epochs, self.noise = what, what.epochs, given.noise("dropout")
        self.batches = Batches(given.data, recipe, given.seeds_M, given.together)
        self.steps, self.net = what.steps(given.data), given.network(self.noise)

    def step(self, t):
        index_B, x_BCHW, y_B = self.batches.batch(t)
        self.noise.at(t)
        logits_BC = self.net(x_BCHW)
        each_B = nn.functional.cross_entropy(logits_BC, y_B, reduction="none")
        self.net.zero_grad()
        each_B.mean().backward()
        with torch.no_grad():
            for parameter in self.net.parameters():
                parameter -= self.what.rate * parameter.grad.sign()
        seen = Seen(index_B, y_B, each_B.detach(), logits_BC.detach())
        return Done(Cost(len(y_B), len(y_B)), seen)

    def ends_epoch(self, t):
        return (t + 1) % self.batches.per_epoch == 0

    def state(self):
        return {"network": self.net}

    def network(self):
        return self.net

    def finish(self):
        return [{"rate": self.what.rate}]


def without(intervention):
    """The same with no strength: it changes nothing."""
    return replace(intervention, strength=0.0)
