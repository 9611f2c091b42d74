# SPDX-License-Identifier: Apache-2.0
"""Medians of windows, and the nearest of many."""

from __future__ import annotations

import unrut as ur


@ur.op
def median_filter(X, *, height=3, width=3):
    """The median of the window around each place: takes specks out, and keeps edges.

        Y[n, y, x] = median_{v, u} X[n, y + v - height//2, x + u - width//2]

    X continues with its nearest edge value outside of itself.
    Shapes: X (n, y, x); Y the same. Dtypes: f32, f64; integers give f64. Rounding: none for windows of an odd number of
    places, one mean of two terms otherwise. A window with NaN gives NaN.
    Parameters: `height`, `width` of the window.
    Source: Huang, Yang, Tang, A fast two-dimensional median filtering algorithm (IEEE ASSP 27(1), 1979), section I.
    """
    n, y, x = ur.axis("n"), ur.axis("y", X.shape[1]), ur.axis("x", X.shape[2])
    v, u = ur.axis("v", height), ur.axis("u", width)
    Y = ur.tensor("Y")
    Y[n, y, x] = ur.median[v, u](X.outside("edge")[n, y + v - height // 2, x + u - width // 2])
    return Y


@ur.op
def region_medians(image, tops, lefts, *, size=16):
    """How different two square regions of an image are, for many pairs: the median difference between their pixels.

        D[p] = median_{v, u} |image[tops[p, 0] + v, lefts[p, 0] + u] - image[tops[p, 1] + v, lefts[p, 1] + u]|

    Shapes: image (y, x), tops and lefts (p, 2); D (p). No window is written out. A region that leaves the image is a
    RangeError.
    Dtypes: image f32, f64 (integers give f64), tops and lefts integers. Rounding: one subtraction, and where a region has
    an even number of pixels one mean of two terms. NaN in a region gives NaN.
    Parameters: `size`, the side of a region.
    Source: Rousseeuw and Croux, Alternatives to the median absolute deviation (JASA 88(424), 1993), section 1, for medians of
    absolute differences.
    """
    (p,) = ur.axes("p")
    v, u = ur.axis("v", size), ur.axis("u", size)
    D = ur.tensor("D")
    first, second = (image[tops[p, k] + v, lefts[p, k] + u] for k in (0, 1))
    D[p] = ur.median[v, u](ur.abs(first - second))
    return D


@ur.op
def nearest_neighbours(Q, X, *, k=5):
    """The k points that are nearest to each query, the nearest first, and how far they are.

        d[q, n] = sqrt(sum_c (Q[q, c] - X[n, c])^2)
        place[q, r] = the n with the r-th smallest d[q, n],   distance[q, r] = d[q, place[q, r]]          for r < k

    Shapes: Q (q, c), X (n, c) with n >= k; place (q, k), distance (q, k). Dtypes: f32, f64; place i64.
    Rounding: one sum of c squares, one root. Ties go to the first point; NaN is farther than everything.
    Parameters: `k`.
    Source: Cover and Hart, Nearest neighbor pattern classification (IEEE IT 13(1), 1967), section II.
    """
    q, n, c, r = ur.axis("q"), ur.axis("n"), ur.axis("c"), ur.axis("r", k)
    d, place, distance = ur.tensor("d"), ur.tensor("place"), ur.tensor("distance")
    d[q, n] = ur.sqrt(ur.sum[c]((Q[q, c] - X[n, c]) ** 2))
    place[q, r] = ur.arg_kth_smallest[n](d[q, n], r)
    distance[q, r] = ur.kth_smallest[n](d[q, n], r)
    return place, distance
