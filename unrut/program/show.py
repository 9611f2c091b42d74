# SPDX-License-Identifier: Apache-2.0
"""A Program as text in the notation, which reads back to the same Program.

Python's precedence with as few brackets as it needs; implicit casts are left out, and a reduction's `dtype=` where it
is the one that it has anyway; run-time sizes inside statements are written as extents (`P.shape[2]`); numbers as they
were written, floats with the digits that read back exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from typing import assert_never

from unrut.errors import InternalError
from unrut.program.extents import Atom, Extent, Least, Most, Named, Product, Quotient, named
from unrut.program.fold_nodes import Fold, Local, Side
from unrut.program.functions import FUNCTIONS
from unrut.program.nodes import (
    GIVE_PLACES,
    Along,
    Axis,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Operand,
    OutsideMode,
    Program,
    Read,
    Reduce,
    Role,
    Scalar,
    Statement,
    Where,
)
from unrut.program.ragged import ragged_axes
from unrut.program.types import DType
from unrut.program.written import natural_accumulator

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 60, 70, 80, 90, 100


def show(program: Program) -> str:
    """The program's text: header, ranges given by hand or by data, one line for each statement."""
    parameters = [*map(operand_text, program.operands), *(f"{name}: scalar" for name in program.scalars)]
    results = program.results[0] if len(program.results) == 1 else f"({', '.join(program.results)})"
    lines = [f"{program.name}({', '.join(parameters)}) -> {results}"]
    printer = Printer(program)
    bounded = ragged_axes(program)
    for axis in program.given:
        bounds = f", {printer.range(bounded.pop(axis.name))}" if axis.name in bounded else ""
        lines.append(f"axis {axis.name}: {printer.extent(axis.extent)}{bounds}")
    lines += [f"axis {axis.name}: {printer.range(axis)}" for axis in bounded.values()]
    lines += map(printer.statement, program.statements)
    return "\n".join(lines) + "\n"


def operand_text(operand: Operand) -> str:
    """An operand as in a signature: `P: f32[n, 32]`."""
    return f"{operand.name}: {operand.dtype.name}[{', '.join(map(str, operand.shape))}]"


def number_text(value: bool | int | float) -> str:
    """A number that reads back exactly; NaN has no sign."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return repr(value)


class Printer:
    """Prints the expressions of one program."""

    def __init__(self, program: Program) -> None:
        self.given: dict[Extent, str] = {}
        for operand in program.operands:
            for k, extent in enumerate(operand.shape):
                self.given.setdefault(extent, f"{operand.name}.shape[{k}]")
        taken = {*program.scalars, *(o.name for o in program.operands), *(s.target for s in program.statements)}
        self.sides = {side: next(name for name in _numbered(side.value) if name not in taken) for side in Side}
        self.sizes = dict(self.given)
        for statement in program.defining():
            for k, extent in enumerate(statement.shape):
                self.sizes.setdefault(extent, f"{statement.target}.shape[{k}]")

    def statement(self, statement: Statement) -> str:
        """`V[i, j] = ...`, or `V = ...` for a single number; `V[seg[i], j] += ...` for what is added."""
        left = statement.target
        if statement.subscripts:
            left += f"[{', '.join(map(self.expr, statement.subscripts))}]"
        sign = "+=" if statement.role is Role.adds else "="
        return f"{left} {sign} {self.expr(statement.body)}"

    def expr(self, expr: Expr, least: int = 0) -> str:
        """An expression, in brackets if it binds looser than `least`."""
        text, precedence = self.loose(expr)
        return f"({text})" if precedence < least else text

    def loose(self, expr: Expr) -> tuple[str, int]:
        """An expression without brackets around it, and how tightly it binds."""
        match expr:
            case Const(value=value, imaginary=imaginary):
                text = f"{number_text(value).removesuffix('.0')}j" if imaginary else number_text(value)
                return text, _SIGN if text.startswith("-") else _ATOM
            case AxisValue(axis=axis):
                return axis, _ATOM
            case ExtentValue(extent=extent):
                if extent not in self.sizes:
                    raise InternalError(f"the extent {extent} is no tensor's")
                return self.sizes[extent], _ATOM
            case Scalar(name=name):
                return name, _ATOM
            case Read():
                return self.read(expr), _ATOM
            case Call():
                return self.call(expr)
            case Where(condition=condition, then=then, otherwise=otherwise):
                return f"where({', '.join(map(self.expr, (condition, then, otherwise)))})", _ATOM
            case Cast(operand=Reduce(dtype=DType.f32) as reduce, dtype=dtype, implicit=True) if dtype.is_half:
                return self.reduce(reduce, dtype), _ATOM
            case Cast(operand=operand, dtype=dtype, implicit=implicit):
                return self.loose(operand) if implicit else (f"cast({self.expr(operand)}, {dtype.name})", _ATOM)
            case Reduce():
                return self.reduce(expr, expr.body.dtype), _ATOM
            case Local(side=side, state=state):
                return f"{self.sides[side]}.{state}", _ATOM
            case Fold():
                return self.fold(expr), _ATOM
            case Along(kind=kind, axis=axis, body=body):
                return f"{kind.value}({self.expr(body)}, along={axis.name})", _ATOM
            case _:
                assert_never(expr)

    def read(self, read: Read) -> str:
        """`P[n, 2*y + ky]`, `P.outside("edge")[n, y - 1]`."""
        text = read.tensor
        if isinstance(read.outside, OutsideMode):
            text += f'.outside("{read.outside.value}")'
        elif read.outside is not None:
            text += f".outside({self.expr(read.outside)})"
        if read.subscripts:
            return f"{text}[{', '.join(map(self.expr, read.subscripts))}]"
        return text if read.outside is None else f"{text}[()]"

    def call(self, call: Call) -> tuple[str, int]:
        """A function, or an operator with its precedence; `+ -` and comparisons stand between spaces."""
        function = FUNCTIONS[call.function]
        symbol, own = function.symbol, function.precedence
        if not symbol:
            return f"{call.function}({', '.join(map(self.expr, call.arguments))})", _ATOM
        if function.arity == 1:
            return symbol + self.expr(call.arguments[0], own), own
        left, right = call.arguments
        if own == _POWER:
            return f"{self.expr(left, own + 1)}{symbol}{self.expr(right, _SIGN)}", own
        joined = symbol if symbol in ("*", "/", "//") else f" {symbol} "
        is_comparison = own < 50
        return f"{self.expr(left, own + 1 if is_comparison else own)}{joined}{self.expr(right, own + 1)}", own

    def reduce(self, reduce: Reduce, given: DType) -> str:
        """`sum[k](..., where=..., initial=..., dtype=...)`, `argmax[i, j](...)[1]`, `kth_smallest[j](..., r)`.

        `given` is the dtype of the result.
        """
        parts = [self.expr(reduce.body), *([self.expr(reduce.rank)] if reduce.rank is not None else [])]
        if reduce.where is not None:
            parts.append(f"where={self.expr(reduce.where)}")
        if reduce.initial is not None:
            parts.append(f"initial={self.expr(reduce.initial)}")
        if natural_accumulator(reduce).dtype is not given:
            parts.append(f"dtype={given.name}")
        axes = ", ".join(axis.name for axis in reduce.axes)
        chosen = f"[{reduce.component}]" if reduce.kind in GIVE_PLACES and len(reduce.axes) > 1 else ""
        return f"{reduce.kind.value}[{axes}]({', '.join(parts)}){chosen}"

    def fold(self, fold: Fold) -> str:
        """`fold[k](m=x[k], identity=-inf, combine=lambda a, b: maximum(a.m, b.m), finish=lambda s: s.m, where=...)`."""
        parts = [f"{state.name}={self.expr(term)}" for state, term in zip(fold.states, fold.lift, strict=True)]
        left, right, whole = (self.sides[side] for side in Side)
        parts.append(f"identity={self.several(fold.identity)}")
        parts.append(f"combine=lambda {left}, {right}: {self.several(fold.combine)}")
        parts.append(f"finish=lambda {whole}: {self.expr(fold.finish)}")
        if fold.where is not None:
            parts.append(f"where={self.expr(fold.where)}")
        return f"fold[{', '.join(axis.name for axis in fold.axes)}]({', '.join(parts)})"

    def several(self, parts: tuple[Expr, ...]) -> str:
        """One expression, or several in brackets."""
        return self.expr(parts[0]) if len(parts) == 1 else f"({', '.join(map(self.expr, parts))})"

    def range(self, axis: Axis) -> str:
        """A range by data: `ptr[i] .. ptr[i + 1]`, `ptr[i] ..`, `.. n[i]`."""
        first = "" if axis.start is None else f"{self.expr(axis.start)} "
        return f"{first}.." if axis.stop is None else f"{first}.. {self.expr(axis.stop)}"

    def extent(self, extent: Extent, least: int = 0) -> str:
        """An extent in the notation: `P.shape[2] - 2`, `maximum(0, P.shape[0]//2)`."""
        if extent.is_fixed:
            return str(extent.constant)
        if extent in self.given:
            return self.given[extent]
        text = ""
        for c, atom in extent.terms:
            factor = "" if abs(c) == 1 else f"{abs(c)}*"
            sign = (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
            text += sign + factor + self.extent_atom(atom, _PRODUCT + 1 if factor or c < 0 else _PRODUCT)
        if extent.constant:
            text += f" - {-extent.constant}" if extent.constant < 0 else f" + {extent.constant}"
        single = len(extent.terms) == 1 and extent.terms[0][0] == 1 and not extent.constant
        own = _PRODUCT if single and isinstance(extent.terms[0][1], Quotient | Product) else _SUM
        own = _ATOM if single and own != _PRODUCT else own
        return f"({text})" if own < least else text

    def extent_atom(self, atom: Atom, least: int) -> str:
        match atom:
            case Named():
                return self.given[named(atom.name)]
            case Quotient(dividend=dividend, divisor=divisor):
                text = f"{self.extent(dividend, _PRODUCT)}//{divisor}"
            case Product(factors=factors):
                text = "*".join(self.extent(factor, _PRODUCT + 1) for factor in factors)
            case Least(among=among):
                return self.nested("minimum", among)
            case Most(among=among):
                return self.nested("maximum", among)
        return f"({text})" if least > _PRODUCT else text

    def nested(self, function: str, among: tuple[Extent, ...]) -> str:
        first, *rest = among
        if not rest:
            return self.extent(first)
        return f"{function}({self.extent(first)}, {self.nested(function, tuple(rest))})"


def _numbered(name: str) -> Iterator[str]:
    yield name
    for k in count(2):
        yield f"{name}{k}"
