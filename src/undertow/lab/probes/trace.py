"""``Trace``: how each example's answer went from epoch to epoch, from which many scores follow.

EL2N (2107.07075), forgetting events (1812.05159), the area under the margin (2001.10528),
cartography (2009.10795) and the iteration learned (2106.09647) are computed from it by
``audit/dynamics``, so one probe serves them all and none costs a retraining.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

import polars as pl
import torch
from torch import Tensor

from undertow.errors import UserError
from undertow.lab.feeds.feed import Feed
from undertow.lab.probes.asking import (
    Part,
    batches_of,
    in_eval_mode,
    labels_of,
    with_members,
)
from undertow.lab.probes.probe import Found, Probe, ProbeRun, Size
from undertow.lab.trainings.training import Done, Given, Network, TrainingRun
from undertow.records.schema import ProbeEntry

AT_ONCE = 1 << 18
"""Logits that wait before they are looked at: many small operations cost more than one."""
UNSEEN = -1
"""In place of a predicted class, where an epoch did not see the example."""
LARGEST = 65504.0
"""Half precision holds no larger number; what is beyond it is kept as this one."""


class Values(NamedTuple):
    """Of each example (…, B): −log p of its label in nats, the label's logit less the largest
    other, ‖p − e_y‖₂, and the predicted class."""

    loss: Tensor
    margin: Tensor
    error: Tensor
    predicted: Tensor


def values_of(logits_BC: Tensor, y_B: Tensor) -> Values:
    """What a trace keeps of logits (…, B, C) and class indices (…, B): NaN and -1, as of an example
    that was not seen, where they give no probabilities."""
    label_B1 = y_B[..., None]
    log_p_BC = logits_BC.log_softmax(-1)
    p_BC = log_p_BC.exp()
    others_BC = logits_BC.scatter(-1, label_B1, -torch.inf)
    loss_B = -log_p_BC.gather(-1, label_B1)[..., 0]
    margin_B = logits_BC.gather(-1, label_B1)[..., 0] - others_BC.amax(-1)
    none_B = loss_B.isnan()
    return Values(
        loss=loss_B,
        margin=margin_B.masked_fill(none_B, torch.nan),
        error=p_BC.scatter_add(-1, label_B1, -torch.ones_like(p_BC[..., :1])).norm(dim=-1),
        predicted=logits_BC.argmax(-1).masked_fill(none_B, UNSEEN),
    )


@dataclass(frozen=True)
class Trace(Probe):
    """Loss, margin, ‖p − e_y‖₂ and predicted class of every example after every ``every``-th epoch
    and the last one, in half precision.

    Values are of the step that learned from the example: its augmented view, the network in train
    mode and as it was at that step, NaN and -1 where the epoch did not, not by logits (contrastive
    training), or where logits give no probabilities. With ``clean``, they are asked for by a pass
    of their own over ``part`` after the epoch, in eval mode and without augmentation; this costs a
    forward pass. The test part, and what is held out, can be asked alone. The loss is −log p of the
    label, whatever the training minimises.
    """

    every: int = 1
    clean: bool = False
    part: Part = "train"

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"{self!r}: every is a number of epochs, 1 or more")
        if self.part not in get_args(Part):
            raise ValueError(f"{self!r}: there is no such part; choose train, held_out or test")
        if self.part != "train" and not self.clean:
            raise ValueError(f"{self!r}: no step sees the {self._said} part; give clean=True")

    @property
    def name(self) -> str:
        """``trace``, ``trace-clean``, ``trace-held-out`` or ``trace-test``."""
        if self.part != "train":
            return f"trace-{self._said}"
        return "trace-clean" if self.clean else "trace"

    @property
    def _said(self) -> str:
        return self.part.replace("_", "-")

    def entry(self, epochs: int) -> ProbeEntry:
        """Its part, mode and view."""
        return ProbeEntry(
            description=repr(self),
            epochs=self._chosen(epochs),
            part=self.part,
            mode="eval" if self.clean else "train",
            view="clean" if self.clean else "augmented",
        )

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing seen. ``UserError`` where nothing is held out and it looks at that."""
        if self.part == "held_out" and not len(given.data.held_out_y_N):
            raise UserError(
                f"{self!r}: the data have no held-out part; wrap them in HeldOut or Watching, "
                "or look at another part"
            )
        kept = _Kept(given, self.part, self._chosen(epochs))
        return _Asked(kept, given.data, self.part) if self.clean else _SeenRun(kept)

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """Three halves and a class per example and epoch, and an epoch under way."""
        examples = {"train": size.train, "held_out": size.held_out, "test": size.test}[self.part]
        width = 6 + _class_type(size.classes).itemsize
        return examples * width * (len(self._chosen(epochs)) + 1)

    def _chosen(self, epochs: int) -> tuple[int, ...]:
        return tuple(e for e in range(1, epochs + 1) if e % self.every == 0 or e == epochs)


def _class_type(classes: int) -> torch.dtype:
    return torch.int8 if classes <= torch.iinfo(torch.int8).max else torch.int32


def _unseen(shape: tuple[int, ...], classes: int, device: torch.device | str = "cpu") -> Values:
    """Values in half precision of examples that nobody has seen yet."""
    loss, margin, error = (
        torch.full(shape, torch.nan, dtype=torch.float16, device=device) for _ in range(3)
    )
    predicted = torch.full(shape, UNSEEN, dtype=_class_type(classes), device=device)
    return Values(loss, margin, error, predicted)


class _Kept:
    """Values of M members on N examples: those of the epoch under way on the device, earlier ones
    (M, E, N) in memory."""

    def __init__(self, given: Given, part: Part, epochs: tuple[int, ...]) -> None:
        y_N = labels_of(given.data, part)
        self.y_N, self.epochs = y_N, epochs
        M, N, E = len(given.models), len(y_N), len(epochs)
        self.now = _unseen((M, N), given.data.classes, y_N.device)
        self.before = _unseen((M, E, N), given.data.classes)

    def add(self, index_MB: Tensor, logits_MBC: Tensor) -> None:
        """These examples of the epoch under way."""
        found = values_of(logits_MBC, self.y_N[index_MB])
        for now, value in zip(self.now, found, strict=True):
            if value.is_floating_point():
                value = value.clamp(-LARGEST, LARGEST)
            now.scatter_(-1, index_MB, value.to(now.dtype))

    def end(self, epoch: int) -> None:
        """The epoch is over: keep it if it is one of those, and begin the next."""
        for before, now in zip(self.before, self.now, strict=True):
            if epoch in self.epochs:
                before[:, self.epochs.index(epoch)] = now.cpu()
            now.fill_(torch.nan if now.is_floating_point() else UNSEEN)

    def frames(self) -> list[pl.DataFrame]:
        """Of each member: a column of arrays (E,) per quantity, a row per example."""
        return [
            pl.DataFrame(
                {
                    name: before[m].T.contiguous().numpy()
                    for name, before in zip(Values._fields, self.before, strict=True)
                }
            )
            for m in range(len(self.before.loss))
        ]

    def state_dict(self) -> dict[str, Tensor]:
        return {f"now {n}": v for n, v in self.now._asdict().items()} | {
            f"before {n}": v for n, v in self.before._asdict().items()
        }

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        for name, held in self.state_dict().items():
            held.copy_(state_dict[name])


class _TraceRun(ProbeRun):
    def __init__(self, kept: _Kept) -> None:
        self.kept = kept

    def found(self) -> list[Found]:
        """A frame per member."""
        return [Found(frame) for frame in self.kept.frames()]


class _SeenRun(_TraceRun):
    """By what each step saw. What waits is looked at whenever there is enough of it: at steps that
    do not depend on where a training was stopped."""

    def __init__(self, kept: _Kept) -> None:
        super().__init__(kept)
        self.waiting: list[tuple[Tensor, Tensor]] = []
        self.size = 0

    def after_step(self, t: int, done: Done, run: TrainingRun) -> None:
        """Take what was seen; nothing where no example was chosen or the step has no logits."""
        if done.seen is None or done.seen.logits_BC is None:
            return
        logits_MBC = with_members(done.seen.logits_BC)
        self.waiting.append((done.seen.index_B.reshape(len(logits_MBC), -1), logits_MBC))
        self.size += logits_MBC.numel()
        if self.size >= AT_ONCE:
            self._look()

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Look at the rest."""
        self._look()
        self.kept.end(epoch)

    def _look(self) -> None:
        if self.waiting:
            index_MB, logits_MBC = self._together()
            self.kept.add(index_MB, logits_MBC)
        self.waiting, self.size = [], 0

    def _together(self) -> tuple[Tensor, Tensor]:
        return (
            torch.cat([index_MB for index_MB, _ in self.waiting], dim=1),
            torch.cat([logits_MBC for _, logits_MBC in self.waiting], dim=1),
        )

    def state_dict(self) -> Mapping[str, Any]:
        """With what waits."""
        waits = dict(zip(("index", "logits"), self._together(), strict=True)) if self.size else {}
        return {"kept": self.kept.state_dict(), "waiting": waits}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put it back."""
        self.kept.load_state_dict(state_dict["kept"])
        self.waiting, self.size = [], 0
        if waits := state_dict.get("waiting"):
            device = self.kept.y_N.device
            self.waiting = [(waits["index"].to(device), waits["logits"].to(device))]
            self.size = waits["logits"].numel()


class _Asked(_TraceRun):
    """By a pass over the part after the epoch."""

    def __init__(self, kept: _Kept, data: Feed, part: Part) -> None:
        super().__init__(kept)
        self.data, self.part = data, part

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Ask where the epoch is one of those."""
        if epoch not in self.kept.epochs:
            return
        network, start = run.network(), 0
        with in_eval_mode(network, self.data.device):
            for x_BCHW in batches_of(self.data, self.part):
                index_B = torch.arange(start, start + len(x_BCHW), device=self.data.device)
                self._ask(network, index_B, x_BCHW)
                start += len(x_BCHW)
        self.kept.end(epoch)

    def _ask(self, network: Network, index_B: Tensor, x_BCHW: Tensor) -> None:
        logits_MBC = with_members(network(x_BCHW))
        self.kept.add(index_B.expand(len(logits_MBC), -1), logits_MBC)

    def state_dict(self) -> Mapping[str, Any]:
        """What was asked so far."""
        return {"kept": self.kept.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put it back."""
        self.kept.load_state_dict(state_dict["kept"])
