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
