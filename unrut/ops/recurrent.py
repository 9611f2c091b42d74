# SPDX-License-Identifier: Apache-2.0
"""Cells that carry a state from step to step: X (t, b, k) is a batch b of sequences of t steps."""

from __future__ import annotations

import unrut as ur


@ur.op
def gru(X, h0, W, U, bias, inner):
    """A gated recurrent unit.

        r = sigma(W_0 x + b_0 + U_0 h' + c_0),   z = sigma(W_1 x + b_1 + U_1 h' + c_1)         with h' of the step before
        n = tanh(W_2 x + b_2 + r (U_2 h' + c_2)),   h = (1 - z) n + z h'

    Shapes: X (t, b, k), h0 (b, i), W (3, i, k), U (3, i, j) with i = j, bias b (3, i), inner bias c (3, i); h (t, b, i).
    Dtypes: f32, f64. Rounding: both products and h are rounded at every step.
    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder (EMNLP 2014), section 2.3, with the reset
    gate behind the product, and z for what is kept, as cuDNN has it.
    """
    t, b, k, g, i, j = ur.axes("t b k g i j")
    u, v, h = ur.tensor("u"), ur.tensor("v"), ur.tensor("h")
    u[t, b, g, i] = ur.sum[k](W[g, i, k] * X[t, b, k]) + bias[g, i]
    v[t, b, g, i] = ur.sum[j](U[g, i, j] * h[t - 1, b, j]) + inner[g, i]
    reset, keep = (ur.sigmoid(u[t, b, gate, i] + v[t, b, gate, i]) for gate in (0, 1))
    new = ur.tanh(u[t, b, 2, i] + reset * v[t, b, 2, i])
    h[t, b, i] = (1 - keep) * new + keep * h[t - 1, b, i]
    h[-1, b, i] = h0[b, i]
    return h


@ur.op
def lstm(X, h0, c0, W, U, bias):
    """A long short-term memory.

        a_g = W_g x + U_g h' + b_g  for the gates input, forget, cell, output         with h', c' of the step before
        c = sigma(a_1) c' + sigma(a_0) tanh(a_2),   h = sigma(a_3) tanh(c)

    Shapes: X (t, b, k), h0 and c0 (b, i), W (4, i, k), U (4, i, j) with i = j, bias (4, i); h (t, b, i), c (t, b, i).
    Dtypes: f32, f64. Rounding: both products, c and h are rounded at every step.
    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997); forget gate: Gers, Schmidhuber, Cummins, Learning to
    Forget (2000), without peepholes.
    """
    t, b, k, g, i, j = ur.axes("t b k g i j")
    u, a, c, h = ur.tensor("u"), ur.tensor("a"), ur.tensor("c"), ur.tensor("h")
    u[t, b, g, i] = ur.sum[k](W[g, i, k] * X[t, b, k]) + bias[g, i]
    a[t, b, g, i] = u[t, b, g, i] + ur.sum[j](U[g, i, j] * h[t - 1, b, j])
    c[t, b, i] = ur.sigmoid(a[t, b, 1, i]) * c[t - 1, b, i] + ur.sigmoid(a[t, b, 0, i]) * ur.tanh(a[t, b, 2, i])
    h[t, b, i] = ur.sigmoid(a[t, b, 3, i]) * ur.tanh(c[t, b, i])
    c[-1, b, i] = c0[b, i]
    h[-1, b, i] = h0[b, i]
    return h, c


@ur.op
def minimal_gated_unit(X, h0, W, U, gain, bias, *, eps=1e-5):
    """A recurrent cell with one gate, whose preactivations are standardised at every step.

        f = sigma(LN_0(W_0 x + U_0 h')),   n = tanh(LN_1(W_1 x + U_1 (f h'))),   h = (1 - f) h' + f n
        LN_g(a) = gain_g (a - mean_i a) / sqrt(var_i a + eps) + bias_g

    Shapes: X (t, b, k), h0 (b, i), W (2, i, k), U (2, i, j) with i = j, gain and bias (2, i); h (t, b, i).
    Dtypes: f32, f64. Rounding: products, means, variances, f and h are rounded at every step.
    Parameters: `eps` is a run-time scalar.
    Source: Zhou, Wu, Zhang, Zhou, Minimal Gated Unit for Recurrent Neural Networks (arXiv 1603.09420), equations (6);
    Ba, Kiros, Hinton, Layer Normalization (arXiv 1607.06450), equation (4).
    """
    t, b, k, g, i, j = ur.axes("t b k g i j")
    u, f, h = ur.tensor("u"), ur.tensor("f"), ur.tensor("h")
    u[t, b, g, i] = ur.sum[k](W[g, i, k] * X[t, b, k])
    carried = (lambda j: h[t - 1, b, j], lambda j: f[t, b, j] * h[t - 1, b, j])
    normal = []
    for gate in (0, 1):
        a, mean, var = (ur.tensor(f"{name}{gate}") for name in ("a", "mean", "var"))
        a[t, b, i] = u[t, b, gate, i] + ur.sum[j](U[gate, i, j] * carried[gate](j))
        mean[t, b] = ur.sum[i](a[t, b, i]) / h0.shape[1]
        var[t, b] = ur.sum[i]((a[t, b, i] - mean[t, b]) ** 2) / h0.shape[1]
        normal.append(gain[gate, i] * (a[t, b, i] - mean[t, b]) / ur.sqrt(var[t, b] + eps) + bias[gate, i])
    f[t, b, i] = ur.sigmoid(normal[0])
    h[t, b, i] = (1 - f[t, b, i]) * h[t - 1, b, i] + f[t, b, i] * ur.tanh(normal[1])
    h[-1, b, i] = h0[b, i]
    return h


@ur.op
def selective_scan(X, delta, A, B, C, D):
    """A state space whose step length, input and output depend on the sequence itself.

        h[t, b, d, n] = exp(delta[t, b, d] A[d, n]) h[t-1, b, d, n] + delta[t, b, d] B[t, b, n] X[t, b, d]
        Y[t, b, d] = sum_n C[t, b, n] h[t, b, d, n] + D[d] X[t, b, d]                          with h = 0 before the first step

    Shapes: X and delta (t, b, d), A (d, n), B and C (t, b, n), D (d); Y (t, b, d). No steps give an empty result.
    Dtypes: f32, f64. Rounding: h is rounded at every step; one sum of n terms.
    Source: Gu and Dao, Mamba: Linear-Time Sequence Modeling with Selective State Spaces (arXiv 2312.00752), equations (2)
    and algorithm 2, B by the first-order hold of its code.
    """
    t, b, d, n = ur.axes("t b d n")
    h, Y = ur.tensor("h"), ur.tensor("Y")
    given = delta[t, b, d] * B[t, b, n] * X[t, b, d]
    h[t, b, d, n] = ur.exp(delta[t, b, d] * A[d, n]) * h[t - 1, b, d, n] + given
    h[-1, b, d, n] = 0
    Y[t, b, d] = ur.sum[n](C[t, b, n] * h[t, b, d, n]) + D[d] * X[t, b, d]
    return Y
