# SPDX-License-Identifier: Apache-2.0
"""`target[subscripts] = body` over ranges by data: which places of a block are covered, and that no two rows share any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from unrut.errors import Place, RangeError
from unrut.program.nodes import Axis, AxisValue, Statement
from unrut.program.ragged import both, end_of, first_of, is_ragged, owners, within
from unrut.reference.blocks import Footprint, blocks, cuts
from unrut.reference.places import Array, Bools, Places, Scene
from unrut.reference.ranges import Value, reach


def covered_blocks(
    statement: Statement, arrays: Footprint, limit: int, scene: Scene, value: Value, *, check: bool = True
) -> Iterator[tuple[Places, Bools]]:
    """The places of a statement that covers, in blocks, and which of them are in their ranges.

    Plain axes are cut first; a range by data then goes from the least start to the greatest stop of a block.
    """
    plain = {axis.name: range(scene.length(axis.extent)) for axis in statement.axes if not is_ragged(axis)}
    for block in blocks(cuts(plain, arrays, limit)):
        ranges: dict[str, range] = {}
        for axis in statement.axes:
            if is_ragged(axis):
                ranges |= reach((axis,), Places(ranges=ranges), scene, value, check=check)
            else:
                ranges[axis.name] = block[axis.name]
        for piece in blocks(cuts(ranges, arrays, limit)):
            places = Places(ranges=piece)
            taken = value(both(*(condition for axis in statement.axes for condition in within(axis))), places)
            yield places.where(taken), np.broadcast_to(taken, places.shape)


def refuse_overlaps(statement: Statement, scene: Scene, value: Value) -> None:
    """Raise RangeError for the first row that reaches into the next one, in the order of the owner."""
    left = {s.axis for s in statement.subscripts if isinstance(s, AxisValue)}
    axes = {axis.name: axis for axis in statement.axes}
    for axis in statement.axes:
        for owner in sorted(owners(axis) - left) if is_ragged(axis) else ():
            _refuse(axis, owner, axes, scene, value)


def _refuse(axis: Axis, owner: str, axes: Mapping[str, Axis], scene: Scene, value: Value) -> None:
    whole = {name: range(scene.length(axes[name].extent)) for name in axes if name in owners(axis)}
    places = Places(ranges=whole)
    at = list(whole).index(owner)
    shape = places.shape
    first, end = (np.moveaxis(np.broadcast_to(value(e, places), shape), at, -1) for e in (first_of(axis), end_of(axis)))
    wrong: Array = np.asarray(end[..., :-1] > first[..., 1:])
    if not wrong.any():
        return
    index = tuple(int(k) for k in np.argwhere(wrong)[0])
    row = index[-1]
    spans = [bound.span for bound in (axis.start, axis.stop) if bound is not None and bound.span is not None]
    raise RangeError(
        f"the range of axis `{axis.name}` ends at {end[index]} for {owner} = {row}, and begins at "
        f"{first[(*index[:-1], row + 1)]} for {owner} = {row + 1}: one place would have two values",
        places=[Place(span=span) for span in spans[:1]],
        remedy="offsets in order, rows that don't overlap",
    )
