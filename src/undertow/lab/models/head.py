"""The two parts of a classifier: an encoder, and the linear layer that turns its features into
logits, its head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from undertow.errors import UserError


def head_of(model: nn.Module) -> str:
    """The name of the head: the last linear layer in the order of modules. A model whose head is
    another one has it, or its name, as the attribute ``head``. All else is the encoder.

    Raises ``UserError`` where there is none.
    """
    said: nn.Module | str = getattr(model, "head", model)
    inside = model.get_submodule(said) if isinstance(said, str) else said
    linear = [module for module in inside.modules() if isinstance(module, nn.Linear)]
    names: list[str] = [n for n, module in model.named_modules() if module in linear[-1:]]
    if not names or not names[0]:
        raise UserError(
            f"{type(model).__name__}: has no linear layer inside, so nothing that could be its "
            "head; give it an attribute head with the layer that turns features into logits"
        )
    return names[0]


def is_of_head(name: str, head: str) -> bool:
    """Whether a parameter of this name is the head's."""
    return name.startswith(f"{head}.")


@contextmanager
def entering(model: nn.Module, head: str) -> Iterator[list[Tensor]]:
    """What enters the head in the one forward pass inside: the features (B, F), in a list as soon
    as they are there. ``UserError`` where the head was not called once, or with another shape."""
    kept: list[Tensor] = []
    handle = model.get_submodule(head).register_forward_pre_hook(
        lambda _, entered: kept.append(entered[0])
    )
    try:
        yield kept
    finally:
        handle.remove()
    if [one.ndim for one in kept] != [2]:
        shapes = " and ".join(str(tuple(one.shape)) for one in kept) or "nothing"
        raise UserError(
            f"{type(model).__name__}: {shapes} entered its head {head!r} in a forward pass; "
            "features are one tensor with a row for each image. If another layer turns them into "
            "logits, give the model an attribute head with that layer"
        )
