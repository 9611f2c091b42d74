# SPDX-License-Identifier: Apache-2.0
"""The interpreter: one case for each kind of expression, each with a file of its own that says what it means."""

from __future__ import annotations

from typing import assert_never

import numpy as np

from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import (
    ORDER_STATISTICS,
    Along,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Read,
    Reduce,
    Role,
    Scalar,
    Statement,
    Where,
)
from unrut.program.ragged import is_ragged
from unrut.reference.additions import addition_footprint, places_in
from unrut.reference.along import along
from unrut.reference.blocks import SCRATCH, Footprint, blocks, cuts, footprint, terms_footprint
from unrut.reference.calls import call
from unrut.reference.casts import cast, round_to
from unrut.reference.choices import choose
from unrut.reference.covering import covered_blocks, refuse_overlaps
from unrut.reference.folding import fold
from unrut.reference.monoids import fold_states
from unrut.reference.numbers import number
from unrut.reference.orderstatistics import order_statistic
from unrut.reference.places import WIDE, Array, Places, Scene, Tensor
from unrut.reference.reads import read


class Interpreter:
    """Values of expressions over blocks of places, in wide types; values of statements in their own."""

    def __init__(self) -> None:
        # By identity: expressions are compared by value, deeply, and one program is interpreted in many blocks.
        self._body_footprints: dict[int, tuple[Expr, Footprint]] = {}
        self._term_footprints: dict[int, tuple[Expr, Footprint]] = {}

    def value(self, expr: Expr, places: Places, scene: Scene) -> Array:
        """The value at all places, one dimension for each axis (of length 1 where it does not depend on it)."""

        def part(inner: Expr, at: Places) -> Array:
            return self.value(inner, at, scene)

        match expr:
            case Const() | AxisValue() | ExtentValue() | Scalar():
                return number(expr, places, scene)
            case Read(dtype=dtype):
                return read(expr, places, scene, part).astype(WIDE[dtype], copy=False)
            case Call(function=function, arguments=arguments):
                return call(function, [part(a, places) for a in arguments])
            case Where():
                return choose(expr, places, part)
            case Cast(operand=operand, dtype=dtype):
                return cast(part(operand, places), operand.dtype, dtype)
            case Reduce(kind=kind) if kind in ORDER_STATISTICS:
                return order_statistic(expr, places, scene, part)
            case Reduce():
                return fold(expr, places, scene, part, self._terms(expr, scene))
            case Local(side=side, state=state):
                value: Array = scene.states[side, state]
                return value
            case Fold():
                return fold_states(expr, places, scene, self.value, self._terms(expr, scene))
            case Along():
                return along(expr, places, scene, part)
            case _:
                assert_never(expr)

    def statement(self, statement: Statement, ranges: dict[str, range], scene: Scene, out: Tensor) -> None:
        """`target[subscripts] = body` over a block of its places: each value rounded once to the tensor's dtype.

        What is added (`+=`) is not rounded: `out` is held in the wide type.
        """
        if statement.role is Role.adds:
            self._add(statement, ranges, scene, out)
            return
        if statement.role is Role.covers:
            self._cover(statement, scene, out)
            return
        for block in blocks(cuts(ranges, self._body(statement.body, scene), SCRATCH)):
            places = Places(ranges=block)
            out.array[out.at(block)] = round_to(self.value(statement.body, places, scene), statement.dtype)

    def _cover(self, statement: Statement, scene: Scene, out: Tensor) -> None:
        def plain(part: Expr, at: Places) -> Array:
            return self.value(part, at, scene)

        refuse_overlaps(statement, scene, plain)
        for places, taken in covered_blocks(statement, addition_footprint(statement, scene), SCRATCH, scene, plain):
            index = tuple(np.broadcast_to(plain(s, places), places.shape)[taken] for s in statement.subscripts)
            values = round_to(plain(statement.body, places), statement.dtype)
            out.array[index] = np.broadcast_to(values, places.shape)[taken]

    def _add(self, statement: Statement, ranges: dict[str, range], scene: Scene, out: Tensor) -> None:
        if any(map(is_ragged, statement.axes)):
            self._add_in_ranges(statement, scene, out)
            return
        for block in blocks(cuts(ranges, addition_footprint(statement, scene), SCRATCH)):
            places = Places(ranges=block)
            asked = [self.value(s, places, scene) for s in statement.subscripts]
            index = places_in(statement, out, asked, places)
            whole = tuple(np.broadcast_to(part, places.shape) for part in index)
            np.add.at(out.array, whole, np.broadcast_to(self.value(statement.body, places, scene), places.shape))

    def _add_in_ranges(self, statement: Statement, scene: Scene, out: Tensor) -> None:
        def plain(part: Expr, at: Places) -> Array:
            return self.value(part, at, scene)

        for places, taken in covered_blocks(statement, addition_footprint(statement, scene), SCRATCH, scene, plain):
            index = places_in(statement, out, [plain(s, places) for s in statement.subscripts], places)
            terms = np.broadcast_to(plain(statement.body, places), places.shape)
            np.add.at(out.array, tuple(np.broadcast_to(part, places.shape)[taken] for part in index), terms[taken])

    def _terms(self, expr: Reduce | Fold, scene: Scene) -> Footprint:
        if id(expr) not in self._term_footprints:
            self._term_footprints[id(expr)] = (expr, terms_footprint(expr, scene))
        return self._term_footprints[id(expr)][1]

    def _body(self, body: Expr, scene: Scene) -> Footprint:
        if id(body) not in self._body_footprints:
            self._body_footprints[id(body)] = (body, footprint(body, scene))
        return self._body_footprints[id(body)][1]
