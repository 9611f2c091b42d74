# SPDX-License-Identifier: Apache-2.0
"""Matrix products over other semirings than the real numbers: paths, schedules, reachability."""

from __future__ import annotations

import unrut as ur


@ur.op
def max_plus(A, B):
    """The product of two matrices where sums are maxima and products are sums: longest ways in two legs.

        C[i, j] = max_k (A[i, k] + B[k, j])

    Shapes: A (m, p), B (p, n) with p > 0; C (m, n). Dtypes: f32, f64, i32, i64. Rounding: one addition.
    Edge cases: -inf is this semiring's zero, "no way"; -inf + inf and NaN give NaN.
    Source: Cuninghame-Green, Minimax Algebra (1979), chapter 1.
    """
    i, j, k = ur.axes("i j k")
    C = ur.tensor("C")
    C[i, j] = ur.max[k](A[i, k] + B[k, j])
    return C


@ur.op
def min_plus(A, B):
    """The product of two matrices where sums are minima and products are sums: shortest ways in two legs.

        C[i, j] = min_k (A[i, k] + B[k, j])

    Shapes: A (m, p), B (p, n) with p > 0; C (m, n). Dtypes: f32, f64, i32, i64. Rounding: one addition.
    Edge cases: inf is this semiring's zero, "no way"; inf - inf and NaN give NaN.
    Source: Simon, Recognizable sets with multiplicities in the tropical semiring (MFCS 1988), section 2.
    """
    i, j, k = ur.axes("i j k")
    C = ur.tensor("C")
    C[i, j] = ur.min[k](A[i, k] + B[k, j])
    return C


@ur.op
def or_and(A, B):
    """The product of two relations: whether there is a k that i leads to and that leads to j.

        C[i, j] = or_k (A[i, k] and B[k, j])

    Shapes: A (m, p), B (p, n); C (m, n), bool. p = 0 gives False.
    Dtypes: any; a number stands for whether it is not 0 (NaN is not). Rounding: none.
    Source: Warshall, A theorem on Boolean matrices (Journal of the ACM 9(1), 1962).
    """
    i, j, k = ur.axes("i j k")
    C = ur.tensor("C")
    C[i, j] = ur.any[k]((A[i, k] != 0) & (B[k, j] != 0))
    return C
