# SPDX-License-Identifier: Apache-2.0
"""Places that data choose, rows of different lengths, medians."""

from __future__ import annotations

import numpy as np

import unrut as ur
from bench.workloads.workload import Array, Bar, Workload, normal
from unrut import ops

ROWS, WIDTH, TABLE, BAGS = 1_000_000, 64, 100_000, 50_000


@ur.op
def scattered_sum(X, places, *, rows: int):
    """Y[places[e], f] += X[e, f]."""
    e, f = ur.axes("e f")
    Y = ur.tensor("Y", shape=(rows, X.shape[1]))
    Y[places[e], f] += X[e, f]
    return Y


def _offsets(random: np.random.Generator, rows: int, parts: int) -> Array:
    inner = np.sort(random.integers(0, rows + 1, parts - 1))
    return np.concatenate([[0], inner, [rows]]).astype(np.int64)


def _bags() -> tuple[Array, ...]:
    random = np.random.default_rng(7)
    table = random.standard_normal((TABLE, WIDTH), dtype=np.float32)
    return table, random.integers(0, TABLE, ROWS), _offsets(random, ROWS, BAGS)


def _segments() -> tuple[Array, ...]:
    random = np.random.default_rng(7)
    return random.standard_normal((ROWS, WIDTH), dtype=np.float32), _offsets(random, ROWS, BAGS)


def _scattered() -> tuple[Array, ...]:
    random = np.random.default_rng(7)
    return random.standard_normal((ROWS, WIDTH), dtype=np.float32), random.integers(0, TABLE, ROWS)


def _csr() -> tuple[Array, ...]:
    random = np.random.default_rng(7)
    values = random.standard_normal(ROWS, dtype=np.float32)
    dense = random.standard_normal((TABLE, WIDTH), dtype=np.float32)
    return values, random.integers(0, TABLE, ROWS), _offsets(random, ROWS, TABLE), dense


def _regions() -> tuple[Array, ...]:
    random = np.random.default_rng(7)
    smooth = np.cumsum(np.cumsum(random.normal(size=(1024, 1024)), 0), 1)
    image = ((smooth - smooth.min()) / np.ptp(smooth) + 0.05 * random.random((1024, 1024))).astype(np.float32)
    return image, random.integers(0, 1009, (4096, 2)), random.integers(0, 1009, (4096, 2))


def _filter(side: int) -> Workload:
    return Workload(
        name=f"median filter {side}x{side}",
        op=ops.median_filter,
        arrays=normal((1, 1024, 1024)),
        kind="median_filter",
        parameters={"height": side, "width": side},
        bars=(Bar(by="peer", least=6.0),),
    )


GATHER = (Bar(by="gather", least=0.70),)
WORKLOADS = (
    Workload(
        name="region medians 4096x16x16",
        op=ops.region_medians,
        arrays=_regions,
        kind="region_medians",
        bars=(Bar(by="peer", least=6.0),),
    ),
    _filter(3),
    _filter(5),
    _filter(9),
    Workload(
        name="embedding bag 1e6x64",
        op=ops.embedding_bag,
        arrays=_bags,
        kind="embedding_bag",
        bars=GATHER,
        gathered=lambda arrays: [(arrays[1], arrays[0])],
    ),
    Workload(
        name="segment sum, sorted 1e6x64",
        op=ops.segment_sum,
        arrays=_segments,
        kind="segment_sum",
        bars=(Bar(by="floor", least=0.70),),
    ),
    Workload(
        name="segment sum, scattered 1e6x64",
        op=scattered_sum,
        arrays=_scattered,
        kind="scattered_sum",
        parameters={"rows": TABLE},
        bars=GATHER,
        gathered=lambda arrays: [(np.arange(ROWS), arrays[0]), (arrays[1], arrays[0][:TABLE])],  # and the sums so far
    ),
    Workload(
        name="CSR SpMM 1e6x64",
        op=ops.spmm,
        arrays=_csr,
        kind="spmm",
        bars=GATHER,
        gathered=lambda arrays: [(arrays[1], arrays[3])],
    ),
)
