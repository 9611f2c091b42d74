# SPDX-License-Identifier: Apache-2.0
"""How far ahead rows at computed places are fetched.

A row comes from beyond L2 in the time in which NEARBY bytes come from near caches, and nobody foresees where it lies; so it
is asked for when as many bytes of rows before it are still to be used, at most MOST rows. Operands that fit L2 need none.
"""

from __future__ import annotations

from unrut.emitter.graph.access import Access, accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import number_of, places

NEARBY = 8192
MOST = 32


def distance(graph: Graph, computation: Computation, machine: Machine) -> tuple[int, str]:
    """How many iterations ahead, 0 for not at all, and why."""
    operands = {operand.name for operand in graph.program.operands}
    found = [a for a in accesses(computation) if a.tensor in operands and a.is_computed]
    far = [a for a in found if _bytes(graph, a.tensor) > machine.l2]
    if not far:
        return 0, ""
    row = max(_row(graph, computation, access) for access in far)
    count = max(2, min(MOST, NEARBY // row))
    names = " ".join(dict.fromkeys(access.tensor for access in far))
    return count, f"{names} fetched {count} rows ahead: {row} bytes each, at computed places of more than L2"


def _bytes(graph: Graph, tensor: str) -> int:
    return places(graph.shape_of(tensor)) * graph.dtype_of(tensor).size


def _row(graph: Graph, computation: Computation, access: Access) -> int:
    """Bytes that follow each other at one computed place."""
    size = graph.dtype_of(access.tensor).size
    for dimension in reversed(range(len(access.subscripts))):
        axis = access.aligned(dimension)
        if axis is None:
            break
        size *= number_of(computation.extents()[axis])
    return size
