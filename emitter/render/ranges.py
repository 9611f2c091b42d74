# SPDX-License-Identifier: Apache-2.0
"""Intervals of i64 expressions: they tell where plain C arithmetic can't overflow and where `/` already floors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.program.extents import Atom, Extent, Least, Most, Named, Product, Quotient
from unrut.program.nodes import AxisValue, Call, Cast, Const, Expr, ExtentValue, Where
from unrut.program.types import DType

LARGEST_SIZE = 2**40
"""Run-time sizes are refused beyond this at the door of a kernel, so that index arithmetic has room in 64 bits."""

PLAIN = 2**62
"""Arithmetic whose values stay within this is written as plain C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """All integers from `low` to `high`, both included."""

    low: int
    high: int

    @property
    def is_plain(self) -> bool:
        return -PLAIN <= self.low and self.high <= PLAIN

    @property
    def fixed(self) -> int | None:
        """The only number there is, if so."""
        return self.low if self.low == self.high else None


ANY = Interval(low=-(2**63), high=2**63 - 1)

Ranges = Mapping[str, Interval]


def interval(expr: Expr, axes: Ranges) -> Interval:
    """Where the exact value of an i64 expression lies. Beyond 64 bits it has wrapped, and may be anything."""
    match expr:
        case Const(value=value):
            return Interval(low=int(value), high=int(value))
        case AxisValue(axis=axis):
            return axes.get(axis, ANY)
        case ExtentValue(extent=extent):
            return extent_interval(extent)
        case Cast(operand=operand) if operand.dtype is DType.bool:
            return Interval(low=0, high=1)
        case Cast(operand=operand) if operand.dtype.is_integer and operand.dtype.size < 8:
            low, high = operand.dtype.limits
            return Interval(low=low, high=high)
        case Where(then=then, otherwise=otherwise):
            return _around(interval(then, axes), interval(otherwise, axes))
        case Call(function=function, arguments=arguments):
            if any(a.dtype is not DType.i64 for a in arguments):
                return ANY
            found = _apply(function, tuple(interval(a, axes) for a in arguments))
            return found if ANY.low <= found.low and found.high <= ANY.high else ANY
        case _:
            return ANY


def _around(*parts: Interval) -> Interval:
    return Interval(low=min(p.low for p in parts), high=max(p.high for p in parts))


def _apply(function: str, parts: tuple[Interval, ...]) -> Interval:
    match function, parts:
        case "add", (a, b):
            return Interval(low=a.low + b.low, high=a.high + b.high)
        case "subtract", (a, b):
            return Interval(low=a.low - b.high, high=a.high - b.low)
        case "negative", (a,):
            return Interval(low=-a.high, high=-a.low)
        case "multiply", (a, b):
            corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
            return Interval(low=min(corners), high=max(corners))
        case "floor_divide", (a, b) if b.low > 0:
            corners = [x // y for x in (a.low, a.high) for y in (b.low, b.high)]
            return Interval(low=min(corners), high=max(corners))
        case "remainder", (a, b) if b.low > 0:
            if 0 <= a.low and a.high < b.low:
                return a
            return Interval(low=0, high=b.high - 1)
        case "maximum" | "fmax", (a, b):
            return Interval(low=max(a.low, b.low), high=max(a.high, b.high))
        case "minimum" | "fmin", (a, b):
            return Interval(low=min(a.low, b.low), high=min(a.high, b.high))
        case "abs", (a,):
            low = 0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high))
            return Interval(low=low, high=max(abs(a.low), abs(a.high)))
        case _:
            return ANY


def extent_interval(extent: Extent) -> Interval:
    """Where an extent lies for any sizes from 0 to LARGEST_SIZE. Not clipped to 64 bits."""
    low = high = extent.constant
    for c, atom in extent.terms:
        part = _atom_interval(atom)
        low, high = low + min(c * part.low, c * part.high), high + max(c * part.low, c * part.high)
    return Interval(low=low, high=high)


def _atom_interval(atom: Atom) -> Interval:
    match atom:
        case Named():
            return Interval(low=0, high=LARGEST_SIZE)
        case Quotient(dividend=dividend, divisor=divisor):
            inner = extent_interval(dividend)
            return Interval(low=inner.low // divisor, high=inner.high // divisor)
        case Least(among=among):
            parts = [extent_interval(e) for e in among]
            return Interval(low=min(p.low for p in parts), high=min(p.high for p in parts))
        case Most(among=among):
            parts = [extent_interval(e) for e in among]
            return Interval(low=max(p.low for p in parts), high=max(p.high for p in parts))
        case Product(factors=factors):
            total = Interval(low=1, high=1)
            for factor in factors:
                total = _apply("multiply", (total, extent_interval(factor)))
            return total


def axis_interval(start: Expr, stop: Expr, axes: Ranges) -> Interval:
    """The values of an axis that runs from `start` while below `stop`, if it runs at all."""
    low, high = interval(start, axes).low, interval(stop, axes).high - 1
    return Interval(low=low, high=max(low, high))
