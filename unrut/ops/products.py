# SPDX-License-Identifier: Apache-2.0
"""Matrix products."""

from __future__ import annotations

import unrut as ur


@ur.op
def matmul(A, B):
    """The product of two matrices.

        C[i, j] = sum_k A[i, k] B[k, j]

    Shapes: A (m, p), B (p, n); C (m, n). p = 0 gives zeros.
    Dtypes: any. Rounding: one sum of p terms in the accumulator's dtype (i64 for bool and i32).
    Source: Golub and Van Loan, Matrix Computations, 4th edition (2013), section 1.1.
    """
    i, j, k = ur.axes("i j k")
    C = ur.tensor("C")
    C[i, j] = ur.sum[k](A[i, k] * B[k, j])
    return C


@ur.op
def batched_matmul(A, B):
    """A stack of matrix products, none of which sees another.

        C[b, i, j] = sum_k A[b, i, k] B[b, k, j]

    Shapes: A (batch, m, p), B (batch, p, n); C (batch, m, n). p = 0 gives zeros.
    Dtypes, rounding: as matmul.
    Source: Golub and Van Loan, Matrix Computations, 4th edition (2013), section 1.1, for each b.
    """
    b, i, j, k = ur.axes("b i j k")
    C = ur.tensor("C")
    C[b, i, j] = ur.sum[k](A[b, i, k] * B[b, k, j])
    return C
