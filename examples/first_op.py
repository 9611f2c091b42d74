# SPDX-License-Identifier: Apache-2.0
"""An op of one's own: convolutional capsules, the formula of the paper in ten lines, as reference and as C.

python examples/first_op.py
"""

from __future__ import annotations

import numpy as np

import unrut as ur


@ur.op
def conv_caps(P, W, *, stride=1):
    """Convolutional capsules: each pose matrix of a window times its learned transform (Hinton et al. 2018)."""
    n, ci, co, y, x, ky, kx, i, j, k = ur.axes("n ci co y x ky kx i j k")
    V = ur.tensor("V")
    V[n, co, y, x, i, j] = ur.sum[ci, ky, kx, k](
        P[n, ci, stride * y + ky, stride * x + kx, i, k] * W[co, ci, ky, kx, k, j]
    )
    return V


random = np.random.default_rng(0)
P = random.normal(size=(2, 8, 9, 9, 4, 4)).astype(np.float32)
W = random.normal(size=(16, 8, 3, 3, 4, 4)).astype(np.float32)

bound = conv_caps.bind(P, W, stride=2)
print(bound.show())

expected = conv_caps.reference(P, W, stride=2)  # NumPy: the meaning
print("reference:", expected.shape, expected.dtype)

try:
    V = conv_caps(P, W, stride=2)  # C, compiled for this machine, cached
    print("C:", V.shape, V.dtype, "- largest difference", np.abs(V - expected).max())
except ur.BuildError as reason:
    print(reason)

print(bound.explain(n=0, co=3, y=1, x=2, i=0, j=1))  # every term behind one element
