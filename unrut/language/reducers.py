# SPDX-License-Identifier: Apache-2.0
"""Reductions over named axes, `ur.sum[ci, k](e)`, and functions along an axis that keep it, `ur.softmax(e, along=j)`."""

from __future__ import annotations

from typing import Any

from unrut.errors import AxisError, NotationError
from unrut.language.dtypes import dtype_name
from unrut.language.notation import Line, Reduction
from unrut.language.operators import Axis, Expression, Value, as_expression, note_axis
from unrut.language.origin import caller_span
from unrut.language.recorder import place
from unrut.language.vocabulary import PLACES, TAKE_RANKS


class ReductionWord:
    """The name of a reduction; subscripts are the axes that it runs over: `ur.sum[ci, k](e)`."""

    def __init__(self, kind: str, meaning: str) -> None:
        self.kind = kind
        self.__doc__ = f"{meaning}\n\n`where=` restricts the places, `initial=` is one more term, `dtype=` accumulates."

    def __repr__(self) -> str:
        return f"<ur.{self.kind}[axes](expression)>"

    def __getitem__(self, axes: Axis | tuple[Axis, ...]) -> Reducer:
        return Reducer(self.kind, reduced_axes(axes, self.kind, f"ur.{self.kind}"))

    def __call__(self, *arguments: object, **options: object) -> Any:
        pair = {"max": "; of two numbers: ur.maximum(a, b)", "min": "; of two numbers: ur.minimum(a, b)"}
        raise NotationError(
            f"`ur.{self.kind}` needs its axes in square brackets",
            places=place(caller_span()),
            remedy=f"ur.{self.kind}[k](...){pair.get(self.kind, '')}",
        )


def reduced_axes(axes: object, kind: str, spelling: str) -> tuple[str, ...]:
    """The names of the axes in `spelling[axes]`. Raises AxisError for what are no axes, none, or one twice."""
    span = caller_span()
    found: tuple[object, ...] = axes if isinstance(axes, tuple) else (axes,)
    names = []
    for axis in found:
        if not isinstance(axis, Axis):
            what = f"`{axis}` is a number" if isinstance(axis, int) else f"here is a {type(axis).__name__}"
            message = f"`{kind}` runs over axes, {what}"
            raise AxisError(message, places=place(span), remedy=f'k = ur.axis("k"), then {spelling}[k](...)')
        note_axis(axis)
        names.append(axis.name)
    if not names:
        raise AxisError(f"`{kind}` has no axis", places=place(span), remedy=f"{spelling}[k](...)")
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        message = f"`{kind}` has axis `{twice[0]}` twice"
        raise AxisError(message, places=place(span), remedy="each axis once")
    return tuple(names)


class Reducer:
    """A reduction over given axes, to be applied to an expression."""

    def __init__(self, kind: str, axes: tuple[str, ...]) -> None:
        self.kind = kind
        self.axes = axes

    def __repr__(self) -> str:
        return f"<ur.{self.kind}[{', '.join(self.axes)}](expression)>"

    def __call__(
        self, body: Value, *ranks: Value, where: Value = None, initial: Value = None, dtype: object = None
    ) -> Any:
        """The reduction of `body` over all places where `where` holds; places over several axes are a tuple.

        `ranks`: the one rank of `kth_smallest` and `arg_kth_smallest`, or the one share of `quantile`.
        """
        span = caller_span()
        term = as_expression(body, span)
        domain = None if where is None else as_expression(where, span)
        first = None if initial is None else as_expression(initial, span)
        if len(ranks) > 1:
            message = f"`{self.kind}` takes {1 + (self.kind in TAKE_RANKS)} arguments, not {1 + len(ranks)}"
            raise NotationError(message, places=place(span), remedy=f"ur.{self.kind}[k](...), and options by name")
        rank = as_expression(ranks[0], span) if ranks else None
        several = self.kind in PLACES and len(self.axes) > 1
        found = [
            Expression(
                Reduction(
                    kind=self.kind,
                    axes=self.axes,
                    body=term.term,
                    where=domain.term if domain is not None else None,
                    initial=first.term if first is not None else None,
                    rank=rank.term if rank is not None else None,
                    dtype=None if dtype is None else dtype_name(dtype, span),
                    component=component,
                    span=span,
                ),
                *(part for part in (term, domain, first, rank) if part is not None),
            )
            for component in range(len(self.axes) if several else 1)
        ]
        return tuple(found) if several else found[0]


sum = ReductionWord("sum", "Sum over axes: `ur.sum[k](A[i, k]*B[k, j])`. Over an empty range 0.")  # noqa: A001
prod = ReductionWord("prod", "Product over axes. Over an empty range 1.")
max = ReductionWord("max", "Largest value over axes; NaN wins. An empty range needs `initial=`.")  # noqa: A001
min = ReductionWord("min", "Smallest value over axes; NaN wins. An empty range needs `initial=`.")  # noqa: A001
any = ReductionWord("any", "Whether a condition holds anywhere. Over an empty range False.")  # noqa: A001
all = ReductionWord("all", "Whether a condition holds everywhere. Over an empty range True.")  # noqa: A001
count = ReductionWord("count", "Number of places where a condition holds. Over an empty range 0.")
argmax = ReductionWord(
    "argmax", "Place of the first largest value (NaN is largest); over several axes a tuple of places."
)
argmin = ReductionWord("argmin", "Place of the first smallest value (NaN is smallest); over several axes a tuple.")
logsumexp = ReductionWord("logsumexp", "log(sum(exp(e))) over axes, without overflow. Over an empty range -inf.")

median = ReductionWord("median", "Median over axes, as np.median: NaN wins, two middle values are averaged.")
quantile = ReductionWord(
    "quantile", "`ur.quantile[j](e, q)`: the share q of terms is below; interpolates as np.quantile."
)
kth_smallest = ReductionWord(
    "kth_smallest",
    "`ur.kth_smallest[j](e, r)`: the term of rank r, from 0, in ascending order, NaN last. `r` an axis: a sort.",
)
arg_kth_smallest = ReductionWord(
    "arg_kth_smallest",
    "`ur.arg_kth_smallest[j](e, r)`: place of the term of rank r, equal ones in order; over several axes a tuple.",
)


def softmax(e: Value, *, along: Axis) -> Expression:
    """exp(e - m)/sum[along](exp(e - m)) with m = max[along](e), at the place where the axis stands."""
    return _line("softmax", e, along)


def cumsum(e: Value, *, along: Axis) -> Expression:
    """The sum of `e` over all places of the axis up to where it stands; widened like `sum`."""
    return _line("cumsum", e, along)


def cumprod(e: Value, *, along: Axis) -> Expression:
    """The product of `e` over all places of the axis up to where it stands; widened like `prod`."""
    return _line("cumprod", e, along)


def cummax(e: Value, *, along: Axis) -> Expression:
    """The largest `e` over all places of the axis up to where it stands; NaN wins."""
    return _line("cummax", e, along)


def cummin(e: Value, *, along: Axis) -> Expression:
    """The smallest `e` over all places of the axis up to where it stands; NaN wins."""
    return _line("cummin", e, along)


def _line(kind: str, e: Value, along: object) -> Expression:
    span = caller_span()
    if not isinstance(along, Axis):
        raise AxisError(f"`{kind}` runs along one axis", places=place(span), remedy=f"ur.{kind}(b[i, j], along=j)")
    note_axis(along)
    body = as_expression(e, span)
    return Expression(Line(kind=kind, axis=along.name, body=body.term, span=span), body)
