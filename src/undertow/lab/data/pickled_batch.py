"""Read a CIFAR "python version" batch without unpickling it.

These files are pickles, and unpickling runs whatever code the file names. This reader walks the
opcodes and knows only what the real files hold: a dict of strings to strings, lists of integers or
strings, and uint8 numpy arrays. Anything else is refused by name; nothing in the file is ever
imported or called.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALLOWED = frozenset(
    {
        "numpy.core.multiarray _reconstruct",
        "numpy._core.multiarray _reconstruct",
        "numpy ndarray",
        "numpy dtype",
    }
)
_MARK = object()


class RefusedError(ValueError):
    """The file holds something that a CIFAR batch does not, or breaks off."""


@dataclass(frozen=True)
class _Name:
    """A global that the file mentions; never looked up."""

    text: str


@dataclass
class _Array:
    """What ``_reconstruct`` stands for: an array whose content the file gives later."""

    value: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class _Dtype:
    code: str


@dataclass
class _Machine:
    """Stack and memo of the opcodes read so far."""

    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def step(self, opcode: str, arg: Any) -> None:
        if opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in _PUSH_ARGUMENT:
            self.stack.append(arg)
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, arg)
        else:
            raise RefusedError(f"holds the opcode {opcode}, which no CIFAR batch has")

    def pop(self, count: int) -> list[Any]:
        """The top ``count`` values, deepest first."""
        if len(self.stack) < count or any(
            value is _MARK for value in self.stack[len(self.stack) - count :]
        ):
            raise RefusedError("takes more values off the stack than it put there")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def pop_to_mark(self) -> list[Any]:
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth] is _MARK:
                taken = self.stack[depth + 1 :]
                del self.stack[depth:]
                return taken
        raise RefusedError("takes more values off the stack than it put there")

    def top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise RefusedError(f"adds to something that is not a {kind.__name__}")
        return self.stack[-1]


def read_batch(data: bytes) -> dict[str, Any]:
    """The dict that a pickled batch holds: keys as text, arrays as numpy uint8, strings as latin-1
    text.

    Raises ``RefusedError`` for anything a CIFAR batch does not hold, and for a file that breaks
    off.
    """
    machine = _Machine()
    with warnings.catch_warnings():
        # genops decodes text escapes before we see the opcode; a bad escape in a damaged file is no
        # news to a user.
        warnings.simplefilter("ignore", DeprecationWarning)
        for opcode, arg in _opcodes(data):
            if opcode == "STOP":
                return _finished(machine)
            machine.step(opcode, arg)
    raise RefusedError("is not a whole pickle (no STOP)")


def _opcodes(data: bytes) -> Iterator[tuple[str, Any]]:
    try:
        for opcode, arg, _ in pickletools.genops(data):
            yield opcode.name, arg
    except ValueError as problem:
        raise RefusedError(f"is not a whole pickle ({problem})") from problem


def _finished(machine: _Machine) -> dict[str, Any]:
    (value,) = machine.pop(1)
    if not isinstance(value, dict):
        raise RefusedError(f"holds a {type(value).__name__}, a CIFAR batch holds a dict")
    return {key: item.value if isinstance(item, _Array) else item for key, item in value.items()}


def _global(machine: _Machine, arg: Any) -> None:
    if arg not in _ALLOWED:
        raise RefusedError(
            f"names {str(arg).replace(' ', '.')}, which no CIFAR batch does; "
            "opening it could run code"
        )
    machine.stack.append(_Name(arg))


def _reduce(machine: _Machine, _: Any) -> None:
    name, args = machine.pop(2)
    if not isinstance(name, _Name) or not isinstance(args, tuple):
        raise RefusedError("calls something that is not a function")
    if name.text.endswith("_reconstruct"):
        machine.stack.append(_Array())
    elif name.text == "numpy dtype" and args and args[0] == "u1":
        machine.stack.append(_Dtype("u1"))
    else:
        raise RefusedError(
            f"calls {name.text.replace(' ', '.')} with {args!r:.60}; only arrays of u1 are known"
        )


def _build(machine: _Machine, _: Any) -> None:
    (state,) = machine.pop(1)
    if machine.stack and isinstance(machine.stack[-1], _Dtype):
        return  # Byte order and the like: without meaning for single bytes.
    machine.top(_Array).value = _array(state)


def _array(state: Any) -> NDArray[np.uint8]:
    try:
        _, shape, dtype, fortran, raw = state
        if dtype != _Dtype("u1"):
            raise RefusedError("holds an array that is not of u1")
        content = np.frombuffer(raw.encode("latin-1"), dtype=np.uint8)
        return content.reshape(shape, order="F" if fortran else "C")
    except (TypeError, ValueError, AttributeError) as problem:
        if isinstance(problem, RefusedError):
            raise
        raise RefusedError(
            f"holds an array whose content does not fit its shape ({problem})"
        ) from problem


def _append(machine: _Machine, items: list[Any]) -> None:
    machine.top(list).extend(items)


def _set_items(machine: _Machine, items: list[Any]) -> None:
    if len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
        raise RefusedError("holds a dict whose keys are not all strings")
    machine.top(dict).update(zip(items[::2], items[1::2], strict=True))


def _get(machine: _Machine, number: int) -> None:
    if number not in machine.memo:
        raise RefusedError(f"refers to value {number}, which it never stored")
    machine.stack.append(machine.memo[number])


def _put(machine: _Machine, number: int) -> None:
    if not machine.stack:
        raise RefusedError("stores a value that is not there")
    machine.memo[number] = machine.stack[-1]


_CONSTANTS: dict[str, Any] = {
    "MARK": _MARK,
    "NONE": None,
    "NEWTRUE": True,
    "NEWFALSE": False,
    "EMPTY_TUPLE": (),
}
_PUSH_ARGUMENT = frozenset(
    {"BININT", "BININT1", "BININT2", "SHORT_BINSTRING", "BINSTRING", "BINUNICODE"}
)
_ACTIONS: dict[str, Any] = {
    "PROTO": lambda machine, arg: None,
    "EMPTY_DICT": lambda machine, arg: machine.stack.append({}),
    "EMPTY_LIST": lambda machine, arg: machine.stack.append([]),
    "GLOBAL": _global,
    "REDUCE": _reduce,
    "BUILD": _build,
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "BINGET": _get,
    "LONG_BINGET": _get,
    "TUPLE": lambda machine, arg: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, arg: machine.stack.append(tuple(machine.pop(1))),
    "TUPLE2": lambda machine, arg: machine.stack.append(tuple(machine.pop(2))),
    "TUPLE3": lambda machine, arg: machine.stack.append(tuple(machine.pop(3))),
    "APPEND": lambda machine, arg: _append(machine, machine.pop(1)),
    "APPENDS": lambda machine, arg: _append(machine, machine.pop_to_mark()),
    "SETITEM": lambda machine, arg: _set_items(machine, machine.pop(2)),
    "SETITEMS": lambda machine, arg: _set_items(machine, machine.pop_to_mark()),
}
