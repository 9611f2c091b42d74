# SPDX-License-Identifier: Apache-2.0
"""Recurrent cells step by step on whole batches."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def sigma(a: Array) -> Array:
    """The logistic function."""
    result: Array = 0.5 * (1 + np.tanh(a / 2))
    return result


def gru(X: Array, h0: Array, W: Array, U: Array, bias: Array, inner: Array) -> Array:
    """Cho et al. (EMNLP 2014), section 2.3, in cuDNN's form."""
    X, h, W, U, bias, inner = wide(X, h0, W, U, bias, inner)
    steps = np.zeros((len(X), *h.shape))
    for t, x in enumerate(X):
        r = sigma(x @ W[0].T + bias[0] + h @ U[0].T + inner[0])
        z = sigma(x @ W[1].T + bias[1] + h @ U[1].T + inner[1])
        n = np.tanh(x @ W[2].T + bias[2] + r * (h @ U[2].T + inner[2]))
        steps[t] = h = n + z * (h - n)
    return steps


def lstm(X: Array, h0: Array, c0: Array, W: Array, U: Array, bias: Array) -> tuple[Array, Array]:
    """Hochreiter and Schmidhuber (1997) with the forget gate of Gers, Schmidhuber, Cummins (2000)."""
    X, h, c, W, U, bias = wide(X, h0, c0, W, U, bias)
    both = np.concatenate([W, U], axis=2)
    hidden, cells = np.zeros((2, len(X), *h.shape))
    for t, x in enumerate(X):
        a = [np.concatenate([x, h], axis=1) @ gate.T + shift for gate, shift in zip(both, bias, strict=True)]
        cells[t] = c = sigma(a[1]) * c + sigma(a[0]) * np.tanh(a[2])
        hidden[t] = h = sigma(a[3]) * np.tanh(c)
    return hidden, cells


def minimal_gated_unit(
    X: Array, h0: Array, W: Array, U: Array, gain: Array, bias: Array, *, eps: float = 1e-5
) -> Array:
    """Zhou et al. (arXiv 1603.09420), equations (6), each preactivation through Ba et al.'s equation (4)."""
    X, h, W, U, gain, bias = wide(X, h0, W, U, gain, bias)

    def normal(a: Array, gate: int) -> Array:
        centred = a - a.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
        result: Array = scaled * gain[gate] + bias[gate]
        return result

    steps = np.zeros((len(X), *h.shape))
    for t, x in enumerate(X):
        f = sigma(normal(x @ W[0].T + h @ U[0].T, 0))
        n = np.tanh(normal(x @ W[1].T + (f * h) @ U[1].T, 1))
        steps[t] = h = h + f * (n - h)
    return steps


def selective_scan(X: Array, delta: Array, A: Array, B: Array, C: Array, D: Array) -> Array:
    """All steps' contributions at once: the decay from s to t is exp of A times the time between.

    Gu and Dao (arXiv 2312.00752), equations (2), unrolled.
    """
    X, delta, A, B, C, D = wide(X, delta, A, B, C, D)
    clock = np.cumsum(delta, axis=0)
    Y = D * X
    for t in range(len(X)):
        for s in range(t + 1):
            decay = np.exp((clock[t] - clock[s])[..., None] * A)
            Y[t] += ((C[t] * B[s])[:, None] * decay).sum(axis=-1) * delta[s] * X[s]
    result: Array = Y
    return result
