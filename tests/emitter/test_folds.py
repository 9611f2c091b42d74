# SPDX-License-Identifier: Apache-2.0
"""Folds on their way to C: what they keep, in which order they go, which plans are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.graph import analyse
from unrut.emitter.graph.computation import Folded
from unrut.emitter.graph.laws import law
from unrut.emitter.pipeline import emit
from unrut.emitter.schedule.legal import check_legal
from unrut.emitter.schedule.plain import plain
from unrut.emitter.schedule.plan import LoopOver
from unrut.errors import PlanError
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.testing.nest_interpreter import run

DIGITS = "identity=0, combine=lambda a, b: 10*a.k + b.k, finish=lambda s: s.k"
STATS = (
    "fold[j](n=1, mean=x[i, j], idle=exp(x[i, j]), identity=(0, 0, 0), combine=lambda a, b: (a.n + b.n, "
    "(a.mean*a.n + b.mean*b.n)/(a.n + b.n), a.idle + b.idle), finish=lambda s: {})"
)


def program_of(body, *specs, header="op(x) -> y\ny[i] = "):
    return ur.parse(header + body).program(*specs)


def fold_of(program):
    reduction = analyse(program).computations[-1].reduction
    assert isinstance(reduction.kind, Folded)
    return reduction.kind


@pytest.mark.parametrize(
    ("finish", "kept"), [("s.mean", ["n", "mean"]), ("s.n", ["n"]), ("3", ["n"]), ("s.idle", ["idle"])]
)
def test_only_states_that_are_needed_are_kept(finish, kept):
    kind = fold_of(program_of(STATS.format(finish), "f32[4, 5]"))
    assert [state.name for state in kind.states] == kept
    assert (law(kind).associative, law(kind).commutative) == (True, False)


def test_two_folds_of_one_meaning_are_computed_once():
    twice = f"1 + {STATS.format('s.mean')}*{STATS.format('s.mean').replace('j', 'k')}"
    names = [c.name for c in analyse(program_of(twice, "f32[4, 5]")).computations]
    assert names == ["y_fold", "y"]


def test_every_new_state_is_computed_before_the_first_is_replaced():
    swap = "fold[j](p=x[i, j], q=1, identity=(0, 1), combine=lambda a, b: (a.q + b.p, a.p + b.q), finish=lambda s: s.p - s.q)"
    program = program_of(swap, "f32[3, 7]")
    x = np.arange(21, dtype=np.float32).reshape(3, 7)
    found = run(emit(program).nest, {"x": x})["y"]
    p, q = np.zeros(3), np.ones(3)
    for term in x.T:
        p, q = q + term, p + 1
    np.testing.assert_array_equal(found, p - q)
    np.testing.assert_array_equal(found, evaluate(program, {"x": x})["y"])


@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 1, 1), (33, 2, 3), (2, 0, 3)])
def test_places_go_in_order(shape):
    program = program_of(
        f"fold[k, j](k=x[i, j, k], {DIGITS}, where=(j + k)%3 != 1)", f"i64[{', '.join(map(str, shape))}]"
    )
    x = np.random.default_rng(0).integers(0, 9, shape)
    np.testing.assert_array_equal(run(emit(program).nest, {"x": x})["y"], evaluate(program, {"x": x})["y"])


def test_lanes_go_along_free_axes_alone():
    plan = emit(program_of(f"fold[j](k=x[i, j], {DIGITS})", "f32[64, 256]")).plan
    assert plan.entries[0].lanes == "i"


def test_plans_out_of_order_are_refused():
    program = program_of(f"fold[j, k](k=x[i, j, k], {DIGITS})", "f32[8, 16, 4]")
    graph, plan = analyse(program), plain(analyse(program))
    entry = plan.entries[-1]
    turned = replace(entry, reduce=(LoopOver(axis="k"), LoopOver(axis="j")))
    partial = replace(
        entry, reduce=(LoopOver(axis="j"), LoopOver(axis="k", block=4)), lanes="k", tile=(), loops=(LoopOver(axis="i"),)
    )
    for bad in (turned, partial):
        with pytest.raises(PlanError, match="must go through its places in order: its combine may not commute"):
            check_legal(graph, replace(plan, entries=(*plan.entries[:-1], bad)))


def test_a_fold_in_a_lazy_branch_reads_nothing_where_it_is_not_taken():
    body = f"where(i < 2, fold[j](k=x[i, j], {DIGITS}), -1)\naxis i: 5"
    program = program_of(body, "i64[2, 3]")
    x = np.arange(1, 7).reshape(2, 3)
    np.testing.assert_array_equal(run(emit(program).nest, {"x": x})["y"], [123, 456, -1, -1, -1])


def test_graphs_show_states():
    text = emit(program_of(STATS.format("s.mean"), "f32[4, 5]"), stop="graph").show("graph")
    assert "y[i] = fold[j](1, x[i, j])" in text
    assert "n: i64 from 0, a with b gives a.n + b.n" in text
    assert "in the end s.mean" in text
    assert "law fold: associative" in text


@pytest.mark.compiler
def test_c_agrees_bit_for_bit_on_integers():
    @ur.op
    def digits(x):
        i, j = ur.axes("i j")
        y = ur.tensor("y")
        y[i] = ur.monoid(identity=0, combine=lambda a, b: 10 * a + b)[j](x[i, j], where=x[i, j] != 5)
        return y

    x = np.random.default_rng(3).integers(0, 9, (37, 14))
    np.testing.assert_array_equal(digits(x), digits.reference(x))


TWINS = """op(x) -> (mean, var, number)
mean[i] = fold[j](n=1, mean=x[i, j], m2=0, identity=(0, 0, 0), combine=lambda a, b: {0}, finish=lambda s: s.mean)
var[k] = fold[l](n=1, mean=x[k, l], m2=0, identity=(0, 0, 0), combine=lambda a, b: {0}, finish=lambda s: s.m2/s.n)
number[i] = fold[j](n=1, mean=x[i, j], m2=0, identity=(0, 0, 0), combine=lambda a, b: {0}, finish=lambda s: s.n)
""".format(
    "(a.n + b.n, a.mean + (b.mean - a.mean)*b.n/(a.n + b.n), a.m2 + b.m2 + (b.mean - a.mean)**2*a.n*b.n/(a.n + b.n))"
)


@pytest.mark.parametrize("shape", [(40, 5), (7, 33), (3, 1), (300, 4), (1, 9), (5, 0)])
def test_folds_that_differ_in_finish_alone_go_through_their_domain_once(shape):
    program = ur.parse(TWINS).program(f"f32[{shape[0]}, {shape[1]}]")
    trace = emit(program)
    kernels = trace.plan.kernels()
    if shape[0] > 1 and trace.plan.entries[0].loops:
        assert [[entry.computation for entry in kernel] for kernel in kernels] == [["mean", "var", "number"]]
        assert trace.show("nest").count("= x[") == trace.show("nest").count("register mean_mean_term")
        assert "register var" not in trace.show("nest")
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found, wanted = run(trace.nest, {"x": x}), evaluate_with_bounds(program, {"x": x})
    for name, bounded in wanted.items():
        assert bounded.accepts(found[name]).all(), name


def test_run_time_sizes_keep_twins_together():
    program = ur.parse(TWINS).program("f32[n, m]")
    x = np.random.default_rng(0).normal(size=(29, 6)).astype(np.float32)
    trace = emit(program)
    assert len(trace.plan.kernels()) == 1
    found, wanted = run(trace.nest, {"x": x}), evaluate_with_bounds(program, {"x": x})
    for name, bounded in wanted.items():
        assert bounded.accepts(found[name]).all(), name


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ("fold[j](k=x[i, j] + 1, identity=0, combine=lambda a, b: a.k + b.k, finish=lambda s: s.k)", "other terms"),
        ("fold[j](k=x[i, j], identity=1, combine=lambda a, b: a.k + b.k, finish=lambda s: s.k)", "another identity"),
        ("fold[j](k=x[i, j], identity=0, combine=lambda a, b: b.k + a.k, finish=lambda s: s.k)", "another combine"),
        ("fold[j](k=x[i, j], identity=0, combine=lambda a, b: a.k + b.k, finish=lambda s: s.k, where=j > 1)", "places"),
    ],
)
def test_other_folds_stay_apart(second, why):
    first = "fold[j](k=x[i, j], identity=0, combine=lambda a, b: a.k + b.k, finish=lambda s: s.k)"
    program = ur.parse(f"op(x) -> (y, z)\ny[i] = {first}\nz[i] = {second}").program("f32[64, 5]")
    plan = emit(program).plan
    assert not any("the same fold" in reason for entry in plan.entries for reason in entry.reasons), why


def test_a_plan_may_keep_twins_apart():
    program = ur.parse(TWINS).program("f32[40, 5]")
    plan = emit(program).plan
    apart = replace(plan, entries=tuple(replace(e, share=0) for e in plan.entries))
    x = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    found = run(emit(program, plan=apart).nest, {"x": x})
    together = run(emit(program).nest, {"x": x})
    for name in program.results:
        np.testing.assert_array_equal(found[name], together[name])
