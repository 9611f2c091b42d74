# SPDX-License-Identifier: Apache-2.0
"""`target[subscripts] += body`: terms added at places that they choose themselves, in row-major order of the axes."""

from __future__ import annotations

from unrut.program.nodes import Read, Statement
from unrut.program.types import DType
from unrut.reference.blocks import Footprint, footprint
from unrut.reference.places import Array, Places, Scene, Tensor
from unrut.reference.reads import refuse_invalid


def target_of(statement: Statement) -> Read:
    """The places of a statement's target, as if they were read."""
    return Read(tensor=statement.target, subscripts=statement.subscripts, dtype=statement.dtype, span=statement.span)


def addition_footprint(statement: Statement, scene: Scene) -> Footprint:
    """The arrays that adding makes: subscripts and terms, each written out over all axes."""
    every = frozenset(axis.name for axis in statement.axes)
    parts = sum((footprint(part, scene) for part in statement.expressions()), ())
    return (len(statement.subscripts) + 1, every), *parts


def places_in(statement: Statement, tensor: Tensor, subscripts: list[Array], places: Places) -> tuple[Array, ...]:
    """Where each term goes in the array that is held. Raises RangeError for the first that is outside of its tensor."""
    refuse_invalid(target_of(statement), tensor, subscripts, places, remedy=f"a larger `{statement.target}`")
    inside = zip(subscripts, tensor.origin, strict=True)
    return tuple(s - start for s, start in inside)


def wide_type(dtype: DType) -> DType:
    """What is added up in: rounded once, when everything is there. Integers wrap in themselves."""
    return DType.f64 if dtype.is_float else dtype
