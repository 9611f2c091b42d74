# SPDX-License-Identifier: Apache-2.0
"""What is measured: an op with its operands, the kind by which its peers are found, and the bar that it has to pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`least` of what `by` says: "floor", "special" (the floor with elementary functions), "peer" (the best peer's time
    over ours), "gather" (of the rate of rows gathered at the same places)."""

    by: str
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`op(*arrays, **parameters)`. `kind` names the peers' functions, which get the same arrays and parameters, and
    `details`, which the op itself has in other form (the formula of a contraction)."""

    name: str
    op: Any
    arrays: Callable[[], tuple[Array, ...]]
    kind: str
    bars: tuple[Bar, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    most_threads: int | None = None
    gathered: Callable[[tuple[Array, ...]], list[tuple[Array, Array]]] | None = None
    """From the operands: places of rows that are gathered, and a table like that which they are gathered from."""

    def bind(self, arrays: tuple[Array, ...]) -> Any:
        """The op for these operands."""
        return self.op.bind(*arrays, **self.parameters)


def normal(*shapes: tuple[int, ...], dtype: Any = np.float32, seed: int = 7) -> Callable[[], tuple[Array, ...]]:
    """Standard normal operands of a fixed seed."""

    def make() -> tuple[Array, ...]:
        random = np.random.default_rng(seed)
        if np.dtype(dtype).kind == "c":
            return tuple((random.standard_normal(s) + 1j * random.standard_normal(s)).astype(dtype) for s in shapes)
        return tuple(random.standard_normal(shape, dtype=dtype) for shape in shapes)

    return make
