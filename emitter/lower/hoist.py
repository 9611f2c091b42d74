# SPDX-License-Identifier: Apache-2.0
"""Bounds from data in variables of their own, before the loops that they bound.

Before:  where e >= clamp(ptr[i]), e < clamp(ptr[i + 1])            inside the loop over i
After:   y_bound = clamp(ptr[i]);  y_bound2 = clamp(ptr[i + 1]);    where e >= y_bound, e < y_bound2
Because: a variable that is read once, and whose range is known, is index arithmetic like any other: `cut` makes loops of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unrut.emitter.graph.linear import Linear, expression, linear
from unrut.emitter.graph.ranges import Known, atom_bounds, is_data, is_near
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.site import Context, Site
from unrut.emitter.nest import Declare, Node, Store
from unrut.program.nodes import Call, Expr, Read
from unrut.program.types import DType
from unrut.program.walk import free_axes, reads


def hoisted(
    site: Site, pending: tuple[Expr, ...], context: Context, memory: Memory
) -> tuple[tuple[Node, ...], tuple[Expr, ...], Context]:
    """Variables for what conditions compare axes with, where it can be evaluated here; the conditions over them."""
    nodes: list[Node] = []
    names: dict[Expr, Expr] = {}
    known = context.known
    for atom in (atom for condition in pending for atom in _bounds_in(condition, known)):
        placed = simplify(site.place(atom), known)
        if atom in names or not free_axes(placed) <= context.opened:
            continue
        stem = f"{site.computation.name}_bound"
        number = len([name for name in known.elements if name.startswith(stem)])
        register = memory.register(stem if not number else f"{stem}{number + 1}", DType.i64, ())
        value = memory.value(site, atom, known)
        note = site.computation.statement
        nodes += [
            Declare(buffer=register, note=note),
            Store(buffer=register.name, subscripts=(), value=value, note=note),
        ]
        names[atom] = Read(tensor=register.name, subscripts=(), dtype=DType.i64)
        known = replace(known, elements={**known.elements, register.name: atom_bounds(atom, known)})
    if not names:
        return (), pending, context
    return tuple(nodes), tuple(_over(condition, names) for condition in pending), context.learn(known)


def _bounds_in(condition: Expr, known: Known) -> Iterator[Expr]:
    """What a comparison of index arithmetic reads, as far as its range is known."""
    match condition:
        case Call(arguments=(left, right)) if left.dtype is DType.i64 and right.dtype is DType.i64:
            for side in (left, right):
                for _, atom in linear(side).terms:
                    fresh = any(read.tensor not in known.elements for read in reads(atom))
                    if fresh and is_data(atom) and is_near(atom, known):
                        yield atom
        case _:
            return


def _over(condition: Expr, names: dict[Expr, Expr]) -> Expr:
    """A comparison with variables in place of what they hold."""
    match condition:
        case Call(arguments=(left, right)) if left.dtype is DType.i64 and right.dtype is DType.i64:
            return replace(condition, arguments=(_side(left, names), _side(right, names)))
        case _:
            return condition


def _side(side: Expr, names: dict[Expr, Expr]) -> Expr:
    form = linear(side)
    if not any(atom in names for _, atom in form.terms):
        return side
    terms = tuple((c, names.get(atom, atom)) for c, atom in form.terms)
    return expression(Linear(constant=form.constant, terms=terms))
