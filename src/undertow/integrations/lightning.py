"""``RecordCallback``: a Lightning ``Trainer`` that shows a recorder what its steps return."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from undertow.errors import UserError
from undertow.recording import Member

try:
    from lightning.pytorch import Callback
except ImportError:
    try:
        from pytorch_lightning import Callback
    except ImportError as problem:
        raise ImportError(
            "undertow.integrations.lightning needs Lightning, which is not installed; run pip "
            "install lightning"
        ) from problem

Seen = Callable[[Any, Any], tuple[Any, Any]]
"""From what a step returned and its batch to ids and logits."""


def returned(outputs: Any, batch: Any) -> tuple[Any, Any]:
    """Ids and logits of a step that returns them by name, beside the loss in training."""
    if not isinstance(outputs, Mapping) or not {"example_id", "logits"} <= set(outputs):
        has = ", ".join(outputs) if isinstance(outputs, Mapping) else type(outputs).__name__
        raise UserError(
            f"RecordCallback: a step returned {has}; return {{'loss': loss, 'example_id': ids, "
            "'logits': logits} from it (without the loss in predict_step and test_step), or give "
            "RecordCallback(member, seen=lambda outputs, batch: (ids, logits))"
        )
    return outputs["example_id"], outputs["logits"]


class RecordCallback(Callback):
    """Give one to ``Trainer(callbacks=[RecordCallback(member)])``, a new one for each member.

    ``trainer.fit`` gives the trace, unless ``trace`` is false; ``trainer.predict`` or
    ``trainer.test`` over the test examples gives the answers. Steps return ``example_id`` and
    ``logits``, or ``seen`` finds them in what they return and in the batch. For one process. Once
    the member has all its answers, a further ``predict`` or ``test`` is passed over with a warning.
    """

    def __init__(self, member: Member, *, trace: bool = True, seen: Seen = returned) -> None:
        self._member, self._trace, self._seen = member, trace, seen
        self._passed_over = False

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A training step's logits, from before the step changed the network."""
        if self._trace:
            ids, logits = self._seen(outputs, batch)
            self._member.saw(ids, logits, epoch=trainer.current_epoch)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """The first of ``test`` and ``predict`` gives the answers."""
        self._pass_over_if_answered("test")

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """The first of ``test`` and ``predict`` gives the answers."""
        self._pass_over_if_answered("predict")

    def on_test_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *rest: Any) -> None:
        """A piece of the answers."""
        self._answered(outputs, rest[0])

    def on_predict_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *rest: Any) -> None:
        """A piece of the answers."""
        self._answered(outputs, rest[0])

    def _pass_over_if_answered(self, stage: str) -> None:
        self._passed_over = self._member.done
        if self._passed_over:
            warnings.warn(
                f"RecordCallback: member {self._member.name!r} is done, so what trainer.{stage} "
                "answers is passed over; its record has what came first",
                UserWarning,
                stacklevel=2,
            )

    def _answered(self, outputs: Any, batch: Any) -> None:
        if self._passed_over:
            return
        ids, logits = self._seen(outputs, batch)
        self._member.answers(ids, logits=logits)
