# SPDX-License-Identifier: Apache-2.0
"""Numbers as text that reads back as the same number: the shortest decimal, which gcc and clang round correctly."""

from __future__ import annotations

import math

import numpy as np

from unrut.emitter.render.dialect import Dialect
from unrut.program.types import DType


def literal(value: bool | int | float, dtype: DType, dialect: Dialect) -> str:
    """`dtype(value)`, rounded once, as a number of the target language. Negative ones begin with a minus sign."""
    if dtype is DType.bool:
        return "true" if value else "false"
    if dtype.is_integer:
        return _integer(int(value), dtype, dialect)
    return _float(float(value), dtype, dialect)


def _integer(value: int, dtype: DType, dialect: Dialect) -> str:
    bits = dtype.size * 8
    value = (value + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
    return dialect.lowest[dtype] if value == -(2 ** (bits - 1)) else f"{value}{dialect.suffixes[dtype]}"


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
        return np.format_float_positional(number, trim="0") + dialect.suffixes[dtype]
    return f"{mantissa}e{int(exponent)}{dialect.suffixes[dtype]}"
