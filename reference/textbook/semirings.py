# SPDX-License-Identifier: Apache-2.0
"""Products over semirings, all terms written out."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def max_plus(A: Array, B: Array) -> Array:
    """The largest sum over the legs' meeting point. Cuninghame-Green (1979), chapter 1."""
    A, B = wide(A, B)
    result: Array = (A[:, :, None] + B[None]).max(axis=1)
    return result


def min_plus(A: Array, B: Array) -> Array:
    """The smallest sum over the legs' meeting point, as minus the largest of what is negated. Simon (1988), section 2."""
    A, B = wide(A, B)
    return -max_plus(-A, -B)


def or_and(A: Array, B: Array) -> Array:
    """Whether the number of meeting points is not 0. Warshall (1962)."""
    counts = (np.asarray(A) != 0).astype(np.int64) @ (np.asarray(B) != 0).astype(np.int64)
    return np.asarray(counts > 0)
