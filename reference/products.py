# SPDX-License-Identifier: Apache-2.0
"""Sums of products, `sum[k](a * b * ...)`: the one reduction whose terms need not stand in memory.

A sum over products is a contraction, whatever the factors are: the terms are a product space, and only the factors have
to be held. NumPy's `einsum` does it, over matrix products where it can. Only where the wide type has precision to spare
(f32 summed in f64: any order is far below a kernel's rounding) or is exact (integers, which wrap in any order).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unrut.program.nodes import Call, Expr, Reduce, ReduceKind
from unrut.program.ragged import domain
from unrut.program.types import DType
from unrut.reference.places import Array


def factors_of(expr: Reduce) -> tuple[Expr, ...]:
    """The factors of the body if the reduction is such a sum, else nothing."""
    spare = expr.dtype not in (DType.f64, DType.c128, DType.bool)
    if expr.kind is not ReduceKind.sum or domain(expr) is not None or not spare:
        return ()
    parts = _multiplied(expr.body)
    return parts if len(parts) > 1 else ()


def _multiplied(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Call(function="multiply", arguments=(left, right)):
            return (*_multiplied(left), *_multiplied(right))
        case _:
            return (expr,)


def contract(factors: Sequence[Array], shape: tuple[int, ...], kept: int) -> Array | None:
    """`sum over dimensions kept, kept + 1, ... of the product of the factors`, all of them broadcast to `shape`.

    None where it has to be done term by term: a factor is not finite (matrix products may skip a zero times infinity),
    or there are too many dimensions for `einsum`.
    """
    if len(shape) > 50 or any(f.dtype.kind in "fc" and not np.isfinite(f).all() for f in factors):
        return None
    operands: list[object] = []
    seen: set[int] = set()
    for factor in factors:
        spanned = [d for d in range(len(shape)) if factor.shape[d] != 1]
        operands += [factor.reshape([factor.shape[d] for d in spanned]), spanned]
        seen |= set(spanned)
    left = [d for d in range(kept) if d in seen]
    total = np.asarray(np.einsum(*operands, left, optimize=True))  # type: ignore[call-overload]
    # A reduced axis that no factor depends on repeats every term.
    repeats = int(np.prod([shape[d] for d in range(kept, len(shape)) if d not in seen], dtype=np.int64))
    repeated = total * total.dtype.type(repeats)
    return np.reshape(repeated, [shape[d] if d in seen else 1 for d in range(kept)])
