# SPDX-License-Identifier: Apache-2.0
"""What has no meaning over an empty range: max, min, argmax, argmin without `initial`, order statistics, modes of reading
outside.

Where nothing asks for the value, because an axis around it has no place either, an empty range does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unrut.errors import ShapeError, UnrutError
from unrut.language.declarations import at
from unrut.language.prover import never_exceeds, sizes_at_least
from unrut.program.extents import Extent, as_extent
from unrut.program.fold_nodes import Fold
from unrut.program.intervals import if_not_empty
from unrut.program.nodes import (
    GIVE_PLACES,
    ORDER_STATISTICS,
    Expr,
    OutsideMode,
    Precondition,
    Read,
    Reduce,
    ReduceKind,
    Relation,
    Statement,
)
from unrut.program.ragged import is_ragged
from unrut.program.walk import children, outside_of
from unrut.spans import Span

_WITHOUT_IDENTITY = GIVE_PLACES | ORDER_STATISTICS | {ReduceKind.max, ReduceKind.min}


def check_emptiness(
    statements: Sequence[Statement], shapes: Mapping[str, tuple[Extent, ...]], errors: list[UnrutError]
) -> list[Precondition]:
    """Errors for ranges that are known to be empty, preconditions for run-time ones."""
    found: list[Precondition] = []

    def need(extent: Extent, around: Sequence[Extent], because: str, span: Span | None, remedy: str) -> None:
        if any(outer.is_fixed and outer.value() <= 0 for outer in around):
            return
        if extent.is_fixed and extent.value() <= 0:
            errors.append(ShapeError(because, places=at(span), remedy=remedy))
        elif not never_exceeds(as_extent(1), extent, sizes_at_least([if_not_empty(outer) for outer in around])):
            unless = tuple(dict.fromkeys(outer for outer in around if not outer.is_fixed))
            found.append(
                Precondition(
                    left=as_extent(1), relation=Relation.at_most, right=extent, because=because, unless_empty=unless
                )
            )

    def walk(expr: Expr, around: tuple[Extent, ...]) -> None:
        match expr:
            case Reduce(kind=kind, axes=axes, initial=initial, span=span):
                if kind in _WITHOUT_IDENTITY and initial is None:
                    for axis in (axis for axis in axes if not is_ragged(axis)):
                        because = f"`{kind.value}` over an empty range of axis `{axis.name}` has no value"
                        has_initial = kind in (ReduceKind.max, ReduceKind.min)
                        remedy = f"{kind.value}[{axis.name}](..., initial=0)" if has_initial else "at least one place"
                        need(axis.extent, around, because, span, remedy)
                inner = (*around, *(axis.extent for axis in axes))
                outer = outside_of(expr)
                for part in children(expr):
                    walk(part, around if any(part is o for o in outer) else inner)
            case Read(tensor=tensor, outside=OutsideMode() as mode, span=span):
                for k, extent in enumerate(shapes[tensor]):
                    because = f"`{mode.value}` reads the nearest places of {tensor}, whose extent {k} is empty"
                    need(extent, around, because, span, f"{tensor}.outside(0)[...]")
                for part in children(expr):
                    walk(part, around)
            case _:
                inner = (*around, *(axis.extent for axis in expr.axes)) if isinstance(expr, Fold) else around
                for part in children(expr):
                    walk(part, inner)

    around = ((expr, s.axes) for s in statements for expr in s.expressions())
    for expr, axes in around:
        walk(expr, tuple(axis.extent for axis in axes))
    return found
