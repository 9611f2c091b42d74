# SPDX-License-Identifier: Apache-2.0
"""`tensor[subscripts]`, and what a read outside its tensor gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import numpy as np
from numpy.lib.stride_tricks import as_strided

from unrut.errors import Place, RangeError
from unrut.program.nodes import OutsideMode, Read
from unrut.reference.affine import Affine, affine
from unrut.reference.casts import unwrapped
from unrut.reference.places import Array, Bools, Evaluator, Places, Scene, Tensor


def read(expr: Read, places: Places, scene: Scene, value: Evaluator) -> Array:
    """`T[s_1, ..., s_d]` at all places, as stored (the caller widens it).

    With `outside` a subscript that leaves its dimension of extent n is first brought back (`bring_back`), or the read
    gives the value of the expression `outside` instead and touches nothing. Without it every read that counts must be
    inside; those of a branch not taken may be anywhere, and read nothing.
    """
    tensor = scene.tensors[expr.tensor]
    if expr.outside is None:
        lines = [affine(s, scene.sizes) for s in expr.subscripts]
        if all(line is not None for line in lines):
            view = strided(tensor, [line for line in lines if line is not None], places.ranges)
            if view is not None:
                return view
    _, subscripts = subscripts_of(expr, tensor, places, value)
    if expr.outside is None or isinstance(expr.outside, OutsideMode):
        refuse_invalid(expr, tensor, subscripts, places)
        return gather(tensor, subscripts, places)
    inside = within(subscripts, tensor.shape, places, tensor.first())
    instead = value(expr.outside, places.where(~inside))
    return np.where(inside, gather(tensor, subscripts, places), instead)


def subscripts_of(expr: Read, tensor: Tensor, places: Places, value: Evaluator) -> tuple[list[Array], list[Array]]:
    """The subscripts as asked for, and as a mode that brings them back reads them."""
    asked = [value(s, places) for s in expr.subscripts]
    match expr.outside:
        case OutsideMode() as mode if 0 not in tensor.shape:
            ends = zip(asked, tensor.shape, tensor.first(), strict=True)
            return asked, [bring_back(s - first, n - first, mode) + first for s, n, first in ends]
        case _:
            return asked, asked


def bring_back(subscript: Array, extent: int, mode: OutsideMode) -> Array:
    """The place inside [0, n) that stands for subscript s (any integer), for n >= 1; for n = 3 and s = -4 ... 6:

        edge        0 0 0 0 | 0 1 2 | 2 2 2 2      min(max(s, 0), n - 1)
        wrap        2 0 1 2 | 0 1 2 | 0 1 2 0      s mod n
        reflect     0 1 2 1 | 0 1 2 | 1 0 1 2      period 2n - 2, edges not repeated
        symmetric   2 2 1 0 | 0 1 2 | 2 1 0 0      period 2n, edges repeated

    Source: `numpy.pad`, modes of these names.
    """
    match mode:
        case OutsideMode.edge:
            return np.clip(subscript, 0, extent - 1)
        case OutsideMode.wrap:
            return subscript % extent
        case OutsideMode.reflect:
            turn = subscript % max(1, 2 * extent - 2)
            return np.where(turn < extent, turn, 2 * extent - 2 - turn)
        case OutsideMode.symmetric:
            turn = subscript % (2 * extent)
            return np.where(turn < extent, turn, 2 * extent - 1 - turn)
        case _:
            assert_never(mode)


def within(subscripts: list[Array], shape: tuple[int, ...], places: Places, first: tuple[int, ...] = ()) -> Bools:
    """At which places all subscripts are inside: from the first place, 0 if nothing is said, to below the extent."""
    inside = np.ones((1,) * len(places.ranges), np.bool_)
    for s, n, least in zip(subscripts, shape, first or (0,) * len(shape), strict=True):
        inside = inside & (s >= least) & (s < n)
    return inside


def gather(tensor: Tensor, subscripts: list[Array], places: Places) -> Array:
    """The elements at the subscripts; those outside what is held are moved to its border (0 if nothing is held)."""
    if not subscripts:
        return tensor.array.reshape((1,) * len(places.ranges))
    if 0 in tensor.array.shape:
        return np.zeros(np.broadcast_shapes(*(s.shape for s in subscripts)), tensor.array.dtype)
    inside = zip(subscripts, tensor.origin, tensor.array.shape, strict=True)
    picked: Array = tensor.array[tuple(np.clip(s - start, 0, held - 1) for s, start, held in inside)]
    return picked


def strided(tensor: Tensor, lines: list[Affine], ranges: Mapping[str, range]) -> Array | None:
    """Reads with affine subscripts as a view without a copy, or None if some place would leave the tensor.

    Moving one step along axis a moves `sum over d of coefficient_d[a] * stride_d` bytes. So a window `x[2*y + ky]` is
    an array of its own with strides 2s and s over the same memory.
    """
    if any(len(r) == 0 for r in ranges.values()):
        return None
    corner = []
    for line, start, held in zip(lines, tensor.origin, tensor.array.shape, strict=True):
        lowest, highest = line.span(ranges)
        if lowest < start or highest >= start + held:
            return None
        corner.append(line.constant + sum(c * ranges[a].start for a, c in line.coefficients.items()) - start)
    steps = {
        axis: sum(line.coefficients.get(axis, 0) * s for line, s in zip(lines, tensor.array.strides, strict=True))
        for axis in ranges
    }
    used = {axis for line in lines for axis, c in line.coefficients.items() if c}
    shape = [len(r) if axis in used else 1 for axis, r in ranges.items()]
    first = tensor.array[tuple(slice(c, None) for c in corner)]
    return as_strided(first, shape, [steps[axis] for axis in ranges], writeable=False)


def refuse_invalid(expr: Read, tensor: Tensor, subscripts: list[Array], places: Places, remedy: str = "") -> None:
    """Raise for the first place that counts at which a read without policy, or an addition, leaves its tensor."""
    invalid = np.broadcast_to(~within(subscripts, tensor.shape, places, tensor.first()), places.shape)
    if places.live is not None:
        invalid = invalid & places.live
    if not invalid.any():
        return
    first = [int(k) for k in np.argwhere(invalid)[0]]
    at = {axis: r[k] for (axis, r), k in zip(places.ranges.items(), first, strict=True)}
    computed = [int(np.broadcast_to(s, places.shape)[tuple(first)]) for s in subscripts]
    read_at = [unwrapped(s, subscript) for s, subscript in zip(computed, expr.subscripts, strict=True)]
    for d, (s, n, least) in enumerate(zip(read_at, tensor.shape, tensor.first(), strict=True)):
        if not least <= s < n:
            raise RangeError(
                f"`{expr.tensor}{read_at}` leaves `{expr.tensor}` of shape {tensor.shape}: subscript {d} is {s}, "
                f"the dimension has extent {n}; at {', '.join(f'{a} = {v}' for a, v in at.items()) or 'the only place'}",
                places=[Place(span=expr.span)] if expr.span is not None else [],
                remedy=remedy or f"guard the read with ur.where, or say what is outside: {expr.tensor}.outside(0)[...]",
            )
