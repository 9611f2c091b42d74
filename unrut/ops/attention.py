# SPDX-License-Identifier: Apache-2.0
"""Attention: each query takes the mean of values, weighted by how well the keys fit it. b batch, h heads."""

from __future__ import annotations

import unrut as ur


@ur.op
def attention(Q, K, V):
    """Scaled dot-product attention.

        S[b, h, q, k] = sum_d Q[b, h, q, d] K[b, h, k, d] / sqrt(D)
        Y[b, h, q, e] = sum_k softmax_k(S[b, h, q, k]) V[b, h, k, e]

    Shapes: Q (b, h, q, D), K (b, h, k, D), V (b, h, k, e); Y (b, h, q, e). No keys give zeros.
    Dtypes: f32, f64. Rounding: S is rounded; sums of D, k and k terms.
    Source: Vaswani et al., Attention Is All You Need (arXiv 1706.03762), equation (1).
    """
    b, h, q, k, d, e = ur.axes("b h q k d e")
    S, Y = ur.tensor("S"), ur.tensor("Y")
    S[b, h, q, k] = ur.sum[d](Q[b, h, q, d] * K[b, h, k, d]) / ur.sqrt(Q.shape[3])
    Y[b, h, q, e] = ur.sum[k](ur.softmax(S[b, h, q, k], along=k) * V[b, h, k, e])
    return Y


@ur.op
def causal_attention(Q, K, V):
    """Scaled dot-product attention to the present and the past: keys k <= q. Nothing is computed for the others.

        S[b, h, q, k] = sum_d Q[b, h, q, d] K[b, h, k, d] / sqrt(D)
        Y[b, h, q, e] = sum_{k <= q} exp(S[b, h, q, k] - lse[b, h, q]) V[b, h, k, e]
        lse[b, h, q] = log sum_{k <= q} exp(S[b, h, q, k])

    Shapes: Q (b, h, q, D), K (b, h, k, D), V (b, h, k, e); Y (b, h, q, e). Query 0 and key 0 are the same moment.
    Dtypes: f32, f64. Rounding: S and lse are rounded; sums of D and at most k terms.
    Source: Vaswani et al., Attention Is All You Need (arXiv 1706.03762), section 3.2.3.
    """
    b, h, q, k, d, e = ur.axes("b h q k d e")
    S, lse, Y = ur.tensor("S"), ur.tensor("lse"), ur.tensor("Y")
    S[b, h, q, k] = ur.sum[d](Q[b, h, q, d] * K[b, h, k, d]) / ur.sqrt(Q.shape[3])
    lse[b, h, q] = ur.logsumexp[k](S[b, h, q, k], where=k <= q)
    Y[b, h, q, e] = ur.sum[k](ur.exp(S[b, h, q, k] - lse[b, h, q]) * V[b, h, k, e], where=k <= q)
    return Y


@ur.op
def window_attention(Q, K, V, B):
    """Attention of each place of an image to a window around it, with a learned bias for each offset.

        S[n, h, y, x, u, v] = sum_d Q[n, h, y, x, d] K[n, h, y + u - ry, x + v - rx, d] / sqrt(D) + B[h, u, v]
        Y[n, h, y, x, e] = sum_{u, v} softmax_{u, v}(S[n, h, y, x, u, v]) V[n, h, y + u - ry, x + v - rx, e]

    over the u, v whose place lies in the image; ry = height(B)//2, rx = width(B)//2.
    Shapes: Q, K (n, h, y, x, D), V (n, h, y, x, e), B (h, u, v) with u, v odd; Y (n, h, y, x, e).
    Dtypes: f32, f64. Rounding: S and the log-sum-exp lse are rounded; sums of D and u v terms.
    Source: Ramachandran et al., Stand-Alone Self-Attention in Vision Models (arXiv 1906.05909), equations (2) and (3),
    with the bias of Liu et al., Swin Transformer (arXiv 2103.14030), equation (4), in place of relative embeddings.
    """
    n, h, y, x, u, v, d, e = ur.axes("n h y x u v d e")
    row, column = y + u - B.shape[1] // 2, x + v - B.shape[2] // 2
    inside = (row >= 0) & (row < K.shape[2]) & (column >= 0) & (column < K.shape[3])
    S, lse, Y = ur.tensor("S"), ur.tensor("lse"), ur.tensor("Y")
    fit = ur.sum[d](Q[n, h, y, x, d] * K[n, h, row, column, d]) / ur.sqrt(Q.shape[4])
    S[n, h, y, x, u, v] = ur.where(inside, fit + B[h, u, v], -ur.inf)
    lse[n, h, y, x] = ur.logsumexp[u, v](S[n, h, y, x, u, v])
    Y[n, h, y, x, e] = ur.sum[u, v](
        ur.exp(S[n, h, y, x, u, v] - lse[n, h, y, x]) * V[n, h, row, column, e], where=inside
    )
    return Y
