# SPDX-License-Identifier: Apache-2.0
"""The network of the demo: primary capsules here, then `unrut.ops.em_routing` and `unrut.ops.dynamic_routing`."""

from __future__ import annotations

import numpy as np

import unrut as ur
from unrut.demo.data import Array

TYPES, WINDOW, STRIDE, PATCH = 8, 3, 2, 5


@ur.op
def primary_caps(X, F, G):
    """The first capsules of an image: what is around a pixel as a pose, how sure an edge is there as an activation.

        P[n, ci, y, x, i, k] = sum_{a, b} X[n, y + a - 2, x + b - 2] F[ci, i, k, a, b]
        A[n, ci, y, x] = logistic(20 (sum_{a, b} X[n, y + a - 2, x + b - 2] G[ci, a, b] - 0.1))

    X counts as 0 outside of itself. Shapes: X (n, h, w), F (ci, i, k, 5, 5), G (ci, 5, 5); P (n, ci, h, w, i, k),
    A (n, ci, h, w). Dtypes: f32, f64. Rounding: one sum of 25 terms each.
    Source: Hinton, Sabour, Frosst, Matrix capsules with EM routing (ICLR 2018), section 4, with fixed filters.
    """
    n, ci, i, k, a, b = ur.axes("n ci i k a b")
    y, x = ur.axis("y", X.shape[1]), ur.axis("x", X.shape[2])
    near = X.outside(0)[n, y + a - 2, x + b - 2]
    P, A = ur.tensor("P"), ur.tensor("A")
    P[n, ci, y, x, i, k] = ur.sum[a, b](near * F[ci, i, k, a, b])
    A[n, ci, y, x] = ur.sigmoid(20 * (ur.sum[a, b](near * G[ci, a, b]) - 0.1))
    return P, A


def cosines(size: int, number: int = 4) -> Array:
    """The first cosine waves on `size` samples, orthonormal columns: a 4 x 4 pose holds 4 x 4 of their products."""
    places = np.arange(size) + 0.5
    waves = np.stack([np.cos(np.pi * places * frequency / size) for frequency in range(number)], axis=1)
    unit: Array = waves / np.linalg.norm(waves, axis=0)
    return unit


def pose_filters() -> Array:
    """F (ci, i, k, 5, 5): the same cosine products for every type; a view that repeats them without a copy."""
    waves = cosines(PATCH).astype(np.float32)
    filters = np.einsum("ai,bk->ikab", waves, waves)
    return np.broadcast_to(filters, (TYPES, *filters.shape))


def edge_filters() -> Array:
    """G (ci, 5, 5): brightness rising in one of eight directions."""
    offset = np.arange(PATCH) - PATCH // 2
    angle = 2 * np.pi * np.arange(TYPES)[:, np.newaxis, np.newaxis] / TYPES
    near = np.exp(-(offset[:, np.newaxis] ** 2 + offset**2) / 2)
    rising = (np.cos(angle) * offset + np.sin(angle) * offset[:, np.newaxis]) * near
    filters: Array = (rising / np.abs(rising).sum(axis=(1, 2), keepdims=True)).astype(np.float32)
    return filters


def as_vectors(poses: Array, activations: Array) -> Array:
    """Capsules for dynamic routing (n, children, 16): a vector's length says presence, so pose times activation."""
    scaled: Array = poses * activations[..., np.newaxis, np.newaxis]
    return scaled.reshape(len(poses), -1, 16)
