# SPDX-License-Identifier: Apache-2.0
"""Medians and neighbours by NumPy's sorts, windows and points one after another."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unrut.reference.textbook.precision import Array, wide


def median_filter(X: Array, *, height: int = 3, width: int = 3) -> Array:
    """The median of every window of the padded image. Huang, Yang, Tang (1979), section I."""
    (X,) = wide(X)
    above, left = height // 2, width // 2
    padded = np.pad(X, ((0, 0), (above, height - 1 - above), (left, width - 1 - left)), mode="edge")
    result: Array = np.median(sliding_window_view(padded, (height, width), axis=(1, 2)), axis=(3, 4))
    return result


def region_medians(image: Array, tops: Array, lefts: Array, *, size: int = 16) -> Array:
    """Two slices at a time. Rousseeuw and Croux (1993), section 1."""
    (image,) = wide(image)
    found = []
    for (y, v), (x, u) in zip(tops, lefts, strict=True):
        apart = image[y : y + size, x : x + size] - image[v : v + size, u : u + size]
        found.append(np.median(np.abs(apart)))
    return np.array(found, np.float64)


def nearest_neighbours(Q: Array, X: Array, *, k: int = 5) -> tuple[Array, Array]:
    """A stable sort of all distances. Cover and Hart (1967), section II."""
    Q, X = wide(Q, X)
    d = np.linalg.norm(Q[:, None] - X[None], axis=2)
    place: Array = np.argsort(d, axis=1, kind="stable")[:, :k]
    return place, np.take_along_axis(d, place, axis=1)
