"""``TraceCallback``: a ``Trainer`` of transformers that shows a recorder what its steps see.

A trainer's callbacks are not shown logits, so this listens to the model: before a forward pass it
takes the ids out of the batch, after one it takes the logits. What the trained model answers is one
line, without a callback:

    member.answers(test["example_id"], logits=trainer.predict(test).predictions)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from undertow.errors import UserError
from undertow.recording import Member

try:
    from transformers import TrainerCallback
except ImportError as problem:
    raise ImportError(
        "undertow.integrations.huggingface needs transformers, which is not installed; run pip "
        "install transformers accelerate"
    ) from problem


class TraceCallback(TrainerCallback):
    """Give one to ``Trainer(…, callbacks=[TraceCallback(member)])``, a new one for each member.

    The training set needs a column ``ids`` of whole numbers, the example ids in the recorder's
    ``train``, and the arguments ``remove_unused_columns=False``, since a trainer drops columns that
    the model does not take. The model never sees it. For training in one process.

    A second ``trainer.train()`` goes on with the same model, so the epochs of the trace go on too.
    """

    def __init__(self, member: Member, ids: str = "example_id") -> None:
        self._member, self._column = member, ids
        self._first, self._epoch, self._next = 0, 0, 0
        self._ids, self._hooks = None, list[Any]()

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Listen to the model. What goes on from a checkpoint counts its epochs by itself."""
        self._first = 0 if state.epoch else self._next
        model = given["model"]
        self._listen_no_more()
        self._hooks = [
            model.register_forward_pre_hook(self._before, with_kwargs=True),
            model.register_forward_hook(self._after),
        ]

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """The state counts epochs with a fraction, and only after steps."""
        self._epoch = self._first + int(state.epoch or 0)

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Listen no more. That the model does not see the ids stays, for ``trainer.predict``."""
        self._listen_no_more()
        without = partial(_without, self._column)
        self._hooks = [given["model"].register_forward_pre_hook(without, with_kwargs=True)]

    def _listen_no_more(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _before(self, model: Any, args: Any, batch: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        self._ids = batch.get(self._column)
        return _without(self._column, model, args, batch)

    def _after(self, model: Any, args: Any, output: Any) -> None:
        if not model.training:
            return
        if self._ids is None:
            raise UserError(
                f"TraceCallback: the batch has no {self._column!r}; give the training set a column "
                f"{self._column!r} of whole numbers, and TrainingArguments(…, "
                "remove_unused_columns=False)"
            )
        logits = output["logits"] if isinstance(output, Mapping) else output.logits
        self._member.saw(self._ids, logits, epoch=self._epoch)
        self._next = self._epoch + 1


def _without(
    column: str, model: Any, args: Any, batch: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    return args, {name: value for name, value in batch.items() if name != column}
