# SPDX-License-Identifier: Apache-2.0
"""How far ahead rows are fetched: those at computed places, and those that reductions go along one after the other.

A row comes from beyond L2 in the time in which NEARBY bytes come from near caches, and nobody foresees where it lies; so it
is asked for when as many bytes of rows before it are still to be used, at most MOST rows. Operands that fit L2 need none.

Processors foresee what lies in a row, but not the next row if that is on another page. So the last reduction of a kernel that
goes along a row of at least LEAST bytes asks for the next one, beside the row itself in what L1 can hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unrut.emitter.graph.access import Access, accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import Strides, number_of, places
from unrut.emitter.schedule.plan import Entry

NEARBY = 8192
MOST = 32
LEAST = 1024


def fetching(graph: Graph, machine: Machine, strides: Strides, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries, each with how far it looks ahead."""
    found: list[Entry] = []
    kernel: set[str] = set()  # operands that later entries of the kernel go along
    for entry in reversed(entries):
        computation = graph.computation(entry.computation)
        ahead, why = distance(graph, computation, machine)
        rows = [] if ahead else _rows(graph, machine, strides, computation, entry)
        if rows and not kernel & set(rows):
            ahead, why = 1, f"the next row of {' '.join(rows)} fetched beside this one"
        kernel |= set(rows)
        found.append(replace(entry, ahead=ahead, reasons=(*entry.reasons, why)) if ahead else entry)
        kernel = kernel if entry.share else set()
    return tuple(reversed(found))


def _rows(graph: Graph, machine: Machine, strides: Strides, computation: Computation, entry: Entry) -> list[str]:
    """The operands whose rows a reduction with partial accumulators goes along, one row for each place of its last loop."""
    reduction = computation.reduction
    partial = bool(entry.reduce) and entry.reduce[-1].block > 1
    if (
        reduction is None
        or computation.update is not None
        or not partial
        or not entry.loops
        or entry.loops[-1].block > 1
    ):
        return []
    row = entry.loops[-1].axis
    operands = {operand.name for operand in graph.program.operands}
    found = []
    for access in accesses(computation):
        size = number_of(computation.extents()[entry.lanes]) * graph.dtype_of(access.tensor).size
        along = strides.along(access, entry.lanes) == 1 and access.aligned(len(access.subscripts) - 1) == entry.lanes
        if access.tensor not in operands or not along or not LEAST <= size <= machine.l1 // 3:
            continue
        if row in access.axes() and _bytes(graph, access.tensor) > machine.l2:
            found.append(access.tensor)
    return list(dict.fromkeys(found))


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
