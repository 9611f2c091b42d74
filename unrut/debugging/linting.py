# SPDX-License-Identifier: Apache-2.0
"""`ur.lint`: what looks like a mistake in an op, before and after looking at its values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from unrut.arrays import take
from unrut.bound import Bound
from unrut.debugging.cancellation import measured, values
from unrut.debugging.finding import LOOK, MISTAKE, Finding, Findings, place_of
from unrut.debugging.habits import habits
from unrut.debugging.idle import by_design
from unrut.debugging.reach import reach
from unrut.debugging.unused import unused
from unrut.errors import RangeError, UnrutError
from unrut.op import Op
from unrut.program.nodes import Program
from unrut.program.walk import contributing

MOST = 2**24
"""Elements of all tensors up to which values are looked at: bounds take several arrays of each."""


def lint(what: Op | Bound, /, *arrays: Any, **options: Any) -> Findings:
    """The findings of an op, or of one that is bound: what `ur.lint` says."""
    if isinstance(what, Op) and not arrays:
        program = what.sketch(**options)
        found = by_design(what, options, program, _of_text(program), sized=False)
        known = all(extent.is_fixed for operand in program.operands for extent in operand.shape)
        return _sorted(program, found, with_values=False, with_sizes=known)
    bound = what.bind(*arrays, **options) if isinstance(what, Op) else what
    if isinstance(what, Bound) and arrays:
        named = take(what.program.name, [o.name for o in what.program.operands], arrays)
        bound = Bound(what.program, named, {**what.scalars, **options}, op=what.op, options=what.options)
    found = by_design(bound.op, bound.options, bound.program, _of_text(bound.program), sized=True)
    found += _large(bound)
    if bound.arrays is None or not _can_be_run(bound):
        return _sorted(bound.program, found, with_values=False)
    refused = _refused(bound)
    found += refused or values(measured(bound.program, bound.arrays, bound.scalars))
    return _sorted(bound.program, found, with_values=True)


def _refused(bound: Bound) -> list[Finding]:
    """Why there is no result for this data: places outside, falling offsets, ranks that are none; nothing if there is one."""
    try:
        bound.reference()
    except RangeError as error:
        errors = (error, *error.others)
        return [
            Finding(kind="data without a result", level=MISTAKE, message=e.message, places=e.places, remedy=e.remedy)
            for e in errors
        ]
    return []


def _of_text(program: Program) -> list[Finding]:
    return [*unused(program), *reach(program), *habits(program)]


def _sorted(program: Program, found: list[Finding], *, with_values: bool, with_sizes: bool = True) -> Findings:
    unique = dict.fromkeys(found)
    in_order = sorted(unique, key=lambda finding: finding.level != MISTAKE)
    return Findings(name=program.name, findings=tuple(in_order), with_values=with_values, with_sizes=with_sizes)


def _can_be_run(bound: Bound) -> bool:
    """Whether every scalar is known, and all tensors together are not too large to be looked at."""
    if any(name not in bound.scalars for name in bound.program.scalars):
        return False
    needed = contributing(bound.program).defining()
    fixed = all(e.is_fixed for s in needed for e in s.shape)
    return fixed and sum(math.prod(max(0, e.value()) for e in s.shape) for s in needed) <= MOST


def _large(bound: Bound) -> Iterator[Finding]:
    """An intermediate that is written to memory and larger than all operands and results."""
    try:
        tree = bound.tree()
    except UnrutError:
        return  # an op that can't be emitted says so where it is compiled
    ends = sum(home.whole for home in tree.homes if home.place in ("given", "result"))
    targets = {s.target: s for s in bound.program.defining()}
    for home in tree.homes:
        if home.place == "workspace" and home.statement in targets and home.held > ends:
            statement = targets[home.statement]
            yield Finding(
                kind="intermediate larger than all else",
                level=LOOK,
                message=f"`{home.tensor}` takes {home.held:,} bytes of memory, operands and results together {ends:,}",
                places=place_of((statement, f"{home.tensor}: {home.dtype}[{', '.join(map(str, home.shape))}]")),
                remedy="a reduction that its reader can do at once, or reads in the order in which it is made",
                statement=home.statement,
            )
