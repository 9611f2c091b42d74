# SPDX-License-Identifier: Apache-2.0
"""How wide the tile of a reduction is whose rows come from memory, each once.

Where a tile has but one row, and each of its terms is a row of an operand beyond L2, the rows are a stream for each place of
the tile's width: narrow tiles take a little of every row, far apart, and come back for the rest. A wide one is accumulated
in L1 instead of in registers, and takes as much of a row as leaves each core one tile.
"""

from __future__ import annotations

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.laws import law
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.costs import Strides, lengths, number_of, places

MANY = 64  # terms from which on a stream is one
PART = 8  # of L1 that the accumulators of a tile take


def width(computation: Computation, lanes: str, least: int, strides: Strides, machine: Machine) -> int:
    """The lanes of a tile of one row, at least `least`."""
    reduction = computation.reduction
    assert reduction is not None
    if law(reduction.kind).combine == "":
        return least  # places and states are more than a term: they stay in registers
    many = lengths(computation)
    terms = 1
    for axis in reduction.axes:
        terms *= many[axis.name]
    far = [
        access
        for access in accesses(computation)
        if strides.along(access, lanes) == 1
        and strides.along(access, reduction.axes[-1].name) not in (0, 1)
        and not access.is_computed
        and places(strides.graph.shape_of(access.tensor)) * strides.graph.dtype_of(access.tensor).size > machine.l2
    ]
    if terms < MANY or not far or not all(axis.extent.is_fixed for axis in computation.axes):
        return least
    extent = number_of(computation.extents()[lanes])
    most = machine.l1 // PART // computation.body.dtype.size
    vector = machine.lanes(computation.body.dtype.size)
    others = places(axis.extent for axis in computation.axes if axis.name != lanes)
    share = extent if others >= machine.cores else -(-extent // machine.cores)
    return max(least, min(most, share) // vector * vector)
