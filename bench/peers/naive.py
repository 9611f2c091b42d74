# SPDX-License-Identifier: Apache-2.0
"""Naive C, one loop nest a statement, compiled with the flags that people type: `gcc -O3 -march=native -fopenmp`."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine.build import loaded
from bench.workloads.workload import Array

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-fopenmp")
SOURCES = ("naive.c", "naive_rows.c", "naive_places.c")


@cache
def library() -> ctypes.CDLL:
    """All of it, compiled."""
    return loaded("naive", [FOLDER / name for name in SOURCES], FLAGS)


def call(name: str, arrays: tuple[Array, ...], results: tuple[Array, ...], sizes: tuple[int, ...]) -> None:
    """One call."""
    places = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, *results)]
    getattr(library(), f"naive_{name}")(*places, (ctypes.c_int * len(sizes))(*sizes))


def _caps_sizes(P: Array, W: Array, stride: int) -> tuple[int, ...]:
    n, ci, h, w, i, k = P.shape
    co, _, kh, kw, _, j = W.shape
    return n, ci, h, w, i, k, co, kh, kw, j, stride, (h - kh) // stride + 1, (w - kw) // stride + 1


def conv_caps(P: Array, W: Array, *, stride: int) -> Array:
    """As in the formula."""
    sizes = _caps_sizes(P, W, stride)
    V = np.empty((P.shape[0], W.shape[0], *sizes[11:], P.shape[4], W.shape[5]), P.dtype)
    call("conv_caps", (P, W), (V,), sizes)
    return V


def caps_votes(P: Array, W: Array, *, stride: int) -> Array:
    """As in the formula."""
    sizes = _caps_sizes(P, W, stride)
    V = np.empty((P.shape[0], *sizes[11:], *W.shape[2:4], P.shape[1], W.shape[0], P.shape[4], W.shape[5]), P.dtype)
    call("caps_votes", (P, W), (V,), sizes)
    return V


def em_routing(P: Array, A: Array, W: Array, beta_u: Array, beta_a: Array, *, stride: int) -> tuple[Array, Array]:
    """Votes in memory, a loop nest for each line of the procedure."""
    sizes = _caps_sizes(P, W, stride)
    mu = np.empty((P.shape[0], *sizes[11:], W.shape[0], P.shape[4], W.shape[5]), P.dtype)
    act = np.empty(mu.shape[:4], P.dtype)
    call("em_routing", (P, A, W, beta_u, beta_a), (mu, act), (*sizes, 3))
    return mu, act


def dynamic_routing(U: Array, W: Array) -> Array:
    """Predictions in memory."""
    v = np.empty((U.shape[0], W.shape[1], W.shape[3]), U.dtype)
    call("dynamic_routing", (U, W), (v,), (*U.shape[:2], W.shape[1], U.shape[2], W.shape[3], 3))
    return v


def matmul(A: Array, B: Array) -> Array:
    """Rows of B added up."""
    if A.dtype != np.float32:
        raise NotImplementedError("written for float")
    return _one("matmul", (A, B), (A.shape[0], B.shape[1]), (A.shape[0], B.shape[1], A.shape[1]))


def batched_matmul(A: Array, B: Array) -> Array:
    """Three loops for each pair."""
    return _one("batched_matmul", (A, B), (*A.shape[:2], B.shape[2]), (*A.shape[:2], B.shape[2], A.shape[2]))


def matrix_vector(A: Array, x: Array) -> Array:
    """A sum a row."""
    return _one("matrix_vector", (A, x), A.shape[:1], A.shape)


def max_plus(A: Array, B: Array) -> Array:
    """Rows of B, with the maximum."""
    return _one("max_plus", (A, B), (A.shape[0], B.shape[1]), (A.shape[0], B.shape[1], A.shape[1]))


def conv2d(X: Array, K: Array, *, padding: int) -> Array:
    """As in the formula."""
    n, _, h, w = X.shape
    return _one("conv2d", (X, K), (n, K.shape[0], h, w), (*X.shape, K.shape[0], *K.shape[2:], 1, padding, h, w))


def depthwise_conv2d(X: Array, K: Array, *, padding: int) -> Array:
    """As in the formula."""
    return _one("depthwise_conv2d", (X, K), X.shape, (*X.shape, *K.shape[1:], 1, padding, *X.shape[2:]))


def logsumexp(X: Array) -> Array:
    """The maximum, then the sum."""
    return _one("logsumexp", (X,), X.shape[:1], X.shape)


def attention(Q: Array, K: Array, V: Array, *, causal: bool = False) -> Array:
    """A query at a time."""
    sizes = (*Q.shape[:3], K.shape[2], Q.shape[3], V.shape[3], int(causal))
    return _one("attention", (Q, K, V), (*Q.shape[:3], V.shape[3]), sizes)


def window_attention(Q: Array, K: Array, V: Array, B: Array) -> Array:
    """A place at a time."""
    return _one("window_attention", (Q, K, V, B), V.shape, (*Q.shape, V.shape[4], *B.shape[1:]))


def segment_sum(X: Array, offsets: Array) -> Array:
    """Segment after segment."""
    return _one("segment_sum", (X, offsets), (len(offsets) - 1, X.shape[1]), (len(offsets) - 1, X.shape[1]))


def embedding_bag(E: Array, words: Array, offsets: Array) -> Array:
    """Bag after bag."""
    return _one("embedding_bag", (E, words, offsets), (len(offsets) - 1, E.shape[1]), (len(offsets) - 1, E.shape[1]))


def spmm(values: Array, columns: Array, offsets: Array, B: Array) -> Array:
    """Row after row."""
    shape = (len(offsets) - 1, B.shape[1])
    return _one("spmm", (values, columns, offsets, B), shape, shape)


def _one(name: str, arrays: tuple[Array, ...], shape: tuple[int, ...], sizes: tuple[int, ...]) -> Array:
    result = np.empty(shape, np.float32)
    call(name, arrays, (result,), sizes)
    return result


PEERS: Mapping[str, tuple[Callable[..., Any], ...]] = {
    function.__name__: (function,)
    for function in (
        conv_caps, caps_votes, em_routing, dynamic_routing, matmul, batched_matmul, matrix_vector, max_plus, conv2d,
        depthwise_conv2d, logsumexp, attention, window_attention, segment_sum, embedding_bag, spmm,
    )
} | {"causal_attention": (partial(attention, causal=True),)}  # fmt: skip
