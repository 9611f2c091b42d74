# SPDX-License-Identifier: Apache-2.0
"""Gates as matrices of the whole register."""

from __future__ import annotations

import numpy as np

from unrut.reference.textbook.precision import Array, wide


def two_qubit_gate(state: Array, gate: Array) -> Array:
    """The register's own matrix, a sum of Kronecker products, times all amplitudes. Nielsen and Chuang (2000), section 4.3."""
    state, gate = wide(state, gate)
    before, _, between, _, behind = state.shape
    whole = np.zeros((state.size, state.size), np.result_type(state, gate))
    for a, b, c, d in np.ndindex(2, 2, 2, 2):
        first, second = np.zeros((2, 2)), np.zeros((2, 2))
        first[a, c] = second[b, d] = 1
        factors = (np.eye(before), first, np.eye(between), second, np.eye(behind))
        matrix: Array = np.eye(1)
        for factor in factors:
            matrix = np.kron(matrix, factor)
        whole += gate[a, b, c, d] * matrix
    result: Array = (whole @ state.ravel()).reshape(state.shape)
    return result


def matrix_product_overlap(A: Array, B: Array) -> Array:
    """Both states written out, an amplitude for each configuration of the sites. Schollwoeck (2011), equation (37)."""
    A, B = wide(A, B)

    def amplitudes(chain: Array) -> Array:
        rows = chain[0, :, 0]
        for site in chain[1:]:
            rows = np.einsum("na,iab->nib", rows, site).reshape(-1, site.shape[2])
        found: Array = rows[:, 0]
        return found

    return np.asarray(np.vdot(amplitudes(A), amplitudes(B)))
