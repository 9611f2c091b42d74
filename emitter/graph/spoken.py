# SPDX-License-Identifier: Apache-2.0
"""What is said of a lowered expression: the user's own, which stands at the same place of the text.

Before:  kth_smallest[j](hypot(z[i, j, 0], z[i, j, 1]), k[i])        h_start[q[i] + 1]
After:   kth_smallest[j](abs(z[i, j]), k[i])                         h[q[i]], from -1 on
Because: complex numbers are computed with as pairs, and initial statements as tensors; nobody wrote these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from unrut.program.affine import affine
from unrut.program.extents import extent_text
from unrut.program.nodes import Call, Expr, Program, Read, Reduce
from unrut.program.show import Printer
from unrut.program.walk import before, reads, subexpressions

INNER = 51  # how tightly a part of a comparison binds


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The tensor that one of a lowered program stands for, and which of its dimensions it keeps."""

    tensor: str
    dimensions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The user's program and the lowered one; the origins of the latter's tensors, and of the parts of complex ones."""

    user: Program
    lowered: Program
    origins: Mapping[str, Origin] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)

    def text(self, expr: Expr, precedence: int = 0) -> str:
        """An expression as the user wrote it."""
        written = next(self._written(expr, expr), None)
        if written is None:
            return Printer(self.lowered).expr(expr, precedence)
        return Printer(self.user).expr(written, precedence)

    def outside(self, read: Read, dimensions: tuple[int, ...]) -> dict[str, Any]:
        """What a check says of a read whose subscripts in some dimensions may be outside."""
        origin = self.origins.get(read.tensor)
        tensor = read.tensor if origin is None else origin.tensor
        kept = dimensions if origin is None else tuple(origin.dimensions[d] for d in dimensions)
        tensor = self.parts.get(tensor, tensor)
        same = self._written(read, Read(tensor=tensor, subscripts=(), dtype=read.dtype))
        found = [w for w in same if isinstance(w, Read) and all(affine(w.subscripts[d]) is None for d in kept)]
        program, written = (self.lowered, read) if not found else (self.user, _nearest(read, found))
        kept = dimensions if not found else kept
        printer, shape, first = Printer(program), program.shape_of(written.tensor), (0,) * len(written.subscripts)
        if any(s.target == written.tensor for s in program.statements):
            first = tuple(-reach for reach in before(program, written.tensor))
        ranges = (f"{first[d]} <= {printer.expr(written.subscripts[d], INNER)} < {extent_text(shape[d])}" for d in kept)
        return {
            "tensor": written.tensor,
            "needed": f"{' and '.join(ranges)} in {printer.read(written)}",
            "remedy": f"{written.tensor}.outside(0)[...] says what is read outside, ur.where leaves reads out",
            "span": read.span,
        }

    def _written(self, expr: Expr, like: Expr) -> Iterator[Expr]:
        """The expressions of the user's program that stand where this one does, and are such as another one."""
        if expr.span is None and like is expr:
            return
        for statement in self.user.statements:
            for whole in (*statement.expressions(), *statement.subscripts):
                for part in subexpressions(whole):
                    if part.span == expr.span and _kind(part) == _kind(like):
                        yield part


def _kind(expr: Expr) -> tuple[object, ...]:
    match expr:
        case Read(tensor=tensor):
            return (Read, tensor)
        case Call(function=function):
            return (Call, function)
        case Reduce(kind=kind):
            return (Reduce, kind)
        case _:
            return (type(expr),)


def _nearest(read: Read, found: list[Read]) -> Read:
    """The one of several reads at one place of the text that reads the same tensors: a function may trace a line again."""
    same = [w for w in found if w == read]
    wanted = set(reads(read)) - {read}
    return same[0] if same else max(found, key=lambda w: len(wanted & set(reads(w))))
