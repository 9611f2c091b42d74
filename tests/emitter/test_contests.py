# SPDX-License-Identifier: Apache-2.0
"""argmax and argmin side by side in lanes: ties go to the first place, NaN wins, in every split of a line."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.machine import AVX512
from unrut.emitter.pipeline import emit
from unrut.emitter.schedule.plan import LoopOver
from unrut.testing.nest_interpreter import run


def traced(kind: str, length: int, dtype: str, **given):
    program = ur.parse(f"op(x) -> y\ny[n] = {kind}[c](x[n, c])").program(f"{dtype}[n, {length}]")
    return emit(program, machine=AVX512, stop="nest", **given)


def hard(dtype: str, length: int) -> np.ndarray:
    """Rows with many equal terms, infinities, and NaN in some."""
    random = np.random.default_rng(5)
    if dtype == "i32":
        return random.integers(-2, 3, (12, length)).astype(np.int32)
    rows = random.choice([-np.inf, -0.0, 0.0, 1.0, np.inf], (12, length)).astype(np.float32)
    rows[:4] = -np.inf
    rows[3:8][random.random((5, length)) < 0.1] = np.nan
    rows[8:10] = random.choice([-1.0, 1.0], (2, length))
    return rows


@pytest.mark.parametrize("dtype", ["f32", "i32"])
@pytest.mark.parametrize("kind", ["argmax", "argmin"])
@pytest.mark.parametrize("length", [1, 2, 17, 64, 150])
def test_every_split_gives_the_first_of_the_best(kind, dtype, length):
    rows = hard(dtype, length)
    wanted = getattr(np, kind)(rows, axis=1)
    chosen = traced(kind, length, dtype).plan
    for block in (2, 5, 16, 64):
        entry = next(e for e in chosen.entries if e.reduce)
        changed = dataclasses.replace(
            entry, loops=(LoopOver(axis="n"),), tile=(), reduce=(LoopOver(axis="c", block=block),), lanes="c", tasks=0
        )
        entries = tuple(
            changed if e is entry else dataclasses.replace(e, loops=(LoopOver(axis="n"),), tile=(), lanes="", share=0)
            for e in chosen.entries
        )
        trace = traced(kind, length, dtype, plan=dataclasses.replace(chosen, entries=entries))
        assert np.array_equal(run(trace.nest, {"x": rows}, seed=block)["y"], wanted)


def test_long_lines_are_split():
    entry = next(e for e in traced("argmax", 1024, "f32").plan.entries if e.reduce)
    assert entry.lanes == "c"
    assert entry.reduce[-1].block == 64


@pytest.mark.compiler
@pytest.mark.parametrize("kind", ["argmax", "argmin"])
def test_compiled_lines(kind):
    rows = hard("f32", 333)
    op = ur.parse(f"op(x) -> y\ny[n] = {kind}[c](x[n, c])")
    assert np.array_equal(op(rows), getattr(np, kind)(rows, axis=1))
