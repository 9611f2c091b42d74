# SPDX-License-Identifier: Apache-2.0
"""Convolutional capsules. A pose is a matrix; a parent's window holds children at ky, kx, of every type ci."""

from __future__ import annotations

import unrut as ur
from unrut.ops.options import at_least


@ur.op
def caps_votes(P, W, *, stride=1):
    """What each child of a window says about each parent's pose: the child's pose times a learned transform.

        V[n, y, x, ky, kx, ci, co, i, j] = sum_k P[n, ci, stride y + ky, stride x + kx, i, k] W[co, ci, ky, kx, k, j]

    Written out, votes are kh kw co / stride^2 times as large as the poses: `routing` uses them without doing that.
    Shapes: P (n, ci, h, w, i, k), W (co, ci, kh, kw, k, j); V (n, y, x, kh, kw, ci, co, i, j) with
    y = (h - kh)//stride + 1, x = (w - kw)//stride + 1.
    Dtypes: any. Rounding: one sum of k terms in the accumulator's dtype.
    Source: Hinton, Sabour, Frosst, Matrix capsules with EM routing (ICLR 2018), section 2: V_ij = M_i W_ij.
    """
    at_least(1, stride=stride)
    n, y, x, ky, kx, ci, co, i, j, k = ur.axes("n y x ky kx ci co i j k")
    V = ur.tensor("V")
    V[n, y, x, ky, kx, ci, co, i, j] = ur.sum[k](
        P[n, ci, stride * y + ky, stride * x + kx, i, k] * W[co, ci, ky, kx, k, j]
    )
    return V


@ur.op
def conv_caps(P, W, *, stride=1):
    """A convolution whose numbers are matrices: all votes of a window summed, every child trusted alike.

        V[n, co, y, x, i, j] = sum_{ci, ky, kx, k} P[n, ci, stride y + ky, stride x + kx, i, k] W[co, ci, ky, kx, k, j]

    Shapes: P (n, ci, h, w, i, k), W (co, ci, kh, kw, k, j); V (n, co, y, x, i, j) with y, x as in
    caps_votes.
    Dtypes: any. Rounding: one sum of ci kh kw k terms in the accumulator's dtype.
    Source: Hinton, Sabour, Frosst, Matrix capsules with EM routing (ICLR 2018), sections 2 and 4.
    """
    at_least(1, stride=stride)
    n, ci, co, y, x, ky, kx, i, j, k = ur.axes("n ci co y x ky kx i j k")
    V = ur.tensor("V")
    V[n, co, y, x, i, j] = ur.sum[ci, ky, kx, k](
        P[n, ci, stride * y + ky, stride * x + kx, i, k] * W[co, ci, ky, kx, k, j]
    )
    return V
