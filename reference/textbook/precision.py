# SPDX-License-Identifier: Apache-2.0
"""The precision that all formulas here compute in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def wide(*arrays: Array) -> list[Array]:
    """The arrays in f64, in c128 if one of them is complex, or in i64 if all of them are integers or bool."""
    kinds = {np.asarray(a).dtype.kind for a in arrays}
    dtype = np.complex128 if "c" in kinds else np.int64 if kinds <= {"b", "i", "u"} else np.float64
    return [np.asarray(a).astype(dtype) for a in arrays]
