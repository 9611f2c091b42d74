# SPDX-License-Identifier: Apache-2.0
"""Flattening keeps the meaning, leaves out what nobody needs, and shares what is equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from unrut.emitter import emit
from unrut.emitter.graph import analyse, show
from unrut.emitter.graph.classes import classes
from unrut.emitter.schedule.plain import plain
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.nodes import Along, OutsideMode, Read, Reduce, ReduceKind
from unrut.program.walk import subexpressions
from unrut.testing.nest_interpreter import run
from unrut.testing.programs import programs


def graph_of(text):
    return analyse(elaborate(parse(text)))


def value_of(text, **arrays):
    program = elaborate(parse(text))
    nest = emit(program, plan=plain(analyse(program)), stop="nest").nest
    return run(nest, arrays)


def test_softmax_of_a_product_is_five_computations():
    graph = graph_of("f(A: f32[6, 4], B: f32[4, 5]) -> y\ny[i, j] = softmax(sum[k](A[i, k] * B[k, j]), along=j)")
    kinds = [c.reduction.kind if c.reduction else None for c in graph.computations]
    assert kinds == [ReduceKind.sum, ReduceKind.max, None, ReduceKind.sum, None]
    product = classes(graph.computations[0])
    assert (product.m, product.n, product.k, product.batch) == (("i",), ("j",), ("k",), ())


def test_equal_reductions_are_shared_whatever_their_axes_are_called():
    graph = graph_of("f(A: f32[6, 4]) -> (y, z)\ny[i] = 1 / sum[k](A[i, k])\nz[j] = 2 - sum[l](A[j, l])")
    assert [c.name for c in graph.computations] == ["y_sum", "y", "z"]


def test_several_places_of_an_argmax_come_from_one_computation():
    graph = graph_of("f(A: f32[6, 4]) -> (p, q)\np[()] = argmax[i, j](A[i, j])[0]\nq[()] = argmax[i, j](A[i, j])[1]")
    assert sum(1 for c in graph.computations if c.reduction is not None) == 1


def test_what_no_result_needs_is_left_out():
    graph = graph_of("f(A: f32[6, 4]) -> y\nh[t, i] = A[i, t] + t\ny[i] = h[2, i] + h[3, i]")
    [h, _] = graph.computations
    assert [axis.extent.value() for axis in h.axes] == [2, 6]
    a = np.arange(24, dtype=np.float32).reshape(6, 4)
    got = value_of("f(A: f32[6, 4]) -> y\nh[t, i] = A[i, t] + t\ny[i] = h[2, i] + h[3, i]", A=a)
    np.testing.assert_array_equal(got["y"], a[:, 2] + a[:, 3] + 5)


def test_a_reduction_in_a_lazy_branch_reads_nothing_where_it_is_not_taken():
    text = "f(A: f32[6, 4]) -> y\naxis i: 9\ny[i] = where(i < 6, sum[k](where(i < 6, A[i, k], 0)), 7)"
    a = np.ones((6, 4), np.float32)
    np.testing.assert_array_equal(value_of(text, A=a)["y"], [4] * 6 + [7] * 3)


def test_a_pointwise_part_in_a_lazy_branch_reads_nothing_where_it_is_not_taken():
    text = "f(A: f32[6, 4]) -> y\naxis i: 9\ny[i, j] = where(i < 6, softmax(A[i, j], along=j), 7)"
    got = value_of(text, A=np.zeros((6, 4), np.float32))["y"]
    np.testing.assert_array_equal(got, [[0.25] * 4] * 6 + [[7] * 4] * 3)


@pytest.mark.parametrize("mode", [m.value for m in OutsideMode])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_modes_are_those_of_pad(mode, size):
    text = f'f(x: f32[{size}]) -> y\naxis i: {size + 18}\ny[i] = x.outside("{mode}")[i - 9]'
    x = np.arange(size, dtype=np.float32)
    np.testing.assert_array_equal(value_of(text, x=x)["y"], np.pad(x, 9, mode=mode))


@pytest.mark.parametrize(
    ("row", "want"),
    [
        ([-np.inf, -np.inf], -np.inf),
        ([-np.inf, 1], 1),
        ([np.inf, 1], np.inf),
        ([np.nan, np.inf], np.nan),
        ([1e4, 1e4], 1e4 + np.log(2)),
        ([-np.inf, np.nan], np.nan),
    ],
)
def test_logsumexp_of_special_values(row, want):
    got = value_of("f(x: f64[2]) -> y\ny[()] = logsumexp[i](x[i])", x=np.array(row, np.float64))
    np.testing.assert_allclose(got["y"], want, rtol=1e-15)


@pytest.mark.parametrize("row", [[1, 3, 3], [np.nan, 5, np.nan], [3, np.nan, 9], [-np.inf] * 3, [np.inf, np.inf, 1]])
@pytest.mark.parametrize("kind", ["argmax", "argmin"])
def test_first_places_win(row, kind):
    x = np.array(row, np.float64)
    got = value_of(f"f(x: f64[3]) -> y\ny[()] = {kind}[i](x[i])", x=x)
    assert got["y"] == getattr(np, kind)(x)


def test_a_place_under_where_is_the_first_that_takes_part():
    text = "f(x: f64[5]) -> y\ny[()] = argmax[i](x[i], where=i >= 2)"
    assert value_of(text, x=np.full(5, -np.inf))["y"] == 2
    assert value_of("f(x: f64[5]) -> y\ny[()] = argmax[i](x[i], where=i >= 7)", x=np.ones(5))["y"] == 0


def test_costly_parts_that_some_axes_do_not_touch_are_computations():
    graph = graph_of("f(s: f32[4, 6], v: f32[6, 5]) -> y\ny[q, e] = sum[k](exp(s[q, k]) * v[k, e])")
    assert [(c.name, [a.name for a in c.axes]) for c in graph.computations] == [
        ("y_exp", ["q", "k"]),
        ("y", ["q", "e"]),
    ]


def test_a_part_that_only_a_condition_keeps_inside_stays():
    graph = graph_of("f(s: f32[4], v: f32[6, 5]) -> y\naxis k: 6\ny[e] = sum[k](exp(s[k]) * v[k, e], where=k < 4)")
    assert [c.name for c in graph.computations] == ["y"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(exact=True))
def test_computations_are_flat_and_in_order(sample):
    graph = analyse(elaborate(parse(sample.text)))
    seen = {o.name for o in graph.program.operands}
    for computation in graph.computations:
        cycle = graph.cycle_of(computation.name)
        known = seen | set(() if cycle is None else cycle.tensors())
        for expr in computation.expressions():
            for part in subexpressions(expr):
                assert not isinstance(part, Reduce | Along)
                assert not isinstance(part, Read) or (part.outside is None and part.tensor in known)
        seen.add(computation.name)
    assert set(graph.program.results) <= seen
    assert all(c.name in show(graph) for c in graph.computations)
