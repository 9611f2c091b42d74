# SPDX-License-Identifier: Apache-2.0
"""A free axis as the classes of its places modulo a number, and the places of a class.

Before:  V[h] = sum[k](G[(h - k) // 2] * W[k], where (h - k) % 2 == 0)
         classes V: h = 2
After:   V[2*h_part + h_class] = sum[k](G[h_part + (h_class - k) // 2] * W[k], where (h_class - k) % 2 == 0)
Because: within a class the condition is the same for all places: a loop over it is full, and a tile has no tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import gcd

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Graph, Placement
from unrut.emitter.graph.linear import Linear, axis_value, call, constant, expression, linear, number
from unrut.emitter.graph.ranges import at_least_zero, conjuncts
from unrut.emitter.graph.shrink import rewritten
from unrut.emitter.schedule.plan import Classes, Plan
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, AxisValue, Call, Const, Expr
from unrut.program.types import DType
from unrut.program.walk import free_axes, map_bottom_up, rename_axes


def in_classes(graph: Graph, plan: Plan) -> Graph:
    """The graph with axes in classes where a plan, which is legal, says so."""
    names = {each.computation for each in plan.classes}
    found = [with_classes(c, plan.classes) if c.name in names else c for c in graph.computations]
    return replace(graph, computations=tuple(found))


def with_classes(computation: Computation, classes: tuple[Classes, ...]) -> Computation:
    """The computation over classes, which go outside, and the places of each."""
    own = {each.axis: each for each in classes if each.computation == computation.name}
    values: dict[str, Expr] = {}
    where: list[Expr] = []
    outer, axes = list[Axis](), list[Axis]()
    for axis in computation.axes:
        each = own.get(axis.name)
        if each is None:
            axes.append(axis)
            continue
        extent = axis.extent.value()
        form = axis_value(each.part) * each.by + axis_value(each.place)
        values[axis.name] = expression(form)
        outer.append(Axis(name=each.place, extent=Extent(constant=each.by)))
        axes.append(Axis(name=each.part, extent=Extent(constant=-(-extent // each.by))))
        if extent % each.by:
            where.append(call("less", expression(form), number(extent), dtype=DType.bool))
    places = tuple(values.get(axis.name, AxisValue(axis=axis.name)) for axis in computation.axes)
    changed = rewritten(computation, lambda expr: map_bottom_up(rename_axes(expr, values), _plainer))
    placement = Placement(dims=computation.axes, places=places, where=tuple(where))
    return replace(changed, axes=(*outer, *axes), placement=placement)


def _plainer(expr: Expr) -> Expr:
    """Quotients and remainders without what the divisor divides."""
    match expr:
        case Call(function="floor_divide" | "remainder" as function, arguments=(dividend, Const(value=divisor))) if (
            expr.dtype is DType.i64 and divisor > 0
        ):
            m, form = int(divisor), linear(dividend)
            if not form.constant.is_fixed:
                return expr
            whole = Linear(terms=tuple((c // m, atom) for c, atom in form.terms if c % m == 0))
            rest = form - whole * m
            inner = call(function, expression(rest), number(m))
            if not whole.terms:
                return inner
            return inner if function == "remainder" else expression(linear(inner) + whole)
        case _:
            return expr


def residue_classes(computation: Computation) -> tuple[Classes, ...]:
    """The classes in which the conditions of a reduction on remainders are the same for all places of free axes."""
    found: dict[str, Classes] = {}
    free = {axis.name for axis in computation.axes}
    for test in computation.reduction.where if computation.reduction is not None else ():
        for axis, by in _divided(test):
            if axis in free and by > 1:
                found.setdefault(axis, Classes(computation=computation.name, axis=axis, by=by))
    return tuple(found.values())


def _divided(test: Expr) -> Iterator[tuple[str, int]]:
    for part in conjuncts(test):
        match part:
            case Call(
                function="equal", arguments=(Call(function="remainder", arguments=(dividend, Const(value=m))), Const())
            ):
                form = linear(dividend)
                for axis in sorted(form.axes()):
                    if form.coefficient(axis):
                        yield axis, int(m) // gcd(int(m), form.coefficient(axis))
            case _:
                pass


def class_fault(graph: Graph, plan: Plan) -> str:
    """What is wrong with the classes of a plan; empty if nothing is."""
    seen: set[tuple[str, str]] = set()
    for each in plan.classes:
        if each.computation not in graph.names():
            return f"there is no computation `{each.computation}` to take in classes"
        computation = graph.computation(each.computation)
        name = computation.name
        extents = {axis.name: axis.extent for axis in computation.axes}
        if (name, each.axis) in seen or each.axis not in extents or each.by < 2:
            return f"`{each.axis}` of `{name}` can't be taken in {each.by} classes"
        seen.add((name, each.axis))
        if not extents[each.axis].is_fixed or extents[each.axis].value() < 1:
            return f"`{each.axis}` of `{name}` has no fixed extent to take in classes"
        if {each.part, each.place} & set(computation.extents()):
            return f"`{name}` has an axis `{each.part}` or `{each.place}` already"
        kept = name in graph.kept and name not in graph.program.results
        if computation.update is not None or graph.updates(name) or graph.cycle_of(name) is not None or kept:
            return f"`{name}` changes a tensor, is changed or checked, or goes step by step: no classes"
    for name in dict.fromkeys(each.computation for each in plan.classes):
        changed = with_classes(graph.computation(name), plan.classes)
        if changed.reduction is not None and changed.reduction.outside():
            inner = free_axes(changed.reduction.outside()[0]) & {each.part for each in plan.classes}
            if inner:
                return f"`{name}` has more outside of its reduction than classes allow"
        for access in accesses(changed):
            for form, extent in zip(access.subscripts, graph.shape_of(access.tensor), strict=True):
                inside = at_least_zero(form, access.known) and at_least_zero(constant(extent - 1) - form, access.known)
                if not inside:
                    return f"`{name}` would read outside of `{access.tensor}` at the end of a class"
    return ""
