# SPDX-License-Identifier: Apache-2.0
"""Ops at sizes that are worth several threads, with scratch for each: the same bits for every number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unrut import ops
from unrut.reference import evaluate_with_bounds
from unrut.testing.comparison import judge_bounded

pytestmark = pytest.mark.compiler
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "em_routing": ((2, 6, 8, 8, 4, 4), (2, 6, 8, 8), (9, 6, 3, 3, 4, 4), (9,), (9,)),
    "dynamic_routing": ((40, 70, 8), (70, 7, 8, 9)),
    "attention": ((3, 3, 95, 16), (3, 3, 87, 16), (3, 3, 87, 10)),
    "causal_attention": ((3, 3, 127, 16), (3, 3, 127, 16), (3, 3, 127, 10)),
    "window_attention": ((2, 2, 19, 17, 8), (2, 2, 19, 17, 8), (2, 2, 19, 17, 8), (2, 5, 3)),
    "layer_norm": ((531, 457), (457,), (457,)),
    "softmax": ((331, 357),),
    "matmul": ((131, 67), (67, 259)),
    "bilateral_filter": ((3, 61, 67),),
}

# One iteration: what shows here shows in the first, and bounds stay tight.
OPTIONS: dict[str, dict[str, Any]] = {"em_routing": {"iters": 1}}


@pytest.mark.parametrize("name", SHAPES)
def test_threads_share_nothing_but_the_result(name: str) -> None:
    random = np.random.default_rng(11)
    arrays: list[Any] = [random.standard_normal(shape, dtype=np.float32) for shape in SHAPES[name]]
    if name == "em_routing":
        arrays[1] = random.uniform(0.1, 0.9, SHAPES[name][1]).astype(np.float32)
    bound = getattr(ops, name).bind(*arrays, **OPTIONS.get(name, {}))
    kernel = bound.compile("c")
    assert kernel.trace.nest.kernels[-1].tasks, "too small to be parallel"

    def run(threads: int) -> tuple[Any, ...]:
        found = kernel(*arrays, threads=threads)
        return found if isinstance(found, tuple) else (found,)

    alone = run(1)
    operands = dict(zip((o.name for o in bound.program.operands), arrays, strict=True))
    wanted = evaluate_with_bounds(bound.program, operands, bound.scalars)
    for result, got in zip(bound.program.results, alone, strict=True):
        assert not judge_bounded(got, wanted[result]).problem
    for threads in (2, 3, 5, 2, 2, 4):
        assert [a.tobytes() for a in run(threads)] == [a.tobytes() for a in alone], threads


@pytest.mark.parametrize("name", SHAPES)
def test_a_second_shape_makes_sizes_run_time_and_changes_nothing(name: str) -> None:
    op, random = getattr(ops, name), np.random.default_rng(12)
    small = [tuple(min(n, 5) for n in shape) for shape in SHAPES[name]]
    larger = [tuple(n + (n == 5) for n in shape) for shape in small]
    if name == "window_attention":
        larger = [(shape[0] + 1, *shape[1:]) if k < 3 else shape for k, shape in enumerate(small)]
    if name == "em_routing":
        larger = [(*s[:2], *(n + 1 for n in s[2:4]), *s[4:]) if k < 2 else s for k, s in enumerate(small)]
    for shapes in (small, larger, small):
        arrays = [random.uniform(0.1, 0.9, shape).astype(np.float32) for shape in shapes]
        bound = op.bind(*arrays, **OPTIONS.get(name, {}))
        operands = dict(zip((o.name for o in bound.program.operands), arrays, strict=True))
        wanted = evaluate_with_bounds(bound.program, operands, bound.scalars)
        found = op(*arrays, **OPTIONS.get(name, {}))
        for result, got in zip(bound.program.results, found if isinstance(found, tuple) else (found,), strict=True):
            assert not judge_bounded(got, wanted[result]).problem
