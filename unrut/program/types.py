# SPDX-License-Identifier: Apache-2.0
"""Element types: the few facts about each dtype that every room needs, as one table."""

from __future__ import annotations

import builtins
import enum
import math
from typing import Any

import numpy as np

from unrut.errors import BindError


class DType(enum.Enum):
    """An element type, named as in the notation. The value is NumPy's name of it (ml_dtypes' for bf16)."""

    bool = "bool"
    i8 = "int8"
    i16 = "int16"
    i32 = "int32"
    i64 = "int64"
    u8 = "uint8"
    u16 = "uint16"
    u32 = "uint32"
    u64 = "uint64"
    f16 = "float16"
    bf16 = "bfloat16"
    f32 = "float32"
    f64 = "float64"
    c64 = "complex64"
    c128 = "complex128"

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype, native byte order. Raises BindError for bf16 where ml_dtypes is not installed."""
        return _bfloat16() if self is DType.bf16 else np.dtype(self.value)

    @property
    def spelled(self) -> str:
        """The NumPy dtype as it is written in Python."""
        return {DType.bool: "np.bool_", DType.bf16: "ml_dtypes.bfloat16"}.get(self, f"np.{self.value}")

    @property
    def is_float(self) -> builtins.bool:
        return self in _FLOATS

    @property
    def is_half(self) -> builtins.bool:
        """Whether it is a float of 16 bits: an element type that nothing is computed in."""
        return self in (DType.f16, DType.bf16)

    @property
    def is_integer(self) -> builtins.bool:
        return self.name[0] in "iu"

    @property
    def is_signed(self) -> builtins.bool:
        """Whether it has negative values."""
        return self is not DType.bool and self.name[0] != "u"

    @property
    def is_complex(self) -> builtins.bool:
        return self in _PARTS

    @property
    def part(self) -> DType:
        """The dtype of the real and imaginary parts of a complex one; any other dtype itself."""
        return _PARTS.get(self, self)

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return _SIZES[self._name_]

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the largest value of an integer type."""
        bits = 8 * self.size
        return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if self.is_signed else (0, 2**bits - 1)

    @property
    def binary_format(self) -> tuple[int, int, int]:
        """Of a floating-point type: digits of the significand, and the exponents of the least subnormal and of the power
        of two behind the largest number."""
        return _FLOATS[self]

    @property
    def roundoff(self) -> float:
        """Unit roundoff u: a rounded result is within u of it, relatively (Higham 2002, section 2.1). 0 for exact types."""
        return math.ldexp(1.0, -_FLOATS[self][0]) if self in _FLOATS else 0.0

    @property
    def tiny(self) -> float:
        """The smallest positive subnormal: the absolute error of one rounding near zero. 0 for exact types."""
        return math.ldexp(1.0, _FLOATS[self][1]) if self in _FLOATS else 0.0

    @property
    def largest(self) -> float:
        """The largest finite number of a floating-point type."""
        digits, _, binades = _FLOATS[self]
        return math.ldexp(1 - math.ldexp(1.0, -digits), binades)

    def __repr__(self) -> str:
        return self.name


_SIZES = {dtype.name: 1 if dtype is DType.bool else int(dtype.name.lstrip("bcfiu")) // 8 for dtype in DType}
_PARTS = {DType.c64: DType.f32, DType.c128: DType.f64}

_FLOATS = {
    DType.f16: (11, -24, 16),
    DType.bf16: (8, -133, 128),
    DType.f32: (24, -149, 128),
    DType.f64: (53, -1074, 1024),
}


def _bfloat16() -> np.dtype[Any]:
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        raise BindError("arrays of bf16 need the package ml_dtypes", remedy="pip install ml_dtypes") from None
    found: np.dtype[Any] = np.dtype(bfloat16)
    return found


def dtype_of(numpy_dtype: Any) -> DType | None:
    """unrut's dtype for a NumPy dtype, or None if it has none. Byte order is not judged here."""
    name = np.dtype(numpy_dtype).name
    return next((d for d in DType if d.value == name), None)


def promote(*dtypes: DType) -> DType:
    """NumPy's promotion of array dtypes (`np.result_type`), e.g. i32 with f32 gives f64.

    bf16 is promoted as f16 is, and both together give f32: so does ml_dtypes, where it promotes at all.
    """
    if DType.bf16 in dtypes:
        stands_for = DType.f32 if DType.f16 in dtypes else DType.f16
        found = promote(*(stands_for if d is DType.bf16 else d for d in dtypes))
        return DType.bf16 if found is DType.f16 else found
    known = dtype_of(np.result_type(*(d.numpy for d in dtypes)))
    assert known is not None, dtypes
    return known
