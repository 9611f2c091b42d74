# SPDX-License-Identifier: Apache-2.0
"""How an operand or result lies in memory, as far as generated code may rely on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Strides of one tensor. `strides[d]` is a number of elements that is fixed in the source, or None: given at run time.

    `aligned=False`: the address or a stride is no multiple of the element size. Then all strides are given at run time, in
    bytes, and elements are read and written bytewise.
    """

    strides: tuple[int | None, ...]
    aligned: bool = True

    @property
    def takes_strides(self) -> bool:
        """Whether the C function has a strides argument for this tensor."""
        return not self.aligned or any(stride is None for stride in self.strides)


def contiguous(shape: tuple[int | None, ...]) -> Layout:
    """C order. Strides beyond the first run-time extent (None), counted from the last dimension, are run-time."""
    strides: list[int | None] = []
    step: int | None = 1
    for extent in reversed(shape):
        strides.append(step)
        step = None if step is None or extent is None else step * max(extent, 1)
    return Layout(strides=tuple(reversed(strides)))
