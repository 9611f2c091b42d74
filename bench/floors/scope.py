# SPDX-License-Identifier: Apache-2.0
"""Where an expression is evaluated: axes with their extents, guards, ranges by data; and at how many different places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from bench.floors.places import axes_of, conjuncts, image
from unrut.program.extents import evaluate
from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import Along, Axis, AxisValue, Call, Cast, Const, Expr, Read, Reduce, Where
from unrut.program.walk import children, free_axes

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`ragged`: for an axis whose range is data, the axes that own it and how many places all ranges have together. `part`:
    the share of evaluations that conditions on data let through. `fold`: how often the states of a fold are combined."""

    extents: Mapping[str, int]
    sizes: Mapping[str, int]
    arrays: Mapping[str, Array]
    ragged: Mapping[str, tuple[frozenset[str], float]] = field(default_factory=dict)
    guards: tuple[Expr, ...] = ()
    part: float = 1.0
    fold: float = 1.0

    def inside(self, axes: tuple[Axis, ...], *guards: Expr | None) -> Scope:
        """The scope of what stands below these axes, under these guards."""
        found = dict(self.extents)
        ragged = dict(self.ragged)
        for axis in axes:
            found[axis.name] = max(0, evaluate(axis.extent, self.sizes))
            ragged.pop(axis.name, None)
            if axis.start is not None or axis.stop is not None:
                ragged[axis.name] = self._total(axis, found)
        kept = tuple(g for g in self.guards if not (axes_of(g) or frozenset()) & {axis.name for axis in axes})
        new = tuple(part for g in guards if g is not None for part in conjuncts(g))
        return replace(self, extents=found, ragged=ragged, guards=(*kept, *new))

    def _total(self, axis: Axis, extents: Mapping[str, int]) -> tuple[frozenset[str], float]:
        ends = [end for end in (axis.start, axis.stop) if end is not None]
        owners = frozenset[str]().union(*map(free_axes, ends))
        order = sorted(owners)
        low = 0 if axis.start is None else _data(axis.start, order, extents, self.arrays)
        high = extents[axis.name] if axis.stop is None else _data(axis.stop, order, extents, self.arrays)
        if low is None or high is None:  # nothing is known of the data: each place of the axis once
            return owners, float(extents[axis.name])
        lengths = np.broadcast_to(np.asarray(high) - np.asarray(low), [extents[name] for name in order])
        return owners, float(np.maximum(lengths, 0).sum())

    def count(self, expr: Expr, *more: Axis) -> float:
        """How many different values an expression has, or a pair of it and the values of further axes."""
        if any(isinstance(part, Local) for part in _parts(expr)):
            return self.fold
        axes = free_axes(expr) | {axis.name for axis in more}
        forms = [*_forms(expr, axes), *(AxisValue(axis=axis.name) for axis in more)]
        found, extents = 1.0, dict(self.extents)
        for name in sorted(axes & self.ragged.keys()):
            owners, total = self.ragged[name]
            extents[name] = 1
            found *= total / max(1, prod(self.extents[o] for o in owners & axes))
        guards = [g for g in self.guards if (known := axes_of(g)) is not None and known <= axes - self.ragged.keys()]
        return found * image(forms, extents, guards=guards) * self.part


def _parts(expr: Expr) -> Iterator[Expr]:
    """Sub-expressions, those of inner folds left out: their states are their own."""
    yield expr
    if not isinstance(expr, Fold):
        for part in children(expr):
            yield from _parts(part)


def _forms(expr: Expr, axes: frozenset[str]) -> Iterator[Expr]:
    """What an expression's value depends on: affine subscripts and axis values, of axes that are free in it."""
    match expr:
        case Read(subscripts=subscripts):
            for subscript in subscripts:
                known = axes_of(subscript)
                if known is not None and known <= axes:
                    yield subscript
                elif known is not None:
                    yield from (AxisValue(axis=name) for name in sorted(known & axes))
                else:
                    yield from _forms(subscript, axes)
            if not isinstance(expr.outside, type(None)) and expr.outside in children(expr):
                yield from _forms(children(expr)[-1], axes)
        case AxisValue(axis=name) if name in axes:
            yield expr
        case Along(axis=axis, body=body):
            if axis.name in axes:
                yield AxisValue(axis=axis.name)
            yield from _forms(body, axes)
        case _:
            for part in children(expr):
                yield from _forms(part, axes)


def _data(expr: Expr, order: list[str], extents: Mapping[str, int], arrays: Mapping[str, Array]) -> Array | None:
    """The values of an integer expression of axes and operands; None where it needs more."""
    match expr:
        case Const(value=value):
            return np.asarray(value)
        case AxisValue(axis=axis):
            return np.arange(extents[axis]).reshape([extents[name] if name == axis else 1 for name in order])
        case Cast(operand=operand):
            return _data(operand, order, extents, arrays)
        case Call(function="add" | "subtract" | "maximum" | "minimum" | "multiply" as function, arguments=arguments):
            found = [_data(part, order, extents, arrays) for part in arguments]
            if found[0] is None or found[1] is None:
                return None
            return np.asarray(getattr(np, function)(*found))
        case Read(tensor=tensor, subscripts=subscripts, outside=None) if tensor in arrays:
            places = [_data(part, order, extents, arrays) for part in subscripts]
            if any(place is None for place in places):
                return None
            known = [place for place in places if place is not None]
            return np.asarray(arrays[tensor][tuple(known)], np.int64)
        case _:
            return None


def reductions_in(expr: Expr) -> Iterator[Expr]:
    """The outermost reductions of an expression."""
    if isinstance(expr, Reduce | Fold | Along):
        yield expr
    else:
        for part in children(expr):
            yield from reductions_in(part)


def reads_in(expr: Expr, scope: Scope) -> Iterator[tuple[Read, Scope]]:
    """Every read with the scope in which it stands, guards included."""
    match expr:
        case Reduce(axes=axes, where=where) | Fold(axes=axes, where=where):
            inner = scope.inside(axes, where)
            parts = children(expr)
        case Where(condition=condition, then=then, otherwise=otherwise):
            yield from reads_in(condition, scope)
            yield from reads_in(then, replace(scope, guards=(*scope.guards, *conjuncts(condition))))
            inner, parts = scope, (otherwise,)
        case Read():
            yield expr, scope
            inner, parts = scope, children(expr)
        case _:
            inner, parts = scope, children(expr)
    for part in parts:
        yield from reads_in(part, inner)
