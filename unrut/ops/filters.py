# SPDX-License-Identifier: Apache-2.0
"""Neighbourhood filters of images (n, height, width)."""

from __future__ import annotations

import unrut as ur


@ur.op
def bilateral_filter(X, *, radius=2, sigma_s=2.0, sigma_r=0.1):
    """A mean over a window, weighted by nearness in the plane and in brightness: smooths, and keeps edges.

        w[n, y, x, u, v] = exp(-((u - r)^2 + (v - r)^2) / (2 sigma_s^2)
                               - (X[n, y+u-r, x+v-r] - X[n, y, x])^2 / (2 sigma_r^2))
        Y[n, y, x] = sum_{u, v} w X[n, y+u-r, x+v-r] / sum_{u, v} w

    X continues with its nearest edge value outside of itself.
    Shapes: X (n, y, x); Y the same. Dtypes: f32, f64. Rounding: w is rounded; two sums of (2 r + 1)^2 terms.
    Parameters: `radius` r; `sigma_s` in pixels and `sigma_r` in units of X are run-time scalars, not 0.
    Source: Tomasi and Manduchi, Bilateral filtering for gray and color images (ICCV 1998), section 2.
    """
    n, y, x = ur.axes("n y x")
    u, v = ur.axis("u", 2 * radius + 1), ur.axis("v", 2 * radius + 1)
    near = X.outside("edge")[n, y + u - radius, x + v - radius]
    distance2 = (u - radius) ** 2 + (v - radius) ** 2
    w, Y = ur.tensor("w"), ur.tensor("Y")
    w[n, y, x, u, v] = ur.exp(-distance2 / (2 * sigma_s**2) - (near - X[n, y, x]) ** 2 / (2 * sigma_r**2))
    Y[n, y, x] = ur.sum[u, v](w[n, y, x, u, v] * near) / ur.sum[u, v](w[n, y, x, u, v])
    return Y


@ur.op
def dilation(X, B):
    """Grey-scale morphological dilation by a structuring function.

        Y[n, y, x] = max_{u, v} (X[n, y - u + ru, x - v + rv] + B[u, v]),   ru = height(B)//2, rv = width(B)//2

    over the u, v whose place lies in the image; B = 0 gives the plain maximum of the window.
    Shapes: X (n, y, x), B (u, v) with u, v odd; Y as X. Dtypes: f32, f64, i32, i64. Rounding: one addition.
    Edge cases: NaN propagates; -inf in B leaves a place of the window out where X is finite.
    Source: Haralick, Sternberg, Zhuang, Image analysis using mathematical morphology (PAMI 9(4), 1987), section III.
    """
    n, u, v = ur.axes("n u v")
    y, x = ur.axis("y", X.shape[1]), ur.axis("x", X.shape[2])
    row, column = y - u + B.shape[0] // 2, x - v + B.shape[1] // 2
    inside = (row >= 0) & (row < X.shape[1]) & (column >= 0) & (column < X.shape[2])
    Y = ur.tensor("Y")
    Y[n, y, x] = ur.max[u, v](X[n, row, column] + B[u, v], where=inside)
    return Y
