# SPDX-License-Identifier: Apache-2.0
"""Statistics of rows by two passes."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def welford_variance(X: Array) -> tuple[Array, Array]:
    """The mean, and the mean of squared deviations from it. Chan, Golub, LeVeque (1979), equations (1.2)."""
    (X,) = wide(X)
    mean: Array = X.mean(axis=1)
    var: Array = ((X - mean[:, None]) ** 2).mean(axis=1)
    return mean, var


def histogram(X: Array, *, bins: int = 10, low: float = 0.0, high: float = 1.0) -> Array:
    """Numbers between neighbouring edges, found by search. Pearson (1895), section 1."""
    (X,) = wide(X)
    edges = np.linspace(low, high, bins + 1)
    inside = np.sort(X[(X >= low) & (X <= high)])
    counts: Array = np.diff(np.searchsorted(inside, edges[:-1]), append=len(inside))
    return counts
