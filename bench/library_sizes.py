# SPDX-License-Identifier: Apache-2.0
"""What is measured: each op of the library at one size, with the operands of a fixed seed and its naive C twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unrut import ops

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`op(*arrays, **parameters)` against `naive(*arrays, *results, sizes)` of the C peers."""

    name: str
    op: Any
    arrays: Callable[[], tuple[Array, ...]]
    naive: str
    sizes: tuple[int, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


def _normal(*shapes: tuple[int, ...]) -> Callable[[], tuple[Array, ...]]:
    def make() -> tuple[Array, ...]:
        random = np.random.default_rng(7)
        return tuple(random.standard_normal(shape, dtype=np.float32) for shape in shapes)

    return make


def _em(n: int, capsules: int, side: int) -> Callable[[], tuple[Array, ...]]:
    def make() -> tuple[Array, ...]:
        random = np.random.default_rng(7)
        poses, weights = _normal((n, capsules, side, side, 4, 4), (capsules, capsules, 3, 3, 4, 4))()
        activation = random.uniform(0.05, 0.95, (n, capsules, side, side)).astype(np.float32)
        beta = random.standard_normal((2, capsules), dtype=np.float32)
        return poses, activation, weights / 2, beta[0], beta[1]

    return make


WORKLOADS = (
    Workload(
        name="matmul 512",
        op=ops.matmul,
        arrays=_normal((512, 512), (512, 512)),
        naive="naive_matmul",
        sizes=(512, 512, 512),
    ),
    Workload(
        name="batched matmul 100000 of 4x4",
        op=ops.batched_matmul,
        arrays=_normal((100000, 4, 4), (100000, 4, 4)),
        naive="naive_batched_matmul",
        sizes=(100000, 4, 4, 4),
    ),
    Workload(
        name="conv2d 8x64x28x28 3x3",
        op=ops.conv2d,
        arrays=_normal((8, 64, 28, 28), (64, 64, 3, 3)),
        naive="naive_conv2d",
        sizes=(8, 64, 28, 28, 64, 3, 3, 1, 1, 28, 28),
        parameters={"padding": 1},
    ),
    Workload(
        name="depthwise conv2d 8x128x56x56 3x3",
        op=ops.depthwise_conv2d,
        arrays=_normal((8, 128, 56, 56), (128, 3, 3)),
        naive="naive_depthwise_conv2d",
        sizes=(8, 128, 56, 56, 3, 3, 1, 1, 56, 56),
        parameters={"padding": 1},
    ),
    Workload(
        name="transposed conv2d 4x32x28x28 4x4 stride 2",
        op=ops.transposed_conv2d,
        arrays=_normal((4, 32, 28, 28), (32, 32, 4, 4)),
        naive="naive_transposed_conv2d",
        sizes=(4, 32, 28, 28, 32, 4, 4, 2, 1, 56, 56),
        parameters={"stride": 2, "padding": 1},
    ),
    Workload(
        name="caps votes N=2",
        op=ops.caps_votes,
        arrays=_normal((2, 32, 15, 15, 4, 4), (32, 32, 3, 3, 4, 4)),
        naive="naive_caps_votes",
        sizes=(2, 32, 15, 15, 4, 4, 32, 3, 3, 4, 2, 7, 7),
        parameters={"stride": 2},
    ),
    Workload(
        name="conv caps N=8",
        op=ops.conv_caps,
        arrays=_normal((8, 32, 15, 15, 4, 4), (32, 32, 3, 3, 4, 4)),
        naive="naive_conv_caps",
        sizes=(8, 32, 15, 15, 4, 4, 32, 3, 3, 4, 2, 7, 7),
        parameters={"stride": 2},
    ),
    Workload(
        name="dynamic routing 1152x8 to 10x16, batch 32",
        op=ops.dynamic_routing,
        arrays=_normal((32, 1152, 8), (1152, 10, 8, 16)),
        naive="naive_dynamic_routing",
        sizes=(32, 1152, 10, 8, 16, 3),
    ),
    Workload(
        name="EM routing N=4",
        op=ops.em_routing,
        arrays=_em(4, 32, 14),
        naive="naive_em_routing",
        sizes=(4, 32, 14, 14, 4, 4, 32, 3, 3, 4, 2, 6, 6, 3),
        parameters={"stride": 2},
    ),
    Workload(
        name="softmax 4096x1024",
        op=ops.softmax,
        arrays=_normal((4096, 1024)),
        naive="naive_softmax",
        sizes=(4096, 1024),
    ),
    Workload(
        name="log-sum-exp 4096x1024",
        op=ops.logsumexp,
        arrays=_normal((4096, 1024)),
        naive="naive_logsumexp",
        sizes=(4096, 1024),
    ),
    Workload(
        name="layer norm 4096x1024",
        op=ops.layer_norm,
        arrays=_normal((4096, 1024), (1024,), (1024,)),
        naive="naive_layer_norm",
        sizes=(4096, 1024),
    ),
    Workload(
        name="attention L=512, 8 heads of 64",
        op=ops.attention,
        arrays=_normal(*[(1, 8, 512, 64)] * 3),
        naive="naive_attention",
        sizes=(1, 8, 512, 512, 64, 64, 0),
    ),
    Workload(
        name="causal attention L=512, 8 heads of 64",
        op=ops.causal_attention,
        arrays=_normal(*[(1, 8, 512, 64)] * 3),
        naive="naive_attention",
        sizes=(1, 8, 512, 512, 64, 64, 1),
    ),
    Workload(
        name="window attention 7x7, 2x4x32x32x16",
        op=ops.window_attention,
        arrays=_normal(*[(2, 4, 32, 32, 16)] * 3, (4, 7, 7)),
        naive="naive_window_attention",
        sizes=(2, 4, 32, 32, 16, 16, 7, 7),
    ),
    Workload(
        name="bilateral filter 4x256x256 5x5",
        op=ops.bilateral_filter,
        arrays=_normal((4, 256, 256)),
        naive="naive_bilateral_filter",
        sizes=(4, 256, 256, 2),
    ),
    Workload(
        name="dilation 4x512x512 5x5",
        op=ops.dilation,
        arrays=_normal((4, 512, 512), (5, 5)),
        naive="naive_dilation",
        sizes=(4, 512, 512, 5, 5),
    ),
)
