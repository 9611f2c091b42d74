# SPDX-License-Identifier: Apache-2.0
"""The interpreter of bounds: one case for each kind of expression, as in the plain one."""

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
    ReduceKind,
    Role,
    Scalar,
    Statement,
    Where,
)
from unrut.program.ragged import both, domain, is_ragged, within
from unrut.program.scans import SCANS
from unrut.reference.additions import addition_footprint
from unrut.reference.along import nothing
from unrut.reference.blocks import SCRATCH, blocks, cuts, footprint
from unrut.reference.bounds.additions import Sums
from unrut.reference.bounds.argreductions import measured_best
from unrut.reference.bounds.calls import measured_call
from unrut.reference.bounds.casts import measured_cast
from unrut.reference.bounds.exponentials import measured_logsumexp, measured_softmax
from unrut.reference.bounds.measured import Measured, choose, exact, filled, mapped
from unrut.reference.bounds.monoids import measured_fold
from unrut.reference.bounds.orderstatistics import measured_order_statistic
from unrut.reference.bounds.products import measured_contract
from unrut.reference.bounds.reads import measured_read
from unrut.reference.bounds.reductions import measured_extreme, measured_logic, measured_prod, measured_sum
from unrut.reference.bounds.scans import measured_scan
from unrut.reference.bounds.signs import Signs
from unrut.reference.covering import covered_blocks
from unrut.reference.folding import in_lines
from unrut.reference.numbers import number
from unrut.reference.places import Array, Places, Scene, Tensor
from unrut.reference.products import factors_of
from unrut.reference.ranges import line, reach
from unrut.reference.reductions import identity

ARRAYS = 16
"""Arrays that stand here where the plain interpreter has one: values, errors, marks, and the steps between them."""


class MeasuringInterpreter:
    """Values of expressions over blocks of places, with the errors that a kernel may have there."""

    def __init__(self, signs: Signs) -> None:
        self._signs = signs

    def measure(self, expr: Expr, places: Places, scene: Scene) -> Measured:
        """Value and error at all places, one dimension for each axis (of length 1 where it does not depend on it)."""

        def part(inner: Expr, at: Places) -> Measured:
            return self.measure(inner, at, scene)

        match expr:
            case Const() | AxisValue() | ExtentValue() | Scalar():
                return exact(number(expr, places, scene))
            case Read():
                return measured_read(expr, places, scene, part)
            case Call(arguments=arguments):
                return measured_call(expr, [part(a, places) for a in arguments], self._signs)
            case Where(condition=condition, then=then, otherwise=otherwise, dtype=dtype):
                return choose(part(condition, places), part(then, places), part(otherwise, places), dtype)
            case Cast(operand=operand, dtype=dtype):
                return measured_cast(part(operand, places), operand.dtype, dtype)
            case Reduce():
                return self._reduce(expr, places, scene)
            case Local(side=side, state=state):
                known: Measured = scene.states[side, state]
                return known
            case Fold():
                return measured_fold(expr, places, scene, self.measure)
            case Along(kind=kind, axis=axis, body=body, dtype=dtype):
                at, asked = list(places.ranges).index(axis.name), places.ranges[axis.name]
                reached = line(axis, places, scene, lambda e, p: part(e, p).value, check=False)
                whole = places.along(axis.name, reached)
                terms = part(body, whole)
                if is_ragged(axis):
                    none = exact(nothing(expr).reshape((1,) * terms.value.ndim))
                    terms = choose(part(both(*within(axis)), whole), terms, none, dtype)
                x = _line_last(terms, at, len(reached))
                y = measured_scan(SCANS[kind], x, dtype) if kind in SCANS else measured_softmax(x, dtype)
                shift = asked.start - reached.start
                return mapped(y, lambda a: np.moveaxis(a[..., shift : shift + len(asked)], -1, at))
            case _:
                assert_never(expr)

    def _reduce(self, expr: Reduce, places: Places, scene: Scene) -> Measured:
        """A reduction over its whole domain at once: only outer axes are cut into blocks here."""
        kept = len(places.ranges)

        def plain(part: Expr, at: Places) -> Array:
            return self.measure(part, at, scene).value

        inner = places.inside(reach(expr.axes, places, scene, plain, check=False))
        initial = None if expr.initial is None else self.measure(expr.initial, places, scene)
        factors = factors_of(expr)
        if factors and initial is None:
            known = [self.measure(f, inner, scene) for f in factors]
            found = measured_contract(known, inner.shape, kept, expr.dtype)
            if found is not None:
                return found
        rank = None if expr.rank is None else self.measure(expr.rank, places, scene)
        body = self.measure(expr.body, inner, scene)
        taken = domain(expr)
        included = None if taken is None else self.measure(taken, inner, scene)
        return _reduced(expr, body, included, rank if initial is None else initial, inner, kept)

    def statement(self, statement: Statement, ranges: dict[str, range], scene: Scene, out: Tensor) -> None:
        """A statement's block: the rounding to its dtype is among the errors, the values stay wide."""
        if statement.role is Role.adds:
            self._add(statement, ranges, scene, out)
            return
        if statement.role is Role.covers:
            self._cover(statement, scene, out)
            return
        limit = SCRATCH // ARRAYS
        for block in blocks(cuts(ranges, footprint(statement.body, scene), limit)):
            found = self.measure(statement.body, Places(ranges=block), scene)
            window = out.at(block)
            out.array["value"][window] = found.value
            # The bound itself is computed in f64: a little more makes up for its roundings.
            out.array["error"][window] = found.error * (1 + 1e-9 * statement.dtype.is_float)
            out.array["undecided"][window] = found.undecided

    def _cover(self, statement: Statement, scene: Scene, out: Tensor) -> None:
        def plain(part: Expr, at: Places) -> Array:
            return self.measure(part, at, scene).value

        arrays, limit = addition_footprint(statement, scene), SCRATCH // ARRAYS
        for places, taken in covered_blocks(statement, arrays, limit, scene, plain, check=False):
            index = tuple(np.broadcast_to(plain(s, places), places.shape)[taken] for s in statement.subscripts)
            found = self.measure(statement.body, places, scene)
            error = found.error * (1 + 1e-9 * statement.dtype.is_float)
            for field, part in (("value", found.value), ("error", error), ("undecided", found.undecided)):
                out.array[field][index] = np.broadcast_to(part, places.shape)[taken]

    def _add(self, statement: Statement, ranges: dict[str, range], scene: Scene, out: Tensor) -> None:
        def plain(part: Expr, at: Places) -> Array:
            return self.measure(part, at, scene).value

        sums = Sums(out.array, statement.dtype)
        if any(map(is_ragged, statement.axes)):
            arrays, limit = addition_footprint(statement, scene), SCRATCH // ARRAYS
            for places, taken in covered_blocks(statement, arrays, limit, scene, plain, check=False):
                asked = [self.measure(s, places, scene) for s in statement.subscripts]
                term = self.measure(statement.body, places, scene)
                uncertain = any((np.broadcast_to(s.error, places.shape)[taken] > 0).any() for s in asked)
                sums.add([s.value for s in asked], uncertain, term, places, out, taken)
            sums.store()
            return
        for block in blocks(cuts(ranges, addition_footprint(statement, scene), SCRATCH // ARRAYS)):
            places = Places(ranges=block)
            asked = [self.measure(s, places, scene) for s in statement.subscripts]
            term = self.measure(statement.body, places, scene)
            sums.add(
                [s.value for s in asked], any(s.error.any() or s.undecided.any() for s in asked), term, places, out
            )
        sums.store()


def _reduced(
    expr: Reduce, body: Measured, included: Measured | None, outer: Measured | None, inner: Places, kept: int
) -> Measured:
    """`outer` is the reduction's initial value, or its rank: no kind has both."""
    kind, dtype = expr.kind, expr.body.dtype
    x, takes_part = _lines(body, included, inner.shape, kept)
    if kind in ORDER_STATISTICS:
        return measured_order_statistic(expr, x, takes_part, outer, [*inner.ranges.values()][kept:])
    initial = outer
    if kind in (ReduceKind.argmax, ReduceKind.argmin):
        if x.value.shape[-1] == 0:
            return exact(np.zeros(x.value.shape[:-1], np.int64))
        mask = exact(np.ones(x.value.shape, np.bool_)) if takes_part is None else takes_part
        return measured_best(kind, x, mask, [*inner.ranges.values()][kept:], expr.component)
    if initial is not None:
        x = _append(x, initial)
        takes_part = None if takes_part is None else _append(takes_part, exact(np.ones((1,) * kept, np.bool_)))
    if kind in (ReduceKind.max, ReduceKind.min):
        return measured_extreme(kind, x, takes_part, dtype)
    if takes_part is not None:
        nothing = exact(np.full((1,) * x.value.ndim, identity(kind, dtype), x.value.dtype))
        x = filled(choose(takes_part, x, nothing, dtype))
    match kind:
        case ReduceKind.sum:
            return measured_sum(x, dtype)
        case ReduceKind.prod:
            return measured_prod(x, dtype)
        case ReduceKind.logsumexp:
            return measured_logsumexp(x, dtype)
        case _:
            return measured_logic(kind, x, dtype)


def _lines(
    body: Measured, included: Measured | None, shape: tuple[int, ...], kept: int
) -> tuple[Measured, Measured | None]:
    """Terms, and whether they take part, with the domain as one last dimension."""
    arrays = [body.value, body.error, body.undecided]
    if included is not None:
        arrays += [included.value, included.error, included.undecided]
    outer = np.broadcast_shapes(*(a.shape[:kept] for a in arrays))
    lines = [in_lines(np.broadcast_to(a, (*outer, *a.shape[kept:])), shape, kept) for a in arrays]
    x = Measured(value=lines[0], error=lines[1], undecided=lines[2])
    return x, None if included is None else Measured(value=lines[3], error=lines[4], undecided=lines[5])


def _append(x: Measured, last: Measured) -> Measured:
    """One more term at the end of every line."""
    outer = np.broadcast_shapes(x.value.shape[:-1], last.value.shape, last.error.shape, last.undecided.shape)

    def joined(line: Array, end: Array) -> Array:
        parts = (np.broadcast_to(line, (*outer, line.shape[-1])), np.broadcast_to(end, outer)[..., None])
        return np.concatenate(parts, axis=-1)

    return Measured(
        value=joined(x.value, last.value),
        error=joined(x.error, last.error),
        undecided=joined(x.undecided, last.undecided),
    )


def _line_last(x: Measured, at: int, length: int) -> Measured:
    """A line laid out along the last dimension."""
    full = filled(x)
    shape = [length if d == at else n for d, n in enumerate(full.value.shape)]
    return mapped(full, lambda a: np.moveaxis(np.broadcast_to(a, shape), at, -1))
