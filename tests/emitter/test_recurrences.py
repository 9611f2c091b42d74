# SPDX-License-Identifier: Apache-2.0
"""Cycles of computations: how they are found, planned, held against the dependences, stored, lowered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from unrut.emitter import emit
from unrut.emitter.graph import analyse
from unrut.emitter.lower.inlined import inlined
from unrut.emitter.machine import this_machine
from unrut.emitter.nest import LoopKind, Space
from unrut.emitter.schedule.choose import choose
from unrut.emitter.schedule.legal import check_legal
from unrut.emitter.schedule.plain import plain
from unrut.emitter.schedule.plan import Entry, LoopOver, Plan
from unrut.errors import PlanError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.cycles import Cycle
from unrut.program.extents import evaluate as extent
from unrut.reference import evaluate
from unrut.testing.nest_interpreter import run

CELL = """cell(x: f32[5, 6, 32], U: f32[32, 32], V: f32[32, 32], h0: f32[6, 32]) -> h
f[t, b, i] = sigmoid(x[t, b, i] + sum[k](h[t - 1, b, k]*U[k, i]))
c[t, b, i] = tanh(x[t, b, i] + sum[k](f[t, b, k]*h[t - 1, b, k]*V[k, i]))
h[t, b, i] = (1 - f[t, b, i])*h[t - 1, b, i] + f[t, b, i]*c[t, b, i]
h[-1, b, i] = h0[b, i]"""
PATHS = """paths(w: f32[9, 9]) -> y
D[k, i, j] = minimum(D[k - 1, i, j], D[k - 1, i, k] + D[k - 1, k, j])
D[-1, i, j] = w[i, j]
y[i, j] = D[8, i, j]"""
WARP = """warp(c: f32[5, 6]) -> D
D[i, j] = c[i, j] + minimum(minimum(D[i - 1, j], D[i, j - 1]), D[i - 1, j - 1])
D[-1, j] = inf
D[i, -1] = inf
D[-1, -1] = 0"""


def graph(text):
    return analyse(elaborate(parse(text)))


def nodes(body):
    for node in body:
        yield node
        yield from nodes([*getattr(node, "body", ()), *getattr(node, "otherwise", ())])


def held(text, seed=0, **sizes):
    """The results of a chosen and of the plain plan agree with the reference."""
    program = elaborate(parse(text))
    rng = np.random.default_rng(seed)
    shapes = {o.name: [extent(e, sizes) for e in o.shape] for o in program.operands}
    arrays = {o.name: rng.integers(1, 5, shapes[o.name]).astype(o.dtype.numpy) for o in program.operands}
    want = evaluate(program, arrays)
    for plan in (None, plain(analyse(program))):
        found = run(emit(program, plan=plan).nest, arrays, seed=seed)
        for name in program.results:
            np.testing.assert_allclose(found[name], want[name], rtol=1e-5)


def test_what_does_not_depend_on_the_steps_stays_outside_of_the_cycle():
    text = "f(x: f32[5, 4], W: f32[4, 4], U: f32[4, 4]) -> h\n"
    text += "h[t, i] = sum[k](x[t, k]*W[k, i]) + sum[k](h.outside(0)[t - 1, k]*U[k, i])"
    found = graph(text)
    assert [c.name for c in found.computations] == ["h_sum", "h_sum2", "h"]
    assert found.cycles == (Cycle(axis="t", members=("h_sum2", "h")),)


def test_a_part_that_reads_one_fixed_step_belongs_to_each_step():
    text = "f(x: f32[9, 4]) -> y\naxis k: 3\ny[i, j] = where(i > 0, sum[k](exp(y[0, k])*x[k, j]), 0) + x[i, j]"
    found = graph(text)
    assert found.cycles == (Cycle(axis="i", members=("y_sum", "y")),)
    assert [a.name for a in found.computation("y_sum").axes] == ["i", "j"]


def test_a_scan_is_a_cycle_of_its_own():
    found = graph("f(x: f32[4, 9]) -> y\ny[i, j] = cumsum(x[i, j], along=j)")
    assert [c.name for c in found.computations] == ["y"]
    assert found.cycles == (Cycle(axis="j", members=("y",)),)


def test_a_scan_that_is_added_to_goes_on_without_what_is_added():
    text = "f(x: f32[4], p: i32[2]) -> y\ny[i] = cumsum(x[i], along=i)\ny[p[e]//8] += 10 + 0*p[e]"
    held(text)


def test_a_cell_is_one_kernel_with_serial_steps_inside_batch_tasks():
    text = CELL.replace("5, 6", "64, 64").replace("[6,", "[64,").replace("32, 32", "256, 256").replace(" 32]", " 256]")
    (kernel,) = inlined(emit(elaborate(parse(text))).nest).kernels
    assert [task.axis.removesuffix("_block") for task in kernel.tasks] == ["b"]
    loops = [node for node in nodes(kernel.body) if hasattr(node, "kind")]
    assert {loop.kind for loop in loops if loop.axis == "t"} == {LoopKind.serial}
    assert any(loop.kind is LoopKind.vector and loop.axis.startswith("i") for loop in loops)


def test_rows_of_a_scan_are_tasks_and_columns_are_lanes():
    rows = emit(elaborate(parse("f(x: f32[4096, 512]) -> y\ny[i, j] = cumsum(x[i, j], along=j)"))).plan.entry("y")
    assert [str(over) for over in rows.loops[:2]] == ["i/4", "j"]
    assert (rows.lanes, rows.tasks) == ("", 1)
    columns = emit(elaborate(parse("f(x: f32[512, 4096]) -> y\ny[i, j] = cumsum(x[i, j], along=i)"))).plan.entry("y")
    assert [over.axis for over in columns.loops] == ["j", "i"]
    assert columns.lanes == "j"


def test_two_steps_of_a_tensor_are_kept_where_the_last_one_is_read():
    nest = emit(elaborate(parse(PATHS))).nest
    assert [[str(e) for e in b.shape] for b in nest.buffers if b.space is Space.workspace] == [["2", "9", "9"]]
    held(PATHS)


@pytest.mark.parametrize(
    ("read", "shape"),
    [("h[t - 1, i]", "2"), ("h[t - 1, i] + h.outside(0)[t - 3, i]", "4"), ("sum[s](h[s, i], where=s < t)", "20")],
)
def test_as_many_steps_are_kept_as_are_read(read, shape):
    text = f"f(x: f32[20, 300]) -> y\nh[t, i] = x[t, i] + 0.5*{read.replace('h[t', 'h.outside(0)[t')}\ny[i] = h[19, i]"
    nest = emit(elaborate(parse(text))).nest
    assert [str(b.shape[0]) for b in nest.buffers if b.space is Space.workspace] == [shape]
    held(text)


def test_two_rows_are_kept_for_run_time_sizes_and_readers_of_less():
    text = (
        WARP.replace("f32[5, 6]) -> D", "f32[n, m], s: f32[m]) -> y")
        + "\ny = D[c.shape[0] - 1, c.shape[1] - 1] + max[j](s[j])"
    )
    nest = emit(elaborate(parse(text))).nest
    assert [str(b.shape[0]) for b in nest.buffers if b.space is Space.workspace and len(b.shape) > 1] == ["2"]
    held(text, n=5, m=6)


def test_all_steps_are_kept_where_somebody_reads_an_earlier_one():
    text = "f(x: f32[20, 300]) -> y\nh[t, i] = x[t, i] + h.outside(0)[t - 1, i]\ny[i] = h[7, i] + h[19, i]"
    nest = emit(elaborate(parse(text))).nest
    assert [str(b.shape[0]) for b in nest.buffers if b.space is Space.workspace] == ["20"]
    held(text)


@pytest.mark.parametrize("text", [CELL, WARP, PATHS])
def test_chosen_and_plain_plans_are_legal_and_right(text):
    found = graph(text)
    check_legal(found, plain(found))
    check_legal(found, choose(found, this_machine(), {}))
    held(text)


SUM = "f(x: f32[9, 64]) -> y\ny[t, i] = y.outside(0)[t - 1, i] + x[t, i]"


def planned(**changes):
    entry = Entry(computation="y", loops=(LoopOver(axis="t"), LoopOver(axis="i")))
    return Plan(program="f", inlined=(), entries=(replace(entry, **changes),))


@pytest.mark.parametrize(
    "changes",
    [
        {"tasks": 1},
        {"lanes": "t", "loops": (LoopOver(axis="i"), LoopOver(axis="t"))},
        {"loops": (LoopOver(axis="t", block=3), LoopOver(axis="i"))},
        {"loops": (LoopOver(axis="i"),), "tile": ("t",)},
    ],
    ids=["tasks", "lanes", "blocks", "tile"],
)
def test_steps_that_would_not_go_in_order_are_refused(changes):
    check_legal(graph(SUM), planned())
    with pytest.raises(PlanError, match=r"shares the loop over `t`|comes later"):
        check_legal(graph(SUM), planned(**changes))


def test_an_order_against_the_steps_is_refused():
    found = graph(CELL)
    legal = plain(found)
    check_legal(found, legal)
    first, *rest = [e for e in legal.entries if e.computation in found.cycles[0].tensors()]
    others = tuple(e for e in legal.entries if e.computation not in found.cycles[0].tensors())
    turned = (replace(rest[0], share=0), replace(first, share=1), *rest[1:])
    with pytest.raises(PlanError, match="comes later"):
        check_legal(found, replace(legal, entries=(*others, *turned)))


def test_a_member_that_is_read_at_an_earlier_step_cannot_be_inlined():
    found = graph("f(x: f32[9]) -> y\nu[t] = 2*y.outside(0)[t - 1]\ny[t] = u[t] + x[t]\nz[t] = u[t]")
    assert found.cycles[0].tensors() == ("u", "y")
    check_legal(found, replace(plain(found), inlined=("u",), entries=planned(loops=(LoopOver(axis="t"),)).entries))
    text = "f(x: f32[9]) -> y\nu[t] = x[t] + v.outside(0)[t - 1]\nv[t] = 2*u[t]\ny[t] = u[t]"
    found = graph(text)
    with pytest.raises(PlanError, match="earlier step"):
        check_legal(found, replace(plain(found), inlined=("v",)))


EARLIER = "op(x: f32[7], p: i32[7]) -> h\nh[t] = x[t] + {of}\naxis s: 7, {start} .. {stop}"


@pytest.mark.parametrize("start", ["", "p[t]", "maximum(t - 3, 0)"])
@pytest.mark.parametrize("stop", ["t", "t//2"])
@pytest.mark.parametrize(
    "of",
    [
        "sum[s](h[s])",
        "sum[s](h[s], where=x[s] > 2)",
        "max[s](h[s], initial=0)",
        "fold[s](m=h[s], identity=0, combine=lambda a, b: a.m + b.m, finish=lambda s: s.m)",
        "x[argmax[s](h[s])]",
        "sum[s](softmax(h[s], along=s))",
        "real(sum[s](cumprod(1 + 1j/h[s], along=s)))",
    ],
)
def test_the_range_of_an_axis_says_which_steps_are_earlier(of, start, stop):
    program = elaborate(parse(EARLIER.format(of=of, start=start, stop=stop)))
    arrays = {"x": np.array([3, 1, 4, 1, 5, 9, 2], np.float32), "p": np.array([0, 0, 1, 1, 2, 2, 3], np.int32)}
    want = evaluate(program, arrays)["h"]
    np.testing.assert_allclose(run(emit(program).nest, arrays, seed=1)["h"], want, rtol=1e-5)
