# SPDX-License-Identifier: Apache-2.0
"""Index expressions as linear forms: `constant + sum of coefficient * atom`.

An atom is an AxisValue or any other i64 expression that is not linear (`y // 2`, `rowptr[i]`); the constant is an Extent, so
run-time sizes are part of it. The forms are exact modulo 2**64, as the arithmetic that they stand for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.program.extents import Extent, as_extent
from unrut.program.nodes import AxisValue, Call, Const, Expr, ExtentValue
from unrut.program.remembering import Remembering, remembered
from unrut.program.types import DType
from unrut.program.walk import free_axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(Remembering):
    """`constant + sum(coefficient * atom)`, atoms distinct, coefficients not 0, in a fixed order."""

    constant: Extent = Extent()
    terms: tuple[tuple[int, Expr], ...] = ()

    def __add__(self, other: Linear) -> Linear:
        if not self.terms or not other.terms:
            return Linear(constant=self.constant + other.constant, terms=self.terms or other.terms)
        coefficients = {atom: c for c, atom in self.terms}
        for c, atom in other.terms:
            coefficients[atom] = coefficients.get(atom, 0) + c
        kept = sorted(((c, a) for a, c in coefficients.items() if c), key=lambda term: _rank(term[1]))
        return Linear(constant=self.constant + other.constant, terms=tuple(kept))

    def __mul__(self, factor: int) -> Linear:
        if factor in (0, 1):
            return self if factor else Linear()
        return Linear(constant=self.constant * factor, terms=tuple((c * factor, a) for c, a in self.terms))

    def __sub__(self, other: Linear) -> Linear:
        return self + other * -1

    def coefficient(self, axis: str) -> int:
        """The factor of an axis; 0 where it does not appear as an atom of its own."""
        return next((c for c, atom in self.terms if atom == AxisValue(axis=axis)), 0)

    def without(self, axis: str) -> Linear:
        """The form less its term in one axis."""
        return Linear(constant=self.constant, terms=tuple(t for t in self.terms if t[1] != AxisValue(axis=axis)))

    def axes(self) -> frozenset[str]:
        """Every axis that takes part, inside atoms too."""
        return _axes(self)

    @property
    def is_number(self) -> bool:
        return not self.terms and self.constant.is_fixed


@remembered
def _axes(form: Linear) -> frozenset[str]:
    return frozenset().union(*(free_axes(atom) for _, atom in form.terms))


@remembered
def _rank(atom: Expr) -> tuple[int, str]:
    return (0, atom.axis) if isinstance(atom, AxisValue) else (1, repr(atom))


def constant(value: Extent | int) -> Linear:
    """A linear form without atoms."""
    return Linear(constant=as_extent(value))


def axis_value(axis: str) -> Linear:
    """The linear form of one axis."""
    return Linear(terms=((1, AxisValue(axis=axis)),))


@remembered
def linear(expr: Expr) -> Linear:
    """The linear form of an i64 expression; what is not linear becomes an atom."""
    match expr:
        case Const(value=value) if expr.dtype is DType.i64:
            return constant(int(value))
        case ExtentValue(extent=extent):
            return constant(extent)
        case Call(function="add", arguments=(left, right), dtype=DType.i64):
            return linear(left) + linear(right)
        case Call(function="subtract", arguments=(left, right), dtype=DType.i64):
            return linear(left) - linear(right)
        case Call(function="negative", arguments=(operand,), dtype=DType.i64):
            return linear(operand) * -1
        case Call(function="multiply", arguments=(left, right), dtype=DType.i64):
            one, other = linear(left), linear(right)
            if one.is_number:
                return other * one.constant.value()
            if other.is_number:
                return one * other.constant.value()
            if not one.terms and not other.terms:
                return constant(one.constant * other.constant)
            return Linear(terms=((1, expr),))
        case _:
            return Linear(terms=((1, expr),))


def number(value: int) -> Const:
    """An i64 constant."""
    return Const(value=value, dtype=DType.i64)


def extent_expr(extent: Extent) -> Expr:
    """An extent as an expression: a Const where it is fixed."""
    return number(extent.value()) if extent.is_fixed else ExtentValue(extent=extent)


def call(function: str, *arguments: Expr, dtype: DType = DType.i64) -> Call:
    """A call of a scalar function."""
    return Call(function=function, arguments=arguments, dtype=dtype)


def expression(form: Linear) -> Expr:
    """The plainest expression of a linear form: positive terms first, then the constant, then what is subtracted."""
    total: Expr | None = None
    for c, atom in sorted(form.terms, key=lambda term: term[0] < 0):
        part = atom if abs(c) == 1 else call("multiply", number(abs(c)), atom)
        if total is None:
            total = part if c > 0 else call("negative", part)
        else:
            total = call("add" if c > 0 else "subtract", total, part)
    if form.constant != Extent() or total is None:
        if total is None:
            return extent_expr(form.constant)
        if form.constant.is_fixed and form.constant.value() < 0:
            return call("subtract", total, number(-form.constant.value()))
        return call("add", total, extent_expr(form.constant))
    return total


def substitute(form: Linear, values: Mapping[str, Linear]) -> Linear:
    """Replace axes that stand as atoms of their own; other atoms are left alone."""
    total = Linear(constant=form.constant)
    for c, atom in form.terms:
        if isinstance(atom, AxisValue) and atom.axis in values:
            total = total + values[atom.axis] * c
        else:
            total = total + Linear(terms=((c, atom),))
    return total
