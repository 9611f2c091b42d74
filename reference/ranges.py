# SPDX-License-Identifier: Apache-2.0
"""Which places a reduction, or a line of softmax, goes through: whole extents, or ranges that data give.

    axis e: ptr[i] .. ptr[i + 1]       for each i the places ptr[i] <= e < ptr[i + 1]

A block of several i goes through all places from the first start to the last stop; which of them belong to one i is a
condition like `where=` (`domain` and `within` in `unrut.program.ragged`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from unrut.errors import Place, RangeError
from unrut.program.nodes import Axis, Expr
from unrut.program.ragged import end_of, first_of, is_ragged
from unrut.reference.casts import unwrapped
from unrut.reference.places import Array, Bools, Places, Scene

Value = Callable[[Expr, Places], Array]


def reach(axes: Sequence[Axis], places: Places, scene: Scene, value: Value, *, check: bool = True) -> dict[str, range]:
    """For each axis the places from the least start to the greatest stop of its range over a block.

    Raises RangeError at the first place of the block, of those that count, whose range is out of order or leaves the
    extent.
    """
    found: dict[str, range] = {}
    for axis in axes:
        found[axis.name] = _reach_of(axis, places.inside(found), scene, value, check)
    return found


def line(axis: Axis, places: Places, scene: Scene, value: Value, *, check: bool = True) -> range:
    """The places of an axis that a block of lines along it needs, those that are asked for among them."""
    asked, needed = places.ranges[axis.name], _reach_of(axis, places, scene, value, check)
    return range(min(asked.start, needed.start), max(asked.stop, needed.stop)) if is_ragged(axis) else needed


def _reach_of(axis: Axis, places: Places, scene: Scene, value: Value, check: bool) -> range:
    extent = scene.length(axis.extent)
    if not is_ragged(axis):
        return range(extent)
    first, end = value(first_of(axis), places), value(end_of(axis), places)
    if check:
        _refuse_disorder(axis, first, end, extent, places)
    low = int(np.min(first, initial=extent))
    high = int(np.max(end, initial=0))
    return range(max(0, min(low, extent)), max(low, min(high, extent), 0)) if low < high else range(0)


def _refuse_disorder(axis: Axis, first: Array, end: Array, extent: int, places: Places) -> None:
    wrong: Bools = np.asarray((first < 0) | (first > end) | (end > extent))
    if places.live is not None:
        wrong = wrong & places.live
    if not wrong.any():
        return
    index = [int(k) for k in np.argwhere(wrong)[0]]

    def there(values: Array) -> int:
        return int(np.broadcast_to(values, wrong.shape)[tuple(index)])

    at = ", ".join(
        f"{name} = {r[k]}"
        for (name, r), k, n in zip(places.ranges.items(), index, wrong.shape, strict=True)
        if n > 1 or len(r) == 1
    )
    start, stop = unwrapped(there(first), first_of(axis)), unwrapped(there(end), end_of(axis))
    fault = f"{start} is before 0" if start < 0 else f"{stop} is beyond the extent, {extent}"
    fault = f"{start} is more than {stop}" if start > stop else fault
    spans = [bound.span for bound in (axis.start, axis.stop) if bound is not None and bound.span is not None]
    raise RangeError(
        f"the range of axis `{axis.name}` goes from {start} to {stop} at {at or 'its only place'}: {fault}",
        places=[Place(span=span) for span in spans[:1]],
        remedy=f"offsets in order, from 0 to at most {extent}",
    )
