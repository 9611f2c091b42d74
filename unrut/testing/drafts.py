# SPDX-License-Identifier: Apache-2.0
"""A random program while it is being written: axes with extents, operands made to fit the reads, statements as text.

Programs are valid by construction: extents come first, subscripts are made from the axes in scope, and an operand gets the
extents that its first read needs. In exact mode each term also carries a bound on its magnitude for data within +-3, so that
every sum stays exact in f32 whatever the order of its terms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from unrut.testing.scales import SMALL, Scale

EXACT_LIMIT = 2**21
KINDS = {
    "float": ("f32", "f32", "f64", "f16", "bf16"),
    "int": ("i32", "i64", "i8", "i16"),
    "uint": ("u8", "u64", "u16", "u32"),
    "bool": ("bool",),
    "complex": ("c64", "c64", "c128"),
}
"""The dtypes of each kind of expression. Unsigned numbers meet no others but in comparisons: they may be of any size."""
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Text of an expression, its kind (float, int, uint, bool, complex), and the largest magnitude it can have in exact mode.

    Of a complex number that is the magnitude of either part.
    """

    text: str
    kind: str
    size: int = 0


@dataclass(slots=True, kw_only=True)
class Scope:
    """Axes bound by one statement or reduction, and those among them that some read has as a bare subscript."""

    axes: tuple[str, ...]
    bare: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An operand or a defined tensor: dtype name, kind, extents, and its magnitude in exact mode."""

    dtype: str
    kind: str
    dimensions: tuple[int, ...]
    size: int = 3


@dataclass(slots=True, kw_only=True)
class Draft:
    """Everything written so far."""

    draw: Draw
    exact: bool
    invalid: bool = False
    """Whether computed places may be outside."""
    scale: Scale = SMALL
    extents: dict[str, int] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    operands: dict[str, Tensor] = field(default_factory=dict)
    defined: dict[str, Tensor] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    scalars: list[str] = field(default_factory=list)
    bare_dimensions: dict[str, list[str]] = field(default_factory=dict)
    """By axis: the operand dimensions (`P0.1`) that it indexes bare, which may be named to become run-time sizes."""
    named: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, str] = field(default_factory=dict)
    """By axis: the bounds of its range, where these are data."""
    offsets: dict[str, int] = field(default_factory=dict)
    """By operand: the extent in which offsets lie."""

    def chance(self, percent: int) -> bool:
        """True in about `percent` of cases; shrinks to False."""
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def pick(self, choices: Any) -> Any:
        """One of several; shrinks to the first."""
        return self.draw(st.sampled_from(tuple(choices)))

    def new_axis(self, *, zero: bool = True, limit: int | None = None) -> str:
        """A fresh axis with an extent; now and then an empty one."""
        name = f"{'abcdefghijklmnopqrstuvwxyz'[len(self.extents) % 26]}{len(self.extents) // 26 or ''}"
        most = self.scale.longest if limit is None else limit
        fitting = [e for e in self.scale.extents if e <= most] or [1]
        self.extents[name] = 0 if zero and self.chance(2) else self.pick(fitting)
        return name

    def close(self, scope: Scope) -> None:
        """At the end of a scope, axes that no read fixes get their range by hand."""
        self.given |= set(scope.axes) - scope.bare

    def add_operand(self, kind: str, dimensions: tuple[int, ...]) -> str:
        """A new operand of a kind's dtypes."""
        name = f"P{len(self.operands)}"
        choices = KINDS[kind]
        self.operands[name] = Tensor(
            dtype=self.pick(choices), kind=kind, dimensions=dimensions, size=1 if kind == "bool" else 3
        )
        return name

    def text(self, results: list[str]) -> str:
        """The whole program in the notation."""
        operands = [
            f"{name}: {t.dtype}[{', '.join(self.named.get(f'{name}.{d}', str(n)) for d, n in enumerate(t.dimensions))}]"
            for name, t in self.operands.items()
        ]
        header = f"op({', '.join(operands + [f'{s}: scalar' for s in self.scalars])}) -> {_tuple(results)}"
        ranges = [f"axis {name}: {self._range(name)}" for name in sorted(self.given | self.ranges.keys())]
        return "\n".join([header, *ranges, *self.statements]) + "\n"

    def _range(self, axis: str) -> str:
        """An extent by hand, bounds by data, or both."""
        extent = [str(self.extents[axis])] if axis in self.given else []
        return ", ".join([*extent, *([self.ranges[axis]] if axis in self.ranges else [])])


def _tuple(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"
