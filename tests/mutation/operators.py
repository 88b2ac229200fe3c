"""The faults that are planted: one change of one node of the syntax tree. Prose is left alone; names of rules and keys are not."""

import ast
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE,),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE,),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
"""A rule's or a field's name, as opposed to prose."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one fault."""

    line: int
    what: str
    source: str
    """The faulty module, without comments and blank lines."""
    statement: str
    """The first line that is faulty; `without: ` and the line as it was when nothing is left of it."""


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every fault that can be planted in a module."""
    tree = ast.parse(source)
    whole, lines = pickle.dumps(tree), ast.unparse(tree).splitlines()
    for number, place in enumerate(_places(tree)):
        if _skipped(place):
            continue
        for variant, (what, _) in enumerate(_faults(place[0])):
            copy: ast.Module = pickle.loads(whole)
            node, parent, _ = _places(copy)[number]
            new = list(_faults(node))[variant][1]()
            if new is not node:
                _replace(parent, node, new)
            faulty = ast.unparse(ast.fix_missing_locations(copy))
            yield Mutant(getattr(place[0], "lineno", 0), what, faulty, _statement(lines, faulty.splitlines()))


def _statement(lines: list[str], faulty: list[str]) -> str:
    before, after = next(pair for pair in zip(lines, faulty, strict=False) if pair[0] != pair[1])
    return f"without: {before.strip()}" if after.strip() in {"pass", "return None"} else after.strip()


_Place = tuple[ast.AST, ast.AST, tuple[ast.AST, ...]]


def _places(tree: ast.Module) -> list[_Place]:
    """Return each node with its parent and all that it stands in."""
    found: list[_Place] = []

    def walk(node: ast.AST, above: tuple[ast.AST, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            found.append((child, node, above))
            walk(child, (*above, child))

    walk(tree, (tree,))
    return found


def _skipped(place: _Place) -> bool:
    """Leave out what no test can or should notice: docstrings, annotations, imports, `__all__`, asserts for the type checker."""
    node, parent, above = place
    if isinstance(parent, ast.Expr) and isinstance(node, ast.Constant):
        return True
    line = (*above, node)
    for outer, inner in pairwise(line):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) and (inner is outer.returns or inner in outer.decorator_list):
            return True
        if (isinstance(outer, ast.arg | ast.AnnAssign) and inner is outer.annotation and not _has_field(inner)) or isinstance(
            inner, ast.Assert
        ):
            return True
        if isinstance(outer, ast.If) and isinstance(outer.test, ast.Name) and outer.test.id == "TYPE_CHECKING":
            return True
        if isinstance(inner, ast.Assign) and any(
            isinstance(name, ast.Name) and name.id in {"__all__", "model_config"} for name in inner.targets
        ):
            return True
        if isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name) and outer.func.id in {"cast", "TypeVar", "get_logger"}:
            return True
    return False


def _has_field(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "Field" for each in ast.walk(node))


def _replace(parent: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for name, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, name, new)
        elif isinstance(value, list):
            for index, item in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                if item is old:
                    value[index] = new


def _faults(node: ast.AST) -> Iterator[tuple[str, Any]]:
    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                for other in _COMPARE.get(type(op), ()):
                    yield f"{type(op).__name__} -> {other.__name__}", lambda index=index, other=other: _set_op(node, index, other())
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC and not _is_types(node):
            yield f"{type(op).__name__} -> {_ARITHMETIC[type(op)].__name__}", lambda: _set(node, "op", _ARITHMETIC[type(op)]())
        case ast.AugAssign(op=op) if type(op) in _ARITHMETIC:
            yield f"{type(op).__name__} -> {_ARITHMETIC[type(op)].__name__}", lambda: _set(node, "op", _ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op):
            other = ast.Or if isinstance(op, ast.And) else ast.And
            yield f"{type(op).__name__} -> {other.__name__}", lambda: _set(node, "op", other())
        case ast.UnaryOp(op=ast.Not()):
            yield "without not", lambda: node.operand
        case ast.UnaryOp(op=ast.USub()):
            yield "without minus", lambda: node.operand
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", lambda: _set(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", lambda: _set(node, "value", value + 1)
        case ast.Constant(value=str(value)) if _KEY.fullmatch(value):
            yield f"{value!r} -> 'X{value}'", lambda: _set(node, "value", f"X{value}")
        case ast.Name(id=name, ctx=ast.Load()) if name in _NAMES:
            yield f"{name} -> {_NAMES[name]}", lambda: _set(node, "id", _NAMES[name])
        case ast.IfExp(test=test):
            yield "if: other branch", lambda: _set(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.If(test=test) if not isinstance(test, ast.Compare):
            yield "if: other branch", lambda: _set(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=value) if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            yield "returns None", lambda: _set(node, "value", ast.Constant(None))
        case ast.Continue():
            yield "continue -> break", ast.Break
        case ast.Break():
            yield "break -> continue", ast.Continue
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield "without the call", ast.Pass
        case _:
            return


def _is_types(node: ast.BinOp) -> bool:
    """Return whether this is `int | None`."""
    return isinstance(node.op, ast.BitOr) and any(isinstance(side, ast.Constant) and side.value is None for side in (node.left, node.right))


def _set(node: Any, field: str, value: Any) -> Any:
    setattr(node, field, value)
    return node


def _set_op(node: ast.Compare, index: int, op: ast.cmpop) -> ast.AST:
    node.ops[index] = op
    return node
