# SPDX-License-Identifier: Apache-2.0
"""Images looked at from elsewhere: at places of a field, and against another image."""

from __future__ import annotations

import unrut as ur


@ur.op
def grid_sample(X, G, *, align_corners=False):
    """An image at the places of a field, between pixels as its four neighbours say.

        (u, v) = ((G[n, y, x, 0] + 1) W - 1) / 2, ((G[n, y, x, 1] + 1) H - 1) / 2
        Y[n, c, y, x] = sum_{a, b in 0, 1} |1 - b - fu| |1 - a - fv| X[n, c, floor(v) + a, floor(u) + b]

    with fu = u - floor(u), fv = v - floor(v); X is 0 outside of itself. G is -1 and 1 at the edges of the image, with
    `align_corners` at the centres of its corner pixels: u = (G + 1) (W - 1) / 2.
    Shapes: X (n, c, H, W), G (n, y, x, 2) with u before v; Y (n, c, y, x). Dtypes: f32, f64. Rounding: u, v and a sum of four.
    Edge cases: a place that is NaN or infinite gives NaN.
    Source: Jaderberg, Simonyan, Zisserman, Kavukcuoglu, Spatial Transformer Networks (NIPS 2015), equation (5).
    """
    n, c, y, x, a, b = ur.axis("n"), ur.axis("c"), ur.axis("y"), ur.axis("x"), ur.axis("a", 2), ur.axis("b", 2)
    u, v, Y = ur.tensor("u"), ur.tensor("v"), ur.tensor("Y")
    height, width = X.shape[2], X.shape[3]
    for place, k, extent in ((u, 0, width), (v, 1, height)):
        along = G[n, y, x, k] + 1
        place[n, y, x] = along * (extent - 1) / 2 if align_corners else (along * extent - 1) / 2
    column, row = ur.floor(u[n, y, x]), ur.floor(v[n, y, x])
    weight = ur.abs(1 - b - (u[n, y, x] - column)) * ur.abs(1 - a - (v[n, y, x] - row))
    pixel = X.outside(0)[n, c, ur.cast(row, ur.i64) + a, ur.cast(column, ur.i64) + b]
    Y[n, c, y, x] = ur.sum[a, b](weight * pixel)
    return Y


@ur.op
def correlation_volume(A, B, *, radius=4):
    """How alike each place of one image is to the places near it in another: where it may have moved to.

        C[n, v, u, y, x] = sum_c A[n, c, y, x] B[n, c, y + v - r, x + u - r] / channels

    B is 0 outside of itself.
    Shapes: A, B (n, c, y, x); C (n, 2 r + 1, 2 r + 1, y, x). Dtypes: f32, f64. Rounding: one sum of c terms, one division.
    Parameters: `radius` r. No channels give NaN.
    Source: Dosovitskiy et al., FlowNet: Learning Optical Flow with Convolutional Networks (ICCV 2015), equation (1), with
    patches of one place; divided by the channels as its code does.
    """
    n, c, y, x = ur.axes("n c y x")
    v, u = ur.axis("v", 2 * radius + 1), ur.axis("u", 2 * radius + 1)
    C = ur.tensor("C")
    C[n, v, u, y, x] = ur.sum[c](A[n, c, y, x] * B.outside(0)[n, c, y + v - radius, x + u - radius]) / A.shape[1]
    return C
