"""Source code as it counts: what a definition does, without what it says to people.

Comments, layout, docstrings, annotations, the texts of errors and what is printed are left out, so
that rewording them makes nothing another thing. Definitions are found by the code that is loaded,
so code in scripts, study files and notebooks is found too; where a file was edited after it was
loaded, nothing is found rather than the wrong thing.
"""

from __future__ import annotations

import ast
import importlib.util
import linecache
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Place = tuple[str, int]
"""A function's name and the line where it begins."""


@dataclass(frozen=True, eq=False)
class Source:
    """One file, or one cell of a notebook: its tree and the code that Python makes of it."""

    tree: ast.Module
    codes: dict[Place, list[tuple[Any, ...]]]
    definitions: dict[Place, list[Function]]

    def holds(self, code: CodeType) -> bool:
        """Whether this text is what ``code`` was made from, so was not edited since."""
        return same_code(code) in self.codes.get((code.co_name, code.co_firstlineno), [])

    def functions(self, code: CodeType) -> list[ast.AST]:
        """The definitions of a function: one, unless several lambdas stand in one line and cannot
        be told apart."""
        found = self.definitions.get((code.co_name, code.co_firstlineno), [])
        computed = set(code.co_positions())
        exact = [
            node for node in found if isinstance(node, ast.Lambda) and _span(node.body) in computed
        ]
        return [*(exact or found)]

    def classes(self, name: str, inside: list[int]) -> list[ast.AST]:
        """The definitions of a class with code at these lines; all of this name where there is
        none."""
        found = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ClassDef) and node.name == name
        ]
        exact = [
            n for n in found if any(n.lineno <= line <= (n.end_lineno or 0) for line in inside)
        ]
        return list(exact or found)

    @property
    def effects(self) -> tuple[ast.stmt, ...]:
        """The module's own statements that do something besides giving names to things."""
        return statements_with_effects(ast.unparse(self.tree))

    def changes(self, name: str, *, passed: bool) -> list[ast.stmt]:
        """The module's own statements that change what ``name`` stands for, by themselves, through
        a decorator or through a function of the module that they use; with ``passed``, those that
        pass it to a function, too."""
        changing = _functions_that_change(self.tree, name)
        return [
            statement
            for statement in self.tree.body
            if name not in _bound(statement)
            and not _for_scripts(statement)
            and not _is_said(statement)
            if any(
                changes_name(node, name)
                or (isinstance(node, ast.Name) and node.id in changing)
                or (passed and _passes(node, name))
                for node in _when_loaded(statement)
            )
        ]

    def bindings(self, name: str) -> list[ast.stmt]:
        """The module's own statements that give ``name`` a value."""
        return [statement for statement in self.tree.body if name in _bound(statement)]


def source_of(filename: str | None) -> Source | None:
    """The text behind a file's name as it is now, or of a notebook's cell; None where there is
    none."""
    if not filename:
        return None
    linecache.checkcache(filename)
    text = "".join(linecache.getlines(filename))
    return _parsed(text) if text else None


@lru_cache(maxsize=256)
def _parsed(text: str) -> Source | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs were shown when the file was loaded
            tree = ast.parse(text)
            whole = compile(text, "<source>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    source = Source(tree, {}, {})
    for code in _all_codes(whole):
        source.codes.setdefault((code.co_name, code.co_firstlineno), []).append(same_code(code))
    for node in ast.walk(tree):
        if isinstance(node, Function):
            place = getattr(node, "name", "<lambda>"), _first_line(node)
            source.definitions.setdefault(place, []).append(node)
    return source


def same_code(code: CodeType) -> tuple[Any, ...]:
    """What two code objects of one function have in common: instructions, names and constants, but
    no lines."""
    constants = tuple(
        same_code(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts
    )
    return code.co_name, code.co_code, code.co_names, code.co_varnames, constants


def _all_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_codes(constant)


def _first_line(node: Function) -> int:
    """As Python counts it: that of the first decorator."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def _span(node: ast.expr) -> tuple[int | None, ...]:
    """In the order of ``CodeType.co_positions``."""
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    nodes = ast.walk(statement)
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | {
        name
        for inner in ast.iter_child_nodes(statement)
        if isinstance(inner, ast.stmt)
        for name in _bound(inner)
    }


@lru_cache(maxsize=4096)  # nodes are those of cached sources
def essential(node: ast.AST) -> ast.AST:
    """A copy of the definition without what people read."""
    copy: ast.AST = _Essential().visit(ast.parse(ast.unparse(node)).body[0])
    return ast.fix_missing_locations(copy)


@lru_cache(maxsize=4096)
def text(node: ast.AST) -> str:
    """An essential definition in letters that are the same under every version of Python."""
    return repr(_plain(node))


@lru_cache(maxsize=4096)
def names_used(node: ast.AST) -> frozenset[str]:
    """The global names that an essential definition reads."""
    written = ast.unparse(node)
    try:
        whole = symtable.symtable(written, "<source>", "exec")
    except SyntaxError:  # such as a nonlocal whose function was left behind
        return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    return frozenset(_globals(whole, top=True))


@lru_cache(maxsize=4096)
def imports_inside(node: ast.AST) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """What an essential definition imports when it runs."""
    return tuple(n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom))


def imported_names(
    statement: ast.Import | ast.ImportFrom, package: str | None
) -> Iterator[tuple[str, str, str | None]]:
    """The name given, the module, and the name in it; None for the module itself, as far as ``a.b``
    names it ``a``."""
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            module = alias.name if alias.asname else alias.name.split(".")[0]
            yield alias.asname or module, module, None
        else:
            said = "." * statement.level + (statement.module or "")
            yield (
                alias.asname or alias.name,
                importlib.util.resolve_name(said, package or ""),
                alias.name,
            )


@lru_cache(maxsize=4096)
def attributes_of(node: ast.AST, name: str) -> frozenset[str]:
    """``a.b`` and ``a.b.c``, where ``name`` is ``a``: what is read of a module."""
    chains = {ast.unparse(n) for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    return frozenset(chain for chain in chains if chain.startswith(f"{name}."))


@lru_cache(maxsize=256)
def statements_with_effects(source: str) -> tuple[ast.stmt, ...]:
    """What a file does when it is loaded besides giving names to things."""
    try:
        tree = _Essential().visit(ast.parse(source))
    except (SyntaxError, ValueError):
        return ()
    return tuple(
        s
        for s in tree.body
        if not _for_scripts(s) and any(_acts(node) for node in _outside_definitions(s))
    )


def top_imports(source: str) -> list[ast.Import | ast.ImportFrom]:
    """What a file imports when it is loaded."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    nodes = [node for statement in tree.body for node in _outside_definitions(statement)]
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


CHANGING = {
    "add",
    "append",
    "appendleft",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
}
CHANGING |= {"setdefault", "sort", "update"}
"""Methods that change what they belong to."""


def changes_name(node: ast.AST, name: str) -> bool:
    """Whether this node by itself changes what ``name`` stands for: ``S[0] = 1``, ``S.w = 1``,
    ``del S[0]``, ``S.append(1)``, ``setattr(S, ...)``, or ``S.anything()`` whose result nobody
    takes."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return _root(node) == name
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
    ):
        return _root(node.value.func) == name
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in CHANGING and _root(node.func) == name
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    return called in ("setattr", "delattr") and bool(node.args) and _root(node.args[0]) == name


def _root(node: ast.AST) -> str | None:
    """``S`` of ``S.a["b"].c``."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _passes(node: ast.AST, name: str) -> bool:
    given = [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
    return any(
        isinstance(inner, ast.Name) and inner.id == name for one in given for inner in ast.walk(one)
    )


def _functions_that_change(tree: ast.Module, name: str) -> set[str]:
    """Of the module's functions, those that change a global name when they are called, and those
    that call these."""
    functions = {
        s.name: s for s in tree.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = {
        n
        for n, node in functions.items()
        if any(_changes_global(inner, name) for inner in ast.walk(node))
    }
    used = {
        n: {i.id for i in ast.walk(node) if isinstance(i, ast.Name)}
        for n, node in functions.items()
    }
    while more := {n for n in functions.keys() - found if used[n] & found}:
        found |= more
    return found


def _changes_global(node: ast.AST, name: str) -> bool:
    return changes_name(node, name) or (isinstance(node, ast.Global) and name in node.names)


def _globals(table: symtable.SymbolTable, *, top: bool) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _globals(inner, top=False)


def _plain(value: object) -> object:
    if isinstance(value, ast.AST):
        fields = [(name, _plain(v)) for name, v in ast.iter_fields(value) if v not in (None, [])]
        return (type(value).__name__, fields)
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _for_scripts(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test)


def _acts(node: ast.AST) -> bool:
    bound_elsewhere = isinstance(node, ast.Attribute | ast.Subscript) and isinstance(
        node.ctx, ast.Store
    )
    return bound_elsewhere or isinstance(node, ast.Expr | ast.Delete)


def _outside_definitions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield node
    for inner in ast.iter_child_nodes(node):
        yield from _outside_definitions(inner)


def _when_loaded(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes that run when the statement does; of a definition its decorators and what its class
    is made with."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        made_with = (
            [*statement.bases, *statement.keywords] if isinstance(statement, ast.ClassDef) else []
        )
        for part in (*statement.decorator_list, *made_with):
            yield from ast.walk(part)
    yield from _outside_definitions(statement)


def _is_said(statement: ast.AST) -> bool:
    """A docstring, or what is printed: nothing is left of it."""
    return isinstance(statement, ast.Expr) and _Essential().visit_Expr(_copied(statement)) is None


def _copied(statement: ast.Expr) -> ast.Expr:
    copy = ast.parse(ast.unparse(statement)).body[0]
    assert isinstance(copy, ast.Expr)
    return copy


TELLING = frozenset(
    (
        "abs",
        "bool",
        "format",
        "int",
        "float",
        "len",
        "max",
        "min",
        "repr",
        "round",
        "sorted",
        "str",
        "sum",
        "type",
    )
)
"""Functions that change nothing, so that what is printed with them is only words."""


def _done_by(node: ast.AST) -> list[ast.expr]:
    """What a printed expression does besides being shown: it gives names or calls functions."""
    if isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
        return [node]
    if isinstance(node, ast.Call) and not (
        isinstance(node.func, ast.Name) and node.func.id in TELLING
    ):
        return [node]
    return [done for inner in ast.iter_child_nodes(node) for done in _done_by(inner)]


def _is_text(node: ast.AST) -> bool:
    """Words for people, however they are put together."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _is_text(node.func.value)
    return isinstance(node, ast.JoinedStr)


class _Essential(ast.NodeTransformer):
    """Takes out docstrings, annotations, texts of errors and what is printed."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        value = node.value
        if isinstance(value, ast.Constant):
            return None
        if (
            not isinstance(value, ast.Call)
            or not isinstance(value.func, ast.Name)
            or value.func.id != "print"
        ):
            return self.generic_visit(node)
        done = [inner for argument in ast.iter_child_nodes(value) for inner in _done_by(argument)]
        return ast.Expr(ast.Tuple(done, ast.Load())) if done else None

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        kinds = [
            kind
            for kind in ("ClassVar", "InitVar", "KW_ONLY")
            if kind in ast.unparse(node.annotation)
        ]
        node.annotation = ast.Constant(kinds[0] if kinds else None)  # the field stays, in its place
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        raised, given = node.exc, list[ast.expr]()
        if isinstance(raised, ast.Call):
            given = [one for one in raised.args if not _is_text(one)]
            raised = raised.func
        said = ast.Constant(ast.unparse(raised)) if raised else None
        return ast.Raise(
            exc=ast.Tuple([said, *given], ast.Load()) if said and given else said, cause=None
        )

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.msg = None
        return self.generic_visit(node)
