"""A digest of what a class or function does, with everything of a person's own that it uses.

Followed: base classes, functions, classes and constants of the same module and of other modules, through imports, and
what an object holds. Not followed: installed packages (their versions are recorded), unless the class itself comes from
one, and of Undertow all but data sets, models and interventions.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from undertow.lab.code_text import (
    attributes_of,
    essential,
    imported_names,
    imports_inside,
    names_used,
    source_of,
    statements_with_effects,
    text,
)
from undertow.lab.own_code import is_own

UNKNOWN = "unknown"
"""The digest of what has neither source nor bytecode: a change of it cannot be noticed."""

FOLLOWED = ("undertow.lab.data", "undertow.lab.models", "undertow.lab.interventions")

LENGTH = 16
"""Hexadecimal digits: for telling apart what is meant to be the same, not for defence."""

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
IGNORED = frozenset(
    ("__doc__", "__module__", "__dict__", "__weakref__", "__annotations__", "__firstlineno__", "__static_attributes__")
)


def digest_of(things: Iterable[object]) -> str:
    """The digest of these objects' classes and of what they use. It begins with ``bytecode`` where there is no source:
    such a one may also change with the version of Python. Never raises."""
    things = list(things)
    code = _Code(frozenset(type(thing).__module__.split(".")[0] for thing in things))
    try:
        for thing in things:
            code.add(thing)
    except Exception:  # a person's objects may do anything when they are looked at
        return UNKNOWN
    return code.digest()


def digest_of_effects(source: str) -> str | None:
    """The digest of what a study's file does when it is loaded besides naming things; None for nothing."""
    acting = [text(statement) for statement in statements_with_effects(source)]
    return short(*acting) if acting else None


def short(*parts: str | bytes) -> str:
    """A digest of several parts."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()[:LENGTH]


class _Code:
    """Definitions, gathered by following names."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages
        self.pieces: set[str] = set()
        self.from_bytecode = False
        self._seen: dict[object, object] = {}

    def digest(self) -> str:
        if not self.pieces:
            return UNKNOWN
        found = short(*sorted(self.pieces))
        return f"bytecode {found}" if self.from_bytecode else found

    def add(self, thing: object) -> None:
        """A class, a function, or an object that has or holds some."""
        if isinstance(thing, (*PLAIN, ModuleType)) or id(thing) in self._seen:
            return
        self._seen[id(thing)] = thing  # kept, so that its id stays its own
        if isinstance(thing, type):
            self._class(thing)
        elif isinstance(thing, FunctionType):
            self._function(thing)
        elif isinstance(thing, Mapping):
            self._all(thing.values())
        elif isinstance(thing, list | tuple | set | frozenset):
            self._all(thing)
        elif isinstance(thing, partial):
            self._all((thing.func, *thing.args, *thing.keywords.values()))
        elif isinstance(thing, MethodType):
            self._all((thing.__func__, thing.__self__))
        elif isinstance(thing, property):
            self._all((thing.fget, thing.fset))
        elif (inner := _wrapped(thing)) is not None:
            self.add(inner)
        else:
            self._instance(thing)

    def _all(self, things: Iterable[object]) -> None:
        for thing in things:
            self.add(thing)

    def _follows(self, module: str | None, filename: str | None) -> bool:
        package = (module or "").split(".")[0]
        if package == "undertow":
            return any(f"{module}.".startswith(f"{followed}.") for followed in FOLLOWED)
        if package in self.packages or module == "__main__":
            return True
        if filename is None and module in sys.modules:
            filename = getattr(sys.modules[module], "__file__", None) or "<built in>"
        return filename is None or is_own(filename)

    def _class(self, kind: type) -> None:
        functions = _own_functions(kind)
        filename = functions[0].__code__.co_filename if functions else None
        if not self._follows(kind.__module__, filename):
            return
        self._all(kind.__mro__[1:])
        module = sys.modules.get(kind.__module__)
        source = source_of(filename or getattr(module, "__file__", None))
        codes = [f.__code__ for f in functions]
        found = source.classes(kind.__name__, [c.co_firstlineno for c in codes]) if source else []
        names = functions[0].__globals__ if functions else vars(module) if module else {}
        for function in functions:
            self._closure(function)
        if source is None or not found or not all(map(source.holds, codes)):
            self._class_without_source(kind, functions)
            return
        for node in found:
            self._definition(kind.__name__, node, {**names, **_closed_over(functions)})

    def _function(self, function: FunctionType) -> None:
        code, inner = function.__code__, _wrapped(function)
        if inner is not None:
            self.add(inner)
        if not self._follows(function.__module__, code.co_filename) or (inner and not is_own(code.co_filename)):
            return  # a library's wrapper, such as that of torch.no_grad, has the name of what it wraps
        self._closure(function)
        source = source_of(code.co_filename)
        if source is None or not source.holds(code):
            self._bytecode(function.__name__, function)
            return
        for node in source.functions(code):
            self._definition(function.__name__, node, {**function.__globals__, **_closed_over([function])})

    def _instance(self, thing: object) -> None:
        """An object that a description holds: its class, and what it has where its ``repr`` may not say so."""
        kind = type(thing)
        if not self._follows(kind.__module__, None):
            return
        self.add(kind)
        if dataclasses.is_dataclass(thing):
            shown = {f.name: getattr(thing, f.name, None) for f in dataclasses.fields(thing) if f.repr}
        else:
            shown = {name: v for name, v in getattr(thing, "__dict__", {}).items() if not name.startswith("_")}
            self.pieces |= {f"{kind.__name__}.{name} = {v!r}" for name, v in shown.items() if _is_plain(v)}
        self._all(shown.values())

    def _definition(self, name: str, node: ast.AST, names: Mapping[str, Any]) -> None:
        node = essential(node)
        self.pieces.add(f"{name}: {text(node)}")
        self._names_in(node, names)
        for imported in imports_inside(node):
            self._imported_inside(imported, node, names.get("__package__"))

    def _imported_inside(self, statement: ast.Import | ast.ImportFrom, node: ast.AST, package: str | None) -> None:
        """Modules of their own that a function imports when it is called. They are imported now, whether they were or
        not, lest the digest depend on what ran before."""
        for alias, module, attribute in imported_names(statement, package):
            found = _own_module(module)
            if found is None:
                continue
            if attribute is None:
                for chain in sorted(attributes_of(node, alias)):
                    self._attribute(found, chain.split(".")[1:])
            else:
                self._attribute(found, [attribute])

    def _names_in(self, node: ast.AST, names: Mapping[str, Any]) -> None:
        for name in sorted(names_used(node)):
            if name not in names:
                continue  # one of Python's own
            value = names[name]
            if isinstance(value, ModuleType):
                for chain in sorted(attributes_of(node, name)):
                    self._attribute(value, chain.split(".")[1:])
            else:
                self._named(name, value, names)

    def _attribute(self, module: ModuleType, path: list[str]) -> None:
        """``layers.block`` where ``layers`` is a module of their own."""
        inner = vars(module).get(path[0])
        if isinstance(inner, ModuleType):
            if path[1:]:
                self._attribute(inner, path[1:])
        elif path[0] in vars(module):
            self._named(path[0], inner, vars(module))

    def _named(self, name: str, value: object, names: Mapping[str, Any]) -> None:
        if isinstance(value, type | FunctionType | partial | MethodType) or _wrapped(value) is not None:
            self.add(value)
        else:
            self._constant(name, value, names)

    def _constant(self, name: str, value: object, names: Mapping[str, Any]) -> None:
        """By the statement that makes it, since what it is now may depend on the machine and the hour; by its value
        where that statement is out of reach."""
        module = names.get("__name__")
        if not self._follows(module, names.get("__file__")) or (module, name) in self._seen:
            return
        self._seen[module, name] = None
        source = source_of(names.get("__file__"))
        found = source.bindings(name) if source else []
        for statement in found:
            if isinstance(statement, ast.ImportFrom):
                self._imported(name, value, statement, names)
            else:
                self._definition(name, statement, names)
        if not found and _is_plain(value):
            self.pieces.add(f"{name} = {value!r}")
        elif not found:
            self.add(value)

    def _imported(self, name: str, value: object, statement: ast.ImportFrom, names: Mapping[str, Any]) -> None:
        for alias, module, attribute in imported_names(statement, names.get("__package__")):
            if alias == name and attribute and module in sys.modules:
                self._constant(attribute, value, vars(sys.modules[module]))

    def _closure(self, function: FunctionType) -> None:
        for name, value in _closed_over([function]).items():
            if _is_plain(value):
                self.pieces.add(f"{name} = {value!r}")
            else:
                self.add(value)

    def _class_without_source(self, kind: type, functions: list[FunctionType]) -> None:
        values = {name: v for name, v in vars(kind).items() if name not in IGNORED and _is_plain(v)}
        if not functions and not values:
            return
        self.from_bytecode = True
        self.pieces.add(f"{kind.__name__}: {sorted(values.items())!r}")
        for function in functions:
            self._bytecode(function.__qualname__, function)

    def _bytecode(self, name: str, function: FunctionType) -> None:
        self.from_bytecode = True
        codes = list(_with_inner(function.__code__))
        said = [(c.co_code.hex(), c.co_names, [_shown(k) for k in c.co_consts if _counts(k, function)]) for c in codes]
        self.pieces.add(f"{name}: {said!r}")
        for used in sorted({used for c in codes for used in c.co_names} & function.__globals__.keys()):
            self._named(used, function.__globals__[used], function.__globals__)


def _own_module(name: str) -> ModuleType | None:
    try:
        spec = importlib.util.find_spec(name.partition(".")[0])
        own = spec is not None and spec.origin is not None and is_own(spec.origin)
        return importlib.import_module(name) if own else None
    except (ImportError, ValueError, AttributeError):
        return None  # it may say so when it is called


def _own_functions(kind: type) -> list[FunctionType]:
    """Those written in the class's body, not those that a decorator made or that were defined elsewhere."""
    found = [f for value in vars(kind).values() for f in _functions_in(value)]
    return [
        f
        for f in found
        if f.__qualname__.startswith(f"{kind.__qualname__}.")
        and f.__module__ == kind.__module__
        and f.__code__.co_filename != "<string>"
    ]


def _functions_in(value: object) -> Iterator[FunctionType]:
    if isinstance(value, property):
        inside: tuple[object, ...] = (value.fget, value.fset, value.fdel)
    else:
        inside = (value,)
    for one in inside:
        bare = inspect.unwrap(one) if callable(one) else one
        bare = getattr(bare, "__func__", getattr(bare, "func", bare))
        if isinstance(bare, FunctionType):
            yield bare


def _wrapped(thing: object) -> object:
    """What ``functools.cache`` and its like have inside."""
    return inspect.getattr_static(thing, "__wrapped__", None)


def _closed_over(functions: Iterable[FunctionType]) -> dict[str, object]:
    found: dict[str, object] = {}
    for function in functions:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name == "__class__":
                continue
            try:
                found[name] = cell.cell_contents
            except ValueError:  # empty: its function has not come so far
                continue
    return found


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_inner(constant)


def _shown(constant: object) -> str:
    """Sets have another order in each process."""
    return repr(sorted(map(repr, constant))) if isinstance(constant, frozenset) else repr(constant)


def _counts(constant: object, function: FunctionType) -> bool:
    return not isinstance(constant, CodeType) and constant != function.__doc__


def _is_plain(value: object) -> bool:
    """Whether ``repr`` says all of it, without an address."""
    if isinstance(value, PLAIN):
        return True
    if isinstance(value, Mapping):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return isinstance(value, list | tuple) and all(map(_is_plain, value))
