# SPDX-License-Identifier: Apache-2.0
"""Order statistics by networks, by selection from stored lines, by sorting: nests and kernels against the reference."""

from __future__ import annotations

import re

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.graph import analyse
from unrut.emitter.nest import Select, Sort
from unrut.emitter.pipeline import emit
from unrut.emitter.render.walk import nodes
from unrut.emitter.schedule.legal import check_legal
from unrut.emitter.schedule.plain import plain
from unrut.emitter.schedule.plan import Plan
from unrut.errors import PlanError
from unrut.program.types import DType
from unrut.reference import evaluate_with_bounds
from unrut.testing.comparison import judge_bounded
from unrut.testing.nest_interpreter import run

BODIES = {
    "median": "y[i] = median[j](x[i, j]{where})",
    "quantile": "y[i] = quantile[j](x[i, j], 0.3{where})",
    "second": "y[i] = kth_smallest[j](x[i, j], 1{where})",
    "its place": "y[i] = arg_kth_smallest[j](x[i, j], 1{where})",
    "ranks by place": "y[i] = kth_smallest[j](x[i, j], 3 - i{where})\naxis i: 3",
    "sort": "y[i, r] = kth_smallest[j](x[i, j], r{where})",
    "order": "y[i, r] = arg_kth_smallest[j](x[i, j], r{where})",
    "over two axes": "y[r] = arg_kth_smallest[i, j](x[i, j], 2*r{where})[1]\naxis r: 5",
}


def data(operand, sizes, seed):
    """Ties, special values, the ends of integers."""
    random = np.random.default_rng(seed)
    shape = tuple(e.value() if e.is_fixed else sizes[str(e)] for e in operand.shape)
    dtype = operand.dtype.numpy
    if operand.dtype.name == "bool":
        return random.random(shape) < 0.5
    drawn = random.integers(-4, 5, shape).astype(dtype)
    ends = [np.nan, np.inf, -np.inf, -0.0] if operand.dtype.is_float else [np.iinfo(dtype).max, np.iinfo(dtype).min]
    drawn.reshape(-1)[random.integers(0, max(1, drawn.size), drawn.size // 6)] = ends[random.integers(len(ends))]
    return drawn


def assert_right(text, sizes=None, seeds=(1, 2), scalars=None):
    program = ur.parse(text).program()
    trace = emit(program)
    kernel = ur.parse(text)
    for seed in seeds:
        arrays = {o.name: data(o, sizes or {}, seed) for o in program.operands}
        wanted = evaluate_with_bounds(program, arrays, scalars)["y"]
        for found in (run(trace.nest, arrays, scalars)["y"], kernel(*arrays.values(), **(scalars or {}))):
            verdict = judge_bounded(np.asarray(found), wanted)
            assert not verdict.problem, (seed, verdict.problem)
    return trace


def kinds(trace):
    return {type(node) for kernel in trace.nest.kernels for node in nodes(kernel.body)} & {Select, Sort}


@pytest.mark.compiler
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("dtype", ["f32", "i64", "bool", "u8"])
@pytest.mark.parametrize("where", ["", ", where=x[i, j] > x[0, j]"])
def test_few_terms(body, dtype, where):
    trace = assert_right(f"op(x: {dtype}[3, 9]) -> y\n" + BODIES[body].format(where=where))
    assert kinds(trace) == set(), "27 terms are a network"


@pytest.mark.compiler
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("dtype", ["f32", "i64"])
@pytest.mark.parametrize("where", ["", ", where=x[i, j] > x[0, j]"])
def test_many_terms(body, dtype, where):
    trace = assert_right(f"op(x: {dtype}[3, 40]) -> y\n" + BODIES[body].format(where=where))
    assert kinds(trace)


@pytest.mark.compiler
@pytest.mark.parametrize("dtype", [d.name for d in DType if not d.is_complex])
@pytest.mark.parametrize("where", ["", ", where=x[i, j] > x[0, j]"])
def test_every_dtype(dtype, where):
    for n in (4, 40):
        assert_right(f"op(x: {dtype}[3, {n}]) -> y\ny[i] = median[j](x[i, j]{where})")
        assert_right(f"op(x: {dtype}[3, {n}]) -> y\ny[i, r] = arg_kth_smallest[j](x[i, j], r{where})")
        assert_right(f"op(x: {dtype}[3, {n}]) -> y\ny[i] = kth_smallest[j](x[i, j], 2{where})")


@pytest.mark.compiler
@pytest.mark.parametrize("body", BODIES)
def test_run_time_sizes(body):
    for m in (5, 37):
        assert_right("op(x: f64[n, m]) -> y\n" + BODIES[body].format(where=""), {"n": 3, "m": m})


@pytest.mark.compiler
@pytest.mark.parametrize("kind", ["kth_smallest", "arg_kth_smallest"])
@pytest.mark.parametrize("terms", [3, 90])
def test_as_many_ranks_as_a_size_at_run_time_says(kind, terms):
    text = f"op(x: f32[{terms}], r: i64[n]) -> y\ny[b] = {kind}[j](x[j], r[b] % {terms})"
    assert_right(text, {"n": 5})
    assert_right(text, {"n": 0})


@pytest.mark.compiler
@pytest.mark.parametrize("q", [0.0, 0.25, 1.0])
def test_a_share_at_run_time(q):
    assert_right("op(x: f32[4, 50], q: scalar) -> y\ny[i] = quantile[j](x[i, j], q)", scalars={"q": q})


@pytest.mark.compiler
@pytest.mark.parametrize("policy", ["0", '"edge"', '"reflect"'])
def test_a_filter_at_its_borders(policy):
    text = "op(x: f32[14, 70]) -> y\naxis i: 14\naxis j: 70\naxis a: 3\naxis b: 3\n"
    assert_right(text + f"y[i, j] = median[a, b](x.outside({policy})[i + a - 1, j + b - 1])", seeds=(1,))


@pytest.mark.compiler
def test_long_lines_are_narrowed():
    x = np.random.default_rng(1).normal(size=(2, 9001)).astype(np.float32)
    found = ur.parse("op(x: f32[2, 9001]) -> y\ny[i] = median[j](x[i, j])")(x)
    np.testing.assert_array_equal(found, np.median(x, axis=1))


@pytest.mark.compiler
def test_a_share_that_is_none_is_reported():
    op = ur.parse("op(x: f32[4, 50], q: scalar) -> y\ny[i] = quantile[j](x[i, j], q)")
    with pytest.raises(ur.RangeError, match="0 <= q <= 1"):
        op(np.zeros((4, 50), np.float32), q=1.5)


def test_ranks_of_the_same_terms_are_one_selection():
    trace = emit(ur.parse("op(x: f32[9, 256]) -> y\ny[i] = median[j](x[i, j])").program())
    found = [n for kernel in trace.nest.kernels for n in nodes(kernel.body) if isinstance(n, Select)]
    assert [[rank.value for rank in node.ranks] for node in found] == [[127, 128, 255]]


@pytest.mark.parametrize(("length", "narrowed"), [("4096", False), ("4097", True), ("n", True)])
def test_lines_that_may_be_long_are_narrowed_in_a_buffer_beside_them(length, narrowed):
    trace = emit(ur.parse(f"op(x: i32[9, {length}]) -> y\ny[i] = kth_smallest[j](x[i, j], 3)").program())
    found = [n for kernel in trace.nest.kernels for n in nodes(kernel.body)]
    (select,) = (n for n in found if isinstance(n, Select))
    assert bool(select.spare) is narrowed
    assert (re.search(r"(scratch|workspace|register) +\w+_left:", trace.show("nest")) is not None) is narrowed


def test_the_plain_plan_is_right_too():
    program = ur.parse("op(x: f32[3, 40]) -> y\ny[i, r] = kth_smallest[j](x[i, j], r)").program()
    arrays = {"x": data(program.operands[0], {}, 1)}
    nest = emit(program, plan=plain(analyse(program))).nest
    np.testing.assert_array_equal(run(nest, arrays)["y"], np.sort(arrays["x"], axis=1))


def test_terms_that_are_not_stored_are_refused():
    program = ur.parse("op(x: f32[3, 40]) -> y\ny[i] = kth_smallest[j](x[i, j] + 1, 2)").program()
    graph = analyse(program)
    chosen = emit(program, stop="plan").plan
    gone = Plan(
        program=chosen.program,
        inlined=(*chosen.inlined, "y_key"),
        entries=tuple(entry for entry in chosen.entries if entry.computation != "y_key"),
    )
    with pytest.raises(PlanError, match="must be stored"):
        check_legal(graph, gone)


@pytest.mark.parametrize("shape", [(3, 0), (0, 4), (0, 0)])
@pytest.mark.parametrize("name", ["sort", "order"])
def test_nothing_is_sorted(name, shape):
    program = ur.parse(f"f(x: f32[{shape[0]}, {shape[1]}]) -> y\n{BODIES[name].format(where='')}").program()
    nest = emit(program, stop="nest").nest
    assert run(nest, {"x": np.zeros(shape, np.float32)}, {})["y"].shape == shape
