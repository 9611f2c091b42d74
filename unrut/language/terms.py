# SPDX-License-Identifier: Apache-2.0
"""Expressions of the text: Python's syntax tree, of which only the nodes named here are let through, to terms."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from unrut.errors import UnrutError
from unrut.language.fold_text import is_fold, read_fold
from unrut.language.names import name_fault
from unrut.language.notation import (
    DEEPEST,
    LARGEST,
    MOST_DIMENSIONS,
    Applied,
    Choice,
    Component,
    Conversion,
    Line,
    Name,
    Number,
    Reduction,
    Size,
    Subscripted,
    Term,
)
from unrut.language.signature import unknown_dtype
from unrut.language.spelling import counted
from unrut.language.vocabulary import (
    CONSTANTS,
    DTYPES,
    LINES,
    MODES,
    PLACES,
    REDUCTIONS,
    SCALAR_FUNCTIONS,
    SUGAR,
    spelled_out,
)
from unrut.spans import Span

_BINARY = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder", ast.Pow: "power", ast.BitAnd: "bitwise_and", ast.BitOr: "bitwise_or",
    ast.BitXor: "bitwise_xor", ast.LShift: "left_shift", ast.RShift: "right_shift",
}  # fmt: skip
_COMPARE = {
    ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal", ast.Eq: "equal",
    ast.NotEq: "not_equal",
}  # fmt: skip
_OTHER_SPELLING = {
    ast.BoolOp: ("`and` and `or` are not elementwise", "& and |, with brackets around comparisons: (a < b) & (c < d)"),
    ast.Not: ("`not` is not elementwise", "~ on a condition, as in ~(a < b)"),
    ast.IfExp: ("`if` is not part of an expression", "where(condition, a, b)"),
    ast.Slice: ("slices are not part of the notation", "one subscript for each dimension, as in P[n, 2*y + ky]"),
    ast.MatMult: ("`@` is not part of the notation", "a reduction: sum[k](A[i, k] * B[k, j])"),
}


_PARTS = "numbers, axes, reads such as P[n, i], operators, functions and reductions"


@dataclass(slots=True, kw_only=True)
class TermReader:
    """Reads expressions. `span` gives the place of a node, `point` an error there; `nodes` counts towards `LARGEST`."""

    span: Callable[[ast.AST], Span]
    point: Callable[[str, ast.AST, str], UnrutError]
    nodes: int = 0
    sides: dict[str, str] = field(default_factory=dict)  # parameters of the lambda around what is read, and their sides

    def fault(self, message: str, node: ast.AST, remedy: str = "") -> UnrutError:
        return self.point(message, node, remedy)

    def read(self, node: ast.AST, depth: int = 0) -> Term:
        """The term of an expression. Raises NotationError, NameClashError, DTypeError."""
        self.nodes += 1
        if depth > DEEPEST:
            raise self.fault(
                f"the expression is nested deeper than {DEEPEST}", node, "naming parts of it as tensors of their own"
            )
        if self.nodes > LARGEST:
            raise self.fault(f"the text has more than {LARGEST} expressions", node, "a smaller text")
        match node:
            case ast.Constant(value=value):
                return self.number(value, node)
            case ast.Attribute(value=ast.Name(id=name), attr=state) if name in self.sides:
                return Component(side=self.sides[name], state=state, span=self.span(node))
            case ast.Name(id=name):
                return self.named(name, node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if (
                isinstance(value, float) or value <= 2**63
            ):
                return self.number(-value, node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Applied(function="negative", arguments=(self.read(operand, depth + 1),), span=self.span(node))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return Applied(function="invert", arguments=(self.read(operand, depth + 1),), span=self.span(node))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                arguments = (self.read(left, depth + 1), self.read(right, depth + 1))
                return Applied(function=_BINARY[type(op)], arguments=arguments, span=self.span(node))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                arguments = (self.read(left, depth + 1), self.read(right, depth + 1))
                return Applied(function=_COMPARE[type(op)], arguments=arguments, span=self.span(node))
            case ast.Compare(ops=[_, _, *_]):
                raise self.fault("comparisons can't be chained", node, "(a < b) & (b < c)")
            case ast.Subscript():
                return self.subscript(node, depth)
            case ast.Call():
                return self.call(node, depth)
            case _:
                key = type(node.op) if isinstance(node, ast.UnaryOp | ast.BinOp) else type(node)
                message, remedy = _OTHER_SPELLING.get(key, ("this is not part of the notation", _PARTS))
                raise self.fault(message, node, remedy)

    def number(self, value: object, node: ast.AST) -> Number:
        if value is Ellipsis:
            raise self.fault("`...` is not part of the notation", node, "one subscript for each dimension")
        if isinstance(value, complex):
            if math.isinf(value.imag):
                raise self.fault("the imaginary number is beyond the largest float", node, "a smaller one")
            return Number(value=value.imag, imaginary=True, span=self.span(node))
        if not isinstance(value, bool | int | float):
            remedy = '"edge" and the like stand in P.outside("edge")[...] alone'
            raise self.fault("only numbers can stand here", node, remedy)
        if type(value) is int and not -(2**63) <= value < 2**64:
            raise self.fault("the number does not fit 64 bits", node, "a float, such as 1e30")
        if type(value) is float and math.isinf(value):
            raise self.fault("the number is beyond the largest float", node, "inf")
        return Number(value=value, span=self.span(node))

    def named(self, name: str, node: ast.AST) -> Term:
        if name in self.sides:
            raise self.fault(f"`{name}` has states, of which one is meant", node, f"{name}.mean")
        if name in CONSTANTS:
            return Number(value=CONSTANTS[name], span=self.span(node))
        return Name(name=self.identifier(name, node, "axis"), span=self.span(node))

    def identifier(self, name: str, node: ast.AST, what: str) -> str:
        fault = name_fault(name, what, self.span(node))
        if fault is not None:
            raise fault
        return name

    def subscripts(self, node: ast.expr, depth: int) -> tuple[Term, ...]:
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        return tuple(self.read(part, depth + 1) for part in parts)

    def subscript(self, node: ast.Subscript, depth: int) -> Term:
        match node.value:
            case ast.Name(id=name):
                tensor = self.identifier(name, node.value, "tensor")
                return Subscripted(tensor=tensor, subscripts=self.subscripts(node.slice, depth), span=self.span(node))
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="outside"), args=[what], keywords=[]):
                tensor = self.identifier(name, node.value, "tensor")
                subscripts = self.subscripts(node.slice, depth)
                return Subscripted(
                    tensor=tensor, subscripts=subscripts, outside=self.policy(what, depth), span=self.span(node)
                )
            case ast.Attribute(value=ast.Name(id=name), attr="shape"):
                match node.slice:
                    case ast.Constant(value=int(dimension)) if 0 <= dimension < MOST_DIMENSIONS:
                        return Size(
                            tensor=self.identifier(name, node.value, "tensor"),
                            dimension=dimension,
                            span=self.span(node),
                        )
                raise self.fault("a dimension of a shape is a number from 0", node.slice, f"{name}.shape[0]")
            case ast.Call(func=ast.Subscript(value=ast.Name(id=kind)), args=_) if kind in PLACES:
                reduction = self.call(node.value, depth)
                match reduction, node.slice:
                    case Reduction(axes=axes), ast.Constant(value=int(component)) if 0 <= component < len(axes):
                        return self.component(reduction, component, node)
                raise self.fault("a place is chosen by the number of its axis", node.slice, f"{kind}[i, j](...)[0]")
            case _:
                raise self.fault(
                    "only tensors have subscripts", node, "P[n, i], P.outside(0.0)[n, i - 1] or P.shape[0]"
                )

    def component(self, reduction: Reduction, component: int, node: ast.AST) -> Reduction:
        return replace(reduction, component=component, span=self.span(node))

    def policy(self, node: ast.expr, depth: int) -> str | Term:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value not in MODES:
                raise self.fault(
                    f"`{node.value}` is not a mode of reading outside", node, f"one of {', '.join(MODES)}, or a number"
                )
            return node.value
        return self.read(node, depth + 1)

    def call(self, node: ast.Call, depth: int) -> Term:
        match node:
            case ast.Call(func=ast.Subscript(value=ast.Name(id=kind), slice=slice_), args=[body, *ranks]) if (
                kind in REDUCTIONS and len(ranks) < 2
            ):
                return self.reduction(kind, slice_, body, ranks[0] if ranks else None, node, depth)
            case ast.Call() if is_fold(node):
                return read_fold(self, node, depth)
            case ast.Call(func=ast.Name(id=kind)) if kind in REDUCTIONS:
                raise self.fault(
                    f"`{kind}` needs its axes", node, f"{kind}[k](...); of two numbers: maximum(a, b), minimum(a, b)"
                )
            case ast.Call(
                func=ast.Name(id=kind), args=[body], keywords=[ast.keyword(arg="along", value=ast.Name(id=axis))]
            ) if kind in LINES:
                axis = self.identifier(axis, node.keywords[0].value, "axis")
                return Line(kind=kind, axis=axis, body=self.read(body, depth + 1), span=self.span(node))
            case ast.Call(func=ast.Name(id=kind)) if kind in LINES:
                raise self.fault(f"`{kind}` runs along one axis", node, f"{kind}(b[i, j], along=j)")
            case ast.Call(func=ast.Name(id="where"), args=[condition, then, otherwise], keywords=[]):
                parts = [self.read(part, depth + 1) for part in (condition, then, otherwise)]
                return Choice(condition=parts[0], then=parts[1], otherwise=parts[2], span=self.span(node))
            case ast.Call(func=ast.Name(id="cast"), args=[operand, dtype], keywords=[]):
                return Conversion(operand=self.read(operand, depth + 1), dtype=self.dtype(dtype), span=self.span(node))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in SCALAR_FUNCTIONS:
                if len(arguments) != SCALAR_FUNCTIONS[name]:
                    raise self.fault(
                        f"`{name}` takes {counted(SCALAR_FUNCTIONS[name], 'argument')}, not {len(arguments)}",
                        node,
                        f"{name}({', '.join('ab'[: SCALAR_FUNCTIONS[name]])})",
                    )
                read = tuple(self.read(argument, depth + 1) for argument in arguments)
                return Applied(function=name, arguments=read, span=self.span(node))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in SUGAR:
                return spelled_out(name, self.read(argument, depth + 1), self.span(node))
            case ast.Call(func=ast.Name(id="where" | "cast" as name)):
                raise self.fault(f"`{name}` is used otherwise", node, "where(condition, a, b), cast(a, f32)")
            case ast.Call(func=ast.Attribute(attr=name)) if name in SCALAR_FUNCTIONS or name in REDUCTIONS:
                raise self.fault(
                    "functions have no prefix in text",
                    node.func,
                    f"{name}(...)" if name in SCALAR_FUNCTIONS else f"{name}[k](...)",
                )
            case ast.Call(func=ast.Name(id=name)) if name in SCALAR_FUNCTIONS or name in SUGAR:
                raise self.fault(f"`{name}` takes plain arguments", node, f"{name}(a)")
            case _:
                raise self.fault(
                    "there is no such function", node.func, "one of " + ", ".join(sorted(SCALAR_FUNCTIONS))
                )

    def reduced(self, kind: str, axes: ast.expr, node: ast.AST) -> tuple[str, ...]:
        parts = axes.elts if isinstance(axes, ast.Tuple) else [axes]
        if not parts:
            raise self.fault(f"`{kind}` needs at least one axis", node, f"{kind}[k](...)")
        found = []
        for part in parts:
            if not isinstance(part, ast.Name):
                raise self.fault("only axes can be reduced over", part, f"{kind}[k](...)")
            found.append(self.identifier(part.id, part, "axis"))
        if len(set(found)) < len(found):
            raise self.fault(f"`{kind}` has one axis twice", axes, "each axis once")
        return tuple(found)

    def reduction(
        self, kind: str, axes: ast.expr, body: ast.expr, rank: ast.expr | None, node: ast.Call, depth: int
    ) -> Reduction:
        found = self.reduced(kind, axes, node)
        options: dict[str, ast.expr] = {}
        for keyword in node.keywords:
            if keyword.arg not in ("where", "initial", "dtype") or keyword.arg in options:
                raise self.fault(f"`{kind}` has the options where=, initial=, dtype=, each once", node)
            options[keyword.arg] = keyword.value
        return Reduction(
            kind=kind,
            axes=found,
            body=self.read(body, depth + 1),
            where=self.read(options["where"], depth + 1) if "where" in options else None,
            initial=self.read(options["initial"], depth + 1) if "initial" in options else None,
            rank=self.read(rank, depth + 1) if rank is not None else None,
            dtype=self.dtype(options["dtype"]) if "dtype" in options else None,
            span=self.span(node),
        )

    def dtype(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name) and node.id in DTYPES:
            return node.id
        raise unknown_dtype(node.id if isinstance(node, ast.Name) else "this", self.span(node))
