# SPDX-License-Identifier: Apache-2.0
"""Facts about the smaller or larger one of two index expressions, as facts about these.

Before:  min(max(t, 0), 5) - s - 1 >= 0                                   0 <= t
After:   max(t, 0) - s - 1 >= 0      t - s - 1 >= 0      4 - s >= 0
Because: ranges are clamped into their extents, and what is below the smaller one of two is below each.
"""

from __future__ import annotations

from collections.abc import Iterator

from unrut.emitter.graph.linear import Linear, linear
from unrut.emitter.graph.ranges import Known, at_least_zero, exact
from unrut.program.nodes import Call, Expr

DEPTH = 4


def without_extremes(fact: Linear, known: Known, depth: int = DEPTH) -> tuple[Linear, ...]:
    """What a form that is at least 0 says of the arguments of the minima and maxima in it; itself where it has none."""
    for c, atom in fact.terms if depth else ():
        sides = tuple(_sides(c, atom, known))
        if sides:
            rest = fact - Linear(terms=((c, atom),))
            return tuple(part for side in sides for part in without_extremes(rest + side * c, known, depth - 1))
    return (fact,)


def _sides(c: int, atom: Expr, known: Known) -> Iterator[Linear]:
    """The arguments that may stand for an extreme with this factor, so that the form is no smaller."""
    match atom:
        case Call(function="minimum" | "maximum" as function, arguments=(left, right)) if atom.dtype.is_integer:
            one, other = linear(left), linear(right)
            if not (exact(one, known) and exact(other, known)):
                return  # data may wrap: then an argument is not what its form says
            if (function == "minimum") == (c > 0):
                yield from (one, other)
                return
            sign = 1 if function == "maximum" else -1
            if at_least_zero((one - other) * sign, known):
                yield one
            elif at_least_zero((other - one) * sign, known):
                yield other
        case _:
            pass
