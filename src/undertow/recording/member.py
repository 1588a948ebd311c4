"""One member as its owner's loop shows it: what it saw while it trained, what it answers at the
end."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex

from undertow.errors import UserError
from undertow.recording.example_rows import shown
from undertow.recording.gathered import Gathered
from undertow.recording.trace_values import NAMES, Part, TraceKept

if TYPE_CHECKING:
    from undertow.recording.opened_folder import OpenedFolder


class Member:
    """A member that is being recorded; ``Recorder.member`` makes it.

    It is done, and on disk, as soon as every example has an answer.
    """

    def __init__(
        self,
        kept: OpenedFolder,
        name: str,
        gathered: Gathered,
        traces: Mapping[Part, TraceKept],
        seeds: Mapping[str, int],
        parent: str | None,
    ) -> None:
        self.name, self.seeds, self.parent = name, dict(seeds), parent
        self.done = self._marked = False
        self.numbers: dict[str, float] = {}
        self.traces = traces
        self._kept, self._gathered = kept, gathered

    @property
    def begun(self) -> bool:
        """Whether it was shown anything."""
        return bool(self.seen or len(self._gathered.missing) < len(self._gathered.pred_N))

    @property
    def seen(self) -> dict[str, tuple[int, ...]]:
        """The epochs of each of its traces that has any, by its name."""
        return {trace.name: trace.epochs for trace in self.traces.values() if trace.epochs}

    def saw(self, ids: Any, logits: Any, *, epoch: SupportsIndex, part: Part = "train") -> None:
        """What a training step saw, for the member's trace: the ids of its training examples (B,)
        and the network's logits (B, C) for them, before the step changes it. With ``part="test"``
        what the network says to test examples after the epoch, in eval mode: a trace of its own,
        ``trace-test``.

        Call it in every step, or in every step of some epochs. ``epoch`` counts from 0, as
        ``range`` does; the record counts epochs that are over, so 0 becomes 1. Their order does
        not matter, and an epoch that nobody gives is none of the trace. Of an example that an epoch
        sees twice the last counts; one that it does not see has no value there. A member may stop
        before the others, not go on after the first (``Recorder(…, epochs=…)`` makes room). Logits
        that give no probabilities count as not seen, with a warning, and stop nothing.
        """
        called = self._open("saw")
        if part not in NAMES:
            raise UserError(f"{called}: part is {part!r}; give 'train' or 'test'")
        if part not in self.traces:
            raise UserError(
                f"{called}: the training examples are not known; give Recorder(…, "
                "train={'example_id': ids, 'label': labels})"
            )
        number = _counted(called, epoch) + 1
        self._kept.refuse_epochs(called, NAMES[part], (number,))
        if not self._marked:
            self._kept.begin(self)
            self._marked = True
        self.traces[part].add(called, number, ids, logits)

    def answers(
        self, ids: Any, *, logits: Any = None, probabilities: Any = None, predictions: Any = None
    ) -> None:
        """What the trained network answers to test examples, whole or in several pieces: ``logits``
        or ``probabilities`` (B, C), or ``predictions`` (B,) as class indices or names.
        ``predictions`` beside one of the others are those of a threshold: the answer is the
        prediction, and a warning says how many are not the likeliest class."""
        called = self._open("answers")
        self._gathered.add(
            called, ids, logits=logits, probabilities=probabilities, predictions=predictions
        )
        if not self._gathered.missing:
            self._warn_of_unlikely(called)
            self._kept.write(self, self._gathered.pred_N, self._gathered.proba_NC)
            self.done = True

    def _warn_of_unlikely(self, called: str) -> None:
        """They may be meant, or belong to other examples."""
        if self._gathered.unlikely:
            warnings.warn(
                f"{called}: {self._gathered.unlikely:,} of {len(self._gathered.pred_N):,} "
                "predictions are not the likeliest class; leave out predictions= unless a "
                "threshold made them",
                UserWarning,
                stacklevel=3,
            )

    def facts(self, **numbers: SupportsFloat) -> None:
        """Numbers about this member, such as ``sparsity=0.9``; before the last of its answers."""
        called = self._open("facts")
        for name, value in numbers.items():
            try:
                number = float(value)
            except (TypeError, ValueError):
                raise UserError(f"{called}: {name} is {value!r}; facts are numbers") from None
            if not math.isfinite(number):
                raise UserError(
                    f"{called}: {name} is {number}; facts are finite numbers, so leave out one "
                    "that is not known"
                )
            self.numbers[name] = number

    def diverged(self, reason: str) -> None:
        """In place of answers, of a network whose loss or answers stopped being numbers: it is kept
        as such and takes part in nothing."""
        self._open("diverged")
        self._kept.diverge(self, reason)
        self.done = True

    def refuse_unanswered(self) -> None:
        """``UserError`` where it is not done: how many answers are missing, and what to call."""
        if self.done:
            return
        missing, total = self._gathered.missing, len(self._gathered.pred_N)
        if not missing:
            raise UserError(
                f"member {self.name!r}: has all its answers and was not written, for the reason "
                "given then; mend that and run again"
            )
        what = (
            f"has no answers to the {total:,} examples"
            if len(missing) == total
            else f"lacks answers to {len(missing):,} of {total:,} examples ({shown(missing)})"
        )
        raise UserError(
            f"member {self.name!r}: {what}; give them with member.answers(ids, logits=…) once it "
            "has trained, before the next member begins and before the with block ends"
        )

    def _open(self, method: str) -> str:
        """How messages call it; ``UserError`` where nothing more may come."""
        if self.done:
            raise UserError(
                f"member {self.name!r}, {method}: the member is done, since every example has an "
                "answer; call it before the last answers, or begin another member"
            )
        return f"member {self.name!r}, {method}"


def _counted(called: str, epoch: SupportsIndex) -> int:
    try:
        number = operator.index(epoch)
    except TypeError:
        number = -1
    if number < 0:
        raise UserError(
            f"{called}: epoch is {epoch!r}; give a whole number from 0 on, as range(epochs) counts"
        )
    return number
