# SPDX-License-Identifier: Apache-2.0
"""Finding a wrong index: the reference shows every tensor on the way, every term of one element, and where it was read.

An unsharp mask adds what a blur takes away. Its blur should take the window around a pixel; written here is the window
that begins at the pixel.

    python examples/debug_a_wrong_index.py
"""

from __future__ import annotations

import numpy as np

import unrut as ur


@ur.op
def sharpen(X, K):
    """Meant: B[y, x] = sum_{u, v} X[y + u - 1, x + v - 1] K[u, v]. Written: without the - 1."""
    y, x, u, v = ur.axis("y", X.shape[0]), ur.axis("x", X.shape[1]), *ur.axes("u v")
    B, Y = ur.tensor("B"), ur.tensor("Y")
    B[y, x] = ur.sum[u, v](X.outside(0)[y + u, x + v] * K[u, v])
    Y[y, x] = 2 * X[y, x] - B[y, x]
    return Y


image = np.zeros((5, 5), np.float32)
image[2, 2] = 9
kernel = np.full((3, 3), 1 / 9, np.float32)
bound = sharpen.bind(image, kernel)

print("One bright pixel at (2, 2). The result should be the same from all four sides, and it is not:\n")
print(bound.reference())

print("\nThe blur on the way, `B`, shows it already: it should be 1 all around (2, 2).\n")
print(bound.intermediates()["B"])

print("\nWhich terms make up B at (3, 3), below and to the right?\n")
print(bound.explain("B", y=3, x=3))

print("\nX is read from row 3 and column 3 on, so its row 2 is never seen: the - 1 is missing in `y + u` and `x + v`.")
