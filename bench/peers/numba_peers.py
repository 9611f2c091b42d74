# SPDX-License-Identifier: Apache-2.0
"""Numba as an expert writes it in ten minutes: parallel loops, `fastmath`, locals in place of arrays. What is nothing but a
matrix product stays NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, prange

from bench.peers.numba_capsules import caps_votes, conv_caps, em_routing
from bench.peers.numba_medians import median_filter, region_medians, region_medians_by_bits

Array = np.ndarray[Any, Any]
fast = njit(parallel=True, fastmath=True)


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
