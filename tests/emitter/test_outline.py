# SPDX-License-Identifier: Apache-2.0
"""What becomes a routine: large parts, equal parts once, tiles in one piece, small kernels not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

import unrut as ur
from unrut import ops
from unrut.emitter import emit
from unrut.emitter.lower import lower, outlined
from unrut.emitter.lower.bulk import bulk
from unrut.emitter.lower.inlined import inlined
from unrut.emitter.machine import AVX2
from unrut.emitter.nest import Accumulate, Declare, Invoke, Nest, Routine
from unrut.emitter.nest_show import show
from unrut.emitter.nest_verify import verify
from unrut.emitter.render.render import render
from unrut.emitter.render.walk import nodes
from unrut.errors import InternalError
from unrut.program.nodes import AxisValue

EM = ("f32[1, 5, 6, 6, 4, 4]", "f32[1, 5, 6, 6]", "f32[16, 5, 3, 3, 4, 4]", "f32[16]", "f32[16]")


def nest_of(op, *specs: str) -> Nest:
    trace = emit(op.program(*map(ur.spec, specs)), machine=AVX2, stop="plan")
    return lower(trace.graph, trace.plan)


@pytest.fixture(scope="module")
def routing() -> Nest:
    nest = outlined(nest_of(ops.em_routing, *EM))
    verify(nest)
    return nest


def test_what_is_small_stays_one_function() -> None:
    nest = nest_of(ops.softmax, "f32[9, 33]")
    assert outlined(nest) == nest


def test_a_large_kernel_is_cut_into_parts_of_which_each_is_smaller(routing: Nest) -> None:
    whole = nest_of(ops.em_routing, *EM)
    assert routing.routines
    assert max(bulk(k.body) for k in routing.kernels) < max(bulk(k.body) for k in whole.kernels) / 2
    assert inlined(routing).kernels[0].tasks == whole.kernels[0].tasks


def test_what_an_iteration_does_is_written_once(routing: Nest) -> None:
    notes = [routine.note for routine in routing.routines]
    assert any("0" in note and "1" in note for note in notes), notes
    invoked = [
        n.routine for part in (*routing.kernels, *routing.routines) for n in nodes(part.body) if isinstance(n, Invoke)
    ]
    assert len(invoked) > len(set(invoked)) == len(routing.routines)


def test_accumulators_stay_with_the_loops_that_fill_them(routing: Nest) -> None:
    parts = [list(nodes(part.body)) for part in (*routing.kernels, *routing.routines)]
    declared = [{node.buffer.name for node in inside if isinstance(node, Declare)} for inside in parts]
    kept = {name for names in declared for name in names if name.endswith("_acc")}
    assert kept
    for inside, own in zip(parts, declared, strict=True):
        added = {node.buffer for node in inside if isinstance(node, Accumulate)}
        assert added & kept <= own


@pytest.fixture(scope="module")
def shared(routing: Nest) -> Routine:
    """A routine that is invoked at least twice, for two statements."""
    bodies = [nodes(part.body) for part in (*routing.kernels, *routing.routines)]
    invoked = Counter(node.routine for body in bodies for node in body if isinstance(node, Invoke))
    return next(r for r in routing.routines if invoked[r.name] > 1 and ", " in r.note)


def test_a_routine_is_shown_with_what_it_is_given(routing: Nest, shared: Routine) -> None:
    lines = show(routing).splitlines()
    target = shared.targets[0]
    head = next(line for line in lines if line.startswith(f"routine {shared.name}("))
    assert f" into {target.name}: " in head
    assert sum(f" = {shared.name}(" in line for line in lines) > 1


def test_the_text_of_a_routine_names_the_statements_that_it_serves(routing: Nest, shared: Routine) -> None:
    code = render(routing).code
    assert f"// {shared.note}\nUR_APART void em_routing_{shared.name}(" in code
    assert code.count(f"em_routing_{shared.name}(") > 2


def spoiled(nest: Nest, number: int, **changes) -> Nest:
    routines = list(nest.routines)
    routines[number] = replace(routines[number], **changes)
    return replace(nest, routines=tuple(routines))


def first_invocation(nest: Nest) -> tuple[int, Invoke]:
    body = nest.kernels[-1].body
    return next((k, node) for k, node in enumerate(body) if isinstance(node, Invoke) and node.sources)


def with_invocation(nest: Nest, **changes) -> Nest:
    place, node = first_invocation(nest)
    kernel = nest.kernels[-1]
    body = (*kernel.body[:place], replace(node, **changes), *kernel.body[place + 1 :])
    return replace(nest, kernels=(*nest.kernels[:-1], replace(kernel, body=body)))


def test_a_routine_may_write_its_targets_alone(routing: Nest) -> None:
    routine: Routine = routing.routines[0]
    with pytest.raises(InternalError, match="not its targets alone"):
        verify(spoiled(routing, 0, targets=(), sources=(*routine.targets, *routine.sources)))


def test_a_routine_knows_nothing_that_it_is_not_given(routing: Nest) -> None:
    with pytest.raises(InternalError, match="no buffer"):
        verify(spoiled(routing, 0, sources=()))


def test_buffers_of_an_invocation_are_distinct_and_there(routing: Nest) -> None:
    _, node = first_invocation(routing)
    with pytest.raises(InternalError, match="is invoked with"):
        verify(with_invocation(routing, sources=(node.targets[0],) * len(node.sources)))
    with pytest.raises(InternalError, match="is given"):
        verify(with_invocation(routing, sources=("nowhere", *node.sources[1:])))
    with pytest.raises(InternalError, match="has no routine"):
        verify(with_invocation(routing, routine="nobody"))


def test_a_loop_and_its_tail_share_what_they_do_at_other_places() -> None:
    nest = outlined(nest_of(ops.causal_attention, *["f32[b, h, n, 64]"] * 3))
    verify(nest)
    invoked = [n for part in (*nest.kernels, *nest.routines) for n in nodes(part.body) if isinstance(n, Invoke)]
    several = {r.name for r in nest.routines if len([n for n in invoked if n.routine == r.name]) > 1}
    apart = {name for name in several if len({n.values for n in invoked if n.routine == name}) > 1}
    assert apart, "no routine is invoked at several places"
    for routine in (nest.routine(name) for name in apart):
        assert not any("hole" in axis for axis in routine.values)
    once = [n for n in invoked if n.routine not in several]
    assert all(n.values == tuple(AxisValue(axis=a) for a in nest.routine(n.routine).values) for n in once)
