# SPDX-License-Identifier: Apache-2.0
"""Convolutional capsules, their gradients, their votes written out, and routing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import unrut as ur
from bench.workloads.workload import Array, Bar, Workload, normal
from unrut import ops


@ur.op
def conv_caps_by_poses(G, W, *, stride: int, height: int, width: int):
    """D[n, ci, h, w, i, k] = sum_{co, ky, kx, j} G[n, co, (h - ky)/stride, (w - kx)/stride, i, j] W[co, ci, ky, kx, k, j]."""
    n, ci, co, ky, kx, i, j, k = ur.axes("n ci co ky kx i j k")
    h, w = ur.axis("h", height), ur.axis("w", width)
    up, left = h - ky, w - kx
    seen = (up >= 0) & (up // stride < G.shape[2]) & (left >= 0) & (left // stride < G.shape[3])
    D = ur.tensor("D")
    D[n, ci, h, w, i, k] = ur.sum[co, ky, kx, j](
        G[n, co, up // stride, left // stride, i, j] * W[co, ci, ky, kx, k, j],
        where=seen & (up % stride == 0) & (left % stride == 0),
    )
    return D


@ur.op
def conv_caps_by_weights(P, G, *, stride: int, kernel: int):
    """D[co, ci, ky, kx, k, j] = sum_{n, y, x, i} P[n, ci, stride y + ky, stride x + kx, i, k] G[n, co, y, x, i, j]."""
    n, ci, co, y, x, i, j, k = ur.axes("n ci co y x i j k")
    ky, kx = ur.axis("ky", kernel), ur.axis("kx", kernel)
    D = ur.tensor("D")
    D[co, ci, ky, kx, k, j] = ur.sum[n, y, x, i](
        P[n, ci, stride * y + ky, stride * x + kx, i, k] * G[n, co, y, x, i, j]
    )
    return D


def _conv_caps(name: str, n: int, ci: int, co: int, kernel: int, least: float) -> Workload:
    return Workload(
        name=name,
        op=ops.conv_caps,
        arrays=normal((n, ci, 15, 15, 4, 4), (co, ci, kernel, kernel, 4, 4)),
        kind="conv_caps",
        parameters={"stride": 2},
        bars=(Bar(by="floor", least=least),),
    )


def _em() -> Callable[[], tuple[Array, ...]]:
    def make() -> tuple[Array, ...]:
        random = np.random.default_rng(7)
        poses, weights = normal((4, 32, 14, 14, 4, 4), (32, 32, 3, 3, 4, 4))()
        activation = random.uniform(0.05, 0.95, (4, 32, 14, 14)).astype(np.float32)
        beta = random.standard_normal((2, 32), dtype=np.float32)
        return poses, activation, weights / 2, beta[0].copy(), beta[1].copy()

    return make


WORKLOADS = (
    _conv_caps("conv_caps N=8", 8, 32, 32, 3, 0.92),
    _conv_caps("conv_caps N=64", 64, 32, 32, 3, 0.90),
    _conv_caps("conv_caps N=8, 17 to 29, 5x5", 8, 17, 29, 5, 0.88),
    _conv_caps("conv_caps N=3, 116 columns", 3, 32, 29, 3, 0.85),
    Workload(
        name="conv_caps gradient by P",
        op=conv_caps_by_poses,
        arrays=normal((8, 32, 7, 7, 4, 4), (32, 32, 3, 3, 4, 4)),
        kind="conv_caps_by_poses",
        parameters={"stride": 2, "height": 15, "width": 15},
        bars=(Bar(by="floor", least=0.80),),
    ),
    Workload(
        name="conv_caps gradient by W",
        op=conv_caps_by_weights,
        arrays=normal((8, 32, 15, 15, 4, 4), (8, 32, 7, 7, 4, 4)),
        kind="conv_caps_by_weights",
        parameters={"stride": 2, "kernel": 3},
        bars=(Bar(by="floor", least=0.80),),
    ),
    Workload(
        name="caps_votes N=8",
        op=ops.caps_votes,
        arrays=normal((8, 32, 15, 15, 4, 4), (32, 32, 3, 3, 4, 4)),
        kind="caps_votes",
        parameters={"stride": 2},
        bars=(Bar(by="floor", least=0.70),),
    ),
    Workload(
        name="EM routing N=4",
        op=ops.em_routing,
        arrays=_em(),
        kind="em_routing",
        parameters={"stride": 2},
        bars=(Bar(by="floor", least=0.60),),
    ),
    Workload(
        name="dynamic routing 1152x8 to 10x16, batch 32",
        op=ops.dynamic_routing,
        arrays=normal((32, 1152, 8), (1152, 10, 8, 16)),
        kind="dynamic_routing",
        bars=(Bar(by="special", least=0.50),),
    ),
)
