# SPDX-License-Identifier: Apache-2.0
"""Ranks of order statistics: `r` of `kth_smallest[j](e, r)` is a place among the sorted terms.

So it is found and proved, or checked where it is computed, like a subscript: as if the sorted terms were a tensor of one
dimension, whose extent is the number of places of the reduction, read at `r`. A rank that is a bare axis without a range
takes that extent: a sort.
"""

from __future__ import annotations

from unrut.errors import DTypeError, NotationError, RangeError
from unrut.language.adoption import Typed, adopt
from unrut.language.declarations import at
from unrut.language.notation import Reduction
from unrut.language.vocabulary import TAKE_RANKS
from unrut.program.extents import Extent
from unrut.program.nodes import Const, Expr, Read, Reduce, ReduceKind
from unrut.program.types import DType


def rank_read(reduce: Reduce) -> Read | None:
    """The rank of a kth_smallest or arg_kth_smallest as a read of the sorted terms; None for other reductions."""
    if reduce.rank is None or reduce.kind is ReduceKind.quantile:
        return None
    span = reduce.rank.span or reduce.span
    return Read(tensor=reduce.kind.value, subscripts=(reduce.rank,), dtype=reduce.dtype, span=span)


def places_of(reduce: Reduce) -> tuple[Extent, ...]:
    """The one extent of the sorted terms: as many as the reduction has places."""
    total = Extent(constant=1)
    for axis in reduce.axes:
        total = total * axis.extent
    return (total,)


def typed_rank(term: Reduction, found: Typed) -> Expr:
    """What was read of a rank, in the dtype that its reduction takes: i64, or f64 for the share of a quantile.

    Raises DTypeError, NotationError, and RangeError for a share that is a number outside of 0 to 1.
    """
    span = (term.rank.span if term.rank is not None else None) or term.span
    if term.kind == ReduceKind.quantile.value:
        if not found.kind.dtype.is_float and not found.kind.dtype.is_integer:
            raise DTypeError(f"the share of a quantile is {found.kind}", places=at(span), remedy="a number from 0 to 1")
        share = adopt(found, DType.f64)
        if isinstance(share, Const) and not 0 <= share.value <= 1:
            raise RangeError(
                f"the share of a quantile is {share.value}", places=at(span), remedy="a number from 0 to 1"
            )
        return share
    if not found.kind.dtype.is_integer:
        raise NotationError(
            f"the rank of `{term.kind}` is {found.kind}, not an integer",
            places=at(span),
            remedy="an integer expression; as a share of the terms: quantile",
        )
    return adopt(found, DType.i64)


def check_arguments(term: Reduction) -> None:
    """Raise a NotationError where a rank is missing or too much."""
    name = TAKE_RANKS.get(term.kind)
    if (term.rank is not None) == (name is not None):
        return
    if name is None:
        message, remedy = f"`{term.kind}` takes one expression, and no rank", f"{term.kind}[k](...)"
    else:
        what = "a share from 0 to 1" if term.kind == ReduceKind.quantile.value else "a rank from 0"
        message, remedy = f"`{term.kind}` needs {what}", f"{term.kind}[k](..., {name})"
    raise NotationError(message, places=at(term.span), remedy=remedy)
