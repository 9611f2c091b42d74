# SPDX-License-Identifier: Apache-2.0
"""Affine forms of index expressions: integer coefficients of axes and of their quotients and remainders, and an extent.

    Affine = constant + sum of coefficient * Atom
    Atom   = axis name | Floor(dividend // divisor) | Rest(dividend % divisor)

Forms are canonical in their coefficients: `y + ky - y` is `ky`. Both sides of a comparison of subscripts, every proof
that a read stays inside, and every place that asks how an address moves with an axis start from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Union

from unrut.program.extents import Extent, as_extent
from unrut.program.nodes import AxisValue, Call, Const, Expr, ExtentValue
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """`dividend // divisor`, divisor positive."""

    dividend: Affine
    divisor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """`dividend % divisor`, divisor positive: between 0 and divisor - 1."""

    dividend: Affine
    divisor: int


Atom = Union[str, Floor, Rest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """`constant + sum(coefficient * atom)`; no atom stands twice, no coefficient is 0; in the text's order."""

    constant: Extent = field(default_factory=Extent)
    terms: tuple[tuple[int, Atom], ...] = ()

    def __add__(self, other: Affine) -> Affine:
        coefficients = {atom: c for c, atom in self.terms}
        for c, atom in other.terms:
            coefficients[atom] = coefficients.get(atom, 0) + c
        kept = tuple((c, atom) for atom, c in coefficients.items() if c)
        return Affine(constant=self.constant + other.constant, terms=kept)

    def __mul__(self, factor: int) -> Affine:
        kept = tuple((c * factor, atom) for c, atom in self.terms) if factor else ()
        return Affine(constant=self.constant * factor, terms=kept)

    def __sub__(self, other: Affine) -> Affine:
        return self + other * -1

    def coefficient(self, atom: Atom) -> int:
        """The coefficient of an atom, 0 where it does not occur."""
        return next((c for c, found in self.terms if found == atom), 0)

    @property
    def bare(self) -> str | None:
        """The axis, if the form is nothing but an axis."""
        match self.terms:
            case ((1, str(axis)),) if self.constant == Extent():
                return axis
        return None

    @property
    def is_plain(self) -> bool:
        """Whether there are no quotients and remainders."""
        return all(isinstance(atom, str) for _, atom in self.terms)

    @property
    def axes(self) -> frozenset[str]:
        """Every axis that occurs, also inside quotients and remainders."""
        found: set[str] = set()
        for _, atom in self.terms:
            found |= {atom} if isinstance(atom, str) else atom.dividend.axes
        return frozenset(found)

    def __str__(self) -> str:
        return affine_text(self)


def axis(name: str) -> Affine:
    """The form that is one axis."""
    return Affine(terms=((1, name),))


def number(value: Extent | int) -> Affine:
    """The form without axes."""
    return Affine(constant=as_extent(value))


def quotient(dividend: Affine, divisor: int) -> Affine:
    """`dividend // divisor`, simplified where the divisor divides every coefficient."""
    if divisor == 1:
        return dividend
    whole = Affine(terms=tuple((c // divisor, atom) for c, atom in dividend.terms if c % divisor == 0))
    left = tuple((c, atom) for c, atom in dividend.terms if c % divisor)
    if not left:
        return whole + number(dividend.constant // divisor)
    return whole + Affine(terms=((1, Floor(dividend=Affine(constant=dividend.constant, terms=left), divisor=divisor)),))


def remainder(dividend: Affine, divisor: int) -> Affine:
    """`dividend % divisor`, without the multiples of the divisor."""
    left = tuple((c % divisor, atom) for c, atom in dividend.terms if c % divisor)
    constant = dividend.constant
    kept = Extent(constant=constant.constant % divisor) + Extent(
        terms=tuple((c % divisor, atom) for c, atom in constant.terms if c % divisor)
    )
    if not left and kept.is_fixed:
        return number(kept.constant % divisor)
    return Affine(terms=((1, Rest(dividend=Affine(constant=kept, terms=left), divisor=divisor)),))


def affine(expr: Expr) -> Affine | None:
    """The affine form of an i64 expression, or None if it has none: products of axes, reads, casts, other functions."""
    match expr:
        case Const(value=value, dtype=DType.i64):
            return number(int(value))
        case AxisValue(axis=name):
            return axis(name)
        case ExtentValue(extent=extent):
            return number(extent)
        case Call(function="negative", arguments=(operand,), dtype=DType.i64):
            form = affine(operand)
            return None if form is None else form * -1
        case Call(function=function, arguments=(left, right), dtype=DType.i64) if function in _COMBINE:
            first, second = affine(left), affine(right)
            return None if first is None or second is None else _COMBINE[function](first, second)
        case _:
            return None


def _product(left: Affine, right: Affine) -> Affine | None:
    for factor, other in ((left, right), (right, left)):
        if not factor.terms and factor.constant.is_fixed:
            return other * factor.constant.value()
        if not factor.terms and not other.terms:
            return number(factor.constant * other.constant)
    return None


def _divided(by: Callable[[Affine, int], Affine]) -> Callable[[Affine, Affine], Affine | None]:
    def combine(left: Affine, right: Affine) -> Affine | None:
        fixed = not right.terms and right.constant.is_fixed and right.constant.value() > 0
        return by(left, right.constant.value()) if fixed else None

    return combine


_COMBINE: dict[str, Callable[[Affine, Affine], Affine | None]] = {
    "add": Affine.__add__,
    "subtract": Affine.__sub__,
    "multiply": _product,
    "floor_divide": _divided(quotient),
    "remainder": _divided(remainder),
}


def affine_text(form: Affine) -> str:
    """A form as text in the notation's spelling, e.g. `2*y + ky - 1`."""
    parts: list[str] = []
    for c, atom in form.terms:
        match atom:
            case str():
                text = atom
            case Floor(dividend=dividend, divisor=divisor):
                text = f"({dividend})//{divisor}" if not str(dividend).isidentifier() else f"{dividend}//{divisor}"
            case Rest(dividend=dividend, divisor=divisor):
                text = f"({dividend}) % {divisor}" if not str(dividend).isidentifier() else f"{dividend} % {divisor}"
        body = text if abs(c) == 1 else f"{abs(c)}*{text if isinstance(atom, str) else '(' + text + ')'}"
        parts.append(("-" if c < 0 else "") + body if not parts else ("- " if c < 0 else "+ ") + body)
    if not parts:
        return str(form.constant)
    if form.constant == Extent():
        return " ".join(parts)
    constant = str(form.constant)
    return " ".join(parts) + (f" - {constant[1:]}" if constant.startswith("-") else f" + {constant}")
