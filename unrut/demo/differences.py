# SPDX-License-Identifier: Apache-2.0
"""How different two square regions of an image are: an op of the demo's own, for bytes."""

from __future__ import annotations

import unrut as ur


@ur.op
def differences(image, tops, lefts, *, size=16):
    """D[p] = median over v, u of |image[tops[p, 0] + v, lefts[p, 0] + u] - image[tops[p, 1] + v, lefts[p, 1] + u]|.

    Shapes: image (y, x), tops and lefts (p, 2); D (p). Dtypes: image u8, corners integers; D f64. Rounding: none, medians of
    integers are exact. A region that leaves the image is a RangeError.
    """
    (p,) = ur.axes("p")
    v, u = ur.axis("v", size), ur.axis("u", size)
    first, second = (ur.cast(image[tops[p, k] + v, lefts[p, k] + u], ur.i16) for k in (0, 1))
    D = ur.tensor("D")
    D[p] = ur.median[v, u](ur.abs(first - second))
    return D
