# SPDX-License-Identifier: Apache-2.0
"""Element types: the few facts about each dtype that every room needs, as one table."""

from __future__ import annotations

import builtins
import enum
from typing import Any

import numpy as np


class DType(enum.Enum):
    """An element type, named as in the notation. The value is NumPy's name of it."""

    bool = "bool"
    i32 = "int32"
    i64 = "int64"
    f32 = "float32"
    f64 = "float64"

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype, native byte order."""
        return np.dtype(self.value)

    @property
    def is_float(self) -> builtins.bool:
        return self in (DType.f32, DType.f64)

    @property
    def is_integer(self) -> builtins.bool:
        return self in (DType.i32, DType.i64)

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return self.numpy.itemsize

    @property
    def roundoff(self) -> float:
        """Unit roundoff u: a rounded result is within u of it, relatively (Higham 2002, section 2.1). 0 for exact types."""
        return float(np.finfo(self.value).eps) / 2 if self.is_float else 0.0

    @property
    def tiny(self) -> float:
        """The smallest positive subnormal: the absolute error of one rounding near zero. 0 for exact types."""
        return float(np.finfo(self.value).smallest_subnormal) if self.is_float else 0.0

    def __repr__(self) -> str:
        return self.name


def dtype_of(numpy_dtype: Any) -> DType | None:
    """unrut's dtype for a NumPy dtype, or None if it has none. Byte order is not judged here."""
    name = np.dtype(numpy_dtype).name
    return next((d for d in DType if d.value == name), None)


def promote(*dtypes: DType) -> DType:
    """NumPy's promotion of array dtypes (`np.result_type`), e.g. i32 with f32 gives f64."""
    found = dtype_of(np.result_type(*(d.numpy for d in dtypes)))
    assert found is not None, dtypes
    return found
