# SPDX-License-Identifier: Apache-2.0
"""Expressions as text: parentheses only where they are needed or compilers ask for them, overflow only where it wraps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from unrut.emitter.render.dialect import MOST_FACTORS, Dialect
from unrut.emitter.render.literal import literal
from unrut.emitter.render.names import Names
from unrut.emitter.render.places import Place
from unrut.emitter.render.ranges import Interval, Ranges, extent_interval, interval
from unrut.emitter.render.spelling import (
    AND,
    ANYTHING,
    CHOICE,
    EQUALITY,
    PRIMARY,
    PRODUCT,
    SUM,
    UNARY,
    Spelling,
    operator,
)
from unrut.errors import InternalError
from unrut.program.extents import Atom, Extent, Least, Most, Named, Product, Quotient
from unrut.program.fold_nodes import Fold, Local
from unrut.program.functions import COMPARISONS
from unrut.program.nodes import (
    Along,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Read,
    Reduce,
    Scalar,
    Where,
)
from unrut.program.types import DType

_PLAIN = {"add": operator("+", SUM), "subtract": operator("-", SUM), "multiply": operator("*", PRODUCT)}
_FLOORS = {"floor_divide": operator("/", PRODUCT), "remainder": operator("%", PRODUCT)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Prints expressions at one place of the nest. `axes` holds the range of every axis that is known there.

    `run` stands before sizes and scalars: empty in the entry function, whose parameters they are.
    """

    dialect: Dialect
    names: Names
    places: Mapping[str, Place]
    axes: Ranges
    run: str

    def text(self, expr: Expr, inside: int = ANYTHING) -> str:
        """The expression, in parentheses if it binds looser than `inside`."""
        text, precedence = self._print(expr)
        return f"({text})" if precedence < inside else text

    def extent(self, extent: Extent) -> str:
        """A size as text."""
        return self.text(ExtentValue(extent=extent))

    def element(self, buffer: str, subscripts: tuple[Expr, ...]) -> str:
        """The element of a buffer in memory or a register, as something that can be read or assigned to."""
        return self.places[buffer].element(tuple(self.text(s) for s in subscripts))

    def within(self, axis: str, values: Interval) -> Printer:
        """The printer inside a loop over `axis`."""
        return replace(self, axes={**self.axes, axis: values})

    def _print(self, expr: Expr) -> tuple[str, int]:
        if expr.dtype is DType.i64 and not isinstance(expr, Const):
            fixed = interval(expr, self.axes).fixed
            if fixed is not None:
                return self._number(fixed, DType.i64)
        match expr:
            case Const(value=value, dtype=dtype):
                return self._number(value, dtype)
            case AxisValue(axis=axis):
                return self.names.axes[axis], PRIMARY
            case ExtentValue(extent=extent):
                return self._size(extent)
            case Scalar(name=name):
                return self.run + self.names.scalars[name], PRIMARY
            case Read(tensor=tensor, subscripts=subscripts, outside=None):
                place = self.places[tensor]
                text = place.value(tuple(self.text(s) for s in subscripts))
                return (f"{text} != 0", EQUALITY) if place.as_byte else (text, PRIMARY)
            case Call():
                return self._call(expr)
            case Where(condition=condition, then=then, otherwise=otherwise):
                return self._where(condition, then, otherwise)
            case Cast(operand=operand, dtype=dtype):
                return self._fill(self.dialect.casts[operand.dtype, dtype], (operand,))
            case Read() | Reduce() | Fold() | Local() | Along():
                raise InternalError(f"a nest holds a {type(expr).__name__} that lowering should have replaced: {expr}")
            case _:
                assert_never(expr)

    def _number(self, value: bool | int | float, dtype: DType) -> tuple[str, int]:
        text = literal(value, dtype, self.dialect)
        return text, UNARY if text.startswith(("-", "(")) else PRIMARY

    def _call(self, expr: Call) -> tuple[str, int]:
        first = expr.arguments[0].dtype
        if expr.function == "power" and first.is_float:
            power = _constant(expr.arguments[1])
            if power in (1.0, 2.0):
                square = self.dialect.functions["square", first]
                return self._print(expr.arguments[0]) if power == 1.0 else self._fill(square, expr.arguments[:1])
            if power is not None and power in range(3, MOST_FACTORS + 1):
                return self._fill(self.dialect.functions[f"power_{int(power)}", first], expr.arguments[:1])
        if expr.dtype is DType.i64 and (plain := self._plain(expr)) is not None:
            return plain
        if expr.function in COMPARISONS and first is DType.i64:
            expr = self._narrowed(expr)
            first = expr.arguments[0].dtype
        mixed = expr.arguments[-1].dtype is not first
        spelling = (self.dialect.mixed if mixed else self.dialect.functions).get((expr.function, first))
        if spelling is None:
            raise InternalError(f"`{expr.function}` of {first!r} has no spelling")
        return self._fill(spelling, expr.arguments)

    def _narrowed(self, expr: Call) -> Call:
        """A comparison of smaller integers with what is known to be one of theirs, in their own width: more fit a vector."""
        for k, (one, other) in enumerate((expr.arguments, expr.arguments[::-1])):
            if not isinstance(one, Cast) or not one.operand.dtype.is_integer or other.dtype is not DType.i64:
                continue
            values, own = interval(other, self.axes), one.operand.dtype
            for dtype in (own, *((DType.i32,) if own.size < 4 else ())):
                low, high = dtype.limits
                if low <= values.low and values.high <= high:
                    number = values.fixed
                    small = Cast(operand=other, dtype=dtype) if number is None else Const(value=number, dtype=dtype)
                    pair = (one.operand if dtype is own else Cast(operand=one.operand, dtype=dtype), small)
                    return replace(expr, arguments=pair if k == 0 else pair[::-1])
        return expr

    def _plain(self, expr: Call) -> tuple[str, int] | None:
        """Index arithmetic as it is written by hand, where its values are known to stay small."""
        if not interval(expr, self.axes).is_plain:
            return None
        parts = [interval(a, self.axes) for a in expr.arguments]
        if expr.function in _FLOORS and parts[0].low >= 0 and parts[1].low > 0:
            return self._fill(_FLOORS[expr.function], expr.arguments)
        if expr.function == "negative":
            return self._fill(Spelling(pattern="-{0}", precedence=UNARY, inside=(UNARY,)), expr.arguments)
        if expr.function == "add" and parts[1].fixed is not None and parts[1].fixed < 0:
            less = Const(value=-parts[1].fixed, dtype=DType.i64)
            return self._fill(_PLAIN["subtract"], (expr.arguments[0], less))
        if expr.function in _PLAIN:
            return self._fill(_PLAIN[expr.function], expr.arguments)
        return None

    def _where(self, condition: Expr, then: Expr, otherwise: Expr) -> tuple[str, int]:
        text = f"{self.text(condition, AND + 1)} ? {self.text(then)} : {self.text(otherwise, CHOICE)}"
        numbers = then.dtype is DType.i64 and all(interval(e, self.axes).fixed is not None for e in (then, otherwise))
        if numbers or (then.dtype.size < 4 and then.dtype is not DType.bool):
            return f"({self.dialect.types[then.dtype]})({text})", UNARY  # it would be of type int
        return text, CHOICE

    def _fill(self, spelling: Spelling, arguments: tuple[Expr, ...]) -> tuple[str, int]:
        parts = [self.text(a, inside) for a, inside in zip(arguments, spelling.inside, strict=False)]
        if spelling.pattern.startswith("-") and parts[0].startswith("-"):
            parts[0] = f"({parts[0]})"
        return spelling.pattern.format(*parts), spelling.precedence

    def _size(self, extent: Extent) -> tuple[str, int]:
        """Sums and products of sizes; saturating functions where they may not fit."""
        text, precedence, so_far = "", PRIMARY, Extent()
        for c, atom in extent.terms:
            term = Extent(terms=((c, atom),))
            part = self._term(abs(c), atom)
            so_far = so_far + term
            if not text:
                text, precedence = part if c > 0 else (f"-{part[0]}", SUM)
            elif extent_interval(so_far).is_plain:
                text, precedence = f"{text} {'+' if c > 0 else '-'} {part[0]}", SUM
            else:
                text, precedence = f"ur_plus({text}, {part[0] if c > 0 else f'-{part[0]}'})", PRIMARY
        k = extent.constant
        if not text:
            return self._number(k, DType.i64)
        if k and extent_interval(extent).is_plain:
            return f"{text} {'+' if k > 0 else '-'} {abs(k)}", SUM
        return (f"ur_plus({text}, {k})", PRIMARY) if k else (text, precedence)

    def _term(self, c: int, atom: Atom) -> tuple[str, int]:
        """`c * atom`, for c > 0."""
        text, precedence = self._atom(atom)
        if c == 1:
            return text, precedence
        if not extent_interval(Extent(terms=((c, atom),))).is_plain:
            return f"ur_times({c}, {text})", PRIMARY
        return f"{c} * {f'({text})' if precedence <= PRODUCT else text}", PRODUCT

    def _atom(self, atom: Atom) -> tuple[str, int]:
        match atom:
            case Named(name=name):
                return self.run + self.names.sizes[name], PRIMARY
            case Quotient(dividend=dividend, divisor=divisor):
                inner = extent_interval(dividend)
                if inner.low >= 0 and inner.is_plain:
                    text, precedence = self._size(dividend)
                    return f"{f'({text})' if precedence < PRODUCT else text} / {divisor}", PRODUCT
                return f"ur_floor_divide_i64({self._size(dividend)[0]}, {divisor})", PRIMARY
            case Least(among=among) | Most(among=among):
                name = "ur_minimum_i64" if isinstance(atom, Least) else "ur_maximum_i64"
                text = self._size(among[0])[0]
                for other in among[1:]:
                    text = f"{name}({text}, {self._size(other)[0]})"
                return text, PRIMARY
            case Product(factors=factors):
                plain = extent_interval(Extent(terms=((1, atom),))).is_plain
                parts = [self._size(f) for f in factors]
                if plain:
                    return " * ".join(f"({t})" if p < PRODUCT else t for t, p in parts), PRODUCT
                text = parts[0][0]
                for factor, _ in parts[1:]:
                    text = f"ur_times({text}, {factor})"
                return text, PRIMARY
            case _:
                assert_never(atom)


def _constant(expr: Expr) -> float | None:
    """The number that a float expression is, if it is one."""
    match expr:
        case Const(value=value):
            return float(value)
        case Cast(operand=operand) if expr.dtype.is_float and operand.dtype is not DType.bool:
            return _constant(operand)
        case _:
            return None
