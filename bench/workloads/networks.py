# SPDX-License-Identifier: Apache-2.0
"""What networks are made of: attention, a recurrent cell, functions of rows, convolutions."""

from __future__ import annotations

import unrut as ur
from bench.workloads.workload import Bar, Workload, normal
from unrut import ops


@ur.op
def layer_norm_gelu(X, gain, bias, *, eps=1e-5):
    """Z = gain (X - mean) / sqrt(var + eps) + bias over rows, Y = Z/2 (1 + erf(Z/sqrt(2)))."""
    n, c = ur.axes("n c")
    mu, var, Z, Y = ur.tensor("mu"), ur.tensor("var"), ur.tensor("Z"), ur.tensor("Y")
    mu[n] = ur.sum[c](X[n, c]) / X.shape[1]
    var[n] = ur.sum[c]((X[n, c] - mu[n]) ** 2) / X.shape[1]
    Z[n, c] = gain[c] * (X[n, c] - mu[n]) / ur.sqrt(var[n] + eps) + bias[c]
    Y[n, c] = 0.5 * Z[n, c] * (1 + ur.erf(Z[n, c] * 0.7071067811865476))
    return Y


def _attention(name: str, causal: bool, least: float) -> Workload:
    return Workload(
        name=name,
        op=ops.causal_attention if causal else ops.attention,
        arrays=normal(*[(1, 8, 2048, 64)] * 3),
        kind="causal_attention" if causal else "attention",
        bars=(Bar(by="floor", least=least),),
    )


def _local(side: int, batch: int) -> Workload:
    return Workload(
        name=f"local attention 7x7, {batch}x{side}x{side}",
        op=ops.window_attention,
        arrays=normal(*[(batch, 4, side, side, 16)] * 3, (4, 7, 7)),
        kind="window_attention",
        bars=(Bar(by="special", least=0.50),),
    )


WORKLOADS = (
    _local(32, 2),
    _local(64, 4),
    _attention("attention L=2048", causal=False, least=0.85),
    _attention("causal attention L=2048", causal=True, least=0.80),
    Workload(
        name="minimal gated unit",
        op=ops.minimal_gated_unit,
        arrays=normal((256, 16, 256), (16, 256), (2, 256, 256), (2, 256, 256), (2, 256), (2, 256)),
        kind="minimal_gated_unit",
        bars=(Bar(by="floor", least=0.75),),
    ),
    Workload(
        name="layer norm + GELU 4096x1024",
        op=layer_norm_gelu,
        arrays=normal((4096, 1024), (1024,), (1024,)),
        kind="layer_norm_gelu",
        bars=(Bar(by="floor", least=0.80),),
    ),
    Workload(
        name="log-sum-exp 4096x1024",
        op=ops.logsumexp,
        arrays=normal((4096, 1024)),
        kind="logsumexp",
        bars=(Bar(by="floor", least=0.80),),
    ),
    Workload(
        name="conv2d 8x64x56x56 3x3",
        op=ops.conv2d,
        arrays=normal((8, 64, 56, 56), (64, 64, 3, 3)),
        kind="conv2d",
        parameters={"padding": 1},
        bars=(Bar(by="floor", least=0.88),),
    ),
    Workload(
        name="depthwise 8x128x56x56 3x3",
        op=ops.depthwise_conv2d,
        arrays=normal((8, 128, 56, 56), (128, 3, 3)),
        kind="depthwise_conv2d",
        parameters={"padding": 1},
        bars=(Bar(by="floor", least=0.70),),
    ),
)
