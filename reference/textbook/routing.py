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


def em_routing_overlapping(
    P: Array, A: Array, W: Array, beta_u: Array, beta_a: Array,
    *, stride: int = 1, iters: int = 3, final_lambda: float = 0.01, eps: float = 1e-4,
) -> tuple[Array, Array]:  # fmt: skip
    """Procedure 1 with the children and parents of a whole layer as two lists, and a table of who sees whom.

    Hinton, Sabour, Frosst, Matrix capsules with EM routing (ICLR 2018).
    """
    P, A, W, beta_u, beta_a = wide(P, A, W, beta_u, beta_a)
    windows = caps_votes(P, W, stride=stride)
    n, ny, nx, kh, kw, ci, co, rows, columns = windows.shape
    height, width = A.shape[2:]
    votes = np.zeros((n, height, width, ci, ny, nx, co, rows * columns))
    sees = np.zeros((height, width, 1, ny, nx, 1), bool)
    for y, x, u, v in np.ndindex(ny, nx, kh, kw):
        child = stride * y + u, stride * x + v
        votes[:, *child, :, y, x] = windows[:, y, x, u, v].reshape(n, ci, co, -1)
        sees[*child, 0, y, x, 0] = True
    a = np.moveaxis(A, 1, 3)[..., None, None, None]
    parents = np.maximum(sees.sum(axis=(3, 4), keepdims=True) * co, 1)
    R = np.broadcast_to(sees / parents, votes.shape[:-1])
    children = (1, 2, 3)
    for t in range(iters):
        weight = (R * a * sees)[..., None]  # M step
        mass = weight.sum(axis=children, keepdims=True)
        mu = (weight * votes).sum(axis=children, keepdims=True) / mass
        sigma = np.sqrt((weight * (votes - mu) ** 2).sum(axis=children, keepdims=True) / mass + eps)
        cost = ((beta_u[:, None] + np.log(sigma)) * mass).sum(axis=-1)
        activation = 1 / (1 + np.exp(-final_lambda * (1 - 0.95 ** (t + 1)) * (beta_a - cost)))
        density = -(np.log(sigma * np.sqrt(2 * np.pi)) + (votes - mu) ** 2 / (2 * sigma**2)).sum(axis=-1)  # E step
        joint = np.where(sees, activation * np.exp(density), 0.0)
        total = joint.sum(axis=(4, 5, 6), keepdims=True)
        R = np.divide(joint, total, out=np.zeros_like(joint), where=total > 0)
    return mu.reshape(n, ny, nx, co, rows, columns), activation.reshape(n, ny, nx, co)
