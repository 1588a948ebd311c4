"""How a network fares on held-out examples, group by group, between two steps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.objective._groups import Groups
from undertow.lab.interventions.objective._margin import cross_entropy
from undertow.lab.probes.asking import BATCH, in_eval_mode, with_members
from undertow.lab.trainings.teacher import Teacher, teacher_logits
from undertow.lab.trainings.training import Given, Network


def labels_of_held_out(data: Feed) -> Tensor:
    """(1, N, C), float64: each held-out label as a distribution."""
    return F.one_hot(data.held_out_y_N, data.classes).double()[None]


def taught_of_held_out(teacher: Teacher, given: Given, temperature: float) -> Tensor:
    """(M, N, C), float64: the teacher's probabilities of each held-out example, asked once."""
    said = []
    for x_BCHW in given.data.held_out_batches(BATCH):
        logits_BC = teacher_logits(teacher, x_BCHW, "float32")
        assert logits_BC is not None  # there is a teacher
        said.append(with_members(logits_BC))
    return (torch.cat(said, dim=1).double() / temperature).softmax(-1)


class HeldErrors:
    """The 0-1 error of each group by labels ``p_MNC``, which may be soft: of the class j
    Σ_i p_j(x_i) 1(answer ≠ j) / Σ_i p_j(x_i), of another group the mean over its examples of
    1 − p_answer(x_i).
    With one-hot labels both are shares of wrong answers."""

    def __init__(self, data: Feed, groups: Groups, p_MNC: Tensor) -> None:
        self.data, self.groups, self.p_MNC = data, groups, p_MNC
        members = len(p_MNC)
        count_MG = torch.bincount(groups.held_N, minlength=len(groups.names)).expand(members, -1)
        self.total_MG = p_MNC.sum(1) if groups.by_class else count_MG.double()

    def __call__(self, network: Network) -> Tensor:
        """(M, G), float64, of the network in eval mode."""
        return self.of(asked(network, self.data).argmax(-1))

    def of(self, answer_MN: Tensor) -> Tensor:
        """(M, G), float64, of these answers."""
        p_MNC = self.p_MNC.expand(len(answer_MN), -1, -1)
        right_MN = p_MNC.gather(-1, answer_MN[..., None])[..., 0]
        group_MN = answer_MN if self.groups.by_class else self.groups.held_N.expand_as(answer_MN)
        total_MG = self.total_MG.expand(len(answer_MN), -1)
        right_MG = torch.zeros_like(total_MG).scatter_add(-1, group_MN, right_MN)
        return (total_MG - right_MG) / total_MG


class HeldLosses:
    """Mean cross-entropy with the labels of each group's held-out examples, in nats."""

    def __init__(self, data: Feed, groups: Groups) -> None:
        self.data, self.groups = data, groups
        self.count_G = torch.bincount(groups.held_N, minlength=len(groups.names)).double()

    def __call__(self, network: Network) -> Tensor:
        """(M, G), float64, of the network in eval mode."""
        logits_MNC = asked(network, self.data).double()
        y_MN = self.data.held_out_y_N.expand(len(logits_MNC), -1)
        loss_MN = cross_entropy(logits_MNC, y_MN)
        sum_MG = torch.zeros_like(self.count_G.expand(len(loss_MN), -1))
        return sum_MG.scatter_add(-1, self.groups.held_N.expand_as(y_MN), loss_MN) / self.count_G


def asked(network: Network, data: Feed) -> Tensor:
    """(M, N, C): logits of the held-out examples in their order, in full precision."""
    with in_eval_mode(network, data.device):
        said = [with_members(network(x_BCHW)) for x_BCHW in data.held_out_batches(BATCH)]
    return torch.cat(said, dim=1)
