# SPDX-License-Identifier: Apache-2.0
"""Trees say of every tensor where it lives, of every statement what it costs, and hold the loops of the nest."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

import unrut as ur
import unrut.ops
from unrut.emitter import emit
from unrut.emitter.machine import AVX512
from unrut.emitter.nest import Declare, Guard, Loop
from unrut.emitter.report import report
from unrut.emitter.tree import Branch, tree
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.testing.programs import programs

EM = ("f32[2, 4, 5, 5, 4, 4]", "f32[2, 4, 5, 5]", "f32[3, 4, 3, 3, 4, 4]", "f32[3]", "f32[3]")


def leaves(branch: Branch) -> int:
    return sum(map(leaves, branch.inner)) if branch.inner else 1


def stores(body) -> int:
    inner = [part for node in body for part in ([node.body] if isinstance(node, Loop) else [])]
    inner += [part for node in body if isinstance(node, Guard) for part in (node.body, node.otherwise)]
    return sum(not isinstance(n, Loop | Guard | Declare) for n in body) + sum(map(stores, inner))


def test_a_matrix_product(golden):
    program = ur.ops.matmul.program("f32[64, 32]", "f32[32, 48]")
    golden("matmul_tree.txt", tree(emit(program, machine=AVX512, stop="nest")).show() + "\n")


def test_votes_are_held_for_one_row_at_a_time():
    found = ur.ops.em_routing.bind(*EM, iters=2).tree()
    votes = found.home("V")
    assert votes.place == "scratch"
    assert votes.held < votes.whole
    assert not votes.in_memory
    assert found.home("mu1").place == "result"
    assert found.home("P").place == "given"


def test_what_no_result_needs_is_unused():
    found = ur.parse("f(x: f32[4]) -> y\nm = sum[i](x[i])\ny[i] = x[i]*2").bind().tree()
    assert found.home("m").place == "unused"


def test_costs_add_up_to_those_of_the_report():
    trace = emit(ur.ops.em_routing.program(*EM, iters=2), stop="nest")
    assert sum(cost.operations for cost in tree(trace).costs) == report(trace).operations


def test_run_time_sizes_are_said_or_assumed():
    bound = ur.ops.matmul.bind("f32[n, 32]", "f32[32, 48]")
    assert "for n = 128" in bound.tree().show()
    assert "for n" not in bound.tree(n=7).show()
    assert bound.tree(n=7).home("C").whole == 7 * 48 * 4


def test_stages_are_shown_by_name():
    bound = ur.ops.matmul.bind("f32[6, 3]", "f32[3, 4]")
    assert bound.show() == bound.show("program")
    assert "kernel C_0" in bound.show("nest")
    assert "#include" in bound.show("source")
    assert [bound.show(stage) for stage in ("graph", "plan")]


def test_html_is_well_formed(well_formed):
    assert "scratch" in well_formed(ur.ops.em_routing.bind(*EM, iters=2)._repr_html_()).itertext()
    well_formed(ur.ops.em_routing._repr_html_())
    arrays = [np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32)]
    well_formed(ur.ops.matmul.bind(*arrays)._repr_html_())


@settings(max_examples=30, deadline=None)
@given(sample=programs(exact=False))
def test_every_node_of_a_nest_is_in_its_tree(sample, well_formed):
    trace = emit(elaborate(parse(sample.text), ()), stop="nest")
    found = tree(trace, sample.sizes)
    assert found.show()
    well_formed(f"<div>{''.join(found.parts())}</div>")
    for kernel, branch in zip(trace.nest.kernels, found.kernels, strict=True):
        assert leaves(branch) >= stores(kernel.body)
    places = {home.tensor: home.place for home in found.homes}
    assert set(places) >= {s.target for s in trace.program.statements if s.target in trace.graph.names()}
    assert all(places[name] == "result" for name in trace.program.results)
