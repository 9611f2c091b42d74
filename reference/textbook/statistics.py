# SPDX-License-Identifier: Apache-2.0
"""Statistics of rows by two passes."""

from __future__ import annotations

from unrut.reference.textbook.precision import Array, wide


def welford_variance(X: Array) -> tuple[Array, Array]:
    """The mean, and the mean of squared deviations from it. Chan, Golub, LeVeque (1979), equations (1.2)."""
    (X,) = wide(X)
    mean: Array = X.mean(axis=1)
    var: Array = ((X - mean[:, None]) ** 2).mean(axis=1)
    return mean, var
