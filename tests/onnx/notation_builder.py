# SPDX-License-Identifier: Apache-2.0
"""A text in the notation, written statement by statement for tensors of known shapes.

Every axis gets a range by hand and a name of its own, so that nothing depends on how ranges are inferred.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unrut.program.types import dtype_of

Array = np.ndarray[Any, Any]


class SkippedError(Exception):
    """A case that can't be said, with the reason."""


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the graph. `data`: its elements, for inputs and constants. `is_known`: whether they are part of the model
    and not of the run. `written` writes the statements that make them, where that can be said. An optional input that was
    left out is None instead."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str = ""
    data: Array | None = None
    is_known: bool = False
    written: Callable[[], Value | None] = lambda: None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> str:
        """`f` for every float, otherwise NumPy's letter."""
        return "f" if self.dtype.kind in "fV" else self.dtype.kind

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def dtype_text(dtype: np.dtype[Any]) -> str:
    """A dtype as the notation spells it."""
    found = dtype_of(dtype)
    if found is None:
        raise SkippedError(f"dtype {np.dtype(dtype).name}")
    return found.name


@dataclass
class Builder:
    """Collects statements. Operands are declared where they are first read."""

    lines: list[str] = field(default_factory=list)
    operands: dict[str, Array] = field(default_factory=dict)
    extents: dict[str, int] = field(default_factory=dict)
    declared: dict[int, str] = field(default_factory=dict)
    kept: list[Value] = field(default_factory=list)
    names: int = 0

    def axes(self, shape: Sequence[int]) -> list[str]:
        """Fresh axes with these extents."""
        names = [f"a{len(self.extents) + k}" for k in range(len(shape))]
        self.extents |= dict(zip(names, map(int, shape), strict=True))
        return names

    def name(self, value: Value) -> str:
        """What a value is called; inputs and constants become operands at the first use."""
        if value.name:
            return value.name
        if id(value) not in self.declared:
            made = value.written()
            if made is not None:
                self.kept.append(value)
                self.declared[id(value)] = made.name
                return made.name
            if value.data is None:
                raise SkippedError("a value without elements")
            dtype_text(value.dtype)
            name = f"x{len(self.operands)}"
            self.declared[id(value)] = name
            self.operands[name] = np.asarray(value.data)
            self.kept.append(value)  # so that no other value gets this id
        return self.declared[id(value)]

    def at(self, value: Value, subscripts: Sequence[object]) -> str:
        """One element."""
        name = self.name(value)
        assert len(subscripts) == value.rank, (name, subscripts, value.shape)
        return f"{name}[{', '.join(map(str, subscripts))}]" if subscripts else name

    def spread(self, value: Value, axes: Sequence[str]) -> str:
        """The element at some axes, as NumPy broadcasts it to their shape."""
        own = list(axes)[len(axes) - value.rank :]
        return self.at(value, ["0" if n == 1 else axis for n, axis in zip(value.shape, own, strict=True)])

    def fresh(self) -> str:
        """A name for a tensor that is written by `line`."""
        self.names += 1
        return f"s{self.names}"

    def line(self, left: str, expr: str) -> None:
        """A statement as it stands: an initial one, or one of a recurrence."""
        self.lines.append(f"{left} = {expr}")

    def define(self, axes: Sequence[str], expr: str, dtype: Any) -> Value:
        """A tensor over these axes."""
        name = f"t{len(self.lines)}"
        left = f"{name}[{', '.join(axes)}]" if axes else name
        self.lines.append(f"{left} = {expr}")
        return Value(shape=tuple(self.extents[a] for a in axes), dtype=np.dtype(dtype), name=name)

    def pointwise(self, shape: Sequence[int], expr: str, dtype: Any, *values: Value) -> Value:
        """A tensor of a shape; `{0}`, `{1}` in the expression stand for elements of values, broadcast."""
        axes = self.axes(shape)
        return self.define(axes, expr.format(*(self.spread(v, axes) for v in values)), dtype)

    def text(self, results: Sequence[Value]) -> str:
        """The whole text, for the operands that were used."""
        parameters = [
            f"{name}: {dtype_text(array.dtype)}[{', '.join(map(str, array.shape))}]"
            for name, array in self.operands.items()
        ]
        names = [value.name for value in results]
        head = f"node({', '.join(parameters)}) -> {names[0] if len(names) == 1 else '(' + ', '.join(names) + ')'}"
        body = "\n".join(self.lines)
        words = set(re.findall(r"\w+", body))
        used = [f"axis {a}: {n}" for a, n in self.extents.items() if a in words]
        return "\n".join([head, *used, body, ""])


def static(value: Value | None) -> Array:
    """The elements of an input that is an attribute in all but name: a shape, axes, pads."""
    if value is None or value.data is None:
        raise SkippedError("not translated")  # where a graph computes what its operator has as an input
    return np.asarray(value.data)


def broadcast(*values: Value) -> tuple[int, ...]:
    """The common shape of some values."""
    return tuple(np.broadcast_shapes(*(v.shape for v in values)))


def flat_places(flat: str, shape: Sequence[int]) -> list[str]:
    """The subscripts of the element at a row-major place."""
    found = []
    for d, n in enumerate(shape):
        rest = math.prod(shape[d + 1 :])
        quotient = f"({flat})//{rest}" if rest > 1 else f"({flat})"
        found.append("0" if n == 1 else (quotient if d == 0 else f"{quotient}%{n}"))
    return found


def row_major(subscripts: Sequence[str], shape: Sequence[int]) -> str:
    """The row-major place of some subscripts."""
    parts = [
        f"{math.prod(shape[d + 1 :])}*({s})" if math.prod(shape[d + 1 :]) != 1 else f"({s})"
        for d, s in enumerate(subscripts)
        if shape[d] != 1
    ]
    return " + ".join(parts) or "0"
