# SPDX-License-Identifier: Apache-2.0
"""What the values of a run say: digits lost to cancellation, NaN and infinities made of finite numbers, dead results.

Cancellation is read off the derived bound: where it is a large part of the value, most digits are rounding. The
first statement at which that is so is searched for the operation whose relative error is far above its arguments'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from unrut.debugging.finding import LOOK, MISTAKE, Finding, place_of
from unrut.debugging.infinities import made
from unrut.debugging.sites import plain
from unrut.program.nodes import Call, Expr, Program, Reduce, ReduceKind, Role, Statement, Where
from unrut.program.pairs import paired
from unrut.program.show import Printer
from unrut.program.walk import children, contributing, in_order, reads
from unrut.reference import Bounded, evaluate_with_bounds, explain
from unrut.reference.binding import bind, whole_tensor
from unrut.reference.bounds.evaluation import in_parts
from unrut.reference.bounds.interpreter import MeasuringInterpreter
from unrut.reference.bounds.signs import Signs
from unrut.reference.explanation import number
from unrut.reference.places import Array, Places, Scene, Tensor
from unrut.reference.recurrences import held_whole

LOST = 2.0**-7
"""A bound that is more than this part of its value: fewer than two decimal digits are sure."""

COMMON = 0.1
"""The share of elements at which that must be so; a few small differences of large numbers are nobody's mistake."""

WORSE = 100.0
"""How much larger the relative error of an operation must be than those of its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A program on arrays, every tensor with its bound."""

    program: Program
    scene: Scene
    found: Mapping[str, Bounded]
    arrays: Mapping[str, Array]
    scalars: Mapping[str, float]


def measured(program: Program, arrays: Mapping[str, Array], scalars: Mapping[str, float]) -> Run:
    """The program run with bounds; statements that no result needs are left out."""
    needed = contributing(program)
    found = evaluate_with_bounds(needed, arrays, scalars, every=True)
    scene = bind(needed, arrays, scalars)
    return Run(program=needed, scene=scene, found=found, arrays=arrays, scalars=scalars)


def values(run: Run) -> Iterator[Finding]:
    """Everything of this kind."""
    doubtful: set[str] = set()
    strange: set[str] = set()
    strange_at = _strange(run)
    stepwise = held_whole(run.program)
    for statement in (s for s in in_order(run.program) if s.role is Role.defines):
        behind = {read.tensor for read in reads(statement.body)}
        tensor = run.found[statement.target]
        if tensor.value.dtype.kind != "f" or not tensor.value.size:
            continue
        wrong = strange_at[statement.target]
        if wrong.any():
            strange.add(statement.target)
            if not behind & strange and all(_finite(run.arrays[name]) for name in behind if name in run.arrays):
                yield _not_finite(statement, wrong, run)
        if _lost(tensor).mean() >= COMMON:
            doubtful.add(statement.target)
            found = None if behind & (doubtful | stepwise) else _cancelled(statement, run)
            if found is not None:
                yield found
        if statement.target in run.program.results and tensor.value.size > 1 and not tensor.value.any():
            yield Finding(
                kind="result is all zero",
                level=LOOK,
                message=f"every element of `{statement.target}` is 0 for these arrays",
                places=place_of((statement, "")),
                remedy=f"bound.explain({', '.join(f'{a.name}=0' for a in statement.axes)}): which factor is 0",
                statement=statement.target,
            )


def _strange(run: Run) -> dict[str, Array]:
    """By tensor, which elements are NaN, or infinite without a written infinity or an empty range behind them."""
    floats = {name: found.value for name, found in run.found.items() if found.value.dtype.kind in "fc"}
    if not any(np.isinf(value).any() for value in floats.values()):
        return {name: np.isnan(value) for name, value in floats.items()}
    arithmetic = made(run.program, run.arrays, run.scalars)
    return {name: np.isnan(value) | (np.isinf(value) & arithmetic[name]) for name, value in floats.items()}


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())


def _by_parts(run: Run) -> Run:
    """The run as its bounds were derived: complex numbers as their real and imaginary parts."""
    known = paired(run.program)
    if known.program is run.program:
        return run
    tensors = {name: in_parts(tensor) for name, tensor in run.scene.tensors.items()}
    found: dict[str, Bounded] = {}
    for name, bounded in run.found.items():
        found.update(zip(known.parts.get(name, (name,)), bounded.parts or (bounded,), strict=True))
    return replace(run, program=known.program, scene=replace(run.scene, tensors=tensors), found=found)


def _lost(tensor: Bounded) -> Array:
    """At which elements the bound is a large part of the value."""
    with np.errstate(all="ignore"):
        part = tensor.bound > LOST * np.abs(tensor.value)
    return np.asarray(part & np.isfinite(tensor.bound) & (tensor.bound > 0))


def _not_finite(statement: Statement, wrong: Array, run: Run) -> Finding:
    value = run.found[statement.target].value
    place = tuple(int(k) for k in np.argwhere(wrong)[0])
    kind = "NaN" if np.isnan(value[place]) else "infinity"
    at = f"{statement.target}[{', '.join(map(str, place))}]"
    why = explain(run.program, run.arrays, run.scalars, statement.target, place).first_nan
    return Finding(
        kind="not finite",
        level=MISTAKE if kind == "NaN" else LOOK,
        message=f"{np.count_nonzero(wrong)} of {value.size} elements of `{statement.target}` are not finite, "
        f"first `{at}`, {kind}: {why}",
        places=place_of((statement, "")),
        remedy="ur.where around what must not be computed there, or a small number below the division",
        statement=statement.target,
    )


def _cancelled(statement: Statement, run: Run) -> Finding | None:
    """The operation of a statement that loses the digits, looked at where half of those that lose any lose more."""
    tensor = run.found[statement.target]
    lost = np.argwhere(_lost(tensor))
    with np.errstate(all="ignore"):
        part = np.array([tensor.bound[tuple(p)] / abs(tensor.value[tuple(p)]) for p in lost])
    place = tuple(int(k) for k in lost[int(np.argsort(part, kind="stable")[len(part) // 2])])
    run = _by_parts(run)
    statement = next(s for s in run.program.defining() if s.target == statement.target)
    looker = _Looker(statement, place, run)
    culprit = looker.culprit(statement.body)
    if culprit is None:
        return None
    printer = Printer(run.program)
    value, error = looker.measure(culprit)
    exact = isinstance(culprit, Call) and any(looker.measure(part)[1] == 0 for part in children(culprit))
    if exact and abs(value) <= error:
        return None  # data less its mean, where the data are all the same: 0 it is
    share = np.count_nonzero(_lost(tensor)) / tensor.value.size
    bound = float(tensor.bound[place])
    small = isinstance(culprit, Reduce)
    what = "its terms cancel" if small else "nearly equal numbers are subtracted"
    at = f"{statement.target}[{', '.join(map(str, place))}]"
    return Finding(
        kind="cancellation",
        level=MISTAKE if share >= 0.5 and not exact else LOOK,
        message=f"in `{printer.expr(culprit)}` {what}: {number(value)} is left of {number(looker.scale(culprit))}, "
        f"and rounding may change it by {number(error)}; so at {share:.0%} of the elements, e.g. {at} = "
        f"{number(float(tensor.value[place]))} with bound {number(bound)}",
        places=place_of((culprit, "digits are lost here")),
        remedy="dtype=ur.f64 in this sum, or subtract before summing"
        if small
        else "compute it in ur.f64"
        if exact
        else "subtract first and square or sum then, as in sum((x - mean)**2); or compute it in ur.f64",
        statement=statement.target,
    )


class _Looker:
    """Expressions of one statement at one place, with their errors."""

    def __init__(self, statement: Statement, place: tuple[int, ...], run: Run) -> None:
        ranges = {axis.name: range(k, k + 1) for axis, k in zip(statement.axes, place, strict=True)}
        self.places = Places(ranges=ranges)
        computed = {name: whole_tensor(_stored(bounded)) for name, bounded in run.found.items()}
        tensors: dict[str, Tensor] = {**run.scene.tensors, **computed}
        self.scene = Scene(tensors=tensors, scalars=run.scene.scalars, sizes=run.scene.sizes)
        self.interpreter = MeasuringInterpreter(Signs(run.program, run.scene.scalars))

    def measure(self, expr: Expr) -> tuple[float, float]:
        with np.errstate(all="ignore"):
            found = self.interpreter.measure(expr, self.places, self.scene)
        return float(found.value.ravel()[0]), float(found.error.ravel()[0])

    def relative(self, expr: Expr) -> float:
        value, error = self.measure(expr)
        return error / abs(value) if value else (np.inf if error else 0.0)

    def scale(self, expr: Expr) -> float:
        """The size of what goes into a sum or a difference."""
        if isinstance(expr, Reduce):
            return float(np.abs(self._terms(expr)).sum())
        return max((abs(self.measure(part)[0]) for part in children(expr)), default=0.0)

    def culprit(self, expr: Expr) -> Expr | None:
        """The operation, the innermost first, whose relative error is far above its arguments'."""
        expr = plain(expr)
        if not expr.dtype.is_float or isinstance(expr, Where):
            return None
        if isinstance(expr, Reduce):
            return expr if expr.kind is ReduceKind.sum and self._cancels(expr) else None
        parts = children(expr) if isinstance(expr, Call) else ()
        if isinstance(expr, Call) and expr.function == "exp" and _is_difference(plain(parts[0])):
            parts = children(plain(parts[0]))  # of an exponent the error itself counts, not its part of the value
        for part in parts:
            found = self.culprit(part)
            if found is not None:
                return found
        if not _is_difference(expr) or self.relative(expr) <= LOST:
            return None
        return expr if self.relative(expr) > WORSE * max(map(self.relative, children(expr))) else None

    def _cancels(self, expr: Reduce) -> bool:
        value = abs(self.measure(expr)[0])
        return self.relative(expr) > LOST and self.scale(expr) > 10 * WORSE * value

    def _terms(self, expr: Reduce) -> Array:
        inner = self.places.inside(self.scene.whole(expr.axes))
        with np.errstate(all="ignore"):
            body = self.interpreter.measure(expr.body, inner, self.scene).value
            terms = np.broadcast_to(body, inner.shape)
            if expr.where is not None:
                terms = np.where(self.interpreter.measure(expr.where, inner, self.scene).value, terms, 0)
        return np.asarray(terms, np.float64)


def _is_difference(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.function in ("add", "subtract")


def _stored(bounded: Bounded) -> Array:
    kinds = [("value", bounded.value.dtype), ("error", np.float64), ("undecided", np.bool_)]
    stored = np.empty(bounded.value.shape, np.dtype(kinds, align=True))
    stored["value"], stored["error"], stored["undecided"] = bounded.value, bounded.bound, bounded.undecided
    return stored
