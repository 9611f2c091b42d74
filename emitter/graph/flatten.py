# SPDX-License-Identifier: Apache-2.0
"""Program statements to computations: nested reductions leave the expressions that they stand in.

Before:  y[i, j] = softmax(sum[k](A[i, k] * B[k, j]), along=j)
After:   y_sum[i, j] = sum[k](A[i, k] * B[k, j])     y_max[i] = max[j](y_sum[i, j])
         y_exp[i, j] = exp(y_sum[i, j] - y_max[i])   y_sum2[i] = sum[j](y_exp[i, j])     y[i, j] = y_exp[i, j] / y_sum2[i]
Because: schedules decide where each part runs; a reduction inside an expression would hide the choice.

A reduction in a lazy branch computes nothing where the branch is not taken, if its reads need that: the guard joins `where`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from unrut.emitter.graph.checks import Check, search
from unrut.emitter.graph.computation import Computation, Reduction
from unrut.emitter.graph.domains import domain, update
from unrut.emitter.graph.elements import element_bounds
from unrut.emitter.graph.exponentials import logsumexp
from unrut.emitter.graph.extract import extract
from unrut.emitter.graph.folds import folded
from unrut.emitter.graph.guarding import all_inside, evaluated, guarded
from unrut.emitter.graph.linear import call, extent_expr
from unrut.emitter.graph.meaning import meaning, mentioned
from unrut.emitter.graph.names import Names, taken_by
from unrut.emitter.graph.orderstatistics import order_statistic
from unrut.emitter.graph.places import clamped, leaving
from unrut.emitter.graph.policies import settle
from unrut.emitter.graph.ranges import Bound, conjuncts, negation, range_known
from unrut.emitter.graph.rows import Row, by_row, row_for
from unrut.emitter.graph.scans import Scan, in_range, scan_of
from unrut.emitter.graph.scope import Scope
from unrut.emitter.graph.selection import SELECTIONS
from unrut.emitter.graph.simplify import FALSE, simplify
from unrut.emitter.graph.spoken import Spoken
from unrut.emitter.graph.starts import without_starts
from unrut.emitter.graph.updates import with_wide_sums
from unrut.errors import InternalError
from unrut.program.extents import Extent
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import (
    ORDER_STATISTICS,
    Along,
    Axis,
    AxisValue,
    Cast,
    Expr,
    Program,
    Read,
    Reduce,
    ReduceKind,
    Role,
    Statement,
    Where,
)
from unrut.program.ragged import is_ragged
from unrut.program.scans import SCANS
from unrut.program.types import DType
from unrut.program.walk import children, cycle_of, free_axes, in_order, reads, rebuild

FLAT = (ReduceKind.sum, ReduceKind.prod, ReduceKind.max, ReduceKind.min, ReduceKind.any, ReduceKind.all)


@dataclass(slots=True)
class Flattener:
    """The computations found so far; `shared` maps the meaning of a made one to its name; `serving` is the target at work."""

    program: Program
    spoken: Spoken
    names: Names
    shapes: dict[str, tuple[Extent, ...]]
    found: list[Computation] = field(default_factory=list)
    shared: dict[tuple[object, ...], str] = field(default_factory=dict)
    elements: dict[str, tuple[Bound, Bound]] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    serial: dict[str, tuple[str, ...]] = field(default_factory=dict)
    circle: set[str] = field(default_factory=set)
    serving: str = ""

    def statement(self, statement: Statement) -> None:
        """Add the computations of one statement, the last of which defines its target or changes it."""
        self.serving = statement.target
        cycle = cycle_of(self.program, statement.target)
        if statement.target not in self.circle:
            self.circle = set() if cycle is None else set(cycle.tensors())
            self.serial |= {} if cycle is None else cycle.paths()
        scope = Scope(axes=statement.axes)
        if statement.role in (Role.adds, Role.covers):
            update(self, statement)
            return
        body, reduction = statement.body, None
        # A total that becomes a float of 16 bits is converted where it is stored.
        total = body.operand if isinstance(body, Cast) and body.dtype.is_half else body
        if isinstance(total, Reduce) and total.kind in FLAT:
            expr, reduction = self._reduction(total, scope, statement.target)
        elif isinstance(body, Fold):
            expr, reduction = self._folded(body, scope, statement.target)
        elif isinstance(body, Along) and body.kind in SCANS and not is_ragged(body.axis):
            term = self.expression(in_range(body, body.body), scope, statement.target)
            expr = scan_of(body).goes_on(term, statement.target, statement.axes)
        else:
            expr = self.expression(body, scope, statement.target)
        self._add(statement.target, statement.axes, expr, reduction, statement.dtype)

    def _add(self, name: str, axes: tuple[Axis, ...], body: Expr, reduction: Reduction | None, dtype: DType) -> None:
        """Add a computation, and what is known of its elements."""
        bound = reduction.axes if reduction else ()
        body = simplify(body, range_known({a.name: a.extent for a in (*axes, *bound)}))
        computation = Computation(
            name=name, axes=axes, dtype=dtype, body=body, reduction=reduction, statement=self.serving
        )
        self.found.append(computation)
        if dtype.is_integer:
            self.elements[name] = element_bounds(computation, self.elements)

    def expression(self, expr: Expr, scope: Scope, stem: str) -> Expr:
        """The expression with every reduction replaced by a read of a computation of its own."""
        match expr:
            case Reduce():
                return self._reduce(expr, scope, stem)
            case Fold():
                term, reduction = self._folded(expr, scope, stem)
                return self.define(term, reduction, scope, f"{stem}_fold", expr.dtype)
            case Along():
                return self._scan(expr, scope, stem) if expr.kind in SCANS else self._softmax(expr, scope, stem)
            case Where(condition=condition, then=then, otherwise=otherwise):
                test = self.expression(condition, scope, stem)
                yes = self.expression(then, scope.under(*conjuncts(test)), stem)
                no = self.expression(otherwise, scope.under(negation(test)), stem)
                return replace(expr, condition=test, then=yes, otherwise=no)
            case Read():
                return self._read(expr, scope, stem)
            case _:
                parts = children(expr)
                return rebuild(expr, tuple(self.expression(part, scope, stem) for part in parts)) if parts else expr

    def _read(self, expr: Read, scope: Scope, stem: str) -> Expr:
        """The read of a place that is there: as the policy says, or the nearest one, with a check."""
        shape, known = self.shapes[expr.tensor], scope.known(self.elements)
        read = replace(expr, subscripts=tuple(self.expression(s, scope, stem) for s in expr.subscripts))
        if expr.outside is not None:
            found = settle(read, shape, known)
            if not isinstance(found, Where):
                return found
            inner = scope.under(negation(found.condition))
            return replace(found, otherwise=self.expression(found.otherwise, inner, stem))
        away = leaving(expr.subscripts, read.subscripts, shape, known)
        if away is None:
            return read
        words = self.spoken.outside(expr, away.dimensions)
        self.check(away.outside, scope, Check(computation=f"{expr.tensor}_outside", **words))
        conditional = frozenset[str]().union(*map(free_axes, scope.asked))
        whole = tuple(axis for axis in scope.axes if axis.name not in conditional)
        return clamped(read, shape, away.dimensions, whole)

    def check(self, bad: Expr, scope: Scope, check: Check) -> None:
        """Have it said if `bad` holds at some place of a scope where the value is asked for; once for one meaning."""
        found = search(bad, scope.asked, (*scope.axes, *scope.witnesses))
        if found is None:
            return
        outer = () if found.outer is None else (found.outer,)
        truth = Reduction(kind=ReduceKind.any, axes=found.axes, where=found.where) if found.axes else None
        body = found.bad
        if truth is None:
            for condition in reversed(found.where):
                body = Where(condition=condition, then=body, otherwise=FALSE, dtype=DType.bool)
        stem = check.computation + ("_part" if outer else "")
        total = self.define(body, truth, Scope(axes=outer), stem, DType.bool)
        if found.outer is not None:
            whole = Reduction(kind=ReduceKind.any, axes=outer)
            total = self.define(total, whole, Scope(axes=()), check.computation, DType.bool)
        assert isinstance(total, Read)
        self.checks.setdefault(total.tensor, replace(check, computation=total.tensor))

    def _reduction(self, expr: Reduce, scope: Scope, stem: str) -> tuple[Expr, Reduction]:
        """The term and the domain of a reduction, both flat."""
        inner, axes, where = domain(self, expr.axes, expr.where, scope, stem)
        term = self.expression(expr.body, inner, stem)
        initial = None if expr.initial is None else self.expression(expr.initial, scope, stem)
        return term, Reduction(kind=expr.kind, axes=axes, where=where, initial=initial)

    def _folded(self, expr: Fold, scope: Scope, stem: str) -> tuple[Expr, Reduction]:
        """The first state's term and the domain of a fold, its other terms in the kind."""
        known, axes, where = domain(self, expr.axes, expr.where, scope, stem)
        terms = [simplify(self.expression(term, known, stem), known.known(self.elements)) for term in expr.lift]
        first, kind = folded(expr, terms)
        return first, Reduction(kind=kind, axes=axes, where=where)

    def _reduce(self, expr: Reduce, scope: Scope, stem: str) -> Expr:
        if expr.kind in ORDER_STATISTICS:
            return order_statistic(self, expr, scope, stem)
        if expr.kind is ReduceKind.logsumexp:
            return logsumexp(expr, lambda part: self._reduce(part, scope, stem))
        if expr.kind is ReduceKind.count:
            one = Cast(operand=expr.body, dtype=DType.i64)
            return self._reduce(replace(expr, kind=ReduceKind.sum, body=one, dtype=DType.i64), scope, stem)
        term, reduction = self._reduction(expr, scope, stem)
        if expr.kind in FLAT:
            return self.define(term, reduction, scope, f"{stem}_{expr.kind.value}", expr.dtype)
        if reduction.initial is not None:
            raise InternalError(f"{expr.kind.value} has no `initial`")
        return self.component(self.define(term, reduction, scope, f"{stem}_{expr.kind.value}", DType.i64), expr)

    def component(self, flat: Expr, expr: Reduce) -> Expr:
        """The value of one axis at a flat place of a reduction."""
        inner = Extent(constant=1)
        for axis in expr.axes[expr.component + 1 :]:
            inner = inner * axis.extent
        place = flat if inner == Extent(constant=1) else call("floor_divide", flat, extent_expr(inner))
        return place if expr.component == 0 else call("remainder", place, extent_expr(expr.axes[expr.component].extent))

    def _softmax(self, expr: Along, scope: Scope, stem: str) -> Expr:
        line = expr.axis
        loose = scope.around(line, self.names.fresh(f"{line.name}_asked"))
        body = self.expression(expr.body, loose.within(replace(line, start=None, stop=None)), stem)
        top = self._reduce(Reduce(kind=ReduceKind.max, axes=(line,), body=body, dtype=expr.dtype), loose, stem)
        power = call("exp", call("subtract", body, top, dtype=expr.dtype), dtype=expr.dtype)
        shared = power if is_ragged(line) else self.define(power, None, loose.within(line), f"{stem}_exp", expr.dtype)
        total = self._reduce(Reduce(kind=ReduceKind.sum, axes=(line,), body=shared, dtype=expr.dtype), loose, stem)
        return call("divide", shared, total, dtype=expr.dtype)

    def _scan(self, expr: Along, scope: Scope, stem: str) -> Expr:
        line, scan = expr.axis, scan_of(expr)
        loose = scope.around(line, self.names.fresh(f"{line.name}_asked")).within(replace(line, start=None, stop=None))
        term = self.expression(in_range(expr, expr.body), loose, stem)
        return self.define(term, None, loose, f"{stem}_{expr.kind.value}", expr.dtype, (line,), scan)

    def define(
        self,
        body: Expr,
        reduction: Reduction | None,
        scope: Scope,
        stem: str,
        dtype: DType,
        kept: tuple[Axis, ...] = (),
        scan: Scan | None = None,
    ) -> Expr:
        """A read of the computation that has this body, made if there is none yet; over `kept` and all axes mentioned.

        Of a scan the body is the term.
        """
        bound = reduction.axes if reduction else ()
        inner = scope.within(*bound)
        inner = replace(inner, guards=reduction.where if reduction else ())
        own = any(read.tensor in self.circle for part in evaluated(body, reduction) for read in reads(part))
        selects = reduction is not None and reduction.kind in SELECTIONS  # its terms obey the guards already
        if scope.guards and not selects and (own or not all_inside(body, reduction, inner, self.elements, self.shapes)):
            body, reduction = guarded(body, reduction, scope.guards, dtype)
        steps = self.serial[self.serving] if own else ()
        used = mentioned(body, reduction).union(steps, (axis.name for axis in kept))
        row = row_for(used, scope.rows)
        if row is not None and not (selects or own or kept or scan):
            return self._by_row(body, reduction, scope, row, used, stem, dtype)
        axes = tuple(axis for axis in scope.axes if axis.name in used)
        whole = body if scan is None else scan.goes_on(body, "", axes)
        key = (*meaning(whole, reduction, axes, dtype), tuple(a.name for a in axes) if own else ())
        if key not in self.shared:
            name = self.names.fresh(stem)
            self._add(name, axes, body if scan is None else scan.goes_on(body, name, axes), reduction, dtype)
            self.shared[key] = name
            if own:
                self.serial[name] = steps
                self.circle.add(name)
            self.shapes[name] = tuple(axis.extent for axis in axes)
        subscripts = tuple(AxisValue(axis=axis.name) for axis in axes)
        return Read(tensor=self.shared[key], subscripts=subscripts, dtype=dtype)

    def _by_row(
        self,
        body: Expr,
        reduction: Reduction | None,
        scope: Scope,
        row: Row,
        used: frozenset[str],
        stem: str,
        dtype: DType,
    ) -> Expr:
        """The same for what has a value at each place of ranges by data that share none: it is stored by place."""
        axes = tuple(axis for axis in scope.axes if axis.name in used | {row.axis, *row.owners})
        key = (*meaning(body, reduction, axes, dtype), row, tuple(a.name for a in axes))
        if key not in self.shared:
            name = self.names.fresh(stem)
            known = range_known({a.name: a.extent for a in (*axes, *(reduction.axes if reduction else ()))})
            zeros, rows = by_row(name, row, axes, simplify(body, known), reduction, dtype, self.serving)
            self.found += [zeros, replace(rows, name=self.names.fresh(rows.name))]
            self.shared[key] = name
            self.shapes[name] = zeros.shape
        left = tuple(AxisValue(axis=axis.name) for axis in axes if axis.name not in row.owners)
        return Read(tensor=self.shared[key], subscripts=left, dtype=dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """What is left of a program: computations, each after those it reads, and the checks among them."""

    computations: tuple[Computation, ...]
    checks: tuple[Check, ...]


def flatten(program: Program, user: Program, parts: Mapping[str, str]) -> Flat:
    """All computations of a program, and the checks of its data, said as in the user's program.

    `parts`: of which complex tensor a tensor of real numbers is a part.
    """
    names = Names(taken=taken_by(program))
    program, origins = without_starts(program, names)
    program = with_wide_sums(program, names)
    spoken = Spoken(user=user, lowered=program, origins=origins, parts=parts)
    shapes = {o.name: o.shape for o in program.operands} | {s.target: s.shape for s in program.defining()}
    flattener = Flattener(program=program, spoken=spoken, names=names, shapes=shapes)
    for statement in in_order(program):
        flattener.statement(statement)
    found = extract(tuple(flattener.found), flattener.shapes, flattener.names, flattener.serial)
    return Flat(computations=found, checks=tuple(flattener.checks.values()))
