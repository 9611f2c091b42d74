# SPDX-License-Identifier: Apache-2.0
"""Finding a wrong index: the reference shows every term of one element, and where each was read.

A blur that should take the window around a pixel takes the one below and to the right of it.

    python examples/debug_a_wrong_index.py
"""

from __future__ import annotations

import numpy as np

import unrut as ur


@ur.op
def blur(X, K):
    """Meant: Y[y, x] = sum_{u, v} X[y + u - 1, x + v - 1] K[u, v]. Written: without the - 1."""
    y, x, u, v = ur.axis("y", X.shape[0]), ur.axis("x", X.shape[1]), ur.axis("u", K.shape[0]), ur.axis("v", K.shape[1])
    weighted, Y = ur.tensor("weighted"), ur.tensor("Y")
    weighted[y, x, u, v] = X.outside(0.0)[y + u, x + v] * K[u, v]
    Y[y, x] = ur.sum[u, v](weighted[y, x, u, v])
    return Y


image = np.zeros((5, 5), np.float32)
image[2, 2] = 9
kernel = np.full((3, 3), 1 / 9, np.float32)

print("A single bright pixel at (2, 2) should be spread evenly around it:")
print(blur.reference(image, kernel))

bound = blur.bind(image, kernel)
print("\nIt is not. Which terms make up the element at (3, 3), which should be 1?")
print(bound.explain(y=3, x=3))

print("\nAll read from row 3 and column 3 on: the window starts at the pixel instead of one before it.")
print("The tensors on the way show the same, here what (1, 1) gathers:")
print(bound.intermediates()["weighted"][1, 1])
