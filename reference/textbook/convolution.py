# SPDX-License-Identifier: Apache-2.0
"""Convolutions by padding, windows as strided views, and scattering."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unrut.reference.textbook.precision import Array, wide


def windows(X: Array, kh: int, kw: int, stride: int, padding: int) -> Array:
    """Zero-padded images as (n, c, y, x, kh, kw): every window where the filter is laid."""
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    if X.shape[2] < kh or X.shape[3] < kw:
        rows, columns = ((max(e - k, -1) // stride) + 1 for e, k in ((X.shape[2], kh), (X.shape[3], kw)))
        return np.zeros((*X.shape[:2], max(rows, 0), max(columns, 0), kh, kw), X.dtype)
    return sliding_window_view(X, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d(X: Array, K: Array, *, stride: int = 1, padding: int = 0) -> Array:
    """Windows times filters (im2col). Dumoulin and Visin (arXiv 1603.07285), section 2.4."""
    X, K = wide(X, K)
    places = windows(X, K.shape[2], K.shape[3], stride, padding)
    return np.moveaxis(np.tensordot(places, K, axes=((1, 4, 5), (1, 2, 3))), 3, 1)


def depthwise_conv2d(X: Array, K: Array, *, stride: int = 1, padding: int = 0) -> Array:
    """Each channel's windows times its own filter. Howard et al. (arXiv 1704.04861), equation (3)."""
    X, K = wide(X, K)
    places = windows(X, K.shape[1], K.shape[2], stride, padding)
    product: Array = (places * K[:, np.newaxis, np.newaxis]).sum(axis=(4, 5))
    return product


def transposed_conv2d(X: Array, K: Array, *, stride: int = 1, padding: int = 0) -> Array:
    """Every pixel stamps the filter, times its value, onto the result; the padding is cut off afterwards.

    The adjoint of a convolution: Dumoulin and Visin (arXiv 1603.07285), section 4.1.
    """
    X, K = wide(X, K)
    (n, _, h, w), (_, o, kh, kw) = X.shape, K.shape
    Y = np.zeros((n, o, max(stride * (h - 1) + kh, 0), max(stride * (w - 1) + kw, 0)), X.dtype)
    for y in range(h):
        for x in range(w):
            stamp = np.tensordot(X[:, :, y, x], K, axes=(1, 0))
            Y[:, :, stride * y : stride * y + kh, stride * x : stride * x + kw] += stamp
    return Y[:, :, padding : Y.shape[2] - padding, padding : Y.shape[3] - padding]
