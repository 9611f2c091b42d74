# SPDX-License-Identifier: Apache-2.0
"""Functions of whole rows by NumPy's own reductions."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def softmax(X: Array) -> Array:
    """exp(x) over the row's sum of it, in the log domain. Blanchard, Higham, Higham (2021), section 1."""
    (X,) = wide(X)
    result: Array = np.exp(X - np.logaddexp.reduce(X, axis=1, keepdims=True))
    return result


def logsumexp(X: Array) -> Array:
    """log(exp(x_1) + exp(x_2) + ...), two terms at a time. Blanchard, Higham, Higham (2021), section 1."""
    (X,) = wide(X)
    result: Array = np.logaddexp.reduce(X, axis=1, initial=-np.inf)
    return result


def layer_norm(X: Array, gain: Array, bias: Array, *, eps: float = 1e-5) -> Array:
    """(x - mean) / sqrt(variance + eps), stretched and shifted. Ba, Kiros, Hinton (arXiv 1607.06450), equation (4)."""
    X, gain, bias = wide(X, gain, bias)
    result: Array = (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, keepdims=True) + eps) * gain + bias
    return result
