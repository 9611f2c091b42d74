# SPDX-License-Identifier: Apache-2.0
"""Keys: signed integers in the order of the values that they stand for, so that ranks are decided by integers alone.

    f32, f64; halves as f32     their bits, those of negative numbers turned round; -0 as 0, NaN above infinity
    i8 to i64                   themselves
    u8 to u64                   less half their range
    bool                        0, 1
    what takes no part          the largest key

Integer comparisons make a total order of floats, and vectorise in every width (Knuth, TAOCP 3, section 5.2.5, on keys that
are compared as integers).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from unrut.emitter.graph.linear import call
from unrut.program.nodes import Call, Cast, Const, Expr, Read, Where
from unrut.program.types import DType

_SIGNED = {DType.u8: DType.i8, DType.u16: DType.i16, DType.u32: DType.i32, DType.u64: DType.i64}
_WIDER = {DType.i8: DType.i16, DType.i16: DType.i32, DType.i32: DType.i64}
_OF_FLOATS = {DType.f16: DType.f32, DType.bf16: DType.f32, DType.f32: DType.f32, DType.f64: DType.f64}


def key_dtype(dtype: DType) -> DType:
    """What the keys of a dtype are."""
    if dtype.is_float:
        return DType.i64 if dtype is DType.f64 else DType.i32
    return DType.i32 if dtype is DType.bool else _SIGNED.get(dtype, dtype)


def key_of(value: Expr, of_read: Callable[[Read, Expr], Expr]) -> Expr:
    """The key of a value. `of_read` may give another expression for the key of a read, which it is told too."""
    dtype = value.dtype
    match value:
        case Where(then=then, otherwise=otherwise):
            branches = key_of(then, of_read), key_of(otherwise, of_read)
            return replace(value, then=branches[0], otherwise=branches[1], dtype=key_dtype(dtype))
        case Read() if dtype.is_float:
            return of_read(value, _key(value))
        case _:
            return _key(value)


def _key(value: Expr) -> Expr:
    dtype = value.dtype
    if dtype.is_float:
        wide = _OF_FLOATS[dtype]
        operand = value if dtype is wide else Cast(operand=value, dtype=wide)
        return Call(function="order_key", arguments=(operand,), dtype=key_dtype(dtype))
    if dtype in _SIGNED:
        signed = _SIGNED[dtype]
        lowest = Const(value=signed.limits[0], dtype=signed)
        return call("bitwise_xor", Cast(operand=value, dtype=signed), lowest, dtype=signed)
    return Cast(operand=value, dtype=DType.i32) if dtype is DType.bool else value


def value_of(key: Expr, dtype: DType) -> Expr:
    """The value of a key, as `dtype`; halves come as f32."""
    if dtype.is_float:
        return Call(function="order_value", arguments=(key,), dtype=_OF_FLOATS[dtype])
    if dtype in _SIGNED:
        signed = _SIGNED[dtype]
        narrow = key if key.dtype is signed else Cast(operand=key, dtype=signed)
        lowest = Const(value=signed.limits[0], dtype=signed)
        return Cast(operand=call("bitwise_xor", narrow, lowest, dtype=signed), dtype=dtype)
    return key if key.dtype is dtype else Cast(operand=key, dtype=dtype)


def last_key(dtype: DType) -> Const:
    """The largest key: what takes no part has it, and no float."""
    return Const(value=dtype.limits[1], dtype=dtype)


def nan_key(dtype: DType) -> Const:
    """The key of NaN, by the dtype of the keys."""
    pattern = struct.unpack("<i", struct.pack("<f", float("nan")))[0]
    if dtype is DType.i64:
        pattern = struct.unpack("<q", struct.pack("<d", float("nan")))[0]
    return Const(value=abs(pattern), dtype=dtype)


def marked(key: Expr) -> Expr:
    """A key in a wider type, of which the largest stands for no value; 64 bits stay as they are."""
    return Cast(operand=key, dtype=_WIDER[key.dtype]) if key.dtype in _WIDER else key
