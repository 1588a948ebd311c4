"""The reference trainer: one member, one straight loop. Every other runner must give what this
gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

from undertow.errors import UndertowError
from undertow.lab.feeds.augment import augmented, draws_of_epoch, order_of_epoch
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.site import AbstractObjective, AbstractWeights, Horizon, WeightsRun
from undertow.lab.recipe import Recipe
from undertow.lab.runner.answers import checked
from undertow.lab.runner.checkpoint import Saver, TrainingState, generators
from undertow.lab.trainings.learning_rate import learning_rate
from undertow.lab.trainings.optimizer import make_optimizer
from undertow.lab.trainings.precision import products, shortened
from undertow.lab.trainings.teacher import Teacher, teacher_logits


class DivergedError(UndertowError):
    """A member's loss or output stopped being a number."""


def train_member(
    model: nn.Module,
    data: Feed,
    recipe: Recipe | None,
    seeds: Mapping[str, int],
    interventions: Sequence[AbstractWeights] = (),
    on_epoch: Callable[[int, int], None] | None = None,
    saver: Saver | None = None,
    objective: AbstractObjective | None = None,
    teacher: Teacher | None = None,
) -> dict[str, float]:
    """Train ``model`` in place; returns the last epoch's mean loss and the interventions' facts.

    ``recipe=None`` trains nothing and only applies the interventions. The order of examples is
    drawn per epoch from the stream ``order``, crops and flips from ``augment``, masks from
    ``init``; ``dropout`` seeds torch's own generator for the length of the call, since
    ``nn.Dropout`` listens to no other. The last batch of an epoch may be short. ``objective`` takes
    the place of cross-entropy with the labels; ``teacher``, where it wants one, sees the pixels
    that ``model`` sees. Raises ``DivergedError`` after an epoch whose loss is not finite, and
    ``Stopped`` where the saver was asked to.
    """
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    examples = len(data.train_y_N)
    per_epoch = math.ceil(examples / recipe.batch) if recipe else 0
    steps = per_epoch * recipe.epochs if recipe else 0
    runs = [i.start(model, Horizon(steps, seeds["init"])) for i in interventions]
    facts: dict[str, float] = {}
    if recipe:
        optimizer = make_optimizer(recipe, model.parameters())
        total = torch.zeros((), device=data.device, dtype=torch.float64)
        state = TrainingState([model], optimizer, [total], generators(data.device))
        with torch_seeded(seeds["dropout"], data.device), products(recipe.precision, data.device):
            model.train()
            first = saver.resume(state) if saver else 0
            for step in range(first, steps):
                epoch, batch = divmod(step, per_epoch)
                if batch == 0 or step == first:
                    order_N = order_of_epoch(seeds["order"], epoch, examples, data.device)
                    draws = draws_of_epoch(recipe, seeds["augment"], epoch, examples, data.device)
                    data.plan_epoch(order_N[batch * recipe.batch :], recipe.batch)
                index_B = order_N[batch * recipe.batch : (batch + 1) * recipe.batch]
                x_BCHW = augmented(data.train_batch(index_B), index_B, draws, recipe, data.black_C)
                teacher_BC = teacher_logits(teacher, x_BCHW, recipe.precision)
                with shortened(recipe.precision, data.device):
                    logits_BC = model(x_BCHW)
                logits_BC = checked(logits_BC, (len(index_B), data.classes), model)
                logits_BC, y_B = logits_BC.to(data.dtype), data.train_y_N[index_B]
                if objective:
                    loss = objective.each(logits_BC, y_B, teacher_BC).mean()
                else:
                    loss = F.cross_entropy(logits_BC, y_B, label_smoothing=recipe.label_smoothing)
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate(recipe, step, steps)
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                for run in runs:
                    run.after_step(step)
                total += loss.detach() * len(index_B)
                if batch == per_epoch - 1:
                    facts["loss"] = float(total) / examples
                    total.zero_()
                    if not math.isfinite(facts["loss"]):
                        raise diverged(facts["loss"], epoch + 1, recipe.epochs)
                    if on_epoch:
                        on_epoch(epoch + 1, recipe.epochs)
                if saver and step + 1 < steps and saver.due():
                    saver.save(step + 1, state)
    return finished(runs, facts)


def finished(runs: Sequence[WeightsRun], facts: dict[str, float]) -> dict[str, float]:
    """End the interventions and add what they measured."""
    for run in runs:
        effect = run.finish()
        facts |= {"weights_changed": float(effect.changed)} | effect.facts
    return facts


def diverged(loss: float, epoch: int, epochs: int) -> DivergedError:
    """The error of a member whose mean loss over an epoch is not finite."""
    return DivergedError(f"the loss was {loss} in epoch {epoch} of {epochs}")


@contextmanager
def torch_seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's own generators start at ``seed`` inside and are as they were outside."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
