"""What an object holds, as text that is the same in every process: by its state, since a ``repr``
may leave out or cut what it likes.

Arrays count by their bytes, sets in sorted order, instances by ``__dict__``, ``__slots__`` and
dataclass fields, and objects of libraries by what ``pickle`` would keep of them (nothing is
unpickled). Left out are ``cached_property``, and dataclass fields with both ``repr=False`` and
``compare=False``, which are no part of what an object is.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property, partial
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

DEEPEST = 100
"""Levels of objects inside objects; what lies deeper is an error, so that nothing is left out in
silence."""

LONG = 400
"""Letters of a text beyond which its digest stands for it."""

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), type(NotImplemented))
VALUES = (bool, int, float, complex, str, bytes)


def without_address(value: object) -> str:
    """``repr`` without addresses, which no two runs have in common."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def is_plain(value: object) -> bool:
    """Whether ``repr`` says all of it, without an address."""
    if type(value) in PLAIN:
        return True
    if isinstance(value, dict) and type(value) is dict:
        return all(map(is_plain, value)) and all(map(is_plain, value.values()))
    return (
        isinstance(value, list | tuple)
        and type(value) in (list, tuple)
        and all(map(is_plain, value))
    )


def state(thing: object) -> dict[str, object]:
    """What an instance holds, by name."""
    kind = type(thing)
    held = {**_slots(thing), **getattr(thing, "__dict__", {})}
    if dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            held.pop(field.name, None)
            if (field.repr or field.compare) and hasattr(thing, field.name):
                held[field.name] = getattr(thing, field.name)
    cached = {
        n for base in kind.__mro__ for n, v in vars(base).items() if isinstance(v, cached_property)
    }
    return {name: held[name] for name in sorted(held.keys() - cached)}


def said_by_repr(thing: object) -> frozenset[str]:
    """The fields that the ``repr`` which a dataclass makes for itself says completely."""
    made = getattr(getattr(type(thing).__repr__, "__wrapped__", None), "__code__", None)
    if not dataclasses.is_dataclass(thing) or made is None or made.co_filename != "<string>":
        return frozenset()
    return frozenset(
        f.name
        for f in dataclasses.fields(thing)
        if f.repr and is_plain(getattr(thing, f.name, None))
    )


def class_values(kind: type) -> dict[str, object]:
    """What the attributes of a class hold besides its methods."""
    if issubclass(kind, Enum):
        return {name: member.value for name, member in kind.__members__.items()}
    described = (
        FunctionType,
        staticmethod,
        classmethod,
        property,
        cached_property,
        MemberDescriptorType,
    )
    return {
        name: value
        for name, value in vars(kind).items()
        if not (name.startswith("__") and name.endswith("__"))
        and name != "_abc_impl"
        and not isinstance(value, described)
        and not type(value).__name__.endswith("descriptor")
    }


class Structure:
    """``Structure(named, own)(value)`` is the text. ``named`` is told each class and function in
    the value and names it; ``own`` says whether a class is a person's own, so that its instances
    count by their state."""

    def __init__(self, named: Callable[[Any], str], own: Callable[[type], bool]) -> None:
        self._named, self._own = named, own
        self._texts: dict[int, tuple[object, str]] = {}
        self._around: list[int] = []

    def __call__(self, value: object) -> str:
        """The text of any value. Raises ``RecursionError`` where objects hold objects without
        end."""
        if type(value) in PLAIN:
            return repr(value)
        if id(value) in self._around:  # two that hold each other
            return f"<{self._around[::-1].index(id(value))} up>"
        if id(value) not in self._texts:
            if len(self._around) >= DEEPEST:
                raise RecursionError(f"{type(value).__name__} is held {DEEPEST} levels deep")
            self._around.append(id(value))
            try:
                said = self._of(value)
            finally:
                self._around.pop()
            said = (
                said
                if len(said) <= LONG
                else hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
            )
            self._texts[id(value)] = value, said  # the value is kept, so that its id stays its own
        return self._texts[id(value)][1]

    def named_values(self, values: Mapping[str, object]) -> str:
        """The text of attributes."""
        return ", ".join(f"{name}={self(value)}" for name, value in values.items())

    def _of(self, value: object) -> str:
        if isinstance(value, type | FunctionType):
            return self._named(value)
        if isinstance(value, ModuleType):
            return f"module {value.__name__}"
        if isinstance(value, BuiltinFunctionType) and isinstance(
            value.__self__, ModuleType | type(None)
        ):
            return f"{value.__module__}.{value.__qualname__}"
        if isinstance(value, MethodType):
            return f"method({self(value.__func__)}, {self(value.__self__)})"
        if isinstance(value, partial):
            return f"partial({self(value.func)}, {self(value.args)}, {self(value.keywords)})"
        if isinstance(value, Enum):
            return f"{self._named(type(value))}.{value.name}={self(value.value)}"
        if (inner := getattr(value, "__wrapped__", None)) is not None and callable(value):
            return f"wrapped({self(inner)})"
        return self._data(value)

    def _data(self, value: object) -> str:
        kind = self._named(type(value))
        if isinstance(value, np.ndarray | np.generic):
            return f"{kind}{_array(np.asarray(value), self)}{self._rest(value)}"
        if (tensor := _tensor(value)) is not None:
            return f"{kind}{tensor}{self._rest(value)}"
        if isinstance(value, dict):
            inside = ", ".join(f"{self(k)}: {self(v)}" for k, v in value.items())
        elif isinstance(value, set | frozenset):
            inside = ", ".join(sorted(map(self, value)))
        elif isinstance(value, list | tuple | deque):
            inside = ", ".join(self(v) for v in value)
        elif isinstance(value, VALUES):
            inside = next(base.__repr__(value) for base in VALUES if isinstance(value, base))
        elif dataclasses.is_dataclass(value) or self._own(type(value)):
            inside = ""
        else:
            return f"{kind}({self._reduced(value)})"
        return f"{kind}({inside}){self._rest(value)}"

    def _rest(self, value: object) -> str:
        """The attributes of an instance, as far as it is a dataclass's or a person's own."""
        counts = dataclasses.is_dataclass(value) or self._own(type(value))
        return f" {{{self.named_values(state(value))}}}" if counts else ""

    def _reduced(self, value: object) -> str:
        """An object of a library, as ``pickle`` takes it apart."""
        try:
            parts = value.__reduce_ex__(2)
            whole = parts if isinstance(parts, str) else [_listed(part) for part in parts]
        except Exception:  # what cannot be taken apart, such as a lock or an open file
            return without_address(value)
        return self(whole)


def _listed(part: object) -> object:
    return list(part) if isinstance(part, Iterator) else part


def _slots(thing: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for base in type(thing).__mro__:
        if "__slots__" not in vars(base):
            continue
        for name, slot in vars(base).items():
            if isinstance(slot, MemberDescriptorType):
                try:
                    found[name] = slot.__get__(thing)
                except AttributeError:
                    continue  # nothing was put there
    return found


def _array(array: np.ndarray[Any, Any], inside: Callable[[Iterable[object]], str]) -> str:
    if array.dtype.hasobject:
        return f"({array.shape}, {inside(array.ravel().tolist())})"
    data = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return f"({array.dtype.str}, {array.shape}, {data})"


def _tensor(value: object) -> str | None:
    torch = sys.modules.get("torch")  # not imported for this: without it there is no tensor
    if torch is None or not isinstance(value, torch.Tensor):
        return None
    try:
        data = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    except (RuntimeError, TypeError, NotImplementedError):  # sparse and the like
        return f"({value.dtype}, {without_address(value)})"
    return f"({value.dtype}, {tuple(value.shape)}, {hashlib.sha256(data).hexdigest()})"
