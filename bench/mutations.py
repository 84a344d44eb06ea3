"""Every small way to break a module: its source with one condition, comparison, operand or answer changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Mutant:
    """A module with one thing changed: what stood in which line of which function, and what stands there instead."""

    module: str
    line: int
    place: str
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """What it is called wherever its line may have gone."""
        return f"{self.module.rpartition('.')[2]}.{self.place}: {self.before}  ->  {self.after}"

    def __str__(self) -> str:
        return f"line {self.line:3d} {self.name}"


@dataclass(frozen=True)
class _Site:
    """Where a node hangs in the tree, so that another one can be hung there."""

    parent: ast.AST
    field: str
    index: int | None

    def hang(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text("utf-8"))
    for place, function in _functions(tree):
        for site, node in _nodes(function):
            for other in _alternatives(node):
                site.hang(other)
                ast.fix_missing_locations(tree)
                yield Mutant(module, getattr(node, "lineno", 0), place, _said(node), _said(other), ast.unparse(tree))
                site.hang(node)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for function in inner:
            if isinstance(function, ast.FunctionDef):
                yield function.name if function is node else f"{node.name}.{function.name}", function  # type: ignore[attr-defined]  # a class


def _nodes(root: ast.AST) -> Iterator[tuple[_Site, ast.AST]]:
    """Every node below, but for annotations and decorators, with where it hangs."""
    for field, value in ast.iter_fields(root):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield _Site(root, field, index), child
                yield from _nodes(child)


def _alternatives(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.If() | ast.IfExp() | ast.comprehension() | ast.Return():
            yield from _other_ways(node)
        case ast.Compare(ops=[operator]):
            for other in _OTHERS[type(operator)]:
                yield ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            yield from _other_operands(node)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Call(func=ast.Name(id="any" | "all" as name)):
            yield ast.Call(ast.Name("all" if name == "any" else "any"), node.args, node.keywords)


def _other_ways(node: ast.If | ast.IfExp | ast.comprehension | ast.Return) -> Iterator[ast.AST]:
    """Branches taken always, never and the other way round; conditions left out; nothing answered."""
    match node:
        case ast.If():
            for test in (ast.Constant(True), ast.Constant(False), _negated(node.test)):
                yield ast.If(test, node.body, node.orelse)
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.comprehension(ifs=[*conditions]) if conditions:
            yield ast.comprehension(node.target, node.iter, [], node.is_async)
            yield ast.comprehension(node.target, node.iter, [_negated(one) for one in conditions], node.is_async)
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))


def _other_operands(node: ast.BoolOp) -> Iterator[ast.expr]:
    for left_out in range(len(node.values)):
        others = [*node.values[:left_out], *node.values[left_out + 1 :]]
        yield others[0] if len(others) == 1 else ast.BoolOp(node.op, others)
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


_OTHERS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
}


def _negated(test: ast.expr) -> ast.expr:
    return (
        test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else ast.UnaryOp(ast.Not(), test)
    )


def _said(node: ast.AST) -> str:
    """The first line of the code, of a branch only its condition."""
    if isinstance(node, ast.comprehension):
        return ast.unparse(ast.ListComp(ast.Name("_"), [node]))
    return ast.unparse(node).splitlines()[0]
