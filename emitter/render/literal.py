# SPDX-License-Identifier: Apache-2.0
"""Numbers as text that reads back as the same number: the shortest decimal, which gcc and clang round correctly."""

from __future__ import annotations

import math

import numpy as np

from unrut.emitter.render.dialect import Dialect
from unrut.program.rounding import nearest
from unrut.program.types import DType


def literal(value: bool | int | float, dtype: DType, dialect: Dialect) -> str:
    """`dtype(value)`, rounded once, as a number of the target language. Negative ones begin with a minus sign."""
    if dtype is DType.bool:
        return "true" if value else "false"
    if dtype.is_integer:
        return _integer(int(value), dtype, dialect)
    if dtype.is_half:
        return _word(float(value), dtype)
    return _float(float(value), dtype, dialect)


def _integer(value: int, dtype: DType, dialect: Dialect) -> str:
    low, _ = dtype.limits
    value = (value - low) % 2 ** (dtype.size * 8) + low
    return dialect.lowest[dtype] if value == low and low else f"{value}{dialect.suffixes.get(dtype, '')}"


def _word(value: float, dtype: DType) -> str:
    """The bits of a float of 16 bits."""
    number = nearest(np.asarray(value), dtype)
    if dtype is DType.f16:
        return f"0x{int(number.astype(np.float16).view(np.uint16)):04x}"
    return f"0x{int(number.astype(np.float32).view(np.uint32)) >> 16:04x}"


def _float(value: float, dtype: DType, dialect: Dialect) -> str:
    with np.errstate(over="ignore"):
        number = np.float32(value) if dtype is DType.f32 else np.float64(value)
    if math.isnan(number):
        return dialect.nan[dtype]
    if math.isinf(number):
        text = dialect.infinity[dtype]
        return text if number > 0 else f"-{text}"
    digits = np.format_float_scientific(number, trim="-", exp_digits=1)
    mantissa, exponent = digits.split("e")
    if -4 <= int(exponent) <= 15:
        return np.format_float_positional(number, trim="0") + dialect.suffixes.get(dtype, "")
    return f"{mantissa}e{int(exponent)}{dialect.suffixes.get(dtype, '')}"
