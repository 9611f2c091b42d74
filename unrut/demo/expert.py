# SPDX-License-Identifier: Apache-2.0
"""What somebody who knows NumPy well would write: f32, BLAS, no needless copies; the votes are written out."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unrut.demo.data import Array


def shares(logits: Array) -> Array:
    """Softmax over the last axis, in place."""
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return logits


def dynamic_routing(U: Array, W: Array, *, iters: int = 3) -> Array:
    """`unrut.ops.dynamic_routing`: u (children, n, parents, d) by one batched BLAS call, then three passes over it."""
    children, parents, k, d = W.shape
    maps = np.ascontiguousarray(W.transpose(0, 2, 1, 3)).reshape(children, k, parents * d)
    u = (U.transpose(1, 0, 2) @ maps).reshape(children, len(U), parents, d)
    b = np.zeros(u.shape[:3], u.dtype)
    c = np.full(u.shape[:3], 1 / parents, u.dtype)
    v = np.zeros(u.shape[1:], u.dtype)
    for t in range(iters):
        s = np.einsum("inj,injd->njd", c, u)
        length2 = np.einsum("njd,njd->nj", s, s)[..., np.newaxis]
        v = s * np.sqrt(length2) / (1 + length2)
        if t < iters - 1:
            b += np.einsum("injd,njd->inj", u, v)
            c = shares(b.copy())
    return v


def em_routing(
    P: Array, A: Array, W: Array, beta_u: Array, beta_a: Array,
    *, stride: int = 1, iters: int = 3, final_lambda: float = 0.01, eps: float = 1e-4,
) -> tuple[Array, Array]:  # fmt: skip
    """`unrut.ops.em_routing`: V (n, y, x, children, parents, 16) by `matmul`, then passes over it."""
    co, _, kh, kw, k, j = W.shape
    places = sliding_window_view(P, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride].transpose(0, 2, 3, 6, 7, 1, 4, 5)
    n, y, x, _, _, ci, i, _ = places.shape
    c = kh * kw * ci
    maps = W.transpose(2, 3, 1, 4, 0, 5).reshape(c, k, co * j)
    V = (places.reshape(n, y, x, c, i, k) @ maps).reshape(n, y, x, c, i, co, j)
    V = np.ascontiguousarray(V.swapaxes(4, 5)).reshape(n, y, x, c, co, i * j)
    a = sliding_window_view(A, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride].transpose(0, 2, 3, 4, 5, 1)
    a = a.reshape(n, y, x, c, 1)
    R = np.full((n, y, x, c, co), 1 / co, V.dtype)
    mu, z = V[:, :, :, 0], a[:, :, :, 0]
    for t in range(iters):
        R *= a
        S = R.sum(axis=3)
        mu = np.einsum("nyxco,nyxcoh->nyxoh", R, V) / S[..., np.newaxis]
        E = V - mu[:, :, :, np.newaxis]
        E *= E
        var = np.einsum("nyxco,nyxcoh->nyxoh", R, E) / S[..., np.newaxis] + np.float32(eps)
        cost = (i * j * beta_u + 0.5 * np.log(var).sum(axis=-1)) * S
        z = np.float32(final_lambda * (1 - 0.95 ** (t + 1))) * (beta_a - cost)
        if t < iters - 1:
            distance = np.einsum("nyxcoh,nyxoh->nyxco", E, 1 / var)
            known = -np.logaddexp(np.float32(0), -z) - 0.5 * np.log(np.float32(2 * np.pi) * var).sum(axis=-1)
            R = shares(known[:, :, :, np.newaxis] - 0.5 * distance)
    return mu.reshape(n, y, x, co, i, j), 1 / (1 + np.exp(-z))
