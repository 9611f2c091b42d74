# SPDX-License-Identifier: Apache-2.0
"""Where an expression is evaluated: a block of places, and the tensors that stand there.

Every sub-expression is evaluated over a whole block at once, as a NumPy array with one dimension for each axis in the
order of binding (statement, then enclosing reductions from the outside in). A dimension of length 1 stands for "does
not depend on this axis", so that broadcasting alone brings operands together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unrut.program.extents import Extent, evaluate
from unrut.program.fold_nodes import Side
from unrut.program.nodes import Axis, Expr
from unrut.program.types import DType

Array: TypeAlias = NDArray[Any]
Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

WIDE: Mapping[DType, np.dtype[Any]] = {
    d: np.dtype(np.complex128 if d.is_complex else np.float64) if d.is_complex or d.is_float else d.numpy for d in DType
}
"""What a dtype is computed in: f32 and c64 in double precision, so that the reference's own rounding is far below a kernel's;
integers in themselves, because they wrap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """A block of places: the bound axes in the order of binding, each with the range that the block covers.

    `live` says at which places the value is asked for (None: at all of them). Elsewhere a branch was not taken: any
    value will do there, and a read that would be invalid is not an error.
    """

    ranges: Mapping[str, range] = field(default_factory=dict)
    live: Bools | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(r) for r in self.ranges.values())

    def values(self, axis: str) -> NDArray[np.int64]:
        """The values of one axis, along its own dimension."""
        r = self.ranges[axis]
        at = list(self.ranges).index(axis)
        return np.arange(r.start, r.stop).reshape([-1 if k == at else 1 for k in range(len(self.ranges))])

    def inside(self, ranges: Mapping[str, range]) -> Places:
        """The places of a reduction's body: further axes, bound behind those that are there."""
        live = None if self.live is None else self.live.reshape(self.live.shape + (1,) * len(ranges))
        return Places(ranges={**self.ranges, **ranges}, live=live)

    def where(self, mask: Bools) -> Places:
        """The same places, of which only those in `mask` count."""
        return replace(self, live=mask if self.live is None else self.live & mask)

    def along(self, axis: str, whole: range) -> Places:
        """The same places with one axis running over another range; a line counts if any of its places did."""
        at = list(self.ranges).index(axis)
        live = None if self.live is None else np.any(self.live, axis=at, keepdims=True)
        return Places(ranges={**self.ranges, axis: whole}, live=live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """The part of a tensor that is held: `array` starts at place `origin` of the whole, which has `shape`.

    `before` says how many places before the range there are in each dimension; () for none in any.
    """

    array: Array
    origin: tuple[int, ...]
    shape: tuple[int, ...]
    before: tuple[int, ...] = ()

    def first(self) -> tuple[int, ...]:
        """The first place of each dimension."""
        return tuple(-m for m in self.before) if self.before else (0,) * len(self.shape)

    def at(self, block: Mapping[str, range]) -> tuple[slice, ...]:
        """Where a block of the tensor's places, one range for each dimension, stands in `array`."""
        return tuple(slice(r.start - o, r.stop - o) for r, o in zip(block.values(), self.origin, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What expressions can refer to besides axes: tensors, run-time scalars and sizes; inside a fold its states."""

    tensors: Mapping[str, Tensor]
    scalars: Mapping[str, float]
    sizes: Mapping[str, int]
    states: Mapping[tuple[Side, str], Any] = field(default_factory=dict)

    def length(self, extent: Extent) -> int:
        """An extent as a number; ranges below 0 are empty."""
        return max(0, evaluate(extent, self.sizes))

    def whole(self, axes: tuple[Axis, ...]) -> dict[str, range]:
        """The full ranges of some axes."""
        return {axis.name: range(self.length(axis.extent)) for axis in axes}


Evaluator: TypeAlias = Callable[[Expr, Places], Array]
"""The interpreter itself, handed to those nodes that decide where their parts are evaluated."""
