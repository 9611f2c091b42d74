# SPDX-License-Identifier: Apache-2.0
"""Attention by matrix products, masks of -inf, and gathered windows."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def shares(S: Array) -> Array:
    """Softmax over the last axis; a row of -inf alone is all 0."""
    top = S.max(axis=-1, keepdims=True, initial=-np.inf)
    E = np.exp(S - np.where(np.isfinite(top), top, 0))
    total = E.sum(axis=-1, keepdims=True)
    result: Array = np.divide(E, total, out=np.zeros_like(E), where=total > 0)
    return result


def attention(Q: Array, K: Array, V: Array) -> Array:
    """softmax(Q K^T / sqrt(d)) V. Vaswani et al. (arXiv 1706.03762), equation (1)."""
    Q, K, V = wide(Q, K, V)
    return shares(Q @ np.swapaxes(K, 2, 3) / np.sqrt(Q.shape[3])) @ V


def causal_attention(Q: Array, K: Array, V: Array) -> Array:
    """The same with "illegal connections set to -inf". Vaswani et al. (arXiv 1706.03762), section 3.2.3."""
    Q, K, V = wide(Q, K, V)
    S = Q @ np.swapaxes(K, 2, 3) / np.sqrt(Q.shape[3])
    future = np.triu(np.ones(S.shape[2:], bool), 1)
    return shares(np.where(future, -np.inf, S)) @ V


def window_attention(Q: Array, K: Array, V: Array, B: Array) -> Array:
    """Each pixel by itself: the part of its window that lies in the image, gathered, then attention with a bias.

    Ramachandran et al. (arXiv 1906.05909), equation (2); bias: Liu et al. (arXiv 2103.14030), equation (4).
    """
    Q, K, V, B = wide(Q, K, V, B)
    _, _, height, width, depth = Q.shape
    ry, rx = B.shape[1] // 2, B.shape[2] // 2
    Y = np.empty((*Q.shape[:4], V.shape[4]))
    for y in range(height):
        for x in range(width):
            y0, y1, x0, x1 = max(y - ry, 0), min(y + ry + 1, height), max(x - rx, 0), min(x + rx + 1, width)
            keys, values = K[:, :, y0:y1, x0:x1], V[:, :, y0:y1, x0:x1]
            bias = B[:, y0 - y + ry : y1 - y + ry, x0 - x + rx : x1 - x + rx]
            S = (keys @ Q[:, :, y, x, np.newaxis, :, np.newaxis])[..., 0] / np.sqrt(depth) + bias
            share = shares(S.reshape(*S.shape[:2], -1))[:, :, np.newaxis]
            Y[:, :, y, x] = (share @ values.reshape(*values.shape[:2], -1, values.shape[4]))[:, :, 0]
    return Y
