# SPDX-License-Identifier: Apache-2.0
"""Scalar expressions of a Nest as Python closures over NumPy scalars: one value at a time, every read checked.

Functions are NumPy's ufuncs of the same names, applied to scalars of the argument dtypes, so an f32 sum is an f32 sum.
Integer division by zero gives 0 and conversions saturate, as `unrut.program.nodes` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, assert_never

import numpy as np

from unrut.errors import InternalError
from unrut.program.extents import evaluate
from unrut.program.fold_nodes import Fold, Local
from unrut.program.functions import known_function
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
from unrut.program.rounding import nearest
from unrut.program.types import DType

Frame = dict[str, int]
"""Values of the loop and task axes in force."""

Closure = Callable[[Frame], Any]
Fetch = Callable[[str, tuple[int, ...]], Any]


def _erf(x: Any) -> Any:
    return type(x)(math.erf(float(x)))


def _reciprocal(x: Any) -> Any:
    """NumPy leaves the integer reciprocal of 0 to the processor."""
    return type(x)(0) if isinstance(x, np.integer) and x == 0 else np.reciprocal(x)


def meaning(function: str) -> Callable[..., Any]:
    """The scalar meaning of one of `unrut.program.functions`, on NumPy scalars of one dtype."""
    if function in _OWN:
        return _OWN[function]
    ufunc: Callable[..., Any] = getattr(np, {"abs": "absolute"}.get(function, function))
    assert known_function(function).name == function
    return ufunc


def _order_key(x: Any) -> Any:
    """The bits of a float as a signed integer; of a negative one all but the sign turned round."""
    wide = type(x)(math.nan) if math.isnan(x) else type(x)(x + 0)
    bits = wide.view(np.int32 if wide.dtype.itemsize == 4 else np.int64)
    return type(bits)(bits ^ (np.iinfo(bits.dtype).max if bits < 0 else 0))


def _order_value(key: Any) -> Any:
    bits = type(key)(key ^ (np.iinfo(key.dtype).max if key < 0 else 0))
    return bits.view(np.float32 if bits.dtype.itemsize == 4 else np.float64)


_OWN: Mapping[str, Callable[..., Any]] = {
    "erf": _erf,
    "reciprocal": _reciprocal,
    "order_key": _order_key,
    "order_value": _order_value,
}


def convert(value: Any, dtype: DType) -> Any:
    """A NumPy scalar of `dtype`: floats truncate and saturate on their way to integers, NaN gives 0, integers wrap."""
    if type(value).__name__ == DType.bf16.value:
        value = np.float32(value)
    if dtype.is_half:
        return nearest(np.asarray(value), dtype).astype(dtype.numpy)[()]
    if dtype.is_integer and isinstance(value, float | np.floating):
        low, high = dtype.limits
        if math.isnan(value):
            return dtype.numpy.type(0)
        if float(value) >= high:
            return dtype.numpy.type(high)
        return dtype.numpy.type(max(low, int(value)) if not math.isinf(value) else low)
    if dtype.is_integer:
        return np.asarray(value).astype(dtype.numpy)[()]
    return dtype.numpy.type(value)


def compile_expression(expr: Expr, fetch: Fetch, sizes: Mapping[str, int], scalars: Mapping[str, float]) -> Closure:
    """A function from the axes' values to the expression's value; `fetch` reads one element of a buffer."""

    def close(part: Expr) -> Closure:
        return compile_expression(part, fetch, sizes, scalars)

    match expr:
        case Const(value=value, dtype=dtype):
            constant = convert(value, dtype) if dtype.is_half else dtype.numpy.type(value)
            return lambda frame: constant
        case AxisValue(axis=axis):
            return lambda frame: np.int64(frame[axis])
        case ExtentValue(extent=extent):
            size = np.int64(evaluate(extent, sizes))
            return lambda frame: size
        case Scalar(name=name):
            scalar = np.float64(scalars[name])
            return lambda frame: scalar
        case Read(tensor=tensor, subscripts=subscripts, outside=None):
            places = tuple(close(s) for s in subscripts)
            return lambda frame: fetch(tensor, tuple(int(place(frame)) for place in places))
        case Call(function=function, arguments=arguments, dtype=dtype):
            apply, parts, kind = meaning(function), tuple(close(a) for a in arguments), dtype.numpy.type
            return lambda frame: kind(apply(*(part(frame) for part in parts)))
        case Where(condition=condition, then=then, otherwise=otherwise):
            test, yes, no = close(condition), close(then), close(otherwise)
            return lambda frame: yes(frame) if test(frame) else no(frame)
        case Cast(operand=operand, dtype=dtype):
            source = close(operand)
            return lambda frame: convert(source(frame), dtype)
        case Read() | Reduce() | Fold() | Local() | Along():
            raise InternalError(f"a Nest holds no {type(expr).__name__} of this kind: {expr}")
        case _:
            assert_never(expr)
