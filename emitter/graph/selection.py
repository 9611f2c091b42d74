# SPDX-License-Identifier: Apache-2.0
"""Selections: reductions that take the term of a rank, and how the tensor is read that holds their terms."""

from __future__ import annotations

from unrut.emitter.graph.computation import Computation, Graph
from unrut.program.nodes import AxisValue, Read, ReduceKind
from unrut.program.walk import free_axes

SELECTIONS = frozenset({ReduceKind.kth_smallest, ReduceKind.arg_kth_smallest})


def is_selection(computation: Computation) -> bool:
    """Whether a computation takes terms by rank."""
    return computation.reduction is not None and computation.reduction.kind in SELECTIONS


def rank_axes(computation: Computation) -> frozenset[str]:
    """The free axes that the rank alone mentions: their places ask for other ranks of the same terms."""
    if computation.reduction is None or computation.reduction.rank is None:
        return frozenset()
    terms = free_axes(computation.body)
    return frozenset(a.name for a in computation.axes if a.name not in terms) & free_axes(computation.reduction.rank)


def line_read(graph: Graph, computation: Computation) -> Read | None:
    """The read of a computed tensor whose last dimensions hold the terms of a selection in order; None if there is none."""
    body, reduced = computation.body, computation.reduced
    if not is_selection(computation) or not isinstance(body, Read) or body.tensor not in graph.names():
        return None
    bare = tuple(AxisValue(axis=axis.name) for axis in reduced)
    outer = body.subscripts[: len(body.subscripts) - len(reduced)]
    whole = graph.computation(body.tensor).shape[len(outer) :] == tuple(axis.extent for axis in reduced)
    reduced_names = {axis.name for axis in reduced}
    inside = any(free_axes(s) & reduced_names for s in outer)
    return body if body.subscripts[len(outer) :] == bare and whole and not inside else None
