# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategy for contractions and what people put around them: the programs whose schedules have most to decide.

    C[batch, m, n] = reduce[k](A[batch, m, k] * B[batch, k, n])

with any number of axes of each class in any order in operands and result, windows (`2*y + ky`) and padding in place of plain
axes, other pairs of operations, guards between axes; then perhaps what is applied to the result, and perhaps a second
contraction that reads it along the axis which the first one made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from hypothesis import strategies as st

from unrut.testing.scales import Scale

PAIRS = (("sum", "*"), ("sum", "*"), ("sum", "*"), ("max", "+"), ("min", "+"), ("max", "*"))
AFTER = ("{} * 2 - 1", "maximum({}, 0)", "where({} > 3, {}, -{})", "abs({})")
DTYPES = ("f32", "f32", "f32", "f64", "i32", "i64", "c64", "f16")


@dataclass(slots=True)
class Contraction:
    """What has been drawn so far: extents of axes, and operands with their shapes."""

    draw: Any
    dtype: str
    scale: Scale
    extents: dict[str, int] = field(default_factory=dict)
    operands: list[str] = field(default_factory=list)

    def axes(self, letter: str, least: int, most: int) -> list[str]:
        """New axes of one class, small enough for all places together."""
        found = []
        for number in range(self.draw(st.integers(least, most))):
            room = self.scale.contracted // prod(self.extents.values())
            extent = self.draw(st.sampled_from([1, *(e for e in self.scale.extents if 1 < e <= room)]))
            found.append(f"{letter}{number}")
            self.extents[found[-1]] = extent
        return found

    def read(self, name: str, axes: list[str], windows: bool) -> str:
        """A new operand read at all of these axes, in some order, two of them perhaps as one window."""
        order = list(self.draw(st.permutations(axes)))
        outer = [a for a in order if a[0] in "mn"]
        inner = [a for a in order if a[0] == "k"]
        subscripts = {axis: (axis, self.extents[axis]) for axis in order}
        outside = ""
        if windows and outer and inner and self.draw(st.integers(0, 3)) == 0:
            y, ky = outer[0], inner[0]
            stride, padding = self.draw(st.integers(1, 2)), self.draw(st.sampled_from((0, 0, 1)))
            length = (self.extents[y] - 1) * stride + self.extents[ky]
            shift = f" - {padding}" if padding else ""
            subscripts[y] = (f"{stride}*{y} + {ky}{shift}", max(1, length - 2 * padding))
            outside = ".outside(0)" if padding else ""
            del subscripts[ky]
        shape = ", ".join(str(extent) for _, extent in subscripts.values())
        self.operands.append(f"{name}: {self.dtype}[{shape}]")
        return f"{name}{outside}[{', '.join(text for text, _ in subscripts.values())}]"


@st.composite
def contractions(draw: Any, *, exact: bool, scale: Scale) -> str:
    """The text of a program. With `exact` all values of all steps are small integers."""
    drawn = Contraction(draw=draw, dtype=draw(st.sampled_from(DTYPES)), scale=scale)
    batch, m, n, k = drawn.axes("b", 0, 1), drawn.axes("m", 0, 2), drawn.axes("n", 1, 2), drawn.axes("k", 1, 2)
    reduce, times = draw(st.sampled_from(PAIRS)) if drawn.dtype != "c64" else ("sum", "*")
    left = drawn.read("A", [*batch, *m, *k], windows=True)
    right = drawn.read("B", [*batch, *k, *n], windows=False)
    guard = _guard(drawn, m, k) if reduce == "sum" else ""
    free = list(draw(st.permutations([*batch, *m, *n])))
    given = [f"axis {axis}: {extent}" for axis, extent in drawn.extents.items()]
    lines = [f"C[{', '.join(free)}] = {reduce}[{', '.join(k)}]({left} {times} {right}{guard})"]
    results = ["C"]
    element = f"C[{', '.join(free)}]"
    if draw(st.booleans()) and drawn.dtype not in ("c64", "f16"):
        after = (
            draw(st.sampled_from(AFTER)) if exact else draw(st.sampled_from((*AFTER, "{} * {}", "tanh({})", "softmax")))
        )
        body = f"softmax({element}, along={n[0]})" if after == "softmax" else after.replace("{}", element)
        lines.append(f"D[{', '.join(free)}] = {body}")
        results, element = ["D"], f"D[{', '.join(free)}]"
    if draw(st.booleans()) and drawn.dtype != "f16":
        d = drawn.axes("d", 1, 1)
        given += [f"axis {d[0]}: {drawn.extents[d[0]]}"]
        value = drawn.read("V", [*batch, n[0], *d], windows=False)
        rest = [axis for axis in free if axis != n[0]]
        lines.append(f"E[{', '.join([*rest, *d])}] = sum[{n[0]}]({element} * {value})")
        results = ["E"] if draw(st.integers(0, 3)) else [*results, "E"]
    said = results[0] if len(results) == 1 else f"({', '.join(results)})"
    return "\n".join([f"f({', '.join(drawn.operands)}) -> {said}", *given, *lines])


def _guard(drawn: Contraction, m: list[str], k: list[str]) -> str:
    """Now and then a condition between a row and the reduction: a triangle, or every other place."""
    kind = drawn.draw(st.integers(0, 5))
    if kind == 0 and m:
        return f", where={k[-1]} <= {m[-1]} + 1"
    if kind == 1:
        return f", where={k[-1]} % 2 == 0"
    return ""
