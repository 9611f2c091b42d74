# SPDX-License-Identifier: Apache-2.0
"""Capsules in Numba: sums in place, votes in one pass, EM routing a place at a time with its votes in cache."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

Array = np.ndarray[Any, Any]
fast = njit(parallel=True, fastmath=True)


@fast
def _conv_caps(P, W, V, stride):
    for q in prange(V.shape[0] * V.shape[1]):
        n, co = q // V.shape[1], q % V.shape[1]
        for y in range(V.shape[2]):
            for x in range(V.shape[3]):
                V[n, co, y, x] = 0
                for ci in range(P.shape[1]):
                    for ky in range(W.shape[2]):
                        for kx in range(W.shape[3]):
                            for i in range(P.shape[4]):
                                for k in range(P.shape[5]):
                                    p = P[n, ci, stride * y + ky, stride * x + kx, i, k]
                                    for j in range(W.shape[5]):
                                        V[n, co, y, x, i, j] += p * W[co, ci, ky, kx, k, j]


def conv_caps(P: Array, W: Array, *, stride: int) -> Array:
    """Accumulated in place."""
    y, x = ((P.shape[d] - W.shape[d]) // stride + 1 for d in (2, 3))
    V = np.empty((P.shape[0], W.shape[0], y, x, P.shape[4], W.shape[5]), P.dtype)
    _conv_caps(P, W, V, stride)
    return V


@fast
def _caps_votes(P, W, V, stride):
    for q in prange(V.shape[0] * V.shape[1]):
        n, y = q // V.shape[1], q % V.shape[1]
        for x in range(V.shape[2]):
            for ky in range(V.shape[3]):
                for kx in range(V.shape[4]):
                    for ci in range(V.shape[5]):
                        for co in range(V.shape[6]):
                            for i in range(V.shape[7]):
                                for j in range(V.shape[8]):
                                    total = np.float32(0)
                                    for k in range(P.shape[5]):
                                        p = P[n, ci, stride * y + ky, stride * x + kx, i, k]
                                        total += p * W[co, ci, ky, kx, k, j]
                                    V[n, y, x, ky, kx, ci, co, i, j] = total


def caps_votes(P: Array, W: Array, *, stride: int) -> Array:
    """One pass over the result."""
    y, x = ((P.shape[d] - W.shape[d]) // stride + 1 for d in (2, 3))
    kernel = W.shape[2:4]
    V = np.empty((P.shape[0], y, x, *kernel, P.shape[1], W.shape[0], P.shape[4], W.shape[5]), P.dtype)
    _caps_votes(P, W, V, stride)
    return V


@fast
def _em_routing(P, A, W, beta_u, beta_a, mu, act, stride, iters):  # noqa: C901  a place at a time, parents in vectors
    n_y_x, parents, h = mu.shape[0] * mu.shape[1] * mu.shape[2], mu.shape[3], mu.shape[4] * mu.shape[5]
    kernel, children = W.shape[0], P.shape[1]
    inputs, side = kernel * kernel * children, P.shape[4]
    for q in prange(n_y_x):
        n, y, x = q // (mu.shape[1] * mu.shape[2]), q // mu.shape[2] % mu.shape[1], q % mu.shape[2]
        V, a = np.empty((inputs, h, parents), np.float32), np.empty(inputs, np.float32)
        R = np.empty((inputs, parents), np.float32)
        m, var = np.empty((h, parents), np.float32), np.empty((h, parents), np.float32)
        for c in range(inputs):
            ky, kx, ci = c // (kernel * children), c // children % kernel, c % children
            a[c] = A[n, ci, stride * y + ky, stride * x + kx]
            for i in range(side):
                for j in range(side):
                    for o in range(parents):
                        total = np.float32(0)
                        for k in range(side):
                            total += P[n, ci, stride * y + ky, stride * x + kx, i, k] * W[ky, kx, ci, k, j, o]
                        V[c, i * side + j, o] = total
            R[c, :] = a[c] / parents
        for t in range(iters):
            S, z = np.zeros(parents, np.float32), np.empty(parents, np.float32)
            m[:], var[:] = 0, 0
            for c in range(inputs):
                for o in range(parents):
                    S[o] += R[c, o]
                for e in range(h):
                    for o in range(parents):
                        m[e, o] += R[c, o] * V[c, e, o]
            for e in range(h):
                for o in range(parents):
                    m[e, o] /= S[o]
            for c in range(inputs):
                for e in range(h):
                    for o in range(parents):
                        d = V[c, e, o] - m[e, o]
                        var[e, o] += R[c, o] * d * d
            base, cost = np.zeros(parents, np.float32), np.zeros(parents, np.float32)
            for e in range(h):
                for o in range(parents):
                    var[e, o] = var[e, o] / S[o] + np.float32(1e-4)
                    logarithm = np.log(var[e, o])
                    cost[o] += beta_u[o] + np.float32(0.5) * logarithm
                    base[o] += logarithm + np.float32(1.8378770664093453)
            for o in range(parents):
                z[o] = np.float32(0.01) * (1 - np.float32(0.95) ** (t + 1)) * (beta_a[o] - cost[o] * S[o])
                base[o] = -np.log1p(np.exp(-z[o])) - np.float32(0.5) * base[o]
            if t < iters - 1:
                score = np.empty(parents, np.float32)
                for c in range(inputs):
                    score[:] = 0
                    for e in range(h):
                        for o in range(parents):
                            d = V[c, e, o] - m[e, o]
                            score[o] += d * d / var[e, o]
                    for o in range(parents):
                        score[o] = base[o] - np.float32(0.5) * score[o]
                    top, total = score.max(), np.float32(0)
                    for o in range(parents):
                        score[o] = np.exp(score[o] - top)
                        total += score[o]
                    for o in range(parents):
                        R[c, o] = a[c] * score[o] / total
        for o in range(parents):
            act[n, y, x, o] = 1 / (1 + np.exp(-z[o]))
            for e in range(h):
                mu[n, y, x, o, e // side, e % side] = m[e, o]


def em_routing(P: Array, A: Array, W: Array, beta_u: Array, beta_a: Array, *, stride: int) -> tuple[Array, Array]:
    """One place after the other, its votes in cache, vectors over the parents."""
    y, x = ((P.shape[d] - W.shape[d]) // stride + 1 for d in (2, 3))
    mu = np.empty((P.shape[0], y, x, W.shape[0], P.shape[4], W.shape[5]), P.dtype)
    act = np.empty(mu.shape[:4], P.dtype)
    _em_routing(P, A, np.ascontiguousarray(W.transpose(2, 3, 1, 4, 5, 0)), beta_u, beta_a, mu, act, stride, 3)
    return mu, act
