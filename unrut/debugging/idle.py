# SPDX-License-Identifier: Apache-2.0
"""Policies that are idle by accident: for these options or these sizes, and not for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unrut.debugging.finding import Finding
from unrut.debugging.reach import IDLE, reach
from unrut.errors import UnrutError
from unrut.language.notation import Spec
from unrut.op import Op
from unrut.program.extents import Named
from unrut.program.nodes import Program

FARTHEST = 3
"""By how much a size is changed: windows of a small stride that fit by chance don't fit beside it."""


def by_design(
    op: Op | None, options: Mapping[str, Any], program: Program, found: list[Finding], *, sized: bool
) -> list[Finding]:
    """The findings without policies that are needed for other values of an integer option, as padding for a padding of 0,
    or where a size that was given is a little larger: that they are idle here is no mistake.
    """
    idle = {_where(f) for f in found if f.kind == IDLE}
    if op is not None:
        for other in _others(op, dict(options), program, sized=sized):
            if not idle:
                break
            idle &= {_where(f) for f in reach(other) if f.kind == IDLE}
    return [f for f in found if f.kind != IDLE or _where(f) in idle]


def _others(op: Op, options: dict[str, Any], program: Program, *, sized: bool) -> Iterator[Program]:
    """The op for other options and other sizes, where there is such an op."""
    given = _specs(program) if sized else ()
    for name, value in {**op.options, **options}.items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield from _sketched(op, given, {**options, name: value + 1})
    for general in _sketched(op, (), options) if sized else ():
        sizes = _sizes(general, program)
        for name in sizes:
            for by in range(1, FARTHEST + 1):
                yield from _sketched(op, _specs(program, general, {name: sizes[name] + by}), options)


def _sketched(op: Op, specs: tuple[Spec, ...], options: dict[str, Any]) -> Iterator[Program]:
    try:
        yield op.sketch(*specs, **options)
    except UnrutError:
        return  # for that value there is no such op


def _sizes(general: Program, program: Program) -> dict[str, int]:
    """The sizes that the op leaves open, by name, as far as they are numbers in the program."""
    return {
        name: extent.value()
        for whole, operand in zip(general.operands, program.operands, strict=True)
        for open_, extent in zip(whole.shape, operand.shape, strict=True)
        if (name := _name(open_)) and extent.is_fixed
    }


def _specs(
    program: Program, general: Program | None = None, changed: Mapping[str, int] | None = None
) -> tuple[Spec, ...]:
    """What the program was made for; the sizes of those names changed that the general one has in their place."""
    names = [o.shape for o in (general or program).operands]
    found = []
    for operand, shape in zip(program.operands, names, strict=True):
        dimensions: list[int | str] = []
        for extent, open_ in zip(operand.shape, shape, strict=True):
            other = (changed or {}).get(_name(open_))
            dimensions.append(other if other is not None else extent.value() if extent.is_fixed else str(extent))
        found.append(Spec(dtype=operand.dtype.name, dimensions=tuple(dimensions)))
    return tuple(found)


def _name(extent: Any) -> str:
    match extent.terms:
        case ((1, Named(name=name)),) if extent.constant == 0:
            return name
        case _:
            return ""


def _where(finding: Finding) -> tuple[str, str]:
    return finding.statement, " ".join(place.span.where() for place in finding.places)
