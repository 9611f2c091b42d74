# SPDX-License-Identifier: Apache-2.0
"""What a condition says about axes: affine forms that are 0 or less wherever it holds.

Conjunctions of integer comparisons are followed, through `&`, `|` and `~` by De Morgan's laws; whatever else a condition
says is left out, which weakens proofs and never falsifies them.
"""

from __future__ import annotations

from dataclasses import dataclass

from unrut.program.affine import Affine, affine, number
from unrut.program.nodes import Call, Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Forms that are at most 0 where the guard holds; `whole` unless the condition says more than they do."""

    facts: tuple[Affine, ...] = ()
    whole: bool = True

    def __and__(self, other: Guard) -> Guard:
        return Guard(facts=(*self.facts, *other.facts), whole=self.whole and other.whole)

    def without(self, axis: str) -> Guard:
        """The guard where `axis` takes other values than outside."""
        kept = tuple(fact for fact in self.facts if axis not in fact.axes)
        return Guard(facts=kept, whole=self.whole and len(kept) == len(self.facts))


_OPPOSITE = {
    "less": "greater_equal", "less_equal": "greater", "greater": "less_equal", "greater_equal": "less",
    "equal": "not_equal", "not_equal": "equal",
}  # fmt: skip


def guard_of(condition: Expr, holds: bool = True) -> Guard:
    """What is known where a condition holds, or where it does not."""
    match condition:
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
            return Guard(whole=False)
