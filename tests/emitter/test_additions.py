# SPDX-License-Identifier: Apache-2.0
"""Additions: values, invalid places, order, what may run in parallel; plans that would break them are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.machine import AVX2
from unrut.emitter.schedule.plan import LoopOver, Plan
from unrut.emitter.schedule.plan_text import parse_plan, show
from unrut.errors import PlanError
from unrut.reference import evaluate
from unrut.testing.nest_interpreter import run


def i32(*values):
    return np.array(values, np.int32)


def f32(*values):
    return np.array(values, np.float32)


def integers(*shape):
    return np.random.default_rng(0).integers(-3, 4, shape)


CASES = {
    "segments": (
        "out[s, g] = 0\naxis s: 5\naxis g: x.shape[1]\nout[p[e], f] += x[e, f]",
        {"x": integers(7, 3).astype(np.float32), "p": i32(4, 0, 4, 1, 1, 2, 0)},
        True,
    ),
    "a place beyond": (
        "out[s, g] = 0\naxis s: 5\naxis g: x.shape[1]\nout[p[e], f] += x[e, f]",
        {"x": integers(3, 3).astype(np.float32), "p": i32(4, 5, 4)},
        False,
    ),
    "a place before": ("out[s] = 0\naxis s: 5\nout[p[e]] += 1", {"p": i32(4, -1, 4)}, False),
    "a place beyond in nothing": (
        "out[s, g] = 0\naxis s: 5\naxis g: x.shape[1]\nout[p[e], f] += x[e, f]",
        {"x": integers(3, 0).astype(np.float32), "p": i32(4, 5, 4)},
        True,
    ),
    "nowhere to add": ("out[s] = x[s]\nout[p[e]] += 1", {"x": f32(), "p": i32(0)}, False),
    "nothing to add": ("out[s] = x[s]\nout[p[e]] += 1", {"x": f32(), "p": i32()}, True),
    "histogram": ("out[s] = 0\naxis s: 5\nout[x[e]//3] += 1", {"x": i32(1, 2, 3, 4, 5, 12)}, True),
    "overlap": ("out[s] = 0\naxis s: 9\nout[2*i + k] += x[i]*w[k]", {"x": f32(1, 2, 3), "w": f32(1, 10, 2)}, True),
    "a scan": ("out[s] = cumsum(x[s], along=s)\nout[p[e]] += x[e]", {"x": f32(1, 2, 3), "p": i32(0, 2, 0)}, True),
    "place by place": ("out[s] = x[s]\nout[s] += w[s]\nout[s] += 2*w[s]", {"x": f32(1, 2, 3), "w": f32(1, 0, 2)}, True),
    "one number": ("out = 1\nout[()] += sum[i](x[i])\nout[()] += 2", {"x": f32(1, 2, 3)}, True),
    "bool": ("out[s] = False\naxis s: 3\nout[p[i]] += x[i] > 1", {"x": f32(1, 2, 3), "p": i32(2, 2, 0)}, True),
    "an intermediate": (
        "out[i] = y[i]*2 + y[0]\naxis s: 3\ny[s] = 0\ny[p[i]] += x[i]",
        {"x": f32(1, 2, 3), "p": i32(2, 2, 0)},
        True,
    ),
    "places in an added tensor": (
        "out[i] = x[h[i]]\naxis s: 3\nh[s] = 0\nh[p[i]] += 1",
        {"x": f32(1, 2, 3), "p": i32(2, 2, 0)},
        True,
    ),
    "what is added is no proof": (
        "out[i] = x[h[i]]\naxis s: 3\nh[s] = 0\nh[p[i]] += 1",
        {"x": f32(1, 2, 3), "p": i32(2, 2, 0, 2, 2)},
        False,
    ),
    "batches": (
        "out[s, b, g] = 0\naxis s: 5\naxis b: x.shape[1]\naxis g: x.shape[2]\nout[p[e, b], b, f] += x[e, b, f]",
        {"x": integers(6, 2, 9).astype(np.float32), "p": np.abs(integers(6, 2)).astype(np.int32)},
        True,
    ),
    "a reduction is added": (
        "out[s] = 0\naxis s: 4\nout[p[e]] += sum[f](x[e, f])",
        {"x": integers(5, 3).astype(np.float32), "p": i32(0, 3, 3, 1, 0)},
        True,
    ),
    "an invalid read is added": (
        "out[s] = 0\naxis s: 4\nout[e] += x[p[e]]",
        {"x": f32(1, 2), "p": i32(0, 1, 2, 0)},
        False,
    ),
    "places of places": ("out[s] = 0\naxis s: 4\nout[p[q[e]]] += 1", {"p": i32(3, 1, 2), "q": i32(0, 0, 2)}, True),
}


def outcome(compute):
    try:
        return compute()
    except ur.RangeError:
        return None


def typed(statements, arrays, *, names=False):
    specs = list(arrays.values())
    if names:
        given = {n: ur.arrays.array_spec(a, n) for n, a in arrays.items()}
        specs = [f"{s.dtype}[{', '.join(f'{n}{d}' for d in range(len(s.dimensions)))}]" for n, s in given.items()]
    return ur.parse(f"op({', '.join(arrays)}) -> out\n{statements}").program(*specs)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("names", [False, True], ids=["numbers", "names"])
def test_reference_and_nest_agree(name, names):
    statements, arrays, valid = CASES[name]
    program = typed(statements, arrays, names=names)
    want = outcome(lambda: evaluate(program, arrays))
    got = outcome(lambda: run(emit(program, machine=AVX2).nest, arrays))
    assert (want is not None) is valid
    assert (got is not None) is valid
    if valid:
        assert got["out"].dtype == want["out"].dtype
        np.testing.assert_array_equal(got["out"], want["out"])


@pytest.mark.compiler
@pytest.mark.parametrize("name", ["segments", "a place before", "histogram", "bool", "an intermediate", "batches"])
def test_kernels_agree(name):
    statements, arrays, valid = CASES[name]
    op = ur.parse(f"op({', '.join(arrays)}) -> out\n{statements}")
    if valid:
        np.testing.assert_array_equal(op(*arrays.values()), op.reference(*arrays.values()))
    else:
        with pytest.raises(ur.RangeError, match="leads outside of `out`"):
            op(*arrays.values())


@pytest.mark.compiler
def test_an_invalid_place_is_skipped_and_the_rest_written():
    bound = ur.parse("op(p: i32[n]) -> out\naxis s: 3\nout[s] = 0\nout[p[e]] += 1").bind(i32(0, 7, 2, -5, 2))
    out = np.zeros(3, np.int64)
    with pytest.raises(ur.RangeError):
        bound(out=out)
    assert out.tolist() == [1, 0, 2]


@pytest.mark.compiler
def test_no_bit_depends_on_the_number_of_threads():
    rng = np.random.default_rng(1)
    x, p = rng.standard_normal((4000, 40)).astype(np.float32), rng.integers(0, 30, 4000)
    kernel = ur.parse(
        "op(x: f32[e, f], p: i64[e]) -> out\naxis s: 30\naxis g: x.shape[1]\nout[s, g] = 0\nout[p[e], f] += x[e, f]"
    ).bind(x, p)
    alone = kernel(threads=1)
    assert all(kernel(threads=n).tobytes() == alone.tobytes() for n in (2, 3, 7))
    np.testing.assert_allclose(alone, kernel.reference(), rtol=1e-3, atol=1e-4)


SEGMENTS = typed(*CASES["segments"][:2])


def plan_with(change):
    graph = emit(SEGMENTS, stop="graph").graph
    plan = emit(SEGMENTS, stop="plan", machine=AVX2).plan
    entries = tuple(change(e) if e.computation == "out_add" else e for e in plan.entries)
    assert graph is not None
    return replace(plan, entries=entries)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda e: replace(e, loops=(LoopOver(axis="e"),), tile=("f",), tasks=1), "a task axis"),
        (lambda e: replace(e, loops=(LoopOver(axis="f"),), tile=("e",), lanes="e"), "the lanes"),
        (lambda e: replace(e, loops=(LoopOver(axis="e", block=2),), tile=("f", "e")), "in blocks"),
    ],
)
def test_plans_that_reorder_additions_are_refused(change, reason):
    with pytest.raises(PlanError, match=reason):
        emit(SEGMENTS, plan=plan_with(change))


def test_the_places_of_a_tile_are_added_in_order():
    text = (
        "op(b: f32[9, 7], s: i32[20], c: i32[6], x: f32[20, 6]) -> out\nout[i, j] = b[i, j]\nout[s[e], c[f]] += x[e, f]"
    )
    program = ur.parse(text).program()
    plan = emit(program, stop="plan").plan

    def tiled(*tile):
        change = {"loops": (), "tile": tile, "lanes": "", "tasks": 0}
        entries = tuple(replace(e, **change) if e.computation == "out_add" else e for e in plan.entries)
        return emit(program, plan=replace(plan, entries=entries), stop="nest")

    assert tiled("e", "f").nest is not None
    with pytest.raises(PlanError, match="adds in the order of e f, and is looped over in another"):
        tiled("f", "e")


def test_an_update_runs_between_its_tensor_and_its_readers():
    program = typed(*CASES["an intermediate"][:2])
    plan: Plan = emit(program, stop="plan").plan
    order = [entry.computation for entry in plan.entries]
    moved = replace(plan, entries=(*plan.entries[1:], plan.entries[0]))
    assert order.index("y") < order.index("y_add")
    with pytest.raises(PlanError):
        emit(program, plan=moved)


def test_plans_of_updates_have_a_text():
    plan = emit(SEGMENTS, stop="plan").plan
    assert parse_plan(show(plan)) == plan


def test_bare_axes_are_tasks():
    large = typed(
        "out[s, b] = 0\naxis s: 5\naxis b: x.shape[1]\nout[p[e, b], b] += x[e, b]",
        {"x": np.zeros((500, 200), np.float32), "p": np.zeros((500, 200), np.int32)},
    )
    entry = emit(large, stop="plan", machine=AVX2).plan.entry("out_add")
    assert entry.tasks == 1
    assert entry.loops[0].axis == "b"
    assert entry.loops[1] == LoopOver(axis="e")
