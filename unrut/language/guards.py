# SPDX-License-Identifier: Apache-2.0
"""What a condition says about axes: affine forms that are 0 or less wherever it holds.

Conjunctions of integer comparisons are followed, through `&`, `|` and `~` by De Morgan's laws; whatever else a condition
says is left out, which weakens proofs and never falsifies them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.program.affine import Affine, affine, number
from unrut.program.extents import Extent, provably_le
from unrut.program.intervals import interval
from unrut.program.nodes import Call, Const, Expr
from unrut.program.values import value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Forms that are at most 0 where the guard holds, forms that are not 0; `whole` unless it says more than they do,
    `ranged` unless a range around it does."""

    facts: tuple[Affine, ...] = ()
    apart: tuple[Affine, ...] = ()
    whole: bool = True
    ranged: bool = True

    def __and__(self, other: Guard) -> Guard:
        return Guard(
            facts=(*self.facts, *other.facts),
            apart=(*self.apart, *other.apart),
            whole=self.whole and other.whole,
            ranged=self.ranged and other.ranged,
        )

    def sharpened(self, extents: Mapping[str, Extent]) -> tuple[Affine, ...]:
        """The facts, with those that follow where what is not 0 can have one sign only: `y != 0` is `y >= 1`."""
        found = list(self.facts)
        for form in self.apart:
            ends = interval(form, extents)
            if provably_le(Extent(), ends.low):
                found.append(number(1) - form)
            if provably_le(ends.high, Extent()):
                found.append(form + number(1))
        return tuple(found)

    def allows(self, axes: Mapping[str, int]) -> bool:
        """Whether the guard lets a place through, as far as it can be followed."""
        below = all(value_of(fact, axes) <= 0 for fact in self.facts)
        return below and all(value_of(form, axes) != 0 for form in self.apart)

    def without(self, axis: str) -> Guard:
        """The guard where `axis` takes other values than outside."""
        facts = tuple(fact for fact in self.facts if axis not in fact.axes)
        apart = tuple(form for form in self.apart if axis not in form.axes)
        return Guard(facts=facts, apart=apart, whole=self.whole, ranged=self.ranged)


_OPPOSITE = {
    "less": "greater_equal", "less_equal": "greater", "greater": "less_equal", "greater_equal": "less",
    "equal": "not_equal", "not_equal": "equal",
}  # fmt: skip


def guard_of(condition: Expr, holds: bool = True) -> Guard:
    """What is known where a condition holds, or where it does not."""
    match condition:
        case Const(value=value):
            return Guard() if bool(value) == holds else Guard(facts=(number(1),))
        case Call(function="invert", arguments=(inner,)):
            return guard_of(inner, not holds)
        case Call(function="bitwise_and" | "bitwise_or" as function, arguments=(left, right)):
            if (function == "bitwise_and") == holds:
                return guard_of(left, holds) & guard_of(right, holds)
            return Guard(whole=False)
        case Call(function=function, arguments=(left, right)) if function in _OPPOSITE:
            first, second = affine(left), affine(right)
            if first is None or second is None:
                return Guard(whole=False)
            return _comparison(function if holds else _OPPOSITE[function], first, second)
        case _:
            return Guard(whole=False)


def _comparison(function: str, left: Affine, right: Affine) -> Guard:
    one = number(1)
    match function:
        case "less":
            return Guard(facts=(left - right + one,))
        case "less_equal":
            return Guard(facts=(left - right,))
        case "greater":
            return Guard(facts=(right - left + one,))
        case "greater_equal":
            return Guard(facts=(right - left,))
        case "equal":
            return Guard(facts=(left - right, right - left))
        case _:
            return Guard(apart=(left - right,))
