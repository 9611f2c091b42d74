# SPDX-License-Identifier: Apache-2.0
"""Numba as an expert writes it in ten minutes: parallel loops, `fastmath`, locals in place of arrays. What is nothing but a
matrix product stays NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange

from bench.peers.numba_medians import median_filter, region_medians, region_medians_by_bits

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


@fast
def _batched(A, B, C):
    for b in prange(A.shape[0]):
        for i in range(A.shape[1]):
            for j in range(B.shape[2]):
                total = A[b, i, 0] * B[b, 0, j]
                for k in range(1, A.shape[2]):
                    total += A[b, i, k] * B[b, k, j]
                C[b, i, j] = total


def batched_matmul(A: Array, B: Array) -> Array:
    """Plain loops."""
    C = np.empty((A.shape[0], A.shape[1], B.shape[2]), A.dtype)
    _batched(A, B, C)
    return C


@fast
def _gate(state, gate, out):
    for q in prange(state.shape[0] * state.shape[2]):
        k, m = q // state.shape[2], q % state.shape[2]
        for a in range(2):
            for b in range(2):
                for r in range(state.shape[4]):
                    total = gate[a, b, 0, 0] * state[k, 0, m, 0, r] + gate[a, b, 0, 1] * state[k, 0, m, 1, r]
                    total += gate[a, b, 1, 0] * state[k, 1, m, 0, r] + gate[a, b, 1, 1] * state[k, 1, m, 1, r]
                    out[k, a, m, b, r] = total


def two_qubit_gate(state: Array, gate: Array) -> Array:
    """One pass."""
    out = np.empty_like(state)
    _gate(state, gate, out)
    return out


@fast
def _max_plus(A, B, C):
    for i in prange(A.shape[0]):
        C[i, :] = -np.inf
        for k in range(A.shape[1]):
            a = A[i, k]
            for j in range(B.shape[1]):
                C[i, j] = max(C[i, j], a + B[k, j])


def max_plus(A: Array, B: Array) -> Array:
    """Rows of the result stay in cache."""
    C = np.empty((A.shape[0], B.shape[1]), A.dtype)
    _max_plus(A, B, C)
    return C


@fast
def _logsumexp(X, Y):
    for n in prange(X.shape[0]):
        top, total = X[n, 0], np.float32(0)
        for c in range(X.shape[1]):
            top = max(top, X[n, c])
        for c in range(X.shape[1]):
            total += np.exp(X[n, c] - top)
        Y[n] = top + np.log(total)


def logsumexp(X: Array) -> Array:
    """Two passes over each row."""
    Y = np.empty(X.shape[0], X.dtype)
    _logsumexp(X, Y)
    return Y


@fast
def _depthwise(X, K, Y, padding):
    for q in prange(X.shape[0] * X.shape[1]):
        n, c = q // X.shape[1], q % X.shape[1]
        Y[n, c] = 0
        for a in range(K.shape[1]):
            for b in range(K.shape[2]):
                w, low, high = K[c, a, b], max(0, padding - b), min(X.shape[3], X.shape[3] + padding - b)
                for y in range(max(0, padding - a), min(X.shape[2], X.shape[2] + padding - a)):
                    for x in range(low, high):
                        Y[n, c, y, x] += w * X[n, c, y + a - padding, x + b - padding]


def depthwise_conv2d(X: Array, K: Array, *, padding: int) -> Array:
    """Shifted rows, an image at a time."""
    Y = np.empty_like(X)
    _depthwise(X, K, Y, padding)
    return Y


@fast
def _bags(E, words, offsets, weights, out):
    for b in prange(out.shape[0]):
        out[b] = 0
        for e in range(offsets[b], offsets[b + 1]):
            w, row = weights[e % len(weights)], words[e]
            for d in range(out.shape[1]):
                out[b, d] += w * E[row, d]


ONE = np.ones(1, np.float32)


def embedding_bag(E: Array, words: Array, offsets: Array) -> Array:
    """Bag after bag."""
    out = np.empty((len(offsets) - 1, E.shape[1]), E.dtype)
    _bags(E, words, offsets, ONE, out)
    return out


@fast
def _segments(X, offsets, out):
    for b in prange(out.shape[0]):
        out[b] = 0
        for e in range(offsets[b], offsets[b + 1]):
            for d in range(out.shape[1]):
                out[b, d] += X[e, d]


def segment_sum(X: Array, offsets: Array) -> Array:
    """Segment after segment."""
    out = np.empty((len(offsets) - 1, X.shape[1]), X.dtype)
    _segments(X, offsets, out)
    return out


@njit(fastmath=True)
def _scattered(X, places, out):  # in order: two threads might meet at one row
    for e in range(len(places)):
        for d in range(X.shape[1]):
            out[places[e], d] += X[e, d]


def scattered_sum(X: Array, places: Array, *, rows: int) -> Array:
    """Row after row."""
    out = np.zeros((rows, X.shape[1]), X.dtype)
    _scattered(X, places, out)
    return out


def spmm(values: Array, columns: Array, offsets: Array, B: Array) -> Array:
    """As bags with weights."""
    out = np.empty((len(offsets) - 1, B.shape[1]), B.dtype)
    _bags(B, columns, offsets, values, out)
    return out


PEERS: dict[str, tuple[Callable[..., Any], ...]] = {
    "conv_caps": (conv_caps,), "caps_votes": (caps_votes,), "em_routing": (em_routing,), "batched_matmul": (batched_matmul,),
    "two_qubit_gate": (two_qubit_gate,), "max_plus": (max_plus,), "logsumexp": (logsumexp,),
    "depthwise_conv2d": (depthwise_conv2d,), "embedding_bag": (embedding_bag,), "segment_sum": (segment_sum,),
    "scattered_sum": (scattered_sum,), "spmm": (spmm,), "median_filter": (median_filter,),
    "region_medians": (region_medians, region_medians_by_bits),
}  # fmt: skip
