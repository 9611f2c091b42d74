# SPDX-License-Identifier: Apache-2.0
"""Matrix products by rows of dot products and by NumPy's `@`."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def matmul(A: Array, B: Array) -> Array:
    """C = A B, entry (i, j) is the dot product of row i and column j. Golub and Van Loan (2013), section 1.1."""
    A, B = wide(A, B)
    return A @ B


def batched_matmul(A: Array, B: Array) -> Array:
    """C_b = A_b B_b for each b, summed up from outer products. Golub and Van Loan (2013), section 1.1.12."""
    A, B = wide(A, B)
    C = np.zeros((A.shape[0], A.shape[1], B.shape[2]), A.dtype)
    for k in range(A.shape[2]):
        C += A[:, :, k, np.newaxis] * B[:, np.newaxis, k, :]
    return C
