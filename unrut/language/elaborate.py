# SPDX-License-Identifier: Apache-2.0
"""From the untyped Definition to the typed Program, on one page.

    operands      signature and specs                     -> Operand
    declarations  names, targets, results, given ranges   -> what each name means
    expressions   terms                                   -> typed expressions; extents of axes may be unknown yet
    ranges        bare and affine subscripts              -> the extent of every axis
    limits        sizes and subscripts                    -> absurd ones are refused
    inside        ranges and guards                       -> every read is proved inside its operand, or refused
    starts        what is given before ranges             -> every read of a place before a range finds one
    order         reads inside circles                    -> the Cycles in which they are computed, or refused
    emptiness     ranges without a place                  -> refused where they have no meaning

All errors of a stage are raised together; the next stage is reached only without any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unrut.errors import UnrutError, raise_all
from unrut.language.additions import added_axes, check_additions, check_defined
from unrut.language.adoption import const, negated
from unrut.language.bounds import bounds_behind, check_ranges
from unrut.language.circles import circles_of, judging_uses, share_axes, tensors_in
from unrut.language.covering import check_owners, domain_axes, shared_extents, with_bases
from unrut.language.declarations import Declarations, declare, target_axes
from unrut.language.emptiness import check_emptiness
from unrut.language.expressions import Expressions, Scope, UndefinedError
from unrut.language.fixed_point import Part, settled
from unrut.language.folding import read_fold
from unrut.language.inside import check_inside
from unrut.language.limits import check_limits
from unrut.language.notation import Definition, Spec
from unrut.language.operands import operands_of
from unrut.language.order import find_cycles
from unrut.language.ranges import solve
from unrut.language.reductions import read_line, read_reduction
from unrut.language.spelling import respell
from unrut.language.starts import check_given, check_starts, pattern, patterns_of, reaches
from unrut.program.cycles import components
from unrut.program.extents import Extent, substitute
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import (
    Along,
    Axis,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Program,
    Reduce,
    Role,
    Statement,
)
from unrut.program.types import DType
from unrut.program.walk import map_bottom_up


def elaborate(definition: Definition, specs: tuple[Spec, ...] = ()) -> Program:
    """The typed Program of an op for given specs; without specs the signature must say every dtype and extent.

    Raises BindError, DTypeError, NameClashError, NotationError, AxisError, ShapeError and RangeError.
    """
    try:
        return _elaborated(definition, specs)
    except UnrutError as error:
        if definition.traced:
            respell(error)
        raise


def _elaborated(definition: Definition, specs: tuple[Spec, ...]) -> Program:
    errors: list[UnrutError] = []
    operands = operands_of(definition, specs, errors)
    _stop(errors)
    definition, made = with_bases(definition, errors)
    _stop(errors)
    known = declare(definition, operands, errors, made)
    check_defined(known.additions, known.statements, errors)
    check_starts(known, errors)
    _stop(errors)
    groups = _groups(known)
    check_ranges(known, groups, errors)
    _stop(errors)
    check_additions(known.additions, groups, errors)
    _stop(errors)
    share_axes(known, groups, errors)
    _stop(errors)
    statements = _typed(definition, known, groups, errors)
    _stop(errors)
    sizes = tuple(dict.fromkeys(str(e) for operand in operands for e in operand.shape if not e.is_fixed))
    judging, own = judging_uses(statements, known.shapes, groups)
    ranges = solve(judging, known.unknowns, sizes, errors, known.bounds, own)
    _stop(errors)
    whole = tuple(_whole(statement, dict(ranges.extents)) for statement in statements)
    given = tuple(
        Axis(name=axis.name, extent=substitute(known.given[axis.name], dict(ranges.extents)))
        for axis in definition.axes
        if axis.extent is not None
    )
    shapes = {o.name: tuple(substitute(e, dict(ranges.extents)) for e in o.shape) for o in operands}
    shapes |= {s.target: s.shape for s in whole if s.role is Role.defines}
    check_limits(operands, whole, errors)
    _stop(errors)
    patterns = patterns_of(whole)
    before = reaches(patterns)
    not_empty = check_emptiness(whole, shapes, errors)  # first: over an empty range no rank is right
    preconditions = [
        *ranges.preconditions,
        *check_inside(whole, shapes, ranges.preconditions, before, errors),
        *not_empty,
    ]
    check_given(whole, patterns, errors)
    _stop(errors)
    cycles = find_cycles(whole, circles_of(known, groups), before, errors)
    _stop(errors)
    return Program(
        name=definition.name,
        operands=operands,
        scalars=definition.scalars,
        given=given,
        statements=whole,
        results=definition.results,
        preconditions=tuple(dict.fromkeys(preconditions)),
        cycles=cycles,
        doc=definition.doc,
    )


def _stop(errors: list[UnrutError]) -> None:
    """Raise what a stage found; one thing said of several places is one error."""
    said: dict[tuple[type, str], UnrutError] = {}
    for error in errors:
        if not isinstance(error, UndefinedError):
            first = said.setdefault((type(error), error.message), error)
            first.places = tuple(dict.fromkeys((*first.places, *error.places)))
    if said:
        raise_all(list(said.values()))


def _typed(
    definition: Definition, known: Declarations, groups: Sequence[tuple[str, ...]], errors: list[UnrutError]
) -> tuple[Statement, ...]:
    """Statements with dtypes; those that others read come first, the result is in the order of the text."""
    reader = Expressions(known, read_reduction, read_fold, read_line)
    found: dict[int, Statement] = {}
    for group in groups:
        parts = [part for name in group for part in _parts(name, known)]
        try:
            if len(parts) > 1 or group[0] in tensors_in(parts[0].assignment.body):
                statements = settled(parts, known, reader)
            else:
                statements = (_statement(parts[0], known, reader),)
        except UnrutError as error:
            errors += [error, *error.others]
            for name in group:
                known.dtypes.pop(name, None)
            continue
        found.update((id(part.assignment), each) for part, each in zip(parts, statements, strict=True))
    return tuple(found[id(a)] for a in definition.statements if id(a) in found)


def _parts(name: str, known: Declarations) -> list[Part]:
    """The statements of one tensor: the one that defines it, those that give places before its range, or add to it."""
    defining = known.statements[name]
    extents = dict(zip(target_axes(defining), known.shapes[name], strict=True))
    parts = [Part(assignment=defining, extents=extents, role=Role.defines)]
    for start in known.starts.get(name, ()):
        own = {axis: extents[axis] for axis in pattern(start) if isinstance(axis, str)}
        parts.append(Part(assignment=start, extents=own, role=Role.starts))
    for addition in known.additions:
        if addition.target == name:
            names = domain_axes(added_axes(addition, known.scalars | known.tensor_names()), known)
            shared: dict[str, Extent] = {}
            if addition.role is Role.covers:
                check_owners(addition, names, known)
                if name in known.made:
                    shared = shared_extents(addition, known.shapes[name], names)
            own = {a: shared[a] if a in shared else known.extent_of(a, addition.span) for a in names}
            parts.append(Part(assignment=addition, extents=own, role=addition.role))
    return parts


def _statement(part: Part, known: Declarations, reader: Expressions) -> Statement:
    scope = Scope(axes=part.extents)
    body = reader.read(part.assignment.body, scope)
    known.dtypes[part.assignment.target] = body.kind.dtype
    return Statement(
        target=part.assignment.target,
        subscripts=tuple(reader.read(s, scope).expr for s in part.assignment.subscripts),
        axes=tuple(Axis(name=name, extent=extent) for name, extent in part.extents.items()),
        body=body.expr,
        dtype=body.kind.dtype,
        span=part.assignment.span,
    )


def _groups(known: Declarations) -> tuple[tuple[str, ...], ...]:
    """The tensors that are defined, those in one circle together, each group after those that it reads."""
    needs = {}
    for name, statement in known.statements.items():
        parts = (statement, *known.starts.get(name, ()), *(a for a in known.additions if a.target == name))
        terms = [term for part in parts for term in (*part.subscripts, part.body, *bounds_behind(part, known))]
        needs[name] = set().union(*map(tensors_in, terms)) & known.statements.keys()
    return components(needs)


def _whole(statement: Statement, extents: dict[str, Extent]) -> Statement:
    """A statement with every extent known. Extents that became numbers are numbers."""

    def axis(unsettled: Axis) -> Axis:
        return replace(unsettled, extent=substitute(unsettled.extent, extents))

    def settle(expr: Expr) -> Expr:
        match expr:
            case ExtentValue(extent=extent, span=span):
                known = substitute(extent, extents)
                if known.is_fixed:
                    return Const(value=known.value(), dtype=DType.i64, span=span)
                return ExtentValue(extent=known, span=span)
            case Cast(operand=Const() as written, dtype=dtype, implicit=True):
                return const(written, dtype)
            case Call(function="negative", arguments=(Const() as written,), span=span) if (
                written.dtype is not DType.u64
            ):
                return negated(written, span)
            case Reduce(axes=axes) | Fold(axes=axes):
                return replace(expr, axes=tuple(axis(a) for a in axes))
            case Along(axis=line):
                return replace(expr, axis=axis(line))
        return expr

    return replace(
        statement,
        axes=tuple(axis(a) for a in statement.axes),
        subscripts=tuple(map_bottom_up(subscript, settle) for subscript in statement.subscripts),
        body=map_bottom_up(statement.body, settle),
    )
