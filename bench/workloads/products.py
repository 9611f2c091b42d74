# SPDX-License-Identifier: Apache-2.0
"""Products of matrices, of many small ones, of a matrix and a vector, over another semiring; a gate on two qubits."""

from __future__ import annotations

from typing import Any

import numpy as np

import unrut as ur
from bench.workloads.workload import Bar, Workload, normal
from unrut import ops


@ur.op
def matrix_vector(A, x):
    """y[i] = sum_j A[i, j] x[j]."""
    i, j = ur.axes("i j")
    y = ur.tensor("y")
    y[i] = ur.sum[j](A[i, j] * x[j])
    return y


def _matmul(name: str, m: int, k: int, n: int, dtype: Any = np.float32, most_threads: int | None = None) -> Workload:
    return Workload(
        name=f"matmul {name}",
        op=ops.matmul,
        arrays=normal((m, k), (k, n), dtype=dtype),
        kind="matmul",
        bars=(Bar(by="peer", least=1.0),),
        most_threads=most_threads,
    )


WORKLOADS = (
    _matmul("1024 f32", 1024, 1024, 1024),
    _matmul("1024 f64", 1024, 1024, 1024, np.float64),
    _matmul("64x4096x64", 64, 4096, 64),
    _matmul("200^3", 200, 200, 200),
    _matmul("64^3, one thread", 64, 64, 64, most_threads=1),
    Workload(
        name="1e6 products of 4x4",
        op=ops.batched_matmul,
        arrays=normal((1_000_000, 4, 4), (1_000_000, 4, 4)),
        kind="batched_matmul",
        bars=(Bar(by="floor", least=0.80),),
    ),
    Workload(
        name="matrix-vector 8192",
        op=matrix_vector,
        arrays=normal((8192, 8192), (8192,)),
        kind="matrix_vector",
        bars=(Bar(by="floor", least=0.80),),
    ),
    Workload(
        name="two-qubit gate, 22 qubits",
        op=ops.two_qubit_gate,
        arrays=normal((64, 2, 128, 2, 128), (2, 2, 2, 2), dtype=np.complex128),
        kind="two_qubit_gate",
        bars=(Bar(by="floor", least=0.70),),
    ),
    Workload(
        name="max-plus 1024",
        op=ops.max_plus,
        arrays=normal((1024, 1024), (1024, 1024)),
        kind="max_plus",
        bars=(Bar(by="floor", least=0.75),),
    ),
)
