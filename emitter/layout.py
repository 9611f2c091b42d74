# SPDX-License-Identifier: Apache-2.0
"""How an operand or result lies in memory, as far as generated code may rely on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Strides of one tensor. `strides[d]` is a number of elements that is fixed in the source, or None: given at run time.

    `aligned=False`: the address or a stride is no multiple of the element size. Then all strides are given at run time, in
    bytes, and elements are read and written bytewise.

    `pairs`: the array holds complex numbers. The layout is that of their parts, real and imaginary beside each other along a
    last dimension of two, and strides count parts.
    """

    strides: tuple[int | None, ...]
    aligned: bool = True
    pairs: bool = False

    @property
    def takes_strides(self) -> bool:
        """Whether the C function has a strides argument for this tensor."""
        return not self.aligned or any(stride is None for stride in self.strides)


def contiguous(shape: tuple[int | None, ...], *, pairs: bool = False) -> Layout:
    """C order. Strides beyond the first run-time extent (None), counted from the last dimension, are run-time."""
    strides: list[int | None] = []
    step: int | None = 1
    for extent in reversed((*shape, 2) if pairs else shape):
        strides.append(step)
        step = None if step is None or extent is None else step * max(extent, 1)
    return Layout(strides=tuple(reversed(strides)), pairs=pairs)


def parts_of(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The real and imaginary parts of complex numbers along a last dimension of two; no copy, whatever the strides."""
    return array[..., None].view(array.real.dtype)


def layout_of(array: npt.NDArray[Any], shape: tuple[int | None, ...] | None = None) -> Layout:
    """What generated code may rely on for an array whose extents in the source are `shape` (None: given at run time).

    C order gives fixed strides, anything else run-time strides except 1 where elements of a dimension are neighbours.
    Strides of extents 0 and 1 are never used, so they count as contiguous. Without a shape all extents are fixed.
    """
    if array.dtype.kind == "c":
        whole = None if shape is None else (*shape, 2)
        return replace(layout_of(parts_of(array), whole), pairs=True)
    extents = array.shape if shape is None else shape
    size = array.itemsize
    used = [step for step, extent in zip(array.strides, array.shape, strict=True) if extent > 1]
    if array.size and (array.__array_interface__["data"][0] % size or any(step % size for step in used)):
        return Layout(strides=(None,) * array.ndim, aligned=False)
    if array.flags.c_contiguous:
        return contiguous(extents)
    last = array.ndim - 1
    steps = zip(array.strides, array.shape, strict=True)
    unit = [step == size if extent > 1 else d == last for d, (step, extent) in enumerate(steps)]
    return Layout(strides=tuple(1 if one else None for one in unit))
