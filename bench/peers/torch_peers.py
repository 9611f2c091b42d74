# SPDX-License-Identifier: Apache-2.0
"""PyTorch as an expert writes it: its own functions where it has them, array operations elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.nn import functional

from bench.peers.forms import FORMS
from bench.peers.library import Library

TORCH = Library(torch)


def _as_images(P: Any) -> Any:
    """Poses as images whose channels are (ci, k), a batch of (n, i)."""
    n, ci, h, w, i, k = P.shape
    return P.permute(0, 4, 1, 5, 2, 3).reshape(n * i, ci * k, h, w)


def _as_filters(W: Any) -> Any:
    co, ci, kh, kw, k, j = W.shape
    return W.permute(0, 5, 1, 4, 2, 3).reshape(co * j, ci * k, kh, kw)


def conv_caps(P: Any, W: Any, *, stride: int) -> Any:
    """As one convolution of images."""
    found = functional.conv2d(_as_images(P), _as_filters(W), stride=stride)
    n, i, co, j = P.shape[0], P.shape[4], W.shape[0], W.shape[5]
    return found.reshape(n, i, co, j, *found.shape[2:]).permute(0, 2, 4, 5, 1, 3).contiguous()


def conv_caps_by_poses(G: Any, W: Any, *, stride: int, height: int, width: int) -> Any:
    """As one transposed convolution of images."""
    rest = (height - W.shape[2]) % stride, (width - W.shape[3]) % stride
    found = functional.conv_transpose2d(_as_images(G), _as_filters(W), stride=stride, output_padding=rest)
    n, i, ci, k = G.shape[0], G.shape[4], W.shape[1], W.shape[4]
    return found.reshape(n, i, ci, k, height, width).permute(0, 2, 4, 5, 1, 3).contiguous()


def attention(Q: Any, K: Any, V: Any, *, causal: bool = False) -> Any:
    """Its own fused one."""
    return functional.scaled_dot_product_attention(Q, K, V, is_causal=causal)


def max_plus(A: Any, B: Any) -> Any:
    """A block of rows at a time."""
    return torch.cat([(rows[:, :, None] + B).amax(1) for rows in A.split(8)])


def layer_norm_gelu(X: Any, gain: Any, bias: Any) -> Any:
    """Two functions of its own."""
    return functional.gelu(functional.layer_norm(X, (X.shape[1],), gain, bias))


def conv2d(X: Any, K: Any, *, padding: int) -> Any:
    """Its own."""
    return functional.conv2d(X, K, padding=padding)


def conv2d_channels_last(X: Any, K: Any, *, padding: int) -> Any:
    """In the layout that oneDNN likes."""
    like = torch.channels_last
    return functional.conv2d(
        X.contiguous(memory_format=like), K.contiguous(memory_format=like), padding=padding
    ).contiguous()


def depthwise_conv2d(X: Any, K: Any, *, padding: int) -> Any:
    """Groups of one channel."""
    return functional.conv2d(X, K[:, None], padding=padding, groups=X.shape[1])


def region_medians(image: Any, tops: Any, lefts: Any, *, size: int = 16) -> Any:
    """All regions at once, then sort."""
    d = torch.arange(size)
    a, b = (image[(tops[:, k, None] + d)[:, :, None], (lefts[:, k, None] + d)[:, None, :]] for k in (0, 1))
    values = (a - b).abs().reshape(len(tops), -1)
    half = values.shape[1] // 2
    return values.sort(1).values[:, half - 1 : half + 1].mean(1)


def median_filter(X: Any, *, height: int, width: int) -> Any:
    """Windows, then its median."""
    padded = functional.pad(X[None], (width // 2, width // 2, height // 2, height // 2), mode="replicate")[0]
    return padded.unfold(1, height, 1).unfold(2, width, 1).reshape(*X.shape, -1).median(-1).values


def embedding_bag(E: Any, words: Any, offsets: Any) -> Any:
    """Its own."""
    return functional.embedding_bag(words, E, offsets, mode="sum", include_last_offset=True)


def segment_sum(X: Any, offsets: Any) -> Any:
    """Its own."""
    return torch.segment_reduce(X, "sum", offsets=offsets, axis=0)


def segment_sum_by_index(X: Any, offsets: Any) -> Any:
    """Additions at the segments' numbers."""
    numbers = torch.repeat_interleave(torch.arange(len(offsets) - 1), offsets.diff())
    return scattered_sum(X, numbers, rows=len(offsets) - 1)


def scattered_sum(X: Any, places: Any, *, rows: int) -> Any:
    """Its own."""
    return torch.zeros(rows, X.shape[1], dtype=X.dtype).index_add_(0, places, X)


def spmm(values: Any, columns: Any, offsets: Any, B: Any) -> Any:
    """Its own."""
    return torch.sparse_csr_tensor(offsets, columns, values, (len(offsets) - 1, len(B)), check_invariants=False) @ B


_FORMS: dict[str, tuple[Callable[..., Any], ...]] = {
    kind: tuple(partial(form, TORCH) for form in forms) for kind, forms in FORMS.items()
}
PEERS: dict[str, tuple[Callable[..., Any], ...]] = {
    **_FORMS,
    "conv_caps": (conv_caps, *_FORMS["conv_caps"]),
    "conv_caps_by_poses": (conv_caps_by_poses, *_FORMS["conv_caps_by_poses"]),
    "attention": (attention, *_FORMS["attention"]),
    "causal_attention": (partial(attention, causal=True),),
    "max_plus": (max_plus,),
    "layer_norm_gelu": (layer_norm_gelu,),
    "logsumexp": (lambda X: torch.logsumexp(X, 1),),
    "conv2d": (conv2d, conv2d_channels_last),
    "depthwise_conv2d": (depthwise_conv2d,),
    "region_medians": (region_medians,),
    "median_filter": (median_filter,),
    "embedding_bag": (embedding_bag,),
    "segment_sum": (segment_sum, segment_sum_by_index),
    "scattered_sum": (scattered_sum,),
    "spmm": (spmm,),
}
