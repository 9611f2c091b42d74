# SPDX-License-Identifier: Apache-2.0
"""Between which values an affine form lies, over a box of axes that each run from 0 to their extent minus 1.

Bounds are extents, so the same code serves sizes known as numbers and run-time sizes, and gives the same numbers.
They are exact where each axis occurs once; otherwise the form lies within them without reaching them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.program.affine import Affine, Atom, Floor, Rest
from unrut.program.extents import Extent, Most, as_extent, least, most, provably_le


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """`low <= value <= high`."""

    low: Extent
    high: Extent

    def __add__(self, other: Interval) -> Interval:
        return Interval(low=self.low + other.low, high=self.high + other.high)

    def __mul__(self, factor: int) -> Interval:
        ends = (self.low * factor, self.high * factor)
        return Interval(low=ends[0], high=ends[1]) if factor >= 0 else Interval(low=ends[1], high=ends[0])


def interval(form: Affine, extents: Mapping[str, Extent]) -> Interval:
    """The interval of a form; `extents` holds every axis that occurs."""
    total = Interval(low=form.constant, high=form.constant)
    for c, atom in form.terms:
        total = total + atom_interval(atom, extents) * c
    return total


def atom_interval(atom: Atom, extents: Mapping[str, Extent]) -> Interval:
    """The interval of an axis, a quotient or a remainder."""
    match atom:
        case str():
            return Interval(low=Extent(), high=extents[atom] - 1)
        case Floor(dividend=dividend, divisor=divisor):
            inner = interval(dividend, extents)
            return Interval(low=inner.low // divisor, high=inner.high // divisor)
        case Rest(dividend=dividend, divisor=divisor):
            inner = interval(dividend, extents)
            high = as_extent(divisor - 1)
            if provably_le(Extent(), inner.low):
                high = least(inner.high, high)
            return Interval(low=Extent(), high=high)


def if_not_empty(extent: Extent) -> Extent:
    """The extent, simplified for a range that is known not to be empty: `max(0, h - 2)` is then `h - 2`."""
    match extent:
        case Extent(constant=0, terms=((1, Most(among=among)),)):
            kept = [part for part in among if not (part.is_fixed and part.value() <= 0)]
            if kept:
                return most(*kept)
    return extent
