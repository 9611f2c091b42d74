# SPDX-License-Identifier: Apache-2.0
"""The precision that all formulas here compute in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def wide(*arrays: Array) -> list[Array]:
    """The arrays in f64, or in i64 if all of them are integers or bool."""
    exact = all(np.asarray(a).dtype.kind in "biu" for a in arrays)
    return [np.asarray(a).astype(np.int64 if exact else np.float64) for a in arrays]
