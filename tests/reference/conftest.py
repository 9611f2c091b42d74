# SPDX-License-Identifier: Apache-2.0
"""A kernel that is as wrong as it may be: real f32 (or f64) arithmetic, sums in random order, random contractions."""

from __future__ import annotations

from typing import assert_never

import numpy as np
import pytest

import unrut as ur
from unrut.program.extents import evaluate as extent_value
from unrut.program.fold_nodes import Fold, Local, Side
from unrut.program.nodes import (
    GIVE_PLACES,
    ORDER_STATISTICS,
    Along,
    AlongKind,
    AxisValue,
    Call,
    Cast,
    Const,
    ExtentValue,
    OutsideMode,
    Read,
    Reduce,
    ReduceKind,
    Role,
    Scalar,
    Where,
)
from unrut.program.pairs import paired
from unrut.program.walk import in_order, subexpressions
from unrut.reference import evaluate, evaluate_with_bounds
from unrut.reference.calls import call
from unrut.reference.casts import cast
from unrut.reference.reductions import identity

FAR = 500  # how far outside its tensor a read may be asked for

BINARY = {
    ReduceKind.sum: np.add, ReduceKind.prod: np.multiply, ReduceKind.max: np.maximum, ReduceKind.min: np.minimum,
    ReduceKind.any: np.logical_or, ReduceKind.all: np.logical_and,
}  # fmt: skip


SCANS = {
    AlongKind.cumsum: np.add, AlongKind.cumprod: np.multiply,
    AlongKind.cummax: np.maximum, AlongKind.cummin: np.minimum,
}  # fmt: skip


def ranked(expr, terms, takes_part, rank):
    """An order statistic of one line, from a list that is sorted."""
    order = sorted(np.flatnonzero(takes_part), key=lambda k: (bool(np.isnan(terms[k])), terms[k], k))
    if expr.kind in (ReduceKind.kth_smallest, ReduceKind.arg_kth_smallest):
        if rank >= len(order):
            return 0 if expr.kind in GIVE_PLACES else identity(ReduceKind.min, expr.dtype)
        return order[rank] if expr.kind in GIVE_PLACES else terms[order[rank]]
    if not order or np.isnan(terms[order[-1]]):
        return np.nan
    t, k = np.modf(rank * (len(order) - 1))
    number = expr.dtype.numpy.type
    a, b = (number(terms[order[min(int(k) + step, len(order) - 1)]]) for step in (0, 1))
    return a if t == 0 or a == b else number(1 - t) * a + number(t) * b


@pytest.fixture(scope="session")
def knows():
    return computed_at_once


def computed_at_once(program):
    """Whether the sloppy kernel can compute a program: it has no steps, also none of parts of complex numbers, no additions,
    and no ranges by data."""
    program = paired(program).program
    axes = [
        a for s in program.statements for e in subexpressions(s.body) if isinstance(e, Reduce | Fold) for a in e.axes
    ]
    axes += [axis for s in program.statements for axis in s.axes]
    plain = all(s.role is Role.defines for s in program.statements) and not program.cycles
    return plain and all(axis.start is None and axis.stop is None for axis in axes)


class SloppyKernel:
    """Computes every place at once, on full grids, in the dtypes themselves; complex numbers in their parts."""

    def __init__(self, program, arrays, scalars, seed):
        self.asked, self.pairs = program, paired(program)
        self.program, self.scalars = self.pairs.program, scalars
        self.tensors = {n: a[..., None].view(a.real.dtype) if a.dtype.kind == "c" else a for n, a in arrays.items()}
        arrays = self.tensors
        self.random = np.random.default_rng(seed)
        self.sizes = {}
        for operand in self.program.operands:
            for extent, n in zip(operand.shape, arrays[operand.name].shape, strict=True):
                if len(extent.terms) == 1:
                    self.sizes[str(extent)] = n

    def run(self):
        with np.errstate(all="ignore"):
            for statement in in_order(self.program):
                grid = {axis.name: max(0, extent_value(axis.extent, self.sizes)) for axis in statement.axes}
                value = self.value(statement.body, grid)
                whole = np.broadcast_to(value, tuple(grid.values()))
                self.tensors[statement.target] = whole.astype(statement.dtype.numpy)
        return self.tensors | {name: self.joined(*parts) for name, parts in self.pairs.parts.items()}

    def joined(self, re, im):
        """A complex tensor of its two parts."""
        parts = np.stack([self.tensors[re], self.tensors[im]], axis=-1)
        return parts.view(np.result_type(parts, 1j))[..., 0]

    def value(self, expr, grid):
        part = lambda e: self.value(e, grid)  # noqa: E731
        match expr:
            case Const(value=value, dtype=dtype):
                return np.asarray(value).astype(dtype.numpy).reshape((1,) * len(grid))
            case AxisValue(axis=axis):
                at = list(grid).index(axis)
                return np.arange(grid[axis]).reshape([-1 if k == at else 1 for k in range(len(grid))])
            case ExtentValue(extent=extent):
                return np.full((1,) * len(grid), extent_value(extent, self.sizes))
            case Scalar(name=name):
                return np.full((1,) * len(grid), self.scalars[name])
            case Read():
                return self.read(expr, grid)
            case Call(function=function, arguments=arguments, dtype=dtype):
                contracted = self.contracted(expr, grid)
                if contracted is not None:
                    return contracted
                return call(function, [part(a) for a in arguments]).astype(dtype.numpy)
            case Where(condition=condition, then=then, otherwise=otherwise):
                return np.where(part(condition), part(then), part(otherwise))
            case Cast(operand=operand, dtype=dtype):
                value = part(operand)
                return cast(
                    value.astype(np.float64) if value.dtype == np.float32 else value, operand.dtype, dtype
                ).astype(dtype.numpy)
            case Reduce():
                return self.reduce(expr, grid)
            case Local(side=side, state=state):
                return self.states[side, state]
            case Fold():
                return self.user_fold(expr, grid)
            case Along(kind=kind, axis=axis, body=body, dtype=dtype):
                x = part(body)
                at = list(grid).index(axis.name)
                length = max(0, extent_value(axis.extent, self.sizes))
                x = np.broadcast_to(x, [length if d == at else n for d, n in enumerate(x.shape)])
                if kind is not AlongKind.softmax:
                    return SCANS[kind].accumulate(x, axis=at, dtype=dtype.numpy)
                powers = np.exp(x - x.max(axis=at, keepdims=True, initial=-np.inf))
                total = self.fold(np.add, np.moveaxis(powers, at, -1), np.zeros((), x.dtype))
                return powers / np.expand_dims(total, at)
            case _:
                assert_never(expr)

    def contracted(self, expr, grid):
        """`a * b + c` with one rounding, half of the time."""
        if expr.function != "add" or not expr.dtype.is_float or expr.dtype.size == 8 or self.random.random() < 0.5:
            return None
        match expr.arguments[0]:
            case Call(function="multiply", arguments=(a, b)):
                wide = [self.value(e, grid).astype(np.float64) for e in (a, b, expr.arguments[1])]
                return (wide[0] * wide[1] + wide[2]).astype(expr.dtype.numpy)
        return None

    def read(self, expr, grid):
        array = self.tensors[expr.tensor]
        subscripts = [self.value(s, grid) for s in expr.subscripts]
        rank = (1,) * len(grid)
        if expr.outside is None:
            pass
        elif isinstance(expr.outside, OutsideMode) and 0 not in array.shape:
            mode = expr.outside.value
            lookups = [np.pad(np.arange(n), FAR, mode=mode) for n in array.shape]
            subscripts = [table[s + FAR] for table, s in zip(lookups, subscripts, strict=True)]
        if not subscripts:
            return array.reshape(rank)
        inside = np.ones(rank, bool)
        for s, n in zip(subscripts, array.shape, strict=True):
            inside = inside & (s >= 0) & (s < n)
        if 0 in array.shape:
            found = np.zeros(inside.shape, array.dtype)
        else:
            found = array[tuple(np.clip(s, 0, n - 1) for s, n in zip(subscripts, array.shape, strict=True))]
        if expr.outside is None or isinstance(expr.outside, OutsideMode):
            return found
        return np.where(inside, found, self.value(expr.outside, grid))

    def reduce(self, expr, grid):
        inner = {**grid, **{a.name: max(0, extent_value(a.extent, self.sizes)) for a in expr.axes}}
        body = np.broadcast_to(self.value(expr.body, inner), tuple(inner.values()))
        dtype = expr.body.dtype
        where = np.ones((), bool) if expr.where is None else self.value(expr.where, inner)
        kept = tuple(grid.values())
        if expr.kind in ORDER_STATISTICS:
            lines = [np.broadcast_to(a, body.shape).reshape((int(np.prod(kept)), -1)) for a in (body, where)]
            ranks = 0.5 if expr.rank is None else self.value(expr.rank, grid)
            asked = np.broadcast_to(ranks, kept).ravel()
            found = [ranked(expr, *line) for line in zip(*lines, asked, strict=True)]
            places = np.asarray(found, expr.dtype.numpy).reshape(kept)
            lengths = tuple(inner.values())[len(grid) :]
            return np.unravel_index(places, lengths)[expr.component] if expr.kind in GIVE_PLACES else places
        nothing = np.asarray(identity(expr.kind, dtype)).astype(dtype.numpy)
        terms = np.where(where, body, nothing).reshape((*kept, int(np.prod(tuple(inner.values())[len(grid) :]))))
        if expr.kind is ReduceKind.count:
            return terms.sum(axis=-1)
        if expr.kind in (ReduceKind.argmax, ReduceKind.argmin):
            best = (np.argmax if expr.kind is ReduceKind.argmax else np.argmin)(terms, axis=-1)
            return np.unravel_index(best, tuple(inner.values())[len(grid) :])[expr.component]
        if expr.initial is not None:
            last = np.broadcast_to(self.value(expr.initial, grid), kept)[..., None]
            terms = np.concatenate([terms, last], axis=-1)
        if expr.kind is ReduceKind.logsumexp:
            top = terms.max(axis=-1, keepdims=True, initial=-np.inf)
            top = np.where(np.isfinite(top), top, 0).astype(dtype.numpy)
            total = self.fold(np.add, np.exp(terms - top), np.zeros((), dtype.numpy))
            return top[..., 0] + np.log(total)
        return self.fold(BINARY[expr.kind], terms, nothing)

    def user_fold(self, expr, grid):
        """Left to right, in the dtypes of the states themselves."""
        inner = {**grid, **{a.name: max(0, extent_value(a.extent, self.sizes)) for a in expr.axes}}
        kept = tuple(grid.values())

        def lines(part):
            whole = np.broadcast_to(self.value(part, inner), tuple(inner.values()))
            return whole.reshape((*kept, int(np.prod(tuple(inner.values())[len(grid) :]))))

        lift = [lines(part) for part in expr.lift]
        where = np.ones_like(lift[0], bool) if expr.where is None else lines(expr.where)
        names = [state.name for state in expr.states]
        dtypes = [state.dtype.numpy for state in expr.states]
        values = [np.broadcast_to(self.value(part, grid), kept) for part in expr.identity]
        for k in range(lift[0].shape[-1]):
            left = {(Side.left, name): value for name, value in zip(names, values, strict=True)}
            right = {(Side.right, name): term[..., k] for name, term in zip(names, lift, strict=True)}
            self.states = left | right
            new = [self.value(part, grid) for part in expr.combine]
            values = [
                np.where(where[..., k], n, o).astype(dtype) for n, o, dtype in zip(new, values, dtypes, strict=True)
            ]
        self.states = {(Side.whole, name): value for name, value in zip(names, values, strict=True)}
        return self.value(expr.finish, grid)

    def fold(self, function, terms, start):
        """In random order, one term after another or by halves."""
        terms = terms[..., self.random.permutation(terms.shape[-1])]
        if terms.shape[-1] == 0:
            return np.broadcast_to(start, terms.shape[:-1])
        if self.random.random() < 0.5:
            total = terms[..., 0]
            for k in range(1, terms.shape[-1]):
                total = function(total, terms[..., k])
            return total
        while terms.shape[-1] > 1:
            half = terms.shape[-1] // 2
            pairs = function(terms[..., :half], terms[..., half : 2 * half])
            terms = np.concatenate([pairs, terms[..., 2 * half :]], axis=-1)
        return terms[..., 0]


@pytest.fixture(scope="session")
def assert_sound():
    """Any kernel, and the reference itself, lies within the bounds, tensor by tensor."""

    def check(program, arrays, scalars=None, seeds=range(3)):
        scalars = scalars or {}
        judged = evaluate_with_bounds(program, arrays, scalars, every=True)
        exact = evaluate(program, arrays, scalars, every=True)
        for name, bounded in judged.items():
            assert bounded.accepts(exact[name]).all(), (name, exact[name], bounded)
        for seed in seeds:
            found = SloppyKernel(program, arrays, scalars, seed).run()
            for name, bounded in judged.items():
                right = bounded.accepts(found[name])
                assert right.all(), (name, found[name][~right], exact[name][~right], bounded.bound[~right])
        return judged

    return check


@pytest.fixture
def program():
    """A program from text whose signature holds all extents and dtypes."""
    return lambda text: ur.parse(text).program()


@pytest.fixture(autouse=True)
def no_warnings(recwarn):
    """The reference lets no NumPy warning out."""
    yield
    assert [str(w.message) for w in recwarn if issubclass(w.category, RuntimeWarning)] == []
