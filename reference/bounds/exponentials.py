# SPDX-License-Identifier: Apache-2.0
"""Errors of `logsumexp` and `softmax`, along the last dimension.

Both are the same whatever constant c is subtracted from the terms, so the maximum's own error does not count, only its
rounding: with `d_k = x_k - c`, error `e_k + u |d_k|`, the weights `w_k = exp(d_k)` are off by `exp(e_k + u |d_k|) - 1` and
the ulps of exp, relatively, and their sum by the average of these, weighted by w.

Source: Blanchard, Higham, Higham, IMA J. Numer. Anal. 41 (2021), section 4, without its first-order approximations.
"""

from __future__ import annotations

import numpy as np

from unrut.program.types import DType
from unrut.reference.bounds.measured import Measured, anywhere, is_nan, rounding, settle
from unrut.reference.bounds.ulps import ULPS
from unrut.reference.logsumexp import logsumexp_block
from unrut.reference.places import Array, Floats


def _weights(x: Measured, dtype: DType) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights, their errors, their sum, and the relative error of the sum in a kernel."""
    r = rounding(dtype)
    largest = np.max(x.value, axis=-1, keepdims=True, initial=-np.inf)
    c = np.where(np.isfinite(largest), largest, 0.0)
    slack = np.max(x.error, axis=-1, keepdims=True, initial=0.0)
    absent = (x.value == -np.inf) & (x.error == 0)
    d = np.where(absent, 0.0, x.value - c)
    shift = x.error + r.unit * (np.abs(d) + x.error + slack)
    w = np.where(absent, 0.0, np.exp(d))
    # w expm1(shift) is exp(d + shift) - exp(d) without cancellation, unless exp(d) has vanished.
    moved = np.where(w > 0, w * np.expm1(shift), np.exp(d + shift))
    moved = moved + 2 * ULPS["exp"] * (r.unit * np.exp(d + shift) + r.tiny)
    moved = np.where(absent, 0.0, moved)
    total = w.sum(axis=-1, keepdims=True)
    relative = moved.sum(axis=-1, keepdims=True) / total
    return w, moved, total, relative + x.value.shape[-1] * r.unit * (1 + relative)


def measured_logsumexp(x: Measured, dtype: DType) -> Measured:
    """`L = c + log(sum w)`: a relative error p of the sum moves L by `-log(1 - p)` at most; log's ulps and one addition
    come on top. However large the errors of the terms are, L moves by no more than the largest of them."""
    r = rounding(dtype)
    value = logsumexp_block(x.value)
    undecided = anywhere(x.undecided)
    if x.value.shape[-1] == 0:
        return Measured(value=value, error=np.zeros(value.shape), undecided=undecided)
    total, relative = (part[..., 0] for part in _weights(x, dtype)[2:])
    most = np.max(x.error, axis=-1)
    known = Measured(value=x.value, error=np.zeros_like(x.error), undecided=x.undecided)
    without = _weights(known, dtype)[3][..., 0] + 4 * r.unit * most
    error = np.minimum(_log_moves(relative), most + _log_moves(without))
    error = error + 2 * ULPS["log"] * (r.unit * (np.abs(np.log(total)) + error) + r.tiny)
    error = error + 2 * r.unit * (np.abs(value) + error)
    special = ~np.isfinite(value) & np.isfinite(most)
    return settle(value, np.where(special | is_nan(x).any(axis=-1), 0.0, error), undecided, dtype)


def _log_moves(relative: Array) -> Array:
    return np.where(relative < 0.5, -np.log1p(-np.minimum(relative, 0.5)), np.inf)


def measured_softmax(x: Measured, dtype: DType) -> Measured:
    """`y_k = w_k / sum w`, at most `(w_k + dw_k) / ((1 - p) sum w)`, and one rounding; and no kernel leaves [0, 1] by more
    than rounding, unless a term may be NaN."""
    r = rounding(dtype)
    w, moved, total, relative = _weights(x, dtype)
    # The formula as it stands: a line of nothing but -inf, or with +inf, is NaN.
    largest = np.max(x.value, axis=-1, keepdims=True, initial=-np.inf)
    powers = np.exp(x.value - largest)
    value = powers / powers.sum(axis=-1, keepdims=True)
    p = np.minimum(relative, 0.5)
    carried = np.where(relative < 0.5, (moved + w * p) / (total * (1 - p)), np.inf)
    error = np.where(moved == 0, value * p / (1 - p), carried)
    error = error + 2 * r.unit * (value + error) + r.tiny * (moved > 0)
    finite = np.isfinite(x.error).all(axis=-1, keepdims=True)
    error = np.minimum(error, np.where(finite, 1.01, np.inf))
    sure = (finite & ~np.isfinite(largest)) | is_nan(x).any(axis=-1, keepdims=True)
    undecided = np.broadcast_to(x.undecided.any(axis=-1, keepdims=True), value.shape)
    return settle(value, np.where(sure, 0.0, error), undecided, dtype)
