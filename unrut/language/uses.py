# SPDX-License-Identifier: Apache-2.0
"""Uses: every subscript of every read of a program, with the axes that are bound where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from unrut.language.ranks import places_of, rank_read
from unrut.program.affine import Affine, affine
from unrut.program.extents import Extent, Named, names, substitute
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import Along, Axis, AxisValue, Expr, Read, Reduce, Role, Statement
from unrut.program.ragged import is_ragged
from unrut.program.walk import bounds_of, children, outside_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Subscript number `position` of a read. `form` is None where it is not affine; `axes` are those bound there.

    `loose` are those of them that need not go through all of what they index: their range is data. `in_bound` if the
    read stands in a bound of such a range, where no axis need, as one place may say where the next one begins.
    """

    read: Read
    position: int
    form: Affine | None
    axes: Mapping[str, Extent]
    shape: tuple[Extent, ...]
    loose: frozenset[str] = frozenset()
    in_bound: bool = False

    @property
    def policy(self) -> bool:
        """Whether the read says what it gives outside its operand."""
        return self.read.outside is not None

    @property
    def judges(self) -> bool:
        """Whether it may bound an axis: without policy, and where an axis whose range is data stands alone."""
        return not self.policy or self.is_loose

    @property
    def is_loose(self) -> bool:
        """Whether it is an axis alone that is not bare, as it need not go through all of the dimension."""
        subscript = self.read.subscripts[self.position]
        return not self.in_bound and isinstance(subscript, AxisValue) and subscript.axis in self.loose

    @property
    def dimension(self) -> Extent:
        """The extent that the subscript has to stay below."""
        return self.shape[self.position]

    @property
    def bare_axis(self) -> str | None:
        """The axis, if the subscript is written as nothing else: `1*y` with a stride of 1 bounds as `2*y` does."""
        subscript = self.read.subscripts[self.position]
        if self.in_bound or not isinstance(subscript, AxisValue) or subscript.axis in self.loose:
            return None
        return subscript.axis

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
        for around in (_Around(axes={}).within(statement.axes),)
        for part, here in (
            *((end, replace(around, in_bound=True)) for end in bounds_of(statement.axes)),
            *((expr, around) for expr in used_by(statement)),
        )
        for use in _uses(part, here, shapes)
    )


def used_by(statement: Statement) -> tuple[Expr, ...]:
    """What a statement uses tensors in: its body, and, where it changes its target, the places of that as if it read there."""
    if statement.role is Role.defines:
        return (statement.body,)
    place = Read(tensor=statement.target, subscripts=statement.subscripts, dtype=statement.dtype, span=statement.span)
    return place, statement.body


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What is around an expression: as in Use."""

    axes: Mapping[str, Extent]
    loose: frozenset[str] = frozenset()
    in_bound: bool = False

    def within(self, bound: tuple[Axis, ...]) -> _Around:
        """Inside a reduction over `bound`."""
        names = {axis.name for axis in bound}
        loose = self.loose - names | {axis.name for axis in bound if is_ragged(axis)}
        return replace(self, axes={**self.axes, **{axis.name: axis.extent for axis in bound}}, loose=loose)

    def use(self, read: Read, position: int, form: Affine | None, shape: tuple[Extent, ...]) -> Use:
        """A use that stands here."""
        loose, in_bound = self.loose, self.in_bound
        return Use(read=read, position=position, form=form, axes=self.axes, shape=shape, loose=loose, in_bound=in_bound)


def _uses(expr: Expr, around: _Around, shapes: Mapping[str, tuple[Extent, ...]]) -> Iterator[Use]:
    match expr:
        case Read(subscripts=subscripts, tensor=tensor):
            for position, subscript in enumerate(subscripts):
                yield around.use(expr, position, affine(subscript), shapes[tensor])
        case Reduce(axes=bound) | Fold(axes=bound):
            inner = around.within(bound)
            ranks = rank_read(expr) if isinstance(expr, Reduce) else None
            if isinstance(expr, Reduce) and ranks is not None:
                yield around.use(ranks, 0, affine(ranks.subscripts[0]), places_of(expr))
            outer = list(map(id, outside_of(expr))) if isinstance(expr, Reduce) else []
            ends = list(map(id, bounds_of(bound)))
            for part in children(expr):
                here = around if id(part) in outer else inner
                yield from _uses(part, replace(here, in_bound=True) if id(part) in ends else here, shapes)
            return
        case Along(body=body):
            yield from _uses(body, around, shapes)  # the axis's bounds are uses where it is bound
            return
        case _:
            pass
    for part in children(expr):
        yield from _uses(part, around, shapes)
