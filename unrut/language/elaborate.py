# SPDX-License-Identifier: Apache-2.0
"""From the untyped Definition to the typed Program, on one page.

    operands      signature and specs                     -> Operand
    declarations  names, targets, results, given ranges   -> what each name means
    expressions   terms                                   -> typed expressions; extents of axes may be unknown yet
    ranges        bare and affine subscripts              -> the extent of every axis
    limits        sizes and subscripts                    -> absurd ones are refused
    inside        ranges and guards                       -> every read is proved inside its operand, or refused
    emptiness     ranges without a place                  -> refused where they have no meaning

All errors of a stage are raised together; the next stage is reached only without any.
"""

from __future__ import annotations

from dataclasses import replace

from unrut.errors import NotationError, UnrutError, raise_all
from unrut.language.adoption import const, negated
from unrut.language.declarations import Declarations, at, declare, target_axes
from unrut.language.emptiness import check_emptiness
from unrut.language.expressions import Expressions, Scope, UndefinedError
from unrut.language.inside import check_inside
from unrut.language.limits import check_limits
from unrut.language.notation import Assignment, Definition, Name, Spec, Subscripted, Term
from unrut.language.operands import operands_of
from unrut.language.ranges import solve
from unrut.language.reductions import read_line, read_reduction
from unrut.language.renaming import mentioned
from unrut.language.spelling import respell
from unrut.language.uses import uses_of
from unrut.program.extents import Extent, substitute
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
    Statement,
)
from unrut.program.types import DType
from unrut.program.walk import map_bottom_up, topological


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
    known = declare(definition, operands, errors)
    _stop(errors)
    statements = _typed(definition, known, errors)
    _stop(errors)
    sizes = tuple(dict.fromkeys(str(e) for operand in operands for e in operand.shape if not e.is_fixed))
    ranges = solve(uses_of(statements, known.shapes), known.unknowns, sizes, errors)
    _stop(errors)
    settled = tuple(_settled(statement, dict(ranges.extents)) for statement in statements)
    given = tuple(
        Axis(name=axis.name, extent=substitute(known.given[axis.name], dict(ranges.extents)))
        for axis in definition.axes
    )
    shapes = {o.name: tuple(substitute(e, dict(ranges.extents)) for e in o.shape) for o in operands}
    shapes |= {statement.target: statement.shape for statement in settled}
    check_limits(operands, settled, errors)
    _stop(errors)
    preconditions = [
        *ranges.preconditions,
        *check_inside(settled, shapes, ranges.preconditions, errors),
        *check_emptiness(settled, shapes, errors),
    ]
    _stop(errors)
    return Program(
        name=definition.name,
        operands=operands,
        scalars=definition.scalars,
        given=given,
        statements=settled,
        results=definition.results,
        preconditions=tuple(dict.fromkeys(preconditions)),
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


def _typed(definition: Definition, known: Declarations, errors: list[UnrutError]) -> tuple[Statement, ...]:
    """Statements with dtypes; those that others read come first, the result is in the order of the text."""
    reader = Expressions(known, read_reduction, read_line)
    found: dict[str, Statement] = {}
    for assignment in _in_order(known, errors):
        names = target_axes(assignment)
        extents = dict(zip(names, known.shapes[assignment.target], strict=True))
        try:
            body = reader.read(assignment.body, Scope(axes=extents))
        except UnrutError as error:
            errors += [error, *error.others]
            continue
        known.dtypes[assignment.target] = body.kind.dtype
        axes = tuple(Axis(name=name, extent=extent) for name, extent in extents.items())
        found[assignment.target] = Statement(
            target=assignment.target,
            subscripts=tuple(reader.read(s, Scope(axes=extents)).expr for s in assignment.subscripts),
            axes=axes,
            body=body.expr,
            dtype=body.kind.dtype,
            span=assignment.span,
        )
    return tuple(found[a.target] for a in definition.statements if a.target in found)


def _in_order(known: Declarations, errors: list[UnrutError]) -> list[Assignment]:
    """Statements so that each comes after those that it reads; circles are errors."""
    needs = {
        name: _tensors_in(statement.body) & known.statements.keys() for name, statement in known.statements.items()
    }
    ordered = topological(needs)
    if len(ordered) < len(needs):
        errors.append(_circle({name: read for name, read in needs.items() if name not in ordered}, known))
    return [known.statements[name] for name in ordered]


def _tensors_in(term: Term) -> set[str]:
    """Names that may be those of tensors that a term reads."""
    found = set()
    for part in mentioned(term):
        if isinstance(part, Subscripted):
            found.add(part.tensor)
        elif isinstance(part, Name):
            found.add(part.name)
    return found


def _circle(needs: dict[str, set[str]], known: Declarations) -> NotationError:
    """The error for tensors that need each other, naming one circle."""
    path = [next(iter(needs))]
    while True:
        following = next(name for name in sorted(needs[path[-1]]) if name in needs)
        if following in path:
            circle = [*path[path.index(following) :], following]
            break
        path.append(following)
    places = [place for name in circle[:-1] for place in at(known.statements[name].span)]
    return NotationError(
        f"tensors depend on each other in a circle: {' needs '.join(f'`{name}`' for name in circle)}",
        places=places,
        remedy="recurrences are not part of the language yet: unroll the steps as statements of their own",
    )


def _settled(statement: Statement, extents: dict[str, Extent]) -> Statement:
    """A statement with every extent known. Extents that became numbers are numbers."""

    def axis(unsettled: Axis) -> Axis:
        return Axis(name=unsettled.name, extent=substitute(unsettled.extent, extents))

    def settle(expr: Expr) -> Expr:
        match expr:
            case ExtentValue(extent=extent, span=span):
                known = substitute(extent, extents)
                if known.is_fixed:
                    return Const(value=known.value(), dtype=DType.i64, span=span)
                return ExtentValue(extent=known, span=span)
            case Cast(operand=Const() as written, dtype=dtype, implicit=True):
                return const(written, dtype)
            case Call(function="negative", arguments=(Const() as written,), span=span):
                return negated(written, span)
            case Reduce(axes=axes):
                return replace(expr, axes=tuple(axis(a) for a in axes))
            case Along(axis=line):
                return replace(expr, axis=axis(line))
        return expr

    return replace(statement, axes=tuple(axis(a) for a in statement.axes), body=map_bottom_up(statement.body, settle))
