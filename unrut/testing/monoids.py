# SPDX-License-Identifier: Apache-2.0
"""Random folds by associative monoids: statistics, online softmax, places, affine maps, matrices that don't commute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unrut.testing.drafts import Draft, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A monoid of the notation: the states with what is lifted to them from `{0}`, `{1}`, ..., then the other parts.

    `arguments` are the kinds of what is lifted, `size` what the result's magnitude is in exact mode, given theirs.
    """

    lift: str
    identity: str
    combine: str
    finish: tuple[str, ...]
    arguments: tuple[str, ...]
    size: Callable[[int], int]


_WELFORD = Shape(
    lift="n=1, mean={0}, m2=0",
    identity="(0, 0, 0)",
    combine="lambda a, b: (a.n + b.n, "
    "where(a.n + b.n > 0, a.mean + (b.mean - a.mean)*b.n/maximum(a.n + b.n, 1), 0), "
    "a.m2 + b.m2 + (b.mean - a.mean)**2*a.n*b.n/maximum(a.n + b.n, 1))",
    finish=("s.mean", "s.m2/maximum(s.n, 1)", "s.n"),
    arguments=("float",),
    size=lambda x: x,
)
_SOFTMAX = Shape(
    lift="m={0}, t=1, v={1}",
    identity="(-inf, 0, 0)",
    combine="lambda a, b: (maximum(a.m, b.m), "
    "where(a.m >= b.m, a.t + b.t*exp(b.m - a.m), a.t*exp(a.m - b.m) + b.t), "
    "where(a.m >= b.m, a.v + b.v*exp(b.m - a.m), a.v*exp(a.m - b.m) + b.v))",
    finish=("s.v/s.t", "s.m + log(s.t)"),
    arguments=("float", "float"),
    size=lambda x: x,
)
_MAPS = Shape(
    lift="f={0}, g={1}",
    identity="(1, 0)",
    combine="lambda a, b: (a.f*b.f, b.f*a.g + b.g)",
    finish=("s.g", "s.f + s.g"),
    arguments=("float", "float"),
    size=lambda x: x,
)
_ENDS = Shape(
    lift="low={0}, high={0}",
    identity="(inf, -inf)",
    combine="lambda a, b: (minimum(a.low, b.low), maximum(a.high, b.high))",
    finish=("minimum(s.high, 9) - maximum(s.low, -9)", "s.low"),
    arguments=("float",),
    size=lambda x: 2 * x + 18,
)
_LAST = Shape(
    lift="seen=True, last={0}",
    identity="(False, 0)",
    combine="lambda a, b: (a.seen | b.seen, where(b.seen, b.last, a.last))",
    finish=("s.last", "where(s.seen, s.last, -1)"),
    arguments=("float",),
    size=lambda x: x + 1,
)
_PLACE = Shape(
    lift="best={0}, place={1}, found=True",
    identity="(0, -1, False)",
    combine="lambda a, b: (where(b.found & ((b.best > a.best) | ~a.found), b.best, a.best), "
    "where(b.found & ((b.best > a.best) | ~a.found), b.place, a.place), a.found | b.found)",
    finish=("s.place", "cast(s.best, i64) + s.place"),
    arguments=("float", "int"),
    size=lambda x: 2 * x + 1,
)
_MATRIX = Shape(
    lift="p={0} % 3, q=1, r={1} % 2, t=0",
    identity="(1, 0, 0, 1)",
    combine="lambda a, b: ((a.p*b.p + a.q*b.r) % 11, (a.p*b.q + a.q*b.t) % 11, "
    "(a.r*b.p + a.t*b.r) % 11, (a.r*b.q + a.t*b.t) % 11)",
    finish=("s.p*13 + s.q", "s.r - s.t"),
    arguments=("int", "int"),
    size=lambda _: 200,
)
_EVERY = Shape(
    lift="once={0}, count=cast({0}, i64)",
    identity="(False, 0)",
    combine="lambda a, b: (a.once ^ b.once, a.count + b.count)",
    finish=("s.once", "s.once | (s.count > 2)"),
    arguments=("bool",),
    size=lambda x: x,
)

_WRAPPING = Shape(
    lift="f={0}, g={1}",
    identity="(1, 0)",
    combine="lambda a, b: (a.f*b.f, b.f*a.g + b.g)",
    finish=("s.g", "s.f ^ s.g"),
    arguments=("uint", "uint"),
    size=lambda x: x,
)

_BY_KIND = {
    "float": (_ENDS, _LAST, _WELFORD, _SOFTMAX, _MAPS),
    "int": (_MATRIX, _PLACE),
    "uint": (_WRAPPING,),
    "bool": (_EVERY,),
}
_EXACT = {**_BY_KIND, "float": (_ENDS, _LAST)}


def fold(
    draft: Draft,
    axes: list[str],
    kind: str,
    expression: Callable[[str], Term],
    domain: Callable[[], str],
) -> Term:
    """A fold of a kind over axes that are bound already; `expression` draws what is lifted, `domain` a `where=`."""
    shape = draft.pick((_EXACT if draft.exact else _BY_KIND)[kind])
    lifted = [expression(wanted) for wanted in shape.arguments]
    where = f", where={domain()}" if draft.chance(25) else ""
    text = (
        f"fold[{', '.join(axes)}]({shape.lift.format(*(term.text for term in lifted))}, identity={shape.identity}, "
        f"combine={shape.combine}, finish=lambda s: {draft.pick(shape.finish)}{where})"
    )
    return Term(text=text, kind=kind, size=shape.size(max(term.size for term in lifted)))
