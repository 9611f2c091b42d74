# SPDX-License-Identifier: Apache-2.0
"""How far arithmetic on axis values, extents and numbers reaches: refused where comparisons could see it wrap.

Proofs and loop bounds solve comparisons over all integers. That is what 64 bits compute as long as both sides stay within
2**62. Sums and products of numbers alone may use all of 64 bits, as numbers may. What involves data is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from unrut.errors import RangeError, UnrutError
from unrut.language.declarations import at
from unrut.program.extents import Atom, Extent, Least, Most, Named, Product, Quotient
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import AxisValue, Call, Const, Expr, ExtentValue, Reduce, Statement, Where
from unrut.program.types import DType
from unrut.program.walk import children, outside_of

LARGEST_INDEX = 2**62
LARGEST_SIZE = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """`low <= value <= high`. `fixed` unless a run-time size takes part; `plain` if there are numbers alone."""

    low: int
    high: int
    fixed: bool = True
    plain: bool = False

    @property
    def beyond(self) -> int | None:
        """The end that is too far, if one is."""
        largest = 2 * LARGEST_INDEX - 1 if self.plain else LARGEST_INDEX
        smallest = -2 * LARGEST_INDEX if self.plain else -LARGEST_INDEX
        return self.high if self.high > largest else self.low if self.low < smallest else None


def check_reach(statements: Sequence[Statement], errors: list[UnrutError]) -> None:
    """Refuse index arithmetic that leaves 2**62, run-time sizes being 2**40 at most; products of these are not judged."""
    for statement in statements:
        axes = {axis.name: axis.extent for axis in statement.axes}
        for expr, reach in (found for whole in statement.expressions() for found in _beyond(whole, axes)):
            end = "2**63" if reach.plain else "2**62"
            sizes = "" if reach.fixed else f", with run-time sizes up to {LARGEST_SIZE}"
            far = reach.beyond or 0
            told = str(far) if abs(far) < 2**96 else f"{'-' * (far < 0)}2**96"
            message = f"arithmetic on axes and numbers reaches {told}, beyond {end}{sizes}"
            remedy = "smaller ranges, or a smaller factor" if not reach.plain else "the number that is meant"
            errors.append(RangeError(message, places=at(expr.span), remedy=remedy))


def _beyond(expr: Expr, axes: Mapping[str, Extent]) -> Iterator[tuple[Expr, Reach]]:
    """The innermost calls that reach too far."""
    found = False
    outer = outside_of(expr) if isinstance(expr, Reduce) else ()
    for part in children(expr):
        inner = axes
        if (isinstance(expr, Reduce) and not any(part is o for o in outer)) or isinstance(expr, Fold):
            inner = {**axes, **{axis.name: axis.extent for axis in expr.axes}}
        for each in _beyond(part, inner):
            found = True
            yield each
    if not found and isinstance(expr, Call):
        reach = reach_of(expr, axes)
        if reach is not None and reach.beyond is not None:
            yield expr, reach


def reach_of(expr: Expr, axes: Mapping[str, Extent]) -> Reach | None:
    """Where an i64 expression lies, computed without end; None where data or other functions take part."""
    match expr:
        case Const(value=value, dtype=DType.i64):
            return Reach(low=int(value), high=int(value), plain=True)
        case AxisValue(axis=axis):
            extent = axes[axis]
            return Reach(low=0, high=max(0, _largest(extent - 1)), fixed=extent.is_fixed)
        case ExtentValue(extent=extent):
            return Reach(low=-_largest(extent), high=_largest(extent), fixed=extent.is_fixed)
        case Where(then=then, otherwise=otherwise, dtype=DType.i64):
            one, other = reach_of(then, axes), reach_of(otherwise, axes)
            return None if one is None or other is None else _joined((one, other), (*_ends(one), *_ends(other)))
        case Call(function=function, arguments=arguments, dtype=DType.i64):
            known = tuple(reach for a in arguments if (reach := reach_of(a, axes)) is not None)
            return _applied(function, known) if len(known) == len(arguments) else None
        case _:
            return None


def _applied(function: str, among: tuple[Reach, ...]) -> Reach | None:
    match function, among:
        case "negative", (one,):
            return _joined(among, (-one.low, -one.high))
        case "abs", (one,):
            return _joined(among, (max(0, one.low, -one.high), max(-one.low, one.high)))
        case "add", (one, other):
            return _joined(among, (one.low + other.low, one.high + other.high))
        case "subtract", (one, other):
            return _joined(among, (one.low - other.high, one.high - other.low))
        case "multiply", (one, other):
            if not one.plain and not other.plain and not (one.fixed and other.fixed):
                return None
            return _joined(among, tuple(a * b for a in _ends(one) for b in _ends(other)))
        case "square", (one,):
            return _joined((one,), _powers(one, 2))
        case "power", (one, other) if other.low == other.high >= 0:
            return _joined(among, _powers(one, other.low))
        case "left_shift", (one, other) if 0 <= other.low == other.high < 64:
            return _joined(among, tuple(end << other.low for end in _ends(one)))
        case "floor_divide", (one, other) if other.low == other.high > 0:
            return _joined(among, (one.low // other.low, one.high // other.low))
        case "remainder", (one, other) if other.low == other.high > 0:
            return _joined(among, (0, other.low - 1))
        case "maximum", (one, other):
            return _joined(among, (max(one.low, other.low), max(one.high, other.high)))
        case "minimum", (one, other):
            return _joined(among, (min(one.low, other.low), min(one.high, other.high)))
        case _:
            return None


def _powers(one: Reach, exponent: int) -> tuple[int, ...]:
    """The ends of a power; one that is far beyond 64 bits stands for itself, with the same sign."""
    exponent = exponent if exponent < 128 else 128 + exponent % 2
    inside = (0,) if one.low < 0 < one.high else ()
    return tuple(end**exponent for end in (*_ends(one), *inside))


def _joined(among: tuple[Reach, ...], ends: Sequence[int]) -> Reach:
    fixed, plain = all(one.fixed for one in among), all(one.plain for one in among)
    return Reach(low=min(ends), high=max(ends), fixed=fixed, plain=plain)


def _ends(reach: Reach) -> tuple[int, int]:
    return reach.low, reach.high


def _largest(extent: Extent) -> int:
    """A number that an extent does not exceed, whatever its sign."""
    return abs(extent.constant) + sum(abs(c) * _largest_atom(atom) for c, atom in extent.terms)


def _largest_atom(atom: Atom) -> int:
    match atom:
        case Named() | Product():
            return LARGEST_SIZE
        case Quotient(dividend=dividend, divisor=divisor):
            return _largest(dividend) // divisor + 1
        case Least(among=among) | Most(among=among):
            return max(map(_largest, among))
