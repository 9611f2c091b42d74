# SPDX-License-Identifier: Apache-2.0
"""Formulas that are rarely meant as they stand: wrong divisors, conditions that decide nothing, exponentials that overflow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from unrut.debugging.finding import LOOK, MISTAKE, Finding, place_of
from unrut.debugging.sites import Site, plain, sites
from unrut.program.affine import affine
from unrut.program.extents import Extent, as_extent, provably_le
from unrut.program.intervals import interval
from unrut.program.nodes import (
    Along,
    AlongKind,
    Call,
    Const,
    Expr,
    ExtentValue,
    OutsideMode,
    Program,
    Read,
    Reduce,
    ReduceKind,
    Where,
)
from unrut.program.show import Printer

TWICE = {
    "subtract": "is always 0",
    "divide": "is always 1, or NaN",
    "maximum": "chooses between equals",
    "minimum": "chooses between equals",
    "less": "is never true",
    "greater": "is never true",
}


def habits(program: Program) -> Iterator[Finding]:
    """Everything of this kind in a program."""
    printer = Printer(program)
    for statement in program.statements:
        for site in sites(statement):
            if not site.is_empty:
                yield from _at(site, program, printer)


def _at(site: Site, program: Program, printer: Printer) -> Iterator[Finding]:
    match site.expr:
        case Call(function="divide", arguments=(above, below)) if plain(above) != plain(below):
            yield from _divisor(site, plain(above), plain(below), program, printer)
            yield from _softmax_by_hand(site, plain(above), plain(below), printer)
        case Call(function="log", arguments=(inner,)):
            yield from _log(site, plain(inner), printer)
        case Reduce(kind=ReduceKind.max | ReduceKind.min, body=body):
            yield from _value_that_wins(site, plain(body), printer)
        case Along(kind=AlongKind.softmax, axis=axis) if axis.extent.is_fixed and axis.extent.value() == 1:
            yield _finding(
                site,
                "softmax of one",
                MISTAKE,
                f"a softmax along `{axis.name}`, which has extent 1, is always 1",
                f"along={axis.name}",
                "the axis that the weights should add up over",
            )
    match site.expr:
        case Call(function=function, arguments=(left, right)) if function in TWICE and plain(left) == plain(right):
            if not isinstance(plain(left), Const):
                said = f"`{printer.expr(site.expr)}` {TWICE[function]}: both sides are the same"
                yield _finding(site, "same thing twice", MISTAKE, said, "", "the other operand that was meant")
        case Where(condition=condition):
            yield from _condition(site, condition, printer)
        case Reduce(where=Call() as condition):
            within = {**site.extents, **{axis.name: axis.extent for axis in site.expr.axes}}
            yield from _condition(Site(expr=site.expr, statement=site.statement, extents=within), condition, printer)


def _finding(site: Site, kind: str, level: str, message: str, note: str, remedy: str) -> Finding:
    places = place_of((site.expr, note))
    return Finding(
        kind=kind, level=level, message=message, places=places, remedy=remedy, statement=site.statement.target
    )


def _divisor(site: Site, above: Expr, below: Expr, program: Program, printer: Printer) -> Iterator[Finding]:
    """A sum over some axes divided by the extent of another: a mean over the wrong axis."""
    divisor = _extent(below)
    if divisor is None or not isinstance(above, Reduce) or above.kind is not ReduceKind.sum:
        return
    terms = math.prod((a.extent for a in above.axes), start=as_extent(1))
    if above.where is not None or divisor == terms or (divisor.is_fixed and divisor.value() < 2):
        return
    partly = {a.name: a.extent for a in above.axes}
    others = {name: e for name, e in site.extents.items() if e == divisor and name not in partly}
    short = [name for name, e in partly.items() if e == divisor]
    ran = f"the sum over {', '.join(f'`{name}`' for name in partly)} has {terms} terms, and is divided by {divisor}"
    if short:
        message = f"{ran}, the extent of `{short[0]}` alone"
    elif others:
        message = f"{ran}, the extent of `{next(iter(others))}`"
    else:
        return
    remedy = f"divide by {terms}" if terms.is_fixed else f"divide by {printer.extent(terms)}"
    yield _finding(site, "mean over another index", MISTAKE, message, f"{terms} terms, divided by {divisor}", remedy)


def _extent(expr: Expr) -> Extent | None:
    match expr:
        case ExtentValue(extent=extent):
            return extent
        case Const(value=value) if not isinstance(value, bool) and value == value and float(value).is_integer():
            return as_extent(int(value))
        case Call(function="multiply", arguments=(left, right)):
            first, second = _extent(plain(left)), _extent(plain(right))
            return None if first is None or second is None else first * second
        case _:
            return None


def _softmax_by_hand(site: Site, above: Expr, below: Expr, printer: Printer) -> Iterator[Finding]:
    """exp(x) / sum exp(x) where nothing keeps x small."""
    if _grows(above) and isinstance(below, Reduce) and below.kind is ReduceKind.sum and _grows(plain(below.body)):
        axes = ", ".join(a.name for a in below.axes)
        said = f"`{printer.expr(site.expr)}` overflows where an exponent is large, and is then NaN"
        yield _finding(
            site, "softmax by hand", LOOK, said, "", f"ur.softmax(..., along={axes}), which does not overflow"
        )


def _grows(expr: Expr) -> bool:
    """An exponential of something that is not a difference or a negative."""
    if not isinstance(expr, Call) or expr.function != "exp":
        return False
    inner = plain(expr.arguments[0])
    return not (isinstance(inner, Call) and inner.function in ("subtract", "negative"))


def _log(site: Site, inner: Expr, printer: Printer) -> Iterator[Finding]:
    said = f"`{printer.expr(site.expr)}`"
    if isinstance(inner, Reduce) and inner.kind is ReduceKind.sum and _grows(plain(inner.body)):
        axes = ", ".join(a.name for a in inner.axes)
        remedy = f"ur.logsumexp[{axes}](...), which does not overflow"
        yield _finding(site, "logsumexp by hand", LOOK, f"{said} overflows where an exponent is large", "", remedy)
    if isinstance(inner, Along) and inner.kind is AlongKind.softmax:
        remedy = f"x - ur.logsumexp[{inner.axis.name}](x)"
        yield _finding(site, "log of a softmax", LOOK, f"{said} is -inf where a weight underflows", "", remedy)


def _value_that_wins(site: Site, body: Expr, printer: Printer) -> Iterator[Finding]:
    """A finite value outside takes part in a maximum like any other."""
    if not isinstance(body, Read) or not isinstance(site.expr, Reduce):
        return
    value = None if body.outside is None or isinstance(body.outside, OutsideMode) else plain(body.outside)
    if not isinstance(value, Const) or math.isinf(value.value) or not body.dtype.is_float:
        return
    kind = site.expr.kind.value
    least = "-ur.inf" if kind == "max" else "ur.inf"
    shown = printer.expr(value)
    yield _finding(
        site,
        "padding takes part",
        LOOK,
        f"outside `{body.tensor}` counts as {shown} in this `{kind}`, and wins where all elements are "
        + ("below" if kind == "max" else "above"),
        "",
        f"{body.tensor}.outside({least})",
    )


def _condition(site: Site, condition: Expr, printer: Printer) -> Iterator[Finding]:
    """A condition on places that is the same for all of them."""
    found = _decided(condition, site.extents)
    if found is None:
        return
    shown = printer.expr(condition)
    if isinstance(site.expr, Where):
        never = "the first branch is never taken" if not found else "the second branch is never taken"
    else:
        never = "no term takes part" if not found else "no term is left out"
    said = f"`{shown}` holds {'everywhere' if found else 'nowhere'}: {never}"
    remedy = "the comparison, and the ranges of its axes"
    kind = "condition always true" if found else "condition never true"
    yield Finding(
        kind=kind,
        level=LOOK if found else MISTAKE,
        message=said,
        places=place_of((condition, "")),
        remedy=remedy,
        statement=site.statement.target,
    )


def _decided(condition: Expr, extents: Mapping[str, Extent]) -> bool | None:
    match condition:
        case Call(function="bitwise_and", arguments=(left, right)):
            parts = (_decided(left, extents), _decided(right, extents))
            return False if False in parts else (True if parts == (True, True) else None)
        case Call(function="bitwise_or", arguments=(left, right)):
            parts = (_decided(left, extents), _decided(right, extents))
            return True if True in parts else (False if parts == (False, False) else None)
        case Call(function="less" | "less_equal" | "greater" | "greater_equal" as f, arguments=(left, right)):
            first, second = affine(plain(left)), affine(plain(right))
            if first is None or second is None:
                return None
            form = second - first if f.startswith("less") else first - second
            if not form.axes or not form.axes <= extents.keys():
                return None
            span, least = interval(form, extents), as_extent(0 if f.endswith("equal") else 1)
            return True if provably_le(least, span.low) else (False if provably_le(span.high, least - 1) else None)
        case _:
            return None
