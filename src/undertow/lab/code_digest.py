"""A digest of what a class or function does, with everything of a person's own that it uses.

Followed: base classes, functions, classes and constants of the same module and of other modules,
through imports; what an object holds (``held_values``); statements that change a constant after it
was made, and what a module of theirs does when it is loaded. Not followed: installed packages
(their versions are recorded), unless the class itself comes from one, and of Undertow all but data
sets with what they draw by, models and interventions.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from undertow.lab.code_text import (
    Source,
    attributes_of,
    essential,
    imported_names,
    imports_inside,
    names_used,
    source_of,
    statements_with_effects,
    text,
    top_imports,
)
from undertow.lab.held_values import Structure, class_values, is_plain, said_by_repr, state
from undertow.lab.own_code import STUDIES, file_text, is_own, module_named, study_of
from undertow.records.descent import short

UNKNOWN = "unknown"
"""The digest of what has neither source nor bytecode: a change of it cannot be noticed."""

FOLLOWED = (
    "undertow.lab.data",
    "undertow.lab.models",
    "undertow.lab.interventions",
    "undertow.lab.trainings",
    "undertow.drawn",
)

COLLECTION = (list, tuple, set, frozenset)
CONTENT = (Mapping, *COLLECTION, int, float, complex, str, bytes, np.ndarray)
"""What an object of a person's own class may be besides having attributes."""


def digest_of(things: Iterable[object]) -> str:
    """The digest of these objects' classes and of what they use. It begins with ``bytecode`` where
    there is no source: such a one may also change with the version of Python. Never raises."""
    things = list(things)
    code = _Code(frozenset(type(thing).__module__.split(".")[0] for thing in things))
    try:
        for thing in things:
            code.add(thing)
    except Exception:  # a person's objects may do anything when they are looked at
        return UNKNOWN
    return code.digest()


def digest_of_effects(source: str) -> str | None:
    """The digest of what a study's file, and the modules of theirs that it imports, do when they
    are loaded besides naming things, with what they call for it; None for nothing."""
    code, module = _Code(frozenset()), study_of(source)
    names = vars(module) if module else {}
    try:
        for statement in statements_with_effects(source):
            code.definition("", statement, names)
        code.effects_of_imports(source, names.get("__package__"))
    except Exception:  # a person's objects may do anything when they are looked at
        return UNKNOWN
    return code.digest() if code.pieces else None


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
        if is_plain(thing) or isinstance(thing, ModuleType) or id(thing) in self._seen:
            return
        self._seen[id(thing)] = thing  # kept, so that its id stays its own
        if isinstance(thing, type):
            self._class(thing)
        elif isinstance(thing, FunctionType):
            self._function(thing)
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
        if filename is None and (found := module_named(module)):
            filename = getattr(found, "__file__", None) or "<built in>"
        return filename is None or is_own(filename)

    def _class(self, kind: type) -> None:
        functions = _own_functions(kind)
        filename = functions[0].__code__.co_filename if functions else None
        if not self._follows(kind.__module__, filename):
            return
        self._all(kind.__mro__[1:])
        module = module_named(kind.__module__)
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
            self.definition(kind.__name__, node, {**names, **_closed_over(functions)})
        # one text, as many classes as the function around it was called
        if "<locals>" in kind.__qualname__:
            self._held(kind.__name__, class_values(kind))
        else:
            self._changes(source, kind.__name__, names)

    def _function(self, function: FunctionType) -> None:
        code, inner = function.__code__, _wrapped(function)
        if inner is not None:
            self.add(inner)
        if not self._follows(function.__module__, code.co_filename) or (
            inner and not is_own(code.co_filename)
        ):
            # a library's wrapper, such as that of torch.no_grad, has the name of what it wraps
            return
        self._closure(function)
        source = source_of(code.co_filename)
        if source is None or not source.holds(code):
            self._bytecode(function.__name__, function)
            return
        for node in source.functions(code):
            self.definition(
                function.__name__, node, {**function.__globals__, **_closed_over([function])}
            )

    def _instance(self, thing: object) -> None:
        """An object that a description holds: its class, and what it has where its ``repr`` may not
        say so."""
        kind = type(thing)
        if not self._own(kind):
            self.pieces.add(self._structure()(thing))
            return
        self.add(kind)
        said = said_by_repr(thing)
        self._held(
            kind.__name__, {name: value for name, value in state(thing).items() if name not in said}
        )
        if isinstance(thing, CONTENT):
            self.pieces.add(self._structure()(thing))

    def _own(self, kind: type) -> bool:
        return self._follows(kind.__module__, None)

    def _held(self, name: str, values: Mapping[str, object]) -> None:
        if values:
            self.pieces.add(f"{name} = {self._structure().named_values(values)}")

    def _structure(self) -> Structure:
        return Structure(self._label, self._own)

    def _label(self, thing: type | FunctionType) -> str:
        """The name of a class or function that something holds; it is followed, and functions of
        one name are told apart by their text."""
        self.add(thing)
        name = f"{thing.__module__}.{thing.__qualname__}"
        if isinstance(thing, type) or not self._follows(
            thing.__module__, thing.__code__.co_filename
        ):
            return name
        source = source_of(thing.__code__.co_filename)
        nodes = source.functions(thing.__code__) if source and source.holds(thing.__code__) else []
        return f"{name} {short(*(text(essential(node)) for node in nodes))}"

    def definition(self, name: str, node: ast.AST, names: Mapping[str, Any]) -> None:
        """One definition or statement of a module, with what the names in it lead to."""
        self._effects(names)
        node = essential(node)
        self.pieces.add(f"{name}: {text(node)}")
        self._names_in(node, names)
        for imported in imports_inside(node):
            self._imported_inside(imported, node, names.get("__package__"))

    def _effects(self, names: Mapping[str, Any]) -> None:
        """What a module of theirs does when it is loaded. A study's counts by itself; what a script
        does is train."""
        module = str(names.get("__name__", "__main__"))
        if (
            module in ("__main__", *STUDIES)
            or module.split(".")[0] == "undertow"
            or ("effects", module) in self._seen
        ):
            return
        self._seen["effects", module] = None
        source = source_of(names.get("__file__"))
        if source is not None and is_own(str(names.get("__file__"))):
            for statement in source.effects:
                self.definition(module, statement, names)

    def effects_of_imports(self, source: str, package: str | None) -> None:
        """What the modules of theirs that a file imports do when they are loaded, and those that
        these import."""
        for statement in top_imports(source):
            for _, module, _ in imported_names(statement, package):
                found = module_named(module)
                if (
                    found is None
                    or ("imports", module) in self._seen
                    or not is_own(getattr(found, "__file__", "") or "<")
                ):
                    continue
                self._seen["imports", module] = None
                self._effects(vars(found))
                self.effects_of_imports(file_text(found.__file__), vars(found).get("__package__"))

    def _changes(
        self, source: Source, name: str, names: Mapping[str, Any], *, passed: bool = False
    ) -> None:
        """Statements of the module that change what a name stands for after it was given."""
        for statement in source.changes(
            name, passed=passed and names.get("__name__") != "__main__"
        ):
            self.definition(name, statement, names)

    def _imported_inside(
        self, statement: ast.Import | ast.ImportFrom, node: ast.AST, package: str | None
    ) -> None:
        """Modules of their own that a function imports when it is called. They are imported now,
        whether they were or not, lest the digest depend on what ran before."""
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
        if (
            isinstance(value, type | FunctionType | partial | MethodType)
            or _wrapped(value) is not None
        ):
            self.add(value)
        else:
            self._constant(name, value, names)

    def _constant(self, name: str, value: object, names: Mapping[str, Any]) -> None:
        """By the statement that makes it, since what it is now may depend on the machine and the
        hour; by its value where that statement is out of reach."""
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
                self.definition(name, statement, names)
        if found and source:
            self._changes(source, name, names, passed=not _is_fixed(value))
            self._functions_in(value)
        else:
            self._held("", {name: value})

    def _functions_in(self, value: object) -> None:
        """Functions and classes that a container holds now, wherever it was filled: in a registry
        they are what counts, and unlike other values they do not come and go as models are
        built."""
        if isinstance(value, type | FunctionType | partial | MethodType):
            self.add(value)
        elif id(value) in self._seen or is_plain(value):
            return
        elif isinstance(value, (Mapping, *COLLECTION)) or self._own(type(value)):
            self._seen[id(value)] = value
            contents = (
                value.values()
                if isinstance(value, Mapping)
                else value
                if isinstance(value, COLLECTION)
                else ()
            )
            for one in [*contents, *state(value).values()]:
                self._functions_in(one)

    def _imported(
        self, name: str, value: object, statement: ast.ImportFrom, names: Mapping[str, Any]
    ) -> None:
        for alias, module, attribute in imported_names(statement, names.get("__package__")):
            if (attribute in (name, "*") and alias in (name, "*")) or alias == name:
                found = module_named(module)
                if found and attribute:
                    self._constant(name if attribute == "*" else attribute, value, vars(found))

    def _closure(self, function: FunctionType) -> None:
        for name, value in _closed_over([function]).items():
            self._held("", {name: value})

    def _class_without_source(self, kind: type, functions: list[FunctionType]) -> None:
        values = class_values(kind)
        if not functions and not values:
            return
        self.from_bytecode = True
        self._held(kind.__name__, dict(sorted(values.items())))
        for function in functions:
            self._bytecode(function.__qualname__, function)

    def _bytecode(self, name: str, function: FunctionType) -> None:
        self.from_bytecode = True
        codes = list(_with_inner(function.__code__))
        said = [
            (c.co_code.hex(), c.co_names, [_shown(k) for k in c.co_consts if _counts(k, function)])
            for c in codes
        ]
        self.pieces.add(f"{name}: {said!r}")
        for used in sorted(
            {used for c in codes for used in c.co_names} & function.__globals__.keys()
        ):
            self._named(used, function.__globals__[used], function.__globals__)


def _own_module(name: str) -> ModuleType | None:
    try:
        spec = importlib.util.find_spec(name.partition(".")[0])
        own = spec is not None and spec.origin is not None and is_own(spec.origin)
        return importlib.import_module(name) if own else None
    except (ImportError, ValueError, AttributeError):
        return None  # it may say so when it is called


def _own_functions(kind: type) -> list[FunctionType]:
    """Those written in the class's body, not those that a decorator made or that were defined
    elsewhere."""
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
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
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


def _is_fixed(value: object) -> bool:
    """Whether no function that it is passed to can change it."""
    if isinstance(value, tuple | frozenset):
        return all(map(_is_fixed, value))
    return isinstance(value, type | FunctionType) or (
        is_plain(value) and not isinstance(value, list | dict)
    )
