# SPDX-License-Identifier: Apache-2.0
"""What routines are told: a value for each hole that is not filled in the same way wherever the routine is invoked.

Before:  routine S(hole 0, hole 1): .. X[k + hole 0, hole 1] ..       S(k_block, y);  S(n - n % 5, y)
After:   routine S(k_first, y): .. X[k + k_first, y] ..                the same
Because: what is always the same is said once, where it is read; so a routine that is invoked once is the text that it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from unrut.emitter.graph.linear import linear
from unrut.emitter.graph.names import Names
from unrut.emitter.lower.holes import filled
from unrut.emitter.lower.renaming import Renaming
from unrut.emitter.nest import Guard, Invoke, Loop, Move, Nest, Node, Routine
from unrut.emitter.render.walk import expressions, nodes
from unrut.program.nodes import AxisValue, Expr
from unrut.program.types import DType
from unrut.program.walk import subexpressions


def settled(nest: Nest) -> Nest:
    """The nest with holes filled where that can be, those that invoke before what they invoke."""
    sites: dict[str, list[tuple[Expr, ...]]] = {routine.name: [] for routine in nest.routines}
    tellings: dict[str, Telling] = {}
    for kernel in nest.kernels:
        _gather(kernel.body, sites)
    for routine in reversed(nest.routines):
        tellings[routine.name] = _telling(routine, sites[routine.name])
        _gather(tellings[routine.name].routine.body, sites)
    settled_ones = (tellings[routine.name].routine for routine in nest.routines)
    return replace(
        nest,
        kernels=tuple(replace(kernel, body=_told(kernel.body, tellings)) for kernel in nest.kernels),
        routines=tuple(replace(routine, body=_told(routine.body, tellings)) for routine in settled_ones),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A routine with names for what it is told, and for each of them the hole that says it, or None for an axis as it is."""

    routine: Routine
    holes: tuple[int | None, ...]

    def values(self, values: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """What an invocation gives, of what fills all holes."""
        pairs = zip(self.routine.values, self.holes, strict=True)
        return tuple(AxisValue(axis=axis) if k is None else values[k] for axis, k in pairs)


def _gather(body: tuple[Node, ...], sites: dict[str, list[tuple[Expr, ...]]]) -> None:
    for node in nodes(body):
        if isinstance(node, Invoke):
            sites[node.routine].append(node.values)


def _told(body: tuple[Node, ...], tellings: Mapping[str, Telling]) -> tuple[Node, ...]:
    """A body whose invocations give just what is asked for."""
    return tuple(_told_node(node, tellings) for node in body)


def _told_node(node: Node, tellings: Mapping[str, Telling]) -> Node:
    match node:
        case Loop(body=body):
            return replace(node, body=_told(body, tellings))
        case Guard(body=body, otherwise=otherwise):
            return replace(node, body=_told(body, tellings), otherwise=_told(otherwise, tellings))
        case Invoke(values=values):
            return replace(node, values=tellings[node.routine].values(values))
        case _:
            return node


class Filling(Renaming):
    """Puts expressions into holes."""

    def expr(self, expr: Expr) -> Expr:
        return filled(expr, dict(self.axes))


def _telling(routine: Routine, sites: list[tuple[Expr, ...]]) -> Telling:
    columns = list(zip(*sites, strict=True))
    same = {k: column[0] for k, column in enumerate(columns) if len(set(column)) == 1}
    names = Names(taken=set(_bound(routine.body)) | {a for value in same.values() for a in _axes(value)})
    stems = _stems(routine.body) if len(same) < len(columns) else {}
    named: dict[tuple[Expr, ...], str] = {}
    for k, column in enumerate(columns):
        if k not in same and column not in named:
            first = column[0]
            stem = first.axis if isinstance(first, AxisValue) else stems.get(routine.values[k], "place")
            named[column] = names.fresh(stem)
    told = {name: next(k for k, c in enumerate(columns) if c == column) for column, name in named.items()}
    values: dict[str, Expr] = {
        routine.values[k]: same[k] if k in same else AxisValue(axis=named[column]) for k, column in enumerate(columns)
    }
    body = Filling(axes=values, buffers={}).body(routine.body)
    bound = set(_bound(body))
    free = [axis for node in nodes(body) for e in expressions(node) for axis in _axes(e) if axis not in bound]
    given = tuple(dict.fromkeys(free))
    return Telling(routine=replace(routine, values=given, body=body), holes=tuple(told.get(axis) for axis in given))


def _bound(body: tuple[Node, ...]) -> Iterator[str]:
    for node in nodes(body):
        if isinstance(node, Loop):
            yield node.axis
        if isinstance(node, Move):
            yield from (*node.across, node.along)


def _axes(expr: Expr) -> Iterator[str]:
    yield from (part.axis for part in subexpressions(expr) if isinstance(part, AxisValue))


def _stems(body: tuple[Node, ...]) -> Mapping[str, str]:
    """Names for holes by what they do: where a loop begins or ends, where the places of an axis begin."""
    found: dict[str, str] = {}
    for node in nodes(body):
        if isinstance(node, Loop):
            for end, said in ((node.start, "start"), (node.stop, "stop")):
                if isinstance(end, AxisValue):
                    found.setdefault(end.axis, f"{node.axis}_{said}")
        for expr in expressions(node):
            for part in subexpressions(expr):
                axes = [a.axis for _, a in linear(part).terms if isinstance(a, AxisValue)] if _is_sum(part) else []
                for axis in axes:
                    found.setdefault(axis, f"{next((a for a in axes if a != axis), axis)}_first")
    return found


def _is_sum(part: Expr) -> bool:
    return part.dtype is DType.i64 and not isinstance(part, AxisValue) and bool(linear(part).terms)
