# SPDX-License-Identifier: Apache-2.0
"""Functions of whole rows: shares, log of summed exponentials, standardised rows."""

from __future__ import annotations

import unrut as ur


@ur.op
def softmax(X):
    """The exponentials of each row as shares of their sum.

        Y[n, c] = exp(X[n, c] - max_c' X[n, c']) / sum_c' exp(X[n, c'] - max)

    Shapes: X (n, c); Y (n, c). Dtypes: f32, f64. Rounding: one exp, one sum of c terms, one division.
    Edge cases: +inf in a row, or a row of -inf alone, gives NaN; a single -inf gives 0.
    Source: Bridle, Probabilistic interpretation of feedforward network outputs (1990); shift by the maximum:
    Blanchard, Higham, Higham, Accurately computing the log-sum-exp and softmax functions (2021), section 1.
    """
    n, c = ur.axes("n c")
    Y = ur.tensor("Y")
    Y[n, c] = ur.softmax(X[n, c], along=c)
    return Y


@ur.op
def logsumexp(X):
    """The logarithm of each row's summed exponentials, without overflow.

        Y[n] = log(sum_c exp(X[n, c]))

    Shapes: X (n, c); Y (n). Dtypes: f32, f64. Rounding: one sum of c values at most 1, one log.
    Edge cases: -inf for c = 0 and for a row of -inf alone, +inf where a row holds it; NaN propagates.
    Source: Blanchard, Higham, Higham, Accurately computing the log-sum-exp and softmax functions (2021), section 1.
    """
    n, c = ur.axes("n c")
    Y = ur.tensor("Y")
    Y[n] = ur.logsumexp[c](X[n, c])
    return Y


@ur.op
def layer_norm(X, gain, bias, *, eps=1e-5):
    """Each row shifted to mean 0, scaled to variance 1, then stretched and shifted by learned numbers.

        mu[n] = sum_c X[n, c] / C,   var[n] = sum_c (X[n, c] - mu[n])^2 / C
        Y[n, c] = gain[c] (X[n, c] - mu[n]) / sqrt(var[n] + eps) + bias[c]

    Shapes: X (n, c), gain (c), bias (c); Y (n, c). Dtypes: f32, f64. Rounding: mu and var, two sums of c terms.
    Edge cases: a constant row gives bias, up to the rounding of mu magnified by gain / sqrt(eps). `eps` is a run-time scalar.
    Source: Ba, Kiros, Hinton, Layer Normalization (arXiv 1607.06450), equations (3) and (4).
    """
    n, c = ur.axes("n c")
    mu, var, Y = ur.tensor("mu"), ur.tensor("var"), ur.tensor("Y")
    mu[n] = ur.sum[c](X[n, c]) / X.shape[1]
    var[n] = ur.sum[c]((X[n, c] - mu[n]) ** 2) / X.shape[1]
    Y[n, c] = gain[c] * (X[n, c] - mu[n]) / ur.sqrt(var[n] + eps) + bias[c]
    return Y
