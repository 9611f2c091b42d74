# SPDX-License-Identifier: Apache-2.0
"""Rounding to floats of 16 bits: once, to nearest, ties to even, also where NumPy or ml_dtypes would round twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from unrut.program.types import DType

Array = npt.NDArray[Any]


def nearest(values: Array, dtype: DType) -> npt.NDArray[np.float64]:
    """`dtype(values)` for f16 or bf16, held in f64: the nearest number of the dtype, overflow to infinity.

    Floats up to f64 and integers up to 64 bits are rounded once. With x in [2^(e-1), 2^e) the result is the multiple of
    2^q nearest to x, q the larger of e less the digits of the dtype and the exponent of its least subnormal (IEEE
    754-2019, 4.3.1).
    """
    digits, least, _ = dtype.binary_format
    x = values.astype(np.float64) if values.dtype.kind == "f" else _sticky(values)
    q = np.maximum(np.frexp(x)[1] - digits, least)
    found = np.ldexp(np.rint(np.ldexp(x, -q)), q)
    return np.asarray(np.where(np.abs(found) > dtype.largest, np.copysign(np.inf, found), found))


def _sticky(values: Array) -> npt.NDArray[np.float64]:
    """Integers in f64, exactly up to 2^53; of larger ones the bits below the leading 42 are or-ed into one."""
    if values.dtype.itemsize < 8:
        return np.asarray(values, np.float64)
    low = (values & values.dtype.type(2047)) != 0
    high = ((values >> values.dtype.type(11)) | low.astype(values.dtype)).astype(np.float64) * 2048.0
    return np.where(_fits(values), values.astype(np.float64), high)


def _fits(values: Array) -> npt.NDArray[np.bool_]:
    at_most = values <= values.dtype.type(2**53)
    return np.asarray(at_most if values.dtype.kind == "u" else at_most & (values >= values.dtype.type(-(2**53))))
