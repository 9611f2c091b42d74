# SPDX-License-Identifier: Apache-2.0
"""Capsules, routing, products, attention in array operations, for NumPy, PyTorch and JAX alike: `form(library, *operands)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.peers.library import Library


def _columns(xp: Library, P: Any, kernel: int, stride: int) -> tuple[Any, tuple[int, ...]]:
    """Windows of poses as a matrix (n y x i, ci ky kx k)."""
    w = xp.windows(xp.windows(P, 2, kernel, stride), 3, kernel, stride)
    n, ci, y, x, i, k = w.shape[:6]
    return xp.permute(w, (0, 2, 3, 4, 1, 6, 7, 5)).reshape(n * y * x * i, ci * kernel * kernel * k), (n, y, x, i)


def conv_caps(xp: Library, P: Any, W: Any, *, stride: int) -> Any:
    """Unfold, one matrix product."""
    co, kernel, j = W.shape[0], W.shape[2], W.shape[5]
    columns, (n, y, x, i) = _columns(xp, P, kernel, stride)
    found = columns @ xp.permute(W, (1, 2, 3, 4, 0, 5)).reshape(-1, co * j)
    return xp.contiguous(xp.permute(found.reshape(n, y, x, i, co, j), (0, 4, 1, 2, 3, 5)))


def conv_caps_by_weights(xp: Library, P: Any, G: Any, *, stride: int, kernel: int) -> Any:
    """Unfold, one matrix product with the rows reduced."""
    columns, _ = _columns(xp, P, kernel, stride)
    co, j, ci, k = G.shape[1], G.shape[5], P.shape[1], P.shape[5]
    rows = xp.permute(G, (0, 2, 3, 4, 1, 5)).reshape(-1, co * j)
    found = (columns.T @ rows).reshape(ci, kernel, kernel, k, co, j)
    return xp.contiguous(xp.permute(found, (4, 0, 1, 2, 3, 5)))


def conv_caps_by_poses(xp: Library, G: Any, W: Any, *, stride: int, height: int, width: int) -> Any:
    """One matrix product, then fold: the transpose of unfold."""
    n, co, y, x, i, j = G.shape
    ci, kernel, k = W.shape[1], W.shape[2], W.shape[4]
    terms = xp.permute(G, (0, 2, 3, 4, 1, 5)).reshape(-1, co * j) @ xp.permute(W, (0, 5, 1, 2, 3, 4)).reshape(
        co * j, -1
    )
    terms = xp.permute(terms.reshape(n, y, x, i, ci, kernel, kernel, k), (5, 6, 0, 4, 1, 2, 3, 7))
    found = xp.zeros((n, ci, height, width, i, k), dtype=G.dtype)
    for a in range(kernel):
        for b in range(kernel):
            rows, columns = slice(a, a + stride * y, stride), slice(b, b + stride * x, stride)
            found = xp.add_at(found, (slice(None), slice(None), rows, columns), terms[a, b])
    return found


def caps_votes(xp: Library, P: Any, W: Any, *, stride: int) -> Any:
    """Small matrix products, broadcast."""
    kernel = W.shape[2]
    w = xp.windows(xp.windows(P, 2, kernel, stride), 3, kernel, stride)
    return xp.permute(w, (0, 2, 3, 6, 7, 1, 4, 5))[:, :, :, :, :, :, None] @ xp.permute(W, (2, 3, 1, 0, 4, 5))


def em_routing(
    xp: Library, P: Any, A: Any, W: Any, beta_u: Any, beta_a: Any, *, stride: int, iters: int = 3, lam: float = 0.01
) -> Any:
    """Votes written out once, then whole-array steps."""
    kernel, parents = W.shape[2], W.shape[0]
    V = caps_votes(xp, P, W, stride=stride)
    n, y, x = V.shape[:3]
    V = V.reshape(n, y, x, -1, parents, V.shape[-2] * V.shape[-1])
    a = xp.windows(xp.windows(A, 2, kernel, stride), 3, kernel, stride)
    a = xp.permute(a, (0, 2, 3, 4, 5, 1)).reshape(n, y, x, -1, 1)
    R = a / parents * xp.ones((parents,), dtype=P.dtype)
    for t in range(iters):
        S = R.sum(axis=3)
        mu = xp.einsum("nyxcp,nyxcph->nyxph", R, V) / S[..., None]
        square = (V - mu[:, :, :, None]) ** 2
        var = xp.einsum("nyxcp,nyxcph->nyxph", R, square) / S[..., None] + 1e-4
        cost = (beta_u[:, None] + 0.5 * xp.log(var)).sum(axis=-1) * S
        z = lam * (1 - 0.95 ** (t + 1)) * (beta_a - cost)
        if t < iters - 1:
            doubt = (
                xp.einsum("nyxcph,nyxph->nyxcp", square, 1 / var)
                + xp.log(6.283185307179586 * var).sum(axis=-1)[:, :, :, None]
            )
            R = a * xp.softmax(xp.logsigmoid(z)[:, :, :, None] - 0.5 * doubt, 4)
    side = P.shape[4]
    return mu.reshape(n, y, x, parents, side, -1), xp.sigmoid(z)


def dynamic_routing(xp: Library, U: Any, W: Any, *, iters: int = 3) -> Any:
    """Predictions by one batched product, then whole-array steps."""
    n, children, k = U.shape
    _, parents, _, d = W.shape
    u = xp.permute(U, (1, 0, 2)) @ xp.permute(W, (0, 2, 1, 3)).reshape(children, k, parents * d)
    u = u.reshape(children, n, parents, d)
    c, b = xp.ones((children, n, parents), dtype=U.dtype) / parents, 0
    for t in range(iters):
        s = xp.einsum("inj,injd->njd", c, u)
        square = (s**2).sum(axis=-1, keepdims=True)
        v = s * xp.sqrt(square) / (1 + square)
        if t < iters - 1:
            b = b + xp.einsum("injd,njd->inj", u, v)
            c = xp.softmax(b, 2)
    return v


def einsum(xp: Library, A: Any, B: Any, *, formula: str) -> Any:
    """The library's own."""
    return xp.einsum(formula, A, B, optimize=True) if xp.name == "numpy" else xp.einsum(formula, A, B)


def two_qubit_gate(xp: Library, state: Any, gate: Any) -> Any:
    """One contraction."""
    return einsum(xp, gate, state, formula="abcd,kcmdr->kambr")


def two_qubit_gate_by_slices(xp: Library, state: Any, gate: Any) -> Any:
    """Four sums of four slices."""
    found = xp.empty_like(state)
    for a in range(2):
        for b in range(2):
            total = gate[a, b, 0, 0] * state[:, 0, :, 0]
            for c, d in ((0, 1), (1, 0), (1, 1)):
                total = total + gate[a, b, c, d] * state[:, c, :, d]
            if xp.name == "jax":
                found = found.at[:, a, :, b].set(total)
            else:
                found[:, a, :, b] = total
    return found


def attention(xp: Library, Q: Any, K: Any, V: Any, *, causal: bool = False) -> Any:
    """Two batched products around a softmax."""
    scores = Q @ xp.permute(K, (0, 1, 3, 2)) * (1 / Q.shape[3] ** 0.5)
    if causal:
        scores = xp.where(xp.tril(xp.ones(scores.shape[2:], dtype=xp.bool)), scores, -float("inf"))
    return xp.softmax(scores, 3) @ V


def causal_attention(xp: Library, Q: Any, K: Any, V: Any) -> Any:
    """With the future masked."""
    return attention(xp, Q, K, V, causal=True)


def window_attention(xp: Library, Q: Any, K: Any, V: Any, B: Any) -> Any:
    """Keys and values unfolded, places outside masked."""
    u, half = B.shape[1], B.shape[1] // 2

    def unfolded(x: Any) -> Any:
        x = xp.padded(xp.permute(x, (0, 1, 4, 2, 3)), half)
        return xp.windows(xp.windows(x, 3, u), 4, u)

    n, h, y, x, d = Q.shape
    keys, values = unfolded(K), unfolded(V)
    inside = xp.windows(xp.windows(xp.padded(xp.ones((y, x), dtype=Q.dtype), half), 0, u), 1, u)
    scores = xp.einsum("nhyxd,nhdyxuv->nhyxuv", Q, keys) * (1 / d**0.5) + B[None, :, None, None]
    scores = xp.where(inside > 0, scores, -float("inf")).reshape(n, h, y, x, u * u)
    share = xp.softmax(scores, 4).reshape(n, h, y, x, u, u)
    return xp.einsum("nhyxuv,nheyxuv->nhyxe", share, values)


def minimal_gated_unit(xp: Library, X: Any, h0: Any, W: Any, U: Any, gain: Any, bias: Any) -> Any:
    """Products of the input for all steps at once, then step by step."""
    steps, batch, k = X.shape
    u = xp.permute(
        (X.reshape(steps * batch, k) @ xp.permute(W, (2, 0, 1)).reshape(k, -1)).reshape(steps, batch, 2, -1),
        (0, 2, 1, 3),
    )

    def normal(a: Any, gate: int) -> Any:
        centred = a - a.mean(axis=-1, keepdims=True)
        return gain[gate] * centred / xp.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) + bias[gate]

    def step(h: Any, given: Any) -> Any:
        f = xp.sigmoid(normal(given[0] + h @ U[0].T, 0))
        return (1 - f) * h + f * xp.tanh(normal(given[1] + (f * h) @ U[1].T, 1))

    if xp.name == "jax":
        import jax

        def both(h: Any, given: Any) -> tuple[Any, Any]:
            new = step(h, given)
            return new, new

        return jax.lax.scan(both, h0, u)[1]
    found, h = [], h0
    for given in u:
        h = step(h, given)
        found.append(h)
    return xp.stack(found)


FORMS: dict[str, tuple[Callable[..., Any], ...]] = {
    "conv_caps": (conv_caps,), "conv_caps_by_weights": (conv_caps_by_weights,), "conv_caps_by_poses": (conv_caps_by_poses,),
    "caps_votes": (caps_votes,), "em_routing": (em_routing,), "dynamic_routing": (dynamic_routing,), "einsum": (einsum,),
    "two_qubit_gate": (two_qubit_gate, two_qubit_gate_by_slices), "attention": (attention,),
    "causal_attention": (causal_attention,), "window_attention": (window_attention,),
    "minimal_gated_unit": (minimal_gated_unit,),
    "matmul": (lambda xp, A, B: A @ B,), "batched_matmul": (lambda xp, A, B: A @ B,),
    "matrix_vector": (lambda xp, A, x: A @ x,),
}  # fmt: skip
