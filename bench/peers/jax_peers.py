# SPDX-License-Identifier: Apache-2.0
"""JAX as an expert writes it; everything is jitted by whoever calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from bench.peers.forms import FORMS
from bench.peers.library import Library

jax.config.update("jax_enable_x64", True)
JAX = Library(jnp)


def conv_caps(P: Any, W: Any, *, stride: int) -> Any:
    """As one convolution of images."""
    n, ci, h, w, i, k = P.shape
    co, _, kh, kw, _, j = W.shape
    images = P.transpose(0, 4, 1, 5, 2, 3).reshape(n * i, ci * k, h, w)
    filters = W.transpose(0, 5, 1, 4, 2, 3).reshape(co * j, ci * k, kh, kw)
    found = jax.lax.conv(images, filters, (stride, stride), "VALID")
    return found.reshape(n, i, co, j, *found.shape[2:]).transpose(0, 2, 4, 5, 1, 3)


def max_plus(A: Any, B: Any) -> Any:
    """Row by row, fused."""
    return jax.lax.map(lambda row: (row[:, None] + B).max(0), A)


def layer_norm_gelu(X: Any, gain: Any, bias: Any) -> Any:
    """Fused by the compiler."""
    centred = X - X.mean(1, keepdims=True)
    Z = gain * centred / jnp.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) + bias
    return jax.nn.gelu(Z, approximate=False)


def conv2d(X: Any, K: Any, *, padding: int, groups: int = 1) -> Any:
    """Its own."""
    return jax.lax.conv_general_dilated(X, K, (1, 1), [(padding, padding)] * 2, feature_group_count=groups)


def depthwise_conv2d(X: Any, K: Any, *, padding: int) -> Any:
    """Groups of one channel."""
    return conv2d(X, K[:, None], padding=padding, groups=X.shape[1])


def depthwise_by_shifts(X: Any, K: Any, *, padding: int) -> Any:
    """Shifted images, fused."""
    padded, (height, width) = JAX.padded(X, padding), X.shape[2:]
    return sum(
        padded[:, :, a : a + height, b : b + width] * K[:, a, b][:, None, None]
        for a in range(K.shape[1])
        for b in range(K.shape[2])
    )


def region_medians(image: Any, tops: Any, lefts: Any, *, size: int = 16) -> Any:
    """All regions at once, then sort."""
    d = jnp.arange(size)
    a, b = (image[(tops[:, k, None] + d)[:, :, None], (lefts[:, k, None] + d)[:, None, :]] for k in (0, 1))
    return jnp.median(jnp.abs(a - b).reshape(len(tops), -1), axis=1)


def median_filter(X: Any, *, height: int, width: int) -> Any:
    """Windows, then sort."""
    padded = jnp.pad(X, [(0, 0), (height // 2,) * 2, (width // 2,) * 2], mode="edge")
    near = [padded[:, a : a + X.shape[1], b : b + X.shape[2]] for a in range(height) for b in range(width)]
    return jnp.sort(jnp.stack(near, -1), -1)[..., len(near) // 2]


def _numbers(offsets: Any, total: int) -> Any:
    return jnp.searchsorted(offsets, jnp.arange(total), side="right") - 1


def segment_sum(X: Any, offsets: Any) -> Any:
    """Its own, told that numbers are in order."""
    numbers = _numbers(offsets, len(X))
    return jax.ops.segment_sum(X, numbers, len(offsets) - 1, indices_are_sorted=True)


def embedding_bag(E: Any, words: Any, offsets: Any) -> Any:
    """Rows, then segments."""
    return segment_sum(E[words], offsets)


def scattered_sum(X: Any, places: Any, *, rows: int) -> Any:
    """Its own."""
    return jax.ops.segment_sum(X, places, rows)


def spmm(values: Any, columns: Any, offsets: Any, B: Any) -> Any:
    """Rows times values, then segments."""
    return segment_sum(values[:, None] * B[columns], offsets)


_FORMS: dict[str, tuple[Callable[..., Any], ...]] = {
    kind: tuple(partial(form, JAX) for form in forms) for kind, forms in FORMS.items()
}
PEERS: dict[str, tuple[Callable[..., Any], ...]] = {
    **_FORMS,
    "conv_caps": (conv_caps, *_FORMS["conv_caps"]),
    "max_plus": (max_plus,),
    "layer_norm_gelu": (layer_norm_gelu,),
    "logsumexp": (lambda X: jax.nn.logsumexp(X, 1),),
    "conv2d": (conv2d,),
    "depthwise_conv2d": (depthwise_conv2d, depthwise_by_shifts),
    "region_medians": (region_medians,),
    "median_filter": (median_filter,),
    "embedding_bag": (embedding_bag,),
    "segment_sum": (segment_sum,),
    "scattered_sum": (scattered_sum,),
    "spmm": (spmm,),
}
