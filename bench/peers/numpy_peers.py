# SPDX-License-Identifier: Apache-2.0
"""NumPy (and SciPy where it has the very function) as an expert writes it. Products go to its OpenBLAS."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.peers.forms import FORMS
from bench.peers.library import Library

Array = np.ndarray[Any, Any]
NUMPY = Library(np)


def batched_by_einsum(A: Array, B: Array) -> Array:
    """Loops in C, no call for each pair."""
    return np.einsum("bik,bkj->bij", A, B)


def max_plus(A: Array, B: Array) -> Array:
    """Row by row, so that what is between stays in cache."""
    found = np.empty((A.shape[0], B.shape[1]), A.dtype)
    between = np.empty_like(B)
    for i, row in enumerate(A):
        np.add(row[:, None], B, out=between)
        between.max(axis=0, out=found[i])
    return found


def layer_norm_gelu(X: Array, gain: Array, bias: Array) -> Array:
    """In place where that is possible."""
    from scipy.special import erf

    Z = X - X.mean(axis=1, keepdims=True)
    Z *= 1 / np.sqrt(np.einsum("nc,nc->n", Z, Z) / X.shape[1] + np.float32(1e-5))[:, None]
    Z *= gain
    Z += bias
    Y = Z * np.float32(0.7071067811865476)
    erf(Y, out=Y)
    Y += 1
    Y *= Z
    Y *= np.float32(0.5)
    return Y


def logsumexp(X: Array) -> Array:
    """With the maximum taken away."""
    top = X.max(axis=1, keepdims=True)
    shifted = X - top
    np.exp(shifted, out=shifted)
    return np.log(shifted.sum(axis=1)) + top[:, 0]


def conv2d(X: Array, K: Array, *, padding: int) -> Array:
    """Unfold, one matrix product for each image."""
    o, c, kh, kw = K.shape
    w = np.lib.stride_tricks.sliding_window_view(NUMPY.padded(X, padding), (kh, kw), (2, 3))
    n, _, y, x = w.shape[:4]
    columns = w.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * kh * kw, y * x)
    return (K.reshape(o, -1) @ columns).reshape(n, o, y, x)


def depthwise_conv2d(X: Array, K: Array, *, padding: int) -> Array:
    """Shifted images, one after the other."""
    padded = NUMPY.padded(X, padding)
    found, between = np.zeros_like(X), np.empty_like(X)
    for a in range(K.shape[1]):
        for b in range(K.shape[2]):
            shifted = padded[:, :, a : a + X.shape[2], b : b + X.shape[3]]
            found += np.multiply(shifted, K[:, a, b][:, None, None], out=between)
    return found


def region_medians(image: Array, tops: Array, lefts: Array, *, size: int = 16) -> Array:
    """All regions at once, then partition."""
    d = np.arange(size)
    a, b = (image[(tops[:, k, None] + d)[:, :, None], (lefts[:, k, None] + d)[:, None, :]] for k in (0, 1))
    return np.median(np.abs(a - b).reshape(len(tops), -1), axis=1, overwrite_input=True)


def median_filter(X: Array, *, height: int, width: int) -> Array:
    """Windows, then partition."""
    padded = np.pad(X, [(0, 0), (height // 2,) * 2, (width // 2,) * 2], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), (1, 2))
    flat = windows.reshape(*X.shape, height * width)
    return np.partition(flat, flat.shape[-1] // 2, axis=-1)[..., flat.shape[-1] // 2]


def median_filter_scipy(X: Array, *, height: int, width: int) -> Array:
    """SciPy's own."""
    from scipy import ndimage

    return ndimage.median_filter(X, (1, height, width), mode="nearest")


def _sums(rows: Array, offsets: Array) -> Array:
    found = np.add.reduceat(np.concatenate([rows, np.zeros_like(rows[:1])]), offsets[:-1], axis=0)
    found[np.diff(offsets) == 0] = 0
    return found


def _csr(values: Array, columns: Array, offsets: Array, rows: int) -> Any:
    from scipy import sparse

    return sparse.csr_array((values, columns, offsets), shape=(len(offsets) - 1, rows))


def embedding_bag(E: Array, words: Array, offsets: Array) -> Array:
    """Rows, then sums of stretches."""
    return _sums(E[words], offsets)


def embedding_bag_scipy(E: Array, words: Array, offsets: Array) -> Array:
    """A sparse matrix of ones."""
    return _csr(np.ones(len(words), E.dtype), words, offsets, len(E)) @ E


def segment_sum_scipy(X: Array, offsets: Array) -> Array:
    """The same, of rows in their order."""
    return _csr(np.ones(len(X), X.dtype), np.arange(len(X)), offsets, len(X)) @ X


def scattered_sum(X: Array, places: Array, *, rows: int) -> Array:
    """One column after the other would be `bincount`; this is `add.at`."""
    found = np.zeros((rows, X.shape[1]), X.dtype)
    np.add.at(found, places, X)
    return found


def scattered_sum_scipy(X: Array, places: Array, *, rows: int) -> Array:
    """A sparse matrix of ones."""
    from scipy import sparse

    ones = np.ones(len(X), X.dtype)
    return sparse.csr_array((ones, (places, np.arange(len(X)))), shape=(rows, len(X))) @ X


def spmm(values: Array, columns: Array, offsets: Array, B: Array) -> Array:
    """SciPy's product."""
    return _csr(values, columns, offsets, len(B)) @ B


PEERS: dict[str, tuple[Callable[..., Any], ...]] = {
    **{kind: tuple(partial(form, NUMPY) for form in forms) for kind, forms in FORMS.items()},
    "max_plus": (max_plus,), "layer_norm_gelu": (layer_norm_gelu,), "logsumexp": (logsumexp,), "conv2d": (conv2d,),
    "depthwise_conv2d": (depthwise_conv2d,), "region_medians": (region_medians,),
    "median_filter": (median_filter, median_filter_scipy), "embedding_bag": (embedding_bag, embedding_bag_scipy),
    "segment_sum": (_sums, segment_sum_scipy), "scattered_sum": (scattered_sum, scattered_sum_scipy), "spmm": (spmm,),
}  # fmt: skip
PEERS["batched_matmul"] = (*PEERS["batched_matmul"], batched_by_einsum)
