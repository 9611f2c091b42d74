# SPDX-License-Identifier: Apache-2.0
"""States of many two-level systems."""

from __future__ import annotations

import unrut as ur


@ur.op
def two_qubit_gate(state, gate):
    """A gate on two qubits of a register, the others left as they are.

        after[k, a, m, b, r] = sum_{c, d} gate[a, b, c, d] state[k, c, m, d, r]

    The 2^n amplitudes are seen as (before, qubit, between, qubit, behind): a view of them, state.reshape(k, 2, m, 2, r).
    Shapes: state (k, 2, m, 2, r), gate (2, 2, 2, 2) with what comes out before what goes in; after as state.
    Dtypes: c64, c128, f32, f64. Rounding: one sum of four products.
    Source: Nielsen and Chuang, Quantum Computation and Quantum Information (2000), section 4.3.
    """
    k, a, m, b, r, c, d = ur.axes("k a m b r c d")
    after = ur.tensor("after")
    after[k, a, m, b, r] = ur.sum[c, d](gate[a, b, c, d] * state[k, c, m, d, r])
    return after


@ur.op
def matrix_product_overlap(A, B):
    """The inner product of two states of a chain, each given as a product of matrices, site after site.

        E[s, x, y] = sum_{i, a, b} conj(A[s, i, a, x]) E[s-1, a, b] B[s, i, b, y],   E[-1, a, b] = 1 for a = b = 0, else 0
        overlap = E[sites-1, 0, 0]

    The first matrix counts by its first row, the last by its first column: a chain with open ends. One of no sites gives 1.
    Shapes: A (s, i, x, x'), B (s, i, y, y') with square matrices; overlap (). Dtypes: c64, c128, f32, f64.
    Rounding: two sums at every site, one over a, one over b and i.
    Source: Schollwoeck, The density-matrix renormalization group in the age of matrix product states (Annals of Physics 326,
    2011), section 4.2.1, contracted from the left.
    """
    s, i, a, b, x, y = ur.axes("s i a b x y")
    E, top, overlap = ur.tensor("E"), ur.tensor("top"), ur.tensor("overlap")
    top[s, i, x, b] = ur.sum[a](ur.conj(A[s, i, a, x]) * E[s - 1, a, b])
    E[s, x, y] = ur.sum[i, b](top[s, i, x, b] * B[s, i, b, y])
    E[-1, x, y] = ur.where((x == 0) & (y == 0), 1, 0)
    overlap[()] = E[A.shape[0] - 1, 0, 0]
    return overlap
