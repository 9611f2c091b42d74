# SPDX-License-Identifier: Apache-2.0
"""How selections are scheduled: by a network over lanes where terms are few, from a stored line otherwise.

A network of n terms is about n * log2(n)**2 / 2 minima and maxima, in registers, and vectors along any free axis do as many
selections as they have lanes. Beyond NETWORK terms they no longer fit registers, and going through a stored line a few
times is cheaper: about LINE operations for each term.
"""

from __future__ import annotations

from math import prod

from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.selection import is_selection, line_read, rank_axes
from unrut.emitter.lower.networks import operations

NETWORK = 32
LINE = 3.0


def by_network(computation: Computation) -> bool:
    """Whether the terms of a selection are few, and as many for all sizes."""
    extents = [axis.extent for axis in computation.reduced]
    return all(e.is_fixed for e in extents) and 1 <= prod(e.value() for e in extents) <= NETWORK


def lines(graph: Graph) -> frozenset[str]:
    """The computed tensors that have to be stored, since terms are selected from their lines."""
    selections = [c for c in graph.computations if is_selection(c) and not by_network(c)]
    found = (line_read(graph, c) for c in selections)
    return frozenset(read.tensor for read in found if read is not None)


def exchanges(computation: Computation) -> int:
    """Minima and maxima of a network for one place of the axes around it; those of a median, or of a sort."""
    terms = prod(axis.extent.value() for axis in computation.reduced)
    ranks = range(terms) if rank_axes(computation) else (terms // 2,)
    return operations(terms, ranks)
