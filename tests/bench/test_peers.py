# SPDX-License-Identifier: Apache-2.0
"""Every peer computes what the reference says, at sizes that are quick; without its package it is skipped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.agreement import Agreement, disagreement
from bench.peers.systems import installed, peers_of, results_of
from bench.workloads import WORKLOADS
from bench.workloads.workload import Workload

random = np.random.default_rng(5)


def normal(*shapes: tuple[int, ...], dtype: type = np.float32) -> Callable[[], tuple[np.ndarray, ...]]:
    return lambda: tuple(random.standard_normal(shape).astype(dtype) for shape in shapes)


def offsets(rows: int, parts: int) -> np.ndarray:
    return np.concatenate([[0], np.sort(random.integers(0, rows + 1, parts - 1)), [rows]]).astype(np.int64)


POSES, WEIGHTS = (2, 3, 7, 7, 4, 4), (5, 3, 3, 3, 4, 4)
SMALL: dict[str, Callable[[], tuple[np.ndarray, ...]]] = {
    "conv_caps": normal(POSES, WEIGHTS),
    "conv_caps_by_poses": normal((2, 5, 7, 7, 4, 4), WEIGHTS),
    "conv_caps_by_weights": normal((2, 3, 7, 7, 4, 4), (2, 5, 3, 3, 4, 4)),
    "caps_votes": normal(POSES, WEIGHTS),
    "em_routing": lambda: (
        *normal(POSES)(),
        random.uniform(0.1, 0.9, POSES[:4]).astype(np.float32),
        *normal(WEIGHTS, (5,), (5,))(),
    ),
    "dynamic_routing": normal((3, 20, 8), (20, 10, 8, 16)),
    "matmul": normal((20, 30), (30, 10)),
    "batched_matmul": normal((50, 4, 4), (50, 4, 4)),
    "matrix_vector": normal((30, 40), (40,)),
    "two_qubit_gate": lambda: tuple(
        (random.standard_normal(s) + 1j * random.standard_normal(s)) for s in ((2, 2, 4, 2, 4), (2,) * 4)
    ),
    "max_plus": normal((20, 30), (30, 10)),
    "attention": normal(*[(1, 2, 20, 8)] * 3),
    "causal_attention": normal(*[(1, 2, 20, 8)] * 3),
    "window_attention": normal(*[(1, 2, 8, 9, 4)] * 3, (2, 7, 7)),
    "minimal_gated_unit": normal((5, 3, 16), (3, 16), (2, 16, 16), (2, 16, 16), (2, 16), (2, 16)),
    "layer_norm_gelu": normal((20, 32), (32,), (32,)),
    "logsumexp": normal((20, 30)),
    "conv2d": normal((2, 3, 8, 9), (4, 3, 3, 3)),
    "depthwise_conv2d": normal((2, 3, 8, 9), (3, 3, 3)),
    "region_medians": lambda: (
        np.abs(*normal((40, 40))()), random.integers(0, 24, (30, 2)), random.integers(0, 24, (30, 2))
    ),
    "median_filter": normal((1, 20, 22)),
    "embedding_bag": lambda: (*normal((30, 8))(), random.integers(0, 30, 50), offsets(50, 12)),
    "segment_sum": lambda: (*normal((50, 8))(), offsets(50, 12)),
    "scattered_sum": lambda: (*normal((50, 8))(), random.integers(0, 30, 50)),
    "spmm": lambda: (*normal((50,))(), random.integers(0, 30, 50), offsets(50, 12), *normal((30, 8))()),
    "einsum": lambda: (),
}  # fmt: skip
OTHER = {"conv_caps_by_poses": {"height": 15, "width": 15}, "scattered_sum": {"rows": 30}}


def one_of(kind: str) -> Workload:
    return next(w for w in WORKLOADS if w.kind == kind)


def operands(workload: Workload) -> tuple[np.ndarray, ...]:
    if workload.kind != "einsum":
        return SMALL[workload.kind]()
    left, right = workload.name.split("-")[1:]
    extents = {letter: 2 + k for k, letter in enumerate(sorted(set(left + right)))}
    return normal(*(tuple(extents[letter] for letter in part) for part in (left, right)))()


def test_every_kind_has_a_small_case():
    assert set(SMALL) == {w.kind for w in WORKLOADS}


slow, compiler = pytest.mark.slow, pytest.mark.compiler
SYSTEMS = ["numpy", "torch", "jax", pytest.param("numba", marks=slow), pytest.param("naive", marks=compiler)]


@pytest.mark.parametrize("kind", sorted(SMALL))
@pytest.mark.parametrize("system", SYSTEMS)
def test_peers_are_right(system: str, kind: str):
    if not installed(system):
        pytest.skip(f"{system} is not installed")
    workload = one_of(kind)
    arrays = operands(workload)
    parameters = {**workload.parameters, **OTHER.get(kind, {})}
    wanted = results_of(workload.op.bind(*arrays, **parameters).reference(*arrays))
    for peer in peers_of(system, workload):
        try:
            found = peer.prepare(arrays, {**parameters, **workload.details.get("peers", {})})
        except ModuleNotFoundError as error:
            pytest.skip(str(error))
        assert not disagreement(found, list(map(np.asarray, wanted)), Agreement.of(kind)), peer.name
