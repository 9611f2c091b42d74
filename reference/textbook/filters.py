# SPDX-License-Identifier: Apache-2.0
"""Neighbourhood filters as sums and maxima over shifted copies of the whole image."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def bilateral_filter(X: Array, *, radius: int = 2, sigma_s: float = 2.0, sigma_r: float = 0.1) -> Array:
    """Closeness times similarity as weights, normalised. Tomasi and Manduchi (ICCV 1998), section 2."""
    (X,) = wide(X)
    _, height, width = X.shape
    padded = np.pad(X, ((0, 0), (radius, radius), (radius, radius)), mode="edge")
    weighted, total = np.zeros_like(X), np.zeros_like(X)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            near = padded[:, radius + dy : radius + dy + height, radius + dx : radius + dx + width]
            closeness = np.exp(-0.5 * (np.hypot(dy, dx) / sigma_s) ** 2)
            similarity = np.exp(-0.5 * ((near - X) / sigma_r) ** 2)
            weighted += closeness * similarity * near
            total += closeness * similarity
    return weighted / total


def dilation(X: Array, B: Array) -> Array:
    """The upper envelope of the image shifted by each point of the structuring function and raised by its height.

    Haralick, Sternberg, Zhuang (IEEE PAMI 9(4), 1987), section III.
    """
    X, B = wide(X, B)
    _, height, width = X.shape
    Y = np.full(X.shape, -np.inf if X.dtype.kind == "f" else np.iinfo(np.int64).min, X.dtype)
    for (u, v), raised in np.ndenumerate(B):
        dy, dx = u - B.shape[0] // 2, v - B.shape[1] // 2
        to = slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0))
        of = slice(max(-dy, 0), height + min(-dy, 0)), slice(max(-dx, 0), width + min(-dx, 0))
        np.maximum(Y[:, *to], X[:, *of] + raised, out=Y[:, *to])
    return Y
