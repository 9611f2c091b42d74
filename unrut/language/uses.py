# SPDX-License-Identifier: Apache-2.0
"""Uses: every subscript of every read of a program, with the axes that are bound where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from unrut.language.ranks import places_of, rank_read
from unrut.program.affine import Affine, affine
from unrut.program.extents import Extent, Named, names, substitute
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import AxisValue, Expr, Read, Reduce, Statement
from unrut.program.walk import children, outside_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Subscript number `position` of a read. `form` is None where it is not affine; `axes` are those bound there."""

    read: Read
    position: int
    form: Affine | None
    axes: Mapping[str, Extent]
    shape: tuple[Extent, ...]

    @property
    def policy(self) -> bool:
        """Whether the read says what it gives outside its operand."""
        return self.read.outside is not None

    @property
    def dimension(self) -> Extent:
        """The extent that the subscript has to stay below."""
        return self.shape[self.position]

    @property
    def bare_axis(self) -> str | None:
        """The axis, if the subscript is written as nothing else: `1*y` with a stride of 1 bounds as `2*y` does."""
        subscript = self.read.subscripts[self.position]
        return subscript.axis if isinstance(subscript, AxisValue) else None

    @property
    def bare_unknown(self) -> str | None:
        """The unknown extent of the axis that stands bare."""
        return None if self.bare_axis is None else self.unknown_of(self.bare_axis)

    def unknown_of(self, axis: str) -> str | None:
        """The name of an axis' unknown extent, None where it was given by hand."""
        match self.axes[axis]:
            case Extent(constant=0, terms=((1, Named(name=name)),)) if name.startswith("#"):
                return name
        return None

    @property
    def unknown_names(self) -> frozenset[str]:
        """Unknown extents of the axes in this subscript, or, where it is not affine, of all that are bound."""
        axes = self.axes if self.form is None else self.form.axes
        return frozenset().union(*(names(self.axes[axis]) for axis in axes))

    def agreement(self) -> str:
        """Why the axis and the dimension must be equal."""
        return f"axis `{self.bare_axis}` has the same extent in {self.read.tensor}[{self.position}] as elsewhere"

    def named_dimension(self, known: Mapping[str, Extent]) -> str:
        """The dimension in words: `last extent of P (8, 32, 15)`."""
        shown = ", ".join(str(substitute(extent, dict(known))) for extent in self.shape)
        last = self.position == len(self.shape) - 1
        which = "last extent" if last else f"extent {self.position}"
        return f"{which} of {self.read.tensor} ({shown})"


def uses_of(statements: Sequence[Statement], shapes: Mapping[str, tuple[Extent, ...]]) -> tuple[Use, ...]:
    """Every use in the statements, in the order of the text."""
    return tuple(
        use
        for statement in statements
        for use in _uses(statement.body, {axis.name: axis.extent for axis in statement.axes}, shapes)
    )


def _uses(expr: Expr, axes: dict[str, Extent], shapes: Mapping[str, tuple[Extent, ...]]) -> Iterator[Use]:
    match expr:
        case Read(subscripts=subscripts, tensor=tensor):
            for position, subscript in enumerate(subscripts):
                yield Use(read=expr, position=position, form=affine(subscript), axes=axes, shape=shapes[tensor])
        case Reduce(axes=bound):
            inner = axes | {axis.name: axis.extent for axis in bound}
            ranks = rank_read(expr)
            if ranks is not None:
                form = affine(ranks.subscripts[0])
                yield Use(read=ranks, position=0, form=form, axes=axes, shape=places_of(expr))
            outer = outside_of(expr)
            for part in children(expr):
                yield from _uses(part, axes if any(part is o for o in outer) else inner, shapes)
            return
        case Fold(axes=bound):
            axes = axes | {axis.name: axis.extent for axis in bound}
        case _:
            pass
    for part in children(expr):
        yield from _uses(part, axes, shapes)
