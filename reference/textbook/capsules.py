# SPDX-License-Identifier: Apache-2.0
"""Capsule votes as stacks of matrix products over windows."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unrut.reference.textbook.precision import Array, wide


def caps_votes(P: Array, W: Array, *, stride: int = 1) -> Array:
    """V_ij = M_i W_ij for each child i of a window and each parent j. Hinton, Sabour, Frosst (ICLR 2018), section 2."""
    P, W = wide(P, W)
    places = sliding_window_view(P, W.shape[2:4], axis=(2, 3))[:, :, ::stride, ::stride]
    # (n, ci, y, x, i, k, ky, kx) to (n, y, x, ky, kx, ci, 1, i, k);
    # W from (co, ci, ky, kx, k, j) to (ky, kx, ci, co, k, j).
    M = np.transpose(places, (0, 2, 3, 6, 7, 1, 4, 5))[:, :, :, :, :, :, np.newaxis]
    votes: Array = M @ np.transpose(W, (2, 3, 1, 0, 4, 5))
    return votes


def conv_caps(P: Array, W: Array, *, stride: int = 1) -> Array:
    """All votes of a window summed. Hinton, Sabour, Frosst (ICLR 2018), sections 2 and 4."""
    votes = caps_votes(P, W, stride=stride).sum(axis=(3, 4, 5))
    return np.moveaxis(votes, 3, 1)
