# SPDX-License-Identifier: Apache-2.0
"""Which outer loop of a reduction goes innermost: one along which tiles use the lines again that the tile before has loaded.

A tile touches so many lines of each tensor: its elements there, fewer by as many as follow each other in a line. From one
place of an outer axis to the next these are other lines, or the same ones, or some of both where the step is short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from unrut.emitter.graph.computation import Computation
from unrut.emitter.schedule.costs import Strides, lengths

LINE = 64  # bytes
WORTH = 2.0  # by how much fewer lines have to be loaded for the order to change


def ordered(computation: Computation, outer: Sequence[str], tile: Mapping[str, int], strides: Strides) -> list[str]:
    """The outer axes in the order of the computation, but for the last one, which is the nearest if that is worth it."""
    loads = {axis: lines_loaded(computation, axis, tile, strides) for axis in outer}
    nearest = min(reversed(outer), key=lambda axis: loads[axis], default="")
    if not nearest or loads[nearest] * WORTH > loads[outer[-1]]:
        return list(outer)
    return [*(axis for axis in outer if axis != nearest), nearest]


def lines_loaded(computation: Computation, axis: str, tile: Mapping[str, int], strides: Strides) -> float:
    """Lines that the next place along an axis needs anew: of what is read, and of what is stored."""
    many = {**{a.name: lengths(computation)[a.name] for a in computation.reduced}, **tile}
    total = prod(tile.values()) * computation.dtype.size / LINE
    for access in strides.accesses[computation.name]:
        own = [name for name in many if name in access.axes()]
        if axis in access.axes():
            share = min([_share(strides.along(access, name)) for name in own], default=1.0)
            total += max(1.0, prod(many[name] for name in own) * share) * _share(strides.along(access, axis))
    return total


def _share(step: int | None) -> float:
    """The part of a line that a step of so many elements moves on by, for elements of four bytes."""
    return 1.0 if step is None else min(1.0, abs(step) * 4 / LINE)
