# SPDX-License-Identifier: Apache-2.0
"""Sampling as sums over all pixels, correlation as shifted products."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def grid_sample(X: Array, G: Array, *, align_corners: bool = False) -> Array:
    """Every pixel weighted by a tent over the place: max(0, 1 - |u - m|). Jaderberg et al. (NIPS 2015), equation (5)."""
    X, G = wide(X, G)
    height, width = X.shape[2:]

    def tents(place: Array, extent: int) -> Array:
        at = (place + 1) / 2 * (extent - 1) if align_corners else ((place + 1) * extent - 1) / 2
        found: Array = np.maximum(0, 1 - np.abs(at[..., None] - np.arange(extent)))
        return found

    rows, columns = tents(G[..., 1], height), tents(G[..., 0], width)
    result: Array = np.einsum("nchw,nyxh,nyxw->ncyx", X, rows, columns, optimize=True)
    return result


def correlation_volume(A: Array, B: Array, *, radius: int = 4) -> Array:
    """The mean product of each image with the other one shifted. Dosovitskiy et al. (ICCV 2015), equation (1)."""
    A, B = wide(A, B)
    _, _, height, width = A.shape
    padded = np.pad(B, ((0, 0), (0, 0), (radius, radius), (radius, radius)))
    side = range(2 * radius + 1)
    rows = [[(A * padded[:, :, v : v + height, u : u + width]).mean(axis=1) for u in side] for v in side]
    return np.moveaxis(np.array(rows), 2, 0)
