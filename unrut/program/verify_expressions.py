# SPDX-License-Identifier: Apache-2.0
"""What a valid typed expression is: faults of one node, given that its children are valid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import assert_never

from unrut.program.fold_nodes import Fold, Local
from unrut.program.functions import FUNCTIONS
from unrut.program.nodes import (
    GIVE_PLACES,
    ORDER_STATISTICS,
    RANKED,
    Along,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    OutsideMode,
    Read,
    Reduce,
    ReduceKind,
    Scalar,
    Where,
)
from unrut.program.promotion import Kind, Loop, loop
from unrut.program.scans import kind_along
from unrut.program.types import DType
from unrut.program.verify_folds import fold_faults

_TRUTHS = (ReduceKind.any, ReduceKind.all, ReduceKind.count)
_AVERAGES = (ReduceKind.median, ReduceKind.quantile)


def expression_faults(expr: Expr, scalars: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with a node itself."""
    match expr:
        case Const():
            yield from _const(expr)
        case AxisValue(dtype=dtype) | ExtentValue(dtype=dtype):
            if dtype is not DType.i64:
                yield f"an axis or extent is {dtype}"
        case Scalar():
            yield from _scalar(expr, scalars)
        case Read():
            yield from _read(expr)
        case Call():
            yield from _call(expr)
        case Where(condition=condition, then=then, otherwise=otherwise, dtype=dtype):
            if condition.dtype is not DType.bool or then.dtype is not dtype or otherwise.dtype is not dtype:
                yield f"where({condition.dtype}, {then.dtype}, {otherwise.dtype}) is {dtype}"
        case Cast():
            yield from _cast(expr)
        case Reduce():
            yield from _reduce(expr)
        case Fold() | Local():
            yield from fold_faults(expr)
        case Along(kind=kind, body=body, dtype=dtype):
            natural = kind_along(kind, Kind(dtype=dtype))
            if body.dtype is not dtype or dtype.is_half or natural != Kind(dtype=dtype):
                yield f"{kind.value} of {body.dtype} is {dtype}"
        case _:
            assert_never(expr)


def _scalar(scalar: Scalar, scalars: tuple[str, ...]) -> Iterator[str]:
    if scalar.dtype is not DType.f64 or scalar.name not in scalars:
        yield f"scalar `{scalar.name}` is {scalar.dtype}, or no parameter"


def _read(read: Read) -> Iterator[str]:
    yield from (f"a subscript of {read.tensor} is {s.dtype}" for s in read.subscripts if s.dtype is not DType.i64)
    outside = read.outside
    if outside is not None and not isinstance(outside, OutsideMode) and outside.dtype is not read.dtype:
        yield f"{read.tensor} is {read.dtype} inside and {outside.dtype} outside"


def _cast(cast: Cast) -> Iterator[str]:
    source, target = cast.operand.dtype, cast.dtype
    if cast.implicit and source is target:
        yield f"an implicit cast from {target} to itself"
    if source.is_complex and not target.is_complex and target is not DType.bool:
        yield f"a cast from {source} to {target}"


def _const(const: Const) -> Iterator[str]:
    value, dtype = const.value, const.dtype
    if isinstance(value, bool) != (dtype is DType.bool) or (
        isinstance(value, float) and not dtype.is_float and not dtype.is_complex
    ):
        yield f"the number {value!r} is {dtype}"
    elif const.imaginary and not (dtype.is_complex and math.isfinite(value)):
        yield f"the imaginary number {value!r}j is {dtype}"
    elif dtype.is_integer and not dtype.limits[0] <= value <= dtype.limits[1]:
        yield f"the number {value} does not fit {dtype}"


def _call(call: Call) -> Iterator[str]:
    function, arguments = call.function, tuple(argument.dtype for argument in call.arguments)
    shown = f"{function}({', '.join(dtype.name for dtype in arguments)})"
    if function not in FUNCTIONS or FUNCTIONS[function].arity != len(arguments):
        yield f"there is no {shown}"
        return
    if loop(function, tuple(Kind(dtype=d) for d in arguments)) != Loop(
        arguments=arguments, result=Kind(dtype=call.dtype)
    ):
        yield f"{shown} is {call.dtype}, which is no loop of NumPy's"
    if function == "power" and not call.dtype.is_float:
        exponent = call.arguments[1]
        if not isinstance(exponent, Const) or (exponent.value < 0 and not call.dtype.is_complex):
            yield f"{shown} with an exponent that is no constant" + " from 0" * (not call.dtype.is_complex)


def _reduce(reduce: Reduce) -> Iterator[str]:
    kind, taken = reduce.kind, reduce.body.dtype
    given = taken
    if kind in GIVE_PLACES or kind is ReduceKind.count:
        given = DType.i64
    elif kind in _AVERAGES and not taken.is_float:
        given = DType.f64
    if reduce.dtype is not given:
        yield f"{kind.value} of {taken} is {reduce.dtype}"
    if kind in _TRUTHS and taken is not DType.bool:
        yield f"{kind.value} accumulates {taken}"
    if taken.is_complex and kind not in (ReduceKind.sum, ReduceKind.prod):
        yield f"{kind.value} accumulates {taken}"
    computes = kind in (ReduceKind.sum, ReduceKind.prod, ReduceKind.logsumexp)
    if computes and (taken is DType.bool or taken.is_half or (kind is ReduceKind.logsumexp and not taken.is_float)):
        yield f"{kind.value} accumulates {taken}"
    if reduce.where is not None and reduce.where.dtype is not DType.bool:
        yield f"where= of {kind.value} is {reduce.where.dtype}"
    if reduce.initial is not None and (
        reduce.initial.dtype is not taken or kind in (*_TRUTHS, *GIVE_PLACES, *ORDER_STATISTICS)
    ):
        yield f"initial= of {kind.value} of {taken} is {reduce.initial.dtype}"
    if (reduce.rank is not None) != (kind in RANKED):
        yield f"{kind.value} has {'a' if reduce.rank is not None else 'no'} rank"
    elif reduce.rank is not None and reduce.rank.dtype is not (DType.f64 if kind in _AVERAGES else DType.i64):
        yield f"the rank of {kind.value} is {reduce.rank.dtype}"
    if not reduce.axes or not 0 <= reduce.component < len(reduce.axes):
        yield f"{kind.value} has {len(reduce.axes)} axes and gives place {reduce.component}"
