# SPDX-License-Identifier: Apache-2.0
"""Ranges by data on their way to C: conditions, early checks, and what kernels say of offsets out of order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.kernel import Kernel
from unrut.emitter.nest import Guard, Loop, Space
from unrut.emitter.pipeline import compile_program
from unrut.emitter.schedule.apply import stage
from unrut.emitter.schedule.plan import LoopOver
from unrut.program.nodes import Program
from unrut.program.types import DType
from unrut.program.walk import reads
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.testing.nest_interpreter import run

ROWS = ur.parse("op(x: f32[n, 3], p: i32[m]) -> y\naxis e: p[i] .. p[i + 1]\ny[i, f] = sum[e](x[e, f])").program()
X = np.arange(18, dtype=np.float32).reshape(6, 3)


def test_ranges_are_checked_before_anything_else():
    graph = emit(ROWS, stop="graph").graph
    (check,) = graph.checks
    assert check.early
    assert check.needed == "0 <= p[i] <= p[i + 1] <= x.shape[0], the range of axis e"
    assert graph.computations[0].reduction is not None


@pytest.mark.parametrize("offsets", [[0, 2, 2, 6], [3, 3, 3, 3], [0, 6], [0], [1, 4]])
def test_the_nest_gives_what_slices_give(offsets):
    got = run(emit(ROWS).nest, {"x": X, "p": np.array(offsets, np.int32)})["y"]
    want = [X[a:b].sum(axis=0) for a, b in pairwise(offsets)]
    np.testing.assert_array_equal(got, np.array(want, np.float32).reshape(-1, 3))


@pytest.mark.parametrize("offsets", [[0, 4, 3, 6], [-2, 3], [0, 7], [2**31 - 1, -(2**31)]])
@pytest.mark.compiler
def test_kernels_refuse_offsets_out_of_order(offsets):
    kernel = compiled(ROWS)
    with pytest.raises(ur.RangeError) as caught:
        kernel(X, np.array(offsets, np.int32))
    assert "0 <= p[i] <= p[i + 1] <= x.shape[0]" in caught.value.message
    assert "offsets in order" in caught.value.remedy


def compiled(program: Program) -> Kernel:
    return compile_program(program)


def loops_of(nodes) -> list[Loop]:
    """Every loop of a kernel, outermost first."""
    found = []
    for node in nodes:
        if isinstance(node, Loop):
            found += [node, *loops_of(node.body)]
        elif isinstance(node, Guard):
            found += loops_of((*node.body, *node.otherwise))
    return found


def test_conditions_on_data_bound_the_loops():
    kernel = emit(ROWS).nest.kernels[-1]
    assert [task.axis for task in kernel.tasks] == ["i"]
    (loop,) = [loop for loop in loops_of(kernel.body) if loop.axis == "e"]
    assert [read.tensor for end in (loop.start, loop.stop) for read in reads(end)] == ["y_bound", "y_bound2", "y_bound"]
    assert not any(isinstance(node, Guard) for node in loop.body)


def test_conditions_of_a_user_bound_loops_as_well():
    text = (
        "op(x: f32[50, 4], p: i64[9]) -> y\naxis i: 8\n"
        "y[i, f] = sum[e](x[e, f], where=(e >= minimum(maximum(p[i], 0), 50)) & (e < minimum(maximum(p[i + 1], 0), 50)))"
    )
    nest = emit(ur.parse(text).program()).nest
    (loop,) = [loop for loop in loops_of(nest.kernels[-1].body) if loop.axis == "e"]
    assert {read.tensor for end in (loop.start, loop.stop) for read in reads(end)} == {"y_bound", "y_bound2"}


def test_two_levels_are_loops_in_loops():
    text = (
        "op(x: f32[50], d: i32[5], s: i32[9]) -> y\naxis j: d[i] .. d[i + 1]\naxis e: s[j] .. s[j + 1]\n"
        "y[i] = sum[j, e](x[e])"
    )
    nest = emit(ur.parse(text).program()).nest
    outer, *inner = [loop for loop in loops_of(nest.kernels[-1].body) if loop.axis in ("j", "e", "e_block")]
    assert outer.axis == "j"
    assert {read.tensor for loop in inner for read in reads(loop.start)} <= {"y_bound3", "y_bound4"}


def test_what_decides_a_range_is_never_blocked_and_never_lanes():
    plan = emit(ROWS, stop="plan").plan
    entry = plan.entry("y")
    assert (entry.loops[0], entry.lanes) == (LoopOver(axis="i"), "f")


def test_copies_of_operands_are_made_after_what_is_checked_early():
    graph = stage(emit(ROWS, stop="graph").graph, ("x", "p"))
    names = [c.name for c in graph.computations]
    early = [name in graph.early for name in names]
    assert early == sorted(early, reverse=True)
    assert not {"x_staged", "p_staged"} & graph.early
    assert names.index("x_staged") < names.index("y")


RESULTS = {
    "rows": "s[e, f] = q[i]*x[e, f]",
    "rows of their own": "s[i, e] = q[i]*x[e, 0]",
    "over a base": "s[z] = 7*x[z, 1]\ns[e] = q[i]*x[e, 0]",
    "read again": "s[e] = q[i]*x[e, 0]\nt[i] = max[e](s[e], initial=-9)",
    "added": "axis z: 4\ns[z] = 0\ns[e % 4] += x[e, 1]*(i + 1)",
}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.compiler
def test_results_over_ranges_agree(name):
    target = "(s, t)" if "t[" in RESULTS[name] else "s"
    text = f"op(q: i32[4], x: i32[40, 3], p: i32[5]) -> {target}\naxis e: p[i] .. p[i + 1]\n{RESULTS[name]}"
    program = ur.parse(text).program()
    random = np.random.default_rng(3)
    for p in ([0, 7, 7, 30, 40], [3, 3, 3, 3, 3], [0, 0, 39, 39, 40]):
        arrays = {
            "q": random.integers(-9, 9, 4).astype(np.int32),
            "x": random.integers(-9, 9, (40, 3)).astype(np.int32),
            "p": np.array(p, np.int32),
        }
        want = evaluate(program, arrays)
        got = run(emit(program).nest, arrays)
        built = compiled(program)(*arrays.values())
        for k, result in enumerate(program.results):
            np.testing.assert_array_equal(got[result], want[result])
            np.testing.assert_array_equal(built[k] if isinstance(built, tuple) else built, want[result])


@pytest.mark.compiler
def test_kernels_refuse_rows_that_overlap():
    program = ur.parse("op(x: f32[9], a: i32[3], b: i32[3]) -> s\naxis e: a[i] .. b[i]\ns[e] = x[e]").program()
    with pytest.raises(ur.RangeError) as caught:
        compiled(program)(np.zeros(9, np.float32), np.array([0, 3, 4], np.int32), np.array([2, 6, 8], np.int32))
    assert "b[i] <= a[i + 1]" in caught.value.message


def test_rows_are_written_side_by_side():
    program = ur.parse(
        "op(q: f32[4096], x: f32[65536], p: i32[4097]) -> s\naxis e: p[i] .. p[i + 1]\ns[e] = q[i]*x[e]"
    ).program()
    kernel = emit(program).nest.kernels[-1]
    assert [task.axis for task in kernel.tasks] == ["i"]
    (loop,) = loops_of(kernel.body)
    assert loop.axis == "e"
    assert {read.tensor for end in (loop.start, loop.stop) for read in reads(end)} == {
        "s_cover_bound",
        "s_cover_bound2",
    }


NESTED = {
    "logits": (
        "axis e: p[i] .. p[i + 1]\ns[e] = tanh(sum[d](q[i, d]*k[g[e], d])) + 1\n"
        "y[i, f] = sum[e](softmax(s[e], along=e)*x[g[e], f])"
    ),
    "nested": "axis e: p[i] .. p[i + 1]\ny[i, f] = sum[e](softmax(sum[d](q[i, d]*k[g[e], d]), along=e)*x[g[e], f])",
    "windows": "axis e: maximum(p[i] - 1, 0) .. p[i + 1]\ny[i, f] = sum[e](max[d](q[i, d]*k[g[e], d])*x[g[e], f])",
    "two levels": (
        "axis i: c[j] .. c[j + 1]\naxis e: p[i] .. p[i + 1]\ny[j, f] = sum[i, e](max[d](q[j, d]*k[g[e], d])*x[g[e], f])"
    ),
}


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.compiler
def test_reductions_inside_of_ranges(name):
    operands = "q: f32[6, 5], k: f32[9, 5], x: f32[9, 3], g: i32[40], p: i32[7], c: i32[7]"
    program = ur.parse(f"op({operands}) -> y\n{NESTED[name]}").program()
    random = np.random.default_rng(1)
    shapes = {"q": (6, 5), "k": (9, 5), "x": (9, 3)}
    arrays = {n: random.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
    arrays |= {"g": random.integers(0, 9, 40).astype(np.int32), "c": np.array([0, 2, 2, 5, 6, 6, 6], np.int32)}
    arrays["p"] = np.sort(random.integers(0, 41, 7)).astype(np.int32)
    arrays = {o.name: arrays[o.name] for o in program.operands}
    want = evaluate_with_bounds(program, arrays)["y"]
    for got in (run(emit(program).nest, arrays)["y"], compiled(program)(*arrays.values())):
        assert (np.abs(got - want.value) <= want.bound).all()


@pytest.mark.parametrize("name", ["logits", "nested", "two levels"])
def test_what_a_place_of_a_range_needs_is_stored_by_place(name):
    operands = "q: f32[n, 5], k: f32[m, 5], x: f32[m, 3], g: i32[E], p: i32[r], c: i32[o]"
    nest = emit(ur.parse(f"op({operands}) -> y\n{NESTED[name]}").program()).nest
    stored = [b for b in nest.buffers if b.space in (Space.workspace, Space.scratch) and b.dtype is DType.f32]
    assert any(str(extent) == "E" for b in stored for extent in b.shape)
    assert all(len(b.shape) == 1 for b in stored)
