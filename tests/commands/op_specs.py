# SPDX-License-Identifier: Apache-2.0
"""Specs at which the commands emit each op of the library: odd extents, some of them run-time sizes."""

from __future__ import annotations

SPECS: dict[str, tuple[str, ...]] = {
    "matmul": ("f32[n, 70]", "f32[70, 33]"),
    "batched_matmul": ("f64[8, 4, 4]", "f64[8, 4, 4]"),
    "conv2d": ("f32[2, 5, n, 29]", "f32[7, 5, 3, 5]"),
    "transposed_conv2d": ("f32[2, 5, 13, 11]", "f32[5, 7, 4, 3]"),
    "conv_caps": ("f32[2, 5, 9, 8, 4, 4]", "f32[7, 5, 3, 3, 4, 4]"),
    "dynamic_routing": ("f32[4, 30, 8]", "f32[30, 5, 8, 6]"),
    "em_routing": ("f32[1, 5, 6, 6, 4, 4]", "f32[1, 5, 6, 6]", "f32[3, 5, 3, 3, 4, 4]", "f32[3]", "f32[3]"),
    "softmax": ("f64[n, m]",),
    "logsumexp": ("f32[9, m]",),
    "layer_norm": ("f32[n, 64]", "f32[64]", "f32[64]"),
    "attention": ("f32[1, 2, 17, 8]", "f32[1, 2, 19, 8]", "f32[1, 2, 19, 5]"),
    "causal_attention": ("f32[1, 2, n, 8]", "f32[1, 2, n, 8]", "f32[1, 2, n, 8]"),
    "window_attention": ("f32[1, 2, 7, 8, 4]", "f32[1, 2, 7, 8, 4]", "f32[1, 2, 7, 8, 4]", "f32[2, 3, 5]"),
    "bilateral_filter": ("f32[2, 17, 13]",),
    "dilation": ("i32[2, 17, 13]", "i32[3, 5]"),
}
