# SPDX-License-Identifier: Apache-2.0
"""Numbers as they were written, and how weak expressions adopt the dtype that they meet."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from unrut.errors import DTypeError
from unrut.language.declarations import at
from unrut.language.notation import Number
from unrut.program.nodes import Cast, Const, Expr, Where
from unrut.program.promotion import Kind
from unrut.program.types import DType
from unrut.spans import Span

WEAK_BOOL, WEAK_INTEGER, WEAK_FLOAT, WEAK_COMPLEX = (
    Kind(dtype=d, weak=True) for d in (DType.bool, DType.i64, DType.f64, DType.c128)
)
LARGEST_INTEGER = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """An expression and its kind."""

    expr: Expr
    kind: Kind


def number(term: Number) -> Typed:
    """A number as it was written: weak; integers from 2**63 on, which only u64 holds, are u64."""
    value = term.value
    if term.imaginary:
        return Typed(expr=Const(value=value, dtype=DType.c128, imaginary=True, span=term.span), kind=WEAK_COMPLEX)
    if isinstance(value, bool):
        return Typed(expr=Const(value=value, dtype=DType.bool, span=term.span), kind=WEAK_BOOL)
    if isinstance(value, int):
        if LARGEST_INTEGER <= value < 2 * LARGEST_INTEGER:
            return Typed(expr=Const(value=value, dtype=DType.u64, span=term.span), kind=Kind(dtype=DType.u64))
        if not -LARGEST_INTEGER <= value < LARGEST_INTEGER:
            raise DTypeError(f"{value} does not fit 64 bits", places=at(term.span), remedy="a float, such as 1e30")
        return Typed(expr=Const(value=value, dtype=DType.i64, span=term.span), kind=WEAK_INTEGER)
    return Typed(expr=Const(value=_one_nan(value), dtype=DType.f64, span=term.span), kind=WEAK_FLOAT)


def negated(const: Const, span: Span | None) -> Const:
    """Minus a weak number, as a number: `-1` reads the same however it was written. Integers wrap."""
    value = const.value
    if isinstance(value, float):
        return replace(const, value=_one_nan(-value), span=span)
    return replace(const, value=-value if value != -LARGEST_INTEGER else value, span=span)


def _one_nan(value: float) -> float:
    """The value, with one object for NaN: so programs that hold it compare as equal."""
    return math.nan if math.isnan(value) else value


def adopt(typed: Typed, dtype: DType) -> Expr:
    """The expression in `dtype`, by an implicit Cast where it has another one. Numbers take the dtype themselves."""
    expr = typed.expr
    if expr.dtype is dtype:
        return expr
    if typed.kind.weak and isinstance(expr, Const):
        return const(expr, dtype)
    if typed.kind.weak and isinstance(expr, Where) and expr.dtype is not DType.bool:
        branches = (adopt(Typed(expr=part, kind=typed.kind), dtype) for part in (expr.then, expr.otherwise))
        return replace(expr, then=next(branches), otherwise=next(branches), dtype=dtype)
    return Cast(operand=expr, dtype=dtype, implicit=True, span=expr.span)


def const(written: Const, dtype: DType) -> Const:
    """A number in the dtype that it meets. Raises DTypeError for an integer that does not fit."""
    value = written.value
    if dtype is DType.bool:
        value = bool(value)
    elif isinstance(value, bool):
        value = int(value)
    if not fits(written, dtype):
        raise DTypeError(
            f"{value} does not fit {dtype.name}, which it meets here",
            places=at(written.span),
            remedy="cast(..., i64) on what it meets, or cast the number",
        )
    return replace(written, value=value, dtype=dtype)


def fits(written: Const, dtype: DType) -> bool:
    """Whether a number is one of a dtype; floats take all of them."""
    if not dtype.is_integer:
        return True
    low, high = dtype.limits
    return low <= written.value <= high


def compared(pair: list[Typed]) -> list[Typed]:
    """The two sides of a comparison: beside integers of an array, weak ones that may not fit their dtype are i64.

    So what is compared are whole numbers: no axis value wraps to one of u8.
    """
    for one, other in (pair, pair[::-1]):
        beside = one.kind == WEAK_INTEGER and not other.kind.weak and other.kind.dtype.is_integer
        if beside and not (isinstance(one.expr, Const) and fits(one.expr, other.kind.dtype)):
            return [replace(t, kind=Kind(dtype=DType.i64)) if t is one else t for t in pair]
    return pair


def dtype_named(name: str, span: Span | None) -> DType:
    """The dtype of a name."""
    if name not in DType.__members__:
        names = ", ".join(DType.__members__)
        raise DTypeError(f"`{name}` is not a dtype of unrut", places=at(span), remedy=f"one of {names}")
    return DType[name]
