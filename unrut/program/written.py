# SPDX-License-Identifier: Apache-2.0
"""The kind of an expression as it was written: without the implicit casts, by the rules of promotion."""

from __future__ import annotations

from typing import assert_never

from unrut.errors import InternalError
from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import (
    Along,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Read,
    Reduce,
    Scalar,
    Where,
)
from unrut.program.promotion import Kind, accumulator, loop, meet, result_of
from unrut.program.scans import kind_along
from unrut.program.types import DType


def written_kind(expr: Expr) -> Kind:
    """The kind that the front end gives to an expression when it reads it alone, outside any reduction."""
    match expr:
        case Const():
            return _number(expr)
        case AxisValue() | ExtentValue():
            return Kind(dtype=DType.i64, weak=True)
        case Scalar():
            return Kind(dtype=DType.f64, weak=True)
        case Read(dtype=dtype):
            return Kind(dtype=dtype)
        case Call(function=function, arguments=arguments):
            found = loop(function, tuple(written_kind(argument) for argument in arguments))
            if found is None:
                raise InternalError(f"`{function}` has no meaning for the dtypes it is given")
            return found.result
        case Where(then=then, otherwise=otherwise):
            return meet([written_kind(then), written_kind(otherwise)])
        case Cast(operand=Reduce(dtype=DType.f32) | Along(dtype=DType.f32), dtype=dtype, implicit=True) if (
            dtype.is_half
        ):
            return Kind(dtype=dtype)  # what the reduction gives, having computed in f32
        case Cast(operand=operand, implicit=True):
            return written_kind(operand)
        case Cast(dtype=dtype):
            return Kind(dtype=dtype)
        case Reduce(kind=kind):
            natural = natural_accumulator(expr)
            taken = natural if natural.dtype is expr.body.dtype else Kind(dtype=expr.body.dtype)
            return result_of(kind, taken)
        case Local(dtype=dtype, weak=weak):
            return Kind(dtype=dtype, weak=weak)
        case Fold(finish=finish):
            return written_kind(finish)
        case Along(kind=kind, body=body, dtype=dtype):
            return kind_along(kind, written_kind(body)) or Kind(dtype=dtype)
        case _:
            assert_never(expr)


def _number(const: Const) -> Kind:
    """Weak; but integers that only u64 holds are u64."""
    if const.imaginary:
        return Kind(dtype=DType.c128, weak=True)
    if isinstance(const.value, int) and const.value >= 2**63:
        return Kind(dtype=DType.u64)
    kinds = {bool: DType.bool, float: DType.f64}
    return Kind(dtype=kinds.get(type(const.value), DType.i64), weak=True)


def natural_accumulator(reduce: Reduce) -> Kind:
    """What a reduction gives without `dtype=`, by its kind and its terms."""
    parts = [reduce.body, *([reduce.initial] if reduce.initial is not None else [])]
    found = accumulator(reduce.kind, meet([written_kind(part) for part in parts]))
    return found or Kind(dtype=reduce.body.dtype)
