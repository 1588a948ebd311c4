"""Many members in one step: the reference loop, with a member axis in front of everything."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from undertow.lab.feeds.augment import Draws, augmented, draws_of_epoch, order_of_epoch
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.site import AbstractObjective, AbstractWeights, Horizon, WeightsRun
from undertow.lab.recipe import Recipe
from undertow.lab.runner.answers import checked
from undertow.lab.runner.checkpoint import Saver, TrainingState
from undertow.lab.trainings.learning_rate import learning_rate
from undertow.lab.trainings.optimizer import make_optimizer
from undertow.lab.trainings.precision import products, shortened
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.supervised import diverged, finished
from undertow.lab.trainings.teacher import Teacher, teacher_logits


def train_stacked(
    models: Sequence[nn.Module],
    data: Feed,
    recipes: Sequence[Recipe],
    seeds_M: Sequence[Mapping[str, int]],
    interventions: Sequence[AbstractWeights] = (),
    on_epoch: Callable[[int, int], None] | None = None,
    saver: Saver | None = None,
    objective: AbstractObjective | None = None,
    teacher: Teacher | None = None,
) -> list[dict[str, float] | Exception]:
    """Train ``models`` in place, all at once, each as ``train_member`` would alone.

    Recipes may differ in learning rate and weight decay, not in what shapes a step. In float64 the
    weights equal the reference's to 1e-10; in float32 sums are taken in another order. ``teacher``
    gives the logits of all members' teachers at once. Returns, per model, what ``train_member``
    does, or the error that it would raise: a member that diverges leaves the others as they are.
    """
    recipe, examples, M = _shared(recipes), len(data.train_y_N), len(models)
    per_epoch = math.ceil(examples / recipe.batch)
    steps = per_epoch * recipe.epochs
    horizons = [Horizon(steps, seeds["init"]) for seeds in seeds_M]
    starts = zip(models, horizons, strict=True)
    runs_M = [[i.start(model, horizon) for i in interventions] for model, horizon in starts]
    dropout_M = [torch.Generator(data.device).manual_seed(seeds["dropout"]) for seeds in seeds_M]
    stack = Stack(models, dropout_M)
    optimizer = _optimizer(recipes, stack)
    total_M = torch.zeros(M, device=data.device, dtype=torch.float64)
    loss_M = torch.zeros(M, dtype=torch.float64)
    ended_M = torch.zeros(M, dtype=torch.int64)  # The epoch in which a member diverged, else 0.
    state = TrainingState(models, optimizer, [total_M, loss_M, ended_M], dropout_M)
    first = saver.resume(state) if saver else 0
    with products(recipe.precision, data.device):
        for step in range(first, steps):
            epoch, batch = divmod(step, per_epoch)
            if batch == 0 or step == first:
                plan = _Epoch(data, recipe, seeds_M, epoch, batch)
            x_MBCHW, y_MB = plan.batch(batch)
            teacher_MBC = teacher_logits(teacher, x_MBCHW, recipe.precision)
            with shortened(recipe.precision, data.device):
                logits_MBC = stack(x_MBCHW)
            logits_MBC = checked(logits_MBC, (*y_MB.shape, data.classes), models[0])
            each_MB = _losses(logits_MBC.to(data.dtype), y_MB, recipe, objective, teacher_MBC)
            batch_loss_M = each_MB.mean(1)
            for group, own in zip(optimizer.param_groups, recipes, strict=False):
                group["lr"] = learning_rate(own, step, steps)
            stack.zero_grad()
            torch.autograd.backward(batch_loss_M.sum())
            stack.spread_gradients()
            optimizer.step()
            for run in itertools.chain.from_iterable(runs_M):
                run.after_step(step)
            total_M += batch_loss_M.detach() * y_MB.shape[1]
            if batch == per_epoch - 1:
                loss_M.copy_(torch.where(ended_M == 0, total_M.cpu() / examples, loss_M))
                total_M.zero_()
                ended_M[(ended_M == 0) & ~loss_M.isfinite()] = epoch + 1
                if on_epoch:
                    on_epoch(epoch + 1, recipe.epochs)
                if bool(ended_M.all()):
                    break
            if saver and step + 1 < steps and saver.due():
                saver.save(step + 1, state)
    return [
        _ending(runs, loss, ended, recipe)
        for runs, loss, ended in zip(runs_M, loss_M.tolist(), ended_M.tolist(), strict=True)
    ]


class _Epoch:
    """One epoch's examples for all members: each has its own order and its own crops and flips.

    Where all members share both, images come once, without a member axis.
    """

    def __init__(
        self,
        data: Feed,
        recipe: Recipe,
        seeds_M: Sequence[Mapping[str, int]],
        epoch: int,
        batch: int,
    ) -> None:
        self.data, self.recipe, self.M = data, recipe, len(seeds_M)
        self.shared = len({(seeds["order"], seeds["augment"]) for seeds in seeds_M}) == 1
        seeds_M = seeds_M[:1] if self.shared else seeds_M
        self.examples = len(data.train_y_N)
        # drawn on the CPU, and sent to the device once and not member by member
        when, cpu = (epoch, self.examples), torch.device("cpu")
        order_MN = torch.stack([order_of_epoch(s["order"], *when, cpu) for s in seeds_M])
        self.order_MN = order_MN.to(data.device)
        draws_M = [draws_of_epoch(recipe, s["augment"], *when, cpu) for s in seeds_M]
        self.draws = Draws.together([draws for draws in draws_M if draws], data.device)
        self.row_M1 = torch.arange(len(seeds_M), device=data.device)[:, None] * self.examples
        ahead = torch.split(self.order_MN[:, batch * recipe.batch :], recipe.batch, dim=1)
        data.plan_epoch(
            torch.cat([index_MB.flatten() for index_MB in ahead]), recipe.batch * len(seeds_M)
        )

    def batch(self, batch: int) -> tuple[Tensor, Tensor]:
        """Images (M, B, C, H, W), or (B, C, H, W) where shared, and labels (M, B)."""
        index_MB = self.order_MN[:, batch * self.recipe.batch : (batch + 1) * self.recipe.batch]
        drawn = (index_MB + self.row_M1).flatten()
        x = augmented(
            self.data.train_batch(index_MB.flatten()),
            drawn,
            self.draws,
            self.recipe,
            self.data.black_C,
        )
        y_MB = self.data.train_y_N[index_MB]
        if self.shared:
            return x, y_MB.expand(self.M, -1)
        return x.reshape(*index_MB.shape, *x.shape[1:]), y_MB


def _losses(
    logits_MBC: Tensor,
    y_MB: Tensor,
    recipe: Recipe,
    objective: AbstractObjective | None,
    teacher_MBC: Tensor | None,
) -> Tensor:
    """Every example's (M, B)."""
    if objective:
        return objective.each(logits_MBC, y_MB, teacher_MBC)
    return F.cross_entropy(
        logits_MBC.flatten(0, 1),
        y_MB.flatten(),
        reduction="none",
        label_smoothing=recipe.label_smoothing,
    ).reshape(y_MB.shape)


def _shared(recipes: Sequence[Recipe]) -> Recipe:
    """The recipe of all, but for learning rate and decay of weights; ``ValueError`` where they
    differ in more."""
    first = recipes[0]
    for recipe in recipes:
        if replace(recipe, lr=first.lr, weight_decay=first.weight_decay) != first:
            raise ValueError(
                "members of one stack may differ in lr and weight_decay alone: "
                f"{recipe!r} and {first!r}"
            )
    return first


def _optimizer(recipes: Sequence[Recipe], stack: Stack) -> torch.optim.Optimizer:
    """One optimizer over the stack; where recipes differ, one group per member, over that member's
    views."""
    if all(recipe == recipes[0] for recipe in recipes):
        return make_optimizer(recipes[0], stack.parameters.values())
    stack.spread = True
    return make_optimizer(
        recipes[0],
        [
            {
                "params": list(model.parameters()),
                "lr": recipe.lr,
                "weight_decay": recipe.weight_decay,
            }
            for model, recipe in zip(stack.models, recipes, strict=True)
        ],
    )


def _ending(
    runs: Sequence[WeightsRun], loss: float, ended: int, recipe: Recipe
) -> dict[str, float] | Exception:
    """A member's facts, or the error that the reference raises."""
    if ended:
        return diverged(loss, ended, recipe.epochs)
    try:
        return finished(runs, {"loss": loss})
    except Exception as error:
        return error
