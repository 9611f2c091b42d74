# SPDX-License-Identifier: Apache-2.0
"""Routing procedures line by line, with all votes written out."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unrut.reference.textbook.capsules import caps_votes
from unrut.reference.textbook.precision import Array, wide


def squash(s: Array) -> Array:
    """Shrinks short vectors to almost nothing and long ones to almost length 1. Sabour et al. (2017), equation (1)."""
    length = np.linalg.norm(s, axis=-1, keepdims=True)
    unit = np.divide(s, length, out=np.zeros_like(s), where=length > 0)
    squashed: Array = length**2 / (1 + length**2) * unit
    return squashed


def dynamic_routing(U: Array, W: Array, *, iters: int = 3) -> Array:
    """Procedure 1 of Sabour, Frosst, Hinton, Dynamic Routing Between Capsules (arXiv 1710.09829)."""
    U, W = wide(U, W)
    u_hat = np.einsum("nik,ijkd->nijd", U, W, optimize=True)
    b = np.zeros(u_hat.shape[:3])  # line 2
    v = np.zeros((U.shape[0], W.shape[1], W.shape[3]))
    for _ in range(iters):
        c = np.exp(b) / np.exp(b).sum(axis=2, keepdims=True)  # line 4
        s = (c[..., np.newaxis] * u_hat).sum(axis=1)  # line 5
        v = squash(s)  # line 6
        b = b + (u_hat * v[:, np.newaxis]).sum(axis=3)  # line 7
    return v


def em_routing(
    P: Array, A: Array, W: Array, beta_u: Array, beta_a: Array,
    *, stride: int = 1, iters: int = 3, final_lambda: float = 0.01, eps: float = 1e-4,
) -> tuple[Array, Array]:  # fmt: skip
    """Procedure 1 of Hinton, Sabour, Frosst, Matrix capsules with EM routing (ICLR 2018), for each window by itself."""
    P, A, W, beta_u, beta_a = wide(P, A, W, beta_u, beta_a)
    V = caps_votes(P, W, stride=stride)
    n, y, x, kh, kw, ci, co, rows, columns = V.shape
    V = V.reshape(n, y, x, kh * kw * ci, co, rows * columns)
    a = sliding_window_view(A, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    a = np.transpose(a, (0, 2, 3, 4, 5, 1)).reshape(n, y, x, kh * kw * ci, 1)
    R = np.full(V.shape[:5], 1 / co)
    mu, activation = V[:, :, :, 0], np.zeros((n, y, x, co))
    for t in range(iters):
        weight = (R * a)[..., np.newaxis]  # M step
        mass = weight.sum(axis=3)
        mu = (weight * V).sum(axis=3) / mass
        residual = V - mu[:, :, :, np.newaxis]
        sigma = np.sqrt((weight * residual**2).sum(axis=3) / mass + eps)
        cost = (beta_u[:, np.newaxis] + np.log(sigma)) * mass
        inverse_temperature = final_lambda * (1 - 0.95 ** (t + 1))
        activation = 1 / (1 + np.exp(-inverse_temperature * (beta_a - cost.sum(axis=-1))))
        sigma = sigma[:, :, :, np.newaxis]  # E step
        density = -np.log(np.sqrt(2 * np.pi) * sigma).sum(axis=-1) - (residual**2 / (2 * sigma**2)).sum(axis=-1)
        joint = np.log(activation)[:, :, :, np.newaxis] + density
        R = np.exp(joint - np.logaddexp.reduce(joint, axis=-1, keepdims=True))
    return mu.reshape(n, y, x, co, rows, columns), activation
